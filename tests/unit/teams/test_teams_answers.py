from __future__ import annotations

import json
from typing import Any

import pytest

from bot.chat.replies import as_message
from bot.chat.turn import (
    AskToken,
    Attach,
    BadCode,
    CloseDialog,
    NotHere,
    Nothing,
    OpenDialog,
    Refuse,
    Reply,
    Say,
    ShowCard,
    TokenRefused,
    Turn,
    TurnKind,
)
from bot.domain.people import Conversation, Person
from bot.ports import Message
from bot.teams.answers import (
    CARD,
    DONE,
    ERROR,
    INCORRECT_CODE,
    LOGIN,
    MESSAGE,
    PRECONDITION_FAILED,
    answer,
    aside,
)
from bot.teams.login import NO_LOGIN, OAUTH_CARD, Login, LoginRequest
from tests.support.teams_world import CHANNEL, PERSONAL

A_CARD = {"type": "AdaptiveCard", "version": "1.5", "body": []}
FILE = {"contentType": "application/vnd.microsoft.teams.card.file.consent", "name": "alerts.csv"}


def turn(kind: TurnKind, *, automatic: bool = False, place: Conversation = CHANNEL) -> Turn:
    data = {"id": "x 1"} if kind == TurnKind.TOKEN_EXCHANGE else {}
    return Turn(kind, "1", place, Person("a", "29:a", "Ada"), data=data, automatic=automatic)


def body_of(kind: TurnKind, reply: Reply | LoginRequest, *, automatic: bool = False) -> Any:
    status, body = answer(turn(kind, automatic=automatic), reply)
    assert status == 200
    return None if body is None else json.loads(body)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (ShowCard(A_CARD), {"statusCode": 200, "type": CARD, "value": A_CARD}),
        (
            ShowCard(raw=b'{"type":"AdaptiveCard"}'),
            {"statusCode": 200, "type": CARD, "value": {"type": "AdaptiveCard"}},
        ),
        (Say("Marked as fraud."), {"statusCode": 200, "type": MESSAGE, "value": "Marked as fraud."}),
        (CloseDialog("Bye."), {"statusCode": 200, "type": MESSAGE, "value": "Bye."}),
        (OpenDialog("Note", A_CARD), {"statusCode": 200, "type": CARD, "value": A_CARD}),
        (
            Refuse("You are no Admin Agent.", "not_allowed"),
            {"statusCode": 400, "type": ERROR, "value": {"code": "not_allowed", "message": "You are no Admin Agent."}},
        ),
        (
            Refuse("Broken.", "internal"),
            {"statusCode": 500, "type": ERROR, "value": {"code": "internal", "message": "Broken."}},
        ),
        (
            TokenRefused("Not yours."),
            {
                "statusCode": 412,
                "type": PRECONDITION_FAILED,
                "value": {"code": "PreconditionFailed", "message": "Not yours."},
            },
        ),
        (BadCode(), {"statusCode": 401, "type": INCORRECT_CODE, "value": None}),
        (Nothing(), {"statusCode": 200, "type": MESSAGE, "value": DONE}),
        (CloseDialog(), {"statusCode": 200, "type": MESSAGE, "value": DONE}),
        (Say(""), {"statusCode": 200, "type": MESSAGE, "value": DONE}),
    ],
)
def test_a_pressed_button_is_answered(reply: Reply, expected: Any) -> None:
    assert body_of(TurnKind.EXECUTE, reply) == expected


def test_an_automatic_refresh_that_says_nothing_shows_nothing() -> None:
    assert body_of(TurnKind.EXECUTE, Nothing(), automatic=True) == {"statusCode": 200, "type": MESSAGE, "value": ""}


def test_raw_json_goes_in_as_it_is() -> None:
    raw = b'{ "body":[ 1.0 ] , "text":"\xc3\xa4" }'
    _, body = answer(turn(TurnKind.EXECUTE), ShowCard({"another": 1}, raw=raw))
    assert body is not None
    assert raw in body
    assert json.loads(body)["value"] == json.loads(raw)


@pytest.mark.parametrize("kind", [TurnKind.DIALOG_OPEN, TurnKind.DIALOG_SUBMIT])
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (OpenDialog("Note", A_CARD), "Note"),
        (ShowCard(A_CARD, "Again"), "Again"),
        (ShowCard(raw=json.dumps(A_CARD).encode(), summary="Again"), "Again"),
    ],
)
def test_a_dialog_goes_on(kind: TurnKind, reply: Reply, expected: str) -> None:
    task = body_of(kind, reply)["task"]
    assert task["type"] == "continue"
    assert task["value"]["title"] == expected
    assert task["value"]["card"] == {"contentType": CARD, "content": A_CARD}
    assert (task["value"]["width"], task["value"]["height"]) == ("medium", "medium")


@pytest.mark.parametrize("kind", [TurnKind.DIALOG_OPEN, TurnKind.DIALOG_SUBMIT])
@pytest.mark.parametrize("reply", [Say("No."), Refuse("No."), CloseDialog("No."), TokenRefused("No.")])
def test_a_dialog_ends_with_a_sentence(kind: TurnKind, reply: Reply) -> None:
    assert body_of(kind, reply) == {"task": {"type": "message", "value": "No."}}


@pytest.mark.parametrize("reply", [Nothing(), CloseDialog(), Attach(FILE)])
def test_a_dialog_closes(reply: Reply) -> None:
    assert body_of(TurnKind.DIALOG_SUBMIT, reply) is None


@pytest.mark.parametrize("reply", [Nothing(), Say("Done."), Refuse("No."), Attach(FILE)])
def test_a_file_consent_is_answered_without_a_body(reply: Reply) -> None:
    assert body_of(TurnKind.FILE_CONSENT, reply) is None


@pytest.mark.parametrize(
    "kind", [TurnKind.EXECUTE, TurnKind.DIALOG_OPEN, TurnKind.DIALOG_SUBMIT, TurnKind.FILE_CONSENT]
)
def test_what_nobody_knows_is_501(kind: TurnKind) -> None:
    status, body = answer(turn(kind), NotHere("a/b"))
    assert status == 501
    assert json.loads(body or b"")["error"]["code"] == "NotImplemented"


@pytest.mark.parametrize(
    ("kind", "reply", "expected"),
    [
        (TurnKind.EXECUTE, Attach(FILE, "Export"), Message(attachments=(FILE,), summary="Export")),
        (TurnKind.DIALOG_SUBMIT, Attach(FILE), Message(attachments=(FILE,))),
        (TurnKind.FILE_CONSENT, Attach(FILE), Message(attachments=(FILE,))),
        (TurnKind.FILE_CONSENT, Say("Uploaded."), Message(text="Uploaded.")),
        (TurnKind.FILE_CONSENT, Refuse("Too late."), Message(text="Too late.")),
        (TurnKind.FILE_CONSENT, Nothing(), None),
        (TurnKind.EXECUTE, Say("Done."), None),
        (TurnKind.DIALOG_SUBMIT, ShowCard(A_CARD), None),
    ],
)
def test_what_an_invoke_cannot_hold_is_posted(kind: TurnKind, reply: Reply, expected: Message | None) -> None:
    assert aside(turn(kind), reply) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Say("Hello."), Message(text="Hello.")),
        (Refuse("No."), Message(text="No.")),
        (CloseDialog("Bye."), Message(text="Bye.")),
        (CloseDialog(), None),
        (ShowCard(A_CARD, "A-1"), Message(card=A_CARD, summary="A-1")),
        (ShowCard(raw=json.dumps(A_CARD).encode(), summary="A-1"), Message(card=A_CARD, summary="A-1")),
        (OpenDialog("Note", A_CARD), Message(card=A_CARD, summary="Note")),
        (Attach(FILE, "Export"), Message(attachments=(FILE,), summary="Export")),
        (Nothing(), None),
        (NotHere("x"), None),
    ],
)
def test_a_typed_message_is_answered_by_a_message(reply: Reply, expected: Message | None) -> None:
    assert as_message(reply) == expected


# Signing in --------------------------------------------------------------------------------------------------------

ASK = AskToken("Sign in to go on", "x 1")
LOGIN_VALUE = {
    "text": "Sign in to go on",
    "connectionName": "alertdesk",
    "tokenExchangeResource": {"id": "x 1", "uri": "api://botid-1", "providerId": ""},
    "buttons": [
        {"type": "signin", "title": "Sign in", "text": "Sign in", "value": "https://bot.example/auth/start?act=x%201"}
    ],
}
SSO = Login("api://botid-1", "https://bot.example/auth/start?act=")


def test_a_pressed_button_asks_for_a_token_by_a_login_request() -> None:
    asked = SSO.asked(turn(TurnKind.EXECUTE), ASK)
    assert isinstance(asked, LoginRequest)
    assert body_of(TurnKind.EXECUTE, asked) == {"statusCode": 401, "type": LOGIN, "value": LOGIN_VALUE}
    assert aside(turn(TurnKind.EXECUTE), asked) is None


@pytest.mark.parametrize("kind", [TurnKind.MESSAGE, TurnKind.SUBMIT])
def test_a_message_in_a_personal_chat_asks_by_an_oauth_card(kind: TurnKind) -> None:
    card = {"contentType": OAUTH_CARD, "content": LOGIN_VALUE}
    assert SSO.asked(turn(kind, place=PERSONAL), ASK) == Attach(card, summary=ASK.text)


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        (TurnKind.MESSAGE, CHANNEL),
        (TurnKind.SUBMIT, CHANNEL),
        (TurnKind.DIALOG_SUBMIT, PERSONAL),
        (TurnKind.VERIFY_STATE, PERSONAL),
    ],
)
def test_elsewhere_a_token_is_asked_for_in_words(kind: TurnKind, place: Conversation) -> None:
    assert SSO.asked(turn(kind, place=place), ASK) == Say(ASK.text)


@pytest.mark.parametrize("kind", [TurnKind.EXECUTE, TurnKind.MESSAGE])
def test_without_a_resource_nobody_is_asked_but_in_words(kind: TurnKind) -> None:
    assert NO_LOGIN.asked(turn(kind, place=PERSONAL), ASK) == Say(ASK.text)


def test_without_a_page_there_is_no_button() -> None:
    asked = Login("api://botid-1").asked(turn(TurnKind.EXECUTE), ASK)
    assert asked == LoginRequest({**LOGIN_VALUE, "buttons": []})


ECHO = {"id": "x 1", "connectionName": "alertdesk"}


@pytest.mark.parametrize(
    ("reply", "status", "body", "said"),
    [
        (Nothing(), 200, ECHO, None),
        (Say("Marked."), 200, ECHO, Message(text="Marked.")),
        (ShowCard(A_CARD, "A-1"), 200, ECHO, Message(card=A_CARD, summary="A-1")),
        (Refuse("No."), 200, ECHO, Message(text="No.")),
        (TokenRefused("Not yours."), 412, {**ECHO, "failureDetail": "Not yours."}, None),
        (SSO.asked(turn(TurnKind.TOKEN_EXCHANGE), ASK), 412, {**ECHO, "failureDetail": ASK.text}, None),
    ],
)
def test_a_token_exchange_is_answered_by_status_and_what_waited_for_it_is_posted(
    reply: Reply, status: int, body: Any, said: Message | None
) -> None:
    exchange = turn(TurnKind.TOKEN_EXCHANGE, place=PERSONAL)
    answered, raw = answer(exchange, reply)
    assert (answered, json.loads(raw or b"null")) == (status, body)
    assert aside(exchange, reply) == said


def test_a_code_is_taken_or_not_found() -> None:
    verify = turn(TurnKind.VERIFY_STATE, place=PERSONAL)
    assert answer(verify, Nothing()) == (200, None)
    status, body = answer(verify, BadCode())
    assert (status, json.loads(body or b"")["error"]["code"]) == (404, "IncorrectAuthCode")
    assert aside(verify, BadCode()) is None
    assert aside(verify, Say("Go on.")) == Message(text="Go on.")
