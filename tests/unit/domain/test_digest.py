"""When digests are due: in local time, across clock changes, late, and never twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.digest import (
    LATEST,
    Digest,
    DigestKind,
    Schedule,
    begins,
    last_at,
    minute_of,
    next_at,
    turn,
    weekday_of,
    zone_of,
    zones,
)

STOCKHOLM = Schedule("daily", "Europe/Stockholm", 8 * 60)
MONDAYS = replace(STOCKHOLM, kind="weekly", weekday=0)
ZONES = (
    *("UTC", "Europe/Stockholm", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"),
    *("Pacific/Apia", "Pacific/Kiritimati", "Africa/Casablanca", "America/Santiago"),
)
schedules = st.builds(
    Schedule,
    kind=st.sampled_from(list(DigestKind)),
    zone=st.sampled_from(ZONES),
    minute=st.integers(0, 24 * 60 - 1),
    weekday=st.integers(0, 6),
)
moments = st.datetimes(datetime(2005, 1, 1), datetime(2037, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001 hypothesis takes bounds without a zone


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def digest(schedule: Schedule = STOCKHOLM, **changes: object) -> Digest:
    made = Digest("channel", schedule, at("2026-03-02T07:00"), "ada", "Ada")
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("schedule", "after", "due"),
    [
        (STOCKHOLM, "2026-03-01T06:59", "2026-03-01T07:00"),
        (STOCKHOLM, "2026-03-01T07:00", "2026-03-02T07:00"),  # that one is over
        (STOCKHOLM, "2026-03-28T12:00", "2026-03-29T06:00"),  # the clocks were put forward in between
        (STOCKHOLM, "2026-10-24T12:00", "2026-10-25T07:00"),  # and back
        (MONDAYS, "2026-03-02T07:00", "2026-03-09T07:00"),
        (MONDAYS, "2026-03-01T12:00", "2026-03-02T07:00"),
        (replace(STOCKHOLM, minute=150), "2026-03-29T00:00", "2026-03-29T01:30"),  # 02:30 is skipped: it is 03:30
        (replace(STOCKHOLM, minute=150), "2026-10-24T22:00", "2026-10-25T00:30"),  # 02:30 comes twice: the first
        (replace(STOCKHOLM, minute=150), "2026-10-25T00:30", "2026-10-26T01:30"),  # and not the second
        (Schedule("daily", "Asia/Kolkata", 0), "2026-03-01T18:30", "2026-03-02T18:30"),
    ],
)
def test_examples_worked_by_hand(schedule: Schedule, after: str, due: str) -> None:
    assert next_at(schedule, at(after)) == at(due)


@given(schedule=schedules, now=moments)
def test_the_next_is_after_now_and_the_last_is_not_and_nothing_is_between(schedule: Schedule, now: datetime) -> None:
    before, after = last_at(schedule, now), next_at(schedule, now)
    assert before <= now < after
    assert next_at(schedule, before) == after
    assert last_at(schedule, after - timedelta(microseconds=1)) == before
    assert last_at(schedule, after) == after


@given(schedule=schedules, now=moments)
def test_it_comes_at_the_local_time_unless_that_day_skips_it(schedule: Schedule, now: datetime) -> None:
    zone = ZoneInfo(schedule.zone)
    due = next_at(schedule, now).astimezone(zone)
    wanted = (schedule.minute // 60, schedule.minute % 60)
    exists = due.replace(fold=0).utcoffset() == (due - timedelta(hours=4)).astimezone(UTC).astimezone(zone).utcoffset()
    if exists:
        assert (due.hour, due.minute) == wanted
        assert schedule.kind == DigestKind.DAILY or due.weekday() == schedule.weekday


@given(schedule=schedules, now=moments)
def test_the_distance_is_a_day_or_a_week_give_or_take_a_clock_change(schedule: Schedule, now: datetime) -> None:
    first = next_at(schedule, now)
    usual = timedelta(days=1 if schedule.kind == DigestKind.DAILY else 7)
    # Samoa once left out a whole day.
    assert abs(next_at(schedule, first) - first - usual) <= timedelta(hours=25 if "Apia" in schedule.zone else 2)


@given(schedule=schedules, set_at=moments, away=st.lists(st.integers(1, 20 * 24 * 60), min_size=1, max_size=12))
def test_whoever_looks_whenever_sends_each_once_none_too_late_and_never_two(
    schedule: Schedule, set_at: datetime, away: list[int]
) -> None:
    """`away`: minutes until the bot looks again."""
    kept, now, sent = digest(schedule, next_at=next_at(schedule, set_at)), set_at, list[datetime]()
    for minutes in away:
        now += timedelta(minutes=minutes)
        if kept.next_at > now:
            continue
        what = turn(kept, now)
        assert what.next_at > now
        if what.send is not None:
            assert timedelta(0) <= now - what.send <= LATEST
            assert begins(kept, what.send) < what.send
            sent.append(what.send)
        kept = replace(kept, next_at=what.next_at, last_at=what.send or kept.last_at)
    assert sent == sorted(set(sent))


def test_a_bot_that_was_down_sends_one_late_and_none_that_is_too_old() -> None:
    assert turn(digest(), at("2026-03-02T07:00")).send == at("2026-03-02T07:00")
    assert turn(digest(), at("2026-03-05T18:59")).send == at("2026-03-05T07:00")
    assert turn(digest(), at("2026-03-05T19:01")).send is None
    assert turn(digest(), at("2026-03-05T19:01")).next_at == at("2026-03-06T07:00")


def test_it_tells_from_the_last_that_was_sent_but_not_of_months() -> None:
    due = at("2026-03-05T07:00")
    assert begins(digest(), due) == at("2026-03-04T07:00")
    assert begins(digest(last_at=at("2026-03-04T07:00")), due) == at("2026-03-04T07:00")
    assert begins(digest(last_at=at("2026-03-02T07:00")), due) == at("2026-03-02T07:00")
    assert begins(digest(last_at=at("2025-03-02T07:00")), due) == due - timedelta(days=8)
    assert begins(digest(last_at=at("2026-03-04T12:00")), due) == at("2026-03-04T07:00")  # its time was changed


@pytest.mark.parametrize(
    ("text", "minute"),
    [("08:00", 480), ("8:00", 480), ("0800", 480), ("23.59", 1439), ("00:00", 0)]
    + [(text, None) for text in ("24:00", "8", "08:60", "morning", "", "٠٨:٠٠")],
)
def test_times(text: str, minute: int | None) -> None:
    assert minute_of(text) == minute


@pytest.mark.parametrize(
    ("text", "number"),
    [("monday", 0), ("Mon", 0), ("SUNDAY", 6), ("thurs", 3), ("t", None), ("mo", None), ("mondays", None), ("", None)],
)
def test_weekdays(text: str, number: int | None) -> None:
    assert weekday_of(text) == number


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Stockholm", "Europe/Stockholm"),
        ("europe/stockholm", "Europe/Stockholm"),
        ("stockholm", "Europe/Stockholm"),
        ("New York", "America/New_York"),
        ("utc", "UTC"),
        ("../etc/passwd", ""),
        ("Mars/Olympus", ""),
        ("", ""),
    ],
)
def test_zones(text: str, zone: str) -> None:
    assert zone_of(text, zones()) == zone


def test_a_schedule_says_its_time() -> None:
    assert STOCKHOLM.clock == "08:00"
