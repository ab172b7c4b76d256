"""Who is on duty in a conversation: a rotation by ISO week, weeks that differ from it, and managers. Pure.

A week begins on Monday at 00:00 in the conversation's time zone. Whoever joins or leaves the rotation does not change
who is on duty in the weeks of the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

PEOPLE_MOST = 20
"""In the rotation, and as many managers."""
TOGETHER_MOST = 5
"""People who stand in for one week."""
EXCEPTIONS_MOST = 26
AHEAD_MOST = 52
"""Weeks ahead that can be named."""

_WEEK = re.compile(r"(?:(\d{4})-?)?w?(\d{1,2})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """An ISO week, which begins on a Monday and belongs to the year of its Thursday."""

    year: int
    number: int

    @classmethod
    def on(cls, day: date) -> Self:
        year, number, _ = day.isocalendar()
        return cls(year, number)

    @classmethod
    def at(cls, moment: datetime, zone: str) -> Self:
        return cls.on(moment.astimezone(ZoneInfo(zone)).date())

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def label(self) -> str:
        return f"{self.year}-W{self.number:02}"

    def plus(self, weeks: int) -> Week:
        return Week.on(self.monday + timedelta(weeks=weeks))

    def since(self, earlier: Week) -> int:
        """How many weeks lie between; negative where `earlier` is the later one."""
        return (self.monday - earlier.monday).days // 7


def read_week(text: str, now: Week) -> Week | None:
    """`2026-W48`, `W48` or `48` (the next one of that number), `this`, `next`. None where it names no week that is
    this one or at most a year ahead."""
    word = text.strip().lower()
    if word in ("this", "next"):
        return now if word == "this" else now.plus(1)
    found = _WEEK.fullmatch(word)
    if found is None:
        return None
    for year in [int(found[1])] if found[1] else [now.year, now.year + 1]:
        try:
            week = Week.on(date.fromisocalendar(year, int(found[2]), 1))
        except ValueError:  # no such week in that year
            continue
        if 0 <= week.since(now) <= AHEAD_MOST:
            return week
    return None


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the conversation: `id` is the Entra object id, `mri` what a mention takes."""

    id: str
    mri: str
    name: str


@dataclass(frozen=True, slots=True)
class Duty:
    """The whole roster of a conversation. `rotation[0]` has the week `anchor`. `tag` is the id of a Teams tag that is
    mentioned in the people's stead; empty: none."""

    rotation: tuple[Member, ...] = ()
    anchor: Week = Week(2026, 1)
    exceptions: Mapping[Week, tuple[Member, ...]] = field(default_factory=dict)
    managers: tuple[Member, ...] = ()
    tag: str = ""
    escalates: bool = True
    zone: str = "UTC"

    def week(self, now: datetime) -> Week:
        return Week.at(now, self.zone)

    def of_week(self, week: Week) -> tuple[Member, ...]:
        """Who is on duty then: an exception's people, else the one whose turn it is, else nobody."""
        if week in self.exceptions:
            return self.exceptions[week]
        if not self.rotation:
            return ()
        return (self.rotation[week.since(self.anchor) % len(self.rotation)],)

    def on_duty(self, now: datetime) -> tuple[Member, ...]:
        return self.of_week(self.week(now))

    # Changes: each gives the roster as it is afterwards --------------------------------------------------------------

    def adding(self, people: Sequence[Member], now: datetime) -> Duty:
        """They come last in the rotation. Whoever is in it already stays in place, under the name of today."""
        begun = self._from(self.week(now))
        named = {person.id: person for person in people}
        stay = tuple(named.pop(person.id, person) for person in begun.rotation)
        return replace(begun, rotation=(*stay, *named.values()))

    def without(self, ids: Sequence[str], now: datetime) -> Duty:
        """They are taken out of everything: rotation, weeks, managers. In the weeks that were theirs alone the rotation
        holds."""
        gone, week = frozenset(ids), self.week(now)
        begun = self._from(week)
        left = {at: tuple(one for one in who if one.id not in gone) for at, who in begun.exceptions.items()}
        return replace(
            begun,
            rotation=tuple(one for one in begun.rotation if one.id not in gone),
            exceptions={at: who for at, who in left.items() if who},
            managers=tuple(one for one in begun.managers if one.id not in gone),
        )

    def standing_in(self, week: Week, people: Sequence[Member], now: datetime) -> Duty:
        """These have that week; nobody named: the rotation holds again."""
        begun = self._from(self.week(now))
        others = {at: who for at, who in begun.exceptions.items() if at != week}
        return replace(begun, exceptions=others | ({week: tuple(people)} if people else {}))

    def managed_by(self, people: Sequence[Member]) -> Duty:
        named = {person.id: person for person in people}
        stay = tuple(named.pop(person.id, person) for person in self.managers)
        return replace(self, managers=(*stay, *named.values()))

    @property
    def people(self) -> tuple[Member, ...]:
        """Everybody who is named anywhere in it, once."""
        of_weeks = [person for who in self.exceptions.values() for person in who]
        return tuple({person.id: person for person in (*self.rotation, *of_weeks, *self.managers)}.values())

    def _from(self, week: Week) -> Duty:
        """The same, beginning with that week; what is past is forgotten."""
        turn = week.since(self.anchor) % len(self.rotation) if self.rotation else 0
        return replace(
            self,
            rotation=(*self.rotation[turn:], *self.rotation[:turn]),
            anchor=week,
            exceptions={at: who for at, who in self.exceptions.items() if at >= week},
        )


NO_DUTY = Duty()
"""Where nobody ever said anything about it."""


def is_zone(name: str) -> bool:
    """Whether it is an IANA time zone that this machine knows."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # no name at all, a folder of zones, unknown
        return False
    return True
