"""`routes`: what is sent where, what stands in the way, and why an alert came, or did not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.chat.acting import Acting
from bot.chat.feature import CommandHandler, Typed, VerbHandler
from bot.chat.routing_views import Lead, all_view, here_view, where_view, why_view
from bot.chat.turn import Reply, ShowCard, Turn
from bot.domain.alerts import AlertRecord
from bot.domain.escalation import Plan
from bot.domain.people import Route
from bot.domain.routing import Found, Term, terms
from bot.errors import NotAllowed
from bot.ports import Environment, Transaction
from bot.services import filter_words
from bot.services.access import Access
from bot.services.filtering import route_query
from bot.texts import routes as texts
from cards.info import info_card
from cards.views import InfoView

ROUTES_MOST = 20
"""Routes that one answer tells of."""


class Routing:
    def __init__(self, env: Environment, acting: Acting, access: Access, plan: Plan) -> None:
        self._env, self._acting, self._access, self._plan = env, acting, access, plan

    def verbs(self) -> Mapping[str, VerbHandler]:
        return {}

    def commands(self, typed: Typed) -> Mapping[str, CommandHandler]:
        return {"routes": self.routes}

    async def routes(self, turn: Turn, rest: str) -> Reply:
        """With an alert, or in an alert's own thread, why that one came."""
        if rest or await self._acting.of_thread(turn) is not None:
            view = await self._why(turn, await self._acting.meant(turn, rest, whole=False))
        elif turn.is_personal:
            view = await self._everywhere(turn)
        else:
            view = await self._here(turn)
        return ShowCard(info_card(view), summary=view.title)

    async def _here(self, turn: Turn) -> InfoView:
        here = turn.conversation.id
        async with self._env.store.read() as tx:
            found = await tx.conversations.routes(here)
            leads = await self._leads(tx, [each for each in found if each.partner in self._env.partners])
            roster, _ = await tx.duties.get(here)
            digests = await tx.digests.of(here)
        return here_view(leads, roster, self._plan, [each.schedule for each in digests])

    async def _everywhere(self, turn: Turn) -> InfoView:
        """All routes of the partners whose Admin Agent the person is."""
        partners = await self._access.agent_of(turn.person, turn.conversation)
        if not partners:
            raise NotAllowed(texts.ONLY_ADMIN_AGENTS, code="lacks_role")
        async with self._env.store.read() as tx:
            found = [route for partner in sorted(partners) for route in await tx.conversations.routes(partner=partner)]
            leads = await self._leads(tx, found[:ROUTES_MOST])
        return all_view(leads, more=len(found) > ROUTES_MOST)

    async def _why(self, turn: Turn, record: AlertRecord) -> InfoView:
        async with self._env.store.read() as tx:
            if not turn.is_personal:
                found = await tx.conversations.routes(turn.conversation.id, record.alert.partner)
                route = found[0] if found else None
                return why_view(await self._found(tx, record, turn.conversation.id, route))
            routes = (await tx.conversations.routes(partner=record.alert.partner))[:ROUTES_MOST]
            leads = await self._leads(tx, routes)
            about = [await self._found(tx, record, each.conversation_id, each) for each in routes]
        return where_view(record, list(zip(leads, about, strict=True)))

    async def _leads(self, tx: Transaction, routes: Sequence[Route]) -> list[Lead]:
        several = len(self._env.partners) > 1
        return [
            Lead(
                each,
                await tx.conversations.get(each.conversation_id),
                self._env.partners[each.partner].name if several else "",
                await tx.outbox.refused_in(each.conversation_id) if each.on else "",
            )
            for each in routes
        ]

    async def _found(self, tx: Transaction, record: AlertRecord, where: str, route: Route | None) -> Found:
        """What there is about the alert in a conversation. Its filter is looked at as of when the alert came."""
        conversation = await tx.conversations.get(where)
        cards = [card for card in await tx.cards.of_alert(record.alert.key) if card.conversation_id == where]
        standing = [card for card in cards if not card.replaced_by] or cards
        rolled = any(
            not each.left and each.rollup.conversation_id == where
            for each in await tx.rollups.of_alert(record.alert.key)
        )
        conditions: tuple[Term, ...] = ()
        if route is not None:
            wanted = route_query(route, self._env.partners, record.first_seen_at)
            asked = filter_words.parse(route.filter, default="all").partners
            conditions = terms(wanted, record, asked)
        state = conversation.state if conversation is not None else ""
        return Found(record, route, state, standing[0] if standing else None, rolled, conditions)
