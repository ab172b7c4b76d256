"""Cards are drawn anew when something on them changed, and only then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chat import board as module
from bot.errors import Unknown
from tests.factories import ADA, FABRIKAM, NORTHWIND, NOW, alert, intent, minutes
from tests.support.house import House

OURS, THEIRS = frozenset({NORTHWIND}), frozenset({FABRIKAM})
ONE = alert()


@pytest.fixture
async def number(house: House) -> int:
    (record,) = await house.take_in(ONE)
    return record.number


async def test_an_unchanged_card_is_the_same_drawing(house: House, number: int) -> None:
    first = await house.board.raw(number, "card", OURS, ADA)
    assert await house.board.raw(number, "card", OURS, ADA) is first


async def test_a_changed_alert_is_drawn_anew(house: House, number: int) -> None:
    first = await house.board.raw(number, "card", OURS, ADA)
    async with house.store.write() as tx:
        await tx.alerts.change(ONE.key, replace(ONE, name="Another name"), house.clock.now(), None)
    second = await house.board.raw(number, "card", OURS, ADA)
    assert (b"Another name" in first, b"Another name" in second) == (False, True)


@pytest.mark.parametrize(("gone", "same"), [(29, True), (30, False), (50, False), (60, False)])
async def test_a_new_phase_is_drawn_anew(house: House, number: int, gone: float, same: bool) -> None:
    await house.board.raw(number, "card", OURS, ADA)  # five minutes old
    first = await house.board.raw(number, "card", OURS, ADA)
    house.clock.forward((ONE.detected_at + minutes(gone) - NOW).total_seconds())
    assert ((await house.board.raw(number, "card", OURS, ADA)) is first) is same


async def test_each_delivery_has_its_own_drawing(house: House, number: int) -> None:
    assert b"card-a" in await house.board.raw(number, "card-a", OURS, ADA)
    assert b"card-b" in await house.board.raw(number, "card-b", OURS, ADA)


async def test_a_drawing_is_not_for_every_reader(house: House, number: int) -> None:
    await house.board.raw(number, "card", OURS, ADA)
    for readable in (THEIRS, frozenset()):
        with pytest.raises(Unknown):
            await house.board.raw(number, "card", readable, ADA)


async def test_a_decision_on_its_way_shows_once_it_is_announced(house: House, number: int) -> None:
    before = await house.board.raw(number, "card", OURS, ADA)
    async with house.store.write() as tx:
        await tx.intents.open(intent())
        await tx.alerts.touch([ONE.key], house.clock.now())
    pending = await house.board.raw(number, "card", OURS, ADA)
    assert (b"alert.fraud" in before, b"alert.fraud" in pending) == (True, False)
    assert b"Ada is marking this as fraud" in pending


async def test_only_so_many_drawings_are_kept(house: House, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DRAWINGS_MOST", 2)
    first = await house.board.raw(number, "1", OURS, ADA)
    for card_id in ("2", "3"):
        await house.board.raw(number, card_id, OURS, ADA)
    assert await house.board.raw(number, "1", OURS, ADA) is not first


async def test_a_notification_is_one_short_line_without_anything_that_comes_alive(house: House) -> None:
    (record,) = await house.take_in(alert("hostile", name="**x** [y](http://z)\n" + "long " * 100))
    summary = house.board.summary(record)
    assert "\n" not in summary
    assert len(summary) <= 200
