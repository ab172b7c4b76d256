"""A press on an uncertain card proves that it arrived; nothing else does."""

from __future__ import annotations

import pytest

from bot.domain.delivery import CardPost, ItemKind, NewItem
from tests.factories import CHANNEL, GENERAL, alert, conversation
from tests.support.house import House

ONE = alert()


@pytest.fixture
async def uncertain(house: House) -> House:
    """One card whose post may have arrived."""
    await house.know(conversation())
    await house.take_in(ONE)
    now = house.clock.now()
    async with house.store.write() as tx:
        await tx.cards.add(CardPost("card-one", ONE.key, CHANNEL, "", now))
        await tx.outbox.add([NewItem(CHANNEL, ItemKind.ALERT_CARD, "card-one")], now)
        (item,) = await tx.outbox.claim("one", now, 60, 1)
        await tx.outbox.uncertain(item, now.replace(year=2030), "no answer")
    return house


async def stands(house: House) -> tuple[str, int]:
    """The card's place, and how many items are still uncertain."""
    async with house.store.read() as tx:
        card = await tx.cards.get("card-one")
        counts = await tx.outbox.counts()
    assert card is not None
    return card.activity_id, counts["uncertain"]


async def test_a_press_in_its_conversation_adopts_it(uncertain: House) -> None:
    await uncertain.adoption.seen("card-one", CHANNEL, "message-7")
    assert await stands(uncertain) == ("message-7", 0)
    await uncertain.adoption.seen("card-one", CHANNEL, "message-8")
    assert await stands(uncertain) == ("message-7", 0)


async def test_elsewhere_it_proves_nothing_and_spoils_nothing(uncertain: House) -> None:
    await uncertain.adoption.seen("card-one", GENERAL, "message-6")
    await uncertain.adoption.seen("no-such-card", CHANNEL, "message-6")
    assert await stands(uncertain) == ("", 1)
    await uncertain.adoption.seen("card-one", CHANNEL, "message-7")
    assert await stands(uncertain) == ("message-7", 0)


async def test_a_card_that_is_only_waiting_to_be_sent_is_not_adopted(house: House) -> None:
    await house.know(conversation())
    await house.take_in(ONE)
    async with house.store.write() as tx:
        await tx.cards.add(CardPost("card-one", ONE.key, CHANNEL, "", house.clock.now()))
        await tx.outbox.add([NewItem(CHANNEL, ItemKind.ALERT_CARD, "card-one")], house.clock.now())
    await house.adoption.seen("card-one", CHANNEL, "message-7")
    assert await stands(house) == ("", 0)
