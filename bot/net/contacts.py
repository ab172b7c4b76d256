"""Which services outside answer, as our own calls saw it. Nothing is called to find out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.ports import Clock


@dataclass(frozen=True, slots=True)
class Trouble:
    """The service's last answer was no use. `since` is when that began, `last` the newest such answer."""

    problem: str
    since: datetime
    last: datetime


class Contacts:
    """By name of the service. May be told from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[str, Trouble | None] = {}

    def note(self, name: str, problem: str) -> None:
        """How a call to it ended; `problem` is empty where it answered, even if that was a no."""
        if not name:
            return
        if not problem:
            self._seen[name] = None
            return
        now, before = self._clock.now(), self._seen.get(name)
        self._seen[name] = replace(before, problem=problem, last=now) if before else Trouble(problem, now, now)

    def told(self) -> dict[str, object]:
        """For JSON, by name: those that were called since the start."""
        return {name: _told(trouble) for name, trouble in sorted(self._seen.items())}


def _told(trouble: Trouble | None) -> dict[str, object]:
    if trouble is None:
        return {"ok": True}
    return {
        "ok": False,
        "problem": trouble.problem,
        "since": trouble.since.isoformat(),
        "last": trouble.last.isoformat(),
    }
