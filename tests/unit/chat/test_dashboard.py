"""The dashboard as people ask for it: whose figures, for when, and what it says where there is little to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.chat.dashboard import Asked, asked, moment_meant
from bot.chat.turn import Refuse, Reply, ShowCard
from bot.domain.people import Person
from bot.errors import UserError
from bot.texts import dashboard as texts
from tests.cardcheck import walk
from tests.factories import (
    ADA,
    FABRIKAM,
    FAY,
    GENERAL,
    NORTHWIND,
    NOW,
    alert,
    conversation,
    minutes,
    personal,
    pressed,
    resolved,
    said,
)
from tests.support.house import House
from tests.support.seen import Card, checked


@pytest.fixture
async def desk(house: House) -> House:
    """Northwind answered one in 30 min and one in 30 h, and has one open since 10 h; Fabrikam, routed elsewhere, has
    one open. A test alert of each kind beside them."""
    await house.baseline()
    await house.route()
    await house.route(FABRIKAM, GENERAL)
    ended = NOW - timedelta(days=1)
    await house.take_in(
        resolved("quick", detected_at=ended - minutes(30), resolved_at=ended),
        resolved("slow", detected_at=ended - timedelta(hours=30), resolved_at=ended),
        alert("waits", detected_at=NOW - timedelta(hours=10), severity="catastrophic", alert_type="[Evil](x)"),
        alert("test", is_test=True),
        resolved("test-done", is_test=True, resolved_at=NOW),
        alert("theirs", partner=FABRIKAM, detected_at=NOW - timedelta(hours=1)),
    )
    return house


async def answer(house: House, text: str, by: Person = ADA, **more: Any) -> Reply:
    return await house.desk.turn(said(text, by, **more))


async def shown(house: House, text: str = "dashboard", by: Person = ADA, **more: Any) -> Card:
    reply = await answer(house, text, by, **more)
    assert isinstance(reply, ShowCard), reply
    assert reply.card is not None
    return checked(reply.card)


def data(card: Card, title: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = card.button(title)["data"]
    return found


async def test_tiles_and_forecast_of_the_partner_that_is_routed_here(desk: House) -> None:
    text = (await shown(desk)).text
    assert "Northwind · 01 Mar 2026, 12:30 UTC" in text
    assert "15.2 h\naverage time to respond" in text, "30.5 h by 2"
    assert "1\nunresolved" in text
    assert "3\nnew in 7 days" in text
    assert "2\nresolved with a reason" in text
    assert "If this one stays open until 17:00 UTC, the average will be 15.0 h." in text, "30.5 h and 14.5 h by 3"
    assert "The average passes 24 h if this one stays open beyond 02 Mar 2026, 20:00 UTC." in text, "72 h - 30.5 h"
    assert "catastrophic 1" in text
    assert "1 October 2025" in text


async def test_a_forecast_beyond_what_is_required_is_red_and_few_types_are_named(desk: House) -> None:
    def red(card: Card) -> list[str]:
        runs = [run for _, run in walk(card.json) if run.get("type") == "TextRun"]
        return [run["text"] for run in runs if run.get("color") == "Attention" and run["text"].startswith("If ")]

    assert red(await shown(desk)) == []
    old = desk.clock.now() - timedelta(days=20)
    await desk.take_in(*(alert(f"old-{kind}", alert_type=f"Kind{kind}", detected_at=old) for kind in range(7)))
    card = await shown(desk)
    assert len(red(card)) == 1
    (said,) = [line for line in card.text.splitlines() if line.startswith("Unresolved by type: ")]
    assert "and 4 of other kinds" in said, "of eight types, one of them from before"


async def test_the_forecast_is_for_when_it_was_asked_for(desk: House) -> None:
    text = (await shown(desk, "dashboard until:18:30")).text
    assert "until 18:30 UTC, the average will be 15.5 h" in text
    assert "until 02 Mar 2026, 12:00 UTC" in (await shown(desk, "dashboard until:12:00")).text, "12:00 is past today"


async def test_refresh_switching_and_the_list_keep_what_was_asked_for(desk: House) -> None:
    card = await shown(desk, 'dashboard partner:"northw" until:18:30')
    assert data(card, "Refresh") == {"words": "until:18:30"}, "there is no other partner here"
    assert data(card, "Show unresolved") == {"words": "unresolved test:no"}
    again = await desk.desk.turn(pressed("dashboard.show", ADA, data=data(card, "Refresh")))
    assert isinstance(again, ShowCard)
    assert again.card == card.json


async def test_several_partners_stand_together_and_each_opens_in_place(desk: House) -> None:
    await desk.route(FABRIKAM)
    card = await shown(desk)
    assert "2\nunresolved" in card.text
    assert "Fabrikam" in card.text
    assert "none yet" in card.text
    row = next(title for title in card.buttons if title.startswith("Show Fabrikam"))
    one = await desk.desk.turn(pressed("dashboard.show", ADA, data=data(card, row)))
    assert isinstance(one, ShowCard)
    alone = checked(one.card or {})
    assert "Fabrikam ·" in alone.text
    assert texts.NOTHING_ANSWERED in alone.text
    assert data(alone, "Show unresolved") == {"words": 'unresolved test:no partner:"Fabrikam"'}
    assert data(alone, "All partners") == {"words": ""}
    listed = await shown(desk, "show " + data(alone, "Show unresolved")["words"])
    assert "1 to 1" in listed.text or "1 alert" in listed.text


async def test_a_name_that_is_part_of_another_goes_by_its_id(desk: House) -> None:
    desk.partners[FABRIKAM] = replace(desk.fabrikam, name="Northwind East")
    await desk.route(FABRIKAM)
    card = await shown(desk)
    words = {data(card, title)["words"] for title in card.buttons if title.startswith("Show Northwind")}
    assert words == {f"partner:{NORTHWIND}", 'partner:"Northwind East"'}


async def test_microsofts_number_stands_beside_ours_with_the_difference(desk: House) -> None:
    text = (await shown(desk)).text
    assert "Microsoft's own average: 26.4 h" in text
    assert "11.2 h more than ours" in text
    assert "does not publish how it measures" in text


async def test_microsofts_silence_takes_nothing_away(desk: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.chat.dashboard.PATIENCE", 0.05)
    desk.score_source.slow.clear()
    text = (await shown(desk)).text
    assert texts.NOT_READ in text
    assert "15.2 h" in text
    desk.score_source.slow.set()
    await desk.settle()
    assert "26.4 h" in (await shown(desk)).text, "it went on being read"


async def test_in_a_personal_chat_it_is_about_the_partners_of_the_person(desk: House) -> None:
    desk.channel.join(personal(FAY), FAY, FABRIKAM)
    text = (await shown(desk, by=FAY, conversation=personal(FAY))).text
    assert "Fabrikam ·" in text
    assert "Northwind" not in text
    assert isinstance(await answer(desk, "dashboard", conversation=conversation("19:elsewhere@thread.tacv2")), Refuse)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("dashboard severity:high", texts.USAGE),
        ("dashboard until:", texts.USAGE),
        ("dashboard until:noon", texts.BAD_UNTIL),
        ("dashboard until:8d", texts.BAD_UNTIL),
        ("dashboard until:2026-02-28", texts.BAD_UNTIL),
        ("dashboard partner:Contoso", texts.no_such_partner("Contoso")),
        ("dashboard partner:Fabrikam", texts.no_such_partner("Fabrikam")),
    ],
)
async def test_what_it_cannot_do_is_said(desk: House, words: str, told: str) -> None:
    reply = await answer(desk, words)
    assert isinstance(reply, Refuse)
    assert reply.text == told


def test_words_taken_apart() -> None:
    assert asked("") == Asked()
    assert asked("northwind") == Asked(("northwind",))
    assert asked('Partner:"A, B" until:18:00') == Asked(("A, B",), "18:00")
    assert asked("partner:a,b until:6h") == Asked(("a", "b"), "6h")
    with pytest.raises(UserError):
        asked("partner:a b")


def test_moments() -> None:
    assert moment_meant("6h", NOW) == NOW + timedelta(hours=6)
    assert moment_meant("12:30", NOW) == NOW.replace(day=2, second=0)
    assert moment_meant("2026-03-02T08:00+02:00", NOW).hour == 6
    assert moment_meant("7d", NOW) == NOW + timedelta(days=7)
