"""Card work: which outbox items an alert's news causes. Runs inside the caller's transaction, so that news and work
are recorded together or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from bot.domain import deadline
from bot.domain.alerts import AlertKey, AlertRecord, severity_rank
from bot.domain.cancellations import Cancellation
from bot.domain.delivery import CardPost, ItemKind, Mention, NewItem, spoken
from bot.domain.filters import AlertQuery, Sort, matches
from bot.domain.people import Route
from bot.ports import Environment, Transaction
from bot.services.filtering import route_query
from bot.services.rollups import RollUps
from bot.services.waking import reminders

LINE_PRIORITY = 5
"""A decision is seen before further cards are posted: one line is short, and it ends somebody's worry."""

PROGRESS_PRIORITY = 6
"""Who waits for many alerts to be marked sees how far it is before each of their cards is drawn anew."""
PROGRESS_EVERY = timedelta(seconds=2)


VIEW_PRIORITY = 0
VIEWS_MOST = 10
VIEWS_AFTER = timedelta(seconds=60)
"""A client asks for its person's view after an edit, but not where its last answer is under a minute old; and by then
no replica remembers another role than the store."""


class CardWork:
    def __init__(self, env: Environment) -> None:
        self._env = env
        self.rollups = RollUps(env)

    async def announce(self, tx: Transaction, record: AlertRecord) -> int:
        """A new alert: a card for each route that wants it, or in a storm a place in a roll-up. Returns how many routes
        had none yet."""
        routes = [
            route for route in await tx.conversations.routes(partner=record.alert.partner) if self.wants(route, record)
        ]
        posted = await self.post(tx, record, routes, arriving=True)
        await self._show_to_approvers(tx, record)
        return posted

    async def _show_to_approvers(self, tx: Transaction, record: AlertRecord) -> None:
        """Who is to decide on cancelling this alert's subscription sees what is new before they do."""
        subscription = record.alert.subscription_id.lower()
        if not subscription:
            return
        c = (await tx.cancellations.last_on(record.alert.partner, [subscription])).get(subscription)
        if c is not None and c.is_decidable:
            await self.redraw_request(tx, c)

    async def redraw_request(self, tx: Transaction, c: Cancellation) -> None:
        """Draw the cards of a request anew, wherever they stand."""
        items = [
            NewItem(
                card.conversation_id,
                ItemKind.REQUEST_UPDATE,
                card.id,
                priority=LINE_PRIORITY,
                dedup_key=f"request:{card.id}",
            )
            for card in await tx.request_cards.of_request(c.number)
        ]
        await tx.outbox.add(items, self._env.clock.now())
        self._env.outbox_work.set()

    async def say_below_request(
        self,
        tx: Transaction,
        c: Cancellation,
        line: str,
        mentions: Mapping[str, tuple[Mention, ...]] = MappingProxyType({}),
    ) -> frozenset[str]:
        """Say the line below the request's own cards, where the alert that it came from has neither a card nor a
        roll-up below which it is said: a card that is redrawn rings nobody. Returns in which conversations that is.

        `mentions` as of `changed`.
        """
        told: set[str] = set()
        for alert_id in c.plan.alerts[:1]:
            key = AlertKey(c.plan.partner, alert_id)
            told |= {card.conversation_id for card in await tx.cards.of_alert(key) if not card.replaced_by}
            told |= {each.rollup.conversation_id for each in await tx.rollups.of_alert(key) if not each.left}
        items = [
            NewItem(
                card.conversation_id,
                ItemKind.REQUEST_LINE,
                card.id,
                spoken(line, mentions.get(card.conversation_id, ())),
                priority=LINE_PRIORITY,
            )
            for card in await tx.request_cards.of_request(c.number)
            if not card.person_id and not card.root_card_id and card.conversation_id not in told
        ]
        await tx.outbox.add(items, self._env.clock.now())
        self._env.outbox_work.set()
        return frozenset(item.conversation_id for item in items)

    def wants(self, route: Route, record: AlertRecord) -> bool:
        if not route.on or not route.summarised:
            return False  # a new route starts with its summary, which posts what is open
        wanted = route_query(route, self._env.partners, self._env.clock.now())
        return matches(wanted, record.alert, record.customer_name, record.reseller_name, record.work)

    async def post(self, tx: Transaction, record: AlertRecord, routes: list[Route], *, arriving: bool = False) -> int:
        """A card for each of these routes that has none yet, or a roll-up that stands for it. Returns how many.

        An alert that is `arriving` counts as one, and may make a storm; see RollUps.take.
        """
        present = await tx.rollups.shown_in(record)
        posted = 0
        for route in routes:
            if route.conversation_id not in present:
                if not await self.rollups.take(tx, record, route.conversation_id, arriving=arriving):
                    await self._post_one(tx, record, route.conversation_id, replaces="")
                if record.version > 1:  # reopened: a closed roll-up stands for it no longer
                    await tx.rollups.left(route.conversation_id, record.number, self._env.clock.now())
                posted += 1
        return posted

    async def replace(self, tx: Transaction, card: CardPost, record: AlertRecord) -> None:
        """The card is gone from its conversation: post another that names the old one."""
        fresh = await self._post_one(tx, record, card.conversation_id, replaces=card.id)
        await tx.cards.replaced(card.id, by=fresh)

    async def _post_one(self, tx: Transaction, record: AlertRecord, conversation_id: str, replaces: str) -> str:
        now = self._env.clock.now()
        rank = severity_rank(record.alert.severity)
        card = CardPost(self._env.ids.guid(), record.alert.key, conversation_id, "", now, replaces)
        await tx.cards.add(card)
        items = [
            NewItem(
                conversation_id,
                ItemKind.ALERT_CARD,
                card.id,
                priority=rank,
                dedup_key=f"card:{card.id}",
            )
        ]
        if record.alert.is_open:
            items += [
                NewItem(
                    conversation_id,
                    ItemKind.ALERT_UPDATE,
                    card.id,
                    {"clock": True},
                    priority=rank,
                    dedup_key=f"clock:{card.id}:{moment.isoformat()}",
                    available_at=moment,
                )
                for moment in deadline.redraws(record.alert, now)
            ]
            items += reminders(card, record, now)
        await tx.outbox.add(items, now)
        self._env.outbox_work.set()
        return card.id

    async def bulk_changed(self, tx: Transaction, run_id: str, conversation_id: str) -> None:
        """Draw the card of a run that marks many alerts anew, a moment from now: much changes there at once."""
        now = self._env.clock.now()
        item = NewItem(
            conversation_id,
            ItemKind.BULK_UPDATE,
            run_id,
            priority=PROGRESS_PRIORITY,
            dedup_key=f"bulk:{run_id}",
            available_at=now + PROGRESS_EVERY,
        )
        await tx.outbox.add([item], now)
        self._env.outbox_work.set()

    async def changed(
        self,
        tx: Transaction,
        key: AlertKey,
        line: str = "",
        mentions: Mapping[str, tuple[Mention, ...]] = MappingProxyType({}),
    ) -> None:
        """Redraw the alert's cards and roll-ups wherever they stand; with a line, say it in their threads too.

        `mentions` are those whom it rings, by conversation. Where the alert has no card of its own, and so no thread,
        such a line is said in the conversation.
        """
        now = self._env.clock.now()
        items, unheard = [], dict(mentions)
        for card in await tx.cards.of_alert(key):
            if card.replaced_by:
                continue
            items.append(
                NewItem(
                    card.conversation_id,
                    ItemKind.ALERT_UPDATE,
                    card.id,
                    priority=LINE_PRIORITY,
                    dedup_key=f"update:{card.id}",
                )
            )
            if line:
                said = spoken(line, unheard.pop(card.conversation_id, ()))
                items.append(NewItem(card.conversation_id, ItemKind.THREAD_LINE, card.id, said, priority=LINE_PRIORITY))
        items += [
            NewItem(conversation_id, ItemKind.NOTICE, payload=spoken(line, people), priority=LINE_PRIORITY)
            for conversation_id, people in unheard.items()
        ]
        if items:
            await tx.outbox.add(items, now)
            self._env.outbox_work.set()
        await self.rollups.changed(tx, key, line)

    async def views_changed(self, partner: str) -> None:
        """Somebody's role has changed: edit the cards of the partner's newest open alerts, so that open clients ask for
        their persons' views. Further up whoever scrolls there gets theirs by that."""
        now = self._env.clock.now()
        newest = AlertQuery(frozenset({partner}), unresolved=True, sort=Sort.NEWEST)
        async with self._env.store.write() as tx:
            items = [
                NewItem(
                    card.conversation_id,
                    ItemKind.ALERT_UPDATE,
                    card.id,
                    priority=VIEW_PRIORITY,
                    dedup_key=f"view:{card.id}",  # of its own: an alert's own change must not wait for this
                    available_at=now + VIEWS_AFTER,
                )
                for record in await tx.alerts.first(newest, VIEWS_MOST)
                for card in await tx.cards.of_alert(record.alert.key)
                if not card.replaced_by
            ]
            await tx.outbox.add(items, now)
        self._env.outbox_work.set()
