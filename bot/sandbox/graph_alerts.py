"""Partner security alerts of Graph beta: list, get, update.

https://learn.microsoft.com/graph/api/partner-security-partnersecurityalert-list-securityalerts
https://learn.microsoft.com/graph/api/partner-security-partnersecurityalert-get
https://learn.microsoft.com/graph/api/partner-security-partnersecurityalert-update
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox.graph_call import NO_PRIVILEGE, Call, GraphError, endpoint
from bot.sandbox.graph_filter import ENUMS, BadFilter, parse
from bot.sandbox.world import Partner

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud

PATH = "/graph/beta/security/partner/securityAlerts"
READ = ("PartnerSecurity.Read.All", "PartnerSecurity.ReadWrite.All")
WRITE = ("PartnerSecurity.ReadWrite.All",)
STATUSES = ("active", "resolved", "investigating")
REASONS = ("legitimate", "ignore", "fraud")
ODATA_TYPE = "#microsoft.graph.partner.security.partnerSecurityAlert"
PROPERTIES = (
    "id",
    "displayName",
    "description",
    "alertType",
    "status",
    "severity",
    "confidenceLevel",
    "customerTenantId",
    "subscriptionId",
    "valueAddedResellerTenantId",
    "catalogOfferId",
    "detectedDateTime",
    "firstObservedDateTime",
    "lastObservedDateTime",
    "resolvedReason",
    "resolvedOnDateTime",
    "resolvedBy",
    "isTest",
    "affectedResources",
    "activityLogs",
    "additionalDetails",
)
NO_MFA = "MFA is required for this request. The provided authentication token does not have MFA claims."


def routes(cloud: Cloud) -> list[web.RouteDef]:
    return [
        web.get(PATH, endpoint(cloud, list_alerts)),
        web.get(PATH + "/{id}", endpoint(cloud, get_alert)),
        web.patch(PATH + "/{id}", endpoint(cloud, update_alert)),
    ]


async def list_alerts(call: Call) -> dict[str, Any]:
    """`{"value": [...], "@odata.nextLink"?, "@odata.count"?}` in the order in which the alerts came to be."""
    partner = permitted(call, READ)
    options = call.options("$count", "$filter", "$select", "$skiptoken")
    found = list(enumerate(call.cloud.world.alerts[partner.tenant_id].values()))
    if "$filter" in options:
        if call.cloud.faults.switches.filter_unsupported:
            raise GraphError(400, "BadRequest", "Invalid filter clause: $filter is not supported on this resource.")
        try:
            matches = parse(options["$filter"])
        except BadFilter as error:
            raise GraphError(400, "BadRequest", f"Invalid filter clause: {error}") from error
        found = [(number, alert) for number, alert in found if matches(alert)]
    selected = _selected(options.get("$select"))
    page, link = call.page(found, call.cloud.faults.switches.page_size)
    answer: dict[str, Any] = {"@odata.context": call.context("security/partner/securityAlerts")}
    if options.get("$count", "false") == "true":
        answer["@odata.count"] = len(found)
    if link is not None:
        answer["@odata.nextLink"] = link
    return answer | {"value": [_shown(call, alert, selected) for alert in page]}


async def get_alert(call: Call) -> dict[str, Any]:
    partner = permitted(call, READ)
    options = call.options("$select")
    alert = _found(call, partner)
    shown = _shown(call, alert, _selected(options.get("$select")))
    return {"@odata.context": call.context("security/partner/securityAlerts/$entity"), **shown}


async def update_alert(call: Call) -> dict[str, Any]:
    """Decide or reopen. As in the documented example, the old status is shown unless switch `stale_echo` is off."""
    partner = permitted(call, WRITE)
    call.options()
    body = await call.json_body()
    alert = _found(call, partner)
    status, reason = _wanted(body)
    before = alert["status"]
    call.cloud.world.change_alert(
        partner.tenant_id, alert["id"], status, reason, call.caller, call.cloud.now(), "graph"
    )
    told = {"partner": partner.tenant_id, "alert": alert}
    call.cloud.events.publish("alert", told)
    answer = {"@odata.context": call.context("security/partner/securityAlerts/$entity"), "@odata.type": ODATA_TYPE}
    answer |= _shown(call, alert, PROPERTIES)
    if call.cloud.faults.switches.stale_echo:
        answer["status"] = before
    return answer


def permitted(call: Call, permissions: Iterable[str], *, about_alerts: bool = True) -> Partner:
    """The partner whose alerts the caller may see: by permission, and with a user's token by being an Admin Agent.

    That app-only calls may be refused for lack of MFA: https://github.com/microsoftgraph/msgraph-beta-sdk-dotnet/issues/1083
    """
    switches = call.cloud.faults.switches
    call.require(*permissions)
    missing = (
        switches.app_only_missing_mfa if call.claims.is_app else switches.mfa_required and "mfa" not in call.claims.amr
    )
    if missing and about_alerts:
        raise GraphError(403, "Unauthorized_MissingMFA", NO_MFA)
    partner = call.cloud.world.partners.get(call.claims.tenant_id)
    person = call.person
    if partner is None or (
        not call.claims.is_app and (not person or not call.cloud.world.is_admin_agent(person, partner))
    ):
        raise GraphError(403, "Authorization_RequestDenied", NO_PRIVILEGE)
    return partner


def _found(call: Call, partner: Partner) -> dict[str, Any]:
    wanted = call.request.match_info["id"]
    alert = call.cloud.world.alert(partner.tenant_id, wanted)
    if alert is None:
        raise GraphError(
            404,
            "ResourceNotFound",
            f"Resource '{wanted}' does not exist or one of its queried reference-property objects are not present.",
        )
    return alert


def _wanted(body: Mapping[str, Any]) -> tuple[str, str | None]:
    for name in body:
        if name not in ("@odata.type", "status", "resolvedReason"):
            known = "is read-only" if name in PROPERTIES else f"does not exist on type '{ODATA_TYPE[1:]}'"
            raise GraphError(400, "BadRequest", f"The property '{name}' {known}.")
    if body.get("@odata.type", ODATA_TYPE) != ODATA_TYPE:
        raise GraphError(400, "BadRequest", f"The type is not '{ODATA_TYPE}'.")
    status, reason = body.get("status"), body.get("resolvedReason")
    if status not in STATUSES:
        raise GraphError(400, "BadRequest", f"The property 'status' is required and is one of {', '.join(STATUSES)}.")
    if reason is not None and reason not in REASONS:
        raise GraphError(400, "BadRequest", f"The property 'resolvedReason' is one of {', '.join(REASONS)}.")
    if reason is not None and status != "resolved":
        raise GraphError(400, "BadRequest", "The property 'resolvedReason' can only be set with status 'resolved'.")
    return status, reason


def _selected(option: str | None) -> tuple[str, ...]:
    if option is None:
        return PROPERTIES
    names = tuple(name.strip() for name in option.split(","))
    for name in names:
        if name not in PROPERTIES:
            raise GraphError(
                400,
                "BadRequest",
                f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type "
                f"'{ODATA_TYPE[1:]}'.",
            )
    return names


def _shown(call: Call, alert: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The alert as this caller gets it: members added to an evolvable enum later show only where asked for.

    https://learn.microsoft.com/graph/best-practices-concept#handling-future-members-in-evolvable-enumerations
    """
    shown = {name: alert[name] for name in names if name in alert}
    if "include-unknown-enum-members" not in call.request.headers.get("Prefer", ""):
        for name, members in ENUMS.items():
            if shown.get(name) is not None and shown[name] not in members:
                shown[name] = "unknownFutureValue"
    return shown
