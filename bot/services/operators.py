"""Words to the people who run the bot, in the conversation that OPERATORS_CHANNEL names."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from bot.domain.delivery import ItemKind, NewItem
from bot.ports import Environment, Transaction

_PRIORITY = 8


class Operators:
    """`conversation_id` is empty where no such conversation is set: then the log and /readyz have to do."""

    def __init__(self, env: Environment, conversation_id: str) -> None:
        self._env, self._conversation_id = env, conversation_id
        self._last: dict[str, str] = {}

    async def tell(self, about: str, text: str, *, code: str = "") -> None:
        """Say it once: the same text about the same thing is not repeated, an empty text only ends the matter. With a
        code that decides in place of the text, which may hold what is new each time, such as a request's id."""
        matter = code or text
        if self._last.get(about, "") == matter:
            return
        self._last[about] = matter
        if text and self._conversation_id:
            async with self._env.store.write() as tx:
                await tx.outbox.add([self._notice(text)], self._env.clock.now())
            self._env.outbox_work.set()

    async def told(self, tx: Transaction, text: str) -> None:
        """Say it as part of what the transaction writes down: both, or neither."""
        if self._conversation_id:
            await tx.outbox.add([self._notice(text)], self._env.clock.now())
            self._env.outbox_work.set()

    async def once(self, about: str, text: str, *, again: timedelta) -> bool:
        """Say it, unless something about the same was said not longer ago than `again`, here or by another replica."""
        if not self._conversation_id:
            return False
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            return await self._first(tx, f"told {about}", text, now, again.total_seconds())

    async def over(self, about: str, text: str) -> bool:
        """The matter of `once` has ended: say so, if it was told."""
        async with self._env.store.write() as tx:
            if not await tx.leases.drop(f"told {about}"):
                return False
            await tx.outbox.add([self._notice(text)], self._env.clock.now())
        self._env.outbox_work.set()
        return True

    async def daily(self, about: str, text: str) -> bool:
        """Say it, unless something about the same was said on this day (UTC) already, here or by another replica."""
        if not self._conversation_id:
            return False
        now = self._env.clock.now()
        midnight = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
        async with self._env.store.write() as tx:
            return await self._first(tx, f"daily {about}", text, now, (midnight - now).total_seconds())

    async def _first(self, tx: Transaction, name: str, text: str, now: datetime, seconds: float) -> bool:
        # A lease with an owner of its own each time: nobody can renew it, and it runs out by itself.
        if not await tx.leases.acquire(name, self._env.ids.guid(), now, seconds):
            return False
        await tx.outbox.add([self._notice(text)], now)
        self._env.outbox_work.set()
        return True

    def _notice(self, text: str) -> NewItem:
        return NewItem(self._conversation_id, ItemKind.NOTICE, payload={"text": text}, priority=_PRIORITY)
