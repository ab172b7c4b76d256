"""What is said about evidence packs, and the words in them. Plain text: the pages of a pack escape it as they need."""

from __future__ import annotations

from datetime import date, datetime

from bot.domain.refund import DAYS
from bot.texts import en as texts
from bot.texts import formats

GET_PACK = "Evidence pack"
USAGE = "Write: evidence <alert> or <subscription>. It collects all alerts of that subscription. For example: evidence A-1042"
CREDIT_SOURCE = "https://learn.microsoft.com/partner-center/security/nonpayment-fraud-misuse"


def nothing_about(reference: str) -> str:
    return f"There is no alert and no subscription with alerts called {reference[:80]} here. {USAGE}"


def of(subject: str) -> str:
    return f"alert {subject}" if subject.startswith("A-") else f"subscription {subject}"


def consent(alerts: int, subject: str) -> str:
    return f"Evidence about {of(subject)}: {_alerts(alerts)}, with timeline, decisions and audit rows, as one zip file"


def what(subject: str) -> str:
    return f"the evidence about {of(subject)}"


# In the pack --------------------------------------------------------------------------------------------------------

AT_A_GLANCE = "At a glance"
ALERTS = "Alerts and verdicts"
REQUESTS = "Requests to cancel or reactivate"
NOTES = "Notes"
TIMELINE = "Timeline"
FILES = "What is in this pack"
CREDIT = "Asking Microsoft for a credit"
NONE = "None."
ALL_UTC = "All times are UTC."

PARTNER = "Partner"
CUSTOMER = "Customer"
SUBSCRIPTION = "Subscription"
ALERT = "Alert"
COUNTED = "Alerts in here"
FIRST_USAGE = "First fraudulent usage"
AS_OF = "State as of"
HEAD = "Head of the audit trail"

ALERT_COLUMNS = (
    "Number",
    "What was seen",
    "Severity",
    "First observed",
    "Detected",
    "Status",
    "Verdict",
    "By",
    "On",
    "Why",
)
REQUEST_COLUMNS = ("Request", "What", "State", "Asked by", "Asked on", "Reason", "Decided by", "Decided on", "Outcome")
NOTE_COLUMNS = ("Alert", "On", "By", "Note")
EVENT_COLUMNS = ("On", "About", "What", "By")
FILE_COLUMNS = ("File", "What it holds")

FILE_MEANINGS = (
    ("timeline.html", "this page, to be opened in a browser"),
    ("timeline.md", "the same as text"),
    ("alerts.csv", "the alerts with all details, a row each, as the command export writes them"),
    ("verdicts.csv", "who gave which verdict, when, and why"),
    ("requests.csv", "who asked for the subscription to be cancelled or reactivated, and who decided"),
    ("notes.csv", "what people wrote down about the alerts"),
    ("alerts/A-….json", "each alert as Partner Center gave it, as Alert Desk keeps it"),
    (
        "audit.jsonl",
        (
            "the audit rows about these alerts and requests, and in the last line the length and the head of the whole "
            "chain. It is a part of the chain: each row can be checked with the audit key, the whole with “audit verify”"
        ),
    ),
    ("MANIFEST.txt", "the SHA-256 of every file, to be checked with: sha256sum --check MANIFEST.txt"),
)

CREDIT_PAID = (
    "The partner pays for what fraudsters use. Microsoft reviews such cases and may, at its own discretion, give a "
    "one-time credit; nobody is entitled to it, and Alert Desk promises nothing."
)
CREDIT_ASKED = (
    "It is asked for by a ticket in Partner Center, once per customer tenant, within 60 calendar days of the first "
    "fraudulent usage, and covers at most the first 30 days of charges."
)
CREDIT_COUNTED = (
    "Microsoft's page does not say how the days are counted. Here the day of the first usage is day 1, in UTC."
)


def title(subject: str) -> str:
    return f"Evidence about {of(subject)}"


def counted(shown: int, found: int) -> str:
    """Said plainly where the pack is not complete."""
    if shown >= found:
        return f"{formats.number(shown)}, which is all"
    return (
        f"{formats.number(shown)} of {formats.number(found)}: those marked as fraud before others, the earliest first"
    )


def rows_cut(shown: int, found: int) -> str:
    return f"Of {formats.number(found)} audit rows about these alerts and requests the first {formats.number(shown)} are in audit.jsonl."


def last_day(day: date) -> str:
    return f"The last day to file is {day:%Y-%m-%d} (day {DAYS})."


def when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""


def via(word: str) -> str:
    return {"teams": "Teams", "partner_center": "Partner Center"}.get(word, word)


# Events in the timeline

FIRST_OBSERVED = "First observed"
LAST_OBSERVED = "Last observed"
RECORDED = "Recorded by Alert Desk"
PARTNER_CENTER = "Partner Center"
ALERT_DESK = "Alert Desk"


def detected(severity: str, name: str) -> str:
    return f"Detected by Partner Center: {name} (severity {texts.severity_word(severity).lower()})"


def status_changed(before: str, after: str) -> str:
    return f"Status at Partner Center: {before or '-'} \u2192 {after or '-'}"


def decided(verdict: str, via_word: str) -> str:
    return f"Verdict: {texts.verdict_word(verdict)} (in {via(via_word)})"


def noted(text: str) -> str:
    return f"Note: {text}"


def asked(kind: str, reason: str) -> str:
    return f"Asked to {kind} the subscription: {reason}"


def approved(kind: str) -> str:
    return f"Approved: {kind} the subscription"


def accepted(kind: str) -> str:
    return f"Partner Center accepted the request to {kind}"


def ended(state: str, outcome: str) -> str:
    return f"The request ended: {state}{f'. {outcome}' if outcome else ''}"


def audited(act: str, outcome: str) -> str:
    return f"On record: {act}, {outcome}"


def _alerts(count: int) -> str:
    return f"{formats.number(count)} alert{'s' if count != 1 else ''}"
