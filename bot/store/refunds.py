"""The clocks of credit requests: drawn from the fraud verdicts as they stand, beside what people filed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, delete, exists, func, or_, select

from bot.domain.filters import AlertQuery
from bot.domain.refund import Filing, RefundClock
from bot.store.alert_selection import conditions
from bot.store.session import Session
from bot.store.tables import IS_FRAUD, alerts, names
from bot.store.team_tables import refunds

_USAGE = func.coalesce(alerts.c.first_observed_at, alerts.c.detected_at)
_GROUP = (alerts.c.partner, alerts.c.subscription_lower)
_FILED = exists().where(
    refunds.c.partner == alerts.c.partner,
    or_(
        refunds.c.subscription_lower == alerts.c.subscription_lower,
        and_(refunds.c.customer_lower == alerts.c.customer_lower, refunds.c.customer_lower != ""),
    ),
)
"""The one request that this customer can make is filed."""


class SqlRefunds:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def clock(self, partner: str, subscription_id: str) -> RefundClock | None:
        if not subscription_id:
            return None
        found = await self._clocks(
            _clocks().where(alerts.c.partner == partner, alerts.c.subscription_lower == subscription_id.lower())
        )
        return found[0] if found else None

    async def since(self, query: AlertQuery, first: datetime, limit: int) -> tuple[RefundClock, ...]:
        statement = (
            _clocks()
            .where(alerts.c.partner.in_(sorted(query.partners)), ~_FILED, *conditions(query))
            .having(func.min(_USAGE) >= first)
            .order_by(func.min(_USAGE), *_GROUP)
            .limit(limit)
        )
        return await self._clocks(statement)

    async def count_since(self, query: AlertQuery, first: datetime) -> int:
        of_each = (
            _clocks()
            .where(alerts.c.partner.in_(sorted(query.partners)), ~_FILED, *conditions(query))
            .having(func.min(_USAGE) >= first)
            .subquery()
        )
        return int((await self._session.execute(select(func.count()).select_from(of_each))).scalar_one())

    async def file(self, partner: str, subscription_id: str, customer_tenant_id: str, filing: Filing) -> None:
        values = {
            "partner": partner,
            "subscription_lower": subscription_id.lower(),
            "customer_lower": customer_tenant_id.lower(),
            "ticket": filing.ticket,
            "by_id": filing.by_id,
            "by_name": filing.by_name,
            "at": filing.at,
        }
        statement = self._session.insert(refunds)
        keys = ["partner", "subscription_lower"]
        rest = {name: statement.excluded[name] for name in values if name not in keys}
        await self._session.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), values)

    async def unfile(self, partner: str, subscription_id: str) -> bool:
        statement = delete(refunds).where(
            refunds.c.partner == partner, refunds.c.subscription_lower == subscription_id.lower()
        )
        return bool(await self._session.changed(statement))

    async def _clocks(self, statement: Select[Any]) -> tuple[RefundClock, ...]:
        rows = await self._session.rows(statement)
        filed = await self._filed(rows)
        called = await self._names(rows)
        return tuple(_clock(row, filed, called.get((row.partner, row.customer_lower), "")) for row in rows)

    async def _filed(self, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
        """What was filed for the customers of these clocks, the first of each customer first."""
        found: list[Row[Any]] = []
        for partner in sorted({row.partner for row in rows}):
            customers = sorted({row.customer_lower for row in rows if row.partner == partner})
            subscriptions = sorted({row.subscription_lower for row in rows if row.partner == partner})
            of_these = refunds.c.customer_lower.in_(customers) | refunds.c.subscription_lower.in_(subscriptions)
            found += await self._session.rows(
                select(refunds)
                .where(refunds.c.partner == partner, of_these)
                .order_by(refunds.c.at, refunds.c.subscription_lower)
            )
        return found

    async def _names(self, rows: Sequence[Row[Any]]) -> dict[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = {}
        for partner in sorted({row.partner for row in rows}):
            customers = sorted({row.customer_lower for row in rows if row.partner == partner})
            statement = select(names).where(and_(names.c.partner == partner, names.c.tenant_id.in_(customers)))
            found |= {(partner, row.tenant_id): row.name for row in await self._session.rows(statement)}
        return found


def _clocks() -> Select[Any]:
    """One row for each subscription with a verdict of fraud. The index ix_alerts_fraud holds all that this asks for."""
    return (
        select(
            *_GROUP,
            func.min(alerts.c.customer_lower).label("customer_lower"),
            func.min(_USAGE).label("first_usage_at"),
            func.count().label("alerts"),
            func.max(alerts.c.number).label("number"),
        )
        .where(IS_FRAUD, alerts.c.subscription_lower != "")
        .group_by(*_GROUP)
    )


def _clock(row: Row[Any], filed: Sequence[Row[Any]], customer_name: str) -> RefundClock:
    of_partner = [each for each in filed if each.partner == row.partner]
    own = [each for each in of_partner if each.subscription_lower == row.subscription_lower]
    others = [
        each
        for each in of_partner
        if each.customer_lower == row.customer_lower and each.subscription_lower != row.subscription_lower
    ]
    return RefundClock(
        partner=row.partner,
        customer_tenant_id=row.customer_lower,
        subscription_id=row.subscription_lower,
        first_usage_at=row.first_usage_at,
        alerts=row.alerts,
        number=row.number,
        customer_name=customer_name,
        filed=_filing(own[0]) if own else None,
        customer_filed=_filing(others[0]) if others and row.customer_lower else None,
    )


def _filing(row: Row[Any]) -> Filing:
    return Filing(row.ticket, row.by_id, row.by_name, row.at)
