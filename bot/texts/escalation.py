"""What is said where nobody answers an alert: in its thread, and to people in person. Plain text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.alerts import AlertRecord
from bot.domain.escalation import Call, Step, Why
from bot.texts import en as texts
from bot.texts.catalogue import _
from bot.texts.formats import both, number

SHOW_THEM = _("Show them")
WORDS = "active"
"""What the button lists, and what one types instead: `show active`."""
_NAMES_MOST = 5
_WORST_MOST = 3

_WHY = {
    Why.DUTY: _("you are on duty there"),
    Why.MANAGER: _("you are a manager there"),
    Why.APPROVER: _("no managers are set there, and you may approve"),
}
_HOW_TO_SET = _("Say “duty add @name” here to change that, or “duty escalate off” where this must not be.")
_NEEDS_APP = _("They must add Alert Desk for themselves in Teams first.")


def line(call: Call, waiting: Sequence[tuple[AlertRecord, str]], count: int, now: datetime) -> str:
    """One line in the conversation. `waiting` are the alerts that still wait, the worst first, with their summaries;
    `count` is how many there are in all."""
    said = [_unanswered(waiting, count, now)]
    if not call.failed:
        said += [_what_to_do(waiting, count, now), *_done(call)]
    said += _not_reached(call)
    return " ".join(said)


def lead(call: Call, record: AlertRecord, place: str, now: datetime) -> str:
    """Before the badges of the card that somebody gets in person: short, for it stands on one line."""
    drill = _("DRILL: ") if record.alert.is_drill else ""
    why = _why(call)
    return _("{drill}No answer for {record} in {place}; {why}").format(
        drill=drill, record=span(record, now), place=place, why=why
    )


def many_title(count: int, *, drill: bool) -> str:
    return _("{further}{count} alerts wait for an answer").format(
        further=_("DRILL: ") if drill else "", count=number(count)
    )


def many_why(call: Call, place: str) -> str:
    return _("In {place}; {why}. Nobody has taken, assigned or decided them.").format(place=place, why=_why(call))


def many_more(count: int) -> str:
    return texts.more(count)


def message_fallback(said: str) -> str:
    return _("{said} Say to Alert Desk: show {words}").format(said=said, words=WORDS)


def span(record: AlertRecord, now: datetime) -> str:
    """Since it was detected, as one says it: `31 minutes`, `2 h 05 min`."""
    minutes = max(0, int((now - record.alert.detected_at).total_seconds() // 60))
    if minutes < 120:
        return _("{minutes} minute{further}").format(minutes=minutes, further="s" if minutes != 1 else "")
    return _("{value} h {value_2:02} min").format(value=minutes // 60, value_2=minutes % 60)


def drilled(records: Sequence[AlertRecord]) -> bool:
    return all(record.alert.is_drill for record in records)


def _unanswered(waiting: Sequence[tuple[AlertRecord, str]], count: int, now: datetime) -> str:
    drill = _("DRILL: ") if drilled([record for record, _ in waiting]) else ""
    first, summary = waiting[0]
    if count == 1:
        return _("{drill}{summary} has had no answer for {first}.").format(
            drill=drill, summary=summary, first=span(first, now)
        )
    worst = ", ".join(record.label for record, _ in waiting[:_WORST_MOST])
    return _("{drill}{count} alerts wait for an answer, the worst: {worst}. First of them: {summary}.").format(
        drill=drill, count=number(count), worst=worst, summary=summary
    )


def _what_to_do(waiting: Sequence[tuple[AlertRecord, str]], count: int, now: datetime) -> str:
    first = waiting[0][0]
    if count == 1:
        due = first.alert.respond_by
        return _("Press Investigate or decide on its card. {respond_by}{stop}").format(
            respond_by=texts.respond_by(due, now, over=now > due), stop=_stop(due, now)
        )
    return _("Say “show {words}” for the list; Investigate, assign or decide stops this for an alert.").format(
        words=WORDS
    )


def _stop(due: datetime, now: datetime) -> str:
    """`texts.respond_by` ends a sentence only where the time is over."""
    return "" if now > due else "."


def _done(call: Call) -> list[str]:
    if call.alone:
        return []
    said = []
    if call.nobody:
        said.append(f"Nobody is on duty here, so nobody is called by name. {_HOW_TO_SET}")
    if call.written:
        said.append(f"I wrote to {_names(call.written)} in person.")
    if call.instead and call.step == Step.MANAGERS:
        said.append("No managers are set here (“duty manager @name”), so I asked who may approve cancellations.")
    elif call.step == Step.MANAGERS and not call.written and not call.unreached:
        said.append("There is nobody else whom I could call: set managers with “duty manager @name”.")
    return said


def _not_reached(call: Call) -> list[str]:
    said = []
    if call.unreached:
        said.append(f"I could not write to {_names(call.unreached)} in person. {_NEEDS_APP}")
    if call.absent and not call.failed:
        said.append(f"Not in this conversation any more: {_names(call.absent)}.")
    return said


def _why(call: Call) -> str:
    return next((words for why, words in _WHY.items() if why == call.why), _WHY[Why.DUTY])


def _names(names: Sequence[str]) -> str:
    shown = [name or texts.UNKNOWN for name in names[:_NAMES_MOST]]
    others = len(names) - len(shown)
    return both([*shown, _("{others} more").format(others=number(others))] if others else shown)
