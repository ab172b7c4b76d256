"""Every sentence about cancelling and reactivating a subscription: on cards and forms, in threads, and in answers.

Plain text, in English: nothing here is Markdown. Much of it is sent as it stands, so names that come from outside, and
reasons that somebody gave, are made harmless here: a customer names their subscriptions as they please.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.alerts import AlertRecord
from bot.domain.cancellations import SUFFIX, Cancellation, Found, Kind, Objection, Plan, State
from bot.texts import en as texts
from bot.texts.partner_center import ANSWERS, LOOK_UPS
from cards.text import defuse

_TO = {Kind.CANCEL: "cancel", Kind.REACTIVATE: "reactivate"}
_DONE = {Kind.CANCEL: "cancelled", Kind.REACTIVATE: "reactivated"}
_DOING = {Kind.CANCEL: "cancelling", Kind.REACTIVATE: "reactivating"}
_IN_PORTAL = "Open the subscription in the Azure portal"
_ASK_AGAIN = "Ask again if it is still needed."
_LONGEST_NAME = 120
_LONGEST_REASON = 1000
"""In sentences; characters."""

# Small words --------------------------------------------------------------------------------------------------------


def subject(plan: Plan) -> str:
    """`“Production” of Contoso Ltd`"""
    customer = _shown(plan.customer_name) or plan.customer_tenant_id
    return f"“{_shown(plan.entitlement_name) or plan.entitlement_id}” of {customer}"


def _shown(name: str) -> str:
    """Somebody else's name: one line in which nothing is invisible or comes alive."""
    return defuse(name, _LONGEST_NAME)


def title(kind: str) -> str:
    return f"{_TO[Kind(kind)].capitalize()} Azure subscription"


def nothing_done(kind: str) -> str:
    return f"Nothing was {_DONE[Kind(kind)]}."


def _why(reason: str) -> str:
    why = defuse(reason, _LONGEST_REASON)
    return f" Why: {_sentence(why)}" if why else ""


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _list(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _echo(words: str) -> str:
    return words if len(words) <= 80 else f"{words[:80]}\u2026"


def _stands(c: Cancellation) -> str:
    """How the subscription stands, when it is not as it was to be."""
    if c.seen_status:
        return f"the subscription still is {c.seen_status}"
    if c.seen_at is not None:
        return "Partner Center does not find the subscription"
    return "I could not see how the subscription stands"


# What a request's step means, in its thread -------------------------------------------------------------------------


def line(c: Cancellation) -> str:
    """What the state that it is in now means to everybody."""
    return f"{c.label}: {_line(c)}"


def _line(c: Cancellation) -> str:
    plan, kind = c.plan, Kind(c.plan.kind)
    nothing = nothing_done(kind)
    match State(c.state):
        case State.ASKED:
            asks = f"{plan.by_name} asks to {_TO[kind]} the Azure subscription {subject(plan)}."
            return c.outcome or f"{asks} It waits for a decision until {texts.when(plan.expires_at)}."
        case State.APPROVED:
            return f"{c.approver_name} approved. It is being sent to Partner Center."
        case State.ACCEPTED:
            return (
                f"Approved by {c.approver_name}, and accepted by Partner Center at {texts.when(c.accepted_at)}. "
                f"{_DOING[kind].capitalize()} usually takes about ten minutes; I watch the subscription."
            )
        case State.STUCK:
            return f"{stuck(c)} {to_do(c)}"
        case State.UNSURE:
            return f"{unsure(c)} {to_do(c)}"
        case State.DONE:
            by = f"asked for by {plan.by_name}, approved by {c.approver_name}"
            return f"{subject(plan)} was {_DONE[kind]} at {texts.when(c.ended_at)} ({by})."
        case State.REJECTED:
            return f"{c.approver_name} rejected it.{_why(c.outcome)} {nothing}"
        case State.WITHDRAWN:
            return f"{plan.by_name} withdrew it.{_why(c.outcome)} {nothing}"
        case State.EXPIRED:
            return f"Nobody decided by {texts.when(plan.expires_at)}, so it has expired. {nothing} {_ASK_AGAIN}"
        case State.VOID:
            return f"It does not stand any more. {_sentence(c.outcome)} {nothing} {_ASK_AGAIN}"
        case State.REFUSED:
            return f"Partner Center refused it. {_sentence(c.outcome)} {nothing}{earliest(c)}"
        case State.LAPSED:
            return f"{lapsed(c)} {nothing} {_ASK_AGAIN}"
        case State.FAILED:
            return f"{failed(c)} {to_do(c)}"


def stuck(c: Cancellation) -> str:
    return (
        f"Partner Center accepted it at {texts.when(c.accepted_at)}, but an hour later {_stands(c)}"
        f"{'; its resources may still run' if c.plan.kind == Kind.CANCEL else ''}."
    )


def unsure(c: Cancellation) -> str:
    because = f" {_sentence(c.outcome)}" if c.outcome else ""
    return (
        f"It was sent and its answer was lost, so it may have been accepted or not.{because} "
        "It is not sent again; I watch the subscription for an hour."
    )


def lapsed(c: Cancellation) -> str:
    return f"{c.approver_name} approved it, but it could not be sent within 15 minutes and is not sent any more."


def failed(c: Cancellation) -> str:
    if c.accepted_at is None:
        return f"It was sent and its answer was lost; an hour later {_stands(c)}."
    return f"Partner Center accepted it at {texts.when(c.accepted_at)}, but a day later {_stands(c)}."


def to_do(c: Cancellation) -> str:
    """What a person does where we cannot do more."""
    if c.plan.kind == Kind.REACTIVATE:
        return f"{_IN_PORTAL} and see whether it is active."
    if c.state == State.UNSURE:
        return f"{_IN_PORTAL} and see whether its resources still run."
    return f"{_IN_PORTAL}, stop what still runs there, cancel it there, and write to Partner Center's support."


def earliest(c: Cancellation) -> str:
    return f" Ask again after {texts.when(c.earliest_at)}." if c.earliest_at else ""


def reminder(c: Cancellation) -> str:
    return (
        f"{c.label} still waits: {c.plan.by_name} asks to {_TO[Kind(c.plan.kind)]} {subject(c.plan)}. "
        f"Decide by {texts.when(c.plan.expires_at)}. Press a button on its card, or write: {typed_twins(c.label)}"
    )


def nobody_reachable(c: Cancellation) -> str:
    return f"{c.label}: {_nobody(c)}"


def _nobody(c: Cancellation) -> str:
    who = f" I tried {_list(c.unreached)}." if c.unreached else ""
    return (
        f"I could reach nobody who may approve it.{who} Tell somebody with Global Administrator and Admin Agent "
        f"yourself; until {texts.when(c.plan.expires_at)} they can write: approve {c.label}"
    )


# Asking -------------------------------------------------------------------------------------------------------------

NOT_LOOKED_UP = (
    "I could not look the subscription up at Partner Center just now. Nothing was asked for. Try again in a moment."
)
NO_CONSENT = "Choose whether the customer was reached and agreed. Nothing was asked for."
NO_CONSENT_NOTE = (
    "Where the customer did not agree, write down what was said or how you tried to reach them. Nothing was asked for."
)


def no_reason(kind: str) -> str:
    return f"Say why the subscription is to be {_DONE[Kind(kind)]}: whoever approves must know. Nothing was asked for."


def bad_suffix(subscription_id: str) -> str:
    return (
        f"Those are not the last {SUFFIX} characters of the subscription id {subscription_id}. Nothing was asked for."
    )


def bad_consent(word: str) -> str:
    return f"I do not know customer:{_echo(word)}. Write customer:agreed, customer:refused or customer:unreachable. Nothing was asked for."


def request_not_alert(label: str) -> str:
    return (
        f"{label} is a request, not an alert. To take it back, write: withdraw {label}. To ask for another one, name an "
        "alert. Nothing was asked for."
    )


def no_such_subscription(subscription_id: str) -> str:
    return f"No alert here is about the subscription {_echo(subscription_id)}. Give its whole id, or an alert's number. Nothing was asked for."


def form_title(kind: str, label: str) -> str:
    return f"{_TO[Kind(kind)].capitalize()} subscription: {label}"


def no_subscription(label: str) -> str:
    return (
        f"Partner Center names no subscription or no customer for {label}, so there is nothing to cancel or reactivate."
    )


def of_drill(label: str) -> str:
    return f"{label} is a drill: no subscription stands behind it, so there is nothing to cancel or reactivate."


def test_alert(label: str) -> str:
    return f"{label} is a test alert. A subscription is never cancelled because of one; nothing was asked for."


def not_fraud(record: AlertRecord) -> str:
    verdict = texts.verdict_word(record.alert.resolved_reason.lower()).lower()
    return (
        f"{record.label} was decided as {verdict}, so its subscription cannot be cancelled because of it. If that is "
        "wrong, use Change verdict first. Nothing was asked for."
    )


def wrong_status(kind: str, name: str, status: str) -> str:
    needed = "active" if kind == Kind.CANCEL else "inactive"
    return (
        f"“{_shown(name)}” is {status or texts.UNKNOWN} at Partner Center; only an {needed} subscription can be "
        f"{_DONE[Kind(kind)]}. Nothing was asked for."
    )


def in_portal(kind: str, label: str, link: str) -> str:
    way = f", or open {link}" if link else ""
    return (
        f"{label}: nothing was {_DONE[Kind(kind)]}. For this partner Alert Desk acts with its own identity, which is not "
        f"known to be able to do that. A person with Global Administrator and Admin Agent does it in the Azure portal: "
        f"“{texts.MANAGE_SUBSCRIPTION}”, under the three dots of the alert's card{way}"
    )


def open_one(c: Cancellation) -> str:
    return (
        f"{c.label} is open on this subscription already ({state(c).lower()}), asked for by {c.plan.by_name} at "
        f"{texts.when(c.plan.asked_at)}. One at a time: nothing more was asked for."
    )


def too_early(c: Cancellation) -> str:
    return (
        f"Partner Center still works on an earlier change of this subscription ({c.label}) and takes no other before "
        f"{texts.when(c.earliest_at)}. Nothing was asked for."
    )


def not_found(record: AlertRecord, reason: str) -> str:
    return f"The subscription of {record.label} could not be found at Partner Center. {_sentence(reason)} Nothing was asked for."


def asked(c: Cancellation) -> str:
    """What who asked is told."""
    what = f"{c.label} is asked for: to {_TO[Kind(c.plan.kind)]} {subject(c.plan)}."
    until = f"It can be approved until {texts.when(c.plan.expires_at)}."
    if not c.notified:
        return f"{what} I am calling those who may approve it; the card shows whom I reached. {until}"
    if not c.asked_names:
        return f"{what} {_nobody(c)}"
    missing = f" Not reached: {_list(c.unreached)}." if c.unreached else ""
    return f"{what} I asked {_list(c.asked_names)} to decide.{missing} {until}"


# Deciding -----------------------------------------------------------------------------------------------------------

NOT_VERIFIED = (
    "I could not check everything once more just now, so nothing was approved or sent. Press again in a moment."
)


APPROVE = "Approve"
REJECT = "Reject"
APPROVALS = "Requests to cancel or reactivate"


def typed_twins(label: str, newest: str = "") -> str:
    """`newest` is the newest alert that was shown, where one came after the question."""
    return f"approve {label}{f' seen {newest}' if newest else ''}, or reject {label} because \u2026"


def which_request(labels: Sequence[str]) -> str:
    if not labels:
        return "No request waits for a decision here. Say “approvals” for the latest ones."
    return f"Several requests wait here: {_list(labels)}. Say which one."


def approve_takes_no_reason(words: str) -> str:
    return f"I do not know what to do with “{_echo(words)}” after “approve”, so nothing was approved. Write just: approve <request>"


def reject_title(c: Cancellation) -> str:
    return f"{REJECT} {c.label}"


def summary(c: Cancellation) -> str:
    """What a notification shows of the card."""
    return f"{c.label} {title(c.plan.kind)}: {subject(c.plan)}. {state(c)}"


def own_request(c: Cancellation) -> str:
    return f"{c.label} is your own request: a second person has to decide on it. You can withdraw it."


def not_yours(c: Cancellation) -> str:
    how = "To stop it, reject it." if c.is_decidable else f"It does not wait for a decision any more ({state(c)})."
    return f"Only {c.plan.by_name}, who asked for {c.label}, can withdraw it. {how} Nothing was changed."


def no_reject_reason(c: Cancellation) -> str:
    return f"Say why you reject it: {c.plan.by_name} and everybody else read it. Write: reject {c.label} because \u2026"


def new_alerts(c: Cancellation, labels: Sequence[str]) -> str:
    newest = max(labels, key=lambda label: (len(label), label))
    return (
        f"{c.label} was not approved yet: {_list(labels)} came since your card was drawn. Look at the new card, then press "
        f"{APPROVE} again, or write: approve {c.label} seen {newest}"
    )


def stale(c: Cancellation) -> str:
    return f"That card did not show {c.label} as it is, so nothing was done. Look at the new one, then decide."


def no_such_request(label: str) -> str:
    return f"There is no request {label} here. Say “approvals” for those that wait."


def requester_unchecked(name: str) -> str:
    return f"I could not check whether {name}, who asked, is still an Admin Agent. Nothing was approved or sent. Try again in a moment."


def cannot_verify(problem_words: str) -> str:
    return f"Before anything is sent it all has to be checked once more, and that cannot be done. {_sentence(problem_words)} Nothing was approved or sent."


def already(c: Cancellation, me: bool) -> str:
    """What somebody is told who came too late; `me`: it was themselves who were first."""
    who = "you" if me else c.approver_name or "somebody"
    match State(c.state):
        case State.ASKED:
            return f"{c.label} waits for a decision. Nothing was done."
        case State.APPROVED | State.ACCEPTED | State.STUCK | State.UNSURE:
            return f"{c.label} was approved already by {who}: {state(c).lower()}. Nothing more was sent."
        case State.REJECTED:
            return f"{c.label} was rejected already by {who}.{_why(c.outcome)} {nothing_done(c.plan.kind)}"
        case State.WITHDRAWN:
            by = "you" if me else c.plan.by_name
            return f"{c.label} was withdrawn already by {by}. {nothing_done(c.plan.kind)}"
        case _:
            return f"{line(c)} You came too late to change that." if not me else line(c)


def late(c: Cancellation) -> str:
    """The approver is told before Partner Center has answered."""
    return f"{c.label} is approved and written down. Partner Center has not answered yet; its card shows what becomes of it."


_OBJECTIONS = {
    Objection.GONE: "Partner Center has no such subscription of that customer any more",
    Objection.OTHER_PLAN: "the subscription stands under another Azure plan now",
    Objection.RENAMED: "the subscription has another name now",
    Objection.NOT_IN_STATUS: "the subscription's status is another one now",
    Objection.ALERT_DECIDED: "an alert that it rests on was decided otherwise",
    Objection.REQUESTER_ROLE: "who asked for it is not an Admin Agent any more",
    Objection.APPROVER_ROLE: "who approved it does not hold both roles any more",
    Objection.EXPIRED: "its time had run out",
}


def objection(found: Found) -> str:
    detail = f" ({_shown(found.detail)})" if found.detail else ""
    return f"{_OBJECTIONS[found.objection]}{detail}"


def what_changed(founds: Sequence[Found]) -> str:
    return f"Something changed since it was asked: {'; '.join(map(objection, founds))}."


def refused_after_doubt(problem_words: str) -> str:
    return f"When it was sent again, Partner Center refused: {_sentence(problem_words)}"


def sign_in_after_doubt(name: str) -> str:
    return f"To send it again Partner Center wants {name} to sign in anew."


def too_late_to_repeat() -> str:
    return "More than 15 minutes went by since the approval."


def approver_must_sign_in(name: str) -> str:
    return f"{name} approved, but Partner Center wants more of their sign-in. Nothing was sent; it waits for {name}, or somebody else, to approve again."


def fraud_note(c: Cancellation) -> str:
    """The note of the verdict on each alert of a cancelled subscription."""
    return f"Partner Center accepted to cancel the subscription ({c.label})"


# What Partner Center answers ----------------------------------------------------------------------------------------


def problem(code: str, message: str) -> str:
    """Our words for an answer, what to do included; the message where the code is none that we know."""
    if code in ANSWERS:
        return f"Partner Center answered {code}: {ANSWERS[code]}."
    return LOOK_UPS.get(code) or message or "Partner Center gave no reason."


# On cards -----------------------------------------------------------------------------------------------------------

STATES = {
    State.ASKED: "Waits for a decision",
    State.APPROVED: "Approved, being sent",
    State.ACCEPTED: "Accepted, under way",
    State.STUCK: "Accepted, but not done after an hour",
    State.UNSURE: "Sent, answer lost",
    State.DONE: "Done",
    State.REJECTED: "Rejected",
    State.WITHDRAWN: "Withdrawn",
    State.EXPIRED: "Expired",
    State.VOID: "Void: something changed",
    State.REFUSED: "Refused by Partner Center",
    State.LAPSED: "Not sent in time",
    State.FAILED: "Failed",
}


def state(c: Cancellation) -> str:
    """How far it has come, in a word or a few."""
    return _DONE[Kind(c.plan.kind)].capitalize() if c.state == State.DONE else STATES[State(c.state)]
