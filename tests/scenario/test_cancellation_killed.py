"""The program itself is killed while Partner Center holds a cancel, and another one goes on with the same database: one
cancel in the end, under one MS-RequestId, and its thread says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.cancellations import State
from tests.support.cancelling import (
    Asked,
    Subject,
    approve,
    asked,
    card_of,
    changes,
    filled,
    newest,
    now,
    request_id,
    sent,
    signed_in,
    subject,
    trail,
)
from tests.support.desk import Desk, running_desk
from tests.support.program import Program, serving

MINUTE = timedelta(seconds=61)
HELD = 6.0
"""Seconds for which Partner Center keeps a cancel before it looks at it."""


@asynccontextmanager
async def a_desk(folder: Path, database_url: str = "") -> AsyncIterator[Desk]:
    """Programs that watch every second, on a cloud where a cancel shows after one; ada and max are signed in. There are
    no send limits: a new program would wait half a minute for what the one before it may have sent."""
    settings = {"ENTITLEMENT_POLL_SECONDS": "1", "SEND_LIMITS": "{}"}
    async with running_desk(folder, database_url=database_url, act_as="user", history=0, **settings) as desk:
        await desk.switch(cancel_seconds=1, limits=False)
        await signed_in(desk, "ada", "max")
        yield desk


async def ask(desk: Desk, about: Subject, program: Program) -> Asked:
    """ada asks that program, and max has got his card."""
    desk.cloud.bot_url = program.url
    opened = await desk.open_dialog("ada", about.post, "Cancel subscription")
    told = await desk.send_dialog("ada", about.post, opened, **filled(about))
    request = await asked(desk, about, told.text)
    await desk.eventually(lambda: _has_card(desk, request), "the approver's card")
    return request


async def _has_card(desk: Desk, request: Asked) -> bool:
    return any(request.label in post.text for post in await desk.posts("max", "max") if post.has_card)


async def killed_while_held(desk: Desk, request: Asked, program: Program, *, arrives: bool) -> None:
    """max approves; the program dies while Partner Center holds what it sent, which then arrives after all or not."""
    since = desk.mark()
    await desk.fault("partnercenter", "POST", "/cancel$", latency=HELD)
    if not arrives:
        await desk.fault("partnercenter", "POST", "/cancel$", drop="before")
    pressing = asyncio.create_task(approve(desk, request))
    await desk.until(
        lambda: not any(fault.action.latency for fault in desk.cloud.faults.all()), "the cancel came there"
    )
    written = await now(desk, request)
    assert (written.state, written.sent, written.approver_name) == (State.APPROVED, 1, "Max Okafor")
    await desk.eventually(lambda: _told(desk, request), "the news of the approval")
    assert changes(desk) == []
    program.kill()
    await program.process.wait()
    await asyncio.gather(pressing, return_exceptions=True)  # nobody answers who pressed
    await desk.until(lambda: sent(desk, since), "the held cancel is over")
    assert len(changes(desk)) == arrives


async def _told(desk: Desk, request: Asked) -> bool:
    return any("It is being sent" in line for line in await desk.lines(request.subject.post))


async def lease_over(desk: Desk, request: Asked) -> None:
    """The minute is over for which nobody else takes up what the dead one was at, messages included."""
    c = await now(desk, request)
    assert c.due_at is not None
    assert c.due_at > datetime.now(UTC), "its lease still held"
    async with desk.parts.store.write() as tx:
        assert await tx.cancellations.change(c, replace(c, due_at=datetime.now(UTC))) is not None
        await tx.outbox.recover(datetime.now(UTC) + MINUTE)


async def ends_in_one_cancel(desk: Desk, request: Asked) -> None:
    async def done() -> bool:
        c = await now(desk, request)
        return c.state == State.DONE and c.due_at is None

    await desk.eventually(done, "it is done")
    (deed,) = changes(desk)
    assert deed["requestId"] == request.plan.plan.request_id
    assert {request_id(entry) for entry in sent(desk)} == {request.plan.plan.request_id}
    assert desk.at_partner_center(request.subject.alert)["resolvedReason"] == "fraud"
    steps = await trail(desk, request)
    assert [
        step for step in steps if step in (("approve", "done"), ("cancel", "accepted"), ("cancel watch", "done"))
    ] == [
        ("approve", "done"),
        ("cancel", "accepted"),
        ("cancel watch", "done"),
    ]
    stands = await newest(desk)
    assert stands is not None
    assert stands.number == request.number

    async def said() -> bool:
        await desk.deliver()
        lines = await desk.lines(request.subject.post)
        heard = any(line.startswith(f"{request.label}: ") and "was cancelled at" in line for line in lines)
        return heard and "\nCancelled\n" in (await card_of(desk, request, "max")).card.text

    await desk.eventually(said, "the thread and the approver's card say so")


@pytest.mark.parametrize("arrives", [True, False])
async def test_killed_while_its_cancel_is_held_and_started_again(tmp_path: Path, arrives: bool) -> None:
    async with a_desk(tmp_path) as desk:
        about = await subject(desk)  # before there are others who deliver
        async with serving(desk.settings, tmp_path) as program:
            request = await ask(desk, about, program)
            await killed_while_held(desk, request, program, arrives=arrives)
        await lease_over(desk, request)
        async with serving(desk.settings, tmp_path) as program:
            desk.cloud.bot_url = program.url
            await ends_in_one_cancel(desk, request)
        assert len(sent(desk)) == (1 if arrives else 2), "what can be seen is not sent again"


async def test_of_two_replicas_the_one_that_sends_is_killed(tmp_path: Path, postgres_url: str) -> None:
    async with a_desk(tmp_path, postgres_url) as desk:
        about = await subject(desk)
        async with serving(desk.settings, tmp_path) as one, serving(desk.settings, tmp_path) as two:
            request = await ask(desk, about, one)
            await killed_while_held(desk, request, one, arrives=False)
            desk.cloud.bot_url = two.url
            assert len(sent(desk)) == 1, "the other has waited for the lease"
            await lease_over(desk, request)
            await ends_in_one_cancel(desk, request)
            assert len(sent(desk)) == 2
