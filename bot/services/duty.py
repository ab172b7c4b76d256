"""The duty rosters of conversations: who may change them, and that only members of the conversation stand in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.audit import AuditEntry
from bot.domain.duty import EXCEPTIONS_MOST, PEOPLE_MOST, TOGETHER_MOST, Duty, Member
from bot.domain.people import Conversation, ConversationKind, Person
from bot.domain.policy import Act
from bot.errors import NotChecked, UserError
from bot.ports import Environment
from bot.services.access import Access
from bot.texts import duty as texts

_TRIES = 3

Change = Callable[[Duty, datetime], Duty]
"""A roster as it is to be after a change at that moment."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change in words for the record: what is done, to whom, and the week, tag or zone that is meant."""

    do: str
    names: tuple[str, ...] = ()
    word: str = ""


class DutyRosters:
    def __init__(self, env: Environment, access: Access) -> None:
        self._env, self._access = env, access

    async def of(self, conversation_id: str) -> Duty:
        async with self._env.store.read() as tx:
            return (await tx.duties.get(conversation_id))[0]

    async def may(self, person: Person, conversation: Conversation, activity_id: str) -> tuple[Person, str]:
        """The person, and for which of the conversation's partners they may change its roster now.

        Raises UserError in a personal chat and where no alerts are sent, else as Access.require.
        """
        if conversation.kind == ConversationKind.PERSONAL:
            raise UserError(texts.IN_THE_CONVERSATION, code="not_here")
        return await self._access.require_here(Act.DUTY, person, conversation, activity_id)

    async def members(self, conversation: Conversation, ids: Sequence[str], names: Sequence[str]) -> tuple[Member, ...]:
        """Looked up on the conversation's roster, all or none. Raises UserError for who does not stand there, and
        NotChecked where it could not be asked."""
        try:
            found = await asyncio.gather(*(self._access.on_roster(conversation, each) for each in ids))
        except NotChecked as problem:
            raise NotChecked(texts.ROSTER_AWAY, code=problem.code) from problem
        for position, person in enumerate(found):
            if person is None or not person.aad_id:
                raise UserError(
                    texts.not_a_member(names[position] if position < len(names) else ""), code="not_a_member"
                )
        people = [Member(each.aad_id, each.mri, each.name) for each in found if each is not None]
        return tuple({each.id: each for each in people}.values())

    async def change(
        self, conversation: Conversation, change: Change, wanted: Wanted, by: Person, partner: str
    ) -> Duty:
        """Written with its audit row. Raises UserError where the roster would be too large."""
        for _ in range(_TRIES):
            now = self._env.clock.now()
            async with self._env.store.write() as tx:
                before, version = await tx.duties.get(conversation.id)
                after = change(before, now)
                if _too_large(after):
                    raise UserError(texts.too_many(), code="too_many")
                if not await tx.duties.put(conversation.id, after, version, now):
                    continue
                detail = {"do": wanted.do, "people": list(wanted.names), "word": wanted.word}
                entry = AuditEntry(partner, Act.DUTY, "done", by.aad_id, by.name, conversation.id, detail)
                await tx.audit.append(entry, now)
                return after
        raise NotChecked(texts.CHANGED_MEANWHILE, code="changed_meanwhile")


def _too_large(roster: Duty) -> bool:
    return (
        max(len(roster.rotation), len(roster.managers)) > PEOPLE_MOST
        or len(roster.exceptions) > EXCEPTIONS_MOST
        or any(len(who) > TOGETHER_MOST for who in roster.exceptions.values())
    )
