"""The alerts of Partner Center and our own drills as one source: a drill is read from and changed in the store alone,
so that the rest of the path needs to know nothing of it, and Microsoft never hears of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime

from bot.domain.alerts import DRILL, ActivityLogEntry, Alert, AlertKey, Status
from bot.domain.drills import alert_of
from bot.domain.people import Partner, Person
from bot.errors import Missing
from bot.ports import AlertPage, AlertSource, Environment
from bot.texts import drills as texts

OURSELVES = "Alert Desk"


class DrillSource(AlertSource):
    """`source` is asked for everything that is no drill."""

    def __init__(self, env: Environment, source: AlertSource) -> None:
        self._env, self._source = env, source

    def remark(self, partner: Partner) -> str:
        return self._source.remark(partner)

    async def open_alerts(self, partner: Partner) -> AsyncIterator[AlertPage]:
        async for page in self._both(partner, self._source.open_alerts(partner)):
            yield page

    async def all_alerts(self, partner: Partner) -> AsyncIterator[AlertPage]:
        async for page in self._both(partner, self._source.all_alerts(partner)):
            yield page

    async def alerts_since(self, partner: Partner, detected_from: datetime) -> AsyncGenerator[AlertPage, None]:
        """Without drills: nobody marks them with others."""
        async with aclosing(self._source.alerts_since(partner, detected_from)) as pages:
            async for page in pages:
                yield page

    async def get(self, partner: Partner, alert_id: str, actor: Person | None = None) -> Alert:
        if not alert_id.startswith(DRILL):
            return await self._source.get(partner, alert_id, actor)
        async with self._env.store.read() as tx:
            record = await tx.alerts.get(AlertKey(partner.tenant_id, alert_id))
        if record is None:
            raise Missing("There is no such drill.")
        return record.alert

    async def set_status(
        self, partner: Partner, alert_id: str, status: str, reason: str, actor: Person | None = None
    ) -> None:
        if not alert_id.startswith(DRILL):
            await self._source.set_status(partner, alert_id, status, reason, actor)
            return
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            record = await tx.alerts.get(AlertKey(partner.tenant_id, alert_id))
            if record is None:
                raise Missing("There is no such drill.")
            by = actor.name if actor is not None else OURSELVES
            changed = changed_to(record.alert, status, reason, by, now)
            await tx.alerts.change(record.alert.key, changed, now, record.decision)

    async def _both(self, partner: Partner, pages: AsyncIterator[AlertPage]) -> AsyncIterator[AlertPage]:
        """The drills first: they come whether or not Partner Center answers."""
        if ours := await self._drills(partner):
            yield AlertPage(ours)
        async for page in pages:
            yield page

    async def _drills(self, partner: Partner) -> tuple[Alert, ...]:
        """Those that are under way, as they are recorded, or as they begin."""
        async with self._env.store.read() as tx:
            drill = await tx.drills.under_way(partner.tenant_id)
            if drill is None:
                return ()
            record = await tx.alerts.get(drill.key)
        return (record.alert if record is not None else alert_of(drill, texts.NAME, texts.description(drill)),)


def changed_to(alert: Alert, status: str, reason: str, by: str, now: datetime) -> Alert:
    """As Partner Center would report it after the change."""
    closed = status == Status.RESOLVED
    return replace(
        alert,
        status=status,
        resolved_reason=reason if closed else "",
        resolved_by=by if closed else "",
        resolved_at=now if closed else None,
        activity_log=(*alert.activity_log, ActivityLogEntry(alert.status, status, by, now)),
    )
