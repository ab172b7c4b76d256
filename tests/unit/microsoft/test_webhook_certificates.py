"""Certificates are looked at once and remembered. Nobody makes the bot look at many, or keeps it from the good one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bot.domain.webhooks import Forged, Forgery
from bot.errors import Transient
from bot.microsoft.webhook_certificates import LIFETIME, MOST_BYTES, MOST_KEPT, MOST_NEW, PAUSE, SignatureCheck
from bot.microsoft.webhook_signature import Trust
from bot.net.http import Http
from tests.support.outbound import START, CountedIds, StepClock
from tests.support.partner_webhook import Authorities, headers
from tests.support.until import until

HOST = "certs.example"
BODY = b"{}"


class World:
    """`give` answers for a certificate's name."""

    def __init__(self) -> None:
        self.authorities = Authorities(START)
        self.clock = StepClock()
        self.asked: Counter[str] = Counter()
        self.give: Callable[[str], httpx.Response] = lambda name: self.found()
        self.gate: asyncio.Event | None = None
        self.http = Http(self.clock, CountedIds(), transport=httpx.MockTransport(self._handle))
        trust = Trust([self.authorities.root], [self.authorities.issuing])
        self.check = SignatureCheck(self.http, self.clock, trust, (HOST,))

    def found(self, **leaf: object) -> httpx.Response:
        content = self.authorities.leaf(**leaf).public_bytes(Encoding.DER)  # type: ignore[arg-type]
        return httpx.Response(200, content=content)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.removeprefix("/cert/")
        self.asked[name] += 1
        if self.gate is not None:
            await self.gate.wait()
        return self.give(name)

    async def deliver(self, name: str = "a.cer", key: str = "leaf") -> str:
        """How it ended: `good`, why it is forged, or `later`."""
        try:
            await self.check.verify(headers(BODY, f"https://{HOST}/cert/{name}", key=key), BODY)
        except Forged as forged:
            return forged.why
        except Transient as trouble:
            return trouble.code or "later"
        return "good"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    built = World()
    yield built
    await built.check.close()
    await built.http.close()


async def test_a_good_certificate_is_read_once_a_day(world: World) -> None:
    assert [await world.deliver() for _ in range(3)] == ["good"] * 3
    world.clock.forward(LIFETIME - 1)
    assert await world.deliver() == "good"
    assert world.asked["a.cer"] == 1
    world.clock.forward(1)
    assert await world.deliver() == "good"
    assert world.asked["a.cer"] == 2


async def test_it_serves_no_longer_than_it_is_valid(world: World) -> None:
    world.give = lambda name: world.found(ends=timedelta(hours=1))
    assert await world.deliver() == "good"
    world.clock.forward(3601)
    assert await world.deliver() == Forgery.VALIDITY
    assert world.asked["a.cer"] == 2


async def test_many_at_once_are_one_look(world: World) -> None:
    world.gate = asyncio.Event()
    waiting = [asyncio.create_task(world.deliver()) for _ in range(50)]
    await until(lambda: world.asked["a.cer"] == 1)
    waiting[0].cancel()  # whoever gives up does not end it for the others
    world.gate.set()
    assert await asyncio.gather(*waiting[1:]) == ["good"] * 49
    assert world.asked["a.cer"] == 1


async def test_forged_signatures_bring_at_most_one_look_a_minute(world: World) -> None:
    assert {await world.deliver(key="another") for _ in range(1000)} == {Forgery.SIGNATURE}
    assert world.asked["a.cer"] == 1
    world.clock.forward(PAUSE)
    assert {await world.deliver(key="another") for _ in range(1000)} == {Forgery.SIGNATURE}
    assert world.asked["a.cer"] == 2


async def test_a_renewed_key_at_the_same_address_is_found(world: World) -> None:
    assert await world.deliver() == "good"
    world.give = lambda name: world.found(key="renewed")
    world.clock.forward(PAUSE)
    assert await world.deliver(key="renewed") == "good"
    assert await world.deliver() == Forgery.SIGNATURE


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (httpx.Response(404), Forgery.CERTIFICATE),
        (httpx.Response(302, headers={"location": f"https://{HOST}/cert/good.cer"}), Forgery.CERTIFICATE),
        (httpx.Response(200, content=b"x" * (MOST_BYTES + 1)), Forgery.CERTIFICATE),
        (httpx.Response(200, content=b"no certificate"), Forgery.CERTIFICATE),
        (httpx.Response(503), "later"),
        (httpx.Response(429), "later"),
    ],
    ids=["missing", "redirect", "large", "nonsense", "away", "throttled"],
)
async def test_a_useless_address_is_looked_at_once_a_minute(world: World, answer: httpx.Response, end: str) -> None:
    world.give = lambda name: httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
    assert {await world.deliver() for _ in range(100)} == {end}
    assert world.asked == {"a.cer": 1}
    world.clock.forward(PAUSE)
    world.give = lambda name: world.found()
    assert await world.deliver() == "good"


async def test_made_up_addresses_are_bounded_and_hurt_no_good_one(world: World) -> None:
    assert await world.deliver("good.cer") == "good"
    world.give = lambda name: world.found() if name == "good.cer" else httpx.Response(404)
    ends = [await world.deliver(f"made-up-{number}.cer") for number in range(500)]
    assert Counter(ends) == {Forgery.CERTIFICATE: MOST_NEW - 1, "busy": 500 - (MOST_NEW - 1)}
    for _ in range(20):  # over days, more than are remembered
        world.clock.forward(PAUSE)
        for number in range(MOST_NEW):
            await world.deliver(f"made-up-{number}-{world.clock.monotonic()}.cer")
    assert len(world.asked) > MOST_KEPT
    assert await world.deliver("good.cer") == "good"
    assert world.asked["good.cer"] == 1


async def test_a_good_certificate_is_renewed_in_the_midst_of_a_flood(world: World) -> None:
    assert await world.deliver("good.cer") == "good"
    world.give = lambda name: world.found() if name == "good.cer" else httpx.Response(404)
    world.clock.forward(LIFETIME)
    for number in range(MOST_NEW):
        await world.deliver(f"made-up-{number}.cer")
    assert await world.deliver("one-more.cer") == "busy"
    assert await world.deliver("good.cer") == "good"
    assert world.asked["good.cer"] == 2


async def test_headers_alone_bring_no_look(world: World) -> None:
    with pytest.raises(Forged):
        await world.check.verify(headers(BODY, "https://evil.example/cert/a.cer"), BODY)
    with pytest.raises(Forged):
        await world.check.verify({}, BODY)
    assert world.asked == {}
