"""What happens to conversations: installs are greeted, and what we know of a conversation is kept true."""

from __future__ import annotations

from bot.chat.turn import Event, EventKind, Turn
from bot.domain.people import Conversation, ConversationKind, ConversationState, Person
from bot.errors import AlertDeskError, Permanent
from bot.ports import Channel, Environment, Message
from bot.services.conversations import Conversations
from bot.services.rosters import Rosters
from bot.telemetry.log import get_logger
from bot.texts import welcome
from bot.texts.duty import place
from cards import actions
from cards.info import info_card
from cards.views import Button, InfoView, Line

log = get_logger("events")

_CHANNEL_STATES = {
    EventKind.REMOVED: ConversationState.REMOVED,
    EventKind.CHANNEL_DELETED: ConversationState.DELETED,
}
_TEAM_STATES = {
    EventKind.TEAM_DELETED: ConversationState.DELETED,
    EventKind.TEAM_ARCHIVED: ConversationState.ARCHIVED,
    EventKind.TEAM_UNARCHIVED: ConversationState.ACTIVE,
    EventKind.TEAM_RESTORED: ConversationState.ACTIVE,
}


class Events:
    def __init__(self, env: Environment, conversations: Conversations, rosters: Rosters, channel: Channel) -> None:
        self._env, self._conversations, self._rosters, self._channel = env, conversations, rosters, channel

    async def event(self, event: Event) -> None:
        """Raises Transient where it could not be recorded: then Teams should send it again."""
        where = event.conversation
        if event.kind == EventKind.INSTALLED:
            if await self._conversations.installed(where):
                await self._greet(where, event.person, private=event.private)
        elif event.kind == EventKind.MEMBERS_ADDED:
            await self._rosters.came(where)
        elif event.kind == EventKind.MEMBERS_REMOVED:
            await self._rosters.left(where, event.people)
        elif event.kind in (EventKind.CHANNEL_CREATED, EventKind.CHANNEL_RESTORED):
            await self._conversations.heard(where, None)
        elif event.kind == EventKind.REMOVED and where.kind == ConversationKind.CHANNEL and where.team_id:
            await self._conversations.team(where.team_id, ConversationState.REMOVED)
            await self._conversations.stopped(where.id, ConversationState.REMOVED)
        elif event.kind in _CHANNEL_STATES:
            await self._conversations.stopped(where.id, _CHANNEL_STATES[EventKind(event.kind)])
        elif event.kind in _TEAM_STATES:
            await self._conversations.team(where.team_id or where.id, _TEAM_STATES[EventKind(event.kind)])
        elif event.kind == EventKind.CHANNEL_RENAMED:
            await self._conversations.renamed(where.id, event.name)
        elif event.kind == EventKind.TEAM_RENAMED:
            await self._conversations.team_renamed(where.team_id or where.id, event.name)

    async def _greet(self, where: Conversation, installer: Person | None, *, private: bool) -> None:
        """A greeting is a courtesy: one that fails is logged, not repeated. Where a channel does not take it, whoever
        installed the bot is told in person."""
        async with self._env.store.read() as tx:
            routed = any(route.on for route in await tx.conversations.routes(where.id))
        lines: tuple[str, ...] = welcome.WELCOME_ROUTED if routed else welcome.WELCOME
        if where.kind == ConversationKind.PERSONAL:
            lines = welcome.WELCOME_PERSONAL
        buttons = (Button(welcome.SEND_HERE, verb=actions.ROUTE_ON),) if lines is welcome.WELCOME else ()
        view = InfoView(
            welcome.WELCOME_TITLE,
            tuple(Line(line) for line in lines),
            buttons=buttons,
            fallback_text=welcome.WELCOME_TITLE,
        )
        try:
            await self._channel.send(where, Message(card=info_card(view), summary=welcome.WELCOME_TITLE))
        except AlertDeskError as problem:
            log.warning("greeting_not_sent", conversation=where.id, code=problem.code, problem=problem.message)
            if isinstance(problem, Permanent) and where.kind == ConversationKind.CHANNEL and installer is not None:
                await self._told_in_person(where, installer, problem, private=private)

    async def unheard(self, turn: Turn, problem: Permanent) -> None:
        """Teams took no answer there: whoever spoke is told in person, for they get no other sign."""
        if not turn.is_personal:
            await self._told_in_person(turn.conversation, turn.person, problem, private=turn.private)

    async def _told_in_person(self, where: Conversation, person: Person, problem: Permanent, *, private: bool) -> None:
        text = welcome.PRIVATE_CHANNEL if private else welcome.not_taken(place(where), problem.message)
        try:
            chat = await self._channel.personal(person, where)
            await self._channel.send(chat, Message(text=text))
        except AlertDeskError as problem:
            log.warning("not_told_in_person", conversation=where.id, code=problem.code)
