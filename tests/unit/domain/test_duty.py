"""The duty roster: turns by week, weeks that differ, and that nobody's turn is moved by those who come or go."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.duty import NO_DUTY, Duty, Member, Week, is_zone, read_week

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday of week 48
THIS = Week(2026, 48)
ADA, BEN, CAM, DAN = (Member(name.lower(), f"29:{name}", name) for name in ("Ada", "Ben", "Cam", "Dan"))

people = st.lists(st.integers(0, 30), unique=True, max_size=8).map(
    lambda numbers: tuple(Member(f"id-{each}", f"29:{each}", f"Person {each}") for each in numbers)
)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
spans = st.integers(-150, 150)


def of(*rotation: Member, **changes: object) -> Duty:
    return Duty(rotation=rotation, anchor=THIS, **changes)  # type: ignore[arg-type]


def test_turns_go_round_by_the_week() -> None:
    roster = of(ADA, BEN, CAM)
    assert [roster.of_week(THIS.plus(ahead))[0].name for ahead in range(5)] == ["Ada", "Ben", "Cam", "Ada", "Ben"]
    assert roster.of_week(THIS.plus(-1)) == (CAM,)
    assert NO_DUTY.on_duty(NOW) == ()


def test_an_exception_stands_before_the_rotation_and_ends_with_its_week() -> None:
    roster = of(ADA, BEN).standing_in(THIS.plus(1), (CAM, DAN), NOW)
    assert roster.of_week(THIS.plus(1)) == (CAM, DAN)
    assert roster.of_week(THIS.plus(2)) == (ADA,)
    assert roster.standing_in(THIS.plus(1), (), NOW).of_week(THIS.plus(1)) == (BEN,)
    later = roster.adding((DAN,), NOW + timedelta(weeks=3))
    assert later.exceptions == {}, "what is past is forgotten"


def test_whoever_leaves_is_out_of_everything() -> None:
    roster = (
        of(ADA, BEN).managed_by((ADA, DAN)).standing_in(THIS, (ADA,), NOW).standing_in(THIS.plus(1), (ADA, DAN), NOW)
    )
    left = roster.without([ADA.id], NOW)
    assert left.rotation == (BEN,)
    assert left.managers == (DAN,)
    assert left.exceptions == {THIS.plus(1): (DAN,)}
    assert left.on_duty(NOW) == (BEN,)
    assert [each.name for each in left.people] == ["Ben", "Dan"]


def test_a_person_named_anew_keeps_the_place_and_gets_the_new_name() -> None:
    renamed = Member(ADA.id, ADA.mri, "Ada L.")
    assert of(ADA, BEN).adding((renamed, CAM), NOW).rotation == (renamed, BEN, CAM)
    assert of().managed_by((ADA,)).managed_by((renamed, BEN)).managers == (renamed, BEN)


@given(people, people, moments)
def test_who_joins_changes_nobodys_turn_until_the_round_is_over(
    rotation: tuple[Member, ...], new: tuple[Member, ...], at: datetime
) -> None:
    before = Duty(rotation=rotation, anchor=Week(2025, 10))
    after = before.adding(new, at)
    week = before.week(at)
    for ahead in range(len(rotation)):
        assert [each.id for each in after.of_week(week.plus(ahead))] == [
            each.id for each in before.of_week(week.plus(ahead))
        ]
    assert {each.id for each in after.rotation} == {each.id for each in (*rotation, *new)}
    assert len(after.rotation) == len({each.id for each in after.rotation})


@given(people, moments, st.integers(0, 7))
def test_who_leaves_changes_nobody_elses_next_turn_but_to_an_earlier_one(
    rotation: tuple[Member, ...], at: datetime, which: int
) -> None:
    before = Duty(rotation=rotation, anchor=Week(2025, 10))
    gone = [rotation[which % len(rotation)].id] if rotation else []
    after = before.without(gone, at)
    week = before.week(at)
    upcoming = [before.of_week(week.plus(ahead))[0].id for ahead in range(len(rotation))]
    expected = [each for each in upcoming if each not in gone]
    assert [after.of_week(week.plus(ahead))[0].id for ahead in range(len(expected))] == expected


@given(moments, spans)
def test_weeks_count_without_gaps(at: datetime, weeks: int) -> None:
    week = Week.at(at, "UTC")
    assert week.plus(weeks).since(week) == weeks
    assert week.monday <= at.date() < week.plus(1).monday
    assert (week.plus(weeks) > week) is (weeks > 0)


def test_a_week_begins_on_monday_in_the_conversations_zone() -> None:
    sunday_evening = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)
    assert Week.at(sunday_evening, "UTC") == THIS
    assert Week.at(sunday_evening, "Europe/Stockholm") == THIS.plus(1)
    assert Week.at(sunday_evening, "America/New_York") == THIS
    assert of(ADA, BEN, zone="Europe/Stockholm").on_duty(sunday_evening) == (BEN,)


def test_the_53rd_week_of_a_long_year_counts() -> None:
    assert Week.on(date(2026, 12, 31)) == Week(2026, 53)
    assert Week(2026, 53).plus(1) == Week(2027, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-W48", THIS),
        ("2026w49", THIS.plus(1)),
        ("W49", THIS.plus(1)),
        ("48", THIS),
        ("3", Week(2027, 3)),
        ("this", THIS),
        ("NEXT", THIS.plus(1)),
        ("2026-W53", Week(2026, 53)),
        ("2027-W53", None),
        ("2026-W47", None),
        ("2028-W10", None),
        ("w0", None),
        ("99", None),
        ("soon", None),
        ("", None),
    ],
)
def test_weeks_as_people_write_them(text: str, expected: Week | None) -> None:
    assert read_week(text, THIS) == expected


@given(st.text(max_size=12))
def test_any_text_is_a_week_ahead_or_none(text: str) -> None:
    week = read_week(text, THIS)
    assert week is None or 0 <= week.since(THIS) <= 52


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Europe/Stockholm", True),
        ("UTC", True),
        ("Europe", False),
        ("", False),
        ("../etc/passwd", False),
        ("Mars/Olympus", False),
        ("/etc/localtime", False),
    ],
)
def test_zones(name: str, known: bool) -> None:
    assert is_zone(name) is known
