"""Alert Desk's BotAdapter: botbuilder's turns and middleware over our own transport.

botbuilder-integration-aiohttp is left out on purpose: it answers 500 to every invoke with a body, breaks when a key is
rotated, blocks the loop and asks Entra for a token each turn (docs/decisions).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from botbuilder.core import BotAdapter, TurnContext
from botbuilder.schema import Activity, ConversationReference, ResourceResponse

from bot.chat.turn import SPOKEN, Event, Nothing, Refuse, Reply, Turn
from bot.domain.people import Conversation
from bot.errors import AlertDeskError, Permanent, Transient
from bot.ports import Channel, Message
from bot.teams.activity import Inbound
from bot.teams.answers import aside
from bot.teams.handler import MEANING, AlertDeskHandler
from bot.teams.login import LoginRequest
from bot.teams.translation import incoming, to_conversation, to_messages
from bot.texts.delivery import NOT_TAKEN

Say = Callable[[Conversation, Message, str], Awaitable[str]]

_FAILURE = "alertdesk.failure"
_log = structlog.get_logger("bot.teams.adapter")


class TeamsAdapter(BotAdapter):
    """Messages and events run as botbuilder turns; invokes go straight to the handler and come back as a Reply.

    `say` is what answers are said with: Answers.say."""

    def __init__(self, channel: Channel, handler: AlertDeskHandler, say: Say) -> None:
        super().__init__(on_turn_error=self._log_failure)
        self._channel, self._handler, self._say = channel, handler, say

    async def process(self, activity: Inbound, meaning: Turn | Event) -> Reply | LoginRequest:
        """Run it. The reply is Nothing where it went out as a message. What fails is told to the person or logged;
        raises only Transient, for an event that should be sent to us again."""
        if isinstance(meaning, Turn) and meaning.kind not in SPOKEN:
            return await self._invoke(meaning)
        context = TurnContext(self, incoming(activity, meaning))
        context.turn_state[MEANING] = meaning
        await self.run_pipeline(context, self._handler.on_turn)
        failure = context.turn_state.get(_FAILURE)
        if isinstance(meaning, Event) and isinstance(failure, Transient):
            raise failure
        return Nothing()

    async def _invoke(self, turn: Turn) -> Reply | LoginRequest:
        reply = await self._handler.answer(turn)
        said = aside(turn, reply)
        if said is None:
            return reply
        try:
            await self._say(turn.conversation, said, turn.thread)
        except AlertDeskError as error:
            _log.warning("reply_not_sent", error=type(error).__name__, code=error.code, problem=error.message)
            if isinstance(error, Transient) and error.in_doubt:
                return Nothing()
            return Refuse(NOT_TAKEN, code="try_again")
        return Nothing()

    async def send_activities(self, context: TurnContext, activities: list[Activity]) -> list[ResourceResponse]:
        """One response for each activity; its id is that of the last message it became, empty where it became none."""
        responses = []
        for activity in activities:
            conversation, thread = to_conversation(activity)
            sent = ""
            for said in to_messages(activity):
                sent = await self._say(conversation, said, thread) or sent
            responses.append(ResourceResponse(id=sent))
        return responses

    async def update_activity(self, context: TurnContext, activity: Activity) -> ResourceResponse:
        said = to_messages(activity)
        if len(said) != 1:
            raise Permanent("An update must be one text or one card.")
        await self._channel.update(to_conversation(activity)[0], activity.id, said[0])
        return ResourceResponse(id=activity.id)

    async def delete_activity(self, context: TurnContext, reference: ConversationReference) -> None:
        place = Activity(
            conversation=reference.conversation, service_url=reference.service_url, from_property=reference.bot
        )
        await self._channel.delete(to_conversation(place)[0], reference.activity_id)

    async def _log_failure(self, context: TurnContext, error: Exception) -> None:
        """A turn's own errors became sentences before: this is a reply that was not sent, or an event's failure."""
        context.turn_state[_FAILURE] = error
        known = isinstance(error, AlertDeskError)
        _log.log(
            30 if known else 40,
            "activity_failed",
            type=context.activity.type,
            activity_id=context.activity.id,
            error=type(error).__name__,
            problem=error.message if isinstance(error, AlertDeskError) else "",
            exc_info=None if known else error,
        )
