"""Draws the cards of requests to cancel, from the newest state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.chat.presenter import Place
from bot.chat.request_views import approvals_view, request_view
from bot.domain.cancellations import MOST_ALERTS, Cancellation, RequestCard
from bot.ports import Environment
from bot.texts import cancelling as texts
from bot.texts import request_card as words
from cards.request import approvals_card, request_card
from cards.text import label

_SUMMARY_LONGEST = 200


class RequestBoard:
    def __init__(self, env: Environment, place: Place, *, two_person: bool) -> None:
        self._env, self._place, self._two_person = env, place, two_person

    async def card(self, c: Cancellation, post: RequestCard | None, *, shorter: int = 0) -> Mapping[str, Any]:
        """The request as it stands, in the form for where `post` stands (None: for whoever asked just now)."""
        async with self._env.store.read() as tx:
            alerts = await tx.alerts.of_subscription(c.plan.partner, c.plan.entitlement_id, MOST_ALERTS)
        now = self._env.clock.now()
        return request_card(request_view(c, alerts, self._place, now, card=post, two_person=self._two_person), shorter)

    async def posted(self, c: Cancellation, card_id: str) -> Mapping[str, Any]:
        """The same for the card of that id, if it is one of this request's."""
        async with self._env.store.read() as tx:
            post = await tx.request_cards.get(card_id) if card_id else None
        return await self.card(c, post if post is not None and post.number == c.number else None)

    def list(self, requests: Sequence[Cancellation]) -> Mapping[str, Any]:
        return approvals_card(approvals_view(requests, self._place, self._env.clock.now()))

    def approve(self, c: Cancellation) -> str:
        """What its button to approve says."""
        return words.approve(c, two_person=self._two_person)

    def summary(self, c: Cancellation) -> str:
        """What a notification shows."""
        return label(texts.summary(c), _SUMMARY_LONGEST)
