"""Maps botbuilder's hooks to our callables. Decides nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from botbuilder.core import TurnContext
from botbuilder.core.teams import TeamsActivityHandler

from bot.chat.replies import as_message
from bot.chat.turn import AskToken, Event, Nothing, Refuse, Reply, Turn
from bot.errors import Permanent
from bot.ports import Ids
from bot.teams.login import NO_LOGIN, Login, LoginRequest
from bot.teams.translation import to_botbuilder
from bot.texts import en as texts

MEANING = "alertdesk.meaning"
"""Where a botbuilder turn keeps the Turn or Event that its activity means."""

OnTurn = Callable[[Turn], Awaitable[Reply]]
OnEvent = Callable[[Event], Awaitable[None]]
OnUnheard = Callable[[Turn, Permanent], Awaitable[None]]

_log = structlog.get_logger("bot.teams.handler")


class AlertDeskHandler(TeamsActivityHandler):
    """Runs turns and events. A message's answer goes out through the turn's context, and so through all middleware.

    The SDK's own dispatch of conversation updates is left out: it asks the connector about every added member. So is
    its invoke path, which answers 500 to each invoke with a body. `login` says how a person's token is asked for;
    `on_unheard` is told of a message whose answer Teams refused for good, and why.
    """

    def __init__(
        self,
        on_turn: OnTurn,
        on_event: OnEvent,
        ids: Ids,
        login: Login = NO_LOGIN,
        on_unheard: OnUnheard | None = None,
    ) -> None:
        super().__init__()
        self._on_turn = on_turn
        self._on_event = on_event
        self._ids = ids
        self._login = login
        self._on_unheard = on_unheard

    async def answer(self, turn: Turn) -> Reply | LoginRequest:
        """The reply to a turn. `on_turn` has a sentence for every error; this is the line behind it."""
        try:
            reply = await self._on_turn(turn)
            return self._login.asked(turn, reply) if isinstance(reply, AskToken) else reply
        except Exception:  # noqa: BLE001 a person gets a sentence, the log gets the rest, Teams never gets a 500
            reference = self._ids.guid()[:8]
            _log.exception("turn_escaped", reference=reference, kind=str(turn.kind), activity_id=turn.activity_id)
            return Nothing() if turn.automatic else Refuse(texts.broken(reference), code="internal")

    async def on_message_activity(self, turn_context: TurnContext) -> None:
        turn = turn_context.turn_state.get(MEANING)
        if isinstance(turn, Turn):
            reply = await self.answer(turn)
            said = None if isinstance(reply, LoginRequest) else as_message(reply)
            if said is not None:
                try:
                    await turn_context.send_activity(to_botbuilder(said))
                except Permanent as problem:
                    if self._on_unheard is not None:
                        await self._on_unheard(turn, problem)
                    raise

    async def _on_other_activity(self, turn_context: TurnContext) -> None:
        event = turn_context.turn_state.get(MEANING)
        if isinstance(event, Event):
            await self._on_event(event)

    on_conversation_update_activity: Any = _on_other_activity
    on_installation_update: Any = _on_other_activity
    on_message_update_activity: Any = _on_other_activity
    on_message_delete_activity: Any = _on_other_activity
    on_message_reaction_activity: Any = _on_other_activity
    on_event_activity: Any = _on_other_activity
    on_typing_activity: Any = _on_other_activity
    on_end_of_conversation_activity: Any = _on_other_activity
    on_unrecognized_activity_type: Any = _on_other_activity
