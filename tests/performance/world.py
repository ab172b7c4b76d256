"""The made-up world of the benchmarks: ids, a Bot Framework that signs, and the activities that Teams would send."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.performance.load import request

APP_ID = "b0700000-0000-4000-8000-0000000000b0"
BOT = f"28:{APP_ID}"
ISSUER = "https://api.botframework.com"
PARTNER = "7e000000-0000-4000-8000-000000000001"
GROUP = "7e000000-0000-4000-8000-0000000000aa"
CHANNEL = "19:alerts@thread.tacv2"
TEAM = "19:team@thread.tacv2"
SERVICE_URL = "http://127.0.0.1:9/amer/"
PEOPLE = 20
_KID = "bench-1"


class BotFramework:
    """Keys over HTTP, in a thread of its own, and one token as Teams sends it for about an hour."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.url = ""

    @property
    def metadata_url(self) -> str:
        return f"{self.url}/v1/.well-known/openidconfiguration"

    @property
    def keys_url(self) -> str:
        return f"{self.url}/v1/.well-known/keys"

    def token(self) -> str:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": APP_ID, "nbf": now - 60, "exp": now + 3600, "serviceurl": SERVICE_URL}
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": _KID})

    def _routes(self) -> list[web.RouteDef]:
        numbers = self._key.public_key().public_numbers()
        key = {
            "kty": "RSA",
            "use": "sig",
            "kid": _KID,
            "n": _base64(numbers.n),
            "e": _base64(numbers.e),
            "endorsements": ["msteams"],
        }

        async def metadata(_: web.Request) -> web.Response:
            return web.json_response(
                {"issuer": ISSUER, "jwks_uri": self.keys_url, "id_token_signing_alg_values_supported": ["RS256"]}
            )

        async def keys(_: web.Request) -> web.Response:
            return web.json_response({"keys": [key]})

        return [web.get("/v1/.well-known/openidconfiguration", metadata), web.get("/v1/.well-known/keys", keys)]

    @contextmanager
    def running(self) -> Iterator[BotFramework]:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="bot-framework", daemon=True)
        thread.start()
        app = web.Application()
        app.add_routes(self._routes())
        runner = web.AppRunner(app, access_log=None)

        async def start() -> str:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            return f"http://127.0.0.1:{runner.addresses[0][1]}"

        self.url = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()


def _base64(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


def bot_environment(database_url: str, metadata_url: str) -> dict[str, str]:
    """Settings of a bot of this world, in which only the keys can be had: all else is refused at once."""
    partner = {
        "name": "Northwind",
        "tenantId": PARTNER,
        "adminAgentsGroupId": GROUP,
        "actAs": "app",
        "channels": [CHANNEL],
    }
    nowhere = "http://127.0.0.1:9"
    values = {
        "APP_ID": APP_ID,
        "APP_TENANT_ID": PARTNER,
        "APP_SECRET": "not-asked-for",
        "ACT_AS": "app",
        "PARTNERS": json.dumps([partner]),
        "DATABASE_URL": database_url,
        "LOGIN_URL": nowhere,
        "GRAPH_URL": nowhere,
        "PARTNER_CENTER_URL": nowhere,
        "AZURE_PORTAL_URL": "https://portal.azure.com",
        "BOT_OPENID_URL": metadata_url,
        "SERVICE_HOSTS": '["127.0.0.1"]',
        "UPLOAD_HOSTS": '["127.0.0.1"]',
        "DANGEROUSLY_ALLOW_LOOPBACK": "true",
        "POLL_SECONDS": "3600",
        "AUDIT_KEY": base64.b64encode(bytes(32)).decode(),
    }
    return {f"ALERTDESK_{name}": value for name, value in values.items()}


def card_id(number: int) -> str:
    return f"c0000000-0000-4000-8000-{number:012d}"


def refresh(number: int) -> dict[str, Any]:
    """The invoke of a client that redraws the card of that alert: by itself for even numbers, pressed for odd ones."""
    person = number % PEOPLE
    return {
        "name": "adaptiveCard/action",
        "type": "invoke",
        "timestamp": "2026-11-21T19:04:43.635Z",
        "localTimestamp": "2026-11-21T19:04:43.635+00:00",
        "id": f"f:{number:08d}-1c2d-4e3f-8a9b-0c1d2e3f4a5b",
        "channelId": "msteams",
        "serviceUrl": SERVICE_URL,
        "from": {
            "id": f"29:1{person:03d}x-QmVuY2htYXJrUGVyc29uT2ZUaGVUZWFt",
            "name": f"Person {person}",
            "aadObjectId": f"ada00000-0000-4000-8000-{person:012d}",
        },
        "conversation": {
            "isGroup": True,
            "conversationType": "channel",
            "tenantId": PARTNER,
            "id": f"{CHANNEL};messageid=17952879{number:05d}",
        },
        "recipient": {"id": BOT, "name": "Alert Desk"},
        "entities": [
            {"locale": "en-US", "country": "US", "platform": "Web", "timezone": "Etc/UTC", "type": "clientInfo"}
        ],
        "channelData": {
            "channel": {"id": CHANNEL},
            "team": {"id": TEAM},
            "tenant": {"id": PARTNER},
            "source": {"name": "message"},
            "legacy": {"replyToId": f"1:{number}"},
        },
        "replyToId": f"17952879{number:05d}",
        "value": {
            "action": {
                "type": "Action.Execute",
                "verb": "alert.refresh",
                "data": {"alert": number, "version": 1, "card": card_id(number)},
            },
            "trigger": "manual" if number % 2 else "automatic",
        },
        "locale": "en-US",
        "localTimezone": "Etc/UTC",
    }


def refresh_requests(token: str, numbers: Sequence[int]) -> list[bytes]:
    return [request("/api/messages", token, json.dumps(refresh(number)).encode()) for number in numbers]
