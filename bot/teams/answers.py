"""Our replies as Teams wants them: the body of an invoke's answer, or a message. Pure.

https://learn.microsoft.com/adaptive-cards/authoring-cards/universal-action-model#response-format
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/task-modules/task-modules-bots
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

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
from bot.ports import Message

CARD = "application/vnd.microsoft.card.adaptive"
MESSAGE = "application/vnd.microsoft.activity.message"
ERROR = "application/vnd.microsoft.error"
DONE = "Done."

_CARD_START = b'{"statusCode":200,"type":"application/vnd.microsoft.card.adaptive","value":'
_DIALOGS = (TurnKind.DIALOG_OPEN, TurnKind.DIALOG_SUBMIT)


def answer(turn: Turn, reply: Reply) -> tuple[int, bytes | None]:
    """HTTP status and body for an invoke. The status is 200 for every invoke that somebody here knows, refusals too."""
    if isinstance(reply, NotHere):
        return 501, not_here(reply.name)
    if turn.kind == TurnKind.EXECUTE:
        return 200, _execute(turn, reply)
    if turn.kind in _DIALOGS:
        return 200, _dialog(reply)
    return 200, None


def aside(turn: Turn, reply: Reply) -> Message | None:
    """What has to be posted as a message beside an invoke's answer, because that answer cannot hold it."""
    if isinstance(reply, Attach) or turn.kind == TurnKind.FILE_CONSENT:
        return message(reply)
    return None


def message(reply: Reply) -> Message | None:
    """The reply as a message of its own; None where there is nothing to say."""
    match reply:
        case Say(text) | Refuse(text) | CloseDialog(text):
            return Message(text=text) if text else None
        case ShowCard():
            return Message(card=_card(reply), summary=reply.summary)
        case OpenDialog(title, card):
            return Message(card=card, summary=title)
        case Attach(attachment, summary):
            return Message(attachments=(attachment,), summary=summary)
        case Nothing() | NotHere():
            return None


def not_here(name: str) -> bytes:
    return problem("NotImplemented", f"This bot does not handle the invoke {name[:100]!r}.")


def problem(code: str, text: str) -> bytes:
    return orjson.dumps({"error": {"code": code, "message": text}})


def _execute(turn: Turn, reply: Reply) -> bytes:
    match reply:
        case ShowCard(raw=raw) if raw:
            return _CARD_START + raw + b"}"
        case ShowCard():
            return _envelope(200, CARD, reply.card or {})
        case OpenDialog(card=card):
            return _envelope(200, CARD, card)  # an Action.Execute opens no dialog: the form takes the card's place
        case Refuse(text, code):
            # An unexpected failure of ours is 500, a refusal 400; both are HTTP 200, and the client shows the text.
            return _envelope(500 if code == "internal" else 400, ERROR, {"code": code, "message": text})
        case Say(text) | CloseDialog(text) if text:
            return _envelope(200, MESSAGE, text)
    return _envelope(200, MESSAGE, "" if turn.automatic else DONE)


def _dialog(reply: Reply) -> bytes | None:
    match reply:
        case OpenDialog(title, card):
            return _continue(title, card)
        case ShowCard():
            return _continue(reply.summary, _card(reply))
        case Say(text) | Refuse(text) | CloseDialog(text) if text:
            return orjson.dumps({"task": {"type": "message", "value": text}})
    return None  # an empty answer closes the dialog


def _continue(title: str, card: Mapping[str, Any]) -> bytes:
    value = {"title": title, "height": "medium", "width": "medium", "card": {"contentType": CARD, "content": card}}
    return orjson.dumps({"task": {"type": "continue", "value": value}})


def _envelope(status: int, kind: str, value: object) -> bytes:
    return orjson.dumps({"statusCode": status, "type": kind, "value": value})


def _card(reply: ShowCard) -> Mapping[str, Any]:
    if reply.card is not None:
        return reply.card
    card: dict[str, Any] = orjson.loads(reply.raw)
    return card
