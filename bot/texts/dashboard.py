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
from bot.texts.catalogue import _

TITLE = _("Dashboard")
AVERAGE_TILE = _("average time to respond, 30 days")
NEW_TILE = _("new in 7 days")
REASONED_TILE = _("resolved with a reason, 30 days")
UNRESOLVED_TILE = "unresolved"
NOTHING_ANSWERED = _("Nothing was resolved in the last 30 days, so there is no average yet.")
NO_AVERAGE = _("none yet")
BY_PARTNER = _("By partner, the slowest first")
CLOCK = _("Response clock")
BY_DAY_CHART = _("Average response by day, and how many")
SEVERITY_CHART = _("Unresolved by severity")
TYPE_CHART = _("Unresolved by type")
HOURS = _("Hours")
AVERAGE = _("Average")
RECOMMENDED_LINE = _("1 h, recommended")
REQUIRED_LINE = _("24 h, required")
REQUIREMENT = _(
    "Since 1 October 2025 an average response within 24 hours is a condition of being a CSP partner, and Microsoft "
    "looks at it once a year, in the month in which you became one. Within 1 hour is what it recommends."
)
NOT_READ = _("Microsoft's own average is not known here just now. Refresh asks for it again.")
SHOW_UNRESOLVED = _("Show unresolved")
EXPORT = _("Export")
REFRESH = _("Refresh")
ALL_PARTNERS = _("All partners")
HINT = _("If buttons fail, write to Alert Desk: dashboard")
USAGE = _(
    "Write: dashboard, with partner:<name> for one partner and until:18:00 for a forecast at another time. "
    "Other filters do not apply to it."
)
BAD_UNTIL = _("I need a time within the next 7 days: until:18:00 (UTC), until:6h, or until:2026-11-30.")


def as_of(now: datetime, partners: Sequence[str]) -> str:
    names = (
        formats.both(partners)
        if len(partners) <= 3
        else _("{partners} partners").format(partners=formats.number(len(partners)))
    )
    return f"{names} \u00b7 {formats.moment(now)}"


def no_such_partner(words: str) -> str:
    return _("No partner whose alerts you may see here is called {words!r}.").format(words=words[:80])


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
    said = _("{alerts} {were} answered, after {value} on average: ").format(
        alerts=_alerts(answers.count), were=_were(answers.count), value=hours(value)
    )
    if answers.meets(RESPONSE_TARGET):
        return _("{said}within the hour that Microsoft recommends.").format(said=said)
    if answers.meets(REQUIRED):
        return _("{said}within the 24 h that Microsoft requires, not within the hour that it recommends.").format(
            said=said
        )
    return _("{said}longer than the 24 h that Microsoft requires.").format(said=said)


def forecast_line(tiles: Tiles, now: datetime, until: datetime) -> str:
    """Empty where nothing is unresolved."""
    value = forecast(tiles.remaining, tiles.waiting, until)
    if not tiles.waiting.count or value is None:
        return ""
    these = _these(tiles.waiting)
    return _("If {these} open until {clock}, the average will be {value}.").format(
        these=these, clock=en.clock(until, now), value=hours(value)
    )


def waiting_line(tiles: Tiles, now: datetime) -> str:
    """Until when; empty where nothing is unresolved."""
    waiting = tiles.waiting
    if not waiting.count:
        return ""
    latest = can_wait(tiles.answers, tiles.leaving, waiting, now)
    if latest is not None:
        return _("The average passes 24 h if {these} open beyond {clock}.").format(
            these=_these(waiting), clock=en.clock(latest, now)
        )
    at_once = forecast(tiles.answers, waiting, now)
    if at_once is not None and at_once * 3600 > REQUIRED.total_seconds():
        return _("Even if {they} answered now, the average will be {at_once}, longer than 24 h.").format(
            they=_they(waiting), at_once=hours(at_once)
        )
    return _("Within the next 7 days the average does not pass 24 h, even with none of them answered.")


def days_line(days: Sequence[DayAnswers]) -> str:
    """The chart of several days in a sentence, for clients that draw none."""
    slowest = max(days, key=lambda day: day.answers.average_hours or 0)
    late = sum(not day.answers.meets(REQUIRED) for day in days)
    quick = sum(bool(day.answers.meets(RESPONSE_TARGET)) for day in days)
    return _(
        "By day: within 1 h on {quick} and beyond 24 h on {late} of {days} days with answers; the slowest was {day} with {average}."
    ).format(
        quick=formats.number(quick),
        late=formats.number(late),
        days=formats.number(len(days)),
        day=formats.day(slowest.day),
        average=average(slowest.answers),
    )


def of_day(answers: Answers) -> str:
    return f"{average(answers)} \u00b7 {formats.number(answers.count)}"


def shares(title: str, named: Sequence[tuple[str, int]], others: int) -> str:
    """`Unresolved by severity: High 3, Low 1`."""
    parts = [f"{name} {formats.number(count)}" for name, count in named]
    return f"{title}: {', '.join([*parts, *([counted_others(others)] if others > 0 else [])])}"


def counted_others(count: int) -> str:
    return _("others {count}").format(count=formats.number(count))


OTHERS = _("Others")


def microsofts(value: float, ours: float | None, refreshed_at: datetime | None) -> str:
    """Microsoft's own average beside ours."""
    said = _("Microsoft's own average: {value}").format(value=hours(value))
    if refreshed_at is not None:
        said += _(", refreshed {refreshed_at}").format(refreshed_at=formats.moment(refreshed_at))
    if ours is not None:
        difference = abs(round(value, 1) - round(ours, 1))  # of what is read, so that it can be reckoned again
        more = "more" if value > ours else "less"
        said += (
            _("; {difference} {more} than ours").format(difference=hours(difference), more=more)
            if difference >= 0.05
            else _("; the same as ours")
        )
    return _(
        "{said}. Microsoft does not publish how it measures, so the two need not agree; its own is what counts."
    ).format(said=said)


def partner_detail(tiles: Tiles, microsoft: float | None) -> str:
    """A partner in a list of several."""
    said = _("{count} unresolved \u00b7 {new} new \u00b7 {reasoned} resolved").format(
        count=formats.number(tiles.waiting.count),
        new=formats.number(tiles.new),
        reasoned=formats.number(tiles.reasoned),
    )
    return (
        _("{said} \u00b7 Microsoft: {microsoft}").format(said=said, microsoft=hours(microsoft))
        if microsoft is not None
        else said
    )


def open_partner(name: str) -> str:
    return _("Show {name}").format(name=name)


def more_partners(count: int) -> str:
    return _("and {count} more").format(count=formats.number(count))


def fallback(tiles: Tiles) -> str:
    return _(
        "{count} unresolved, {new} new in 7 days, average response {average}. Say to Alert Desk: dashboard"
    ).format(count=formats.number(tiles.waiting.count), new=formats.number(tiles.new), average=average(tiles.answers))


def _these(waiting: Waiting) -> str:
    return (
        _("this one stays")
        if waiting.count == 1
        else _("these {count} stay").format(count=formats.number(waiting.count))
    )


def _they(waiting: Waiting) -> str:
    return _("it is") if waiting.count == 1 else _("all of them are")


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _alerts(count: int) -> str:
    return _("{count} alert{further}").format(count=formats.number(count), further="s" if count != 1 else "")
