"""The arithmetic of the response clock: worked by hand, counted naively, and for whatever alerts there may be."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts import RESPONSE_TARGET, Alert
from bot.domain.response_clock import (
    HORIZON,
    NO_ANSWERS,
    REQUIRED,
    WINDOW,
    Answers,
    Leaving,
    Tiles,
    Waiting,
    answer,
    answer_seconds,
    can_wait,
    epoch,
    forecast,
    hour_of,
    standing,
    usual,
)
from bot.domain.storms import Count
from tests.factories import FABRIKAM, NORTHWIND, NOW, alert, resolved

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PARTNERS = (NORTHWIND, FABRIKAM)


def done(took: timedelta, ago: timedelta = HOUR, number: int = 1, **changes: Any) -> Alert:
    """Resolved so long ago, after so long."""
    at = NOW - ago
    return resolved(f"done-{number}", detected_at=at - took, resolved_at=at, **changes)


def waits(since: timedelta, number: int = 1, **changes: Any) -> Alert:
    return alert(f"open-{number}", detected_at=NOW - since, **changes)


def tiles(*alerts: Alert, now: datetime = NOW, until: datetime = NOW) -> Tiles:
    return standing(alerts, PARTNERS, now, until).together


# Worked by hand ------------------------------------------------------------------------------------------------------


def test_three_answers_by_hand() -> None:
    """30 min, 2 h and 30 h are 32.5 h together, 10.83 h on average."""
    found = tiles(done(HOUR / 2, number=1), done(2 * HOUR, number=2), done(30 * HOUR, number=3)).answers
    assert found == Answers(3, 117_000, 1, 2)
    assert found.average_hours == pytest.approx(32.5 / 3)
    assert found.meets(REQUIRED) is True
    assert found.meets(RESPONSE_TARGET) is False


def test_a_forecast_by_hand() -> None:
    """Two answers of 1 h; three open since 10, 20 and 30 h. In 5 h these are 15, 25 and 35 h old: 77 h by 5 is 15.4."""
    found = tiles(
        *(done(HOUR, number=number) for number in range(2)),
        *(waits(hours * HOUR, number=hours) for hours in (10, 20, 30)),
    )
    assert forecast(found.remaining, found.waiting, NOW + 5 * HOUR) == pytest.approx(15.4)
    # 24 h x 5 = 120 h may be spent; 62 h are, and 3 grow each hour: 58 / 3 h from now.
    assert can_wait(found.answers, found.leaving, found.waiting, NOW) == NOW + timedelta(hours=19, minutes=20)


def test_a_forecast_leaves_out_what_the_window_has_left_by_then() -> None:
    """An answer of 48 h goes out of the window in 2 h; afterwards only that of 1 h and the open one count."""
    old = done(48 * HOUR, WINDOW - 2 * HOUR, 1)
    found = tiles(old, done(HOUR, number=2), waits(3 * HOUR), until=NOW + 3 * HOUR)
    assert found.remaining == answer(3600)
    assert forecast(found.remaining, found.waiting, NOW + 3 * HOUR) == pytest.approx((1 + 6) / 2)
    assert tiles(old, until=NOW + HOUR).remaining == answer(48 * 3600)


def test_when_quick_answers_leave_the_average_can_pass_at_that_moment() -> None:
    """Ten quick answers keep one that has waited 100 h below 24 h; when they leave, it is alone."""
    quick = Answers(10, 0, 10, 10)
    leaving = [Leaving(NOW + 2 * HOUR, quick)]
    waiting = Waiting(1, epoch(NOW - 100 * HOUR))
    assert can_wait(quick, leaving, waiting, NOW) == NOW + 2 * HOUR
    assert can_wait(quick, [], waiting, NOW) == NOW + (11 * 24 - 100) * HOUR


def test_when_it_cannot_be_said_until_when() -> None:
    assert can_wait(NO_ANSWERS, [], Waiting(), NOW) is None, "nobody waits"
    assert can_wait(NO_ANSWERS, [], Waiting(1, epoch(NOW - 25 * HOUR)), NOW) is None, "it has passed"
    assert can_wait(Answers(1000, 0, 1000, 1000), [], Waiting(1, epoch(NOW)), NOW) is None, "it will not in a week"


# What counts ---------------------------------------------------------------------------------------------------------


def test_the_window_is_thirty_times_24_hours_and_open_at_its_beginning() -> None:
    second = timedelta(microseconds=1)
    assert tiles(done(HOUR, WINDOW)).answers.count == 0
    assert tiles(done(HOUR, WINDOW - second)).answers.count == 1
    assert tiles(done(HOUR, -HOUR)).answers.count == 1, "by a clock that is ahead of ours"


@pytest.mark.parametrize(
    "left_out",
    [
        done(HOUR, is_test=True),
        waits(HOUR, resolved_at=NOW),  # a time of resolution does not make it resolved
        resolved(resolved_at=None),
        done(HOUR, 31 * DAY),
    ],
)
def test_tests_and_what_is_not_resolved_in_the_window_have_no_answer(left_out: Alert) -> None:
    assert tiles(left_out).answers == NO_ANSWERS


def test_a_resolution_before_the_detection_took_no_time() -> None:
    assert answer_seconds(done(-HOUR)) == 0
    assert answer_seconds(done(timedelta(microseconds=1))) == 1, "a begun second counts"
    assert answer_seconds(waits(HOUR)) is None
    assert tiles(done(HOUR + timedelta(microseconds=1))).answers.within_hour == 0


def test_one_that_is_open_and_detected_in_our_future_begins_now() -> None:
    found = tiles(waits(-5 * HOUR))
    assert found.waiting.seconds(NOW) == 0
    assert found.waiting.seconds(NOW + 2 * HOUR) == 7200


def test_tiles_count_new_ones_reasons_and_days() -> None:
    found = tiles(
        done(HOUR, number=1),
        done(HOUR, DAY, number=2, resolved_reason=""),
        waits(6 * DAY, number=1),
        waits(8 * DAY, number=2),
        waits(HOUR, number=3, is_test=True),
    )
    assert (found.new, found.reasoned, found.waiting.count) == (3, 1, 2)
    assert [(each.day.isoformat(), each.answers.count) for each in found.days] == [
        ("2026-02-28", 1),
        ("2026-03-01", 1),
    ]


def test_what_is_unresolved_by_severity_and_type() -> None:
    alerts = [
        *(waits(HOUR, number=n, alert_type=f"T{n:02}", severity="High") for n in range(14)),
        waits(HOUR, number=20, alert_type="T00", severity="catastrophic"),
        waits(HOUR, number=21, alert_type="T13", severity="medium", partner=FABRIKAM),
        waits(HOUR, number=22, alert_type="T13", severity="low", is_test=True),
    ]
    found = standing(alerts, PARTNERS, NOW, NOW)
    assert found.severities == (Count("high", 14), Count("catastrophic", 1), Count("medium", 1))
    assert found.types[:3] == (Count("T00", 2), Count("T13", 2), Count("T01", 1))
    assert (found.other_types, found.other_severities) == (2, 0)
    assert standing(alerts, [FABRIKAM], NOW, NOW).types == (Count("T13", 1),)


def test_the_usual_moment_is_a_whole_hour_ahead() -> None:
    assert usual(NOW) == NOW.replace(hour=17, minute=0, second=0)


# Whatever alerts there are --------------------------------------------------------------------------------------------

spans = st.integers(-100, 40 * 86_400 * 10**6).map(lambda micros: timedelta(microseconds=micros))


@st.composite
def alerts(draw: st.DrawFn) -> list[Alert]:
    found = []
    for number in range(draw(st.integers(0, 12))):
        who = {"partner": draw(st.sampled_from(PARTNERS)), "is_test": draw(st.sampled_from([False, False, True]))}
        if draw(st.booleans()):
            found.append(waits(draw(spans), number, **who))
        else:
            found.append(done(draw(spans), draw(spans), number, **who))
    return found


@given(alerts(), st.integers(0, 7 * 24 * 60))
def test_a_naive_recount_finds_the_same(some: list[Alert], ahead: int) -> None:
    until = NOW + timedelta(minutes=ahead)
    found = tiles(*some, until=until)
    real = [each for each in some if not each.is_test]
    took = [
        -((each.detected_at - each.resolved_at) // timedelta(seconds=1))
        for each in real
        if each.resolved_at and not each.is_open and each.resolved_at > NOW - WINDOW
    ]
    took = [max(0, seconds) for seconds in took]
    assert found.answers.count == len(took)
    assert found.answers.seconds == sum(took)
    assert found.answers.within_hour == sum(seconds <= 3600 for seconds in took)
    assert found.answers.within_day == sum(seconds <= 86_400 for seconds in took)
    assert found.waiting.count == sum(each.is_open for each in real)

    still = [each for each in real if not each.is_open and each.resolved_at and each.resolved_at > until - WINDOW]
    ages = [epoch(until) - min(epoch(each.detected_at), epoch(NOW)) for each in real if each.is_open]
    spent = sum(answer_seconds(each) or 0 for each in still) + sum(ages)
    expected = spent / (len(still) + len(ages)) / 3600 if still or ages else None
    assert forecast(found.remaining, found.waiting, until) == (
        pytest.approx(expected) if expected is not None else None
    )


@given(alerts())
def test_partners_add_up(some: list[Alert]) -> None:
    both = standing(some, PARTNERS, NOW, NOW + HOUR)
    assert both.together == sum((of for _, of in both.partners), Tiles())
    one, other = (standing([a for a in some if a.partner == each], PARTNERS, NOW, NOW + HOUR) for each in PARTNERS)
    assert one.together + other.together == both.together == other.together + one.together
    assert both.together.answers - one.together.answers == other.together.answers


@given(alerts())
def test_what_leaves_and_what_remains_is_all(some: list[Alert]) -> None:
    found = tiles(*some, until=hour_of(NOW) + DAY)
    gone = sum((each.answers for each in found.leaving if each.at < hour_of(NOW) + DAY), NO_ANSWERS)
    assert found.remaining + gone == found.answers
    assert [each.at for each in found.leaving] == sorted({each.at for each in found.leaving})


@given(st.builds(answer, st.integers(0, 10**6)), st.integers(1, 50), st.integers(0, 10**6), st.integers(0, 10**5))
def test_waiting_longer_never_makes_it_better(answers: Answers, count: int, age: int, more: int) -> None:
    waiting = Waiting(count, count * epoch(NOW - timedelta(seconds=age)))
    soon, late = (forecast(answers, waiting, NOW + timedelta(seconds=seconds)) for seconds in (more, 2 * more))
    assert soon is not None
    assert late is not None
    assert soon <= late
    least, most = sorted((answers.seconds, age + more))
    assert least / 3600 - 1e-9 <= soon <= most / 3600 + 1e-9, "an average lies between what it is taken of"


@given(
    st.lists(st.tuples(st.integers(0, 6 * 24), st.integers(0, 200_000)), max_size=8),
    st.integers(1, 20),
    st.integers(0, 200_000),
)
def test_the_latest_moment_is_the_last_before_the_average_passes(
    leave: list[tuple[int, int]], count: int, age: int
) -> None:
    leaving = [Leaving(NOW + hours * HOUR, answer(seconds)) for hours, seconds in sorted(leave)]
    answers = sum((each.answers for each in leaving), NO_ANSWERS) + answer(7200)
    waiting = Waiting(count, count * epoch(NOW - timedelta(seconds=age)))

    def passes(at: datetime) -> bool:
        left = answers
        for each in leaving:
            if each.at <= at:
                left -= each.answers
        value = forecast(left, waiting, at)
        assert value is not None
        return value * 3600 > 86_400 + 1e-6

    latest = can_wait(answers, leaving, waiting, NOW)
    steps = [NOW + timedelta(minutes=minutes) for minutes in range(0, int(HORIZON.total_seconds() // 60), 60)]
    if latest is None:
        at_once = forecast(answers, waiting, NOW)
        assert at_once is not None
        assert at_once > 24 or not any(passes(step) for step in steps)
        return
    assert NOW <= latest <= NOW + HORIZON
    assert not any(passes(step) for step in steps if step < latest)
    assert passes(latest + timedelta(seconds=1)) or any(each.at == latest for each in leaving)
