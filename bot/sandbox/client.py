"""The Teams-like client's API (B/client/…): what the page at B/ and the tests do in place of a person in Teams.

Plays client and connector towards the bot; the bot never sees these routes. Errors: `{"error": {"code", "message"}}`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox import client_files, client_lifecycle, client_search, client_signin, client_turns
from bot.sandbox.client_request import ClientError, ClientRequest
from bot.sandbox.relay import control_routes

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud
    from bot.sandbox.recorder import Event

HEARTBEAT_SECONDS = 15.0
MAX_LISTED = 500
Handler = Callable[[ClientRequest], Awaitable[web.StreamResponse]]


def routes(cloud: Cloud) -> list[web.RouteDef]:
    """All of B/client, B/onedrive and what a relay asks; also starts the watch for the bot."""
    cloud.background.append(lambda: client_lifecycle.watch_for_bot(cloud))

    def bind(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(ClientRequest(cloud, request))
            except ClientError as problem:
                body = {"error": {"code": problem.code, "message": problem.message}}
                return web.json_response(body, status=problem.status)

        return answer

    return [
        web.get("/client/world", bind(_world)),
        web.get("/client/conversations", bind(_conversations)),
        web.get("/client/conversations/{conversation}/messages", bind(_messages)),
        web.get("/client/events", bind(_events)),
        web.get("/client/people/{person}/signin", bind(client_signin.remember)),
        web.post("/client/ssotoken", bind(client_signin.sso_token)),
        web.post("/client/signin", bind(client_signin.exchange)),
        web.post("/client/signins", bind(client_signin.spoil)),
        web.post("/client/messages", bind(client_turns.message)),
        web.post("/client/execute", bind(client_turns.execute)),
        web.post("/client/submit", bind(client_turns.submit)),
        web.post("/client/dialog", bind(client_turns.dialog)),
        web.post("/client/raw", bind(client_turns.raw)),
        web.post("/client/search", bind(client_search.search)),
        web.post("/client/insert", bind(client_search.insert)),
        web.post("/client/consent", bind(client_files.consent)),
        web.get("/client/files/{file}", bind(client_files.download)),
        web.put("/onedrive/upload/{file}", bind(client_files.upload)),
        web.post("/client/lifecycle", bind(client_lifecycle.lifecycle)),
        *control_routes(cloud),
    ]


async def _world(call: ClientRequest) -> web.Response:
    world, teams = call.cloud.world, call.cloud.teams
    return web.json_response(
        {
            "people": [
                {
                    "key": person.key,
                    "name": person.name,
                    "upn": person.upn,
                    "aadObjectId": person.aad_object_id,
                    "mri": person.mri,
                    "tenantId": person.tenant_id,
                    "describe": person.describe,
                }
                for person in world.people.values()
            ],
            "botId": teams.bot["id"],
            "botName": teams.bot["name"],
            "partners": [
                {"key": partner.key, "name": partner.name, "tenantId": partner.tenant_id}
                for partner in world.partners.values()
            ],
            "botUp": teams.bot_up,
        }
    )


async def _conversations(call: ClientRequest) -> web.Response:
    person = call.person()
    teams = call.cloud.teams
    return web.json_response([teams.conversation_json(entry) for entry in teams.conversations_of(person.key)])


async def _messages(call: ClientRequest) -> web.Response:
    person = call.person()
    conversation = call.conversation_of(person, call.request.match_info["conversation"])
    try:
        limit = min(max(int(call.request.query.get("limit", "60")), 1), MAX_LISTED)
    except ValueError as problem:
        raise ClientError(400, "BadRequest", "limit is not a number") from problem
    teams = call.cloud.teams
    return web.json_response(
        [teams.message_json(message) for message in teams.messages(conversation, person.key, limit)]
    )


async def _events(call: ClientRequest) -> web.StreamResponse:
    """Server-sent events `message`, `conversations`, `typing`, `toast` for one person, until the client goes."""
    person = call.person()
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    async with call.cloud.events.listen() as queue:
        await response.prepare(call.request)
        await response.write(b": connected\n\n")
        while True:
            try:
                event = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
            except TimeoutError:
                await response.write(b": still here\n\n")
                continue
            told = _for_person(call.cloud, person.key, event)
            if told is not None:
                name, data = told
                await response.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())


def _for_person(cloud: Cloud, key: str, event: Event) -> tuple[str, dict[str, Any]] | None:
    """The event as that person's client is told it, or None."""
    if event.topic in ("teams.conversations", "reset"):
        return "conversations", {}
    if event.topic == "teams.toast":
        return "toast", dict(event.data)
    if event.topic not in ("teams.message", "teams.typing"):
        return None
    conversation = cloud.teams.conversation(event.data["conversationId"])
    if conversation is None or key not in conversation.people:
        return None
    if event.topic == "teams.typing":
        return "typing", dict(event.data)
    message = conversation.messages.get(event.data["messageId"])
    if message is None or not message.visible_to(key):
        return None
    return "message", {"change": event.data["change"], **cloud.teams.message_json(message)}
