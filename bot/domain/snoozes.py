"""How long an alert may be put aside, as people say it, and what ends that early. Pure.

A snooze hides nothing and always ends: after a day at most, when the alert gets worse, and with a verdict.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.alerts import Alert, Work, severity_rank

LONGEST = timedelta(hours=24)
SHORTEST = timedelta(minutes=1)
CHOICES = ("30m", "1h", "4h", "8h", "24h")
"""What the form offers."""
OFF = "off"

_LENGTH = re.compile(r"(?:for )?(\d{1,5}) ?(m|min|mins|minutes?|h|hrs?|hours?)", re.ASCII)
_CLOCK = re.compile(r"(?:until|till|to) (\d{1,2})[:.](\d{2})(?: ?utc| ?z)?", re.ASCII)


def ends_at(words: str, now: datetime) -> datetime | None:
    """When a snooze of `2h`, `30 min` or `until 18:00` (the next time that it is 18:00 UTC) ends. None where the words
    are no such time, or not between a minute and a day from now."""
    said = " ".join(words.lower().split()).rstrip(".!")
    if found := _LENGTH.fullmatch(said):
        length = timedelta(hours=int(found[1])) if found[2].startswith("h") else timedelta(minutes=int(found[1]))
        return now + length if SHORTEST <= length <= LONGEST else None
    if (found := _CLOCK.fullmatch(said)) and int(found[1]) < 24 and int(found[2]) < 60:
        at = now.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
        return at if at - now >= SHORTEST else at + timedelta(days=1)
    return None


def is_off(words: str) -> bool:
    return words.strip().lower().rstrip(".!") == OFF


def woken(work: Work) -> Work:
    """The same without a snooze."""
    return replace(work, snoozed_until=None, snoozed_by="")


def rises(before: Alert, now_says: Alert) -> bool:
    """Whether the alert got worse: nobody put that aside."""
    return severity_rank(now_says.severity) > severity_rank(before.severity)
