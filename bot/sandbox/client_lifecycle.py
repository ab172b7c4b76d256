"""Install, remove, rename, delete, archive, join, leave: the events around conversations, and their sending."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from bot.sandbox import teams_activities as build
from bot.sandbox.botframework import deliver
from bot.sandbox.client_request import ClientError, ClientRequest

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud
    from bot.sandbox.teams import Conversation, TeamState
    from bot.sandbox.world import Person

WATCH_SECONDS = 0.5
CALM_SECONDS = 2.0
PROBE_SECONDS = 2.0


async def watch_for_bot(cloud: Cloud) -> None:
    """Looks for the bot; when it is there for the first time, tells it where it is installed.

    With an empty `bot_url` it looks for nobody: another client, such as the Agents Playground, plays Teams then.
    """
    while True:
        teams = cloud.teams
        teams.bot_up = await _answers(cloud)
        if teams.bot_up and teams.announced_to != cloud.bot_url:
            teams.announced_to = cloud.bot_url
            await announce(cloud)
        await asyncio.sleep(CALM_SECONDS if teams.bot_up else WATCH_SECONDS)


async def _answers(cloud: Cloud) -> bool:
    try:
        timeout = aiohttp.ClientTimeout(total=PROBE_SECONDS)
        async with cloud.http.head(f"{cloud.bot_url}/healthz", timeout=timeout, allow_redirects=False):
            return True
    except (aiohttp.ClientError, TimeoutError):
        return False


async def announce(cloud: Cloud) -> None:
    """installationUpdate and conversationUpdate for every conversation where the app is installed."""
    for conversation in list(cloud.teams.conversations.values()):
        if conversation.installed and not conversation.gone and conversation.kind != "groupChat":
            installer = cloud.world.people[conversation.people[0]]
            await _send_all(cloud, build.installation(cloud, conversation, installer, "add"))


async def install(cloud: Cloud, conversation: Conversation, person: Person) -> list[int]:
    conversation.install(True)
    cloud.teams.changed()
    return await _send_all(cloud, build.installation(cloud, conversation, person, "add"))


async def lifecycle(call: ClientRequest) -> web.Response:
    """{event, conversationId, person?, name?} -> {statuses}: the deed, then the activities that tell the bot of it."""
    body = await call.json()
    event = str(body.get("event"))
    deed = EVENTS.get(event)
    if deed is None:
        raise ClientError(400, "BadRequest", f"event is one of {', '.join(EVENTS)}")
    found = call.cloud.teams.conversation(str(body.get("conversationId")))
    if found is None:
        raise ClientError(404, "NoSuchConversation", f"there is no conversation {body.get('conversationId')!r}")
    actor = call.cloud.world.people[found.people[0]]
    if event in ("install", "remove") and body.get("person") is not None:
        actor = call.named_person(body["person"])
    statuses = await deed(call, found, actor, body)
    call.cloud.teams.changed()
    return web.json_response({"statuses": statuses})


async def _install(call: ClientRequest, found: Conversation, actor: Person, _: dict[str, Any]) -> list[int]:
    if found.gone:
        raise ClientError(409, "Gone", f"{found.name} was deleted")
    return await install(call.cloud, found, actor)


async def _remove(call: ClientRequest, found: Conversation, actor: Person, _: dict[str, Any]) -> list[int]:
    found.install(False)
    return await _send_all(call.cloud, build.installation(call.cloud, found, actor, "remove"))


async def _rename_channel(call: ClientRequest, found: Conversation, actor: Person, body: dict[str, Any]) -> list[int]:
    _team(found)
    found.name = _name(body)
    return await _team_event(call.cloud, found, actor, "channelRenamed")


async def _rename_team(call: ClientRequest, found: Conversation, actor: Person, body: dict[str, Any]) -> list[int]:
    _team(found).name = _name(body)
    return await _team_event(call.cloud, found, actor, "teamRenamed")


def _flag(name: str, value: bool, event: str) -> Callable[..., Awaitable[list[int]]]:
    """A deed that sets one flag of the channel (`deleted`) or of its team (`team.archived`, `team.deleted`)."""

    async def deed(call: ClientRequest, found: Conversation, actor: Person, _: dict[str, Any]) -> list[int]:
        team = _team(found)
        if name == "channel.deleted":
            if value and found.id == team.id:
                raise ClientError(409, "General", "the General channel cannot be deleted")
            found.deleted = value
        elif name == "team.archived":
            team.archived = value
        else:
            team.deleted = value
        return await _team_event(call.cloud, found, actor, event)

    return deed


async def _create_channel(call: ClientRequest, found: Conversation, actor: Person, body: dict[str, Any]) -> list[int]:
    """A channel of the team of `found`. Bots hear at once of standard ones only, of others when they are added."""
    team, membership, name = _team(found), str(body.get("membership", "standard")), _name(body)
    if membership not in ("standard", "shared", "private"):
        raise ClientError(400, "BadRequest", "membership is standard, shared or private")
    keys = body.get("people", [found.people[0]])
    if not isinstance(keys, list) or not keys:
        raise ClientError(400, "BadRequest", "people is a list of at least one key")
    for key in keys:
        _check_may_join(call.named_person(key), found.tenant_id, team, membership)
    channel = call.cloud.teams.add_channel(team, name, membership, keys)
    return [] if channel.has_own_members else await _team_event(call.cloud, channel, actor, "channelCreated")


def _check_may_join(person: Person, tenant_id: str, team: TeamState | None, membership: str) -> None:
    """Raises ClientError where Teams takes no such member."""
    if membership == "private" and team and person.key not in team.members:
        raise ClientError(409, "Membership", f"{person.name} is not in the team, so not in its private channels")
    if membership != "shared" and person.directory != tenant_id:
        raise ClientError(409, "Membership", f"{person.name} is of another tenant and no guest of this one")


def _member(added: bool) -> Callable[..., Awaitable[list[int]]]:
    async def deed(call: ClientRequest, found: Conversation, actor: Person, body: dict[str, Any]) -> list[int]:
        if found.kind == "personal":
            raise ClientError(409, "Personal", "nobody joins or leaves a personal chat")
        person = call.named_person(body.get("person"))
        if added == (person.key in found.people):
            raise ClientError(409, "Membership", f"{person.name} is {'already' if added else 'not'} a member")
        if added:
            _check_may_join(person, found.tenant_id, found.team, found.membership)
        (found.people.append if added else found.people.remove)(person.key)
        if found.team and not added and not found.has_own_members:
            for channel in call.cloud.teams.channels_of(found.team):
                if channel.membership == "private" and person.key in channel.people:
                    channel.people.remove(person.key)
        if not found.installed:
            return []
        return await _send_all(call.cloud, [build.membership(call.cloud, found, actor, person, added=added)])

    return deed


EVENTS: dict[str, Callable[..., Awaitable[list[int]]]] = {
    "install": _install,
    "remove": _remove,
    "createChannel": _create_channel,
    "renameChannel": _rename_channel,
    "deleteChannel": _flag("channel.deleted", True, "channelDeleted"),
    "restoreChannel": _flag("channel.deleted", False, "channelRestored"),
    "renameTeam": _rename_team,
    "archiveTeam": _flag("team.archived", True, "teamArchived"),
    "unarchiveTeam": _flag("team.archived", False, "teamUnarchived"),
    "deleteTeam": _flag("team.deleted", True, "teamDeleted"),
    "addMember": _member(added=True),
    "removeMember": _member(added=False),
}


async def _team_event(cloud: Cloud, found: Conversation, actor: Person, event: str) -> list[int]:
    if not found.installed:
        return []
    return await _send_all(cloud, [build.team_event(cloud, found, actor, event)])


async def _send_all(cloud: Cloud, activities: list[dict[str, Any]]) -> list[int]:
    return [(await deliver(cloud, activity)).status for activity in activities]


def _team(found: Conversation) -> TeamState:
    if found.team is None:
        raise ClientError(409, "NotInTeam", f"{found.name} is no channel")
    return found.team


def _name(body: dict[str, Any]) -> str:
    name = body.get("name")
    if not isinstance(name, str) or not name.strip():
        raise ClientError(400, "BadRequest", "name is missing")
    return name.strip()
