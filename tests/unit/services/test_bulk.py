"""One verdict for many alerts: each written down, each sent once, two readings of the list, whatever goes wrong."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import pytest

from bot.domain.alerts import Alert, AlertRecord
from bot.domain.bulk import LIFE, MOST, BulkSet, LeftOut, Why, sets_of, tally
from bot.domain.decisions import Intent
from bot.domain.delivery import ItemKind
from bot.domain.people import Person
from bot.errors import Permanent, Refused, SignInNeeded, Transient, Unknown
from bot.services.bulk import AT_ONCE, Started
from bot.services.verdicts import LEASE_SECONDS, Wish
from tests.factories import ADA, CHANNEL, FABRIKAM, MAX, NORTHWIND, alert
from tests.fakes import DROPPED_AFTER, DROPPED_BEFORE, LOST_BEFORE, Trouble
from tests.support.house import House

OURS = frozenset({NORTHWIND})
MANY = [alert(f"alert-{number:02}") for number in range(8)]
THREAD = "root-message"


async def drawn(house: House, records: list[AlertRecord] | None = None) -> BulkSet:
    (pinned,) = sets_of(CHANNEL, records or [await house.record(each) for each in MANY], house.clock.now())
    await house.bulk.pin([pinned])
    return pinned


async def marked(house: House, pinned: BulkSet, verdict: str = "fraud", who: Person = ADA, **more: Any) -> Started:
    started = await house.bulk.start(pinned, verdict, "mining", who, THREAD, more.get("patience", 10.0))
    await house.settle()
    return started


async def intents(house: House, started: Started) -> tuple[Intent, ...]:
    assert started.run is not None
    async with house.store.read() as tx:
        return await tx.intents.of_bulk(started.run.id)


async def states(house: House, started: Started) -> dict[str, int]:
    counted = tally(await intents(house, started))
    ends = {"done": counted.done, "overtaken": counted.overtaken, "failed": counted.failed, "open": counted.open}
    return {name: len(each) for name, each in ends.items() if each}


async def ended(house: House, started: Started) -> bool:
    assert started.run is not None
    async with house.store.read() as tx:
        run = await tx.bulk.run(started.run.id)
    assert run is not None
    return run.ended_at is not None


async def resume(house: House, seconds: float = LEASE_SECONDS + 1) -> None:
    """As the worker does, when leases have run out."""
    house.clock.forward(seconds)
    while await house.verdicts.resume():
        pass
    await house.bulk.tend()


def changed_once(house: House, *but: Alert, to: str = "fraud") -> bool:
    """Partner Center got one change for each alert of the set but these."""
    return sorted(house.source.changes) == [(each.id, "resolved", to) for each in MANY if each not in but]


@pytest.fixture
async def many(house: House) -> House:
    """A house that knows eight open alerts, with a card each in the channel."""
    await house.route()
    records = await house.take_in(*MANY)
    async with house.store.write() as tx:
        for record in records:
            await house.cards.post(tx, record, list(await tx.conversations.routes(partner=NORTHWIND)))
    await house.waiting()
    return house


# The set -----------------------------------------------------------------------------------------------------------


async def test_a_set_is_kept_as_it_was_drawn_and_shown_as_it_is(many: House) -> None:
    pinned = await drawn(many)
    many.source.in_the_portal(MANY[0].key, "resolved", "legitimate")
    async with many.store.write() as tx:
        await tx.alerts.change(MANY[0].key, many.source.alerts[MANY[0].key], many.clock.now(), None)
    found, records = await many.bulk.pinned(pinned.id, CHANNEL, OURS)
    assert found == pinned
    assert [record.alert.status for record in records] == ["resolved", *["active"] * 7]


@pytest.mark.parametrize("wrong", ["id", "place", "partner", "old"])
async def test_a_set_is_known_only_where_it_was_drawn_to_those_who_may_read_it_and_for_a_day(
    many: House, wrong: str
) -> None:
    pinned = await drawn(many)
    if wrong == "old":
        many.clock.forward(LIFE.total_seconds())
    with pytest.raises(Unknown, match="show active"):
        await many.bulk.pinned(
            "nope" if wrong == "id" else pinned.id,
            "elsewhere" if wrong == "place" else CHANNEL,
            frozenset({FABRIKAM}) if wrong == "partner" else OURS,
        )


async def test_drawing_the_same_again_writes_little_and_keeps_it_alive(many: House) -> None:
    pinned = await drawn(many)
    many.clock.forward(600)
    assert (await drawn(many)).id == pinned.id
    assert (await many.bulk.pinned(pinned.id, CHANNEL, OURS))[0].drawn_at == pinned.drawn_at
    many.clock.forward(LIFE.total_seconds() - 700)
    await drawn(many)
    many.clock.forward(3600)
    assert (await many.bulk.pinned(pinned.id, CHANNEL, OURS))[0].alerts == pinned.alerts


# The good case -----------------------------------------------------------------------------------------------------


async def test_all_of_them_are_marked_by_one_change_each_and_two_readings_of_the_list(many: House) -> None:
    started = await marked(many, await drawn(many))
    assert changed_once(many)
    assert (many.source.lists, many.source.reads) == (2, [])
    assert await states(many, started) == {"done": 8}
    assert await ended(many, started)
    for each in MANY:
        record = await many.record(each)
        assert record.decision is not None
        assert (record.decision.verdict, record.decision.by_name, record.decision.note) == ("fraud", "Ada", "mining")


async def test_the_audit_trail_has_a_row_for_each_and_one_for_all(many: House) -> None:
    pinned = await drawn(many)
    await marked(many, pinned)
    rows = await many.audit()
    counted = [(row.entry.act, row.entry.outcome) for row in rows]
    assert counted == [
        *[("mark fraud", "asked")] * 8,
        ("bulk mark fraud", "asked"),
        *[("mark fraud", "done")] * 8,
        ("bulk mark fraud", "done"),
    ]
    asked, done = [row.entry for row in rows if row.entry.act == "bulk mark fraud"]
    labels = {(await many.record(each)).label for each in MANY}
    assert asked.detail["set"] == pinned.id
    assert set(asked.detail["alerts"]) == set(done.detail["done"]) == labels
    assert {row.entry.detail["bulk"] for row in rows if row.entry.act == "mark fraud"} == {asked.detail["run"]}


async def test_each_card_is_redrawn_and_one_line_is_said_where_it_was_asked_for(many: House) -> None:
    await marked(many, await drawn(many))
    many.clock.forward(3)
    items = await many.waiting()
    kinds = [item.kind for item in items]
    assert kinds.count(ItemKind.ALERT_UPDATE) == 8
    assert ItemKind.THREAD_LINE not in kinds
    assert [kind for kind in kinds if kind.startswith("bulk")] == [
        ItemKind.BULK_CARD,
        ItemKind.BULK_UPDATE,
        ItemKind.BULK_LINE,
    ]


async def test_the_card_and_the_line_stand_in_the_thread(many: House) -> None:
    await many.deliver()
    await marked(many, await drawn(many))
    many.clock.forward(3)
    await many.deliver()
    here = [post for post in many.channel.posts if post.thread == THREAD]
    (card,) = [post for post in here if post.message.card is not None]
    assert card.message.summary == "Ada marked 8 of 8 alerts as fraud"
    assert [post.message.text for post in here if post.message.text] == ["Ada marked 8 alerts as fraud. Note: mining"]


async def test_no_more_than_a_few_are_under_way_at_a_time(many: House) -> None:
    under_way, most = 0, 0
    real = many.source.set_status

    async def counted(*args: Any) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        await real(*args)
        under_way -= 1

    many.source.set_status = counted  # type: ignore[method-assign]
    await marked(many, await drawn(many))
    assert changed_once(many)
    assert 1 < most <= AT_ONCE


async def test_fifty_at_most(house: House) -> None:
    await house.route()
    records = await house.take_in(*(alert(f"alert-{number:03}") for number in range(60)))
    pinned = await drawn(house, records)
    started = await marked(house, pinned, "legitimate")
    assert len(house.source.changes) == MOST == len(pinned.alerts)
    assert await states(house, started) == {"done": MOST}
    assert (house.source.lists, house.source.reads) == (2, [])


# What changed meanwhile ----------------------------------------------------------------------------------------------


async def test_what_was_decided_or_taken_up_in_the_portal_is_not_sent(many: House) -> None:
    pinned = await drawn(many)
    many.source.in_the_portal(MANY[0].key, "resolved", "legitimate")
    many.source.in_the_portal(MANY[1].key, "investigating")
    started = await marked(many, pinned)
    assert changed_once(many, MANY[0], MANY[1])
    assert await states(many, started) == {"done": 6, "overtaken": 2}
    assert (await many.record(MANY[0])).decision.by_name == "kim@northwind.example"  # type: ignore[union-attr]
    assert (await many.record(MANY[1])).alert.status == "investigating"
    assert many.source.reads == []


async def test_what_we_know_to_be_changed_is_left_out_and_named(many: House) -> None:
    pinned = await drawn(many)
    record = await many.record(MANY[0])
    await many.verdicts.decide(record, Wish("resolved", "legitimate"), MAX, CHANNEL, 10)
    await many.verdicts.decide(await many.record(MANY[1]), Wish("investigating"), MAX, CHANNEL, 10)
    many.source.changes.clear()
    started = await marked(many, pinned)
    assert changed_once(many, MANY[0], MANY[1])
    assert started.left_out == (
        LeftOut(record.label, Why.DECIDED, "Max"),
        LeftOut((await many.record(MANY[1])).label, Why.STATUS, "investigating"),
    )
    assert await states(many, started) == {"done": 6}


async def test_what_somebody_else_is_deciding_on_is_left_to_them(many: House) -> None:
    pinned = await drawn(many)
    async with many.store.write() as tx:
        await tx.intents.open(
            Intent("theirs", MANY[2].key, "resolved", "legitimate", "", MAX.aad_id, "Max", many.clock.now(), CHANNEL)
        )
        await tx.intents.claim("theirs", "another replica", many.clock.now(), 60)
    started = await marked(many, pinned)
    assert changed_once(many, MANY[2])
    assert started.left_out == (LeftOut((await many.record(MANY[2])).label, Why.BUSY, "Max"),)


async def test_where_nothing_is_left_nothing_is_begun(many: House) -> None:
    pinned = await drawn(many)
    await marked(many, pinned)
    rows = len(await many.audit())
    again = await marked(many, pinned, "legitimate", MAX)
    assert again.run is None
    assert {left.why for left in again.left_out} == {Why.DECIDED}
    assert len(many.source.changes) == 8
    assert len(await many.audit()) == rows


async def test_two_people_at_once_make_one_change_each(many: House) -> None:
    pinned = await drawn(many)
    other = many.marker("two")
    first, second = await asyncio.gather(
        many.bulk.start(pinned, "fraud", "mining", ADA, THREAD, 10),
        other.start(pinned, "legitimate", "", MAX, THREAD, 10),
    )
    await many.settle()
    assert len(many.source.changes) == 8
    assert len({reason for _, _, reason in many.source.changes}) == 1
    assert [first.run is None, second.run is None].count(True) == 1
    loser = first if first.run is None else second
    assert len(loser.left_out) == 8


async def test_an_alert_that_the_list_leaves_out_is_read_by_itself(many: House) -> None:
    many.source.left_out.add(MANY[3].id)
    started = await marked(many, await drawn(many))
    assert await states(many, started) == {"done": 7, "open": 1}
    assert not await ended(many, started)
    await resume(many, 1)
    assert changed_once(many)
    assert set(many.source.reads) == {MANY[3].id}
    assert await ended(many, started)


# Trouble -------------------------------------------------------------------------------------------------------------


async def test_one_that_is_refused_fails_and_the_others_go_on(many: House) -> None:
    many.source.troubles.extend([Trouble(Permanent("not this one", code="BadRequest"))])
    started = await marked(many, await drawn(many))
    assert changed_once(many, MANY[0])
    assert await states(many, started) == {"done": 7, "failed": 1}
    assert await ended(many, started)
    failed = tally(await intents(many, started)).failed[0]
    assert (failed.alert, failed.error) == (MANY[0].key, "not this one")
    many.clock.forward(3)
    (line,) = [item for item in await many.waiting() if item.kind == ItemKind.BULK_LINE]
    assert f"1 failed: {(await many.record(MANY[0])).label}" in line.payload["text"]


async def test_a_429_holds_all_of_them_back_for_as_long_as_it_says(many: House) -> None:
    sent_at: list[float] = []
    real = many.source.set_status

    async def noted(*args: Any) -> None:
        sent_at.append(many.clock.monotonic())
        await real(*args)

    many.source.set_status = noted  # type: ignore[method-assign]
    many.source.troubles.append(Trouble(Transient("slow down", code="429", retry_after=12.0)))
    began = many.clock.monotonic()
    started = await marked(many, await drawn(many))
    assert [at - began for at in sent_at] == [0.0, *[12.0] * 8]
    assert await states(many, started) == {"done": 8}


@pytest.mark.parametrize("first", [0, 3], ids=["at once", "on the way"])
async def test_a_429_that_says_longer_leaves_the_rest_until_that_is_over(many: House, first: int) -> None:
    real, calls = many.source.set_status, count()

    async def throttled(*args: Any) -> None:
        if next(calls) == first:
            raise Transient("slow down", code="429", retry_after=300.0)
        await real(*args)

    many.source.set_status = throttled  # type: ignore[method-assign]
    began = many.clock.monotonic()
    started = await marked(many, await drawn(many))
    done = len(many.source.changes)
    assert (many.clock.monotonic() - began, done < 8) == (0.0, True)
    assert (await states(many, started))["open"] == 8 - done
    assert {each.error for each in tally(await intents(many, started)).open} == {"slow down"}
    await resume(many, 299)
    assert len(many.source.changes) == done
    await resume(many, 1 + 0.3 * 300)
    assert changed_once(many)
    assert await ended(many, started)


async def test_what_is_throttled_for_too_long_is_tried_again_later(many: House) -> None:
    many.source.troubles.extend([Trouble(Transient("slow down", code="429", retry_after=1.0))] * 24)
    started = await marked(many, await drawn(many))
    assert await states(many, started) == {"open": 8}
    assert many.source.changes == []
    await resume(many)
    assert changed_once(many)
    assert await states(many, started) == {"done": 8}
    assert await ended(many, started)


@pytest.mark.parametrize("trouble", [DROPPED_AFTER, DROPPED_BEFORE, LOST_BEFORE], ids=["after", "before", "lost"])
async def test_a_lost_answer_is_looked_at_before_anything_is_sent_again(many: House, trouble: Trouble) -> None:
    many.source.troubles.extend([Trouble(Transient("x", retry_after=0.1)), trouble, trouble])
    started = await marked(many, await drawn(many))
    arrived = trouble is DROPPED_AFTER
    assert (await states(many, started)).get("done", 0) >= 6
    await resume(many)
    assert await states(many, started) == {"done": 8}
    assert changed_once(many)
    assert (many.source.lists, many.source.reads == []) == (2, arrived or not many.source.reads)
    assert await ended(many, started)


async def test_a_list_that_is_behind_leaves_it_to_single_reads_and_nothing_is_sent_twice(many: House) -> None:
    pinned = await drawn(many)
    many.source.on_read = lambda: setattr(many.source, "stale_lists", bool(many.source.changes))
    started = await marked(many, pinned)
    many.source.on_read = lambda: None
    await resume(many)
    assert await states(many, started) == {"done": 8}
    assert changed_once(many)


@pytest.mark.parametrize("problem", [Transient("503"), Refused("no reader", code="Forbidden")], ids=["away", "403"])
async def test_where_the_list_cannot_be_read_each_alert_is_read(many: House, problem: Any) -> None:
    def once() -> None:
        many.source.on_read = lambda: None
        raise problem

    many.source.on_read = once
    started = await marked(many, await drawn(many))
    assert many.source.changes == []
    assert await states(many, started) == {"open": 8}
    await resume(many, 1)
    assert changed_once(many)
    assert await ended(many, started)


async def test_where_the_list_cannot_be_read_afterwards_each_alert_is_read(many: House) -> None:
    def fails() -> None:
        if many.source.changes:
            raise Transient("503")

    many.source.on_read = fails
    started = await marked(many, await drawn(many))
    assert changed_once(many)
    assert await states(many, started) == {"open": 8}
    await resume(many)
    assert await states(many, started) == {"done": 8}
    assert changed_once(many)


async def test_a_crash_between_is_taken_up_by_others_and_no_verdict_is_sent_twice(many: House) -> None:
    pinned = await drawn(many)
    many.source.slow.clear()
    task = asyncio.create_task(many.bulk.start(pinned, "fraud", "mining", ADA, THREAD, 0.05))
    await many.source.arrived.wait()
    await task
    many.source.in_the_portal(MANY[7].key, "investigating")
    await many.close()  # the process is gone: one change has arrived, and nobody knows
    many.source.slow.set()
    assert len(many.source.changes) == 1
    many.clock.forward(1)
    assert await many.replica("two").resume() == 0  # the dead one's lease
    many.clock.forward(LEASE_SECONDS)
    await asyncio.gather(many.verdicts.resume(), many.replica("two").resume())
    assert changed_once(many, MANY[7])
    assert await many.marker("two").tend() == 1
    assert await many.bulk.tend() == 0
    assert (await many.record(MANY[7])).alert.status == "investigating"  # the set was of active ones
    acts = await many.audited()
    assert acts.count(("bulk mark fraud", "done", "Ada")) == 1


async def test_a_crash_before_anything_was_sent(many: House) -> None:
    pinned = await drawn(many)
    run, opened, _ = await many.bulk._write_down(pinned, "fraud", "mining", ADA, THREAD)
    assert len(opened) == run.total == 8
    await resume(many, 11)
    assert changed_once(many)
    assert await ended(many, Started(run, ()))


async def test_whoever_lost_the_lease_meanwhile_sends_no_more(many: House) -> None:
    pinned = await drawn(many)
    many.source.slow.clear()
    task = asyncio.create_task(many.bulk.start(pinned, "fraud", "mining", ADA, THREAD, 0.05))
    await many.source.arrived.wait()
    await task
    many.clock.forward(LEASE_SECONDS + 1)
    many.source.slow.set()
    two = many.replica("two")
    while await two.resume():
        pass
    await many.settle()
    assert changed_once(many)
    ends = [end for _, end, _ in await many.audited()]
    assert ends.count("done") == 9  # one for each, and one for all


# The person's sign-in -----------------------------------------------------------------------------------------------


async def test_who_must_sign_in_first_is_asked_to_and_nobody_else_hears_of_it(many: House) -> None:
    pinned = await drawn(many)
    need = SignInNeeded("more, please", interactive=True)
    many.source.troubles.append(Trouble(need))
    with pytest.raises(SignInNeeded):
        await many.bulk.start(pinned, "fraud", "mining", ADA, THREAD, 10)
    assert many.source.changes == []
    await many.settle()
    many.clock.forward(5)
    await many.deliver()
    assert not [post for post in many.channel.posts if post.thread == THREAD]
    many.clock.forward(600)
    assert not [item for item in await many.waiting() if item.kind.startswith("bulk")]
    again = await marked(many, pinned)  # signed in
    assert changed_once(many)
    assert await states(many, again) == {"done": 8}


async def test_a_sign_in_that_ends_midway_stops_it_and_says_so(many: House) -> None:
    pinned = await drawn(many)
    real, count = many.source.set_status, 0

    async def ends(*args: Any) -> None:
        nonlocal count
        count += 1
        if count > 3:
            raise SignInNeeded("signed out")
        await real(*args)

    many.source.set_status = ends  # type: ignore[method-assign]
    started = await marked(many, pinned)
    assert await states(many, started) == {"done": 3, "failed": 5}
    assert {each.error for each in tally(await intents(many, started)).failed} == {"signed out"}
    assert await ended(many, started)
    assert count <= 3 + AT_ONCE
