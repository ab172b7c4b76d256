"""Half-time of a request: it rings whom it called, wherever that was; and what its end says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.chat.request_views import request_view
from bot.domain.cancellations import Cancellation, State
from bot.errors import SignInNeeded
from bot.services.asking import Wanted
from bot.services.plan_progress import Where
from tests.factories import (
    ADA,
    CHANNEL,
    GENERAL,
    MAX,
    NORTHWIND,
    SUBSCRIPTION,
    alert,
    conversation,
    entitlement,
    personal,
)
from tests.fakes import Posted, Trouble
from tests.support.house import House


async def asked(house: House, where: str = CHANNEL, *, carded: bool = True) -> Cancellation:
    """A request that calls Max, who is in that conversation. Its alert has a card in the channel, or none."""
    await house.route()
    house.set_up(act_as="user", approvers_group_id="group")
    house.directory.group = (MAX,)
    house.subscriptions.put(entitlement())
    (record,) = await house.take_in(alert())
    if carded:
        async with house.store.write() as tx:
            await house.cards.announce(tx, record)
        await house.deliver()
    await house.know(conversation(where))
    for someone in (ADA, MAX):
        house.channel.join(conversation(where), someone, NORTHWIND)
    wanted = Wanted("cancel", "Miners", "agreed", "", SUBSCRIPTION[-6:])
    return await house.asking.ask(wanted, record, ADA, Where(conversation(where), "activity-1"), 10.0)


async def at(house: House, c: Cancellation, after: timedelta) -> Cancellation:
    house.clock.forward((c.plan.asked_at + after - house.clock.now()).total_seconds())
    await house.carrying_out.step_due()
    async with house.store.read() as tx:
        found = await tx.cancellations.get(c.number)
    assert found is not None
    return found


async def reminders(house: House, c: Cancellation) -> list[Posted]:
    """What is posted at half time."""
    await house.deliver()
    before = len(house.channel.posts)
    await at(house, c, timedelta(hours=2))
    await house.deliver()
    return house.channel.posts[before:]


def rung(post: Posted) -> list[str]:
    return [each.name for each in post.message.mentions]


async def test_who_is_mentioned_in_the_thread_alone_is_mentioned_there_again(house: House) -> None:
    c = await asked(house)
    (line,) = await reminders(house, c)
    (root,) = [post for post in house.channel.cards(CHANNEL) if not post.thread]
    assert (line.conversation, line.thread, rung(line)) == (CHANNEL, root.id, ["Max"])
    assert f"{c.label} still waits" in line.message.text


async def test_where_the_alert_has_no_card_they_are_mentioned_below_the_requests_own(house: House) -> None:
    c = await asked(house, GENERAL, carded=False)
    (line,) = await reminders(house, c)
    (root,) = house.channel.cards(GENERAL)
    assert (line.conversation, line.thread, rung(line)) == (GENERAL, root.id, ["Max"])


async def test_who_has_a_chat_is_reminded_there_too(house: House) -> None:
    house.channel.chats[MAX.aad_id] = personal(MAX)
    c = await asked(house)
    assert {(post.conversation, *rung(post)) for post in await reminders(house, c)} == {
        (CHANNEL, "Max"),
        (personal(MAX).id,),
    }


async def test_no_other_step_rings_them(house: House) -> None:
    c = await asked(house)
    await reminders(house, c)
    before = len(house.channel.posts)
    assert (await at(house, c, timedelta(hours=4))).state == State.EXPIRED
    await house.deliver()
    assert [rung(post) for post in house.channel.posts[before:]] == [[]]


async def test_what_has_expired_waits_for_nobody(house: House) -> None:
    """It had come back for a decision, as Partner Center wanted more of the approver's sign-in."""
    c = await asked(house)
    house.subscriptions.troubles.append(Trouble(SignInNeeded("MFA", code="900421", interactive=True)))
    with pytest.raises(SignInNeeded):
        await house.deciding.approve(
            c, MAX, Where(conversation(), "activity-1"), digest=c.plan.digest, seen=10**6, patience=10.0
        )
    expired = await at(house, c, timedelta(hours=4))
    assert (expired.state, expired.outcome) == (State.EXPIRED, "")
    view = request_view(expired, (), house.place, house.clock.now(), card=None, two_person=True)
    assert "waits for" not in str(view.progress)
