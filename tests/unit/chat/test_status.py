"""`status`: when partners were read, what went wrong, and what waits."""

from __future__ import annotations

from dataclasses import replace

from bot.chat.turn import Refuse, ShowCard
from bot.texts import en
from bot.texts import status as texts
from tests.factories import ADA, FABRIKAM, NORTHWIND, alert, said
from tests.support.house import House
from tests.support.seen import checked


async def shown(house: House) -> str:
    reply = await house.desk.turn(said("status", ADA))
    assert isinstance(reply, ShowCard), reply
    assert reply.card is not None
    return checked(reply.card).text


async def test_each_partner_that_is_routed_here_says_when_it_was_read(house: House) -> None:
    await house.baseline(NORTHWIND, FABRIKAM)
    await house.route()
    text = await shown(house)
    assert texts.TITLE in text
    assert "Northwind" in text
    assert en.when(house.clock.now()) in text
    assert "0 alerts unresolved" in text
    assert "Fabrikam" not in text, "its alerts are not sent here"


async def test_what_went_wrong_and_what_waits_is_told(house: House) -> None:
    await house.baseline(NORTHWIND)
    await house.route()
    async with house.store.write() as tx:
        record = await tx.alerts.add(alert(), house.clock.now(), None)
        await house.cards.announce(tx, record)
        await tx.syncs.put(replace(await tx.syncs.get(NORTHWIND), error="Graph is away"))
    text = await shown(house)
    assert "1 alert unresolved" in text
    assert texts.troubled("Graph is away") in text
    assert "wait" in text
    assert texts.ALL_SENT not in text


async def test_before_the_first_reading_it_says_so(house: House) -> None:
    await house.route()
    assert texts.NEVER_READ in await shown(house)


async def test_it_takes_nothing_more(house: House) -> None:
    await house.route()
    reply = await house.desk.turn(said("status now", ADA))
    assert isinstance(reply, Refuse)
    assert reply.code == "too_much"
