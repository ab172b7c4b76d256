"""What tenants are called. Tenant ids are compared in lower case; answers use the caller's own spelling."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, union, update

from bot.domain.alerts import AlertKey
from bot.store.alert_rows import customer_sort
from bot.store.batches import batches
from bot.store.session import Session
from bot.store.tables import IS_OPEN, alerts
from bot.store.tables import names as names_table


class SqlNames:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def known(self, partner: str, tenant_ids: Iterable[str]) -> dict[str, tuple[str, datetime]]:
        spelt = {tenant_id: tenant_id.lower() for tenant_id in tenant_ids}
        found = {row.tenant_id: (row.name, row.learned_at) async for row in self._rows(partner, set(spelt.values()))}
        return {given: found[lower] for given, lower in spelt.items() if lower in found}

    async def learn(self, partner: str, names: Mapping[str, str], now: datetime) -> frozenset[str]:
        """New or changed is a name that people see differently now: a first answer without a name is neither."""
        before = await self.known(partner, names)
        for batch in batches(sorted(names.items())):
            await self._store(partner, batch, now)
        changed = {tenant_id: name for tenant_id, name in names.items() if before.get(tenant_id, ("", now))[0] != name}
        for batch in batches(sorted(changed.items())):
            await self._sort_anew(partner, batch)
        return frozenset(changed)

    async def alerts_of(self, partner: str, tenant_ids: Iterable[str]) -> frozenset[AlertKey]:
        found: set[AlertKey] = set()
        for batch in batches(sorted({tenant_id.lower() for tenant_id in tenant_ids if tenant_id})):
            open_ids = select(alerts.c.id).where(alerts.c.partner == partner, IS_OPEN)
            statement = union(
                open_ids.where(alerts.c.customer_lower.in_(batch)),
                open_ids.where(alerts.c.reseller_lower.in_(batch)),
            )
            found |= {AlertKey(partner, row.id) for row in await self._session.rows(statement)}
        return frozenset(found)

    async def _rows(self, partner: str, lower_ids: Iterable[str]) -> AsyncIterator[Row[Any]]:
        for batch in batches(sorted(lower_ids)):
            statement = select(names_table).where(names_table.c.partner == partner, names_table.c.tenant_id.in_(batch))
            for row in await self._session.rows(statement):
                yield row

    async def _sort_anew(self, partner: str, changed: Sequence[tuple[str, str]]) -> None:
        """Put the alerts of these customers where lists by customer now have them."""
        statement = (
            update(alerts)
            .where(alerts.c.partner == partner, alerts.c.customer_lower == bindparam("tenant"))
            .values(customer_sort=bindparam("sort"))
        )
        given = [
            {"tenant": tenant_id.lower(), "sort": customer_sort(name.lower(), tenant_id.lower())}
            for tenant_id, name in changed
        ]
        await self._session.execute(statement, given)

    async def _store(self, partner: str, heard: Sequence[tuple[str, str]], now: datetime) -> None:
        insert = self._session.insert(names_table)
        statement = insert.on_conflict_do_update(
            index_elements=["partner", "tenant_id"],
            set_={column: insert.excluded[column] for column in ("name", "name_lower", "learned_at")},
        )
        await self._session.execute(
            statement,
            [
                {
                    "partner": partner,
                    "tenant_id": tenant_id.lower(),
                    "name": name,
                    "name_lower": name.lower(),
                    "learned_at": now,
                }
                for tenant_id, name in heard
            ],
        )
