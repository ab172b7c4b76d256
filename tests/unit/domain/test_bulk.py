"""Pinned sets: named by their content, of one partner and one status, never too many."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.bulk import MOST, pinned, sets_of, tally
from bot.domain.decisions import IntentState, may_send
from tests.factories import CHANNEL, FABRIKAM, NORTHWIND, NOW, alert, intent, minutes, record, resolved


def test_the_same_alerts_are_the_same_set_in_whatever_order_and_whenever_drawn() -> None:
    one = pinned(NORTHWIND, CHANNEL, "active", ["a", "b"], NOW)
    assert one.id == pinned(NORTHWIND, CHANNEL, "active", ["b", "a"], NOW + minutes(9)).id
    assert one.alerts == ("a", "b")
    others = [
        pinned(FABRIKAM, CHANNEL, "active", ["a", "b"], NOW),
        pinned(NORTHWIND, "elsewhere", "active", ["a", "b"], NOW),
        pinned(NORTHWIND, CHANNEL, "investigating", ["a", "b"], NOW),
        pinned(NORTHWIND, CHANNEL, "active", ["a", "b", "c"], NOW),
        pinned(NORTHWIND, CHANNEL, "active", ["ab"], NOW),
    ]
    assert len({one.id, *(other.id for other in others)}) == 6


def test_a_set_is_of_one_partner_and_status_and_holds_no_test_and_nothing_that_is_decided() -> None:
    alerts = [
        *(alert(f"active-{number}") for number in range(3)),
        *(alert(f"taken-{number}", status="Investigating") for number in range(2)),
        *(alert(f"theirs-{number}", partner=FABRIKAM) for number in range(2)),
        alert("test", is_test=True),
        resolved("decided"),
        alert("odd", status="escalated"),
    ]
    found = sets_of(CHANNEL, [record(each) for each in alerts], NOW)
    assert [(each.partner, each.status, each.alerts) for each in found] == [
        (NORTHWIND, "active", ("active-0", "active-1", "active-2")),
        (NORTHWIND, "investigating", ("taken-0", "taken-1")),
        (FABRIKAM, "active", ("theirs-0", "theirs-1")),
    ]


def test_one_alone_is_no_set() -> None:
    assert sets_of(CHANNEL, [record(), record(alert(status="investigating"))], NOW) == ()


@given(st.lists(st.integers(0, 200)))
def test_a_set_never_holds_too_many_nor_one_twice(numbers: list[int]) -> None:
    records = [record(alert(f"alert-{number}")) for number in numbers]
    for each in sets_of(CHANNEL, records, NOW):
        assert 2 <= len(each.alerts) <= MOST
        assert len(set(each.alerts)) == len(each.alerts)
        assert list(each.alerts) == list(dict.fromkeys(f"alert-{number}" for number in numbers))[:MOST]


def test_every_state_of_an_intent_is_counted() -> None:
    many = [intent(id=state.value, state=state) for state in IntentState]
    counted = tally(many)
    assert [counted.open, counted.done, counted.overtaken, counted.failed] == [(each,) for each in many]


def test_what_has_another_status_now_is_not_sent() -> None:
    of_a_set = intent(only_from="active")
    assert may_send(alert(status="Active"), of_a_set)
    assert not may_send(alert(status="investigating"), of_a_set)
    assert not may_send(resolved(), of_a_set)
    assert may_send(alert(status="investigating"), intent())
    assert may_send(resolved(), replace(intent(), may_replace=True))
