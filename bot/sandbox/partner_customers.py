"""Customers, indirect resellers and subscriptions of Partner Center (read only).

https://learn.microsoft.com/partner-center/developer/get-a-list-of-customers
https://learn.microsoft.com/partner-center/developer/get-all-of-a-customer-s-subscriptions
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox.partner_call import PartnerCall, PartnerError, endpoint, guid_in
from bot.sandbox.world import Customer, Plan

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud

BASE = "/partnercenter/v1"
MAX_SIZE = 500
COLLECTION = {"objectType": "Collection"}


def routes(cloud: Cloud) -> list[web.RouteDef]:
    return [
        web.get(f"{BASE}/customers", endpoint(cloud, list_customers)),
        web.get(f"{BASE}/customers/{{customer}}", endpoint(cloud, get_customer)),
        web.get(f"{BASE}/relationships", endpoint(cloud, list_relationships)),
        web.get(f"{BASE}/customers/{{customer}}/subscriptions", endpoint(cloud, list_subscriptions)),
        web.get(f"{BASE}/customers/{{customer}}/subscriptions/usagerecords", endpoint(cloud, list_usage)),
        web.get(f"{BASE}/customers/{{customer}}/subscriptions/{{plan}}", endpoint(cloud, get_subscription)),
    ]


def link(uri: str, headers: Sequence[dict[str, str]] = ()) -> dict[str, Any]:
    """A link of a resource; `uri` is relative to the API's version."""
    return {"uri": uri, "method": "GET", "headers": list(headers)}


async def list_customers(call: PartnerCall) -> web.Response:
    """Seek paging: `links.next` names the address and, in its `headers`, the MS-ContinuationToken to send along."""
    size = call.request.query.get("size", "")
    if not size.isdecimal() or not 1 <= int(size) <= MAX_SIZE:
        raise PartnerError(400, 3000, f"Invalid property: size is a number from 1 to {MAX_SIZE}.")
    customers = call.cloud.world.customers_of(call.partner.tenant_id)
    if "filter" in call.request.query:
        start = _starts_with(call.request.query["filter"])
        customers = [customer for customer in customers if customer.name.lower().startswith(start)]
    at = _continuation(call)
    shown = customers[at : at + int(size)]
    links = {"self": link(f"/customers?size={size}")}
    if at + int(size) < len(customers):
        token = base64.b64encode(f"customers:{at + int(size)}".encode()).decode()
        links["next"] = link(
            f"/customers?size={size}&seekOperation=Next", [{"key": "MS-ContinuationToken", "value": token}]
        )
    items = [_customer(customer) for customer in shown]
    return call.answer({"totalCount": len(items), "items": items, "links": links, "attributes": COLLECTION})


async def get_customer(call: PartnerCall) -> web.Response:
    wanted = guid_in(call.request, "customer", "Customer")
    if wanted not in call.cloud.world.customers:
        raise PartnerError(404, 60003, "Tenant not found")
    customer = call.customer()
    profile = {
        "id": customer.tenant_id,
        "companyName": customer.name,
        "email": f"admin@{customer.domain}",
        "culture": "en-US",
        "language": "en",
        "attributes": {"objectType": "CustomerBillingProfile"},
    }
    return call.answer({**_customer(customer), "billingProfile": profile, "allowDelegatedAccess": True})


async def list_relationships(call: PartnerCall) -> web.Response:
    """Indirect resellers of a provider; App+User only."""
    call.need_user()
    kind = call.request.query.get("relationship_type", "")
    if kind != "IsIndirectCloudSolutionProviderOf":
        raise PartnerError(400, 3000, f"Invalid property: relationship_type {kind!r}.")
    items = [
        {
            "id": reseller.tenant_id,
            "name": reseller.name,
            "mpnId": reseller.mpn_id,
            "location": "US",
            "relationshipType": kind,
            "state": "active",
            "attributes": {"objectType": "PartnerRelationship"},
        }
        for reseller in call.cloud.world.resellers.values()
        if reseller.partner_tenant_id == call.partner.tenant_id
    ]
    return call.answer({"totalCount": len(items), "items": items, "attributes": COLLECTION})


async def list_subscriptions(call: PartnerCall) -> web.Response:
    customer = call.customer()
    items = [_subscription(call, plan) for plan in call.cloud.world.plans_of(customer.tenant_id)]
    links = {"self": link(f"/customers/{customer.tenant_id}/subscriptions")}
    return call.answer({"totalCount": len(items), "items": items, "links": links, "attributes": COLLECTION})


async def get_subscription(call: PartnerCall) -> web.Response:
    return call.answer(_subscription(call, call.plan(call.customer())))


async def list_usage(call: PartnerCall) -> web.Response:
    """Month-to-date usage of each Azure plan; App+User only."""
    call.need_user()
    customer = call.customer()
    items = []
    for plan in call.cloud.world.plans_of(customer.tenant_id):
        if not plan.azure:
            continue
        cost = int(plan.id[:3], 16)
        items.append(
            {
                "status": "active",
                "partnerOnRecord": plan.reseller_mpn_id or call.partner.mpn_id,
                "offerId": plan.offer_id,
                "resourceId": plan.id,
                "id": plan.id,
                "resourceName": plan.offer_name,
                "name": plan.name,
                "totalCost": float(cost),
                "currencyLocale": "en-US",
                "currencyCode": "USD",
                "usdTotalCost": float(cost),
                "usdCurrencyCode": "USD",
                "lastModifiedDate": _time(call.cloud.now()),
                "attributes": {"objectType": "SubscriptionMonthlyUsageRecord"},
            }
        )
    return call.answer({"totalCount": len(items), "items": items, "attributes": COLLECTION})


def _customer(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.tenant_id,
        "companyProfile": {
            "tenantId": customer.tenant_id,
            "domain": customer.domain,
            "companyName": customer.name,
            "links": {"self": link(f"/customers/{customer.tenant_id}/profiles/company")},
            "attributes": {"objectType": "CustomerCompanyProfile"},
        },
        "relationshipToPartner": "reseller",
        "links": {"self": link(f"/customers/{customer.tenant_id}")},
        "attributes": {"objectType": "Customer"},
    }


def _subscription(call: PartnerCall, plan: Plan) -> dict[str, Any]:
    path = f"/customers/{plan.customer_tenant_id}/subscriptions/{plan.id}"
    found: dict[str, Any] = {
        "id": plan.id,
        "offerId": plan.offer_id,
        "offerName": plan.offer_name,
        "friendlyName": plan.name,
        "productType": {"id": "Azure" if plan.azure else "OnlineServicesNCE", "displayName": plan.offer_name},
        "quantity": 1 if plan.azure else 25,
        "unitType": "none" if plan.azure else "Licenses",
        "hasPurchasableAddons": False,
        "creationDate": _time(plan.created),
        "effectiveStartDate": _time(plan.created),
        "commitmentEndDate": "9999-12-14T00:00:00Z" if plan.azure else _time(plan.created + dt.timedelta(days=1460)),
        "status": "active",
        "autoRenewEnabled": not plan.azure,
        "isTrial": False,
        "billingType": "usage" if plan.azure else "license",
        "billingCycle": "monthly",
        "termDuration": "" if plan.azure else "P1Y",
        "isMicrosoftProduct": True,
        "contractType": "subscription",
        "links": {"self": link(path)},
        "orderId": plan.id[:12].replace("-", ""),
        "attributes": {"etag": f'"{plan.id[:8]}"', "objectType": "Subscription"},
    }
    if plan.azure:
        found["links"]["azureEntitlements"] = link(f"{path}/azureEntitlements")
    if plan.reseller_mpn_id:
        found["partnerId"] = plan.reseller_mpn_id
    return found


def _continuation(call: PartnerCall) -> int:
    operation = call.request.query.get("seekOperation")
    if operation is None:
        return 0
    try:
        kind, _, number = base64.b64decode(call.request.headers.get("MS-ContinuationToken", "")).decode().partition(":")
        if operation == "Next" and kind == "customers":
            return int(number)
    except ValueError:
        pass
    raise PartnerError(400, 800002, "Invalid request input: seekOperation needs a valid MS-ContinuationToken header.")


def _starts_with(text: str) -> str:
    """The only documented filter: https://learn.microsoft.com/partner-center/developer/get-a-list-of-customers-filtered-by-a-search-field"""
    try:
        wanted = json.loads(text)
    except ValueError:
        wanted = None
    fields = {"CompanyName", "Domain"}
    if not isinstance(wanted, dict) or wanted.get("Operator") != "starts_with" or wanted.get("Field") not in fields:
        raise PartnerError(400, 3000, "Invalid property: filter.")
    return str(wanted.get("Value", "")).lower()


def _time(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
