"""Keeps what we know of conversations true: who is there, where they are, and whether they take messages."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.people import Conversation, ConversationState, Person
from bot.ports import Environment
from bot.services.memory import Memory
from bot.services.reach import Reach
from bot.services.routes import Routes
from bot.texts import delivery as texts

_SEEN_SECONDS = 60.0
_ON_SECONDS = 2.0


class Conversations:
    """A stop by Teams (removed, archived, deleted) keeps routes and work; an install or a message brings them back."""

    def __init__(self, env: Environment, routes: Routes, reach: Reach) -> None:
        self._env, self._routes, self._reach = env, routes, reach
        self._seen: Memory[tuple[str, str, str], bool] = Memory(_SEEN_SECONDS)
        self._on: Memory[tuple[str, int], bool] = Memory(_ON_SECONDS)

    async def heard(self, conversation: Conversation, person: Person | None) -> None:
        """Someone spoke or pressed there: the address is good, and the conversation is alive. Cheap when repeated."""
        key = (conversation.id, conversation.service_url, person.mri if person else "")
        at = self._env.clock.monotonic()
        if self._seen.get(key, at) and not await self._is_off(conversation.id):
            return
        async with self._env.store.write() as tx:
            known = await tx.conversations.get(conversation.id)
            fresh = _merged(known, conversation)
            if fresh != known:
                await tx.conversations.put(fresh)
            if person is not None and person.aad_id:
                await tx.people.seen(person, conversation.id, self._env.clock.now())
        self._seen.put(key, True, at)
        if known is None or known.state != ConversationState.ACTIVE:
            await self._alive(conversation.id, was_off=known is not None)

    async def installed(self, conversation: Conversation) -> bool:
        """Whether it is new to us (then it is greeted)."""
        async with self._env.store.write() as tx:
            known = await tx.conversations.get(conversation.id)
            await tx.conversations.put(_merged(known, conversation))
        await self._alive(conversation.id, was_off=known is not None and known.state != ConversationState.ACTIVE)
        return known is None or known.state != ConversationState.ACTIVE

    async def stopped(self, conversation_id: str, state: str) -> None:
        async with self._env.store.write() as tx:
            await self._reach.lost(tx, [conversation_id], state, texts.stopped(state))
        self._seen.clear()

    async def team(self, team_id: str, state: str) -> None:
        """Something happened to a whole team: archived, deleted, or back again."""
        async with self._env.store.write() as tx:
            members = await tx.conversations.of_team(team_id)
            if state == ConversationState.ACTIVE:
                for conversation in members:
                    await tx.conversations.set_state(conversation.id, state)
            else:
                await self._reach.lost(tx, [each.id for each in members], state, texts.stopped(state))
        self._seen.clear()
        if state == ConversationState.ACTIVE:
            for conversation in members:
                await self._alive(conversation.id, was_off=conversation.state != ConversationState.ACTIVE)

    async def renamed(self, conversation_id: str, name: str) -> None:
        async with self._env.store.write() as tx:
            if (known := await tx.conversations.get(conversation_id)) is not None:
                await tx.conversations.put(replace(known, name=name))

    async def team_renamed(self, team_id: str, name: str) -> None:
        async with self._env.store.write() as tx:
            for conversation in await tx.conversations.of_team(team_id):
                await tx.conversations.put(replace(conversation, team_name=name))

    async def _is_off(self, conversation_id: str) -> bool:
        """Whether it was switched off meanwhile, by whoever sends: here, or (noticed two seconds later) in another
        replica. Not asked of the database at each of a busy channel's turns, of which this would be half the cost."""
        key, at = (conversation_id, self._reach.times), self._env.clock.monotonic()
        if self._on.get(key, at):
            return False
        async with self._env.store.read() as tx:
            known = await tx.conversations.get(conversation_id)
        off = known is not None and known.state != ConversationState.ACTIVE
        if not off:
            self._on.put(key, True, at)
        return off

    async def _alive(self, conversation_id: str, *, was_off: bool) -> None:
        async with self._env.store.write() as tx:
            await self._reach.back(tx, conversation_id, was_off=was_off)
        self._env.outbox_work.set()
        await self._routes.begin_in(conversation_id)


def _merged(known: Conversation | None, heard: Conversation) -> Conversation:
    """What an activity tells outweighs what we knew, but an activity that leaves something out does not erase it."""
    if known is None:
        return replace(heard, state=ConversationState.ACTIVE)
    return replace(
        heard,
        name=heard.name or known.name,
        team_id=heard.team_id or known.team_id,
        team_name=heard.team_name or known.team_name,
        person_id=heard.person_id or known.person_id,
        tenant_id=heard.tenant_id or known.tenant_id,
        bot_id=heard.bot_id or known.bot_id,
        state=ConversationState.ACTIVE,
    )
