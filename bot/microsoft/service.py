"""One call to Graph or Partner Center: its host, token, tracing headers and errors. Knows nothing of what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.errors import AlertDeskError, Transient
from bot.microsoft.protocol import graph_error, partner_center_error
from bot.net.http import Hosts, Http, Response
from bot.ports import Clock, Ids, Tokens


class ErrorReader(Protocol):
    def __call__(self, response: Response, now: datetime, *, deed: bool = ...) -> AlertDeskError: ...


@dataclass(frozen=True, slots=True)
class AppToken:
    """The application's own token in one tenant, as a Bearer."""

    tokens: Tokens
    tenant_id: str
    scope: str

    async def token(self, *, fresh: bool) -> str:
        return await self.tokens.app(self.tenant_id, self.scope, fresh=fresh)


@dataclass(frozen=True, slots=True)
class Service:
    """`base` without trailing slash. `trace` names the headers that get a fresh GUID with each call."""

    http: Http
    tokens: Tokens
    clock: Clock
    ids: Ids
    base: str
    hosts: Hosts
    read_error: ErrorReader
    trace: tuple[str, ...]

    async def call(
        self,
        method: str,
        url: str,
        *,
        tenant_id: str,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
        attempts: int = 1,
        deed: bool = False,
    ) -> Response:
        """The answer, if it is a success, with the app's token for that tenant. `deed`: it changes something, and only
        then can a failure leave doubt. Raises the errors of bot/errors.py."""
        sent = {name: self.ids.guid() for name in self.trace} | dict(headers or {})
        try:
            answer = await self.http.request(
                method,
                url,
                hosts=self.hosts,
                headers=sent,
                json=json,
                bearer=AppToken(self.tokens, tenant_id, f"{self.base}/.default"),
                timeout=timeout,
                attempts=attempts,
            )
        except Transient as error:
            if not error.in_doubt or deed:
                raise
            raise Transient(error.message, code=error.code, retry_after=error.retry_after) from error
        if 200 <= answer.status < 300:
            return answer
        raise self.read_error(answer, self.clock.now(), deed=deed)


def graph(http: Http, tokens: Tokens, clock: Clock, ids: Ids, url: str, *, loopback: bool = False) -> Service:
    """Microsoft Graph at `url`."""
    hosts = Hosts.of(url, loopback=loopback)
    return Service(http, tokens, clock, ids, url, hosts, graph_error, ("client-request-id",))


def partner_center(http: Http, tokens: Tokens, clock: Clock, ids: Ids, url: str, *, loopback: bool = False) -> Service:
    """Partner Center's REST API at `url`. https://learn.microsoft.com/partner-center/developer/headers"""
    hosts = Hosts.of(url, loopback=loopback)
    trace = ("MS-RequestId", "MS-CorrelationId")
    return Service(http, tokens, clock, ids, url, hosts, partner_center_error, trace)
