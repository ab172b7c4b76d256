"""What the connector refuses, and how it splits a message. Pure: no HTTP, no state.

https://learn.microsoft.com/microsoftteams/platform/bots/build-conversational-capability (status codes)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.sandbox.teams import Conversation


@dataclass(eq=False)
class ConnectorError(Exception):
    """One refusal: HTTP `status`, the connector's error `code`, a message; `retry_after` in seconds."""

    status: int
    code: str
    message: str
    retry_after: int | None = None


def not_found(code: str, message: str) -> ConnectorError:
    return ConnectorError(404, code, message)


def reachable(conversation: Conversation | None, tenant_id: str, *, reading: bool = False) -> Conversation:
    """The conversation, if it is of that tenant and the bot may act in it. `reading` is allowed in archived teams and
    in private channels too."""
    if conversation is None or conversation.tenant_id != tenant_id:
        raise not_found("ConversationNotFound", "Conversation not found.")
    if conversation.gone:
        raise ConnectorError(
            403, "BotNotInConversationRoster", "The conversation was deleted; the bot is not part of it."
        )
    if not conversation.installed:
        raise ConnectorError(403, "BotNotInConversationRoster", "The bot is not part of the conversation roster.")
    if conversation.membership == "private" and not reading:
        # https://learn.microsoft.com/microsoftteams/platform/bots/build-conversational-capability (private channels)
        raise ConnectorError(403, "NotEnoughPermissions", "Bots cannot post messages or cards in private channels.")
    if conversation.archived and not reading:
        raise ConnectorError(403, "NotEnoughPermissions", "The team is archived: messages are read-only.")
    return conversation


def check_size(text: str, limit: int) -> None:
    """Teams measures a message as UTF-16."""
    if len(text.encode("utf-16-le")) > limit:
        raise ConnectorError(413, "MessageSizeTooBig", "Message size too large.")


def check_message(activity: Mapping[str, Any]) -> None:
    """An activity that can be shown: type message, with text or attachments, its mentions present in the text."""
    kind = activity.get("type")
    if not kind:
        raise ConnectorError(400, "BadSyntax", "The activity has no type.")
    if kind != "message":
        raise ConnectorError(400, "BadSyntax", f"Activity type '{kind}' is not supported.")
    text, attachments = activity.get("text") or "", activity.get("attachments") or []
    if not isinstance(text, str) or not isinstance(attachments, list):
        raise ConnectorError(400, "BadSyntax", "text or attachments are of another kind.")
    if not text.strip() and not attachments:
        raise ConnectorError(400, "BadSyntax", "The message is empty.")
    for attachment in attachments:
        if not isinstance(attachment, Mapping) or not attachment.get("contentType"):
            raise ConnectorError(400, "BadSyntax", "An attachment has no contentType.")
    for entity in activity.get("entities") or []:
        if not isinstance(entity, Mapping):
            raise ConnectorError(400, "BadSyntax", "An entity is no object.")
        if entity.get("type") == "mention" and str(entity.get("text") or "\0") not in text:
            raise ConnectorError(400, "BadArgument", "Mentioned text was not found in the message text.")


def parts_of(activity: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Text beside attachments becomes two messages.

    https://learn.microsoft.com/microsoftteams/platform/bots/build-conversational-capability#message-content
    """
    text, attachments = activity.get("text"), activity.get("attachments")
    if not text or not attachments:
        return [dict(activity)]
    cards = {key: value for key, value in activity.items() if key not in ("text", "textFormat", "entities")}
    return [{**activity, "attachments": []}, cards]
