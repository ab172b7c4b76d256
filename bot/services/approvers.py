"""Who may decide on a request, and how they are reached: a card in their personal chat, a mention in the thread."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.domain.alerts import AlertKey
from bot.domain.cancellations import Cancellation, RequestCard
from bot.domain.delivery import ItemKind, NewItem
from bot.domain.people import Conversation, ConversationKind, ConversationState, Partner, Person
from bot.errors import Permanent
from bot.ports import Channel, Directory, Environment, Transaction
from bot.services.cards import LINE_PRIORITY
from bot.services.personal import chat_with, try_again
from bot.telemetry.log import get_logger

MOST_ASKED = 20
"""So many people are asked at most; a group of more is no second pair of eyes but a mailing list. Whoever asked reads
who was not."""
_AT_ONCE = 6

log = get_logger("approvers")


@dataclass(frozen=True, slots=True)
class Reach:
    """One approver. `chat` is their personal chat where there is one, `seats` their MRI in each conversation whose
    roster they are on, and where a card that calls them is still to come."""

    person: Person
    chat: Conversation | None
    seats: tuple[tuple[str, str], ...]  # (conversation id, MRI)

    @property
    def reached(self) -> bool:
        return self.chat is not None or bool(self.seats)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a card of the request stands for all: the thread of an alert's card, or (no root) a post of its own.
    `taken`: one stands there since an earlier call, in which nobody could be found; a redrawn card rings nobody."""

    conversation: Conversation
    root_card_id: str
    taken: bool = False


class Approvers:
    def __init__(self, env: Environment, directory: Directory, channel: Channel, *, two_person: bool) -> None:
        self._env, self._directory, self._channel, self._two_person = env, directory, channel, two_person

    async def people(self, partner: Partner, requester_id: str) -> tuple[Person, ...]:
        """All in the approvers group, or where none is set (or it cannot be read) those known to hold both roles; never
        the requester, where a second person must decide. Raises Transient where the directory is away."""
        group: tuple[Person, ...] = ()
        if partner.approvers_group_id:
            try:
                group = await self._directory.approvers(partner)
            except Permanent as problem:
                log.error("approvers_not_read", partner=partner.tenant_id, code=problem.code, problem=problem.message)
        if not group:
            async with self._env.store.read() as tx:
                group = await tx.people.holders(partner.tenant_id, MOST_ASKED + 1)
        others = [person for person in group if not (self._two_person and person.aad_id == requester_id)]
        return tuple(others)

    async def spots(self, c: Cancellation) -> tuple[Spot, ...]:
        """The threads of the alert from which it was asked; where it has no card, the conversation where it was asked,
        or else those to which the partner's alerts go."""
        async with self._env.store.read() as tx:
            spots = await self._spots(tx, c)
            standing = {card.conversation_id for card in await tx.request_cards.of_request(c.number)}
        return tuple(replace(spot, taken=spot.conversation.id in standing) for spot in spots)

    async def _spots(self, tx: Transaction, c: Cancellation) -> Sequence[Spot]:
        spots = []
        for card in await tx.cards.of_alert(AlertKey(c.plan.partner, c.plan.alerts[0])) if c.plan.alerts else ():
            conversation = await tx.conversations.get(card.conversation_id)
            if conversation is not None and not card.replaced_by and _shared(conversation):
                spots.append(Spot(conversation, card.id))
        if spots:
            return spots
        here = await tx.conversations.get(c.plan.conversation_id)
        if here is not None and _shared(here):
            return [Spot(here, "")]
        routes = [route for route in await tx.conversations.routes(partner=c.plan.partner) if route.on]
        routed = [await tx.conversations.get(route.conversation_id) for route in routes]
        return [Spot(each, "") for each in routed if each is not None and _shared(each)]

    async def reach(self, c: Cancellation, partner: Partner, spots: tuple[Spot, ...]) -> tuple[Reach, ...]:
        """Find each approver's personal chat and place on the rosters. Raises Transient where Teams is away."""
        async with self._env.store.read() as tx:
            like = await tx.conversations.get(c.plan.conversation_id)
        if like is None and spots:
            like = spots[0].conversation
        gate = asyncio.Semaphore(_AT_ONCE)
        people = await self.people(partner, c.plan.by_id)
        reached = await asyncio.gather(*(self._reach(person, like, spots, gate) for person in people[:MOST_ASKED]))
        return *reached, *(Reach(person, None, ()) for person in people[MOST_ASKED:])

    async def _reach(
        self, person: Person, like: Conversation | None, spots: tuple[Spot, ...], gate: asyncio.Semaphore
    ) -> Reach:
        async with gate:
            seats = []
            for spot in spots:
                try:
                    member = await self._channel.member(spot.conversation, person.aad_id)
                except Permanent:
                    continue  # a conversation that we are out of says nothing of them
                if member is None or not member.mri:
                    continue
                person = replace(person, mri=member.mri, name=person.name or member.name)
                if not spot.taken:
                    seats.append((spot.conversation.id, member.mri))
            chat = await chat_with(person, like, self._env, self._channel)
            return Reach(person, chat, tuple(seats))

    async def call(self, tx: Transaction, c: Cancellation, spots: tuple[Spot, ...], reaches: tuple[Reach, ...]) -> None:
        """Write down the cards that ask them: one with each person, one in each spot that mentions who sits there."""
        now = self._env.clock.now()
        cards = []
        for spot in spots:
            if spot.taken:
                continue
            mentions = tuple(
                (mri, reach.person.name)
                for reach in reaches
                for conversation_id, mri in reach.seats
                if conversation_id == spot.conversation.id
            )
            cards.append(
                RequestCard(
                    self._env.ids.guid(), c.number, spot.conversation.id, "", now, spot.root_card_id, mentions=mentions
                )
            )
        for reach in reaches:
            if reach.chat is not None:
                await try_again(tx, reach.chat)
                called, person = ((reach.person.mri, reach.person.name),), reach.person.aad_id
                cards.append(
                    RequestCard(
                        self._env.ids.guid(), c.number, reach.chat.id, "", now, person_id=person, mentions=called
                    )
                )
        for card in cards:
            await tx.request_cards.add(card)
        await tx.outbox.add([item(card) for card in cards], now)
        self._env.outbox_work.set()


def item(card: RequestCard) -> NewItem:
    return NewItem(
        card.conversation_id,
        ItemKind.REQUEST_CARD,
        card.id,
        priority=LINE_PRIORITY + 1,
        dedup_key=f"request-card:{card.id}",
    )


def _shared(conversation: Conversation) -> bool:
    return conversation.kind != ConversationKind.PERSONAL and conversation.state == ConversationState.ACTIVE
