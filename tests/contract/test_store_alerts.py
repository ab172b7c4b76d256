"""ports.Alerts on both databases: records, numbers, versions, notes, look-ups."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.domain.alerts import ActivityLogEntry, AffectedResource, AlertKey, Decision, Note
from bot.errors import Missing, Transient
from bot.store import SqlStore
from tests.contract.store_samples import (
    CONTOSO,
    EVERYONE,
    FABRIKAM,
    NOW,
    SUBSCRIPTION,
    a_query,
    add_alerts,
    an_alert,
    at,
)

FULL = an_alert(
    "Alert-FULL",
    severity="Catastrophic",
    status="somethingNew",
    reseller_tenant_id="dddddddd-0000-4000-8000-000000000001",
    catalog_offer_id="MS-AZR-0145P",
    is_test=True,
    resolved_reason="fraud",
    resolved_by="ada@contoso.example",
    resolved_at=at(5),
    description="Línea 1\nlínea 2 😀",
    affected_resources=(AffectedResource("/subscriptions/x", "Microsoft.Compute/virtualMachines"),),
    additional_details=(("IP", "192.0.2.1"), ("IP", "192.0.2.2")),
    activity_log=(
        ActivityLogEntry("active", "investigating", "ada@contoso.example", at(2)),
        ActivityLogEntry("investigating", "resolved", "", None),
    ),
)
DECISION = Decision("fraud", "Ada", "ada-id", at(5), "known pattern", "teams")


async def test_an_alert_comes_back_as_it_went_in(store: SqlStore) -> None:
    async with store.write() as tx:
        added = await tx.alerts.add(FULL, at(1), DECISION)
    async with store.read() as tx:
        found = await tx.alerts.get(FULL.key)
    assert found == added
    assert found is not None
    assert found.alert == FULL
    assert found.decision == DECISION
    assert (found.number, found.version, found.first_seen_at, found.changed_at) == (1001, 1, at(1), at(1))
    assert found.alert.detected_at.tzinfo is UTC
    assert found.alert.detected_at.microsecond == 123456


async def test_times_of_other_zones_come_back_as_the_same_moment_in_utc(store: SqlStore) -> None:
    there = timezone(timedelta(hours=5, minutes=30))
    await add_alerts(store, an_alert(detected_at=NOW.astimezone(there)))
    async with store.read() as tx:
        found = await tx.alerts.get(AlertKey(CONTOSO, "alert-1"))
    assert found is not None
    assert found.alert.detected_at == NOW
    assert found.alert.detected_at.utcoffset() == timedelta(0)


async def test_a_time_without_zone_is_refused(store: SqlStore) -> None:
    with pytest.raises(Exception, match="without time zone"):
        await add_alerts(store, an_alert(detected_at=datetime(2026, 1, 1)))  # noqa: DTZ001


async def test_text_that_no_database_takes_is_made_harmless(store: SqlStore) -> None:
    nasty = an_alert(name="a\x00b\ud800c", description="\x00", additional_details=(("\x00k", "v\udfff"),))
    await add_alerts(store, nasty)
    async with store.read() as tx:
        found = await tx.alerts.get(nasty.key)
    assert found is not None
    assert found.alert.name == "a\ufffdb\ufffdc"
    assert found.alert.description == "\ufffd"
    assert found.alert.additional_details == (("\ufffdk", "v\ufffd"),)


async def test_what_is_not_there_is_none(store: SqlStore) -> None:
    async with store.read() as tx:
        assert await tx.alerts.get(AlertKey(CONTOSO, "nope")) is None
        assert await tx.alerts.many([]) == {}
        assert await tx.alerts.by_number(1001, EVERYONE) is None


async def test_many_finds_those_that_exist_over_partners_and_batches(store: SqlStore) -> None:
    wanted = [an_alert(f"a{n}", partner=CONTOSO if n % 2 else FABRIKAM) for n in range(520)]
    await add_alerts(store, *wanted)
    keys = [alert.key for alert in wanted]
    async with store.read() as tx:
        found = await tx.alerts.many([*keys, AlertKey(CONTOSO, "missing"), keys[0], AlertKey(CONTOSO, "a0")])
    assert set(found) == set(keys)
    assert all(found[alert.key].alert == alert for alert in wanted)


async def test_the_same_id_of_two_partners_is_two_alerts(store: SqlStore) -> None:
    numbers = await add_alerts(store, an_alert("same"), an_alert("same", partner=FABRIKAM))
    assert numbers == [1001, 1002]
    async with store.read() as tx:
        mine = await tx.alerts.by_number(1002, frozenset({CONTOSO}))
        theirs = await tx.alerts.by_number(1002, frozenset({FABRIKAM}))
        nobodys = await tx.alerts.by_number(1002, frozenset())
    assert mine is None
    assert nobodys is None
    assert theirs is not None
    assert theirs.alert.partner == FABRIKAM


async def test_numbers_are_unique_and_gap_free_with_concurrent_writers(store: SqlStore, other_store: SqlStore) -> None:
    async def add(where: SqlStore, name: str, fail: bool) -> int | None:
        try:
            async with where.write() as tx:
                number = (await tx.alerts.add(an_alert(name), NOW, None)).number
                if fail:
                    raise ValueError(name)
                return number
        except ValueError:
            return None

    got = await asyncio.gather(*(add((store, other_store)[n % 2], f"a{n}", fail=n % 5 == 0) for n in range(30)))
    numbers = sorted(number for number in got if number is not None)
    assert numbers == list(range(1001, 1001 + 24))


async def test_adding_twice_is_passing_trouble_and_costs_no_number(store: SqlStore) -> None:
    await add_alerts(store, an_alert("one"))
    with pytest.raises(Transient):
        await add_alerts(store, an_alert("one"))
    assert await add_alerts(store, an_alert("two")) == [1002]


async def test_of_two_who_add_the_same_alert_at_once_one_is_told_to_look_again(
    store: SqlStore, other_store: SqlStore
) -> None:
    results = await asyncio.gather(
        add_alerts(store, an_alert("one")), add_alerts(other_store, an_alert("one")), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Transient", "list"]


async def test_change_replaces_what_the_source_said_and_raises_the_version(store: SqlStore) -> None:
    before = an_alert("one")
    await add_alerts(store, before)
    after = replace(before, status="resolved", severity="low", resolved_at=at(9), description="closed")
    async with store.write() as tx:
        changed = await tx.alerts.change(before.key, after, at(10), DECISION)
        again = await tx.alerts.change(before.key, after, at(11), None)
    assert (changed.alert, changed.decision, changed.version, changed.changed_at) == (after, DECISION, 2, at(10))
    assert (changed.number, changed.first_seen_at) == (1001, NOW)
    assert (again.decision, again.version) == (None, 3)
    async with store.read() as tx:
        assert await tx.alerts.open_keys(CONTOSO) == frozenset()


async def test_what_is_not_there_cannot_be_changed(store: SqlStore) -> None:
    ghost = an_alert("ghost")
    with pytest.raises(Missing):
        async with store.write() as tx:
            await tx.alerts.change(ghost.key, ghost, NOW, None)
    with pytest.raises(Missing):
        async with store.write() as tx:
            await tx.alerts.add_note(ghost.key, Note(NOW, "ada-id", "Ada", "hello"))


async def test_concurrent_changes_each_raise_the_version(store: SqlStore, other_store: SqlStore) -> None:
    alert = an_alert("one")
    await add_alerts(store, alert)

    async def change(where: SqlStore) -> None:
        async with where.write() as tx:
            await tx.alerts.change(alert.key, alert, at(1), None)

    await asyncio.gather(*(change((store, other_store)[n % 2]) for n in range(10)))
    assert await store.alert_version(alert.key) == 11


async def test_touch_raises_versions_of_those_named_alone(store: SqlStore) -> None:
    one, two, other = an_alert("one"), an_alert("two"), an_alert("one", partner=FABRIKAM)
    await add_alerts(store, one, two, other)
    async with store.write() as tx:
        await tx.alerts.touch([one.key, other.key, one.key, AlertKey(CONTOSO, "ghost")], at(3))
        await tx.alerts.touch([], at(4))
        found = await tx.alerts.many([one.key, two.key, other.key])
    assert {key: (record.version, record.changed_at) for key, record in found.items()} == {
        one.key: (2, at(3)),
        two.key: (1, NOW),
        other.key: (2, at(3)),
    }


async def test_notes_are_kept_in_order_and_raise_the_version(store: SqlStore) -> None:
    await add_alerts(store, an_alert("one"), an_alert("two"), an_alert("three"))
    one, two, three = (AlertKey(CONTOSO, name) for name in ("one", "two", "three"))
    first, second = Note(at(2), "ada-id", "Ada", "second thought"), Note(at(1), "bo-id", "Bo", "🤔")
    async with store.write() as tx:
        await tx.alerts.add_note(one, first)
        record = await tx.alerts.add_note(one, second)
        await tx.alerts.add_note(two, first)
    assert (record.version, record.changed_at) == (3, at(1))
    async with store.read() as tx:
        assert await tx.alerts.notes([one, two, three]) == {one: (first, second), two: (first,)}
        assert await tx.alerts.notes([]) == {}


async def test_open_keys_are_those_not_resolved(store: SqlStore) -> None:
    await add_alerts(
        store,
        an_alert("active"),
        an_alert("new", status="somethingNew"),
        an_alert("done", status="Resolved"),
        an_alert("theirs", partner=FABRIKAM),
    )
    async with store.read() as tx:
        keys = await tx.alerts.open_keys(CONTOSO)
    assert keys == {AlertKey(CONTOSO, "active"), AlertKey(CONTOSO, "new")}


async def test_by_id_prefix_is_literal_and_heeds_partner_and_limit(store: SqlStore) -> None:
    await add_alerts(
        store,
        an_alert("ABCdef-1", detected_at=at(1)),
        an_alert("abcDEF-2", detected_at=at(2)),
        an_alert("abc%ef-3"),
        an_alert("abcdef-4", partner=FABRIKAM),
    )

    async def found(prefix: str, partners: frozenset[str] = EVERYONE, limit: int = 9) -> list[str]:
        async with store.read() as tx:
            return [record.alert.id for record in await tx.alerts.by_id_prefix(prefix, partners, limit)]

    assert await found("abcdef") == ["abcDEF-2", "ABCdef-1", "abcdef-4"]
    assert await found("ABCDEF", frozenset({CONTOSO})) == ["abcDEF-2", "ABCdef-1"]
    assert await found("abcdef", limit=1) == ["abcDEF-2"]
    assert await found("abc%") == ["abc%ef-3"]
    assert await found("abc_") == []
    assert await found("abcdef", frozenset()) == []


async def test_search_finds_by_alert_subscription_and_customer_newest_first(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.names.learn(CONTOSO, {"cust-1": "100% Ünderwater Ltd", "cust-2": "Other_Name", "cust-3": "under"}, NOW)
        await tx.names.learn(FABRIKAM, {"cust-1": "Ünderwater too"}, NOW)
    await add_alerts(
        store,
        an_alert("water-1", customer_tenant_id="cust-2", subscription_id="sub-a", detected_at=at(1)),
        an_alert("b-2", customer_tenant_id="CUST-1", subscription_id="sub-b", detected_at=at(3)),
        an_alert("c-3", customer_tenant_id="cust-2", subscription_id="WATER-c", detected_at=at(2)),
        an_alert("d-4", customer_tenant_id="cust-1", subscription_id="sub-d", partner=FABRIKAM, detected_at=at(9)),
        an_alert("e-5", customer_tenant_id="cust-9", subscription_id="rainwater", detected_at=at(4)),
    )

    async def found(text: str, partners: frozenset[str] = EVERYONE, limit: int = 9) -> list[str]:
        async with store.read() as tx:
            return [record.alert.id for record in await tx.alerts.search(text, partners, limit)]

    assert await found(" WATER ") == ["d-4", "b-2", "c-3", "water-1"]
    assert await found("water", frozenset({CONTOSO})) == ["b-2", "c-3", "water-1"]
    assert await found("water", limit=2) == ["d-4", "b-2"]
    assert await found("ÜNDER", frozenset({CONTOSO})) == ["b-2"]
    assert await found("%") == ["b-2"]
    assert await found("r_n") == ["c-3", "water-1"]
    assert await found("_ater") == []
    assert await found("   ") == []
    assert await found("water", frozenset()) == []


async def test_names_of_customers_and_resellers_are_joined_without_regard_to_case(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.names.learn(CONTOSO, {"cust-1": "Adatum", "RESELLER-1": "Reseller"}, NOW)
        record = await tx.alerts.add(an_alert(customer_tenant_id="CUST-1", reseller_tenant_id="reseller-1"), NOW, None)
        other = await tx.alerts.add(an_alert(partner=FABRIKAM, customer_tenant_id="cust-1"), NOW, None)
    assert (record.customer_name, record.reseller_name) == ("Adatum", "Reseller")
    assert (other.customer_name, other.reseller_name) == ("", "")


async def test_stream_gives_every_alert_of_the_query_once_by_number(store: SqlStore) -> None:
    await add_alerts(
        store,
        *(
            an_alert(f"a{n}", severity="low" if n % 3 else "high", partner=FABRIKAM if n % 7 == 0 else CONTOSO)
            for n in range(1050)
        ),
    )
    async with store.read() as tx:
        everything = [record.number async for record in tx.alerts.stream(a_query())]
        low = [record async for record in tx.alerts.stream(a_query(severities=frozenset({"low"})))]
        nobodys = [record async for record in tx.alerts.stream(a_query(partners=frozenset()))]
    assert everything == list(range(1001, 2051))
    assert [record.alert.id for record in low] == [f"a{n}" for n in range(1050) if n % 3]
    assert nobodys == []


async def test_a_stream_that_is_read_slowly_holds_up_neither_writers_nor_other_readers(store: SqlStore) -> None:
    await add_alerts(store, *(an_alert(f"a{n}") for n in range(1010)))

    async def slow_reader(begun: asyncio.Event, go_on: asyncio.Event) -> int:
        count = 0
        async with store.read() as tx:
            async for _ in tx.alerts.stream(a_query()):
                count += 1
                if count == 10:
                    begun.set()
                    await go_on.wait()
        return count

    go_on = asyncio.Event()
    begun = [asyncio.Event() for _ in range(30)]  # more than there are connections
    readers = [asyncio.create_task(slow_reader(event, go_on)) for event in begun]
    async with asyncio.timeout(30):
        await asyncio.gather(*(event.wait() for event in begun))
        await add_alerts(store, an_alert("meanwhile"))
        async with store.read() as tx:
            assert await tx.alerts.count(a_query()) == 1011
        go_on.set()
        assert await asyncio.gather(*readers) == [1011] * 30


async def test_a_stream_inside_a_write_sees_its_own_changes(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.alerts.add(an_alert("mine"), NOW, None)
        assert [record.alert.id async for record in tx.alerts.stream(a_query())] == ["mine"]


async def test_subscriptions_are_searched_by_their_start(store: SqlStore) -> None:
    await add_alerts(store, an_alert("one"))
    async with store.read() as tx:
        assert len(await tx.alerts.search(SUBSCRIPTION[:4].upper(), EVERYONE, 5)) == 1
        assert len(await tx.alerts.search(SUBSCRIPTION[1:5], EVERYONE, 5)) == 1  # nothing begins so, and it is open
        assert len(await tx.alerts.search("no-such-thing", EVERYONE, 5)) == 0


async def test_the_alerts_of_a_subscription_open_ones_first_then_the_newest(store: SqlStore) -> None:
    await add_alerts(
        store,
        an_alert("closed-new", status="resolved", detected_at=at(9)),
        an_alert("open-old", detected_at=at(-9), subscription_id=SUBSCRIPTION.upper()),
        an_alert("closed-old", status="resolved", detected_at=at(-10)),
        an_alert("open-new", detected_at=at(1), status="investigating"),
        an_alert("elsewhere", subscription_id="another"),
        an_alert("nowhere", subscription_id=""),
        an_alert("theirs", partner=FABRIKAM),
    )

    async def found(subscription_id: str, limit: int = 10) -> list[str]:
        async with store.read() as tx:
            records = await tx.alerts.of_subscription(CONTOSO, subscription_id, limit)
            return [record.alert.id for record in records]

    assert await found(SUBSCRIPTION) == ["open-new", "open-old", "closed-new", "closed-old"]
    assert await found(SUBSCRIPTION.upper(), limit=3) == ["open-new", "open-old", "closed-new"]
    assert await found(SUBSCRIPTION, limit=0) == []
    assert await found("") == []
    assert await found(SUBSCRIPTION[:8]) == []
