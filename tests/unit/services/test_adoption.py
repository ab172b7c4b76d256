"""What proves that an uncertain card arrived, what does not, and what becomes of an earlier copy."""

from __future__ import annotations

import pytest

from bot.domain.delivery import CardPost, ItemKind, NewItem
from bot.errors import Refused, Transient
from bot.ports import Message
from bot.services.delivery import RECHECK
from bot.texts import delivery as texts
from tests.factories import CHANNEL, GENERAL, alert, conversation
from tests.fakes import DROPPED_AFTER, Trouble
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


async def test_a_repeat_that_waits_is_not_sent_if_the_proof_comes_just_in_time(house: House) -> None:
    card = await in_doubt(house)
    house.clock.forward(RECHECK.total_seconds())
    house.channel.troubles.append(Trouble(Transient("429", retry_after=60)))
    await house.deliver()  # the repeat, which has to wait
    await house.adoption.seen(card, CHANNEL, house.channel.posts[0].id)
    house.clock.forward(60)
    await house.deliver()
    assert len(house.channel.posts) == 1


async def in_doubt(house: House) -> str:
    """A card that arrived, of which we do not know it. Its delivery id."""
    await house.route()
    (record,) = await house.take_in(ONE)
    house.channel.troubles.append(DROPPED_AFTER)
    async with house.store.write() as tx:
        await house.cards.announce(tx, record)
    await house.deliver()
    async with house.store.read() as tx:
        (card,) = await tx.cards.of_alert(ONE.key)
    assert not card.activity_id
    return card.id


# The earlier copy ----------------------------------------------------------------------------------------------------


async def test_an_original_that_is_found_after_it_was_repeated_becomes_a_pointer_once(house: House) -> None:
    card = await in_doubt(house)
    house.clock.forward(RECHECK.total_seconds())
    await house.deliver()
    first, second = house.channel.posts
    for _ in range(2):
        await house.adoption.seen(card, CHANNEL, first.id)
        await house.deliver()
    assert len(first.versions) == 1
    assert texts.pointer_title((await house.record(ONE)).label) in str(first.message.card)
    assert second.versions == []
    async with house.store.write() as tx:
        await house.cards.changed(tx, ONE.key)
    house.clock.forward(1)
    await house.deliver()
    assert (len(first.versions), len(second.versions)) == (1, 1), "the later copy alone is kept up"


async def test_where_the_earlier_copy_was_deleted_meanwhile_nothing_is_left_to_do(house: House) -> None:
    card = await in_doubt(house)
    house.clock.forward(RECHECK.total_seconds())
    await house.deliver()
    first = house.channel.posts.pop(0)
    await house.adoption.seen(card, CHANNEL, first.id)
    await house.deliver()
    async with house.store.read() as tx:
        counts = await tx.outbox.counts()
    assert (counts["parked"], counts["pending"], len(house.channel.posts)) == (0, 3, 1)  # 3: the clock's redraws


async def test_a_card_that_was_never_repeated_has_no_other_copy(house: House) -> None:
    """Somebody made the message's id up, or quotes the card elsewhere."""
    await house.route()
    (record,) = await house.take_in(ONE)
    async with house.store.write() as tx:
        await house.cards.announce(tx, record)
    await house.deliver()
    async with house.store.read() as tx:
        (card,) = await tx.cards.of_alert(ONE.key)
    await house.channel.send(conversation(), Message(text="another message of ours"))
    await house.adoption.seen(card.id, CHANNEL, house.channel.posts[1].id)
    await house.deliver()
    assert house.channel.posts[1].versions == []


# A reply in its thread -----------------------------------------------------------------------------------------------


async def activity_of(house: House, card_id: str) -> str:
    async with house.store.read() as tx:
        card = await tx.cards.get(card_id)
    assert card is not None
    return card.activity_id


async def test_a_reply_in_its_thread_adopts_the_one_card_in_doubt(house: House) -> None:
    card = await in_doubt(house)
    (post,) = house.channel.posts
    await house.adoption.replied(conversation(), post.id)
    assert await activity_of(house, card) == post.id
    house.clock.forward(600)
    await house.deliver()
    assert len(house.channel.posts) == 1


async def test_a_reply_under_somebody_elses_post_proves_nothing(house: House) -> None:
    card = await in_doubt(house)
    await house.adoption.replied(conversation(), "a-post-of-a-person")
    house.channel.troubles.append(Trouble(Refused("not yours", code="Forbidden")))
    await house.adoption.replied(conversation(), house.channel.posts[0].id)
    assert await activity_of(house, card) == ""


async def test_where_two_cards_are_in_doubt_a_reply_does_not_say_which(house: House) -> None:
    card = await in_doubt(house)
    two = alert(id="two")
    (record,) = await house.take_in(two)
    house.channel.troubles.append(DROPPED_AFTER)
    async with house.store.write() as tx:
        await house.cards.announce(tx, record)
    await house.deliver()
    await house.adoption.replied(conversation(), house.channel.posts[0].id)
    assert await activity_of(house, card) == ""


async def test_a_reply_under_another_message_of_ours_is_no_reply_to_the_card(house: House) -> None:
    async with house.store.write() as tx:
        await tx.outbox.add([NewItem(CHANNEL, ItemKind.NOTICE, payload={"text": "x"})], house.clock.now())
    await house.know(conversation())
    await house.deliver()
    card = await in_doubt(house)
    await house.adoption.replied(conversation(), house.channel.posts[0].id)
    assert await activity_of(house, card) == ""
    assert house.channel.posts[0].versions == []


@pytest.mark.parametrize(("seconds", "adopted"), [(-200, False), (-5, True), (5, True), (200, False)])
async def test_a_root_whose_id_tells_that_it_was_posted_at_another_time_is_not_the_card(
    house: House, seconds: int, adopted: bool
) -> None:
    card = await in_doubt(house)
    (post,) = house.channel.posts
    post.id = str(int((house.clock.now().timestamp() + seconds) * 1000))
    await house.adoption.replied(conversation(), post.id)
    assert bool(await activity_of(house, card)) is adopted
