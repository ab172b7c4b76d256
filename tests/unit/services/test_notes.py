"""Remarks: kept, told in the thread, and the same one not twice."""

from __future__ import annotations

import pytest

from bot.domain.alerts import Note
from bot.domain.delivery import ItemKind
from bot.errors import UserError
from bot.services.notes import LONGEST, SAME_WITHIN
from tests.factories import ADA, MAX, NORTHWIND, alert
from tests.support.house import House

ONE = alert()


async def notes(house: House) -> list[tuple[str, str]]:
    async with house.store.read() as tx:
        found: tuple[Note, ...] = (await tx.alerts.notes([ONE.key])).get(ONE.key, ())
    return [(note.by_name, note.text) for note in found]


async def test_a_note_is_kept_told_and_on_record(house: House) -> None:
    await house.route()
    (record,) = await house.take_in(ONE)
    async with house.store.write() as tx:
        await house.cards.announce(tx, record)
    await house.waiting()
    changed = await house.notes.add(record, "  customer called back ", ADA)
    assert changed.version > record.version
    assert await notes(house) == [("Ada", "customer called back")]
    items = await house.waiting()
    assert [item.payload.get("text") for item in items if item.kind == ItemKind.THREAD_LINE] == [
        "Note by Ada: customer called back"
    ]
    (row,) = await house.audit(NORTHWIND)
    assert (row.entry.act, row.entry.detail["text"]) == ("note", "customer called back")


@pytest.mark.parametrize("text", ["", "  \n ", "x" * (LONGEST + 1)], ids=["empty", "blank", "too-long"])
async def test_without_text_or_with_too_much_nothing_is_saved(house: House, text: str) -> None:
    (record,) = await house.take_in(ONE)
    with pytest.raises(UserError):
        await house.notes.add(record, text, ADA)
    assert await notes(house) == []
    assert await house.audit() == []


async def test_the_longest_note_fits(house: House) -> None:
    (record,) = await house.take_in(ONE)
    await house.notes.add(record, "x" * LONGEST, ADA)
    assert len(await notes(house)) == 1


async def test_the_same_note_by_the_same_person_is_a_repeat_for_ten_minutes(house: House) -> None:
    (record,) = await house.take_in(ONE)
    await house.notes.add(record, "seen", ADA)
    await house.notes.add(record, "seen", ADA)
    await house.notes.add(record, "seen", MAX)
    await house.notes.add(record, "seen twice", ADA)
    assert await notes(house) == [("Ada", "seen"), ("Max", "seen"), ("Ada", "seen twice")]
    house.clock.forward(SAME_WITHIN.total_seconds())
    await house.notes.add(record, "seen", ADA)
    assert len(await notes(house)) == 4
