"""Calls the address that notices our silence."""

from __future__ import annotations

from bot.errors import Transient
from bot.net.http import Hosts, Http

SECONDS = 5.0


class UrlHeartbeat:
    """ports.Heartbeat over a GET. The address may be a secret: no error shows more of it than its host."""

    def __init__(self, http: Http, url: str, *, loopback: bool) -> None:
        self._http, self._url, self._hosts = http, url, Hosts.of(url, loopback=loopback)

    async def beat(self) -> None:
        answer = await self._http.request("GET", self._url, hosts=self._hosts, timeout=SECONDS, max_body=64 * 1024)
        if answer.status >= 300:
            raise Transient("The heartbeat was not taken.", code=f"HTTP{answer.status}")
