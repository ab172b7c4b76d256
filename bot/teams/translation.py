"""Between our values and botbuilder's schema, by hand: the SDK's deserialiser is slow and stumbles."""

from __future__ import annotations

from typing import Any

from botbuilder.schema import Activity, Attachment, ChannelAccount, ConversationAccount

from bot.chat.turn import Turn
from bot.domain.people import Conversation, ConversationKind
from bot.ports import Message
from bot.teams.activity import Account, Inbound, Meaning
from bot.teams.answers import CARD


def incoming(activity: Inbound, meaning: Meaning) -> Activity:
    """The botbuilder activity of a message or an event. Its text is the cleaned one."""
    place = activity.conversation
    return Activity(
        type=activity.type,
        id=activity.id,
        name=activity.name,
        channel_id=activity.channel_id,
        service_url=activity.service_url,
        from_property=_account(activity.sender),
        recipient=_account(activity.recipient),
        conversation=ConversationAccount(
            id=place.id, conversation_type=place.conversation_type, tenant_id=_tenant(activity), is_group=place.is_group
        ),
        reply_to_id=activity.reply_to,
        text=meaning.text if isinstance(meaning, Turn) else None,
        value=activity.value,
        locale=activity.locale,
        action=activity.action,
    )


def to_botbuilder(message: Message) -> Activity:
    attachments = [Attachment(content_type=CARD, content=message.card)] if message.card is not None else []
    attachments += [
        Attachment(
            content_type=entry.get("contentType"),
            content=entry.get("content"),
            content_url=entry.get("contentUrl"),
            name=entry.get("name"),
        )
        for entry in message.attachments
    ]
    return Activity(
        type="message", text=message.text or None, summary=message.summary or None, attachments=attachments or None
    )


def to_messages(activity: Activity) -> tuple[Message, ...]:
    """What a botbuilder activity says, one Message for each: Teams would split text and cards and give no id back.

    Activities other than messages (typing, traces) say nothing.
    """
    if activity.type != "message":
        return ()
    messages = [Message(text=activity.text, summary=activity.summary or "")] if activity.text else []
    for attachment in activity.attachments or ():
        summary = activity.summary or ""
        if attachment.content_type == CARD:
            messages.append(Message(card=attachment.content, summary=summary))
        else:
            messages.append(Message(attachments=(_attachment(attachment),), summary=summary))
    return tuple(messages)


def to_conversation(activity: Activity) -> tuple[Conversation, str]:
    """Where an outgoing botbuilder activity goes: the conversation and, in a channel, the thread."""
    place = activity.conversation
    base, _, thread = str(place.id).partition(";messageid=")
    conversation = Conversation(
        id=base,
        kind=place.conversation_type or (ConversationKind.GROUP_CHAT if place.is_group else ConversationKind.PERSONAL),
        tenant_id=place.tenant_id or "",
        service_url=activity.service_url or "",
        bot_id=activity.from_property.id if activity.from_property else "",
    )
    return conversation, thread


def _account(account: Account | None) -> ChannelAccount | None:
    if account is None:
        return None
    return ChannelAccount(id=account.id, name=account.name, aad_object_id=account.aad_object_id)


def _tenant(activity: Inbound) -> str:
    data = activity.channel_data
    return (activity.conversation.tenant_id or (data.tenant.id if data and data.tenant else "") or "").lower()


def _attachment(attachment: Attachment) -> dict[str, Any]:
    fields = {
        "contentType": attachment.content_type,
        "contentUrl": attachment.content_url,
        "name": attachment.name,
        "content": attachment.content,
    }
    return {name: value for name, value in fields.items() if value is not None}
