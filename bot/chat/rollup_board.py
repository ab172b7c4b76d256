"""Draws the cards of roll-ups, from the newest state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.chat.presenter import Place
from bot.chat.rollup_views import NAMED, SHOWN, rollup_view, subject
from bot.domain.storms import RollUp
from bot.errors import Permanent
from bot.ports import Environment, Message
from bot.texts import storms as texts
from cards.rollup import rollup_card
from cards.text import label
from cards.views import Button

_SUMMARY_LONGEST = 200
Buttons = Callable[[RollUp], Awaitable[tuple[Button, ...]]]
"""What may be done with the alerts of a roll-up at once: asked each time that its card is drawn, so that the buttons
hold just the alerts that the card counts. Which these are: RollUps.members."""


class RollUpBoard:
    def __init__(self, env: Environment, place: Place, buttons: Buttons | None = None) -> None:
        self._env, self._place, self._buttons = env, place, buttons

    async def message(self, rollup_id: str, shorter: int = 0) -> Message:
        """The card as it stands, by so many steps shorter than it could be. Raises Permanent where there is none."""
        async with self._env.store.read() as tx:
            rollup = await tx.rollups.get(rollup_id)
            if rollup is None:
                raise Permanent("the roll-up of this card is not in the store", code="no_rollup")
            census = await tx.rollups.census(rollup.id, NAMED)
            keys = await tx.rollups.worst(rollup.id, SHOWN)
            records = await tx.alerts.many(keys)
        worst = [records[key] for key in keys if key in records]
        more = await self._buttons(rollup) if self._buttons is not None and census.unresolved else ()
        view = rollup_view(rollup, census, worst, self._place, self._env.clock.now(), buttons=more)
        said = texts.summary(subject(rollup, census), census.total, census.unresolved)
        return Message(card=rollup_card(view, shorter), summary=label(said, _SUMMARY_LONGEST))

    async def line(self, rollup_id: str, since: datetime) -> Message | None:
        """What happened to its alerts since then; None: nothing that is not told already."""
        async with self._env.store.read() as tx:
            news = await tx.rollups.news(rollup_id, since)
        return Message(text=texts.merged(news)) if news.alerts else None
