"""The partner security score of Graph beta, reckoned from the world.

https://learn.microsoft.com/graph/api/resources/partner-security-partnersecurityscore
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox.graph_alerts import READ, permitted
from bot.sandbox.graph_call import Call, GraphError, endpoint
from bot.sandbox.world import Customer
from bot.sandbox.world.alerts import moment_of, stamp

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud

PATH = "/graph/beta/security/partner/securityScore"
HELP = "https://learn.microsoft.com/partner-center/security/partner-security-score"
ALERTS = "https://aka.ms/partner-center-security-alerts"


def routes(cloud: Cloud) -> list[web.RouteDef]:
    return [
        web.get(PATH, endpoint(cloud, get_score)),
        web.get(PATH + "/requirements", endpoint(cloud, list_requirements)),
        web.get(PATH + "/requirements/{id}", endpoint(cloud, get_requirement)),
        web.get(PATH + "/history", endpoint(cloud, list_history)),
        web.get(PATH + "/customerInsights", endpoint(cloud, list_insights)),
        web.get(PATH + "/customerInsights/{id}", endpoint(cloud, get_insight)),
    ]


async def get_score(call: Call) -> dict[str, Any]:
    tenant = _tenant(call)
    options = call.options("$expand", "$select")
    requirements = _requirements(call, tenant)
    answer: dict[str, Any] = {
        "@odata.context": call.context("security/partner/securityScore/$entity"),
        "id": tenant,
        "currentScore": float(sum(entry["score"] for entry in requirements)),
        "maxScore": float(sum(entry["maxScore"] for entry in requirements)),
        "lastRefreshDateTime": stamp(_midnight(call)),
        "updatedDateTime": stamp(_midnight(call)),
    }
    for name in filter(None, options.get("$expand", "").split(",")):
        if name not in ("requirements", "history"):
            raise GraphError(400, "BadRequest", f"Could not find a property named '{name}'.")
        answer[name] = requirements if name == "requirements" else _history(call, tenant)
    return answer


async def list_requirements(call: Call) -> dict[str, Any]:
    return {"value": _requirements(call, _tenant(call))}


async def get_requirement(call: Call) -> dict[str, Any]:
    return _by_id(call, _requirements(call, _tenant(call)), "id")


async def list_history(call: Call) -> dict[str, Any]:
    return {"value": _history(call, _tenant(call))}


async def list_insights(call: Call) -> dict[str, Any]:
    """Paged by the server only, as documented."""
    customers = call.cloud.world.customers_of(_tenant(call))
    call.options("$skiptoken", "$skipToken")
    page, link = call.page(list(enumerate(customers)), call.cloud.faults.switches.page_size)
    answer: dict[str, Any] = {"@odata.context": call.context("security/partner/securityScore/customerInsights")}
    if link is not None:
        answer["@odata.nextLink"] = link
    return answer | {"value": [_insight(customer) for customer in page]}


async def get_insight(call: Call) -> dict[str, Any]:
    return _by_id(call, [_insight(customer) for customer in call.cloud.world.customers_of(_tenant(call))], "tenantId")


def _tenant(call: Call) -> str:
    return permitted(call, READ, about_alerts=False).tenant_id


def _by_id(call: Call, entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    wanted = call.request.match_info["id"]
    for entry in entries:
        if entry[name] == wanted:
            return entry
    raise GraphError(404, "ResourceNotFound", f"Resource '{wanted}' does not exist.")


def _midnight(call: Call) -> dt.datetime:
    return call.cloud.now().replace(hour=0, minute=0, second=0, microsecond=0)


def _response_hours(call: Call, tenant: str) -> float:
    """Mean hours from detection to decision of the alerts decided in the last 30 days."""
    since = call.cloud.now() - dt.timedelta(days=30)
    spans = [
        (moment_of(alert["resolvedOnDateTime"]) - moment_of(alert["detectedDateTime"])) / dt.timedelta(hours=1)
        for alert in call.cloud.world.alerts[tenant].values()
        if alert["status"] == "resolved"
        and alert["resolvedOnDateTime"]
        and moment_of(alert["resolvedOnDateTime"]) > since
    ]
    return round(sum(spans) / len(spans), 1) if spans else 0.0


def _requirements(call: Call, tenant: str) -> list[dict[str, Any]]:
    hours = _response_hours(call, tenant)
    rows = (
        ("mfaEnforcedForAdmins", True, 20, "active", "https://aka.ms/partner-mfa"),
        ("securityAlertsPromptlyResolved", hours <= 24, 10, "active", ALERTS),
        ("securityContactProvided", True, 10, "active", "https://partner.microsoft.com/dashboard/v2/account-settings"),
        ("mfaEnforcedForAdminsOfCustomers", False, 20, "preview", "https://aka.ms/customer-mfa"),
        (
            "spendingBudgetSetForCustomerAzureSubscriptions",
            False,
            10,
            "preview",
            "https://partner.microsoft.com/dashboard",
        ),
    )
    found = []
    for kind, met, most, state, action in rows:
        entry: dict[str, Any] = {
            "id": kind,
            "requirementType": kind,
            "complianceStatus": "compliant" if met else "noncomplaint",  # the documented spelling
            "score": most if met else 0,
            "maxScore": most,
            "state": state,
            "actionUrl": action,
            "helpUrl": HELP,
            "updatedDateTime": stamp(_midnight(call)),
        }
        if kind == "securityAlertsPromptlyResolved":
            entry["@odata.type"] = "#microsoft.graph.partner.security.responseTimeSecurityRequirement"
            entry["averageResponseTimeInHours"] = hours
        found.append(entry)
    return found


def _history(call: Call, tenant: str) -> list[dict[str, Any]]:
    requirements = _requirements(call, tenant)
    met = sum(entry["complianceStatus"] == "compliant" for entry in requirements)
    score = float(sum(entry["score"] for entry in requirements))
    return [
        {
            "id": f"{tenant}-{day}",
            "createdDateTime": stamp(_midnight(call) - dt.timedelta(days=day)),
            "score": score if day < 14 else score - 10.0,
            "compliantRequirementsCount": met if day < 14 else met - 1,
            "totalRequirementsCount": len(requirements),
        }
        for day in range(30)
    ]


def _insight(customer: Customer) -> dict[str, Any]:
    users = 20 + int(customer.tenant_id[:2], 16)
    admins = 2 + int(customer.tenant_id[2], 16) % 4
    return {
        "tenantId": customer.tenant_id,
        "mfa": {
            "compliantAdminsCount": admins - int(customer.tenant_id[3], 16) % 2,
            "compliantNonAdminsCount": users * 3 // 4,
            "totalUsersCount": users,
            "securityDefaultsStatus": "enabled" if users % 2 else "disabled",
            "mfaConditionalAccessPolicyStatus": "disabled" if users % 2 else "enabled",
            "legacyPerUserMfaStatus": "disabled",
        },
    }
