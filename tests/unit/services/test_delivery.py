"""How each end of a send is written down: what may be sent again, what may stand there already, what never goes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.delivery import CardPost, ItemKind, ItemState, NewItem, OutboxItem
from bot.domain.people import Conversation, ConversationKind, ConversationState, Route
from bot.domain.storms import EVERYTHING
from bot.errors import AlertDeskError, Missing, Permanent, Refused, TooLarge, Transient, Unreachable
from bot.ports import Message
from bot.services import delivery as module
from bot.services.delivery import LEASE_SECONDS, MOST_SHORTER, RECHECK, SEND_SECONDS, Delivery
from bot.texts import delivery as texts
from tests.factories import ADA, CHANNEL, FABRIKAM, GENERAL, NORTHWIND, alert, conversation
from tests.factories_storms import rollup
from tests.fakes import FakeRenderer, Trouble
from tests.support.house import OPERATORS, House

ONE = alert()
HOUR = timedelta(hours=1)


class Post:
    """A house whose outbox is sent with a renderer that draws texts."""

    def __init__(self, house: House) -> None:
        self.house, self.renderer = house, FakeRenderer()
        self.delivery = Delivery(house.env, house.channel, self.renderer, house.cards, house.reach, owner="one")

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


async def test_what_a_newer_version_wrote_waits_for_it_and_holds_up_nothing(post: Post) -> None:
    """In a rolling upgrade this version may be the one that sends."""
    await post.add("of_tomorrow", "card-of-tomorrow", priority=4)
    await post.add(payload={"text": "of today"})
    assert await post.send() == {ItemState.PENDING: 1, ItemState.SENT: 1}
    assert post.texts == ["notice of today"]
    async with post.house.store.write() as tx:
        (item,) = await tx.outbox.claim("newer", post.house.clock.now() + timedelta(minutes=1), LEASE_SECONDS, 9)
    assert (item.kind, item.card_id) == ("of_tomorrow", "card-of-tomorrow")


@pytest.mark.parametrize("kind", [ItemKind.ALERT_UPDATE, ItemKind.THREAD_LINE])
async def test_what_waited_for_a_card_that_a_roll_up_took_in_is_done(post: Post, kind: str) -> None:
    """It was claimed just then, so it was not withdrawn along with the card."""
    await post.card()
    await post.add(ItemKind.ALERT_CARD, "card-one", available_at=post.house.clock.now() + timedelta(minutes=1))
    await post.add(kind, "card-one", payload={"text": "x"})
    (item,) = await post.delivery.claim(9)
    async with post.house.store.write() as tx:
        assert len(await tx.rollups.withdraw(CHANNEL, EVERYTHING)) == 1
    await post.delivery.deliver(item)
    assert await post.states() == {ItemState.SENT: 1}
    assert post.texts == []


# (what the channel answers, what becomes of a post, what becomes of an update)
AGAIN, DOUBT, PARKED = ItemState.PENDING, ItemState.UNCERTAIN, ItemState.PARKED
ENDS: list[tuple[str, AlertDeskError, str, str]] = [
    ("429", Transient("429", retry_after=7), AGAIN, AGAIN),
    ("503 with Retry-After", Transient("503", retry_after=7), AGAIN, AGAIN),
    ("412", Transient("412"), AGAIN, AGAIN),
    ("no connection", Transient("no connection"), AGAIN, AGAIN),
    ("reset", Transient("reset", in_doubt=True), DOUBT, AGAIN),
    ("500", Transient("500", in_doubt=True), DOUBT, AGAIN),
    ("too large", TooLarge("413", code="MessageSizeTooBig"), ItemState.SENT, ItemState.SENT),
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
    assert await post.send() == ({ItemState.SENT: 2} if end == ItemState.SENT else {ItemState.SENT: 1, end: 1})


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


async def test_a_card_that_was_replaced_is_not_drawn_any_more(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by what was parked when its message was found gone, nor by the clock."""
    await post.house.channel.delete(conversation(), await posted(post))
    await post.add(
        ItemKind.ALERT_UPDATE, "card-one", payload={"clock": True}, available_at=post.house.clock.now() + HOUR
    )
    await post.add(ItemKind.ALERT_UPDATE, "card-one")
    await post.send()
    drawn = []
    update = post.house.channel.update

    async def counted(to: Conversation, activity_id: str, message: Message) -> None:
        drawn.append(activity_id)
        await update(to, activity_id, message)

    monkeypatch.setattr(post.house.channel, "update", counted)
    await post.house.conversations.installed(conversation())
    post.house.clock.forward(3600)
    assert list(await post.send()) == [ItemState.SENT]
    assert set(drawn) <= {message.id for message in post.house.channel.posts}


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


UNREACHABLE = [
    ("BotDisabledByAdmin", "An administrator of the tenant has disabled the bot."),
    ("BotNotInConversationRoster", "The bot is not a member of the conversation."),
    ("ConversationBlockedByUser", "The person has blocked the bot."),
    ("MessageWritesBlocked", "The conversation takes no messages from the bot."),
    ("ConversationNotFound", "The conversation does not exist any more."),
]


async def state_of(post: Post, where: str = CHANNEL) -> str:
    async with post.house.store.read() as tx:
        found = await tx.conversations.get(where)
    assert found is not None
    return found.state


async def test_a_group_chat_without_a_topic_is_not_named_by_its_id(post: Post) -> None:
    house = post.house
    await house.know(conversation(OPERATORS, name="Operators", team_name=""))
    await house.know(replace(conversation(), name="", team_name="", kind=ConversationKind.GROUP_CHAT))
    async with house.store.write() as tx:
        await tx.conversations.put_route(Route(CHANNEL, NORTHWIND, on=True, summarised=True))
    house.channel.troubles.append(Trouble(Unreachable("The bot was removed.", code="BotNotInConversationRoster")))
    await post.add()
    await post.send()
    await post.send()
    (text,) = [each.message.text for each in house.channel.posts if each.conversation == OPERATORS]
    assert "not delivered to a group chat any more" in text


@pytest.mark.parametrize(("code", "why"), UNREACHABLE, ids=[code for code, _ in UNREACHABLE])
async def test_a_conversation_that_refuses_is_switched_off_its_work_stays_and_others_are_told_once(
    post: Post, code: str, why: str
) -> None:
    house = post.house
    await house.know(conversation(OPERATORS, name="Operators", team_name=""), conversation("19:fabrikam@thread.tacv2"))
    for where, partner_id in ((CHANNEL, NORTHWIND), (GENERAL, NORTHWIND), ("19:fabrikam@thread.tacv2", FABRIKAM)):
        async with house.store.write() as tx:
            await tx.conversations.put_route(Route(where, partner_id, on=True, summarised=True))
    for _ in range(2):
        house.channel.troubles.append(Trouble(Unreachable(why, code=code)))
        await post.add()
        await post.send()
    assert await state_of(post) == ConversationState.BLOCKED
    told = {place.conversation: place.message.text for place in house.channel.posts}
    assert set(told) == {GENERAL, OPERATORS}, "the partner's other conversation, and the operators"
    (text,) = set(told.values())
    name = f"{conversation().team_name} > {conversation().name}"
    assert text.startswith(f"notice Alerts are not delivered to {name} any more: {why[0].lower()}{why[1:]}")
    assert "after the bot is installed or spoken to there" in text
    house.channel.troubles.clear()
    house.clock.forward(3600)
    assert (await post.send())[ItemState.PENDING] == 2, "nothing of it is lost, nothing of it is tried"
    assert len(house.channel.posts) == 2, "told once"


async def test_a_word_there_switches_it_on_again_at_once_and_it_is_told_how_much_waited(post: Post) -> None:
    house = post.house
    await house.conversations.heard(conversation(), ADA)
    house.channel.troubles.append(Trouble(Unreachable("403", code="BotDisabledByAdmin")))
    await post.add(payload={"text": "one"})
    await post.add(payload={"text": "two"})
    await post.send()
    assert await state_of(post) == ConversationState.BLOCKED
    await house.conversations.heard(conversation(), ADA)  # within the minute in which a repeated word is ignored
    await post.send()
    assert post.texts == [f"notice {texts.back(2)}", "notice one", "notice two"]


async def test_an_install_switches_it_on_again_and_where_nothing_waited_nothing_is_said(post: Post) -> None:
    await post.house.conversations.stopped(CHANNEL, ConversationState.REMOVED)
    await post.house.conversations.installed(conversation())
    assert (await state_of(post), await post.send()) == (ConversationState.ACTIVE, {})


async def test_a_conversation_to_which_no_alerts_go_is_nobodys_news(post: Post) -> None:
    await post.house.know(conversation(OPERATORS))
    post.house.channel.troubles.append(Trouble(Unreachable("403", code="ForbiddenOperationException")))
    await post.add()
    await post.send()
    assert (await state_of(post), post.texts) == (ConversationState.BLOCKED, [])


@pytest.mark.parametrize(
    ("state", "why"),
    [(ConversationState.REMOVED, "the bot was removed"), (ConversationState.ARCHIVED, "the team was archived")],
)
async def test_what_teams_tells_by_itself_is_told_alike_and_a_whole_team_once(
    post: Post, state: ConversationState, why: str
) -> None:
    house = post.house
    await house.know(conversation(OPERATORS, team_id="", team_name="", name="Operators"))
    for where in (CHANNEL, GENERAL):
        await house.route(where=where)
    await house.conversations.team(conversation().team_id, state)
    await post.send()
    (text,) = post.texts
    assert why in text
    assert conversation().name in text


# Too large -----------------------------------------------------------------------------------------------------------


async def test_what_is_too_large_is_drawn_shorter_step_by_step_and_a_restart_goes_on_where_it_was(post: Post) -> None:
    drawn: list[int] = []
    render = post.renderer.render

    async def counting(item: OutboxItem) -> Message | None:
        drawn.append(item.shorter)
        return await render(item)

    post.renderer.render = counting  # type: ignore[method-assign]
    for _ in range(2):
        post.house.channel.troubles.append(Trouble(TooLarge("413", code="MessageSizeTooBig")))
    await post.add(ItemKind.SUMMARY_CARD, payload={"partner": "p"})
    await post.delivery.step()
    after_restart = Delivery(
        post.house.env, post.house.channel, post.renderer, post.house.cards, post.house.reach, owner="two"
    )
    while await after_restart.step():
        pass
    assert drawn == [0, 1, 2]
    assert await post.states() == {ItemState.SENT: 1}


async def test_what_is_too_large_however_short_is_parked_and_holds_up_no_other(post: Post) -> None:
    for _ in range(MOST_SHORTER + 1):
        post.house.channel.troubles.append(Trouble(TooLarge("413", code="MessageSizeTooBig")))
    await post.add(priority=4)
    await post.add(payload={"text": "next"})
    assert await post.send() == {ItemState.PARKED: 1, ItemState.SENT: 1}
    assert post.texts == ["notice next"]


async def test_a_post_whose_message_teams_did_not_name_is_in_doubt_for_it_could_not_be_kept_up(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nameless(*_: Any) -> str:
        return ""

    monkeypatch.setattr(post.house.channel, "send", nameless)
    await post.card()
    await post.add(ItemKind.ALERT_CARD, "card-one")
    assert await post.send() == {ItemState.UNCERTAIN: 1}
    await post.add(where=GENERAL)
    assert await post.send() == {ItemState.UNCERTAIN: 1, ItemState.SENT: 1}, "a notice is never changed"


# An outage -----------------------------------------------------------------------------------------------------------


async def test_while_teams_is_away_many_changes_of_a_card_stay_one_update(post: Post) -> None:
    await posted(post)
    for _ in range(50):
        post.house.channel.troubles.append(Trouble(Transient("503")))
        async with post.house.store.write() as tx:
            await post.house.cards.changed(tx, ONE.key)
        await post.delivery.step()
        post.house.clock.forward(60)
    assert (await post.states())[ItemState.PENDING] <= 2, "the one that is tried again, and the one that came since"
    post.house.channel.troubles.clear()
    post.house.clock.forward(200)
    assert list(await post.send()) == [ItemState.SENT]


async def test_after_an_outage_it_drains_in_order_the_most_severe_first(post: Post) -> None:
    for number, priority in ((1, 1), (2, 4), (3, 1)):
        await post.add(payload={"text": str(number)}, priority=priority)
    for _ in range(3):
        post.house.channel.troubles.append(Trouble(Transient("no connection")))
    while post.house.channel.troubles:
        await post.delivery.step()
    post.house.clock.forward(3600)
    await post.send()
    assert post.texts == ["notice 2", "notice 1", "notice 3"]


async def test_what_was_parked_goes_on_when_its_conversation_is_back(post: Post) -> None:
    post.house.channel.troubles.append(Trouble(Refused("401")))
    await post.add()
    assert await post.send() == {ItemState.PARKED: 1}
    await post.house.conversations.installed(conversation())
    assert await post.send() == {ItemState.SENT: 1}


async def test_what_belongs_to_a_parked_card_rests_with_it_and_comes_in_order_after_it(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def said_as_it_is(item: OutboxItem) -> Message:
        return Message(text=str(item.payload.get("text", item.kind)))

    monkeypatch.setattr(post.renderer, "render", said_as_it_is)
    post.house.channel.troubles.append(Trouble(Refused("403", code="NotEnoughPermissions")))
    await post.card()
    await post.add(ItemKind.ALERT_CARD, "card-one")
    await post.send()
    for text in ("first", "second"):
        await post.add(ItemKind.ALERT_UPDATE, "card-one", priority=5)
        await post.add(ItemKind.THREAD_LINE, "card-one", priority=5, payload={"text": text})
    ends = await post.send()
    assert ends == {ItemState.PARKED: 3, ItemState.SENT: 2}, "whoever posts the card draws it as it then is"
    post.house.clock.forward(3600)
    assert await post.delivery.step() == 0, "nothing is tried meanwhile"

    await post.house.conversations.installed(conversation())
    await post.send()
    post.house.clock.forward(10)
    assert await post.send() == {ItemState.SENT: 5}
    assert post.texts == ["alert_card", "first", "second"]


async def test_a_line_that_was_parked_while_its_card_went_on_is_said_when_that_stands(post: Post) -> None:
    post.house.channel.troubles.append(Trouble(Refused("403")))
    await post.card()
    await post.add(ItemKind.ALERT_CARD, "card-one")
    await post.send()
    await post.add(ItemKind.THREAD_LINE, "card-one", payload={"text": "x"})
    (line,) = await post.delivery.claim(9)
    await post.house.conversations.installed(conversation())  # just between: it finds the card parked, and the line not
    async with post.house.store.write() as tx:
        assert await tx.outbox.park(line, "its card is parked")
    assert await post.send() == {ItemState.SENT: 2}
    assert post.texts == ["alert_card card-one", "thread_line card-one"]


async def test_one_line_of_a_parked_roll_up_tells_all(post: Post) -> None:
    async with post.house.store.write() as tx:
        stands_for_many = await tx.rollups.open(rollup(conversation_id=CHANNEL, activity_id=""))
    post.house.channel.troubles.append(Trouble(Refused("403")))
    await post.add(ItemKind.ROLLUP_CARD, stands_for_many.id)
    await post.send()
    for _ in range(2):
        await post.add(ItemKind.ROLLUP_LINE, stands_for_many.id, payload={"since": post.house.clock.now().isoformat()})
        await post.send()
    assert await post.states() == {ItemState.PARKED: 2, ItemState.SENT: 1}


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
    dead = Delivery(post.house.env, post.house.channel, post.renderer, post.house.cards, post.house.reach, owner="dead")
    await dead.claim(1)
    await post.delivery.recover()
    assert await post.send() == {ItemState.SENDING: 1}
    post.house.clock.forward(LEASE_SECONDS + 1)
    assert await post.delivery.recover() == 1
    assert await post.send() == {ItemState.UNCERTAIN: 1}
    post.house.clock.forward(RECHECK.total_seconds())
    assert await post.send() == {ItemState.SENT: 1}
