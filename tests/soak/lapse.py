"""Time that passes faster, the same in every process of a run: leases and send windows of minutes take seconds.

Clocks, sleeps and timeouts of asyncio are all scaled alike, so that for the program only the machine seems slower.
Nothing of the product knows of it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import selectors
import time
from dataclasses import asdict, dataclass
from typing import Any

VARIABLE = "SOAK_LAPSE"
_monotonic = time.monotonic


@dataclass(frozen=True)
class Lapse:
    """`speed` seconds go by in one real second. `mark` is the machine's monotonic clock, and `since` the seconds since
    1970, at the moment when it began; the monotonic clock is one for all processes."""

    speed: float
    mark: float
    since: float

    @classmethod
    def begin(cls, speed: float) -> Lapse:
        return cls(speed, _monotonic(), time.time())

    @classmethod
    def of_environment(cls) -> Lapse:
        return cls(**json.loads(os.environ[VARIABLE]))

    @property
    def as_environment(self) -> dict[str, str]:
        return {VARIABLE: json.dumps(asdict(self))}

    def monotonic(self) -> float:
        return self.mark + (_monotonic() - self.mark) * self.speed

    def time(self) -> float:
        return self.since + (_monotonic() - self.mark) * self.speed

    def now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.time(), dt.UTC)

    def install(self) -> None:
        """For this whole process, from now on. What waits in threads or in the database server is not concerned."""
        lapse = self

        class Datetime(dt.datetime):
            @classmethod
            def now(cls, tz: dt.tzinfo | None = None) -> Any:
                return dt.datetime.fromtimestamp(lapse.time(), tz)

        import jwt.api_jwt

        import bot.clock

        vars(time).update(time=lapse.time, monotonic=lapse.monotonic)
        vars(bot.clock)["datetime"] = Datetime
        vars(jwt.api_jwt)["datetime"] = Datetime
        asyncio.set_event_loop_policy(_Policy(self.speed))


class _Selector(selectors.DefaultSelector):
    """Waits in real time for what a loop counts in scaled time."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> Any:
        return super().select(timeout / self._speed if timeout and timeout > 0 else timeout)


class _Policy(asyncio.DefaultEventLoopPolicy):
    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.SelectorEventLoop(_Selector(self._speed))
