"""Roll-ups: in a storm one card stands for many alerts. Runs inside the caller's transaction, as card work does.

What is decided here is bot/domain/storms.py's; this reads what it decides by, and writes down what follows.
"""

from __future__ import annotations

from bot.domain.alerts import AlertKey, AlertRecord, severity_rank
from bot.domain.delivery import ItemKind, NewItem
from bot.domain.storms import (
    NEWS_EVERY,
    NONE_ARRIVED,
    POSTS_MOST,
    REDRAW_EVERY,
    WINDOW,
    RollUp,
    Scope,
    covering,
    is_hot,
    placed,
    scopes,
)
from bot.ports import Environment, Transaction
from bot.services.waking import reminder_in
from bot.telemetry.log import get_logger

MEMBERS_MOST = 50
_TRIES = 3
_LINE_PRIORITY = 5

log = get_logger("storms")


class RollUps:
    def __init__(self, env: Environment) -> None:
        self._env = env

    async def take(self, tx: Transaction, record: AlertRecord, conversation_id: str, *, arriving: bool) -> bool:
        """Whether a roll-up stands for this alert in the conversation; else it needs a card of its own.

        Only an alert that is `arriving` makes a storm; any other joins one that is open, and is not counted.
        """
        now = self._env.clock.now()
        falls_into = scopes(record.alert)
        if arriving:
            await tx.rollups.arrived(conversation_id, record, now)
        for _ in range(_TRIES):  # a roll-up may be closed while we look at it
            known = {rollup.scope: rollup for rollup in await tx.rollups.open_in(conversation_id)}
            scope = covering(falls_into, known.keys())
            arrivals = NONE_ARRIVED
            if arriving and not (scope is not None and known[scope].is_hot(now)):
                arrivals = await tx.rollups.arrivals(conversation_id, record, now)
            if scope is None and arriving:
                since = now - WINDOW
                posts = await tx.rollups.posts_since(conversation_id, since, POSTS_MOST) if known else 0
                scope = placed(falls_into, arrivals, known.keys(), posts)
            if scope is None:
                return False
            rollup = known.get(scope) or await self._open(tx, conversation_id, scope, record)
            if await self._join(tx, rollup, record, hot=is_hot(falls_into, arrivals)):
                await self.redraw(tx, rollup)
                return True
        return False

    async def _join(self, tx: Transaction, rollup: RollUp, record: AlertRecord, *, hot: bool) -> bool:
        """The alert comes in, with the end of its snooze, which is said below whatever stands for it by then."""
        now, rank = self._env.clock.now(), severity_rank(record.alert.severity)
        if not await tx.rollups.join(rollup, record.number, rank, now, hot=hot):
            return False
        await tx.outbox.add(reminder_in(rollup, record, now), now)
        return True

    async def _open(self, tx: Transaction, conversation_id: str, scope: Scope, first: AlertRecord) -> RollUp:
        """A new one, which takes in the scope's alerts whose cards were not sent yet."""
        now, new_id = self._env.clock.now(), self._env.ids.guid()
        rank = severity_rank(first.alert.severity)
        wanted = RollUp(new_id, conversation_id, scope, now, now, now + REDRAW_EVERY, rank)
        rollup = await tx.rollups.open(wanted)
        if rollup.id != new_id:
            return rollup  # another process was faster
        unsent = await tx.alerts.many(await tx.rollups.withdraw(conversation_id, scope))
        for record in unsent.values():
            rank = max(rank, severity_rank(record.alert.severity))
            await self._join(tx, rollup, record, hot=False)
        await tx.outbox.add([self._card(rollup, rank)], now)
        self._env.outbox_work.set()
        log.warning("storm_opened", rollup=rollup.id, conversation=conversation_id, scope=scope.key, taken=len(unsent))
        return rollup

    @staticmethod
    def _card(rollup: RollUp, rank: int) -> NewItem:
        return NewItem(
            rollup.conversation_id,
            ItemKind.ROLLUP_CARD,
            rollup.id,
            priority=rank,
            dedup_key=f"rollup-card:{rollup.id}",
        )

    async def redraw(self, tx: Transaction, rollup: RollUp) -> None:
        """Draw its card anew, at most every ten seconds."""
        now = self._env.clock.now()
        if now < rollup.redraw_at - REDRAW_EVERY:
            return  # it waits to be drawn already, and cannot have been before its time
        at = max(now, rollup.redraw_at)
        update = NewItem(
            rollup.conversation_id,
            ItemKind.ROLLUP_UPDATE,
            rollup.id,
            priority=rollup.rank,
            dedup_key=f"rollup:{rollup.id}",
            available_at=at,
        )
        if await tx.outbox.add([update], now):
            await tx.rollups.drawn_not_before(rollup.id, at + REDRAW_EVERY)
            self._env.outbox_work.set()

    async def replace(self, tx: Transaction, rollup: RollUp) -> None:
        """Its card was deleted in Teams: post another, which says so."""
        if rollup.activity_id and await tx.rollups.gone(rollup.id, rollup.activity_id):
            await tx.outbox.add([self._card(rollup, rollup.rank)], self._env.clock.now())
            self._env.outbox_work.set()

    async def changed(self, tx: Transaction, key: AlertKey, line: str) -> None:
        """Redraw the roll-ups that count the alert. The line is merged with those of a minute, where the alert has no
        card of its own to say it under."""
        now = self._env.clock.now()
        for membership in await tx.rollups.of_alert(key):
            rollup = membership.rollup
            await self.redraw(tx, rollup)
            if not line or membership.left:
                continue
            await tx.rollups.happened(rollup.id, membership.number, line, now)
            merged = NewItem(
                rollup.conversation_id,
                ItemKind.ROLLUP_LINE,
                rollup.id,
                {"since": now.isoformat()},
                priority=_LINE_PRIORITY,
                dedup_key=f"rollup-line:{rollup.id}",
                available_at=now + NEWS_EVERY,
            )
            await tx.outbox.add([merged], now)
            self._env.outbox_work.set()

    async def members(self, tx: Transaction, rollup_id: str, status: str = "") -> tuple[AlertRecord, ...]:
        """Its unresolved alerts (of that status alone, where one is given), worst first, at most 50."""
        keys = await tx.rollups.worst(rollup_id, MEMBERS_MOST, status)
        records = await tx.alerts.many(keys)
        return tuple(records[key] for key in keys if key in records)
