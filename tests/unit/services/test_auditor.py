"""Every open alert has a confirmed card wherever it should, or a reason; else it is set going again, and told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.delivery import ItemState
from bot.domain.people import ConversationState, Route
from bot.errors import Transient
from bot.services import auditor as module
from bot.services.auditor import Auditor, Findings
from bot.texts import delivery as texts
from tests.factories import CHANNEL, GENERAL, NORTHWIND, alert, conversation, resolved
from tests.fakes import DROPPED_AFTER, Trouble
from tests.support.house import OPERATORS, House

ONE, TWO = alert(), alert(id="two")


class Beats:
    def __init__(self) -> None:
        self.count = 0
        self.away: Transient | None = None

    async def beat(self) -> None:
        if self.away is not None:
            raise self.away
        self.count += 1


class Watched:
    def __init__(self, house: House) -> None:
        self.house, self.beats = house, Beats()
        self.auditor = Auditor(house.env, house.cards, house.operators, self.beats)

    async def cycle(self, after: float = 0.0) -> Findings:
        self.house.clock.forward(after)
        return await self.auditor.cycle()

    async def told(self) -> list[str]:
        await self.house.deliver()
        return self.house.channel.texts(OPERATORS)

    async def begun(self, where: str = CHANNEL, words: str = "") -> None:
        """A route that began now, as the product writes it down."""
        await self.house.know(conversation(where))
        route = Route(where, NORTHWIND, on=True, filter=words, summarised=True, begun_at=self.house.clock.now())
        async with self.house.store.write() as tx:
            await tx.conversations.put_route(route)
        self.house.clock.forward(2)

    async def new(self, *alerts: object) -> None:
        for each in alerts:
            (record,) = await self.house.take_in(each)  # type: ignore[arg-type]
            async with self.house.store.write() as tx:
                await self.house.cards.announce(tx, record)

    async def lose_the_outbox(self) -> None:
        """As a bug, or a hand in the database, would."""
        async with self.house.store._engines.writer.begin() as connection:
            await connection.exec_driver_sql("DELETE FROM outbox")


@pytest.fixture
async def watched(house: House) -> Watched:
    await house.baseline()
    await house.know(conversation(OPERATORS, team_id="", team_name="", name="Operators"))
    made = Watched(house)
    await made.begun()
    return made


async def test_what_has_its_cards_is_no_finding_and_a_sign_of_life_is_given(watched: Watched) -> None:
    await watched.new(ONE, TWO)
    await watched.house.deliver()
    found = await watched.cycle(600)
    assert (found.unconfirmed, found.stuck, found.late, watched.beats.count) == (0, [], [], 1)
    assert await watched.told() == []


async def test_a_card_that_is_late_is_told_once_with_count_and_oldest_and_so_is_its_end(watched: Watched) -> None:
    house = watched.house
    house.channel.troubles.extend(Trouble(Transient("Teams had trouble of its own (502).")) for _ in range(40))
    await watched.new(ONE, TWO)
    await house.delivery.step()
    assert (await watched.cycle(59)).late == (await watched.cycle()).stuck == []
    assert len((await watched.cycle(2)).stuck) == 2
    await watched.cycle(240)
    async with house.store.read() as tx:
        assert await tx.outbox.waiting_in(OPERATORS) == 1
    await watched.cycle(60)
    house.channel.troubles.clear()
    house.clock.forward(300)
    (text,) = await watched.told()
    label = (await house.record(ONE)).label
    assert text.startswith(f"2 alerts have no confirmed card in a conversation that wants it. The oldest is {label},")
    assert "502" in text
    assert (await watched.cycle()).unconfirmed == 0
    assert (await watched.told())[1:] == [texts.LATE_OVER]
    await watched.cycle(60)
    assert len(await watched.told()) == 2


async def test_another_replica_that_audits_from_then_on_does_not_tell_it_again(watched: Watched) -> None:
    house = watched.house
    house.channel.troubles.extend(Trouble(Transient("503")) for _ in range(5))
    await watched.new(ONE)
    await house.delivery.step()
    await watched.cycle(301)
    other = Auditor(house.env, house.cards, house.operators, None)
    await other.cycle()
    async with house.store.read() as tx:
        assert await tx.outbox.waiting_in(OPERATORS) == 1


async def test_a_card_that_nobody_wrote_down_is_posted_after_all(watched: Watched) -> None:
    await watched.house.take_in(ONE)  # recorded, and not announced
    assert (await watched.cycle(30)).stuck == []
    assert len((await watched.cycle(31)).stuck) == 1
    await watched.house.deliver()
    assert len(watched.house.channel.cards(CHANNEL)) == 1
    assert (await watched.cycle(60)).unconfirmed == 0


async def test_a_card_whose_item_is_gone_gets_another(watched: Watched) -> None:
    await watched.new(ONE)
    await watched.lose_the_outbox()
    await watched.cycle(61)
    await watched.house.deliver()
    assert len(watched.house.channel.cards(CHANNEL)) == 1
    assert (await watched.cycle()).unconfirmed == 0


async def test_what_a_dead_sender_held_is_freed(watched: Watched) -> None:
    await watched.new(ONE)
    async with watched.house.store.write() as tx:
        await tx.outbox.claim("dead", watched.house.clock.now(), 60, 10)
    found = await watched.cycle(61)
    assert [row.state for row in found.stuck] == [ItemState.SENDING]
    async with watched.house.store.read() as tx:
        assert (await tx.outbox.counts())[ItemState.UNCERTAIN] == 1


async def test_a_queue_that_moves_as_fast_as_it_may_is_a_reason(watched: Watched) -> None:
    await watched.new(*(alert(id=f"storm-{number}") for number in range(4)))
    await watched.house.delivery.step()
    found = await watched.cycle(80)
    assert (found.unconfirmed, found.stuck) == (3, [])
    assert len((await watched.cycle(400)).late) == 3, "it stands still"


async def test_an_hour_that_is_full_is_a_reason(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FULL_HOUR", 1)
    await watched.new(ONE, TWO)
    await watched.house.delivery.step()
    assert (await watched.cycle(1000)).stuck == []


async def test_what_teams_refuses_for_good_is_told_at_once(watched: Watched) -> None:
    await watched.new(ONE)
    async with watched.house.store.write() as tx:
        (item,) = await tx.outbox.claim("one", watched.house.clock.now(), 60, 1)
        await tx.outbox.park(item, "BadSyntax: Teams refused the request.")
    found = await watched.cycle()
    assert (len(found.parked), found.stuck) == (1, [])
    (text,) = await watched.told()
    assert "1 alert card cannot be sent" in text
    assert "BadSyntax" in text


async def test_a_card_in_doubt_is_late_only_if_it_stays_so(watched: Watched) -> None:
    watched.house.channel.troubles.append(DROPPED_AFTER)
    await watched.new(ONE)
    await watched.house.deliver()
    assert (await watched.cycle(181)).late == []
    await watched.house.deliver()  # the repeat
    assert (await watched.cycle(200)).unconfirmed == 0


async def test_reasons_for_which_an_alert_has_no_card(watched: Watched) -> None:
    house = watched.house
    await house.know(conversation(GENERAL))
    # What was there before the route began, what is decided, what the filter does not want.
    async with house.store.write() as tx:
        await tx.conversations.put_route(
            Route(GENERAL, NORTHWIND, on=True, filter="severity:low", summarised=True, begun_at=house.clock.now())
        )
        before = Route(CHANNEL, NORTHWIND, on=True, summarised=True, begun_at=house.clock.now().replace(year=2099))
        await tx.conversations.put_route(before)
    await house.take_in(replace(ONE, severity="high"), resolved(id="decided"))
    assert (await watched.cycle(600)).unconfirmed == 0


@pytest.mark.parametrize("state", [ConversationState.BLOCKED, ConversationState.REMOVED])
async def test_a_conversation_that_is_switched_off_is_a_reason(watched: Watched, state: str) -> None:
    await watched.new(ONE)
    async with watched.house.store.write() as tx:
        await tx.conversations.set_state(CHANNEL, state)
    assert (await watched.cycle(600)).unconfirmed == 0


async def test_a_route_that_has_not_begun_or_is_off_wants_nothing(watched: Watched) -> None:
    async with watched.house.store.write() as tx:
        await tx.conversations.put_route(Route(CHANNEL, NORTHWIND, on=False, summarised=True))
    await watched.house.take_in(ONE)
    assert (await watched.cycle(600)).unconfirmed == 0
    async with watched.house.store.write() as tx:
        await tx.conversations.put_route(Route(CHANNEL, NORTHWIND, on=True))
    assert (await watched.cycle(600)).unconfirmed == 0


async def test_many_are_looked_at_in_pages_and_what_is_beyond_a_cycle_in_the_next(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    monkeypatch.setattr(module, "PAGES", 2)
    await watched.new(*(alert(id=f"many-{number}") for number in range(5)))
    watched.house.clock.forward(400)
    first, second = await watched.auditor.look(), await watched.auditor.look()
    numbers = [row.number for row in (*first.late, *second.late)]
    assert (first.unconfirmed, second.unconfirmed) == (4, 1)
    assert len(set(numbers)) == 5


async def test_a_heartbeat_that_is_not_taken_ends_nothing(watched: Watched) -> None:
    watched.beats.away = Transient("away")
    await watched.cycle()
    watched.beats.away = None
    await watched.cycle()
    assert watched.beats.count == 1


async def test_without_the_database_there_is_no_sign_of_life(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise Transient("The database does not answer.")

    monkeypatch.setattr(watched.house.store, "read", away)
    with pytest.raises(Transient):
        await watched.cycle()
    assert watched.beats.count == 0


async def test_a_card_that_is_drawn_anew_counts_as_confirmed_and_one_that_was_replaced_does_not_count(
    watched: Watched,
) -> None:
    house = watched.house
    await watched.new(ONE)
    await house.deliver()
    (posted,) = house.channel.cards(CHANNEL)
    await house.channel.delete(conversation(), posted.id)
    async with house.store.write() as tx:
        await house.cards.changed(tx, ONE.key)
        assert await tx.outbox.waiting_in(CHANNEL) > 0
    await house.delivery.step()  # finds it gone, and writes another down
    house.channel.troubles.extend(Trouble(Transient("503")) for _ in range(9))
    await house.delivery.step()
    assert [row.state for row in (await watched.cycle(301)).late] == [ItemState.PENDING]
