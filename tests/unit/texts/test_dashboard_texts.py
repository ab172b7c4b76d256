"""What the dashboard says: each sentence in each case, no name left over, nothing that reads as markup."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.domain.response_clock import Answers, DayAnswers, Leaving, Tiles, Waiting, answer, epoch
from bot.texts import dashboard as texts
from tests.factories import NOW
from tests.unit.texts.test_texts import MARKUP, own_names

BOT = Path(__file__).resolve().parents[3] / "bot"
UNTIL = NOW.replace(hour=18, minute=0, second=0)


def tiles(*hours: float, waiting: int = 0, age: float = 1) -> Tiles:
    answers = sum((answer(round(each * 3600)) for each in hours), Answers())
    days = (DayAnswers(date(2026, 2, 28), answers),) if hours else ()
    since = epoch(NOW - timedelta(hours=age))
    return Tiles(waiting=Waiting(waiting, waiting * since), days=days, remaining=answers)


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (tiles(), (texts.NOTHING_ANSWERED,)),
        (tiles(0.5), ("1 alert was answered, after 30 min on average: within the hour that Microsoft recommends.",)),
        (
            tiles(2, 3, waiting=3, age=20),
            (
                (
                    "2 alerts were answered, after 2.5 h on average: within the 24 h that Microsoft requires, "
                    "not within the hour that it recommends."
                ),
                "If these 3 stay open until 18:00 UTC, the average will be 16.3 h.",
                "The average passes 24 h if these 3 stay open beyond 02 Mar 2026, 06:50 UTC.",
            ),
        ),
        (
            tiles(30, waiting=1, age=40),
            (
                "1 alert was answered, after 30.0 h on average: longer than the 24 h that Microsoft requires.",
                "If this one stays open until 18:00 UTC, the average will be 37.7 h.",
                "Even if it is answered now, the average will be 35.0 h, longer than 24 h.",
            ),
        ),
        (
            tiles(*[0.1] * 200, waiting=1),
            (
                "200 alerts were answered, after 6 min on average: within the hour that Microsoft recommends.",
                "If this one stays open until 18:00 UTC, the average will be 8 min.",
                "Within the next 7 days the average does not pass 24 h, even with none of them answered.",
            ),
        ),
    ],
)
def test_the_clock_in_sentences(of: Tiles, said: tuple[str, ...]) -> None:
    assert texts.clock_lines(of, NOW, UNTIL) == said


def test_the_first_forecast_without_any_answer_is_of_those_who_wait() -> None:
    lines = texts.clock_lines(tiles(waiting=2, age=2), NOW, UNTIL)
    assert lines[1] == "If these 2 stay open until 18:00 UTC, the average will be 7.5 h."


def test_when_the_window_moves_the_moment_is_named() -> None:
    of = tiles(waiting=1, age=30)
    of = Tiles(
        waiting=of.waiting,
        days=(DayAnswers(date(2026, 2, 28), Answers(9, 0, 9, 9)),),
        leaving=(Leaving(NOW + timedelta(hours=2), Answers(9, 0, 9, 9)),),
    )
    assert "beyond 14:30 UTC" in texts.waiting_line(of, NOW)


def test_microsofts_figure_beside_ours() -> None:
    assert "26.4 h, refreshed 01 Mar 2026, 12:30 UTC; 1.1 h more than ours." in texts.microsofts(26.42, 25.3, NOW)
    assert "; 24.0 h less than ours." in texts.microsofts(2, 26, None)
    assert "; the same as ours." in texts.microsofts(2.01, 2, None)
    assert "ours" not in texts.microsofts(2, None, None)


def test_no_sentence_is_left_over_or_markup() -> None:
    code = "".join(path.read_text() for path in BOT.rglob("*.py") if "sandbox" not in path.parts)
    own = (BOT / "texts" / "dashboard.py").read_text()
    for name in own_names(texts):
        if not name.startswith("_"):
            assert f"texts.{name}" in code or len(re.findall(rf"\b{name}\b", own)) > 1, name
        value = getattr(texts, name)
        if isinstance(value, str):
            assert not MARKUP.search(value.replace("<name>", "")), name
