"""One error shape, nothing of our insides in it, and never 500 for what a client sent."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.web.answers import page
from tests.support.site import MOST_BYTES, Site

EXPORT = "/exports/" + "x" * 43


async def raw(site: Site, request: bytes) -> bytes:
    """What the server answers to these very bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.server.port)
    writer.write(request)
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(65536), 5)
    writer.close()
    return answer


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "NotFound"),
        ("GET", "/exports/short", 404, "NotFound"),
        ("GET", "/exports/..%2f..%2fetc%2fpasswd", 404, "NotFound"),
        ("GET", "/api/messages", 405, "MethodNotAllowed"),
        ("PUT", EXPORT, 405, "MethodNotAllowed"),
        ("POST", "/healthz", 405, "MethodNotAllowed"),
    ],
)
async def test_an_error_has_one_shape(site: Site, method: str, path: str, status: int, code: str) -> None:
    async with site.browser().request(method, path) as answer:
        assert answer.status == status
        assert answer.content_type == "application/json"
        body = await answer.json()
        assert list(body) == ["error"]
        assert set(body["error"]) == {"code", "message"}
        assert body["error"]["code"] == code
        assert ("Allow" in answer.headers) is (status == 405)


@pytest.mark.parametrize(
    ("which", "status", "code"), [("transient", 503, "TryAgain"), ("ours", 500, "Failed"), ("bug", 500, "Internal")]
)
async def test_trouble_of_our_own_is_told_without_our_insides(site: Site, which: str, status: int, code: str) -> None:
    async with site.browser().get(f"/trouble/{which}") as answer:
        text = await answer.text()
        assert (answer.status, json.loads(text)["error"]["code"]) == (status, code)
        assert "secret" not in text
        assert "Traceback" not in text
        assert (answer.headers.get("Retry-After") == "5") is (status == 503)


SENT: list[tuple[str, str, dict[str, Any], int]] = [
    ("not json", "/api/messages", {"data": b"{"}, 202),
    ("nothing", "/api/messages", {"data": b""}, 202),
    ("any bytes", "/api/messages", {"data": bytes(range(256))}, 202),
    ("a form", "/api/messages", {"data": {"a": "b"}}, 202),
    ("exactly the most", "/api/messages", {"data": b"x" * MOST_BYTES}, 202),
    ("one more", "/api/messages", {"data": b"x" * (MOST_BYTES + 1)}, 413),
    ("much more", "/api/messages", {"data": b"x" * 300_000}, 413),
    ("a lie about gzip", "/api/messages", {"data": b"no gzip", "headers": {"Content-Encoding": "gzip"}}, 400),
    ("a bomb", "/api/messages", {"data": gzip.compress(bytes(10**6)), "headers": {"Content-Encoding": "gzip"}}, 413),
    ("an unknown charset", "/api/messages", {"data": b"{}", "headers": {"Content-Type": "x; charset=nope"}}, 202),
    ("an export without a cookie", EXPORT, {}, 403),
    ("an export with a body", EXPORT, {"data": b"\xff" * 500}, 403),
    ("an export with a cookie", EXPORT, {"headers": {"Cookie": "alertdesk_export=x"}}, 403),
    ("an export with an odd cookie", EXPORT, {"headers": {"Cookie": 'alertdesk_export="\\377\\"; a=; =b; ;'}}, 403),
]


@pytest.mark.parametrize(("path", "request_", "status"), [row[1:] for row in SENT], ids=[row[0] for row in SENT])
async def test_what_is_posted_is_never_our_fault(site: Site, path: str, request_: dict[str, Any], status: int) -> None:
    async with site.browser().post(path, **request_) as answer:
        assert answer.status == status


async def test_a_body_without_an_end_is_read_no_further_than_allowed(site: Site) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10**8:
            sent += 10_000
            yield b"x" * 10_000

    try:
        async with site.browser().post("/api/messages", data=endless()) as answer:
            assert answer.status == 413
    except OSError:
        pass  # the server hung up while we were still sending
    assert all(len(body) < MOST_BYTES + 10**6 for body in site.heard)
    assert sent < 10**8


ODD_REQUESTS: list[tuple[str, bytes]] = [
    (
        "bytes in a cookie",
        b"GET /auth/callback?state=x HTTP/1.1\r\nHost: x\r\nCookie: alertdesk_signin=\xff\xfe\r\n\r\n",
    ),
    (
        "bytes in the state",
        b"GET /auth/callback?state=%ff%fe&code=%00 HTTP/1.1\r\nHost: x\r\nCookie: alertdesk_signin=x\r\n\r\n",
    ),
    (
        "half a character",
        b"GET /auth/callback?state=%ed%a0%80 HTTP/1.1\r\nHost: x\r\nCookie: alertdesk_signin=x\r\n\r\n",
    ),
    ("the same twice", b"GET /auth/callback?state=a&state=b&code HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a long state", b"GET /auth/callback?state=" + b"x" * 7000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("nothing in it", b"GET /auth/callback HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("an error of Entra", b"GET /auth/callback?error=access_denied&state=x HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a start without purpose", b"GET /auth/start?x=%00 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a bad path", b"GET /%ff/%00 HTTP/1.1\r\nHost: x\r\n\r\n"),
    (
        "bytes in an export's cookie",
        f"POST {EXPORT} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n".encode()
        + b"Cookie: alertdesk_export=\xff\r\n\r\n",
    ),
    (
        "bytes as authorization",
        b"POST /api/messages HTTP/1.1\r\nHost: x\r\nAuthorization: \xff\r\nContent-Length: 2\r\n\r\n{}",
    ),
    ("no length that can be read", b"POST /api/messages HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n{}"),
    ("a bad chunk", b"POST /api/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ("no HTTP at all", b"\x16\x03\x01\x02\x00\r\n\r\n"),
]


@pytest.mark.parametrize("request_", [row[1] for row in ODD_REQUESTS], ids=[row[0] for row in ODD_REQUESTS])
async def test_an_odd_request_is_never_our_fault(site: Site, request_: bytes) -> None:
    answer = await raw(site, request_.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
    status = int(answer.split(b" ", 2)[1])
    assert 200 <= status < 500
    assert b"Traceback" not in answer


def test_a_page_escapes_what_it_says_and_may_run_nothing() -> None:
    made = page(200, "<b>title</b>", 'a "quoted" <script>alert(1)</script>')
    assert made.text is not None
    assert "<script>" not in made.text
    assert "<b>" not in made.text
    assert "script-src" not in made.headers["Content-Security-Policy"]
    assert made.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert (made.headers["Cache-Control"], made.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
