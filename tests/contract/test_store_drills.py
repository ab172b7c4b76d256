"""ports.Drills on both databases: one under way per partner, reported once, and when its card was confirmed."""

from __future__ import annotations

import asyncio
from dataclasses import fields, replace
from typing import Any

from bot.domain.alerts import AlertKey
from bot.domain.delivery import CardPost, ItemKind, NewItem
from bot.domain.drills import Drill, alert_of
from bot.store import SqlStore
from tests.contract.store_samples import CONTOSO, FABRIKAM, NOW, a_conversation, at


def a_drill(number: int = 1, **changes: Any) -> Drill:
    values: dict[str, Any] = {
        "id": f"drill-{number}",
        "partner": CONTOSO,
        "conversation_id": "channel-1",
        "severity": "high",
        "by_id": "ada-id",
        "by_name": "Ada",
        "begun_at": NOW,
    }
    return Drill(**(values | changes))


async def begin(store: SqlStore, drill: Drill) -> Drill | None:
    async with store.write() as tx:
        return await tx.drills.begin(drill)


async def put(store: SqlStore, drill: Drill) -> bool:
    async with store.write() as tx:
        return await tx.drills.put(drill)


async def test_it_comes_back_as_it_was_written(store: SqlStore) -> None:
    drill = a_drill()
    assert await begin(store, drill) is None
    full = replace(
        drill,
        detected_at=at(1),
        carded_at=at(2),
        acknowledged_at=at(3),
        acknowledged_by="Max",
        decided_at=at(4),
        decided_by="Gil",
        verdict="fraud",
        reported_at=at(5),
    )
    assert all(getattr(full, field.name) for field in fields(full))
    assert await put(store, full)
    async with store.read() as tx:
        assert await tx.drills.get("drill-1") == full
        assert await tx.drills.get("drill-2") is None


async def test_one_of_a_partner_is_under_way(store: SqlStore) -> None:
    first = a_drill()
    assert await begin(store, first) is None
    assert await begin(store, a_drill(2)) == first
    assert await begin(store, a_drill(3, partner=FABRIKAM)) is None
    async with store.read() as tx:
        assert await tx.drills.under_way(CONTOSO) == first
        assert [drill.id for drill in await tx.drills.open(10)] == (
            ["drill-1", "drill-3"] if CONTOSO < FABRIKAM else ["drill-3", "drill-1"]
        )
        assert len(await tx.drills.open(1)) == 1
    assert await put(store, replace(first, reported_at=at(1)))
    async with store.read() as tx:
        assert await tx.drills.under_way(CONTOSO) is None
    assert await begin(store, a_drill(2)) is None


async def test_of_many_who_begin_at_once_one_does(store: SqlStore) -> None:
    found = await asyncio.gather(*(begin(store, a_drill(number)) for number in range(8)))
    assert found.count(None) == 1
    assert len({drill.id for drill in found if drill is not None}) == 1


async def test_what_is_reported_stays_as_it_is(store: SqlStore) -> None:
    drill = a_drill()
    await begin(store, drill)
    reported = replace(drill, reported_at=at(60))
    assert await put(store, reported)
    assert not await put(store, replace(reported, verdict="fraud"))
    async with store.read() as tx:
        assert await tx.drills.get(drill.id) == reported


async def test_how_many_lately_and_the_latest(store: SqlStore) -> None:
    for number in range(5):
        drill = a_drill(number, begun_at=at(number))
        await begin(store, drill)
        await put(store, replace(drill, reported_at=at(number)))
    await begin(store, a_drill(9, partner=FABRIKAM, begun_at=at(9)))
    async with store.read() as tx:
        assert await tx.drills.begun_since(CONTOSO, at(2)) == 2
        assert await tx.drills.begun_since(FABRIKAM, at(2)) == 1
        assert [each.id for each in await tx.drills.latest(frozenset({CONTOSO}), 3)] == [
            "drill-4",
            "drill-3",
            "drill-2",
        ]
        assert len(await tx.drills.latest(frozenset({CONTOSO, FABRIKAM}), 10)) == 6
        assert await tx.drills.latest(frozenset(), 10) == ()


async def test_when_its_card_was_confirmed(store: SqlStore) -> None:
    drill = a_drill()
    await begin(store, drill)
    async with store.write() as tx:
        await tx.conversations.put(a_conversation())
        await tx.alerts.add(alert_of(drill, "DRILL", "A drill."), NOW, None)
        await tx.cards.add(CardPost("card-1", AlertKey(CONTOSO, drill.id), "channel-1", "", NOW))
        await tx.outbox.add([NewItem("channel-1", ItemKind.ALERT_CARD, "card-1")], NOW)

    async def carded() -> Any:
        async with store.read() as tx:
            return await tx.drills.carded_at(drill)

    assert await carded() is None
    async with store.write() as tx:
        (item,) = await tx.outbox.claim("one", at(1), 60, 10)
    assert await carded() is None
    async with store.write() as tx:
        assert await tx.outbox.sent(item, "activity-1", at(2))
        await tx.outbox.add([NewItem("channel-1", ItemKind.ALERT_UPDATE, "card-1")], at(2))
        (update,) = await tx.outbox.claim("one", at(3), 60, 10)
        assert await tx.outbox.sent(update, "activity-1", at(3))
    assert await carded() == at(2)
