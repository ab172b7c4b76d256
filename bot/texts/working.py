"""What is said about assigned and snoozed alerts, and about what came before. Plain text: nothing here is Markdown."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.alerts import AlertRecord, Note, Severity, Verdict
from bot.domain.recurrence import Count, Earlier, Recurrence
from bot.texts.en import clock, severity_word, status_word, verdict_word, when
from bot.texts.formats import number

ASSIGN_TO_ME = "Assign to me"
ASSIGN = "Assign\u2026"
SNOOZE = "Snooze\u2026"
ASSIGN_TITLE = "Assign"
SNOOZE_TITLE = "Snooze"
WHO = "Who takes it"
WHO_CHOOSE = "Choose who takes it."
ME = "Me"
NOBODY = "Nobody"
HOW_LONG = "For how long"
HOW_LONG_CHOOSE = "Choose how long it may wait."
SAVE_ASSIGN = "Assign"
SAVE_SNOOZE = "Snooze"
LENGTHS = {"30m": "30 minutes", "1h": "1 hour", "4h": "4 hours", "8h": "8 hours", "24h": "24 hours"}
END_NOW = "End the snooze now"
ASSIGNEE = "Assigned to"
SNOOZED = "Snoozed"
STANDS = "Now"
TEAM = "Who is on it"
RELATED = "Other alerts of this customer"
BEFORE = "What was decided before on this subscription"
ALL_OF_SUBSCRIPTION = "All of this subscription"
ALL_OF_CUSTOMER = "All of this customer"

ASSIGN_LINE = "Only members of this conversation can be chosen: they see the alert. Whoever it is gets a mention."
SNOOZE_LINE = (
    "It stays in every list. The snooze ends by itself, at once when the severity rises or a verdict is given."
)
STILL_ESCALATES = "High severity: it still escalates."
ASSIGN_USAGE = (
    "Write: assign <alert> and @person, me or nobody. Mention the person, so that I know who is meant. "
    "For example: assign A-1042 me"
)
SNOOZE_USAGE = (
    "Write: snooze <alert> and a time of at most 24 hours: 30m, 2h, until 18:00 (UTC), or off to end it. "
    "For example: snooze A-1042 2h"
)
ROSTER_AWAY = (
    "I could not look up who is a member of this conversation just now. Nothing was assigned. Try again in a moment."
)
ONE_PERSON = "An alert is one person's. Nothing was assigned; mention one person only."

_ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")
_TIMES = ("never", "once", "twice", "three times", "four times", "five times")
_NOTE_ON_CARD = 160
"""Characters of a note on the card; the details have all of it."""
_VERDICTS_NAMED = 3


def not_a_member(name: str) -> str:
    who = name or "That person"
    return f"{who} is not a member of this conversation and could not see the alert, so nothing was assigned."


def only_in_a_channel(label: str) -> str:
    return (
        f"Here I can assign {label} only to you. To give it to somebody else, say it in the channel that has the alert."
    )


def decided_already(label: str) -> str:
    return f"{label} is decided already, so nothing was changed."


def assigned_already(label: str, name: str) -> str:
    return f"{label} is assigned to {name} already." if name else f"{label} is assigned to nobody."


def not_snoozed(label: str) -> str:
    return f"{label} is not snoozed."


# Lines in the thread, which also answer who typed elsewhere ---------------------------------------------------------


def assigned_line(label: str, by_name: str, to_name: str, *, to_self: bool) -> str:
    if not to_name:
        return f"{by_name} took the name off {label}: nobody is assigned to it now."
    return f"{by_name} takes care of {label}." if to_self else f"{by_name} assigned {label} to {to_name}."


def snoozed_line(record: AlertRecord, by_name: str, until: datetime | None, now: datetime) -> str:
    if until is None:
        return f"{by_name} ended the snooze of {record.label}."
    high = f" {STILL_ESCALATES}" if is_high(record) else ""
    return f"{by_name} snoozed {record.label} until {clock(until, now)}.{high}"


def snooze_over_line(label: str) -> str:
    return f"The snooze of {label} is over, and nobody has decided on it yet."


def worse_line(record: AlertRecord) -> str:
    return f"The severity of {record.label} rose to {severity_word(record.alert.severity)}, so its snooze is over."


# On the card --------------------------------------------------------------------------------------------------------


def investigating(since: datetime | None, by_name: str) -> str:
    """With the day: an investigation may take some."""
    at = f" since {when(since)}" if since is not None else ""
    return f"Investigating{at}{f' by {by_name}' if by_name else ''}"


def assigned(name: str) -> str:
    return f"Assigned to {name}"


def snoozed(record: AlertRecord, now: datetime) -> str:
    until = record.work.snoozed_until
    if until is None:
        return ""
    by = f" by {record.work.snoozed_by}" if record.work.snoozed_by else ""
    return f"Snoozed until {clock(until, now)}{by}.{f' {STILL_ESCALATES}' if is_high(record) else ''}"


def last_note(note: Note) -> str:
    text = note.text if len(note.text) <= _NOTE_ON_CARD else f"{note.text[:_NOTE_ON_CARD].rstrip()}\u2026"
    return f"Note by {note.by_name}, {when(note.at)}: {text}"


def recurring(of: Recurrence) -> str:
    """`Third time on this subscription: twice legitimate by Ada, last 4 days before (01 Aug 2026, 14:05 UTC).`"""
    if of.same_type:
        nth = _ordinal(of.times + 1)
        begun = f"{'At least the ' if of.at_least else ''}{nth} time on this subscription"
    else:
        many = f"{of.times} other alerts" if of.times > 1 else "Another alert"
        begun = f"{'More than ' if of.at_least else ''}{many} on this subscription before, of another type"
    said = ", ".join(_counted(count) for count in of.counts[:_VERDICTS_NAMED])
    ago = _how_long(of.before)
    return f"{begun}: {said}, last {f'{ago} ({when(of.last.at)})' if ago else when(of.last.at)}."


def earlier(of: Earlier) -> str:
    by = f" by {of.by_name}" if of.by_name else ""
    return f"{of.label} {of.name}: {verdict_word(of.verdict.lower()).lower()}{by}, {when(of.at)}"


def related(record: AlertRecord, now: datetime) -> str:
    alert = record.alert
    status = status_word(alert.status) if alert.is_open else verdict_word(alert.resolved_reason.lower())
    asleep = ", snoozed" if alert.is_open and record.work.sleeps(now) else ""
    return f"{record.label} {severity_word(alert.severity)}: {alert.name or alert.alert_type} ({status}{asleep})"


def _counted(count: Count) -> str:
    times = _TIMES[count.times] if count.times < len(_TIMES) else f"{count.times} times"
    word = "ignored" if count.verdict == Verdict.IGNORE else count.verdict or "resolved"
    return f"{times} {word}{f' by {count.by_name}' if count.by_name else ''}"


def _ordinal(place: int) -> str:
    if place <= len(_ORDINALS):
        return _ORDINALS[place - 1]
    ending = "th" if 10 <= place % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


def _how_long(before: timedelta) -> str:
    """How long before this alert that was: absolute too, for a card is looked at for days and not drawn again."""
    if before < timedelta(0):
        return ""
    for length, one in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if (count := before // length) >= 1:
            return f"{number(count)} {one}{'s' if count > 1 else ''} before"
    return "just before"


def is_high(record: AlertRecord) -> bool:
    return record.alert.severity.lower() == Severity.HIGH
