"""bot.net.http: what is sent, what is retried, and what every failure becomes."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import httpx
import pytest

from bot.errors import AlertDeskError, Permanent, Transient
from bot.net.http import FAILURES, Hosts, Http, Response, backoff, failure, retry_after
from tests.support.outbound import START, CountedIds, StepClock

URL = "https://api.example.com/things?secret=hush"
HOSTS = Hosts(("example.com",))
Answer = httpx.Response | Exception


class Server:
    """Answers with the given ones in turn, the last for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Renewed:
    def __init__(self) -> None:
        self.asked: list[bool] = []

    async def token(self, *, fresh: bool) -> str:
        self.asked.append(fresh)
        return "new" if fresh else "old"


@pytest.fixture
def clock() -> StepClock:
    return StepClock()


@pytest.fixture
async def build(clock: StepClock) -> AsyncIterator[Callable[..., Http]]:
    built: list[Http] = []

    def make(handler: Callable[[httpx.Request], httpx.Response], *, loopback: bool = False) -> Http:
        built.append(Http(clock, CountedIds(), loopback=loopback, transport=httpx.MockTransport(handler)))
        return built[-1]

    yield make
    for http in built:
        await http.close()


async def test_sends_json_and_reads_the_answer(build: Callable[..., Http]) -> None:
    server = Server(httpx.Response(201, json={"id": 1}, headers={"X-Thing": "yes"}))
    answer = await build(server).request("POST", URL, hosts=HOSTS, json={"a": "ä"}, headers={"X-Mine": "1"})
    assert (answer.status, answer.json(), answer.headers["x-thing"]) == (201, {"id": 1}, "yes")
    sent = server.requests[0]
    assert json.loads(sent.content) == {"a": "ä"}
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["accept"] == "application/json"
    assert sent.headers["x-mine"] == "1"


@pytest.mark.parametrize("status", [200, 204, 302, 400, 403, 404, 412])
async def test_hands_back_what_is_no_passing_trouble(build: Callable[..., Http], clock: StepClock, status: int) -> None:
    server = Server(httpx.Response(status, headers={"location": "https://elsewhere.example.org/"}))
    answer = await build(server).request("GET", URL, hosts=HOSTS, attempts=3)
    assert answer.status == status
    assert len(server.requests) == 1
    assert clock.pauses == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_idempotent_methods_are_tried_again(
    build: Callable[..., Http], clock: StepClock, method: str, status: int
) -> None:
    server = Server(httpx.Response(status), httpx.Response(status), httpx.Response(200))
    answer = await build(server).request(method, URL, hosts=HOSTS, attempts=3)
    assert answer.status == 200
    assert clock.pauses == [0.25, 0.5]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("status", [429, 503])
async def test_post_and_patch_are_not_repeated(build: Callable[..., Http], method: str, status: int) -> None:
    server = Server(httpx.Response(status, headers={"retry-after": "1"}))
    answer = await build(server).request(method, URL, hosts=HOSTS, attempts=3)
    assert answer.status == status
    assert len(server.requests) == 1


async def test_retry_after_is_obeyed(build: Callable[..., Http], clock: StepClock) -> None:
    server = Server(httpx.Response(429, headers={"retry-after": "7"}), httpx.Response(200))
    assert (await build(server).request("GET", URL, hosts=HOSTS, attempts=2)).status == 200
    assert clock.pauses == [7.0]


async def test_a_long_retry_after_goes_back_to_the_caller(build: Callable[..., Http], clock: StepClock) -> None:
    server = Server(httpx.Response(429, headers={"retry-after": "57"}))
    assert (await build(server).request("GET", URL, hosts=HOSTS, attempts=5)).status == 429
    assert len(server.requests) == 1
    assert clock.pauses == []


async def test_the_last_answer_is_handed_back(build: Callable[..., Http]) -> None:
    server = Server(httpx.Response(503))
    assert (await build(server).request("GET", URL, hosts=HOSTS, attempts=3)).status == 503
    assert len(server.requests) == 3


async def test_a_request_that_never_left_is_sent_again_even_if_a_post(build: Callable[..., Http]) -> None:
    server = Server(httpx.ConnectError("no"), httpx.Response(200))
    assert (await build(server).request("POST", URL, hosts=HOSTS, attempts=2)).status == 200


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_doubt_is_never_retried(build: Callable[..., Http], method: str) -> None:
    server = Server(httpx.ReadTimeout("slow"))
    with pytest.raises(Transient) as caught:
        await build(server).request(method, URL, hosts=HOSTS, attempts=3)
    assert caught.value.in_doubt
    assert len(server.requests) == 1


async def test_a_refused_token_is_renewed_once(build: Callable[..., Http]) -> None:
    server = Server(httpx.Response(401), httpx.Response(200))
    bearer = Renewed()
    answer = await build(server).request("PATCH", URL, hosts=HOSTS, bearer=bearer)
    assert answer.status == 200
    assert bearer.asked == [False, True]
    assert [sent.headers["authorization"] for sent in server.requests] == ["Bearer old", "Bearer new"]


async def test_a_second_401_is_handed_back(build: Callable[..., Http]) -> None:
    server = Server(httpx.Response(401))
    assert (await build(server).request("GET", URL, hosts=HOSTS, bearer=Renewed(), attempts=3)).status == 401
    assert len(server.requests) == 2


async def test_the_token_goes_to_no_other_host(build: Callable[..., Http]) -> None:
    server, bearer = Server(httpx.Response(200)), Renewed()
    with pytest.raises(Permanent):
        await build(server).request("GET", "https://example.com.evil.org/", hosts=HOSTS, bearer=bearer)
    assert server.requests == []
    assert bearer.asked == []


@pytest.mark.parametrize("url", ["https://[", "", "/things", "https://example.com:port/"])
async def test_an_unreadable_address_is_refused(build: Callable[..., Http], url: str) -> None:
    with pytest.raises(Permanent, match="none of the hosts"):
        await build(Server(httpx.Response(200))).request("GET", url, hosts=HOSTS)


async def test_loopback_needs_both_switches(build: Callable[..., Http]) -> None:
    hosts = Hosts(("127.0.0.1",), loopback=True)
    server = Server(httpx.Response(200))
    with pytest.raises(Permanent):
        await build(server).request("GET", "http://127.0.0.1:81/", hosts=hosts)
    assert (await build(server, loopback=True).request("GET", "http://127.0.0.1:81/", hosts=hosts)).status == 200


async def test_an_answer_over_the_bound_is_given_up(build: Callable[..., Http]) -> None:
    server = Server(httpx.Response(200, content=b"x" * 101))
    with pytest.raises(Transient, match="more than 100 bytes"):
        await build(server).request("GET", URL, hosts=HOSTS, max_body=100)


async def test_reading_stops_at_the_bound(build: Callable[..., Http]) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 1000

    with pytest.raises(Transient) as caught:
        await build(lambda _: httpx.Response(200, content=endless())).request("POST", URL, hosts=HOSTS, max_body=5000)
    assert sent == 6
    assert caught.value.in_doubt


async def test_an_answer_that_drips_is_given_up_in_time(clock: StepClock) -> None:
    async def stuck(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    http = Http(clock, CountedIds(), transport=httpx.MockTransport(stuck))
    with pytest.raises(Transient, match="did not answer in time") as caught:
        await http.request("POST", URL, hosts=HOSTS, timeout=0.05)
    assert caught.value.in_doubt
    await http.close()


async def test_cookies_are_not_kept(build: Callable[..., Http]) -> None:
    server = Server(httpx.Response(200, headers={"set-cookie": "who=ada; Path=/"}))
    http = build(server)
    await http.request("GET", URL, hosts=HOSTS)
    await http.request("GET", URL, hosts=HOSTS)
    assert "cookie" not in server.requests[1].headers


async def test_no_address_or_token_is_logged(clock: StepClock, caplog: pytest.LogCaptureFixture) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    http = Http(clock, CountedIds(), loopback=True)
    port = server.sockets[0].getsockname()[1]
    with caplog.at_level(logging.DEBUG):
        await http.request(
            "GET",
            f"http://127.0.0.1:{port}/?secret=hush",
            hosts=Hosts(("127.0.0.1",), loopback=True),
            bearer=Renewed(),
        )
    assert "hush" not in caplog.text
    assert "Bearer" not in caplog.text
    await http.close()
    server.close()
    await server.wait_closed()


def test_nonsense_instead_of_json_is_transient() -> None:
    with pytest.raises(Transient, match="nonsense"):
        Response(200, {}, b"<html>").json()
    assert Response(200, {}, b"\xef\xbb\xbf[1]").json() == [1]


def everything_httpx_raises() -> list[type[Exception]]:
    return sorted(
        {found for _, found in inspect.getmembers(httpx, inspect.isclass) if issubclass(found, Exception)},
        key=lambda found: found.__name__,
    )


NEVER_LEFT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError"}
OUR_FAULT = {
    "CookieConflict",
    "InvalidURL",
    "LocalProtocolError",
    "RequestNotRead",
    "ResponseNotRead",
    "StreamClosed",
    "StreamConsumed",
    "StreamError",
    "TooManyRedirects",
    "UnsupportedProtocol",
}


@pytest.mark.parametrize("kind", everything_httpx_raises(), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_every_exception_of_httpx_is_mapped(kind: type[Exception], method: str) -> None:
    error = kind.__new__(kind)
    assert isinstance(error, FAILURES)
    mapped = failure(error, method, URL)
    assert "hush" not in mapped.message
    assert mapped.code == kind.__name__
    if kind.__name__ in OUR_FAULT:
        assert type(mapped) is Permanent
    else:
        assert type(mapped) is Transient
        assert mapped.in_doubt == (method == "PATCH" and kind.__name__ not in NEVER_LEFT)


async def test_a_real_refused_connection_never_left(clock: StepClock) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    http = Http(clock, CountedIds(), loopback=True)
    with pytest.raises(Transient) as caught:
        await http.request(
            "PATCH", f"http://127.0.0.1:{port}/x?secret=hush", hosts=Hosts(("127.0.0.1",), loopback=True)
        )
    assert not caught.value.in_doubt
    assert "hush" not in str(caught.value)
    await http.close()


async def test_a_real_reset_leaves_doubt_only_about_a_deed(clock: StepClock) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    http = Http(clock, CountedIds(), loopback=True)
    for method, doubt in (("PATCH", True), ("GET", False)):
        with pytest.raises(Transient) as caught:
            await http.request(method, url, hosts=Hosts(("127.0.0.1",), loopback=True))
        assert caught.value.in_doubt is doubt
    await http.close()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 3 ", 3.0),
        ("0.5", 0.5),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("²", None),
        ("1.2.3", None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text}, START) == seconds


def test_retry_after_is_optional() -> None:
    assert retry_after({}, datetime(2026, 1, 1, tzinfo=UTC)) is None


def test_backoff_grows_to_a_bound() -> None:
    assert [backoff(attempt, 1.0) for attempt in (1, 2, 3, 7, 5000)] == [0.5, 1.0, 2.0, 30.0, 30.0]
    assert backoff(1, 0.0) == 0.25


def test_errors_are_ours() -> None:
    assert isinstance(failure(TimeoutError(), "GET", URL), AlertDeskError)
