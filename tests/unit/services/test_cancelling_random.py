"""Random interleavings of people, replicas, deaths, troubles and time: no cancel without a second person's valid
approval, never two of them for one plan, and no plan in limbo."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
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

passes = st.one_of(st.none(), st.integers(0, 9), st.integers(10, 24))
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
faults = st.builds(Fault, st.sampled_from(sorted(TROUBLES)))
unreadable = st.builds(Unreadable, st.sampled_from(sorted(READ_TROUBLES)))
roles = st.builds(Roles, st.sampled_from(["Ada", "Max", "Zoe"]), st.sampled_from(sorted(ROLES)))
go_on = st.builds(GoOn, st.integers(0, 2), passes)
steps = st.one_of(
    approvals,
    acts,
    work,
    work,
    go_on,
    go_on,
    st.builds(Crash, replica),
    went_by,
    went_by,
    roles,
    portal,
    faults,
    unreadable,
)
asked = st.builds(Begin, st.just("ask"), st.sampled_from(["Ada", "Ada", "Max"]))
approved = st.builds(Begin, st.just("approve"), st.sampled_from(["Max", "Zoe"]), replica, passes)
stories = st.builds(
    lambda first, before, decided, then: [first, *before, decided, *then],
    asked,
    st.one_of(st.lists(faults, max_size=4), st.lists(steps, max_size=4)),
    approved,
    st.lists(steps, min_size=2, max_size=12),
)
"""Somebody asks, there is some trouble, somebody approves; and then anything."""


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
@given(stories, st.booleans())
def test_whatever_happens_in_whatever_order(empty_database: Path, story: list[Step], crash: bool) -> None:
    """`crash`: what halts in the end dies; else it goes on."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "alertdesk.db"
        shutil.copyfile(empty_database, database)
        asyncio.run(_play(database, story, crash))


ASKED, APPROVED = Begin("ask", "Ada"), Begin("approve", "Max")
HELD = Begin("approve", "Max", passes="before cancel")
"""Approved, and the replica stands still with the cancel in its hand."""
WORK = Begin("work", replica=1)


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize(
    "story",
    [
        pytest.param(
            [ASKED, HELD, Wait(61), WORK, Fault("dropped before"), GoOn()],
            id="another has sent it, and it never left here",
        ),
        pytest.param(
            [ASKED, HELD, Wait(61), WORK, Fault("lost before"), GoOn()], id="another has sent it, and who knows"
        ),
        pytest.param(
            [ASKED, HELD, Wait(61), WORK, Fault("refused"), GoOn()], id="another has sent it, and it is refused"
        ),
        pytest.param(
            [ASKED, HELD, Wait(61), WORK, Fault("sign in"), GoOn()], id="another has sent it, and a factor lacks"
        ),
        pytest.param(
            [ASKED, HELD, Wait(61), Fault("refused"), WORK, GoOn()], id="another was refused, and it is sent after"
        ),
        pytest.param([ASKED, HELD, Wait(901), WORK, GoOn()], id="it is given up, and then sent after all"),
        pytest.param([ASKED, APPROVED, Portal("plan_id", "another"), Wait(61), WORK], id="it moves when it is watched"),
        pytest.param(
            [ASKED, Fault("dropped after"), Unreadable("missing"), APPROVED, Wait(61), WORK],
            id="nothing there for a moment",
        ),
        pytest.param([ASKED, HELD, Crash(0), Portal("plan_id", "another"), Wait(61), WORK], id="dead, and it moves"),
    ],
)
async def test_stories_worth_a_look(empty_database: Path, tmp_path: Path, story: list[Step]) -> None:
    shutil.copyfile(empty_database, tmp_path / "alertdesk.db")
    await _play(tmp_path / "alertdesk.db", story, crash=False)
