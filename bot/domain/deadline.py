"""The response clock of one alert: when it should be answered, and when its card is redrawn."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.alerts import Alert

REDRAW_AFTER = (timedelta(minutes=30), timedelta(minutes=50), timedelta(minutes=60))
"""Times on cards are absolute, so a card changes only when its phase does."""


class Phase(StrEnum):
    FRESH = "fresh"
    HALF = "half"  # 30 minutes gone
    CLOSE = "close"  # 50 minutes gone
    OVER = "over"  # the hour is over


def phase(alert: Alert, now: datetime) -> Phase:
    gone = now - alert.detected_at
    if gone >= REDRAW_AFTER[2]:
        return Phase.OVER
    if gone >= REDRAW_AFTER[1]:
        return Phase.CLOSE
    return Phase.HALF if gone >= REDRAW_AFTER[0] else Phase.FRESH


def redraws(alert: Alert, now: datetime) -> tuple[datetime, ...]:
    """The moments still to come at which an open alert's card must be drawn again."""
    return tuple(alert.detected_at + after for after in REDRAW_AFTER if alert.detected_at + after > now)
