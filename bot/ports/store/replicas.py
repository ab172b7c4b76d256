"""What replicas agree on: who does what now, how far a partner was read, which turns were taken already."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


class Inbox(Protocol):
    """Activities already handled, so that a redelivery does nothing twice. DEAD_AFTER is 12 seconds: Teams delivers
    an activity again after about 15, and whoever gets it then must be able to do it."""

    async def begin(self, key: str, now: datetime) -> tuple[bool, Mapping[str, Any] | None]:
        """(True, None) for a first sight; (False, answer) for a repeat, answer None while the first still runs.

        A first without an answer that gave no sign of life for DEAD_AFTER died: then the repeat counts as a first.
        """
        ...

    async def renew(self, keys: Collection[str], now: datetime) -> None:
        """A sign of life: these still run."""
        ...

    async def answer(self, key: str) -> Mapping[str, Any] | None:
        """None while it runs, and where it was never begun or was forgotten."""
        ...

    async def finish(self, key: str, answer: Mapping[str, Any]) -> None: ...
    async def forget(self, key: str) -> None:
        """Nothing was done for it: the same activity may be tried again."""
        ...

    async def prune(self, before: datetime) -> int: ...


class Leases(Protocol):
    async def acquire(self, name: str, owner: str, now: datetime, seconds: float) -> bool:
        """Take or renew a named lease."""
        ...

    async def release(self, name: str, owner: str) -> None: ...
    async def drop(self, name: str) -> bool:
        """Free it, whoever has it. Whether anybody had."""
        ...


@dataclass(frozen=True, slots=True)
class SyncState:
    """How far the reading of one partner has come. `baseline` is set once the quiet first sync is complete."""

    partner: str
    baseline: bool = False
    last_open_at: datetime | None = None
    last_full_at: datetime | None = None
    error: str = ""


class Syncs(Protocol):
    async def get(self, partner: str) -> SyncState: ...
    async def put(self, state: SyncState) -> None: ...
