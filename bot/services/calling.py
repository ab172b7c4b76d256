"""Whom a step of an escalation calls in a conversation, and how each of them is reached."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from bot.domain.delivery import MENTIONS_MOST, Mention
from bot.domain.duty import Duty, Member
from bot.domain.escalation import Step, Why
from bot.domain.people import Conversation, ConversationKind, Person
from bot.errors import AlertDeskError
from bot.ports import Channel, Environment
from bot.services.approvers import Approvers
from bot.services.personal import chat_with
from bot.telemetry.log import get_logger

_AT_ONCE = 6
TAG = "tag"
"""How a Teams tag is called in a message: Teams shows its own name for it."""

log = get_logger("calling")


@dataclass(frozen=True, slots=True)
class Chat:
    """A personal chat to write to, whose it is, and why."""

    conversation: Conversation
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Called:
    """`mentions` ring in the conversation, `chats` get a personal message. For the rest see domain's Call."""

    mentions: tuple[Mention, ...] = ()
    chats: tuple[Chat, ...] = ()
    unreached: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    nobody: bool = False
    instead: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    member: Member
    mri: str = ""  # on the conversation's roster
    chat: Conversation | None = None


class Calling:
    def __init__(self, env: Environment, channel: Channel, approvers: Approvers) -> None:
        self._env, self._channel, self._approvers = env, channel, approvers

    async def whom(self, step: int, conversation: Conversation, roster: Duty, partners: Collection[str]) -> Called:
        """Looked up now. Who cannot be looked up counts as one who is there: a call too many is better than none."""
        if conversation.kind == ConversationKind.PERSONAL:
            return Called(alone=True)  # the one who reads it is the one to be called
        on_duty = roster.on_duty(self._env.clock.now())
        bosses: tuple[Member, ...] = ()
        if step == Step.MANAGERS:
            bosses = roster.managers or await self._approving(partners)
        people = _once((*bosses, *on_duty))[:MENTIONS_MOST]
        gate = asyncio.Semaphore(_AT_ONCE)
        personal = step != Step.MENTION
        found = await asyncio.gather(*(self._find(each, conversation, gate, personal=personal) for each in people))
        tag = (
            (Mention(roster.tag, TAG, tag=True),)
            if roster.tag and conversation.kind == ConversationKind.CHANNEL
            else ()
        )
        rung = tuple(Mention(each.mri, each.member.name) for each in found if each.mri)
        if step == Step.MESSAGE:
            rung = ()  # they are rung in person
        return Called(
            mentions=tag if tag and (step == Step.MENTION or not people) else rung,
            chats=tuple(
                Chat(each.chat, each.member.name, _why(each.member, on_duty, roster))
                for each in found
                if each.chat is not None
            ),
            unreached=tuple(each.member.name for each in found if personal and each.chat is None),
            absent=tuple(each.member.name for each in found if not each.mri and each.member not in bosses),
            nobody=not on_duty and not tag,
            instead=bool(bosses) and not roster.managers,
        )

    async def _approving(self, partners: Collection[str]) -> tuple[Member, ...]:
        """Who may approve cancellations for these partners: where there are no managers, they are asked."""
        people: list[Person] = []
        for partner in sorted(partners):
            try:
                people += await self._approvers.people(self._env.partners[partner], "")
            except AlertDeskError as problem:
                log.warning("approvers_not_read", partner=partner, code=problem.code, problem=problem.message)
                async with self._env.store.read() as tx:
                    people += await tx.people.holders(partner, MENTIONS_MOST)
        return _once(Member(person.aad_id, person.mri, person.name) for person in people if person.aad_id)

    async def _find(
        self, member: Member, conversation: Conversation, gate: asyncio.Semaphore, *, personal: bool
    ) -> _Found:
        async with gate:
            mri = member.mri
            try:
                known = await self._channel.member(conversation, member.id)
                mri = known.mri if known is not None else ""
                if known is not None and not member.name:
                    member = replace(member, name=known.name)
            except AlertDeskError as problem:
                log.warning("member_not_found_out", conversation=conversation.id, code=problem.code)
            chat: Conversation | None = None
            if personal:
                person = Person(aad_id=member.id, mri=mri or member.mri, name=member.name)
                try:
                    chat = await chat_with(person, conversation, self._env, self._channel)
                except AlertDeskError as problem:
                    log.warning("chat_not_found", person=member.id, code=problem.code, problem=problem.message)
            return _Found(member, mri, chat)


def _why(member: Member, on_duty: Collection[Member], roster: Duty) -> Why:
    if member.id in {each.id for each in on_duty}:
        return Why.DUTY
    return Why.MANAGER if roster.managers else Why.APPROVER


def _once(people: Iterable[Member]) -> tuple[Member, ...]:
    return tuple({person.id: person for person in people}.values())
