"""Maps botbuilder's hooks to our callables, and turns every error of a turn into a sentence. Decides nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from botbuilder.core import TurnContext
from botbuilder.core.teams import TeamsActivityHandler

from bot.chat.turn import Event, Nothing, Refuse, Reply, Turn
from bot.errors import AlertDeskError, Transient, UserError
from bot.ports import Ids
from bot.teams.answers import message
from bot.teams.translation import to_botbuilder

MEANING = "alertdesk.meaning"
"""Where a botbuilder turn keeps the Turn or Event that its activity means."""

OnTurn = Callable[[Turn], Awaitable[Reply]]
OnEvent = Callable[[Event], Awaitable[None]]

_log = structlog.get_logger("bot.teams.handler")


class AlertDeskHandler(TeamsActivityHandler):
    """Runs turns and events. A message's answer goes out through the turn's context, and so through all middleware.

    The SDK's own dispatch of conversation updates is left out: it asks the connector about every added member. So is
    its invoke path, which answers 500 to each invoke with a body.
    """

    def __init__(self, on_turn: OnTurn, on_event: OnEvent, ids: Ids) -> None:
        super().__init__()
        self._on_turn = on_turn
        self._on_event = on_event
        self._ids = ids

    async def answer(self, turn: Turn) -> Reply:
        """The reply to a turn; never raises but where the task is cancelled."""
        try:
            return await self._on_turn(turn)
        except Exception as error:  # noqa: BLE001 the last line: a person gets a sentence, the log gets the rest
            return self._explained(turn, error)

    def _explained(self, turn: Turn, error: Exception) -> Reply:
        reference = self._ids.guid()[:8]
        if not isinstance(error, UserError):
            known = isinstance(error, AlertDeskError)
            _log.log(
                30 if known else 40,
                "turn_failed",
                reference=reference,
                kind=str(turn.kind),
                activity_id=turn.activity_id,
                error=type(error).__name__,
                problem=error.message if isinstance(error, AlertDeskError) else "",
                exc_info=None if known else error,
            )
        if turn.automatic:
            return Nothing()  # nobody pressed anything: the card stays as it is
        return explain(error, reference)

    async def on_message_activity(self, turn_context: TurnContext) -> None:
        turn = turn_context.turn_state.get(MEANING)
        if isinstance(turn, Turn):
            said = message(await self.answer(turn))
            if said is not None:
                await turn_context.send_activity(to_botbuilder(said))

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


def explain(error: Exception, reference: str) -> Refuse:
    """What the person is told. Only a UserError speaks for itself; the rest may name what is not theirs to know."""
    if isinstance(error, UserError):
        return Refuse(error.message, code=error.code or "refused")
    if isinstance(error, Transient):
        return Refuse(
            "Microsoft's services did not answer as they should just now. Please look at the alert, then try again "
            f"(reference {reference}).",
            code="try_again",
        )
    if isinstance(error, AlertDeskError):
        return Refuse(
            f"That cannot be done as things are. Please tell the people who run this bot (reference {reference}).",
            code="not_possible",
        )
    return Refuse(
        f"Something went wrong in the bot itself. Please tell the people who run it (reference {reference}).",
        code="internal",
    )
