"""What is said about assigned and snoozed alerts, and about what came before. Plain text: nothing here is Markdown."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.alerts import AlertRecord, Note, Severity, Verdict
from bot.domain.recurrence import Count, Earlier, Recurrence
from bot.texts.catalogue import _, plural
from bot.texts.en import RESOLVED, clock, severity_word, status_word, verdict_word, when
from bot.texts.formats import number, sentences

ASSIGN_TO_ME = _("Assign to me")
ASSIGN = _("Assign\u2026")
SNOOZE = _("Snooze\u2026")
ASSIGN_TITLE = _("Assign")
SNOOZE_TITLE = _("Snooze")
WHO = _("Who takes it")
WHO_CHOOSE = _("Choose who takes it.")
ME = _("Me")
NOBODY = _("Nobody")
HOW_LONG = _("For how long")
HOW_LONG_CHOOSE = _("Choose how long it may wait.")
SAVE_ASSIGN = _("Assign")
SAVE_SNOOZE = _("Snooze")
LENGTHS = {"30m": _("30 minutes"), "1h": _("1 hour"), "4h": _("4 hours"), "8h": _("8 hours"), "24h": _("24 hours")}
END_NOW = _("End the snooze now")
ASSIGNEE = _("Assigned to")
SNOOZED = _("Snoozed")
STANDS = _("Now")
TEAM = _("Who is on it")
RELATED = _("Other alerts of this customer")
BEFORE = _("What was decided before on this subscription")
ALL_OF_SUBSCRIPTION = _("All of this subscription")
ALL_OF_CUSTOMER = _("All of this customer")

ASSIGN_LINE = _("Only members of this conversation can be chosen: they see the alert. Whoever it is gets a mention.")
SNOOZE_LINE = _(
    "It stays in every list. The snooze ends by itself, at once when the severity rises or a verdict is given."
)
STILL_ESCALATES = _("High severity: it still escalates.")
ASSIGN_USAGE = _(
    "Write: assign <alert> and @person, me or nobody. Mention the person, so that I know who is meant. "
    "For example: assign A-1042 me"
)
SNOOZE_USAGE = _(
    "Write: snooze <alert> and a time of at most 24 hours: 30m, 2h, until 18:00 (UTC), or off to end it. "
    "For example: snooze A-1042 2h"
)
ROSTER_AWAY = _(
    "I could not look up who is a member of this conversation just now. Nothing was assigned. Try again in a moment."
)
ONE_PERSON = _("An alert is one person's. Nothing was assigned; mention one person only.")

_ORDINALS = (
    _("First"),
    _("Second"),
    _("Third"),
    _("Fourth"),
    _("Fifth"),
    _("Sixth"),
    _("Seventh"),
    _("Eighth"),
    _("Ninth"),
    _("Tenth"),
)
_TIMES = (_("never"), _("once"), _("twice"), _("three times"), _("four times"), _("five times"))
_NOTE_ON_CARD = 160
"""Characters of a note on the card; the details have all of it."""
_VERDICTS_NAMED = 3


def not_a_member(name: str) -> str:
    return _(
        "{name} is not a member of this conversation and could not see the alert, so nothing was assigned."
    ).format(name=name or _("That person"))


def only_in_a_channel(label: str) -> str:
    return _(
        "Here I can assign {label} only to you. To give it to somebody else, say it in the channel that has the alert."
    ).format(label=label)


def decided_already(label: str) -> str:
    return _("{label} is decided already, so nothing was changed.").format(label=label)


def assigned_already(label: str, name: str) -> str:
    return (
        _("{label} is assigned to {name} already.").format(label=label, name=name)
        if name
        else _("{label} is assigned to nobody.").format(label=label)
    )


def not_snoozed(label: str) -> str:
    return _("{label} is not snoozed.").format(label=label)


# Lines in the thread, which also answer who typed elsewhere ---------------------------------------------------------


def assigned_line(label: str, by_name: str, to_name: str, *, to_self: bool) -> str:
    if not to_name:
        return _("{by_name} took the name off {label}: nobody is assigned to it now.").format(
            by_name=by_name, label=label
        )
    return (
        _("{by_name} takes care of {label}.").format(by_name=by_name, label=label)
        if to_self
        else _("{by_name} assigned {label} to {to_name}.").format(by_name=by_name, label=label, to_name=to_name)
    )


def snoozed_line(record: AlertRecord, by_name: str, until: datetime | None, now: datetime) -> str:
    if until is None:
        return _("{name} ended the snooze of {label}.").format(name=by_name, label=record.label)
    said = _("{name} snoozed {label} until {time}.").format(name=by_name, label=record.label, time=clock(until, now))
    return sentences(said, STILL_ESCALATES if is_high(record) else "")


def snooze_over_line(label: str) -> str:
    return _("The snooze of {label} is over, and nobody has decided on it yet.").format(label=label)


def worse_line(record: AlertRecord) -> str:
    return _("The severity of {label} rose to {severity}, so its snooze is over.").format(
        label=record.label, severity=severity_word(record.alert.severity)
    )


# On the card --------------------------------------------------------------------------------------------------------


def investigating(since: datetime | None, by_name: str) -> str:
    """With the day: an investigation may take some."""
    if since is None:
        said = _("Investigating by {name}") if by_name else _("Investigating")
    else:
        said = _("Investigating since {time} by {name}") if by_name else _("Investigating since {time}")
    return said.format(time=when(since), name=by_name)


def assigned(name: str) -> str:
    return _("Assigned to {name}").format(name=name)


def snoozed(record: AlertRecord, now: datetime) -> str:
    until, name = record.work.snoozed_until, record.work.snoozed_by
    if until is None:
        return ""
    said = _("Snoozed until {time} by {name}.") if name else _("Snoozed until {time}.")
    return sentences(said.format(time=clock(until, now), name=name), STILL_ESCALATES if is_high(record) else "")


def last_note(note: Note) -> str:
    text = note.text if len(note.text) <= _NOTE_ON_CARD else f"{note.text[:_NOTE_ON_CARD].rstrip()}\u2026"
    return _("Note by {name}, {time}: {text}").format(name=note.by_name, time=when(note.at), text=text)


def recurring(of: Recurrence) -> str:
    """`Third time on this subscription: twice legitimate by Ada, the last one 4 days earlier (01 Aug 2026, 14:05 UTC).`"""
    said = ", ".join(_counted(count) for count in of.counts[:_VERDICTS_NAMED])
    ago = _how_long(of.before)
    last = f"{ago} ({when(of.last.at)})" if ago else when(of.last.at)
    # Translators: {begun} is "Third time on this subscription", {decisions} "twice legitimate by Ada, once ignored".
    return _("{begun}: {decisions}, the last one {time}.").format(begun=_before(of), decisions=said, time=last)


def _before(of: Recurrence) -> str:
    if of.same_type:
        if of.times < len(_ORDINALS) and not of.at_least:
            return _("{ordinal} time on this subscription").format(ordinal=_ORDINALS[of.times])
        said = (
            plural(
                "At least {count} earlier alert of this type on this subscription",
                "At least {count} earlier alerts of this type on this subscription",
                of.times,
            )
            if of.at_least
            else plural(
                "{count} earlier alert of this type on this subscription",
                "{count} earlier alerts of this type on this subscription",
                of.times,
            )
        )
    elif of.at_least:
        said = plural(
            "At least {count} earlier alert on this subscription, of another type",
            "At least {count} earlier alerts on this subscription, of other types",
            of.times,
        )
    else:
        said = plural(
            "{count} earlier alert on this subscription, of another type",
            "{count} earlier alerts on this subscription, of other types",
            of.times,
        )
    return said.format(count=number(of.times))


def earlier(of: Earlier) -> str:
    said = _("{label} {alert}: {verdict} by {name}, {time}") if of.by_name else _("{label} {alert}: {verdict}, {time}")
    return said.format(
        label=of.label,
        alert=of.name,
        verdict=verdict_word(of.verdict).lower(),
        name=of.by_name,
        time=when(of.at),
    )


def related(record: AlertRecord, now: datetime) -> str:
    alert = record.alert
    status = status_word(alert.status) if alert.is_open else verdict_word(alert.resolved_reason)
    if alert.is_open and record.work.sleeps(now):
        status = _("{status}, snoozed").format(status=status)
    return f"{record.label} {severity_word(alert.severity)}: {alert.name or alert.alert_type} ({status})"


def _counted(count: Count) -> str:
    times = (
        _TIMES[count.times]
        if count.times < len(_TIMES)
        else plural("{count} time", "{count} times", count.times).format(count=count.times)
    )
    said = _("{times} {verdict} by {name}") if count.by_name else _("{times} {verdict}")
    verdict = _("ignored") if count.verdict == Verdict.IGNORE else count.verdict or RESOLVED
    return said.format(times=times, verdict=verdict, name=count.by_name)


def _how_long(before: timedelta) -> str:
    """How long before this alert that was: absolute too, for a card is looked at for days and not drawn again."""
    if before < timedelta(0):
        return ""
    if count := before // timedelta(days=1):
        return plural("{count} day earlier", "{count} days earlier", count).format(count=number(count))
    if count := before // timedelta(hours=1):
        return plural("{count} hour earlier", "{count} hours earlier", count).format(count=number(count))
    if count := before // timedelta(minutes=1):
        return plural("{count} minute earlier", "{count} minutes earlier", count).format(count=number(count))
    return _("just before")


def is_high(record: AlertRecord) -> bool:
    return record.alert.severity.lower() == Severity.HIGH
