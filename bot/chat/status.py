"""`status`: whether the bot itself does its work, as far as it concerns who asks. Operators have /readyz."""

from __future__ import annotations

from collections.abc import Mapping

from bot import __version__
from bot.chat.acting import Acting
from bot.chat.feature import CommandHandler, Typed, VerbHandler
from bot.chat.turn import Reply, ShowCard, Turn
from bot.domain.filters import AlertQuery
from bot.errors import UserError
from bot.ports import Environment
from bot.texts import en
from bot.texts import status as texts
from cards.info import info_card
from cards.views import Fact, InfoView, Line


class Status:
    """The command alone: it changes nothing, and no card leads to it."""

    def __init__(self, env: Environment, acting: Acting) -> None:
        self._env, self._acting = env, acting

    def verbs(self) -> Mapping[str, VerbHandler]:
        return {}

    def commands(self, _typed: Typed) -> Mapping[str, CommandHandler]:
        return {"status": self._status}

    async def _status(self, turn: Turn, rest: str) -> Reply:
        if rest:
            raise UserError(en.takes_nothing("status", rest), code="too_much")
        readable = await self._acting.readable(turn)
        facts, lines = [], []
        async with self._env.store.read() as tx:
            lines.append(
                Line(texts.waiting(await tx.outbox.waiting_in(turn.conversation.id), await tx.outbox.oldest_waiting()))
            )
            for tenant in sorted(readable, key=lambda each: self._env.partners[each].name):
                partner, sync = self._env.partners[tenant], await tx.syncs.get(tenant)
                unresolved = await tx.alerts.count(AlertQuery(frozenset({tenant}), unresolved=True))
                stands = texts.read(sync.last_open_at, unresolved) if sync.last_open_at else texts.NEVER_READ
                facts.append(Fact(partner.name, stands))
                if sync.error:
                    facts.append(Fact(partner.name, texts.troubled(sync.error), tone="attention"))
        view = InfoView(texts.TITLE, tuple(lines), tuple(facts), hint=f"Alert Desk {__version__}")
        return ShowCard(info_card(view), summary=texts.TITLE)
