"""POST /webhooks/partner-center/{partnerTenantId}: Partner Center says that something happened.

Cheap first, dear last: an unknown tenant, a body that is too large or headers that are wrong cost no look-up; only what
is signed reaches the store, once. The answer does not wait for what the event causes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from bot.domain.webhooks import PATH, Event, Forged, Forgery, read_event
from bot.errors import Transient, UserError
from bot.ports import Environment
from bot.telemetry import metrics
from bot.telemetry.log import get_logger
from bot.web.answers import error

MOST_BYTES = 64 * 1024
READ_SECONDS = 10.0
"""How long a delivery may take to come in."""
MOST_AT_ONCE = 8
"""Signatures that are checked at the same time, those included whose certificate is waited for."""
_BUSY_SECONDS = 60
_STATUS: Mapping[Forgery, int] = {
    Forgery.HEADERS: 401,
    Forgery.ALGORITHM: 400,
    Forgery.ADDRESS: 400,
    Forgery.CERTIFICATE: 403,
    Forgery.UNTRUSTED: 403,
    Forgery.VALIDITY: 403,
    Forgery.ORGANIZATION: 403,
    Forgery.SIGNATURE: 401,
}

log = get_logger("webhook")

Verify = Callable[[Mapping[str, str], bytes], Awaitable[None]]
Take = Callable[[str, Event], Awaitable[bool]]


class Webhooks:
    """`verify` raises Forged where Partner Center did not sign the body, Transient where that cannot be told now.
    `take` records a partner's event and wakes up who reads; False for one that was recorded before."""

    def __init__(self, env: Environment, verify: Verify, take: Take) -> None:
        self._env, self._verify, self._take = env, verify, take
        self._checking = 0

    def routes(self) -> list[web.RouteDef]:
        return [web.post(f"{PATH}{{partner}}", self.receive)]

    async def receive(self, request: web.Request) -> web.Response:
        partner = request.match_info["partner"].lower()
        if partner not in self._env.partners:
            return _refused(404, "unknown_partner", "No such partner here.")
        try:
            async with asyncio.timeout(READ_SECONDS):
                body = await _bounded(request)
        except TimeoutError:
            return _refused(408, "too_slow", "The body did not come in time.")
        if body is None:
            return _refused(413, "too_large", f"The body is over {MOST_BYTES} bytes.")
        if self._checking >= MOST_AT_ONCE:
            return _busy()
        self._checking += 1
        try:
            await self._verify(request.headers, body)
            event = read_event(body)
        except Forged as forged:
            log.warning("webhook_refused", partner=partner, why=forged.code, peer=request.remote)
            return _refused(_STATUS[forged.why], forged.code, forged.message)
        except UserError as problem:
            log.warning("webhook_refused", partner=partner, why="body", peer=request.remote)
            return _refused(400, "body", problem.message)
        except Transient as trouble:
            if trouble.code == "busy":
                return _busy()
            metrics.WEBHOOKS.labels(end="not_checked").inc()
            raise
        finally:
            self._checking -= 1
        return await self._believed(partner, event)

    async def _believed(self, partner: str, event: Event) -> web.Response:
        if not event.is_timely(self._env.clock.now()):
            return _taken("ignored", partner, event)
        return _taken("accepted" if await self._take(partner, event) else "repeated", partner, event)


def _taken(end: str, partner: str, event: Event) -> web.Response:
    metrics.WEBHOOKS.labels(end=end).inc()
    log.info(
        "webhook_taken",
        end=end,
        partner=partner,
        webhook_event=event.name,
        subscription=event.subscription_id,
        status=event.status,
    )
    return web.json_response({"status": end})


def _refused(status: int, why: str, message: str) -> web.Response:
    """`why` is one of a fixed set. The body is not logged."""
    metrics.WEBHOOKS.labels(end=why).inc()
    return error(status, why, message)


def _busy() -> web.Response:
    metrics.WEBHOOKS.labels(end="busy").inc()
    return error(429, "busy", "Too many deliveries are checked already.", {"Retry-After": str(_BUSY_SECONDS)})


async def _bounded(request: web.Request) -> bytes | None:
    """The body, or None as soon as it is known to be too large."""
    if request.content_length is not None and request.content_length > MOST_BYTES:
        return None
    content = bytearray()
    async for part in request.content.iter_chunked(MOST_BYTES):
        content += part
        if len(content) > MOST_BYTES:
            return None
    return bytes(content)
