"""The response clock: phases, and when a card is redrawn."""

from __future__ import annotations

import pytest

from bot.domain.deadline import REDRAW_AFTER, Phase, phase, redraws
from tests.factories import NOW, alert, minutes


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        (-5, Phase.FRESH),  # their clock is ahead of ours
        (0, Phase.FRESH),
        (29.99, Phase.FRESH),
        (30, Phase.HALF),
        (49.99, Phase.HALF),
        (50, Phase.CLOSE),
        (59.99, Phase.CLOSE),
        (60, Phase.OVER),
        (100_000, Phase.OVER),
    ],
)
def test_the_phase_by_the_minutes_gone(gone: float, expected: Phase) -> None:
    assert phase(alert(detected_at=NOW), NOW + minutes(gone)) is expected


@pytest.mark.parametrize(
    ("gone", "to_come"), [(-5, [30, 50, 60]), (0, [30, 50, 60]), (30, [50, 60]), (49, [50, 60]), (59, [60]), (60, [])]
)
def test_a_card_is_redrawn_at_the_phases_still_to_come(gone: float, to_come: list[float]) -> None:
    assert redraws(alert(detected_at=NOW), NOW + minutes(gone)) == tuple(NOW + minutes(each) for each in to_come)


def test_each_redraw_is_where_a_phase_begins() -> None:
    of = alert(detected_at=NOW)
    for after in REDRAW_AFTER:
        assert phase(of, NOW + after - minutes(0.01)) != phase(of, NOW + after)


def test_the_answer_is_due_an_hour_after_detection() -> None:
    assert alert(detected_at=NOW).respond_by == NOW + minutes(60)
