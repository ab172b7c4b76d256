"""ports.Bulk, and what ports.Intents knows of runs, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from bot.domain.bulk import BulkRun, LeftOut, Why, pinned
from bot.domain.decisions import Intent, IntentState
from bot.store import SqlStore
from tests.contract.store_samples import CONTOSO, NOW, an_alert, at

SET = pinned(CONTOSO, "channel", "active", ["b", "a", "ü-ä 😀"], NOW)
RUN = BulkRun(
    id="run-1",
    set_id=SET.id,
    partner=CONTOSO,
    conversation_id="channel",
    thread="root",
    verdict="fraud",
    note="mining 😀",
    by_id="ada-id",
    by_name="Ada",
    at=NOW,
    total=3,
    left_out=(LeftOut("A-7", Why.BUSY, "Max"), LeftOut("A-8", Why.GONE)),
)


def an_intent(name: str, **changes: Any) -> Intent:
    alert = an_alert(f"alert-{name}")
    usual = Intent(name, alert.key, "resolved", "fraud", "", "ada-id", "Ada", NOW, "channel", bulk="run-1")
    return replace(usual, **changes)


async def stocked(store: SqlStore, *intents: Intent) -> None:
    async with store.write() as tx:
        for intent in intents:
            await tx.alerts.add(an_alert(intent.alert.id), NOW, None)
            assert await tx.intents.open(intent) is None


async def test_a_set_is_kept_once_and_forgotten_a_day_after_it_was_last_drawn(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.bulk.pin(SET)
        assert await tx.bulk.pinned(SET.id) == SET
        assert await tx.bulk.pinned("nope") is None
        await tx.bulk.pin(replace(SET, drawn_at=at(30)))
        await tx.bulk.pin(pinned(CONTOSO, "channel", "active", ["c", "d"], NOW))
        assert await tx.bulk.prune(at(30)) == 1
        assert await tx.bulk.pinned(SET.id) == replace(SET, drawn_at=at(30))
        assert await tx.bulk.prune(at(31)) == 1
        assert await tx.bulk.pinned(SET.id) is None


async def test_two_who_draw_the_same_at_once_do_not_disturb_each_other(store: SqlStore, other_store: SqlStore) -> None:
    async def pin(where: SqlStore) -> None:
        async with where.write() as tx:
            await tx.bulk.pin(SET)

    await asyncio.gather(*(pin(where) for where in (store, other_store) * 3))
    async with store.read() as tx:
        assert await tx.bulk.pinned(SET.id) == SET


async def test_a_run_is_kept_with_its_progress_and_ends_once(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.bulk.begin(RUN)
        await tx.bulk.begin(replace(RUN, id="run-0", at=at(-1), left_out=()))
        assert await tx.bulk.run("run-1") == RUN
        assert await tx.bulk.run("nope") is None
        assert [run.id for run in await tx.bulk.open_runs(10)] == ["run-0", "run-1"]
        assert [run.id for run in await tx.bulk.open_runs(1)] == ["run-0"]
        await tx.bulk.sent("run-1", 2)
        await tx.bulk.posted("run-1", "activity")
        assert await tx.bulk.end("run-1", at(1))
        assert not await tx.bulk.end("run-1", at(2), silent=True)
        assert await tx.bulk.run("run-1") == replace(RUN, sent=2, activity_id="activity", ended_at=at(1))
        assert await tx.bulk.end("run-0", at(2), silent=True)
        assert await tx.bulk.open_runs(10) == ()
        ended = await tx.bulk.run("run-0")
    assert ended is not None
    assert (ended.silent, ended.ended_at) == (True, at(2))


async def test_a_run_ends_once_however_many_end_it(store: SqlStore, other_store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.bulk.begin(RUN)

    async def end(where: SqlStore) -> bool:
        async with where.write() as tx:
            return await tx.bulk.end("run-1", at(1))

    assert sorted(await asyncio.gather(*(end(where) for where in (store, other_store) * 2))) == [False] * 3 + [True]


async def test_the_intents_of_a_run_are_found_in_any_state(store: SqlStore) -> None:
    one, two = an_intent("1", only_from="active"), an_intent("2")
    await stocked(store, two, one, an_intent("3", bulk=""), an_intent("4", bulk="another"))
    async with store.write() as tx:
        assert await tx.intents.of_bulk("run-1") == (one, two)
        await tx.intents.close("2", IntentState.FAILED, "refused")
        assert await tx.intents.of_bulk("run-1") == (one, replace(two, state=IntentState.FAILED, error="refused"))
        assert await tx.intents.of_bulk("") == ()


async def test_many_are_held_at_once_renewed_and_given_up(store: SqlStore) -> None:
    await stocked(store, *(an_intent(name) for name in "1234"))
    async with store.write() as tx:
        await tx.intents.close("4", IntentState.DONE)
        assert await tx.intents.claim("3", "other", NOW, 60)
        assert await tx.intents.hold("1234", "me", NOW, 30) == {"1", "2"}
        assert await tx.intents.hold("12", "other", at(0.2), 30) == frozenset()
        assert await tx.intents.hold("12", "me", at(0.2), 30) == {"1", "2"}
        assert [each.attempts for each in await tx.intents.of_bulk("run-1")] == [1, 1, 1, 0]
        await tx.intents.later("1", at(0.3), "later")
        assert await tx.intents.hold("123", "me", at(0.3), 30) == {"1", "2"}
        assert await tx.intents.hold("123", "other", at(2), 30) == {"1", "2", "3"}
        assert [each.attempts for each in await tx.intents.of_bulk("run-1")] == [3, 2, 1, 0]
        assert await tx.intents.hold((), "me", NOW, 30) == frozenset()


async def test_of_two_who_want_to_hold_the_same_one_gets_all(store: SqlStore, other_store: SqlStore) -> None:
    await stocked(store, *(an_intent(name) for name in "123"))

    async def hold(where: SqlStore, owner: str) -> frozenset[str]:
        async with where.write() as tx:
            return await tx.intents.hold("123", owner, NOW, 30)

    held = await asyncio.gather(hold(store, "one"), hold(other_store, "two"))
    assert sorted(map(len, held)) == [0, 3]
