"""Credit requests: which run, and what is put on record."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.delivery import ItemKind
from bot.errors import Unknown
from tests.factories import ADA, FABRIKAM, MAX, NORTHWIND, SUBSCRIPTION, alert, guid, resolved
from tests.support.house import House

OURS = frozenset({NORTHWIND})
TICKET = "2611230040001234"


@pytest.fixture
async def desk(house: House) -> House:
    await house.route()
    await house.take_in(resolved("one"), resolved("two", subscription_id=guid(70)), alert("open"))
    await house.take_in(resolved("theirs", partner=FABRIKAM, subscription_id=guid(71)))
    return house


async def test_the_open_ones_of_the_partners_that_may_be_read(desk: House) -> None:
    found = await desk.refunds.open(OURS)
    assert {clock.subscription_id for clock in found.clocks} == {SUBSCRIPTION, guid(70)}
    assert found.total == 2
    assert (await desk.refunds.open(frozenset())).total == 0
    desk.clock.forward(timedelta(days=61).total_seconds())
    assert (await desk.refunds.open(OURS)).clocks == ()


@pytest.mark.parametrize("reference", [SUBSCRIPTION, SUBSCRIPTION.upper(), "A-1001", "one", "a-1003"])
async def test_a_subscription_or_one_of_its_alerts_names_it(desk: House, reference: str) -> None:
    if reference == "one":
        with pytest.raises(Unknown):
            await desk.refunds.meant(reference, OURS)  # too short for an id
    else:
        assert (await desk.refunds.meant(reference, OURS)).subscription_id == SUBSCRIPTION


@pytest.mark.parametrize("reference", [guid(71), guid(99), "A-1004", "A-99", ""])
async def test_of_another_partner_or_without_fraud_there_is_none(desk: House, reference: str) -> None:
    with pytest.raises(Unknown):
        await desk.refunds.meant(reference, OURS)


async def test_a_filed_ticket_is_on_record_and_shows_on_the_cards(desk: House) -> None:
    record = await desk.record(resolved("one"))
    async with desk.store.write() as tx:
        await desk.cards.post(tx, record, list(await tx.conversations.routes()))
    await desk.waiting()
    clock = await desk.refunds.meant("A-1001", OURS)
    await desk.refunds.file(clock, TICKET, ADA)
    assert [item.kind for item in await desk.waiting()] == [ItemKind.ALERT_UPDATE]
    assert (await desk.record(resolved("one"))).version > record.version
    assert (await desk.refunds.open(OURS)).total == 0  # the other is of the same customer
    (row,) = [row.entry for row in await desk.audit() if row.entry.act == "record credit request"]
    assert (row.outcome, row.subject, row.detail, row.actor_name) == (
        "done",
        SUBSCRIPTION,
        {"ticket": TICKET},
        ADA.name,
    )


async def test_a_mistake_is_mended_and_taken_back(desk: House) -> None:
    await desk.refunds.file(await desk.refunds.meant("A-1001", OURS), "wrong", ADA)
    await desk.refunds.file(await desk.refunds.meant("A-1001", OURS), TICKET, MAX)
    clock = await desk.refunds.meant("A-1001", OURS)
    assert clock.filed is not None
    assert (clock.filed.ticket, clock.filed.by_name) == (TICKET, MAX.name)
    assert await desk.refunds.reopen(clock, ADA)
    assert not await desk.refunds.reopen(clock, ADA)
    assert (await desk.refunds.open(OURS)).total == 2
    told = [(row.entry.outcome, dict(row.entry.detail)) for row in await desk.audit()]
    assert told == [
        ("done", {"ticket": "wrong"}),
        ("done", {"ticket": TICKET, "before": "wrong"}),
        ("undone", {"before": TICKET}),
    ]
