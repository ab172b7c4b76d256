"""Azure subscriptions (entitlements) of Partner Center: list, get, cancel, reactivate.

A cancel is accepted at once and done `cancel_seconds` later; until then the entitlement still says `active`.
MS-RequestId is the idempotency key: the same one again gives the first answer and does nothing.
https://learn.microsoft.com/partner-center/developer/cancel-an-azure-subscription
https://learn.microsoft.com/rest/api/partner-center/azure-spending/cancel-an-azure-entitlement
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox.partner_call import PartnerCall, PartnerError, endpoint, guid_in
from bot.sandbox.partner_customers import BASE, COLLECTION, link
from bot.sandbox.world import Entitlement, Plan

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud

PATH = f"{BASE}/customers/{{customer}}/subscriptions/{{plan}}/azure{{entitlements:[Ee]ntitlements}}"
REASON = "compromise"
NO_CONTENT = "The Azure entitlement cancellation request content is required."


def routes(cloud: Cloud) -> list[web.RouteDef]:
    return [
        web.get(PATH, endpoint(cloud, list_entitlements)),
        web.get(PATH + "/{entitlement}", endpoint(cloud, get_entitlement)),
        web.post(PATH + "/{entitlement}/cancel", endpoint(cloud, cancel)),
        web.post(PATH + "/{entitlement}/reactivate", endpoint(cloud, reactivate)),
    ]


async def list_entitlements(call: PartnerCall) -> web.Response:
    plan = _azure_plan(call)
    items = [_shown(call, entitlement) for entitlement in call.cloud.world.entitlements_of(plan.id)]
    return call.answer({"totalCount": len(items), "items": items, "attributes": COLLECTION})


async def get_entitlement(call: PartnerCall) -> web.Response:
    return call.answer(_shown(call, _entitlement(call)))


async def cancel(call: PartnerCall) -> web.Response:
    """202 (or 200) with the entitlement, still `active`."""
    _need_manager(call, 900308, "The user does not have the privilege to cancel Azure subscriptions.")
    entitlement = _entitlement(call)
    body = await call.json_body(NO_CONTENT)
    reason = body.get("cancellationReason")
    if reason != REASON:
        raise PartnerError(400, 900307, f"Cancellation reason '{reason}' is invalid.")
    return _accepted(call, entitlement, "inactive", (400, 800012, "This subscription isn't an active subscription"))


async def reactivate(call: PartnerCall) -> web.Response:
    """202 (or 200) with the entitlement, still `inactive`."""
    _need_manager(call, 900335, "The user does not have permission to reactivate Azure subscriptions.")
    entitlement = _entitlement(call)
    return _accepted(call, entitlement, "active", (400, 900337, "The Azure subscription cannot be reactivated."))


def _accepted(call: PartnerCall, entitlement: Entitlement, to: str, already: tuple[int, int, str]) -> web.Response:
    """Accept the change, once per MS-RequestId and path. Raises PartnerError: 409 if one is pending, or `already`."""
    world, now = call.cloud.world, call.cloud.now()
    key = (call.partner.tenant_id, call.request.path.lower(), call.request_id.lower())
    success = 200 if call.cloud.faults.switches.cancel_answers_200 else 202
    if key in world.accepted:
        return call.answer(world.accepted[key], success)
    if entitlement.pending(now):
        raise PartnerError(409, 900278, "There is a pending operation on this subscription. Try again after 24 hours.")
    if entitlement.status(now) == to:
        raise PartnerError(*already)
    entitlement.accept(to, call.request_id, now, call.cloud.faults.switches.cancel_seconds)
    shown = _shown(call, entitlement)
    world.remember_accepted(key, shown)
    what = {"partner": call.partner.tenant_id, "entitlement": entitlement.id, "to": to, "requestId": call.request_id}
    world.note(now, "cancel" if to == "inactive" else "reactivate", "partnercenter", call.caller, what)
    call.cloud.events.publish("entitlement", {**what, "status": shown["status"]})
    return call.answer(shown, success)


def _need_manager(call: PartnerCall, code: int, description: str) -> None:
    """Cancelling takes a Global Administrator with the Admin Agent role; an app-only token where the switch lets it."""
    if call.claims.is_app:
        if not call.cloud.faults.switches.app_may_cancel:
            call.need_user()
        return
    person = call.cloud.world.find_person(call.claims.object_id)
    if person is None or not call.cloud.world.is_global_administrator(person, call.partner):
        raise PartnerError(403, code, description)


def _azure_plan(call: PartnerCall) -> Plan:
    plan = call.plan(call.customer())
    if not plan.azure:
        raise PartnerError(400, 800011, "This subscription isn't a valid Azure subscription")
    return plan


def _entitlement(call: PartnerCall) -> Entitlement:
    plan = _azure_plan(call)
    wanted = guid_in(call.request, "entitlement", "Entitlement")
    entitlement = call.cloud.world.entitlements.get(wanted)
    if entitlement is None or entitlement.plan_id != plan.id:
        raise PartnerError(404, 800111, f"Azure entitlement with ID {wanted} isn't found.")
    return entitlement


def _shown(call: PartnerCall, entitlement: Entitlement) -> dict[str, Any]:
    plan = call.cloud.world.plans[entitlement.plan_id]
    path = f"/customers/{entitlement.customer_tenant_id}/subscriptions/{entitlement.plan_id}/azureEntitlements"
    return {
        "id": entitlement.id,
        "friendlyName": entitlement.name,
        "status": entitlement.status(call.cloud.now()),
        "subscriptionId": entitlement.plan_id,
        "partnerOnRecord": plan.reseller_mpn_id or call.partner.mpn_id,
        "links": {"self": link(f"{path}/{entitlement.id}")},
        "attributes": {"objectType": "AzureEntitlement"},
    }
