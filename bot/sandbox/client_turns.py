"""What a person does in the Teams-like client and the bot hears of: typed messages, card actions, dialogs."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.sandbox import client_lifecycle
from bot.sandbox import teams_activities as build
from bot.sandbox.botframework import FLAWS, Delivery, deliver
from bot.sandbox.client_request import ClientError, ClientRequest
from bot.sandbox.teams import Conversation, Message
from bot.sandbox.world import Person

MAX_TEXT = 28_000


async def message(call: ClientRequest) -> web.Response:
    """{person, conversationId, threadId?, text, mentionBot} -> {id, delivered: {status} | null}.

    In channels and group chats the bot only hears what mentions it. Writing to the bot in a personal chat installs it.
    """
    body = await call.json()
    person = call.named_person(body.get("person"))
    conversation = call.conversation_of(person, body.get("conversationId"))
    text, thread_id = body.get("text"), body.get("threadId")
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_TEXT:
        raise ClientError(400, "BadRequest", f"text is 1 to {MAX_TEXT} characters")
    if conversation.archived:
        raise ClientError(403, "Archived", f"{conversation.name} is archived: nobody can write in it")
    if conversation.kind != "channel":
        thread_id = None
    elif thread_id is not None:
        root = call.message_in(conversation, person, thread_id)
        thread_id = root.thread_id or root.id
    personal = conversation.kind == "personal"
    mention_bot = bool(body.get("mentionBot")) and not personal
    if personal and not conversation.installed:
        await client_lifecycle.install(call.cloud, conversation, person)
    sent = build.message(call.cloud, conversation, person, "", thread_id, text, mention_bot)
    stored = call.cloud.teams.post(
        conversation,
        {key: sent[key] for key in ("type", "text", "textFormat", "entities")},
        sender=person.key,
        thread_id=thread_id,
    )
    if not (personal or mention_bot) or not conversation.installed:
        return web.json_response({"id": stored.id, "delivered": None})
    activity = build.message(call.cloud, conversation, person, stored.id, thread_id, text, mention_bot)
    answer = await deliver(call.cloud, activity)
    return web.json_response({"id": stored.id, "delivered": {"status": answer.status}})


async def execute(call: ClientRequest) -> web.Response:
    """{person, conversationId, messageId, action, trigger, authentication?} -> {status, body}: a card's Action.Execute.

    `authentication` {id, connectionName, token} comes with the second try after a login request.
    """
    body = await call.json()
    person, conversation, origin = await _place(call, body)
    action = body.get("action")
    if not isinstance(action, dict) or not isinstance(action.get("verb"), str):
        raise ClientError(400, "BadRequest", "action is an object with a verb")
    trigger = body.get("trigger", "manual")
    if trigger not in ("manual", "automatic"):
        raise ClientError(400, "BadRequest", "trigger is manual or automatic")
    value: dict[str, Any] = {"action": {"type": "Action.Execute", **action}, "trigger": trigger}
    for extra in ("authentication", "state"):
        if extra in body:
            value[extra] = body[extra]
    activity = build.invoke(
        call.cloud,
        conversation,
        person,
        "adaptiveCard/action",
        value,
        message_id=origin.id,
        thread_id=origin.thread_id or origin.id,
    )
    return _answer(await deliver(call.cloud, activity))


async def submit(call: ClientRequest) -> web.Response:
    """{person, conversationId, messageId, data} -> {kind: dialog | message, status, body}: a card's Action.Submit."""
    body = await call.json()
    person, conversation, origin = await _place(call, body)
    data = body.get("data")
    if not isinstance(data, dict):
        raise ClientError(400, "BadRequest", "data is an object")
    thread_id = origin.thread_id or origin.id
    teams_data = data.get("msteams")
    if isinstance(teams_data, dict) and teams_data.get("type") == "task/fetch":
        value = {"data": data, "context": {"theme": body.get("theme", "default")}}
        activity = build.invoke(
            call.cloud, conversation, person, "task/fetch", value, message_id=origin.id, thread_id=thread_id
        )
        return _answer(await deliver(call.cloud, activity), kind="dialog")
    activity = build.activity(
        call.cloud, conversation, person, "message", thread_id=thread_id, value=data, replyToId=origin.id
    )
    activity["channelData"] = {
        **activity["channelData"],
        "source": {"name": "message"},
        "legacy": {"replyToId": origin.id},
    }
    return _answer(await deliver(call.cloud, activity), kind="message")


async def dialog(call: ClientRequest) -> web.Response:
    """{person, conversationId, data, messageId?} -> {status, body}: Action.Submit inside a dialog (`task/submit`)."""
    body = await call.json()
    person = call.named_person(body.get("person"))
    conversation = call.conversation_of(person, body.get("conversationId"))
    data = body.get("data")
    if not isinstance(data, dict):
        raise ClientError(400, "BadRequest", "data is an object")
    origin = None
    if body.get("messageId") is not None:
        origin = call.message_in(conversation, person, body["messageId"])
    value = {"data": data, "context": {"theme": body.get("theme", "default")}}
    thread_id = (origin.thread_id or origin.id) if origin else None
    activity = build.invoke(call.cloud, conversation, person, "task/submit", value, thread_id=thread_id)
    return _answer(await deliver(call.cloud, activity))


async def raw(call: ClientRequest) -> web.Response:
    """{activity, sign: true | false | flaw} -> {status, body}: any activity, with a good, a damaged or no token."""
    body = await call.json()
    activity, sign = body.get("activity"), body.get("sign", True)
    if not isinstance(activity, dict):
        raise ClientError(400, "BadRequest", "activity is an object")
    if not isinstance(sign, bool) and sign not in FLAWS:
        raise ClientError(400, "BadRequest", f"sign is true, false or one of {', '.join(FLAWS)}")
    flaw = sign if isinstance(sign, str) else None
    return _answer(await deliver(call.cloud, activity, flaw=flaw, sign=sign is not False, redeliver=False))


async def _place(call: ClientRequest, body: dict[str, Any]) -> tuple[Person, Conversation, Message]:
    """Who acts, where, and on which of the bot's messages."""
    person = call.named_person(body.get("person"))
    conversation = call.conversation_of(person, body.get("conversationId"))
    return person, conversation, call.message_in(conversation, person, body.get("messageId"))


def _answer(delivery: Delivery, **more: Any) -> web.Response:
    return web.json_response({**more, "status": delivery.status, "body": delivery.body})
