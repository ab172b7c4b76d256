"""Lists: paged forth and back in place, with numbers that are right and data that stays small."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.lists import PAGE, decode_cursor, encode_cursor
from bot.domain.filters import Cursor
from bot.errors import UserError
from cards.actions import EXPORT_RUN, LIST_PAGE, TRAIL_MOST, ListPage
from tests.factories import CHANNEL, CUSTOMER, FABRIKAM, NORTHWIND, NOW, alert, minutes, resolved
from tests.support.house import House
from tests.support.seen import Card, checked

OURS = frozenset({NORTHWIND})


async def stocked(house: House, count: int) -> list[str]:
    """So many open alerts, in the order of a list."""
    many = [alert(f"alert-{number:04}", detected_at=NOW - minutes(number)) for number in range(count)]
    return [record.label for record in await house.take_in(*many)]


def labels(card: Card, known: list[str]) -> list[str]:
    lines = card.text.replace("\n", " ").split()
    return [label for label in known if label in lines]


def range_of(card: Card) -> str:
    return next(line for line in card.text.splitlines() if " of " in line or line == "No alerts").split(",")[0]


async def press(house: House, card: Card, title: str) -> Card:
    """The page that the button leads to, by way of the payload's model as a turn would."""
    data: Mapping[str, Any] = card.button(title)["data"]
    assert card.button(title)["verb"] == LIST_PAGE
    assert len(json.dumps(data)) < 1500
    act = ListPage.model_validate(data)
    return checked(await house.lists.page(act.words, OURS, CHANNEL, act.page, act.trail))


async def test_a_list_is_paged_forth_and_back(house: House) -> None:
    known = await stocked(house, 2 * PAGE + 3)
    first = checked(await house.lists.page("", OURS, CHANNEL))
    assert labels(first, known) == known[:PAGE]
    assert (range_of(first), "Previous" in first.buttons) == ("1 to 8 of 19 alerts", False)
    second = await press(house, first, "Next")
    assert (labels(second, known), range_of(second)) == (known[PAGE : 2 * PAGE], "9 to 16 of 19 alerts")
    third = await press(house, second, "Next")
    assert (labels(third, known), range_of(third)) == (known[2 * PAGE :], "17 to 19 of 19 alerts")
    assert "Next" not in third.buttons
    back = await press(house, third, "Previous")
    assert (labels(back, known), range_of(back)) == (known[PAGE : 2 * PAGE], "9 to 16 of 19 alerts")
    assert (await press(house, back, "Previous")).json == first.json


async def test_far_into_a_long_list_the_trail_stays_short_and_the_numbers_right(house: House) -> None:
    pages = TRAIL_MOST + 4
    known = await stocked(house, pages * PAGE)
    card = checked(await house.lists.page("", OURS, CHANNEL))
    for _ in range(pages - 1):
        card = await press(house, card, "Next")
    assert labels(card, known) == known[-PAGE:]
    assert range_of(card) == f"{(pages - 1) * PAGE + 1} to {pages * PAGE} of {pages * PAGE} alerts"
    assert len(card.button("Previous")["data"]["trail"]) == TRAIL_MOST - 1
    for number in range(pages - 1, pages - TRAIL_MOST, -1):
        card = await press(house, card, "Previous")
        assert range_of(card) == f"{(number - 1) * PAGE + 1} to {number * PAGE} of {pages * PAGE} alerts"
    assert labels(card, known) != known[:PAGE]
    card = await press(house, card, "Previous")  # the trail is used up: to the first page
    assert (labels(card, known), range_of(card)) == (known[:PAGE], f"1 to 8 of {pages * PAGE} alerts")


async def decide(house: House, numbers: range) -> None:
    async with house.store.write() as tx:
        for number in numbers:
            of = alert(f"alert-{number:04}", detected_at=NOW - minutes(number))
            await tx.alerts.change(of.key, resolved(of.id, detected_at=of.detected_at), house.clock.now(), None)


async def test_a_page_whose_alerts_were_decided_meanwhile_leads_to_the_first(house: House) -> None:
    await stocked(house, PAGE + 2)
    first = checked(await house.lists.page("", OURS, CHANNEL))
    await decide(house, range(PAGE, PAGE + 2))
    gone = await press(house, first, "Next")
    assert range_of(gone) == "1 to 8 of 8 alerts"
    assert "Previous" not in gone.buttons


async def test_the_last_page_ends_with_the_total_even_where_the_list_became_shorter(house: House) -> None:
    await stocked(house, PAGE + 2)
    first = checked(await house.lists.page("", OURS, CHANNEL))
    await decide(house, range(PAGE))
    assert range_of(await press(house, first, "Next")) == "1 to 2 of 2 alerts"


async def test_a_page_number_that_was_made_up_does_no_harm(house: House) -> None:
    await stocked(house, PAGE + 2)
    alone = checked(await house.lists.page("", OURS, CHANNEL, 900))
    assert range_of(alone) == "1 to 8 of 10 alerts"
    act = ListPage.model_validate(alone.button("Next")["data"])
    assert range_of(checked(await house.lists.page("", OURS, CHANNEL, 1, act.trail))) == "9 to 10 of 10 alerts"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "4.1",
        "4.1.2.3",
        "a.b.c",
        "4.1e3.2",
        "44.1.2",
        "4.99999999999999999999.1",
        f"4.1.{10**30}",
        "-1.1.1",
        "4. 1.1",
        "٤.١.١",
    ],
)
async def test_a_forged_cursor_is_refused(house: House, cursor: str) -> None:
    with pytest.raises(UserError) as refusal:
        await house.lists.page("", OURS, CHANNEL, 2, [cursor])
    assert refusal.value.code == "bad_cursor"


@given(
    st.datetimes(min_value=NOW.replace(year=1970, tzinfo=None), max_value=NOW.replace(year=2200, tzinfo=None)),
    st.integers(1, 4),
    st.integers(0, 10**12 - 1),
)
def test_a_cursor_survives_its_journey(moment: Any, rank: int, number: int) -> None:
    cursor = Cursor(rank, moment.replace(tzinfo=NOW.tzinfo), number)
    assert decode_cursor(encode_cursor(cursor)) == cursor


@given(st.text(max_size=80))
def test_any_text_is_a_cursor_or_is_refused(text: str) -> None:
    with suppress(UserError):
        decode_cursor(text)


async def test_the_words_choose_and_travel_with_every_button(house: House) -> None:
    await stocked(house, PAGE + 2)
    await house.take_in(alert("low", severity="low"))
    card = checked(await house.lists.page("severity:high", OURS, CHANNEL))
    assert range_of(card) == "1 to 8 of 10 alerts"
    assert card.button("Next")["data"]["words"] == "severity:high"
    assert card.button("Export these")["data"] == {"words": "severity:high"}
    assert card.button("Export these")["verb"] == EXPORT_RUN


async def test_nothing_of_another_partner_is_listed_or_counted(house: House) -> None:
    await house.take_in(alert("ours"), alert("theirs", partner=FABRIKAM, name="Their secret"))
    for words in ("", "all", "partner:fabrikam", "customer:" + CUSTOMER):
        card = checked(await house.lists.page(words, OURS, CHANNEL))
        assert "Their secret" not in json.dumps(card.json)
        assert "2 alerts" not in card.text
    assert "Their secret" not in json.dumps(await house.lists.search("theirs", "", OURS, CHANNEL))


async def test_an_empty_list_says_so_by_what_was_asked(house: House) -> None:
    assert "All is decided" in checked(await house.lists.page("", OURS, CHANNEL)).text
    assert "Nothing fits" in checked(await house.lists.page("severity:low", OURS, CHANNEL)).text
    assert "Export these" not in checked(await house.lists.page("", OURS, CHANNEL)).buttons


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("", "Unresolved alerts"),
        ("unresolved sort:oldest", "Unresolved alerts"),
        ("severity:high sort:oldest", "Alerts: unresolved severity:high"),
        ("all", "Alerts: all"),
        ("resolved severity:low", "Alerts: resolved severity:low"),
        ("find:tailspin all sort:newest", "Search: tailspin"),
        ("find:tailspin unresolved", "Search: tailspin · unresolved"),
        ('find:"tail spin" severity:high', "Search: tail spin · unresolved severity:high"),
    ],
)
async def test_the_title_names_the_status_that_is_meant(house: House, words: str, title: str) -> None:
    assert checked(await house.lists.page(words, OURS, CHANNEL)).text.splitlines()[0] == title


async def test_bad_words_are_refused(house: House) -> None:
    with pytest.raises(UserError):
        await house.lists.page("sevrity:high", OURS, CHANNEL)


async def test_a_search_finds_by_id_subscription_and_customer(house: House) -> None:
    (record,) = await house.take_in(alert("needle-1"))
    async with house.store.write() as tx:
        await tx.names.learn(NORTHWIND, {CUSTOMER: "Contoso Ltd"}, house.clock.now())
    for text in ("needle", "NEEDLE-1", "5ab0000", "toso", " contoso "):
        assert record.label in checked(await house.lists.search(text, "", OURS, CHANNEL)).text
    assert "Their" not in checked(await house.lists.search("eedle", "", OURS, CHANNEL)).text


@pytest.mark.parametrize("text", ["", "   "])
async def test_a_search_for_nothing_is_refused(house: House, text: str) -> None:
    with pytest.raises(UserError, match="search <"):
        await house.lists.search(text, "", OURS, CHANNEL)


async def test_a_search_is_a_list_newest_first_and_paged(house: House) -> None:
    known = await stocked(house, PAGE + 3)
    card = checked(await house.lists.search("alert-", "", OURS, CHANNEL))
    assert (labels(card, known), range_of(card)) == (known[:PAGE], "1 to 8 of 11 alerts")
    assert (labels(await press(house, card, "Next"), known)) == known[PAGE:]
    assert "Nothing here" in checked(await house.lists.search("zzz", "", OURS, CHANNEL)).text


async def test_hostile_names_stay_text(house: House) -> None:
    await house.take_in(replace(alert("x"), name="[click](https://evil.example) <at>all</at> {{DATE(x)}}"))
    card = checked(await house.lists.page("", OURS, CHANNEL))
    assert "https://evil.example" not in [action.get("url") for action in card.buttons.values()]
