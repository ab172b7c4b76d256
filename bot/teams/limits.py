"""Teams' documented send limits, counted before anything is sent. Pure: the caller tells the time and does the waiting.

https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.delivery import PastCall
from bot.errors import ConfigError
from bot.ports import Clock, Full

DOCUMENTED: Mapping[str, Sequence[Sequence[float]]] = {
    "conversation": ((7, 1), (8, 2), (60, 30), (1800, 3600)),
    "create": ((7, 1), (8, 2), (60, 30), (1800, 3600)),
    "members": ((14, 1), (16, 2), (120, 30), (3600, 3600)),
    "tenant": ((50, 1),),
}
"""Calls and seconds. Per conversation (a channel with all its threads is one): messages, and reads of its members.
Per tenant: conversations that are created, and calls of any kind."""
SEND, CREATE, MEMBERS = "conversation", "create", "members"
SLACK = 0.05
"""Seconds added to each window, as our clock and theirs tick differently."""
SHORT = 60.0
"""Who takes over waits out windows up to this length where a call may still be on its way; longer ones are carried."""
MOST_KEYS = 4096


@dataclass(frozen=True, slots=True)
class Window:
    calls: int
    seconds: float


class SendLimits:
    """Sliding windows over the calls made. A window of 7 calls in 1 s never sees an eighth in any second."""

    def __init__(self, windows: Mapping[str, tuple[Window, ...]]) -> None:
        self._ledgers = {kind: _Ledger(windows.get(kind, ())) for kind in (SEND, CREATE, MEMBERS)}
        self._tenants = _Ledger(windows.get("tenant", ()))

    @classmethod
    def from_mapping(cls, value: Mapping[str, Any]) -> SendLimits:
        """From JSON like `DOCUMENTED`; `{}` lifts all limits. What else it leaves out of members and create stays as
        documented. Raises ConfigError."""
        if unknown := sorted(set(value) - set(DOCUMENTED)):
            known = ", ".join(DOCUMENTED)
            raise ConfigError(f"SEND_LIMITS knows {known}, not {', '.join(map(repr, unknown))}.")
        given = {kind: DOCUMENTED[kind] for kind in (CREATE, MEMBERS)} | dict(value) if value else {}
        return cls({kind: _windows(kind, given[kind]) for kind in given})

    @property
    def memory(self) -> float:
        """Seconds of the longest window for messages."""
        return self._ledgers[SEND].longest

    def delay(self, name: str, tenant: str, now: float, kind: str = SEND) -> float:
        """Seconds until one more call is within all windows; 0 is now. An empty name is not limited."""
        return max(self._ledgers[kind].delay(name, now), self._tenants.delay(tenant, now))

    def spend(self, name: str, tenant: str, now: float, kind: str = SEND) -> None:
        """A call goes out."""
        self._ledgers[kind].add(name, now)
        self._tenants.add(tenant, now)

    def settle(self, name: str, tenant: str, began: float, ended: float, kind: str = SEND) -> None:
        """The call that was spent at `began` was answered: Teams may have counted it as late as now."""
        self._ledgers[kind].move(name, began, ended)
        self._tenants.move(tenant, began, ended)

    def full(self, now: float) -> Full:
        """Where no message would get out now."""
        conversations, tenants = self._ledgers[SEND].full(now), self._tenants.full(now)
        return Full(
            frozenset(conversations),
            frozenset(tenants),
            min((*conversations.values(), *tenants.values()), default=math.inf),
        )

    def carry(self, calls: Iterable[PastCall], now: float) -> None:
        """Count what others sent. Where one may still be on its way, nothing goes for a whole short window."""
        by_name: dict[str, list[float]] = {}
        by_tenant: dict[str, list[float]] = {}
        for call in calls:
            at = now - call.ago
            by_name.setdefault(call.conversation_id, []).append(at)
            by_tenant.setdefault(call.tenant_id, []).append(at)
            if not call.ended:
                self._ledgers[SEND].hold(call.conversation_id, now)
        for name, times in by_name.items():
            self._ledgers[SEND].carry(name, times, now)
        for tenant, times in by_tenant.items():
            self._tenants.carry(tenant, times, now)


class Pacer:
    """`SendLimits` with a clock: ports.Pace."""

    def __init__(self, limits: SendLimits, clock: Clock) -> None:
        self._limits, self._clock = limits, clock

    @property
    def memory(self) -> float:
        return self._limits.memory

    def full(self) -> Full:
        return self._limits.full(self._clock.monotonic())

    def carry(self, calls: Iterable[PastCall]) -> None:
        self._limits.carry(calls, self._clock.monotonic())


class _Ledger:
    """When each name's calls were made, ascending, as far back as the longest window reaches."""

    def __init__(self, windows: tuple[Window, ...]) -> None:
        self._windows = windows
        self._most = max((window.calls for window in windows), default=0)
        self.longest = max((window.seconds for window in windows), default=0.0)
        self._short = max((window.seconds for window in windows if window.seconds <= SHORT), default=0.0)
        self._calls: OrderedDict[str, list[float]] = OrderedDict()
        self._held: dict[str, float] = {}

    def delay(self, name: str, now: float) -> float:
        held = self._held.get(name, now) - now if self._held else 0.0
        calls = self._calls.get(name)
        if not calls:
            return max(0.0, held)
        waits = (calls[-window.calls] + window.seconds - now for window in self._windows if len(calls) >= window.calls)
        return max(0.0, held, max(waits, default=0.0))

    def full(self, now: float) -> dict[str, float]:
        """Each name that has to wait, and how long."""
        self._held = {name: until for name, until in self._held.items() if until > now}
        names = {*self._held, *(name for name, calls in self._calls.items() if calls[-1] + self.longest > now)}
        return {name: delay for name in names if (delay := self.delay(name, now)) > 0}

    def add(self, name: str, now: float) -> None:
        if not self._windows or not name:
            return
        calls = self._calls.setdefault(name, [])
        insort(calls, now)
        if len(calls) > 2 * self._most:
            del calls[: -self._most]
        self._touch(name)

    def move(self, name: str, began: float, ended: float) -> None:
        calls = self._calls.get(name)
        if calls is not None and began in calls:
            calls.remove(began)
            insort(calls, ended)

    def hold(self, name: str, now: float) -> None:
        if self._short:
            self._held[name] = now + self._short

    def carry(self, name: str, times: list[float], now: float) -> None:
        """What is told of the time before the last short window outweighs what we knew of it (our own calls are among
        it); since then both count."""
        if not self._windows or not name:
            return
        own = self._calls.get(name, [])
        recent = own[bisect_right(own, now - self._short) :]
        self._calls[name] = sorted((*times, *recent))[-2 * self._most :]
        self._touch(name)

    def _touch(self, name: str) -> None:
        self._calls.move_to_end(name)
        while len(self._calls) > MOST_KEYS:
            self._calls.popitem(last=False)


def _windows(name: str, listed: Any) -> tuple[Window, ...]:
    if not isinstance(listed, list | tuple):
        raise ConfigError(f"SEND_LIMITS: {name} must be a list of [calls, seconds].")
    return tuple(_window(name, pair) for pair in listed)


def _window(name: str, pair: Any) -> Window:
    match pair:
        case [int(calls), int() | float() as seconds] if not isinstance(calls, bool) and calls > 0 and seconds > 0:
            return Window(calls, float(seconds) + SLACK)
    raise ConfigError(f"SEND_LIMITS: {name} must be a list of [calls, seconds], both above 0.")
