"""A sign-in takes its time of the turn that it belongs to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.chat import acting
from bot.chat.turn import Refuse
from bot.errors import UserError
from bot.store import SqlStore
from bot.texts import signing_in
from cards import actions
from tests.factories import alert, pressed
from tests.fakes import FakeClock, FakeIds
from tests.support.house import House

ONE = alert()


class SlowTokens:
    """Entra takes so many seconds for Teams' token."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds

    async def exchange(self, *_: object) -> None:
        await asyncio.sleep(0)
        self._clock.forward(self._seconds)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"nobody asks for {name}")


@pytest.mark.parametrize("seconds", [0.0, 1.25])
async def test_what_the_sign_in_took_the_act_has_no_more(
    store: SqlStore, clock: FakeClock, ids: FakeIds, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    house = House(store, clock, ids, tokens=SlowTokens(clock, seconds))
    await house.route()
    (record,) = await house.take_in(ONE)
    left: list[float] = []

    async def decide(*given: Any) -> Any:
        left.append(given[-1])
        raise UserError("enough")

    monkeypatch.setattr(house.verdicts, "decide", decide)
    press = pressed(actions.ALERT_FRAUD, token="teams", data={"alert": record.number, "version": 1})
    assert await house.desk.turn(press) == Refuse("enough")
    assert left == [pytest.approx(acting.ANSWER_SECONDS - seconds)]


async def test_where_the_roster_took_the_time_entra_has_less(store: SqlStore, clock: FakeClock, ids: FakeIds) -> None:
    house = House(store, clock, ids, tokens=SlowTokens(clock, 0.0))
    await house.route()
    member = house.channel.member

    async def slowly(*given: Any) -> Any:
        clock.forward(2.0)
        return await member(*given)

    house.channel.member = slowly  # type: ignore[method-assign]
    press = pressed(actions.ALERT_FRAUD, token="teams", data={"alert": 1, "version": 1})
    assert await house.desk.turn(press) == Refuse(signing_in.SIGN_IN_SLOW, "try_again")
