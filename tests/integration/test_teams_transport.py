"""bot.teams against the sandbox: signed activities over HTTP in, connector calls with real tokens out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.chat.turn import Attach, Event, Nothing, OpenDialog, Refuse, Reply, Say, ShowCard, Turn
from bot.domain.people import Conversation, ConversationKind, Person
from bot.errors import AlertDeskError, Missing, Refused, TooLarge, Transient, Unreachable
from bot.microsoft.entra import Entra, EntraConfig, SecretCredential
from bot.net.http import Hosts, Http
from bot.net.sync_http import SyncHttp
from bot.ports import Message
from bot.sandbox.app import running
from bot.sandbox.botframework import FLAWS
from bot.sandbox.cloud import Cloud, SandboxOptions
from bot.services.answers import Answers
from bot.teams.adapter import TeamsAdapter
from bot.teams.connector import BotBearer, Connector
from bot.teams.endpoint import TeamsEndpoint
from bot.teams.files import Uploader, consent_card, file_info_card
from bot.teams.handler import AlertDeskHandler
from bot.teams.inbound import TokenCheck
from bot.teams.limits import DOCUMENTED, SendLimits
from tests.support.outbound import CountedIds, StepClock
from tests.support.sandbox_client import ANNOUNCED

A_CARD = {"type": "AdaptiveCard", "version": "1.5", "body": [{"type": "TextBlock", "text": "A-1"}]}
LOOPBACK = Hosts(("127.0.0.1",), loopback=True)

Answer = Callable[[Turn], Awaitable[Reply]]


async def _silent(_: Turn) -> Reply:
    return Nothing()


@dataclass
class Bot:
    """A whole bot without a chat: `answer` is what tests put in its place."""

    cloud: Cloud
    clock: StepClock
    connector: Connector
    uploader: Uploader
    client: aiohttp.ClientSession
    turns: list[Turn] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    answer: Answer = _silent

    async def on_turn(self, turn: Turn) -> Reply:
        self.turns.append(turn)
        return await self.answer(turn)

    async def later(self, to: Conversation, message: Message, thread: str) -> None:
        raise AssertionError("nothing is put off here")

    async def on_event(self, event: Event) -> None:
        self.events.append(event)

    async def post(self, path: str, **body: Any) -> Any:
        async with self.client.post(f"{self.cloud.base_url}/client/{path}", json=body) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    def place(self, team: str = "Security Operations", channel: str = "Alerts") -> Conversation:
        found = self.cloud.teams.channel(team, channel)
        return self._conversation(found.id, ConversationKind.CHANNEL, found.tenant_id)

    def personal(self, key: str) -> Conversation:
        found = self.cloud.teams.personal(key)
        return self._conversation(found.id, ConversationKind.PERSONAL, found.tenant_id)

    def _conversation(self, conversation_id: str, kind: str, tenant_id: str) -> Conversation:
        service_url = self.cloud.teams.service_url(tenant_id)
        return Conversation(conversation_id, kind, tenant_id, service_url, self.cloud.teams.bot["id"])

    def messages(self, place: Conversation, key: str = "ada") -> list[dict[str, Any]]:
        teams = self.cloud.teams
        found = teams.conversation(place.id)
        assert found is not None
        return [teams.message_json(message) for message in teams.messages(found, key, 100)]

    def fault(self, **action: Any) -> None:
        self.cloud.faults.add({"service": "connector", "times": 1, "action": action})


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 the sandbox announces the bot's conversations whenever it sees it up
            await asyncio.sleep(0.01)


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    box: dict[str, TeamsEndpoint] = {}

    async def messages(request: web.Request) -> web.Response:
        status, body, headers = await box["endpoint"].handle(
            request.headers.get("Authorization"), request.headers.get("Content-Type"), await request.read()
        )
        return web.Response(status=status, body=body, headers=headers)

    async def health(_: web.Request) -> web.Response:
        return web.Response(status=200 if "endpoint" in box else 503)

    site = web.Application()
    site.add_routes([web.post("/api/messages", messages), web.get("/healthz", health)])
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    bot_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with running(SandboxOptions(bot_url=bot_url)) as cloud, aiohttp.ClientSession() as client:
        app, clock, ids = cloud.world.app, StepClock(datetime.now(UTC)), CountedIds()
        http, sync_http = Http(clock, ids, loopback=True), SyncHttp(clock, loopback=True)
        login = f"{cloud.base_url}/entra"
        credential = SecretCredential(app.secret)
        entra = Entra(EntraConfig(app.app_id, app.tenant_id, login, credential, loopback=True), sync_http, clock)
        bearer = BotBearer(entra, app.tenant_id, "https://api.botframework.com/.default")
        connector = Connector(http, clock, bearer, SendLimits.from_mapping(DOCUMENTED), LOOPBACK, max_wait=60.0)
        cloud.teams.clock = clock.monotonic
        desk = Bot(cloud, clock, connector, Uploader(http, clock, LOOPBACK), client)
        check = TokenCheck(
            http,
            clock,
            app_id=app.app_id,
            issuer="https://api.botframework.com",
            openid_url=f"{cloud.base_url}/botframework/v1/.well-known/openidconfiguration",
            service_hosts=LOOPBACK,
            loopback=True,
        )
        box["endpoint"] = TeamsEndpoint(
            check,
            TeamsAdapter(
                connector, AlertDeskHandler(desk.on_turn, desk.on_event, ids), Answers(connector, desk.later).say
            ),
        )
        await until(lambda: len(desk.events) == ANNOUNCED)
        try:
            yield desk
        finally:
            await box["endpoint"].close()
            await http.close()
            sync_http.close()
    await runner.cleanup()


# In ----------------------------------------------------------------------------------------------------------------


async def test_the_bot_hears_where_it_is_installed(bot: Bot) -> None:
    assert {event.kind for event in bot.events} == {"installed"}
    found = {event.conversation.id: event.conversation for event in bot.events}
    alerts, ada = bot.place(), bot.personal("ada")
    assert replace(found[alerts.id], name="", team_id="", team_name="") == alerts
    assert found[alerts.id].team_name == "Security Operations"
    assert found[ada.id].person_id == bot.cloud.world.people["ada"].aad_object_id
    assert found[ada.id].kind == ConversationKind.PERSONAL


async def test_a_question_in_a_channel_is_answered_in_its_thread(bot: Bot) -> None:
    async def answer(_: Turn) -> Reply:
        return Say("Nothing is unresolved.")

    bot.answer = answer
    place = bot.place()
    asked = await bot.post(
        "messages", person="ada", conversationId=place.id, threadId=None, text="show unresolved", mentionBot=True
    )
    assert asked["delivered"] == {"status": 202}
    (turn,) = bot.turns
    ada = bot.cloud.world.people["ada"]
    assert (turn.text, turn.person.aad_id, turn.person.mri) == ("show unresolved", ada.aad_object_id, ada.mri)
    *_, reply = bot.messages(place, "max")
    assert (reply["text"], reply["textFormat"], reply["threadId"]) == ("Nothing is unresolved.", "plain", asked["id"])
    assert reply["from"]["bot"]


async def test_a_personal_chat(bot: Bot) -> None:
    async def answer(_: Turn) -> Reply:
        return ShowCard(A_CARD, "A-1")

    bot.answer = answer
    place = bot.personal("ada")
    await bot.post("messages", person="ada", conversationId=place.id, text="show A-1", mentionBot=False)
    *_, reply = bot.messages(place)
    assert reply["attachments"][0]["content"] == A_CARD
    assert reply["summary"] == "A-1"
    assert bot.turns[0].is_personal


async def test_a_button_changes_the_card_for_the_presser_and_then_for_all(bot: Bot) -> None:
    place = bot.place()
    card_id = await bot.connector.send(place, Message(card=A_CARD, summary="A-1"))
    decided = {**A_CARD, "body": []}

    async def answer(turn: Turn) -> Reply:
        await bot.connector.update(turn.conversation, turn.reply_to, Message(card=decided))
        return ShowCard(decided)

    bot.answer = answer
    pressed = {"type": "Action.Execute", "verb": "alert.fraud", "data": {"alert": "A-1"}}
    answered = await bot.post("execute", person="ada", conversationId=place.id, messageId=card_id, action=pressed)
    assert answered["status"] == 200
    assert answered["body"]["value"] == decided
    assert (bot.turns[0].verb, bot.turns[0].reply_to, bot.turns[0].thread) == ("alert.fraud", card_id, card_id)
    for key in ("ada", "max", "nora"):
        (message,) = [entry for entry in bot.messages(place, key) if entry["id"] == card_id]
        assert message["attachments"][0]["content"] == decided


async def test_refusals_dialogs_and_submits(bot: Bot) -> None:
    place = bot.place()
    card_id = await bot.connector.send(place, Message(card=A_CARD))

    async def answer(turn: Turn) -> Reply:
        return OpenDialog("Note", A_CARD) if turn.kind == "dialog_open" else Refuse("You are no Admin Agent.")

    bot.answer = answer
    who = {"person": "nora", "conversationId": place.id, "messageId": card_id}
    refused = await bot.post("execute", **who, action={"verb": "alert.fraud", "data": {}})
    assert (refused["status"], refused["body"]["value"]["message"]) == (200, "You are no Admin Agent.")
    opened = await bot.post("submit", **who, data={"verb": "alert.note", "msteams": {"type": "task/fetch"}})
    assert (opened["kind"], opened["body"]["task"]["type"]) == ("dialog", "continue")
    closed = await bot.post("dialog", **who, data={"verb": "alert.note", "note": "x"})
    assert closed["body"] == {"task": {"type": "message", "value": "You are no Admin Agent."}}
    said = await bot.post("submit", **who, data={"verb": "alert.fraud"})
    assert (said["kind"], said["status"]) == ("message", 202)
    assert [turn.kind for turn in bot.turns] == ["execute", "dialog_open", "dialog_submit", "submit"]
    assert bot.messages(place)[-1]["threadId"] == card_id


async def test_a_file_by_consent(bot: Bot) -> None:
    content = b"Alert ID,Alert name\r\n" * 300_000  # some 6 MB: two pieces

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 1_000_000):
            yield content[start : start + 1_000_000]

    async def answer(turn: Turn) -> Reply:
        if turn.kind == "message":
            return Attach(consent_card("alerts.csv", "300,000 alerts", len(content), {"export": "1"}), "Export")
        assert turn.data["context"] == {"export": "1"}
        info = turn.data["uploadInfo"]
        await bot.uploader.upload(info["uploadUrl"], chunks(), len(content))
        return Attach(file_info_card(info["name"], info["contentUrl"], info["uniqueId"], info["fileType"]))

    bot.answer = answer
    place = bot.personal("ada")
    await bot.post("messages", person="ada", conversationId=place.id, text="export all", mentionBot=False)
    asked = bot.messages(place)[-1]
    accepted = await bot.post("consent", person="ada", conversationId=place.id, messageId=asked["id"], action="accept")
    assert accepted["status"] == 200
    (shown,) = bot.messages(place)[-1]["attachments"]
    async with bot.client.get(shown["contentUrl"]) as file:
        assert await file.read() == content


async def test_lifecycle(bot: Bot) -> None:
    bot.events.clear()
    place = bot.place(channel="General")
    for event, more in (("renameTeam", {"name": "SOC"}), ("archiveTeam", {}), ("unarchiveTeam", {}), ("remove", {})):
        told = await bot.post("lifecycle", event=event, conversationId=place.id, **more)
        assert set(told["statuses"]) == {202}
    kinds = [event.kind for event in bot.events]
    assert kinds[:3] == ["team_renamed", "team_archived", "team_unarchived"]
    assert set(kinds[3:]) == {"removed"}
    assert bot.events[0].name == "SOC"


@pytest.mark.parametrize("flaw", [False, *FLAWS])
async def test_a_damaged_token_is_turned_away(bot: Bot, flaw: str | bool) -> None:
    place = bot.place()
    activity = {
        "type": "message",
        "id": "1",
        "text": "show",
        "channelId": "msteams",
        "serviceUrl": place.service_url,
        "from": {"id": "29:x"},
        "recipient": {"id": place.bot_id},
        "conversation": {"id": place.id, "conversationType": "channel"},
    }
    answered = await bot.post("raw", activity=activity, sign=flaw)
    assert answered["status"] in (401, 403)
    assert bot.turns == []
    assert (await bot.post("raw", activity=activity, sign=True))["status"] == 202


async def test_a_rotated_key(bot: Bot) -> None:
    bot.clock.forward(61)
    bot.cloud.keys.bot_framework.rotate(keep_old=False)
    place = bot.personal("ada")
    sent = await bot.post("messages", person="ada", conversationId=place.id, text="help", mentionBot=False)
    assert sent["delivered"] == {"status": 202}


# Out ---------------------------------------------------------------------------------------------------------------


async def test_send_update_delete(bot: Bot) -> None:
    place = bot.place()
    root = await bot.connector.send(place, Message(card=A_CARD, summary="A-1"))
    reply = await bot.connector.send(place, Message(text="Ada marked it."), thread=root)
    await bot.connector.update(place, root, Message(card={**A_CARD, "body": []}))
    found = {entry["id"]: entry for entry in bot.messages(place)}
    assert (found[root]["threadId"], found[reply]["threadId"]) == (None, root)
    assert found[root]["attachments"][0]["content"]["body"] == []
    assert found[root]["editedTime"]
    await bot.connector.update(place, reply, Message(text="Max marked it."))
    await bot.connector.delete(place, root)
    await bot.connector.delete(place, root)
    with pytest.raises(Missing):
        await bot.connector.update(place, root, Message(text="x"))
    found = {entry["id"]: entry for entry in bot.messages(place)}
    assert (found[root]["deleted"], found[reply]["text"]) == (True, "Max marked it.")


async def test_members(bot: Bot) -> None:
    place = bot.place()
    ada = bot.cloud.world.people["ada"]
    for asked in (ada.mri, ada.aad_object_id):
        assert await bot.connector.member(place, asked) == Person(
            ada.aad_object_id, ada.mri, ada.name, ada.tenant_id, ada.directory_upn
        )
    gus = await bot.connector.member(place, bot.cloud.world.people["gus"].mri)
    assert gus is not None
    assert gus.tenant_id not in ("", place.tenant_id)
    assert await bot.connector.member(place, bot.cloud.world.people["fay"].mri) is None


async def test_a_personal_chat_is_opened_where_the_app_is_installed(bot: Bot) -> None:
    place, people = bot.place(), bot.cloud.world.people
    for key in ("ada", "gus"):
        person = Person(people[key].aad_object_id, people[key].mri, people[key].name, people[key].tenant_id)
        if key == "gus":
            with pytest.raises(Unreachable):
                await bot.connector.personal(person, place)
        else:
            chat = await bot.connector.personal(person, place)
            assert chat.id == bot.personal(key).id
            assert await bot.connector.send(chat, Message(text="Here you are."))


async def test_the_size_rule_is_that_of_teams(bot: Bot) -> None:
    place = bot.place()
    largest = (102_400 - 2 * len('{"type":"message","text":"","textFormat":"plain"}')) // 2
    await bot.connector.send(place, Message(text="x" * largest))
    with pytest.raises(TooLarge):
        await bot.connector.send(place, Message(text="x" * (largest + 1)))
    bot.cloud.faults.switches.max_message_bytes = 2_000
    with pytest.raises(TooLarge):
        await bot.connector.send(place, Message(text="x" * 1_000))


@pytest.mark.parametrize(
    ("action", "kind", "in_doubt", "delivered"),
    [
        ({"status": 403, "code": "BotDisabledByAdmin"}, Unreachable, False, 0),
        ({"status": 403, "code": "BotNotInConversationRoster"}, Unreachable, False, 0),
        ({"status": 403, "code": "ConversationBlockedByUser"}, Unreachable, False, 0),
        ({"status": 404, "code": "ConversationNotFound"}, Unreachable, False, 0),
        ({"status": 403, "code": "NotEnoughPermissions"}, Refused, False, 0),
        ({"status": 413}, TooLarge, False, 0),
        ({"status": 412}, Transient, False, 0),
        ({"status": 429, "retry_after": 3}, Transient, False, 0),
        ({"status": 503, "retry_after": 3}, Transient, False, 0),
        ({"status": 503}, Transient, True, 0),
        ({"status": 500}, Transient, True, 0),
        ({"status": 502}, Transient, True, 0),
        ({"status": 504}, Transient, True, 0),
        ({"drop": "before"}, Transient, True, 0),
        ({"drop": "after"}, Transient, True, 1),
    ],
)
async def test_a_failing_post(
    bot: Bot, action: dict[str, Any], kind: type[AlertDeskError], in_doubt: bool, delivered: int
) -> None:
    place = bot.place()
    bot.fault(**action)
    with pytest.raises(kind) as caught:
        await bot.connector.send(place, Message(text="hello"))
    assert getattr(caught.value, "in_doubt", False) is in_doubt
    assert getattr(caught.value, "retry_after", None) == action.get("retry_after")
    assert len(bot.messages(place)) == delivered  # one try, no more


@pytest.mark.parametrize("action", [{"status": 503}, {"status": 429, "retry_after": 1}, {"drop": "after"}])
async def test_an_update_that_fails_may_be_sent_again(bot: Bot, action: dict[str, Any]) -> None:
    place = bot.place()
    card_id = await bot.connector.send(place, Message(text="old"))
    bot.fault(**action)
    with pytest.raises(Transient) as caught:
        await bot.connector.update(place, card_id, Message(text="new"))
    assert not caught.value.in_doubt
    await bot.connector.update(place, card_id, Message(text="new"))
    assert bot.messages(place)[-1]["text"] == "new"


async def test_a_refused_token_is_renewed(bot: Bot) -> None:
    place = bot.place()
    await bot.connector.send(place, Message(text="one"))
    bot.fault(status=401)
    await bot.connector.send(place, Message(text="two"))
    assert [entry["text"] for entry in bot.messages(place)] == ["one", "two"]


async def test_the_documented_windows_are_never_passed(bot: Bot) -> None:
    """The sandbox answers 429 to whoever passes them; its clock is the bot's."""
    place = bot.place()
    for number in range(130):
        await bot.connector.send(place, Message(text=str(number)))
    assert len(bot.messages(place)) == 100  # as many as are listed
    assert {entry.status for entry in bot.cloud.log.select(service="connector", method="POST")} == {201}
    assert 60 <= sum(bot.clock.pauses) <= 70
