"""`python -m bot login`: somebody signs in at the terminal, so that a partner's alerts can be read with their token."""

from __future__ import annotations

import asyncio
import webbrowser
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from bot.clock import SystemClock, SystemIds
from bot.domain.people import Partner
from bot.errors import UserError
from bot.microsoft.entra import Entra, EntraConfig
from bot.microsoft.reader import DelegatedReader
from bot.microsoft.reader_login import ReaderLogin, SignedInReader
from bot.microsoft.service import graph
from bot.net.http import Http
from bot.net.sync_http import SyncHttp
from bot.ports import Clock
from bot.sealing import SealedVault, Sealer
from bot.settings import Settings
from bot.store import SqlStore, open_store
from bot.texts import tokens as texts

BROWSER_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Way:
    """How the person signs in. `show` opens an address in their browser, if it can."""

    browser: bool = False
    show: Callable[[str], object] = webbrowser.open


async def login(settings: Settings, entra_config: EntraConfig, name: str, way: Way) -> int:
    """Sign somebody in as the reader of the partner of that name (or tenant id). Prints what the operator must know."""
    partner = _partner(settings, name)
    sealer = Sealer(settings.encryption_keys)
    clock, ids = SystemClock(), SystemIds()
    loopback, base = settings.dangerously_allow_loopback, settings.graph_url.rstrip("/")
    async with _database(settings) as store:
        http, login_http = Http(clock, ids, loopback=loopback), SyncHttp(clock, loopback=loopback)
        try:
            entra = Entra(entra_config, login_http, clock)
            vault = SealedVault(store, sealer, clock)
            reader = DelegatedReader(entra.apps, store, vault, clock, graph_url=base, owner=f"login-{ids.guid()}")
            on_graph = graph(http, entra, clock, ids, base, loopback=loopback)
            signing_in = ReaderLogin(entra.apps, on_graph, reader, clock, partner)
            done = await (_by_browser(signing_in, ids.token(), way) if way.browser else _by_device(signing_in))
        finally:
            await http.close()
            login_http.close()
    _tell(partner, done, clock)
    return 0


async def discard_key(settings: Settings, key_id: str) -> int:
    """Remove the tokens that a lost key sealed."""
    if Sealer(settings.encryption_keys).knows(key_id):
        raise UserError(f"ALERTDESK_ENCRYPTION_KEY has the key {key_id}: what it sealed can still be opened.")
    async with _database(settings) as store, store.write() as tx:
        count = await tx.vault.discard(key_id)
    print(f"{count} sealed with {key_id} removed. Whoever they belong to signs in again.")
    return 0


async def _by_device(signing_in: ReaderLogin) -> SignedInReader:
    device = await signing_in.begin_device()
    print(f"Open {device.address} and enter the code {device.code}. Waiting for the sign-in …", flush=True)
    return await signing_in.finish_device(device)


async def _by_browser(signing_in: ReaderLogin, state: str, way: Way) -> SignedInReader:
    """The browser comes back to a port of this machine. Entra takes any port where http://localhost is registered.
    https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions"""
    came: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()

    async def back(request: web.Request) -> web.Response:
        if request.query.get("state") != state:
            return web.Response(status=400, text="This is not the answer that is waited for.")
        if not came.done():
            came.set_result(dict(request.query))
        return web.Response(text="You can close this tab and go back to the terminal.")

    app = web.Application()
    app.router.add_get("/", back)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address, flow = await signing_in.begin_browser(f"http://localhost:{runner.addresses[0][1]}", state)
        print(f"Sign in with the browser of this machine. If none opens, open this address:\n{address}", flush=True)
        await asyncio.to_thread(way.show, address)
        try:
            async with asyncio.timeout(BROWSER_SECONDS):
                answer = await came
        except TimeoutError:
            raise UserError("Nobody signed in within ten minutes. Run the command again.") from None
        return await signing_in.finish_browser(flow, answer)
    finally:
        await runner.cleanup()


def _tell(partner: Partner, done: SignedInReader, clock: Clock) -> None:
    kept = done.sign_in
    print(f"Signed in: {kept.name} <{kept.upn}>, object id {kept.person_id}, tenant {kept.tenant_id}")
    print(f"Scope: {', '.join(done.granted)}. Alert Desk asks for PartnerSecurity.Read.All and never writes with it.")
    if more := [name for name in done.granted if name not in ("PartnerSecurity.Read.All", "User.Read")]:
        print(f"Microsoft granted more than was asked for: {', '.join(more)}. It is not used.")
    days = (kept.expires_at - clock.now()).days + 1
    print(
        f"Expires: {kept.expires_at:%Y-%m-%d} ({days} days), if it is not used before. Each use renews it; a policy of "
        "the tenant can end it sooner."
    )
    if partner.reader == "app":
        print(f'{partner.name} has "reader":"app": it is used only once that is "auto" or "delegated".')
    print("Kept, encrypted.")


def _partner(settings: Settings, name: str) -> Partner:
    partners = settings.partner_values().values()
    wanted = name.strip().casefold()
    for partner in partners:
        if wanted in (partner.name.casefold(), partner.tenant_id):
            return partner
    raise UserError(texts.unknown_partner(name, [partner.name for partner in partners]))


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[SqlStore]:
    url = settings.database_url.get_secret_value()
    store = await open_store(url, audit_key=settings.audit_key_bytes, ids=SystemIds())
    try:
        yield store
    finally:
        await store.close()
