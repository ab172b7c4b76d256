"""What customers and resellers are called: learnt from Partner Center, kept for a day, shown instead of GUIDs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta

from bot.domain.people import Partner
from bot.errors import AlertDeskError
from bot.ports import Directory, Environment
from bot.services.cards import CardWork

KEEP = timedelta(hours=24)
_AT_ONCE = 4
_FILL_SECONDS = 5.0
"""A card is not held up longer than this for the sake of a name."""
_FILL_MOST = 50


class Names:
    def __init__(self, env: Environment, directory: Directory, cards: CardWork) -> None:
        self._env, self._directory, self._cards = env, directory, cards

    async def refresh(self, partner: Partner) -> None:
        """Read all customers and resellers of a partner, page by page."""
        async for page in self._directory.customer_names(partner):
            await self._learn(partner, page)
        await self._learn(partner, await self._directory.reseller_names(partner))

    async def fill(self, partner: Partner, tenant_ids: Iterable[str]) -> None:
        """Ask for names that are unknown or old, a few at a time and not for long. What cannot be had stays a GUID."""
        wanted = {tenant for tenant in tenant_ids if tenant}
        now = self._env.clock.now()
        async with self._env.store.read() as tx:
            known = await tx.names.known(partner.tenant_id, wanted)
        missing = sorted(tenant for tenant in wanted if tenant not in known or now - known[tenant][1] > KEEP)[
            :_FILL_MOST
        ]
        if not missing:
            return
        found: dict[str, str] = {}
        gate = asyncio.Semaphore(_AT_ONCE)

        async def ask(tenant: str) -> None:
            async with gate:
                try:
                    name = await self._directory.customer_name(partner, tenant)
                except AlertDeskError:
                    return  # away or refused: the GUID serves, and the next alert asks again
            if name is not None or tenant not in known:
                found[tenant] = name or ""

        try:
            async with asyncio.timeout(_FILL_SECONDS):
                await asyncio.gather(*(ask(tenant) for tenant in missing))
        except TimeoutError:
            pass
        await self._learn(partner, found)

    async def _learn(self, partner: Partner, names: Mapping[str, str]) -> None:
        if not names:
            return
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            changed = await tx.names.learn(partner.tenant_id, names, now)
            affected = await tx.names.alerts_of(partner.tenant_id, changed) if changed else frozenset()
            if affected:
                await tx.alerts.touch(affected, now)
                for key in affected:
                    await self._cards.changed(tx, key)
