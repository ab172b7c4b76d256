"""What must happen once: ports.Inbox, Exports, SignIns and Leases on both databases, with several at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.filters import AlertQuery
from bot.ports import ExportRequest, SignIn
from bot.store import SqlStore
from bot.store.inbox import DEAD_AFTER
from tests.contract.store_samples import NOW, a_query, at

QUERY = AlertQuery(
    partners=frozenset({"b", "a"}),
    unresolved=True,
    statuses=frozenset({"active"}),
    severities=frozenset({"high", "low"}),
    types=frozenset({"usage"}),
    customers=("Straße", "x"),
    subscriptions=("5ab",),
    detected_from=datetime(2026, 1, 1, 0, 0, 0, 7, tzinfo=UTC),
    detected_to=NOW,
    sla_breached=False,
    test=True,
    now=NOW,
)


def a_request(export_id: str = "export-1", **changes: object) -> ExportRequest:
    values = {
        "id": export_id,
        "person_id": "ada-id",
        "tenant_id": "tenant",
        "query": QUERY,
        "file_name": "alerts.csv",
        "rows": 12,
        "expires_at": at(10),
        "token_hash": f"hash of {export_id}",
    }
    return ExportRequest(**(values | changes))  # type: ignore[arg-type]


def a_sign_in(state: str = "state-1", **changes: object) -> SignIn:
    values = {
        "state": state,
        "person_id": "ada-id",
        "tenant_id": "tenant",
        "after": "export:1",
        "flow": {"nonce": "n", "scope": ["a"]},
        "expires_at": at(10),
    }
    return SignIn(**(values | changes))  # type: ignore[arg-type]


async def test_an_activity_is_new_once(store: SqlStore) -> None:
    async with store.write() as tx:
        assert await tx.inbox.begin("activity-1", NOW) == (True, None)
        assert await tx.inbox.begin("activity-1", at(0.19)) == (False, None)
        await tx.inbox.finish("activity-1", {"status": 200, "text": "naïve"})
        assert await tx.inbox.begin("activity-1", at(2)) == (False, {"status": 200, "text": "naïve"})
        assert await tx.inbox.begin("activity-2", at(2)) == (True, None)


async def test_an_activity_that_was_forgotten_or_rolled_back_is_new_again(store: SqlStore) -> None:
    async def fail() -> None:
        async with store.write() as tx:
            assert await tx.inbox.begin("activity-2", NOW) == (True, None)
            raise ZeroDivisionError

    async with store.write() as tx:
        await tx.inbox.begin("activity-1", NOW)
        await tx.inbox.forget("activity-1")
        await tx.inbox.forget("nope")
        assert await tx.inbox.begin("activity-1", NOW) == (True, None)
    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.write() as tx:
        assert await tx.inbox.begin("activity-2", NOW) == (True, None)


async def test_of_the_same_activity_many_times_at_once_one_is_new(store: SqlStore, other_store: SqlStore) -> None:
    async def begin(n: int) -> bool:
        async with (store, other_store)[n % 2].write() as tx:
            new, answer = await tx.inbox.begin("activity-1", NOW)
            assert answer is None
            return new

    assert sum(await asyncio.gather(*(begin(n) for n in range(10)))) == 1


async def test_a_first_that_left_no_answer_for_long_died_and_one_repeat_takes_its_place(
    store: SqlStore, other_store: SqlStore
) -> None:
    async with store.write() as tx:
        await tx.inbox.begin("activity-1", NOW)

    async def begin(n: int) -> bool:
        async with (store, other_store)[n % 2].write() as tx:
            new, answer = await tx.inbox.begin("activity-1", NOW + DEAD_AFTER)
            assert answer is None
            return new

    assert sum(await asyncio.gather(*(begin(n) for n in range(8)))) == 1
    async with store.write() as tx:
        await tx.inbox.finish("activity-1", {"status": 200})
        assert await tx.inbox.begin("activity-1", NOW + 9 * DEAD_AFTER) == (False, {"status": 200})


async def test_what_was_renewed_lives_and_what_ended_is_not_begun_anew(store: SqlStore, other_store: SqlStore) -> None:
    async with store.write() as tx:
        for key in ("running", "dead", "ended"):
            await tx.inbox.begin(key, NOW)
        await tx.inbox.finish("ended", {"status": 200})
    later = NOW + DEAD_AFTER
    async with store.write() as tx:
        await tx.inbox.renew(["running", "ended", "unheard of"], later - timedelta(seconds=1))
    async with other_store.write() as tx:
        found = {key: await tx.inbox.begin(key, later) for key in ("running", "dead", "ended", "unheard of")}
    assert found == {
        "running": (False, None),
        "dead": (True, None),
        "ended": (False, {"status": 200}),
        "unheard of": (True, None),
    }


async def test_a_repeat_can_look_for_the_answer(store: SqlStore, other_store: SqlStore) -> None:
    async def seen() -> Mapping[str, Any] | None:
        async with other_store.read() as tx:
            return await tx.inbox.answer("activity-1")

    assert await seen() is None
    async with store.write() as tx:
        await tx.inbox.begin("activity-1", NOW)
    assert await seen() is None
    async with store.write() as tx:
        await tx.inbox.finish("activity-1", {"status": 200})
    assert await seen() == {"status": 200}


async def test_prune_forgets_old_activities(store: SqlStore) -> None:
    async with store.write() as tx:
        for n in range(3):
            await tx.inbox.begin(f"activity-{n}", at(n))
        assert await tx.inbox.prune(at(2)) == 2
        assert await tx.inbox.begin("activity-0", NOW) == (True, None)
        assert await tx.inbox.begin("activity-2", NOW) == (False, None)


@pytest.mark.parametrize("query", [QUERY, a_query(), AlertQuery(frozenset())])
async def test_an_export_comes_back_as_it_went_in(store: SqlStore, query: AlertQuery) -> None:
    request = a_request(query=query)
    async with store.write() as tx:
        await tx.exports.add(request)
        await tx.exports.add(a_request("consent-1", token_hash=""))
        await tx.exports.add(a_request("consent-2", token_hash=""))
        assert await tx.exports.get("export-1") == request
        assert await tx.exports.by_token("hash of export-1") == request
        assert await tx.exports.by_token("") is None
        assert await tx.exports.by_token("other") is None
        assert await tx.exports.get("nope") is None


async def test_an_export_is_taken_once_and_not_after_its_end(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.exports.add(a_request("one"))
        await tx.exports.add(a_request("two"))
        assert await tx.exports.take("one", at(9.99)) == a_request("one")
        assert await tx.exports.take("one", at(9.99)) is None
        assert await tx.exports.get("one") is None
        assert await tx.exports.take("two", at(10)) is None
        assert await tx.exports.get("two") == a_request("two")  # so that one can say that it is over
        assert await tx.exports.take("nope", at(10 + 24 * 60 + 1)) is None
        assert await tx.exports.get("two") is None


async def test_of_many_who_take_an_export_at_once_one_gets_it(store: SqlStore, other_store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.exports.add(a_request())

    async def take(n: int) -> bool:
        async with (store, other_store)[n % 2].write() as tx:
            return await tx.exports.take("export-1", NOW) is not None

    assert sum(await asyncio.gather(*(take(n) for n in range(8)))) == 1


async def test_a_take_that_is_rolled_back_leaves_the_export(store: SqlStore) -> None:
    async def fail() -> None:
        async with store.write() as tx:
            assert await tx.exports.take("export-1", NOW) is not None
            raise ZeroDivisionError

    async with store.write() as tx:
        await tx.exports.add(a_request())
    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.write() as tx:
        assert await tx.exports.take("export-1", NOW) is not None


async def test_a_sign_in_is_taken_once_and_not_after_its_end(store: SqlStore) -> None:
    async with store.write() as tx:
        for state in ("one", "two"):
            await tx.sign_ins.add(a_sign_in(state))
        assert await tx.sign_ins.take("one", at(9.99)) == a_sign_in("one")
        assert await tx.sign_ins.take("one", at(9.99)) is None
        assert await tx.sign_ins.take("two", at(10)) is None
        assert await tx.sign_ins.take("nope", NOW) is None


async def test_sign_ins_that_came_to_no_end_are_pruned(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.sign_ins.add(a_sign_in("one"))
        await tx.sign_ins.add(a_sign_in("two", expires_at=at(11)))
        assert await tx.sign_ins.prune(at(9.99)) == 0
        assert await tx.sign_ins.prune(at(10)) == 1
        assert await tx.sign_ins.get("two", at(10)) is not None


async def test_of_many_who_take_a_sign_in_at_once_one_gets_it(store: SqlStore, other_store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.sign_ins.add(a_sign_in())

    async def take(n: int) -> bool:
        async with (store, other_store)[n % 2].write() as tx:
            return await tx.sign_ins.take("state-1", NOW) is not None

    assert sum(await asyncio.gather(*(take(n) for n in range(8)))) == 1


async def test_a_lease_has_one_owner_until_it_runs_out_or_is_released(store: SqlStore) -> None:
    async with store.write() as tx:
        assert await tx.leases.acquire("dispatch", "one", NOW, 60)
        assert not await tx.leases.acquire("dispatch", "two", at(0.99), 60)
        assert await tx.leases.acquire("dispatch", "one", at(0.5), 60)
        assert not await tx.leases.acquire("dispatch", "two", at(1.49), 60)
        assert await tx.leases.acquire("other", "two", NOW, 60)
        assert await tx.leases.acquire("dispatch", "two", at(1.5), 60)
        await tx.leases.release("dispatch", "one")
        assert not await tx.leases.acquire("dispatch", "one", at(1.6), 60)
        await tx.leases.release("dispatch", "two")
        assert await tx.leases.acquire("dispatch", "one", at(1.6), 60)


async def test_of_many_who_want_a_lease_at_once_one_gets_it(store: SqlStore, other_store: SqlStore) -> None:
    async def acquire(n: int) -> bool:
        async with (store, other_store)[n % 2].write() as tx:
            return await tx.leases.acquire("dispatch", f"owner-{n}", NOW, 60)

    assert sum(await asyncio.gather(*(acquire(n) for n in range(8)))) == 1
