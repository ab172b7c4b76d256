"""ports.Digests and ports.Refunds on both databases."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bot.domain.alerts import Alert, Decision
from bot.domain.digest import Digest, Schedule
from bot.domain.filters import AlertQuery
from bot.domain.refund import Filing, counts, first_usage
from bot.ports import Decided
from bot.store import SqlStore
from bot.store.refunds import _clocks
from bot.store.tables import alerts
from tests.contract.store_samples import CONTOSO, CUSTOMER, EVERYONE, FABRIKAM, NOW, SUBSCRIPTION, an_alert, at

DIGEST = Digest("channel", Schedule("daily", "Europe/Stockholm", 480), at(60), "ada-id", "Ada")
OTHER_CUSTOMER = "cccccccc-0000-4000-8000-000000000002"
OTHER = "5ab00000-0000-4000-8000-000000000002"
THIRD = "5ab00000-0000-4000-8000-000000000003"
ALL = AlertQuery(EVERYONE)
DAY = timedelta(days=1)
_FRESH = itertools.count(1)
"""Examples share a database, so that each needs a subscription of its own."""


def fraud(name: str, **changes: object) -> Alert:
    values = {"status": "resolved", "resolved_reason": "fraud", "resolved_by": "kim@x", "resolved_at": at(5)}
    return an_alert(name, **(values | changes))


async def stocked(store: SqlStore, *made: Alert) -> None:
    async with store.write() as tx:
        for alert in made:
            await tx.alerts.add(alert, NOW, None)


async def test_a_digest_is_set_anew_and_removed(store: SqlStore) -> None:
    weekly = replace(DIGEST, schedule=Schedule("weekly", "UTC", 0, 6), last_at=at(-60))
    async with store.write() as tx:
        await tx.digests.put(DIGEST)
        await tx.digests.put(weekly)
        assert set(await tx.digests.of("channel")) == {DIGEST, weekly}
        changed = replace(DIGEST, schedule=Schedule("daily", "Asia/Kolkata", 1439), next_at=at(5), by_name="Max")
        await tx.digests.put(changed)
        assert set(await tx.digests.of("channel")) == {changed, weekly}
        assert await tx.digests.of("elsewhere") == ()
        assert await tx.digests.remove("channel", "daily")
        assert not await tx.digests.remove("channel", "daily")
        assert await tx.digests.of("channel") == (weekly,)


async def test_the_due_ones_come_longest_waiting_first(store: SqlStore) -> None:
    async with store.write() as tx:
        for minutes in (30, 10, 20, 40):
            await tx.digests.put(replace(DIGEST, conversation_id=f"c-{minutes}", next_at=at(minutes)))
        assert [each.conversation_id for each in await tx.digests.due(at(30), 9)] == ["c-10", "c-20", "c-30"]
        assert [each.conversation_id for each in await tx.digests.due(at(30), 2)] == ["c-10", "c-20"]
        assert await tx.digests.due(at(9), 9) == ()


async def test_of_two_replicas_one_takes_it(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.digests.put(DIGEST)

    async def take() -> bool:
        async with store.write() as tx:
            return await tx.digests.advance(DIGEST, at(120), at(60))

    assert sorted(await asyncio.gather(take(), take(), take())) == [False, False, True]
    async with store.read() as tx:
        assert await tx.digests.of("channel") == (replace(DIGEST, next_at=at(120), last_at=at(60)),)


async def test_what_was_decided_lately_by_whom(store: SqlStore) -> None:
    by_ada = Decision("fraud", "Ada", "ada-id", at(5), "", "teams")
    async with store.write() as tx:
        await tx.alerts.add(fraud("one"), NOW, by_ada)
        await tx.alerts.add(fraud("two", resolved_at=at(6)), NOW, by_ada)
        await tx.alerts.add(fraud("long-ago", resolved_at=at(-600)), NOW, by_ada)
        await tx.alerts.add(fraud("portal", resolved_reason="legitimate"), NOW, None)
        await tx.alerts.add(fraud("theirs", partner=FABRIKAM), NOW, by_ada)
        await tx.alerts.add(fraud("test", is_test=True), NOW, by_ada)
        await tx.alerts.add(fraud("reopened", status="active"), NOW, by_ada)
        await tx.alerts.add(an_alert("open"), NOW, None)
        wanted = AlertQuery(EVERYONE, test=False)
        assert await tx.digests.resolved(wanted, NOW) == 4
        assert await tx.digests.decided(wanted, NOW, 10) == (
            Decided("Ada", "fraud", 3),
            Decided("kim@x", "legitimate", 1),
        )
        assert await tx.digests.decided(wanted, NOW, 1) == (Decided("Ada", "fraud", 3),)
        assert await tx.digests.resolved(replace(wanted, partners=frozenset({CONTOSO})), at(6)) == 1


async def test_a_clock_runs_from_the_earliest_usage_of_the_fraud_verdicts(store: SqlStore) -> None:
    await stocked(
        store,
        fraud("late", first_observed_at=at(-10)),
        fraud("early", first_observed_at=None, detected_at=at(-100)),
        fraud("legitimate", resolved_reason="legitimate", first_observed_at=at(-900)),
        fraud("test", is_test=True, first_observed_at=at(-900)),
        fraud("reopened", status="active", first_observed_at=at(-900)),
        fraud("nowhere", subscription_id="", first_observed_at=at(-900)),
    )
    async with store.read() as tx:
        clock = await tx.refunds.clock(CONTOSO, SUBSCRIPTION.upper())
        assert clock is not None
        assert (clock.first_usage_at, clock.alerts, clock.customer_tenant_id) == (at(-100), 2, CUSTOMER)
        assert await tx.refunds.clock(FABRIKAM, SUBSCRIPTION) is None
        assert await tx.refunds.clock(CONTOSO, "") is None
        assert await tx.refunds.since(ALL, at(-1000), 9) == (clock,)


async def test_open_clocks_come_by_deadline_and_are_counted(store: SqlStore) -> None:
    await stocked(
        store,
        fraud("one", first_observed_at=NOW - 3 * DAY),
        fraud("two", first_observed_at=NOW - 50 * DAY, subscription_id=OTHER),
        fraud("over", first_observed_at=NOW - 61 * DAY, subscription_id=THIRD),
        fraud("newer", first_observed_at=NOW - DAY, subscription_id=THIRD),  # its clock began before all the same
        fraud("theirs", first_observed_at=NOW - 9 * DAY, partner=FABRIKAM),
    )
    async with store.read() as tx:
        since = NOW - 60 * DAY
        found = await tx.refunds.since(ALL, since, 9)
        assert [(clock.partner, clock.subscription_id) for clock in found] == [
            (CONTOSO, OTHER),
            (FABRIKAM, SUBSCRIPTION),
            (CONTOSO, SUBSCRIPTION),
        ]
        assert await tx.refunds.since(ALL, since, 1) == found[:1]
        assert await tx.refunds.count_since(ALL, since) == 3
        ours = AlertQuery(frozenset({CONTOSO}), subscriptions=(OTHER[:36],))
        assert await tx.refunds.since(ours, since, 9) == found[:1]
        assert await tx.refunds.count_since(ours, since) == 1


async def test_what_is_filed_for_a_customer_stands_with_all_its_subscriptions(store: SqlStore) -> None:
    await stocked(
        store,
        fraud("one"),
        fraud("two", subscription_id=OTHER),
        fraud("three", subscription_id=THIRD, customer_tenant_id=OTHER_CUSTOMER),
    )
    filing = Filing("26112300 ü", "ada-id", "Ada", at(9))
    async with store.write() as tx:
        await tx.names.learn(CONTOSO, {CUSTOMER: "Contoso Ltd"}, NOW)
        await tx.refunds.file(CONTOSO, SUBSCRIPTION.upper(), CUSTOMER, replace(filing, ticket="wrong"))
        await tx.refunds.file(CONTOSO, SUBSCRIPTION, CUSTOMER, filing)
        own, sister = await tx.refunds.clock(CONTOSO, SUBSCRIPTION), await tx.refunds.clock(CONTOSO, OTHER)
        assert own is not None
        assert sister is not None
        assert (own.filed, own.customer_filed, own.customer_name) == (filing, None, "Contoso Ltd")
        assert (sister.filed, sister.customer_filed) == (None, filing)
        left = await tx.refunds.since(ALL, NOW - 60 * DAY, 9)
        assert [(clock.subscription_id, clock.answered) for clock in left] == [(THIRD, False)]
        assert await tx.refunds.count_since(ALL, NOW - 60 * DAY) == 1
        assert await tx.refunds.unfile(CONTOSO, SUBSCRIPTION)
        assert not await tx.refunds.unfile(CONTOSO, SUBSCRIPTION)
        assert await tx.refunds.count_since(ALL, NOW - 60 * DAY) == 3


async def test_a_subscription_without_a_customer_is_answered_by_its_own_ticket_alone(store: SqlStore) -> None:
    await stocked(
        store, fraud("one", customer_tenant_id=""), fraud("two", customer_tenant_id="", subscription_id=OTHER)
    )
    async with store.write() as tx:
        await tx.refunds.file(CONTOSO, SUBSCRIPTION, "", Filing("1", "a", "Ada", NOW))
        sister = await tx.refunds.clock(CONTOSO, OTHER)
        assert sister is not None
        assert not sister.answered
        assert await tx.refunds.count_since(ALL, NOW - 60 * DAY) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.lists(
        st.tuples(
            st.sampled_from(["fraud", "legitimate", ""]),
            st.integers(-5000, 0),
            st.none() | st.integers(-9000, 0),
            st.booleans(),
        ),
        max_size=8,
    ),
)
async def test_the_database_finds_what_the_rule_says(
    store: SqlStore, kinds: list[tuple[str, int, int | None, bool]]
) -> None:
    salt = next(_FRESH)
    subscription = str(uuid.UUID(int=salt))
    made = [
        fraud(
            f"{salt}-{index}",
            subscription_id=subscription,
            resolved_reason=reason,
            status="resolved" if reason else "active",
            detected_at=at(detected),
            first_observed_at=at(observed) if observed is not None else None,
            is_test=is_test,
        )
        for index, (reason, detected, observed, is_test) in enumerate(kinds)
    ]
    await stocked(store, *made)
    async with store.read() as tx:
        clock = await tx.refunds.clock(CONTOSO, subscription)
    assert (clock.first_usage_at if clock else None) == first_usage(made)
    assert (clock.alerts if clock else 0) == sum(map(counts, made))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL reads a small table whole
async def test_the_clocks_are_read_from_their_index(store: SqlStore) -> None:
    """However many alerts there are: those that are not fraud are not looked at."""
    engine = store._engines.reader
    wanted = _clocks().where(alerts.c.partner == CONTOSO)
    statement = wanted.compile(engine.sync_engine, compile_kwargs={"literal_binds": True})
    async with engine.connect() as connection:
        plan = "\n".join(str(row) for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {statement}")))
    assert "USING COVERING INDEX ix_alerts_fraud" in plan, plan
