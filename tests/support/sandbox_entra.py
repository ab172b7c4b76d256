"""What a client of the sandbox's Entra needs in tests: msal's http client, a sign-in, the token endpoint."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import httpx
import jwt

from bot.sandbox.cloud import Cloud

PUBLIC = "https://login.microsoftonline.com"
REDIRECT = "http://127.0.0.1:3978/auth/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Mapped:
    """The http client that msal needs: the public authority's name leads to the sandbox, in requests and metadata."""

    def __init__(self, login_url: str) -> None:
        self._login_url = login_url

    def get(self, url: str, **kwargs: Any) -> Any:
        return self._ask("GET", url, **kwargs)

    def post(self, url: str, **kwargs: Any) -> Any:
        return self._ask("POST", url, **kwargs)

    def close(self) -> None:
        """msal asks for this method; there is nothing open."""

    def _ask(self, method: str, url: str, **kwargs: Any) -> Any:
        kept = {name: value for name, value in kwargs.items() if name in ("params", "data", "headers") and value}
        if "data" in kept:  # msal gives a client assertion as bytes, which httpx would write as b'…'
            kept["data"] = {k: v.decode() if isinstance(v, bytes) else v for k, v in kept["data"].items()}
        answer = httpx.request(method, url.replace(PUBLIC, self._login_url), timeout=10, **kept)
        text = answer.text.replace(self._login_url, PUBLIC) if "openid-configuration" in url else answer.text
        return httpx.Response(
            answer.status_code, headers={"content-type": "application/json"}, text=text, request=answer.request
        )


async def sign_in(
    cloud: Cloud, http: aiohttp.ClientSession, person: str = "ada", status: int = 302, **more: str
) -> dict[str, str]:
    """Goes through authorize as `person`; the query that came back to the redirect URI."""
    query = {
        "client_id": cloud.world.app.app_id,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "openid profile offline_access https://graph.microsoft.com/.default",
        "state": "s1",
        "nonce": "n1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "sandbox_person": person,
        **more,
    }
    tenant = cloud.world.people[person].directory
    address = f"{cloud.base_url}/entra/{tenant}/oauth2/v2.0/authorize"
    async with http.get(address, params=query, allow_redirects=False) as answer:
        assert answer.status == status
        return {
            name: values[0] for name, values in parse_qs(urlsplit(answer.headers.get("Location", "")).query).items()
        }


async def token(
    cloud: Cloud, http: aiohttp.ClientSession, tenant: str | None = None, **form: str
) -> tuple[int, dict[str, Any]]:
    app = cloud.world.app
    sent = {"client_id": app.app_id, "client_secret": app.secret, **form}
    address = f"{cloud.base_url}/entra/{tenant or app.tenant_id}/oauth2/v2.0/token"
    async with http.post(address, data=sent) as answer:
        return answer.status, await answer.json()


def claims_of(text: str) -> dict[str, Any]:
    return jwt.decode(text, options={"verify_signature": False})


def redeem(code: str, **more: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        "scope": "openid profile offline_access https://graph.microsoft.com/.default",
        **more,
    }
