"""Outbox items as messages: drawn from the newest state when they are sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.alerts import AffectedResource
from bot.domain.delivery import CardPost, ItemKind, OutboxItem
from bot.errors import Permanent
from bot.ports import Message
from bot.services.delivery import MOST_SHORTER
from cards.actions import LIST_PAGE
from tests.factories import CHANNEL, FABRIKAM, NORTHWIND, NOW, alert, minutes, resolved
from tests.support.house import House
from tests.support.seen import Card, checked

ONE = alert()


def item(kind: str, **changes: Any) -> OutboxItem:
    values: dict[str, Any] = {
        "id": 1,
        "conversation_id": CHANNEL,
        "kind": kind,
        "card_id": "card-one",
        "payload": {},
        "priority": 0,
        "attempts": 1,
        "created_at": NOW,
        "fence": "f",
    }
    return OutboxItem(**(values | changes))


@pytest.fixture
async def stocked(house: House) -> House:
    await house.route()
    await house.take_in(ONE)
    async with house.store.write() as tx:
        await tx.cards.add(CardPost("card-one", ONE.key, CHANNEL, "root", NOW))
    return house


async def drawn(house: House, of: OutboxItem) -> Card:
    message = await house.renderer.render(of)
    assert message is not None
    assert message.card is not None
    assert message.text == ""
    assert message.summary
    return checked(message.card)


@pytest.mark.parametrize("kind", [ItemKind.THREAD_LINE, ItemKind.REQUEST_LINE, ItemKind.NOTICE])
async def test_a_line_is_its_text(house: House, kind: str) -> None:
    assert await house.renderer.render(item(kind, payload={"text": "said"})) == Message(text="said")


@pytest.mark.parametrize("kind", [ItemKind.ALERT_CARD, ItemKind.ALERT_UPDATE])
async def test_a_card_is_drawn_from_the_newest_state(stocked: House, kind: str) -> None:
    async with stocked.store.write() as tx:
        await tx.alerts.change(ONE.key, replace(ONE, name="Newer name"), stocked.clock.now(), None)
    card = await drawn(stocked, item(kind))
    assert "Newer name" in card.text
    assert card.data["card"] == "card-one"


async def test_a_repeat_and_a_replacement_say_so(stocked: House) -> None:
    async with stocked.store.write() as tx:
        await tx.cards.add(CardPost("card-two", ONE.key, CHANNEL, "", NOW, repeat=True))
        await tx.cards.add(CardPost("card-three", ONE.key, CHANNEL, "", NOW, replaces="card-one"))
    plain = await drawn(stocked, item(ItemKind.ALERT_CARD))
    for kind in (ItemKind.ALERT_CARD, ItemKind.ALERT_UPDATE):  # whenever it is drawn, not only the first time
        repeat = await drawn(stocked, item(kind, card_id="card-two"))
        instead = await drawn(stocked, item(kind, card_id="card-three"))
        assert "Possible repeat" in repeat.text
        assert "Replaces" in instead.text
    assert "repeat" not in plain.text
    assert "Replaces" not in plain.text


async def test_the_clock_of_a_decided_alert_has_nothing_to_say(stocked: House) -> None:
    tick = item(ItemKind.ALERT_UPDATE, payload={"clock": True})
    assert await stocked.renderer.render(tick) is not None
    async with stocked.store.write() as tx:
        await tx.alerts.change(ONE.key, resolved(), stocked.clock.now(), None)
    assert await stocked.renderer.render(tick) is None
    assert await stocked.renderer.render(item(ItemKind.ALERT_UPDATE)) is not None


async def test_a_card_of_which_nobody_knows_the_alert_cannot_be_drawn(house: House) -> None:
    with pytest.raises(Permanent):
        await house.renderer.render(item(ItemKind.ALERT_CARD, card_id="nowhere"))


async def test_the_summary_counts_what_is_open_here_by_the_routes_filter(house: House) -> None:
    await house.route(words="severity:high,low")
    await house.take_in(
        alert("a", detected_at=NOW - minutes(61)),
        alert("b", severity="low"),
        alert("c", severity="medium"),
        resolved("d"),
        alert("e", partner=FABRIKAM),
    )
    summary = item(ItemKind.SUMMARY_CARD, card_id="", payload={"partner": NORTHWIND, "posted": 1})
    card = await drawn(house, summary)
    assert "Northwind" in card.text
    assert "2 alerts open" in card.text
    assert [
        line for line in card.text.splitlines() if line in ("High", "Medium", "Low", "Past the one-hour target")
    ] == [
        "High",
        "Low",
        "Past the one-hour target",
    ]
    assert card.buttons["Show unresolved"]["verb"] == LIST_PAGE


async def test_a_summary_of_nothing_says_so(house: House) -> None:
    summary = item(ItemKind.SUMMARY_CARD, card_id="", payload={"partner": NORTHWIND, "posted": 0})
    assert "Nothing is open" in (await drawn(house, summary)).text


SIZES = [ItemKind.ALERT_CARD, ItemKind.SUMMARY_CARD, ItemKind.NOTICE]


@pytest.mark.parametrize("kind", SIZES)
async def test_each_step_makes_it_smaller_or_leaves_it_and_the_last_is_small(stocked: House, kind: str) -> None:
    async with stocked.store.write() as tx:
        await tx.alerts.change(
            ONE.key,
            replace(ONE, affected_resources=tuple(AffectedResource(f"resource-{n}" * 20, "t") for n in range(60))),
            NOW,
            None,
        )
    sizes = []
    for shorter in range(MOST_SHORTER + 1):
        payload = {"partner": NORTHWIND, "text": "long words " * 20_000, "shorter": shorter}
        message = await stocked.renderer.render(item(kind, payload=payload))
        assert message is not None
        sizes.append(len(str(message.card or message.text)))
        if message.card is not None:
            checked(message.card)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 6_000
    assert sizes[-1] < sizes[0]


async def test_an_earlier_copy_becomes_a_pointer_that_asks_nothing(stocked: House) -> None:
    card = await drawn(stocked, item(ItemKind.CARD_POINTER))
    assert "A newer copy of A-" in card.text
    assert not card.buttons
