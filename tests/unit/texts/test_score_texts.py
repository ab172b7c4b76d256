"""What is said about scores and drills: no markup, true for none, one and many."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import ModuleType

import pytest

from bot.domain.drills import Drill
from bot.domain.scores import Requirement
from bot.texts import drills, scores
from tests.factories import ADA, CHANNEL, NORTHWIND, NOW, minutes
from tests.factories_drills import DECIDED, GIVEN_UP, OPEN
from tests.fake_scores import REQUIREMENTS, customer, score
from tests.unit.texts.test_texts import MARKUP, PLACEHOLDER, constants, public

DRILL = Drill("drill-1", NORTHWIND, CHANNEL, "high", ADA.aad_id, "Ada", NOW)


@pytest.mark.parametrize("module", [scores, drills])
def test_no_sentence_is_markup(module: ModuleType) -> None:
    found = [text for value in public(module).values() for text in constants(value)]
    assert len(found) > 5
    assert [text for text in found if MARKUP.search(PLACEHOLDER.sub("", text)) or text != text.strip()] == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (190, "3 min 10 s"),
        (3600, "1 h"),
        (3720, "1 h 2 min"),
        (3659, "1 h"),
    ],
)
def test_spans_are_read_at_a_glance(seconds: float, said: str) -> None:
    assert drills.span(timedelta(seconds=seconds)) == said


def test_each_end_of_a_drill() -> None:
    late = drills.report(DECIDED, "A-1")
    assert "taken up after 3 min by Max Manager (within the 15 min to aim at)" in late
    assert "decided after 1 h 7 min as fraud by Ada (later than the 1 h to aim at)" in late
    assert "nobody decided on it within 1 h" in drills.report(GIVEN_UP, "A-1")
    assert "never recorded" in drills.report(replace(DRILL, reported_at=NOW), "")
    taken = replace(GIVEN_UP, acknowledged_at=NOW + minutes(20))
    assert "taken up after 20 min by somebody (later than the 15 min to aim at)" in drills.report(taken, "A-1")


def test_each_row_of_the_list() -> None:
    assert "Still open. Recorded after 12 s" in drills.row(OPEN, "A-1", "")
    assert "not taken up yet, not decided yet" in drills.row(OPEN, "A-1", "")
    assert "Not answered." in drills.row(GIVEN_UP, "A-1", "Northwind")
    assert "to aim at" not in drills.row(DECIDED, "A-1", "")
    assert ", ," not in drills.row(DRILL, "", "")


@pytest.mark.parametrize("of", [*REQUIREMENTS, Requirement("", "", "", 0, 0)])
def test_every_requirement_can_be_said(of: Requirement) -> None:
    assert scores.requirement(of)
    assert "None" not in scores.met(of)
    assert bool(scores.what_to_do(of)) is (of.met is False)


def test_counts_of_none_one_and_many() -> None:
    assert scores.missed(score()) == "1 requirement missed"
    assert scores.missed(score(requirements=())) == scores.NO_REQUIREMENTS
    assert scores.missed(score(requirements=REQUIREMENTS[:1])) == "Every requirement that counts is met"
    assert scores.missed(score(requirements=REQUIREMENTS[1:2] * 2)) == "2 requirements missed"
    assert scores.lacking(customer(1, total=1_050)) == "1,018 of 1,050 users have none"
    assert scores.lacking(customer(1, admins=0, users=None)) == "no administrator has it"
    assert scores.standing(score(maximum=None)) == "25"
    assert scores.refreshed(None) == "Microsoft does not say when it was refreshed."
