"""The HTTP client that msal is given: ours, with our hosts and bounds, behind the authority that msal insists on.

msal takes only https authorities. Where LOGIN_URL is something else, msal is shown the public authority instead, and
the addresses are exchanged here, on the way out and in the metadata that comes back. No other host is ever asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from bot.errors import Transient
from bot.net.http import Hosts, Response, retry_after
from bot.net.sync_http import SyncHttp
from bot.ports import Clock

_PUBLIC = "https://login.microsoftonline.com"


@dataclass(frozen=True)
class MsalAnswer:
    """What msal reads of an HTTP answer."""

    status_code: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)


METADATA_SECONDS = 3600.0
_MOST_METADATA = 200
_METADATA = "/.well-known/openid-configuration"


class MsalTransport:
    """msal's `http_client`. Raises Transient for 429 and 5xx, so that Retry-After is not lost in msal.

    Remembers a tenant's metadata for an hour, since msal asks for it with each application that it builds.
    """

    def __init__(
        self, http: SyncHttp, clock: Clock, hosts: Hosts, *, login_url: str = "", timeout: float = 10.0
    ) -> None:
        self._http = http
        self._clock = clock
        self._hosts = hosts
        self._timeout = timeout
        self._real = login_url
        self._metadata: dict[str, tuple[float, MsalAnswer]] = {}
        self.authority = login_url if _msal_takes(login_url) else _PUBLIC

    def get(
        self, url: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> MsalAnswer:
        if not url.endswith(_METADATA) or params:
            return self._send("GET", url, params, headers, None)
        now = self._clock.monotonic()
        asked_at, kept = self._metadata.get(url, (0.0, None))
        if kept is not None and now < asked_at + METADATA_SECONDS:
            return kept
        answer = self._send("GET", url, params, headers, None)
        if answer.status_code == 200:
            if len(self._metadata) >= _MOST_METADATA:
                self._metadata.clear()
            self._metadata[url] = (now, answer)
        return answer

    def post(
        self,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> MsalAnswer:
        form = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
        return self._send("POST", url, params, form, urlencode(data or {}).encode())

    def close(self) -> None:
        """Nothing: the client belongs to whoever built it."""

    def real(self, url: str) -> str:
        """The address behind one that msal knows."""
        return _exchange(url, self.authority, self._real)

    def _send(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
        content: bytes | None,
    ) -> MsalAnswer:
        address = self.real(url)
        if params:
            address += f"{'&' if '?' in address else '?'}{urlencode(params)}"
        answer = self._http.request(
            method, address, hosts=self._hosts, headers=headers, content=content, timeout=self._timeout
        )
        if answer.status == 429 or answer.status >= 500:
            raise _busy(answer, self._clock.now())
        text = answer.body.decode("utf-8", "replace")
        if url.endswith(_METADATA) and answer.status == 200:
            answer.json()  # msal would take nonsense for an unknown tenant
            text = text.replace(f'"{self._real}/', f'"{self.authority}/').replace(
                f'"{_escaped(self._real)}\\/', f'"{_escaped(self.authority)}\\/'
            )
        return MsalAnswer(answer.status, text, dict(answer.headers))


def _busy(answer: Response, now: datetime) -> Transient:
    return Transient(
        f"Microsoft Entra answered {answer.status}; try again later.",
        code=str(answer.status),
        retry_after=retry_after(answer.headers, now),
    )


def _msal_takes(login_url: str) -> bool:
    parts = urlsplit(login_url)
    return parts.scheme == "https" and not parts.path.strip("/") and parts.port is None


def _exchange(url: str, old: str, new: str) -> str:
    return new + url.removeprefix(old) if new and url.startswith(f"{old}/") else url


def _escaped(url: str) -> str:
    return url.replace("/", "\\/")
