"""The small regular work: decisions left open are taken up again, old rows forgotten, gauges kept true."""

from __future__ import annotations

from datetime import timedelta

from bot.chat.redelivery import RENEW_SECONDS, Redelivery
from bot.domain.bulk import LIFE
from bot.ports import Environment
from bot.sealing import SealedVault
from bot.services.bulk import Bulk
from bot.services.verdicts import Verdicts
from bot.telemetry import metrics

_RESUME_SECONDS = 1.0
_UPKEEP_SECONDS = 15.0
_PRUNE_EVERY = 240  # rounds of upkeep: an hour
_FORGET_SENT = timedelta(days=7)
_FORGET_ACTIVITIES = timedelta(hours=24)
_MERGED_HOURS = 1000
_FORGET_TOKENS = timedelta(days=90)
"""A refresh token that nobody used for so long is dead.
https://learn.microsoft.com/entra/identity-platform/refresh-tokens#token-lifetime"""

_FORGET_READERS = timedelta(days=7)
"""So long the sign-in of a reader is kept whose partner is not in the settings: it may come back, or be in those of a
replica that is newer."""
_SEALED_ANEW = 500


class Resumer:
    """Takes up intents whose carrier died or had to wait, and ends the bulk runs whose last one is settled."""

    def __init__(self, env: Environment, verdicts: Verdicts, bulk: Bulk) -> None:
        self._env, self._verdicts, self._bulk = env, verdicts, bulk

    async def run(self) -> None:
        await self._verdicts.resume()
        await self._bulk.tend()
        await self._env.clock.sleep(_RESUME_SECONDS)


class Renewer:
    """Keeps turns that take long from being taken for dead."""

    def __init__(self, env: Environment, redelivery: Redelivery) -> None:
        self._env, self._redelivery = env, redelivery

    async def run(self) -> None:
        await self._redelivery.renew()
        await self._env.clock.sleep(RENEW_SECONDS)


class Upkeep:
    """`vault` is None where no tokens are kept."""

    def __init__(self, env: Environment, vault: SealedVault | None = None) -> None:
        self._env, self._vault, self._rounds = env, vault, 0

    async def run(self) -> None:
        now = self._env.clock.now()
        async with self._env.store.read() as tx:
            counts = await tx.outbox.counts()
            oldest = await tx.outbox.oldest_waiting()
            syncs = [await tx.syncs.get(partner) for partner in self._env.partners]
        for state in ("pending", "sending", "uncertain", "parked"):
            metrics.OUTBOX.labels(state=state).set(counts.get(state, 0))
        metrics.OLDEST.set(max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)
        for sync in syncs:
            if sync.last_open_at is not None:
                metrics.SYNC_AGE.labels(partner=sync.partner).set((now - sync.last_open_at).total_seconds())
        if self._rounds % _PRUNE_EVERY == 0:
            async with self._env.store.write() as tx:
                await tx.outbox.prune(now - _FORGET_SENT)
                await tx.inbox.prune(now - _FORGET_ACTIVITIES)
                await tx.bulk.prune(now - LIFE)
                await tx.vault.prune("user", now - _FORGET_TOKENS)
                await tx.vault.prune("reader", now - _FORGET_READERS, keep=self._env.partners)
                await tx.sign_ins.prune(now)
            async with self._env.store.write() as tx:
                await tx.figures.merge(now, _MERGED_HOURS)
            if self._vault is not None and self._rounds:  # not at the start: other replicas may lack the new key yet
                await self._vault.seal_anew(_SEALED_ANEW)
        self._rounds += 1
        await self._env.clock.sleep(_UPKEEP_SECONDS)
