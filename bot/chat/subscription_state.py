"""What the newest request on a subscription means for the cards of its alerts. Pure.

Only what Partner Center calls active can be asked to be cancelled, and only what it calls inactive to be reactivated.
So the newest request tells how the subscription stands even where nothing came of it.
"""

from __future__ import annotations

from datetime import timedelta

from bot.domain.alerts import Alert
from bot.domain.cancellations import Cancellation, Kind, State
from bot.texts import request_card as texts
from cards.views import Line, Tone

_TONES: dict[str, Tone] = {
    State.ASKED: "warning",
    State.APPROVED: "accent",
    State.ACCEPTED: "accent",
    State.STUCK: "attention",
    State.UNSURE: "attention",
    State.FAILED: "attention",
    State.DONE: "good",
}
_NOTICED_WITHIN = timedelta(hours=1)
"""What ran before a cancel may be noticed a while after it; an alert later than that speaks of what runs again."""


def is_cancelled(newest: Cancellation | None) -> bool:
    """As far as its newest request tells: only what is cancelled can be asked to be reactivated."""
    if newest is None or newest.is_open:
        return False
    if newest.state == State.VOID and newest.seen_status:
        return newest.seen_status.lower() == "inactive"
    done = newest.state == State.DONE
    return done if newest.plan.kind == Kind.CANCEL else not done


def can_be_asked(newest: Cancellation | None, alert: Alert) -> bool:
    """Whether cancelling can be asked for because of an alert: nothing is under way, and it is not cancelled, or may be
    active again."""
    if newest is None:
        return True
    return not newest.is_open and (not is_cancelled(newest) or _may_be_active_again(newest, alert))


def notice(newest: Cancellation | None, alert: Alert) -> Line | None:
    """What happens, or happened, to the subscription; None where there is nothing to tell."""
    said = texts.on_alert(newest) if newest is not None else ""
    if newest is None or not said:
        return None
    if _may_be_active_again(newest, alert):
        return Line(texts.raised_later(said), "attention", strong=True)
    return Line(said, _TONES.get(newest.state, "default"), strong=True)


def _may_be_active_again(newest: Cancellation, alert: Alert) -> bool:
    """The alert was raised when the subscription had long been cancelled: a customer with access, or who broke in, can
    reactivate it, of which nobody tells us. Partner Center says how it stands when cancelling is asked for."""
    cancelled_at = newest.plan.asked_at if newest.plan.kind == Kind.REACTIVATE else newest.ended_at
    if alert.is_test or not is_cancelled(newest) or cancelled_at is None:
        return False
    return alert.detected_at > cancelled_at + _NOTICED_WITHIN
