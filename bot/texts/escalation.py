"""What is said where nobody answers an alert: in its thread, and to people in person. Plain text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.alerts import AlertRecord
from bot.domain.escalation import Call, Step, Why
from bot.texts import en as texts
from bot.texts.catalogue import _, plural
from bot.texts.formats import number, sentences
from bot.texts.names import some

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
    return sentences(*said, *_not_reached(call))


def lead(call: Call, record: AlertRecord, place: str, now: datetime) -> str:
    """Before the badges of the card that somebody gets in person: short, for it stands on one line."""
    # Translators: {reason} is a clause such as "you are on duty there".
    said = _("No answer for {time} in {place}; {reason}").format(time=span(record, now), place=place, reason=_why(call))
    return _marked(said, drill=record.alert.is_drill)


def _marked(said: str, *, drill: bool) -> str:
    return _("DRILL: {sentence}").format(sentence=said) if drill else said


def many_title(count: int, *, drill: bool) -> str:
    said = plural("{count} alert waits for an answer", "{count} alerts wait for an answer", count)
    return _marked(said.format(count=number(count)), drill=drill)


def many_why(call: Call, place: str) -> str:
    # Translators: {reason} is a clause such as "you are on duty there".
    return _("In {place}; {reason}. Nobody has taken, assigned or decided them.").format(place=place, reason=_why(call))


def many_more(count: int) -> str:
    return texts.more(count)


def message_fallback(said: str) -> str:
    return sentences(said, _("Say to Alert Desk: show {words}").format(words=WORDS))


def span(record: AlertRecord, now: datetime) -> str:
    """Since it was detected, as one says it: `31 minutes`, `2 h 05 min`."""
    minutes = max(0, int((now - record.alert.detected_at).total_seconds() // 60))
    if minutes < 120:
        return plural("{minutes} minute", "{minutes} minutes", minutes).format(minutes=minutes)
    return _("{hours} h {minutes:02} min").format(hours=minutes // 60, minutes=minutes % 60)


def drilled(records: Sequence[AlertRecord]) -> bool:
    return all(record.alert.is_drill for record in records)


def _unanswered(waiting: Sequence[tuple[AlertRecord, str]], count: int, now: datetime) -> str:
    records = [record for record, summary in waiting]
    summary = waiting[0][1]
    if count == 1:
        said = _("{alert} has had no answer for {time}.").format(alert=summary, time=span(records[0], now))
    else:
        worst = ", ".join(record.label for record in records[:_WORST_MOST])
        said = plural(
            "{count} alert waits for an answer, the worst: {worst}. First of them: {alert}.",
            "{count} alerts wait for an answer, the worst: {worst}. First of them: {alert}.",
            count,
        ).format(count=number(count), worst=worst, alert=summary)
    return _marked(said, drill=drilled(records))


def _what_to_do(waiting: Sequence[tuple[AlertRecord, str]], count: int, now: datetime) -> str:
    if count == 1:
        due = waiting[0][0].alert.respond_by
        return sentences(
            _("Press Investigate or decide on its card."),
            texts.respond_by(due, now, over=True)
            if now > due
            else _("Respond by {time}.").format(time=texts.clock(due, now)),
        )
    return _("Say “show {words}” for the list; Investigate, assign or decide stops this for an alert.").format(
        words=WORDS
    )


def _done(call: Call) -> list[str]:
    if call.alone:
        return []
    said = []
    if call.nobody:
        said += [_("Nobody is on duty here, so nobody is called by name."), _HOW_TO_SET]
    if call.written:
        said.append(_("I wrote to {names} in person.").format(names=_names(call.written)))
    if call.instead and call.step == Step.MANAGERS:
        said.append(_("No managers are set here (“duty manager @name”), so I asked who may approve cancellations."))
    elif call.step == Step.MANAGERS and not call.written and not call.unreached:
        said.append(_("There is nobody else whom I could call: set managers with “duty manager @name”."))
    return said


def _not_reached(call: Call) -> list[str]:
    said = []
    if call.unreached:
        said += [_("I could not write to {names} in person.").format(names=_names(call.unreached)), _NEEDS_APP]
    if call.absent and not call.failed:
        said.append(_("Not in this conversation any more: {names}.").format(names=_names(call.absent)))
    return said


def _why(call: Call) -> str:
    return next((words for why, words in _WHY.items() if why == call.why), _WHY[Why.DUTY])


def _names(names: Sequence[str]) -> str:
    return some([name or texts.UNKNOWN for name in names], _NAMES_MOST)
