"""Sentences about assigned and snoozed alerts and about what came before, read as a person would."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.alerts import AlertRecord, Note, Work
from bot.domain.recurrence import Count, Earlier, Recurrence
from bot.domain.snoozes import CHOICES
from bot.texts import working as texts
from tests.factories import NOW, alert, record

DAY = timedelta(days=1)


def before(*counts: Count, ago: timedelta = 4 * DAY, **changes: Any) -> Recurrence:
    last = Earlier(7, "Mining", "t", NOW - ago, "fraud", "Ada", NOW - ago)
    values: dict[str, Any] = {"same_type": True, "times": sum(count.times for count in counts), "at_least": False}
    return Recurrence(counts=counts, last=last, before=ago, **(values | changes))


def a_record(severity: str = "low", **work: Any) -> AlertRecord:
    return record(alert(severity=severity), work=Work(**work))


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (
            before(Count("legitimate", 2, "Ada Lindqvist")),
            (
                "Third time on this subscription: twice legitimate by Ada Lindqvist, "
                "last 4 days before (25 Feb 2026, 12:30 UTC)."
            ),
        ),
        (
            before(Count("fraud", 1, ""), Count("ignore", 1, "Max"), ago=DAY),
            (
                "Third time on this subscription: once fraud, once ignored by Max, "
                "last 1 day before (28 Feb 2026, 12:30 UTC)."
            ),
        ),
        (
            before(Count("", 12, ""), ago=timedelta(hours=3)),
            "13th time on this subscription: 12 times resolved, last 3 hours before (01 Mar 2026, 09:30 UTC).",
        ),
        (
            before(Count("fraud", 25, "Ada"), ago=timedelta(seconds=5), at_least=True),
            (
                "At least the 26th time on this subscription: 25 times fraud by Ada, "
                "last just before (01 Mar 2026, 12:30 UTC)."
            ),
        ),
        (
            before(Count("fraud", 1, "Ada"), ago=timedelta(minutes=-7)),
            "Second time on this subscription: once fraud by Ada, last 01 Mar 2026, 12:37 UTC.",
        ),
        (
            before(Count("fraud", 1, "Ada"), same_type=False),
            (
                "Another alert on this subscription before, of another type: once fraud by Ada, "
                "last 4 days before (25 Feb 2026, 12:30 UTC)."
            ),
        ),
        (
            before(Count("legitimate", 6, ""), same_type=False, at_least=True, ago=timedelta(minutes=61)),
            (
                "More than 6 other alerts on this subscription before, of another type: 6 times legitimate, "
                "last 1 hour before (01 Mar 2026, 11:29 UTC)."
            ),
        ),
    ],
)
def test_what_came_before(of: Recurrence, said: str) -> None:
    assert texts.recurring(of) == said


@pytest.mark.parametrize(("times", "word"), [(20, "21st"), (21, "22nd"), (22, "23rd"), (10, "11th"), (11, "12th")])
def test_ordinals(times: int, word: str) -> None:
    assert texts.recurring(before(Count("fraud", times, ""))).startswith(f"{word} time")


def test_a_snooze_says_until_when_and_that_high_severity_escalates() -> None:
    asleep = {"snoozed_until": NOW + timedelta(hours=2), "snoozed_by": "Max"}
    assert texts.snoozed(a_record(**asleep), NOW) == "Snoozed until 14:30 UTC by Max."
    high = texts.snoozed(a_record("high", **asleep), NOW)
    assert high == "Snoozed until 14:30 UTC by Max. High severity: it still escalates."
    assert texts.snoozed(a_record(), NOW) == ""
    line = texts.snoozed_line(a_record("High"), "Max", NOW + DAY, NOW)
    assert line == "Max snoozed A-1042 until 02 Mar 2026, 12:30 UTC. High severity: it still escalates."
    assert texts.snoozed_line(a_record(), "Max", None, NOW) == "Max ended the snooze of A-1042."


def test_who_assigned_what_to_whom() -> None:
    assert texts.assigned_line("A-7", "Ada", "Ada", to_self=True) == "Ada takes care of A-7."
    assert texts.assigned_line("A-7", "Ada", "Max", to_self=False) == "Ada assigned A-7 to Max."
    assert "nobody is assigned" in texts.assigned_line("A-7", "Ada", "", to_self=False)


def test_a_long_note_is_cut_on_the_card() -> None:
    said = texts.last_note(Note(NOW, "ada", "Ada", "x" * 500))
    assert said.startswith("Note by Ada, 01 Mar 2026, 12:30 UTC: xxx")
    assert said.endswith("\u2026")
    assert len(said) < 220


def test_every_length_that_is_offered_has_a_name() -> None:
    assert set(texts.LENGTHS) == set(CHOICES)
