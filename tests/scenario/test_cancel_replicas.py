"""Requests where two replicas share one PostgreSQL: one outcome, and everyone is told the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.cancelling import (
    approve,
    ask,
    card_of,
    changes,
    now,
    request_id,
    second_approver,
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
    await second_approver(desk)
    approved = await ask(desk, await subject(desk))
    await desk.fault("partnercenter", "POST", "cancel$", latency=0.5)
    through(desk, first)
    one = asyncio.create_task(approve(desk, approved, "max"))
    await desk.until(lambda: desk.cloud.faults.all() == [], "the cancel is on its way")
    through(desk, second)
    two = await approve(desk, approved, "gil")
    assert "Approved by Max Okafor" in two.text
    refused = await desk.open_dialog("gil", await card_of(desk, approved, "gil"), "Reject")
    assert "was approved already by Max Okafor" in refused.text
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
        await desk.until(partial(desk.requests, "partnercenter", "GET", since=before))
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


async def test_one_hangs_while_it_sends_and_the_other_goes_on(pair: tuple[Desk, Bot, Bot]) -> None:
    """As long as its lease holds nobody else takes it up; then the same request goes out again, and is one cancel."""
    desk, first, second = pair
    request = await ask(desk, await subject(desk))
    await desk.fault("partnercenter", "POST", "cancel$", latency=3.0)
    through(desk, first)
    pressing = asyncio.create_task(approve(desk, request))
    await desk.until(lambda: desk.cloud.faults.all() == [], "the cancel is on its way")
    through(desk, second)
    await tend(desk, 20)
    found = await now(desk, request)
    assert (found.state, found.sent) == ("approved", 1)
    await tend(desk, 50)
    assert (await now(desk, request)).state == "accepted"
    assert "Approved by Max Okafor" in (await pressing).text
    await desk.until(lambda: len(sent(desk)) == 2)
    assert len(changes(desk)) == 1
    assert {request_id(call) for call in sent(desk)} == {request.plan.plan.request_id}
    accepted = [row for row in await trail(desk, request) if row == ("cancel", "accepted")]
    assert len(accepted) == 1
