"""ports.RequestCards on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from bot.store import SqlStore
from tests.contract.store_samples import a_plan, a_request_card, ask, at


async def test_the_cards_of_a_request(store: SqlStore) -> None:
    await ask(store, a_plan(1), a_plan(2, entitlement_id="another"))
    late = a_request_card("late", created_at=at(1), root_card_id="root", mentions=(("29:bo", "Bo"), ("29:cy", "Cy 😀")))
    early = a_request_card("early", conversation_id="chat-1", person_id="bo-id")
    async with store.write() as tx:
        for card in (late, early, a_request_card("other", 2)):
            await tx.request_cards.add(card)
        assert await tx.request_cards.of_request(1) == (early, late)
        assert await tx.request_cards.of_request(3) == ()
        assert await tx.request_cards.get("late") == late
        assert await tx.request_cards.get("nope") is None
        assert await tx.request_cards.unposted("chat-1") == (early,)
        await tx.request_cards.posted("late", "activity-1")
        assert await tx.request_cards.of_request(1) == (early, replace(late, activity_id="activity-1"))
        assert await tx.request_cards.get("other") == a_request_card("other", 2)
        await tx.request_cards.posted("early", "activity-2")
        assert await tx.request_cards.unposted("chat-1") == ()


async def test_a_card_without_its_request_is_a_bug_that_shows(store: SqlStore) -> None:
    with pytest.raises(IntegrityError):
        async with store.write() as tx:
            await tx.request_cards.add(a_request_card())
