"""Routes: which partner's alerts go to which conversation, and how a new route begins.

A route begins with one summary card, then the cards of the open alerts younger than 24 h, highest severity first, at
most ten; the summary counts the rest.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.audit import AuditEntry
from bot.domain.delivery import ItemKind, NewItem
from bot.domain.filters import AlertQuery
from bot.domain.people import BY_SETTINGS, Conversation, ConversationState, Person, Route
from bot.domain.policy import Act
from bot.errors import NotAllowed, Transient, Unknown, UserError
from bot.ports import Environment
from bot.services.access import Access
from bot.services.cards import CardWork
from bot.services.filtering import check_route_words, route_query, words_query
from bot.texts import en as texts
from bot.texts import welcome

FIRST_CARDS = 10
YOUNG = timedelta(hours=24)
SUMMARY_PRIORITY = 9


class Routes:
    def __init__(self, env: Environment, access: Access, cards: CardWork) -> None:
        self._env, self._access, self._cards = env, access, cards

    async def configured(self) -> None:
        """Make the routes of PARTNERS[].channels true; the conversation may become known later."""
        async with self._env.store.write() as tx:
            for partner in self._env.partners.values():
                for channel in partner.channels:
                    if not await tx.conversations.routes(channel, partner.tenant_id):
                        route = Route(channel, partner.tenant_id, on=True, by_name=BY_SETTINGS)
                        await tx.conversations.put_route(route)
        self._access.routes_changed()

    async def subscribe(self, person: Person, conversation: Conversation, words: str) -> tuple[str, ...]:
        """Turn on, here, the routes of every partner whose Admin Agent the person is; where the words name partners, of
        those alone. Returns the partners' names.

        Raises NotAllowed where there is none, Unknown where none is named so, UserError where the words make no filter.
        """
        check_route_words(words)
        return await self._turn(person, conversation, on=True, words=words.strip())

    async def unsubscribe(self, person: Person, conversation: Conversation) -> tuple[str, ...]:
        return await self._turn(person, conversation, on=False, words="")

    async def _turn(self, person: Person, conversation: Conversation, *, on: bool, words: str) -> tuple[str, ...]:
        known = await self._access.known(person, conversation)
        own = [partner for partner in self._env.partners.values() if known.may_stand_in(partner.roles_in)]
        if not own:
            raise NotAllowed(texts.OTHER_TENANT, code="other_tenant")
        if on:  # a route of another partner than those that the words name would let nothing through
            among = frozenset(partner.tenant_id for partner in own)
            meant = words_query(words, among, self._env.partners, self._env.clock.now(), default="all").partners
            own = [partner for partner in own if partner.tenant_id in meant]
            if not own:
                raise Unknown(welcome.no_partner_to_route(words), code="unknown_partner")
        allowed: list[str] = []
        problem: UserError | Transient | None = None
        for partner in own:
            try:
                await self._access.require(Act.ROUTE, known, partner, conversation, conversation.id)
                allowed.append(partner.tenant_id)
            except (NotAllowed, Transient) as no:
                problem = no
        if not allowed and problem is not None:
            raise problem
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            for tenant in allowed:
                existing = await tx.conversations.routes(conversation.id, tenant)
                if not on and not (existing and existing[0].on):
                    continue
                same = on and bool(existing) and existing[0].on and existing[0].filter == words
                if same:
                    continue
                route = Route(conversation.id, tenant, on, words, known.aad_id, known.name, summarised=not on)
                await tx.conversations.put_route(route)
                entry = AuditEntry(
                    tenant,
                    "route on" if on else "route off",
                    "done",
                    known.aad_id,
                    known.name,
                    conversation.id,
                    {"filter": words},
                )
                await tx.audit.append(entry, now)
        self._access.routes_changed()
        if on:
            for tenant in allowed:
                await self.open_new(tenant)
        return tuple(self._env.partners[tenant].name for tenant in allowed)

    async def open_new(self, partner: str) -> None:
        """Begin the partner's routes that have not begun: its first sync is done and the conversation is known."""
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            if not (await tx.syncs.get(partner)).baseline:
                return
            for route in await tx.conversations.routes(partner=partner):
                conversation = await tx.conversations.get(route.conversation_id)
                if (
                    not route.on
                    or route.summarised
                    or conversation is None
                    or conversation.state != ConversationState.ACTIVE
                ):
                    continue
                wanted = route_query(route, self._env.partners, now)
                young = await tx.alerts.page(_young_and_open(wanted, now), None, FIRST_CARDS)
                await tx.conversations.put_route(replace(route, summarised=True, begun_at=now))
                await tx.outbox.add(
                    [
                        NewItem(
                            route.conversation_id,
                            ItemKind.SUMMARY_CARD,
                            payload={"partner": partner, "posted": len(young.records)},
                            priority=SUMMARY_PRIORITY,
                            dedup_key=f"summary:{partner}",
                        )
                    ],
                    now,
                )
                self._env.outbox_work.set()
                for record in young.records:
                    await self._cards.post(tx, record, [route])

    async def begin_in(self, conversation_id: str) -> None:
        """A conversation has become known or active: begin what waits for it."""
        async with self._env.store.read() as tx:
            waiting = {
                route.partner
                for route in await tx.conversations.routes(conversation_id)
                if route.on and not route.summarised
            }
        for partner in waiting:
            await self.open_new(partner)


def _young_and_open(wanted: AlertQuery, now: datetime) -> AlertQuery:
    return replace(wanted, unresolved=True, detected_from=max(wanted.detected_from or now - YOUNG, now - YOUNG))
