"""What stands on the cards and forms of requests to cancel or reactivate, and about them on alerts' cards. Plain text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.alerts import AlertRecord
from bot.domain.cancellations import SUFFIX, Cancellation, Consent, Kind, State
from bot.texts import cancelling
from bot.texts import en as texts
from bot.texts.formats import number

_TO = {Kind.CANCEL: "Cancel", Kind.REACTIVATE: "Reactivate"}
_DONE = {Kind.CANCEL: "cancelled", Kind.REACTIVATE: "reactivated"}
_DOING = {Kind.CANCEL: "Cancelling", Kind.REACTIVATE: "Reactivating"}

SUBSCRIPTION_ID = "Subscription ID"
AZURE_PLAN = "Azure plan ID"
CONSENT = "Consent"
CONSENT_NOTE = "About the consent"
REASON = "Why"
RESOURCES = "Resources known from the alerts"
CONSEQUENCES = "What will happen"
DECIDING = "Who decides"
ASKED_PEOPLE = "Asked"
ASKED_BY = "Asked by"
UNREACHED = "Not reached"
PLEASE_DECIDE = "please decide."

WITHDRAW = "Withdraw"
CONFIRM = {Kind.CANCEL: "Confirm and cancel", Kind.REACTIVATE: "Confirm and reactivate"}
REACTIVATE_SUBSCRIPTION = "Reactivate subscription"
CANCELLATION = "The subscription"

CONSENTS = {
    Consent.AGREED: "Reached, and agreed",
    Consent.REFUSED: "Reached, and did not agree",
    Consent.UNREACHABLE: "Not reachable",
}

# The request's card -------------------------------------------------------------------------------------------------


def heading(c: Cancellation) -> str:
    return f"{c.label} · {cancelling.title(c.plan.kind)}"


def asked_by(c: Cancellation) -> str:
    return f"Asked by {c.plan.by_name}, {texts.when(c.plan.asked_at)}"


def decide_by(c: Cancellation, now: datetime) -> str:
    return f"Decide by {texts.clock(c.plan.expires_at, now)}"


def approved_by(c: Cancellation) -> str:
    return f"Approved by {c.approver_name}, {texts.when(c.approved_at)}"


def sending(c: Cancellation) -> str:
    if c.outcome:
        return f"Not accepted yet. {c.outcome} I try again until {texts.when(c.send_until)}."
    return "It is being sent to Partner Center."


def accepted(c: Cancellation) -> str:
    return f"Accepted by Partner Center, {texts.when(c.accepted_at)}"


def watching(c: Cancellation) -> str:
    usual = f"{_DOING[Kind(c.plan.kind)]} usually takes about ten minutes."
    if c.seen_at is None:
        return usual
    says = f"still says {c.seen_status}" if c.seen_status else "does not find the subscription"
    return f"{texts.when(c.seen_at)}: Partner Center {says}. {usual}"


def done(c: Cancellation) -> str:
    return f"{_DONE[Kind(c.plan.kind)].capitalize()}, {texts.when(c.ended_at)}"


def ended_by(c: Cancellation) -> str:
    """Who or what ended it undone, and when."""
    at = texts.when(c.ended_at)
    match c.state:
        case State.REJECTED:
            return f"Rejected by {c.approver_name}, {at}"
        case State.WITHDRAWN:
            return f"Withdrawn by {c.plan.by_name}, {at}"
        case State.EXPIRED:
            return f"Nobody decided by {texts.when(c.plan.expires_at)}"
        case State.REFUSED:
            return f"Refused by Partner Center, {at}"
        case _:
            return f"Ended {at}"


def verdicts(done_count: int, total: int) -> str:
    if done_count == total:
        return f"{'All ' if total > 1 else ''}{total} alert{'s' if total > 1 else ''} resolved as fraud"
    return f"{done_count} of {total} alert{'s' if total > 1 else ''} resolved as fraud"


def verdict_failed(label: str, problem: str, *, again: bool) -> str:
    why = f" failed: {problem}" if problem else " is not resolved yet."
    return f"{label}{why} {'It is tried again.' if again else 'It is not tried any more: mark it by hand.'}"


def rests_on(count: int) -> str:
    return f"Alerts that it rests on ({number(count)})"


def alert_item(record: AlertRecord) -> str:
    alert = record.alert
    verdict = "" if alert.is_open else f" ({texts.verdict_word(alert.resolved_reason.lower()).lower()})"
    return f"{record.label} {texts.severity_word(alert.severity)}: {alert.name or alert.alert_type}{verdict}"


def new_since(labels: Sequence[str], left_out: int) -> str:
    rest = f" {texts.more(left_out)}" if left_out else ""
    return f"New since it was asked: {', '.join(labels)}{rest}"


NEW_TOO = "They are resolved as fraud too."


def consequences(kind: str, open_count: int) -> tuple[str, ...]:
    """What approving does, in the words of https://learn.microsoft.com/partner-center/developer/cancel-an-azure-subscription"""
    if kind == Kind.REACTIVATE:
        return (
            "The subscription becomes active again, with what its retention period has kept.",
            "It costs money again, and whoever broke in may still have access: secure it first.",
        )
    marked = f"{number(open_count)} open alert{' is' if open_count == 1 else 's are'} resolved as fraud, and what comes until then."
    return (
        "Every resource of the subscription is deallocated: it stops working.",
        "Its data is deleted after the retention period.",
        "A customer with access can reactivate it while the Azure plan is active.",
        marked if open_count else "Alerts that come until then are resolved as fraud.",
    )


def typed_hint(label: str, newest: str) -> str:
    return f"If buttons fail, write to Alert Desk: {cancelling.typed_twins(label, newest)}"


def fallback(c: Cancellation) -> str:
    return f"{cancelling.line(c)} Say to Alert Desk: approvals"


# Lists --------------------------------------------------------------------------------------------------------------

APPROVALS_NONE = "Nothing waits for a decision, and nothing was asked for lately."
APPROVALS_WAITING_NONE = "Nothing waits for a decision."


def approvals_waiting(count: int, label: str) -> str:
    """`label` is that of the first."""
    waits = "request waits" if count == 1 else "requests wait"
    return f"{count} {waits} for a decision. Write: {cancelling.typed_twins(label)}"


def request_row(c: Cancellation) -> str:
    return f"{_TO[Kind(c.plan.kind)]} {cancelling.subject(c.plan)}"


def request_state(c: Cancellation, now: datetime) -> str:
    until = f" until {texts.clock(c.plan.expires_at, now)}" if c.state == State.ASKED else ""
    return f"{cancelling.state(c)}{until}"


# On alerts' cards ---------------------------------------------------------------------------------------------------


def on_alert(c: Cancellation) -> str:
    """What the cards of a subscription's alerts say of the request; empty where nothing came of it."""
    kind = Kind(c.plan.kind)
    gerund = _DOING[kind]
    match State(c.state):
        case State.ASKED:
            return f"{gerund} the subscription was asked for by {c.plan.by_name} ({c.label}); it waits for approval"
        case State.APPROVED | State.ACCEPTED:
            return f"The subscription is being {_DONE[kind]} ({c.label})"
        case State.STUCK:
            return f"{gerund} the subscription was accepted, but is not done after an hour ({c.label})"
        case State.UNSURE:
            return f"{gerund} the subscription was sent and the answer lost ({c.label})"
        case State.DONE:
            return f"Subscription {_DONE[kind]} {texts.when(c.ended_at)} ({c.label})"
        case State.FAILED:
            return f"{gerund} the subscription failed ({c.label})"
        case State.VOID:
            return ""
        case _:
            return f"The subscription stays cancelled ({c.label})" if kind == Kind.REACTIVATE else ""


# Forms --------------------------------------------------------------------------------------------------------------

ASK = {Kind.CANCEL: "Ask to cancel", Kind.REACTIVATE: "Ask to reactivate"}
ASK_LINE = "Nothing happens yet: whoever may approve is asked to decide."
REASON_FIELDS = {
    Kind.CANCEL: "Why it is to be cancelled",
    Kind.REACTIVATE: "Why it is to be reactivated, and what was done to secure it",
}
REASON_HINT = "Whoever approves reads this"
REASON_MISSING = "Say why."
CONSENT_FIELD = "Was the customer reached?"
CONSENT_CHOICES = {
    Consent.AGREED: "Yes, and they agree",
    Consent.REFUSED: "Yes, and they do not agree",
    Consent.UNREACHABLE: "No, they cannot be reached",
}
CONSENT_MISSING = "Choose one."
NOTE_FIELD = "Who said what, or how you tried (needed unless they agree)"
CONFIRM_FIELD = f"Type the last {SUFFIX} characters of the subscription ID"
CONFIRM_MISSING = f"Type the last {SUFFIX} characters, as they stand above."
REJECT_FIELD = "Why you reject it"
REJECT_HINT = "Everybody who sees the request reads this"
