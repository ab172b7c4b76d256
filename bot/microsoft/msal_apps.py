"""msal's applications, as everything here uses them: our HTTP client, our credential, in threads, few at a time.

The only importers of msal are this package's modules about Entra. An application that holds a person's tokens is built
anew for each use, with that person's token cache alone in it: then nothing of one person can reach another, and msal's
own memory of refusals, which lasts a minute, does not outlive the refusal.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msal

from bot.errors import AlertDeskError, ConfigError, Transient, UserError
from bot.microsoft.aadsts import page_code
from bot.microsoft.msal_transport import MsalTransport
from bot.net.http import Hosts
from bot.net.sync_http import SyncHttp
from bot.ports import Clock
from bot.texts import tokens as texts

# At DEBUG it logs what it sends, and at ERROR the text of an answer that it cannot read; tokens can stand in both.
logging.getLogger("msal").setLevel(logging.CRITICAL)

_THREADS = 4
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


class MsalApps:
    """Builds them. `http` is used from threads and closed by its owner."""

    def __init__(self, config: EntraConfig, http: SyncHttp, clock: Clock) -> None:
        self.config = config
        self._http = http
        self._clock = clock
        self.transport = MsalTransport(
            http,
            clock,
            Hosts.of(config.login_url, loopback=config.loopback, name="entra"),
            login_url=config.login_url,
            timeout=config.timeout,
        )
        self._credential = self._read_credential()
        # Of its own: a thread whose caller gave up works on, and must take none from those who look up addresses.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="entra")

    def for_itself(self, tenant_id: str) -> msal.ConfidentialClientApplication:
        """The application as itself in a tenant. Call it in a thread: it may ask for the tenant's metadata."""
        return self._build(tenant_id, exclude_scopes=["offline_access"])

    def for_person(
        self, tenant_id: str, cache: msal.SerializableTokenCache | None = None
    ) -> msal.ConfidentialClientApplication:
        """The application with one person's tokens; says that it understands claims challenges (CP1), so that
        Microsoft can end a token at once. Call it in a thread.
        https://learn.microsoft.com/entra/identity-platform/claims-challenge"""
        return self._build(tenant_id, token_cache=cache or msal.SerializableTokenCache(), client_capabilities=["CP1"])

    def begin_code_flow(
        self, application: msal.ConfidentialClientApplication, scopes: list[str], **more: Any
    ) -> tuple[str, dict[str, Any]]:
        """(the sign-in page's address, what must be kept until the browser comes back). In a thread.

        What is kept is of no use without the application's credential, so it need not be encrypted.
        """
        flow = application.initiate_auth_code_flow(scopes, response_mode="form_post", **more)
        # The answer comes back by GET, so that the browser's cookies come with it; msal warns of any other mode here.
        address = self.transport.real(flow["auth_uri"]).replace("response_mode=form_post", "response_mode=query")
        names = ("state", "redirect_uri", "scope", "code_verifier", "nonce", "claims_challenge")
        return address, {name: flow[name] for name in names if flow.get(name) is not None}

    def finish_code_flow(
        self, application: msal.ConfidentialClientApplication, flow: Mapping[str, Any], answer: Mapping[str, str]
    ) -> dict[str, Any]:
        """msal's result, which may be Entra's refusal. In a thread. UserError where the answer fits no such flow."""
        if answer.get("error") or not answer.get("code"):
            raise UserError(texts.DECLINED, code=page_code(answer))
        came = {"code": answer["code"], "state": answer.get("state", "")}
        if came["state"] != flow["state"]:
            raise UserError(texts.STALE)
        try:
            result: dict[str, Any] = application.acquire_token_by_auth_code_flow(dict(flow), came)
        except RuntimeError:  # the nonce is another
            raise UserError(texts.STALE) from None
        return result

    async def in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, work)
        except Transient as trouble:
            # A token that was not had changed nothing: whatever it was for was not sent.
            raise Transient(trouble.message, code=trouble.code, retry_after=trouble.retry_after) from trouble
        except AlertDeskError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # Without the cause: its words are the answer's, and an answer can hold tokens.
            raise Transient("Microsoft Entra answered nonsense.", code=type(error).__name__) from None

    def _build(self, tenant_id: str, **more: Any) -> msal.ConfidentialClientApplication:
        try:
            return msal.ConfidentialClientApplication(
                self.config.app_id,
                client_credential=self._credential,
                authority=f"{self.transport.authority}/{tenant_id}",
                http_client=self.transport,
                # The authority is the operator's, so there is nobody to ask whether it is one of Microsoft's.
                instance_discovery=False,
                azure_region=msal.ConfidentialClientApplication.DISABLE_MSAL_FORCE_REGION,
                **more,
            )
        except ValueError as error:
            raise ConfigError(
                f"Microsoft Entra at {self.config.login_url} does not know tenant {tenant_id}, or the "
                "application's credential cannot be used: check APP_TENANT_ID, PARTNERS, LOGIN_URL and APP_*."
            ) from error

    def _read_credential(self) -> str | dict[str, Any]:
        match self.config.credential:
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
        transport = MsalTransport(self._http, self._clock, hosts, timeout=self.config.timeout)
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
