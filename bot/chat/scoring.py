"""`score`: Microsoft's security score of the partners that may be read, and which of their customers lack MFA."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.chat.acting import Acting
from bot.chat.feature import CommandHandler, Typed, VerbHandler
from bot.chat.partner_words import named_partners, one_of, sorted_partners
from bot.chat.score_views import of_page, score_view, scores_view
from bot.chat.turn import Reply, Say, ShowCard, Turn
from bot.domain.people import Partner
from bot.ports import Environment
from bot.services.scores import Scores
from bot.texts import scores as texts
from cards import actions
from cards.actions import ScoreAct
from cards.score import score_card

PATIENCE = 1.8
"""Seconds that a turn waits for Microsoft; what is slower shows when the card is refreshed."""
PARTNERS_MOST = 25


class Scoring:
    def __init__(self, env: Environment, acting: Acting, scores: Scores) -> None:
        self._env, self._acting, self._scores = env, acting, scores

    def commands(self, typed: Typed) -> Mapping[str, CommandHandler]:
        return {"score": self._score}

    def verbs(self) -> Mapping[str, VerbHandler]:
        return {actions.SCORE_SHOW: self._show}

    async def _score(self, turn: Turn, rest: str) -> Reply:
        if not self._scores.offered:
            return Say(texts.NOT_OFFERED)
        readable = await self._acting.readable(turn)
        wanted = named_partners(rest, readable, self._env, texts.USAGE)
        return await self._one(wanted[0], readable) if len(wanted) == 1 else await self._all(wanted)

    async def _show(self, turn: Turn, act: ScoreAct) -> Reply:
        if not self._scores.offered:
            return Say(texts.NOT_OFFERED)
        readable = await self._acting.readable(turn)
        if not act.partner:
            return await self._all(sorted_partners(readable, self._env), fresh=act.fresh)
        return await self._one(one_of(act.partner, readable, self._env), readable, act.page, fresh=act.fresh)

    async def _one(self, partner: Partner, readable: frozenset[str], page: int = 1, *, fresh: bool = False) -> Reply:
        sheet, census = await asyncio.gather(
            self._scores.sheet(partner, PATIENCE, fresh=fresh), self._scores.census(partner, PATIENCE, fresh=fresh)
        )
        counted = census.value
        if counted is not None and not of_page(counted, page):
            page = 1
        shown = of_page(counted, page) if counted is not None else ()
        names = await self._scores.called(partner, [customer.tenant_id for customer in shown])
        view = score_view(partner, sheet, census, names, page=page, several=len(readable) > 1)
        return ShowCard(score_card(view), summary=view.fallback_text)

    async def _all(self, partners: list[Partner], *, fresh: bool = False) -> Reply:
        partners = partners[:PARTNERS_MOST]
        sheets = await asyncio.gather(*(self._scores.sheet(each, PATIENCE, fresh=fresh) for each in partners))
        view = scores_view(list(zip(partners, sheets, strict=True)))
        return ShowCard(score_card(view), summary=view.fallback_text)
