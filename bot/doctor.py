"""`python -m bot doctor`: tries from this machine what a running bot needs, and says it in a line each.

It reads, and changes nothing at Microsoft; the question whether the application may cancel is asked of a subscription
that does not exist.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.clock import SystemClock, SystemIds
from bot.domain.people import Partner
from bot.errors import AlertDeskError, Missing, Refused
from bot.microsoft.alerts import GraphAlerts
from bot.microsoft.directory import MOST_APPROVERS, GraphDirectory
from bot.microsoft.entra import Entra, EntraConfig
from bot.microsoft.protocol import Forbidden
from bot.microsoft.reader import DelegatedReader
from bot.microsoft.reading import Reading
from bot.microsoft.service import graph, partner_center
from bot.microsoft.subscriptions import PartnerCenterSubscriptions
from bot.net.http import Hosts, Http
from bot.net.sync_http import SyncHttp
from bot.ports import Entitlement
from bot.sealing import SealedVault, Sealer, check_keys
from bot.services.approvers import MOST_ASKED
from bot.settings import Settings
from bot.store import SqlStore, open_store

SECONDS = 10.0
MOST_CUSTOMERS = 20
"""How many customers are asked for an Azure plan before the check gives up."""
NO_ENTITLEMENT = "800111"
NOT_FOR_APPS = frozenset({"900329", "900308", "900150"})
WRONG_AUDIENCE = "900420"

Say = Callable[[str], object]


class Mark(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; unless it is ok, the text says what to do."""

    mark: Mark
    text: str


def _ok(text: str) -> Finding:
    return Finding(Mark.OK, text)


def _warning(text: str) -> Finding:
    return Finding(Mark.WARNING, text)


def _failed(text: str) -> Finding:
    return Finding(Mark.FAILED, text)


async def doctor(settings: Settings, entra_config: EntraConfig, say: Say, *, cancel_check: bool = False) -> int:
    """Run every check; 1 where one failed, else 0. `say` gets each line as soon as it is known."""
    async with AsyncExitStack() as stack:
        checks = _Checks(settings, entra_config, say, stack)
        await checks.run("settings", checks.settings_are_read())
        await checks.run("database", checks.database())
        await checks.run("Bot Framework", checks.bot_token())
        if settings.public_base:
            await checks.run("PUBLIC_URL", checks.public_url())
        for partner in settings.partner_values().values():
            await checks.of(partner)
            if cancel_check:
                await checks.run(f"{partner.name}: cancelling", checks.may_cancel(partner))
    return 1 if checks.failed else 0


class _Checks:
    """Wired like the running bot. `failed` is true once a check has failed."""

    def __init__(self, settings: Settings, entra_config: EntraConfig, say: Say, stack: AsyncExitStack) -> None:
        self._settings, self._say, self._stack = settings, say, stack
        self._clock, self._ids = clock, ids = SystemClock(), SystemIds()
        self._loopback = loopback = settings.dangerously_allow_loopback
        self._http, login_http = Http(clock, ids, loopback=loopback), SyncHttp(clock, loopback=loopback)
        stack.push_async_callback(self._http.close)
        stack.callback(login_http.close)
        self._graph_url, center_url = settings.graph_url.rstrip("/"), settings.partner_center_url.rstrip("/")
        self._entra = Entra(entra_config, login_http, clock)
        self._graph = graph(self._http, self._entra, clock, ids, self._graph_url, loopback=loopback)
        self._center = partner_center(self._http, self._entra, clock, ids, center_url, loopback=loopback)
        self._directory = GraphDirectory(self._graph, self._center, role_timeout=SECONDS)
        self._subscriptions = PartnerCenterSubscriptions(self._center, timeout=SECONDS)
        self._reader: DelegatedReader | None = None
        self.failed = False

    async def run(self, name: str, check: Awaitable[Finding]) -> None:
        """Say what the check found; what goes wrong in it is a failure."""
        try:
            found = await check
        except AlertDeskError as problem:
            found = _failed(problem.message)
        text = "".join(sign if sign.isprintable() else " " for sign in f"{name}: {found.text}")
        self._say(f"{found.mark:<8}{' '.join(text.split())}")
        self.failed |= found.mark is Mark.FAILED

    async def of(self, partner: Partner) -> None:
        """Everything about one partner, but whether the application may cancel."""
        for tenant in dict.fromkeys((partner.tenant_id, partner.roles_in)):
            await self.run(f"{partner.name}: token for Microsoft Graph", self._graph_token(tenant))
        await self.run(f"{partner.name}: alerts", self._alerts(partner))
        await self.run(f"{partner.name}: AdminAgents group", self._admin_agents(partner))
        if partner.act_as == "app":
            await self.run(f"{partner.name}: roles of people", self._roles(partner))
        if partner.approvers_group_id:
            await self.run(f"{partner.name}: approvers", self._approvers(partner))
        await self.run(f"{partner.name}: Partner Center", self._partner_center(partner))

    async def settings_are_read(self) -> Finding:
        partners = self._settings.partner_values().values()
        return _ok(", ".join(f"{partner.name} (acts as {partner.act_as})" for partner in partners))

    async def database(self) -> Finding:
        """Also prepares what reads with a person's sign-in, which is kept there."""
        store = await open_store(
            self._settings.database_url.get_secret_value(),
            audit_key=self._settings.audit_key_bytes,
            ids=self._ids,
            migrate=False,
        )
        self._stack.push_async_callback(store.close)
        await store.ping()
        if not self._settings.encryption_keys:
            return _ok("answers, and its schema is this version's")
        await self._keys(store)
        return _ok("answers, its schema is this version's, and ENCRYPTION_KEY opens what it keeps")

    async def _keys(self, store: SqlStore) -> None:
        sealer = Sealer(self._settings.encryption_keys)
        await check_keys(store, sealer)
        vault, owner = SealedVault(store, sealer, self._clock), f"doctor-{self._ids.guid()}"
        self._reader = DelegatedReader(
            self._entra.apps, store, vault, self._clock, graph_url=self._graph_url, owner=owner
        )

    async def bot_token(self) -> Finding:
        await self._entra.app(self._settings.app_tenant_id, self._settings.bot_token_scope)
        return _ok("Entra gives the token that Teams is answered with")

    async def public_url(self) -> Finding:
        """Never a failure: an operator's machine may see another network than Microsoft does."""
        base = self._settings.public_base
        try:
            answer = await self._http.request(
                "GET", f"{base}/healthz", hosts=Hosts.of(base, loopback=self._loopback), timeout=SECONDS
            )
            if answer.status == 200 and answer.json() == {"status": "ok"}:
                return _ok(f"Alert Desk answers at {base}")
        except AlertDeskError as problem:
            return _warning(f"{problem.message} Is the bot running, and can Microsoft reach it there?")
        return _warning(
            f"{base}/healthz answered {answer.status}, not as Alert Desk does. That is well where the gateway "
            "publishes /api/messages, /auth/, /exports/ and /webhooks/ alone; else look at where it leads."
        )

    async def _graph_token(self, tenant_id: str) -> Finding:
        await self._entra.app(tenant_id, f"{self._graph_url}/.default")
        return _ok(f"Entra gives it in tenant {tenant_id}")

    async def _alerts(self, partner: Partner) -> Finding:
        source = GraphAlerts(self._graph, Reading(self._graph, self._reader), page_timeout=SECONDS)
        page = await anext(source.open_alerts(partner))
        found = f"{len(page.alerts)} on the first page of those that are open"
        remark = source.remark(partner)
        if self._reader is None or not (remark or partner.reader == "delegated"):
            return _ok(f"read by the application, {found}")
        kept = await self._reader.kept(partner)
        whose = f"{kept.name} <{kept.upn}>, good until {kept.expires_at:%Y-%m-%d} if not used" if kept else "somebody"
        return _ok(f"read with the sign-in of {whose}; {found}. {remark}".strip())

    async def _admin_agents(self, partner: Partner) -> Finding:
        group, tenant = partner.admin_agents_group_id, partner.roles_in
        try:
            answer = await self._graph.call(
                "GET",
                f"{self._graph.base}/v1.0/groups/{group}?$select=id,displayName",
                caller=self._graph.app(tenant),
                timeout=SECONDS,
            )
        except Missing:
            return _failed(f"tenant {tenant} has no group {group}: correct adminAgentsGroupId in PARTNERS")
        body = answer.json()
        name = str(body.get("displayName", "")) if isinstance(body, dict) else ""
        if name.casefold() != "adminagents":
            return _warning(f"{group} is called '{name}', not AdminAgents: is adminAgentsGroupId the right one?")
        return _ok(f"{name} ({group})")

    async def _roles(self, partner: Partner) -> Finding:
        """Asked about somebody who does not exist: it is the permission that is tried."""
        await self._directory.roles(partner, self._ids.guid())
        return _ok("the application may ask for them")

    async def _approvers(self, partner: Partner) -> Finding:
        group = partner.approvers_group_id
        try:
            count = len(await self._directory.approvers(partner))
        except Missing:
            return _failed(f"tenant {partner.roles_in} has no group {group}: correct approversGroupId in PARTNERS")
        if count == 0:
            return _warning(f"nobody is in group {group}, so nobody is asked to approve: add people to it")
        size = f"{count}{' or more' if count == MOST_APPROVERS else ''} in the group"
        if count > MOST_ASKED:
            return _warning(f"{size}: {MOST_ASKED} of them are asked, so make it a group of those who shall decide")
        return _ok(size)

    async def _partner_center(self, partner: Partner) -> Finding:
        try:
            await self._center.call(
                "GET",
                f"{self._center.base}/v1/customers?size=1",
                caller=self._center.app(partner.tenant_id),
                timeout=SECONDS,
            )
        except Refused as problem:
            return _warning(f"{problem.message} Until then cards show ids of customers, not names.")
        return _ok("customers can be read")

    async def may_cancel(self, partner: Partner) -> Finding:
        """Whether Partner Center lets the application cancel. Nothing is cancelled: there is no such subscription."""
        if partner.act_as != "app":
            return _ok("not asked: people cancel with their own tokens there")
        try:
            plan = await self._azure_plan(partner)
            if plan is None:
                return _warning("could not tell: no customer with an Azure plan was found to ask about")
            return await self._invented(partner, replace(plan, id=self._ids.guid()))
        except AlertDeskError as problem:
            return _warning(f"could not tell: {problem.message}")

    async def _azure_plan(self, partner: Partner) -> Entitlement | None:
        asked = 0
        async for page in self._directory.customer_names(partner):
            for customer in page:
                if asked == MOST_CUSTOMERS:
                    return None
                asked += 1
                if plans := await self._subscriptions.azure_plans(partner, customer):
                    return plans[0]
        return None

    async def _invented(self, partner: Partner, invented: Entitlement) -> Finding:
        """First looked up, and only where Partner Center says that it does not exist, told to be cancelled."""
        try:
            await self._subscriptions.get(partner, invented)
        except Missing as missing:
            if missing.code != NO_ENTITLEMENT:
                raise
        else:
            return _warning("could not tell: Partner Center knows an invented subscription. Nothing was sent")
        try:
            await self._subscriptions.cancel(partner, invented, self._ids.guid())
        except Missing as answer:
            if answer.code != NO_ENTITLEMENT:
                raise
            advice = 'as "appMayCancel" says' if partner.app_may_cancel else 'so "appMayCancel": true may be set'
            return _ok(f"Partner Center lets the application cancel, {advice}")
        except Refused as answer:
            for_another_reason = isinstance(answer, Forbidden) and answer.code not in NOT_FOR_APPS
            if for_another_reason or answer.code == WRONG_AUDIENCE:
                raise
            refuses = f"Partner Center does not let the application cancel ({answer.code})"
            if partner.app_may_cancel:
                return _failed(f'{refuses}: set "appMayCancel" to false in PARTNERS')
            return _ok(f'{refuses}: leave "appMayCancel" false')
        return _warning("could not tell: Partner Center accepted the cancelling of an invented subscription")
