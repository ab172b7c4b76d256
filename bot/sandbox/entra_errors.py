"""Errors of the sandbox's Entra, worded and shaped as the real token endpoint answers them.

Codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from aiohttp import web

MFA_POLICY = "9ab03e19-ed42-4168-b6b7-7001fb3e933a"
CONDITIONAL_ACCESS_POLICY = "c5ae9b6e-0d5a-4b3f-8e6d-35d6b6a2f3d1"


def claims_challenge(kind: str, policy: str) -> str:
    """The `claims` value that a client has to carry into the interactive sign-in (a JSON text)."""
    return json.dumps({"access_token": {kind: {"essential": True, "values": [policy]}}}, separators=(",", ":"))


@dataclass(eq=False)
class EntraError(Exception):
    """One refusal. `error` is the OAuth word, `code` the AADSTS number, `status` the HTTP status."""

    error: str
    code: int
    message: str
    status: int = 400
    suberror: str | None = None
    claims: str | None = None
    extra: dict[str, str] = field(default_factory=dict)

    def body(self, correlation_id: str | None = None) -> dict[str, Any]:
        trace, correlation = str(uuid4()), correlation_id or str(uuid4())
        stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        text = f"AADSTS{self.code}: {self.message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
        body: dict[str, Any] = {
            "error": self.error,
            "error_description": text,
            "error_codes": [self.code],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.code}",
        }
        if self.suberror:
            body["suberror"] = self.suberror
        if self.claims:
            body["claims"] = self.claims
        return body

    def response(self, request: web.Request) -> web.Response:
        correlation = request.headers.get("client-request-id")
        return web.json_response(
            self.body(correlation), status=self.status, headers={"Cache-Control": "no-store", **self.extra}
        )


def tenant_not_found(tenant: str) -> EntraError:
    return EntraError(
        "invalid_request", 90002, f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."
    )


def app_not_found(client_id: str, tenant: str) -> EntraError:
    return EntraError(
        "unauthorized_client",
        700016,
        f"Application with identifier '{client_id}' was not found in the directory '{tenant}'.",
    )


def missing(name: str) -> EntraError:
    return EntraError("invalid_request", 900144, f"The request body must contain the following parameter: '{name}'.")


def credential_missing() -> EntraError:
    return EntraError(
        "invalid_client",
        7000218,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        401,
    )


def bad_secret(client_id: str) -> EntraError:
    return EntraError(
        "invalid_client",
        7000215,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
        f"not the client secret ID, for a secret added to app '{client_id}'.",
        401,
    )


def bad_client_assertion(reason: str) -> EntraError:
    return EntraError(
        "invalid_client",
        700027,
        f"The certificate or key used to sign the client assertion is not registered. {reason}",
        401,
    )


def no_federated_credential() -> EntraError:
    return EntraError(
        "invalid_client", 700213, "No matching federated identity record found for presented assertion.", 401
    )


def expired_client_assertion() -> EntraError:
    return EntraError("invalid_client", 700024, "Client assertion is not within its valid time range.", 401)


def invalid_scope(scope: str, reason: str = "") -> EntraError:
    return EntraError(
        "invalid_scope",
        70011,
        f"The provided value for the input parameter 'scope' is not valid. Scope: {scope}. {reason}".strip(),
    )


def default_scope_needed(scope: str) -> EntraError:
    return EntraError(
        "invalid_scope",
        1002012,
        f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
        "/.default suffixed to the resource identifier (application ID URI).",
    )


def unsupported_grant(grant: str) -> EntraError:
    return EntraError("unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'.")


def bad_assertion(reason: str) -> EntraError:
    return EntraError("invalid_grant", 50013, f"Assertion failed validation. {reason}")


def assertion_audience(audience: object) -> EntraError:
    return EntraError(
        "invalid_grant",
        500131,
        f"Assertion audience '{audience}' does not match the Client app presenting the assertion.",
    )


def assertion_expired() -> EntraError:
    return EntraError("invalid_grant", 500133, "Assertion is not within its valid time range.")


def consent_missing(client_id: str) -> EntraError:
    return EntraError(
        "invalid_grant",
        65001,
        f"The user or administrator has not consented to use the application with ID '{client_id}'. "
        "Send an interactive authorization request for this user and resource.",
        suberror="consent_required",
    )


def mfa_needed(resource: str) -> EntraError:
    return EntraError(
        "invalid_grant",
        50076,
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must "
        f"use multi-factor authentication to access '{resource}'.",
        suberror="basic_action",
        claims=claims_challenge("polids", MFA_POLICY),
    )


def mfa_enrolment_needed(resource: str) -> EntraError:
    return EntraError(
        "interaction_required",
        50079,
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must "
        f"enroll in multi-factor authentication to access '{resource}'.",
        suberror="basic_action",
        claims=claims_challenge("polids", MFA_POLICY),
    )


def blocked_by_conditional_access() -> EntraError:
    return EntraError(
        "invalid_grant",
        53003,
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
        suberror="message_only",
        claims=claims_challenge("capolids", CONDITIONAL_ACCESS_POLICY),
    )


def grant_expired() -> EntraError:
    return EntraError(
        "invalid_grant", 70008, "The provided authorization code or refresh token has expired due to inactivity."
    )


def refresh_token_inactive() -> EntraError:
    return EntraError(
        "invalid_grant",
        700082,
        "The refresh token has expired due to inactivity. The token was inactive for 90.00:00:00.",
        suberror="bad_token",
    )


def grant_revoked() -> EntraError:
    return EntraError(
        "invalid_grant",
        50173,
        "The provided grant has expired due to it being revoked, a fresh auth token is needed. "
        "The user might have changed or reset their password.",
        suberror="bad_token",
    )


def account_deleted(upn: str, tenant: str) -> EntraError:
    return EntraError(
        "invalid_grant",
        500341,
        f"The user account {upn} has been deleted from the {tenant} directory. To sign into this application, "
        "the account must be added to the directory.",
    )


def grant_unknown() -> EntraError:
    return EntraError("invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.")


def code_redeemed() -> EntraError:
    return EntraError(
        "invalid_grant", 54005, "OAuth2 Authorization code was already redeemed, please retry with a new valid code."
    )


def redirect_mismatch(uri: str) -> EntraError:
    return EntraError(
        "invalid_client",
        50011,
        f"The redirect URI '{uri}' specified in the request does not match the one used to obtain the code or "
        "the redirect URIs configured for the application.",
    )


def verifier_mismatch() -> EntraError:
    return EntraError(
        "invalid_grant",
        501481,
        "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    )


def device_pending() -> EntraError:
    return EntraError(
        "authorization_pending",
        70016,
        "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
    )


def device_declined() -> EntraError:
    return EntraError("authorization_declined", 70018, "The end user denied the authorization request.")


def device_expired() -> EntraError:
    return EntraError(
        "expired_token",
        70020,
        "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
    )


def device_unknown() -> EntraError:
    return EntraError(
        "bad_verification_code", 70019, "The provided value for the input parameter 'device_code' is not valid."
    )
