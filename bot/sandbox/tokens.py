"""Access tokens of the sandbox: how they are issued and how a service checks the one it is given.

Real RS256 JSON Web Tokens. Their times are those of the real clock even where the cloud's clock is frozen, since the
bot compares them with its own. https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jwt
from aiohttp import web

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud
    from bot.sandbox.keys import SigningKey

LIFETIME = 3600.0
ISSUE = "sandbox_issue"
"""A claim of this sandbox alone; see EntraState.next_issue."""
RESOURCES: Mapping[str, str] = {
    "graph": "https://graph.microsoft.com",
    "partnercenter": "https://api.partnercenter.microsoft.com",
    "connector": "https://api.botframework.com",
}


@dataclass(frozen=True)
class Claims:
    """What a checked token says. `expires_at` is seconds since 1970; `object_id` is None for an application's token.

    `takes_challenges`: the client said that it handles claims challenges (`xms_cc`), so that its tokens are subject to
    continuous access evaluation. `issue` is the number of the token.
    """

    tenant_id: str
    app_id: str
    object_id: str | None
    scopes: frozenset[str]
    roles: frozenset[str]
    amr: tuple[str, ...]
    is_app: bool
    expires_at: float
    issue: int
    takes_challenges: bool


@dataclass(eq=False)
class TokenProblem(Exception):
    """Why a token is refused: `status` 401 or 403, Graph's error `code`, and a message for people."""

    status: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"


def resource_of(cloud: Cloud, identifier: str) -> str | None:
    """The service (`graph`, `partnercenter`, `connector`) that a resource identifier in any spelling names, or None."""
    for service in RESOURCES:
        if identifier == service or identifier in cloud.audiences(service):
            return service
    return None


def issuer_of(cloud: Cloud, tenant_id: str) -> str:
    """The `iss` of tokens of that tenant; the same as in its OpenID metadata."""
    return f"{cloud.base_url}/entra/{tenant_id}/v2.0"


def sign(claims: Mapping[str, Any], key: SigningKey) -> str:
    """These claims as a token, signed by `key`."""
    return jwt.encode(dict(claims), key.private, algorithm="RS256", headers={"kid": key.kid, "x5t": key.kid})


def issue(
    cloud: Cloud,
    *,
    audience: str,
    tenant_id: str,
    app_id: str,
    object_id: str | None = None,
    scopes: Iterable[str] = (),
    roles: Iterable[str] = (),
    amr: Iterable[str] = (),
    lifetime: float = LIFETIME,
    extra: Mapping[str, Any] | None = None,
) -> str:
    """An access token for `audience` (a service name or any identifier). Without `object_id` it is the application's.

    `lifetime` is seconds from now and may be negative: an expired token. `extra` adds or replaces claims.
    """
    service = resource_of(cloud, audience)
    now = int(time.time())
    claims: dict[str, Any] = {
        "aud": RESOURCES[service] if service else audience,
        "iss": issuer_of(cloud, tenant_id),
        "iat": min(now, int(now + lifetime)),
        "nbf": min(now, int(now + lifetime)),
        "exp": int(now + lifetime),
        "tid": tenant_id,
        "appid": app_id,
        "azp": app_id,
        "ver": "1.0",
        "uti": uuid4().hex[:22],
        ISSUE: cloud.entra.next_issue(),
    }
    if object_id is None:
        claims |= {"idtyp": "app", "oid": cloud.entra.service_principal(tenant_id), "roles": sorted(roles)}
    else:
        claims |= {"idtyp": "user", "oid": object_id, "scp": " ".join(sorted(scopes)), "amr": list(amr)}
    claims["sub"] = claims["oid"]
    return sign({**claims, **(extra or {})}, cloud.keys.entra.current)


def verify(cloud: Cloud, token: str, audiences: Iterable[str]) -> dict[str, Any]:
    """The claims of a token of this Entra for one of `audiences`. Raises jwt.InvalidTokenError."""
    kid = jwt.get_unverified_header(token).get("kid")
    key = next((entry for entry in cloud.keys.entra.keys if entry.kid == kid), None)
    if key is None:
        raise jwt.InvalidSignatureError(f"no key {kid}")
    claims: dict[str, Any] = jwt.decode(
        token,
        key.private.public_key(),
        algorithms=["RS256"],
        audience=list(audiences),
        options={"require": ["exp", "iss", "aud", "tid"]},
    )
    tenant = str(claims["tid"])
    if tenant not in cloud.entra.tenants or claims["iss"] != issuer_of(cloud, tenant):
        raise jwt.InvalidIssuerError("the token was issued elsewhere")
    return claims


def check_bearer(cloud: Cloud, request: web.Request, *, audience: str | Iterable[str]) -> Claims:
    """The claims of the request's bearer token: signature, issuer, tenant, expiry and audience are checked.

    `audience` is a service name or any spelling of a resource; spellings of one resource are equal. Scopes and roles
    are the caller's to look at. Raises TokenProblem (401) with the codes and words of Microsoft Graph.
    """
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise TokenProblem(401, "InvalidAuthenticationToken", "Access token is empty.")
    accepted: set[str] = set()
    for wanted in [audience] if isinstance(audience, str) else audience:
        service = resource_of(cloud, wanted)
        accepted |= cloud.audiences(service) if service else {wanted}
    try:
        claims = verify(cloud, token.strip(), accepted)
    except jwt.ExpiredSignatureError:
        message = "Lifetime validation failed, the token is expired."
    except jwt.InvalidAudienceError:
        message = "Access token validation failure. Invalid audience."
    except jwt.InvalidIssuerError:
        message = "Access token validation failure. Invalid issuer."
    except jwt.InvalidSignatureError:
        message = "Access token validation failure. Signature is invalid."
    except jwt.InvalidTokenError:
        message = "CompactToken parsing failed with error code: 80049217"
    else:
        is_app = claims.get("idtyp") == "app"
        return Claims(
            tenant_id=claims["tid"],
            app_id=claims.get("appid", ""),
            object_id=None if is_app else claims.get("oid"),
            scopes=frozenset(str(claims.get("scp", "")).split()),
            roles=frozenset(claims.get("roles", ())),
            amr=tuple(claims.get("amr", ())),
            is_app=is_app,
            expires_at=float(claims["exp"]),
            issue=int(claims.get(ISSUE, 0)),
            takes_challenges="cp1" in claims.get("xms_cc", ()),
        )
    raise TokenProblem(401, "InvalidAuthenticationToken", message)
