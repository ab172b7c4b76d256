"""The webhook's route: what it costs, how it answers, what it counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

import bot.web.webhooks
from bot.domain.webhooks import Event, Forged, Forgery
from bot.errors import AlertDeskError, Transient
from bot.telemetry.metrics import REGISTRY
from bot.web.middleware import measured
from bot.web.webhooks import MOST_AT_ONCE, MOST_BYTES, Webhooks
from tests.factories import NORTHWIND
from tests.support.house import House
from tests.support.partner_webhook import event
from tests.support.until import until


class Desk:
    """`problem` is what the check raises; `gate` holds it up. `taken` are the events that came through."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.problem: AlertDeskError | None = None
        self.gate: asyncio.Event | None = None
        self.checked: list[bytes] = []
        self.taken: list[tuple[str, Event]] = []
        self.session: aiohttp.ClientSession

    async def verify(self, _headers: Mapping[str, str], body: bytes) -> None:
        self.checked.append(body)
        if self.gate is not None:
            await self.gate.wait()
        if self.problem is not None:
            raise self.problem

    async def take(self, partner: str, found: Event) -> bool:
        known = [each.digest for _, each in self.taken]
        self.taken.append((partner, found))
        return found.digest not in known

    async def post(self, body: bytes, tenant: str = NORTHWIND) -> tuple[int, Any]:
        async with self.session.post(f"/webhooks/partner-center/{tenant}", data=body) as answer:
            return answer.status, await answer.json()


@asynccontextmanager
async def serving(desk: Desk) -> AsyncIterator[None]:
    app = web.Application(middlewares=[measured])
    app.add_routes(Webhooks(desk.house.env, desk.verify, desk.take).routes())
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    try:
        async with aiohttp.ClientSession(server.make_url("/")) as session:
            desk.session = session
            yield
    finally:
        await server.close()


@pytest.fixture
async def desk(house: House) -> AsyncIterator[Desk]:
    built = Desk(house)
    async with serving(built):
        yield built


def counted(end: str) -> float:
    return REGISTRY.get_sample_value("alertdesk_webhooks_total", {"end": end}) or 0.0


async def test_an_event_is_taken_once_and_answered_at_once(desk: Desk) -> None:
    body, before = event(desk.house.clock.now()), counted("accepted")
    assert await desk.post(body) == (200, {"status": "accepted"})
    assert await desk.post(body, NORTHWIND.upper()) == (200, {"status": "repeated"})
    assert counted("accepted") - before == 1
    assert desk.taken[0][0] == NORTHWIND


async def test_an_old_event_is_answered_well_and_ignored(desk: Desk) -> None:
    body = event(desk.house.clock.now())
    desk.house.clock.forward(86_401 + 1)
    assert await desk.post(body) == (200, {"status": "ignored"})
    assert desk.taken == []


async def test_an_unknown_tenant_is_not_even_read(desk: Desk) -> None:
    status, answer = await desk.post(b"x" * (MOST_BYTES + 1), "00000000-0000-4000-8000-00000000dead")
    assert (status, answer["error"]["code"]) == (404, "unknown_partner")
    assert desk.checked == []


async def test_a_large_body_is_refused_unchecked_whether_it_says_its_length_or_not(desk: Desk) -> None:
    assert (await desk.post(b"x" * (MOST_BYTES + 1)))[0] == 413

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * (MOST_BYTES // 2)

    async with desk.session.post(f"/webhooks/partner-center/{NORTHWIND}", data=chunks()) as answer:
        assert answer.status == 413
    assert desk.checked == []
    assert (await desk.post(b"x" * MOST_BYTES))[0] == 400  # no event, but of a size that is looked at
    assert len(desk.checked) == 1


async def test_a_body_that_does_not_come_is_not_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.web.webhooks, "READ_SECONDS", 0.05)
    over = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await over.wait()

    async with desk.session.post(f"/webhooks/partner-center/{NORTHWIND}", data=slow()) as answer:
        assert answer.status == 408
        over.set()
    assert desk.checked == []


@pytest.mark.parametrize("why", list(Forgery))
async def test_each_forgery_is_refused_in_the_one_shape_and_counted(desk: Desk, why: Forgery) -> None:
    desk.problem, before = Forged(why, "What is wrong."), counted(why)
    status, answer = await desk.post(event(desk.house.clock.now()))
    assert status in (400, 401, 403)
    assert answer == {"error": {"code": why.value, "message": "What is wrong."}}
    assert counted(why) - before == 1
    assert desk.taken == []


async def test_what_cannot_be_told_now_is_asked_for_again(desk: Desk) -> None:
    desk.problem = Transient("secret")
    status, answer = await desk.post(event(desk.house.clock.now()))
    assert (status, "secret" in str(answer)) == (503, False)
    desk.problem = Transient("too many", code="busy")
    assert (await desk.post(event(desk.house.clock.now())))[0] == 429


async def test_only_so_many_are_checked_at_once(desk: Desk) -> None:
    desk.gate = asyncio.Event()
    body = event(desk.house.clock.now())
    waiting = [asyncio.create_task(desk.post(body)) for _ in range(MOST_AT_ONCE)]
    await until(lambda: len(desk.checked) == MOST_AT_ONCE)
    status, answer = await desk.post(body)
    assert (status, answer["error"]["code"]) == (429, "busy")
    desk.gate.set()
    assert {status for status, _ in await asyncio.gather(*waiting)} == {200}
    assert (await desk.post(body))[0] == 200
