"""A made-up Graph and Partner Center: answers by path, and what was asked of them."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from bot.microsoft.service import Service, graph, partner_center
from bot.net.http import Http
from tests.support.outbound import CountedIds, MadeUpTokens, StepClock

GRAPH = "https://graph.microsoft.com"
PARTNER_CENTER = "https://api.partnercenter.microsoft.com"


class Microsoft:
    """`answer` is asked for each request; set it before calling. `requests` are those that came."""

    def __init__(self) -> None:
        self.clock = StepClock()
        self.tokens = MadeUpTokens()
        self.requests: list[httpx.Request] = []
        self.answer: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(500)
        self.http = Http(self.clock, CountedIds(), transport=httpx.MockTransport(self._receive))
        ids = CountedIds()
        self.graph: Service = graph(self.http, self.tokens, self.clock, ids, GRAPH)
        self.partner_center: Service = partner_center(self.http, self.tokens, self.clock, ids, PARTNER_CENTER)

    def _receive(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answer(request)

    @property
    def asked(self) -> list[str]:
        return [f"{request.method} {request.url}" for request in self.requests]
