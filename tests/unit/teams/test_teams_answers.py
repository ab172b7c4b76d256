from __future__ import annotations

import json
from typing import Any

import pytest

from bot.chat.turn import (
    Attach,
    CloseDialog,
    NotHere,
    Nothing,
    OpenDialog,
    Refuse,
    Reply,
    Say,
    ShowCard,
    Turn,
    TurnKind,
)
from bot.domain.people import Person
from bot.ports import Message
from bot.teams.answers import CARD, DONE, ERROR, MESSAGE, answer, aside, message
from tests.support.teams_world import CHANNEL

A_CARD = {"type": "AdaptiveCard", "version": "1.5", "body": []}
FILE = {"contentType": "application/vnd.microsoft.teams.card.file.consent", "name": "alerts.csv"}


def turn(kind: TurnKind, *, automatic: bool = False) -> Turn:
    return Turn(kind, "1", CHANNEL, Person("a", "29:a", "Ada"), automatic=automatic)


def body_of(kind: TurnKind, reply: Reply, *, automatic: bool = False) -> Any:
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
@pytest.mark.parametrize("reply", [Say("No."), Refuse("No."), CloseDialog("No.")])
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
    assert message(reply) == expected
