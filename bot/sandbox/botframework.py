"""The Bot Framework side of the sandbox: the keys that bots check tokens with, and the delivery of signed activities.

https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from bot.sandbox import tokens
from bot.sandbox.keys import KeyRing

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud

ISSUER = "https://api.botframework.com"
LIFETIME = 3600
FLAWS = ("expired", "audience", "issuer", "serviceurl", "unknown_kid", "signature", "endorsement", "early", "garbage")
MAX_ANSWER = 4 * 1024 * 1024


@dataclass(frozen=True)
class Delivery:
    """What the bot answered: HTTP status and body (JSON or text). 504 and 502 stand for no answer and no connection."""

    status: int
    body: Any = None

    @property
    def failed(self) -> bool:
        return self.status in (502, 504)


def routes(cloud: Cloud) -> list[web.RouteDef]:
    async def metadata(_: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": ISSUER,
                "authorization_endpoint": "https://invalid.botframework.com",
                "jwks_uri": f"{cloud.base_url}/botframework/v1/.well-known/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            }
        )

    async def keys(_: web.Request) -> web.Response:
        published = [key.jwk(endorsements=["msteams"]) for key in cloud.keys.bot_framework.keys]
        published.append(_web_chat_keys().current.jwk(endorsements=["webchat"]))
        return web.json_response({"keys": published})

    return [
        web.get("/botframework/v1/.well-known/openidconfiguration", metadata),
        web.get("/botframework/v1/.well-known/keys", keys),
    ]


def sign_activity(cloud: Cloud, service_url: str, flaw: str | None = None) -> str:
    """A token for an activity of that serviceUrl; `flaw` (one of FLAWS) damages it in one way."""
    if flaw == "garbage":
        return "not.a.token"
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": cloud.world.app.app_id,
        "nbf": now - 60,
        "exp": now + LIFETIME,
        "serviceurl": service_url,
    }
    key = cloud.keys.bot_framework.current
    if flaw == "expired":
        claims |= {"nbf": now - 2 * LIFETIME, "exp": now - LIFETIME}
    elif flaw == "early":
        claims |= {"nbf": now + LIFETIME, "exp": now + 2 * LIFETIME}
    elif flaw == "audience":
        claims["aud"] = "00000000-0000-0000-0000-000000000000"
    elif flaw == "issuer":
        claims["iss"] = "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/"
    elif flaw == "serviceurl":
        claims["serviceurl"] = "https://smba.trafficmanager.net/elsewhere/"
    elif flaw == "unknown_kid":
        key = cloud.keys.bot_framework.unpublished()
    elif flaw == "endorsement":
        key = _web_chat_keys().current
    token = tokens.sign(claims, key)
    if flaw == "signature":
        head, body, signature = token.split(".")
        token = f"{head}.{body}.{'A' * 8 if signature[:8] != 'A' * 8 else 'B' * 8}{signature[8:]}"
    return token


async def deliver(
    cloud: Cloud, activity: Mapping[str, Any], *, flaw: str | None = None, sign: bool = True, redeliver: bool = True
) -> Delivery:
    """Send the activity to the bot. Where no answer comes it is sent once more, with the same id, as Teams does."""
    answer = await _send(cloud, activity, flaw, sign)
    if answer.failed and redeliver and cloud.faults.switches.redeliver:
        cloud.spawn(_redeliver(cloud, activity, flaw, sign))
    return answer


async def _redeliver(cloud: Cloud, activity: Mapping[str, Any], flaw: str | None, sign: bool) -> None:
    await asyncio.sleep(cloud.teams.redeliver_seconds)
    await _send(cloud, activity, flaw, sign)


async def _send(cloud: Cloud, activity: Mapping[str, Any], flaw: str | None, sign: bool) -> Delivery:
    service_url = activity.get("serviceUrl")
    headers = {}
    if sign:
        token = sign_activity(cloud, service_url if isinstance(service_url, str) else cloud.base_url, flaw)
        headers["Authorization"] = f"Bearer {token}"
    try:
        async with cloud.http.post(
            f"{cloud.bot_url}/api/messages",
            json=activity,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=cloud.teams.delivery_seconds),
        ) as response:
            raw = (await response.read())[:MAX_ANSWER]
            delivery = Delivery(response.status, _parsed(raw))
    except TimeoutError:
        delivery = Delivery(504, "the bot did not answer in time")
    except aiohttp.ClientError as problem:
        delivery = Delivery(502, f"the bot cannot be reached: {problem}")
    cloud.log.add(
        time=cloud.now().timestamp(),
        service="bot",
        method="POST",
        path="/api/messages",
        status=delivery.status,
        headers={},
        body=dict(activity),
        response=delivery.body,
    )
    return delivery


def _parsed(raw: bytes) -> Any:
    """JSON where it is JSON, else text; None for nothing."""
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode(errors="replace")


@cache
def _web_chat_keys() -> KeyRing:
    """A published key that is not endorsed for Teams."""
    return KeyRing("webchat")
