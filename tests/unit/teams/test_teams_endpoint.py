from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from botbuilder.core import TurnContext
from botbuilder.schema import Activity, ActivityTypes, Attachment, ConversationReference
from structlog.testing import capture_logs

from bot.chat.turn import (
    AskToken,
    Attach,
    Event,
    EventKind,
    NotHere,
    Nothing,
    OpenDialog,
    Refuse,
    Reply,
    Say,
    ShowCard,
    TokenRefused,
    Turn,
)
from bot.domain.people import Conversation, ConversationKind
from bot.errors import (
    AlertDeskError,
    NotAllowed,
    Permanent,
    Refused,
    Transient,
    Unreachable,
)
from bot.ports import Message
from bot.services.answers import Answers
from bot.teams.adapter import TeamsAdapter
from bot.teams.answers import CARD
from bot.teams.endpoint import MOST_BYTES, TeamsEndpoint
from bot.teams.handler import AlertDeskHandler
from bot.teams.login import OAUTH_CARD, Login
from tests.support.teams_world import (
    CHANNEL_ID,
    SERVICE_URL,
    TENANT,
    FakeChannel,
    FakeClock,
    FakeIds,
    KeyServer,
    activity,
    bearer,
    encoded,
    execute,
    public_jwk,
    signed,
    token_check,
)

JSON = "application/json; charset=utf-8"
A_CARD = {"type": "AdaptiveCard", "version": "1.5", "body": []}
SECRET = "https://graph.example/secret"
SSO = Login("api://botid-1", "https://bot.example/auth/start?act=")
TOKEN = "eyJ0eXAi.eyJvaWQi.c2ln"
PRIVATELY = {
    "conversation": {"conversationType": "personal", "tenantId": TENANT, "id": "a:1"},
    "channelData": {"tenant": {"id": TENANT}},
}


class Desk:
    """The endpoint over a fake channel. `reply` is what every turn gets, or what it raises."""

    def __init__(self, reply: Reply | BaseException | None = None, channel: FakeChannel | None = None) -> None:
        self.reply: Reply | BaseException = reply or Nothing()
        self.event_error: Exception | None = None
        self.channel = channel or FakeChannel()
        self.turns: list[Turn] = []
        self.events: list[Event] = []
        self.clock = FakeClock()
        self.keys = KeyServer(public_jwk("key-1"))
        self.put_off: list[tuple[str, str, str]] = []
        """Answers that were left to the outbox: conversation, text, thread."""
        self.unheard: list[tuple[Turn, Permanent]] = []
        handler = AlertDeskHandler(self._turn, self._event, FakeIds(), SSO, self._unheard)
        self.counting = True
        self.adapter = TeamsAdapter(
            self.channel, handler, Answers(self.channel, self._later, lambda: self.counting).say
        )
        self.endpoint = TeamsEndpoint(token_check(self.keys, self.clock), self.adapter)

    async def _unheard(self, turn: Turn, problem: Permanent) -> None:
        self.unheard.append((turn, problem))

    async def _later(self, to: Conversation, message: Message, thread: str) -> None:
        self.put_off.append((to.id, message.text, thread))

    async def _turn(self, turn: Turn) -> Reply:
        self.turns.append(turn)
        if isinstance(self.reply, BaseException):
            raise self.reply
        return self.reply

    async def _event(self, event: Event) -> None:
        self.events.append(event)
        if self.event_error is not None:
            raise self.event_error

    async def post(
        self,
        document: Any = None,
        *,
        body: bytes | None = None,
        authorization: str | None = "good",
        kind: str | None = JSON,
    ) -> tuple[int, Any]:
        status, answer, headers = await self.endpoint.handle(
            bearer() if authorization == "good" else authorization, kind, encoded(document) if body is None else body
        )
        assert ("content-type" in headers) == (answer is not None)
        return status, None if answer is None else json.loads(answer)


# The way in --------------------------------------------------------------------------------------------------------


async def test_a_message_is_answered_in_its_thread() -> None:
    desk = Desk(Say("Nothing is unresolved."))
    assert await desk.post(activity()) == (202, None)
    assert [turn.text for turn in desk.turns] == ["show unresolved"]
    ((to, said, thread),) = desk.channel.sent
    assert (to.id, to.kind, to.service_url, to.tenant_id) == (CHANNEL_ID, ConversationKind.CHANNEL, SERVICE_URL, TENANT)
    assert to.bot_id == desk.turns[0].conversation.bot_id
    assert (said.text, said.card, thread) == ("Nothing is unresolved.", None, "1795287905000")


async def test_a_message_is_answered_with_a_card() -> None:
    desk = Desk(ShowCard(A_CARD, "3 alerts"))
    assert await desk.post(activity(text=None, value={"verb": "list.page"})) == (202, None)
    ((_, said, _),) = desk.channel.sent
    assert (said.text, said.card, said.summary) == ("", A_CARD, "3 alerts")


async def test_a_message_is_answered_with_a_file() -> None:
    card = {"contentType": "application/vnd.microsoft.teams.card.file.consent", "name": "a.csv", "content": {"x": 1}}
    desk = Desk(Attach(card, "Export"))
    place = {"conversationType": "personal", "tenantId": TENANT, "id": "a:1"}
    assert await desk.post(activity(conversation=place, channelData=None)) == (202, None)
    ((to, said, thread),) = desk.channel.sent
    assert (to.id, to.kind, thread) == ("a:1", ConversationKind.PERSONAL, "")
    assert (said.attachments, said.summary) == ((card,), "Export")


@pytest.mark.parametrize("reply", [Nothing(), NotHere("x")])
async def test_nothing_to_say(reply: Reply) -> None:
    desk = Desk(reply)
    assert await desk.post(activity()) == (202, None)
    assert desk.channel.sent == []


async def test_a_pressed_button_gets_its_card_and_no_message() -> None:
    desk = Desk(ShowCard(raw=json.dumps(A_CARD).encode()))
    assert await desk.post(execute()) == (200, {"statusCode": 200, "type": CARD, "value": A_CARD})
    assert desk.turns[0].verb == "alert.fraud"
    assert desk.channel.sent == []


async def test_a_button_is_answered_with_a_login_request_and_then_comes_with_the_token() -> None:
    desk = Desk(AskToken("Sign in to go on", "x-1"))
    status, body = await desk.post(execute())
    assert (status, body["statusCode"], body["type"]) == (200, 401, "application/vnd.microsoft.activity.loginRequest")
    assert body["value"]["tokenExchangeResource"] == {"id": "x-1", "uri": "api://botid-1", "providerId": ""}
    assert desk.channel.sent == []
    desk.reply = ShowCard(A_CARD)
    sent = {"id": "x-1", "connectionName": body["value"]["connectionName"], "token": TOKEN}
    assert (await desk.post(execute(value={**execute()["value"], "authentication": sent})))[1]["value"] == A_CARD
    assert [turn.token for turn in desk.turns] == ["", TOKEN]


async def test_a_message_is_answered_with_an_oauth_card_in_a_personal_chat_alone() -> None:
    desk = Desk(AskToken("Sign in to go on", "x-1"))
    await desk.post(activity(**PRIVATELY))
    await desk.post(activity())
    (_, private, _), (_, public, _) = desk.channel.sent
    assert (private.text, private.attachments[0]["contentType"]) == ("", OAUTH_CARD)
    assert private.attachments[0]["content"]["tokenExchangeResource"]["id"] == "x-1"
    assert (public.text, public.attachments) == ("Sign in to go on", ())


async def test_a_token_exchange_is_answered_and_what_waited_is_posted() -> None:
    desk = Desk(Say("Nothing is unresolved."))
    value = {"id": "x-1", "connectionName": "alertdesk", "token": TOKEN}
    exchange = execute(name="signin/tokenExchange", value=value, **PRIVATELY)
    assert await desk.post(exchange) == (200, {"id": "x-1", "connectionName": "alertdesk"})
    assert [said.text for _, said, _ in desk.channel.sent] == ["Nothing is unresolved."]
    desk.reply = TokenRefused("Consent is missing.")
    status, body = await desk.post(exchange)
    assert (status, body["failureDetail"]) == (412, "Consent is missing.")
    assert len(desk.channel.sent) == 1


async def test_a_persons_token_is_in_no_log() -> None:
    value = {"id": "x-1", "connectionName": "alertdesk", "token": TOKEN}
    resent = execute(value={**execute()["value"], "authentication": value})
    exchange = execute(name="signin/tokenExchange", value=value, **PRIVATELY)
    broken = execute(name="signin/tokenExchange", value={**value, "id": None})
    verify = execute(name="signin/verifyState", value={"state": "code-123456"})
    with capture_logs() as logs:
        for reply in (RuntimeError("boom"), Say("Done."), Transient("away")):
            desk = Desk(reply, FakeChannel(Unreachable("gone", code="BotNotInConversationRoster")))
            for document in (resent, exchange, broken, verify, activity(value=value)):
                await desk.post(document)
    assert logs
    assert TOKEN not in str(logs)
    assert "code-123456" not in str(logs)


async def test_a_refusal_is_http_200() -> None:
    status, body = await Desk(Refuse("No.", "not_allowed")).post(execute())
    assert (status, body["statusCode"], body["value"]["message"]) == (200, 400, "No.")


async def test_a_dialog() -> None:
    status, body = await Desk(OpenDialog("Note", A_CARD)).post(
        execute(name="task/fetch", value={"data": {"verb": "v"}})
    )
    assert (status, body["task"]["type"], body["task"]["value"]["card"]["content"]) == (200, "continue", A_CARD)


async def test_an_invoke_that_brings_a_file_posts_it() -> None:
    card = {"contentType": "application/vnd.microsoft.teams.card.file.consent", "name": "a.csv"}
    desk = Desk(Attach(card, "Export"))
    status, body = await desk.post(execute())
    assert (status, body["statusCode"]) == (200, 200)
    ((to, said, thread),) = desk.channel.sent
    assert (to.id, said.attachments, thread) == (CHANNEL_ID, (card,), "1795287905000")


@pytest.mark.parametrize(
    ("error", "code", "later"),
    [(Unreachable("x"), 400, False), (Transient("x"), 200, True), (Transient("x", in_doubt=True), 200, False)],
)
async def test_a_file_that_teams_did_not_take(error: AlertDeskError, code: int, later: bool) -> None:
    desk = Desk(Attach({"contentType": "x"}), FakeChannel(error))
    status, body = await desk.post(execute())
    assert (status, body["statusCode"]) == (200, code)
    assert bool(desk.put_off) == later


@pytest.mark.parametrize("counting", [True, False])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("signin/tokenExchange", {"id": "x-1", "connectionName": "alertdesk", "token": TOKEN}),
        ("fileConsent/invoke", {"action": "accept"}),
    ],
)
async def test_an_answer_that_no_invoke_can_hold_comes_later_too(name: str, value: Any, counting: bool) -> None:
    """Nobody sees what the answer to such an invoke says, so "try again" in it would be silence."""
    desk = Desk(Say("A-1: fraud."), FakeChannel(Transient("429", retry_after=5.0)) if counting else None)
    desk.counting = counting
    assert (await desk.post(execute(name=name, value=value, **PRIVATELY)))[0] == 200
    assert desk.put_off == [("a:1", "A-1: fraud.", "")]
    assert desk.channel.sent == []


@pytest.mark.parametrize("kind", ["private", "standard"])
async def test_an_answer_that_teams_refuses_for_good_is_told_with_the_reason(kind: str) -> None:
    problem = Refused("The bot lacks a permission in this conversation.", code="NotEnoughPermissions")
    desk = Desk(Say("Hello."), FakeChannel(problem))
    await desk.post(activity(channelData={"channel": {"id": CHANNEL_ID, "type": kind}}))
    ((turn, why),) = desk.unheard
    assert (turn.text, turn.private, why) == ("show unresolved", kind == "private", problem)


async def test_a_file_consent_is_answered_by_a_message() -> None:
    desk = Desk(Say("Your file is there."))
    assert await desk.post(execute(name="fileConsent/invoke", value={"action": "accept"})) == (200, None)
    assert desk.channel.sent[0][1].text == "Your file is there."


@pytest.mark.parametrize("name", ["composeExtension/queryLink", "", None, "x" * 200])
async def test_unknown_invokes_are_501(name: str | None) -> None:
    desk = Desk()
    status, body = await desk.post(execute(name=name))
    assert (status, body["error"]["code"]) == (501, "NotImplemented")
    assert desk.turns == []


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"type": "installationUpdate", "action": "add"}, EventKind.INSTALLED),
        ({"type": "conversationUpdate", "membersAdded": [{"id": "29:x"}, {"id": "29:y"}]}, EventKind.MEMBERS_ADDED),
        ({"type": "conversationUpdate", "membersRemoved": [{"id": "29:x"}]}, EventKind.MEMBERS_REMOVED),
        ({"type": "conversationUpdate", "channelData": {"eventType": "teamArchived"}}, EventKind.TEAM_ARCHIVED),
        ({"type": "messageUpdate"}, EventKind.MESSAGE_EDITED),
        ({"type": "messageDelete"}, EventKind.OTHER),
        ({"type": "messageReaction", "reactionsAdded": [{"type": "like"}]}, EventKind.OTHER),
        ({"type": "event", "name": "application/vnd.microsoft.readReceipt"}, EventKind.OTHER),
        ({"type": "typing"}, EventKind.OTHER),
        ({"type": "endOfConversation"}, EventKind.OTHER),
        ({"type": "somethingNew"}, EventKind.OTHER),
        ({"type": "invokeResponse"}, EventKind.OTHER),
    ],
)
async def test_events(changes: dict[str, Any], kind: EventKind) -> None:
    desk = Desk()
    assert await desk.post(activity(**changes)) == (202, None)
    assert [event.kind for event in desk.events] == [kind]
    assert desk.turns == []
    assert desk.channel.sent == []


# What is turned away -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [None, "", "text/plain", "application/xml", "application/jsonx", "json"])
async def test_other_content_types_are_415(kind: str | None) -> None:
    assert (await Desk().post(activity(), kind=kind))[0] == 415


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON", "application/json;charset=utf-8"])
async def test_json_is_taken(kind: str) -> None:
    assert (await Desk().post(activity(), kind=kind))[0] == 202


async def test_size_is_bounded() -> None:
    desk = Desk()
    assert (await desk.post(body=b"x" * (MOST_BYTES + 1)))[0] == 413
    document = execute(value={"action": {"verb": "v", "data": {}}, "padding": ""})
    document["value"]["padding"] = "x" * (MOST_BYTES - len(encoded(document)))
    assert (await desk.post(document))[0] == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b"null", b"\xff\xfe", b"[" * 10_000])
async def test_a_bad_body_is_400(body: bytes) -> None:
    status, answer = await Desk().post(body=body)
    assert status == 400
    assert answer["error"]["message"]


@pytest.mark.parametrize("changes", [{"conversation": None}, {"entities": {}}, {"id": None}, {"from": 7}])
async def test_a_bad_activity_is_400(changes: dict[str, Any]) -> None:
    assert (await Desk().post(activity() | changes))[0] == 400


async def test_a_stranger_learns_nothing_about_the_body() -> None:
    for body in (b"{", encoded(activity())):
        desk = Desk()
        status, answer, headers = await desk.endpoint.handle(None, JSON, body)
        assert (status, headers["www-authenticate"]) == (401, "Bearer")
        assert json.loads(answer or b"")["error"]["code"] == "Unverified"
        assert desk.turns == []


@pytest.mark.parametrize(
    "changes", [{"channelId": "emulator"}, {"serviceUrl": "https://evil.example/"}, {"serviceUrl": SERVICE_URL + "x"}]
)
async def test_a_token_of_another_activity_is_403(changes: dict[str, Any]) -> None:
    desk = Desk()
    assert (await desk.post(activity(**changes)))[0] == 403
    assert desk.turns == []


async def test_without_keys_teams_is_asked_to_come_again() -> None:
    desk = Desk()
    desk.keys.down = True
    status, _, headers = await desk.endpoint.handle(bearer(), JSON, encoded(activity()))
    assert (status, headers["retry-after"]) == (503, "5")
    desk.keys.down = False
    desk.clock.elapsed += 6
    assert (await desk.post(activity()))[0] == 202


def troubles(logs: list[Any]) -> list[Any]:
    return [entry for entry in logs if entry["log_level"] != "info"]


# When a turn fails -------------------------------------------------------------------------------------------------

ESCAPED: list[Exception] = [
    RuntimeError(SECRET),
    KeyError(SECRET),
    TimeoutError(),
    RecursionError(SECRET),
    Permanent(SECRET),
]
"""The desk has a sentence for every error; these are what would get past it all the same."""


@pytest.mark.parametrize("error", ESCAPED)
async def test_an_error_that_escapes_the_desk_is_a_sentence(error: Exception) -> None:
    desk = Desk(error)
    with capture_logs() as logs:
        assert await desk.post(activity()) == (202, None)
        status, body = await desk.post(execute())
    ((_, said, _),) = desk.channel.sent
    assert (status, body["statusCode"]) == (200, 500)
    found = troubles(logs)
    assert [entry["event"] for entry in found] == ["turn_escaped"] * 2
    for entry, text in zip(found, (said.text, body["value"]["message"]), strict=True):
        assert "went wrong" in text
        assert SECRET not in text
        assert entry["reference"] in text


@pytest.mark.parametrize("error", [RuntimeError("x"), Transient("x"), NotAllowed("x")])
async def test_an_automatic_refresh_never_fails(error: Exception) -> None:
    value = {"action": {"verb": "alert.refresh", "data": {}}, "trigger": "automatic"}
    status, body = await Desk(error).post(execute(value=value))
    assert (status, body["statusCode"], body["value"]) == (200, 200, "")


async def test_a_cancelled_turn_is_cancelled() -> None:
    for document in (activity(), execute()):
        with pytest.raises(asyncio.CancelledError):
            await Desk(asyncio.CancelledError()).post(document)


@pytest.mark.parametrize("error", [Transient("x", in_doubt=True), Unreachable("x")])
async def test_an_answer_that_cannot_be_sent_is_logged(error: AlertDeskError) -> None:
    desk = Desk(Say("Hello."), FakeChannel(error))
    with capture_logs() as logs:
        assert await desk.post(activity()) == (202, None)
    assert [entry["event"] for entry in troubles(logs)] == ["activity_failed"]


async def test_an_answer_that_is_not_let_out_now_comes_later() -> None:
    desk = Desk(Say("Hello."), FakeChannel(Transient("the limits are used up", code="OwnLimit", retry_after=9)))
    with capture_logs() as logs:
        assert await desk.post(activity()) == (202, None)
    (turn,) = desk.turns
    assert desk.put_off == [(turn.conversation.id, "Hello.", turn.thread)]
    assert troubles(logs) == []


async def test_while_another_replica_counts_all_answers_wait_for_it() -> None:
    desk = Desk(Say("Hello."))
    desk.counting = False
    assert await desk.post(activity()) == (202, None)
    assert [text for _, text, _ in desk.put_off] == ["Hello."]
    assert desk.channel.sent == []


async def test_an_event_that_could_not_be_kept_is_asked_for_again() -> None:
    desk = Desk()
    desk.event_error = Transient("the database is locked", retry_after=2.0)
    with capture_logs():
        status, body, headers = await desk.endpoint.handle(
            bearer(), JSON, encoded(activity(type="installationUpdate", action="add"))
        )
    assert (status, headers["retry-after"]) == (503, "2")
    assert b"database" not in (body or b"")


@pytest.mark.parametrize("error", [RuntimeError("x"), Permanent("x")])
async def test_an_event_that_can_never_be_kept_is_logged(error: Exception) -> None:
    desk = Desk()
    desk.event_error = error
    with capture_logs() as logs:
        assert await desk.post(activity(type="installationUpdate", action="add")) == (202, None)
    assert [entry["event"] for entry in troubles(logs)] == ["activity_failed"]


# As a BotAdapter ---------------------------------------------------------------------------------------------------


class Recorder:
    """A botbuilder middleware."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str | None]] = []

    async def on_turn(self, context: TurnContext, logic: Callable[[], Awaitable[None]]) -> None:
        self.seen.append((context.activity.type, context.activity.text))
        await logic()


async def test_middleware_sees_messages_and_events() -> None:
    desk, recorder = Desk(), Recorder()
    desk.adapter.use(recorder)
    await desk.post(activity())
    await desk.post(activity(type="typing"))
    await desk.post(execute())
    assert recorder.seen == [("message", "show unresolved"), ("typing", None)]


async def test_a_context_sends_updates_and_deletes() -> None:
    desk = Desk()

    async def logic(context: TurnContext) -> None:
        both = Activity(
            type=ActivityTypes.message, text="Two.", attachments=[Attachment(content_type=CARD, content=A_CARD)]
        )
        responses = await context.send_activities([Activity(type=ActivityTypes.typing), both])
        assert [response.id for response in responses] == ["", "sent-2"]
        await context.update_activity(Activity(type=ActivityTypes.message, id="17", text="New."))
        await context.delete_activity("17")
        with pytest.raises(Permanent):
            await context.update_activity(Activity(type=ActivityTypes.typing, id="17"))

    reference = ConversationReference.deserialize(
        {
            "bot": {"id": "28:bot"},
            "serviceUrl": SERVICE_URL,
            "channelId": "msteams",
            "conversation": {"id": f"{CHANNEL_ID};messageid=5", "conversationType": "channel"},
        }
    )
    await desk.adapter.continue_conversation(reference, logic)
    assert [(to.id, said.text, said.card, thread) for to, said, thread in desk.channel.sent] == [
        (CHANNEL_ID, "Two.", None, "5"),
        (CHANNEL_ID, "", A_CARD, "5"),
    ]
    assert [(to.id, to.bot_id, id_, said.text) for to, id_, said in desk.channel.updated] == [
        (CHANNEL_ID, "28:bot", "17", "New.")
    ]
    assert [(to.id, id_) for to, id_ in desk.channel.deleted] == [(CHANNEL_ID, "17")]


async def test_many_at_once_stay_apart() -> None:
    desk = Desk(Say("Hello."))
    places = [{"conversationType": "personal", "tenantId": TENANT, "id": f"a:{number}"} for number in range(50)]
    token = bearer(signed())
    answers = await asyncio.gather(*(desk.post(activity(conversation=place), authorization=token) for place in places))
    assert answers == [(202, None)] * 50
    assert {to.id for to, _, _ in desk.channel.sent} == {place["id"] for place in places}
