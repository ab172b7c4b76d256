"""What Entra's refusals mean for us, and what to do about each. Pure.

Codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.errors import (
    AlertDeskError,
    ConfigError,
    MissingMfa,
    NoAccount,
    NotAllowed,
    NotAssigned,
    Refused,
    SignInNeeded,
    Transient,
)
from bot.texts import tokens as texts

MFA_CLAIMS = '{"access_token":{"amr":{"essential":true,"values":["mfa"]}}}'
"""Asks Entra for a token that proves multi-factor authentication, where the refusal itself brought no claims."""


def with_mfa(claims: str) -> str:
    """The claims (JSON, or empty), and multi-factor authentication among them."""
    try:
        wanted = json.loads(claims)
    except ValueError:
        return MFA_CLAIMS
    if not isinstance(wanted, dict):
        return MFA_CLAIMS
    token, more = wanted.get("access_token"), json.loads(MFA_CLAIMS)["access_token"]
    return json.dumps(wanted | {"access_token": (token if isinstance(token, dict) else {}) | more})


_BAD_SETTINGS: Mapping[int, str] = {
    7000215: "ALERTDESK_APP_SECRET is wrong: it must be the secret's value, not its id, and of this application",
    7000222: "ALERTDESK_APP_SECRET has expired: add a new client secret to the app registration and set it",
    7000218: "the application sent no credential that Entra knows: check the ALERTDESK_APP_* credential settings",
    700027: "the certificate of ALERTDESK_APP_CERTIFICATE_PATH is not registered with the application, or has expired",
    700024: "the client assertion is outside its time: check this machine's clock",
    700211: "the federated credential's issuer does not match: check the app registration's federated credentials",
    700212: "the federated credential's audience does not match: check the app registration's federated credentials",
    700213: "the application has no federated credential for this managed identity: add one to the app registration",
    900021: "the tenant id is not one: check ALERTDESK_APP_TENANT_ID and ALERTDESK_PARTNERS",
    90002: "the tenant is not known there: check ALERTDESK_APP_TENANT_ID, ALERTDESK_PARTNERS and ALERTDESK_LOGIN_URL",
    900023: "the tenant id is not one: check ALERTDESK_APP_TENANT_ID and ALERTDESK_PARTNERS",
    900382: "the application belongs to another cloud: check ALERTDESK_CLOUD",
    50011: "the sign-in's return address is not registered: add PUBLIC_URL's /auth/callback to the app registration",
    500113: "the sign-in's return address is not registered: add PUBLIC_URL's /auth/callback to the app registration",
    70011: "the scope is not valid: check the service URLs and BOT_TOKEN_SCOPE",
    1002012: "the scope is not valid: check the service URLs and BOT_TOKEN_SCOPE",
}
_NO_CONSENT: Mapping[int, str] = {
    700016: "the application is not known in that tenant: an administrator there must consent to it (or check APP_ID)",
    7000229: "the application has no service principal in that tenant: an administrator there must consent to it",
    7000112: "the application is disabled in that tenant: an administrator there must enable it",
    65001: "the application lacks consent in that tenant: an administrator there must grant it",
    500011: "the service is not known in that tenant: its service principal must be created there first",
    650057: "the service is not among the application's permissions: add it to the app registration",
    501051: "the application is not assigned to the service in that tenant: an administrator there must assign it",
}
_MFA = frozenset({50072, 50074, 50076, 50078, 50079, 50158, 900421})
_CONDITIONAL_ACCESS = frozenset({50005, 50097, 50129, 50131})
"""Besides all that begin with 530, which grow in number: see `_by_policy`."""
_ENDED = frozenset({50133, 50173, 70043, 700082, 700084})
_CONSENT = frozenset({65001, 65004, 90094, 90097})
_PERSON_GONE = frozenset({50020, 50034, 50057, 51004, 90072, 500341, 500571})
_NOT_ASSIGNED = 50105
_BAD_ASSERTION = frozenset({50013, 50027, 500131, 500133, 240002})
_INTERACTION = frozenset({"interaction_required", "login_required", "consent_required"})
_BUSY = frozenset({90033, 90055, 50033, 50180, 90024, 90036, 700005, 90006, 90012})


def _by_policy(number: int) -> bool:
    return number in _CONDITIONAL_ACCESS or number // 100 == 530 or number // 1000 == 530


_IN_WORDS = re.compile(r"AADSTS(\d{4,8})\b", re.ASCII)


def aadsts(answer: Mapping[str, Any]) -> int:
    """The first AADSTS number of an error answer, or 0."""
    codes = answer.get("error_codes")
    first = codes[0] if isinstance(codes, list) and codes else 0
    return first if isinstance(first, int) else 0


def code_of(answer: Mapping[str, Any]) -> str:
    """What an error answer is called in logs and messages."""
    number = aadsts(answer)
    word = answer.get("error")
    return f"AADSTS{number}" if number else word if isinstance(word, str) and word.isidentifier() else "no code"


def page_code(answer: Mapping[str, str]) -> str:
    """What a refusal is called that a sign-in page sent back: there the number stands in the description alone.
    https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#error-response"""
    found = _IN_WORDS.match(answer.get("error_description", ""))
    return f"AADSTS{found[1]}" if found else code_of(answer)


def token_error(answer: Mapping[str, Any], tenant_id: str) -> AlertDeskError:
    """The error of ours for an error answer of the token endpoint. Branches on its codes, never on its words."""
    number, code = aadsts(answer), code_of(answer)
    start = f"Microsoft Entra gave no token for tenant {tenant_id} ({code})"
    if number in _BAD_SETTINGS:
        return ConfigError(f"{start}: {_BAD_SETTINGS[number]}.", code=code)
    if number in _NO_CONSENT:
        return Refused(f"{start}: {_NO_CONSENT[number]}.", code=code)
    if number in _MFA:
        return MissingMfa(f"{start}: it wants multi-factor authentication. Sign in with it, then try again.", code=code)
    if number == _NOT_ASSIGNED:
        return Refused(
            f"{start}: the account is not assigned to the application; an administrator there must.", code=code
        )
    if _by_policy(number):
        return Refused(f"{start}: a Conditional Access policy forbids it. Ask that tenant's administrators.", code=code)
    if number in _BUSY or answer.get("error") in ("temporarily_unavailable", "server_error"):
        return Transient(f"{start}: it is busy, try again.", code=code)
    if answer.get("error") in ("invalid_client", "unauthorized_client"):
        return ConfigError(f"{start}: check ALERTDESK_APP_ID and its credential.", code=code)
    return Refused(f"{start}.", code=code)


def person_error(answer: Mapping[str, Any], tenant_id: str, *, interactive: bool) -> AlertDeskError:
    """The error for an error answer to a request for a person's token: what that person must do, where it is theirs.

    `interactive`: whether a refusal that says nothing else needs Entra's page; else a silent sign-in may do.
    """
    number, code = aadsts(answer), code_of(answer)
    claims = answer.get("claims")
    claims = claims if isinstance(claims, str) else ""
    words = {word for word in (answer.get("error"), answer.get("suberror")) if isinstance(word, str)}
    if number in _BAD_ASSERTION:
        return NotAllowed(texts.SIGN_IN_EXPIRED if number == 500133 else texts.NOT_FOR_US, code=code)
    if number in _PERSON_GONE:
        return NoAccount(texts.NOT_IN_TENANT, code=code)
    if number == _NOT_ASSIGNED:
        return NotAssigned(texts.NOT_ASSIGNED, code=code)  # no page mends that
    if number in _MFA:
        return SignInNeeded(texts.WANTS_MFA, code=code, interactive=True, claims=claims or MFA_CLAIMS)
    if number in _CONSENT or "consent_required" in words:
        return SignInNeeded(texts.WANTS_CONSENT, code=code, interactive=True, claims=claims)
    if _by_policy(number) or claims:
        why = texts.SIGNED_OUT if number in _ENDED else texts.WANTS_MORE
        return SignInNeeded(why, code=code, interactive=True, claims=claims)
    if number in _BAD_SETTINGS or number in _NO_CONSENT or number in _BUSY:
        return token_error(answer, tenant_id)
    if words & _INTERACTION:
        return SignInNeeded(texts.SIGNED_OUT, code=code, interactive=True)
    if "invalid_grant" in words:
        return SignInNeeded(texts.SIGNED_OUT, code=code, interactive=interactive)
    return token_error(answer, tenant_id)
