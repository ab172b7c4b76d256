"""Approvers whom Teams lets nobody call, all at the same moment: on PostgreSQL each refusal is a transaction that runs
beside the others."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.domain.cancellations import Cancellation, Kind
from bot.domain.people import Conversation, Person
from bot.errors import Permanent
from bot.ports import Message
from bot.services.asking import Wanted
from bot.services.plan_progress import Where
from bot.store import SqlStore
from tests.factories import ADA, CHANNEL, NORTHWIND, SUBSCRIPTION, alert, conversation, entitlement, personal
from tests.fakes import FakeClock, FakeIds
from tests.support.house import House

PATIENT = 30.0
PEOPLE = tuple(Person(f"2e000000-0000-4000-8000-00000000000{n}", f"29:p{n}", f"P{n}") for n in range(5))


@pytest.fixture
async def house(store: SqlStore) -> AsyncIterator[House]:
    """An open alert with its card in the channel; five may approve."""
    built = House(store, FakeClock(), FakeIds())
    await built.route()
    (record,) = await built.take_in(alert())
    async with store.write() as tx:
        await built.cards.announce(tx, record)
    await built.deliver()
    built.subscriptions.put(entitlement())
    built.directory.group = PEOPLE
    built.set_up(act_as="user", approvers_group_id="group")
    yield built
    await built.close()


async def asked(house: House) -> Cancellation:
    wanted = Wanted(Kind.CANCEL, "Miners on every machine", "agreed", "", SUBSCRIPTION[-6:])
    here = Where(conversation(), "activity-1")
    return await house.asking.ask(wanted, await house.record(alert()), ADA, here, PATIENT)


@pytest.mark.parametrize("mentioned", [False, True])
async def test_of_those_who_cannot_be_called_none_stays_listed_as_asked(
    house: House, monkeypatch: pytest.MonkeyPatch, mentioned: bool
) -> None:
    """They have blocked the bot; `mentioned` also on a card in the channel, which Teams refuses meanwhile."""
    for someone in PEOPLE:
        house.channel.chats[someone.aad_id] = personal(someone)
        house.channel.blocked.add(personal(someone).id)
        if mentioned:
            house.channel.join(conversation(), someone, NORTHWIND)
    c = await asked(house)
    assert c.asked_names == tuple(someone.name for someone in PEOPLE)
    send = house.channel.send

    async def refuses(to: Conversation, message: Message, thread: str = "") -> str:
        if to.id == CHANNEL and message.card is not None and mentioned:
            raise Permanent("Teams refused the request.", code="BadSyntax")
        return await send(to, message, thread)

    monkeypatch.setattr(house.channel, "send", refuses)
    await house.deliver()
    async with house.store.read() as tx:
        after = await tx.cancellations.get(c.number)
    assert after is not None
    assert (after.asked_names, sorted(after.unreached)) == ((), [someone.name for someone in PEOPLE])
    assert house.channel.texts(CHANNEL)[-1].startswith(f"{c.label}: I could reach nobody who may approve it.")
