"""Why an alert came, or did not: the explanation says what the sending does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import filter_grammar
from bot.domain.delivery import CardPost
from bot.domain.filters import matches, query
from bot.domain.people import Route
from bot.domain.routing import Found, Reason, explain, terms
from tests.factories import CHANNEL, FABRIKAM, NORTHWIND, NOW, alert, minutes, record, resolved

ROUTE = Route(CHANNEL, NORTHWIND, on=True, by_name="Ada", summarised=True, begun_at=NOW - timedelta(days=7))
CARD = CardPost("card", alert().key, CHANNEL, "activity", NOW)
NAMES = {NORTHWIND: "Northwind", FABRIKAM: "Fabrikam"}


def found(words: str = "", **changes: Any) -> Found:
    it = changes.pop("record", record())
    route = replace(ROUTE, filter=words, **changes.pop("route", {})) if changes.get("route", 1) is not None else None
    changes.pop("route", None)
    values: dict[str, Any] = {"state": "active"} | changes
    wanted = filter_grammar.parse(words, default="all")
    return Found(
        it, route, terms=terms(query(wanted, frozenset({NORTHWIND}), NAMES, NOW), it, wanted.partners), **values
    )


@pytest.mark.parametrize(
    ("it", "reasons"),
    [
        (found(card=CARD), (Reason.CARD,)),
        (found(card=replace(CARD, activity_id="")), (Reason.CARD_WAITS,)),
        (found(rolled=True), (Reason.ROLLUP,)),
        (found(card=CARD, route={"on": False}), (Reason.CARD, Reason.STAYS, Reason.OFF)),
        (found("severity:low", card=CARD), (Reason.CARD, Reason.STAYS, Reason.FILTER)),
        (
            found(card=CARD, record=record(first_seen_at=NOW - timedelta(days=8))),
            (Reason.CARD, Reason.FIRST_CARDS),
        ),
        (found(route=None), (Reason.NO_ROUTE,)),
        (found(route={"on": False}), (Reason.OFF,)),
        (found(state="archived"), (Reason.SILENT,)),
        (found("severity:low"), (Reason.FILTER,)),
        (found("partner:fabrikam"), (Reason.FILTER,)),
        (found(route={"summarised": False, "begun_at": None}), (Reason.NOT_BEGUN,)),
        (found(record=record(resolved(resolved_at=NOW - minutes(1)))), (Reason.DECIDED_BEFORE,)),
        (
            found(record=record(alert(detected_at=NOW - timedelta(days=9)), first_seen_at=NOW - timedelta(days=8))),
            (Reason.TOO_OLD,),
        ),
        (
            found(
                record=record(
                    alert(detected_at=NOW - timedelta(days=7, hours=2)), first_seen_at=NOW - timedelta(days=7, hours=1)
                )
            ),
            (Reason.COUNTED,),
        ),
        (found(), (Reason.UNKNOWN,)),
    ],
)
def test_the_decisive_reason_comes_first(it: Found, reasons: tuple[Reason, ...]) -> None:
    assert explain(it) == reasons
    assert it.came is (it.card is not None or it.rolled)


def test_a_filter_is_told_term_by_term() -> None:
    it = found('severity:low,medium type:usage customer:"contoso" since:1h test:no partner:north')
    assert {term.name: term.passes for term in it.terms} == {
        "partner": True,
        "severity": False,
        "type": True,
        "customer": True,
        "since": True,
        "test": True,
    }


WORDS = st.lists(
    st.sampled_from(
        [
            *("severity:high", "severity:low,medium", "type:usage", "type:notification", "customer:contoso"),
            *("customer:fabrikam", "since:1h", "since:1m", "until:1m", "test:yes", "test:no", "sla:met"),
            *("sla:breached", "subscription:5ab", "subscription:fff", "age:>1h", "age:<1h", "assigned:nobody"),
        ]
    ),
    unique_by=lambda word: word.split(":")[0],
    max_size=5,
)


@given(WORDS, st.sampled_from(["", "active", "resolved", "unresolved"]))
def test_all_terms_fit_exactly_where_the_whole_filter_does(words: list[str], status: str) -> None:
    it = record()
    wanted = query(
        filter_grammar.parse(f"{status} {' '.join(words)}", default="all"), frozenset({NORTHWIND}), NAMES, NOW
    )
    whole = matches(wanted, it.alert, it.customer_name, it.reseller_name, it.work)
    assert all(term.passes for term in terms(wanted, it)) is whole
