"""Every sentence about cancelling and reactivating a subscription: on cards and forms, in threads, and in answers.

Plain text, in English: nothing here is Markdown. Much of it is sent as it stands, so names that come from outside, and
reasons that somebody gave, are made harmless here: a customer names their subscriptions as they please.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.alerts import AlertRecord
from bot.domain.cancellations import SUFFIX, Cancellation, Found, Kind, Objection, Plan, State
from bot.texts import en as texts
from bot.texts.catalogue import _
from bot.texts.partner_center import ANSWERS, LOOK_UPS
from cards.text import defuse

_TO = {Kind.CANCEL: "cancel", Kind.REACTIVATE: "reactivate"}
_DONE = {Kind.CANCEL: "cancelled", Kind.REACTIVATE: "reactivated"}
_DOING = {Kind.CANCEL: "cancelling", Kind.REACTIVATE: "reactivating"}
_IN_PORTAL = _("Open the subscription in the Azure portal")
_ASK_AGAIN = _("Ask again if it is still needed.")
_LONGEST_NAME = 120
_LONGEST_REASON = 1000
"""In sentences; characters."""

# Small words --------------------------------------------------------------------------------------------------------


def subject(plan: Plan) -> str:
    """`“Production” of Contoso Ltd`"""
    customer = _shown(plan.customer_name) or plan.customer_tenant_id
    return _("“{shown}” of {customer}").format(
        shown=_shown(plan.entitlement_name) or plan.entitlement_id, customer=customer
    )


def _shown(name: str) -> str:
    """Somebody else's name: one line in which nothing is invisible or comes alive."""
    return defuse(name, _LONGEST_NAME)


def title(kind: str) -> str:
    return _("{capitalize} Azure subscription").format(capitalize=_TO[Kind(kind)].capitalize())


def nothing_done(kind: str) -> str:
    return _("Nothing was {done}.").format(done=_DONE[Kind(kind)])


def _why(reason: str) -> str:
    why = defuse(reason, _LONGEST_REASON)
    return _(" Why: {sentence}").format(sentence=_sentence(why)) if why else ""


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _list(words: Sequence[str]) -> str:
    return (
        words[0]
        if len(words) == 1
        else _("{words} and {words_2}").format(words=", ".join(words[:-1]), words_2=words[-1])
    )


def _echo(words: str) -> str:
    return words if len(words) <= 80 else f"{words[:80]}\u2026"


def _stands(c: Cancellation) -> str:
    """How the subscription stands, when it is not as it was to be."""
    if c.seen_status:
        return _("the subscription still is {seen_status}").format(seen_status=c.seen_status)
    if c.seen_at is not None:
        return _("Partner Center does not find the subscription")
    return _("I could not see how the subscription stands")


# What a request's step means, in its thread -------------------------------------------------------------------------


def line(c: Cancellation) -> str:
    """What the state that it is in now means to everybody."""
    return f"{c.label}: {_line(c)}"


def _line(c: Cancellation) -> str:
    plan, kind = c.plan, Kind(c.plan.kind)
    nothing = nothing_done(kind)
    match State(c.state):
        case State.ASKED:
            asks = _("{by_name} asks to {to} the Azure subscription {subject}.").format(
                by_name=plan.by_name, to=_TO[kind], subject=subject(plan)
            )
            return c.outcome or _("{asks} It waits for a decision until {expires_at}.").format(
                asks=asks, expires_at=texts.when(plan.expires_at)
            )
        case State.APPROVED:
            return _("{approver_name} approved. It is being sent to Partner Center.").format(
                approver_name=c.approver_name
            )
        case State.ACCEPTED:
            return _(
                "Approved by {approver_name}, and accepted by Partner Center at {accepted_at}. {capitalize} usually takes about ten minutes; I watch the subscription."
            ).format(
                approver_name=c.approver_name,
                accepted_at=texts.when(c.accepted_at),
                capitalize=_DOING[kind].capitalize(),
            )
        case State.STUCK:
            return f"{stuck(c)} {to_do(c)}"
        case State.UNSURE:
            return f"{unsure(c)} {to_do(c)}"
        case State.DONE:
            by = _("asked for by {by_name}, approved by {approver_name}").format(
                by_name=plan.by_name, approver_name=c.approver_name
            )
            return _("{subject} was {done} at {ended_at} ({by}).").format(
                subject=subject(plan), done=_DONE[kind], ended_at=texts.when(c.ended_at), by=by
            )
        case State.REJECTED:
            return _("{approver_name} rejected it.{why} {nothing}").format(
                approver_name=c.approver_name, why=_why(c.outcome), nothing=nothing
            )
        case State.WITHDRAWN:
            return _("{by_name} withdrew it.{why} {nothing}").format(
                by_name=plan.by_name, why=_why(c.outcome), nothing=nothing
            )
        case State.EXPIRED:
            return _("Nobody decided by {expires_at}, so it has expired. {nothing} {ask_again}").format(
                expires_at=texts.when(plan.expires_at), nothing=nothing, ask_again=_ASK_AGAIN
            )
        case State.VOID:
            return _("It does not stand any more. {sentence} {nothing} {ask_again}").format(
                sentence=_sentence(c.outcome), nothing=nothing, ask_again=_ASK_AGAIN
            )
        case State.REFUSED:
            return _("Partner Center refused it. {sentence} {nothing}{earliest}").format(
                sentence=_sentence(c.outcome), nothing=nothing, earliest=earliest(c)
            )
        case State.LAPSED:
            return f"{lapsed(c)} {nothing} {_ASK_AGAIN}"
        case State.FAILED:
            return f"{failed(c)} {to_do(c)}"


def stuck(c: Cancellation) -> str:
    return _("Partner Center accepted it at {accepted_at}, but an hour later {stands}{further}.").format(
        accepted_at=texts.when(c.accepted_at),
        stands=_stands(c),
        further=_("; its resources may still run") if c.plan.kind == Kind.CANCEL else "",
    )


def unsure(c: Cancellation) -> str:
    because = f" {_sentence(c.outcome)}" if c.outcome else ""
    return _(
        "It was sent and its answer was lost, so it may have been accepted or not.{because} It is not sent again; I watch the subscription for an hour."
    ).format(because=because)


def lapsed(c: Cancellation) -> str:
    return _(
        "{approver_name} approved it, but it could not be sent within 15 minutes and is not sent any more."
    ).format(approver_name=c.approver_name)


def failed(c: Cancellation) -> str:
    if c.accepted_at is None:
        return _("It was sent and its answer was lost; an hour later {stands}.").format(stands=_stands(c))
    return _("Partner Center accepted it at {accepted_at}, but a day later {stands}.").format(
        accepted_at=texts.when(c.accepted_at), stands=_stands(c)
    )


def to_do(c: Cancellation) -> str:
    """What a person does where we cannot do more."""
    if c.plan.kind == Kind.REACTIVATE:
        return _("{in_portal} and see whether it is active.").format(in_portal=_IN_PORTAL)
    if c.state == State.UNSURE:
        return _("{in_portal} and see whether its resources still run.").format(in_portal=_IN_PORTAL)
    return _("{in_portal}, stop what still runs there, cancel it there, and write to Partner Center's support.").format(
        in_portal=_IN_PORTAL
    )


def earliest(c: Cancellation) -> str:
    return _(" Ask again after {earliest_at}.").format(earliest_at=texts.when(c.earliest_at)) if c.earliest_at else ""


def reminder(c: Cancellation) -> str:
    return _(
        "{label} still waits: {by_name} asks to {to} {subject}. Decide by {expires_at}. Press a button on its card, or write: {typed_twins}"
    ).format(
        label=c.label,
        by_name=c.plan.by_name,
        to=_TO[Kind(c.plan.kind)],
        subject=subject(c.plan),
        expires_at=texts.when(c.plan.expires_at),
        typed_twins=typed_twins(c.label),
    )


def nobody_reachable(c: Cancellation) -> str:
    return f"{c.label}: {_nobody(c)}"


def _nobody(c: Cancellation) -> str:
    who = _(" I tried {words}.").format(words=_list(c.unreached)) if c.unreached else ""
    return _(
        "I could reach nobody who may approve it.{who} Tell somebody with Global Administrator and Admin Agent yourself; until {expires_at} they can write: approve {label}"
    ).format(who=who, expires_at=texts.when(c.plan.expires_at), label=c.label)


# Asking -------------------------------------------------------------------------------------------------------------

NOT_LOOKED_UP = _(
    "I could not look the subscription up at Partner Center just now. Nothing was asked for. Try again in a moment."
)
NO_CONSENT = _("Choose whether the customer was reached and agreed. Nothing was asked for.")
NO_CONSENT_NOTE = _(
    "Where the customer did not agree, write down what was said or how you tried to reach them. Nothing was asked for."
)


def no_reason(kind: str) -> str:
    return _("Say why the subscription is to be {done}: whoever approves must know. Nothing was asked for.").format(
        done=_DONE[Kind(kind)]
    )


def bad_suffix(subscription_id: str) -> str:
    return _(
        "Those are not the last {suffix} characters of the subscription id {subscription_id}. Nothing was asked for."
    ).format(suffix=SUFFIX, subscription_id=subscription_id)


def bad_consent(word: str) -> str:
    return _(
        "I do not know customer:{word}. Write customer:agreed, customer:refused or customer:unreachable. Nothing was asked for."
    ).format(word=_echo(word))


def request_not_alert(label: str) -> str:
    return _(
        "{label} is a request, not an alert. To take it back, write: withdraw {label}. To ask for another one, name an alert. Nothing was asked for."
    ).format(label=label)


def no_such_subscription(subscription_id: str) -> str:
    return _(
        "No alert here is about the subscription {subscription_id}. Give its whole id, or an alert's number. Nothing was asked for."
    ).format(subscription_id=_echo(subscription_id))


def form_title(kind: str, label: str) -> str:
    return _("{capitalize} subscription: {label}").format(capitalize=_TO[Kind(kind)].capitalize(), label=label)


def no_subscription(label: str) -> str:
    return _(
        "Partner Center names no subscription or no customer for {label}, so there is nothing to cancel or reactivate."
    ).format(label=label)


def of_drill(label: str) -> str:
    return _(
        "{label} is a drill: no subscription stands behind it, so there is nothing to cancel or reactivate."
    ).format(label=label)


def test_alert(label: str) -> str:
    return _(
        "{label} is a test alert. A subscription is never cancelled because of one; nothing was asked for."
    ).format(label=label)


def not_fraud(record: AlertRecord) -> str:
    verdict = texts.verdict_word(record.alert.resolved_reason.lower()).lower()
    return _(
        "{label} was decided as {verdict}, so its subscription cannot be cancelled because of it. If that is wrong, use Change verdict first. Nothing was asked for."
    ).format(label=record.label, verdict=verdict)


def wrong_status(kind: str, name: str, status: str) -> str:
    needed = "active" if kind == Kind.CANCEL else "inactive"
    return _(
        "“{shown}” is {status} at Partner Center; only an {needed} subscription can be {done}. Nothing was asked for."
    ).format(shown=_shown(name), status=status or texts.UNKNOWN, needed=needed, done=_DONE[Kind(kind)])


def in_portal(kind: str, label: str, link: str) -> str:
    way = _(", or open {link}").format(link=link) if link else ""
    return _(
        "{label}: nothing was {done}. For this partner Alert Desk acts with its own identity, which is not known to be able to do that. A person with Global Administrator and Admin Agent does it in the Azure portal: “{manage_subscription}”, under the three dots of the alert's card{way}"
    ).format(label=label, done=_DONE[Kind(kind)], manage_subscription=texts.MANAGE_SUBSCRIPTION, way=way)


def open_one(c: Cancellation) -> str:
    return _(
        "{label} is open on this subscription already ({lower}), asked for by {by_name} at {asked_at}. One at a time: nothing more was asked for."
    ).format(label=c.label, lower=state(c).lower(), by_name=c.plan.by_name, asked_at=texts.when(c.plan.asked_at))


def too_early(c: Cancellation) -> str:
    return _(
        "Partner Center still works on an earlier change of this subscription ({label}) and takes no other before {earliest_at}. Nothing was asked for."
    ).format(label=c.label, earliest_at=texts.when(c.earliest_at))


def not_found(record: AlertRecord, reason: str) -> str:
    return _(
        "The subscription of {label} could not be found at Partner Center. {sentence} Nothing was asked for."
    ).format(label=record.label, sentence=_sentence(reason))


def asked(c: Cancellation) -> str:
    """What who asked is told."""
    what = _("{label} is asked for: to {to} {subject}.").format(
        label=c.label, to=_TO[Kind(c.plan.kind)], subject=subject(c.plan)
    )
    until = _("It can be approved until {expires_at}.").format(expires_at=texts.when(c.plan.expires_at))
    if not c.notified:
        return _("{what} I am calling those who may approve it; the card shows whom I reached. {until}").format(
            what=what, until=until
        )
    if not c.asked_names:
        return f"{what} {_nobody(c)}"
    missing = _(" Not reached: {words}.").format(words=_list(c.unreached)) if c.unreached else ""
    return _("{what} I asked {words} to decide.{missing} {until}").format(
        what=what, words=_list(c.asked_names), missing=missing, until=until
    )


# Deciding -----------------------------------------------------------------------------------------------------------

NOT_VERIFIED = _(
    "I could not check everything once more just now, so nothing was approved or sent. Press again in a moment."
)


APPROVE = _("Approve")
REJECT = _("Reject")
APPROVALS = _("Requests to cancel or reactivate")


def typed_twins(label: str, newest: str = "") -> str:
    """`newest` is the newest alert that was shown, where one came after the question."""
    return _("approve {label}{further}, or reject {label} because \u2026").format(
        label=label, further=_(" seen {newest}").format(newest=newest) if newest else ""
    )


def which_request(labels: Sequence[str]) -> str:
    if not labels:
        return _("No request waits for a decision here. Say “approvals” for the latest ones.")
    return _("Several requests wait here: {words}. Say which one.").format(words=_list(labels))


def approve_takes_no_reason(words: str) -> str:
    return _(
        "I do not know what to do with “{words}” after “approve”, so nothing was approved. Write just: approve <request>"
    ).format(words=_echo(words))


def reject_title(c: Cancellation) -> str:
    return f"{REJECT} {c.label}"


def summary(c: Cancellation) -> str:
    """What a notification shows of the card."""
    return f"{c.label} {title(c.plan.kind)}: {subject(c.plan)}. {state(c)}"


def own_request(c: Cancellation) -> str:
    return _("{label} is your own request: a second person has to decide on it. You can withdraw it.").format(
        label=c.label
    )


def not_yours(c: Cancellation) -> str:
    how = (
        _("To stop it, reject it.")
        if c.is_decidable
        else _("It does not wait for a decision any more ({state}).").format(state=state(c))
    )
    return _("Only {by_name}, who asked for {label}, can withdraw it. {how} Nothing was changed.").format(
        by_name=c.plan.by_name, label=c.label, how=how
    )


def no_reject_reason(c: Cancellation) -> str:
    return _(
        "Say why you reject it: {by_name} and everybody else read it. Write: reject {label} because \u2026"
    ).format(by_name=c.plan.by_name, label=c.label)


def new_alerts(c: Cancellation, labels: Sequence[str]) -> str:
    newest = max(labels, key=lambda label: (len(label), label))
    return _(
        "{label} was not approved yet: {words} came since your card was drawn. Look at the new card, then press {approve} again, or write: approve {label} seen {newest}"
    ).format(label=c.label, words=_list(labels), approve=APPROVE, newest=newest)


def stale(c: Cancellation) -> str:
    return _("That card did not show {label} as it is, so nothing was done. Look at the new one, then decide.").format(
        label=c.label
    )


def no_such_request(label: str) -> str:
    return _("There is no request {label} here. Say “approvals” for those that wait.").format(label=label)


def requester_unchecked(name: str) -> str:
    return _(
        "I could not check whether {name}, who asked, is still an Admin Agent. Nothing was approved or sent. Try again in a moment."
    ).format(name=name)


def cannot_verify(problem_words: str) -> str:
    return _(
        "Before anything is sent it all has to be checked once more, and that cannot be done. {sentence} Nothing was approved or sent."
    ).format(sentence=_sentence(problem_words))


def already(c: Cancellation, me: bool) -> str:
    """What somebody is told who came too late; `me`: it was themselves who were first."""
    who = "you" if me else c.approver_name or "somebody"
    match State(c.state):
        case State.ASKED:
            return _("{label} waits for a decision. Nothing was done.").format(label=c.label)
        case State.APPROVED | State.ACCEPTED | State.STUCK | State.UNSURE:
            return _("{label} was approved already by {who}: {lower}. Nothing more was sent.").format(
                label=c.label, who=who, lower=state(c).lower()
            )
        case State.REJECTED:
            return _("{label} was rejected already by {who}.{why} {nothing_done}").format(
                label=c.label, who=who, why=_why(c.outcome), nothing_done=nothing_done(c.plan.kind)
            )
        case State.WITHDRAWN:
            by = "you" if me else c.plan.by_name
            return _("{label} was withdrawn already by {by}. {nothing_done}").format(
                label=c.label, by=by, nothing_done=nothing_done(c.plan.kind)
            )
        case _:
            return _("{line} You came too late to change that.").format(line=line(c)) if not me else line(c)


def late(c: Cancellation) -> str:
    """The approver is told before Partner Center has answered."""
    return _(
        "{label} is approved and written down. Partner Center has not answered yet; its card shows what becomes of it."
    ).format(label=c.label)


_OBJECTIONS = {
    Objection.GONE: _("Partner Center has no such subscription of that customer any more"),
    Objection.OTHER_PLAN: _("the subscription stands under another Azure plan now"),
    Objection.RENAMED: _("the subscription has another name now"),
    Objection.NOT_IN_STATUS: _("the subscription's status is another one now"),
    Objection.ALERT_DECIDED: _("an alert that it rests on was decided otherwise"),
    Objection.REQUESTER_ROLE: _("who asked for it is not an Admin Agent any more"),
    Objection.APPROVER_ROLE: _("who approved it does not hold both roles any more"),
    Objection.EXPIRED: _("its time had run out"),
}


def objection(found: Found) -> str:
    detail = f" ({_shown(found.detail)})" if found.detail else ""
    return f"{_OBJECTIONS[found.objection]}{detail}"


def what_changed(founds: Sequence[Found]) -> str:
    return _("Something changed since it was asked: {map}.").format(map="; ".join(map(objection, founds)))


def refused_after_doubt(problem_words: str) -> str:
    return _("When it was sent again, Partner Center refused: {sentence}").format(sentence=_sentence(problem_words))


def sign_in_after_doubt(name: str) -> str:
    return _("To send it again Partner Center wants {name} to sign in anew.").format(name=name)


def too_late_to_repeat() -> str:
    return _("More than 15 minutes went by since the approval.")


def approver_must_sign_in(name: str) -> str:
    return _(
        "{name} approved, but Partner Center wants more of their sign-in. Nothing was sent; it waits for {name}, or somebody else, to approve again."
    ).format(name=name)


def fraud_note(c: Cancellation) -> str:
    """The note of the verdict on each alert of a cancelled subscription."""
    return _("Partner Center accepted to cancel the subscription ({label})").format(label=c.label)


# What Partner Center answers ----------------------------------------------------------------------------------------


def problem(code: str, message: str) -> str:
    """Our words for an answer, what to do included; the message where the code is none that we know."""
    if code in ANSWERS:
        return _("Partner Center answered {code}: {answers}.").format(code=code, answers=ANSWERS[code])
    return LOOK_UPS.get(code) or message or _("Partner Center gave no reason.")


# On cards -----------------------------------------------------------------------------------------------------------

STATES = {
    State.ASKED: _("Waits for a decision"),
    State.APPROVED: _("Approved, being sent"),
    State.ACCEPTED: _("Accepted, under way"),
    State.STUCK: _("Accepted, but not done after an hour"),
    State.UNSURE: _("Sent, answer lost"),
    State.DONE: _("Done"),
    State.REJECTED: _("Rejected"),
    State.WITHDRAWN: _("Withdrawn"),
    State.EXPIRED: _("Expired"),
    State.VOID: _("Void: something changed"),
    State.REFUSED: _("Refused by Partner Center"),
    State.LAPSED: _("Not sent in time"),
    State.FAILED: _("Failed"),
}


def state(c: Cancellation) -> str:
    """How far it has come, in a word or a few."""
    return _DONE[Kind(c.plan.kind)].capitalize() if c.state == State.DONE else STATES[State(c.state)]
