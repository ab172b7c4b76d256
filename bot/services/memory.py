"""A bounded memory of answers that grow old: for drawing and reading, never for deciding who may act."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memory(Generic[K, V]):
    """Keeps at most `most` answers, each for `seconds` of the monotonic clock that its callers pass in."""

    def __init__(self, seconds: float, most: int = 4096) -> None:
        self._seconds, self._most = seconds, most
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K, at: float) -> V | None:
        found = self._entries.get(key)
        return found[1] if found is not None and at - found[0] < self._seconds else None

    def put(self, key: K, value: V, at: float) -> None:
        self._entries[key] = (at, value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)

    def take(self, key: K, at: float) -> V | None:
        """Get it, and forget it."""
        found = self.get(key, at)
        self._entries.pop(key, None)
        return found

    def drop(self, unwanted: Callable[[K, V], bool]) -> None:
        """Forget those."""
        for key in [key for key, (_, value) in self._entries.items() if unwanted(key, value)]:
            del self._entries[key]

    def clear(self) -> None:
        self._entries.clear()
