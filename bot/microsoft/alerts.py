"""Alerts from Microsoft Graph's beta endpoint for partners, read and changed with the application's own token.

https://learn.microsoft.com/graph/api/partner-security-partnersecurityalert-list-securityalerts (and -get, -update).
Page size, order and filters are not documented, so links are followed, nothing is sorted, and a refused filter costs
a walk of everything.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from urllib.parse import quote

from bot.domain.alerts import Alert
from bot.domain.people import Partner
from bot.errors import ConfigError, Missing, Permanent
from bot.microsoft.protocol import BadRequest, listed, next_link
from bot.microsoft.service import Service
from bot.microsoft.wire import read_alert
from bot.ports import AlertPage, AlertSource, UnreadableAlert

MAX_PAGES = 1000
_OPEN = "status ne 'resolved'"
"""Also what has a status that we do not know. Which filters Graph takes is not documented; where it refuses this one,
all alerts are read."""
_HEADERS = {"Prefer": "include-unknown-enum-members"}
_READS = 3


class GraphAlerts(AlertSource):
    """The port AlertSource. `graph` is the Graph service, `page_timeout` seconds for one page.

    Raises MissingMfa where a tenant refuses the application's own token for lack of a multi-factor claim.
    """

    def __init__(
        self, graph: Service, partners: Iterable[Partner], *, max_pages: int = MAX_PAGES, page_timeout: float = 30.0
    ) -> None:
        for partner in partners:
            if partner.reader == "delegated":
                raise ConfigError(
                    f'PARTNERS: "{partner.name}" has "reader": "delegated", which this version does not know yet; '
                    'use "auto" or "app".'
                )
        self._graph = graph
        self._max_pages = max_pages
        self._page_timeout = page_timeout
        self._alerts = f"{graph.base}/beta/security/partner/securityAlerts"
        self._unfiltered: set[str] = set()

    async def open_alerts(self, partner: Partner) -> AsyncIterator[AlertPage]:
        """Unresolved alerts by `$filter`. A tenant that answered 400 to it is walked whole from then on."""
        if partner.tenant_id not in self._unfiltered:
            filtered = self._pages(partner, f"{self._alerts}?$filter={quote(_OPEN)}")
            try:
                first = await anext(filtered)
            except BadRequest:
                pass  # no filter here
            else:
                yield first
                async for page in filtered:
                    yield page
                return
        async for page in self.all_alerts(partner):
            self._unfiltered.add(partner.tenant_id)
            yield page

    async def all_alerts(self, partner: Partner) -> AsyncIterator[AlertPage]:
        async for page in self._pages(partner, self._alerts):
            yield page

    async def get(self, partner: Partner, alert_id: str) -> Alert:
        answer = await self._graph.call(
            "GET", self._address(alert_id), tenant_id=partner.tenant_id, headers=_HEADERS, attempts=_READS
        )
        alert = read_alert(partner.tenant_id, answer.json())
        if isinstance(alert, UnreadableAlert):
            raise Permanent(f"Microsoft Graph describes alert {alert_id} in an unusable shape ({alert.problem}).")
        if alert.id.lower() != alert_id.lower():
            raise Permanent(f"Microsoft Graph answered with another alert than {alert_id}.")
        return replace(alert, id=alert_id)

    async def set_status(self, partner: Partner, alert_id: str, status: str, reason: str) -> None:
        body = {"status": status, "resolvedReason": reason} if reason else {"status": status}
        await self._graph.call("PATCH", self._address(alert_id), tenant_id=partner.tenant_id, json=body, deed=True)

    async def _pages(self, partner: Partner, url: str) -> AsyncIterator[AlertPage]:
        """Pages from `url` on, each alert once, though it may move from page to page while they are read."""
        followed: set[str] = set()
        seen: set[str] = set()
        while url not in followed:
            if len(followed) >= self._max_pages:
                raise Permanent(f"Microsoft Graph lists alerts on more than {self._max_pages} pages.")
            followed.add(url)
            answer = await self._graph.call(
                "GET",
                url,
                tenant_id=partner.tenant_id,
                headers=_HEADERS,
                timeout=self._page_timeout,
                attempts=_READS,
            )
            body = answer.json()
            found = [read_alert(partner.tenant_id, value) for value in listed(body, "value")]
            alerts = {alert.id: alert for alert in found if isinstance(alert, Alert) and alert.id not in seen}
            seen.update(alerts)
            yield AlertPage(
                tuple(alerts.values()), tuple(alert for alert in found if isinstance(alert, UnreadableAlert))
            )
            link = body.get("@odata.nextLink")
            if not link:
                return
            url = next_link(self._graph.base, link)
        raise Permanent("Microsoft Graph's pages of alerts lead in a circle.")

    def _address(self, alert_id: str) -> str:
        if not alert_id or alert_id in (".", ".."):
            raise Missing("There is no alert without an id.")
        return f"{self._alerts}/{quote(alert_id, safe='')}"
