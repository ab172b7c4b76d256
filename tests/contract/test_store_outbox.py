"""ports.Outbox on both databases: the state machine of bot/domain/delivery.py, claims, fences, leases, dedup."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from bot.domain.delivery import ItemKind, ItemState, NewItem, OutboxItem
from bot.domain.people import SENT_TO, ConversationState
from bot.store import SqlStore, open_store
from bot.store.outbox import RECOVERY_RECHECK, SqlOutbox
from bot.store.tables import outbox
from tests.contract.store_samples import AUDIT_KEY, NOW, FreshIds, add_conversations, an_item, at

LEASE = 30.0


async def add(store: SqlStore, *items: NewItem) -> int:
    async with store.write() as tx:
        return await tx.outbox.add(items, NOW)


async def claim(store: SqlStore, minutes: float = 0, limit: int = 10) -> tuple[OutboxItem, ...]:
    async with store.write() as tx:
        return await tx.outbox.claim("replica", at(minutes), LEASE, limit)


async def claim_one(store: SqlStore, minutes: float = 0) -> OutboxItem:
    (item,) = await claim(store, minutes)
    return item


async def counts(store: SqlStore) -> dict[str, int]:
    """By state, without the zeros."""
    async with store.read() as tx:
        return {state: count for state, count in (await tx.outbox.counts()).items() if count}


async def call(store: SqlStore, method: str, *arguments: Any) -> Any:
    async with store.write() as tx:
        return await getattr(tx.outbox, method)(*arguments)


async def test_a_claimed_item_says_what_was_put_in(store: SqlStore) -> None:
    await add_conversations(store, "channel-1")
    payload = {"text": "naïve \x00 😀", "list": [1, {"deep": None}]}
    await add(store, an_item(kind=ItemKind.THREAD_LINE, card_id="card-1", payload=payload, priority=3))
    item = await claim_one(store, 1)
    assert item == OutboxItem(
        id=item.id,
        conversation_id="channel-1",
        kind="thread_line",
        card_id="card-1",
        payload=payload,
        priority=3,
        attempts=1,
        created_at=NOW,
        fence=item.fence,
        repeat=False,
    )
    assert item.fence
    assert await counts(store) == {ItemState.SENDING: 1}


async def test_nothing_to_claim(store: SqlStore) -> None:
    assert await claim(store) == ()
    async with store.read() as tx:
        assert await tx.outbox.counts() == {str(state): 0 for state in ItemState}
        assert await tx.outbox.oldest_waiting() is None


async def test_a_conversation_gets_its_items_one_by_one_by_priority_then_age(store: SqlStore) -> None:
    await add_conversations(store, "channel-1")
    await add(store, *(an_item(card_id=name, priority=rank) for name, rank in (("a", 1), ("b", 4), ("c", 1), ("d", 4))))
    order = []
    for _ in range(4):
        item = await claim_one(store)
        assert await claim(store) == ()
        order.append(item.card_id)
        assert await call(store, "sent", item, "activity", NOW)
    assert order == ["b", "d", "a", "c"]


async def test_a_claim_takes_one_item_of_each_conversation_best_first_within_the_limit(store: SqlStore) -> None:
    await add_conversations(store, "c1", "c2", "c3")
    for name, rank in (("c1", 1), ("c1", 2), ("c2", 4), ("c3", 2), ("c2", 9)):
        await add(store, an_item(name, priority=rank))
    first = await claim(store, limit=2)
    assert [(item.conversation_id, item.priority) for item in first] == [("c2", 9), ("c1", 2)]
    second = await claim(store, limit=2)
    assert [(item.conversation_id, item.priority) for item in second] == [("c3", 2)]


@pytest.mark.parametrize("state", [state for state in ConversationState if state not in SENT_TO])
async def test_items_of_inactive_conversations_stay_where_they_are(store: SqlStore, state: str) -> None:
    await add_conversations(store, "channel-1")
    await add(store, an_item(), an_item("never-seen"))
    async with store.write() as tx:
        await tx.conversations.set_state("channel-1", state)
    assert await claim(store) == ()
    async with store.read() as tx:
        assert await tx.outbox.oldest_waiting() is None
    async with store.write() as tx:
        await tx.conversations.set_state("channel-1", ConversationState.ACTIVE)
    assert len(await claim(store)) == 1
    assert await counts(store) == {ItemState.PENDING: 1, ItemState.SENDING: 1}


async def test_an_item_for_later_waits_and_holds_up_nothing(store: SqlStore) -> None:
    await add_conversations(store, "channel-1")
    await add(store, an_item(card_id="later", priority=9, available_at=at(10)), an_item(card_id="now"))
    item = await claim_one(store)
    assert item.card_id == "now"
    await call(store, "sent", item, "activity", NOW)
    assert await claim(store, 9.99) == ()
    assert (await claim_one(store, 10)).card_id == "later"


async def test_while_an_item_is_pending_its_dedup_key_admits_no_second_one(store: SqlStore) -> None:
    await add_conversations(store, "channel-1")
    same = an_item(dedup_key="update:card-1")
    assert await add(store, same, same, an_item("channel-2", dedup_key="update:card-1"), an_item(), an_item()) == 4
    assert await add(store, same) == 0
    (item,) = await claim(store)
    assert await add(store, same, same) == 1  # the one that is being sent may be older than the change
    assert (await counts(store))[ItemState.PENDING] == 4
    assert await call(store, "sent", item, "activity", NOW)


async def test_what_need_not_be_said_any_more_is_dropped_while_it_is_pending(store: SqlStore) -> None:
    await add_conversations(store, "channel-1")
    said = an_item(dedup_key="approval:1", available_at=at(1))
    await add(store, said, an_item("channel-2", dedup_key="approval:1"), an_item(dedup_key="approval:2"), an_item())
    assert await call(store, "drop", "channel-1", "approval:1")
    assert not await call(store, "drop", "channel-1", "approval:1")
    assert await counts(store) == {ItemState.PENDING: 3}
    await claim_one(store)
    assert not await call(store, "drop", "channel-1", "approval:2"), "it is being sent"
    assert not await call(store, "drop", "channel-1", ""), "an item without a key is nobody's to drop"
    assert await counts(store) == {ItemState.PENDING: 2, ItemState.SENDING: 1}


async def test_concurrent_adds_with_one_dedup_key_leave_one_item(store: SqlStore, other_store: SqlStore) -> None:
    same = an_item(dedup_key="update:card-1")
    added = await asyncio.gather(*(add((store, other_store)[n % 2], same) for n in range(10)))
    assert sum(added) == 1
    assert await counts(store) == {ItemState.PENDING: 1}


async def test_a_retry_beside_a_newer_item_with_its_key_keeps_both(store: SqlStore) -> None:
    await add_conversations(store, "channel-1")
    same = an_item(dedup_key="update:card-1")
    await add(store, same)
    first = await claim_one(store)
    assert await add(store, same) == 1
    assert await call(store, "retry", first, NOW, "busy")
    assert await counts(store) == {ItemState.PENDING: 2}
    assert await add(store, same) == 0
    again = await claim_one(store)
    assert (again.id, again.attempts) == (first.id, 2)


async def test_a_retry_keeps_its_dedup_key(store: SqlStore) -> None:
    await add_conversations(store, "channel-1")
    same = an_item(dedup_key="update:card-1")
    await add(store, same)
    assert await call(store, "retry", await claim_one(store), at(1), "busy")
    assert await add(store, same) == 0
    assert await claim(store, 0.99) == ()
    assert (await claim_one(store, 1)).attempts == 2


async def test_two_claimers_never_get_the_same_conversation(store: SqlStore, other_store: SqlStore) -> None:
    names = [f"c{n}" for n in range(12)]
    await add_conversations(store, *names)
    await add(store, *(an_item(name, card_id=f"{name}-{n}") for name in names for n in range(3)))
    sent: list[str] = []

    async def dispatcher(where: SqlStore) -> None:
        while True:
            items = await claim(where, limit=4)
            if not items:
                if not (await counts(where)).get(ItemState.PENDING):
                    return
                await asyncio.sleep(0)
                continue
            assert len({item.conversation_id for item in items}) == len(items)
            for item in items:
                sent.append(item.card_id)
                assert await call(where, "sent", item, "activity", NOW)

    async with asyncio.timeout(60):
        await asyncio.gather(*(dispatcher(where) for where in (store, other_store, store, other_store)))
    assert sorted(sent) == sorted(f"{name}-{n}" for name in names for n in range(3))
    for name in names:  # in order within each conversation
        assert [card for card in sent if card.startswith(f"{name}-")] == [f"{name}-{n}" for n in range(3)]


async def test_a_claim_under_way_hides_its_conversations_from_others_who_do_not_wait_for_it(
    postgres_store: SqlStore, migrated_postgres_url: str
) -> None:
    other = await open_store(migrated_postgres_url, audit_key=AUDIT_KEY, ids=FreshIds(), migrate=False)
    await add_conversations(postgres_store, "c1", "c2")
    await add(postgres_store, *(an_item(name, card_id=f"{name}-{n}") for name in ("c1", "c2") for n in range(2)))
    async with asyncio.timeout(5):
        async with postgres_store.write() as tx:
            (held,) = await tx.outbox.claim("one", NOW, LEASE, 1)
            (item,) = await claim(other)
        assert (held.card_id, item.card_id) == ("c1-0", "c2-0")
        assert await claim(other) == ()
    await other.close()


async def test_a_claim_that_is_rolled_back_never_was(store: SqlStore) -> None:
    await add_conversations(store, "channel-1")
    await add(store, an_item())

    async def fail() -> None:
        async with store.write() as tx:
            assert len(await tx.outbox.claim("replica", NOW, LEASE, 5)) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert (await claim_one(store)).attempts == 1


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("sent", ("activity", NOW)),
        ("retry", (NOW, "why")),
        ("uncertain", (NOW, "why")),
        ("park", ("why",)),
    ],
)
async def test_an_old_fence_changes_nothing(store: SqlStore, method: str, arguments: tuple[Any, ...]) -> None:
    await add_conversations(store, "channel-1")
    await add(store, an_item(kind=ItemKind.ALERT_UPDATE))
    stale = await claim_one(store)
    await call(store, "recover", at(1))
    fresh = await claim_one(store, 1)
    assert (fresh.id, fresh.attempts) == (stale.id, 2)
    assert fresh.fence != stale.fence
    assert not await call(store, method, stale, *arguments)
    assert not await call(store, method, replace(fresh, fence=""), *arguments)
    assert await counts(store) == {ItemState.SENDING: 1}
    assert await call(store, method, fresh, *arguments)
    assert not await call(store, method, fresh, *arguments)  # once


async def test_uncertain_becomes_pending_again_marked_as_repeat_when_nothing_proved_it(store: SqlStore) -> None:
    await add_conversations(store, "channel-1")
    await add(store, an_item(card_id="card-1"), an_item(card_id="card-2"))
    assert await call(store, "uncertain", await claim_one(store), at(2), "connection reset")
    other = await claim_one(store, 1)  # an uncertain item holds up nothing
    assert other.card_id == "card-2"
    assert await call(store, "sent", other, "activity", NOW)
    assert await claim(store, 1.99) == ()
    assert await counts(store) == {ItemState.UNCERTAIN: 1, ItemState.SENT: 1}
    again = await claim_one(store, 2)
    assert (again.card_id, again.repeat, again.attempts) == ("card-1", True, 2)
    assert not other.repeat


@pytest.mark.parametrize("kind", [ItemKind.ALERT_CARD, ItemKind.REQUEST_CARD, ItemKind.SUMMARY_CARD])
async def test_an_uncertain_card_can_be_adopted_until_it_is_sent_again(store: SqlStore, kind: ItemKind) -> None:
    await add_conversations(store, "channel-1", "channel-2")
    await add(
        store,
        an_item(card_id="card-1", kind=kind),
        an_item("channel-2", card_id="card-1", kind=ItemKind.THREAD_LINE),
    )
    assert not await call(store, "adopt", "card-1", "activity-7", NOW)  # pending: it cannot have arrived
    for item in await claim(store):
        assert await call(store, "uncertain", item, at(2), "reset")
    assert not await call(store, "adopt", "", "activity-7", NOW)
    assert not await call(store, "adopt", "card-2", "activity-7", NOW)
    assert await call(store, "adopt", "card-1", "activity-7", at(1))
    assert not await call(store, "adopt", "card-1", "activity-7", at(1))
    assert await counts(store) == {ItemState.SENT: 1, ItemState.UNCERTAIN: 1}
    assert [item.kind for item in await claim(store, 2)] == [ItemKind.THREAD_LINE]


async def test_a_dead_senders_updates_become_pending_and_its_posts_uncertain(store: SqlStore) -> None:
    kinds = list(ItemKind)
    await add_conversations(store, *kinds)
    await add(store, *(an_item(kind, kind=kind) for kind in kinds))
    assert len(await claim(store, limit=len(kinds))) == len(kinds)
    assert await call(store, "recover", at(0.499)) == 0
    assert await call(store, "recover", at(0.5)) == len(kinds)
    redrawn = {kind for kind in kinds if kind.endswith("_update")} | {ItemKind.CARD_POINTER}
    assert await counts(store) == {ItemState.PENDING: len(redrawn), ItemState.UNCERTAIN: len(kinds) - len(redrawn)}
    updates = await claim(store, 0.5, limit=len(kinds))
    assert {(item.kind, item.repeat) for item in updates} == {(kind, False) for kind in redrawn}
    later = await claim(store, 0.5 + RECOVERY_RECHECK.total_seconds() / 60, limit=len(kinds))
    assert {item.kind for item in later} == set(kinds) - redrawn
    assert all(item.repeat for item in later)


async def test_parked_stays_parked_until_the_cause_is_gone(store: SqlStore) -> None:
    await add_conversations(store, "channel-1", "channel-2")
    await add(store, an_item(dedup_key="k"), an_item("channel-2"))
    for item in await claim(store):
        assert await call(store, "park", item, "x" * 2000)
    assert await claim(store, 60 * 24 * 365) == ()
    await add(store, an_item(dedup_key="k"))
    async with store.write() as tx:
        assert isinstance(tx.outbox, SqlOutbox)
        assert await tx.outbox.unpark("channel-1", at(1)) == 1
    assert await counts(store) == {ItemState.PENDING: 2, ItemState.PARKED: 1}


async def test_what_is_parked_of_a_card_is_known_and_goes_on_by_itself(store: SqlStore) -> None:
    await add_conversations(store, "channel-1", "channel-2")
    await add(
        store,
        *(an_item(card_id=card, kind=ItemKind.THREAD_LINE) for card in ("card-1", "card-2", "")),
        an_item(card_id="card-1", kind=ItemKind.ALERT_UPDATE),
    )
    for _ in range(4):
        item = await claim_one(store)
        if item.kind == ItemKind.THREAD_LINE:
            assert await call(store, "park", item, "its card is parked")
        else:
            assert await call(store, "sent", item, "activity", NOW)
    async with store.write() as tx:
        assert await tx.outbox.parked_of("card-1") == {ItemKind.THREAD_LINE}
        assert await tx.outbox.parked_of("") == frozenset()
        assert await tx.outbox.unpark("channel-2", at(1), "card-1") == 0
        assert await tx.outbox.unpark("channel-1", at(1), "card-1") == 1
        assert await tx.outbox.parked_of("card-1") == frozenset()
        assert await tx.outbox.parked_of("card-2") == {ItemKind.THREAD_LINE}


async def test_what_teams_said_to_the_last_card_is_known_until_it_takes_one(store: SqlStore) -> None:
    await add_conversations(store, "channel-1", "channel-2")
    for ends in ("no", "never", ""):
        await add(store, an_item())
        card = await claim_one(store)
        async with store.write() as tx:
            assert await (tx.outbox.park(card, ends) if ends else tx.outbox.sent(card, "activity", NOW))
            assert await tx.outbox.refused_in("channel-1") == ends
            assert await tx.outbox.refused_in("channel-2") == ""


async def test_errors_are_cut(store: SqlStore) -> None:
    await add_conversations(store, "channel-1")
    await add(store, an_item())
    assert await call(store, "retry", await claim_one(store), NOW, "é" * 2000)
    async with store._engines.reader.connect() as connection:
        (error,) = (await connection.execute(select(outbox.c.error))).scalars()
    assert error == "é" * 500


async def test_the_oldest_waiting_item_counts_from_when_it_was_due(store: SqlStore) -> None:
    await add_conversations(store, "channel-1")
    await add(store, an_item(available_at=at(30)))
    async with store.write() as tx:
        assert await tx.outbox.oldest_waiting() == at(30)
        await tx.outbox.add([an_item()], at(5))
        assert await tx.outbox.oldest_waiting() == at(5)
    item = await claim_one(store, 5)
    assert await call(store, "retry", item, at(500), "busy")
    async with store.read() as tx:
        assert await tx.outbox.oldest_waiting() == at(5)
    assert await call(store, "sent", await claim_one(store, 30), "activity", at(31))
    assert await call(store, "sent", await claim_one(store, 500), "activity", at(501))
    async with store.read() as tx:
        assert await tx.outbox.oldest_waiting() is None


async def test_prune_forgets_old_sent_items_alone(store: SqlStore) -> None:
    await add_conversations(store, "channel-1", "channel-2")
    await add(store, an_item(), an_item("channel-2"), an_item(), an_item("unknown"))
    one, two = await claim(store)
    await call(store, "sent", one, "activity", at(1))
    await call(store, "sent", two, "activity", at(2))
    assert await call(store, "prune", at(2)) == 1
    assert await call(store, "prune", at(99)) == 1
    assert await counts(store) == {ItemState.PENDING: 2}
    await add(store, an_item())  # ids are never used again
    assert (await claim_one(store)).id not in (one.id, two.id)


steps = st.lists(
    st.tuples(
        st.sampled_from(("add", "add", "claim", "sent", "retry", "uncertain", "park", "adopt", "recover", "wait")),
        st.integers(0, 3),
    ),
    max_size=30,
)
ALLOWED = {
    ("pending", "sending"),
    ("sending", "sent"),
    ("sending", "pending"),
    ("sending", "uncertain"),
    ("sending", "parked"),
    ("uncertain", "sent"),
    ("uncertain", "pending"),
    ("uncertain", "sending"),  # by way of pending, in one claim
}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps)
async def test_no_sequence_of_calls_leaves_the_state_machine(store: SqlStore, walk: list[tuple[str, int]]) -> None:
    async with store._engines.writer.begin() as connection:
        await connection.execute(delete(outbox))
    await add_conversations(store, "c0", "c1")
    held: list[OutboxItem] = []
    before: dict[int, str] = {}
    minutes = 0
    for step, which in walk:
        if step == "add":
            await add(store, an_item(f"c{which % 2}", card_id=f"card-{which}", dedup_key=("", "k")[which // 2]))
        elif step == "claim":
            held += await claim(store, minutes)
        elif step == "adopt":
            await call(store, "adopt", f"card-{which}", "activity", at(minutes))
        elif step == "recover":
            await call(store, "recover", at(minutes))
        elif step == "wait":
            minutes += which
        elif held:
            item = held[which % len(held)]
            arguments = {
                "sent": ("activity", at(minutes)),
                "retry": (at(minutes + 1), "busy"),
                "uncertain": (at(minutes + 1), "reset"),
                "park": ("gone",),
            }[step]
            was = before[item.id]
            assert await call(store, step, item, *arguments) in (True, False)
            if was != "sending":
                assert (await states(store, select(outbox)))[item.id] == was
        after = await states(store, select(outbox))
        for item_id, state in after.items():
            old = before.get(item_id, "pending")
            assert old == state or (old, state) in ALLOWED, (step, old, state)
        before = after


async def states(store: SqlStore, statement: Any) -> dict[int, str]:
    """By item; also holds that no conversation has two items being sent, or two pending with one dedup key."""
    async with store._engines.reader.connect() as connection:
        rows = (await connection.execute(statement)).all()
    sending = [row.conversation_id for row in rows if row.state == "sending"]
    keyed = [(row.conversation_id, row.dedup_key) for row in rows if row.state == "pending" and row.dedup_key]
    assert len(set(sending)) == len(sending)
    assert len(set(keyed)) == len(keyed)
    return {row.id: row.state for row in rows}
