"""The public keys with which the Bot Framework signs what it sends to us. Fetched, cached, rotated; decides nothing.

https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
import structlog

from bot.errors import AlertDeskError, Transient
from bot.net.http import Hosts, Http
from bot.ports import Clock

LIFETIME = 24 * 3600.0
"""Seconds after which the keys are read again; until that succeeds the old ones serve."""
PAUSE = 60.0
"""Least seconds between two readings, so that made-up key ids cannot turn us against the key server."""
FIRST_PAUSE = 5.0
"""The same as long as there are no keys at all."""
MOST_KEYS = 200
LEAST_BITS = 2048

_log = structlog.get_logger("bot.teams.keys")


@dataclass(frozen=True, slots=True)
class SigningKey:
    key: jwt.PyJWK
    endorsements: frozenset[str]


class SigningKeys:
    """Keys by `kid`. At most one reading is under way at a time, whoever waits for it."""

    def __init__(self, http: Http, clock: Clock, metadata_url: str, *, loopback: bool = False) -> None:
        self._http = http
        self._clock = clock
        self._metadata_url = metadata_url
        self._hosts = Hosts.of(metadata_url, loopback=loopback, name="bot_framework_keys")
        self._keys: Mapping[str, SigningKey] = {}
        self._read_at = 0.0
        self._next_read = float("-inf")
        self._problem = ""
        self._flight: asyncio.Task[None] | None = None

    def at_hand(self, kid: str) -> SigningKey | None:
        """The key, if it was read before; nobody is waited for."""
        key = self._keys.get(kid)
        if key is not None and self._clock.monotonic() - self._read_at > LIFETIME:
            self._read()  # in the background
        return key

    async def find(self, kid: str) -> SigningKey | None:
        """The key, None where the Bot Framework has no such key. Raises Transient where that cannot be told."""
        if (key := self.at_hand(kid)) is not None:
            return key
        flight = self._read()
        if flight is not None:
            await asyncio.shield(flight)  # one waiter's end is not the others'
        if kid not in self._keys and self._problem:
            raise Transient(f"The Bot Framework's keys cannot be read: {self._problem}")
        return self._keys.get(kid)

    async def close(self) -> None:
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.gather(self._flight, return_exceptions=True)
            self._flight = None

    def _read(self) -> asyncio.Task[None] | None:
        """The reading under way, a new one, or None where the last one was too short a time ago."""
        if self._flight is not None and not self._flight.done():
            return self._flight
        if self._clock.monotonic() < self._next_read:
            return None
        self._flight = asyncio.create_task(self._refresh(), name="bot-framework-keys")
        return self._flight

    async def _refresh(self) -> None:
        try:
            keys = await self._fetch()
        except AlertDeskError as error:
            self._problem = error.message
            self._next_read = self._clock.monotonic() + (PAUSE if self._keys else FIRST_PAUSE)
            _log.warning("bot_framework_keys_unread", problem=error.message, kept=len(self._keys))
        else:
            self._keys, self._problem = keys, ""
            self._read_at = self._clock.monotonic()
            self._next_read = self._read_at + PAUSE
            _log.info("bot_framework_keys_read", keys=len(keys))

    async def _fetch(self) -> Mapping[str, SigningKey]:
        metadata = await self._get(self._metadata_url)
        address = metadata.get("jwks_uri")
        if not isinstance(address, str):
            raise Transient("The Bot Framework's metadata names no key set.")
        listed = (await self._get(address)).get("keys")
        keys = readable(listed) if isinstance(listed, list) else {}
        if not keys:
            raise Transient("The Bot Framework's key set holds no key that we can use.")
        return keys

    async def _get(self, url: str) -> dict[str, Any]:
        answer = await self._http.request("GET", url, hosts=self._hosts, timeout=4.0, attempts=2, max_body=1 << 20)
        if answer.status != 200:
            raise Transient(f"The Bot Framework's key server answered HTTP {answer.status}.")
        document = answer.json()
        if not isinstance(document, dict):
            raise Transient("The Bot Framework's key server answered nonsense.")
        return document


def readable(listed: list[Any]) -> dict[str, SigningKey]:
    """The RSA keys among JSON Web Keys, by `kid`; those that are something else, too short or broken are left out."""
    keys: dict[str, SigningKey] = {}
    for entry in listed[:MOST_KEYS]:
        if not isinstance(entry, dict) or entry.get("kty") != "RSA" or "d" in entry:
            continue
        kid, endorsements = entry.get("kid"), entry.get("endorsements")
        if not isinstance(kid, str) or not kid or entry.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK.from_dict(entry, algorithm="RS256")
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError):
            continue
        if getattr(key.key, "key_size", 0) < LEAST_BITS:
            continue
        named = endorsements if isinstance(endorsements, list) else []
        keys[kid] = SigningKey(key, frozenset(name for name in named if isinstance(name, str)))
    return keys
