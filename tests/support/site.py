"""The bot's routes on a real server, with a made-up Entra behind the sign-in, and browsers to visit them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from bot.domain.people import Partner
from bot.errors import AlertDeskError, Transient, UserError
from bot.ports import SignedIn
from bot.web import health, messages
from bot.web.downloads import Downloads
from bot.web.middleware import measured
from bot.web.sign_in import SignInRoutes
from tests.factories import ADA, NORTHWIND
from tests.support.house import House

MOST_BYTES = 1000
ENTRA = "https://login.example/authorize"


class FakeEntra:
    """A sign-in page: whoever comes back with the right code is `who`."""

    def __init__(self) -> None:
        self.who = SignedIn(ADA.aad_id, NORTHWIND, "Ada")
        self.away: AlertDeskError | None = None
        self.tenants: list[str] = []

    async def begin(self, tenant_id: str, state: str, redirect_uri: str) -> tuple[str, Mapping[str, Any]]:
        if self.away is not None:
            raise self.away
        self.tenants.append(tenant_id)
        return str(URL(ENTRA).with_query(state=state, redirect_uri=redirect_uri)), {"verifier": "v"}

    async def complete(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> SignedIn:
        if self.away is not None:
            raise self.away
        if flow != {"verifier": "v"} or answer.get("code") != "good":
            raise UserError("Microsoft did not confirm the sign-in.")
        return self.who


class FakeReaders:
    """The sign-ins with which partners are read, by tenant: when each ends, or what is raised instead."""

    def __init__(self) -> None:
        self.ends: dict[str, datetime | AlertDeskError] = {}

    async def ends_at(self, partner: Partner) -> datetime | None:
        found = self.ends.get(partner.tenant_id)
        if isinstance(found, AlertDeskError):
            raise found
        return found

    async def person_id(self, partner: Partner) -> str:
        return ""


@dataclass
class Site:
    house: House
    entra: FakeEntra
    server: TestServer
    readers: FakeReaders = field(default_factory=FakeReaders)
    token_away: AlertDeskError | None = None
    services: dict[str, object] = field(default_factory=dict)
    starting: str = ""
    heard: list[bytes] = field(default_factory=list)
    browsers: list[aiohttp.ClientSession] = field(default_factory=list)

    def browser(self) -> aiohttp.ClientSession:
        """A browser of its own, with its own cookies. It follows no redirect by itself."""
        jar = aiohttp.CookieJar(unsafe=True)  # our test server has no name
        session = aiohttp.ClientSession(self.server.make_url("/"), cookie_jar=jar)
        self.browsers.append(session)
        return session

    async def get(self, path: str, **more: Any) -> tuple[int, Any]:
        async with self.browser().get(path, allow_redirects=False, **more) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else await answer.text()


async def sent_to_entra(browser: aiohttp.ClientSession, path: str) -> str:
    """The state with which the browser was sent to sign in."""
    async with browser.get(path, allow_redirects=False) as answer:
        assert answer.status == 302
        location = URL(answer.headers["Location"])
        assert str(location.with_query(None)) == ENTRA
        assert location.query["redirect_uri"] == "http://desk.example/auth/callback"
        return location.query["state"]


async def back(browser: aiohttp.ClientSession, **query: str) -> tuple[int, str]:
    """What the browser is shown that comes back from there."""
    async with browser.get("/auth/callback", params=query, allow_redirects=False) as answer:
        return answer.status, await answer.text()


@asynccontextmanager
async def running(house: House) -> AsyncIterator[Site]:
    app = web.Application(middlewares=[measured], client_max_size=MOST_BYTES + 1)
    server = TestServer(app, host="127.0.0.1")
    entra = FakeEntra()
    built = Site(house, entra, server)

    async def token() -> str:
        if built.token_away is not None:
            raise built.token_away
        return "token"

    async def handle(_token: str | None, _kind: str | None, body: bytes) -> tuple[int, bytes | None, Mapping[str, str]]:
        built.heard.append(body)
        if len(body) > MOST_BYTES:
            return 413, b"{}", {"content-type": "application/json"}
        return 202, None, {}

    async def trouble(request: web.Request) -> web.Response:
        raise {"transient": Transient("secret"), "ours": AlertDeskError("secret"), "bug": KeyError("secret")}[
            request.match_info["which"]
        ]

    sign_in = SignInRoutes(house.env, entra, public_url="http://desk.example", home_tenant=NORTHWIND)
    downloads = Downloads(house.env, house.exports, sign_in)
    app.add_routes(messages.routes(handle, MOST_BYTES))
    app.add_routes(
        health.routes(house.env, token, built.readers, services=lambda: built.services, starting=lambda: built.starting)
    )
    app.add_routes([*sign_in.routes(), *downloads.routes(), web.get("/trouble/{which}", trouble)])
    await server.start_server()
    try:
        yield built
    finally:
        for session in built.browsers:
            await session.close()
        await server.close()
