"""The connector's documented send windows, kept per conversation and per tenant.

Numbers: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque

# (calls, seconds) per bot and thread; a channel with all its posts counts as one thread.
SEND_WINDOWS = ((7, 1.0), (8, 2.0), (60, 30.0), (1800, 3600.0))
READ_WINDOWS = ((14, 1.0), (16, 2.0), (120, 30.0), (3600, 3600.0))
TENANT_WINDOWS = ((50, 1.0),)
MAX_TRACKED = 2_000


class SlidingWindows:
    """Counts admitted calls per key. A refused call is not counted, as the real limiter admits at the old pace."""

    def __init__(self) -> None:
        self._calls: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, key: str, windows: tuple[tuple[int, float], ...], now: float) -> int:
        """0 when a further call is within all windows, else whole seconds until it would be."""
        calls = self._calls.get(key)
        if not calls:
            return 0
        longest = windows[-1][1]
        while calls and calls[0] <= now - longest:
            calls.popleft()
        wait = 0.0
        for limit, seconds in windows:
            if len(calls) >= limit:
                oldest_that_counts = calls[-limit]
                wait = max(wait, oldest_that_counts + seconds - now)
        return max(0, math.ceil(wait))

    def admit(self, key: str, now: float) -> None:
        calls = self._calls.setdefault(key, deque(maxlen=max(SEND_WINDOWS[-1][0], READ_WINDOWS[-1][0])))
        calls.append(now)
        self._calls.move_to_end(key)
        while len(self._calls) > MAX_TRACKED:
            self._calls.popitem(last=False)

    def clear(self) -> None:
        self._calls.clear()
