"""Saved filters, and the order of customers, on both databases."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.filters import COUNTED_MOST, Sort
from bot.domain.saved_filters import SavedFilter, of_conversation, of_person
from bot.store import SqlStore
from tests.contract.store_samples import CONTOSO, NOW, a_query, add_alerts, an_alert, at

ADAS = of_person("ada-id")
SAVED = SavedFilter(ADAS, "Überfällig", 'customer:"100%_Ünder"', "ada-id", "Ada", NOW)


async def test_a_filter_comes_back_as_it_went_in_under_its_name_in_any_case(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.saved_filters.put(SAVED)
        await tx.saved_filters.put(replace(SAVED, scope=of_conversation("ada-id"), words="all"))
    async with store.read() as tx:
        assert await tx.saved_filters.named(ADAS, ["ÜBERFÄLLIG", "other"]) == (SAVED,)
        assert await tx.saved_filters.named(of_person("ben-id"), ["überfällig"]) == ()
        assert await tx.saved_filters.named(ADAS, []) == ()


async def test_one_of_the_same_name_takes_its_place(store: SqlStore) -> None:
    newer = replace(SAVED, name="überfällig", words="all", by_name="Ben", at=at(5))
    async with store.write() as tx:
        await tx.saved_filters.put(SAVED)
        await tx.saved_filters.put(newer)
        assert await tx.saved_filters.all_of(ADAS, 9) == (newer,)
        assert await tx.saved_filters.count(ADAS) == 1
        assert await tx.saved_filters.remove(ADAS, "ÜBERFÄLLIG") is True
        assert await tx.saved_filters.remove(ADAS, "ÜBERFÄLLIG") is False
        assert await tx.saved_filters.count(ADAS) == 0


async def test_they_are_listed_by_name_and_no_more_than_asked_for(store: SqlStore) -> None:
    async with store.write() as tx:
        for name in ("b", "C", "a"):
            await tx.saved_filters.put(replace(SAVED, name=name))
        assert [each.name for each in await tx.saved_filters.all_of(ADAS, 2)] == ["a", "b"]


async def test_a_customer_that_gets_a_name_moves_in_the_list(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.names.learn(CONTOSO, {"cust-2": "Middle"}, NOW)
    await add_alerts(
        store,
        an_alert("nameless", customer_tenant_id="CUST-1", detected_at=at(3)),
        an_alert("middle", customer_tenant_id="cust-2", detected_at=at(2)),
        an_alert("none", customer_tenant_id="", detected_at=at(1)),
    )

    async def listed() -> list[str]:
        async with store.read() as tx:
            page = await tx.alerts.page(a_query(sort=Sort.CUSTOMER), None, 9)
            return [record.alert.id for record in page.records]

    assert await listed() == ["middle", "none", "nameless"]
    async with store.write() as tx:
        await tx.names.learn(CONTOSO, {"cust-1": "Alpine", "cust-2": "Zebra"}, at(1))
    assert await listed() == ["nameless", "middle", "none"]
    async with store.write() as tx:
        await tx.alerts.change(
            an_alert("none").key, an_alert("none", customer_tenant_id="cust-1", detected_at=at(9)), at(2), None
        )
    assert await listed() == ["none", "nameless", "middle"]


async def test_a_list_is_counted_so_far_and_no_further(store: SqlStore) -> None:
    await add_alerts(store, *(an_alert(f"a{n}") for n in range(COUNTED_MOST + 5)))
    async with store.read() as tx:
        for query in (a_query(), a_query(find="a"), a_query(find="a1", anywhere=True)):
            page = await tx.alerts.page(query, None, 2)
            assert page.total == min(await tx.alerts.count(query), COUNTED_MOST + 1)
        assert (await tx.alerts.page(a_query(), None, 2)).total == COUNTED_MOST + 1
