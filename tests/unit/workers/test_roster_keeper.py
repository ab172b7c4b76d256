"""Rosters are read hourly, where alerts go, by one replica; and soon after a change."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.people import Conversation
from bot.errors import Permanent, Transient
from bot.ports import Roster
from bot.services.rosters import Rosters
from bot.workers.rosters import EVERY_SECONDS, RosterKeeper
from tests.factories import CHANNEL, GENERAL, NORTHWIND, conversation
from tests.fakes import FakeChannel
from tests.support.house import House
from tests.support.until import until


class Asked(FakeChannel):
    """Teams, and whose rosters were read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []
        self.bad: dict[str, Transient | Permanent] = {}

    async def members(self, conversation: Conversation, most: int) -> Roster:
        self.read.append(conversation.id)
        if conversation.id in self.bad:
            raise self.bad[conversation.id]
        return await super().members(conversation, most)

    def taken(self) -> list[str]:
        read, self.read = self.read, []
        return read


@pytest.fixture
def teams() -> Asked:
    return Asked()


@pytest.fixture
async def keeper(house: House, teams: Asked) -> RosterKeeper:
    await house.route(NORTHWIND, CHANNEL)
    await house.route(NORTHWIND, GENERAL)
    await house.know(conversation("unrouted"))
    return RosterKeeper(house.env, Rosters(house.env, teams), owner="one")


async def test_each_routed_conversation_once_an_hour(house: House, keeper: RosterKeeper, teams: Asked) -> None:
    await keeper.round()
    assert sorted(teams.taken()) == sorted([CHANNEL, GENERAL])
    house.clock.forward(EVERY_SECONDS - 60)
    await keeper.round()
    assert teams.taken() == []
    house.clock.forward(61)
    await keeper.round()
    assert sorted(teams.taken()) == sorted([CHANNEL, GENERAL])


async def test_a_new_route_does_not_wait_for_the_hour(house: House, keeper: RosterKeeper, teams: Asked) -> None:
    await keeper.round()
    teams.taken()
    await house.route(NORTHWIND, "new")
    await keeper.round()
    assert teams.taken() == ["new"]


@pytest.mark.parametrize("problem", [Transient("429", retry_after=30.0), Permanent("gone")], ids=["busy", "gone"])
async def test_one_that_fails_holds_up_no_other_and_waits_for_the_next_hour(
    house: House, keeper: RosterKeeper, teams: Asked, problem: Transient | Permanent
) -> None:
    teams.bad[min(CHANNEL, GENERAL)] = problem
    began = house.clock.monotonic()
    await keeper.round()
    assert sorted(teams.taken()) == sorted([CHANNEL, GENERAL])
    if isinstance(problem, Transient):
        assert house.clock.monotonic() - began >= 30, "who says wait is waited for"
    await keeper.round()
    assert teams.taken() == []


async def test_changes_that_come_together_are_read_once_and_only_where_alerts_go(house: House, teams: Asked) -> None:
    await house.route(NORTHWIND, CHANNEL)
    await house.know(conversation("unrouted"))
    rosters = Rosters(house.env, teams)
    house.clock.held = True
    changes = asyncio.create_task(RosterKeeper(house.env, rosters, owner="one").changes())
    await rosters.came(conversation())
    await rosters.left(conversation("unrouted"), [])
    await until(lambda: bool(house.clock.pauses))
    await rosters.came(conversation())
    house.clock.held = False
    house.clock.forward(5)
    await asyncio.wait_for(changes, 10)
    assert teams.taken() == [CHANNEL]


async def test_a_database_that_is_away_loses_no_change(
    house: House, teams: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.route(NORTHWIND, CHANNEL)
    rosters = Rosters(house.env, teams)
    keeper = RosterKeeper(house.env, rosters, owner="one")
    await rosters.came(conversation())

    async def away() -> frozenset[str]:
        raise Transient("the database restarts")

    with monkeypatch.context() as patched:
        patched.setattr(rosters, "routed", away)
        with pytest.raises(Transient):
            await keeper.changes()
    await asyncio.wait_for(keeper.changes(), 10)
    assert teams.taken() == [CHANNEL]


async def test_while_another_replica_keeps_them_this_one_reads_none(
    house: House, keeper: RosterKeeper, teams: Asked
) -> None:
    async with house.store.write() as tx:
        assert await tx.leases.acquire("rosters", "other", house.clock.now(), 3600)
    house.clock.held = True
    running = asyncio.create_task(keeper.run())
    await until(lambda: bool(house.clock.pauses))
    assert teams.taken() == []
    house.clock.forward(3600)  # the other one is dead
    await until(lambda: bool(teams.read))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
