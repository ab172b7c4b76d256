"""The application's own tokens, and sign-ins that only say who somebody is, from Microsoft Entra.

msal's token cache is left aside: the tokens that every request needs come from a plain mapping here, without a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msal

from bot.errors import Refused, Transient, UserError
from bot.microsoft.aadsts import token_error
from bot.microsoft.msal_apps import (
    CertificateCredential,
    EntraConfig,
    ManagedIdentityCredential,
    MsalApps,
    SecretCredential,
)
from bot.net.sync_http import SyncHttp
from bot.ports import Clock, SignedIn, SignInPage, Tokens
from bot.texts import tokens as texts

__all__ = ["CertificateCredential", "Entra", "EntraConfig", "ManagedIdentityCredential", "SecretCredential"]

_EARLY = timedelta(minutes=5)
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    expires_at: datetime


class Entra(Tokens, SignInPage):
    """The ports Tokens and SignInPage.

    Raises ConfigError where a setting is at fault, Refused (MissingMfa) where a tenant's policy or consent is, and
    Transient where Entra is away. `http` is used from threads and closed by its owner.
    """

    def __init__(self, config: EntraConfig, http: SyncHttp, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self.apps = MsalApps(config, http, clock)
        self._applications: dict[str, msal.ConfidentialClientApplication] = {}
        self._tokens: dict[tuple[str, str], _Token] = {}
        self._flights: dict[tuple[str, str], asyncio.Lock] = {}

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
                answer = await self.apps.in_thread(lambda: self._app_answer(tenant_id, scope))
            except Transient:
                if held is not None and not fresh and self._clock.now() < held.expires_at:
                    return held.text
                raise
            token = self._token(answer, tenant_id)
            self._tokens[key] = token
            return token.text

    async def begin(self, tenant_id: str, state: str, redirect_uri: str) -> tuple[str, Mapping[str, Any]]:
        """See SignInPage. Asks for nobody's data but who they are (openid, profile)."""
        address, kept = await self.apps.in_thread(
            lambda: self.apps.begin_code_flow(
                self._application(tenant_id), [], redirect_uri=redirect_uri, state=state, prompt="select_account"
            )
        )
        return address, {**kept, "tenant_id": tenant_id}

    async def complete(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> SignedIn:
        """See SignInPage. The identity token's audience, issuer, tenant, expiry and nonce are checked; it came
        straight from Entra, which stands for its signature (OpenID Connect Core 3.1.3.7, 6)."""
        tenant_id = str(flow["tenant_id"])
        claims, issuer = await self.apps.in_thread(lambda: self._redeem(tenant_id, flow, answer))
        return self._signed_in(claims, tenant_id, issuer)

    def _app_answer(self, tenant_id: str, scope: str) -> Mapping[str, Any]:
        application = self._application(tenant_id)
        application.remove_tokens_for_client()
        answer: Mapping[str, Any] = application.acquire_token_for_client([scope])
        return answer

    def _redeem(
        self, tenant_id: str, flow: Mapping[str, Any], answer: Mapping[str, str]
    ) -> tuple[Mapping[str, Any], str]:
        result = self.apps.finish_code_flow(self._application(tenant_id), flow, answer)
        if "error" in result:
            error = token_error(result, tenant_id)
            if isinstance(error, Refused):
                raise UserError(texts.not_accepted(error.code), code=error.code)
            raise error
        metadata = f"{self.apps.transport.authority}/{tenant_id}/v2.0/.well-known/openid-configuration"
        issuer = str(msal.authority.tenant_discovery(metadata, self.apps.transport).get("issuer", ""))
        return result.get("id_token_claims") or {}, self.apps.transport.real(issuer)

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
            raise UserError(f"Microsoft's answer does not say who you are in tenant {tenant_id}. {texts.AGAIN}")
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
            application = self._applications[tenant_id] = self.apps.for_itself(tenant_id)
        return application
