"""What stands on the cards and forms of requests to cancel or reactivate, and about them on alerts' cards. Plain text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.alerts import AlertRecord
from bot.domain.cancellations import SUFFIX, Cancellation, Consent, Kind, State
from bot.texts import cancelling
from bot.texts import en as texts
from bot.texts.catalogue import _
from bot.texts.formats import number

_TO = {Kind.CANCEL: _("Cancel"), Kind.REACTIVATE: _("Reactivate")}
_DONE = {Kind.CANCEL: "cancelled", Kind.REACTIVATE: "reactivated"}
_DOING = {Kind.CANCEL: _("Cancelling"), Kind.REACTIVATE: _("Reactivating")}

SUBSCRIPTION_ID = _("Subscription ID")
AZURE_PLAN = _("Azure plan ID")
CONSENT = _("Consent")
CONSENT_NOTE = _("About the consent")
REASON = _("Why")
RESOURCES = _("Resources known from the alerts")
CONSEQUENCES = _("What will happen")
DECIDING = _("Who decides")
ASKED_PEOPLE = _("Asked")
ASKED_BY = _("Asked by")
UNREACHED = _("Not reached")
PLEASE_DECIDE = _("please decide.")

WITHDRAW = _("Withdraw")
CONFIRM = {Kind.CANCEL: _("Confirm and cancel"), Kind.REACTIVATE: _("Confirm and reactivate")}
REACTIVATE_SUBSCRIPTION = _("Reactivate subscription")
CANCELLATION = _("The subscription")

CONSENTS = {
    Consent.AGREED: _("Reached, and agreed"),
    Consent.REFUSED: _("Reached, and did not agree"),
    Consent.UNREACHABLE: _("Not reachable"),
}

# The request's card -------------------------------------------------------------------------------------------------


def heading(c: Cancellation) -> str:
    return f"{c.label} · {cancelling.title(c.plan.kind)}"


def asked_by(c: Cancellation) -> str:
    return _("Asked by {by_name}, {asked_at}").format(by_name=c.plan.by_name, asked_at=texts.when(c.plan.asked_at))


def decide_by(c: Cancellation, now: datetime) -> str:
    return _("Decide by {clock}").format(clock=texts.clock(c.plan.expires_at, now))


def approved_by(c: Cancellation) -> str:
    return _("Approved by {approver_name}, {approved_at}").format(
        approver_name=c.approver_name, approved_at=texts.when(c.approved_at)
    )


def sending(c: Cancellation) -> str:
    if c.outcome:
        return _("Not accepted yet. {outcome} I try again until {send_until}.").format(
            outcome=c.outcome, send_until=texts.when(c.send_until)
        )
    return _("It is being sent to Partner Center.")


def accepted(c: Cancellation) -> str:
    return _("Accepted by Partner Center, {accepted_at}").format(accepted_at=texts.when(c.accepted_at))


def watching(c: Cancellation) -> str:
    usual = _("{doing} usually takes about ten minutes.").format(doing=_DOING[Kind(c.plan.kind)])
    if c.seen_at is None:
        return usual
    says = (
        _("still says {seen_status}").format(seen_status=c.seen_status)
        if c.seen_status
        else _("does not find the subscription")
    )
    return _("{seen_at}: Partner Center {says}. {usual}").format(seen_at=texts.when(c.seen_at), says=says, usual=usual)


def done(c: Cancellation) -> str:
    return f"{_DONE[Kind(c.plan.kind)].capitalize()}, {texts.when(c.ended_at)}"


def ended_by(c: Cancellation) -> str:
    """Who or what ended it undone, and when."""
    at = texts.when(c.ended_at)
    match c.state:
        case State.REJECTED:
            return _("Rejected by {approver_name}, {at}").format(approver_name=c.approver_name, at=at)
        case State.WITHDRAWN:
            return _("Withdrawn by {by_name}, {at}").format(by_name=c.plan.by_name, at=at)
        case State.EXPIRED:
            return _("Nobody decided by {expires_at}").format(expires_at=texts.when(c.plan.expires_at))
        case State.REFUSED:
            return _("Refused by Partner Center, {at}").format(at=at)
        case _:
            return _("Ended {at}").format(at=at)


def verdicts(done_count: int, total: int) -> str:
    if done_count == total:
        return _("{further}{total} alert{further_2} resolved as fraud").format(
            further=_("All ") if total > 1 else "", total=total, further_2="s" if total > 1 else ""
        )
    return _("{done_count} of {total} alert{further} resolved as fraud").format(
        done_count=done_count, total=total, further="s" if total > 1 else ""
    )


def verdict_failed(label: str, problem: str, *, again: bool) -> str:
    why = _(" failed: {problem}").format(problem=problem) if problem else _(" is not resolved yet.")
    return "{label}{why} {further}".format(
        label=label,
        why=why,
        further=_("It is tried again.") if again else _("It is not tried any more: mark it by hand."),
    )


def rests_on(count: int) -> str:
    return _("Alerts that it rests on ({count})").format(count=number(count))


def alert_item(record: AlertRecord) -> str:
    alert = record.alert
    verdict = "" if alert.is_open else f" ({texts.verdict_word(alert.resolved_reason.lower()).lower()})"
    return f"{record.label} {texts.severity_word(alert.severity)}: {alert.name or alert.alert_type}{verdict}"


def new_since(labels: Sequence[str], left_out: int) -> str:
    rest = f" {texts.more(left_out)}" if left_out else ""
    return _("New since it was asked: {labels}{rest}").format(labels=", ".join(labels), rest=rest)


NEW_TOO = _("They are resolved as fraud too.")


def consequences(kind: str, open_count: int) -> tuple[str, ...]:
    """What approving does, in the words of https://learn.microsoft.com/partner-center/developer/cancel-an-azure-subscription"""
    if kind == Kind.REACTIVATE:
        return (
            _("The subscription becomes active again, with what its retention period has kept."),
            _("It costs money again, and whoever broke in may still have access: secure it first."),
        )
    marked = _("{open_count} open alert{further} resolved as fraud, and what comes until then.").format(
        open_count=number(open_count), further=_(" is") if open_count == 1 else _("s are")
    )
    return (
        _("Every resource of the subscription is deallocated: it stops working."),
        _("Its data is deleted after the retention period."),
        _("A customer with access can reactivate it while the Azure plan is active."),
        marked if open_count else _("Alerts that come until then are resolved as fraud."),
    )


def typed_hint(label: str, newest: str) -> str:
    return _("If buttons fail, write to Alert Desk: {typed_twins}").format(
        typed_twins=cancelling.typed_twins(label, newest)
    )


def fallback(c: Cancellation) -> str:
    return _("{line} Say to Alert Desk: approvals").format(line=cancelling.line(c))


# Lists --------------------------------------------------------------------------------------------------------------

APPROVALS_NONE = _("Nothing waits for a decision, and nothing was asked for lately.")
APPROVALS_WAITING_NONE = _("Nothing waits for a decision.")


def approvals_waiting(count: int, label: str) -> str:
    """`label` is that of the first."""
    waits = _("request waits") if count == 1 else _("requests wait")
    return _("{count} {waits} for a decision. Write: {typed_twins}").format(
        count=count, waits=waits, typed_twins=cancelling.typed_twins(label)
    )


def request_row(c: Cancellation) -> str:
    return f"{_TO[Kind(c.plan.kind)]} {cancelling.subject(c.plan)}"


def request_state(c: Cancellation, now: datetime) -> str:
    until = _(" until {clock}").format(clock=texts.clock(c.plan.expires_at, now)) if c.state == State.ASKED else ""
    return f"{cancelling.state(c)}{until}"


# On alerts' cards ---------------------------------------------------------------------------------------------------


def on_alert(c: Cancellation) -> str:
    """What the cards of a subscription's alerts say of the request; empty where nothing came of it."""
    kind = Kind(c.plan.kind)
    gerund = _DOING[kind]
    match State(c.state):
        case State.ASKED:
            return _("{gerund} the subscription was asked for by {by_name} ({label}); it waits for approval").format(
                gerund=gerund, by_name=c.plan.by_name, label=c.label
            )
        case State.APPROVED | State.ACCEPTED:
            return _("The subscription is being {done} ({label})").format(done=_DONE[kind], label=c.label)
        case State.STUCK:
            return _("{gerund} the subscription was accepted, but is not done after an hour ({label})").format(
                gerund=gerund, label=c.label
            )
        case State.UNSURE:
            return _("{gerund} the subscription was sent and the answer lost ({label})").format(
                gerund=gerund, label=c.label
            )
        case State.DONE:
            return _("Subscription {done} {ended_at} ({label})").format(
                done=_DONE[kind], ended_at=texts.when(c.ended_at), label=c.label
            )
        case State.FAILED:
            return _("{gerund} the subscription failed ({label})").format(gerund=gerund, label=c.label)
        case State.VOID:
            return ""
        case _:
            return (
                _("The subscription stays cancelled ({label})").format(label=c.label) if kind == Kind.REACTIVATE else ""
            )


# Forms --------------------------------------------------------------------------------------------------------------

ASK = {Kind.CANCEL: _("Ask to cancel"), Kind.REACTIVATE: _("Ask to reactivate")}
ASK_LINE = _("Nothing happens yet: whoever may approve is asked to decide.")
REASON_FIELDS = {
    Kind.CANCEL: _("Why it is to be cancelled"),
    Kind.REACTIVATE: _("Why it is to be reactivated, and what was done to secure it"),
}
REASON_HINT = _("Whoever approves reads this")
REASON_MISSING = _("Say why.")
CONSENT_FIELD = _("Was the customer reached?")
CONSENT_CHOICES = {
    Consent.AGREED: _("Yes, and they agree"),
    Consent.REFUSED: _("Yes, and they do not agree"),
    Consent.UNREACHABLE: _("No, they cannot be reached"),
}
CONSENT_MISSING = _("Choose one.")
NOTE_FIELD = _("Who said what, or how you tried (needed unless they agree)")
CONFIRM_FIELD = _("Type the last {suffix} characters of the subscription ID").format(suffix=SUFFIX)
CONFIRM_MISSING = _("Type the last {suffix} characters, as they stand above.").format(suffix=SUFFIX)
REJECT_FIELD = _("Why you reject it")
REJECT_HINT = _("Everybody who sees the request reads this")
