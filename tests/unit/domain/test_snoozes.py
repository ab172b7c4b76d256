"""How long an alert may wait: what people write, and that it always ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts import Work
from bot.domain.snoozes import CHOICES, LONGEST, SHORTEST, ends_at, is_off, rises, woken
from tests.factories import NOW, alert

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("words", "minutes"),
    [
        ("30m", 30),
        ("30 min", 30),
        ("45 minutes", 45),
        ("1h", 60),
        ("2 hours", 120),
        ("for 2 hrs", 120),
        ("24h", 1440),
        ("1440m", 1440),
        (" 1M. ", 1),
    ],
)
def test_a_length(words: str, minutes: int) -> None:
    assert ends_at(words, NOW) == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("words", "day", "hour", "minute"),
    [
        ("until 18:00", 1, 18, 0),
        ("till 18.05 UTC", 1, 18, 5),
        ("until 12:32", 1, 12, 32),
        ("until 12:31", 2, 12, 31),  # not a minute from 12:30:15
        ("until 12:30", 2, 12, 30),
        ("until 6:15", 2, 6, 15),
        ("to 00:00z", 2, 0, 0),
    ],
)
def test_a_time_of_day_is_the_next_one(words: str, day: int, hour: int, minute: int) -> None:
    assert ends_at(words, NOW) == datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    "words",
    ["", "soon", "25h", "1441m", "0m", "0h", "until 24:00", "until 12:60", "until noon", "2d", "-1h", "2h30", "99999h"],
)
def test_anything_else_is_no_time(words: str) -> None:
    assert ends_at(words, NOW) is None


def test_what_the_form_offers_can_be_read() -> None:
    assert all(ends_at(choice, NOW) for choice in CHOICES)


def test_off_is_no_time_but_a_word() -> None:
    assert is_off(" Off. ")
    assert not is_off("2h")
    assert ends_at("off", NOW) is None


@given(
    st.one_of(
        st.text(max_size=12),
        st.integers(0, 99_999).map("{}m".format),
        st.integers(0, 999).map("{}h".format),
        st.tuples(st.integers(0, 30), st.integers(0, 70)).map(lambda at: f"until {at[0]}:{at[1]:02}"),
    ),
    MOMENTS,
)
def test_a_snooze_always_ends_within_a_day(words: str, now: datetime) -> None:
    end = ends_at(words, now)
    assert end is None or SHORTEST <= end - now <= LONGEST


def test_waking_leaves_whose_it_is() -> None:
    work = Work("ada", "Ada", NOW + timedelta(hours=1), "Max", "Ada")
    assert work.sleeps(NOW)
    assert woken(work) == Work("ada", "Ada", None, "", "Ada")
    assert not woken(work).sleeps(NOW)
    assert not work.sleeps(NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        ("low", "high", True),
        ("informational", "low", True),
        ("low", "catastrophic", True),  # unknown: as medium
        ("medium", "catastrophic", False),
        ("high", "medium", False),
        ("medium", "Medium", False),
    ],
)
def test_what_counts_as_worse(before: str, after: str, worse: bool) -> None:
    assert rises(alert(severity=before), alert(severity=after)) is worse
