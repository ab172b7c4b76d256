"""The adapters of bot/microsoft, built as the product builds them, on a sandbox cloud in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.people import Partner
from bot.microsoft.alerts import GraphAlerts
from bot.microsoft.directory import GraphDirectory
from bot.microsoft.entra import (
    CertificateCredential,
    Entra,
    EntraConfig,
    ManagedIdentityCredential,
    SecretCredential,
)
from bot.microsoft.reading import Reading
from bot.microsoft.score import GraphScores
from bot.microsoft.service import graph, partner_center
from bot.microsoft.subscriptions import PartnerCenterSubscriptions
from bot.net.http import Http
from bot.net.sync_http import SyncHttp
from bot.sandbox.app import running
from bot.sandbox.cloud import Cloud
from tests.support.outbound import CountedIds, StepClock


@dataclass(frozen=True)
class Desk:
    """`partners` are the sandbox's two, in its order. Pauses between tries take no time: `clock` writes them down."""

    cloud: Cloud
    clock: StepClock
    sync_http: SyncHttp
    entra: Entra
    alerts: GraphAlerts
    directory: GraphDirectory
    subscriptions: PartnerCenterSubscriptions
    scores: GraphScores
    partners: tuple[Partner, ...]

    def entra_with(self, credential: SecretCredential | CertificateCredential | ManagedIdentityCredential) -> Entra:
        app = self.cloud.world.app
        config = EntraConfig(app.app_id, app.tenant_id, f"{self.cloud.base_url}/entra", credential, loopback=True)
        return Entra(config, self.sync_http, self.clock)

    def asked(self, service: str, method: str) -> list[str]:
        """Paths of the requests of that kind that the cloud received, oldest first."""
        return [entry.path for entry in self.cloud.log.select(service=service, method=method)]


@asynccontextmanager
async def desk_on_sandbox() -> AsyncIterator[Desk]:
    async with running() as cloud:
        clock, ids = StepClock(datetime.now(UTC)), CountedIds()
        http, sync_http = Http(clock, ids, loopback=True), SyncHttp(clock, loopback=True)
        app, base = cloud.world.app, cloud.base_url
        entra = Entra(
            EntraConfig(app.app_id, app.tenant_id, f"{base}/entra", SecretCredential(app.secret), loopback=True),
            sync_http,
            clock,
        )
        partners = tuple(
            Partner(
                partner.name,
                partner.tenant_id,
                partner.admin_agents_group_id,
                approvers_group_id=partner.approvers_group_id,
            )
            for partner in cloud.world.partners.values()
        )
        on_graph = graph(http, entra, clock, ids, f"{base}/graph", loopback=True)
        on_center = partner_center(http, entra, clock, ids, f"{base}/partnercenter", loopback=True)
        try:
            yield Desk(
                cloud,
                clock,
                sync_http,
                entra,
                GraphAlerts(on_graph),
                # The two cores of a test machine are shared; the product's two seconds are tested elsewhere.
                GraphDirectory(on_graph, on_center, role_timeout=20.0),
                PartnerCenterSubscriptions(on_center, timeout=20.0),
                GraphScores(on_graph, Reading(on_graph, None)),
                partners,
            )
        finally:
            await http.close()
            sync_http.close()
