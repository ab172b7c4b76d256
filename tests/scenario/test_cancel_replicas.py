"""Requests where two replicas share one PostgreSQL: one outcome, and everyone is told the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.cancelling import (
    approve,
    ask,
    card_of,
    changes,
    now,
    reject,
    request_id,
    sent,
    signed_in,
    subject,
    tend,
    trail,
)
from tests.support.desk import Bot, Desk, running_desk


@pytest.fixture
async def pair(tmp_path: Path, postgres_url: str) -> AsyncIterator[tuple[Desk, Bot, Bot]]:
    async with running_desk(tmp_path, act_as="user", history=0, database_url=postgres_url) as desk:
        first = desk.bot
        second = await desk.another()
        await signed_in(desk, "ada", "max")
        yield desk, first, second
        assert desk.over_limit() == []
        assert [entry.body for entry in desk.requests("bot") if entry.status == 500] == []


def through(desk: Desk, bot: Bot) -> None:
    """Teams talks to that one from now on."""
    desk.bot, desk.cloud.bot_url = bot, bot.url


async def test_asked_through_one_approved_through_the_other(pair: tuple[Desk, Bot, Bot]) -> None:
    desk, first, second = pair
    request = await ask(desk, await subject(desk))
    through(desk, first)
    assert "Accepted, under way" in (await approve(desk, request)).text
    await asyncio.gather(*(bot.parts.carrying_out.step_due() for bot in (first, second)))
    await tend(desk, 35)
    assert len(sent(desk)) == len(changes(desk)) == 1
    assert len(desk.deeds()) == 1
    assert "1 alert resolved as fraud" in (await card_of(desk, request)).text


async def test_two_who_decide_at_two_replicas(pair: tuple[Desk, Bot, Bot]) -> None:
    desk, first, second = pair
    await desk.roles("gil", "adminAgent", True)
    world = desk.cloud.world
    world.groups[world.partner("northwind").approvers_group_id].members.append(world.people["gil"].aad_object_id)
    await signed_in(desk, "gil")

    approved = await ask(desk, await subject(desk))
    await desk.fault("partnercenter", "POST", "cancel$", latency=0.5)
    through(desk, first)
    one = asyncio.create_task(approve(desk, approved, "max"))
    await desk.until(lambda: desk.cloud.faults.all() == [], "the cancel is on its way")
    through(desk, second)
    two = await approve(desk, approved, "gil")
    assert "Approved by Max Okafor" in two.text
    assert "was approved already by Max Okafor" in (await reject(desk, approved, "gil", reason="no")).text
    assert "Approved by Max Okafor" in (await one).text
    assert len(sent(desk)) == len(changes(desk)) == 1
    await desk.deliver()
    assert "Accepted, under way" in (await card_of(desk, approved, "gil", "gil")).text

    await tend(desk, 35)
    for _ in range(2):
        request = await ask(desk, await subject(desk))
        desk.clock.forward(35)
        before = desk.mark()
        post, other = await card_of(desk, request, "max"), await card_of(desk, request, "gil")
        opened = await desk.open_dialog("gil", other, "Reject")
        pressing = asyncio.create_task(desk.press("max", post, "Approve"))
        await desk.until(lambda since=before: desk.requests("partnercenter", "GET", since=since))
        through(desk, first if desk.bot is second else second)
        rejecting = desk.send_dialog("gil", other, opened, reason="no")
        answers = await asyncio.gather(pressing, rejecting)
        found = await now(desk, request)
        assert found.state in ("accepted", "rejected")
        assert len(sent(desk, before)) == (found.state == "accepted")
        winner = "Max Okafor" if found.state == "accepted" else "Gil Tanaka"
        assert all(winner in answer.text for answer in answers)
        decided = [act for act, _ in await trail(desk, request) if act in ("approve", "reject")]
        assert len(decided) == 1
        await tend(desk, 35)


async def test_one_dies_while_it_sends_and_the_other_goes_on(
    pair: tuple[Desk, Bot, Bot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.STOP_SECONDS", 0.1)
    desk, first, second = pair
    request = await ask(desk, await subject(desk))
    await desk.fault("partnercenter", "POST", "cancel$", latency=2.0)
    through(desk, first)
    pressing = asyncio.create_task(approve(desk, request))
    await desk.until(lambda: desk.cloud.faults.all() == [], "the cancel is on its way")
    await first.runner.cleanup()
    await asyncio.wait({pressing})
    pressing.exception()
    through(desk, second)
    await tend(desk, 5)
    assert (await now(desk, request)).state == "approved", "the other's lease still holds"
    await tend(desk, 60)
    await desk.until(lambda: len(sent(desk)) == 2)
    assert (await now(desk, request)).state == "accepted"
    assert len(changes(desk)) == 1
    assert {request_id(call) for call in sent(desk)} == {request.plan.plan.request_id}
