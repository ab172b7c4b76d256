"""Who holds which role (Microsoft Graph), and what customers and resellers are called (Partner Center).

Partner Center's records hold personal data; only names are kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

from bot.domain.people import GLOBAL_ADMINISTRATOR, NO_ROLES, Partner, Person, Roles
from bot.errors import Missing, Permanent, Refused
from bot.microsoft.protocol import BadRequest, Forbidden, listed, partner_center_link
from bot.microsoft.service import Service
from bot.microsoft.wire import is_guid
from bot.ports import Directory

_MAX_PAGES = 1000
_READS = 3
_INVALID_CUSTOMER = "900118"


class GraphDirectory(Directory):
    """The port Directory. `role_timeout` in seconds: a person waits for that answer."""

    def __init__(self, graph: Service, partner_center: Service, *, role_timeout: float = 2.0) -> None:
        self._graph = graph
        self._partner_center = partner_center
        self._role_timeout = role_timeout

    async def roles(self, partner: Partner, person_id: str, actor: Person | None = None) -> Roles:
        """By checkMemberObjects: transitive, so that nested groups count; a role that is only eligible does not.
        https://learn.microsoft.com/graph/api/directoryobject-checkmemberobjects"""
        if not is_guid(person_id):
            return NO_ROLES
        if actor is None:
            who, caller = f"users/{person_id}", self._graph.app(partner.roles_in)
        elif actor.aad_id.lower() == person_id.lower() and actor.tenant_id.lower() == partner.roles_in:
            who, caller = "me", self._graph.person(actor)
        else:
            return NO_ROLES  # with that token somebody else, or another tenant, would be asked about
        group = partner.admin_agents_group_id.lower()
        try:
            answer = await self._graph.call(
                "POST",
                f"{self._graph.base}/v1.0/{who}/checkMemberObjects",
                caller=caller,
                json={"ids": [group, GLOBAL_ADMINISTRATOR]},
                timeout=self._role_timeout,
            )
        except Missing:
            return NO_ROLES
        held = {held.lower() for held in listed(answer.json(), "value") if isinstance(held, str)}
        return Roles(admin_agent=group in held, global_administrator=GLOBAL_ADMINISTRATOR in held)

    async def customer_name(self, partner: Partner, tenant_id: str) -> str | None:
        """https://learn.microsoft.com/partner-center/developer/get-a-customer-by-id"""
        if not is_guid(tenant_id):
            return None
        try:
            answer = await self._partner_center.call(
                "GET",
                f"{self._partner_center.base}/v1/customers/{tenant_id}",
                caller=self._partner_center.app(partner.tenant_id),
                attempts=_READS,
            )
        except (Missing, Forbidden):
            return None
        except BadRequest as error:
            if error.code == _INVALID_CUSTOMER:
                return None
            raise
        return _company(answer.json()) or None

    async def customer_names(self, partner: Partner) -> AsyncIterator[Mapping[str, str]]:
        """https://learn.microsoft.com/partner-center/developer/get-a-list-of-customers"""
        async for items in self._pages(partner, "/v1/customers?size=500"):
            yield {tenant: name for item in items if (tenant := _tenant(item)) and (name := _company(item))}

    async def reseller_names(self, partner: Partner) -> Mapping[str, str]:
        """Empty where Partner Center gives them only to a person: it documents this list for App+User alone.
        https://learn.microsoft.com/partner-center/developer/retrieve-a-list-of-indirect-resellers"""
        names: dict[str, str] = {}
        kind = quote("IsIndirectCloudSolutionProviderOf")
        try:
            async for items in self._pages(partner, f"/v1/relationships?relationship_type={kind}"):
                for item in items:
                    if isinstance(item, Mapping) and (tenant := _tenant(item)) and isinstance(item.get("name"), str):
                        names[tenant] = item["name"]
        except Refused:
            return {}
        return names

    async def _pages(self, partner: Partner, path: str) -> AsyncIterator[list[Any]]:
        url, headers = f"{self._partner_center.base}{path}", dict[str, str]()
        for _ in range(_MAX_PAGES):
            answer = await self._partner_center.call(
                "GET",
                url,
                caller=self._partner_center.app(partner.tenant_id),
                headers=headers,
                timeout=30.0,
                attempts=_READS,
            )
            body = answer.json()
            yield listed(body, "items")
            links = body.get("links")
            following = links.get("next") if isinstance(links, Mapping) else None
            if not following:
                return
            before = (url, headers)
            link, more = partner_center_link(self._partner_center.base, following)
            url, headers = link, dict(more)
            if (url, headers) == before:
                raise Permanent("Partner Center's pages lead in a circle.")
        raise Permanent(f"Partner Center lists this on more than {_MAX_PAGES} pages.")


def _tenant(item: object) -> str:
    found = item.get("id") if isinstance(item, Mapping) else None
    return found.lower() if isinstance(found, str) and is_guid(found) else ""


def _company(customer: object) -> str:
    """The company's name, or its domain where it has none."""
    profile = customer.get("companyProfile") if isinstance(customer, Mapping) else None
    if not isinstance(profile, Mapping):
        return ""
    names = (profile.get(name) for name in ("companyName", "domain"))
    return next((name.strip() for name in names if isinstance(name, str) and name.strip()), "")
