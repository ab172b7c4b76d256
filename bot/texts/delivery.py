"""What is said about delivery itself: conversations that take nothing, and alerts whose cards do not arrive."""

from __future__ import annotations

from bot.domain.people import ConversationState
from bot.texts.catalogue import _, plural
from bot.texts.formats import number, sentences
from bot.texts.names import some

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
        "Alerts are not delivered to {places} any more: {reason}. They come again after the bot is installed or "
        "spoken to there."
    ).format(places=some(names, 5), reason=f"{said[:1].lower()}{said[1:]}")


def back(waiting: int) -> str:
    return plural(
        "Alert Desk can write here again. {count} message has waited and will follow now, the most severe first.",
        "Alert Desk can write here again. {count} messages have waited and will follow now, the most severe first.",
        waiting,
    ).format(count=number(waiting))


def pointer_title(label: str) -> str:
    return _("A newer copy of {label} stands below").format(label=label)


POINTER = _("This copy was sent when Teams left it open whether it had arrived. The newer one is kept up to date.")
NOT_TAKEN = _("Teams did not take the bot's message. Please try again.")
CUT = _("[The rest was too long for Teams.]")


def late(count: int, label: str, since: str, problem: str) -> str:
    return sentences(
        plural(
            "{count} alert has no confirmed card in a conversation that wants it.",
            "{count} alerts have no confirmed card in a conversation that wants it.",
            count,
        ).format(count=number(count)),
        _("The oldest is {label}, waiting since {time}.").format(label=label, time=since),
        _("The last answer from Teams: {problem}").format(problem=problem) if problem else "",
    )


LATE_OVER = _("The alerts that waited have their cards.")
PARKED_OVER = _("The alert cards that could not be sent are settled.")


def parked(count: int, label: str, problem: str) -> str:
    return sentences(
        plural(
            "{count} alert card cannot be sent, and trying again will not help.",
            "{count} alert cards cannot be sent, and trying again will not help.",
            count,
        ).format(count=number(count)),
        _("The oldest is {label}.").format(label=label),
        _("Teams said: {problem}").format(problem=problem) if problem else "",
    )
