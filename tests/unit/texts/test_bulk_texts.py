"""What is said about marking many: true for one and for fifty, and no longer than somebody reads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.bulk import MOST, LeftOut, Why
from bot.texts import bulk as texts
from tests.factories_bulk import LABELS, RUN, intents
from tests.unit.texts.test_texts import MARKUP, PLACEHOLDER, constants, public


def test_no_sentence_is_markup() -> None:
    found = [text for value in public(texts).values() for text in constants(value)]
    assert len(found) > 15
    assert [text for text in found if MARKUP.search(PLACEHOLDER.sub("", text)) or text != text.strip()] == []


@pytest.mark.parametrize("why", Why)
def test_whatever_is_left_out_is_named_with_its_reason(why: Why) -> None:
    for of in ("Max", ""):
        said = texts.left_out(LeftOut("A-7", why, of))
        assert said.startswith("A-7 left out: ")
        assert "  " not in said
        assert "None" not in said
    assert "A-7" in texts.nothing_left([LeftOut("A-7", why, "Max")])


def test_the_line_at_the_end_counts_and_names_what_went_otherwise() -> None:
    line = texts.line(RUN, intents(done=42, failed=2, overtaken=2), LABELS)
    assert line == (
        "Ada Lindqvist marked 42 alerts as fraud. 2 failed: A-1086 and A-1087. "
        "4 left as they are: A-1088, A-1089, A-1042 and A-1043. "
        "Note: Mining pools in every subscription of that reseller."
    )
    alone = replace(RUN, left_out=(), note="", total=1)
    assert texts.line(alone, intents(done=1), LABELS) == "Ada Lindqvist marked 1 alert as fraud."
    assert "1 left as it is: A-1045." in texts.line(replace(alone, total=2), intents(done=1, overtaken=1), LABELS)


def test_of_many_the_first_are_named_and_the_rest_counted() -> None:
    many = [LeftOut(f"A-{number}", Why.DECIDED, "Max") for number in range(MOST)]
    assert texts.nothing_left(many).endswith("and 40 more.")
    assert len(texts.line(RUN, intents(failed=46), LABELS)) < 400
    assert texts.people([("Contoso", 3)]) == "Contoso"
    assert texts.people([(name, 1) for name in "abcde"]) == "a (1), b (1), c (1) and 2 more"


@pytest.mark.parametrize("count", [1, 2])
def test_one_and_two(count: int) -> None:
    run = replace(RUN, total=count, left_out=())
    assert texts.started(run).startswith("1 alert is" if count == 1 else "2 alerts are")
    assert texts.waiting(count).startswith("1 alert is" if count == 1 else "2 alerts are")
    assert texts.changed_meanwhile(count)
    assert texts.form_title(count, "active") == f"Mark {count} active alert{'s' if count > 1 else ''}"


def test_the_button_says_whether_these_are_all() -> None:
    assert texts.button(3, "investigating", "") == "Mark these 3 investigating…"
    assert texts.button(MOST, "active", "Northwind") == f"Mark the first {MOST} active of Northwind…"
