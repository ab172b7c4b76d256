"""What is said about evidence packs, and the words in them. Plain text: the pages of a pack escape it as they need."""

from __future__ import annotations

from datetime import date, datetime

from bot.domain.cancellations import Kind
from bot.domain.refund import DAYS
from bot.texts import en as texts
from bot.texts import formats
from bot.texts.catalogue import _, plural

GET_PACK = _("Evidence pack")
USAGE = _(
    "Write: evidence <alert> or <subscription>. It collects all alerts of that subscription. For example: evidence A-1042"
)
CREDIT_SOURCE = "https://learn.microsoft.com/partner-center/security/nonpayment-fraud-misuse"


def nothing_about(reference: str) -> str:
    said = _("There is no alert and no subscription with alerts called {reference} here.")
    return formats.sentences(said.format(reference=reference[:80]), USAGE)


def _is_alert(subject: str) -> bool:
    return subject.startswith("A-")


def consent(alerts: int, subject: str) -> str:
    said = (
        plural(
            "Evidence about alert {subject}: {count} alert, with timeline, decisions and audit rows, as one zip file",
            "Evidence about alert {subject}: {count} alerts, with timeline, decisions and audit rows, as one zip file",
            alerts,
        )
        if _is_alert(subject)
        else plural(
            "Evidence about subscription {subject}: {count} alert, with timeline, decisions and audit rows, "
            "as one zip file",
            "Evidence about subscription {subject}: {count} alerts, with timeline, decisions and audit rows, "
            "as one zip file",
            alerts,
        )
    )
    return said.format(subject=subject, count=formats.number(alerts))


def what(subject: str) -> str:
    said = (
        _("the evidence about alert {subject}")
        if _is_alert(subject)
        else _("the evidence about subscription {subject}")
    )
    return said.format(subject=subject)


# In the pack --------------------------------------------------------------------------------------------------------

AT_A_GLANCE = _("At a glance")
ALERTS = _("Alerts and verdicts")
REQUESTS = _("Requests to cancel or reactivate")
NOTES = _("Notes")
TIMELINE = _("Timeline")
FILES = _("What is in this pack")
CREDIT = _("Asking Microsoft for a credit")
NONE = _("None.")
ALL_UTC = _("All times are UTC.")

PARTNER = _("Partner")
CUSTOMER = _("Customer")
SUBSCRIPTION = _("Subscription")
ALERT = _("Alert")
COUNTED = _("Alerts in here")
FIRST_USAGE = _("First fraudulent usage")
AS_OF = _("State as of")
HEAD = _("Head of the audit trail")

ALERT_COLUMNS = (
    _("Number"),
    _("What was seen"),
    _("Severity"),
    _("First observed"),
    _("Detected"),
    _("Status"),
    _("Verdict"),
    _("By"),
    _("On"),
    _("Why"),
)
REQUEST_COLUMNS = (
    _("Request"),
    _("What"),
    _("State"),
    _("Asked by"),
    _("Asked on"),
    _("Reason"),
    _("Decided by"),
    _("Decided on"),
    _("Outcome"),
)
NOTE_COLUMNS = (_("Alert"), _("On"), _("By"), _("Note"))
EVENT_COLUMNS = (_("On"), _("About"), _("What"), _("By"))
FILE_COLUMNS = (_("File"), _("What it holds"))

FILE_MEANINGS = (
    ("timeline.html", _("this page, to be opened in a browser")),
    ("timeline.md", _("the same as text")),
    ("alerts.csv", _("the alerts with all details, a row each, as the command export writes them")),
    ("verdicts.csv", _("who gave which verdict, when, and why")),
    ("requests.csv", _("who asked for the subscription to be cancelled or reactivated, and who decided")),
    ("notes.csv", _("what people wrote down about the alerts")),
    ("alerts/A-….json", _("each alert as Partner Center gave it, as Alert Desk keeps it")),
    (
        "audit.jsonl",
        _(
            "the audit rows about these alerts and requests, and in the last line the length and the head of the whole "
            "chain. It is a part of the chain: each row can be checked with the audit key, the whole with “audit verify”"
        ),
    ),
    ("MANIFEST.txt", _("the SHA-256 of every file, to be checked with: sha256sum --check MANIFEST.txt")),
)

CREDIT_PAID = _(
    "The partner pays for what fraudsters use. Microsoft reviews such cases and may, at its own discretion, give a "
    "one-time credit; nobody is entitled to it, and Alert Desk promises nothing."
)
CREDIT_ASKED = _(
    "It is asked for by a ticket in Partner Center, once per customer tenant, within 60 calendar days of the first "
    "fraudulent usage, and covers at most the first 30 days of charges."
)
CREDIT_COUNTED = _(
    "Microsoft's page does not say how the days are counted. Here the day of the first usage is day 1, in UTC."
)


def title(subject: str) -> str:
    said = _("Evidence about alert {subject}") if _is_alert(subject) else _("Evidence about subscription {subject}")
    return said.format(subject=subject)


def counted(shown: int, found: int) -> str:
    """Said plainly where the pack is not complete."""
    if shown >= found:
        return _("{shown}, which is all").format(shown=formats.number(shown))
    return _("{shown} of {found}: those marked as fraud before others, the earliest first").format(
        shown=formats.number(shown), found=formats.number(found)
    )


def rows_cut(shown: int, found: int) -> str:
    return _("Of {found} audit rows about these alerts and requests the first {shown} are in audit.jsonl.").format(
        found=formats.number(found), shown=formats.number(shown)
    )


def last_day(day: date) -> str:
    return _("The last day to file is {day:%Y-%m-%d} (day {days}).").format(day=day, days=DAYS)


def when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""


def via(word: str) -> str:
    return {"teams": _("Teams"), "partner_center": _("Partner Center")}.get(word, word)


# Events in the timeline

FIRST_OBSERVED = _("First observed")
LAST_OBSERVED = _("Last observed")
RECORDED = _("Recorded by Alert Desk")
PARTNER_CENTER = _("Partner Center")
ALERT_DESK = _("Alert Desk")


def detected(severity: str, name: str) -> str:
    return _("Detected by Partner Center: {name} (severity {severity})").format(
        name=name, severity=texts.severity_word(severity).lower()
    )


def status_changed(before: str, after: str) -> str:
    return _("Status at Partner Center: {before} \u2192 {after}").format(before=before or "-", after=after or "-")


def decided(verdict: str, via_word: str) -> str:
    return _("Verdict: {verdict} (in {place})").format(verdict=texts.verdict_word(verdict), place=via(via_word))


def noted(text: str) -> str:
    return _("Note: {text}").format(text=text)


def asked(kind: str, reason: str) -> str:
    said = (
        _("Asked to cancel the subscription: {reason}")
        if kind == Kind.CANCEL
        else _("Asked to reactivate the subscription: {reason}")
    )
    return said.format(reason=reason)


def approved(kind: str) -> str:
    if kind == Kind.CANCEL:
        return _("Approved: cancel the subscription")
    return _("Approved: reactivate the subscription")


def accepted(kind: str) -> str:
    if kind == Kind.CANCEL:
        return _("Partner Center accepted the request to cancel")
    return _("Partner Center accepted the request to reactivate")


def ended(state: str, outcome: str) -> str:
    said = _("The request ended: {state}. {outcome}") if outcome else _("The request ended: {state}")
    return said.format(state=state, outcome=outcome)


def audited(act: str, outcome: str) -> str:
    return _("On record: {act}, {outcome}").format(act=act, outcome=outcome)
