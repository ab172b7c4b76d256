"""At start the bot tells when Partner Center still sends to where an Alert Desk used to be."""

from __future__ import annotations

from bot.domain.people import Partner
from bot.domain.webhooks import address
from bot.errors import Refused
from bot.workers.webhooks import warn_of_stale
from tests.factories import FABRIKAM, NORTHWIND, conversation
from tests.support.house import OPERATORS, PUBLIC, House


async def told(house: House, urls: dict[str, str | Refused]) -> list[str]:
    async def registered(partner: Partner) -> str:
        found = urls[partner.tenant_id]
        if isinstance(found, Refused):
            raise found
        return found

    await warn_of_stale(house.env, registered, house.operators, PUBLIC)
    return [str(item.payload["text"]) for item in await house.waiting()]


async def test_a_stale_registration_is_told_to_the_operators(house: House) -> None:
    await house.know(conversation(OPERATORS))
    old = f"https://old.example/webhooks/partner-center/{NORTHWIND}"
    (text,) = await told(house, {NORTHWIND: old, FABRIKAM: Refused("no role")})
    assert old in text
    assert f'python -m bot webhook register --partner "{house.northwind.name}" --replace' in text


async def test_nothing_is_said_of_ours_of_others_and_of_none(house: House) -> None:
    assert await told(house, {NORTHWIND: address(PUBLIC, NORTHWIND), FABRIKAM: ""}) == []
    assert await told(house, {NORTHWIND: "https://cipp.example/hook", FABRIKAM: ""}) == []
