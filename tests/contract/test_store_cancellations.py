"""ports.Cancellations on both databases: one open per subscription, and of two writers one wins."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from bot.domain.cancellations import OPEN, Cancellation, Event, Kind, Mark, State
from bot.store import SqlStore
from tests.contract.store_samples import (
    CONTOSO,
    EVERYONE,
    FABRIKAM,
    NOW,
    SUBSCRIPTION,
    a_conversation,
    a_plan,
    ask,
    at,
)

LEASE = 60.0
OTHER = "5ab00000-0000-4000-8000-000000000002"


async def get(store: SqlStore, number: int = 1) -> Cancellation:
    async with store.read() as tx:
        found = await tx.cancellations.get(number)
    assert found is not None
    return found


async def change(store: SqlStore, before: Cancellation, after: Cancellation) -> Cancellation | None:
    async with store.write() as tx:
        return await tx.cancellations.change(before, after)


async def end(store: SqlStore, number: int, event: Event = Event.REJECT) -> Cancellation:
    before = await get(store, number)
    ended = await change(store, before, replace(before.after(event), due_at=None))
    assert ended is not None
    return ended


async def claim(store: SqlStore, owner: str, minutes: float, number: int = 1) -> Cancellation | None:
    async with store.write() as tx:
        return await tx.cancellations.claim(number, owner, at(minutes), LEASE)


async def due(store: SqlStore, minutes: float, limit: int = 10) -> tuple[int, ...]:
    async with store.read() as tx:
        return await tx.cancellations.due(at(minutes), limit)


# Asking ------------------------------------------------------------------------------------------------------------


async def test_a_plan_comes_back_as_it_was_asked_for(store: SqlStore) -> None:
    plan = a_plan()
    await ask(store, plan, due_at=at(120))
    found = await get(store)
    assert found == Cancellation(plan, due_at=at(120))
    assert found.plan.digest == plan.digest
    async with store.read() as tx:
        assert await tx.cancellations.get(2) is None


odd_texts = st.text(st.characters(exclude_categories=()), max_size=8)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(odd_texts, odd_texts, st.lists(odd_texts, max_size=3).map(tuple), st.integers(-12, 12))
async def test_whatever_a_plan_says_its_digest_stays(
    store: SqlStore, name: str, reason: str, alerts: tuple[str, ...], hours: int
) -> None:
    there = timezone(timedelta(hours=hours))
    async with store.write() as tx:
        number = await tx.cancellations.next_number()
        plan = a_plan(
            number,
            entitlement_id=f"{name}-{number}",
            entitlement_name=name,
            reason=reason,
            alerts=alerts,
            asked_at=NOW.astimezone(there),
        )
        assert await tx.cancellations.open(plan, NOW) is None
        assert await tx.cancellations.open(plan, NOW) is not None  # found again by its subscription
    found = (await get(store, number)).plan
    assert found.digest == plan.digest
    if not any("\ud800" <= letter <= "\udbff" for letter in name + reason + "".join(alerts)):
        assert found == plan  # of two halves of a letter in a row JSON makes the letter


async def test_a_time_without_zone_is_a_bug_that_shows(store: SqlStore) -> None:
    with pytest.raises(ValueError, match="time zone"):
        await ask(store, a_plan(asked_at=NOW.replace(tzinfo=None)))


async def test_numbers_start_at_one_and_a_rollback_loses_none(store: SqlStore) -> None:
    async def fail() -> None:
        async with store.write() as tx:
            assert await tx.cancellations.next_number() == 2
            raise ZeroDivisionError

    async with store.write() as tx:
        assert await tx.cancellations.next_number() == 1
    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.write() as tx:
        assert [await tx.cancellations.next_number() for _ in range(2)] == [2, 3]


async def test_numbers_are_unique_among_many_who_ask(store: SqlStore, other_store: SqlStore) -> None:
    async def take(n: int) -> int:
        async with (store, other_store)[n % 2].write() as tx:
            return await tx.cancellations.next_number()

    assert sorted(await asyncio.gather(*(take(n) for n in range(10)))) == list(range(1, 11))


async def test_a_subscription_has_one_open_request_whatever_its_kind_and_letters(store: SqlStore) -> None:
    await ask(store, a_plan(1))
    async with store.write() as tx:
        for second in (a_plan(2), a_plan(2, kind=Kind.REACTIVATE, entitlement_id=SUBSCRIPTION.upper())):
            standing = await tx.cancellations.open(second, NOW)
            assert standing is not None
            assert standing.plan == a_plan(1)
            assert await tx.cancellations.get(2) is None
    await ask(store, a_plan(3, entitlement_id=OTHER), a_plan(4, partner=FABRIKAM))


@pytest.mark.parametrize("state", State)
async def test_the_next_can_be_asked_for_after_the_end_and_not_before(store: SqlStore, state: State) -> None:
    await ask(store, a_plan(1))
    first = await get(store)
    reached = await change(store, first, replace(first, state=state))
    assert reached is not None
    async with store.write() as tx:
        standing = await tx.cancellations.open(a_plan(2), NOW)
    assert standing == (reached if state in OPEN else None)


async def test_of_two_replicas_that_ask_at_once_one_opens_and_the_others_learn_which(
    store: SqlStore, other_store: SqlStore
) -> None:
    async def press(n: int) -> int | None:
        async with (store, other_store)[n % 2].write() as tx:
            standing = await tx.cancellations.open(a_plan(n + 1), NOW)
            return standing.number if standing else None

    results = await asyncio.gather(*(press(n) for n in range(8)))
    assert results.count(None) == 1
    assert {result for result in results if result is not None} == {results.index(None) + 1}


async def test_two_plans_never_share_a_request_id(store: SqlStore) -> None:
    await ask(store, a_plan(1))
    with pytest.raises(IntegrityError):
        await ask(store, a_plan(2, entitlement_id=OTHER, request_id="request-1"))
    with pytest.raises(IntegrityError):
        await ask(store, a_plan(1, entitlement_id=OTHER, request_id="request-2"))


# Progress ----------------------------------------------------------------------------------------------------------


async def test_who_holds_it_before_changing_it_loses_nothing_to_others_who_do(
    store: SqlStore, other_store: SqlStore
) -> None:
    """What each of them wrote before shows to whoever holds it next, so that the last one sees it all."""
    names = [f"P{number}" for number in range(8)]
    await ask(store, a_plan())
    seen: list[int] = []

    async def refuse(number: int) -> None:
        async with (store, other_store)[number % 2].write() as tx:
            await tx.conversations.put(a_conversation(names[number], team_id="refused"))
            held = await tx.cancellations.held(1)
            assert held is not None
            seen.append(len(await tx.conversations.of_team("refused")))
            assert await tx.cancellations.change(held, replace(held, unreached=(*held.unreached, names[number])))

    await asyncio.gather(*(refuse(number) for number in range(len(names))))
    assert sorted((await get(store)).unreached) == names
    assert seen == [1, 2, 3, 4, 5, 6, 7, 8]
    async with store.write() as tx:
        assert await tx.cancellations.held(2) is None


async def test_all_progress_comes_back(store: SqlStore) -> None:
    await ask(store, a_plan())
    before = await get(store)
    after = replace(
        before,
        state=State.STUCK,
        approver_id="bo-id",
        approver_name="Bo",
        approved_at=at(1),
        sent=2,
        accepted_at=at(2),
        ended_at=at(3),
        outcome="naïve 😀",
        code="900421",
        earliest_at=at(4),
        seen_status="active",
        seen_at=at(5),
        notified=True,
        reminded=True,
        asked_names=("Bo", "Cy\x00\ud800"),
        unreached=("Di",),
        marks={"alert-2": Mark(2, "throttled"), "alert-1": Mark()},
        attempts=7,
        due_at=at(6),
    )
    written = await change(store, before, after)
    assert written == replace(after, version=2)
    assert await get(store) == written
    assert written is not None
    assert await change(store, written, Cancellation(before.plan)) == Cancellation(before.plan, version=3)


async def test_who_read_an_older_version_writes_nothing(store: SqlStore) -> None:
    await ask(store, a_plan(1), a_plan(2, entitlement_id=OTHER))
    before = await get(store)
    first = await change(store, before, replace(before.after(Event.APPROVE), approver_name="Bo"))
    assert first is not None
    assert await change(store, before, before.after(Event.WITHDRAW)) is None
    assert await change(store, replace(before, version=9), before.after(Event.REJECT)) is None
    assert await get(store) == first
    assert (await get(store, 2)).version == 1  # nobody else's


async def test_a_change_to_another_plan_is_a_bug_that_shows(store: SqlStore) -> None:
    await ask(store, a_plan())
    before = await get(store)
    with pytest.raises(ValueError, match="R-1"):
        await change(store, before, replace(before, plan=a_plan(reason="another")))
    assert await get(store) == before


async def test_of_two_replicas_that_decide_at_once_one_wins(store: SqlStore, other_store: SqlStore) -> None:
    await ask(store, a_plan())
    before = await get(store)
    events = [Event.APPROVE, Event.REJECT, Event.WITHDRAW, Event.EXPIRE] * 2
    results = await asyncio.gather(
        *(
            change((store, other_store)[n % 2], before, replace(before.after(event), approver_id=f"person-{n}"))
            for n, event in enumerate(events)
        )
    )
    (winner,) = (result for result in results if result is not None)
    assert await get(store) == winner
    assert winner.version == 2


async def test_a_decision_that_is_rolled_back_was_none(store: SqlStore) -> None:
    async def fail() -> None:
        async with store.write() as tx:
            assert await tx.cancellations.change(before, before.after(Event.APPROVE)) is not None
            raise ZeroDivisionError

    await ask(store, a_plan())
    before = await get(store)
    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await get(store) == before


# Leases ------------------------------------------------------------------------------------------------------------


async def test_due_are_those_whose_time_has_come_longest_waiting_first(store: SqlStore) -> None:
    for number, minutes in ((1, 3.0), (2, 1.0), (3, 2.0), (4, 1.0)):
        await ask(store, a_plan(number, entitlement_id=f"sub-{number}"), due_at=at(minutes))
    assert await due(store, 0.99) == ()
    assert await due(store, 1) == (2, 4)
    assert await due(store, 3) == (2, 4, 3, 1)
    assert await due(store, 3, limit=2) == (2, 4)
    await end(store, 2)
    assert await due(store, 3) == (4, 3, 1)


async def test_a_claim_holds_until_its_lease_runs_out(store: SqlStore) -> None:
    await ask(store, a_plan(), due_at=at(1))
    assert await claim(store, "one", 0.99) is None
    claimed = await claim(store, "one", 1)
    assert claimed == Cancellation(a_plan(), due_at=at(2))
    assert await due(store, 1.99) == ()
    assert await claim(store, "two", 1.99) is None
    assert await claim(store, "two", 2) == Cancellation(a_plan(), due_at=at(3))
    assert await claim(store, "two", 2, number=9) is None
    await end(store, 1)
    assert await claim(store, "two", 99) is None


async def test_of_two_replicas_that_claim_at_once_one_gets_it(store: SqlStore, other_store: SqlStore) -> None:
    await ask(store, a_plan())
    results = await asyncio.gather(*(claim((store, other_store)[n % 2], f"owner-{n}", 0) for n in range(8)))
    assert sum(result is not None for result in results) == 1


async def test_what_a_person_decides_goes_before_what_the_claimer_writes(store: SqlStore) -> None:
    await ask(store, a_plan())
    claimed = await claim(store, "worker", 0)
    assert claimed is not None
    withdrawn = await end(store, 1, Event.WITHDRAW)
    assert await change(store, claimed, claimed.after(Event.EXPIRE)) is None
    assert await get(store) == withdrawn


async def test_a_change_may_take_the_lease_with_it(store: SqlStore) -> None:
    await ask(store, a_plan())
    before = await get(store)
    assert await change(store, before, replace(before.after(Event.APPROVE), due_at=at(1))) is not None
    assert await claim(store, "worker", 0.99) is None
    assert await claim(store, "worker", 1) is not None


async def test_of_a_decision_and_a_claim_at_once_neither_is_lost(store: SqlStore, other_store: SqlStore) -> None:
    await ask(store, a_plan())
    before = await get(store)
    claimed, decided = await asyncio.gather(
        claim(store, "worker", 0), change(other_store, before, replace(before.after(Event.APPROVE), due_at=at(5)))
    )
    found = await get(store)
    assert decided is not None
    assert (found.state, found.version, found.due_at) == (State.APPROVED, 2, at(5))
    assert claimed is None or claimed.version == 1


# Lists -------------------------------------------------------------------------------------------------------------


async def test_the_newest_of_each_subscription(store: SqlStore) -> None:
    await ask(store, a_plan(1))
    await end(store, 1)
    await ask(
        store,
        a_plan(2, entitlement_id=SUBSCRIPTION.upper()),
        a_plan(3, entitlement_id=OTHER),
        a_plan(4, partner=FABRIKAM),
    )
    async with store.read() as tx:
        found = await tx.cancellations.last_on(CONTOSO, iter([SUBSCRIPTION, OTHER.upper(), "nothing", ""]))
        assert await tx.cancellations.last_on("nobody", [SUBSCRIPTION]) == {}
        assert await tx.cancellations.last_on(CONTOSO, []) == {}
        many = await tx.cancellations.last_on(CONTOSO, [*(f"none-{n}" for n in range(1200)), OTHER])
    assert {subscription: one.number for subscription, one in found.items()} == {SUBSCRIPTION: 2, OTHER: 3}
    assert found[SUBSCRIPTION] == Cancellation(a_plan(2, entitlement_id=SUBSCRIPTION.upper()), due_at=NOW)
    assert [one.number for one in many.values()] == [3]


async def test_the_latest_are_the_open_ones_oldest_first_then_the_others_newest_first(store: SqlStore) -> None:
    for number in range(1, 7):
        await ask(store, a_plan(number, entitlement_id=f"sub-{number}", partner=FABRIKAM if number == 5 else CONTOSO))
    for number in (1, 3, 4):
        await end(store, number)

    async def latest(partners: frozenset[str], limit: int = 10) -> list[int]:
        async with store.read() as tx:
            return [one.number for one in await tx.cancellations.latest(partners, limit)]

    assert await latest(EVERYONE) == [2, 5, 6, 4, 3, 1]
    assert await latest(frozenset({CONTOSO})) == [2, 6, 4, 3, 1]
    assert await latest(EVERYONE, limit=4) == [2, 5, 6, 4]
    assert await latest(EVERYONE, limit=0) == []
    assert await latest(frozenset()) == []
