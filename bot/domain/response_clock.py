"""The response clock of a partner: how fast its alerts were answered, and what waiting does to the average. Pure.

Ours runs from an alert's detection to its resolution, over what was resolved in the last 30 x 24 hours; test alerts and
drills are left out. Microsoft publishes its own average and not how it is computed: docs/response-clock.md.

Everything is counted in whole seconds (a begun one counts), so that figures of partners and days add up exactly, and
the database finds the same. A clock that would run backwards stands at 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from bot.domain.alerts import RESPONSE_TARGET, Alert, severity_rank
from bot.domain.storms import Count

WINDOW = timedelta(days=30)
NEWS = timedelta(days=7)
REQUIRED = timedelta(hours=24)
"""The average that Microsoft demands of its partners since October 2025.
https://learn.microsoft.com/partner-center/security-requirements"""
HORIZON = timedelta(days=7)
"""How far ahead it is looked for the moment at which the average passes what is required."""

TYPES_NAMED, SEVERITIES_NAMED = 12, 12
"""The others are counted together."""

K = TypeVar("K", date, datetime)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_HOUR, _DAY = RESPONSE_TARGET // _SECOND, REQUIRED // _SECOND


def answer_seconds(alert: Alert) -> int | None:
    """From detection to resolution; None while the clock runs, and for a test alert, which has none."""
    if alert.is_open or alert.is_test or alert.resolved_at is None:
        return None
    return seconds_between(alert.detected_at, alert.resolved_at)


def seconds_between(detected_at: datetime, resolved_at: datetime) -> int:
    return max(0, -((detected_at - resolved_at) // _SECOND))


def epoch(moment: datetime) -> int:
    """Whole seconds since 1970."""
    return (moment - _EPOCH) // _SECOND


def moment(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Answers:
    """Answered alerts, and how long that took together."""

    count: int = 0
    seconds: int = 0
    within_hour: int = 0
    within_day: int = 0

    def __add__(self, other: Answers) -> Answers:
        return Answers(
            self.count + other.count,
            self.seconds + other.seconds,
            self.within_hour + other.within_hour,
            self.within_day + other.within_day,
        )

    def __sub__(self, other: Answers) -> Answers:
        """What is left when `other`, a part of these, is taken away."""
        return Answers(
            self.count - other.count,
            self.seconds - other.seconds,
            self.within_hour - other.within_hour,
            self.within_day - other.within_day,
        )

    @property
    def average_hours(self) -> float | None:
        return self.seconds / self.count / 3600 if self.count else None

    def meets(self, limit: timedelta) -> bool | None:
        """Whether the average is within the limit; None where nothing was answered."""
        return self.seconds <= self.count * (limit // _SECOND) if self.count else None


NO_ANSWERS = Answers()


def answer(seconds: int) -> Answers:
    """One answer that took so long."""
    return Answers(1, seconds, int(seconds <= _HOUR), int(seconds <= _DAY))


@dataclass(frozen=True, slots=True)
class Waiting:
    """Unanswered alerts, and the sum of their moments of detection in seconds since 1970. One that was detected later
    than the moment of counting, by another clock, counts as detected then."""

    count: int = 0
    detected: int = 0

    def __add__(self, other: Waiting) -> Waiting:
        return Waiting(self.count + other.count, self.detected + other.detected)

    def seconds(self, at: datetime) -> int:
        """How long they have waited by then, together."""
        return self.count * epoch(at) - self.detected


NOBODY_WAITS = Waiting()


@dataclass(frozen=True, slots=True)
class DayAnswers:
    """What was answered on a day of UTC."""

    day: date
    answers: Answers


@dataclass(frozen=True, slots=True)
class Leaving:
    """Answers that the window leaves behind in the hour that begins then."""

    at: datetime
    answers: Answers


@dataclass(frozen=True, slots=True)
class Tiles:
    """What the tiles of one partner, or of several together, count.

    `days` are those of the window that have answers, oldest first; `remaining` is what the window still holds at the
    moment of the forecast; `leaving` what it leaves behind within HORIZON, by the hour, soonest first.
    """

    new: int = 0  # detected in the last 7 days
    reasoned: int = 0  # resolved with a reason, in the window
    waiting: Waiting = NOBODY_WAITS
    days: tuple[DayAnswers, ...] = ()
    remaining: Answers = NO_ANSWERS
    leaving: tuple[Leaving, ...] = ()

    def __add__(self, other: Tiles) -> Tiles:
        return Tiles(
            self.new + other.new,
            self.reasoned + other.reasoned,
            self.waiting + other.waiting,
            tuple(DayAnswers(*each) for each in _merged((it.day, it.answers) for it in (*self.days, *other.days))),
            self.remaining + other.remaining,
            tuple(Leaving(*each) for each in _merged((it.at, it.answers) for it in (*self.leaving, *other.leaving))),
        )

    @property
    def answers(self) -> Answers:
        return sum((it.answers for it in self.days), NO_ANSWERS)


NOTHING = Tiles()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where partners stand at `now`, with a forecast for `until`. `partners` has those of each by tenant id.
    Of what is unresolved, `severities` the worst first, and `types` the most frequent first, at most TYPES_NAMED."""

    now: datetime
    until: datetime
    partners: tuple[tuple[str, Tiles], ...]
    severities: tuple[Count, ...] = ()
    types: tuple[Count, ...] = ()

    @property
    def together(self) -> Tiles:
        return sum((tiles for _, tiles in self.partners), NOTHING)

    @property
    def other_severities(self) -> int:
        """Unresolved alerts of severities that are not named."""
        return self.together.waiting.count - sum(share.count for share in self.severities)

    @property
    def other_types(self) -> int:
        return self.together.waiting.count - sum(share.count for share in self.types)


def standing(alerts: Sequence[Alert], partners: Sequence[str], now: datetime, until: datetime) -> Standing:
    """The definition of every figure. The store counts the same, which a contract test holds it to."""
    real = [alert for alert in alerts if not alert.is_test]
    unresolved = [alert for alert in real if alert.partner in partners and alert.is_open]
    severities = Counter((-severity_rank(alert.severity), alert.severity.lower()) for alert in unresolved)
    types = Counter(alert.alert_type for alert in unresolved)
    return Standing(
        now,
        until,
        tuple((partner, _tiles([it for it in real if it.partner == partner], now, until)) for partner in partners),
        tuple(Count(name, many) for (_, name), many in sorted(severities.items()))[:SEVERITIES_NAMED],
        tuple(Count(*each) for each in sorted(types.items(), key=lambda it: (-it[1], it[0])))[:TYPES_NAMED],
    )


def _tiles(alerts: Sequence[Alert], now: datetime, until: datetime) -> Tiles:
    answered = [
        (alert.resolved_at, answer(seconds), bool(alert.resolved_reason))
        for alert in alerts
        if (seconds := answer_seconds(alert)) is not None and alert.resolved_at and alert.resolved_at > now - WINDOW
    ]
    soon = [(at, it) for at, it, _ in answered if hour_of(at) <= now - WINDOW + HORIZON]
    unresolved = [min(epoch(alert.detected_at), epoch(now)) for alert in alerts if alert.is_open]
    return Tiles(
        new=sum(alert.detected_at > now - NEWS for alert in alerts),
        reasoned=sum(reasoned for _, _, reasoned in answered),
        waiting=Waiting(len(unresolved), sum(unresolved)),
        days=tuple(DayAnswers(*each) for each in _merged((at.astimezone(UTC).date(), it) for at, it, _ in answered)),
        remaining=sum((it for at, it, _ in answered if at > until - WINDOW), NO_ANSWERS),
        leaving=tuple(Leaving(*each) for each in _merged((hour_of(at) + WINDOW, it) for at, it in soon)),
    )


def forecast(remaining: Answers, waiting: Waiting, at: datetime) -> float | None:
    """The average in hours, if those who wait all stay open until `at` and are answered then. `remaining` is what the
    window, which has moved on, still holds by then. None where there is nothing to take an average of."""
    count = remaining.count + waiting.count
    return (remaining.seconds + waiting.seconds(at)) / count / 3600 if count else None


def can_wait(answers: Answers, leaving: Iterable[Leaving], waiting: Waiting, now: datetime) -> datetime | None:
    """The latest moment, to the second, until which those who wait can all stay open before the average passes what
    Microsoft requires. None where it would pass at once, does not within HORIZON, or nobody waits.

    Between two hours at which the window leaves answers behind the average only grows, evenly, and is solved for.
    """
    if not waiting.count:
        return None
    begin, end = epoch(now), epoch(now + HORIZON)
    if _latest(answers, waiting) < begin:
        return None
    for change in [*leaving, Leaving(moment(end), NO_ANSWERS)]:
        stop = min(max(epoch(change.at), begin), end)
        latest = _latest(answers, waiting)
        if latest < stop:
            return moment(max(latest, begin))
        begin, answers = stop, answers - change.answers
    return None


def _latest(answers: Answers, waiting: Waiting) -> int:
    """Until when the average stays within what is required, if these are the answers; in seconds since 1970."""
    return (_DAY * (answers.count + waiting.count) - answers.seconds + waiting.detected) // waiting.count


def hour_of(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _merged(parts: Iterable[tuple[K, Answers]]) -> list[tuple[K, Answers]]:
    found: dict[K, Answers] = {}
    for key, answers in parts:
        found[key] = found.get(key, NO_ANSWERS) + answers
    return sorted(found.items())


def usual(now: datetime) -> datetime:
    """For when a forecast is made where nobody asked for another moment: a whole hour, four to five from now."""
    return hour_of(now) + timedelta(hours=5)
