"""What is said about tiles and the response clock, on the dashboard and in digests. Plain text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.alerts import RESPONSE_TARGET
from bot.domain.response_clock import (
    REQUIRED,
    Answers,
    DayAnswers,
    Tiles,
    Waiting,
    can_wait,
    forecast,
)
from bot.texts import en, formats

TITLE = "Dashboard"
AVERAGE_TILE = "average time to respond, 30 days"
NEW_TILE = "new in 7 days"
REASONED_TILE = "resolved with a reason, 30 days"
UNRESOLVED_TILE = "unresolved"
NOTHING_ANSWERED = "Nothing was resolved in the last 30 days, so there is no average yet."
NO_AVERAGE = "none yet"
BY_PARTNER = "By partner, the slowest first"
CLOCK = "Response clock"
BY_DAY_CHART = "Average response by day, and how many"
SEVERITY_CHART = "Unresolved by severity"
TYPE_CHART = "Unresolved by type"
HOURS = "Hours"
AVERAGE = "Average"
RECOMMENDED_LINE = "1 h, recommended"
REQUIRED_LINE = "24 h, required"
REQUIREMENT = (
    "Since 1 October 2025 an average response within 24 hours is a condition of being a CSP partner, and Microsoft "
    "looks at it once a year, in the month in which you became one. Within 1 hour is what it recommends."
)
NOT_READ = "Microsoft's own average is not known here just now. Refresh asks for it again."
SHOW_UNRESOLVED = "Show unresolved"
EXPORT = "Export"
REFRESH = "Refresh"
ALL_PARTNERS = "All partners"
HINT = "If buttons fail, write to Alert Desk: dashboard"
USAGE = (
    "Write: dashboard, with partner:<name> for one partner and until:18:00 for a forecast at another time. "
    "Other filters do not apply to it."
)
BAD_UNTIL = "I need a time within the next 7 days: until:18:00 (UTC), until:6h, or until:2026-11-30."


def as_of(now: datetime, partners: Sequence[str]) -> str:
    names = formats.both(partners) if len(partners) <= 3 else f"{formats.number(len(partners))} partners"
    return f"{names} \u00b7 {formats.moment(now)}"


def no_such_partner(words: str) -> str:
    return f"No partner whose alerts you may see here is called {words[:80]!r}."


def average(answers: Answers) -> str:
    return hours(answers.average_hours)


def hours(value: float | None) -> str:
    """`26.1 h`; in minutes what is shorter than an hour."""
    if value is None:
        return NO_AVERAGE
    return formats.hours(value) if value >= 1 else formats.minutes(value * 60)


def clock_lines(tiles: Tiles, now: datetime, until: datetime) -> tuple[str, ...]:
    """Where the average stands, what waiting does to it, and until when the unresolved can wait. A sentence each."""
    return tuple(
        line
        for line in (
            standing_line(tiles.answers),
            forecast_line(tiles, now, until),
            waiting_line(tiles, now),
        )
        if line
    )


def standing_line(answers: Answers) -> str:
    value = answers.average_hours
    if value is None:
        return NOTHING_ANSWERED
    said = f"{_alerts(answers.count)} {_were(answers.count)} answered, after {hours(value)} on average: "
    if answers.meets(RESPONSE_TARGET):
        return f"{said}within the hour that Microsoft recommends."
    if answers.meets(REQUIRED):
        return f"{said}within the 24 h that Microsoft requires, not within the hour that it recommends."
    return f"{said}longer than the 24 h that Microsoft requires."


def forecast_line(tiles: Tiles, now: datetime, until: datetime) -> str:
    """Empty where nothing is unresolved."""
    value = forecast(tiles.remaining, tiles.waiting, until)
    if not tiles.waiting.count or value is None:
        return ""
    these = _these(tiles.waiting)
    return f"If {these} open until {en.clock(until, now)}, the average will be {hours(value)}."


def waiting_line(tiles: Tiles, now: datetime) -> str:
    """Until when; empty where nothing is unresolved."""
    waiting = tiles.waiting
    if not waiting.count:
        return ""
    latest = can_wait(tiles.answers, tiles.leaving, waiting, now)
    if latest is not None:
        return f"The average passes 24 h if {_these(waiting)} open beyond {en.clock(latest, now)}."
    at_once = forecast(tiles.answers, waiting, now)
    if at_once is not None and at_once * 3600 > REQUIRED.total_seconds():
        return f"Even if {_they(waiting)} answered now, the average will be {hours(at_once)}, longer than 24 h."
    return "Within the next 7 days the average does not pass 24 h, even with none of them answered."


def days_line(days: Sequence[DayAnswers]) -> str:
    """The chart of several days in a sentence, for clients that draw none."""
    slowest = max(days, key=lambda day: day.answers.average_hours or 0)
    late = sum(not day.answers.meets(REQUIRED) for day in days)
    quick = sum(bool(day.answers.meets(RESPONSE_TARGET)) for day in days)
    return (
        f"By day: within 1 h on {formats.number(quick)} and beyond 24 h on {formats.number(late)} of "
        f"{formats.number(len(days))} days with answers; the slowest was "
        f"{formats.day(slowest.day)} with {average(slowest.answers)}."
    )


def of_day(answers: Answers) -> str:
    return f"{average(answers)} \u00b7 {formats.number(answers.count)}"


def shares(title: str, named: Sequence[tuple[str, int]], others: int) -> str:
    """`Unresolved by severity: High 3, Low 1`."""
    parts = [f"{name} {formats.number(count)}" for name, count in named]
    return f"{title}: {', '.join([*parts, *([counted_others(others)] if others > 0 else [])])}"


def counted_others(count: int) -> str:
    return f"others {formats.number(count)}"


OTHERS = "Others"


def microsofts(value: float, ours: float | None, refreshed_at: datetime | None) -> str:
    """Microsoft's own average beside ours."""
    said = f"Microsoft's own average: {hours(value)}"
    if refreshed_at is not None:
        said += f", refreshed {formats.moment(refreshed_at)}"
    if ours is not None:
        difference = abs(round(value, 1) - round(ours, 1))  # of what is read, so that it can be reckoned again
        more = "more" if value > ours else "less"
        said += f"; {hours(difference)} {more} than ours" if difference >= 0.05 else "; the same as ours"
    return f"{said}. Microsoft does not publish how it measures, so the two need not agree; its own is what counts."


def partner_detail(tiles: Tiles, microsoft: float | None) -> str:
    """A partner in a list of several."""
    said = (
        f"{formats.number(tiles.waiting.count)} unresolved \u00b7 {formats.number(tiles.new)} new \u00b7 "
        f"{formats.number(tiles.reasoned)} resolved"
    )
    return f"{said} \u00b7 Microsoft: {hours(microsoft)}" if microsoft is not None else said


def open_partner(name: str) -> str:
    return f"Show {name}"


def more_partners(count: int) -> str:
    return f"and {formats.number(count)} more"


def fallback(tiles: Tiles) -> str:
    return (
        f"{formats.number(tiles.waiting.count)} unresolved, {formats.number(tiles.new)} new in 7 days, "
        f"average response {average(tiles.answers)}. Say to Alert Desk: dashboard"
    )


def _these(waiting: Waiting) -> str:
    return "this one stays" if waiting.count == 1 else f"these {formats.number(waiting.count)} stay"


def _they(waiting: Waiting) -> str:
    return "it is" if waiting.count == 1 else "all of them are"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _alerts(count: int) -> str:
    return f"{formats.number(count)} alert{'s' if count != 1 else ''}"
