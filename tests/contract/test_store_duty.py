"""ports.Duties and ports.Escalations on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.alerts import Alert, Work
from bot.domain.delivery import CardPost
from bot.domain.duty import NO_DUTY, Duty, Member, Week
from bot.domain.escalation import Plan, Taken, Waiting
from bot.domain.storms import EVERYTHING, RollUp
from bot.store import SqlStore
from tests.contract.store_samples import CONTOSO, FABRIKAM, NOW, an_alert, an_intent, at

HERE = "channel-1"
ADA, BEN = Member("ada-id", "29:ada", "Ada"), Member("ben-id", "29:ben", "Ben Ö 😀")
ROSTER = Duty(
    rotation=(ADA, BEN),
    anchor=Week(2026, 53),
    exceptions={Week(2027, 1): (BEN, ADA)},
    managers=(BEN,),
    tag="dGFn",
    escalates=False,
    zone="Europe/Stockholm",
)
PLAN = Plan()
LATER = at(20)


async def test_a_roster_comes_back_as_it_was_kept(store: SqlStore) -> None:
    async with store.write() as tx:
        assert await tx.duties.get(HERE) == (NO_DUTY, 0)
        assert await tx.duties.put(HERE, ROSTER, 0, NOW)
        assert await tx.duties.get(HERE) == (ROSTER, 1)
        assert not await tx.duties.put(HERE, NO_DUTY, 0, NOW), "somebody was faster"
        assert await tx.duties.put(HERE, replace(ROSTER, tag=""), 1, NOW)
        assert not await tx.duties.put(HERE, NO_DUTY, 1, NOW)
        assert await tx.duties.get(HERE) == (replace(ROSTER, tag=""), 2)
        assert await tx.duties.get("elsewhere") == (NO_DUTY, 0)


async def test_of_two_who_change_a_roster_at_once_one_is_told(store: SqlStore, other_store: SqlStore) -> None:
    async def change(where: SqlStore) -> bool:
        async with where.write() as tx:
            return await tx.duties.put(HERE, ROSTER, 0, NOW)

    assert sorted(await asyncio.gather(change(store), change(other_store))) == [False, True]


async def added(store: SqlStore, *alerts: Alert) -> None:
    async with store.write() as tx:
        for alert in alerts:
            await tx.alerts.add(alert, NOW, None)


async def waiting(
    store: SqlStore, now: datetime = LATER, after: int = 0, limit: int = 50, partners: Any = (CONTOSO,)
) -> tuple[Waiting, ...]:
    async with store.read() as tx:
        return await tx.escalations.waiting(HERE, partners, PLAN.windows(now), at(-1440), now, after, limit)


async def ids(store: SqlStore, now: datetime = LATER, **how: Any) -> list[str]:
    return [each.alert.id for each in await waiting(store, now, **how)]


async def test_only_what_nobody_answered_waits(store: SqlStore) -> None:
    asleep = an_alert("asleep", severity="medium")
    mine = an_alert("assigned")
    await added(
        store,
        an_alert("plain"),
        an_alert("investigated", status="investigating"),
        an_alert("decided", status="resolved"),
        an_alert("test", is_test=True),
        an_alert("drill-1", is_test=True),
        an_alert("low", severity="low"),
        an_alert("odd", severity="odd"),
        an_alert("old", detected_at=at(-1441)),
        an_alert("fresh", detected_at=at(6)),
        an_alert("loud", severity="high"),
        an_alert("theirs", partner=FABRIKAM),
        an_alert("answering"),
        asleep,
        mine,
    )
    async with store.write() as tx:
        await tx.alerts.set_work(asleep.key, Work(snoozed_until=at(25), snoozed_by="Ada"), NOW)
        await tx.alerts.set_work(an_alert("loud").key, Work(snoozed_until=at(25), snoozed_by="Ada"), NOW)
        await tx.alerts.set_work(mine.key, Work("ada-id", "Ada"), NOW)
        await tx.intents.open(an_intent(alert_id="answering"))
    assert await ids(store) == ["plain", "drill-1", "odd", "loud"]
    assert await ids(store, partners=(CONTOSO, FABRIKAM)) == ["plain", "drill-1", "odd", "loud", "theirs"]
    assert await ids(store, at(25)) == ["plain", "drill-1", "odd", "fresh", "loud", "asleep"]
    assert await ids(store, limit=2) == ["plain", "drill-1"]
    assert await ids(store, after=(await waiting(store))[1].number) == ["odd", "loud"]
    assert await ids(store, partners=()) == []


async def test_a_step_is_taken_once_and_in_order(store: SqlStore) -> None:
    await added(store, an_alert("one"))
    (it,) = await waiting(store)
    assert it.taken == Taken()
    async with store.write() as tx:
        assert not await tx.escalations.take(HERE, it.number, 2, NOW), "the first is not taken yet"
        assert await tx.escalations.take(HERE, it.number, 1, at(20))
        assert not await tx.escalations.take(HERE, it.number, 1, at(21))
        assert await tx.escalations.taken(HERE, it.number) == Taken(1, at(20))
        assert await tx.escalations.taken("elsewhere", it.number) == Taken()
        assert await tx.escalations.taken_since(HERE, 1, at(19)) == 1
        assert await tx.escalations.taken_since(HERE, 1, at(20)) == 0
        assert await tx.escalations.taken_since(HERE, 2, at(0)) == 0
    assert await ids(store) == []
    (again,) = await waiting(store, at(30))
    assert again.taken == Taken(1, at(20))
    async with store.write() as tx:
        assert await tx.escalations.take(HERE, it.number, 2, at(31))
        assert await tx.escalations.take(HERE, it.number, 3, at(51))
        assert not await tx.escalations.take(HERE, it.number, 3, at(52))
    assert await ids(store, at(90)) == []
    async with store.write() as tx:
        assert await tx.escalations.prune(at(51)) == 0
        assert await tx.escalations.prune(at(52)) == 1


async def test_two_replicas_do_not_take_the_same_step(store: SqlStore, other_store: SqlStore) -> None:
    await added(store, an_alert("one"))
    (it,) = await waiting(store)

    async def take(where: SqlStore, step: int) -> bool:
        async with where.write() as tx:
            return await tx.escalations.take(HERE, it.number, step, NOW)

    for step in (1, 2):
        assert sorted(await asyncio.gather(take(store, step), take(other_store, step))) == [False, True]


async def test_what_stands_for_an_alert_and_since_when(store: SqlStore) -> None:
    await added(store, an_alert("carded"), an_alert("rolled"), an_alert("bare"))
    rollup = RollUp("rollup-1", HERE, EVERYTHING, at(3), at(3), at(3))
    async with store.write() as tx:
        key = an_alert("carded").key
        await tx.cards.add(CardPost("card-old", key, HERE, "", at(1)))
        await tx.cards.add(CardPost("card-new", key, HERE, "", at(2), replaces="card-old"))
        await tx.cards.replaced("card-old", by="card-new")
        await tx.cards.add(CardPost("card-far", key, "elsewhere", "", at(1)))
        record = await tx.alerts.get(an_alert("rolled").key)
        assert record is not None
        await tx.rollups.open(rollup)
        await tx.rollups.join(rollup, record.number, 4, at(4), hot=False)
    carded, rolled, bare = await waiting(store)
    assert (carded.card_id, carded.rollup_id, carded.came_at) == ("card-new", "", at(2))
    assert (rolled.card_id, rolled.rollup_id, rolled.came_at) == ("", "rollup-1", at(4))
    assert (bare.card_id, bare.rollup_id, bare.came_at) == ("", "", None)
