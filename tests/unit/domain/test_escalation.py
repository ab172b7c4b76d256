"""When a step is due: from when it counts, what stops it, and that steps keep their distance."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts import AlertKey, Work, severity_rank
from bot.domain.escalation import (
    APART,
    NONE_TAKEN,
    USUAL,
    Call,
    Plan,
    Step,
    Taken,
    counted_from,
    is_storm,
    problem,
    waits,
)
from tests.factories import NOW, alert, minutes, record

PLAN = Plan()
DETECTED = NOW - minutes(60)


def step(after: float, *, came: float = 0, taken: Taken = NONE_TAKEN, **changes: object) -> int:
    """Which step is due so many minutes after detection, where the card came after `came` minutes."""
    work = changes.pop("work", Work())
    it = record(alert(detected_at=DETECTED, **changes), work=work)
    return PLAN.due(it, DETECTED + minutes(came), taken, DETECTED + minutes(after))


@pytest.mark.parametrize(
    ("after", "taken", "expected"), [(14.9, 0, 0), (15, 0, 1), (29, 1, 0), (30, 1, 2), (50, 2, 3), (90, 3, 0)]
)
def test_the_usual_steps(after: float, taken: int, expected: int) -> None:
    last = Taken(taken, DETECTED + minutes((15, 30, 50)[taken - 1])) if taken else NONE_TAKEN
    assert step(after, taken=last) == expected


def test_a_card_that_came_late_counts_from_when_it_came() -> None:
    assert step(29, came=14) == 1, "a little late still counts from the detection"
    assert step(50, came=40) == 0
    assert step(55, came=40) == 1
    assert counted_from(DETECTED, DETECTED + minutes(15)) == DETECTED


def test_two_steps_are_never_close_together() -> None:
    first = Taken(1, DETECTED + minutes(100))
    assert step(104.9, taken=first) == 0
    assert step(105, taken=first) == 2


@pytest.mark.parametrize(
    ("changes", "stopped"),
    [
        ({}, False),
        ({"status": "investigating"}, True),
        ({"status": "resolved"}, True),
        ({"status": "somethingNew"}, True),
        ({"work": Work(assigned_id="ada")}, True),
        ({"is_test": True}, True),
        ({"id": "drill-1", "is_test": True}, False),
        ({"work": Work(snoozed_until=DETECTED + minutes(200))}, False),
        ({"severity": "medium", "work": Work(snoozed_until=DETECTED + minutes(200))}, True),
        ({"severity": "medium", "work": Work(snoozed_until=DETECTED + minutes(20))}, False),
        ({"severity": "low"}, True),
        ({"severity": "informational"}, True),
        ({"severity": "apocalyptic"}, False),
    ],
)
def test_what_stops_it(changes: dict[str, object], stopped: bool) -> None:
    alert_id = changes.pop("id", "alert-one")
    work = changes.pop("work", Work())
    it = record(alert(str(alert_id), detected_at=DETECTED, **changes), work=work)
    assert (PLAN.due(it, DETECTED, NONE_TAKEN, DETECTED + minutes(60)) == 0) is stopped


def test_an_old_alert_wakes_up_nobody() -> None:
    assert step(24 * 60) == 1
    assert step(24 * 60 + 1) == 0


@pytest.mark.parametrize(
    ("minutes_of", "said"),
    [
        ({"high": [15, 30, 50]}, ""),
        ({"high": []}, ""),
        ({"high": [1], "low": [10, 1439]}, ""),
        ({"hihg": [15]}, "'hihg' is no severity"),
        ({"high": [30, 15]}, "high: one to three rising"),
        ({"high": [15, 15]}, "high: one to three rising"),
        ({"high": [1, 2, 3, 4]}, "high: one to three rising"),
        ({"medium": [0]}, "medium: one to three rising"),
        ({"medium": [1440]}, "medium: one to three rising"),
    ],
)
def test_settings_are_checked(minutes_of: dict[str, list[int]], said: str) -> None:
    assert problem(minutes_of).startswith(said)
    assert bool(problem(minutes_of)) is bool(said)
    if said:
        with pytest.raises(ValueError, match=r"rising|severity"):
            Plan(minutes_of)


def test_what_the_operator_leaves_out_is_as_usual() -> None:
    plan = Plan({"high": [5]})
    assert plan.steps("HIGH") == (minutes(5),)
    assert plan.steps("medium") == tuple(timedelta(minutes=each) for each in USUAL["medium"])
    assert plan.steps("unheard of") == plan.steps("medium")
    assert plan.steps("low") == ()


plans = st.lists(st.integers(1, 1439), unique=True, max_size=3).map(sorted)


@given(plans, st.floats(0, 1500), st.lists(st.integers(0, 40), min_size=1, max_size=200))
def test_however_it_is_looked_at_each_step_comes_once_in_order_and_apart(
    steps: list[int], came_after: float, pauses: list[int]
) -> None:
    plan, it = Plan({"high": steps}), record(alert(detected_at=DETECTED))
    came_at, now, taken = DETECTED + minutes(came_after), DETECTED, NONE_TAKEN
    seen: list[tuple[int, datetime]] = []
    for pause in pauses:
        now += minutes(pause)
        due = plan.due(it, came_at, taken, now)
        if due:
            seen.append((due, now))
            taken = Taken(due, now)
    assert [each for each, _ in seen] == list(range(1, len(seen) + 1))
    assert len(seen) <= len(steps)
    base = counted_from(DETECTED, came_at)
    for (number, at), (_, before) in zip(seen, [(0, at - APART) for _, at in seen[:1]] + seen[:-1], strict=True):
        assert at - base >= minutes(steps[number - 1])
        assert at - before >= APART


@given(st.sampled_from(["high", "medium", "low", "odd"]), st.integers(0, 3), st.floats(0, 1500))
def test_whatever_is_due_falls_into_a_window(severity: str, taken: int, after: float) -> None:
    now = DETECTED + minutes(after)
    it = record(alert(detected_at=DETECTED, severity=severity))
    last = Taken(taken, DETECTED) if taken else NONE_TAKEN
    if PLAN.due(it, DETECTED, last, now):
        assert any(
            window.rank == severity_rank(severity) and window.taken == taken and window.detected_by >= DETECTED
            for window in PLAN.windows(now)
        )


def test_high_severity_waits_though_it_is_snoozed() -> None:
    asleep = record(alert(), work=Work(snoozed_until=NOW + minutes(60)))
    assert waits(asleep, NOW)
    assert not waits(replace(asleep, alert=alert(severity="medium")), NOW)


def test_more_than_three_are_a_storm() -> None:
    assert [is_storm(count) for count in (1, 3, 4)] == [False, False, True]


def test_a_call_comes_back_from_its_payload() -> None:
    call = Call(
        step=Step.MANAGERS,
        alerts=(AlertKey("p", "a"), AlertKey("p", "b")),
        count=7,
        written=("Ada",),
        unreached=("Ben", "Cam"),
        nobody=True,
        conversation_id="19:x",
        root="card",
        in_rollup=True,
        to="Ada",
        why="duty",
    )
    assert Call.of(call.payload()) == call
    assert Call.of({"step": 1, "alerts": [["p", "a"]], "count": 1}) == Call(1, (AlertKey("p", "a"),), 1)
