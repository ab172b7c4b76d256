"""Stand-ins for the ports of outbound adapters: a clock that moves only when told, fixed chance, made-up tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class StepClock:
    """Sleeping takes no time: it moves the clock and is written down in `pauses`."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._start = now
        self.pauses: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.forward(seconds)

    def forward(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class CountedIds:
    """GUIDs that count up, and chance that is always `chance`."""

    def __init__(self, chance: float = 0.0) -> None:
        self.chance = chance
        self._count = 0

    def guid(self) -> str:
        self._count += 1
        return f"00000000-0000-4000-8000-{self._count:012d}"

    def token(self) -> str:
        return f"token-{self.guid()}"

    def jitter(self) -> float:
        return self.chance


class MadeUpTokens:
    """The port Tokens: a text that tells what it is for, numbered anew with each fresh one."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bool]] = []
        self._number = 1

    async def app(self, tenant_id: str, scope: str, *, fresh: bool = False) -> str:
        self.asked.append((tenant_id, scope, fresh))
        self._number += fresh
        return f"app-token-{self._number}"
