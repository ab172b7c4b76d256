"""Waiting for a condition, with a deadline: never for a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

DEADLINE = 10.0


async def until(
    condition: Callable[[], bool] | Callable[[], Awaitable[bool]], what: str = "what was waited for"
) -> None:
    """Returns as soon as the condition holds. Fails after `DEADLINE` seconds of the machine's own clock."""
    end = time.monotonic() + DEADLINE
    while True:
        holds = condition()
        if (await holds) if not isinstance(holds, bool) else holds:
            return
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true in {DEADLINE:.0f} s")
        await asyncio.sleep(0.002)
