"""What `status` says of the bot itself."""

from __future__ import annotations

from datetime import datetime

from bot.texts import formats
from bot.texts.catalogue import _, plural
from bot.texts.en import when

TITLE = _("How Alert Desk is doing")
NEVER_READ = _("not read yet; the first reading is under way")
ALL_SENT = _("Every card and line that was meant for Teams is there.")


def read(at: datetime, unresolved: int) -> str:
    return plural("read {time}; {count} alert unresolved", "read {time}; {count} alerts unresolved", unresolved).format(
        time=when(at), count=formats.number(unresolved)
    )


def troubled(problem: str) -> str:
    return _("Last reading: {problem}").format(problem=problem)


def waiting(here: int, oldest: datetime | None) -> str:
    """`here` messages wait for this conversation; the oldest that waits anywhere was due at `oldest`."""
    if oldest is None:
        return ALL_SENT
    return plural(
        "{count} message waits to be sent here; the oldest anywhere has waited since {time}.",
        "{count} messages wait to be sent here; the oldest anywhere has waited since {time}.",
        here,
    ).format(count=formats.number(here), time=when(oldest))
