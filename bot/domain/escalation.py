"""When an alert that nobody answers is told to whom. Pure.

Three steps at most: those on duty are mentioned, those on duty get a personal message, the managers get one too. Each
step is taken once in each conversation that gets the alert.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from itertools import pairwise
from typing import Any

from bot.domain.alerts import AlertKey, AlertRecord, Severity, Status, severity_rank

YOUNG = timedelta(hours=24)
"""Alerts detected before are not escalated: the first sync is quiet, and an old alert wakes up nobody."""
LATE = timedelta(minutes=15)
"""An alert that reached the conversation later than this after its detection counts from when it came there."""
APART = timedelta(minutes=5)
"""Between two steps of an alert, however late everything is."""
FEW = 3
"""More alerts than this that are due at once in a conversation are told in one message."""
PAUSE = timedelta(minutes=2)
"""So long after such a message, or after FEW single ones, the next of that step waits in that conversation."""
NAMED_MOST = 50
"""Alerts that one message keeps; it names a few of them, the worst, and counts the others."""


class Step(IntEnum):
    MENTION = 1  # a line in the alert's thread that rings whoever is on duty
    MESSAGE = 2  # a personal message to each on duty
    MANAGERS = 3  # a personal message to the managers and those on duty, and a line that mentions them all


class Why(StrEnum):
    """Why somebody is called."""

    DUTY = "duty"
    MANAGER = "manager"
    APPROVER = "approver"


Minutes = Mapping[str, Sequence[int]]
"""Severity -> minutes of its steps, rising; an empty list: it does not escalate."""

USUAL: Minutes = {
    Severity.HIGH: (15, 30, 50),
    Severity.MEDIUM: (15, 30, 50),
    Severity.LOW: (),
    Severity.INFORMATIONAL: (),
}
MINUTES_MOST = 1440
"""A step comes earlier than this: later the alert is too old to be escalated at all."""


def problem(minutes: Minutes) -> str:
    """What is wrong with them, in words for the operator; empty where nothing is."""
    for severity, steps in minutes.items():
        if severity not in tuple(Severity):
            return f"{severity!r} is no severity; there are {', '.join(Severity)}"
        rising = all(earlier < later for earlier, later in pairwise(steps))
        if len(steps) > len(Step) or not rising or any(not 0 < step < MINUTES_MOST for step in steps):
            return f"{severity}: one to three rising numbers of minutes, each above 0 and below {MINUTES_MOST}, or []"
    return ""


@dataclass(frozen=True, slots=True)
class Window:
    """What is due, as a database can ask for it: alerts of this severity rank that have taken `taken` steps and were
    detected at `detected_by` or before."""

    rank: int
    taken: int
    detected_by: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """The last step that was taken for an alert in a conversation, and when."""

    step: int = 0
    at: datetime | None = None


NONE_TAKEN = Taken()


@dataclass(frozen=True, slots=True)
class Waiting:
    """An alert that may be due in a conversation. `card_id` and `rollup_id` are what stands for it there (empty: there
    is none), `came_at` is since when; None: nothing stands there."""

    alert: AlertKey
    number: int
    taken: Taken
    card_id: str = ""
    rollup_id: str = ""
    came_at: datetime | None = None


class Plan:
    """The steps of each severity, as the operator set them; what he left out is as usual."""

    def __init__(self, minutes: Minutes = USUAL) -> None:
        """Raises ValueError, in words for the operator, for minutes that make no plan."""
        if wrong := problem(minutes):
            raise ValueError(wrong)
        of_severity = {**USUAL, **minutes}
        self._of_rank = {
            severity_rank(severity): tuple(timedelta(minutes=each) for each in steps)
            for severity, steps in of_severity.items()
        }

    def steps(self, severity: str) -> tuple[timedelta, ...]:
        """How long after its detection each step of such an alert is due; an unknown severity counts as medium."""
        return self._of_rank[severity_rank(severity)]

    def windows(self, now: datetime) -> tuple[Window, ...]:
        """Whatever is due falls into one of these; not all that does is due."""
        return tuple(
            Window(rank, taken, now - after)
            for rank, steps in self._of_rank.items()
            for taken, after in enumerate(steps)
        )

    def next(
        self, severity: str, detected_at: datetime, came_at: datetime, taken: Taken
    ) -> tuple[int, datetime] | None:
        """The next step and when it is due; None where all are taken."""
        steps = self.steps(severity)
        if taken.step >= len(steps):
            return None
        at = counted_from(detected_at, came_at) + steps[taken.step]
        return taken.step + 1, at if taken.at is None else max(at, taken.at + APART)

    def due(self, record: AlertRecord, came_at: datetime, taken: Taken, now: datetime) -> int:
        """The step to take now; 0: none."""
        if not waits(record, now) or now - record.alert.detected_at > YOUNG:
            return 0
        following = self.next(record.alert.severity, record.alert.detected_at, came_at, taken)
        return following[0] if following is not None and following[1] <= now else 0


def counted_from(detected_at: datetime, came_at: datetime) -> datetime:
    """From when the minutes count in a conversation."""
    return came_at if came_at - detected_at > LATE else detected_at


def waits(record: AlertRecord, now: datetime) -> bool:
    """Whether nobody has answered it: neither investigated, assigned nor decided. A snooze holds it back, but for high
    severity. Microsoft's test alerts wait for nobody; our own drills do."""
    alert = record.alert
    return (
        alert.status.lower() == Status.ACTIVE
        and not record.work.assigned_id
        and (alert.is_drill or not alert.is_test)
        and (alert.severity.lower() == Severity.HIGH or not record.work.sleeps(now))
    )


@dataclass(frozen=True, slots=True)
class Call:
    """What one message tells, kept as the payload of its outbox item and drawn when it is sent. `alerts` are the worst
    of the `count` that are due. Names are those of people: `written` got a personal message, `unreached` could not get
    one, `absent` are no members of the conversation any more. `nobody`: no one is on duty. `instead`: approvers were
    called, for there are no managers. `alone`: it is told in somebody's own chat."""

    step: int
    alerts: tuple[AlertKey, ...]
    count: int
    written: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    nobody: bool = False
    instead: bool = False
    alone: bool = False
    failed: bool = False  # tells only of a personal message that was refused when it was sent
    conversation_id: str = ""  # where the alerts stand, in a personal message
    root: str = ""  # of a personal message: the card or roll-up under which its line stands
    in_rollup: bool = False
    to: str = ""  # whose personal message it is
    why: str = ""  # a Why: they get it

    def payload(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Call:
        known: dict[str, Any] = {each.name: payload[each.name] for each in fields(cls) if each.name in payload}
        known |= {name: tuple(known.get(name, ())) for name in ("written", "unreached", "absent")}
        return cls(**known | {"alerts": tuple(AlertKey(*each) for each in payload["alerts"])})


def is_storm(count: int) -> bool:
    """Whether so many alerts, due at once in a conversation, are told in one message."""
    return count > FEW
