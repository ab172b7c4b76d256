"""Why an alert came to a conversation, or did not: the same rules by which it is sent, told one by one. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import MISSING, dataclass, fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from bot.domain.alerts import AlertRecord
from bot.domain.delivery import CardPost
from bot.domain.filters import AlertQuery, matches
from bot.domain.people import ConversationState, Route

YOUNG = timedelta(hours=24)
"""A new route posts open alerts that were detected later than this before it began."""
_HOW = frozenset({"partners", "now", "anywhere", "sort"})
"""What a query holds beside its terms."""
_NAMES = {
    "unresolved": "status",
    "statuses": "status",
    "severities": "severity",
    "types": "type",
    "customers": "customer",
    "resellers": "reseller",
    "subscriptions": "subscription",
    "alerts": "alert",
    "detected_from": "since",
    "detected_to": "until",
    "sla_breached": "sla",
    "find": "search",
}
"""How the filter grammar calls them; the others are called alike."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition of a filter: what it wants, and whether the alert has it. `wanted` is as in the query."""

    name: str
    wanted: Any
    passes: bool


class Reason(StrEnum):
    """Why; those for which an alert came first, and those for which it did not."""

    CARD = "card"  # it has its own card there
    CARD_WAITS = "card waits"  # the card is written down, and not confirmed by Teams yet
    ROLLUP = "rollup"  # a roll-up stands for it
    FIRST_CARDS = "first cards"  # it was open already when the route began, and among the worst of those
    STAYS = "stays"  # nothing more would come, but what stands there is kept true
    NO_ROUTE = "no route"
    OFF = "off"
    SILENT = "silent"  # the conversation takes nothing: removed, archived, deleted, blocked
    FILTER = "filter"
    NOT_BEGUN = "not begun"  # the first reading of all alerts is not over
    DECIDED_BEFORE = "decided before"  # it was resolved when it was first seen here
    TOO_OLD = "too old"  # it was there when the route began, and detected more than a day before
    COUNTED = "counted"  # it was there when the route began, and only counted in its summary
    UNKNOWN = "unknown"  # nothing speaks against it now


@dataclass(frozen=True, slots=True)
class Found:
    """What there is about an alert in a conversation. `state` is the conversation's; `rolled` tells that a roll-up
    stands there for it."""

    record: AlertRecord
    route: Route | None
    state: str
    card: CardPost | None = None
    rolled: bool = False
    terms: tuple[Term, ...] = ()

    @property
    def came(self) -> bool:
        return self.card is not None or self.rolled


def terms(wanted: AlertQuery, record: AlertRecord, asked: Collection[str] = ()) -> tuple[Term, ...]:
    """Each condition of the query alone. `asked` are the words of a partner filter, which a query no longer holds."""
    alert = record.alert
    found = []
    if asked:
        found.append(Term("partner", tuple(asked), alert.partner in wanted.partners))
    bare = AlertQuery(frozenset({alert.partner}), now=wanted.now, anywhere=wanted.anywhere)
    for each in fields(AlertQuery):
        value = getattr(wanted, each.name)
        if each.name in _HOW or each.default is MISSING or value == each.default:
            continue
        alone = replace(bare, **{each.name: value})
        passes = matches(alone, alert, record.customer_name, record.reseller_name, record.work)
        found.append(Term(_NAMES.get(each.name, each.name), value, passes))
    return tuple(found)


def explain(found: Found) -> tuple[Reason, ...]:
    """The reasons, the decisive one first."""
    return _came(found) if found.came else (_missing(found),)


def _came(found: Found) -> tuple[Reason, ...]:
    card, route = found.card, found.route
    reasons = [Reason.ROLLUP if card is None else Reason.CARD if card.activity_id else Reason.CARD_WAITS]
    if card is not None and route is not None and route.begun_at and found.record.first_seen_at < route.begun_at:
        reasons.append(Reason.FIRST_CARDS)
    no_longer = _stands_in_the_way(found)
    return (*reasons, *((Reason.STAYS, no_longer) if no_longer is not None else ()))


def _missing(found: Found) -> Reason:
    if (reason := _stands_in_the_way(found)) is not None:
        return reason
    record, route = found.record, found.route
    if route is None or not route.summarised or route.begun_at is None:
        return Reason.NOT_BEGUN
    alert, seen = record.alert, record.first_seen_at
    there_before = seen < route.begun_at
    if alert.resolved_at is not None and not alert.is_open and alert.resolved_at <= max(seen, route.begun_at):
        return Reason.DECIDED_BEFORE
    if there_before:
        return Reason.TOO_OLD if route.begun_at - alert.detected_at > YOUNG else Reason.COUNTED
    return Reason.UNKNOWN


def _stands_in_the_way(found: Found) -> Reason | None:
    """What keeps alerts like this one from coming now."""
    if found.route is None:
        return Reason.NO_ROUTE
    if not found.route.on:
        return Reason.OFF
    if found.state != ConversationState.ACTIVE:
        return Reason.SILENT
    return None if all(term.passes for term in found.terms) else Reason.FILTER
