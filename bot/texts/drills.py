"""What is said about drills. Plain text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.domain.drills import A_DAY, ACKNOWLEDGE_TARGET, GIVEN_UP_AFTER, VERDICT_TARGET, Drill, in_time
from bot.texts import en as texts
from bot.texts import formats
from bot.texts.catalogue import _

NAME = _("DRILL: practise answering this alert")
NOBODY = "nobody"
TITLE = _("Drills")
NONE_YET = _("There was no drill yet. In a channel that gets alerts, an Admin Agent can say: drill")
NOT_READ_YET = _("This partner's alerts have not been read yet. Nothing was begun; say “drill” again in some minutes.")
USAGE = _("Write: drill, or drill high, medium, low or informational, and partner:<name> where several fit.")
FALLBACK = _("The last drills. Say to Alert Desk: drill report")


def description(of: Drill) -> str:
    return _(
        "This is a DRILL. {by_name} began it in Alert Desk to see how fast the team answers. Nothing happened at any customer, and no subscription is concerned.\nDo what you would do with a real alert: investigate or assign it, then mark it as you like. Partner Center never hears of it, and it counts in no average.\nIt ends with the verdict, or by itself after {given_up_after}. Then the times are told here."
    ).format(by_name=of.by_name, given_up_after=span(GIVEN_UP_AFTER))


def span(length: timedelta) -> str:
    """`12 s`, `3 min 10 s`, `1 h 2 min`."""
    seconds = int(length.total_seconds())
    hours, minutes, rest = seconds // 3600, seconds % 3600 // 60, seconds % 60
    if hours:
        return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes) if minutes else f"{hours} h"
    if minutes:
        return (
            _("{minutes} min {rest} s").format(minutes=minutes, rest=rest)
            if rest
            else _("{minutes} min").format(minutes=minutes)
        )
    return f"{rest} s"


def begun(partner: str, severity: str) -> str:
    return _(
        "The drill at {partner} has begun: an alert of {severity} severity, marked DRILL, comes with the next reading of the alerts. It is reported when it is decided, or after {given_up_after}."
    ).format(partner=partner, severity=severity, given_up_after=span(GIVEN_UP_AFTER))


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
    return _("No drill was begun: {partner} had {a_day} in the last 24 hours, which is the most.").format(
        partner=partner, a_day=A_DAY
    )


def which_partner(names: Sequence[str]) -> str:
    return _("At which partner? Several fit: {names}. Write: drill partner:<name>").format(names=formats.both(names))


def bad_severity(word: str) -> str:
    return _("{word!r} is no severity. {usage}").format(word=word, usage=USAGE)


def not_answered_note() -> str:
    return _("Nobody answered this drill within {given_up_after}.").format(given_up_after=span(GIVEN_UP_AFTER))


def report(of: Drill, label: str) -> str:
    """The line under its card when it is over."""
    if of.decided_at is not None:
        return _("Drill {label} is over. {sentence}").format(label=label, sentence=_sentence(of, judged=True))
    if not label:
        return _(
            "The drill that {by_name} began is over: its alert was never recorded. Look at why alerts are not read."
        ).format(by_name=of.by_name)
    return _("Drill {label} is over: nobody decided on it within {given_up_after}. {sentence}").format(
        label=label, given_up_after=span(GIVEN_UP_AFTER), sentence=_sentence(of, judged=True)
    )


def row(of: Drill, label: str, partner: str) -> str:
    """A line of the list."""
    when = texts.when(of.begun_at)
    about = ", ".join(
        filter(
            None,
            (
                label,
                partner,
                _("{lower} severity").format(lower=texts.severity_word(of.severity).lower()),
                _("by {by_name}").format(by_name=of.by_name),
            ),
        )
    )
    if of.reported_at is None:
        return _("{when}: {about}. Still open. {sentence}").format(
            when=when, about=about, sentence=_sentence(of, judged=False)
        )
    if of.decided_at is None:
        return _("{when}: {about}. Not answered. {sentence}").format(
            when=when, about=about, sentence=_sentence(of, judged=False)
        )
    return f"{when}: {about}. {_sentence(of, judged=False)}"


def _sentence(of: Drill, *, judged: bool) -> str:
    recorded, carded = of.after(of.detected_at), of.after(of.carded_at)
    taken, decided = of.after(of.acknowledged_at), of.after(of.decided_at)

    def nobody(what: str) -> str:
        return (
            _("not {what} yet").format(what=what)
            if of.reported_at is None
            else _("{what} by {nobody}").format(what=what, nobody=NOBODY)
        )

    parts = [
        _("recorded after {recorded}").format(recorded=span(recorded)) if recorded is not None else _("not recorded"),
        _("card in Teams after {carded}").format(carded=span(carded))
        if carded is not None
        else _("no card of its own confirmed"),
        _("taken up after {taken} by {acknowledged_by}").format(
            taken=span(taken), acknowledged_by=of.acknowledged_by or texts.SOMEBODY
        )
        + (_judged(taken, ACKNOWLEDGE_TARGET) if judged else "")
        if taken is not None
        else nobody(_("taken up")),
        _("decided after {decided} as {verdict} by {decided_by}").format(
            decided=span(decided), verdict=of.verdict, decided_by=of.decided_by
        )
        + (_judged(decided, VERDICT_TARGET) if judged else "")
        if decided is not None
        else nobody("decided"),
    ]
    said = ", ".join(parts)
    return f"{said[0].upper()}{said[1:]}."


def _judged(length: timedelta, target: timedelta) -> str:
    return _(" ({further} the {target} to aim at)").format(
        further="within" if in_time(length, target) else _("later than"), target=span(target)
    )
