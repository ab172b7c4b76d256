"""The activities that Teams sends to a bot, built from the sandbox's conversations. Pure: builds, sends nothing.

https://learn.microsoft.com/microsoftteams/platform/bots/build-conversational-capability
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/subscribe-to-conversation-events
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bot.sandbox.teams import stamp

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud
    from bot.sandbox.teams import Conversation
    from bot.sandbox.world import Person

Activity = dict[str, Any]
_PERSON_MENTION = re.compile(r"@\[([A-Za-z0-9_-]+)\]")


def activity(
    cloud: Cloud,
    conversation: Conversation,
    person: Person,
    kind: str,
    *,
    thread_id: str | None = None,
    activity_id: str | None = None,
    **fields: Any,
) -> Activity:
    """What every activity from that person in that conversation has; `fields` are added."""
    now = stamp(cloud.now())
    place: dict[str, Any] = {
        "conversationType": conversation.kind,
        "tenantId": conversation.tenant_id,
        "id": conversation.id,
    }
    if conversation.kind != "personal":
        place["isGroup"] = True
    if conversation.kind == "groupChat":
        place["name"] = conversation.name
    if conversation.kind == "channel" and thread_id:
        place["id"] = f"{conversation.id};messageid={thread_id}"
    return {
        "type": kind,
        "id": activity_id or f"f:{uuid4()}",
        "timestamp": now,
        "localTimestamp": now.replace("Z", "+00:00"),
        "localTimezone": "Etc/UTC",
        "locale": "en-US",
        "serviceUrl": cloud.teams.service_url(conversation.tenant_id),
        "channelId": "msteams",
        "from": {"id": person.mri, "name": person.name, "aadObjectId": person.aad_object_id},
        "conversation": place,
        "recipient": dict(cloud.teams.bot),
        "entities": [client_info()],
        "channelData": channel_data(conversation),
        **fields,
    }


def client_info() -> dict[str, Any]:
    return {"type": "clientInfo", "locale": "en-US", "country": "US", "platform": "Web", "timezone": "Etc/UTC"}


def channel_data(conversation: Conversation) -> dict[str, Any]:
    """`tenant` is the conversation's tenant, which is not always the sender's."""
    data: dict[str, Any] = {"tenant": {"id": conversation.tenant_id}}
    if conversation.team:
        data |= {
            "teamsChannelId": conversation.id,
            "teamsTeamId": conversation.team.id,
            "channel": _channel(conversation),
            "team": {"id": conversation.team.id},
        }
    return data


def _channel(conversation: Conversation, *, named: bool = False) -> dict[str, str]:
    """A channel in `channelData`. Only the newer events and channels carry its `type`."""
    channel = {"id": conversation.id}
    if named or conversation.has_own_members:
        channel["name"] = conversation.name
    if conversation.has_own_members:
        channel["type"] = conversation.membership
    return channel


def message(
    cloud: Cloud,
    conversation: Conversation,
    person: Person,
    message_id: str,
    thread_id: str | None,
    text: str,
    mention_bot: bool,
) -> Activity:
    """A typed message. `@[key]` in the text mentions that person; channels carry an HTML echo as attachment."""
    written, entities = with_mentions(cloud, text, mention_bot)
    sent = activity(
        cloud,
        conversation,
        person,
        "message",
        thread_id=thread_id or message_id,
        activity_id=message_id,
        text=written,
        textFormat="plain",
        attachments=[{"contentType": "text/html", "content": f"<div>{_as_html(written)}</div>"}],
    )
    sent["entities"] = [*entities, *sent["entities"]]
    return sent


def with_mentions(cloud: Cloud, text: str, mention_bot: bool) -> tuple[str, list[dict[str, Any]]]:
    """The text with `<at>` marks, and their mention entities."""
    entities: list[dict[str, Any]] = []

    def mention(found: re.Match[str]) -> str:
        person = cloud.world.people.get(found[1])
        if person is None:
            return found[0]
        entities.append(_mention({"id": person.mri, "name": person.name}))
        return f"<at>{person.name}</at>"

    written = _PERSON_MENTION.sub(mention, text)
    if mention_bot:
        bot = dict(cloud.teams.bot)
        entities.insert(0, _mention(bot))
        written = f"<at>{bot['name']}</at> {written}"
    return written, entities


def invoke(
    cloud: Cloud,
    conversation: Conversation,
    person: Person,
    name: str,
    value: Mapping[str, Any],
    *,
    message_id: str | None = None,
    thread_id: str | None = None,
) -> Activity:
    """An invoke that came of the card in message `message_id`."""
    sent = activity(
        cloud, conversation, person, "invoke", thread_id=thread_id or message_id, name=name, value=dict(value)
    )
    if message_id:
        sent["replyToId"] = message_id
    sent["channelData"] = {**sent["channelData"], "source": {"name": "message"}}
    if conversation.kind == "channel":
        sent["channelData"].pop("teamsChannelId", None)
        sent["channelData"].pop("teamsTeamId", None)
    return sent


def installation(cloud: Cloud, conversation: Conversation, person: Person, action: str) -> list[Activity]:
    """`add`: installationUpdate and conversationUpdate; `remove`: the same, the other way round.

    The team's app is added to a shared or private channel as a member, which only a conversationUpdate tells.
    """
    bot = dict(cloud.teams.bot)
    added = action == "add"
    if conversation.has_own_members:
        return [_channel_membership(cloud, conversation, person, [bot], added=added)]
    update = activity(cloud, conversation, person, "conversationUpdate")
    members = [bot]
    if conversation.kind == "personal" and added:
        members = [{"id": person.mri, "aadObjectId": person.aad_object_id}, bot]
    update["membersAdded" if added else "membersRemoved"] = members
    notice = activity(cloud, conversation, person, "installationUpdate", action=action)
    for sent in (update, notice):
        sent["from"].pop("name")
        sent["entities"] = []
        if conversation.team:
            team = conversation.team
            sent["channelData"] = {
                "tenant": {"id": conversation.tenant_id},
                "team": {"id": team.id, "name": team.name, "aadGroupId": team.aad_group_id},
                "settings": {"selectedChannel": {"id": conversation.id}},
            }
    if conversation.team:
        update["channelData"]["eventType"] = "teamMemberAdded" if added else "teamMemberRemoved"
        notice["channelData"] |= {"channel": {"id": conversation.id}, "source": {"name": "message"}}
    return [notice, update] if added else [update, notice]


def team_event(cloud: Cloud, conversation: Conversation, person: Person, event: str) -> Activity:
    """A conversationUpdate about a channel or its team; `event` is the documented `channelData.eventType`."""
    sent = _update_in_team(cloud, conversation, person)
    sent["channelData"]["eventType"] = event
    if event.startswith("channel"):
        sent["channelData"]["channel"] = _channel(conversation, named=True)
    return sent


def membership(cloud: Cloud, conversation: Conversation, by: Person, member: Person, *, added: bool) -> Activity:
    """A person joined or left the team, the shared or private channel, or the group chat."""
    account = {"id": member.mri, "aadObjectId": member.aad_object_id}
    if conversation.has_own_members:
        sent = _channel_membership(cloud, conversation, by, [account], added=added)
        sent["channelData"]["membershipSource"]["tenantId"] = member.tenant_id
        return sent
    sent = _update_in_team(cloud, conversation, by)
    sent["membersAdded" if added else "membersRemoved"] = [account]
    if conversation.team:
        sent["channelData"]["eventType"] = "teamMemberAdded" if added else "teamMemberRemoved"
    return sent


def _channel_membership(
    cloud: Cloud, conversation: Conversation, by: Person, accounts: list[dict[str, str]], *, added: bool
) -> Activity:
    """Members of the channel itself: its own conversation is told, `team` is the one that it belongs to.

    https://github.com/microsoft/Agents/issues/179
    """
    sent = activity(cloud, conversation, by, "conversationUpdate")
    sent["entities"] = []
    sent["from"].pop("name")
    sent["membersAdded" if added else "membersRemoved"] = accounts
    data = channel_data(conversation)
    sent["channelData"] = {
        **{name: data[name] for name in ("channel", "team", "tenant")},
        "membershipSource": {
            "sourceType": "channel",
            "id": conversation.id,
            "membershipType": "direct",
            "tenantId": conversation.tenant_id,
        },
        "eventType": "channelMemberAdded" if added else "channelMemberRemoved",
    }
    return sent


def _update_in_team(cloud: Cloud, conversation: Conversation, person: Person) -> Activity:
    sent = activity(cloud, conversation, person, "conversationUpdate")
    sent["entities"] = []
    if conversation.team:
        # Events of a team and its standard channels come in the conversation of its General channel.
        team = conversation.team
        if not conversation.has_own_members:
            sent["conversation"]["id"] = team.id
        sent["channelData"] = {
            "tenant": {"id": conversation.tenant_id},
            "team": {"id": team.id, "name": team.name, "aadGroupId": team.aad_group_id},
        }
    return sent


def _mention(account: Mapping[str, str]) -> dict[str, Any]:
    return {"type": "mention", "mentioned": dict(account), "text": f"<at>{account['name']}</at>"}


def _as_html(written: str) -> str:
    escaped = html.escape(written, quote=False)
    return escaped.replace("&lt;at&gt;", "<span itemtype='http://schema.skype.com/Mention'>").replace(
        "&lt;/at&gt;", "</span>"
    )
