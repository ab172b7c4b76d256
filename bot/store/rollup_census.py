"""What a roll-up's card counts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select

from bot.domain.storms import Census, Count
from bot.store.rollup_tables import rollup_members
from bot.store.session import Session
from bot.store.tables import alerts, names


async def census(session: Session, rollup_id: str, most: int) -> Census:
    """Over all that ever joined; `most` types and customers are named."""
    of = rollup_members.c.rollup_id == rollup_id
    summary = await session.first(
        _counted(
            of,
            func.count().label("total"),
            func.count(alerts.c.alert_type_lower.distinct()).label("types"),
            func.count(alerts.c.customer_lower.distinct()).label("customers"),
            func.min(alerts.c.detected_at).label("first"),
            func.max(rollup_members.c.joined_at).label("last"),
        )
    )
    assert summary is not None  # noqa: S101 a select of counts has a row
    states = await session.rows(
        _counted(
            of,
            alerts.c.is_open,
            alerts.c.severity_lower,
            alerts.c.severity_rank,
            func.lower(alerts.c.resolved_reason).label("reason"),
            func.count().label("many"),
        ).group_by("is_open", "severity_lower", "severity_rank", "reason")
    )
    unresolved: dict[tuple[int, str], int] = {}
    verdicts: dict[str, int] = {}
    for row in states:
        if row.is_open:
            by = (-row.severity_rank, row.severity_lower)
            unresolved[by] = unresolved.get(by, 0) + row.many
        else:
            verdicts[row.reason] = verdicts.get(row.reason, 0) + row.many
    types = await session.rows(
        _counted(of, alerts.c.alert_type, func.count().label("many"))
        .group_by(alerts.c.alert_type)
        .order_by(func.count().desc(), alerts.c.alert_type)
        .limit(most)
    )
    customers = await session.rows(_customers(of, most))
    return Census(
        total=summary.total,
        unresolved=sum(unresolved.values()),
        unresolved_by_severity=tuple(Count(severity, count) for (_, severity), count in sorted(unresolved.items())),
        verdicts=tuple(Count(word, count) for word, count in sorted(verdicts.items(), key=lambda it: (-it[1], it[0]))),
        by_type=tuple(Count(row.alert_type, row.many) for row in types),
        types=summary.types,
        by_customer=tuple(Count(row.customer_lower, row.many, row.name or "") for row in customers),
        customers=summary.customers,
        first_detected_at=summary.first,
        last_joined_at=summary.last,
    )


def _counted(of: ColumnElement[bool], *columns: Any) -> Select[Any]:
    return (
        select(*columns).select_from(rollup_members).join(alerts, alerts.c.number == rollup_members.c.number).where(of)
    )


def _customers(of: ColumnElement[bool], most: int) -> Select[Any]:
    counted = (
        _counted(of, alerts.c.partner, alerts.c.customer_lower, func.count().label("many"))
        .group_by(alerts.c.partner, alerts.c.customer_lower)
        .order_by(func.count().desc(), alerts.c.customer_lower)
        .limit(most)
        .subquery()
    )
    return (
        select(counted, names.c.name)
        .outerjoin(names, and_(names.c.partner == counted.c.partner, names.c.tenant_id == counted.c.customer_lower))
        .order_by(counted.c.many.desc(), counted.c.customer_lower)
    )
