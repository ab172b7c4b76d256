"""Pages of alerts, in any order and of any selection. How much there is must not be felt: each page is taken from an
index that has its order, and nothing is counted to the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, UnaryExpression, func, literal, select, tuple_, union, union_all

from bot.domain.alerts import AlertRecord
from bot.domain.filters import COUNTED_MOST, AlertQuery, Cursor, Sort
from bot.ports import Page
from bot.store.alert_rows import RECORDS, record_of
from bot.store.alert_selection import filters, found_by_id
from bot.store.session import Session
from bot.store.tables import IS_OPEN, alerts, names

FEW_CUSTOMERS = 10
"""So many customers' alerts are looked at and put in order; of more customers, a page is soon full of a list's
beginning."""

Columns = tuple[ColumnElement[Any], ...]
Where = list[ColumnElement[bool]]

_TIME: Columns = (alerts.c.detected_at, alerts.c.number)
_NEWEST: Columns = tuple(column.desc() for column in _TIME)
_ORDERS: dict[Sort, Columns] = {
    Sort.SEVERITY: (alerts.c.severity_rank.desc(), *_NEWEST),
    Sort.NEWEST: _NEWEST,
    Sort.OLDEST: _TIME,
    Sort.DEADLINE: (alerts.c.is_open.desc(), *_TIME),
    Sort.CUSTOMER: (alerts.c.customer_sort, *_NEWEST),
}
_anchor = alerts.alias("anchor")


class AlertLists:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[tuple[str, str], Sequence[str]] = {}  # a transaction asks the same of the names several times

    async def page(self, query: AlertQuery, after: Cursor | None, limit: int) -> Page:
        total = await self._counted(query)
        if not total or limit <= 0:
            return Page((), total, None)
        found = await self._rows(query, after, limit + 1)
        shown = tuple(record_of(row) for row in found[:limit])
        last = found[limit - 1] if len(found) > limit else None
        place = Cursor(last.severity_rank, last.detected_at, last.number, last.is_open) if last is not None else None
        return Page(shown, total, place)

    async def first(self, query: AlertQuery, limit: int) -> tuple[AlertRecord, ...]:
        return tuple(record_of(row) for row in await self._rows(query, None, limit))

    async def search(self, text: str, partners: frozenset[str], limit: int) -> tuple[AlertRecord, ...]:
        word = text.strip()
        if not word or limit <= 0:
            return ()
        wanted = AlertQuery(partners, find=word, sort=Sort.NEWEST)
        return await self.first(wanted, limit) or await self.first(replace(wanted, anywhere=True), limit)

    async def _rows(self, query: AlertQuery, after: Cursor | None, limit: int) -> Sequence[Row[Any]]:
        """Each partner's part of the list is in an index in order; one statement merges their beginnings."""
        order, wanted = _ORDERS[query.sort], filters(query)
        choices = [
            _numbers(partner, [*wanted, *way.where, *place]).order_by(*way.order(order)).limit(limit)
            for partner in sorted(query.partners)
            for way in await self._ways(query, partner)
            for place in _places(query, after)
        ]
        if not choices:
            return ()
        each = union_all(*(select(choice.subquery().c.number) for choice in choices))
        return await self._session.rows(RECORDS.where(alerts.c.number.in_(each)).order_by(*order).limit(limit))

    async def _counted(self, query: AlertQuery) -> int:
        """Up to one more than COUNTED_MOST."""
        wanted, most = filters(query), COUNTED_MOST + 1
        choices = [
            _numbers(partner, [*wanted, *way.where]).limit(most)
            for partner in sorted(query.partners)
            for way in await self._ways(query, partner)
        ]
        if not choices:
            return 0
        each = union(*(select(choice.subquery().c.number) for choice in choices)).limit(most).subquery()
        return int((await self._session.execute(select(func.count()).select_from(each))).scalar_one())

    async def _ways(self, query: AlertQuery, partner: str) -> list[_Way]:
        """How that partner's alerts can be what is looked for, each by an index of its own."""
        if not query.find:
            return [_Way([])]
        by_prefix, rest = found_by_id(query)[:2], found_by_id(query)[2:]
        ways = [*(_Way([each], few=True) for each in by_prefix), *(_Way([each]) for each in rest)]
        named = select(names.c.tenant_id).where(
            names.c.partner == partner, names.c.name_lower.contains(query.find.lower(), autoescape=True)
        )
        if (some := self._known.get((partner, query.find))) is None:
            some = [row.tenant_id for row in await self._session.rows(named.limit(FEW_CUSTOMERS + 1))]
            self._known[partner, query.find] = some
        if len(some) > FEW_CUSTOMERS:
            ways.append(_Way([func.coalesce(alerts.c.customer_lower, "").in_(named)]))
        elif some:
            ways.append(_Way([alerts.c.customer_lower.in_(some)], few=True))
        return ways


class _Way:
    """A condition by which alerts are found. Of `few`, the order is hidden from the planner: it would go through all
    alerts in that order rather than sort some."""

    def __init__(self, where: Where, *, few: bool = False) -> None:
        self.where, self._few = where, few

    def order(self, usual: Columns) -> Columns:
        return tuple(map(_hidden, usual)) if self._few else usual


def _hidden(term: ColumnElement[Any]) -> ColumnElement[Any]:
    if isinstance(term, UnaryExpression):  # column DESC
        return func.coalesce(term.element, literal(None)).desc()
    return func.coalesce(term, literal(None))


def _numbers(partner: str, wanted: Where) -> Select[Any]:
    return select(alerts.c.number).select_from(alerts).where(alerts.c.partner == partner, *wanted)


def _places(query: AlertQuery, after: Cursor | None) -> list[Where]:
    """What comes after the cursor, cut so that each part is one stretch of an index."""
    if query.sort is Sort.DEADLINE:
        return _by_deadline(query, after)
    if after is None:
        return [[]]
    later = _before((after.detected_at, after.number), _TIME)
    match query.sort:
        case Sort.SEVERITY:
            return [[_before(after[:3], (alerts.c.severity_rank, *_TIME))]]
        case Sort.CUSTOMER:
            customer = select(_anchor.c.customer_sort).where(_anchor.c.number == after.number).scalar_subquery()
            return [[alerts.c.customer_sort == customer, later], [alerts.c.customer_sort > customer]]
        case Sort.OLDEST:
            return [[_past(after)]]
        case _:
            return [[later]]


def _by_deadline(query: AlertQuery, after: Cursor | None) -> list[Where]:
    """The open ones, then the others."""
    past = [_past(after)] if after is not None else []
    if after is not None and not after.is_open:
        return [[~alerts.c.is_open, *past]]
    return [[IS_OPEN, *past], *([] if query.unresolved else [[~alerts.c.is_open]])]


def _before(values: Sequence[Any], place: Columns) -> ColumnElement[bool]:
    smaller: ColumnElement[bool] = tuple_(*place) < tuple_(*values, types=[column.type for column in place])
    return smaller


def _past(after: Cursor) -> ColumnElement[bool]:
    of_cursor = tuple_(after.detected_at, after.number, types=[column.type for column in _TIME])
    larger: ColumnElement[bool] = tuple_(*_TIME) > of_cursor
    return larger
