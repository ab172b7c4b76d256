"""A Bot Framework and a Teams for tests: keys and tokens, a clock that tests turn, activities as Teams sends them."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.domain.people import Conversation, ConversationKind, Person
from bot.errors import AlertDeskError
from bot.net.http import Hosts, Http
from bot.ports import Message
from bot.teams.inbound import TokenCheck

APP_ID = "b0700000-0000-4000-8000-000000000001"
BOT_ID = f"28:{APP_ID}"
ISSUER = "https://api.botframework.com"
METADATA = "https://login.botframework.com/v1/.well-known/openidconfiguration"
JWKS = "https://login.botframework.com/v1/.well-known/keys"
SERVICE_URL = "https://smba.trafficmanager.net/emea/7e000000-0000-4000-8000-000000000001/"
SERVICE_HOSTS = Hosts(("smba.trafficmanager.net",))
TENANT = "7e000000-0000-4000-8000-000000000001"
ADA = "ada00000-0000-4000-8000-000000000001"
CHANNEL_ID = "19:alerts@thread.tacv2"
TEAM_ID = "19:team@thread.tacv2"
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

_KEYS: dict[str, rsa.RSAPrivateKey] = {}


def private_key(name: str) -> rsa.RSAPrivateKey:
    """One RSA key for each name, made once per process."""
    if name not in _KEYS:
        _KEYS[name] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return _KEYS[name]


def public_jwk(name: str, endorsements: Any = ("msteams",)) -> dict[str, Any]:
    numbers = private_key(name).public_key().public_numbers()

    def number(value: int) -> str:
        return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()

    document: dict[str, Any] = {"kty": "RSA", "use": "sig", "kid": name, "n": number(numbers.n), "e": number(numbers.e)}
    if endorsements is not None:
        document["endorsements"] = list(endorsements) if isinstance(endorsements, tuple) else endorsements
    return document


class FakeClock:
    """Stands still until somebody sleeps on it or a test moves it."""

    def __init__(self) -> None:
        self.elapsed = 1000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self.elapsed - 1000.0)

    def monotonic(self) -> float:
        return self.elapsed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.elapsed += seconds
        await asyncio.sleep(0)


class FakeIds:
    def __init__(self) -> None:
        self._count = 0

    def guid(self) -> str:
        self._count += 1
        return f"{self._count:08x}-0000-4000-8000-000000000000"

    def token(self) -> str:
        return "t" * 43

    def jitter(self) -> float:
        return 0.5


class FakeTokens:
    """Hands out numbered tokens; a fresh one is a new number."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bool]] = []

    async def app(self, tenant_id: str, scope: str, *, fresh: bool = False) -> str:
        self.asked.append((tenant_id, scope, fresh))
        return f"token-{sum(1 for entry in self.asked if entry[2])}"


class KeyServer:
    """The Bot Framework's metadata and keys. `down` answers 500 to everything; `hold` makes answers wait."""

    def __init__(self, *jwks: dict[str, Any]) -> None:
        self.jwks: Any = list(jwks)
        self.metadata: Any = {"issuer": ISSUER, "jwks_uri": JWKS}
        self.down = False
        self.hold: asyncio.Event | None = None
        self.asked: list[str] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if self.hold is not None:
            await self.hold.wait()
        if self.down:
            return httpx.Response(500)
        if str(request.url) == METADATA:
            return httpx.Response(200, json=self.metadata)
        if str(request.url) == JWKS:
            return httpx.Response(200, json={"keys": self.jwks})
        return httpx.Response(404)

    @property
    def readings(self) -> int:
        return self.asked.count(METADATA)


def http(handler: Callable[[httpx.Request], Any], clock: FakeClock) -> Http:
    return Http(clock, FakeIds(), transport=httpx.MockTransport(handler))


def token_check(server: KeyServer, clock: FakeClock) -> TokenCheck:
    return TokenCheck(
        http(server, clock), clock, app_id=APP_ID, issuer=ISSUER, openid_url=METADATA, service_hosts=SERVICE_HOSTS
    )


def claims(**changes: Any) -> dict[str, Any]:
    """Those of a good token; None takes a claim away."""
    now = int(START.timestamp())
    good = {"iss": ISSUER, "aud": APP_ID, "nbf": now, "exp": now + 3600, "serviceurl": SERVICE_URL} | changes
    return {name: value for name, value in good.items() if value is not None}


def signed(key: str = "key-1", *, headers: Mapping[str, Any] | None = None, **changes: Any) -> str:
    body = json.dumps(claims(**changes)).encode()  # not jwt.encode, which refuses to write odd claims
    return jwt.PyJWS().encode(body, private_key(key), algorithm="RS256", headers={"kid": key, **(headers or {})})


def bearer(token: str = "") -> str:
    return f"Bearer {token or signed()}"


def activity(**changes: Any) -> dict[str, Any]:
    """A message of Ada's in the channel that mentions the bot. `from_` stands for `from`; None takes a part away."""
    whole: dict[str, Any] = {
        "type": "message",
        "id": "1795287905751",
        "channelId": "msteams",
        "serviceUrl": SERVICE_URL,
        "timestamp": "2026-11-21T19:04:43.635Z",
        "from": {"id": "29:ada", "name": "Ada Adams", "aadObjectId": ADA.upper()},
        "recipient": {"id": BOT_ID, "name": "Alert Desk"},
        "conversation": {
            "isGroup": True,
            "conversationType": "channel",
            "tenantId": TENANT,
            "id": f"{CHANNEL_ID};messageid=1795287905000",
        },
        "text": "<at>Alert Desk</at> show unresolved\n",
        "textFormat": "plain",
        "locale": "en-US",
        "entities": [
            {"type": "mention", "mentioned": {"id": BOT_ID, "name": "Alert Desk"}, "text": "<at>Alert Desk</at>"},
            {"type": "clientInfo", "locale": "en-US", "country": "US", "platform": "Web", "timezone": "UTC"},
        ],
        "channelData": {
            "teamsChannelId": CHANNEL_ID,
            "teamsTeamId": TEAM_ID,
            "tenant": {"id": TENANT},
            "team": {"id": TEAM_ID, "name": "Security Operations"},
            "channel": {"id": CHANNEL_ID, "name": "Alerts"},
        },
    }
    for name, value in changes.items():
        whole["from" if name == "from_" else name] = value
    return {name: value for name, value in whole.items() if value is not None}


def execute(**changes: Any) -> dict[str, Any]:
    """The invoke of a pressed Action.Execute."""
    value = {
        "action": {"type": "Action.Execute", "title": "Fraud", "verb": "alert.fraud", "data": {"alert": "A-1", "v": 3}},
        "trigger": "manual",
    }
    usual = {
        "type": "invoke",
        "name": "adaptiveCard/action",
        "id": "f:1",
        "replyToId": "1795287914806",
        "text": None,
        "entities": None,
        "value": value,
    }
    return activity(**(usual | changes))


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode()


CHANNEL = Conversation(
    id=CHANNEL_ID, kind=ConversationKind.CHANNEL, tenant_id=TENANT, service_url=SERVICE_URL, bot_id=BOT_ID
)
PERSONAL = Conversation(
    id="a:1", kind=ConversationKind.PERSONAL, tenant_id=TENANT, service_url=SERVICE_URL, bot_id=BOT_ID, person_id=ADA
)


class FakeChannel:
    """Takes messages down. `error` is raised instead of sending."""

    def __init__(self, error: AlertDeskError | None = None) -> None:
        self.error = error
        self.sent: list[tuple[Conversation, Message, str]] = []
        self.updated: list[tuple[Conversation, str, Message]] = []
        self.deleted: list[tuple[Conversation, str]] = []

    async def send(self, to: Conversation, message: Message, thread: str = "") -> str:
        if self.error is not None:
            raise self.error
        self.sent.append((to, message, thread))
        return f"sent-{len(self.sent)}"

    async def update(self, to: Conversation, activity_id: str, message: Message) -> None:
        self.updated.append((to, activity_id, message))

    async def delete(self, to: Conversation, activity_id: str) -> None:
        self.deleted.append((to, activity_id))

    async def member(self, conversation: Conversation, person_id: str) -> Person | None:
        return None

    async def personal(self, person: Person, like: Conversation) -> Conversation:
        return PERSONAL
