"""Replies in two other forms: as a message of its own, and as JSON that another replica can answer with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from bot.chat.turn import (
    AskToken,
    Attach,
    BadCode,
    CloseDialog,
    Found,
    NotHere,
    Nothing,
    OfferSignIn,
    OpenDialog,
    Refuse,
    Reply,
    Say,
    ShowCard,
    TokenRefused,
)
from bot.ports import Message

_NAMES: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (Say, ShowCard, Refuse, OpenDialog, CloseDialog, Attach, TokenRefused, Nothing, NotHere)
}


def as_message(reply: Reply) -> Message | None:
    """The reply as a message of its own; None where there is nothing to say, or only a client could be asked."""
    match reply:
        case Say(text) | Refuse(text) | CloseDialog(text):
            return Message(text=text) if text else None
        case ShowCard():
            return Message(card=card_of(reply), summary=reply.summary)
        case OpenDialog(title, card):
            return Message(card=card, summary=title)
        case Attach(attachment, summary):
            return Message(attachments=(attachment,), summary=summary)
        case Nothing() | NotHere() | AskToken() | TokenRefused() | BadCode() | Found() | OfferSignIn():
            return None


def card_of(reply: ShowCard) -> Mapping[str, Any]:
    if reply.card is not None:
        return reply.card
    card: dict[str, Any] = orjson.loads(reply.raw)
    return card


def encode(reply: Reply) -> Mapping[str, Any]:
    """A reply as JSON, so that a redelivered activity gets the same answer from any replica."""
    if isinstance(reply, ShowCard) and reply.raw:
        reply = replace(reply, card=card_of(reply))
    fields = {name: getattr(reply, name) for name in reply.__slots__ if name != "raw"}
    return {"reply": type(reply).__name__, **fields}


def decode(answer: Mapping[str, Any]) -> Reply:
    fields = {name: value for name, value in answer.items() if name != "reply"}
    reply: Reply = _NAMES[answer["reply"]](**fields)
    return reply
