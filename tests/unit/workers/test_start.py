"""A database that is away at the start is waited for; what only the operator can mend ends the start."""

from __future__ import annotations

import asyncio

import pytest

from bot.errors import ConfigError, Transient
from bot.workers.start import Start
from tests.fakes import FakeClock, FakeIds
from tests.support.until import until


class Begin:
    """Fails with these, one after the other; then works."""

    def __init__(self, *problems: Exception) -> None:
        self.problems, self.tries = list(problems), 0

    async def __call__(self) -> None:
        self.tries += 1
        if self.problems:
            raise self.problems.pop(0)


async def test_where_all_is_there_nothing_is_waited_for(clock: FakeClock, ids: FakeIds) -> None:
    start = Start(clock, ids, begin := Begin())
    assert start.problem
    await start.first()
    assert (start.problem, begin.tries) == ("", 1)


async def test_a_database_that_is_away_is_named_and_tried_again_with_growing_pauses(ids: FakeIds) -> None:
    clock = FakeClock(held=True)
    # What seems a matter for the operator may pass too, once the program is up: a server that is being set up.
    problems = [Transient("The database does not answer."), Transient("still away"), ConfigError("no such database")]
    start = Start(clock, ids, begin := Begin(*problems))
    await start.first()
    assert start.problem == "The database does not answer."
    task = asyncio.create_task(start.rest())
    try:
        pauses = []
        for tries in (1, 2, 3):
            await until(lambda: bool(clock.pauses))
            assert begin.tries == tries
            pauses.append(clock.pauses[0])
            clock.forward(pauses[-1])
        await until(lambda: start.problem == "")
        assert begin.tries == 4
        assert pauses == sorted(pauses)
        assert pauses[0] < pauses[-1] <= 15
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_only_the_operator_can_mend_ends_the_start(clock: FakeClock, ids: FakeIds) -> None:
    with pytest.raises(ConfigError):
        await Start(clock, ids, Begin(ConfigError("the password is wrong"))).first()
