"""What is said about drills. Plain text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.domain.drills import A_DAY, ACKNOWLEDGE_TARGET, GIVEN_UP_AFTER, VERDICT_TARGET, Drill, in_time
from bot.texts import en as texts
from bot.texts import formats
from bot.texts.catalogue import _

NAME = _("DRILL: practise answering this alert")
NOBODY = _("nobody")
TITLE = _("Drills")
NONE_YET = _("There was no drill yet. In a channel that gets alerts, an Admin Agent can say: drill")
NOT_READ_YET = _("This partner's alerts have not been read yet. Nothing was begun; say “drill” again in some minutes.")
USAGE = _("Write: drill, or drill high, medium, low or informational, and partner:<name> where several fit.")
FALLBACK = _("The last drills. Say to Alert Desk: drill report")


def description(of: Drill) -> str:
    return _(
        "This is a DRILL. {name} began it in Alert Desk to see how fast the team answers. Nothing happened at any customer, and no subscription is concerned.\nDo what you would do with a real alert: investigate or assign it, then mark it as you like. Partner Center never hears of it, and it counts in no average.\nIt ends with the verdict, or by itself after {length}. Then the times are told here."
    ).format(name=of.by_name, length=span(GIVEN_UP_AFTER))


def span(length: timedelta) -> str:
    """`12 s`, `3 min 10 s`, `1 h 2 min`."""
    seconds = int(length.total_seconds())
    hours, minutes, rest = seconds // 3600, seconds % 3600 // 60, seconds % 60
    if hours:
        said = _("{hours} h {minutes} min") if minutes else _("{hours} h")
    elif minutes:
        said = _("{minutes} min {seconds} s") if rest else _("{minutes} min")
    else:
        said = _("{seconds} s")
    return said.format(hours=hours, minutes=minutes, seconds=rest)


def begun(partner: str, severity: str) -> str:
    return _(
        "The drill at {partner} has begun: an alert of {severity} severity, marked DRILL, comes with the next reading of the alerts. It is reported when it is decided, or after {length}."
    ).format(partner=partner, severity=severity, length=span(GIVEN_UP_AFTER))


def not_routed(partner: str) -> str:
    return _(
        "No drill was begun: the alerts of {partner} do not come here. Say “drill” in a channel that gets them."
    ).format(partner=partner)


def not_wanted(partner: str, severity: str) -> str:
    return _(
        "No drill was begun: the filter of this conversation lets no drill of {severity} severity at {partner} through. Choose another severity, or another conversation."
    ).format(severity=severity, partner=partner)


def under_way(by_name: str) -> str:
    return _("No drill was begun: the one that {by_name} began is still open. One at a time.").format(by_name=by_name)


def too_many(partner: str) -> str:
    return _("No drill was begun: {partner} had {count} in the last 24 hours, which is the most.").format(
        partner=partner, count=A_DAY
    )


def which_partner(names: Sequence[str]) -> str:
    return _("At which partner? Several fit: {names}. Write: drill partner:<name>").format(names=formats.both(names))


def bad_severity(word: str) -> str:
    return _("{word!r} is no severity. {usage}").format(word=word, usage=USAGE)


def not_answered_note() -> str:
    return _("Nobody answered this drill within {length}.").format(length=span(GIVEN_UP_AFTER))


def report(of: Drill, label: str) -> str:
    """The line under its card when it is over."""
    if of.decided_at is not None:
        return formats.sentences(_("Drill {label} is over.").format(label=label), _sentence(of, judged=True))
    if not label:
        return _(
            "The drill that {name} began is over: its alert was never recorded. Look at why alerts are not read."
        ).format(name=of.by_name)
    over = _("Drill {label} is over: nobody decided on it within {length}.")
    return formats.sentences(over.format(label=label, length=span(GIVEN_UP_AFTER)), _sentence(of, judged=True))


def row(of: Drill, label: str, partner: str) -> str:
    """A line of the list."""
    severity = _("{severity} severity").format(severity=texts.severity_word(of.severity).lower())
    by = _("by {name}").format(name=of.by_name)
    about = ", ".join(part for part in (label, partner, severity, by) if part)
    if of.reported_at is None:
        how = _("Still open.")
    else:
        how = _("Not answered.") if of.decided_at is None else ""
    return formats.sentences(f"{texts.when(of.begun_at)}: {about}.", how, _sentence(of, judged=False))


def _sentence(of: Drill, *, judged: bool) -> str:
    recorded, carded = of.after(of.detected_at), of.after(of.carded_at)
    parts = [
        _("recorded after {length}").format(length=span(recorded)) if recorded is not None else _("not recorded"),
        _("card in Teams after {length}").format(length=span(carded))
        if carded is not None
        else _("no card of its own confirmed"),
        _taken_up(of, judged=judged),
        _decided(of, judged=judged),
    ]
    said = ", ".join(parts)
    return f"{said[0].upper()}{said[1:]}."


def _taken_up(of: Drill, *, judged: bool) -> str:
    length = of.after(of.acknowledged_at)
    if length is None:
        return _("not taken up yet") if of.reported_at is None else _("taken up by nobody")
    said = _("taken up after {length} by {name}").format(length=span(length), name=of.acknowledged_by or texts.SOMEBODY)
    return formats.sentences(said, _judged(length, ACKNOWLEDGE_TARGET) if judged else "")


def _decided(of: Drill, *, judged: bool) -> str:
    length = of.after(of.decided_at)
    if length is None:
        return _("not decided yet") if of.reported_at is None else _("decided by nobody")
    said = _("decided after {length} as {verdict} by {name}").format(
        length=span(length), verdict=of.verdict, name=of.decided_by
    )
    return formats.sentences(said, _judged(length, VERDICT_TARGET) if judged else "")


def _judged(length: timedelta, target: timedelta) -> str:
    said = _("(within the {target} to aim at)") if in_time(length, target) else _("(later than the {target} to aim at)")
    return said.format(target=span(target))
