"""What stands on the cards and forms of requests to cancel or reactivate, and about them on alerts' cards. Plain text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.alerts import AlertRecord
from bot.domain.cancellations import SUFFIX, Cancellation, Consent, Kind, State
from bot.texts import cancelling
from bot.texts import en as texts
from bot.texts.cancelling import by_kind
from bot.texts.catalogue import _, plural
from bot.texts.formats import number, sentences

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


def approve(c: Cancellation, *, two_person: bool) -> str:
    """What the button says."""
    return cancelling.APPROVE if two_person else CONFIRM[Kind(c.plan.kind)]


def heading(c: Cancellation) -> str:
    return f"{c.label} · {cancelling.title(c.plan.kind)}"


def asked_by(c: Cancellation) -> str:
    return _("Asked by {name}, {time}").format(name=c.plan.by_name, time=texts.when(c.plan.asked_at))


def decide_by(c: Cancellation, now: datetime) -> str:
    return _("Decide by {time}").format(time=texts.clock(c.plan.expires_at, now))


def approved_by(c: Cancellation) -> str:
    return _("Approved by {name}, {time}").format(name=c.approver_name, time=texts.when(c.approved_at))


def sending(c: Cancellation) -> str:
    if c.outcome:
        again = _("I try again until {time}.").format(time=texts.when(c.send_until))
        return sentences(_("Not accepted yet."), c.outcome, again)
    return _("It is being sent to Partner Center.")


def accepted(c: Cancellation) -> str:
    return _("Accepted by Partner Center, {time}").format(time=texts.when(c.accepted_at))


def watching(c: Cancellation) -> str:
    usual = by_kind(
        c.plan.kind,
        _("Cancelling usually takes about ten minutes."),
        _("Reactivating usually takes about ten minutes."),
    )
    if c.seen_at is None:
        return usual
    says = (
        _("{time}: Partner Center still says {status}.")
        if c.seen_status
        else _("{time}: Partner Center does not find the subscription.")
    )
    return sentences(says.format(time=texts.when(c.seen_at), status=c.seen_status), usual)


def done(c: Cancellation) -> str:
    return by_kind(c.plan.kind, _("Cancelled, {time}"), _("Reactivated, {time}")).format(time=texts.when(c.ended_at))


def ended_by(c: Cancellation) -> str:
    """Who or what ended it undone, and when."""
    at = texts.when(c.ended_at)
    match c.state:
        case State.REJECTED:
            return _("Rejected by {name}, {time}").format(name=c.approver_name, time=at)
        case State.WITHDRAWN:
            return _("Withdrawn by {name}, {time}").format(name=c.plan.by_name, time=at)
        case State.EXPIRED:
            return _("Nobody decided by {time}").format(time=texts.when(c.plan.expires_at))
        case State.REFUSED:
            return _("Refused by Partner Center, {time}").format(time=at)
        case _:
            return _("Ended {time}").format(time=at)


def verdicts(done_count: int, total: int) -> str:
    if done_count == total:
        said = plural("{total} alert resolved as fraud", "All {total} alerts resolved as fraud", total)
    else:
        said = plural("{done} of {total} alert resolved as fraud", "{done} of {total} alerts resolved as fraud", total)
    return said.format(done=done_count, total=total)


def verdict_failed(label: str, problem: str, *, again: bool) -> str:
    said = _("{label} failed: {problem}") if problem else _("{label} is not resolved yet.")
    return sentences(
        said.format(label=label, problem=problem),
        _("It is tried again.") if again else _("It is not tried any more: mark it by hand."),
    )


def verdict_undone(label: str) -> str:
    """Of an alert that somebody opened again after its verdict."""
    return _("{label} was opened again; it is left to you.").format(label=label)


def rests_on(count: int) -> str:
    return _("Alerts that it rests on ({count})").format(count=number(count))


def open_alerts(count: int) -> str:
    return _("Its open alerts ({count})").format(count=number(count))


def alert_item(record: AlertRecord) -> str:
    alert = record.alert
    verdict = "" if alert.is_open else f" ({texts.verdict_word(alert.resolved_reason).lower()})"
    return f"{record.label} {texts.severity_word(alert.severity)}: {alert.name or alert.alert_type}{verdict}"


def new_since(labels: Sequence[str], left_out: int) -> str:
    said = _("New since it was asked: {labels}").format(labels=", ".join(labels))
    return sentences(said, texts.more(left_out) if left_out else "")


NEW_TOO = _("They are resolved as fraud too.")


def consequences(kind: str, open_count: int) -> tuple[str, ...]:
    """What approving does, in the words of https://learn.microsoft.com/partner-center/developer/cancel-an-azure-subscription"""
    if kind == Kind.REACTIVATE:
        return (
            _("The subscription becomes active again, with what its retention period has kept."),
            _("It costs money again, and whoever broke in may still have access: secure it first."),
        )
    marked = plural(
        "{count} open alert is resolved as fraud, and so is what comes before then.",
        "{count} open alerts are resolved as fraud, and so is what comes before then.",
        open_count,
    ).format(count=open_count)
    return (
        _("Every resource of the subscription is deallocated: it stops working."),
        _("Its data is deleted after the retention period."),
        _("A customer with access can reactivate it while the Azure plan is active."),
        marked if open_count else _("Alerts that come before then are resolved as fraud."),
    )


def typed_hint(label: str, new: Sequence[str]) -> str:
    return _("If buttons fail, write to Alert Desk: {commands}").format(commands=cancelling.typed_twins(label, new))


def fallback(c: Cancellation) -> str:
    return sentences(cancelling.line(c), _("Say to Alert Desk: approvals"))


# Lists --------------------------------------------------------------------------------------------------------------

APPROVALS_NONE = _("Nothing waits for a decision, and nothing was asked for lately.")
APPROVALS_WAITING_NONE = _("Nothing waits for a decision.")


def approvals_waiting(count: int, label: str) -> str:
    """`label` is that of the first."""
    return plural(
        "{count} request waits for a decision. Write: {commands}",
        "{count} requests wait for a decision. Write: {commands}",
        count,
    ).format(count=count, commands=cancelling.typed_twins(label))


def request_row(c: Cancellation) -> str:
    return by_kind(c.plan.kind, _("Cancel {subscription}"), _("Reactivate {subscription}")).format(
        subscription=cancelling.subject(c.plan)
    )


def request_state(c: Cancellation, now: datetime) -> str:
    if c.state == State.ASKED:
        return _("Waits for a decision until {time}").format(time=texts.clock(c.plan.expires_at, now))
    return cancelling.state(c)


# On alerts' cards ---------------------------------------------------------------------------------------------------


def on_alert(c: Cancellation) -> str:
    """What the cards of a subscription's alerts say of the request; empty where nothing came of it."""
    kind = Kind(c.plan.kind)
    match State(c.state):
        case State.ASKED:
            said = by_kind(
                kind,
                _("Cancelling the subscription was asked for by {name} ({label}); it waits for approval"),
                _("Reactivating the subscription was asked for by {name} ({label}); it waits for approval"),
            )
        case State.APPROVED | State.ACCEPTED:
            said = by_kind(
                kind,
                _("The subscription is being cancelled ({label})"),
                _("The subscription is being reactivated ({label})"),
            )
        case State.STUCK:
            said = by_kind(
                kind,
                _("Cancelling the subscription was accepted, but is not done after an hour ({label})"),
                _("Reactivating the subscription was accepted, but is not done after an hour ({label})"),
            )
        case State.UNSURE:
            said = by_kind(
                kind,
                _("Cancelling the subscription was sent and the answer lost ({label})"),
                _("Reactivating the subscription was sent and the answer lost ({label})"),
            )
        case State.DONE:
            said = by_kind(
                kind, _("Subscription cancelled {time} ({label})"), _("Subscription reactivated {time} ({label})")
            )
        case State.FAILED:
            said = by_kind(
                kind,
                _("Cancelling the subscription failed ({label})"),
                _("Reactivating the subscription failed ({label})"),
            )
        case State.VOID if c.seen_status:
            said = _("At {time} Partner Center said that the subscription is {status} ({label})")
        case _:
            said = _("The subscription stays cancelled ({label})") if kind == Kind.REACTIVATE else ""
    return said.format(name=c.plan.by_name, label=c.label, time=texts.when(c.ended_at), status=c.seen_status)


def raised_later(said: str) -> str:
    """`said` (`on_alert`) is that the subscription is cancelled."""
    return _("{said}. This alert was raised later: the subscription may be active again").format(said=said)


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
