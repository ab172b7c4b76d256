"""bot.net.sync_http: the blocking twin keeps the same rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from bot.errors import Permanent, Transient
from bot.net.http import Hosts
from bot.net.sync_http import SyncHttp
from tests.support.outbound import StepClock

HOSTS = Hosts(("example.com",))
Build = Callable[[Callable[[httpx.Request], httpx.Response]], SyncHttp]


@pytest.fixture
def clock() -> StepClock:
    return StepClock()


@pytest.fixture
def build(clock: StepClock) -> Iterator[Build]:
    built: list[SyncHttp] = []

    def make(handler: Callable[[httpx.Request], httpx.Response]) -> SyncHttp:
        built.append(SyncHttp(clock, transport=httpx.MockTransport(handler)))
        return built[-1]

    yield make
    for http in built:
        http.close()


def test_hands_back_any_answer(build: Build) -> None:
    http = build(lambda request: httpx.Response(503, content=request.content, headers={"Retry-After": "2"}))
    answer = http.request("POST", "https://example.com/", hosts=HOSTS, content=b"a=1")
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (503, b"a=1", "2")


def test_maps_failures(build: Build) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("reset")

    with pytest.raises(Transient, match=r"example\.com broke off"):
        build(fail).request("GET", "https://example.com/?secret=1", hosts=HOSTS)


def test_refuses_other_hosts(build: Build) -> None:
    with pytest.raises(Permanent):
        build(lambda _: httpx.Response(200)).request("GET", "https://evil.org/", hosts=HOSTS)


def test_gives_up_on_an_answer_that_drips_or_swells(build: Build, clock: StepClock) -> None:
    def dripping() -> Iterator[bytes]:
        while True:
            clock.forward(4)
            yield b"x"

    def swelling() -> Iterator[bytes]:
        while True:
            yield b"x" * 1000

    with pytest.raises(Transient, match="in time"):
        build(lambda _: httpx.Response(200, content=dripping())).request("GET", "https://example.com/", hosts=HOSTS)
    with pytest.raises(Transient, match="more than"):
        build(lambda _: httpx.Response(200, content=swelling())).request(
            "GET", "https://example.com/", hosts=HOSTS, max_body=5000
        )
