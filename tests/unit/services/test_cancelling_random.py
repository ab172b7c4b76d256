"""Random interleavings of people, replicas, deaths, troubles and time: no cancel without a second person's valid
approval, never two of them for one plan, and no plan in limbo."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.store import connect
from tests.fakes import FakeClock, FakeIds
from tests.support.house import House
from tests.support.interleavings import (
    READ_TROUBLES,
    ROLES,
    TROUBLES,
    Begin,
    Crash,
    Fault,
    GoOn,
    Interleaving,
    Portal,
    Roles,
    Step,
    Unreadable,
    Wait,
)
from tests.unit.conftest import AUDIT_KEY

EXAMPLES = 40

passes = st.one_of(st.none(), st.integers(0, 12))
replica = st.integers(0, 1)
approvals = st.builds(
    Begin, st.just("approve"), st.sampled_from(["Max", "Max", "Zoe", "Ada", "Gil"]), replica, passes, st.booleans()
)
acts = st.builds(
    Begin, st.sampled_from(["ask", "reject", "withdraw"]), st.sampled_from(["Ada", "Max", "Zoe"]), replica, passes
)
work = st.builds(Begin, st.just("work"), st.just("Max"), replica, passes)
went_by = st.builds(Wait, st.sampled_from([1.0, 6.0, 31.0, 61.0, 61.0, 301.0, 601.0, 901.0, 3601.0, 7201.0]))
portal = st.sampled_from(
    [
        Portal("status", "inactive"),
        Portal("status", "active"),
        Portal("name", "Renamed"),
        Portal("plan_id", "another"),
        Portal("verdict", "legitimate"),
        Portal("verdict", "fraud"),
        Portal("verdict", ""),
    ]
)
steps = st.one_of(
    approvals,
    approvals,
    acts,
    work,
    work,
    st.builds(GoOn, st.integers(0, 2), passes),
    st.builds(GoOn, st.integers(0, 2), passes),
    st.builds(Crash, replica),
    went_by,
    went_by,
    st.builds(Roles, st.sampled_from(["Ada", "Max", "Zoe"]), st.sampled_from(sorted(ROLES))),
    portal,
    st.builds(Fault, st.sampled_from(sorted(TROUBLES))),
    st.builds(Fault, st.sampled_from(sorted(TROUBLES))),
    st.builds(Unreadable, st.sampled_from(sorted(READ_TROUBLES))),
)
asked = st.builds(Begin, st.just("ask"), st.sampled_from(["Ada", "Ada", "Max"]))


async def _play(database: Path, taken: list[Step], crash: bool) -> None:
    ids = FakeIds()
    store = connect(f"sqlite:///{database}", audit_key=AUDIT_KEY, ids=ids)
    house = House(store, FakeClock(), ids)
    try:
        interleaving = Interleaving(house, AUDIT_KEY)
        await interleaving.prepare()
        for step in taken:
            await interleaving.take(step)
        await interleaving.finish(crash=crash)
    finally:
        await house.close()
        await store.close()


@pytest.mark.usefixtures("patience")
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(asked, st.lists(steps, min_size=4, max_size=16), st.booleans())
def test_whatever_happens_in_whatever_order(empty_database: Path, first: Step, then: list[Step], crash: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "alertdesk.db"
        shutil.copyfile(empty_database, database)
        asyncio.run(_play(database, [first, *then], crash))
