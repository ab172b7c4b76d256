"""What is said in digests, and about when they come. Plain text: nothing here is Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.cancellations import Cancellation
from bot.domain.digest import WEEKDAYS, Digest, DigestKind, Schedule
from bot.texts import en as texts
from bot.texts import formats
from bot.texts.catalogue import _

TITLE = _("Digests here")
SEND_NOW = _("Send one now")
DASHBOARD = _("Dashboard")
CREDIT_REQUESTS = _("Credit requests")
NEW = _("New")
RESOLVED = _("Resolved")
UNRESOLVED = _("Unresolved")
OVERDUE = _("Past the one-hour target")
AVERAGE = _("Average response")
FORECAST = _("Forecast")
URGENT = _("The most urgent")
VERDICTS = _("Verdicts")
REQUESTS = _("Requests that wait for a decision")
DEADLINES = _("Credit requests that end soon")
NO_DIGEST = _("No digest is set for this conversation.")
HOW_TO = _("To set one, write: digest daily 08:00 Europe/Stockholm, or digest weekly monday 08:00 Europe/Stockholm")
HINT = _("If buttons fail, write to Alert Desk: show unresolved")
NOTHING_SENT_HERE = _(
    "No partner's alerts are sent to this conversation, so a digest would have nothing to tell. "
    "An Admin Agent can say “subscribe” first."
)
USAGE = _(
    "Write: digest daily 08:00 Europe/Stockholm, digest weekly monday 08:00 Europe/Stockholm, digest off, digest now, "
    "or just digest to see what is set."
)
ON_ITS_WAY = _("A digest is on its way to this conversation.")
NOTHING_OPEN = _("Nothing is open.")
QUIET_DAY = _("A quiet day: nothing new, nothing decided, nothing open.")
QUIET_WEEK = _("A quiet week: nothing new, nothing decided, nothing open.")

_TITLES = {DigestKind.DAILY: _("Daily digest"), DigestKind.WEEKLY: _("Weekly digest")}


def title(kind: str) -> str:
    return _TITLES.get(kind, "Digest")  # type: ignore[call-overload,no-any-return]


def kind_word(kind: str) -> str:
    return {"daily": _("Daily"), "weekly": _("Weekly")}.get(kind, kind)


def quiet(kind: str) -> str:
    return QUIET_WEEK if kind == DigestKind.WEEKLY else QUIET_DAY


def period(since: datetime, until: datetime) -> str:
    return _("{since} to {until}").format(since=texts.when(since), until=texts.when(until))


def at(schedule: Schedule) -> str:
    """`Mondays at 08:00, Europe/Stockholm`."""
    days = f"{WEEKDAYS[schedule.weekday].capitalize()}s" if schedule.kind == DigestKind.WEEKLY else _("Every day")
    return _("{days} at {clock}, {zone}").format(days=days, clock=schedule.clock, zone=schedule.zone)


def standing(digest: Digest) -> str:
    by = _(", set by {by_name}").format(by_name=digest.by_name) if digest.by_name else ""
    return _("{at}. Next: {next_at}{by}").format(at=at(digest.schedule), next_at=texts.when(digest.next_at), by=by)


def set_to(digest: Digest) -> str:
    said = _("{title} set: {at}. The next one comes {next_at}.").format(
        title=title(digest.schedule.kind), at=at(digest.schedule), next_at=texts.when(digest.next_at)
    )
    if digest.schedule.zone == "UTC":
        return _("{said} For another time zone, write it at the end, such as Europe/Stockholm.").format(said=said)
    return said


def removed(kinds: Sequence[str]) -> str:
    if not kinds:
        return _("No such digest was set here, so nothing was changed.")
    return _("From now on I send no {kinds} digest here.").format(kinds=_(" and no ").join(kinds))


def no_zone(text: str) -> str:
    return _(
        "I know no time zone {text!r}. Write one such as Europe/Stockholm, America/New_York or UTC. {usage}"
    ).format(text=text[:60], usage=USAGE)


def of_severities(total: int, parts: Sequence[str]) -> str:
    return f"{formats.number(total)}: {', '.join(parts)}" if parts else f"{formats.number(total)}"


def counted(count: int, word: str) -> str:
    return f"{formats.number(count)} {word}"


def hours(value: float) -> str:
    return formats.hours(value)


def if_open_until(value: float, until: datetime) -> str:
    return _("{value}, if what is open stays so until {until}").format(
        value=formats.hours(value), until=texts.when(until)
    )


def by_person(name: str, parts: Sequence[str]) -> str:
    return "{name}: {parts}".format(name=name or _("Somebody"), parts=", ".join(parts))


def request(c: Cancellation) -> str:
    plan = c.plan
    what = plan.entitlement_name or plan.entitlement_id
    return _("{label}: {kind} {what}, asked by {by_name}, until {expires_at}").format(
        label=c.label, kind=plan.kind, what=what, by_name=plan.by_name, expires_at=texts.when(plan.expires_at)
    )


def summary(kind: str, new: int, unresolved: int) -> str:
    return _("{title}: {new} new, {unresolved} unresolved").format(
        title=title(kind), new=formats.number(new), unresolved=formats.number(unresolved)
    )


def fallback(kind: str, new: int, resolved: int, unresolved: int) -> str:
    return _("{summary}, {resolved} resolved. Say to Alert Desk: show unresolved").format(
        summary=summary(kind, new, unresolved), resolved=formats.number(resolved)
    )
