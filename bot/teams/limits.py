"""Teams' documented send limits, counted before anything is sent. Pure: the caller tells the time and does the waiting.

https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
"""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.errors import ConfigError

DOCUMENTED: Mapping[str, Sequence[Sequence[float]]] = {
    "conversation": ((7, 1), (8, 2), (60, 30), (1800, 3600)),
    "tenant": ((50, 1),),
}
"""Calls and seconds, per conversation (a channel with all its threads is one) and per tenant."""
SLACK = 0.05
"""Seconds added to each window, as our clock and theirs tick differently."""
MOST_KEYS = 4096


@dataclass(frozen=True, slots=True)
class Window:
    calls: int
    seconds: float


class SendLimits:
    """Sliding windows over the calls made. A window of 7 calls in 1 s never sees an eighth in any second."""

    def __init__(self, conversation: tuple[Window, ...] = (), tenant: tuple[Window, ...] = ()) -> None:
        self._conversations = _Ledger(conversation)
        self._tenants = _Ledger(tenant)

    @classmethod
    def from_mapping(cls, value: Mapping[str, Any]) -> SendLimits:
        """From JSON like `DOCUMENTED`; `{}` lifts all limits. Raises ConfigError."""
        unknown = sorted(set(value) - set(DOCUMENTED))
        if unknown:
            raise ConfigError(f"SEND_LIMITS knows conversation and tenant, not {', '.join(map(repr, unknown))}.")
        return cls(_windows("conversation", value), _windows("tenant", value))

    def delay(self, conversation: str, tenant: str, now: float) -> float:
        """Seconds until one more call is within all windows; 0 is now. An empty name is not limited."""
        return max(self._conversations.delay(conversation, now), self._tenants.delay(tenant, now))

    def spend(self, conversation: str, tenant: str, now: float) -> None:
        """A call goes out."""
        self._conversations.add(conversation, now)
        self._tenants.add(tenant, now)

    def settle(self, conversation: str, tenant: str, began: float, ended: float) -> None:
        """The call that was spent at `began` was answered: Teams may have counted it as late as now."""
        self._conversations.move(conversation, began, ended)
        self._tenants.move(tenant, began, ended)


class _Ledger:
    """When each name's calls were made, ascending, as far back as the longest window reaches."""

    def __init__(self, windows: tuple[Window, ...]) -> None:
        self._windows = windows
        self._most = max((window.calls for window in windows), default=0)
        self._calls: OrderedDict[str, list[float]] = OrderedDict()

    def delay(self, name: str, now: float) -> float:
        calls = self._calls.get(name)
        if not calls:
            return 0.0
        waits = (calls[-window.calls] + window.seconds - now for window in self._windows if len(calls) >= window.calls)
        return max(0.0, max(waits, default=0.0))

    def add(self, name: str, now: float) -> None:
        if not self._windows or not name:
            return
        calls = self._calls.setdefault(name, [])
        insort(calls, now)
        if len(calls) > 2 * self._most:
            del calls[: -self._most]
        self._calls.move_to_end(name)
        while len(self._calls) > MOST_KEYS:
            self._calls.popitem(last=False)

    def move(self, name: str, began: float, ended: float) -> None:
        calls = self._calls.get(name)
        if calls is not None and began in calls:
            calls.remove(began)
            insort(calls, ended)


def _windows(name: str, value: Mapping[str, Any]) -> tuple[Window, ...]:
    listed = value.get(name, [])
    if not isinstance(listed, list | tuple):
        raise ConfigError(f"SEND_LIMITS: {name} must be a list of [calls, seconds].")
    return tuple(_window(name, pair) for pair in listed)


def _window(name: str, pair: Any) -> Window:
    match pair:
        case [int(calls), int() | float() as seconds] if not isinstance(calls, bool) and calls > 0 and seconds > 0:
            return Window(calls, float(seconds) + SLACK)
    raise ConfigError(f"SEND_LIMITS: {name} must be a list of [calls, seconds], both above 0.")
