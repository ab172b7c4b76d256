"""Customers' Azure subscriptions at Partner Center: looked up, read, cancelled, reactivated. Decides nothing.

Partner Center calls an Azure subscription an entitlement of an Azure plan; `subscriptionId` of an alert is the
entitlement's id, while the `subscriptions/{id}` of these addresses is the plan's.
https://learn.microsoft.com/partner-center/developer/cancel-an-azure-subscription
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.domain.people import Partner, Person
from bot.errors import Missing, Permanent, Refused, Transient
from bot.microsoft.pages import partner_center_pages
from bot.microsoft.protocol import correlation_id
from bot.microsoft.service import Caller, Service
from bot.microsoft.wire import is_guid
from bot.ports import Entitlement, Receipt, Subscriptions

AZURE_PLAN = "DZH318Z0BPS6"
"""How the offer ids of Azure plans begin. https://learn.microsoft.com/partner-center/developer/create-azure-plan"""
REASON = "compromise"
"""The only reason that is documented. https://learn.microsoft.com/rest/api/partner-center/azure-spending/cancel-an-azure-entitlement"""
_READS = 3


class PartnerCenterSubscriptions(Subscriptions):
    """The port Subscriptions. `timeout` seconds for each look-up, `deed_timeout` for a cancel or reactivate."""

    def __init__(self, partner_center: Service, *, timeout: float = 5.0, deed_timeout: float = 20.0) -> None:
        self._service, self._timeout, self._deed_timeout = partner_center, timeout, deed_timeout

    async def ready(self, partner: Partner, actor: Person) -> None:
        await self._caller(partner, actor).token(renew=False, claims="")

    async def find(
        self, partner: Partner, customer_tenant_id: str, subscription_id: str, actor: Person | None = None
    ) -> Entitlement:
        """See Subscriptions. Missing has the code `no_customer`, `no_azure_plan` or `no_entitlement`."""
        customer, wanted = _guid(customer_tenant_id), _guid(subscription_id)
        try:
            plans = await self.azure_plans(partner, customer, actor)
        except Missing as gone:
            raise Missing(gone.message, code="no_customer") from gone
        if not plans:
            raise Missing("That customer has no Azure plan at Partner Center.", code="no_azure_plan")
        # All at once: a customer has a plan with each of its resellers, and somebody waits.
        below = await asyncio.gather(*(self._below(partner, plan, actor) for plan in plans))
        found = {(each.plan_id, each.id): each for entitlements in below for each in entitlements}
        matches = [entitlement for entitlement in found.values() if entitlement.id == wanted]
        if not matches:
            raise Missing("No Azure plan of that customer has this subscription.", code="no_entitlement")
        if len(matches) == 1:
            return matches[0]
        active = [entitlement for entitlement in matches if entitlement.status == "active"]
        if len(active) != 1:
            raise Permanent("More than one Azure plan of that customer has this subscription.", code="ambiguous")
        return active[0]

    async def azure_plans(
        self, partner: Partner, customer_tenant_id: str, actor: Person | None = None
    ) -> tuple[Entitlement, ...]:
        """The customer's Azure plans, as entitlements without id, name and status.
        https://learn.microsoft.com/partner-center/developer/get-all-of-a-customer-s-subscriptions"""
        customer, caller = _guid(customer_tenant_id), self._caller(partner, actor)
        path = f"/v1/customers/{customer}/subscriptions"
        plans: dict[str, Entitlement] = {}
        async for items in partner_center_pages(self._service, caller, path, timeout=self._timeout):
            for item in items:
                plan = _text(item, "id").lower()
                if _text(item, "offerId").upper().startswith(AZURE_PLAN) and is_guid(plan):
                    plans[plan] = Entitlement(customer, plan, "", "", "")
        return tuple(plans.values())

    async def get(self, partner: Partner, entitlement: Entitlement, actor: Person | None = None) -> Entitlement:
        """https://learn.microsoft.com/partner-center/developer/get-an-azure-entitlement-for-a-subscription"""
        address = self._address(entitlement)
        answer = await self._service.call(
            "GET", address, caller=self._caller(partner, actor), timeout=self._timeout, attempts=_READS
        )
        found = _entitlement(answer.json(), entitlement.customer_tenant_id.lower(), entitlement.plan_id.lower())
        if found is None:
            raise Transient("Partner Center answered nonsense: that is no Azure subscription.")
        if found.id != entitlement.id.lower():
            raise Permanent(f"Partner Center answered with another Azure subscription than {entitlement.id}.")
        return found

    async def cancel(
        self,
        partner: Partner,
        entitlement: Entitlement,
        request_id: str,
        actor: Person | None = None,
        *,
        until: datetime | None = None,
    ) -> Receipt:
        """https://learn.microsoft.com/rest/api/partner-center/azure-spending/cancel-an-azure-entitlement

        Answered with 202 by that page, with 200 by the article.
        """
        body = {"cancellationReason": REASON}
        return await self._deed(partner, entitlement, "cancel", request_id, actor, body, until)

    async def reactivate(
        self,
        partner: Partner,
        entitlement: Entitlement,
        request_id: str,
        actor: Person | None = None,
        *,
        until: datetime | None = None,
    ) -> Receipt:
        """https://learn.microsoft.com/partner-center/developer/reactivate-an-azure-subscription"""
        return await self._deed(partner, entitlement, "reactivate", request_id, actor, None, until)

    async def _deed(
        self,
        partner: Partner,
        entitlement: Entitlement,
        verb: str,
        request_id: str,
        actor: Person | None,
        body: Mapping[str, str] | None,
        until: datetime | None,
    ) -> Receipt:
        """One POST. MS-RequestId makes it idempotent there; MS-CorrelationId is new with each.
        https://learn.microsoft.com/partner-center/developer/headers"""
        answer = await self._service.call(
            "POST",
            f"{self._address(entitlement)}/{verb}",
            caller=self._caller(partner, actor, fresh=True),
            json=body,
            headers={"MS-RequestId": _guid(request_id)},
            timeout=self._deed_timeout,
            deed=True,
            until=until,
        )
        return Receipt(answer.status, correlation_id(answer))

    async def _below(self, partner: Partner, plan: Entitlement, actor: Person | None) -> list[Entitlement]:
        """The entitlements of a plan. None where the plan is gone, although it was listed a moment ago.
        https://learn.microsoft.com/partner-center/developer/get-a-list-of-azure-entitlements-for-subscription"""
        path = f"/v1/customers/{plan.customer_tenant_id}/subscriptions/{plan.plan_id}/azureEntitlements"
        pages = partner_center_pages(self._service, self._caller(partner, actor), path, timeout=self._timeout)
        found: list[Entitlement] = []
        try:
            async for items in pages:
                read = (_entitlement(item, plan.customer_tenant_id, plan.plan_id) for item in items)
                found += [entitlement for entitlement in read if entitlement is not None]
        except Missing:
            return []
        return found

    def _caller(self, partner: Partner, actor: Person | None, *, fresh: bool = False) -> Caller:
        """`fresh`: a role that was activated a minute ago must count."""
        if actor is None:
            return self._service.app(partner.tenant_id)
        if actor.tenant_id.lower() != partner.tenant_id:
            raise Refused(f"Somebody of another tenant cannot act at {partner.name}.", code="OtherTenant")
        return self._service.person(actor, fresh=fresh)

    def _address(self, entitlement: Entitlement) -> str:
        customer, plan, wanted = map(_guid, (entitlement.customer_tenant_id, entitlement.plan_id, entitlement.id))
        return f"{self._service.base}/v1/customers/{customer}/subscriptions/{plan}/azureEntitlements/{wanted}"


def _guid(text: str) -> str:
    """Nothing else comes into an address. Raises Permanent (`bad_id`)."""
    if not is_guid(text):
        raise Permanent("That is no id of Partner Center's: a GUID was expected.", code="bad_id")
    return text.lower()


def _entitlement(item: object, customer: str, plan: str) -> Entitlement | None:
    """None for what has no usable id."""
    wanted = _text(item, "id").lower()
    if not is_guid(wanted):
        return None
    return Entitlement(customer, plan, wanted, _text(item, "friendlyName"), _text(item, "status").lower())


def _text(item: Any, name: str) -> str:
    value = item.get(name) if isinstance(item, Mapping) else None
    return value.strip() if isinstance(value, str) else ""
