"""Somebody changes the plan of a request in the database: it is never carried out, the operators hear of it, and
nothing else notices."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.chat.cancelling import LIST_MOST
from bot.chat.turn import ShowCard
from bot.domain.cancellations import Cancellation, Kind, State
from bot.errors import Permanent
from bot.services.asking import Wanted
from bot.services.plan_progress import Where
from bot.texts import cancelling as texts
from tests.factories import ADA, CHANNEL, MAX, NORTHWIND, SUBSCRIPTION, alert, conversation, entitlement, guid, said
from tests.support.house import OPERATORS, House
from tests.support.seen import checked

HERE = Where(conversation(), "activity-1")
READABLE = frozenset({NORTHWIND})
ONE = alert("one")
QUIET = alert("quiet", subscription_id=guid(6000))


@pytest.fixture
async def ready(house: House) -> House:
    """R-1 is asked for, and its plan was changed."""
    await house.know(conversation(OPERATORS))
    await house.baseline()
    await house.route()
    house.set_up(act_as="user", approvers_group_id="group")
    house.directory.group = (MAX,)
    house.source.put(ONE, QUIET)
    await house.intake.poll(house.northwind)
    for each in (ONE, QUIET):
        house.subscriptions.put(entitlement(id=each.subscription_id))
    await asked(house)
    await house.deliver()
    await change(house)
    return house


async def asked(house: House, subscription: str = SUBSCRIPTION) -> Cancellation:
    (origin, *_) = await house.asking.records(READABLE, subscription)
    wanted = Wanted(Kind.CANCEL, "Miners on every machine", "agreed", "", subscription[-6:])
    return await house.asking.ask(wanted, origin, ADA, HERE, 10.0)


async def change(house: House) -> None:
    """All plans that are there now."""
    async with house.store._engines.writer.begin() as connection:
        await connection.execute(text("DROP TRIGGER IF EXISTS cancellations_plan_is_fixed"))
        await connection.execute(text("UPDATE cancellations SET plan = replace(plan, 'Miners', 'Kittens')"))


async def latest(house: House) -> list[int]:
    return [c.number for c in await house.deciding.latest(READABLE, LIST_MOST)]


async def test_new_alerts_come_in_and_have_their_cards(ready: House) -> None:
    fresh, unrelated = alert("fresh"), alert("unrelated", subscription_id=guid(6001))
    ready.source.put(fresh, unrelated)
    await ready.intake.poll(ready.northwind)
    await ready.deliver()
    drawn = "".join(checked(post.message.card).text for post in ready.channel.cards(CHANNEL) if post.message.card)
    for each in (fresh, unrelated):
        assert (await ready.record(each)).label in drawn


async def test_what_waits_is_listed_and_decided_without_it(ready: House) -> None:
    other = await asked(ready, QUIET.subscription_id)
    assert await latest(ready) == [other.number]
    listed = await ready.desk.turn(said("approvals"))
    assert isinstance(listed, ShowCard)
    assert other.label in str(listed.card)
    answer = await ready.deciding.approve(other, MAX, HERE, digest=other.plan.digest, seen=10**6, patience=10.0)
    assert answer.cancellation.state == State.ACCEPTED


async def test_it_is_not_approved(ready: House) -> None:
    refused = await ready.desk.turn(said("approve R-1", MAX))
    assert getattr(refused, "code", "") == "plan_changed"
    with pytest.raises(Permanent):
        await ready.deciding.get(1, READABLE)
    ready.clock.forward(timedelta(hours=5).total_seconds())
    await ready.carrying_out.step_due()
    assert ready.subscriptions.accepted == []


async def test_the_same_can_be_asked_for_anew_and_then_the_operators_hear_of_it_at_once(ready: House) -> None:
    again = await asked(ready)
    assert (again.number, await latest(ready)) == (2, [2])
    for _ in range(2):
        await ready.carrying_out.step_due()
    await ready.deliver()
    assert ready.channel.texts(OPERATORS) == [texts.changed_by_hand(1)]


async def test_many_of_them_hold_up_no_other(ready: House) -> None:
    for number in range(12):
        another = replace(QUIET, id=f"quiet-{number}", subscription_id=guid(6100 + number))
        await ready.take_in(another)
        ready.subscriptions.put(entitlement(id=another.subscription_id))
        await asked(ready, another.subscription_id)
    await change(ready)
    ready.clock.forward(60)
    other = await asked(ready, QUIET.subscription_id)
    ready.clock.forward(timedelta(hours=5).total_seconds())
    for _ in range(2):
        await ready.carrying_out.step_due()
    async with ready.store.read() as tx:
        expired = await tx.cancellations.get(other.number)
        assert await tx.cancellations.due(ready.clock.now(), LIST_MOST) == ()
    assert expired is not None
    assert expired.state == State.EXPIRED
    await ready.deliver()
    assert sorted(ready.channel.texts(OPERATORS)) == sorted(texts.changed_by_hand(n) for n in range(1, 14))
