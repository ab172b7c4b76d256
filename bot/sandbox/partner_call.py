"""One call to Partner Center: token and MFA check, roles, the headers and the error body that all endpoints share.

https://learn.microsoft.com/partner-center/developer/headers
https://learn.microsoft.com/partner-center/developer/error-codes
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox import envelopes
from bot.sandbox.tokens import Claims, TokenProblem, check_bearer
from bot.sandbox.world import Customer, Partner, Plan

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud


class PartnerError(Exception):
    """An answer in Partner Center's error body."""

    def __init__(self, status: int, code: int, description: str) -> None:
        super().__init__(description)
        self.status, self.code, self.description = status, code, description


@dataclass(frozen=True)
class PartnerCall:
    """A request whose token was checked and whose caller belongs to `partner`."""

    cloud: Cloud
    request: web.Request
    claims: Claims
    partner: Partner
    request_id: str

    @property
    def caller(self) -> str:
        """The user principal name, or the application's name."""
        person = self.cloud.world.find_person(self.claims.object_id)
        return person.directory_upn if person else self.cloud.world.app.name

    def answer(self, body: Any, status: int = 200) -> web.Response:
        return web.json_response(body, status=status)

    def customer(self) -> Customer:
        """The customer of the path. Raises PartnerError: 400 for an id that is none, 403 for another's customer."""
        wanted = guid_in(self.request, "customer", "Customer")
        customer = self.cloud.world.customers.get(wanted)
        if customer is None:
            raise PartnerError(400, 900118, "Invalid customer ID.")
        if customer.partner_tenant_id != self.partner.tenant_id:
            us = f"account ID {self.partner.mpn_id} and organization ID {self.partner.tenant_id}"
            them = f"account ID {customer.domain} and organization ID {wanted}"
            text = f"The partner with {us} has no commerce relationship with the customer with {them}."
            raise PartnerError(403, 900159, text)
        return customer

    def plan(self, customer: Customer) -> Plan:
        """The subscription (Azure plan) that the path names. Raises PartnerError (400, 404)."""
        wanted = guid_in(self.request, "plan", "Subscription")
        plan = self.cloud.world.plans.get(wanted)
        if plan is None or plan.customer_tenant_id != customer.tenant_id:
            raise PartnerError(404, 20003, f"Subscription with ID {wanted} not found.")
        return plan

    def need_user(self) -> None:
        """Refuse an app-only token where the resource takes App+User alone."""
        if self.claims.is_app:
            raise PartnerError(403, 900329, "This resource does not support app only authentication.")

    async def json_body(self, missing: str) -> dict[str, Any]:
        """The body as a JSON object. Raises PartnerError (400 800002)."""
        try:
            body = json.loads(await self.request.read())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise PartnerError(400, 800002, missing)
        return body


Work = Callable[[PartnerCall], Awaitable[web.Response]]


def endpoint(cloud: Cloud, work: Work) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that checks the token, runs `work` and gives its answer, or the error in Partner Center's body."""

    async def handle(request: web.Request) -> web.Response:
        request_id = request.headers.get("MS-RequestId") or str(uuid.uuid4())
        extra: dict[str, str] = {}
        try:
            claims = check_bearer(cloud, request, audience="partnercenter")
            if request.headers.get("ValidateMfa", "").lower() == "true":
                extra["isMfaCompliant"] = str(claims.is_app or "mfa" in claims.amr).lower()
            call = PartnerCall(cloud, request, claims, _caller_partner(cloud, claims), request_id)
            response = await work(call)
        except TokenProblem as problem:
            wrong_audience = "audience" in problem.message.lower()
            extra["WWW-Authenticate"] = 'Bearer error="invalid_token"'
            body = envelopes.partner_center(900420 if wrong_audience else 400, f"Access denied. {problem.message}")
            response = web.json_response(body, status=problem.status)
        except PartnerError as error:
            if error.status == 401:
                extra["WWW-Authenticate"] = 'Bearer error="invalid_token"'
            response = web.json_response(envelopes.partner_center(error.code, error.description), status=error.status)
        response.headers.update(extra)
        response.headers["MS-RequestId"] = request_id
        response.headers["MS-CorrelationId"] = request.headers.get("MS-CorrelationId") or str(uuid.uuid4())
        response.headers["MS-CV"] = "sandbox.0"
        response.headers["MS-ServerId"] = "201022015"
        return response

    return handle


def guid_in(request: web.Request, name: str, what: str) -> str:
    """The GUID at `name` in the path, lower case. Raises PartnerError (400 800002)."""
    wanted = request.match_info[name].lower()
    try:
        if str(uuid.UUID(wanted)) == wanted:
            return wanted
    except ValueError:
        pass
    raise PartnerError(
        400, 800002, f"{what} ID {wanted} should have GUID format (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)."
    )


def _caller_partner(cloud: Cloud, claims: Claims) -> Partner:
    """Whose partner account it is. A user's token must show MFA and come from an Admin Agent; an app must be known.

    https://learn.microsoft.com/partner-center/security/partner-security-requirements-mandating-mfa
    """
    partner = cloud.world.partners.get(claims.tenant_id)
    if not claims.is_app:
        if "mfa" not in claims.amr:
            raise PartnerError(401, 900421, "MFA required. The request was made without multifactor authentication.")
        if "user_impersonation" not in claims.scopes:
            raise PartnerError(403, 2032, "Access denied")
    if partner is None:
        raise PartnerError(403, 2032, "Access denied")
    if not claims.is_app:
        person = cloud.world.find_person(claims.object_id)
        if person is None or not cloud.world.is_admin_agent(person, partner):
            raise PartnerError(403, 900308, "The user does not have the role that this operation needs.")
    return partner
