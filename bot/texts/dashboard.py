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
    can_wait,
    forecast,
)
from bot.texts import en, formats
from bot.texts.catalogue import _, plural

TITLE = _("Dashboard")
AVERAGE_TILE = _("average time to respond, 30 days")
NEW_TILE = _("new in 7 days")
REASONED_TILE = _("resolved with a reason, 30 days")
UNRESOLVED_TILE = _("unresolved")
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
        else plural("{count} partner", "{count} partners", len(partners)).format(count=formats.number(len(partners)))
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
    value, count = answers.average_hours, answers.count
    if value is None:
        return NOTHING_ANSWERED
    if answers.meets(RESPONSE_TARGET):
        said = plural(
            "{count} alert was answered, after {average} on average: within the hour that Microsoft recommends.",
            "{count} alerts were answered, after {average} on average: within the hour that Microsoft recommends.",
            count,
        )
    elif answers.meets(REQUIRED):
        said = plural(
            "{count} alert was answered, after {average} on average: within the 24 h that Microsoft requires, "
            "not within the hour that it recommends.",
            "{count} alerts were answered, after {average} on average: within the 24 h that Microsoft requires, "
            "not within the hour that it recommends.",
            count,
        )
    else:
        said = plural(
            "{count} alert was answered, after {average} on average: longer than the 24 h that Microsoft requires.",
            "{count} alerts were answered, after {average} on average: longer than the 24 h that Microsoft requires.",
            count,
        )
    return said.format(count=formats.number(count), average=hours(value))


def forecast_line(tiles: Tiles, now: datetime, until: datetime) -> str:
    """Empty where nothing is unresolved."""
    count, value = tiles.waiting.count, forecast(tiles.remaining, tiles.waiting, until)
    if not count or value is None:
        return ""
    return plural(
        "If this one stays open until {time}, the average will be {average}.",
        "If these {count} stay open until {time}, the average will be {average}.",
        count,
    ).format(count=formats.number(count), time=en.clock(until, now), average=hours(value))


def waiting_line(tiles: Tiles, now: datetime) -> str:
    """Until when; empty where nothing is unresolved."""
    waiting = tiles.waiting
    if not waiting.count:
        return ""
    latest = can_wait(tiles.answers, tiles.leaving, waiting, now)
    if latest is not None:
        return plural(
            "The average passes 24 h if this one stays open beyond {time}.",
            "The average passes 24 h if these {count} stay open beyond {time}.",
            waiting.count,
        ).format(count=formats.number(waiting.count), time=en.clock(latest, now))
    at_once = forecast(tiles.answers, waiting, now)
    if at_once is not None and at_once * 3600 > REQUIRED.total_seconds():
        return plural(
            "Even if it is answered now, the average will be {average}, longer than 24 h.",
            "Even if all of them are answered now, the average will be {average}, longer than 24 h.",
            waiting.count,
        ).format(average=hours(at_once))
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
    """`Unresolved by severity: High 3, Low 1, and 2 of other kinds`."""
    parts = [f"{name} {formats.number(count)}" for name, count in named]
    return f"{title}: {', '.join([*parts, *([counted_others(others)] if others > 0 else [])])}"


def counted_others(count: int) -> str:
    said = plural("and {count} of another kind", "and {count} of other kinds", count)
    return said.format(count=formats.number(count))


OTHERS = _("Others")


def microsofts(value: float, ours: float | None, refreshed_at: datetime | None) -> str:
    """Microsoft's own average beside ours."""
    said = (
        _("Microsoft's own average: {average}")
        if refreshed_at is None
        else _("Microsoft's own average: {average}, refreshed {time}")
    ).format(average=hours(value), time=en.when(refreshed_at))
    if ours is not None:
        difference = abs(round(value, 1) - round(ours, 1))  # of what is read, so that it can be reckoned again
        if difference < 0.05:
            compared = _("the same as ours")
        elif value > ours:
            compared = _("{difference} more than ours").format(difference=hours(difference))
        else:
            compared = _("{difference} less than ours").format(difference=hours(difference))
        said = f"{said}; {compared}"
    return formats.sentences(
        f"{said}.",
        _("Microsoft does not publish how it measures, so the two need not agree; its own is what counts."),
    )


def partner_detail(tiles: Tiles, microsoft: float | None) -> str:
    """A partner in a list of several."""
    said = (
        _("{count} unresolved \u00b7 {new} new \u00b7 {resolved} resolved")
        if microsoft is None
        else _("{count} unresolved \u00b7 {new} new \u00b7 {resolved} resolved \u00b7 Microsoft: {average}")
    )
    return said.format(
        count=formats.number(tiles.waiting.count),
        new=formats.number(tiles.new),
        resolved=formats.number(tiles.reasoned),
        average=hours(microsoft),
    )


def open_partner(name: str) -> str:
    return _("Show {name}").format(name=name)


def more_partners(count: int) -> str:
    return _("and {count} more").format(count=formats.number(count))


def fallback(tiles: Tiles) -> str:
    return _(
        "{count} unresolved, {new} new in 7 days, average response {average}. Say to Alert Desk: dashboard"
    ).format(count=formats.number(tiles.waiting.count), new=formats.number(tiles.new), average=average(tiles.answers))
