"""Tokens and sign-ins from Microsoft Entra: the only importer of msal.

msal blocks, so it runs in threads, few at a time. Its own token cache is left aside: the tokens that every request
needs come from a plain mapping here, without a thread.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msal

from bot.errors import AlertDeskError, ConfigError, Refused, Transient, UserError
from bot.microsoft.aadsts import token_error
from bot.microsoft.msal_transport import MsalTransport
from bot.net.http import Hosts
from bot.net.sync_http import SyncHttp
from bot.ports import Clock, SignedIn, SignInPage, Tokens

_EARLY = timedelta(minutes=5)
_SKEW = timedelta(minutes=5)
_THREADS = 4
_AGAIN = "Start the sign-in again from the chat."
_IDENTITY_HOST = "169.254.169.254"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SecretCredential:
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CertificateCredential:
    """A PFX file, or a PEM file with the private key and the certificate."""

    path: str
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ManagedIdentityCredential:
    """A user-assigned identity that the app registration trusts as a federated credential.
    https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity"""

    client_id: str


@dataclass(frozen=True, slots=True)
class EntraConfig:
    """`login_url` is a base without trailing slash; `timeout` in seconds for each request of msal's."""

    app_id: str
    home_tenant: str
    login_url: str
    credential: SecretCredential | CertificateCredential | ManagedIdentityCredential
    loopback: bool = False
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    expires_at: datetime


class Entra(Tokens, SignInPage):
    """The ports Tokens and SignInPage.

    Raises ConfigError where a setting is at fault, Refused (MissingMfa) where a tenant's policy or consent is, and
    Transient where Entra is away. `http` is used from threads and closed by its owner.
    """

    def __init__(self, config: EntraConfig, http: SyncHttp, clock: Clock) -> None:
        self._config = config
        self._http = http
        self._clock = clock
        self._transport = MsalTransport(
            http,
            clock,
            Hosts.of(config.login_url, loopback=config.loopback),
            login_url=config.login_url,
            timeout=config.timeout,
        )
        self._credential = self._read_credential()
        self._applications: dict[str, msal.ConfidentialClientApplication] = {}
        self._tokens: dict[tuple[str, str], _Token] = {}
        self._flights: dict[tuple[str, str], asyncio.Lock] = {}
        self._threads = asyncio.Semaphore(_THREADS)

    async def app(self, tenant_id: str, scope: str, *, fresh: bool = False) -> str:
        """See Tokens. Calls for the same token share one request."""
        key = (tenant_id, scope)
        seen = self._tokens.get(key)
        if seen is not None and not fresh and self._clock.now() < seen.expires_at - _EARLY:
            return seen.text
        async with self._flights.setdefault(key, asyncio.Lock()):
            held = self._tokens.get(key)
            if held is not None and held is not seen:
                return held.text  # another call fetched it while this one waited
            try:
                answer = await self._in_thread(lambda: self._app_answer(tenant_id, scope))
            except Transient:
                if held is not None and not fresh and self._clock.now() < held.expires_at:
                    return held.text
                raise
            token = self._token(answer, tenant_id)
            self._tokens[key] = token
            return token.text

    async def begin(self, tenant_id: str, state: str, redirect_uri: str) -> tuple[str, Mapping[str, Any]]:
        """See SignInPage. Asks for nobody's data but who they are (openid, profile).

        What is kept is of no use without the application's credential, so it is not encrypted.
        """
        flow = await self._in_thread(
            lambda: self._application(tenant_id).initiate_auth_code_flow(
                [], redirect_uri=redirect_uri, state=state, prompt="select_account", response_mode="form_post"
            )
        )
        # The answer comes back by GET, so that the browser's cookies come with it; msal warns of any other mode here.
        address = self._transport.real(flow["auth_uri"]).replace("response_mode=form_post", "response_mode=query")
        kept = {name: flow[name] for name in ("state", "redirect_uri", "scope", "code_verifier", "nonce")}
        return address, {**kept, "tenant_id": tenant_id}

    async def complete(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> SignedIn:
        """See SignInPage. The identity token's audience, issuer, tenant, expiry and nonce are checked; it came
        straight from Entra, which stands for its signature (OpenID Connect Core 3.1.3.7, 6)."""
        if answer.get("error"):
            raise UserError(f"Microsoft did not sign you in. {_AGAIN}")
        if not answer.get("code"):
            raise UserError(f"That is no answer to a sign-in. {_AGAIN}")
        tenant_id = str(flow["tenant_id"])
        came = {"code": answer["code"], "state": answer.get("state", "")}
        claims, issuer = await self._in_thread(lambda: self._redeem(tenant_id, dict(flow), came))
        return self._signed_in(claims, tenant_id, issuer)

    def _app_answer(self, tenant_id: str, scope: str) -> Mapping[str, Any]:
        application = self._application(tenant_id)
        application.remove_tokens_for_client()
        answer: Mapping[str, Any] = application.acquire_token_for_client([scope])
        return answer

    def _redeem(self, tenant_id: str, flow: dict[str, Any], came: dict[str, str]) -> tuple[Mapping[str, Any], str]:
        application = self._application(tenant_id)
        if came["state"] != flow["state"]:
            raise UserError(f"That answer belongs to another sign-in. {_AGAIN}")
        try:
            result = application.acquire_token_by_auth_code_flow(flow, came)
        except RuntimeError:  # the nonce is another
            raise UserError(f"That answer belongs to another sign-in. {_AGAIN}") from None
        if "error" in result:
            error = token_error(result, tenant_id)
            if isinstance(error, Refused):
                raise UserError(f"Microsoft did not accept the sign-in ({error.code}). {_AGAIN}", code=error.code)
            raise error
        metadata = f"{self._transport.authority}/{tenant_id}/v2.0/.well-known/openid-configuration"
        issuer = str(msal.authority.tenant_discovery(metadata, self._transport).get("issuer", ""))
        return result.get("id_token_claims") or {}, self._transport.real(issuer)

    def _signed_in(self, claims: Mapping[str, Any], tenant_id: str, issuer: str) -> SignedIn:
        expires = claims.get("exp")
        good = (
            str(claims.get("aud", "")).lower() == self._config.app_id.lower()
            and str(claims.get("tid", "")).lower() == tenant_id.lower()
            and claims.get("iss") == issuer.replace("{tenantid}", tenant_id)
            and isinstance(expires, int | float)
            and self._clock.now().timestamp() < expires + _SKEW.total_seconds()
            and isinstance(claims.get("oid"), str)
        )
        if not good:
            raise UserError(f"Microsoft's answer does not say who you are in tenant {tenant_id}. {_AGAIN}")
        return SignedIn(str(claims["oid"]).lower(), tenant_id, str(claims.get("name", "")))

    def _token(self, answer: Mapping[str, Any], tenant_id: str) -> _Token:
        text, seconds = answer.get("access_token"), answer.get("expires_in")
        if isinstance(text, str) and text and isinstance(seconds, int):
            return _Token(text, self._clock.now() + timedelta(seconds=seconds))
        raise token_error(answer, tenant_id)

    def _application(self, tenant_id: str) -> msal.ConfidentialClientApplication:
        """In a thread: the first one for a tenant asks for its metadata."""
        application = self._applications.get(tenant_id)
        if application is None:
            try:
                application = msal.ConfidentialClientApplication(
                    self._config.app_id,
                    client_credential=self._credential,
                    authority=f"{self._transport.authority}/{tenant_id}",
                    http_client=self._transport,
                    # The authority is the operator's, so there is nobody to ask whether it is one of Microsoft's.
                    instance_discovery=False,
                    azure_region=msal.ConfidentialClientApplication.DISABLE_MSAL_FORCE_REGION,
                    exclude_scopes=["offline_access"],
                )
            except ValueError as error:
                raise ConfigError(
                    f"Microsoft Entra at {self._config.login_url} does not know tenant {tenant_id}, or the "
                    "application's credential cannot be used: check APP_TENANT_ID, PARTNERS, LOGIN_URL and APP_*."
                ) from error
            self._applications[tenant_id] = application
        return application

    async def _in_thread(self, work: Callable[[], T]) -> T:
        async with self._threads:
            try:
                return await asyncio.to_thread(work)
            except AlertDeskError:
                raise
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise Transient("Microsoft Entra answered nonsense.", code=type(error).__name__) from error

    def _read_credential(self) -> str | dict[str, Any]:
        match self._config.credential:
            case SecretCredential(secret):
                return secret
            case CertificateCredential(path, password):
                return _certificate(path, password)
            case ManagedIdentityCredential(client_id):
                return {"client_assertion": self._identity_assertion(client_id)}

    def _identity_assertion(self, client_id: str) -> Callable[[], str]:
        """Asks the machine's metadata address who it is; msal calls this whenever it needs an assertion."""
        endpoint = os.environ.get("IDENTITY_ENDPOINT", f"http://{_IDENTITY_HOST}")
        hosts = Hosts((), metadata=(urlsplit(endpoint).hostname or _IDENTITY_HOST,))
        transport = MsalTransport(self._http, self._clock, hosts, timeout=self._config.timeout)
        client = msal.ManagedIdentityClient(
            msal.UserAssignedManagedIdentity(client_id=client_id), http_client=transport
        )

        def assertion() -> str:
            answer = client.acquire_token_for_client(resource="api://AzureADTokenExchange")
            if "access_token" not in answer:
                raise ConfigError(
                    "The managed identity of ALERTDESK_APP_MANAGED_IDENTITY_CLIENT_ID gave no token: check that it is "
                    "assigned to this machine or container."
                )
            return str(answer["access_token"])

        return assertion


def _certificate(path: str, password: str) -> dict[str, Any]:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"ALERTDESK_APP_CERTIFICATE_PATH cannot be read: {error.strerror}.") from error
    if not content.lstrip().startswith(b"-----BEGIN"):
        return {"private_key_pfx_path": path, "passphrase": password}
    text = content.decode("ascii", "replace")
    return {"private_key": text, "public_certificate": text, "passphrase": password}
