"""Requests to cancel or reactivate. The database itself sees to it that one per subscription is open, and that nobody
changes a plan or deletes one. A plan that somebody changed all the same stops nothing but its own request."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnClause, ColumnElement, Update, case, func, literal, literal_column, select, update

from bot.domain.cancellations import OPEN, Cancellation, Plan, State
from bot.errors import Transient
from bot.store.batches import batches
from bot.store.cancellation_rows import cancellation_of, intact, plan_values, progress_values
from bot.store.cancellation_tables import cancellations
from bot.store.counters import REQUESTS, next_number
from bot.store.session import Session

_TRIES = 3
_IS_OPEN: ColumnClause[bool] = literal_column("is_open")  # written as the partial index is, or it would not be used


class SqlCancellations:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def next_number(self) -> int:
        return await next_number(self._session, REQUESTS)

    async def open(self, plan: Plan, due_at: datetime) -> Cancellation | None:
        first = Cancellation(plan, due_at=due_at)
        values = plan_values(plan) | progress_values(first) | {"version": first.version, "owner": ""}
        statement = self._session.insert(cancellations).on_conflict_do_nothing(
            index_elements=["partner", "entitlement_lower"], index_where=_IS_OPEN
        )
        for _ in range(_TRIES):
            if await self._session.changed(statement, values):
                return None
            row = await self._session.first(select(cancellations).where(*_open_on(plan)))
            if row is None:
                continue  # it ended between our two statements
            if (standing := intact(row)) is not None:
                return standing
            # Changed by hand: it makes room at once, and is due for whoever ends it and says so.
            await self._session.execute(_of(row.number).values(is_open=False, due_at=due_at))
        raise Transient("Others are asking about this subscription at this very moment.")

    async def get(self, number: int) -> Cancellation | None:
        row = await self._session.first(select(cancellations).where(cancellations.c.number == number))
        return cancellation_of(row) if row is not None else None

    async def held(self, number: int) -> Cancellation | None:
        # key_share: its cards may be written meanwhile, as they may while it is changed. SQLite has one writer anyway.
        statement = select(cancellations).where(cancellations.c.number == number).with_for_update(key_share=True)
        row = await self._session.first(statement)
        return cancellation_of(row) if row is not None else None

    async def last_on(self, partner: str, subscriptions: Iterable[str]) -> dict[str, Cancellation]:
        found: dict[str, Cancellation] = {}
        for ids in batches(sorted({subscription.lower() for subscription in subscriptions})):
            newest = (
                select(func.max(cancellations.c.number))
                .where(cancellations.c.partner == partner, cancellations.c.entitlement_lower.in_(ids))
                .group_by(cancellations.c.entitlement_lower)
            )
            statement = select(cancellations).where(cancellations.c.number.in_(newest))
            for row in await self._session.rows(statement):
                if (c := intact(row)) is not None:
                    found[row.entitlement_lower] = c
        return found

    async def latest(self, partners: frozenset[str], limit: int) -> tuple[Cancellation, ...]:
        if limit <= 0:
            return ()
        oldest_or_newest = case((cancellations.c.is_open, cancellations.c.number), else_=-cancellations.c.number)
        statement = (
            select(cancellations)
            .where(cancellations.c.partner.in_(sorted(partners)))
            .order_by(cancellations.c.is_open.desc(), oldest_or_newest)
            .limit(limit)
        )
        return tuple(c for row in await self._session.rows(statement) if (c := intact(row)) is not None)

    async def of_subscription(self, partner: str, subscription_id: str, limit: int) -> tuple[Cancellation, ...]:
        statement = (
            select(cancellations)
            .where(
                cancellations.c.partner == partner,
                cancellations.c.entitlement_lower == subscription_id.lower(),
            )
            .order_by(cancellations.c.number.desc())
            .limit(limit)
        )
        return tuple(map(cancellation_of, await self._session.rows(statement)))

    async def change(self, before: Cancellation, after: Cancellation) -> Cancellation | None:
        """Takes it from whoever had claimed it. Raises ValueError where `after` has another plan."""
        if after.plan.digest != before.plan.digest:
            raise ValueError(f"{before.label}: a plan never changes")
        statement = (
            update(cancellations)
            .where(cancellations.c.number == before.number, cancellations.c.version == before.version)
            .values(version=before.version + 1, owner="", **progress_values(after))
        )
        return await self.get(before.number) if await self._session.changed(statement) else None

    async def claim(self, number: int, owner: str, now: datetime, lease: float) -> Cancellation | None:
        """The version stays: what a person decides meanwhile goes before what the claimer then wants to write."""
        statement = (
            update(cancellations)
            .where(cancellations.c.number == number, cancellations.c.due_at <= now)
            .values(due_at=now + timedelta(seconds=lease), owner=owner)
        )
        return await self.get(number) if await self._session.changed(statement) else None

    async def due(self, now: datetime, limit: int) -> tuple[int, ...]:
        statement = (
            select(cancellations.c.number)
            .where(cancellations.c.due_at <= now)
            .order_by(cancellations.c.due_at, cancellations.c.number)
            .limit(limit)
        )
        return tuple(row.number for row in await self._session.rows(statement))

    async def discard(self, number: int, now: datetime, outcome: str) -> bool:
        """Its state is an end that is true of it, though nobody reads it as long as its plan is not what it was."""
        state, ended_at = cancellations.c.state, cancellations.c.ended_at
        has_ended = state.not_in([each.value for each in OPEN])
        values = {
            "state": case((has_ended, state), (cancellations.c.sent == 0, State.VOID.value), else_=State.FAILED.value),
            "is_open": False,
            "ended_at": func.coalesce(ended_at, literal(now, ended_at.type)),
            "outcome": outcome,
            "due_at": None,
            "version": cancellations.c.version + 1,
            "owner": "",
        }
        return await self._session.changed(_of(number).where(cancellations.c.due_at.is_not(None)).values(values)) == 1


def _of(number: int) -> Update:
    return update(cancellations).where(cancellations.c.number == number)


def _open_on(plan: Plan) -> tuple[ColumnElement[bool], ...]:
    subscription = plan.entitlement_id.lower()
    return cancellations.c.partner == plan.partner, cancellations.c.entitlement_lower == subscription, _IS_OPEN
