"""Keeps whom we know in a conversation close to its roster, so that cards are drawn in person for those who are there.

For drawing only: whether somebody may act is asked of Teams itself, each time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable

from bot.domain.people import Conversation, ConversationState, Person
from bot.ports import Channel, Environment

MOST_PEOPLE = 500
"""Read of one conversation. A card is drawn in person for sixty; the rest leaves room for who comes and goes."""
MOST_ASKED = 1000


class Rosters:
    """`asked` is set after a roster has changed that should be read again. `gone` is told who (object ids, MRIs) is no
    longer in which conversations."""

    def __init__(
        self,
        env: Environment,
        channel: Channel,
        gone: Callable[[Collection[str], Collection[str]], None] = lambda _people, _conversation_ids: None,
    ) -> None:
        self._env, self._channel, self._gone = env, channel, gone
        self._waiting: dict[str, None] = {}
        self.asked = asyncio.Event()

    async def read(self, conversation_id: str) -> None:
        """Forget who left, remember who is there. Raises what Teams answers; then everything stays as it was."""
        async with self._env.store.read() as tx:
            conversation = await tx.conversations.get(conversation_id)
        if conversation is None or conversation.state != ConversationState.ACTIVE:
            return
        roster = await self._channel.members(conversation, MOST_PEOPLE)
        async with self._env.store.write() as tx:
            await tx.people.stand(roster.people, conversation_id)
            if roster.complete:
                here = {each for person in roster.people for each in (person.aad_id, person.mri)}
                gone = await tx.people.there(conversation_id) - here
                await tx.people.left(gone, conversation_id)
                self._gone(gone, [conversation_id])

    async def came(self, where: Conversation) -> None:
        """Somebody was added there: its rosters are read soon."""
        self._ask(await self._concerned(where))

    async def left(self, where: Conversation, people: Iterable[Person]) -> None:
        """They were removed there: forgotten at once. Who leaves a team leaves its channels; who stays in one of them
        all the same, as can be in a shared channel, is on the roster that is read next."""
        gone = [each for person in people for each in (person.aad_id, person.mri) if each]
        concerned = await self._concerned(where)
        self._gone(gone, concerned)
        async with self._env.store.write() as tx:
            for conversation_id in concerned:
                await tx.people.left(gone, conversation_id)
        self._ask(concerned)

    async def routed(self) -> frozenset[str]:
        """The conversations to which some partner's alerts go."""
        async with self._env.store.read() as tx:
            return frozenset(route.conversation_id for route in await tx.conversations.routes() if route.on)

    def take(self) -> tuple[str, ...]:
        """What is to be read again, each once."""
        waiting, self._waiting = tuple(self._waiting), {}
        self.asked.clear()
        return waiting

    async def _concerned(self, where: Conversation) -> tuple[str, ...]:
        """The conversation; where it is a team's first channel, by whose id the team goes, all of the team's."""
        if not where.team_id or where.team_id != where.id:
            return (where.id,)
        async with self._env.store.read() as tx:
            channels = await tx.conversations.of_team(where.team_id)
        return tuple({where.id: None} | {each.id: None for each in channels})

    def _ask(self, conversation_ids: Iterable[str]) -> None:
        self._waiting |= dict.fromkeys(conversation_ids)
        while len(self._waiting) > MOST_ASKED:  # the hourly reading comes to them
            self._waiting.pop(next(iter(self._waiting)))
        self.asked.set()
