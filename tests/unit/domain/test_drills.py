"""Drills: what the alert is, and how far the team came by what its record says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts import ActivityLogEntry, AlertRecord, Work
from bot.domain.drills import (
    ACKNOWLEDGE_TARGET,
    CARD_PATIENCE,
    GIVEN_UP_AFTER,
    Drill,
    alert_of,
    followed,
    in_time,
    is_over,
)
from bot.domain.links import subscription_link
from tests.factories import ADA, CHANNEL, NORTHWIND, NOW, decision, minutes, record

DRILL = Drill("drill-1", NORTHWIND, CHANNEL, "high", ADA.aad_id, "Ada", NOW)
ALERT = alert_of(DRILL, "DRILL", "A drill.")


def recorded(**changes: Any) -> AlertRecord:
    return record(ALERT, first_seen_at=NOW + timedelta(seconds=12), **changes)


def log(*entries: tuple[str, float]) -> tuple[ActivityLogEntry, ...]:
    return tuple(ActivityLogEntry("active", status, "Ada", NOW + minutes(at)) for status, at in entries)


def test_its_alert_is_a_drill_a_test_and_concerns_nobody() -> None:
    assert (ALERT.is_drill, ALERT.is_test, ALERT.is_open) == (True, True, True)
    assert (ALERT.customer_tenant_id, ALERT.subscription_id) == ("", "drill-1")
    assert subscription_link(NORTHWIND, ALERT.subscription_id, "https://portal.azure.com") == ""
    assert ALERT.key == DRILL.key


def test_recorded_and_on_a_card() -> None:
    found = followed(DRILL, recorded(), NOW + timedelta(seconds=14))
    assert (found.after(found.detected_at), found.after(found.carded_at)) == (
        timedelta(seconds=12),
        timedelta(seconds=14),
    )
    assert (found.acknowledged_at, found.decided_at) == (None, None)


def test_whoever_investigates_or_is_assigned_first_took_it_up() -> None:
    investigated = replace(ALERT, status="investigating", activity_log=log(("investigating", 3)))
    found = followed(DRILL, replace(recorded(), alert=investigated, work=Work(taken_by="Max")), None)
    assert (found.acknowledged_at, found.acknowledged_by) == (NOW + minutes(3), "Max")
    assigned = recorded(work=Work(assigned_id="x", assigned_name="Gil"), changed_at=NOW + minutes(2))
    assert followed(DRILL, assigned, None).acknowledged_by == "Gil"
    later = replace(assigned, changed_at=NOW + minutes(9))
    assert followed(found, later, None).acknowledged_at == NOW + minutes(3)  # what was written down stays


def test_a_verdict_alone_takes_it_up_too() -> None:
    closed = replace(ALERT, status="resolved", resolved_reason="fraud", activity_log=log(("resolved", 7)))
    verdict = decision(verdict="fraud", by_name="Ada", at=NOW + minutes(7))
    found = followed(DRILL, replace(recorded(), alert=closed, decision=verdict), None)
    assert (found.verdict, found.decided_by, found.decided_at) == ("fraud", "Ada", NOW + minutes(7))
    assert found.acknowledged_at == NOW + minutes(7)


def test_what_nobody_decided_is_not_decided() -> None:
    closed = replace(ALERT, status="resolved", resolved_reason="ignore")
    by_nobody = replace(recorded(), alert=closed, decision=decision(by_id="", by_name="nobody"))
    assert followed(DRILL, by_nobody, None).decided_at is None


def test_it_is_over_when_decided_and_carded_or_after_some_patience() -> None:
    decided = replace(DRILL, decided_at=NOW)
    assert not is_over(DRILL, NOW + minutes(5))
    assert not is_over(decided, NOW + timedelta(seconds=5))
    assert is_over(replace(decided, carded_at=NOW), NOW)
    assert is_over(decided, NOW + CARD_PATIENCE)
    assert not DRILL.is_given_up(NOW + GIVEN_UP_AFTER - timedelta(seconds=1))
    assert DRILL.is_given_up(NOW + GIVEN_UP_AFTER)


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (900, True), (901, False)])
def test_in_time(seconds: int, good: bool) -> None:
    assert in_time(timedelta(seconds=seconds), ACKNOWLEDGE_TARGET) is good
    assert in_time(None, ACKNOWLEDGE_TARGET) is None


@given(st.integers(-600, 7200), st.none() | st.integers(0, 7200), st.none() | st.integers(0, 7200))
def test_following_again_changes_nothing_and_no_span_is_negative(
    seen: int, investigated: int | None, card: int | None
) -> None:
    entries = log(("investigating", investigated / 60)) if investigated is not None else ()
    state = replace(recorded(), alert=replace(ALERT, activity_log=entries), first_seen_at=NOW + timedelta(seconds=seen))
    carded = NOW + timedelta(seconds=card) if card is not None else None
    found = followed(DRILL, state, carded)
    assert followed(found, state, carded) == found
    moments = (found.detected_at, found.carded_at, found.acknowledged_at, found.decided_at)
    assert all(found.after(at) is None or found.after(at) >= timedelta() for at in moments)  # type: ignore[operator]
