"""Alerts and their notes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, insert, select, union_all, update

from bot.domain.alerts import Alert, AlertKey, AlertRecord, Decision, Note, Work
from bot.domain.filters import AlertQuery, Cursor
from bot.domain.recurrence import Background
from bot.errors import Missing, Transient
from bot.ports import Page
from bot.store.alert_background import background_of
from bot.store.alert_lists import AlertLists
from bot.store.alert_rows import RECORDS, customer_sort, record_of, values_of
from bot.store.alert_selection import conditions, starts_with
from bot.store.batches import by_partner
from bot.store.counters import ALERT, next_number
from bot.store.session import Session
from bot.store.tables import IS_OPEN, alerts, names, notes

STREAM_BATCH = 1000
_NEWEST_FIRST = (alerts.c.detected_at.desc(), alerts.c.number.desc())


class SqlAlerts:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._lists = AlertLists(session)

    async def get(self, key: AlertKey) -> AlertRecord | None:
        return await self._one(_is(key))

    async def many(self, keys: Iterable[AlertKey]) -> dict[AlertKey, AlertRecord]:
        found: dict[AlertKey, AlertRecord] = {}
        for partner, ids in by_partner(keys):
            statement = RECORDS.where(alerts.c.partner == partner, alerts.c.id.in_(ids))
            found |= {record.alert.key: record for record in await self._records(statement)}
        return found

    async def by_number(self, number: int, partners: frozenset[str]) -> AlertRecord | None:
        return await self._one(alerts.c.number == number, alerts.c.partner.in_(sorted(partners)))

    async def by_id_prefix(self, prefix: str, partners: frozenset[str], limit: int) -> tuple[AlertRecord, ...]:
        start = starts_with(alerts.c.id_lower, prefix.lower())
        return await self._newest([_numbers(partner, start) for partner in sorted(partners)], limit)

    async def search(self, text: str, partners: frozenset[str], limit: int) -> tuple[AlertRecord, ...]:
        return await self._lists.search(text, partners, limit)

    async def page(self, query: AlertQuery, after: Cursor | None, limit: int) -> Page:
        return await self._lists.page(query, after, limit)

    async def first(self, query: AlertQuery, limit: int) -> tuple[AlertRecord, ...]:
        return await self._lists.first(query, limit)

    async def count(self, query: AlertQuery) -> int:
        statement = (
            select(func.count())
            .select_from(alerts)
            .where(alerts.c.partner.in_(sorted(query.partners)), *conditions(query))
        )
        return int((await self._session.execute(statement)).scalar_one())

    async def stream(self, query: AlertQuery) -> AsyncIterator[AlertRecord]:
        last = 0
        # The partner is hidden from the planner: walking the numbers beats sorting a partner's alerts for every batch.
        partner = func.coalesce(alerts.c.partner, "")
        wanted = [partner.in_(sorted(query.partners)), *conditions(query)]
        while True:
            numbers = (
                select(alerts.c.number)
                .select_from(alerts)
                .where(alerts.c.number > last, *wanted)
                .order_by(alerts.c.number)
                .limit(STREAM_BATCH)
            )
            async with self._session.apart() as session:
                batch = await session.rows(
                    RECORDS.where(alerts.c.number.in_(numbers.scalar_subquery())).order_by(alerts.c.number)
                )
            for row in batch:
                yield record_of(row)
            if len(batch) < STREAM_BATCH:
                return
            last = batch[-1].number

    async def of_subscription(self, partner: str, subscription_id: str, limit: int) -> tuple[AlertRecord, ...]:
        """An alert that names no subscription is of none."""
        if not subscription_id or limit <= 0:
            return ()
        order = (alerts.c.is_open.desc(), *_NEWEST_FIRST)
        wanted = _numbers(partner, alerts.c.subscription_lower == subscription_id.lower()).order_by(*order).limit(limit)
        return await self._records(RECORDS.where(alerts.c.number.in_(wanted.scalar_subquery())).order_by(*order))

    async def background(self, record: AlertRecord, limit: int) -> Background:
        return await background_of(self._session, record, limit)

    async def open_keys(self, partner: str) -> frozenset[AlertKey]:
        statement = select(alerts.c.id).where(alerts.c.partner == partner, IS_OPEN)
        return frozenset(AlertKey(partner, row.id) for row in await self._session.rows(statement))

    async def add(self, alert: Alert, now: datetime, decision: Decision | None) -> AlertRecord:
        """Raises Transient where another process added the same alert a moment ago."""
        values = values_of(alert, decision) | {
            "number": await next_number(self._session, ALERT),
            "partner": alert.partner,
            "id": alert.id,
            "version": 1,
            "first_seen_at": now,
            "changed_at": now,
            "customer_sort": await self._customer_sort(alert),
        }
        statement = self._session.insert(alerts).on_conflict_do_nothing(index_elements=["partner", "id"])
        if not await self._session.changed(statement, values):
            raise Transient("This alert was added by another process a moment ago.")
        return await self._existing(alert.key)

    async def change(self, key: AlertKey, alert: Alert, now: datetime, decision: Decision | None) -> AlertRecord:
        """Raises Missing where there is no such record."""
        values = values_of(alert, decision) | {"customer_sort": await self._customer_sort(alert)}
        await self._raise_version(key, now, values)
        return await self._existing(key)

    async def set_work(self, key: AlertKey, work: Work, now: datetime) -> AlertRecord:
        """Raises Missing where there is no such record."""
        await self._raise_version(key, now, asdict(work) | {"assigned_lower": work.assigned_name.lower()})
        return await self._existing(key)

    async def touch(self, keys: Iterable[AlertKey], now: datetime) -> None:
        for partner, ids in by_partner(keys):
            await self._session.execute(
                update(alerts)
                .where(alerts.c.partner == partner, alerts.c.id.in_(ids))
                .values(version=alerts.c.version + 1, changed_at=now)
            )

    async def notes(self, keys: Iterable[AlertKey]) -> dict[AlertKey, tuple[Note, ...]]:
        found: dict[AlertKey, tuple[Note, ...]] = {}
        for partner, ids in by_partner(keys):
            statement = (
                select(alerts.c.id, notes.c.at, notes.c.by_id, notes.c.by_name, notes.c.text)
                .join(alerts, alerts.c.number == notes.c.number)
                .where(alerts.c.partner == partner, alerts.c.id.in_(ids))
                .order_by(notes.c.id)
            )
            for row in await self._session.rows(statement):
                key = AlertKey(partner, row.id)
                found[key] = (*found.get(key, ()), Note(row.at, row.by_id, row.by_name, row.text))
        return found

    async def add_note(self, key: AlertKey, note: Note) -> AlertRecord:
        """Raises Missing where there is no such record."""
        await self._raise_version(key, note.at, {})
        record = await self._existing(key)
        await self._session.execute(insert(notes), asdict(note) | {"number": record.number})
        return record

    async def _customer_sort(self, alert: Alert) -> str:
        tenant_id = alert.customer_tenant_id.lower()
        known = select(names.c.name_lower).where(names.c.partner == alert.partner, names.c.tenant_id == tenant_id)
        row = await self._session.first(known)
        return customer_sort(row.name_lower if row is not None else "", tenant_id)

    async def _raise_version(self, key: AlertKey, now: datetime, values: dict[str, Any]) -> None:
        statement = update(alerts).where(_is(key)).values(version=alerts.c.version + 1)
        if not await self._session.changed(statement, values | {"changed_at": now}):
            raise Missing(f"There is no alert {key.id} of partner {key.partner} in the store.")

    async def _existing(self, key: AlertKey) -> AlertRecord:
        record = await self.get(key)
        if record is None:
            raise Missing(f"There is no alert {key.id} of partner {key.partner} in the store.")
        return record

    async def _one(self, *wanted: ColumnElement[bool]) -> AlertRecord | None:
        row = await self._session.first(RECORDS.where(*wanted))
        return record_of(row) if row is not None else None

    async def _records(self, statement: Select[Any]) -> tuple[AlertRecord, ...]:
        return tuple(record_of(row) for row in await self._session.rows(statement))

    async def _newest(self, choices: Sequence[Select[Any]], limit: int) -> tuple[AlertRecord, ...]:
        """The newest of what is in any of the choices, each of which is cut to its own newest first."""
        if not choices or limit <= 0:
            return ()
        cut = [choice.order_by(*_NEWEST_FIRST).limit(limit) for choice in choices]
        return await self._records(RECORDS.where(alerts.c.number.in_(_all(cut))).order_by(*_NEWEST_FIRST).limit(limit))


def _is(key: AlertKey) -> ColumnElement[bool]:
    return and_(alerts.c.partner == key.partner, alerts.c.id == key.id)


def _numbers(partner: str, wanted: ColumnElement[bool]) -> Select[Any]:
    return select(alerts.c.number).where(alerts.c.partner == partner, wanted)


def _all(choices: Sequence[Select[Any]]) -> Any:
    """The numbers of all choices, for IN. Each is a subquery, or it could not keep its own order and limit."""
    return union_all(*(select(choice.subquery().c.number) for choice in choices))
