"""What is said about delivery itself: conversations that take nothing, and alerts whose cards do not arrive."""

from __future__ import annotations

from bot.domain.people import ConversationState
from bot.texts.formats import number

_STOPPED = {
    ConversationState.REMOVED: "the bot was removed",
    ConversationState.ARCHIVED: "the team was archived",
    ConversationState.DELETED: "the channel or its team was deleted",
}


def stopped(state: str) -> str:
    """Why a conversation takes nothing any more, where Teams told of it by itself."""
    return next((why for known, why in _STOPPED.items() if known == state), "Teams takes nothing for it")


def not_delivered(names: list[str], why: str) -> str:
    said = why.strip().rstrip(".") or "Teams takes nothing for it"
    return (
        f"Alerts are not delivered to {_listed(names)} any more: {said[:1].lower()}{said[1:]}. They come again after the "
        "bot is installed or spoken to there."
    )


def back(waiting: int) -> str:
    what = "1 message has" if waiting == 1 else f"{number(waiting)} messages have"
    return f"Alert Desk can write here again. {what} waited and will follow now, the most severe first."


def pointer_title(label: str) -> str:
    return f"A newer copy of {label} stands below"


POINTER = "This copy was sent when Teams left it open whether it had arrived. The newer one is kept up to date."
CUT = "[The rest was too long for Teams.]"


def late(count: int, label: str, since: str, problem: str) -> str:
    what = "1 alert has" if count == 1 else f"{number(count)} alerts have"
    why = f" The last answer from Teams: {problem}" if problem else ""
    return (
        f"{what} no confirmed card in a conversation that wants it. The oldest is {label}, waiting since {since}.{why}"
    )


LATE_OVER = "The alerts that waited have their cards."
PARKED_OVER = "The alert cards that could not be sent are settled."


def parked(count: int, label: str, problem: str) -> str:
    what = "1 alert card" if count == 1 else f"{number(count)} alert cards"
    why = f" Teams said: {problem}" if problem else ""
    return f"{what} cannot be sent, and trying again will not help. The oldest is {label}.{why}"


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
