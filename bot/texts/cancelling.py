"""Every sentence about cancelling and reactivating a subscription: on cards and forms, in threads, and in answers.

Plain text, in English: nothing here is Markdown. Much of it is sent as it stands, so names that come from outside, and
reasons that somebody gave, are made harmless here: a customer names their subscriptions as they please.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.alerts import AlertRecord
from bot.domain.cancellations import SUFFIX, Cancellation, Found, Kind, Objection, Plan, State
from bot.texts import en as texts
from bot.texts.catalogue import _, plural
from bot.texts.formats import both, sentences
from bot.texts.names import some
from bot.texts.partner_center import ANSWERS, APP_ANSWERS, APP_FOR_OPERATORS, FOR_OPERATORS, LOOK_UP_ANSWERS, LOOK_UPS
from cards.text import defuse

MOST_NAMED = 8
"""People who could not be asked; a group may have a hundred."""

_ASK_AGAIN = _("Ask again if it is still needed.")
_MOST_TYPED = 10
"""Labels that somebody can be asked to type."""
_LONGEST_NAME = 120
_LONGEST_REASON = 1000
"""In sentences; characters."""

# Small words --------------------------------------------------------------------------------------------------------


def subject(plan: Plan) -> str:
    """`“Production” of Contoso Ltd`"""
    customer = _shown(plan.customer_name) or plan.customer_tenant_id
    return _("“{subscription}” of {customer}").format(
        subscription=_shown(plan.entitlement_name) or plan.entitlement_id, customer=customer
    )


def _shown(name: str) -> str:
    """Somebody else's name: one line in which nothing is invisible or comes alive."""
    return defuse(name, _LONGEST_NAME)


def by_kind(kind: str, cancel: str, reactivate: str) -> str:
    """The sentence of the two that fits what was asked for."""
    return cancel if Kind(kind) is Kind.CANCEL else reactivate


def title(kind: str) -> str:
    return by_kind(kind, _("Cancel Azure subscription"), _("Reactivate Azure subscription"))


def nothing_done(kind: str) -> str:
    return by_kind(kind, _("Nothing was cancelled."), _("Nothing was reactivated."))


def _why(reason: str) -> str:
    why = defuse(reason, _LONGEST_REASON)
    return _("Why: {reason}").format(reason=_sentence(why)) if why else ""


def is_blank(words: str) -> bool:
    """Nothing of it can be seen: empty, or characters that no card shows."""
    return not defuse(words, _LONGEST_REASON)


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _stands(c: Cancellation, still: str, gone: str, unseen: str) -> str:
    """The sentence of the three that says how the subscription stands, when it is not as it was to be."""
    said = still if c.seen_status else gone if c.seen_at is not None else unseen
    return said.format(status=c.seen_status, time=texts.when(c.accepted_at))


# What a request's step means, in its thread -------------------------------------------------------------------------


def line(c: Cancellation) -> str:
    """What the state that it is in now means to everybody."""
    return f"{c.label}: {_line(c)}"


def _line(c: Cancellation) -> str:
    plan, kind = c.plan, Kind(c.plan.kind)
    nothing = nothing_done(kind)
    match State(c.state):
        case State.ASKED:
            asks = by_kind(
                kind,
                _("{name} asks to cancel the Azure subscription {subscription}."),
                _("{name} asks to reactivate the Azure subscription {subscription}."),
            ).format(name=plan.by_name, subscription=subject(plan))
            waits = _("It waits for a decision until {time}.").format(time=texts.when(plan.expires_at))
            return c.outcome or sentences(asks, waits)
        case State.APPROVED:
            return _("{name} approved. It is being sent to Partner Center.").format(name=c.approver_name)
        case State.ACCEPTED:
            accepted = (
                _("Approved by {name}, and accepted by Partner Center at {time}.")
                if c.accepted_at
                else _(
                    "Approved by {name}. The answer to it was lost, but the subscription shows that it was accepted."
                )
            )
            return sentences(
                accepted.format(name=c.approver_name, time=texts.when(c.accepted_at)),
                by_kind(
                    kind,
                    _("Cancelling usually takes about ten minutes; I watch the subscription."),
                    _("Reactivating usually takes about ten minutes; I watch the subscription."),
                ),
            )
        case State.STUCK:
            return sentences(stuck(c), to_do(c))
        case State.UNSURE:
            return sentences(unsure(c), to_do(c))
        case State.DONE:
            return by_kind(
                kind,
                _("{subscription} was cancelled at {time} (asked for by {name}, approved by {approver})."),
                _("{subscription} was reactivated at {time} (asked for by {name}, approved by {approver})."),
            ).format(
                subscription=subject(plan),
                time=texts.when(c.ended_at),
                name=plan.by_name,
                approver=c.approver_name,
            )
        case State.REJECTED:
            return sentences(_("{name} rejected it.").format(name=c.approver_name), _why(c.outcome), nothing)
        case State.WITHDRAWN:
            return sentences(_("{name} withdrew it.").format(name=plan.by_name), _why(c.outcome), nothing)
        case State.EXPIRED:
            expired = _("Nobody decided by {time}, so it has expired.").format(time=texts.when(plan.expires_at))
            return sentences(expired, nothing, _ASK_AGAIN)
        case State.VOID:
            return sentences(_("It does not stand any more."), _sentence(c.outcome), nothing, _ASK_AGAIN)
        case State.REFUSED:
            return sentences(_("Partner Center refused it."), _sentence(c.outcome), nothing, earliest(c))
        case State.LAPSED:
            return sentences(lapsed(c), nothing, _ASK_AGAIN)
        case State.FAILED:
            return sentences(failed(c), to_do(c))


def stuck(c: Cancellation) -> str:
    if c.plan.kind == Kind.REACTIVATE:
        return _stands(
            c,
            _("Partner Center accepted it at {time}, but an hour later the subscription still is {status}."),
            _("Partner Center accepted it at {time}, but an hour later Partner Center does not find the subscription."),
            _("Partner Center accepted it at {time}, but an hour later I could not see how the subscription stands."),
        )
    return _stands(
        c,
        _(
            "Partner Center accepted it at {time}, but an hour later the subscription still is {status}; "
            "its resources may still run."
        ),
        _(
            "Partner Center accepted it at {time}, but an hour later Partner Center does not find the subscription; "
            "its resources may still run."
        ),
        _(
            "Partner Center accepted it at {time}, but an hour later I could not see how the subscription stands; "
            "its resources may still run."
        ),
    )


def unsure(c: Cancellation) -> str:
    return sentences(
        _("It was sent and its answer was lost, so it may have been accepted or not."),
        _sentence(c.outcome) if c.outcome else "",
        _("It is not sent again; I watch the subscription for an hour."),
    )


def lapsed(c: Cancellation) -> str:
    return _("{name} approved it, but it could not be sent within 15 minutes and is not sent any more.").format(
        name=c.approver_name
    )


def failed(c: Cancellation) -> str:
    if c.accepted_at is None:
        return _stands(
            c,
            _("It was sent and its answer was lost; an hour later the subscription still is {status}."),
            _("It was sent and its answer was lost; an hour later Partner Center does not find the subscription."),
            _("It was sent and its answer was lost; an hour later I could not see how the subscription stands."),
        )
    return _stands(
        c,
        _("Partner Center accepted it at {time}, but a day later the subscription still is {status}."),
        _("Partner Center accepted it at {time}, but a day later Partner Center does not find the subscription."),
        _("Partner Center accepted it at {time}, but a day later I could not see how the subscription stands."),
    )


def to_do(c: Cancellation) -> str:
    """What a person does where we cannot do more."""
    if c.plan.kind == Kind.REACTIVATE:
        return _("Open the subscription in the Azure portal and see whether it is active.")
    if c.state == State.UNSURE:
        return _("Open the subscription in the Azure portal and see whether its resources still run.")
    return _(
        "Open the subscription in the Azure portal, stop what still runs there, cancel it there, "
        "and write to Partner Center's support."
    )


def earliest(c: Cancellation) -> str:
    """Empty where Partner Center named no time."""
    return _("Ask again after {time}.").format(time=texts.when(c.earliest_at)) if c.earliest_at else ""


def reminder(c: Cancellation) -> str:
    asks = by_kind(
        c.plan.kind,
        _("{label} still waits: {name} asks to cancel {subscription}."),
        _("{label} still waits: {name} asks to reactivate {subscription}."),
    ).format(label=c.label, name=c.plan.by_name, subscription=subject(c.plan))
    how = _("Decide by {time}. Press a button on its card, or write: {commands}").format(
        time=texts.when(c.plan.expires_at), commands=typed_twins(c.label)
    )
    return sentences(asks, how)


PLAN_CHANGED = _("Its plan in the database was not the one that was asked for.")


def changed_by_hand(number: int) -> str:
    """To the operators."""
    return _(
        "R-{number}: its plan in the database is not the one that was asked for, so nothing is done with it any more. "
        "Somebody has changed the database by hand. Run: python -m bot audit verify"
    ).format(number=number)


def nobody_reachable(c: Cancellation) -> str:
    return f"{c.label}: {_nobody(c)}"


def not_called_yet(c: Cancellation) -> str:
    return _(
        "{label}: I cannot call those who may approve it just now, because Microsoft does not tell me who they are or "
        "where. I keep trying. Whoever may decide can do so on its card."
    ).format(label=c.label)


def called(c: Cancellation) -> str:
    """To who asked, where the answer that they got could not say it yet."""
    return f"{c.label}: {_whom(c)}" if c.asked_names else nobody_reachable(c)


def _whom(c: Cancellation) -> str:
    return sentences(
        _("I asked {names} to decide.").format(names=both(c.asked_names)),
        _("Not reached: {names}.").format(names=some(c.unreached, MOST_NAMED)) if c.unreached else "",
    )


def not_delivered(c: Cancellation, names: Sequence[str]) -> str:
    """Teams took a request to decide for none of `names`; `c` as it then stands."""
    if not c.asked_names:
        return nobody_reachable(c)
    return _("{label}: Not reached: {names}. Asked to decide: {asked}.").format(
        label=c.label, names=both(names), asked=both(c.asked_names)
    )


def _nobody(c: Cancellation) -> str:
    return sentences(
        _("I could reach nobody who may approve it."),
        _("I tried {names}.").format(names=some(c.unreached, MOST_NAMED)) if c.unreached else "",
        _(
            "Tell somebody with Global Administrator and Admin Agent yourself; until {time} they can write: "
            "approve {label}"
        ).format(time=texts.when(c.plan.expires_at), label=c.label),
    )


# Asking -------------------------------------------------------------------------------------------------------------

NOT_LOOKED_UP = _(
    "I could not look the subscription up at Partner Center just now. Nothing was asked for. Try again in a moment."
)
NO_CONSENT = _("Choose whether the customer was reached and agreed. Nothing was asked for.")
NO_CONSENT_NOTE = _(
    "Where the customer did not agree, write down what was said or how you tried to reach them. Nothing was asked for."
)


def no_reason(kind: str) -> str:
    return by_kind(
        kind,
        _("Say why the subscription is to be cancelled: whoever approves must know. Nothing was asked for."),
        _("Say why the subscription is to be reactivated: whoever approves must know. Nothing was asked for."),
    )


def no_suffix(subscription_id: str) -> str:
    return _(
        "Write confirm: and the last {suffix} characters of the subscription id {subscription_id} as well, "
        "to show that you mean this one. Nothing was asked for."
    ).format(suffix=SUFFIX, subscription_id=subscription_id)


def bad_suffix(subscription_id: str) -> str:
    return _(
        "Those are not the last {suffix} characters of the subscription id {subscription_id}. Nothing was asked for."
    ).format(suffix=SUFFIX, subscription_id=subscription_id)


def bad_consent(word: str) -> str:
    return _(
        "I do not know customer:{word}. Write customer:agreed, customer:refused or customer:unreachable. Nothing was asked for."
    ).format(word=texts.echo(word))


def request_not_alert(label: str) -> str:
    return _(
        "{label} is a request, not an alert. To take it back, write: withdraw {label}. To ask for another one, name an alert. Nothing was asked for."
    ).format(label=label)


def no_such_subscription(subscription_id: str) -> str:
    return _(
        "No alert here is about the subscription {subscription_id}. Give its whole id, or an alert's number. Nothing was asked for."
    ).format(subscription_id=texts.echo(subscription_id))


def form_title(kind: str, label: str) -> str:
    return by_kind(kind, _("Cancel subscription: {label}"), _("Reactivate subscription: {label}")).format(label=label)


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
    verdict = texts.verdict_word(record.alert.resolved_reason).lower()
    return _(
        "{label} was decided as {verdict}, so its subscription cannot be cancelled because of it. If that is wrong, use Change verdict first. Nothing was asked for."
    ).format(label=record.label, verdict=verdict)


def wrong_status(kind: str, name: str, status: str) -> str:
    return by_kind(
        kind,
        _(
            "“{name}” is {status} at Partner Center; only an active subscription can be cancelled. "
            "Nothing was asked for."
        ),
        _(
            "“{name}” is {status} at Partner Center; only an inactive subscription can be reactivated. "
            "Nothing was asked for."
        ),
    ).format(name=_shown(name), status=status or texts.UNKNOWN)


def in_portal(kind: str, label: str, link: str) -> str:
    nothing = by_kind(kind, _("{label}: nothing was cancelled."), _("{label}: nothing was reactivated."))
    why = _("For this partner Alert Desk acts with its own identity, which is not known to be able to do that.")
    how = (
        _(
            "A person with Global Administrator and Admin Agent does it in the Azure portal: “{button}”, "
            "under the three dots of the alert's card, or open {link}"
        )
        if link
        else _(
            "A person with Global Administrator and Admin Agent does it in the Azure portal: “{button}”, "
            "under the three dots of the alert's card"
        )
    )
    return sentences(nothing.format(label=label), why, how.format(button=texts.MANAGE_SUBSCRIPTION, link=link))


def open_one(c: Cancellation) -> str:
    return _(
        "{label} is open on this subscription already ({state}), asked for by {name} at {time}. "
        "One at a time: nothing more was asked for."
    ).format(label=c.label, state=state(c).lower(), name=c.plan.by_name, time=texts.when(c.plan.asked_at))


def too_early(c: Cancellation) -> str:
    return _(
        "Partner Center still works on an earlier change of this subscription ({label}) and takes no other before {earliest_at}. Nothing was asked for."
    ).format(label=c.label, earliest_at=texts.when(c.earliest_at))


def not_found(record: AlertRecord, reason: str) -> str:
    return sentences(
        _("The subscription of {label} could not be found at Partner Center.").format(label=record.label),
        _sentence(reason),
        _("Nothing was asked for."),
    )


def asked(c: Cancellation) -> str:
    """What who asked is told."""
    what = by_kind(
        c.plan.kind,
        _("{label} is asked for: to cancel {subscription}."),
        _("{label} is asked for: to reactivate {subscription}."),
    ).format(label=c.label, subscription=subject(c.plan))
    until = _("It can be approved until {time}.").format(time=texts.when(c.plan.expires_at))
    if not c.notified:
        calling = _(
            "I am calling those who may approve it. Its card shows whom I reached; "
            "if you asked in your own chat with me, I say it there too."
        )
        return sentences(what, calling, until)
    if not c.asked_names:
        return sentences(what, _nobody(c))
    return sentences(what, _whom(c), until)


# Deciding -----------------------------------------------------------------------------------------------------------

NOT_VERIFIED = _(
    "I could not check everything once more just now, so nothing was approved or sent. Press again in a moment."
)


APPROVE = _("Approve")
REJECT = _("Reject")
APPROVALS = _("Requests to cancel or reactivate")


def typed_twins(label: str, new: Sequence[str] = ()) -> str:
    """`new` are the alerts that were shown as new. Each is typed; of very many none, for that the button does."""
    if len(new) > _MOST_TYPED:
        return _("reject {label} because \u2026").format(label=label)
    said = (
        _("approve {label} seen {new}, or reject {label} because \u2026")
        if new
        else _("approve {label}, or reject {label} because \u2026")
    )
    return said.format(label=label, new=" ".join(new))


def which_request(labels: Sequence[str]) -> str:
    if not labels:
        return _("No request waits for a decision here. Say “approvals” for the latest ones.")
    return plural(
        "Say which request: {labels} waits here. Without a number I take only what is said in its alert's own thread.",
        "Say which request: {labels} wait here. Without a number I take only what is said in its alert's own thread.",
        len(labels),
    ).format(labels=both(labels))


def which_of_two(elsewhere: str, here: str) -> str:
    """After a plain number, said in the thread of an alert about whose subscription the request `here` waits."""
    return _(
        "{here} waits in this thread, and {elsewhere} elsewhere, so I am not sure which you mean. Write {elsewhere} or {here} before the reason. Nothing was done."
    ).format(here=here, elsewhere=elsewhere)


def approve_takes_no_reason(words: str) -> str:
    return _(
        "I do not know what to do with “{words}” after “approve”, so nothing was approved. Write just: approve <request>"
    ).format(words=texts.echo(words))


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
    return sentences(
        _("Only {name}, who asked for {label}, can withdraw it.").format(name=c.plan.by_name, label=c.label),
        _("To stop it, reject it.")
        if c.is_decidable
        else _("It does not wait for a decision any more ({state}).").format(state=state(c)),
        _("Nothing was changed."),
    )


def no_reject_reason(c: Cancellation) -> str:
    return _("Say why you reject it: {name} and everybody else read it. Write: reject {label} because \u2026").format(
        name=c.plan.by_name, label=c.label
    )


def new_alerts(c: Cancellation, unseen: Sequence[str], new: Sequence[str], button: str) -> str:
    """`unseen` are those of the `new` ones that whoever wanted to approve had not before them; `button` is what approves
    on the card."""
    why = plural(
        "{label} was not approved yet: {alerts} came, or was opened again, since your card was drawn.",
        "{label} was not approved yet: {alerts} came, or were opened again, since your card was drawn.",
        len(unseen),
    )
    how = (
        _("Look at the new card, then press {button} again.")
        if len(new) > _MOST_TYPED
        else _("Look at the new card, then press {button} again, or write: approve {label} seen {new}")
    )
    return sentences(why, how).format(label=c.label, alerts=some(unseen, _MOST_TYPED), button=button, new=" ".join(new))


def stale(c: Cancellation) -> str:
    return _("That card did not show {label} as it is, so nothing was done. Look at the new one, then decide.").format(
        label=c.label
    )


def no_such_request(label: str) -> str:
    return _("There is no request {label} here. Say “approvals” for those that wait.").format(label=label)


def requester_unchecked(name: str) -> str:
    return _(
        "I could not check whether {name}, who asked, is still an Admin Agent: for that {name} has to sign in again, by pressing a button on an alert's card. Then approve once more; if {name} cannot sign in, reject it and let somebody else ask. Nothing was approved or sent."
    ).format(name=name)


def cannot_verify(problem_words: str) -> str:
    return sentences(
        _("Before anything is sent it all has to be checked once more, and that cannot be done."),
        _sentence(problem_words),
        _("Nothing was approved or sent."),
    )


def already(c: Cancellation, me: bool) -> str:
    """What somebody is told who came too late; `me`: it was themselves who were first."""
    match State(c.state):
        case State.ASKED:
            return _("{label} waits for a decision. Nothing was done.").format(label=c.label)
        case State.APPROVED | State.ACCEPTED | State.STUCK | State.UNSURE:
            said = (
                _("{label} was approved already by you: {state}. Nothing more was sent.")
                if me
                else _("{label} was approved already by {name}: {state}. Nothing more was sent.")
            )
            return said.format(label=c.label, name=c.approver_name or texts.SOMEBODY, state=state(c).lower())
        case State.REJECTED:
            said = _("{label} was rejected already by you.") if me else _("{label} was rejected already by {name}.")
            rejected = said.format(label=c.label, name=c.approver_name or texts.SOMEBODY)
            return sentences(rejected, _why(c.outcome), nothing_done(c.plan.kind))
        case State.WITHDRAWN:
            said = _("{label} was withdrawn already by you.") if me else _("{label} was withdrawn already by {name}.")
            return sentences(said.format(label=c.label, name=c.plan.by_name), nothing_done(c.plan.kind))
        case _:
            return line(c) if me else sentences(line(c), _("You came too late to change that."))


def late(c: Cancellation) -> str:
    """The approver is told before Partner Center has accepted or refused it."""
    if c.outcome:
        return sentences(
            _("{label} is approved and written down, but not accepted yet.").format(label=c.label),
            _sentence(c.outcome),
            _("I try again until {time}; its card shows what becomes of it.").format(time=texts.when(c.send_until)),
        )
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
    Objection.APP_MAY_NOT: _("Alert Desk is not set up any more to do this with its own identity"),
    Objection.EXPIRED: _("its time had run out"),
}


def objection(found: Found) -> str:
    detail = f" ({_shown(found.detail)})" if found.detail else ""
    return f"{_OBJECTIONS[found.objection]}{detail}"


def what_changed(founds: Sequence[Found]) -> str:
    return _("Something changed since it was asked: {changes}.").format(changes="; ".join(map(objection, founds)))


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


def problem(code: str, message: str, *, app: bool = False, look_up: bool = False) -> str:
    """Our words for an answer, what to do included; the message where the code is none that we know. `app`: it was the
    bot's own identity that asked; `look_up`: for nothing but to see what there is, when nobody approves yet."""
    answers = {**(APP_ANSWERS if app else ANSWERS), **(LOOK_UP_ANSWERS if look_up else {})}
    if code in answers:
        return _("Partner Center answered {code}: {meaning}.").format(code=code, meaning=answers[code])
    return LOOK_UPS.get(code) or message or _("Partner Center gave no reason.")


def for_operators(code: str, *, app: bool) -> bool:
    """Whether an answer is one that only the people who run the bot can do something about."""
    return code in (APP_FOR_OPERATORS if app else FOR_OPERATORS)


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
    if c.state == State.DONE:
        return by_kind(c.plan.kind, _("Cancelled"), _("Reactivated"))
    return STATES[State(c.state)]
