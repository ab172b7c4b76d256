"""Digests of a conversation: when the next one is due in its own time zone, and what becomes of one that is late. Pure.

Time zones are those of the IANA database. https://docs.python.org/3/library/zoneinfo.html
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

LATEST = timedelta(hours=12)
"""A digest that could not be sent within this time is not sent any more: the next one says more than it would."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CLOCK = re.compile(r"([01]?\d|2[0-3])[:.]?([0-5]\d)", re.ASCII)


class DigestKind(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True)
class Schedule:
    """`minute` is that of the local day, `weekday` (0 is Monday) counts for a weekly digest alone."""

    kind: str
    zone: str
    minute: int
    weekday: int = 0

    @property
    def clock(self) -> str:
        return f"{self.minute // 60:02}:{self.minute % 60:02}"


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest that somebody set. `last_at` is when the last one that was sent had been due."""

    conversation_id: str
    schedule: Schedule
    next_at: datetime
    by_id: str
    by_name: str
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What is to be done with a digest whose time has come. `send` is when the one to be sent was due, None where it is
    too late for it; `next_at` is when the next one is."""

    send: datetime | None
    next_at: datetime


def next_at(schedule: Schedule, after: datetime) -> datetime:
    """The first time after `after` (aware) at which a digest is due, in UTC.

    A clock time that a day skips is taken for what a clock not yet put forward shows, one that a day has twice for the
    first of the two.
    """
    day = _local_day(schedule, after) - timedelta(days=1)
    while True:
        if _is_day(schedule, day) and (moment := _moment(schedule, day)) > after:
            return moment
        day += timedelta(days=1)


def last_at(schedule: Schedule, until: datetime) -> datetime:
    """The last time up to and at `until` at which one was due, in UTC."""
    day = _local_day(schedule, until) + timedelta(days=1)
    while True:
        if _is_day(schedule, day) and (moment := _moment(schedule, day)) <= until:
            return moment
        day -= timedelta(days=1)


def turn(digest: Digest, now: datetime) -> Turn:
    """Of several digests that were missed one is sent, the last; none that is older than LATEST."""
    due = max(last_at(digest.schedule, now), digest.next_at)
    send = due if due <= now and now - due <= LATEST else None
    return Turn(send, next_at(digest.schedule, now))


def begins(digest: Digest, due: datetime) -> datetime:
    """From when on the digest that was due then tells: from the one before, at most a week and a day back."""
    before = last_at(digest.schedule, due - timedelta(microseconds=1))
    if digest.last_at is None or digest.last_at >= due:
        return before
    return max(min(digest.last_at, before), due - timedelta(days=8))


def minute_of(text: str) -> int | None:
    """`8:00`, `08:00`, `0800`: the minute of the day; None where it is no time."""
    found = _CLOCK.fullmatch(text.strip())
    return int(found[1]) * 60 + int(found[2]) if found else None


def weekday_of(text: str) -> int | None:
    """A weekday's name, or its first three letters or more."""
    word = text.strip().lower()
    fitting = [number for number, name in enumerate(WEEKDAYS) if len(word) >= 3 and name.startswith(word)]
    return fitting[0] if len(fitting) == 1 else None


@cache
def zones() -> frozenset[str]:
    """All zones that this machine knows. The first call reads files."""
    return frozenset(available_timezones() | {"UTC"})


def zone_of(text: str, known: Collection[str]) -> str:
    """The zone's own name for one in any case, or for a place that only one zone is named after; empty: none such."""
    wanted = "_".join(text.strip().split()).casefold()
    if wanted in ("utc", "z", "gmt"):
        return "UTC"
    exact = [name for name in known if name.casefold() == wanted]
    places = [name for name in known if "/" in name and name.rpartition("/")[2].casefold() == wanted]
    fitting = exact or places
    return fitting[0] if len(fitting) == 1 else ""


def _local_day(schedule: Schedule, moment: datetime) -> date:
    # At the very ends of the calendar a day is left for the search, which begins one day aside.
    inside = min(max(moment, datetime.min.replace(tzinfo=UTC) + _EDGE), datetime.max.replace(tzinfo=UTC) - _EDGE)
    return inside.astimezone(ZoneInfo(schedule.zone)).date()


_EDGE = timedelta(days=20)


def _is_day(schedule: Schedule, day: date) -> bool:
    return schedule.kind != DigestKind.WEEKLY or day.weekday() == schedule.weekday


def _moment(schedule: Schedule, day: date) -> datetime:
    local = datetime.combine(day, time(schedule.minute // 60, schedule.minute % 60), ZoneInfo(schedule.zone))
    return local.astimezone(UTC)
