"""Reads the rosters of the conversations that get alerts: hourly, by one replica; and soon after a change that Teams
tells of, by the replica that heard of it."""

from __future__ import annotations

from bot.errors import AlertDeskError, Transient
from bot.ports import Environment
from bot.services.rosters import Rosters
from bot.telemetry.log import get_logger
from bot.workers.lease import Leased

EVERY_SECONDS = 3600.0
_LOOK_SECONDS = 60.0
_GATHER_SECONDS = 5.0
_BETWEEN_SECONDS = 0.2
log = get_logger("rosters")


class RosterKeeper:
    """What cannot be read stays as it was until the next hour. Reading is paced: people's turns come first."""

    def __init__(self, env: Environment, rosters: Rosters, *, owner: str) -> None:
        self._env, self._rosters = env, rosters
        self._lease = Leased(env, "rosters", owner)
        self._read_at: dict[str, float] = {}

    async def run(self) -> None:
        await self._lease.run(self._rounds)

    async def changes(self) -> None:
        """Wait for a change, gather those that come with it, and read what they concern, where alerts go."""
        await self._rosters.asked.wait()
        await self._env.clock.sleep(_GATHER_SECONDS)
        routed = await self._rosters.routed()  # before they are taken: what cannot be told now is asked for again
        for conversation_id in self._rosters.take():
            if conversation_id in routed:
                await self._read(conversation_id)

    async def _rounds(self) -> None:
        while True:
            await self.round()
            await self._env.clock.sleep(_LOOK_SECONDS)

    async def round(self) -> None:
        """Read what was not read for an hour; a new route is found within a minute."""
        routed = await self._rosters.routed()
        self._read_at = {each: at for each, at in self._read_at.items() if each in routed}
        now = self._env.clock.monotonic()
        for conversation_id in sorted(routed, key=lambda each: self._read_at.get(each, 0.0)):
            if now - self._read_at.get(conversation_id, now - EVERY_SECONDS) >= EVERY_SECONDS:
                await self._read(conversation_id)

    async def _read(self, conversation_id: str) -> None:
        self._read_at[conversation_id] = self._env.clock.monotonic()
        pause = _BETWEEN_SECONDS
        try:
            await self._rosters.read(conversation_id)
        except AlertDeskError as problem:
            log.warning("roster_not_read", conversation=conversation_id, code=problem.code, problem=problem.message)
            if isinstance(problem, Transient) and problem.retry_after:
                pause = min(problem.retry_after, _LOOK_SECONDS)
        await self._env.clock.sleep(pause)
