"""ports.RollUps on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.domain.alerts import AlertKey, AlertRecord
from bot.domain.delivery import ItemKind
from bot.domain.storms import CALM, EVERYTHING, Arrivals, Count, News, RollUp, RollUpState, Scope, ScopeKind
from bot.ports import Transaction
from bot.store import SqlStore
from tests.contract.store_samples import (
    CONTOSO,
    CUSTOMER,
    NOW,
    SUBSCRIPTION,
    a_card,
    add_conversations,
    an_alert,
    an_item,
    at,
)

PLACE = "channel-1"
OF_SUBSCRIPTION = Scope(ScopeKind.SUBSCRIPTION, SUBSCRIPTION)
OF_CUSTOMER = Scope(ScopeKind.CUSTOMER, CUSTOMER)


def a_rollup(rollup_id: str = "rollup-1", **changes: Any) -> RollUp:
    values: dict[str, Any] = {
        "id": rollup_id,
        "conversation_id": PLACE,
        "scope": EVERYTHING,
        "opened_at": NOW,
        "hot_at": NOW,
        "redraw_at": NOW,
    }
    return RollUp(**(values | changes))


async def add(store: SqlStore, *ids: str, **changes: Any) -> list[AlertRecord]:
    async with store.write() as tx:
        return [await tx.alerts.add(an_alert(alert_id, **changes), NOW, None) for alert_id in ids]


async def arrived(tx: Transaction, where: str, record: AlertRecord, now: datetime) -> Arrivals:
    await tx.rollups.arrived(where, record, now)
    return await tx.rollups.arrivals(where, record, now)


async def join(store: SqlStore, rollup: RollUp, *records: AlertRecord, rank: int = 1, hot: bool = True) -> None:
    async with store.write() as tx:
        await tx.rollups.open(rollup)
        for record in records:
            assert await tx.rollups.join(rollup, record.number, rank, NOW, hot=hot)


async def test_arrivals_are_counted_by_subscription_customer_and_conversation_for_a_minute(store: SqlStore) -> None:
    mine = await add(store, *(f"mine-{number}" for number in range(3)))
    (same_customer,) = await add(store, "same customer", subscription_id="Another")
    (other,) = await add(store, "other", subscription_id="", customer_tenant_id="")
    async with store.write() as tx:
        assert await arrived(tx, PLACE, mine[0], at(-1)) == Arrivals(1, 1, 1)
        assert await arrived(tx, PLACE, mine[1], at(-0.5)) == Arrivals(2, 2, 2)
        assert await arrived(tx, "elsewhere", mine[2], NOW) == Arrivals(1, 1, 1)
        assert await arrived(tx, PLACE, same_customer, at(-0.4)) == Arrivals(1, 3, 3)
        assert await arrived(tx, PLACE, other, at(-0.3)) == Arrivals(1, 1, 4)
        assert await arrived(tx, PLACE, mine[1], NOW) == Arrivals(1, 2, 3)  # counted once, and one is too old
        assert await tx.rollups.prune(at(-0.4)) == 2
        assert await arrived(tx, PLACE, mine[2], NOW) == Arrivals(1, 2, 3)


async def test_no_more_arrivals_are_counted_than_matter(store: SqlStore) -> None:
    records = await add(store, *(f"alert-{number:02}" for number in range(40)))
    async with store.write() as tx:
        for record in records:
            found = await arrived(tx, PLACE, record, NOW)
    assert found == Arrivals(6, 16, 31)


async def test_one_roll_up_of_a_scope_is_open_in_a_conversation(store: SqlStore) -> None:
    first, same = a_rollup(), a_rollup("rollup-2", rank=4)
    scoped, elsewhere = a_rollup("rollup-3", scope=OF_SUBSCRIPTION, rank=3), a_rollup("rollup-4", conversation_id="b")
    async with store.write() as tx:
        assert await tx.rollups.open(first) == first
        assert await tx.rollups.open(same) == first
        assert await tx.rollups.open(scoped) == scoped
        assert await tx.rollups.open(elsewhere) == elsewhere
        assert await tx.rollups.open_in(PLACE) == (scoped, first)
        assert await tx.rollups.get("rollup-3") == scoped
        assert await tx.rollups.get("rollup-2") is None
        assert await tx.rollups.close(first.id, NOW, at(10))
        assert await tx.rollups.open(same) == same
        assert [rollup.id for rollup in await tx.rollups.live()] == ["rollup-2", "rollup-3", "rollup-1", "rollup-4"]
        await tx.rollups.finish(first.id)
        assert "rollup-1" not in {rollup.id for rollup in await tx.rollups.live()}


async def test_two_replicas_open_one(store: SqlStore, other_store: SqlStore) -> None:
    async with store.write() as tx:
        assert (await tx.rollups.open(a_rollup())).id == "rollup-1"
    async with other_store.write() as tx:
        assert (await tx.rollups.open(a_rollup("rollup-2"))).id == "rollup-1"


async def test_a_roll_up_closes_when_it_was_below_the_limit_long_enough_and_takes_nothing_in_then(
    store: SqlStore,
) -> None:
    rollup = a_rollup()
    one, two, three = await add(store, "one", "two", "three")
    await join(store, rollup, one)
    async with store.write() as tx:
        assert await tx.rollups.join(rollup, two.number, 3, at(5), hot=True)
        assert await tx.rollups.join(rollup, three.number, 2, at(9), hot=False)
        assert not await tx.rollups.close(rollup.id, at(14) - CALM, at(14))
        assert await tx.rollups.close(rollup.id, at(15) - CALM, at(15))
        assert not await tx.rollups.close(rollup.id, at(16) - CALM, at(16))
        assert not await tx.rollups.join(rollup, one.number, 4, at(16), hot=True)
        closed = await tx.rollups.get(rollup.id)
    assert closed == replace(rollup, state=RollUpState.CALMING, closed_at=at(15), hot_at=at(5), rank=3)


async def test_where_its_card_stands(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.rollups.open(a_rollup())
        await tx.rollups.posted("rollup-1", "message-1")
        await tx.rollups.repeated("rollup-1")
        await tx.rollups.drawn_not_before("rollup-1", at(1))
        standing = a_rollup(activity_id="message-1", repeat=True, redraw_at=at(1))
        assert await tx.rollups.get("rollup-1") == standing
        assert not await tx.rollups.gone("rollup-1", "another message")
        assert await tx.rollups.gone("rollup-1", "message-1")
        assert await tx.rollups.get("rollup-1") == replace(standing, activity_id="", replaces=True)


async def test_a_worse_member_raises_the_priority_of_what_waits(store: SqlStore) -> None:
    await add_conversations(store, PLACE, "channel-2")
    rollup = a_rollup()
    (one, two) = await add(store, "one", "two")
    await join(store, rollup, one, rank=1)
    async with store.write() as tx:
        await tx.outbox.add(
            [
                an_item(PLACE, kind=ItemKind.NOTICE, priority=2),
                an_item(PLACE, kind=ItemKind.ROLLUP_CARD, card_id=rollup.id, priority=1),
            ],
            NOW,
        )
        assert await tx.rollups.join(rollup, two.number, 4, NOW, hot=True)
        (item,) = await tx.outbox.claim("me", NOW, 60, 10)
    assert (item.kind, item.priority) == (ItemKind.ROLLUP_CARD, 4)


async def test_an_alert_knows_the_roll_ups_in_which_it_stands_and_those_it_left(store: SqlStore) -> None:
    early, late = a_rollup(scope=OF_CUSTOMER), a_rollup("rollup-2", opened_at=at(20))
    (one, two) = await add(store, "one", "two")
    await join(store, early, one, two)
    async with store.write() as tx:
        await tx.rollups.left(PLACE, one.number, at(1))  # it is open: nobody leaves
        assert [(it.rollup.id, it.number, it.left) for it in await tx.rollups.of_alert(one.alert.key)] == [
            ("rollup-1", one.number, False)
        ]
        assert await tx.rollups.close("rollup-1", at(20), at(20))
        await tx.rollups.left("elsewhere", one.number, at(20))
        await tx.rollups.left(PLACE, one.number, at(20))
    await join(store, late, one)
    async with store.read() as tx:
        found = await tx.rollups.of_alert(one.alert.key)
        assert [(it.rollup.id, it.left) for it in found] == [("rollup-1", True), ("rollup-2", False)]
        assert await tx.rollups.of_alert(AlertKey(CONTOSO, "unknown")) == ()
        assert await tx.rollups.left_since(PLACE, at(19)) == 1
        assert await tx.rollups.left_since(PLACE, at(20)) == 0
        assert await tx.rollups.left_since("elsewhere", at(0)) == 0


async def test_the_worst_and_those_to_be_released(store: SqlStore) -> None:
    (low,) = await add(store, "low", severity="low")
    (old,) = await add(store, "old", severity="high", detected_at=at(-25 * 60))
    (high,) = await add(store, "high", severity="high", status="Investigating")
    (done,) = await add(store, "done", severity="high", status="resolved")
    rollup = a_rollup()
    await join(store, rollup, low, old, high, done)
    young = NOW - timedelta(hours=24)
    async with store.write() as tx:
        assert [key.id for key in await tx.rollups.worst(rollup.id, 10)] == ["high", "old", "low"]
        assert [key.id for key in await tx.rollups.worst(rollup.id, 1)] == ["high"]
        assert [key.id for key in await tx.rollups.worst(rollup.id, 10, "investigating")] == ["high"]
        assert await tx.rollups.to_release(PLACE, young, 10) == ()  # it is open
        await tx.rollups.close(rollup.id, at(11), at(11))
        assert [key.id for key in await tx.rollups.to_release(PLACE, young, 10)] == ["high", "low"]
        assert [key.id for key in await tx.rollups.to_release(PLACE, young, 1)] == ["high"]
        await tx.rollups.left(PLACE, high.number, at(11))
        assert await tx.rollups.has_more(rollup.id, young)
        await tx.rollups.left(PLACE, low.number, at(11))
        assert not await tx.rollups.has_more(rollup.id, young)


async def test_what_it_counts(store: SqlStore) -> None:
    rollup = a_rollup()
    async with store.write() as tx:
        await tx.names.learn(CONTOSO, {CUSTOMER: "Adatum"}, NOW)
        empty = await tx.rollups.census("nothing", 3)
    assert (empty.total, empty.unresolved, empty.by_type, empty.first_detected_at) == (0, 0, (), None)
    records = [
        *await add(store, "a", "b", severity="High"),
        *await add(store, "c", severity="low", detected_at=at(-3), alert_type="CryptoMining"),
        *await add(store, "d", severity="novel", customer_tenant_id="CC-2", alert_type="Third"),
        *await add(store, "e", "f", status="resolved", resolved_reason="fraud", customer_tenant_id="cc-2"),
        *await add(store, "g", status="resolved", resolved_reason="Ignore", customer_tenant_id="cc-3"),
    ]
    await join(store, rollup, *records)
    async with store.read() as tx:
        found = await tx.rollups.census(rollup.id, 2)
    assert (found.total, found.unresolved) == (7, 4)
    assert found.unresolved_by_severity == (Count("high", 2), Count("novel", 1), Count("low", 1))
    assert found.verdicts == (Count("fraud", 2), Count("ignore", 1))
    assert (found.types, found.by_type) == (3, (Count("usageAnomalyDetected", 5), Count("CryptoMining", 1)))
    assert (found.customers, found.by_customer) == (3, (Count("cc-2", 3), Count(CUSTOMER, 3, "Adatum")))
    assert (found.first_detected_at, found.last_joined_at) == (at(-3), NOW)


async def test_news_are_counted_once_an_alert_and_the_newest_is_told(store: SqlStore) -> None:
    rollup = a_rollup()
    one, two, _ = records = await add(store, "one", "two", "three")
    await join(store, rollup, *records)
    async with store.write() as tx:
        assert await tx.rollups.news(rollup.id, at(-10)) == News(0, "")
        await tx.rollups.happened(rollup.id, one.number, "Ada marked it.", at(1))
        await tx.rollups.happened(rollup.id, two.number, "Bo marked it.", at(3))
        await tx.rollups.happened(rollup.id, one.number, "Ada changed it.", at(2))
        assert await tx.rollups.news(rollup.id, at(1)) == News(2, "Bo marked it.")
        assert await tx.rollups.news(rollup.id, at(3)) == News(1, "Bo marked it.")
        assert await tx.rollups.news("another", at(0)) == News(0, "")


async def test_cards_that_were_never_sent_are_taken_back_with_what_waits_for_them(store: SqlStore) -> None:
    await add_conversations(store, PLACE, "channel-2")
    names = ("sending", "waiting", "sent", "repeated", "replacing", "elsewhere")
    await add(store, *names, severity="low")
    await add(store, "other", subscription_id="Another")
    async with store.write() as tx:
        for name in (*names, "other"):
            changes = {"replaces": "old card"} if name == "replacing" else {}
            where = "channel-2" if name == "elsewhere" else PLACE
            await tx.cards.add(a_card(f"card of {name}", name, conversation_id=where, **changes))
        for name in ("sent", "repeated", "sending"):
            await tx.outbox.add([an_item(PLACE, card_id=f"card of {name}")], NOW)
            (item,) = await tx.outbox.claim("me", NOW, 60, 1)
            if name == "sent":
                await tx.outbox.sent(item, "message", NOW)
            elif name == "repeated":
                await tx.outbox.uncertain(item, NOW, "reset")
                (item,) = await tx.outbox.claim("me", NOW, 60, 1)
                assert item.repeat
                await tx.outbox.retry(item, at(1), "429")
        update = an_item(PLACE, kind=ItemKind.ALERT_UPDATE, card_id="card of waiting")
        await tx.outbox.add([an_item(PLACE, card_id="card of waiting"), update], NOW)
        await tx.outbox.add([an_item(PLACE, card_id=f"card of {name}") for name in ("replacing", "other")], NOW)
        await tx.outbox.add([an_item("channel-2", card_id="card of elsewhere")], NOW)
    async with store.write() as tx:
        assert await tx.rollups.withdraw(PLACE, OF_SUBSCRIPTION) == (AlertKey(CONTOSO, "waiting"),)
        assert await tx.cards.get("card of waiting") is None
        for name in ("sending", "sent", "repeated", "replacing", "elsewhere", "other"):
            assert await tx.cards.get(f"card of {name}") is not None, name
        counts = await tx.outbox.counts()
        assert counts["sending"] + counts["pending"] == 5
        assert len(await tx.rollups.withdraw(PLACE, EVERYTHING)) == 1  # that of the other subscription
        assert await tx.rollups.withdraw(PLACE, OF_CUSTOMER) == ()


async def test_where_an_alert_is_shown(store: SqlStore) -> None:
    (one, two) = await add(store, "one", "two")
    await join(store, a_rollup(), one, two)
    async with store.write() as tx:
        await tx.cards.add(a_card("card-1", "one", conversation_id="elsewhere"))
        assert await tx.rollups.shown_in(one) == {PLACE, "elsewhere"}
        assert await tx.rollups.shown_in(two) == {PLACE}
        await tx.rollups.close("rollup-1", at(11), at(11))
        await tx.rollups.left(PLACE, two.number, at(11))
        assert await tx.rollups.shown_in(two) == frozenset()
        assert await tx.rollups.shown_in(one) == {PLACE, "elsewhere"}
        await tx.rollups.finish("rollup-1")
        assert await tx.rollups.shown_in(one) == {"elsewhere"}


async def test_posts_of_both_kinds_are_counted_and_no_more_than_matter(store: SqlStore) -> None:
    await add(store, "one")
    async with store.write() as tx:
        for number in range(5):
            await tx.cards.add(a_card(f"card-{number}", "one", created_at=at(number)))
        await tx.rollups.open(a_rollup(opened_at=at(2)))
        assert await tx.rollups.posts_since(PLACE, at(-1), 20) == 6
        assert await tx.rollups.posts_since(PLACE, at(1), 20) == 4
        assert await tx.rollups.posts_since(PLACE, at(-1), 2) == 3
        assert await tx.rollups.posts_since("elsewhere", at(-1), 20) == 0


async def test_a_member_without_its_alert_is_a_bug_that_shows(store: SqlStore) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await join(store, a_rollup(), AlertRecord(an_alert("no"), 1, 1, NOW, NOW))
