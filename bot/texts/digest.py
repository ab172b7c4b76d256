"""What is said in digests, and about when they come. Plain text: nothing here is Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.cancellations import Cancellation, Kind
from bot.domain.digest import Digest, DigestKind, Schedule
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

_TITLES: dict[str, str] = {DigestKind.DAILY: _("Daily digest"), DigestKind.WEEKLY: _("Weekly digest")}
_AT = (
    _("Mondays at {time}, {zone}"),
    _("Tuesdays at {time}, {zone}"),
    _("Wednesdays at {time}, {zone}"),
    _("Thursdays at {time}, {zone}"),
    _("Fridays at {time}, {zone}"),
    _("Saturdays at {time}, {zone}"),
    _("Sundays at {time}, {zone}"),
)


def title(kind: str) -> str:
    return _TITLES.get(kind, _("Digest"))


def kind_word(kind: str) -> str:
    return {"daily": _("Daily"), "weekly": _("Weekly")}.get(kind, kind)


def quiet(kind: str) -> str:
    return QUIET_WEEK if kind == DigestKind.WEEKLY else QUIET_DAY


def period(since: datetime, until: datetime) -> str:
    return _("{since} to {until}").format(since=texts.when(since), until=texts.when(until))


def at(schedule: Schedule) -> str:
    """`Mondays at 08:00, Europe/Stockholm`."""
    said = _AT[schedule.weekday] if schedule.kind == DigestKind.WEEKLY else _("Every day at {time}, {zone}")
    return said.format(time=schedule.clock, zone=schedule.zone)


def standing(digest: Digest) -> str:
    # Translators: {when} is "Mondays at 08:00, Europe/Stockholm" or the like.
    said = _("{when}. Next: {next}, set by {name}") if digest.by_name else _("{when}. Next: {next}")
    return said.format(when=at(digest.schedule), next=texts.when(digest.next_at), name=digest.by_name)


def set_to(digest: Digest) -> str:
    # Translators: {title} is "Daily digest", {when} is "Mondays at 08:00, Europe/Stockholm" or the like.
    said = _("{title} set. {when}. The next one comes {next}.").format(
        title=title(digest.schedule.kind), when=at(digest.schedule), next=texts.when(digest.next_at)
    )
    zone = _("For another time zone, write it at the end, such as Europe/Stockholm.")
    return formats.sentences(said, zone if digest.schedule.zone == "UTC" else "")


def removed(kinds: Sequence[str]) -> str:
    if not kinds:
        return _("No such digest was set here, so nothing was changed.")
    if len(kinds) > 1:
        return _("From now on I send no daily and no weekly digest here.")
    if kinds[0] == DigestKind.DAILY:
        return _("From now on I send no daily digest here.")
    return _("From now on I send no weekly digest here.")


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
    return _("{average}, if what is open stays so until {time}").format(
        average=formats.hours(value), time=texts.when(until)
    )


def by_person(name: str, parts: Sequence[str]) -> str:
    who = name or _("Somebody")
    return f"{who}: {', '.join(parts)}"


def request(c: Cancellation) -> str:
    plan = c.plan
    said = (
        _("{label}: cancel {subscription}, asked by {name}, until {time}")
        if plan.kind == Kind.CANCEL
        else _("{label}: reactivate {subscription}, asked by {name}, until {time}")
    )
    return said.format(
        label=c.label,
        subscription=plan.entitlement_name or plan.entitlement_id,
        name=plan.by_name,
        time=texts.when(plan.expires_at),
    )


def summary(kind: str, new: int, unresolved: int) -> str:
    return _("{title}: {new} new, {unresolved} unresolved").format(
        title=title(kind), new=formats.number(new), unresolved=formats.number(unresolved)
    )


def fallback(kind: str, new: int, resolved: int, unresolved: int) -> str:
    return _(
        "{title}: {new} new, {unresolved} unresolved, {resolved} resolved. Say to Alert Desk: show unresolved"
    ).format(
        title=title(kind),
        new=formats.number(new),
        unresolved=formats.number(unresolved),
        resolved=formats.number(resolved),
    )
