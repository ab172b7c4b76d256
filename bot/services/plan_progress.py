"""Writes a request's progress down: its state, the audit row, the cards and the lines, all in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.domain.audit import AuditEntry
from bot.domain.cancellations import Cancellation, Plan, RequestCard, Seen, State
from bot.domain.delivery import ItemKind, Mention, NewItem
from bot.domain.people import SENT_TO, Conversation, ConversationKind
from bot.errors import Permanent
from bot.ports import Environment, Transaction
from bot.services.cards import LINE_PRIORITY, CardWork
from bot.texts import cancelling as texts

Also = Callable[[Transaction, Cancellation], Awaitable[None]]

MOST_ALERT_CARDS = 200
"""So many alerts of one subscription are drawn anew when its request moves on; more than that nobody reads."""
_OWN_STEPS = frozenset({State.ASKED, State.APPROVED, State.WITHDRAWN})
"""What who asked did themselves, or what is over in a moment: they need not be told of it."""


@dataclass(frozen=True, slots=True)
class Where:
    """The turn in which somebody acts, for the record."""

    conversation: Conversation
    activity_id: str

    @property
    def noted(self) -> dict[str, str]:
        return {"conversation": self.conversation.id, "activity": self.activity_id}


class PlanProgress:
    def __init__(self, env: Environment, cards: CardWork) -> None:
        self._env, self._cards = env, cards

    async def move(
        self,
        before: Cancellation,
        after: Cancellation,
        act: str,
        outcome: str,
        *,
        by: tuple[str, str] = ("", ""),
        detail: Mapping[str, Any] | None = None,
        line: str | None = None,
        rings: bool = False,
        also: Also | None = None,
    ) -> Cancellation | None:
        """The request as it then stands; None where somebody was faster, and then nothing was written.

        `by` is (id, name) of a person, empty for the bot itself. `line` is said in the alert's threads; None: what the
        new state says of itself. It `rings` those whom the request's cards there mention. `also` writes down what else
        belongs to the step.
        """
        async with self._env.store.write() as tx:
            stands = await tx.cancellations.change(before, after)
            if stands is None:
                return None
            await tx.audit.append(entry(stands.plan, act, outcome, by, detail), self._env.clock.now())
            await self.shown(tx, stands, texts.line(stands) if line is None else line, rings=rings)
            if stands.state not in _OWN_STEPS and stands.plan.by_id not in (by[0], stands.approver_id):
                await self.tell_asker(tx, stands, texts.line(stands))
            if also is not None:
                await also(tx, stands)
        return stands

    async def note(self, row: AuditEntry) -> None:
        """Something that was seen or answered, and changes nothing by itself."""
        async with self._env.store.write() as tx:
            await tx.audit.append(row, self._env.clock.now())

    async def keep(
        self, before: Cancellation, after: Cancellation, *, redraw: bool, row: AuditEntry | None = None
    ) -> Cancellation | None:
        """Progress that is no step: nothing to say, and nothing to audit but the `row`."""
        async with self._env.store.write() as tx:
            stands = await tx.cancellations.change(before, after)
            if stands is not None and row is not None:
                await tx.audit.append(row, self._env.clock.now())
            if stands is not None and redraw:
                await self._cards.redraw_request(tx, stands)
        return stands

    async def now(self, c: Cancellation) -> Cancellation:
        """As it stands: somebody else was faster."""
        async with self._env.store.read() as tx:
            return await tx.cancellations.get(c.number) or c

    async def not_called(self, tx: Transaction, conversation_id: str) -> None:
        """Teams refused something in there. Whom a request was to call by a card in there, and by no other, was not
        reached, and whoever waits for them is told so."""
        for number in sorted({card.number for card in await tx.request_cards.unposted(conversation_id)}):
            try:
                c = await tx.cancellations.held(number)  # other cards of it may be refused at this very moment
            except Permanent:  # its plan was changed by hand; the worker says so
                continue
            if c is not None and c.is_decidable:
                await self._not_reached(tx, c)

    async def _not_reached(self, tx: Transaction, c: Cancellation) -> None:
        names = tuple((Counter(c.asked_names) - await self._called(tx, c)).elements())
        asked = list(c.asked_names)
        for name in names:
            asked.remove(name)
        after = replace(c, asked_names=tuple(asked), unreached=(*c.unreached, *names))
        stands = await tx.cancellations.change(c, after) if names else None
        if stands is None:
            return
        detail = {"asked": list(stands.asked_names), "unreached": list(stands.unreached)}
        await tx.audit.append(entry(stands.plan, "call approvers", "undelivered", detail=detail), self._env.clock.now())
        await self.told(tx, stands, texts.not_delivered(stands, names))

    async def _called(self, tx: Transaction, c: Cancellation) -> Counter[str]:
        """The names of those whom a card calls that stands or is still to come: as often as people bear them."""
        people: dict[str, str] = {}
        for card in await tx.request_cards.of_request(c.number):
            if card.activity_id or await self._is_to_come(tx, card):
                people |= {mri or card.person_id: name for mri, name in card.mentions}
        return Counter(people.values())

    async def _is_to_come(self, tx: Transaction, card: RequestCard) -> bool:
        place = await tx.conversations.get(card.conversation_id)
        taken = place is not None and place.state in SENT_TO
        return taken and ItemKind.REQUEST_CARD not in await tx.outbox.parked_of(card.id)

    async def told(self, tx: Transaction, c: Cancellation, line: str) -> None:
        """As `shown`, and to who asked."""
        await self.shown(tx, c, line)
        await self.tell_asker(tx, c, line)

    async def tell_asker(self, tx: Transaction, c: Cancellation, text: str) -> None:
        """Who asked in their own chat reads it there: the alert's thread need not be before them."""
        place = await tx.conversations.get(c.plan.conversation_id)
        if place is not None and place.kind == ConversationKind.PERSONAL:
            said = NewItem(place.id, ItemKind.NOTICE, payload={"text": text}, priority=LINE_PRIORITY)
            await tx.outbox.add([said], self._env.clock.now())

    async def shown(self, tx: Transaction, c: Cancellation, line: str, *, rings: bool = False) -> None:
        """Draw the request's cards anew, and those of all alerts of its subscription; say the line in the thread of
        the alert from which it was asked, or where that has none, below the request's own card. It `rings` as of
        `move`."""
        await self._cards.redraw_request(tx, c)
        mentions = await self._mentioned(tx, c) if rings else {}
        if line:
            said = await self._cards.say_below_request(tx, c, line, mentions)
            mentions = {place: people for place, people in mentions.items() if place not in said}
        plan = c.plan
        records = await tx.alerts.of_subscription(plan.partner, plan.entitlement_id, MOST_ALERT_CARDS)
        await tx.alerts.touch([record.alert.key for record in records], self._env.clock.now())
        origin = plan.alerts[0] if plan.alerts else ""
        for record in records:
            here = record.alert.id == origin
            await self._cards.changed(tx, record.alert.key, line if here else "", mentions if here else {})

    @staticmethod
    async def _mentioned(tx: Transaction, c: Cancellation) -> dict[str, tuple[Mention, ...]]:
        """Whom its cards mention, by shared conversation."""
        cards = await tx.request_cards.of_request(c.number)
        return {
            card.conversation_id: tuple(Mention(mri, name) for mri, name in card.mentions)
            for card in cards
            if card.mentions and not card.person_id
        }


def entry(
    plan: Plan, act: str, outcome: str, by: tuple[str, str] = ("", ""), detail: Mapping[str, Any] | None = None
) -> AuditEntry:
    """An audit row about a request. The plan's digest is in each, so that they all speak of the very same one."""
    about = {"request": plan.label, "plan": plan.digest, "subscription": plan.entitlement_id, **(detail or {})}
    return AuditEntry(plan.partner, act, outcome, by[0], by[1], plan.label, about)


def noted(seen: Seen) -> dict[str, Any]:
    """What re-verification saw, for the record."""
    return {
        "entitlement": {
            "plan id": seen.azure_plan_id,
            "name": seen.entitlement_name,
            "status": seen.entitlement_status,
        },
        "alerts": {
            alert_id: f"{alert.status} {alert.resolved_reason}".strip() for alert_id, alert in seen.alerts.items()
        },
        "requester is Admin Agent": seen.requester.admin_agent,
    }
