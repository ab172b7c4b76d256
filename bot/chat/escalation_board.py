"""Draws what an escalation says, from the newest state: what was answered while it waited to be sent is left out."""

from __future__ import annotations

from collections.abc import Sequence

from bot.chat.board import Board
from bot.domain.alerts import AlertRecord
from bot.domain.delivery import OutboxItem, called
from bot.domain.escalation import Call, waits
from bot.ports import Environment, Message
from bot.texts import duty as duty_texts
from bot.texts import escalation as texts
from cards import actions
from cards.info import info_card
from cards.views import Button, InfoView, Line

_LISTED = 8


class EscalationBoard:
    def __init__(self, env: Environment, board: Board) -> None:
        self._env, self._board = env, board

    async def line(self, item: OutboxItem) -> Message | None:
        """None where all of them were answered meanwhile."""
        call = Call.of(item.payload)
        waiting, count = await self._waiting(call)
        if not waiting:
            return None
        summaries = [(record, self._board.summary(record)) for record in waiting]
        text = texts.line(call, summaries, count, self._env.clock.now())
        return Message(text=text, mentions=called(item.payload))

    async def message(self, item: OutboxItem) -> Message | None:
        """What somebody gets in person: the alert's card with its buttons, or a list of the worst."""
        call = Call.of(item.payload)
        waiting, count = await self._waiting(call)
        if not waiting:
            return None
        async with self._env.store.read() as tx:
            conversation = await tx.conversations.get(call.conversation_id)
        place = duty_texts.place(conversation)
        if count == 1:
            said = texts.lead(call, waiting[0], place, self._env.clock.now())
            lead = Line(said, "attention", strong=True)
            card = await self._board.card(waiting[0], "", shorter=item.shorter, lead=lead)
            return Message(card=card, summary=self._board.summary(waiting[0]))
        listed = [self._board.summary(record) for record in waiting[:_LISTED]]
        view = many_view(call, listed, count, place, drill=texts.drilled(waiting))
        return Message(card=info_card(view, item.shorter), summary=view.title)

    async def _waiting(self, call: Call) -> tuple[list[AlertRecord], int]:
        """Those that still wait of the alerts that the call names, and how many there are in all."""
        now = self._env.clock.now()
        async with self._env.store.read() as tx:
            records = await tx.alerts.many(call.alerts)
        waiting = [records[key] for key in call.alerts if key in records and waits(records[key], now)]
        return waiting, call.count - (len(call.alerts) - len(waiting))


def many_view(call: Call, listed: Sequence[str], count: int, place: str, *, drill: bool) -> InfoView:
    """Many alerts in one message: `listed` are the summaries of the worst of the `count`."""
    others = count - len(listed)
    title = texts.many_title(count, drill=drill)
    return InfoView(
        title=title,
        lines=(Line(texts.many_why(call, place), "attention"),),
        items=(*listed, *((texts.many_more(others),) if others > 0 else ())),
        buttons=(Button(texts.SHOW_THEM, verb=actions.LIST_PAGE, data={"words": texts.WORDS}),),
        fallback_text=texts.message_fallback(f"{title}. {listed[0]}."),
    )
