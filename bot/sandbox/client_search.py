"""The box beside the one that people write in: what a person searches there, and what they insert of what was found.

https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/search-commands/respond-to-search
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.sandbox import teams_activities as build
from bot.sandbox.botframework import deliver
from bot.sandbox.client_request import ClientError, ClientRequest

CARD = "application/vnd.microsoft.card.adaptive"
COMMAND, PARAMETER = "findAlert", "query"
PAGE = 25


async def search(call: ClientRequest) -> web.Response:
    """{person, conversationId, text?, skip?, count?, authentication?, state?} -> {status, body}: an invoke
    `composeExtension/query`. Without a text it is the first, empty one. With `value` that is sent as it is.

    The bot need not be in the conversation.
    """
    body = await call.json()
    person = call.named_person(body.get("person"))
    conversation = call.conversation_of(person, body.get("conversationId"))
    text = body.get("text")
    words = {"name": PARAMETER, "value": text} if text else {"name": "initialRun", "value": "true"}
    value: dict[str, Any] = {
        "commandId": COMMAND,
        "parameters": [words],
        "queryOptions": {"skip": body.get("skip", 0), "count": body.get("count", PAGE)},
    }
    value |= {name: body[name] for name in ("authentication", "state") if name in body}
    activity = build.invoke(call.cloud, conversation, person, "composeExtension/query", value)
    activity["value"] = body.get("value", value)
    activity["channelData"]["source"] = {"name": "compose"}
    answer = await deliver(call.cloud, activity, redeliver=False)
    return web.json_response({"status": answer.status, "body": answer.body})


async def insert(call: ClientRequest) -> web.Response:
    """{person, conversationId, threadId?, card} -> {id}: the person sends what they picked. The bot hears nothing of
    it, and the preview that it was picked by stays behind."""
    body = await call.json()
    person = call.named_person(body.get("person"))
    conversation = call.conversation_of(person, body.get("conversationId"))
    card, thread_id = body.get("card"), body.get("threadId")
    if not isinstance(card, dict):
        raise ClientError(400, "BadRequest", "card is an object")
    if conversation.archived:
        raise ClientError(403, "Archived", f"{conversation.name} is archived: nobody can write in it")
    if thread_id is not None:
        root = call.message_in(conversation, person, thread_id)
        thread_id = root.thread_id or root.id
    activity = {"type": "message", "text": "", "attachments": [{"contentType": CARD, "content": card}]}
    stored = call.cloud.teams.post(conversation, activity, sender=person.key, thread_id=thread_id)
    return web.json_response({"id": stored.id})
