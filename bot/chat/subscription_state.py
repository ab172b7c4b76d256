"""What the newest request on a subscription means for the cards of its alerts. Pure."""

from __future__ import annotations

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
_NOT_REACTIVATED = frozenset(
    {State.REJECTED, State.WITHDRAWN, State.EXPIRED, State.REFUSED, State.LAPSED, State.FAILED}
)


def is_cancelled(newest: Cancellation | None) -> bool:
    """As far as its newest request tells: only what is cancelled can be asked to be reactivated, and where that came
    to nothing it still is."""
    if newest is None:
        return False
    if newest.plan.kind == Kind.REACTIVATE:
        return newest.state in _NOT_REACTIVATED
    return newest.state == State.DONE


def can_be_asked(newest: Cancellation | None) -> bool:
    """Whether cancelling can be asked for: nothing is under way, and it is not cancelled yet."""
    return newest is None or not (newest.is_open or is_cancelled(newest))


def notice(newest: Cancellation | None) -> Line | None:
    """What happens, or happened, to the subscription; None where there is nothing to tell."""
    said = texts.on_alert(newest) if newest is not None else ""
    return Line(said, _TONES.get(newest.state, "default"), strong=True) if newest is not None and said else None
