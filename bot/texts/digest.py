"""What is said in digests, and about when they come. Plain text: nothing here is Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.cancellations import Cancellation
from bot.domain.digest import WEEKDAYS, Digest, DigestKind, Schedule
from bot.texts import en as texts
from bot.texts import formats

TITLE = "Digests here"
SEND_NOW = "Send one now"
DASHBOARD = "Dashboard"
CREDIT_REQUESTS = "Credit requests"
NEW = "New"
RESOLVED = "Resolved"
UNRESOLVED = "Unresolved"
OVERDUE = "Past the one-hour target"
AVERAGE = "Average response"
FORECAST = "Forecast"
URGENT = "The most urgent"
VERDICTS = "Verdicts"
REQUESTS = "Requests that wait for a decision"
DEADLINES = "Credit requests that end soon"
NO_DIGEST = "No digest is set for this conversation."
HOW_TO = "To set one, write: digest daily 08:00 Europe/Stockholm, or digest weekly monday 08:00 Europe/Stockholm"
HINT = "If buttons fail, write to Alert Desk: show unresolved"
NOTHING_SENT_HERE = (
    "No partner's alerts are sent to this conversation, so a digest would have nothing to tell. "
    "An Admin Agent can say “subscribe” first."
)
USAGE = (
    "Write: digest daily 08:00 Europe/Stockholm, digest weekly monday 08:00 Europe/Stockholm, digest off, digest now, "
    "or just digest to see what is set."
)
ON_ITS_WAY = "A digest is on its way to this conversation."
NOTHING_OPEN = "Nothing is open."
QUIET_DAY = "A quiet day: nothing new, nothing decided, nothing open."
QUIET_WEEK = "A quiet week: nothing new, nothing decided, nothing open."

_TITLES = {DigestKind.DAILY: "Daily digest", DigestKind.WEEKLY: "Weekly digest"}


def title(kind: str) -> str:
    return _TITLES.get(kind, "Digest")  # type: ignore[call-overload,no-any-return]


def kind_word(kind: str) -> str:
    return {"daily": "Daily", "weekly": "Weekly"}.get(kind, kind)


def quiet(kind: str) -> str:
    return QUIET_WEEK if kind == DigestKind.WEEKLY else QUIET_DAY


def period(since: datetime, until: datetime) -> str:
    return f"{texts.when(since)} to {texts.when(until)}"


def at(schedule: Schedule) -> str:
    """`Mondays at 08:00, Europe/Stockholm`."""
    days = f"{WEEKDAYS[schedule.weekday].capitalize()}s" if schedule.kind == DigestKind.WEEKLY else "Every day"
    return f"{days} at {schedule.clock}, {schedule.zone}"


def standing(digest: Digest) -> str:
    by = f", set by {digest.by_name}" if digest.by_name else ""
    return f"{at(digest.schedule)}. Next: {texts.when(digest.next_at)}{by}"


def set_to(digest: Digest) -> str:
    said = f"{title(digest.schedule.kind)} set: {at(digest.schedule)}. The next one comes {texts.when(digest.next_at)}."
    if digest.schedule.zone == "UTC":
        return f"{said} For another time zone, write it at the end, such as Europe/Stockholm."
    return said


def removed(kinds: Sequence[str]) -> str:
    if not kinds:
        return "No such digest was set here, so nothing was changed."
    return f"From now on I send no {' and no '.join(kinds)} digest here."


def no_zone(text: str) -> str:
    return f"I know no time zone {text[:60]!r}. Write one such as Europe/Stockholm, America/New_York or UTC. {USAGE}"


def of_severities(total: int, parts: Sequence[str]) -> str:
    return f"{formats.number(total)}: {', '.join(parts)}" if parts else f"{formats.number(total)}"


def counted(count: int, word: str) -> str:
    return f"{formats.number(count)} {word}"


def hours(value: float) -> str:
    return formats.hours(value)


def if_open_until(value: float, until: datetime) -> str:
    return f"{formats.hours(value)}, if what is open stays so until {texts.when(until)}"


def by_person(name: str, parts: Sequence[str]) -> str:
    return f"{name or 'Somebody'}: {', '.join(parts)}"


def request(c: Cancellation) -> str:
    plan = c.plan
    what = plan.entitlement_name or plan.entitlement_id
    return f"{c.label}: {plan.kind} {what}, asked by {plan.by_name}, until {texts.when(plan.expires_at)}"


def summary(kind: str, new: int, unresolved: int) -> str:
    return f"{title(kind)}: {formats.number(new)} new, {formats.number(unresolved)} unresolved"


def fallback(kind: str, new: int, resolved: int, unresolved: int) -> str:
    return f"{summary(kind, new, unresolved)}, {formats.number(resolved)} resolved. Say to Alert Desk: show unresolved"
