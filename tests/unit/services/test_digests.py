"""Digests: who may set them, that each comes once, and what it counts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.delivery import ItemKind
from bot.domain.digest import Schedule
from bot.domain.people import ConversationState, Route
from bot.domain.refund import DAYS
from bot.errors import NotAllowed, Unknown, UserError
from bot.services.digest_contents import Severity, contents
from tests.factories import (
    ADA,
    CHANNEL,
    FABRIKAM,
    GIL,
    GUS,
    NORA,
    NORTHWIND,
    alert,
    conversation,
    decision,
    guid,
    minutes,
    plan,
    resolved,
)
from tests.support.house import House

DAILY = Schedule("daily", "Europe/Stockholm", 14 * 60)  # 13:00 UTC: half an hour from now
HOUR = timedelta(hours=1)


@pytest.fixture
async def desk(house: House) -> House:
    await house.route()
    return house


async def sent(house: House) -> list[dict[str, Any]]:
    return [dict(item.payload) for item in await house.waiting() if item.kind == ItemKind.DIGEST_CARD]


async def test_an_admin_agent_of_a_routed_partner_sets_it_and_that_is_on_record(desk: House) -> None:
    digest = await desk.digests.set(ADA, conversation(), DAILY, "activity")
    assert await desk.digests.of(CHANNEL) == (digest,)
    assert (digest.by_name, digest.next_at) == (ADA.name, desk.clock.now().replace(hour=13, minute=0, second=0))
    assert await desk.audited() == [("digest", "done", ADA.name)]
    (row,) = await desk.audit()
    assert (row.entry.subject, row.entry.detail) == (CHANNEL, {"set": "Every day at 14:00, Europe/Stockholm"})


@pytest.mark.parametrize("who", [NORA, GIL, GUS], ids=["no role", "other role", "guest"])
async def test_nobody_else_sets_sends_or_stops_it(desk: House, who: Any) -> None:
    acts = (
        desk.digests.set(who, conversation(), DAILY, "a"),
        desk.digests.off(who, conversation(), "", "b"),
        desk.digests.send_now(who, conversation(), "c"),
    )
    for act in acts:
        with pytest.raises(NotAllowed):
            await act
    assert await desk.digests.of(CHANNEL) == ()
    assert await desk.waiting() == []
    assert [(act, outcome) for act, outcome, _ in await desk.audited()] == [("digest", "denied")] * 3


async def test_where_nothing_is_routed_there_is_nothing_to_tell(house: House) -> None:
    with pytest.raises(Unknown):
        await house.digests.set(ADA, conversation(), DAILY, "a")


async def test_a_zone_that_nobody_knows_is_refused(desk: House) -> None:
    with pytest.raises(UserError):
        await desk.digests.set(ADA, conversation(), replace(DAILY, zone="Mars/Olympus"), "a")
    with pytest.raises(UserError):
        await desk.digests.zone("Mars", CHANNEL)
    assert await desk.digests.zone("", CHANNEL) == "UTC"
    await desk.digests.set(ADA, conversation(), DAILY, "a")
    assert await desk.digests.zone("", CHANNEL) == "Europe/Stockholm"


async def test_it_goes_out_when_it_is_due_and_once(desk: House) -> None:
    await desk.digests.set(ADA, conversation(), DAILY, "a")
    assert await desk.digests.step() == 0
    desk.clock.forward(1800)
    await asyncio.gather(*(desk.digests.step() for _ in range(4)))
    assert await sent(desk) == [
        {"kind": "daily", "since": "2026-02-28T13:00:00+00:00", "due": "2026-03-01T13:00:00+00:00"}
    ]
    desk.clock.forward(3600)
    assert await desk.digests.step() == 0
    desk.clock.forward(23 * 3600)
    await desk.digests.step()
    (second,) = await sent(desk)
    assert (second["since"], second["due"]) == ("2026-03-01T13:00:00+00:00", "2026-03-02T13:00:00+00:00")


async def test_a_bot_that_was_down_sends_one_late_or_none(desk: House) -> None:
    await desk.digests.set(ADA, conversation(), DAILY, "a")
    desk.clock.forward(3 * 86400 + 10 * 3600)  # at 22:30: the one of 13:00 still goes
    await desk.digests.step()
    (only,) = await sent(desk)
    assert only["due"] == "2026-03-04T13:00:00+00:00"
    desk.clock.forward(86400 + 4 * 3600)  # at 02:30: too late for yesterday's
    assert await desk.digests.step() == 1
    assert await sent(desk) == []
    (digest,) = await desk.digests.of(CHANNEL)
    assert digest.next_at.isoformat() == "2026-03-06T13:00:00+00:00"
    desk.clock.forward(11 * 3600)
    await desk.digests.step()
    (after,) = await sent(desk)
    assert after["since"] == "2026-03-04T13:00:00+00:00"  # what nobody was told is in the next one


async def test_one_that_waited_too_long_in_the_outbox_is_not_posted(desk: House) -> None:
    await desk.digests.set(ADA, conversation(), DAILY, "a")
    desk.clock.forward(1800)
    await desk.digests.step()
    desk.clock.forward(13 * 3600)
    await desk.deliver()
    assert desk.channel.posts == []


async def test_a_conversation_that_is_gone_gets_none(desk: House) -> None:
    await desk.digests.set(ADA, conversation(), DAILY, "a")
    await desk.know(replace(conversation(), state=ConversationState.REMOVED))
    desk.clock.forward(1800)
    assert await desk.digests.step() == 1
    await desk.know(conversation())
    assert await sent(desk) == []


async def test_stopping_one_or_all(desk: House) -> None:
    weekly = Schedule("weekly", "UTC", 480, 0)
    await desk.digests.set(ADA, conversation(), DAILY, "a")
    await desk.digests.set(ADA, conversation(), weekly, "b")
    assert await desk.digests.off(ADA, conversation(), "daily", "c") == ("daily",)
    assert [each.schedule for each in await desk.digests.of(CHANNEL)] == [weekly]
    assert await desk.digests.off(ADA, conversation(), "", "d") == ("weekly",)
    assert await desk.digests.off(ADA, conversation(), "", "e") == ()
    assert len(await desk.audit()) == 4


async def test_it_can_be_stopped_where_alerts_are_no_longer_sent(desk: House) -> None:
    await desk.digests.set(ADA, conversation(), DAILY, "a")
    async with desk.store.write() as tx:
        await tx.conversations.put_route(Route(CHANNEL, NORTHWIND, on=False))
    desk.clock.forward(10)
    assert not await desk.digests.routed(CHANNEL)
    with pytest.raises(NotAllowed):
        await desk.digests.off(NORA, conversation(), "", "b")
    assert await desk.digests.off(ADA, conversation(), "", "c") == ("daily",)
    assert await desk.digests.of(CHANNEL) == ()


async def test_what_it_counts(desk: House) -> None:
    now = desk.clock.now()
    other = guid(70)
    fraud_long_ago = now - timedelta(days=DAYS - 3)
    await desk.take_in(
        alert("new-high"),
        alert("old-high", detected_at=now - 30 * HOUR),
        alert("low", severity="low", detected_at=now - 3 * HOUR),
        alert("strange", severity="quantum"),
        alert("test", is_test=True),
        resolved("old-fraud", detected_at=now - 50 * HOUR, subscription_id=other, first_observed_at=fraud_long_ago),
        resolved("long-done", reason="legitimate", resolved_at=now - 40 * HOUR, detected_at=now - 50 * HOUR),
        alert("theirs", partner=FABRIKAM),
    )
    async with desk.store.write() as tx:
        record = await tx.alerts.get(resolved("old-fraud").key)
        assert record is not None
        await tx.alerts.change(record.alert.key, record.alert, now, decision(by_name="Ada"))
        await tx.cancellations.open(plan(number=await tx.cancellations.next_number()), now)
    found = await contents(desk.env, CHANNEL, now - 24 * HOUR)
    assert found is not None
    assert (found.new, found.resolved, found.unresolved, found.overdue) == (3, 1, 4, 2)
    assert found.severities == (Severity("high", 2), Severity("low", 1), Severity("", 1))
    assert [record.alert.id for record in found.urgent] == ["old-high", "new-high", "strange", "low"]
    assert [(each.by_name, each.verdict, each.alerts) for each in found.decided] == [("Ada", "fraud", 1)]
    assert [c.label for c in found.requests] == ["R-1"]
    assert [(clock.subscription_id, clock.days_left(now)) for clock in found.refunds] == [(other, 2)]
    assert not found.quiet


async def test_a_routes_filter_holds_for_its_digest(house: House) -> None:
    await house.route(words="severity:high")
    await house.take_in(alert("one"), alert("two", severity="low", detected_at=house.clock.now() - minutes(3)))
    found = await contents(house.env, CHANNEL, house.clock.now() - HOUR)
    assert found is not None
    assert (found.new, found.unresolved) == (1, 1)
    assert found.severities == (Severity("high", 1),)


async def test_without_a_route_there_is_no_digest_and_a_quiet_one_is_quiet(house: House) -> None:
    assert await contents(house.env, CHANNEL, house.clock.now()) is None
    await house.route(NORTHWIND)
    found = await contents(house.env, CHANNEL, house.clock.now())
    assert found is not None
    assert found.quiet
