"""Who holds which role (Microsoft Graph), and what customers and resellers are called (Partner Center).

Partner Center's records hold personal data; only names are kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

from bot.domain.people import GLOBAL_ADMINISTRATOR, NO_ROLES, Partner, Person, Roles
from bot.errors import Missing, Refused
from bot.microsoft.pages import partner_center_pages
from bot.microsoft.protocol import BadRequest, Forbidden, listed, next_link
from bot.microsoft.service import Service
from bot.microsoft.wire import is_guid
from bot.ports import Directory

MOST_APPROVERS = 100
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

    async def approvers(self, partner: Partner) -> tuple[Person, ...]:
        """Nested groups count. The cast to users is an advanced query, which Graph answers from an index that may be
        minutes behind; who may approve is checked live when they do.
        https://learn.microsoft.com/graph/api/group-list-transitivemembers
        https://learn.microsoft.com/graph/aad-advanced-queries"""
        if not partner.approvers_group_id:
            return ()
        people: dict[str, Person] = {}
        url = (
            f"{self._graph.base}/v1.0/groups/{partner.approvers_group_id}/transitiveMembers/microsoft.graph.user"
            "?$count=true&$select=id,displayName,userPrincipalName"
        )
        for _ in range(MOST_APPROVERS):
            answer = await self._graph.call(
                "GET",
                url,
                caller=self._graph.app(partner.roles_in),
                headers={"ConsistencyLevel": "eventual"},
                attempts=_READS,
            )
            body = answer.json()
            found = (_person(item, partner.roles_in) for item in listed(body, "value"))
            people |= {person.aad_id: person for person in found if person is not None}
            link = body.get("@odata.nextLink")
            if not link or len(people) >= MOST_APPROVERS:
                break
            url = next_link(self._graph.base, link)
        return tuple(people.values())[:MOST_APPROVERS]

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

    def _pages(self, partner: Partner, path: str) -> AsyncIterator[list[Any]]:
        return partner_center_pages(self._partner_center, self._partner_center.app(partner.tenant_id), path)


def _person(item: object, tenant_id: str) -> Person | None:
    """A member of a group, in that tenant. None for one without an object id."""
    user = item if isinstance(item, Mapping) else {}
    aad_id, name, upn = (str(user.get(field) or "") for field in ("id", "displayName", "userPrincipalName"))
    return Person(aad_id.lower(), "", name or upn, tenant_id, upn) if is_guid(aad_id) else None


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
