"""What is on its way to Teams: outbox items and the cards they become. Values and pure rules.

pending   -> sending       claimed by a dispatcher, with a lease
sending   -> sent          Teams confirmed it, or nothing is left to be said
sending   -> pending       a retry that is safe; also when a lease runs out before the request left
sending   -> uncertain     Teams may have it: the answer to a POST was lost
sending   -> parked        trying again cannot help; the reason is kept. Also a line under a card that is parked
uncertain -> sent          adopted: something proved that it arrived
uncertain -> pending       nothing proved it in time; sent again, marked as a possible repeat
parked    -> pending       the cause is gone (the route is on again, or the card stands)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.domain.alerts import AlertKey

MENTIONS_MOST = 20
"""People whom one message rings, at most."""


class ItemState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    PARKED = "parked"


class ItemKind(StrEnum):
    """What is to be said. `card_id` is the alert card's, of those for requests a request card's, of those for roll-ups
    the roll-up's, of those for bulk the run's."""

    ALERT_CARD = "alert_card"  # post the root card of an alert
    ALERT_UPDATE = "alert_update"  # redraw that card in place
    THREAD_LINE = "thread_line"  # one plain line under that card
    SNOOZE_LINE = "snooze_line"  # the same when a snooze is over; it waits for that, and holds up no other line
    REQUEST_CARD = "request_card"  # post a card of a request to cancel
    REQUEST_UPDATE = "request_update"  # redraw that card in place
    REQUEST_LINE = "request_line"  # one plain line under that card, where the alert has none
    ROLLUP_CARD = "rollup_card"  # post the card that stands for many alerts
    ROLLUP_UPDATE = "rollup_update"  # redraw that card in place
    ROLLUP_LINE = "rollup_line"  # what happened to its alerts lately, as one line under it
    CARD_POINTER = "card_pointer"  # reduce an earlier copy of an alert's card to a pointer at the later one
    BULK_CARD = "bulk_card"  # post the card of a run that marks many alerts, where it was asked for
    BULK_UPDATE = "bulk_update"  # redraw that card in place
    BULK_LINE = "bulk_line"  # one plain line beside that card
    SUMMARY_CARD = "summary_card"  # the card that opens a new route
    DIGEST_CARD = "digest_card"  # what happened in a day or a week, and what waits
    ESCALATION_LINE = "escalation_line"  # an alert, or a few, that nobody answers; under its card or by itself
    ESCALATION_MESSAGE = "escalation_message"  # the same to somebody in person
    ANSWER = "answer"  # what somebody who typed is waiting for, as it was drawn: it is theirs, and of that moment
    NOTICE = "notice"  # a plain text to a conversation (operators, a late answer)


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody whom a message rings: a person (MRI or Entra object id), or with `tag` those of a Teams tag (its id)."""

    id: str
    name: str
    tag: bool = False


def spoken(text: str, mentions: Iterable[Mention] = ()) -> dict[str, Any]:
    """The payload of a line or notice which says `text`, and begins with these mentions; at most MENTIONS_MOST."""
    called = [[each.id, each.name, each.tag] for each in mentions][:MENTIONS_MOST]
    return {"text": text, "mentions": called} if called else {"text": text}


def called(payload: Mapping[str, Any]) -> tuple[Mention, ...]:
    """Whom the payload of a line or notice mentions."""
    return tuple(Mention(*each) for each in payload.get("mentions", ()))


@dataclass(frozen=True, slots=True)
class NewItem:
    """Work for the outbox. `payload` is intent (ids, words), never a rendered card: rendering happens when it is sent.

    While an item with the same `dedup_key` is pending in the conversation, a further one is dropped (empty: never).
    """

    conversation_id: str
    kind: str
    card_id: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 0
    dedup_key: str = ""
    available_at: datetime | None = None  # None: at once


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """An item as claimed. `fence` is the claim's own token: a write with an older fence changes nothing."""

    id: int
    conversation_id: str
    kind: str
    card_id: str
    payload: Mapping[str, Any]
    priority: int
    attempts: int
    created_at: datetime
    fence: str
    repeat: bool = False  # sent once before with an unknown end
    partner: str = ""  # whose alert's card it is or belongs to; empty where it is nobody's or does not matter

    @property
    def shorter(self) -> int:
        """By how many steps its card must be shorter than we thought: so often Teams said that it is too large."""
        return int(self.payload.get("shorter", 0))


@dataclass(frozen=True, slots=True)
class PastCall:
    """A message that went to a conversation; `ago` in seconds. Not `ended`: it may still be on its way."""

    conversation_id: str
    tenant_id: str
    ago: float
    ended: bool = True


@dataclass(frozen=True, slots=True)
class Doubt:
    """A root card whose arrival is unknown; at `again_at` it is sent again, unless something proves that it arrived."""

    card_id: str
    kind: str
    again_at: datetime


@dataclass(frozen=True, slots=True)
class Uncovered:
    """An open alert without a confirmed card in a conversation that gets it. `card_id` is empty where none is written
    down, `state` (of the item that posts it) where there is no such item. `in_rollup`: a roll-up stands for it, which
    is not confirmed either."""

    number: int
    alert: AlertKey
    conversation_id: str
    since: datetime
    card_id: str
    state: str
    next_try: datetime | None
    problem: str
    in_rollup: bool

    @property
    def label(self) -> str:
        return f"A-{self.number}"


@dataclass(frozen=True, slots=True)
class CardPost:
    """The root card of an alert in one conversation. `id` travels in the card's data as its delivery id."""

    id: str
    alert: AlertKey
    conversation_id: str
    activity_id: str  # empty until Teams confirmed the post
    created_at: datetime
    replaces: str = ""  # the card that was gone from the conversation, and whose place this one takes
    repeat: bool = False  # sent again after an unknown end: an earlier copy may stand above
    replaced_by: str = ""
