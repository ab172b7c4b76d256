"""Which request is meant by what somebody types, and where the reason begins."""

from __future__ import annotations

from typing import Any

import pytest

from bot.chat.turn import Refuse, Reply
from bot.domain.cancellations import Cancellation, Kind, State
from bot.domain.delivery import CardPost
from bot.domain.people import Person
from bot.services.asking import Wanted
from bot.services.plan_progress import Where
from tests.factories import ADA, CHANNEL, MAX, NORTHWIND, alert, conversation, entitlement, guid, said
from tests.support.house import House

ONE, TWO = alert("one"), alert("two", subscription_id=guid(6000))


@pytest.fixture
async def desk(house: House) -> House:
    """R-1 and R-2 wait, about the alerts of the cards `root-1` and `root-2`. About that of `root-3` nothing waits."""
    await house.baseline()
    await house.route()
    house.set_up(act_as="user", approvers_group_id="group")
    three = alert("three", subscription_id=guid(6001))
    for number, record in enumerate(await house.take_in(ONE, TWO, three), start=1):
        async with house.store.write() as tx:
            posted_at = house.clock.now()
            await tx.cards.add(CardPost(f"card-{number}", record.alert.key, CHANNEL, f"root-{number}", posted_at))
        if record.alert.id != three.id:
            subscription = record.alert.subscription_id
            house.subscriptions.put(entitlement(id=subscription))
            wanted = Wanted(Kind.CANCEL, "Miners", "agreed", "", subscription[-6:])
            await house.asking.ask(wanted, record, ADA, Where(conversation(), "activity-1"), 10.0)
    return house


async def type_(house: House, text: str, thread: str = "", by: Any = MAX) -> Reply:
    return await house.desk.turn(said(text, by, thread=thread))


async def requests(house: House) -> list[Cancellation]:
    found = await house.deciding.latest(frozenset({NORTHWIND}), 10)
    return sorted(found, key=lambda c: c.number)


@pytest.mark.parametrize(
    ("text", "thread", "number", "reason"),
    [
        ("reject R-2 it is ours", "", 2, "it is ours"),
        ("reject 2 it is ours", "", 2, "it is ours"),
        ("reject #2, it is ours", "", 2, "it is ours"),
        ("reject it is ours", "root-1", 1, "it is ours"),
        ("reject 40 VMs are production", "root-1", 1, "40 VMs are production"),
        ("reject R-2 it is ours", "root-1", 2, "it is ours"),
        ("reject 2 it is ours", "root-3", 2, "it is ours"),
        ("reject 1 it is ours", "root-1", 1, "it is ours"),
        ("reject R-1 40 VMs are production", "root-2", 1, "40 VMs are production"),
    ],
)
async def test_a_request_and_the_reason(desk: House, text: str, thread: str, number: int, reason: str) -> None:
    await type_(desk, text, thread)
    (rejected,) = [c for c in await requests(desk) if c.state == State.REJECTED]
    assert (rejected.number, rejected.outcome) == (number, reason)


@pytest.mark.parametrize(
    ("text", "thread", "code"),
    [
        ("reject 40 VMs are production", "", "unknown_request"),
        ("reject 40 VMs are production", "root-3", "unknown_request"),
        ("reject R-40 VMs are production", "root-1", "unknown_request"),
        ("reject 40", "root-1", "unknown_request"),
        ("approve 40", "root-1", "unknown_request"),
        ("reject it is ours", "", "which_request"),
        ("reject it is ours", "root-3", "which_request"),
    ],
)
async def test_nothing_is_decided_where_it_is_not_plain_which(desk: House, text: str, thread: str, code: str) -> None:
    refused = await type_(desk, text, thread)
    assert isinstance(refused, Refuse)
    assert refused.code == code
    assert {c.state for c in await requests(desk)} == {State.ASKED}


@pytest.mark.parametrize(("verb", "by"), [("reject", MAX), ("withdraw", ADA)])
async def test_a_number_that_may_be_a_request_or_begin_the_reason_is_asked_back(
    desk: House, verb: str, by: Person
) -> None:
    refused = await type_(desk, f"{verb} 2 VMs are production", "root-1", by)
    assert isinstance(refused, Refuse)
    assert refused.code == "which_request"
    assert "Write R-2 or R-1 " in refused.text
    assert {c.state for c in await requests(desk)} == {State.ASKED}


async def test_a_number_begins_the_reason_of_who_withdraws_too(desk: House) -> None:
    await type_(desk, "withdraw 40 VMs are production", "root-2", ADA)
    assert [(c.state, c.outcome) for c in await requests(desk)] == [
        (State.ASKED, ""),
        (State.WITHDRAWN, "40 VMs are production"),
    ]
