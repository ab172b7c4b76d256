"""Alerts from Microsoft Graph's beta endpoint for partners: read as the partner's reader, changed as whoever decides.

https://learn.microsoft.com/graph/api/partner-security-partnersecurityalert-list-securityalerts (and -get, -update).
Page size, order and filters are not documented, so links are followed, nothing is sorted, and a refused filter costs
a walk of everything.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

from bot.domain.alerts import Alert
from bot.domain.people import Partner, Person
from bot.errors import Missing, Permanent, Refused
from bot.microsoft.protocol import BadRequest, listed, next_link
from bot.microsoft.reading import Reading
from bot.microsoft.service import Caller, Service
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

    Reads as `reading` says (by default as the application). Raises MissingMfa where a tenant refuses the application's
    own token for lack of a multi-factor claim, and nobody's may take its place.
    """

    def __init__(
        self,
        graph: Service,
        reading: Reading | None = None,
        *,
        max_pages: int = MAX_PAGES,
        page_timeout: float = 30.0,
    ) -> None:
        self._graph = graph
        self._reading = reading or Reading(graph, None)
        self._max_pages = max_pages
        self._page_timeout = page_timeout
        self._alerts = f"{graph.base}/beta/security/partner/securityAlerts"
        self._unfiltered: set[tuple[str, str]] = set()  # (partner, property)

    def remark(self, partner: Partner) -> str:
        return self._reading.remark(partner)

    async def open_alerts(self, partner: Partner) -> AsyncIterator[AlertPage]:
        """Unresolved alerts by `$filter`."""
        async with aclosing(self._filtered(partner, _OPEN)) as pages:
            async for page in pages:
                yield page

    async def alerts_since(self, partner: Partner, detected_from: datetime) -> AsyncGenerator[AlertPage, None]:
        """By `$filter` on the time of detection, to the second."""
        moment = detected_from.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()
        async with aclosing(self._filtered(partner, f"detectedDateTime ge {moment}Z")) as pages:
            async for page in pages:
                yield page

    async def _filtered(self, partner: Partner, condition: str) -> AsyncGenerator[AlertPage, None]:
        """A tenant that answered 400 to a filter on that property is walked whole from then on."""
        about = partner.tenant_id, condition.partition(" ")[0]
        if about not in self._unfiltered:
            filtered = self._pages(partner, f"{self._alerts}?$filter={quote(condition)}")
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
            self._unfiltered.add(about)
            yield page

    async def all_alerts(self, partner: Partner) -> AsyncIterator[AlertPage]:
        async for page in self._pages(partner, self._alerts):
            yield page

    async def get(self, partner: Partner, alert_id: str, actor: Person | None = None) -> Alert:
        address = self._address(alert_id)
        if actor is None:
            answer = await self._reading.read(partner, address, headers=_HEADERS, attempts=_READS)
        else:
            caller = self._acting(partner, actor)
            answer = await self._graph.call("GET", address, caller=caller, headers=_HEADERS, attempts=_READS)
        alert = read_alert(partner.tenant_id, answer.json())
        if isinstance(alert, UnreadableAlert):
            raise Permanent(f"Microsoft Graph describes alert {alert_id} in an unusable shape ({alert.problem}).")
        if alert.id.lower() != alert_id.lower():
            raise Permanent(f"Microsoft Graph answered with another alert than {alert_id}.")
        return replace(alert, id=alert_id)

    async def set_status(
        self, partner: Partner, alert_id: str, status: str, reason: str, actor: Person | None = None
    ) -> None:
        body = {"status": status, "resolvedReason": reason} if reason else {"status": status}
        caller = self._graph.app(partner.tenant_id) if actor is None else self._acting(partner, actor)
        await self._graph.call("PATCH", self._address(alert_id), caller=caller, json=body, deed=True)

    def _acting(self, partner: Partner, actor: Person) -> Caller:
        """The token's tenant says whose alerts they are, so a person of another tenant would reach other alerts."""
        if actor.tenant_id.lower() != partner.tenant_id:
            raise Refused(f"Somebody of another tenant cannot act at {partner.name}.", code="OtherTenant")
        return self._graph.person(actor)

    async def _pages(self, partner: Partner, url: str) -> AsyncIterator[AlertPage]:
        """Pages from `url` on, each alert once, though it may move from page to page while they are read."""
        followed: set[str] = set()
        seen: set[str] = set()
        while url not in followed:
            if len(followed) >= self._max_pages:
                raise Permanent(f"Microsoft Graph lists alerts on more than {self._max_pages} pages.")
            followed.add(url)
            answer = await self._reading.read(
                partner, url, headers=_HEADERS, timeout=self._page_timeout, attempts=_READS
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
