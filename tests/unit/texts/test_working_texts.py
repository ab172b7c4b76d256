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
                "the last one 4 days earlier (25 Feb 2026, 12:30 UTC)."
            ),
        ),
        (
            before(Count("fraud", 1, ""), Count("ignore", 1, "Max"), ago=DAY),
            (
                "Third time on this subscription: once fraud, once ignored by Max, "
                "the last one 1 day earlier (28 Feb 2026, 12:30 UTC)."
            ),
        ),
        (
            before(Count("", 12, ""), ago=timedelta(hours=3)),
            (
                "12 earlier alerts of this type on this subscription: 12 times resolved, "
                "the last one 3 hours earlier (01 Mar 2026, 09:30 UTC)."
            ),
        ),
        (
            before(Count("fraud", 25, "Ada"), ago=timedelta(seconds=5), at_least=True),
            (
                "At least 25 earlier alerts of this type on this subscription: 25 times fraud by Ada, "
                "the last one just before (01 Mar 2026, 12:30 UTC)."
            ),
        ),
        (
            before(Count("fraud", 1, "Ada"), ago=timedelta(minutes=-7)),
            "Second time on this subscription: once fraud by Ada, the last one 01 Mar 2026, 12:37 UTC.",
        ),
        (
            before(Count("fraud", 1, "Ada"), same_type=False),
            (
                "1 earlier alert on this subscription, of another type: once fraud by Ada, "
                "the last one 4 days earlier (25 Feb 2026, 12:30 UTC)."
            ),
        ),
        (
            before(Count("legitimate", 6, ""), same_type=False, at_least=True, ago=timedelta(minutes=61)),
            (
                "At least 6 earlier alerts on this subscription, of other types: 6 times legitimate, "
                "the last one 1 hour earlier (01 Mar 2026, 11:29 UTC)."
            ),
        ),
    ],
)
def test_what_came_before(of: Recurrence, said: str) -> None:
    assert texts.recurring(of) == said


@pytest.mark.parametrize(
    ("times", "at_least", "words"),
    [
        (9, False, "Tenth time on this subscription"),
        (10, False, "10 earlier alerts of this type on this subscription"),
        (2, True, "At least 2 earlier alerts of this type on this subscription"),
    ],
)
def test_an_ordinal_is_a_word_and_else_alerts_are_counted(times: int, at_least: bool, words: str) -> None:
    """What a translator can say: only English makes ordinals of figures by two letters behind them."""
    assert texts.recurring(before(Count("fraud", times, ""), at_least=at_least)).startswith(f"{words}: ")


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
