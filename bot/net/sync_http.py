"""The blocking twin of `Http`, for libraries that insist on calling from a thread (msal). Same hosts, same bounds."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from bot.net.contacts import Contacts
from bot.net.http import (
    FAILURES,
    MAX_BODY,
    Hosts,
    Response,
    check_host,
    check_size,
    failure,
    limits,
    lower,
    no_cookies,
    told,
)
from bot.ports import Clock


class SyncHttp:
    """A pooled client that several threads may use at once. Never call it on the event loop."""

    def __init__(
        self,
        clock: Clock,
        *,
        loopback: bool = False,
        transport: httpx.BaseTransport | None = None,
        contacts: Contacts | None = None,
    ) -> None:
        self._clock = clock
        self._contacts = contacts or Contacts(clock)
        self._loopback = loopback
        self._client = httpx.Client(
            transport=transport, trust_env=not loopback, follow_redirects=False, cookies=no_cookies()
        )

    def request(
        self,
        method: str,
        url: str,
        *,
        hosts: Hosts,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        timeout: float = 10.0,
        max_body: int = MAX_BODY,
    ) -> Response:
        """Send one request, once, and give back its answer whatever its status. Raises as `Http.request` does."""
        check_host(hosts, url, loopback=self._loopback)
        give_up = self._clock.monotonic() + timeout
        try:
            with self._client.stream(
                method, url, headers=dict(headers or {}), content=content, timeout=limits(timeout)
            ) as answer:
                body = bytearray()
                for chunk in answer.iter_bytes():
                    body += chunk
                    check_size(len(body), max_body, method, url)
                    if self._clock.monotonic() > give_up:
                        raise TimeoutError
        except FAILURES as error:
            ours = failure(error, method, url)
            self._contacts.note(hosts.name, ours.message)
            raise ours from error
        self._contacts.note(hosts.name, told(answer.status_code))
        return Response(answer.status_code, lower(answer.headers), bytes(body))

    def close(self) -> None:
        self._client.close()
