"""`drill` and `drill report`: alerts of our own to practise with."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from bot.chat.acting import Acting
from bot.chat.feature import CommandHandler, Typed, VerbHandler
from bot.chat.partner_words import named_partners, one_of, sorted_partners
from bot.chat.turn import Reply, Say, ShowCard, Turn
from bot.domain.alerts import Severity
from bot.domain.people import Partner
from bot.domain.policy import Act
from bot.errors import UserError
from bot.ports import Environment
from bot.services.access import Access
from bot.services.drills import Drills
from bot.texts import drills as texts
from cards import actions
from cards.actions import DrillAct
from cards.info import info_card
from cards.views import InfoView, Line

REPORT = "report"


class Drilling:
    def __init__(self, env: Environment, acting: Acting, access: Access, drills: Drills) -> None:
        self._env, self._acting, self._access, self._drills = env, acting, access, drills

    def commands(self, typed: Typed) -> Mapping[str, CommandHandler]:
        async def drill(turn: Turn, rest: str) -> Reply:
            word, _, others = rest.partition(" ")
            if word.lower() == REPORT:
                return await self._report(turn, others)
            severity, words = _severity(rest)
            readable = await self._acting.readable(turn)
            partner = _only(named_partners(words, readable, self._env, texts.USAGE))
            data = {"partner": partner.tenant_id, "severity": severity}
            return await typed(turn, actions.DRILL_BEGIN, data)

        return {"drill": drill}

    def verbs(self) -> Mapping[str, VerbHandler]:
        return {actions.DRILL_BEGIN: self._begin}

    async def _begin(self, turn: Turn, act: DrillAct) -> Reply:
        readable = await self._acting.readable(turn)
        partner = (
            one_of(act.partner, readable, self._env) if act.partner else _only(sorted_partners(readable, self._env))
        )
        person = await self._access.require(
            Act.DRILL, turn.person, partner, turn.conversation, partner.name, turn.activity_id
        )
        drill = await self._drills.begin(partner, act.severity, person, turn.conversation)
        return Say(texts.begun(partner.name, drill.severity))

    async def _report(self, turn: Turn, words: str) -> Reply:
        readable = await self._acting.readable(turn)
        partners = {each.tenant_id: each.name for each in named_partners(words, readable, self._env, texts.USAGE)}
        drills = await self._drills.latest(frozenset(partners))
        several = len(readable) > 1
        rows = tuple(texts.row(drill, label, partners[drill.partner] if several else "") for drill, label in drills)
        lines = () if rows else (Line(texts.NONE_YET),)
        view = InfoView(texts.TITLE, lines, items=rows, fallback_text=texts.FALLBACK)
        return ShowCard(info_card(view), summary=texts.TITLE)


def _severity(rest: str) -> tuple[Severity, str]:
    """The severity that the words begin with (high where they name none), and the rest of them."""
    word, _, others = rest.partition(" ")
    lowered = word.lower().removeprefix("severity:")
    if lowered in tuple(Severity):
        return Severity(lowered), others
    if word.lower().startswith("severity:") or difflib.get_close_matches(lowered, tuple(Severity), n=1, cutoff=0.7):
        raise UserError(texts.bad_severity(lowered), code="bad_severity")
    return Severity.HIGH, rest


def _only(partners: list[Partner]) -> Partner:
    if len(partners) != 1:
        raise UserError(texts.which_partner([partner.name for partner in partners]), code="which_partner")
    return partners[0]
