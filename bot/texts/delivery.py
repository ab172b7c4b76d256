"""What is said about delivery itself: conversations that take nothing, and alerts whose cards do not arrive."""

from __future__ import annotations

from bot.domain.people import ConversationState
from bot.texts.catalogue import _
from bot.texts.formats import number

_STOPPED = {
    ConversationState.REMOVED: _("the bot was removed"),
    ConversationState.ARCHIVED: _("the team was archived"),
    ConversationState.DELETED: _("the channel or its team was deleted"),
}


def stopped(state: str) -> str:
    """Why a conversation takes nothing any more, where Teams told of it by itself."""
    return next((why for known, why in _STOPPED.items() if known == state), _("Teams takes nothing for it"))


def not_delivered(names: list[str], why: str) -> str:
    said = why.strip().rstrip(".") or _("Teams takes nothing for it")
    return _(
        "Alerts are not delivered to {listed} any more: {lower}{said}. They come again after the bot is installed or spoken to there."
    ).format(listed=_listed(names), lower=said[:1].lower(), said=said[1:])


def back(waiting: int) -> str:
    what = _("1 message has") if waiting == 1 else _("{waiting} messages have").format(waiting=number(waiting))
    return _("Alert Desk can write here again. {what} waited and will follow now, the most severe first.").format(
        what=what
    )


def pointer_title(label: str) -> str:
    return _("A newer copy of {label} stands below").format(label=label)


POINTER = _("This copy was sent when Teams left it open whether it had arrived. The newer one is kept up to date.")
CUT = _("[The rest was too long for Teams.]")


def late(count: int, label: str, since: str, problem: str) -> str:
    what = _("1 alert has") if count == 1 else _("{count} alerts have").format(count=number(count))
    why = _(" The last answer from Teams: {problem}").format(problem=problem) if problem else ""
    return _(
        "{what} no confirmed card in a conversation that wants it. The oldest is {label}, waiting since {since}.{why}"
    ).format(what=what, label=label, since=since, why=why)


LATE_OVER = _("The alerts that waited have their cards.")
PARKED_OVER = _("The alert cards that could not be sent are settled.")


def parked(count: int, label: str, problem: str) -> str:
    what = _("1 alert card") if count == 1 else _("{count} alert cards").format(count=number(count))
    why = _(" Teams said: {problem}").format(problem=problem) if problem else ""
    return _("{what} cannot be sent, and trying again will not help. The oldest is {label}.{why}").format(
        what=what, label=label, why=why
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return _("{shown} and {value} more").format(shown=shown, value=len(names) - 5) if len(names) > 5 else shown
