"""What much of the product says: who may, which alert, what was decided, and the words of cards. What one part alone
says is in a module beside this. Plain text: nothing here is Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.alerts import AlertRecord, Status, Verdict
from bot.domain.changes import Change, ChangeKind
from bot.domain.decisions import Intent
from bot.domain.policy import Act, Role
from bot.texts import formats
from bot.texts.catalogue import _, plural
from bot.texts.formats import number, sentences

# Access -------------------------------------------------------------------------------------------------------------

COULD_NOT_CHECK = _("I could not check your roles just now. Nothing was done. Press again in a moment.")
OTHER_TENANT = _(
    "Nothing was done: your account is not of this partner's tenant, so it has no roles there. "
    "Ask a colleague with the Admin Agent role."
)
TENANT_UNKNOWN = _(
    "Nothing was done: Teams did not tell me which tenant your account belongs to, so I could not look for your roles. "
    "Ask a colleague with the Admin Agent role."
)
NOT_ROUTED = _(
    "No partner's alerts are sent to this conversation, so there is nothing that I may show here. "
    "An Admin Agent can say “subscribe” to change that."
)
NOT_READABLE = _(
    "I may not show you alerts: you are not an Admin Agent, and you are in no channel that gets alerts. "
    "Ask in the channel of your security team."
)

_ACTS = {
    Act.MARK: _("decide on alerts"),
    Act.REVERDICT: _("change a verdict"),
    Act.INVESTIGATE: _("take an alert into investigation"),
    Act.BULK: _("decide on many alerts at once"),
    Act.NOTE: _("add notes"),
    Act.ASSIGN: _("assign alerts"),
    Act.SNOOZE: _("snooze alerts"),
    Act.ROUTE: _("send alerts to a conversation, or stop that"),
    Act.DRILL: _("begin a drill"),
    Act.DIGEST: _("set the digest of a conversation"),
    Act.REFUND: _("record that a credit was asked for"),
    Act.DUTY: _("change who is on duty"),
    Act.SAVE: _("save filters for a conversation, or forget them"),
    Act.EVIDENCE: _("export the audit trail or an evidence pack"),
    Act.ASK_CANCEL: _("ask for a subscription to be cancelled or reactivated"),
    Act.DECIDE_CANCEL: _("decide on a request to cancel"),
}


def lacks_roles(act: Act, roles: Sequence[str]) -> str:
    # Translators: {acts} is one of the phrases with a verb, such as "decide on alerts".
    said = _(
        "Nothing was done: to {acts} you need the role {roles} in Partner Center, and you do not hold it now. "
        "This attempt is on record."
    ).format(acts=_ACTS[act], roles=formats.both(roles))
    if list(roles) == [Role.GLOBAL_ADMINISTRATOR]:
        how = _(
            "If the role is only eligible for you, activate Global Administrator in Privileged Identity Management, "
            "then press again; else ask a colleague who has it."
        )
    else:
        how = _("Ask a colleague who has the role.")
    return sentences(said, how)


# Looking up ---------------------------------------------------------------------------------------------------------


def no_such_alert(text: str) -> str:
    return _(
        "There is no alert {text} here. Say “show unresolved” for the list, or “search” with a part of the customer's name."
    ).format(text=echo(text))


def no_such_partner(words: str) -> str:
    return _("No partner whose alerts you may read here fits {words!r}.").format(words=echo(words))


def give_whole_id(labels: Sequence[str]) -> str:
    return _("To change an alert, give its number or its whole id. Did you mean {labels}?").format(
        labels=formats.either(labels)
    )


def ambiguous(text: str, labels: Sequence[str], *, more: bool) -> str:
    said = (
        _("{text!r} fits several alerts: {labels} and more. Give more of the id, or the number.")
        if more
        else _("{text!r} fits several alerts: {labels}. Give more of the id, or the number.")
    )
    return said.format(text=text, labels=", ".join(labels))


NO_ALERT_NAMED = _("Which alert? Write its number, such as A-1042, or say it in the alert's own thread.")
TIMED_OUT = _("Partner Center did not answer in time")
VERDICT_CAME = _("A verdict took its place before it was sent again")
NOT_SHOWN_YET = _("Partner Center took the change but does not show it yet")

# Decisions ----------------------------------------------------------------------------------------------------------

VERDICTS: dict[str, str] = {
    Verdict.LEGITIMATE: _("Legitimate"),
    Verdict.FRAUD: _("Fraud"),
    Verdict.IGNORE: _("Ignored"),
}
RESOLVED = _("resolved")


def verdict_word(verdict: str) -> str:
    """`Fraud` for `fraud`; a verdict that we do not know is shown as it came."""
    return VERDICTS.get(verdict.lower(), verdict) or _("Resolved")


def pending(intent: Intent) -> str:
    if intent.status == Status.INVESTIGATING:
        said = _("{name} is taking this into investigation. Partner Center has not confirmed it yet.")
    else:
        said = _("{name} is marking this as {verdict}. Partner Center has not confirmed it yet.")
    return said.format(name=intent.by_name, verdict=intent.reason)


def decided_line(record: AlertRecord, intent: Intent) -> str:
    if intent.status == Status.INVESTIGATING:
        said = _("{name} is investigating {label}.")
    elif intent.may_replace:
        said = _("{name} changed the verdict of {label} to {verdict}.")
    else:
        said = _("{name} marked {label} as {verdict}.")
    return sentences(
        said.format(name=intent.by_name, label=record.label, verdict=intent.reason),
        _("Note: {note}").format(note=intent.note) if intent.note else "",
    )


def overtaken_line(record: AlertRecord, intent: Intent) -> str:
    decision = record.decision
    if decision is None:
        return _("{label} is already {status}; nothing was sent for {name}.").format(
            label=record.label, status=record.alert.status, name=intent.by_name
        )
    return _("{label} was already marked as {verdict} by {other}; nothing was sent for {name}.").format(
        label=record.label,
        verdict=decision.verdict or RESOLVED,
        other=decision.by_name or SOMEBODY,
        name=intent.by_name,
    )


def sign_in_line(record: AlertRecord, intent: Intent) -> str:
    if intent.status == Status.INVESTIGATING:
        said = _("{name} wanted {label} investigated, but must sign in again first. Nothing was changed; press again.")
    else:
        said = _(
            "{name} wanted {label} marked as {verdict}, but must sign in again first. Nothing was changed; press again."
        )
    return said.format(name=intent.by_name, label=record.label, verdict=intent.reason)


def failed_line(record: AlertRecord, intent: Intent, problem: str) -> str:
    if intent.status == Status.INVESTIGATING:
        said = _("{name} wanted {label} investigated, but Partner Center refused it and nothing was changed. {problem}")
    else:
        said = _(
            "{name} wanted {label} marked as {verdict}, but Partner Center refused it and nothing was changed. {problem}"
        )
    return said.format(name=intent.by_name, label=record.label, verdict=intent.reason, problem=problem)


_PORTAL = {
    ChangeKind.RESOLVED: (
        _("{label} was marked as {value} in Partner Center."),
        _("{label} was marked as {value} in Partner Center by {name}."),
    ),
    ChangeKind.REOPENED: (
        _("{label} was reopened in Partner Center."),
        _("{label} was reopened in Partner Center by {name}."),
    ),
    ChangeKind.INVESTIGATING: (
        _("{label} was taken into investigation in Partner Center."),
        _("{label} was taken into investigation in Partner Center by {name}."),
    ),
    ChangeKind.OTHER_VERDICT: (
        _("The verdict of {label} was changed to {value} in Partner Center."),
        _("The verdict of {label} was changed to {value} in Partner Center by {name}."),
    ),
    ChangeKind.OTHER_STATUS: (
        _("The status of {label} was changed to {value} in Partner Center."),
        _("The status of {label} was changed to {value} in Partner Center by {name}."),
    ),
}
"""Without and with the name of who did it."""


def portal_line(record: AlertRecord, change: Change) -> str:
    """What happened to an alert outside Teams; empty where it is not worth a line."""
    known = _PORTAL.get(change.kind)
    if known is None:
        return ""
    values = {
        ChangeKind.RESOLVED: record.alert.resolved_reason or RESOLVED,
        ChangeKind.OTHER_VERDICT: record.alert.resolved_reason or _("none"),
        ChangeKind.OTHER_STATUS: record.alert.status or UNKNOWN,
    }
    return known[bool(change.by)].format(label=record.label, value=values.get(change.kind, ""), name=change.by)


def already(record: AlertRecord, by_name: str, mine: bool) -> str:
    alert = record.alert
    if alert.is_open:
        if not by_name:
            return _("{label} is already {status}. Nothing was sent.").format(label=record.label, status=alert.status)
        return _("{label} is already {status} ({name}). Nothing was sent.").format(
            label=record.label, status=alert.status, name=_("you") if mine else by_name
        )
    said = (
        _("{label} was already decided by you: {verdict}. Nothing was sent. To mend it, use Change verdict.")
        if mine
        else _("{label} was already decided by {name}: {verdict}. Nothing was sent. To mend it, use Change verdict.")
    )
    verdict = verdict_word(alert.resolved_reason).lower()
    return said.format(label=record.label, name=by_name or SOMEBODY, verdict=verdict)


def busy(record: AlertRecord, under_way: Intent, person_id: str) -> str:
    """What somebody reads whose decision was not sent, as another one is being written."""
    mine = bool(person_id) and under_way.by_id == person_id
    if under_way.status != Status.RESOLVED:
        who = (
            _("Partner Center has not confirmed yet that you are investigating {label}.")
            if mine
            else _("Partner Center has not confirmed yet that {name} is investigating {label}.")
        ).format(name=under_way.by_name, label=record.label)
        return sentences(who, _("Your decision was not sent: try again in a moment."))
    said = (
        _("Your other decision on {label} is being written right now. This one was not sent.")
        if mine
        else _("{name} was first: that decision on {label} is being written right now. Yours was not sent.")
    )
    return said.format(name=under_way.by_name, label=record.label)


def late(record: AlertRecord) -> str:
    return _(
        "Written down. Partner Center has not confirmed {label} yet; I keep at it, and the result will show on the alert's card."
    ).format(label=record.label)


def failed(record: AlertRecord, problem: str) -> str:
    return _("{label} was not changed. {problem}").format(label=record.label, problem=problem)


def done(record: AlertRecord, wish: str) -> str:
    if record.alert.is_drill:
        return _("{label}: {wish}. This is a drill, and stays in Alert Desk.").format(label=record.label, wish=wish)
    return _("{label}: {wish}. Partner Center confirms it.").format(label=record.label, wish=wish)


MARK_USAGE = _(
    "Write: mark <alert> legitimate, fraud or ignore, and a note if you like. For example: mark A-1042 fraud mining pool traffic"
)
REVERDICT_USAGE = _(
    "Write: reverdict <alert> legitimate, fraud or ignore, and the reason. For example: reverdict A-1042 legitimate load test, confirmed by the customer"
)


def no_verdict(word: str, near: str, usage: str) -> str:
    return _("{word!r} is no verdict. Did you mean “{near}”? {usage}").format(word=echo(word), near=near, usage=usage)


REASON_NEEDED = _("Say why the verdict changes: the reason is kept with the alert.")
NOT_DECIDED = _("This alert is not decided yet; mark it instead.")
SAME_VERDICT = _("That is the verdict it has already. Nothing was sent.")


# Notes --------------------------------------------------------------------------------------------------------------

NOTE_EMPTY = _("The note has no text. Write: note <alert> <text>")


def note_too_long(length: int, most: int) -> str:
    return _("That text has {length} characters; {most} is the most that fits. Nothing was saved or sent.").format(
        length=number(length), most=number(most)
    )


def note_line(name: str, text: str) -> str:
    return _("Note by {name}: {text}").format(name=name, text=text)


def note_added(label: str) -> str:
    return _("Your note on {label} is saved.").format(label=label)


# Intake -------------------------------------------------------------------------------------------------------------


def reader_fails(partner: str, problem: str) -> str:
    return _("The alerts of {partner} cannot be read, and no new ones arrive until this is mended. {problem}").format(
        partner=partner, problem=problem
    )


def unreadable(count: int, problem: str) -> str:
    return plural(
        "{count} alert could not be read; the first: {problem}",
        "{count} alerts could not be read; the first: {problem}",
        count,
    ).format(count=number(count), problem=problem)


# The conversation ---------------------------------------------------------------------------------------------------

EMPTY_MESSAGE = _("Say “help” for what I understand.")
IN_DOUBT = _(
    "This reached me twice, and I cannot say yet what came of it. Look in a moment whether it is done; if it is not, do "
    "it again."
)
UNREADABLE_ACTION = _(
    "This button does not belong to the version of Alert Desk that runs now. Say “show unresolved” for fresh cards."
)
BOT_UNKNOWN_PERSON = _("Teams did not say who you are, so nothing was done.")
TRY_AGAIN = _("Something that I depend on did not answer just now. Look at the alert, then try again in a moment.")


def unknown_command(word: str, near: str) -> str:
    return sentences(
        _("I do not know the command {word!r}.").format(word=echo(word)),
        _("Did you mean “{near}”?").format(near=near) if near else "",
        _("Say “help” for all commands."),
    )


def takes_nothing(name: str, rest: str) -> str:
    return _("I do not know what to do with {rest!r} after “{name}”, so nothing was done. Say just “{name}”.").format(
        rest=echo(rest), name=name
    )


def not_possible(reference: str) -> str:
    return _(
        "That cannot be done as things are set up. Tell the people who run Alert Desk; it is logged as {reference}."
    ).format(reference=reference)


def broken(reference: str) -> str:
    return _(
        "Something went wrong on my side, and it is logged as {reference}. Look at the alert before you try again."
    ).format(reference=reference)


_ECHO_MOST = 80

# Small words --------------------------------------------------------------------------------------------------------


def when(moment: datetime | None) -> str:
    """`21 Nov 2026, 14:05 UTC`: absolute, because a card is not redrawn by the minute."""
    return formats.moment(moment) if moment else UNKNOWN


def clock(moment: datetime | None, now: datetime) -> str:
    """`14:05 UTC`, with the day where it is another one."""
    return formats.time(moment) if moment is not None and moment.date() == now.date() else when(moment)


def echo(words: str) -> str:
    """What somebody wrote, as it is quoted back to them: recognisable, never pages of it."""
    return words if len(words) <= _ECHO_MOST else f"{words[:_ECHO_MOST]}\u2026"


# Cards --------------------------------------------------------------------------------------------------------------

SEVERITIES = {"high": _("High"), "medium": _("Medium"), "low": _("Low"), "informational": _("Informational")}
STATUSES = {"active": _("Active"), "investigating": _("Investigating"), "resolved": _("Resolved")}

CUSTOMER = _("Customer")
CUSTOMER_ID = _("Customer tenant")
RESELLER = _("Reseller")
PARTNER = _("Partner")
SUBSCRIPTION = _("Subscription")
ALERT_ID = _("Alert ID")
NUMBER = _("Number")
TYPE = _("Type")
ALERT_TYPE = _("Alert type")
STATUS = _("Status")
SEVERITY = _("Severity")
CONFIDENCE = _("Confidence")
DETECTED = _("Detected")
FIRST_OBSERVED = _("First observed")
LAST_OBSERVED = _("Last observed")
OFFER = _("Catalog offer")
RESOURCES = _("Affected resources")
RESOURCES_NONE = _("Partner Center names no resource; look at the whole subscription.")
HISTORY = _("History at Partner Center")
NOTES = _("Notes in Alert Desk")
DECISION = _("Decision")
TEST_BADGE = _("TEST")
DRILL_BADGE = _("DRILL")
DRILL_CUSTOMER = _("None: this is a drill")
SOMEBODY = _("somebody")
UNKNOWN = _("unknown")

MARK_LEGITIMATE = _("Mark legitimate")
MARK_FRAUD = _("Mark as fraud")
CANCEL_SUBSCRIPTION = _("Cancel subscription")
INVESTIGATE = _("Investigate")
IGNORE = _("Ignore")
DETAILS = _("Details")
ADD_NOTE = _("Add note")
CHANGE_VERDICT = _("Change verdict")
OPEN_PARTNER_CENTER = _("Alerts in Partner Center")
MANAGE_SUBSCRIPTION = _("Manage subscription in Azure")
BACK_TO_CARD = _("Back to the alert")
PREVIOUS = _("Previous")
NEXT = _("Next")
EXPORT_THESE = _("Export these")
SHOW = _("Show")
SHOW_UNRESOLVED = _("Show unresolved")
SAVE = _("Save")

REPEAT_BADGE = _("Possible repeat: an earlier copy may stand above")


def replaces_badge(label: str) -> str:
    return _("Replaces the earlier card of {label}, which is gone").format(label=label)


def status_word(status: str) -> str:
    """A status that we do not know is shown as it came."""
    return STATUSES.get(status.lower(), status) or UNKNOWN


def severity_word(severity: str) -> str:
    """The same for a severity."""
    return SEVERITIES.get(severity.lower(), severity) or UNKNOWN


def respond_by(moment: datetime, now: datetime, over: bool) -> str:
    if over:
        return _("The one-hour target passed at {time}. Answer now.").format(time=clock(moment, now))
    return _("Respond by {time}").format(time=clock(moment, now))


def decided(verdict: str, by: str, at: datetime) -> str:
    """With the day: a decided card is looked at for weeks, and not drawn again."""
    return _("{verdict} by {name}, {time}").format(verdict=verdict_word(verdict), name=by or SOMEBODY, time=when(at))


def history_line(at: datetime | None, status_from: str, status_to: str, by: str) -> str:
    return f"{when(at)}: {status_from or '-'} \u2192 {status_to} ({by or UNKNOWN})"


def decided_via(via: str) -> str:
    """Empty where nobody decided: a drill that ended by itself."""
    return {"partner_center": _("Decided in Partner Center"), "teams": _("Decided in Teams")}.get(via, "")


def decision_note(note: str) -> str:
    return _("Why: {note}").format(note=note)


def hint(label: str, *, open_alert: bool) -> str:
    if open_alert:
        return _("If buttons fail, write to Alert Desk: mark {label} legitimate, or mark {label} fraud").format(
            label=label
        )
    return _("If buttons fail, write to Alert Desk: show {label}").format(label=label)


def more(count: int) -> str:
    return _("and {count} more").format(count=number(count))


def alert_fallback(record: AlertRecord, customer: str) -> str:
    alert = record.alert
    return _("{label} {severity}: {name}. {customer}. {status}. Say to Alert Desk: show {label}").format(
        label=record.label,
        severity=severity_word(alert.severity),
        name=alert.name,
        customer=customer,
        status=status_word(alert.status),
    )


def alert_summary(record: AlertRecord, customer: str) -> str:
    return f"{record.label} {severity_word(record.alert.severity)}: {record.alert.name} ({customer})"


def list_title(words: str) -> str:
    return _("Alerts: {words}").format(words=words) if words else _("Unresolved alerts")


LIST_EMPTY = _("Nothing fits. If you expected something, say “show all” or check the filters with “help show”.")
LIST_EMPTY_UNRESOLVED = _("No unresolved alerts. All is decided.")


SEARCH_EMPTY = _("Nothing here has an alert id, subscription id or customer name like that.")


VIEWER_MAY_NOT = _(
    "You see this without the buttons: deciding takes the Admin Agent role, and you did not hold it when I last looked."
)


def viewer_may_not(label: str, *, open_alert: bool) -> str:
    if not open_alert:
        return VIEWER_MAY_NOT
    how = _("If you hold it now, write: mark {label} legitimate, or mark {label} fraud").format(label=label)
    return sentences(VIEWER_MAY_NOT, how)


HELP_TITLE = _("What I understand")
HELP_INTRO = _("In a channel, begin with @Alert Desk. In our personal chat just write.")
HELP_ROLES = (
    _("Everybody here may read. Deciding takes the Admin Agent role in Partner Center, checked at each click."),
    _("Approving a cancellation takes Global Administrator as well, and a second person."),
    _("All times are UTC."),
)


def no_help(word: str, near: str) -> str:
    return sentences(
        _("There is no command {word!r}.").format(word=echo(word)),
        _("Did you mean “help {near}”?").format(near=near) if near else "",
        _("Say “help” for all."),
    )


OTHER_SEVERITY = _("Other")
OVER_AN_HOUR = _("Past the one-hour target")

NOTE_TITLE = _("Note")
NOTE_FIELD = _("Your note")
NOTE_REQUIRED = _("Write something first.")
REVERDICT_FIELD = _("New verdict")
REVERDICT_CHOOSE = _("Choose the new verdict.")
REASON_FIELD = _("Why it changes")
STANDS_NOW = _("Verdict now")

FOR_EXAMPLE = _("For example")
