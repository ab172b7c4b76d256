"""Speaks to Teams through the Bot Connector: messages, members and personal chats. Retries no POST; the outbox does.

https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from bot.domain.people import Conversation, ConversationKind, Person
from bot.errors import Missing, Refused, TooLarge, Transient
from bot.net.http import Hosts, Http, Response
from bot.ports import Channel, Clock, Message, Roster, Tokens
from bot.teams.answers import CARD
from bot.teams.failures import failure
from bot.teams.limits import CREATE, MEMBERS, SEND, SendLimits
from bot.teams.mentions import calling, plain_name

MOST_BYTES = 100 * 1024
"""Teams counts a message in UTF-16.
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages"""
ATTEMPTS = 3
_LEAST_PAGE, _PAGE = 50, 500
"""People on a page of a roster: the fewest that Teams gives where there are more, and the most it can be asked for."""


class BotBearer:
    """The bot's own token for the connector."""

    def __init__(self, tokens: Tokens, tenant_id: str, scope: str) -> None:
        self._tokens, self._tenant_id, self._scope = tokens, tenant_id, scope

    async def token(self, *, fresh: bool) -> str:
        return await self._tokens.app(self._tenant_id, self._scope, fresh=fresh)


class Connector(Channel):
    """`hosts` may see our token; `max_wait` is the longest pause for the send limits, in seconds."""

    def __init__(
        self, http: Http, clock: Clock, bearer: BotBearer, limits: SendLimits, hosts: Hosts, *, max_wait: float = 2.0
    ) -> None:
        self._http = http
        self._clock = clock
        self._bearer = bearer
        self._limits = limits
        self._hosts = hosts
        self._max_wait = max_wait

    async def send(self, to: Conversation, message: Message, thread: str = "") -> str:
        place = f"{to.id};messageid={thread}" if thread else to.id
        activity = _activity(message)
        answer = await self._call(to, "POST", f"v3/conversations/{quote(place, safe='')}/activities", activity)
        return _id(answer)

    async def update(self, to: Conversation, activity_id: str, message: Message) -> None:
        await self._call(to, "PUT", _message_path(to, activity_id), _activity(message, activity_id))

    async def delete(self, to: Conversation, activity_id: str) -> None:
        """A message that is gone already is no error."""
        try:
            await self._call(to, "DELETE", _message_path(to, activity_id))
        except Missing:
            return

    async def member(self, conversation: Conversation, person_id: str) -> Person | None:
        path = f"v3/conversations/{quote(conversation.id, safe='')}/members/{quote(person_id, safe='')}"
        try:
            answer = await self._call(conversation, "GET", path, kind=MEMBERS)
        except Missing:
            return None
        person = _member(answer.json())
        wanted = person_id.lower()
        return person if wanted in (person.aad_id, person.mri.lower()) else None

    async def members(self, conversation: Conversation, most: int) -> Roster:
        """https://learn.microsoft.com/microsoftteams/platform/bots/how-to/get-teams-context#fetch-the-roster-or-user-profile"""
        path = f"v3/conversations/{quote(conversation.id, safe='')}/pagedmembers?pageSize={_PAGE}"
        people: dict[str, Person] = {}
        following = ""
        for _ in range(-(-most // _LEAST_PAGE)):
            answer = await self._call(conversation, "GET", f"{path}{following}", kind=MEMBERS)
            found, token = _page(answer.json())
            people |= {person.mri: person for each in found if (person := _member(each)).mri}
            if not token:
                return Roster(tuple(people.values())[:most], complete=len(people) <= most)
            if len(people) >= most:
                break
            following = f"&continuationToken={quote(token, safe='')}"
        return Roster(tuple(people.values())[:most], complete=False)

    async def personal(self, person: Person, like: Conversation) -> Conversation:
        wanted = {
            "isGroup": False,
            "bot": {"id": like.bot_id},
            "members": [{"id": person.mri or person.aad_id}],
            "tenantId": like.tenant_id,
            "channelData": {"tenant": {"id": like.tenant_id}},
        }
        try:
            answer = await self._call(like, "POST", "v3/conversations", wanted, kind=CREATE)
        except Transient as error:
            # Asking again gives the same chat: nothing is in doubt.
            raise Transient(error.message, code=error.code, retry_after=error.retry_after) from error
        chat = _id(answer)
        if not chat:
            raise Transient("Teams opened a personal chat but did not say which.")
        return Conversation(
            id=chat,
            kind=ConversationKind.PERSONAL,
            tenant_id=like.tenant_id,
            service_url=like.service_url,
            bot_id=like.bot_id,
            name=person.name,
            person_id=person.aad_id,
        )

    async def _call(
        self, to: Conversation, method: str, path: str, body: Mapping[str, Any] | None = None, *, kind: str = SEND
    ) -> Response:
        """One call. `kind` says which windows it counts in, besides its tenant's: a conversation's for messages, its
        other ones for reads of its members, a tenant's for conversations that are created."""
        url = f"{to.service_url.rstrip('/')}/{path}"
        if not self._hosts.admits(url):
            raise Refused("The serviceUrl is none of SERVICE_HOSTS; nothing was sent.", code="HostNotAllowed")
        content = None if body is None else orjson.dumps(body)
        if content is not None and utf16_size(content) > MOST_BYTES:
            raise TooLarge("The message is over Teams' limit of 100 KB.", code="MessageSizeTooBig")
        name = to.tenant_id if kind == CREATE else to.id
        began = await self._turn(name, to.tenant_id, kind)
        try:
            answer = await self._http.request(
                method,
                url,
                hosts=self._hosts,
                content=content,
                headers={"content-type": "application/json"} if content is not None else None,
                bearer=self._bearer,
                attempts=ATTEMPTS if method == "GET" else 1,  # each message that is sent has its place in the limits
            )
        finally:
            self._limits.settle(name, to.tenant_id, began, self._clock.monotonic(), kind)
        if answer.status >= 300:
            raise failure(answer, method, self._clock.now())
        return answer

    async def _turn(self, name: str, tenant: str, kind: str) -> float:
        """Wait for a place within the limits and take it; when that was. Raises Transient where it is too far away."""
        latest = self._clock.monotonic() + self._max_wait
        while (pause := self._limits.delay(name, tenant, now := self._clock.monotonic(), kind)) > 0:
            if now + pause > latest:
                raise Transient("Teams' send limits are used up for the moment.", code="OwnLimit", retry_after=pause)
            await self._clock.sleep(max(pause, 0.001))  # a clock has no finer steps
        self._limits.spend(name, tenant, now, kind)
        return now


def utf16_size(content: bytes) -> int:
    """Bytes of UTF-8 JSON once written as UTF-16."""
    return len(content.decode().encode("utf-16-le"))


def _activity(message: Message, activity_id: str = "") -> dict[str, Any]:
    """https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference#activity-object"""
    activity: dict[str, Any] = {"type": "message"}
    if activity_id:
        activity["id"] = activity_id
    if message.text and message.mentions:
        text, entities = calling(message.text, message.mentions)
        activity |= {"text": text, "textFormat": "xml", "entities": entities}
    elif message.text:
        activity |= {"text": message.text, "textFormat": "plain"}  # so that nothing in it comes alive
    if message.summary:
        activity["summary"] = message.summary
    attachments = list(message.attachments)
    if message.card is not None:
        attachments.insert(0, {"contentType": CARD, "content": message.card})
    if attachments:
        activity["attachments"] = attachments
    return activity


def _message_path(to: Conversation, activity_id: str) -> str:
    return f"v3/conversations/{quote(to.id, safe='')}/activities/{quote(activity_id, safe='')}"


def _id(answer: Response) -> str:
    """The new resource's id. An answer that cannot be read is no reason to send once more: then it is empty."""
    try:
        document = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return ""
    found = document.get("id") if isinstance(document, dict) else None
    return found if isinstance(found, str) else ""


def _page(document: Any) -> tuple[list[Any], str]:
    """The members on a page of a roster, and what to ask for the next one with; empty at its end."""
    members = document.get("members") if isinstance(document, dict) else None
    if not isinstance(members, list):
        raise Transient("Teams answered with something that is no roster.")
    following = document.get("continuationToken")
    return members, following if isinstance(following, str) else ""


def _member(document: Any) -> Person:
    """`objectId` and `aadObjectId` are both in use.
    https://learn.microsoft.com/microsoftteams/platform/bots/how-to/get-teams-context"""
    if not isinstance(document, dict):
        raise Transient("Teams answered with something that is no member.")

    def text(*names: str) -> str:
        return next((value for name in names if isinstance(value := document.get(name), str) and value), "")

    return Person(
        aad_id=text("aadObjectId", "objectId").lower(),
        mri=text("id"),
        name=plain_name(text("name")),
        tenant_id=text("tenantId").lower(),
        upn=plain_name(text("userPrincipalName")),
        guest=text("userRole").lower() == "guest",
    )
