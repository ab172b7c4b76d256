"""What was decided on a subscription before: the facts of one sentence on an alert's card. Pure.

It reminds, and decides nothing: no alert is hidden, marked or ranked by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alerts import Alert, Note

MOST = 25
"""Earlier alerts that are looked at, the newest; where there are so many, there may be more."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An alert that was decided on the same subscription, first detected before the one that is looked at. No test."""

    number: int
    name: str
    alert_type: str
    detected_at: datetime
    verdict: str
    by_name: str
    at: datetime

    @property
    def label(self) -> str:
        return f"A-{self.number}"


@dataclass(frozen=True, slots=True)
class Background:
    """What stands in the store beside an alert: its latest note, and what was decided on its subscription before, the
    newest first."""

    note: Note | None = None
    history: tuple[Earlier, ...] = ()


NO_BACKGROUND = Background()


@dataclass(frozen=True, slots=True)
class Count:
    """So often this verdict; `by_name` where it was the same person each time, else empty."""

    verdict: str
    times: int
    by_name: str


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Those of the same alert type, or (not `same_type`) the others where there are none of it.

    `times` counts the earlier ones; `at_least`: there may be more. `counts` has the most frequent verdict first, and of
    two the later one. `last` is the latest decision, `before` how long that was before this alert was detected; it is
    negative where it came afterwards.
    """

    same_type: bool
    times: int
    at_least: bool
    counts: tuple[Count, ...]
    last: Earlier
    before: timedelta


def recurrence(alert: Alert, history: Iterable[Earlier]) -> Recurrence | None:
    """None where nothing was decided before."""
    known = sorted(history, key=lambda each: (each.at, each.number), reverse=True)
    alike = [each for each in known if each.alert_type.lower() == alert.alert_type.lower()]
    counted = alike or known
    if not counted:
        return None
    frequent = Counter(each.verdict.lower() for each in counted).most_common()  # of equal ones the later comes first
    return Recurrence(
        same_type=bool(alike),
        times=len(counted),
        at_least=len(known) >= MOST,
        counts=tuple(Count(verdict, times, _same_person(counted, verdict)) for verdict, times in frequent),
        last=counted[0],
        before=alert.detected_at - counted[0].at,
    )


def _same_person(earlier: Iterable[Earlier], verdict: str) -> str:
    names = {each.by_name for each in earlier if each.verdict.lower() == verdict}
    return names.pop() if len(names) == 1 else ""
