"""Our replies as Teams wants them: the body of an invoke's answer, or a message. Pure.

https://learn.microsoft.com/adaptive-cards/authoring-cards/universal-action-model#response-format
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/task-modules/task-modules-bots
https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/search-commands/respond-to-search
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from bot.chat.replies import as_message, card_of
from bot.chat.turn import (
    Attach,
    BadCode,
    CloseDialog,
    Found,
    NotHere,
    OfferSignIn,
    OpenDialog,
    Refuse,
    Reply,
    Result,
    Say,
    ShowCard,
    TokenRefused,
    Turn,
    TurnKind,
)
from bot.ports import Message
from bot.teams.activity import CONNECTION
from bot.teams.login import LoginRequest
from bot.texts import en as texts
from bot.texts import signing_in

CARD = "application/vnd.microsoft.card.adaptive"
THUMBNAIL = "application/vnd.microsoft.card.thumbnail"
MESSAGE = "application/vnd.microsoft.activity.message"
ERROR = "application/vnd.microsoft.error"
LOGIN = "application/vnd.microsoft.activity.loginRequest"
PRECONDITION_FAILED = "application/vnd.microsoft.error.preconditionFailed"
INCORRECT_CODE = "application/vnd.microsoft.error.incorrectAuthCode"
"""So in Microsoft's SDKs; a page of the documentation spells it differently."""
DONE = "Done."

_CARD_START = b'{"statusCode":200,"type":"application/vnd.microsoft.card.adaptive","value":'
_DIALOGS = (TurnKind.DIALOG_OPEN, TurnKind.DIALOG_SUBMIT)
_WORDLESS = (TurnKind.FILE_CONSENT, TurnKind.TOKEN_EXCHANGE, TurnKind.VERIFY_STATE, TurnKind.SIGN_IN_FAILED)
"""Invokes whose answer the client shows to nobody: what there is to say is a message."""


def answer(turn: Turn, reply: Reply | LoginRequest) -> tuple[int, bytes | None]:
    """HTTP status and body for an invoke. The status is 200 for every invoke that somebody here knows, refusals too.

    The sign-in invokes alone speak through it, as documented: 412 for a token that will not do, 404 for a wrong code.
    https://learn.microsoft.com/dotnet/api/microsoft.teams.apps.oauth.tokenexchangeinvokeresponse
    """
    if isinstance(reply, NotHere):
        return 501, not_here(reply.name)
    if turn.kind == TurnKind.EXECUTE:
        return 200, _execute(turn, reply)
    if turn.kind in _DIALOGS:
        return 200, _dialog(reply)
    if turn.kind == TurnKind.SEARCH:
        return 200, orjson.dumps({"composeExtension": _found(reply)})
    if turn.kind == TurnKind.TOKEN_EXCHANGE:
        return _exchanged(turn, reply)
    if turn.kind == TurnKind.VERIFY_STATE and isinstance(reply, BadCode):
        return 404, problem("IncorrectAuthCode", "The code is not one of this bot's, or it is too old.")
    return 200, None


def aside(turn: Turn, reply: Reply | LoginRequest) -> Message | None:
    """What has to be posted as a message beside an invoke's answer, because that answer cannot hold it."""
    if isinstance(reply, LoginRequest):
        return None
    return as_message(reply) if isinstance(reply, Attach) or turn.kind in _WORDLESS else None


def not_here(name: str) -> bytes:
    return problem("NotImplemented", f"This bot does not handle the invoke {name[:100]!r}.")


def problem(code: str, text: str) -> bytes:
    return orjson.dumps({"error": {"code": code, "message": text}})


def _execute(turn: Turn, reply: Reply | LoginRequest) -> bytes:
    match reply:
        case LoginRequest(value):
            return _envelope(401, LOGIN, value)
        case TokenRefused(text):
            return _envelope(412, PRECONDITION_FAILED, {"code": "PreconditionFailed", "message": text})
        case BadCode():
            return _envelope(401, INCORRECT_CODE, None)
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


def _exchanged(turn: Turn, reply: Reply | LoginRequest) -> tuple[int, bytes]:
    """The exchange's id and connection go back; with `failureDetail` and 412 the client shows its sign-in button."""
    echo = {"id": turn.data.get("id", ""), "connectionName": CONNECTION}
    if isinstance(reply, TokenRefused):
        return 412, orjson.dumps({**echo, "failureDetail": reply.text})
    return 200, orjson.dumps(echo)


def _dialog(reply: Reply | LoginRequest) -> bytes | None:
    match reply:
        case OpenDialog(title, card):
            return _continue(title, card)
        case ShowCard():
            return _continue(reply.summary, card_of(reply))
        case Say(text) | Refuse(text) | CloseDialog(text) | TokenRefused(text) if text:
            return orjson.dumps({"task": {"type": "message", "value": text}})
    return None  # an empty answer closes the dialog


def _continue(title: str, card: Mapping[str, Any]) -> bytes:
    value = {"title": title, "height": "medium", "width": "medium", "card": {"contentType": CARD, "content": card}}
    return orjson.dumps({"task": {"type": "continue", "value": value}})


def _found(reply: Reply | LoginRequest) -> Mapping[str, Any]:
    """https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/add-authentication and, for
    `silentAuth`, https://learn.microsoft.com/microsoftteams/platform/bots/how-to/authentication/message-extension-sso-code"""
    match reply:
        case Found(results):
            return {"type": "result", "attachmentLayout": "list", "attachments": [_attachment(one) for one in results]}
        case OfferSignIn(link, silent):
            action = {"type": "openUrl", "value": link, "title": signing_in.SIGN_IN}
            return {"type": "silentAuth" if silent else "auth", "suggestedActions": {"actions": [action]}}
        case Say(text) | Refuse(text) if text:
            return {"type": "message", "text": text}
    return {"type": "message", "text": texts.TRY_AGAIN}


def _attachment(result: Result) -> Mapping[str, Any]:
    """The preview is what the one who searches picks from; the card alone goes into the chat."""
    preview = {"title": result.title, "subtitle": result.subtitle, "text": result.text}
    return {
        "contentType": CARD,
        "content": result.card,
        "preview": {"contentType": THUMBNAIL, "content": preview},
    }


def _envelope(status: int, kind: str, value: object) -> bytes:
    return orjson.dumps({"statusCode": status, "type": kind, "value": value})
