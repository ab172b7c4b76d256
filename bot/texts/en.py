"""Every sentence that a person reads in Teams, in English. Plain text: nothing here is Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.alerts import AlertRecord, Status, Verdict
from bot.domain.changes import Change, ChangeKind
from bot.domain.decisions import Intent
from bot.domain.policy import Act, Role
from bot.texts import formats
from bot.texts.formats import number

# Access -------------------------------------------------------------------------------------------------------------

COULD_NOT_CHECK = "I could not check your roles just now. Nothing was done. Press again in a moment."
OTHER_TENANT = (
    "Nothing was done: your account is not of this partner's tenant, so it has no roles there. "
    "Ask a colleague with the Admin Agent role."
)
NOT_ROUTED = (
    "No partner's alerts are sent to this conversation, so there is nothing that I may show here. "
    "An Admin Agent can say “subscribe” to change that."
)
NOT_READABLE = (
    "I may not show you alerts: you are not an Admin Agent, and you are in no channel that gets alerts. "
    "Ask in the channel of your security team."
)

_ACTS = {
    Act.MARK: "decide on alerts",
    Act.REVERDICT: "change a verdict",
    Act.INVESTIGATE: "take an alert into investigation",
    Act.BULK: "decide on many alerts at once",
    Act.NOTE: "add notes",
    Act.ASSIGN: "assign alerts",
    Act.SNOOZE: "snooze alerts",
    Act.ROUTE: "send alerts to a conversation, or stop that",
    Act.DRILL: "begin a drill",
    Act.DIGEST: "set the digest of a conversation",
    Act.REFUND: "record that a credit was asked for",
    Act.DUTY: "change who is on duty",
    Act.SAVE: "save filters for a conversation, or forget them",
    Act.EVIDENCE: "export the audit trail or an evidence pack",
    Act.ASK_CANCEL: "ask for a subscription to be cancelled or reactivated",
    Act.DECIDE_CANCEL: "decide on a request to cancel",
}


def lacks_roles(act: Act, roles: Sequence[str]) -> str:
    said = (
        f"Nothing was done: to {_ACTS[act]} you need the role {' and '.join(roles)} in Partner Center, "
        "and you do not hold it now. This attempt is on record. "
    )
    if list(roles) == [Role.GLOBAL_ADMINISTRATOR]:
        return said + (
            "If the role is only eligible for you, activate Global Administrator in Privileged Identity Management, "
            "then press again; else ask a colleague who has it."
        )
    return said + "Ask a colleague who has the role."


# Looking up ---------------------------------------------------------------------------------------------------------


def no_such_alert(text: str) -> str:
    return f"There is no alert {_echo(text)} here. Say “show unresolved” for the list, or “search” with a part of the customer's name."


def no_such_partner(words: str) -> str:
    return f"No partner whose alerts you may read here fits {_echo(words)!r}."


def give_whole_id(labels: Sequence[str]) -> str:
    return f"To change an alert, give its number or its whole id. Did you mean {_or(labels)}?"


def ambiguous(text: str, labels: Sequence[str], *, more: bool) -> str:
    return f"{text!r} fits several alerts: {', '.join(labels)}{' and more' if more else ''}. Give more of the id, or the number."


NO_ALERT_NAMED = "Which alert? Write its number, such as A-1042, or say it in the alert's own thread."
TIMED_OUT = "Partner Center did not answer in time"
NOT_SHOWN_YET = "Partner Center took the change but does not show it yet"

# Decisions ----------------------------------------------------------------------------------------------------------

VERDICTS = {Verdict.LEGITIMATE: "Legitimate", Verdict.FRAUD: "Fraud", Verdict.IGNORE: "Ignored"}


def verdict_word(verdict: str) -> str:
    """`Fraud` for `fraud`; a verdict that we do not know is shown as it came."""
    return VERDICTS.get(verdict, verdict) or "Resolved"  # type: ignore[call-overload]


def _doing(intent: Intent) -> str:
    if intent.status == Status.INVESTIGATING:
        return "taking this into investigation"
    return f"marking this as {intent.reason}"


def pending(intent: Intent) -> str:
    return f"{intent.by_name} is {_doing(intent)}. Partner Center has not confirmed it yet."


def decided_line(record: AlertRecord, intent: Intent) -> str:
    note = f" Note: {intent.note}" if intent.note else ""
    if intent.status == Status.INVESTIGATING:
        return f"{intent.by_name} is investigating {record.label}.{note}"
    changed = " changed the verdict of" if intent.may_replace else " marked"
    to = " to" if intent.may_replace else " as"
    return f"{intent.by_name}{changed} {record.label}{to} {intent.reason}.{note}"


def overtaken_line(record: AlertRecord, intent: Intent) -> str:
    decision = record.decision
    if decision is None:
        return f"{record.label} is already {record.alert.status}; nothing was sent for {intent.by_name}."
    return (
        f"{record.label} was already marked as {decision.verdict or 'resolved'} by {decision.by_name or 'somebody'}; "
        f"nothing was sent for {intent.by_name}."
    )


def sign_in_line(record: AlertRecord, intent: Intent) -> str:
    return f"{intent.by_name} wanted {record.label} {_wanted(intent)}, but must sign in again first. Nothing was changed; press again."


def failed_line(record: AlertRecord, intent: Intent, problem: str) -> str:
    return f"{intent.by_name} wanted {record.label} {_wanted(intent)}, but Partner Center refused it and nothing was changed. {problem}"


def _wanted(intent: Intent) -> str:
    return "investigated" if intent.status == Status.INVESTIGATING else f"marked as {intent.reason}"


def portal_line(record: AlertRecord, change: Change) -> str:
    """What happened to an alert outside Teams; empty where it is not worth a line."""
    who = f" by {change.by}" if change.by else ""
    if change.kind is ChangeKind.RESOLVED:
        return f"{record.label} was marked as {record.alert.resolved_reason or 'resolved'} in Partner Center{who}."
    if change.kind is ChangeKind.REOPENED:
        return f"{record.label} was reopened in Partner Center{who}."
    if change.kind is ChangeKind.INVESTIGATING:
        return f"{record.label} was taken into investigation in Partner Center{who}."
    if change.kind is ChangeKind.OTHER_VERDICT:
        return f"The verdict of {record.label} was changed to {record.alert.resolved_reason or 'none'} in Partner Center{who}."
    if change.kind is ChangeKind.OTHER_STATUS:
        return f"The status of {record.label} was changed to {record.alert.status or UNKNOWN} in Partner Center{who}."
    return ""


def already(record: AlertRecord, by_name: str, mine: bool) -> str:
    alert, who = record.alert, "you" if mine else by_name or "somebody"
    if alert.is_open:
        return f"{record.label} is already {alert.status}{f' ({who})' if by_name else ''}. Nothing was sent."
    verdict = verdict_word(alert.resolved_reason.lower()).lower()
    return f"{record.label} was already decided by {who}: {verdict}. Nothing was sent. To mend it, use Change verdict."


def busy(record: AlertRecord, by_name: str) -> str:
    return f"{by_name} was first: that decision on {record.label} is being written right now. Yours was not sent."


def late(record: AlertRecord) -> str:
    return (
        f"Written down. Partner Center has not confirmed {record.label} yet; I keep at it, and the result will show "
        "on the alert's card."
    )


def failed(record: AlertRecord, problem: str) -> str:
    return f"{record.label} was not changed. {problem}"


def done(record: AlertRecord, wish: str) -> str:
    if record.alert.is_drill:
        return f"{record.label}: {wish}. This is a drill, and stays in Alert Desk."
    return f"{record.label}: {wish}. Partner Center confirms it."


MARK_USAGE = "Write: mark <alert> legitimate, fraud or ignore, and a note if you like. For example: mark A-1042 fraud mining pool traffic"
REVERDICT_USAGE = "Write: reverdict <alert> legitimate, fraud or ignore, and the reason. For example: reverdict A-1042 legitimate load test, confirmed by the customer"


def no_verdict(word: str, near: str, usage: str) -> str:
    return f"{_echo(word)!r} is no verdict. Did you mean “{near}”? {usage}"


REASON_NEEDED = "Say why the verdict changes: the reason is kept with the alert."
NOT_DECIDED = "This alert is not decided yet; mark it instead."
SAME_VERDICT = "That is the verdict it has already. Nothing was sent."


# Notes --------------------------------------------------------------------------------------------------------------

NOTE_EMPTY = "The note has no text. Write: note <alert> <text>"


def note_too_long(length: int, most: int) -> str:
    return f"That text has {number(length)} characters; {number(most)} is the most that fits. Nothing was saved or sent."


def note_line(name: str, text: str) -> str:
    return f"Note by {name}: {text}"


def note_added(label: str) -> str:
    return f"Your note on {label} is saved."


# Exports ------------------------------------------------------------------------------------------------------------

EXPORT_GONE = "This export is not there any more: it was fetched already, it is over half an hour old, or it is not yours. Say “export” again."
EXPORT_DECLINED = "The export was not saved. Say “export” again whenever you need it."
EXPORT_NOWHERE = "I cannot hand you the file here: Teams takes files from me only in a personal chat. Add Alert Desk for yourself and say “export” there."


def export_consent(rows: int) -> str:
    return f"{_alerts(rows)} with all details, as CSV"


def audit_consent(rows: int, partner: str) -> str:
    return f"The audit trail of {partner} ({number(rows)} row{'s' if rows != 1 else ''} so far), as JSON Lines"


def export_what(rows: int) -> str:
    return _alerts(rows)


def audit_what(partner: str) -> str:
    return f"the audit trail of {partner}"


def export_in_personal(what: str) -> str:
    return f"The export ({what}) waits for you in our personal chat."


def export_done(what: str) -> str:
    return f"Saved: {what}."


def export_heads(what: str, heads: str) -> str:
    return f"To go with {what}, the head of the audit trail: {heads} (it shows later whether rows were cut off)."


AUDIT_SUBJECT = "audit trail"
AUDIT_WORDS = (
    'The audit trail is exported whole: after “export audit” comes at most the partner, such as partner:"Northwind".'
)


def which_audit(partners: Sequence[str]) -> str:
    return f'One file holds the audit trail of one partner: {_or(partners)}. Say: export audit partner:"{partners[0]}"'


def daily_heads(heads: str) -> str:
    return f"Heads of the audit trails today, for “audit verify”: {heads}"


def export_failed(problem: str) -> str:
    return f"The file could not be saved.{f' {problem}' if problem else ''} Say “export” again."


# Routes -------------------------------------------------------------------------------------------------------------


def subscribed(partners: Sequence[str], words: str) -> str:
    which = f" that match {words}" if words else ""
    return f"From now on the alerts of {_and(partners)}{which} are sent here. A summary of what is open comes first."


def unsubscribed(partners: Sequence[str]) -> str:
    return f"The alerts of {_and(partners)} are no longer sent here."


# Intake -------------------------------------------------------------------------------------------------------------


def reader_fails(partner: str, problem: str) -> str:
    return f"The alerts of {partner} cannot be read, and no new ones arrive until this is mended. {problem}"


def unreadable(count: int, problem: str) -> str:
    return f"{count} alert{'s' if count != 1 else ''} could not be read; the first: {problem}"


# The conversation ---------------------------------------------------------------------------------------------------

EMPTY_MESSAGE = "Say “help” for what I understand."
STILL_AT_IT = "I am still at it; the result will show on the card."
UNREADABLE_ACTION = (
    "This button does not belong to the version of Alert Desk that runs now. Say “show unresolved” for fresh cards."
)
BOT_UNKNOWN_PERSON = "Teams did not say who you are, so nothing was done."
TRY_AGAIN = "Something that I depend on did not answer just now. Look at the alert, then try again in a moment."


def unknown_command(word: str, near: str) -> str:
    hint = f" Did you mean “{near}”?" if near else ""
    return f"I do not know the command {_echo(word)!r}.{hint} Say “help” for all commands."


def takes_nothing(name: str, rest: str) -> str:
    return f"I do not know what to do with {_echo(rest)!r} after “{name}”, so nothing was done. Say just “{name}”."


def not_possible(reference: str) -> str:
    return f"That cannot be done as things are set up. Tell the people who run Alert Desk; it is logged as {reference}."


def broken(reference: str) -> str:
    return f"Something went wrong on my side, and it is logged as {reference}. Look at the alert before you try again."


_ECHO_MOST = 80

# Small words --------------------------------------------------------------------------------------------------------


def when(moment: datetime | None) -> str:
    """`21 Nov 2026, 14:05 UTC`: absolute, because a card is not redrawn by the minute."""
    return formats.moment(moment) if moment else "unknown"


def clock(moment: datetime | None, now: datetime) -> str:
    """`14:05 UTC`, with the day where it is another one."""
    return formats.time(moment) if moment is not None and moment.date() == now.date() else when(moment)


def _echo(words: str) -> str:
    """What somebody wrote, as it is quoted back to them: recognisable, never pages of it."""
    return words if len(words) <= _ECHO_MOST else f"{words[:_ECHO_MOST]}\u2026"


def _alerts(count: int) -> str:
    return f"{number(count)} alert{'s' if count != 1 else ''}"


def _and(words: Sequence[str]) -> str:
    return formats.both(words)


def _or(words: Sequence[str]) -> str:
    return formats.either(words)


# Cards --------------------------------------------------------------------------------------------------------------

SEVERITIES = {"high": "High", "medium": "Medium", "low": "Low", "informational": "Informational"}
STATUSES = {"active": "Active", "investigating": "Investigating", "resolved": "Resolved"}

CUSTOMER = "Customer"
CUSTOMER_ID = "Customer tenant"
RESELLER = "Reseller"
PARTNER = "Partner"
SUBSCRIPTION = "Subscription"
ALERT_ID = "Alert ID"
NUMBER = "Number"
TYPE = "Type"
ALERT_TYPE = "Alert type"
STATUS = "Status"
SEVERITY = "Severity"
CONFIDENCE = "Confidence"
DETECTED = "Detected"
FIRST_OBSERVED = "First observed"
LAST_OBSERVED = "Last observed"
OFFER = "Catalog offer"
RESOURCES = "Affected resources"
RESOURCES_NONE = "Partner Center names no resource; look at the whole subscription."
HISTORY = "History at Partner Center"
NOTES = "Notes in Alert Desk"
DECISION = "Decision"
TEST_BADGE = "TEST"
DRILL_BADGE = "DRILL"
DRILL_CUSTOMER = "None: this is a drill"
SOMEBODY = "somebody"
UNKNOWN = "unknown"

MARK_LEGITIMATE = "Mark legitimate"
MARK_FRAUD = "Mark as fraud"
CANCEL_SUBSCRIPTION = "Cancel subscription"
INVESTIGATE = "Investigate"
IGNORE = "Ignore"
DETAILS = "Details"
ADD_NOTE = "Add note"
CHANGE_VERDICT = "Change verdict"
OPEN_PARTNER_CENTER = "Alerts in Partner Center"
MANAGE_SUBSCRIPTION = "Manage subscription in Azure"
BACK_TO_CARD = "Back to the alert"
SEND_HERE = "Send alerts here"
PREVIOUS = "Previous"
NEXT = "Next"
EXPORT_THESE = "Export these"
SHOW = "Show"
SHOW_UNRESOLVED = "Show unresolved"
SAVE = "Save"
DOWNLOAD = "Sign in and download"

REPEAT_BADGE = "Possible repeat: an earlier copy may stand above"


def replaces_badge(label: str) -> str:
    return f"Replaces the earlier card of {label}, which is gone"


def status_word(status: str) -> str:
    """A status that we do not know is shown as it came."""
    return STATUSES.get(status.lower(), status) or UNKNOWN


def severity_word(severity: str) -> str:
    return SEVERITIES.get(severity.lower(), severity) or UNKNOWN


def respond_by(moment: datetime, now: datetime, over: bool) -> str:
    if over:
        return f"The one-hour target passed at {clock(moment, now)}. Answer now."
    return f"Respond by {clock(moment, now)}"


def decided(verdict: str, by: str, at: datetime) -> str:
    """With the day: a decided card is looked at for weeks, and not drawn again."""
    return f"{verdict_word(verdict)} by {by or 'somebody'}, {when(at)}"


def history_line(at: datetime | None, status_from: str, status_to: str, by: str) -> str:
    return f"{when(at)}: {status_from or '-'} \u2192 {status_to} ({by or UNKNOWN})"


def decided_via(via: str) -> str:
    """Empty where nobody decided: a drill that ended by itself."""
    return {"partner_center": "Decided in Partner Center", "teams": "Decided in Teams"}.get(via, "")


def decision_note(note: str) -> str:
    return f"Why: {note}"


def hint(label: str, *, open_alert: bool) -> str:
    if open_alert:
        return f"If buttons fail, write to Alert Desk: mark {label} legitimate, or mark {label} fraud"
    return f"If buttons fail, write to Alert Desk: show {label}"


def more(count: int) -> str:
    return f"and {number(count)} more"


def alert_fallback(record: AlertRecord, customer: str) -> str:
    alert = record.alert
    return (
        f"{record.label} {severity_word(alert.severity)}: {alert.name}. {customer}. {status_word(alert.status)}. "
        f"Say to Alert Desk: show {record.label}"
    )


def alert_summary(record: AlertRecord, customer: str) -> str:
    return f"{record.label} {severity_word(record.alert.severity)}: {record.alert.name} ({customer})"


def list_title(words: str) -> str:
    return f"Alerts: {words}" if words else "Unresolved alerts"


LIST_EMPTY = "Nothing fits. If you expected something, say “show all” or check the filters with “help show”."
LIST_EMPTY_UNRESOLVED = "No unresolved alerts. All is decided."


SEARCH_EMPTY = "Nothing here has an alert id, subscription id or customer name like that."

WELCOME_TITLE = "Alert Desk is here"
WELCOME = (
    "I bring Partner Center's security alerts into Teams: a card for each new alert, decided where you talk.",
    "Nothing is sent here yet. An Admin Agent of your partner tenant presses the button below, or says “subscribe”.",
    "Say “help” for everything that I understand.",
)
WELCOME_ROUTED = (
    "I bring Partner Center's security alerts into Teams: a card for each new alert, decided where you talk.",
    "Alerts are sent to this conversation. Say “help” for everything that I understand.",
)
WELCOME_PERSONAL = (
    "I bring Partner Center's security alerts into Teams. Here you can ask me in private: show unresolved, search, export.",
    "Say “whoami” to see what you may do, and “help” for everything that I understand.",
)

PRIVATE_CHANNEL = "In private channels Teams lets bots listen but not post. Use a standard or shared channel for alerts, or ask me here."

WHOAMI = "Who you are to me"
NAME = "Name"
ACCOUNT = "Account"
OBJECT_ID = "Entra object id"
TENANT = "Tenant"
ROLES_NONE = "no role that counts here"
ROLES_UNCHECKED = "could not be checked just now"
MAY_DECIDE = "You may decide on alerts here."
MAY_NOT_DECIDE = "You may read along where alerts are sent; deciding takes the Admin Agent role."


def acts_as_app(partner: str) -> str:
    return f"For {partner} I write with my own identity and put your name on record."


def roles_in(partner: str) -> str:
    return f"Roles at {partner}"


ROLES_NOT_SIGNED_IN = "not known: you are not signed in"
NOT_SIGNED_IN = "The first button that you press signs you in."
SIGNED_OUT = "Signed out: I have forgotten every token with which I could act as you."
SIGNOUT_NOTHING = "There is nothing to sign out of: I hold no token of yours."
SIGN_IN_TITLE = "Sign in to go on"
SIGN_IN = "Sign in"


def sign_in_for(label: str) -> str:
    return f"{label}: sign in to go on"


SIGN_IN_LINK = (
    "The link is yours alone and works for 15 minutes. Once you are signed in I go on, and that page says how it ended."
)
SIGN_IN_BY_BUTTON = "Nothing was done yet: I act as you, and Teams hands me your sign-in only with a button. Press it, and I do what you asked for."
SIGN_IN_NOWHERE = "You would have to sign in, but the operator has set no address for that (ALERTDESK_PUBLIC_URL)."
GO_ON_AS_ME = "Go on as me"
WANTS_STILL_MORE = (
    "Microsoft wants still more of you than this sign-in has, so nothing was done. Ask again in Teams for a new link."
)
PRESS_AGAIN = "Press the button in Teams again: its form opens now. You can close this page."
WENT_ON = "Done. Teams shows the result; you can close this page."
VIEWER_MAY_NOT = (
    "You see this without the buttons: deciding takes the Admin Agent role, and you did not hold it when I last looked."
)


def viewer_may_not(label: str, *, open_alert: bool) -> str:
    if not open_alert:
        return VIEWER_MAY_NOT
    return f"{VIEWER_MAY_NOT} If you hold it now, write: mark {label} legitimate, or mark {label} fraud"


def acts_as_you(partner: str) -> str:
    return f"For {partner} I act as you: Partner Center records and limits what you do."


HELP_TITLE = "What I understand"
HELP_INTRO = "In a channel, begin with @Alert Desk. In our personal chat just write."
HELP_ROLES = (
    "Everybody here may read. Deciding takes the Admin Agent role in Partner Center, checked at each click.",
    "Approving a cancellation takes Global Administrator as well, and a second person.",
    "All times are UTC.",
)


def no_help(word: str, near: str) -> str:
    hint_text = f" Did you mean “help {near}”?" if near else ""
    return f"There is no command {_echo(word)!r}.{hint_text} Say “help” for all."


def summary_title(partner: str) -> str:
    return f"Security alerts of {partner} are now sent here"


def summary_posted(posted: int, total: int) -> str:
    if not total:
        return "Nothing is open at the moment."
    if posted == total:
        return f"{_alerts(total)} open; each has its card below."
    if not posted:
        return f"{_alerts(total)} open, all older than a day. Say “show unresolved” to see them."
    return f"{_alerts(total)} open. Below are the cards of {posted} from the last 24 hours, most severe first; say “show unresolved” for the other {number(total - posted)}."


OTHER_SEVERITY = "Other"
OVER_AN_HOUR = "Past the one-hour target"

NOTE_TITLE = "Note"
NOTE_FIELD = "Your note"
NOTE_REQUIRED = "Write something first."
REVERDICT_FIELD = "New verdict"
REVERDICT_CHOOSE = "Choose the new verdict."
REASON_FIELD = "Why it changes"
STANDS_NOW = "Verdict now"

EXPORT_TITLE = "Your export is ready"
EXPORT_LINK_LINES = ("Only you can open it: the page asks you to sign in. The link serves once and for half an hour.",)
ROWS = "Alerts"
AUDIT_ROWS = "Rows"
AUDIT_HEAD = "Head of the audit trail"
FILE = "File"
OPENS_UNTIL = "Opens until"
FOR_EXAMPLE = "For example"
