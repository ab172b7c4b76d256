"""Entra of the sandbox over HTTP: OpenID metadata, instance discovery, keys, token endpoint, managed identity.

https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from bot.sandbox import entra_errors as errors
from bot.sandbox import entra_signin, tokens
from bot.sandbox.entra_errors import EntraError
from bot.sandbox.entra_grants import COMMON, EXCHANGE_AUDIENCE, grant

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud

KNOWN_HOSTS = ("login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "login.microsoftonline.us")
Handler = Callable[["Cloud", web.Request], Awaitable[web.StreamResponse]]


def routes(cloud: Cloud) -> list[web.RouteDef]:
    """Everything below B/entra, and `POST /control/certificates` {pem}, which registers a certificate of the bot."""

    def bind(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            tenant = request.match_info.get("tenant", "common")
            if tenant not in COMMON and tenant not in cloud.entra.tenants:
                return errors.tenant_not_found(tenant).response(request)
            return await handler(cloud, request)

        return answer

    return [
        web.get("/entra/common/discovery/instance", bind(_instance)),
        web.get("/entra/devicelogin", bind(entra_signin.device_page)),
        web.post("/entra/devicelogin", bind(entra_signin.device_page)),
        web.get("/entra/msi/token", bind(_managed_identity)),
        web.get("/entra/{tenant}/v2.0/.well-known/openid-configuration", bind(_metadata)),
        web.get("/entra/{tenant}/discovery/v2.0/keys", bind(_keys)),
        web.get("/entra/{tenant}/oauth2/v2.0/authorize", bind(entra_signin.authorize)),
        web.post("/entra/{tenant}/oauth2/v2.0/authorize", bind(entra_signin.authorize)),
        web.post("/entra/{tenant}/oauth2/v2.0/token", bind(_token)),
        web.post("/entra/{tenant}/oauth2/v2.0/devicecode", bind(entra_signin.device_code)),
        web.get("/entra/{tenant}/oauth2/v2.0/logout", bind(entra_signin.logout)),
        web.post("/control/certificates", bind(_register_certificate)),
    ]


async def _metadata(cloud: Cloud, request: web.Request) -> web.Response:
    tenant = request.match_info["tenant"]
    base = f"{cloud.base_url}/entra/{tenant}"
    return web.json_response(
        {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": tokens.issuer_of(cloud, "{tenantid}" if tenant in COMMON else tenant),
            "request_uri_parameter_supported": False,
            "userinfo_endpoint": f"{cloud.base_url}/graph/oidc/userinfo",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "http_logout_supported": True,
            "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
            "claims_supported": [
                "sub",
                "iss",
                "aud",
                "exp",
                "iat",
                "nonce",
                "preferred_username",
                "name",
                "tid",
                "oid",
            ],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "msgraph_host": "graph.microsoft.com",
        }
    )


async def _instance(cloud: Cloud, request: web.Request) -> web.Response:
    """Says whether an authority host is one of Microsoft's; here also where this sandbox itself is."""
    asked = request.query.get("authorization_endpoint", "")
    host = urlsplit(asked).netloc
    if host not in KNOWN_HOSTS and host != urlsplit(cloud.base_url).netloc:
        problem = EntraError("invalid_instance", 50049, "Unknown or invalid instance.")
        return problem.response(request)
    return web.json_response(
        {
            "tenant_discovery_endpoint": asked.removesuffix("/oauth2/v2.0/authorize")
            + "/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [
                {"preferred_network": name, "preferred_cache": name, "aliases": [name]} for name in (*KNOWN_HOSTS, host)
            ],
        }
    )


async def _keys(cloud: Cloud, request: web.Request) -> web.Response:
    issuer = tokens.issuer_of(
        cloud, "{tenantid}" if request.match_info["tenant"] in COMMON else request.match_info["tenant"]
    )
    return web.json_response({"keys": [key.jwk(issuer=issuer) for key in cloud.keys.entra.keys]})


async def _token(cloud: Cloud, request: web.Request) -> web.Response:
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    try:
        answer = grant(cloud, request.match_info["tenant"], form, request.headers.get("Authorization", ""))
    except EntraError as problem:
        return problem.response(request)
    return web.json_response(answer, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


async def _managed_identity(cloud: Cloud, request: web.Request) -> web.Response:
    """The App Service managed identity endpoint (IDENTITY_ENDPOINT = B/entra/msi/token); for workload federation.

    https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
    """
    if request.headers.get("X-IDENTITY-HEADER") != cloud.entra.identity_header:
        return web.json_response({"statusCode": 401, "message": "The identity header is missing or wrong."}, status=401)
    resource = request.query.get("resource", "")
    if resource != EXCHANGE_AUDIENCE:
        return web.json_response({"statusCode": 400, "message": f"No such resource: {resource}"}, status=400)
    token = tokens.issue(
        cloud,
        audience=EXCHANGE_AUDIENCE,
        tenant_id=cloud.entra.app.tenant_id,
        app_id=request.query.get("client_id", ""),
        extra={"sub": cloud.entra.managed_identity, "oid": cloud.entra.managed_identity},
    )
    claims = tokens.verify(cloud, token, (EXCHANGE_AUDIENCE,))
    return web.json_response(
        {
            "access_token": token,
            "expires_on": str(claims["exp"]),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": request.query.get("client_id", ""),
        }
    )


async def _register_certificate(cloud: Cloud, request: web.Request) -> web.Response:
    try:
        body = await request.json()
        thumbprint = cloud.entra.add_certificate(str(body["pem"]).encode())
    except (ValueError, KeyError, TypeError) as problem:
        return web.json_response({"error": {"code": "BadRequest", "message": f"no certificate: {problem}"}}, status=400)
    return web.json_response({"thumbprint": thumbprint}, status=201)
