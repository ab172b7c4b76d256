"""Draws digests when they are sent: what they tell is counted then."""

from __future__ import annotations

from datetime import datetime

from bot.chat.digest_views import Response, digest_view, summary
from bot.chat.presenter import Place
from bot.domain.delivery import OutboxItem
from bot.domain.digest import LATEST
from bot.domain.response_clock import forecast
from bot.ports import Environment, Message
from bot.services.digest_contents import contents
from bot.services.figures import Figures
from cards.digest import digest_card


class DigestBoard:
    def __init__(self, env: Environment, place: Place) -> None:
        self._env, self._place, self._figures = env, place, Figures(env)

    async def message(self, item: OutboxItem) -> Message | None:
        """None where it is too late for it, or nothing is routed to the conversation any more."""
        kind, due = str(item.payload.get("kind", "")), datetime.fromisoformat(str(item.payload["due"]))
        if self._env.clock.now() - due > LATEST:
            return None
        since = datetime.fromisoformat(str(item.payload["since"]))
        found = await contents(self._env, item.conversation_id, since)
        if found is None:
            return None
        view = digest_view(kind, found, self._place, await self._response(found.partners), repeat=item.repeat)
        return Message(card=digest_card(view, item.shorter), summary=summary(kind, found))

    async def _response(self, partners: frozenset[str]) -> Response:
        """Of the partners as a whole, whatever the routes let through: Microsoft's requirement is about these."""
        standing = await self._figures.standing(sorted(partners), self._env.clock.now())
        tiles = standing.together
        ahead = forecast(tiles.remaining, tiles.waiting, standing.until) if tiles.waiting.count else None
        return Response(tiles.answers.average_hours, ahead, standing.until)
