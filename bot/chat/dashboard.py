"""`dashboard`: tiles, the response clock with a forecast, and charts, of the partners that may be read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.chat.acting import Acting
from bot.chat.dashboard_views import dashboard_view
from bot.chat.feature import CommandHandler, Typed, VerbHandler
from bot.chat.turn import Reply, ShowCard, Turn
from bot.domain.filters import Filter, query
from bot.domain.people import Partner
from bot.domain.response_clock import HORIZON
from bot.domain.scores import SecurityScore
from bot.errors import Unknown, UserError
from bot.ports import Environment
from bot.services.figures import Figures
from bot.services.scores import Scores
from bot.texts import dashboard as texts
from cards import actions
from cards.actions import DashboardShow
from cards.dashboard import dashboard_card

PATIENCE = 1.0
"""Seconds that a turn waits for Microsoft's own figure, which is no more than a comparison."""
SCORES_MOST = 25
"""Partners whose figures are asked of Microsoft for one dashboard."""
_WORD = re.compile(r'\b(partner|until):(?:"([^"]*)"|(\S*))', re.IGNORECASE)
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_SPAN = re.compile(r"(\d{1,3})\s*(m|min|h|d)", re.IGNORECASE | re.ASCII)
_UNITS = {"m": 60, "min": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Asked:
    """`dashboard partner:Northwind until:18:00`, taken apart."""

    partners: tuple[str, ...] = ()
    until: str = ""


def asked(words: str) -> Asked:
    """A name alone means a partner. Raises UserError where there is more than that."""
    partners: list[str] = []
    until = ""
    for name, quoted, plain in _WORD.findall(words):
        if name.lower() == "until":
            until = (quoted or plain).strip()
        else:
            partners += [quoted] if quoted else [part for part in plain.split(",") if part]
    rest = _WORD.sub(" ", words).strip().strip('"').strip()
    if ":" in rest or (rest and partners) or (not until and re.search(r"\buntil:", words, re.IGNORECASE)):
        raise UserError(texts.USAGE, code="bad_filter")
    return Asked(tuple(partners) or ((rest,) if rest else ()), until)


def moment_meant(words: str, now: datetime) -> datetime:
    """`18:00` (today's, or tomorrow's where it is past), `6h`, or a date. Raises UserError unless within HORIZON."""
    if found := _TIME.fullmatch(words):
        meant = now.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
        return meant if meant > now else meant + timedelta(days=1)
    if found := _SPAN.fullmatch(words):
        meant = now + timedelta(seconds=int(found[1]) * _UNITS[found[2].lower()])
    else:
        try:
            meant = datetime.fromisoformat(words)
        except ValueError:
            raise UserError(texts.BAD_UNTIL, code="bad_until") from None
        meant = meant.replace(tzinfo=UTC) if meant.tzinfo is None else meant.astimezone(UTC)
    if not now <= meant <= now + HORIZON:
        raise UserError(texts.BAD_UNTIL, code="bad_until")
    return meant


class Dashboard:
    def __init__(self, env: Environment, acting: Acting, figures: Figures, scores: Scores) -> None:
        self._env, self._acting, self._figures, self._scores = env, acting, figures, scores

    def commands(self, typed: Typed) -> Mapping[str, CommandHandler]:
        return {"dashboard": self._shown}

    def verbs(self) -> Mapping[str, VerbHandler]:
        return {actions.DASHBOARD_SHOW: self._pressed}

    async def _pressed(self, turn: Turn, act: DashboardShow) -> Reply:
        return await self._shown(turn, act.words)

    async def _shown(self, turn: Turn, words: str) -> Reply:
        said, now = asked(words), self._env.clock.now()
        until = moment_meant(said.until, now) if said.until else None
        readable = await self._acting.readable(turn)
        names = {tenant: partner.name for tenant, partner in self._env.partners.items()}
        partners = self._sorted(query(Filter(partners=said.partners), readable, names, now).partners)
        if not partners:
            raise Unknown(texts.no_such_partner(", ".join(said.partners)), code="unknown_partner")
        standing, scores = await asyncio.gather(
            self._figures.standing([partner.tenant_id for partner in partners], now, until), self._known(partners)
        )
        choices = self._choices(readable)
        view = dashboard_view(
            standing,
            partners,
            scores,
            " ".join(choices[partner.tenant_id] for partner in partners) if len(partners) < len(choices) else "",
            choices,
            f"until:{said.until}" if said.until and " " not in said.until else "",
        )
        return ShowCard(dashboard_card(view), summary=view.fallback_text)

    async def _known(self, partners: list[Partner]) -> Mapping[str, SecurityScore]:
        """The scores that are known or come at once."""
        shown = partners[:SCORES_MOST]
        found = await asyncio.gather(*(self._scores.latest(partner, PATIENCE) for partner in shown))
        return {partner.tenant_id: score for partner, score in zip(shown, found, strict=True) if score is not None}

    def _choices(self, readable: frozenset[str]) -> dict[str, str]:
        """The words that mean one partner alone: its name, if it is no part of another's, else its tenant id."""
        partners = self._sorted(readable)
        lowered = [partner.name.lower() for partner in partners]
        plain = {
            partner.tenant_id: sum(partner.name.lower() in name for name in lowered) == 1 and '"' not in partner.name
            for partner in partners
        }
        return {
            partner.tenant_id: f'partner:"{partner.name}"'
            if plain[partner.tenant_id]
            else f"partner:{partner.tenant_id}"
            for partner in partners
        }

    def _sorted(self, tenants: frozenset[str]) -> list[Partner]:
        found = [self._env.partners[tenant] for tenant in tenants if tenant in self._env.partners]
        return sorted(found, key=lambda partner: (partner.name.lower(), partner.tenant_id))
