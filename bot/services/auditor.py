"""Looks again at what the others promise: each open alert has a confirmed card wherever it should, or a reason why not.

Reasons are: the quiet first sync, and what was there before a route began (the route's summary counts it); a filter
that does not want it; a conversation that is switched off; a roll-up that stands for it; a queue that moves, as fast as
Teams' send windows let it. Whatever lacks a card without one of these is set going again after a minute, and told to
the operators after five. A card that Teams refuses for good is told at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.alerts import AlertKey
from bot.domain.delivery import ItemKind, ItemState, NewItem, Uncovered
from bot.errors import AlertDeskError
from bot.ports import Environment, Heartbeat
from bot.services.cards import CardWork
from bot.services.operators import Operators
from bot.telemetry import metrics
from bot.telemetry.log import get_logger
from bot.texts import delivery as texts
from bot.texts import en

PAGE, PAGES = 500, 20
"""Rows a page, pages a cycle: whatever lies beyond is looked at in the next."""
SOON = timedelta(seconds=60)
LATE = timedelta(minutes=5)
LOOK_BACK = timedelta(hours=24)
"""Alerts that changed since then are looked at for a card that was never written down: older ones would not get one."""
MOVING = timedelta(seconds=90)
"""A conversation that got something since then takes what waits there in its turn."""
HOUR, FULL_HOUR = timedelta(hours=1), 1800
"""After so many messages within an hour Teams takes none, and the queue stands still for a reason.
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit"""
AGAIN = timedelta(hours=6)

log = get_logger("auditor")


@dataclass
class Findings:
    """What one look found; each alert once for each conversation that lacks it."""

    unconfirmed: int = 0
    stuck: list[Uncovered] = field(default_factory=list)  # for a minute and more, and no reason
    late: list[Uncovered] = field(default_factory=list)  # the same for five
    parked: list[Uncovered] = field(default_factory=list)


class Auditor:
    def __init__(self, env: Environment, cards: CardWork, operators: Operators, heartbeat: Heartbeat | None) -> None:
        self._env, self._cards, self._operators, self._heartbeat = env, cards, operators, heartbeat
        self._after = (0, "")

    async def cycle(self) -> Findings:
        """Look, set going again, tell, and give a sign of life. Raises what the database raises: then there is none."""
        found = await self.look()
        metrics.UNCONFIRMED.set(found.unconfirmed)
        if found.stuck:
            await self._again(found.stuck)
        await self._tell(found)
        await self._beat()
        return found

    async def look(self) -> Findings:
        now, found = self._env.clock.now(), Findings()
        for _ in range(PAGES):
            async with self._env.store.read() as tx:
                rows = await tx.coverage.uncovered(self._after, now - LOOK_BACK, PAGE)
                moving = set(await tx.outbox.sent_since(now - MOVING)) if rows else set()
                hour = await tx.outbox.sent_since(now - HOUR) if rows else {}
            moving |= {place for place, count in hour.items() if count >= FULL_HOUR}
            for row in await self._wanted(rows):
                _sort(found, row, now, moving)
            self._after = (rows[-1].number, rows[-1].conversation_id) if len(rows) == PAGE else (0, "")
            if len(rows) < PAGE:
                break
        return found

    async def _wanted(self, rows: Iterable[Uncovered]) -> list[Uncovered]:
        """Without those that have no card because the route's filter does not want them."""
        rows = list(rows)
        open_ones = {row.alert for row in rows if not row.card_id and not row.in_rollup}
        if not open_ones:
            return rows
        async with self._env.store.read() as tx:
            records = await tx.alerts.many(open_ones)
            routes = {(route.conversation_id, route.partner): route for route in await tx.conversations.routes()}
        kept = []
        for row in rows:
            route, record = routes.get((row.conversation_id, row.alert.partner)), records.get(row.alert)
            if row.alert not in open_ones or (route and record and self._cards.wants(route, record)):
                kept.append(row)
        return kept

    async def _again(self, stuck: list[Uncovered]) -> None:
        """Wake the sender, free what a dead one held, and write down anew what is not written down at all."""
        log.warning("alerts_not_delivered", count=len(stuck), oldest=stuck[0].label, problem=stuck[0].problem)
        now = self._env.clock.now()
        lost: set[AlertKey] = {row.alert for row in stuck if not row.card_id and not row.in_rollup}
        async with self._env.store.write() as tx:
            await tx.outbox.recover(now)
            for row in stuck:
                if row.card_id and not row.state:
                    item = NewItem(
                        row.conversation_id, ItemKind.ALERT_CARD, row.card_id, dedup_key=f"card:{row.card_id}"
                    )
                    await tx.outbox.add([item], now)
        for key in sorted(lost):
            async with self._env.store.write() as tx:
                record = (await tx.alerts.many([key])).get(key)
                if record is not None and record.alert.is_open:
                    wanting = await tx.conversations.routes(partner=key.partner)
                    await self._cards.post(tx, record, [route for route in wanting if self._cards.wants(route, record)])
        self._env.outbox_work.set()

    async def _tell(self, found: Findings) -> None:
        for about, rows in (("late cards", found.late), ("parked cards", found.parked)):
            if not rows:
                continue
            oldest = min(rows, key=lambda row: row.since)
            count = len({row.alert for row in rows})
            if about == "late cards":
                text = texts.late(count, oldest.label, en.when(oldest.since), oldest.problem)
            else:
                text = texts.parked(count, oldest.label, oldest.problem)
            await self._operators.once(about, text, again=AGAIN)
        if self._after == (0, ""):  # all of them were looked at
            if not found.late:
                await self._operators.over("late cards", texts.LATE_OVER)
            if not found.parked:
                await self._operators.over("parked cards", texts.PARKED_OVER)

    async def _beat(self) -> None:
        if self._heartbeat is None:
            return
        try:
            await self._heartbeat.beat()
        except AlertDeskError as problem:
            log.warning("heartbeat_not_sent", code=problem.code, problem=problem.message)


def _sort(found: Findings, row: Uncovered, now: datetime, moving: set[str]) -> None:
    found.unconfirmed += 1
    if row.state == ItemState.PARKED:
        found.parked.append(row)
        return
    in_queue = row.state == ItemState.PENDING or row.in_rollup
    if in_queue and row.conversation_id in moving and not row.problem:
        return
    if now - row.since >= SOON:
        found.stuck.append(row)
    if now - row.since >= LATE:
        found.late.append(row)
