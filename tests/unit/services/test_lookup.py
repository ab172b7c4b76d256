"""Which alert is meant, within what may be read; writes take no beginnings of ids."""

from __future__ import annotations

import pytest

from bot.errors import Unknown, UserError
from tests.factories import FABRIKAM, NORTHWIND, alert
from tests.support.house import House

OURS, THEIRS = frozenset({NORTHWIND}), frozenset({FABRIKAM})
BOTH = OURS | THEIRS


@pytest.fixture
async def stocked(house: House) -> House:
    await house.take_in(
        alert("3fa85f64-one"), alert("3fa85f64-two"), alert("UPPER-case-9"), alert("theirs-77", partner=FABRIKAM)
    )
    return house


async def number(house: House, alert_id: str) -> int:
    return (await house.record(alert(alert_id))).number


@pytest.mark.parametrize("spelling", ["A-{}", "a-{}", "{}", "#{}", " A-{}. ", "#{},", "A-{}:"])
@pytest.mark.parametrize("whole", [True, False])
async def test_a_number_names_an_alert(stocked: House, spelling: str, whole: bool) -> None:
    text = spelling.format(await number(stocked, "3fa85f64-one"))
    assert (await stocked.lookup.reference(text, OURS, whole=whole)).alert.id == "3fa85f64-one"


@pytest.mark.parametrize("whole", [True, False])
async def test_a_whole_id_names_an_alert_whatever_its_case(stocked: House, whole: bool) -> None:
    assert (await stocked.lookup.reference("upper-CASE-9", OURS, whole=whole)).alert.id == "UPPER-case-9"
    assert (await stocked.lookup.reference("3fa85f64-one", OURS, whole=whole)).alert.id == "3fa85f64-one"


async def test_the_unique_beginning_of_an_id_is_enough_for_reading(stocked: House) -> None:
    assert (await stocked.lookup.reference("3fa85f64-t", OURS, whole=False)).alert.id == "3fa85f64-two"


async def test_for_writing_it_is_not(stocked: House) -> None:
    with pytest.raises(UserError) as refusal:
        await stocked.lookup.reference("3fa85f64-t", OURS, whole=True)
    assert refusal.value.code == "whole_id"
    assert f"A-{await number(stocked, '3fa85f64-two')}" in refusal.value.message


async def test_what_fits_several_is_told_with_their_numbers(stocked: House) -> None:
    with pytest.raises(UserError) as refusal:
        await stocked.lookup.reference("3fa85f64", OURS, whole=False)
    assert refusal.value.code == "ambiguous"
    for each in ("3fa85f64-one", "3fa85f64-two"):
        assert f"A-{await number(stocked, each)}" in refusal.value.message


async def test_of_very_many_five_are_named(house: House) -> None:
    await house.take_in(*(alert(f"same-start-{number}") for number in range(9)))
    with pytest.raises(UserError, match="and more") as refusal:
        await house.lookup.reference("same-start", OURS, whole=False)
    assert refusal.value.message.count("A-") == 5


@pytest.mark.parametrize(
    "text", ["3fa85", "A-999999", "999999999999", "nothing-like-it", "", "%%%%%%%", "______", "\x00" * 9]
)
@pytest.mark.parametrize("whole", [True, False])
async def test_what_is_not_there_is_unknown(stocked: House, text: str, whole: bool) -> None:
    with pytest.raises(Unknown):
        await stocked.lookup.reference(text, OURS, whole=whole)


async def test_what_may_not_be_read_is_as_unknown_as_what_does_not_exist(stocked: House) -> None:
    theirs = (await stocked.record(alert("theirs-77", partner=FABRIKAM))).label
    for reference in (theirs, "theirs-77", "theirs"):
        with pytest.raises(Unknown) as refusal:
            await stocked.lookup.reference(reference, OURS, whole=False)
        assert "theirs-77" not in refusal.value.message.replace(reference, "")
        assert (await stocked.lookup.reference(reference, BOTH, whole=False)).alert.id == "theirs-77"
    with pytest.raises(Unknown):
        await stocked.lookup.reference(theirs, frozenset(), whole=False)


async def test_one_id_at_two_partners_is_told_apart_by_number(house: House) -> None:
    await house.take_in(alert("shared-id-1"), alert("shared-id-1", partner=FABRIKAM))
    with pytest.raises(UserError):
        await house.lookup.reference("shared-id-1", BOTH, whole=True)
    assert (await house.lookup.reference("shared-id-1", THEIRS, whole=True)).alert.partner == FABRIKAM
