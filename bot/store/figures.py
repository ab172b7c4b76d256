"""What tiles and the response clock count: the same as `response_clock.standing`, which a contract test holds it to.

What was answered is read from the tallies of whole hours, and from the alerts themselves only for the hour in which a
window begins; what is open, and what is new, from indexes that hold all that is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, cast, delete, extract, func, insert, select, tuple_

from bot.domain.response_clock import (
    HORIZON,
    NEWS,
    NO_ANSWERS,
    NOBODY_WAITS,
    SEVERITIES_NAMED,
    TYPES_NAMED,
    WINDOW,
    Answers,
    DayAnswers,
    Leaving,
    Standing,
    Tiles,
    Waiting,
    answer,
    epoch,
    hour_of,
    seconds_between,
)
from bot.domain.storms import Count
from bot.store.session import Session
from bot.store.tables import IS_OPEN, alerts, answer_tallies

_HOUR = timedelta(hours=1)
_KEPT = WINDOW + timedelta(days=1)
_SUMS = tuple(
    cast(func.sum(answer_tallies.c[name]), answer_tallies.c[name].type).label("many" if name == "count" else name)
    for name in ("count", "seconds", "within_hour", "within_day", "reasoned")
)  # a row has a method of the name `count`
_KINDS_MOST = 10_000
"""Pairs of a severity and a type among what is open, of all partners: Microsoft knows some ten types."""
_PART = (alerts.c.partner, alerts.c.resolved_at, alerts.c.detected_at, alerts.c.resolved_reason)


@dataclass(slots=True)
class _Found:
    """What is known of one partner so far."""

    new: int = 0
    reasoned: int = 0
    waiting: Waiting = NOBODY_WAITS
    days: dict[date, Answers] = field(default_factory=dict)
    leaving: dict[datetime, Answers] = field(default_factory=dict)
    later: Answers = NO_ANSWERS  # what the hour in which the forecast's window begins still holds of it


class SqlFigures:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def standing(self, partners: Sequence[str], now: datetime, until: datetime) -> Standing:
        found = {partner: _Found() for partner in partners}
        begin = now - WINDOW
        await self._days(found, hour_of(begin) + _HOUR)
        await self._leaving(found, hour_of(begin) + _HOUR, begin + HORIZON)
        for partner, at, answered, reasoned in await self._part(found, begin):
            of = found[partner]
            _add(of.days, at.date(), answered)
            _add(of.leaving, hour_of(at) + WINDOW, answered)
            of.reasoned += reasoned
        for partner, _, answered, _ in await self._part(found, until - WINDOW):
            found[partner].later += answered
        await self._new(found, now - NEWS)
        severities, types = await self._open(found, now)
        return Standing(
            now,
            until,
            tuple((partner, _tiles(of, until)) for partner, of in found.items()),
            severities,
            types,
        )

    async def _days(self, found: dict[str, _Found], since: datetime) -> None:
        hour = answer_tallies.c.hour
        if self._session.is_postgres:
            day: ColumnElement[str] = func.to_char(func.timezone("UTC", hour), "YYYY-MM-DD")
        else:
            day = func.substr(hour, 1, 10)
        statement = (
            select(answer_tallies.c.partner, day.label("day"), *_SUMS)
            .where(answer_tallies.c.partner.in_(sorted(found)), hour >= since)
            .group_by(answer_tallies.c.partner, "day")
        )
        for row in await self._session.rows(statement):
            of = found[row.partner]
            _add(of.days, date.fromisoformat(row.day), _answers(row))
            of.reasoned += row.reasoned

    async def _leaving(self, found: dict[str, _Found], since: datetime, to: datetime) -> None:
        hour = answer_tallies.c.hour
        statement = (
            select(answer_tallies.c.partner, hour, *_SUMS)
            .where(answer_tallies.c.partner.in_(sorted(found)), hour >= since, hour <= to)
            .group_by(answer_tallies.c.partner, hour)
        )
        for row in await self._session.rows(statement):
            _add(found[row.partner].leaving, row.hour + WINDOW, _answers(row))

    async def _part(self, found: dict[str, _Found], after: datetime) -> list[tuple[str, datetime, Answers, bool]]:
        """What was resolved after that moment in its hour, one by one: partner, when, answer, whether with a reason."""
        statement = select(*_PART).where(
            alerts.c.partner.in_(sorted(found)),
            alerts.c.resolved_at > after,
            alerts.c.resolved_at < hour_of(after) + _HOUR,
            ~alerts.c.is_test,
            ~alerts.c.is_open,
        )
        return [
            (
                row.partner,
                row.resolved_at.astimezone(UTC),
                answer(seconds_between(row.detected_at, row.resolved_at)),
                bool(row.resolved_reason),
            )
            for row in await self._session.rows(statement)
        ]

    async def _new(self, found: dict[str, _Found], since: datetime) -> None:
        statement = (
            select(alerts.c.partner, func.count().label("new"))
            .where(alerts.c.partner.in_(sorted(found)), alerts.c.detected_at > since, ~alerts.c.is_test)
            .group_by(alerts.c.partner)
        )
        for row in await self._session.rows(statement):
            found[row.partner].new = row.new

    async def _open(self, found: dict[str, _Found], now: datetime) -> tuple[tuple[Count, ...], tuple[Count, ...]]:
        """What waits of each partner; the severities and types of all of it. One walk through the index, in its
        order."""
        detected = case((alerts.c.detected_at > now, epoch(now)), else_=self._detected())
        kind = (alerts.c.partner, alerts.c.severity_rank, alerts.c.severity_lower, alerts.c.alert_type)
        statement = (
            select(*kind, func.count().label("many"), func.sum(detected).label("detected"))
            .where(alerts.c.partner.in_(sorted(found)), IS_OPEN, ~alerts.c.is_test)
            .group_by(*kind)
            .limit(_KINDS_MOST)
        )
        severities: Counter[tuple[int, str]] = Counter()
        types: Counter[str] = Counter()
        for row in await self._session.rows(statement):
            found[row.partner].waiting += Waiting(row.many, int(row.detected))
            severities[-row.severity_rank, row.severity_lower] += row.many
            types[row.alert_type] += row.many
        worst = sorted(severities.items())[:SEVERITIES_NAMED]
        commonest = sorted(types.items(), key=lambda each: (-each[1], each[0]))[:TYPES_NAMED]
        return tuple(Count(word, many) for (_, word), many in worst), tuple(Count(*each) for each in commonest)

    def _detected(self) -> ColumnElement[int]:
        """Whole seconds since 1970."""
        if self._session.is_postgres:
            return cast(func.floor(extract("epoch", alerts.c.detected_at)), BigInteger)
        return cast(func.strftime("%s", func.substr(alerts.c.detected_at, 1, 19)), BigInteger)

    async def merge(self, now: datetime, limit: int) -> int:
        hour = (answer_tallies.c.partner, answer_tallies.c.hour)
        forgotten = await self._session.changed(
            delete(answer_tallies).where(answer_tallies.c.hour < hour_of(now - _KEPT))
        )
        several = select(*hour).group_by(*hour).having(func.count() > 1).order_by(*hour).limit(limit)
        columns = [column for column in answer_tallies.c if column.name != "id"]
        # Whoever else does the same deletes other rows than we, so that each is put together once.
        taken = (
            await self._session.execute(delete(answer_tallies).where(tuple_(*hour).in_(several)).returning(*columns))
        ).all()
        sums: dict[tuple[str, datetime], list[int]] = {}
        for row in taken:
            partner, at, *counted = tuple(row)
            known = sums.setdefault((partner, at), [0] * len(counted))
            sums[partner, at] = [one + other for one, other in zip(known, counted, strict=True)]
        names = [column.name for column in columns]
        merged = [dict(zip(names, (*key, *counted), strict=True)) for key, counted in sums.items() if any(counted)]
        if merged:
            await self._session.execute(insert(answer_tallies), merged)
        return forgotten + len(taken) - len(merged)


def _tiles(of: _Found, until: datetime) -> Tiles:
    answers = sum(of.days.values(), NO_ANSWERS)
    gone = sum((it for at, it in of.leaving.items() if at <= until), NO_ANSWERS)
    return Tiles(
        new=of.new,
        reasoned=of.reasoned,
        waiting=of.waiting,
        days=tuple(DayAnswers(*each) for each in _there(of.days)),
        remaining=answers - gone + of.later,
        leaving=tuple(Leaving(*each) for each in _there(of.leaving)),
    )


def _there(found: dict[Any, Answers]) -> list[tuple[Any, Answers]]:
    """In order, without what was taken back."""
    return [(key, answers) for key, answers in sorted(found.items()) if answers.count]


def _answers(row: Any) -> Answers:
    return Answers(row.many, row.seconds, row.within_hour, row.within_day)


def _add(to: dict[Any, Answers], key: Any, answers: Answers) -> None:
    to[key] = to.get(key, NO_ANSWERS) + answers
