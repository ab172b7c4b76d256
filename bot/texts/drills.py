"""What is said about drills. Plain text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.domain.drills import A_DAY, ACKNOWLEDGE_TARGET, GIVEN_UP_AFTER, VERDICT_TARGET, Drill, in_time
from bot.texts import en as texts
from bot.texts import formats

NAME = "DRILL: practise answering this alert"
NOBODY = "nobody"
TITLE = "Drills"
NONE_YET = "There was no drill yet. In a channel that gets alerts, an Admin Agent can say: drill"
NOT_READ_YET = "This partner's alerts have not been read yet. Nothing was begun; say “drill” again in some minutes."
USAGE = "Write: drill, or drill high, medium, low or informational, and partner:<name> where several fit."
FALLBACK = "The last drills. Say to Alert Desk: drill report"


def description(of: Drill) -> str:
    return (
        f"This is a DRILL. {of.by_name} began it in Alert Desk to see how fast the team answers. Nothing happened at "
        "any customer, and no subscription is concerned.\n"
        "Do what you would do with a real alert: investigate or assign it, then mark it as you like. Partner Center "
        "never hears of it, and it counts in no average.\n"
        f"It ends with the verdict, or by itself after {span(GIVEN_UP_AFTER)}. Then the times are told here."
    )


def span(length: timedelta) -> str:
    """`12 s`, `3 min 10 s`, `1 h 2 min`."""
    seconds = int(length.total_seconds())
    hours, minutes, rest = seconds // 3600, seconds % 3600 // 60, seconds % 60
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"


def begun(partner: str, severity: str) -> str:
    return (
        f"The drill at {partner} has begun: an alert of {severity} severity, marked DRILL, comes with the next reading "
        f"of the alerts. It is reported when it is decided, or after {span(GIVEN_UP_AFTER)}."
    )


def not_routed(partner: str) -> str:
    return f"No drill was begun: the alerts of {partner} do not come here. Say “drill” in a channel that gets them."


def not_wanted(partner: str, severity: str) -> str:
    return (
        f"No drill was begun: the filter of this conversation lets no drill of {severity} severity at {partner} "
        "through. Choose another severity, or another conversation."
    )


def under_way(by_name: str) -> str:
    return f"No drill was begun: the one that {by_name} began is still open. One at a time."


def too_many(partner: str) -> str:
    return f"No drill was begun: {partner} had {A_DAY} in the last 24 hours, which is the most."


def which_partner(names: Sequence[str]) -> str:
    return f"At which partner? Several fit: {formats.both(names)}. Write: drill partner:<name>"


def bad_severity(word: str) -> str:
    return f"{word!r} is no severity. {USAGE}"


def not_answered_note() -> str:
    return f"Nobody answered this drill within {span(GIVEN_UP_AFTER)}."


def report(of: Drill, label: str) -> str:
    """The line under its card when it is over."""
    if of.decided_at is not None:
        return f"Drill {label} is over. {_sentence(of, judged=True)}"
    if not label:
        return (
            f"The drill that {of.by_name} began is over: its alert was never recorded. Look at why alerts are not read."
        )
    return f"Drill {label} is over: nobody decided on it within {span(GIVEN_UP_AFTER)}. {_sentence(of, judged=True)}"


def row(of: Drill, label: str, partner: str) -> str:
    """A line of the list."""
    when = texts.when(of.begun_at)
    about = ", ".join(
        filter(None, (label, partner, f"{texts.severity_word(of.severity).lower()} severity", f"by {of.by_name}"))
    )
    if of.reported_at is None:
        return f"{when}: {about}. Still open. {_sentence(of, judged=False)}"
    if of.decided_at is None:
        return f"{when}: {about}. Not answered. {_sentence(of, judged=False)}"
    return f"{when}: {about}. {_sentence(of, judged=False)}"


def _sentence(of: Drill, *, judged: bool) -> str:
    recorded, carded = of.after(of.detected_at), of.after(of.carded_at)
    taken, decided = of.after(of.acknowledged_at), of.after(of.decided_at)

    def nobody(what: str) -> str:
        return f"not {what} yet" if of.reported_at is None else f"{what} by {NOBODY}"

    parts = [
        f"recorded after {span(recorded)}" if recorded is not None else "not recorded",
        f"card in Teams after {span(carded)}" if carded is not None else "no card of its own confirmed",
        f"taken up after {span(taken)} by {of.acknowledged_by or texts.SOMEBODY}"
        + (_judged(taken, ACKNOWLEDGE_TARGET) if judged else "")
        if taken is not None
        else nobody("taken up"),
        f"decided after {span(decided)} as {of.verdict} by {of.decided_by}"
        + (_judged(decided, VERDICT_TARGET) if judged else "")
        if decided is not None
        else nobody("decided"),
    ]
    said = ", ".join(parts)
    return f"{said[0].upper()}{said[1:]}."


def _judged(length: timedelta, target: timedelta) -> str:
    return f" ({'within' if in_time(length, target) else 'later than'} the {span(target)} to aim at)"
