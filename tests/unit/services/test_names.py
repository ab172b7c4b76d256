"""What tenants are called: learnt page by page, asked for new alerts, and never worth waiting for long."""

from __future__ import annotations

import pytest

from bot.domain.delivery import ItemKind
from bot.errors import Transient
from bot.services import names as module
from bot.services.names import KEEP
from tests.factories import CUSTOMER, NORTHWIND, alert
from tests.support.house import House

RESELLER = "eeeeeeee-0000-4000-8000-000000000009"
ONE = alert(reseller_tenant_id=RESELLER)


async def called(house: House) -> tuple[str, str]:
    record = await house.record(ONE)
    return record.customer_name, record.reseller_name


async def test_all_customers_and_resellers_are_learnt(house: House) -> None:
    await house.take_in(ONE)
    house.directory.customers = {CUSTOMER: "Contoso Ltd", "other": "Other"}
    house.directory.resellers = {RESELLER: "Adatum"}
    await house.names.refresh(house.northwind)
    assert await called(house) == ("Contoso Ltd", "Adatum")


async def test_a_name_that_becomes_known_redraws_the_open_cards(house: House) -> None:
    await house.route()
    (record,) = await house.take_in(ONE)
    async with house.store.write() as tx:
        await house.cards.announce(tx, record)
    await house.waiting()
    house.directory.customers = {CUSTOMER: "Contoso Ltd"}
    await house.names.refresh(house.northwind)
    assert [item.kind for item in await house.waiting()] == [ItemKind.ALERT_UPDATE]
    assert (await house.record(ONE)).version == record.version + 1
    await house.names.refresh(house.northwind)
    assert await house.waiting() == []


async def test_what_is_unknown_is_asked_for_and_then_kept_for_a_day(house: House) -> None:
    await house.take_in(ONE)
    house.directory.customers = {CUSTOMER: "Contoso"}
    await house.names.fill(house.northwind, {CUSTOMER, ""})
    house.directory.customers = {CUSTOMER: "Contoso Ltd"}
    await house.names.fill(house.northwind, {CUSTOMER})
    assert (await called(house))[0] == "Contoso"
    house.clock.forward(KEEP.total_seconds() + 1)
    await house.names.fill(house.northwind, {CUSTOMER})
    assert (await called(house))[0] == "Contoso Ltd"


async def test_a_tenant_without_a_name_is_not_asked_for_again(house: House) -> None:
    await house.names.fill(house.northwind, {CUSTOMER})
    async with house.store.read() as tx:
        assert (await tx.names.known(NORTHWIND, [CUSTOMER]))[CUSTOMER][0] == ""


async def test_a_name_that_is_old_is_not_lost_where_nobody_says_it_any_more(house: House) -> None:
    await house.take_in(ONE)
    house.directory.customers = {CUSTOMER: "Contoso"}
    await house.names.fill(house.northwind, {CUSTOMER})
    house.directory.customers = {}
    house.clock.forward(KEEP.total_seconds() + 1)
    await house.names.fill(house.northwind, {CUSTOMER})
    assert (await called(house))[0] == "Contoso"


async def test_where_partner_center_is_away_the_id_serves_and_the_next_alert_asks_again(house: House) -> None:
    await house.take_in(ONE)
    house.directory.away = Transient("503")
    await house.names.fill(house.northwind, {CUSTOMER})
    assert (await called(house))[0] == ""
    house.directory.away = None
    house.directory.customers = {CUSTOMER: "Contoso"}
    await house.names.fill(house.northwind, {CUSTOMER})
    assert (await called(house))[0] == "Contoso"


async def test_a_slow_partner_center_holds_up_no_card(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FILL_SECONDS", 0.02)
    house.directory.slow = True
    await house.names.fill(house.northwind, {CUSTOMER, RESELLER})
    async with house.store.read() as tx:
        assert await tx.names.known(NORTHWIND, [CUSTOMER, RESELLER]) == {}
