"""Lists and selections: SQL must say the same as `filters.matches` and Python's own ordering, on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.domain.alerts import RESPONSE_TARGET, Alert, Work, severity_rank
from bot.domain.filters import AlertQuery, Cursor, Sort, matches
from bot.store import SqlStore
from tests.contract.store_samples import NOW, a_query, add_alerts, an_alert, at

TENANTS = ("cust-a", "CUST-B", "cust-c", "cust-nameless")
NAMES = {"cust-a": "Straße & Söhne", "cust-b": "100%_Adatum", "cust-c": "İstanbul ADATUM"}
MOMENTS = [NOW + timedelta(minutes=minutes, microseconds=more) for minutes in (-90, -60, -30, 0) for more in (-1, 0, 1)]
TICK = timedelta(microseconds=1)
CASES = (str.lower, str.upper, str.title)


def in_any_case(*words: str) -> st.SearchStrategy[str]:
    return st.builds(lambda word, case: case(word), st.sampled_from(words), st.sampled_from(CASES))


alerts = st.fixed_dictionaries(
    {
        "partner": st.sampled_from(("one", "two", "three")),
        "status": in_any_case("active", "investigating", "resolved", "escalated", "ÄNDERUNG"),
        "severity": in_any_case("high", "medium", "low", "informational", "apocalyptic"),
        "alert_type": in_any_case(
            "serviceHealthSecurityAdvisory", "servicehealth", "usageAnomaly", "servicehealthier", "x"
        ),
        "customer_tenant_id": st.sampled_from(TENANTS),
        "reseller_tenant_id": st.sampled_from(("", *TENANTS)),
        "subscription_id": st.sampled_from(("5ab-1", "5AB-2", "5a%b", "", "\U0010ffff\U0010ffff", "\ud7ffx")),
        "detected_at": st.sampled_from(MOMENTS),
        "resolved_at": st.none() | st.sampled_from(MOMENTS),
        "is_test": st.booleans(),
    }
)
works = st.builds(
    Work,
    assigned_id=st.sampled_from(("ada-id", "ben-id")),
    assigned_name=st.sampled_from(("Ada Lindqvist", "İngrid 100%", "")),
    snoozed_until=st.none() | st.sampled_from(MOMENTS),
)


def some(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[frozenset[str]]:
    return st.just(frozenset[str]()) | st.frozensets(strategy, min_size=1, max_size=2)


def _name(tenant_id: str) -> str:
    return NAMES.get(tenant_id.lower(), "")


words = {
    "partners": st.frozensets(st.sampled_from(("one", "two", "three", "unknown")), max_size=4),
    "unresolved": st.booleans(),
    "statuses": some(st.sampled_from(("active", "resolved", "escalated", "änderung", "Active"))),
    "severities": some(st.sampled_from(("high", "low", "apocalyptic"))),
    "types": some(st.sampled_from(("notification", "usage", "servicehealth", "usageanomaly", "x"))),
    "customers": st.lists(
        st.sampled_from(("cust-b", "CUST-A", "adatum", "STRASSE", "straße", "%", "_", "", "\\", "i̇st", "nobody")),
        max_size=2,
    ).map(tuple),
    "resellers": st.lists(st.sampled_from(("cust-b", "CUST-A", "adatum", "", "nobody")), max_size=2).map(tuple),
    "subscriptions": st.lists(
        st.sampled_from(("5ab", "5AB-2", "5a%", "5a_", "", "\U0010ffff", "\ud7ff")), max_size=2
    ).map(tuple),
    "detected_from": st.none() | st.sampled_from(MOMENTS),
    "detected_to": st.none() | st.sampled_from(MOMENTS),
    "sla_breached": st.none() | st.booleans(),
    "test": st.none() | st.booleans(),
    "sla_due": st.booleans(),
    "alerts": st.lists(st.sampled_from(("x", "1", "0", "")), max_size=2).map(tuple),
    "assigned": st.lists(st.sampled_from(("", "ada-id", "ADA", "i̇ng", "100%", "nobody")), max_size=2).map(tuple),
    "snoozed": st.none() | st.booleans(),
    "find": st.sampled_from(("5ab", "5a%", "adatum", "1-", "-2", "%", "Straße", "nobody")),
    "anywhere": st.booleans(),
}
# Two conditions at a time: more of them would select nothing most of the time.
queries = st.lists(st.sampled_from(sorted(words)), max_size=2, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: words[name] for name in names})
)


def expected(
    query: AlertQuery, stored: list[tuple[int, Alert]], worked: Mapping[str, Work] = MappingProxyType({})
) -> list[int]:
    """The model: numbers in list order."""
    found = [
        (alert, number)
        for number, alert in stored
        if matches(
            query,
            alert,
            _name(alert.customer_tenant_id),
            _name(alert.reseller_tenant_id),
            worked.get(alert.id, Work()),
        )
    ]
    return [number for _, number in sorted(found, key=lambda each: _place(query.sort, *each))]


def _place(sort: Sort, alert: Alert, number: int) -> tuple[Any, ...]:
    time = (alert.detected_at.timestamp(), number)
    newest = (-time[0], -number)
    name = _name(alert.customer_tenant_id).lower()
    places: dict[Sort, tuple[Any, ...]] = {
        Sort.SEVERITY: (-severity_rank(alert.severity), *newest),
        Sort.NEWEST: newest,
        Sort.OLDEST: time,
        Sort.DEADLINE: (not alert.is_open, *time),
        Sort.CUSTOMER: (not name, name or alert.customer_tenant_id.lower(), *newest),
    }
    return places[sort]


async def pages(store: SqlStore, query: AlertQuery, size: int) -> tuple[list[int], list[int], set[int]]:
    """(all numbers page by page, lengths of the pages, totals that were told)."""
    numbers: list[int] = []
    lengths: list[int] = []
    totals: set[int] = set()
    after: Cursor | None = None
    while True:
        async with store.read() as tx:
            page = await tx.alerts.page(query, after, size)
        numbers += [record.number for record in page.records]
        lengths.append(len(page.records))
        totals.add(page.total)
        if page.next is None:
            return numbers, lengths, totals
        after = page.next


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(alerts, max_size=12),
    st.lists(works, max_size=5),
    st.lists(st.tuples(queries, st.sampled_from(Sort)), min_size=1, max_size=6),
    st.integers(1, 5),
)
@example(
    [{"partner": "one", "detected_at": at(-60), "status": "resolved"}],
    [],
    [({"sla_breached": True}, Sort.SEVERITY)],
    1,
)
async def test_sql_selects_and_orders_as_the_pure_function_does(
    store: SqlStore,
    made: list[dict[str, Any]],
    work: list[Work],
    asked: list[tuple[dict[str, Any], Sort]],
    size: int,
) -> None:
    world = uuid.uuid4().hex  # examples share a database; their partners keep them apart
    values = [an_alert(f"{world}-{n}", **facts) for n, facts in enumerate(made)]
    values = [_in_world(world, alert) for alert in values]
    async with store.write() as tx:
        for partner in ("one", "two", "three"):
            await tx.names.learn(world + partner, NAMES, NOW)
    stored = list(zip(await add_alerts(store, *values), values, strict=True))
    worked = dict(zip((alert.id for alert in values), work, strict=False))
    async with store.write() as tx:
        for alert in values:
            if alert.id in worked:
                await tx.alerts.set_work(alert.key, worked[alert.id], NOW)
    for conditions, sort in asked:
        query = a_query(**({"partners": frozenset({"one", "two"}), "sort": sort} | conditions))
        query = _query_in_world(world, query)
        wanted = expected(query, stored, worked)
        numbers, lengths, totals = await pages(store, query, size)
        assert numbers == wanted, query
        assert totals == {len(wanted)}
        assert all(length == size for length in lengths[:-1])
        async with store.read() as tx:
            assert await tx.alerts.count(query) == len(wanted)
            assert [record.number async for record in tx.alerts.stream(query)] == sorted(wanted)


def _in_world(world: str, alert: Alert) -> Alert:
    return replace(alert, partner=world + alert.partner)


def _query_in_world(world: str, query: AlertQuery) -> AlertQuery:
    return replace(query, partners=frozenset(world + partner for partner in query.partners))


@pytest.mark.parametrize("breached", [True, False])
async def test_the_response_target_is_kept_to_the_microsecond(store: SqlStore, breached: bool) -> None:
    made = [
        an_alert(f"{n}", status=status, detected_at=detected, resolved_at=resolved)
        for n, (status, detected, resolved) in enumerate(
            (status, detected, answer and detected + answer)
            for status in ("active", "Resolved", "resolving")
            for detected in (at(-60) - TICK, at(-60), at(-60) + TICK, at(-600))
            for answer in (None, RESPONSE_TARGET - TICK, RESPONSE_TARGET, RESPONSE_TARGET + TICK)
        )
    ]
    stored = list(zip(await add_alerts(store, *made), made, strict=True))
    query = a_query(sla_breached=breached)
    wanted = expected(query, stored)
    assert 10 < len(wanted) < 38
    assert (await pages(store, query, 20))[0] == wanted


prefixes = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00") | st.sampled_from("ab%_\\'\""))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(prefixes.filter(bool), min_size=1, max_size=8, unique=True), prefixes)
async def test_prefixes_are_compared_letter_by_letter(store: SqlStore, ids: list[str], start: str) -> None:
    partner = uuid.uuid4().hex
    await add_alerts(store, *(an_alert(alert_id, partner=partner) for alert_id in ids))
    async with store.read() as tx:
        found = await tx.alerts.by_id_prefix(start, frozenset({partner}), 100)
    assert {record.alert.id for record in found} == {one for one in ids if one.lower().startswith(start.lower())}


async def test_a_list_can_be_paged_while_alerts_arrive_and_go(store: SqlStore) -> None:
    await add_alerts(store, *(an_alert(f"a{n}", detected_at=at(-n)) for n in range(6)))
    async with store.read() as tx:
        first = await tx.alerts.page(a_query(), None, 3)
    await add_alerts(store, an_alert("newer", detected_at=at(5)))
    async with store.read() as tx:
        second = await tx.alerts.page(a_query(), first.next, 3)
    assert [record.alert.id for record in first.records + second.records] == [f"a{n}" for n in range(6)]
    assert (first.total, second.total, second.next) == (6, 7, None)


async def test_a_page_of_nothing(store: SqlStore) -> None:
    async with store.read() as tx:
        page = await tx.alerts.page(a_query(), None, 10)
    assert (page.records, page.total, page.next) == ((), 0, None)
