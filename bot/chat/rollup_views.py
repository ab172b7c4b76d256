"""From a roll-up and its census to the card's view. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.chat.presenter import Place, row
from bot.domain.alerts import AlertRecord
from bot.domain.storms import Census, RollUp, RollUpState, ScopeKind
from bot.texts import en
from bot.texts import storms as texts
from cards import actions
from cards.views import Button, Fact, Line, RollupView

SHOWN = 10
NAMED = 3
_PLAIN = re.compile(r"[\w.-]{1,100}", re.ASCII)


def rollup_view(
    rollup: RollUp,
    census: Census,
    worst: Sequence[AlertRecord],
    place: Place,
    now: datetime,
    *,
    buttons: Sequence[Button] = (),
) -> RollupView:
    """The card as it stands now. `worst` are its worst unresolved alerts, `buttons` what else may be pressed on it."""
    shown = tuple(worst[:SHOWN])
    calm = rollup.state != RollUpState.OPEN
    what, said = words(rollup, census), subject(rollup, census)
    more = census.unresolved - len(shown)
    data, since = {"card": rollup.id}, _since(rollup, census)
    return RollupView(
        heading=texts.heading(census.total),
        status=_status(rollup, now),
        subject=said,
        badges=(
            *((Line(en.REPEAT_BADGE, "warning"),) if rollup.repeat else ()),
            *((Line(texts.REPLACES_BADGE, "subtle"),) if rollup.replaces else ()),
        ),
        lines=_lines(rollup, census, calm),
        facts=_facts(rollup, census, place, now),
        rows_title=texts.WORST,
        rows=tuple(replace(row(record, now, place), columns=()) for record in shown),
        more=en.more(more) if more > 0 else "",
        buttons=(
            Button(
                texts.show_unresolved(since, now),
                verb=actions.LIST_PAGE,
                data={**data, "words": f"unresolved {what}"},
            ),
            Button(texts.show_all(since, now), verb=actions.LIST_PAGE, data={**data, "words": f"all {what}"}),
            *buttons,
        ),
        hint=texts.hint(f"unresolved {what}"),
        fallback_text=texts.fallback(said, census.total, census.unresolved, f"all {what}"),
    )


def subject(rollup: RollUp, census: Census) -> str:
    """Whose alerts they are."""
    if rollup.scope.kind is ScopeKind.SUBSCRIPTION:
        return texts.SUBSCRIPTION_ALERTS
    if rollup.scope.kind is ScopeKind.CONVERSATION:
        return texts.ALL_ALERTS
    name = census.by_customer[0].name if census.by_customer else ""
    return texts.customer_alerts(name or rollup.scope.id)


def words(rollup: RollUp, census: Census) -> str:
    """The filter that selects every alert of the roll-up, and as few others as it can."""
    at = f"since:{_since(rollup, census):%Y-%m-%dT%H:%M}Z"
    if rollup.scope.kind is ScopeKind.CONVERSATION or not _PLAIN.fullmatch(rollup.scope.id):
        return at
    return f"{rollup.scope.kind}:{rollup.scope.id} {at}"


def _since(rollup: RollUp, census: Census) -> datetime:
    return census.first_detected_at or rollup.opened_at


def _status(rollup: RollUp, now: datetime) -> Line:
    if rollup.closed_at is None:
        return Line(texts.storm_since(rollup.opened_at, now), "attention" if rollup.rank >= 4 else "warning")
    return Line(texts.calm_since(rollup.closed_at, now))


def _lines(rollup: RollUp, census: Census, calm: bool) -> tuple[Line, ...]:
    if census.total and not census.unresolved:
        return (Line(texts.ALL_DECIDED, "good", strong=True),)
    if not calm:
        return (Line(texts.STORM_LINE),)
    return (Line(texts.CALMING_LINE if rollup.state == RollUpState.CALMING else texts.CLOSED_LINE),)


def _facts(rollup: RollUp, census: Census, place: Place, now: datetime) -> tuple[Fact, ...]:
    severities = [
        texts.counted(en.severity_word(each.word).lower(), each.count) for each in census.unresolved_by_severity
    ]
    verdicts = [texts.counted(en.verdict_word(each.word).lower(), each.count) for each in census.verdicts]
    types = [texts.named(each.word or en.UNKNOWN, each.count) for each in census.by_type[:NAMED]]
    customers = [texts.named(each.name or each.word or en.UNKNOWN, each.count) for each in census.by_customer[:NAMED]]
    several = rollup.scope.kind is ScopeKind.CONVERSATION
    customer = census.by_customer[0].name or census.by_customer[0].word if census.by_customer else ""
    newest = en.clock(census.last_joined_at, now) if census.last_joined_at else ""
    return (
        *(
            (
                Fact(en.SUBSCRIPTION, rollup.scope.id, monospace=True),
                *((Fact(en.CUSTOMER, customer),) if customer else ()),
            )
            if rollup.scope.kind is ScopeKind.SUBSCRIPTION
            else ()
        ),
        Fact(
            texts.UNRESOLVED,
            texts.of_total(census.unresolved, severities),
            tone="attention" if census.unresolved else "good",
        ),
        Fact(texts.DECIDED, texts.of_total(census.total - census.unresolved, verdicts)),
        *((Fact(texts.CUSTOMERS, texts.and_others(customers, census.customers - len(customers))),) if several else ()),
        Fact(texts.TYPES, texts.and_others(types, census.types - len(types))),
        *((Fact(texts.NEWEST, newest),) if newest else ()),
    )
