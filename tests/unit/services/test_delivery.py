"""How each end of a send is written down: what may be sent again, what may stand there already, what never goes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.delivery import CardPost, ItemKind, ItemState, NewItem
from bot.domain.people import ConversationState
from bot.errors import AlertDeskError, Missing, Permanent, Refused, TooLarge, Transient, Unreachable
from bot.services import delivery as module
from bot.services.delivery import LEASE_SECONDS, RECHECK, SEND_SECONDS, Delivery
from tests.factories import CHANNEL, GENERAL, alert, conversation
from tests.fakes import FakeRenderer, Trouble
from tests.support.house import House

ONE = alert()


class Post:
    """A house whose outbox is sent with a renderer that draws texts."""

    def __init__(self, house: House) -> None:
        self.house, self.renderer = house, FakeRenderer()
        self.delivery = Delivery(house.env, house.channel, self.renderer, house.cards, owner="one")

    async def add(self, kind: str = ItemKind.NOTICE, card_id: str = "", where: str = CHANNEL, **more: Any) -> None:
        async with self.house.store.write() as tx:
            await tx.outbox.add([NewItem(where, kind, card_id, **more)], self.house.clock.now())

    async def card(self, card_id: str = "card-one", activity_id: str = "") -> None:
        async with self.house.store.write() as tx:
            await tx.cards.add(CardPost(card_id, ONE.key, CHANNEL, activity_id, self.house.clock.now()))

    async def states(self) -> dict[str, int]:
        async with self.house.store.read() as tx:
            return {state: count for state, count in (await tx.outbox.counts()).items() if count}

    async def send(self) -> dict[str, int]:
        while await self.delivery.step():
            pass
        return await self.states()

    @property
    def texts(self) -> list[str]:
        return self.house.channel.texts()


@pytest.fixture
async def post(house: House) -> Post:
    await house.know(conversation(), conversation(GENERAL))
    await house.take_in(ONE)
    return Post(house)


async def posted(post: Post) -> str:
    """A card that stands in the channel; its activity id."""
    await post.card()
    await post.add(ItemKind.ALERT_CARD, "card-one")
    await post.send()
    async with post.house.store.read() as tx:
        card = await tx.cards.get("card-one")
    assert card is not None
    return card.activity_id


async def test_what_was_sent_is_kept_with_its_place(post: Post) -> None:
    activity_id = await posted(post)
    assert activity_id == post.house.channel.posts[0].id
    assert await post.states() == {ItemState.SENT: 1}
    await post.add(ItemKind.THREAD_LINE, "card-one", payload={"text": "x"})
    await post.send()
    assert post.house.channel.posts[-1].thread == activity_id


async def test_an_update_changes_the_message_in_place(post: Post) -> None:
    await posted(post)
    await post.add(ItemKind.ALERT_UPDATE, "card-one")
    assert await post.send() == {ItemState.SENT: 2}
    (message,) = post.house.channel.posts
    assert [version.text for version in message.versions] == ["alert_card card-one"]


async def test_the_items_of_a_conversation_go_out_in_order_the_most_important_first(post: Post) -> None:
    for number, priority in ((1, 1), (2, 1), (3, 4), (4, 1)):
        await post.add(payload={"text": str(number)}, priority=priority)
    await post.send()
    assert post.texts == ["notice 3", "notice 1", "notice 2", "notice 4"]


async def test_a_stuck_conversation_holds_up_no_other(post: Post) -> None:
    post.house.channel.troubles.append(Trouble(Transient("429", retry_after=600)))
    await post.add(payload={"text": "late"})
    await post.send()
    await post.add(where=GENERAL, payload={"text": "elsewhere"})
    await post.send()
    assert post.texts == ["notice elsewhere"]


# (what the channel answers, what becomes of a post, what becomes of an update)
AGAIN, DOUBT, PARKED = ItemState.PENDING, ItemState.UNCERTAIN, ItemState.PARKED
ENDS: list[tuple[str, AlertDeskError, str, str]] = [
    ("429", Transient("429", retry_after=7), AGAIN, AGAIN),
    ("503 with Retry-After", Transient("503", retry_after=7), AGAIN, AGAIN),
    ("412", Transient("412"), AGAIN, AGAIN),
    ("no connection", Transient("no connection"), AGAIN, AGAIN),
    ("reset", Transient("reset", in_doubt=True), DOUBT, AGAIN),
    ("500", Transient("500", in_doubt=True), DOUBT, AGAIN),
    ("too large", TooLarge("413", code="MessageSizeTooBig"), PARKED, PARKED),
    ("refused", Refused("401", code="Unauthorized"), PARKED, PARKED),
    ("bad", Permanent("400", code="BadSyntax"), PARKED, PARKED),
    ("unreachable", Unreachable("403", code="BotNotInConversationRoster"), AGAIN, AGAIN),
]


@pytest.mark.parametrize(
    ("problem", "end"), [(problem, end) for _, problem, end, _ in ENDS], ids=[row[0] for row in ENDS]
)
@pytest.mark.parametrize("kind", [ItemKind.ALERT_CARD, ItemKind.SUMMARY_CARD, ItemKind.NOTICE, ItemKind.THREAD_LINE])
async def test_how_a_post_ends(post: Post, kind: str, problem: AlertDeskError, end: str) -> None:
    await post.card(activity_id="root" if kind == ItemKind.THREAD_LINE else "")
    post.house.channel.troubles.append(Trouble(problem))
    await post.add(kind, "card-one")
    assert await post.send() == {end: 1}


@pytest.mark.parametrize(
    ("problem", "end"), [(problem, end) for _, problem, _, end in ENDS], ids=[row[0] for row in ENDS]
)
async def test_how_an_update_ends(post: Post, problem: AlertDeskError, end: str) -> None:
    await posted(post)
    post.house.channel.troubles.append(Trouble(problem))
    await post.add(ItemKind.ALERT_UPDATE, "card-one")
    assert await post.send() == {ItemState.SENT: 1, end: 1}


async def test_retry_after_is_obeyed_to_the_second(post: Post) -> None:
    post.house.channel.troubles.append(Trouble(Transient("429", retry_after=7)))
    await post.add()
    await post.send()
    post.house.clock.forward(6.9)
    assert await post.send() == {ItemState.PENDING: 1}
    post.house.clock.forward(0.1)
    assert await post.send() == {ItemState.SENT: 1}


async def test_without_a_word_on_when_the_pauses_grow_and_are_bounded(post: Post) -> None:
    await post.add()
    pauses = []
    for _ in range(9):
        post.house.channel.troubles.append(Trouble(Transient("503")))
        before = post.house.clock.monotonic()
        while not await post.delivery.step():
            post.house.clock.forward(0.5)
        pauses.append(post.house.clock.monotonic() - before)
    assert pauses[1:] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


async def test_an_uncertain_post_is_not_repeated_before_it_could_prove_itself_and_then_marked(post: Post) -> None:
    post.house.channel.troubles.append(Trouble(Transient("reset", in_doubt=True), after=True))
    await post.add(payload={"text": "x"})
    await post.send()
    post.house.clock.forward(RECHECK.total_seconds() - 1)
    assert await post.send() == {ItemState.UNCERTAIN: 1}
    post.house.clock.forward(1)
    assert await post.send() == {ItemState.SENT: 1}
    assert post.texts == ["notice x", "notice x again"]


async def test_no_answer_in_time_is_doubt_for_a_post_and_a_retry_for_an_update(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    await posted(post)
    monkeypatch.setattr(module, "SEND_SECONDS", 0.02)
    post.house.channel.open.clear()
    await post.add(ItemKind.ALERT_UPDATE, "card-one")
    assert await post.send() == {ItemState.SENT: 1, ItemState.PENDING: 1}
    await post.add(where=GENERAL)
    assert await post.send() == {ItemState.SENT: 1, ItemState.PENDING: 1, ItemState.UNCERTAIN: 1}


def test_a_send_is_given_up_before_its_lease_runs_out() -> None:
    assert SEND_SECONDS < LEASE_SECONDS
    assert timedelta(seconds=LEASE_SECONDS) < RECHECK


async def test_a_card_that_was_deleted_in_teams_is_replaced_by_one_that_names_it(post: Post) -> None:
    old = await posted(post)
    await post.house.channel.delete(conversation(), old)
    await post.add(ItemKind.ALERT_UPDATE, "card-one")
    await post.send()
    async with post.house.store.read() as tx:
        cards = {card.id: card for card in await tx.cards.of_alert(ONE.key)}
    gone = cards.pop("card-one")
    (fresh,) = cards.values()
    assert gone.replaced_by == fresh.id
    assert fresh.activity_id == post.house.channel.posts[0].id
    async with post.house.store.write() as tx:
        await post.house.cards.changed(tx, ONE.key)
    await post.send()
    assert len(post.house.channel.posts) == 1  # only the new one is kept up


async def test_two_updates_of_a_deleted_card_make_one_replacement(post: Post) -> None:
    await post.house.channel.delete(conversation(), await posted(post))
    for _ in range(2):
        await post.add(ItemKind.ALERT_UPDATE, "card-one")
    await post.send()
    assert len(post.house.channel.posts) == 1


async def test_a_missing_conversation_is_no_deleted_card(post: Post) -> None:
    await post.card()
    post.house.channel.troubles.append(Trouble(Missing("no such conversation")))
    await post.add(ItemKind.ALERT_CARD, "card-one")
    assert await post.send() == {ItemState.PARKED: 1}


async def test_a_card_that_cannot_be_drawn_is_parked_and_holds_up_no_other(post: Post) -> None:
    post.renderer.ends[ItemKind.SUMMARY_CARD] = KeyError("a bug")
    await post.add(ItemKind.SUMMARY_CARD, priority=9)
    await post.add()
    assert await post.send() == {ItemState.PARKED: 1, ItemState.SENT: 1}


async def test_trouble_of_the_store_while_drawing_is_passing(post: Post) -> None:
    post.renderer.ends[ItemKind.NOTICE] = Transient("the database is busy")
    await post.add()
    assert await post.send() == {ItemState.PENDING: 1}


async def test_where_nothing_is_left_to_say_nothing_is_said(post: Post) -> None:
    await posted(post)
    post.renderer.ends[ItemKind.ALERT_UPDATE] = None
    await post.add(ItemKind.ALERT_UPDATE, "card-one")
    assert await post.send() == {ItemState.SENT: 2}
    assert post.house.channel.posts[0].versions == []


@pytest.mark.parametrize("kind", [ItemKind.ALERT_UPDATE, ItemKind.THREAD_LINE])
async def test_what_belongs_to_a_card_waits_until_the_card_stands(post: Post, kind: str) -> None:
    await post.card()
    await post.add(kind, "card-one", payload={"text": "x"})
    assert await post.send() == {ItemState.PENDING: 1}
    await post.add(ItemKind.ALERT_CARD, "card-one")
    await post.send()
    post.house.clock.forward(5)
    assert await post.send() == {ItemState.SENT: 2}


async def test_a_conversation_that_nobody_knows_yet_is_waited_for(post: Post) -> None:
    await post.add(where="19:unknown@thread.tacv2")
    await post.send()
    await post.house.know(conversation("19:unknown@thread.tacv2"))
    post.house.clock.forward(30)
    assert await post.send() == {ItemState.SENT: 1}


async def test_a_conversation_that_refuses_is_blocked_and_its_work_goes_on_when_it_is_back(post: Post) -> None:
    post.house.channel.troubles.append(Trouble(Unreachable("403", code="BotDisabledByAdmin")))
    await post.add()
    await post.add()
    assert await post.send() == {ItemState.PENDING: 2}
    async with post.house.store.read() as tx:
        assert (await tx.conversations.get(CHANNEL)).state == ConversationState.BLOCKED  # type: ignore[union-attr]
    post.house.clock.forward(3600)
    assert await post.send() == {ItemState.PENDING: 2}
    await post.house.conversations.installed(conversation())
    assert await post.send() == {ItemState.SENT: 2}


async def test_what_was_parked_goes_on_when_its_conversation_is_back(post: Post) -> None:
    post.house.channel.troubles.append(Trouble(Refused("401")))
    await post.add()
    assert await post.send() == {ItemState.PARKED: 1}
    await post.house.conversations.installed(conversation())
    assert await post.send() == {ItemState.SENT: 1}


async def test_the_answer_to_a_post_is_written_down_even_when_we_are_being_stopped(post: Post) -> None:
    await post.add()
    (item,) = await post.delivery.claim(1)
    async with post.house.store.write():  # somebody else writes just now
        sending = asyncio.create_task(post.delivery.deliver(item))
        while not post.house.channel.posts:  # noqa: ASYNC110 - until it stands there
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    async with post.house.store.write():
        pass  # after whoever waited before us
    assert await post.states() == {ItemState.SENT: 1}


async def test_a_sender_that_died_leaves_doubt_behind_and_nothing_stuck(post: Post) -> None:
    await post.add()
    dead = Delivery(post.house.env, post.house.channel, post.renderer, post.house.cards, owner="dead")
    await dead.claim(1)
    await post.delivery.recover()
    assert await post.send() == {ItemState.SENDING: 1}
    post.house.clock.forward(LEASE_SECONDS + 1)
    assert await post.delivery.recover() == 1
    assert await post.send() == {ItemState.UNCERTAIN: 1}
    post.house.clock.forward(RECHECK.total_seconds())
    assert await post.send() == {ItemState.SENT: 1}
