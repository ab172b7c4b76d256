"""What everything needs: time, chance."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class Ids(Protocol):
    """Fresh identifiers and chance, so that tests can fix both."""

    def guid(self) -> str: ...
    def token(self) -> str:
        """An unguessable URL-safe text of 256 bits."""
        ...

    def jitter(self) -> float:
        """Uniform in [0, 1)."""
        ...
