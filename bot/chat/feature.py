"""A feature brings its own commands and verbs to the chat; Commands and Verbs take them in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from bot.chat.turn import Reply, Turn

CommandHandler = Callable[[Turn, str], Awaitable[Reply]]
"""Gets the turn and the rest of the line."""
VerbHandler = Callable[[Turn, Any], Awaitable[Reply]]
"""Gets the turn and the payload that cards/actions.py has for the verb."""


class Typed(Protocol):
    """Does what a button says for somebody who typed its twin; see Verbs.typed."""

    async def __call__(self, turn: Turn, verb: str, data: Mapping[str, Any]) -> Reply: ...


class Feature(Protocol):
    """Each command stands in bot/texts/help.py, each verb in cards/actions.py. `commands` is called once, when all
    verbs are known."""

    def commands(self, typed: Typed) -> Mapping[str, CommandHandler]: ...
    def verbs(self) -> Mapping[str, VerbHandler]: ...
