"""Scores: remembered for an hour, read once at a time, never waited for longer than somebody said."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.people import Partner
from bot.errors import MissingMfa, Refused, Transient
from bot.services import scores as module
from bot.services.scores import KEEP, Scores
from tests.factories import NORTHWIND, guid
from tests.fake_scores import FakeScores, customer, score
from tests.support.house import House

LONG = 10.0


@pytest.fixture
def source(house: House) -> FakeScores:
    return house.score_source


@pytest.fixture
def partner(house: House) -> Partner:
    return house.northwind


async def test_the_score_is_remembered_for_an_hour(house: House, source: FakeScores, partner: Partner) -> None:
    assert await house.scores.latest(partner, LONG) == score()
    source.score = score(current=60.0)
    house.clock.forward(KEEP.total_seconds() - 1)
    assert await house.scores.latest(partner, LONG) == score()
    assert source.asked["score"] == 1
    house.clock.forward(1)
    await house.scores.latest(partner, LONG)  # the old one at once, while the new one is read
    await house.settle()
    assert (await house.scores.latest(partner, LONG)) == score(current=60.0)


async def test_many_who_ask_at_once_are_one_reading(house: House, source: FakeScores, partner: Partner) -> None:
    found = await asyncio.gather(*(house.scores.latest(partner, LONG) for _ in range(20)))
    assert set(found) == {score()}
    assert source.asked["score"] == 1


@pytest.mark.parametrize("problem", [Refused("consent is missing"), Transient("away"), MissingMfa("no claim")])
async def test_a_failure_is_none_and_tried_again_after_a_minute(
    house: House, source: FakeScores, partner: Partner, problem: Exception
) -> None:
    source.away[NORTHWIND] = problem  # type: ignore[assignment]
    assert await house.scores.latest(partner, LONG) is None
    known = await house.scores.sheet(partner, LONG)
    assert (known.value, known.problem, known.reading) == (None, str(problem), False)
    assert source.asked["score"] == 1
    assert await house.scores.latest(house.fabrikam, LONG) == score()  # one partner's trouble is no other's
    del source.away[NORTHWIND]
    house.clock.forward(61)
    assert await house.scores.latest(partner, LONG) == score()


async def test_what_is_known_outlives_a_failure(house: House, source: FakeScores, partner: Partner) -> None:
    await house.scores.latest(partner, LONG)
    source.away[NORTHWIND] = Transient("away")
    house.clock.forward(61)
    known = await house.scores.sheet(partner, LONG, fresh=True)
    assert known.value is not None
    assert (known.value.score, known.problem) == (score(), "away")


async def test_nobody_waits_for_a_slow_answer(house: House, source: FakeScores, partner: Partner) -> None:
    source.slow.clear()
    assert await house.scores.latest(partner, 0.01) is None
    assert (await house.scores.sheet(partner, 0.01)).reading
    source.slow.set()
    await house.settle()
    assert await house.scores.latest(partner, 0.0) == score()
    assert source.asked["score"] == 1


async def test_who_gives_up_waiting_does_not_stop_the_reading(
    house: House, source: FakeScores, partner: Partner
) -> None:
    source.slow.clear()
    waiting = asyncio.create_task(house.scores.latest(partner, LONG))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    source.slow.set()
    await house.settle()
    assert await house.scores.latest(partner, 0.0) == score()


async def test_a_score_without_its_history_is_a_score(house: House, source: FakeScores, partner: Partner) -> None:
    source.no_history = Refused("no")
    known = await house.scores.sheet(partner, LONG)
    assert known.value is not None
    assert (known.value.score, known.value.history) == (score(), ())


async def test_customers_are_counted_once_an_hour_and_named(house: House, source: FakeScores, partner: Partner) -> None:
    house.directory.customers[guid(7001)] = "Contoso"
    source.pages = [tuple(customer(n) for n in range(start, start + 100)) for start in range(0, 1000, 100)]
    for _ in range(3):
        known = await house.scores.census(partner, LONG)
    assert known.value is not None
    assert (known.value.customers, known.value.lacking, source.asked["customers"]) == (1000, 1000, 10)
    assert await house.scores.called(partner, [guid(7001), guid(7002)]) == {guid(7001): "Contoso"}


async def test_a_partner_with_too_many_customers_is_read_so_far(
    house: House, source: FakeScores, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CUSTOMERS_MOST", 150)
    source.pages = [tuple(customer(n) for n in range(start, start + 100)) for start in range(0, 1000, 100)]
    known = await house.scores.census(partner, LONG)
    assert known.value is not None
    assert (known.value.customers, known.value.complete) == (200, False)


async def test_refresh_reads_again_but_not_at_each_press(house: House, source: FakeScores, partner: Partner) -> None:
    await house.scores.sheet(partner, LONG)
    await house.scores.sheet(partner, LONG, fresh=True)
    assert source.asked["score"] == 1
    source.score = score(current=1.0)
    house.clock.forward(61)
    known = await house.scores.sheet(partner, LONG, fresh=True)
    assert known.value is not None
    assert (known.value.score.current, source.asked["score"]) == (1.0, 2)


async def test_where_there_is_no_score_nobody_is_asked(house: House, source: FakeScores, partner: Partner) -> None:
    scores = Scores(house.env, source, house.names, spawn=house.spawn, offered=False)
    assert await scores.latest(partner, LONG) is None
    assert (await scores.census(partner, LONG)).value is None
    assert not source.asked
