"""The Bot Connector of the sandbox (`serviceUrl` = B/connector/emea/{tenantId}/): what a bot may do in conversations.

https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference
https://learn.microsoft.com/microsoftteams/platform/bots/build-conversational-capability (status codes)
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox import envelopes
from bot.sandbox.connector_limits import READ_WINDOWS, SEND_WINDOWS, TENANT_WINDOWS
from bot.sandbox.connector_rules import (
    ConnectorError,
    check_message,
    check_size,
    not_found,
    parts_of,
    reachable,
)
from bot.sandbox.teams import Conversation, Message, TeamState, base_id, thread_of
from bot.sandbox.tokens import TokenProblem, check_bearer

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud
    from bot.sandbox.world import Person

PREFIX = "/connector/emea/{tenant}/v3"
MIN_PAGE, MAX_PAGE = 50, 500
Handler = Callable[["Call"], Awaitable[web.StreamResponse]]


class Call:
    """One authenticated request of the bot, with its body parsed and the limits at hand."""

    def __init__(self, cloud: Cloud, request: web.Request) -> None:
        self.cloud = cloud
        self.request = request
        self.tenant_id = request.match_info["tenant"]

    async def read(self) -> dict[str, Any]:
        """The JSON object of the body. Raises ConnectorError 400 or 413."""
        raw = await self.request.read()
        try:
            body = json.loads(raw)
            text = raw.decode()
        except ValueError as problem:
            raise ConnectorError(400, "BadSyntax", "The body is not JSON.") from problem
        if not isinstance(body, dict):
            raise ConnectorError(400, "BadSyntax", "The body is not a JSON object.")
        check_size(text, self.cloud.faults.switches.max_message_bytes)
        return body

    def conversation(self, *, reading: bool = False) -> Conversation:
        """The conversation that the address names, if the bot may act in it. Raises ConnectorError."""
        found = self.cloud.teams.conversation(self.conversation_id)
        return reachable(found, self.tenant_id, reading=reading)

    @property
    def conversation_id(self) -> str:
        return self.request.match_info["conversation"]

    def message(self, conversation: Conversation) -> Message:
        """The bot's own message that the address names. Raises ConnectorError 404 or 403."""
        found = conversation.messages.get(self.request.match_info["activity"])
        if found is None or found.deleted or bool(found.targeted_to) != self.targeted:
            raise not_found("ActivityNotFoundInConversation", "The activity was not found in the conversation.")
        if found.sender is not None:
            raise ConnectorError(403, "NotEnoughPermissions", "The bot may change its own messages only.")
        return found

    @property
    def targeted(self) -> bool:
        return self.request.query.get("isTargetedActivity", "").lower() == "true"

    def count(self, key: str, windows: tuple[tuple[int, float], ...]) -> None:
        """Count this call against its conversation and the tenant. Raises ConnectorError 429 with Retry-After."""
        limits, now = self.cloud.teams.limits, self.cloud.teams.clock()
        tenant = f"tenant:{self.tenant_id}"
        if self.cloud.faults.switches.limits:
            wait = max(limits.wait(key, windows, now), limits.wait(tenant, TENANT_WINDOWS, now))
            if wait:
                raise ConnectorError(
                    429, "Throttled", "API calls quota exceeded! maximum admitted per conversation.", retry_after=wait
                )
        limits.admit(key, now)
        limits.admit(tenant, now)

    def count_send(self, conversation_id: str) -> None:
        self.count(f"send:{base_id(conversation_id)}", SEND_WINDOWS)

    def count_read(self, what: str, conversation_id: str) -> None:
        self.count(f"{what}:{base_id(conversation_id)}", READ_WINDOWS)


def routes(cloud: Cloud) -> list[web.RouteDef]:
    def bind(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            call = Call(cloud, request)
            try:
                check_caller(cloud, request)
                return await handler(call)
            except ConnectorError as problem:
                return refusal(problem)

        return answer

    one = f"{PREFIX}/conversations/{{conversation}}"
    return [
        web.post(f"{PREFIX}/conversations", bind(_create)),
        web.post(f"{one}/activities", bind(_send)),
        web.post(f"{one}/activities/{{activity}}", bind(_reply)),
        web.put(f"{one}/activities/{{activity}}", bind(_update)),
        web.delete(f"{one}/activities/{{activity}}", bind(_delete)),
        web.get(f"{one}/members", bind(_members)),
        web.get(f"{one}/pagedmembers", bind(_paged_members)),
        web.get(f"{one}/members/{{member}}", bind(_member)),
        web.get(f"{PREFIX}/teams/{{team}}", bind(_team)),
        web.get(f"{PREFIX}/teams/{{team}}/conversations", bind(_team_conversations)),
    ]


def check_caller(cloud: Cloud, request: web.Request) -> None:
    """The bot's own token for the connector: application only, of the bot's home tenant. Raises ConnectorError."""
    try:
        claims = check_bearer(cloud, request, audience="connector")
    except TokenProblem as problem:
        raise ConnectorError(401, "Unauthorized", problem.message) from problem
    if not claims.is_app or claims.app_id != cloud.world.app.app_id:
        raise ConnectorError(401, "BotNotRegistered", "The token is not that of a registered bot.")
    if claims.tenant_id != cloud.world.app.tenant_id:
        raise ConnectorError(401, "Unauthorized", "A single-tenant bot gets its token from its home tenant.")


def refusal(problem: ConnectorError) -> web.Response:
    headers = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return web.json_response(envelopes.connector(problem.code, problem.message), status=problem.status, headers=headers)


async def _create(call: Call) -> web.Response:
    """A new thread in a channel, or the personal chat with one member."""
    body = await call.read()
    data = body.get("channelData")
    channel = data.get("channel") if isinstance(data, dict) else None
    if isinstance(channel, dict) and channel.get("id"):
        conversation = reachable(call.cloud.teams.conversation(str(channel["id"])), call.tenant_id)
        activity = body.get("activity")
        if not isinstance(activity, dict):
            raise ConnectorError(400, "BadSyntax", "A new thread needs an activity.")
        check_message(activity)
        call.count_send(conversation.id)
        message = call.cloud.teams.post(conversation, activity)
        new_id = f"{conversation.id};messageid={message.id}"
        return web.json_response({"id": new_id, "activityId": message.id}, status=201)
    members = body.get("members")
    if not isinstance(members, list) or len(members) != 1 or not isinstance(members[0], dict):
        raise ConnectorError(400, "BadArgument", "Bots cannot create group chats: give one member, or a channel.")
    return _create_personal(call, body, str(members[0].get("id", "")))


def _create_personal(call: Call, body: dict[str, Any], member_id: str) -> web.Response:
    cloud = call.cloud
    data = body.get("channelData")
    named = data.get("tenant") if isinstance(data, dict) else None
    tenant = body.get("tenantId") or (named.get("id") if isinstance(named, dict) else None)
    if not tenant:
        raise ConnectorError(400, "BadArgument", "tenantId is missing.")
    person = next(
        (entry for entry in cloud.world.people.values() if member_id in (entry.mri, entry.aad_object_id)), None
    )
    if person is None or tenant != call.tenant_id or person.directory != tenant:
        raise ConnectorError(
            403, "ForbiddenOperationException", "The bot is not installed in the user's personal scope."
        )
    conversation = cloud.teams.personal(person.key)
    if not conversation.installed:
        raise ConnectorError(
            403, "ForbiddenOperationException", "The bot is not installed in the user's personal scope."
        )
    call.count(f"create:{conversation.id}", SEND_WINDOWS)
    answer = {"id": conversation.id}
    activity = body.get("activity")
    if isinstance(activity, dict):
        check_message(activity)
        answer["activityId"] = cloud.teams.post(conversation, activity).id
    return web.json_response(answer, status=201)


async def _send(call: Call) -> web.Response:
    return await _post(call, None)


async def _reply(call: Call) -> web.Response:
    """`replyToActivity`. An id that is not known is let pass: SDKs make one up for proactive messages."""
    return await _post(call, call.request.match_info["activity"])


async def _post(call: Call, reply_to: str | None) -> web.Response:
    activity = await call.read()
    conversation = call.conversation()
    thread_id = thread_of(call.conversation_id)
    if thread_id and thread_id not in conversation.messages:
        raise not_found("ConversationNotFound", "The thread was not found in the conversation.")
    if reply_to and reply_to in conversation.messages and conversation.kind == "channel":
        thread_id = conversation.messages[reply_to].thread_id or reply_to
    if activity.get("type") == "typing":
        call.count_send(conversation.id)
        call.cloud.teams.typing(conversation, thread_id)
        return web.json_response({"id": call.cloud.teams.new_id()}, status=201)
    check_message(activity)
    target = _target(call, conversation, activity)
    parts = parts_of(activity)
    for _ in parts:
        call.count_send(conversation.id)
    ids = [
        call.cloud.teams.post(conversation, part, thread_id=thread_id, targeted_to=target.key if target else None).id
        for part in parts
    ]
    if len(ids) > 1:
        return web.Response(status=202)  # a message that Teams had to split has no id that could be used
    return web.json_response({"id": ids[0]}, status=201)


def _target(call: Call, conversation: Conversation, activity: dict[str, Any]) -> Person | None:
    """The one person who will see a targeted message. Raises ConnectorError.

    https://learn.microsoft.com/microsoftteams/platform/agents-in-teams/targeted-messages
    """
    if not call.targeted:
        return None
    if conversation.kind == "personal":
        raise ConnectorError(400, "BadArgument", "Targeted messages are for channels and group chats.")
    recipient = activity.get("recipient")
    member_id = recipient.get("id") if isinstance(recipient, dict) else None
    if not member_id:
        raise ConnectorError(400, "BadArgument", "A targeted message needs a recipient.")
    person = call.cloud.teams.person_in(conversation, str(member_id))
    if person is None:
        raise not_found("BotNotInConversationRoster", "The recipient is not in the conversation.")
    return person


async def _update(call: Call) -> web.Response:
    activity = await call.read()
    conversation = call.conversation()
    message = call.message(conversation)
    check_message(activity)
    if call.targeted and activity.get("recipient"):
        raise ConnectorError(400, "BadArgument", "An update of a targeted message has no recipient.")
    if len(parts_of(activity)) > 1:
        raise ConnectorError(400, "BadArgument", "A message cannot be edited to text and attachments at once.")
    call.count_send(conversation.id)
    call.cloud.teams.edit(message, activity)
    return web.json_response({"id": message.id})


async def _delete(call: Call) -> web.Response:
    conversation = call.conversation()
    message = call.message(conversation)
    call.count_send(conversation.id)
    call.cloud.teams.delete(message)
    return web.Response(status=200)


async def _members(call: Call) -> web.Response:
    conversation = call.conversation(reading=True)
    call.count_read("members", conversation.id)
    return web.json_response([member_json(person) for person in _people(call, conversation)])


async def _paged_members(call: Call) -> web.Response:
    """`pageSize` 50 to 500; `continuationToken` opaque."""
    conversation = call.conversation(reading=True)
    call.count_read("members", conversation.id)
    try:
        size = int(call.request.query.get("pageSize", "200"))
        start = int(call.request.query.get("continuationToken", "0"))
    except ValueError as problem:
        raise ConnectorError(400, "BadArgument", "pageSize or continuationToken is not valid.") from problem
    size = min(max(size, MIN_PAGE), MAX_PAGE)
    people = _people(call, conversation)
    page: dict[str, Any] = {"members": [member_json(person) for person in people[start : start + size]]}
    if start + size < len(people):
        page["continuationToken"] = str(start + size)
    return web.json_response(page)


async def _member(call: Call) -> web.Response:
    conversation = call.conversation(reading=True)
    call.count_read("members", conversation.id)
    person = call.cloud.teams.person_in(conversation, call.request.match_info["member"])
    if person is None:
        raise not_found("MemberNotFoundInConversation", "The member was not found in the conversation.")
    return web.json_response(member_json(person))


async def _team(call: Call) -> web.Response:
    """https://learn.microsoft.com/microsoftteams/platform/bots/how-to/get-teams-context"""
    team = _team_of(call)
    return web.json_response(
        {
            "id": team.id,
            "name": team.name,
            "aadGroupId": team.aad_group_id,
            "tenantId": team.tenant_id,
            "channelCount": len(call.cloud.teams.channels_of(team)),
            "memberCount": len(team.members),
            "type": "standard",
        }
    )


async def _team_conversations(call: Call) -> web.Response:
    """The channels that the bot is in; that of General has no name, as in Teams, since its name depends on the
    reader's language."""
    team = _team_of(call)
    seen = [entry for entry in call.cloud.teams.channels_of(team) if entry.installed]
    channels = sorted(seen, key=lambda entry: entry.id != team.id)
    return web.json_response(
        {
            "conversations": [
                {"id": entry.id, "name": None if entry.id == team.id else entry.name, "type": entry.membership}
                for entry in channels
            ]
        }
    )


def _team_of(call: Call) -> TeamState:
    team = call.cloud.teams.teams.get(call.request.match_info["team"])
    if team is None:
        raise not_found("ConversationNotFound", "Team not found.")
    reachable(call.cloud.teams.conversation(team.id), call.tenant_id, reading=True)
    call.count_read("conversations", team.id)
    return team


def member_json(person: Person) -> dict[str, Any]:
    """A TeamsChannelAccount. `tenantId` is the person's home tenant, also for a guest."""
    given, _, surname = person.name.partition(" ")
    return {
        "id": person.mri,
        "name": person.name,
        "givenName": given,
        "surname": surname,
        "email": person.upn,
        "userPrincipalName": person.directory_upn,
        "tenantId": person.tenant_id,
        "userRole": "guest" if person.guest else "user",
        "aadObjectId": person.aad_object_id,
        "objectId": person.aad_object_id,
    }


def _people(call: Call, conversation: Conversation) -> list[Person]:
    return [call.cloud.world.people[key] for key in conversation.people]
