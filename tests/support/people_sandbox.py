"""What acts and reads as people, built as the product builds it, on a sandbox cloud and a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from bot.clock import SystemIds
from bot.domain.people import Partner, Person
from bot.microsoft.alerts import GraphAlerts
from bot.microsoft.directory import GraphDirectory
from bot.microsoft.entra import Entra
from bot.microsoft.msal_apps import EntraConfig, MsalApps, SecretCredential
from bot.microsoft.reader import DelegatedReader
from bot.microsoft.reading import Reading
from bot.microsoft.service import Service, graph, partner_center
from bot.microsoft.user_tokens import EntraUserTokens, graph_scope
from bot.net.http import Http
from bot.net.sync_http import SyncHttp
from bot.sandbox.app import running
from bot.sandbox.cloud import Cloud
from bot.sealing import SealedVault, Sealer
from bot.store import SqlStore, open_store

KEY = bytes(range(32))
AUDIT_KEY = b"a" * 32
CALLBACK = "http://127.0.0.1:3978/auth/callback"


class ShiftClock:
    """The real clock, ahead by what was slept or asked for: pauses take no time."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._start = datetime.now(UTC)

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return (self.now() - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.ahead += seconds

    def forward(self, seconds: float) -> None:
        self.ahead += seconds


@dataclass
class Replica:
    """One process' worth of adapters."""

    name: str
    cloud: Cloud
    clock: ShiftClock
    store: SqlStore
    apps: MsalApps
    vault: SealedVault
    users: EntraUserTokens
    reader: DelegatedReader
    on_graph: Service
    on_center: Service
    reading: Reading
    alerts: GraphAlerts
    directory: GraphDirectory

    @property
    def scope(self) -> str:
        return graph_scope(f"{self.cloud.base_url}/graph")


@dataclass
class People:
    """A cloud, and replicas that share a database. `tokens` are all texts that must show nowhere."""

    cloud: Cloud
    url: str
    stack: AsyncExitStack
    clock: ShiftClock = field(default_factory=ShiftClock)

    async def replica(self, name: str = "one", keys: Sequence[bytes] = (KEY,), url: str = "") -> Replica:
        clock, ids = self.clock, SystemIds()
        store = await open_store(url or self.url, audit_key=AUDIT_KEY, ids=ids)
        self.stack.push_async_callback(store.close)
        http, sync_http = Http(clock, ids, loopback=True), SyncHttp(clock, loopback=True)
        self.stack.push_async_callback(http.close)
        self.stack.callback(sync_http.close)
        app, base = self.cloud.world.app, self.cloud.base_url
        config = EntraConfig(app.app_id, app.tenant_id, f"{base}/entra", SecretCredential(app.secret), loopback=True)
        entra = Entra(config, sync_http, clock)
        vault = SealedVault(store, Sealer(keys), clock)
        on = f"{base}/graph"
        users = EntraUserTokens(entra.apps, vault, clock, graph_url=on, sso_resource=f"api://botid-{app.app_id}")
        reader = DelegatedReader(entra.apps, store, vault, clock, graph_url=on, owner=name)
        on_graph = graph(http, entra, clock, ids, on, users=users, loopback=True)
        on_center = partner_center(http, entra, clock, ids, f"{base}/partnercenter", users=users, loopback=True)
        reading = Reading(on_graph, reader)
        return Replica(
            name, self.cloud, clock, store, entra.apps, vault, users, reader, on_graph, on_center, reading,
            GraphAlerts(on_graph, reading), GraphDirectory(on_graph, on_center, role_timeout=20.0),
        )  # fmt: skip

    def person(self, key: str, **changes: Any) -> Person:
        who = self.cloud.world.people[key]
        return replace(Person(who.aad_object_id, who.mri, who.name, who.tenant_id, who.upn), **changes)

    def partner(self, key: str = "northwind", **changes: Any) -> Partner:
        found = self.cloud.world.partner(key)
        return replace(Partner(found.name, found.tenant_id, found.admin_agents_group_id, act_as="user"), **changes)

    async def sso(self, key: str, **more: Any) -> str:
        """Teams' SSO token of that person."""
        async with httpx.AsyncClient(base_url=self.cloud.base_url, trust_env=False) as client:
            answer = await client.post("/client/ssotoken", json={"person": key, **more})
        return str(answer.json()["token"])

    async def control(self, path: str, body: dict[str, Any]) -> None:
        async with httpx.AsyncClient(base_url=self.cloud.base_url, trust_env=False) as client:
            answer = await client.post(path, json=body)
        assert answer.status_code < 300, answer.text

    def asked(self, service: str, method: str, part: str = "") -> list[str]:
        return [entry.path for entry in self.cloud.log.select(service=service, method=method) if part in entry.path]

    def some_open(self, partner: str = "northwind") -> str:
        alerts = self.cloud.world.alerts[self.cloud.world.partner(partner).tenant_id]
        return next(name for name, alert in alerts.items() if alert["status"] == "active")


@asynccontextmanager
async def people_on_sandbox(folder: Path, url: str = "") -> AsyncIterator[People]:
    async with running() as cloud, AsyncExitStack() as stack:
        yield People(cloud, url or f"sqlite:///{folder / 'people.db'}", stack)


async def browser(address: str, **choice: str) -> dict[str, str]:
    """What the page that the browser is sent back to gets."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(address, params=dict(parse_qsl(urlsplit(address).query)) | choice)
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))
