"""The grants of the token endpoint: who asks is checked, then who it is for, then the policies of the tenant.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow, -client-creds-grant-flow,
-on-behalf-of-flow, -device-code
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus, urlsplit

import jwt

from bot.sandbox import entra_errors as errors
from bot.sandbox import tokens
from bot.sandbox.entra_scopes import OWN, Scope, parse_scope
from bot.sandbox.entra_state import SignIn, pkce_matches

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"
COMMON = ("common", "organizations")

Form = Mapping[str, str]


def grant(cloud: Cloud, tenant_id: str, form: Form, authorization: str = "") -> dict[str, Any]:
    """The token endpoint's answer to `form`. Raises EntraError."""
    kind = form.get("grant_type") or ""
    if not kind:
        raise errors.missing("grant_type")
    handler = GRANTS.get(kind)
    if handler is None:
        raise errors.unsupported_grant(kind)
    form = _with_basic(form, authorization)
    client_id = form.get("client_id") or ""
    if not client_id:
        raise errors.missing("client_id")
    if client_id != cloud.entra.app.app_id:
        raise errors.app_not_found(client_id, tenant_id)
    if tenant_id not in COMMON and tenant_id not in cloud.world.partners:
        raise errors.app_not_found(client_id, tenant_id)  # nobody added the application to that tenant
    if kind != DEVICE_CODE or "client_secret" in form or "client_assertion" in form:
        _check_credential(cloud, tenant_id, form)
    return handler(cloud, tenant_id, form)


def _client_credentials(cloud: Cloud, tenant_id: str, form: Form) -> dict[str, Any]:
    text = form.get("scope") or ""
    if not text:
        raise errors.missing("scope")
    scope = parse_scope(cloud, text)
    if scope.service is None or scope.permissions != {".default"}:
        raise errors.default_scope_needed(text)
    if tenant_id in COMMON:
        raise errors.tenant_not_found(tenant_id)
    app = cloud.entra.app
    roles = {"graph": app.graph_roles, "partnercenter": app.partner_center_roles}.get(scope.service, frozenset())
    token = tokens.issue(
        cloud,
        audience=app.app_id if scope.service == OWN else scope.service,
        tenant_id=tenant_id,
        app_id=app.app_id,
        roles=roles,
        lifetime=cloud.entra.access_lifetime,
    )
    return _answer(cloud, token)


def _on_behalf_of(cloud: Cloud, tenant_id: str, form: Form) -> dict[str, Any]:
    if form.get("requested_token_use") != "on_behalf_of":
        raise errors.missing("requested_token_use")
    assertion = form.get("assertion") or ""
    if not assertion:
        raise errors.missing("assertion")
    entra = cloud.entra
    try:
        claims = tokens.verify(cloud, assertion, (entra.sso_resource, entra.app.app_id))
    except jwt.ExpiredSignatureError as problem:
        raise errors.assertion_expired() from problem
    except jwt.InvalidAudienceError as problem:
        audience = jwt.decode(assertion, options={"verify_signature": False}).get("aud")
        raise errors.assertion_audience(audience) from problem
    except jwt.InvalidTokenError as problem:
        raise errors.bad_assertion(str(problem)) from problem
    person = entra.person_of(str(claims.get("oid")))
    if person is None or claims.get("idtyp") == "app" or "scp" not in claims:
        raise errors.bad_assertion("The assertion is not a user's access token for this application.")
    if claims["tid"] != tenant_id:
        raise errors.bad_assertion("The assertion was issued by another tenant.")
    if entra.is_revoked(person.aad_object_id, int(claims.get(tokens.ISSUE, 0))):
        raise errors.grant_revoked()
    sign_in = SignIn(person, tenant_id, tuple(claims.get("amr", ())))
    return _user_answer(cloud, sign_in, _resource_scope(cloud, form), form)


def _authorization_code(cloud: Cloud, tenant_id: str, form: Form) -> dict[str, Any]:
    code = cloud.entra.code(form.get("code") or "")
    if code is None:
        raise errors.grant_unknown()
    if code.used:
        raise errors.code_redeemed()
    if time.time() > code.expires_at:
        raise errors.grant_expired()
    if form.get("redirect_uri") != code.redirect_uri:
        raise errors.redirect_mismatch(form.get("redirect_uri") or "")
    if not pkce_matches(code, form.get("code_verifier")):
        raise errors.verifier_mismatch()
    if tenant_id not in (code.sign_in.tenant_id, *COMMON):
        raise errors.grant_unknown()
    scope = parse_scope(cloud, form.get("scope") or code.scope)
    code.used = True
    return _user_answer(cloud, code.sign_in, scope, form)


def _refresh_token(cloud: Cloud, tenant_id: str, form: Form) -> dict[str, Any]:
    token = form.get("refresh_token") or ""
    if not token:
        raise errors.missing("refresh_token")
    family = cloud.entra.family(token)
    if family is None or tenant_id not in (family.sign_in.tenant_id, *COMMON):
        raise errors.grant_unknown()
    if family.problem == "revoked":
        raise errors.grant_revoked()
    if family.problem == "expired" or time.time() > family.expires_at:
        raise errors.refresh_token_inactive()
    if token not in family.tokens[-2:]:
        raise errors.grant_expired()
    scope = _resource_scope(cloud, form)
    _check_policies(cloud, family.sign_in, scope)
    return _user_answer(cloud, family.sign_in, scope, form, refresh=cloud.entra.rotate(family))


def _device_code(cloud: Cloud, tenant_id: str, form: Form) -> dict[str, Any]:
    code = form.get("device_code") or form.get("code") or ""
    device = cloud.entra.device(code)
    if device is None or tenant_id not in (device.tenant_id, *COMMON):
        raise errors.device_unknown()
    if time.time() > device.expires_at:
        raise errors.device_expired()
    if device.declined:
        raise errors.device_declined()
    if device.sign_in is None:
        raise errors.device_pending()
    cloud.entra.close_device(code)
    return _user_answer(cloud, device.sign_in, parse_scope(cloud, device.scope), form)


GRANTS: Mapping[str, Callable[[Cloud, str, Form], dict[str, Any]]] = {
    "client_credentials": _client_credentials,
    JWT_BEARER: _on_behalf_of,
    "authorization_code": _authorization_code,
    "refresh_token": _refresh_token,
    DEVICE_CODE: _device_code,
}


def _resource_scope(cloud: Cloud, form: Form) -> Scope:
    text = form.get("scope") or ""
    if not text:
        raise errors.missing("scope")
    return parse_scope(cloud, text)


def _check_policies(cloud: Cloud, sign_in: SignIn, scope: Scope) -> None:
    """The account; then conditional access, multi-factor authentication, consent, for the services that have data."""
    if sign_in.person.aad_object_id in cloud.world.removed:
        raise errors.account_deleted(sign_in.person.upn, sign_in.tenant_id)
    if scope.service not in ("graph", "partnercenter"):
        return
    switches, resource = cloud.faults.switches, tokens.RESOURCES[scope.service]
    if switches.conditional_access:
        raise errors.blocked_by_conditional_access()
    if switches.mfa_required and "mfa" not in sign_in.amr:
        enrolled = sign_in.person.key not in cloud.entra.unenrolled
        raise errors.mfa_needed(resource) if enrolled else errors.mfa_enrolment_needed(resource)
    asks = switches.consent_required or cloud.entra.asks_for_consent(sign_in.person)
    if asks and not cloud.entra.consented(sign_in.person, scope.service):
        raise errors.consent_missing(cloud.entra.app.app_id)


def _user_answer(cloud: Cloud, sign_in: SignIn, scope: Scope, form: Form, refresh: str | None = None) -> dict[str, Any]:
    _check_policies(cloud, sign_in, scope)
    entra, person = cloud.entra, sign_in.person
    audience = {None: "graph", OWN: entra.sso_resource}.get(scope.service, scope.service or "")
    token = tokens.issue(
        cloud,
        audience=audience,
        tenant_id=sign_in.tenant_id,
        app_id=entra.app.app_id,
        object_id=person.aad_object_id,
        scopes=scope.granted() or {"openid", "profile"},
        amr=sign_in.amr,
        lifetime=entra.access_lifetime,
        extra={"name": person.name, "upn": person.upn, "unique_name": person.upn, **_capabilities(form)},
    )
    answer = _answer(cloud, token) | {"scope": scope.as_answered()}
    if refresh or "offline_access" in scope.openid:
        answer["refresh_token"] = refresh or entra.open_family(sign_in)
    if "openid" in scope.openid:
        answer["id_token"] = _id_token(cloud, sign_in)
    if form.get("client_info") == "1":
        info = json.dumps({"uid": person.aad_object_id, "utid": sign_in.tenant_id}).encode()
        answer["client_info"] = base64.urlsafe_b64encode(info).rstrip(b"=").decode()
    return answer


def _capabilities(form: Form) -> dict[str, Any]:
    """`xms_cc` as the request's `claims` declare it.

    https://learn.microsoft.com/entra/identity-platform/claims-challenge#how-to-communicate-client-capabilities-to-microsoft-entra-id
    """
    try:
        declared = json.loads(form.get("claims") or "{}")["access_token"]["xms_cc"]["values"]
    except (ValueError, KeyError, TypeError):
        return {}
    known = [value for value in declared if isinstance(value, str) and value.lower() == "cp1"]
    return {"xms_cc": ["cp1"]} if known else {}


def _answer(cloud: Cloud, token: str) -> dict[str, Any]:
    seconds = int(cloud.entra.access_lifetime)
    return {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}


def _id_token(cloud: Cloud, sign_in: SignIn) -> str:
    """https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference"""
    now, person = int(time.time()), sign_in.person
    claims: dict[str, Any] = {
        "aud": cloud.entra.app.app_id,
        "iss": tokens.issuer_of(cloud, sign_in.tenant_id),
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "oid": person.aad_object_id,
        "sub": f"sub-{person.aad_object_id}",
        "tid": sign_in.tenant_id,
        "name": person.name,
        "preferred_username": person.upn,
        "ver": "2.0",
    }
    if sign_in.nonce:
        claims["nonce"] = sign_in.nonce
    return tokens.sign(claims, cloud.keys.entra.current)


def _with_basic(form: Form, authorization: str) -> Form:
    """Client id and secret may come as HTTP Basic (RFC 6749, 2.3.1)."""
    kind, _, value = authorization.partition(" ")
    if kind.lower() != "basic":
        return form
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as problem:
        raise errors.bad_secret(form.get("client_id", "")) from problem
    return {**form, "client_id": unquote_plus(client_id), "client_secret": unquote_plus(secret)}


def _check_credential(cloud: Cloud, tenant_id: str, form: Form) -> None:
    secret, assertion = form.get("client_secret"), form.get("client_assertion")
    if secret:
        if secret not in cloud.entra.secrets:
            raise errors.bad_secret(cloud.entra.app.app_id)
    elif assertion and form.get("client_assertion_type") == ASSERTION_TYPE:
        _check_assertion(cloud, tenant_id, assertion)
    else:
        raise errors.credential_missing()


def _check_assertion(cloud: Cloud, tenant_id: str, assertion: str) -> None:
    """A JWT signed by a registered certificate, or a managed identity's token as federated credential."""
    try:
        header = jwt.get_unverified_header(assertion)
        unverified = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError as problem:
        raise errors.bad_client_assertion("It cannot be read.") from problem
    entra = cloud.entra
    if unverified.get("aud") == EXCHANGE_AUDIENCE:
        try:
            claims = tokens.verify(cloud, assertion, (EXCHANGE_AUDIENCE,))
        except jwt.ExpiredSignatureError as problem:
            raise errors.expired_client_assertion() from problem
        except jwt.InvalidTokenError as problem:
            raise errors.no_federated_credential() from problem
        if claims.get("sub") != entra.managed_identity or claims["tid"] != entra.app.tenant_id:
            raise errors.no_federated_credential()
        return
    key = entra.certificates.get(str(header.get("x5t#S256") or header.get("x5t")).rstrip("="))
    if key is None:
        raise errors.bad_client_assertion("No certificate with that thumbprint is registered.")
    try:
        claims = jwt.decode(
            assertion,
            key,
            algorithms=["RS256", "PS256"],
            options={"verify_aud": False, "require": ["exp", "iss", "sub", "aud", "jti"]},
        )
    except jwt.ExpiredSignatureError as problem:
        raise errors.expired_client_assertion() from problem
    except jwt.InvalidTokenError as problem:
        raise errors.bad_client_assertion(str(problem)) from problem
    # msal signs for the authority's public name even where a client maps that name to this address: the path decides.
    path = urlsplit(str(claims["aud"])).path
    if not path.endswith((f"/{tenant_id}/oauth2/v2.0/token", f"/{tenant_id}/v2.0")):
        raise errors.bad_client_assertion("Its audience is not this token endpoint.")
    if not claims["iss"] == claims["sub"] == entra.app.app_id:
        raise errors.bad_client_assertion("Its issuer and subject are not the application.")
