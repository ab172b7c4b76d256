"""The one way out over HTTP: allowed hosts only, bounded in time and size, retried only where that is safe.

Nothing outside bot/net imports httpx. Every failure of the network becomes an error of bot/errors.py in `failure`.
No error text carries a header, a query or a body.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Protocol

import httpx
import orjson

from bot.errors import AlertDeskError, Permanent, Transient
from bot.net.contacts import Contacts
from bot.ports import Clock, Ids

# They would log whole addresses and, at DEBUG, headers: upload links and tokens among them.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

MAX_BODY = 8 * 1024 * 1024
LONGEST_PAUSE = 30.0
"""Seconds. Where the other side asks for more, its answer goes back to the caller, who plans the next try."""

_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_OUR_FAULT = (
    httpx.InvalidURL,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.TooManyRedirects,
    httpx.StreamError,
    httpx.CookieConflict,
    UnicodeError,
)
FAILURES = (httpx.HTTPError, *_OUR_FAULT, TimeoutError)
"""Everything that httpx, or our own limit of time, may raise for a request."""


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer, read whole. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's value. Raises Transient where it is no JSON."""
        try:
            return orjson.loads(self.body.removeprefix(b"\xef\xbb\xbf"))  # Partner Center is known to send the mark
        except orjson.JSONDecodeError:
            raise Transient(f"The other side answered nonsense: HTTP {self.status}, but no JSON.") from None


class Bearer(Protocol):
    """Where a request's access token comes from. `fresh`: the cached one was refused, get another."""

    async def token(self, *, fresh: bool) -> str: ...


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where a request may go: https to a listed name or a name below it, on any port.

    With `loopback`, a listed 127.0.0.1, localhost or ::1 is admitted as well, over http too; without it, never.
    `metadata` names exact hosts that speak plain http by nature: the address where a cloud's machine asks who it is.
    `name` is what they are to us ("graph"), for telling who does not answer.
    """

    allowed: tuple[str, ...]
    loopback: bool = False
    metadata: tuple[str, ...] = ()
    name: str = ""

    @classmethod
    def of(cls, *bases: str, loopback: bool = False, name: str = "") -> Hosts:
        """The hosts of fixed service addresses."""
        return cls(tuple(httpx.URL(base).host for base in bases), loopback, name=name)

    def admits(self, url: str) -> bool:
        try:
            parsed = httpx.URL(url)  # the parser that the request goes through, so that both see the same host
        except (httpx.InvalidURL, UnicodeError):
            return False
        host = parsed.host.lower()
        if not host or parsed.userinfo:
            return False
        if parsed.scheme == "http" and host in self.metadata:
            return True
        if host in _LOOPBACK_NAMES:
            return self.loopback and host in self.allowed and parsed.scheme in ("http", "https")
        return parsed.scheme == "https" and any(
            host == name or host.endswith(f".{name}") for name in (allowed.lower() for allowed in self.allowed) if name
        )


class Http:
    """A pooled client for the whole process. Follows no redirect and keeps no cookie."""

    def __init__(
        self,
        clock: Clock,
        ids: Ids,
        *,
        loopback: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
        contacts: Contacts | None = None,
    ) -> None:
        self._clock = clock
        self._contacts = contacts or Contacts(clock)
        self._ids = ids
        self._loopback = loopback
        # A proxy of the environment would be asked in place of loopback; elsewhere operators rely on it.
        self._client = httpx.AsyncClient(
            transport=transport,
            trust_env=not loopback,
            follow_redirects=False,
            cookies=no_cookies(),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=50, keepalive_expiry=20.0),
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        hosts: Hosts,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        bearer: Bearer | None = None,
        timeout: float = 10.0,
        attempts: int = 1,
        max_body: int = MAX_BODY,
    ) -> Response:
        """Send one request and give back its answer, whatever its status.

        `timeout` (seconds) holds for each try as a whole. With `attempts` over 1, a GET, HEAD, PUT or DELETE that
        meets 429, 5xx or trouble of the network is sent again after Retry-After or a growing pause; the last answer
        is returned. POST and PATCH are sent again only where they never left. A 401 with a `bearer` is tried once
        more with a fresh token.

        Raises Transient (`in_doubt`: a POST or PATCH may have been carried out), or Permanent where the address is
        not admitted or the request cannot be sent.
        """
        check_host(hosts, url, loopback=self._loopback)
        sent_headers = {"accept": "application/json"}
        sent_headers.update((name.lower(), value) for name, value in (headers or {}).items())
        if json is not None:
            content = orjson.dumps(json)
            sent_headers.setdefault("content-type", "application/json")
        fresh = False
        attempt = 1
        while True:
            if bearer is not None:
                sent_headers["authorization"] = f"Bearer {await bearer.token(fresh=fresh)}"
            pause: float | None
            try:
                answer = await self._once(method, url, sent_headers, content, timeout, max_body)
            except Transient as error:
                self._contacts.note(hosts.name, error.message)
                if attempt >= attempts or error.in_doubt:
                    raise
                pause = backoff(attempt, self._ids.jitter())
            else:
                self._contacts.note(hosts.name, told(answer.status))
                if answer.status == 401 and bearer is not None and not fresh:
                    fresh = True
                    continue
                if not _passing(answer.status) or method not in _IDEMPOTENT or attempt >= attempts:
                    return answer
                pause = retry_after(answer.headers, self._clock.now())
                if pause is not None and pause > LONGEST_PAUSE:
                    return answer
                if pause is None:
                    pause = backoff(attempt, self._ids.jitter())
            await self._clock.sleep(pause)
            attempt += 1

    async def _once(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, timeout: float, max_body: int
    ) -> Response:
        try:
            async with asyncio.timeout(timeout):
                request = self._client.build_request(
                    method, url, headers=headers, content=content, timeout=limits(timeout)
                )
                answer = await self._client.send(request, stream=True)
                try:
                    body = bytearray()
                    async for chunk in answer.aiter_bytes():
                        body += chunk
                        check_size(len(body), max_body, method, url)
                finally:
                    await answer.aclose()
        except FAILURES as error:
            raise failure(error, method, url) from error
        return Response(answer.status_code, lower(answer.headers), bytes(body))

    async def close(self) -> None:
        await self._client.aclose()


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by `retry-after`, given as seconds or as an HTTP date; None where it is absent or unreadable.

    https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds())


def backoff(attempt: int, jitter: float) -> float:
    """Seconds before try `attempt` + 1: doubling from 0.5 to 30, and of that by chance between half and all."""
    return min(LONGEST_PAUSE, 0.5 * 2.0 ** min(attempt - 1, 10)) * (0.5 + jitter / 2)


def failure(error: Exception, method: str, url: str) -> AlertDeskError:
    """The error of ours for one of `FAILURES`."""
    where = _where(url)
    if isinstance(error, _NEVER_LEFT):
        return Transient(f"{where} cannot be reached.", code=type(error).__name__)
    if isinstance(error, _OUR_FAULT):
        return Permanent(f"The request to {where} cannot be sent.", code=type(error).__name__)
    what = "did not answer in time" if isinstance(error, httpx.TimeoutException | TimeoutError) else "broke off"
    return Transient(f"{where} {what}.", code=type(error).__name__, in_doubt=method not in _IDEMPOTENT)


def check_host(hosts: Hosts, url: str, *, loopback: bool) -> None:
    """Raises Permanent where a request may not go there. `loopback` is the process's switch, `hosts` has its own."""
    if not replace(hosts, loopback=hosts.loopback and loopback).admits(url):
        raise Permanent(f"{_where(url)} is none of the hosts that this request may go to.", code="HostNotAllowed")


def check_size(size: int, most: int, method: str, url: str) -> None:
    if size > most:
        raise Transient(
            f"{_where(url)} answered more than {most} bytes.", code="AnswerTooLarge", in_doubt=method not in _IDEMPOTENT
        )


def limits(timeout: float) -> httpx.Timeout:
    """The connection must stand a little before all time is up, so that a request that never left is known as such."""
    return httpx.Timeout(timeout, connect=min(5.0, timeout * 0.75), pool=min(5.0, timeout * 0.75))


def lower(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def no_cookies() -> CookieJar:
    """A jar that takes none: calls for different tenants share the client."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def told(status: int) -> str:
    """What a status tells of the service: empty where it did its work, if only to say no."""
    return f"It answers HTTP {status}." if _passing(status) else ""


def _passing(status: int) -> bool:
    return status == 429 or status >= 500


def _where(url: str) -> str:
    try:
        return httpx.URL(url).host or "an address without a host"
    except (httpx.InvalidURL, UnicodeError):
        return "an unreadable address"
