"""Is an activity really from Teams? The Bot Framework's token is checked here and nowhere else.

https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import jwt

from bot.errors import Transient, UserError
from bot.net.http import Hosts, Http
from bot.ports import Clock
from bot.teams.keys import SigningKey, SigningKeys

CHANNEL = "msteams"
SKEW = 300
"""Seconds by which the sender's clock and ours may differ."""
LONGEST_TOKEN = 8 * 1024
REMEMBERED = 1024
AGAIN_IN = 5.0

_BROKEN = (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What a token made up by a stranger can raise in a parser."""
_OPTIONS: Any = {
    "require": ["exp", "iss", "aud"],
    "strict_aud": True,  # one text, never a list that happens to name us too
    "verify_exp": False,  # times are checked against the Clock port
    "verify_nbf": False,
    "verify_iat": False,
    "verify_sub": False,
    "verify_jti": False,
}


class Unverified(UserError):
    """The sender could not prove to be Teams. `status` is the HTTP answer: 401, 403, or 503 where *we* lack the keys.

    Any other answer than 503 makes Teams drop the activity, so that is kept for trouble that is ours.
    """

    def __init__(self, status: int, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message, code="Unverified")
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Caller:
    """What a good token says. `service_url` has no trailing slash; `expires` is in seconds since 1970."""

    kid: str
    key: SigningKey
    service_url: str
    service_admitted: bool
    expires: float


class TokenCheck:
    """Verifies Authorization headers. Good tokens are remembered by their hash until they expire or their key goes."""

    def __init__(
        self,
        http: Http,
        clock: Clock,
        *,
        app_id: str,
        issuer: str,
        openid_url: str,
        service_hosts: Hosts,
        loopback: bool = False,
    ) -> None:
        if not app_id or not issuer:
            raise ValueError("an empty app id or issuer would admit anybody")
        self._clock = clock
        self._app_id = app_id
        self._issuer = issuer
        self._service_hosts = service_hosts
        self._keys = SigningKeys(http, clock, openid_url, loopback=loopback)
        self._good: OrderedDict[bytes, Caller] = OrderedDict()

    async def check(self, authorization: str | None, channel_id: str, service_url: str) -> None:
        """All of it: raises Unverified unless Teams sent an activity of this channel and serviceUrl."""
        self.admit(await self.verify(authorization), channel_id, service_url)

    async def verify(self, authorization: str | None) -> Caller:
        """The sender of a request, before its body is looked at. Raises Unverified."""
        token = _bearer(authorization)
        digest = hashlib.sha256(token.encode()).digest()
        now = self._clock.now().timestamp()
        known = self._good.get(digest)
        if known is not None and now < known.expires and self._keys.at_hand(known.kid) is known.key:
            self._good.move_to_end(digest)
            return known
        self._good.pop(digest, None)
        caller = await self._verify(token, now)
        self._good[digest] = caller
        while len(self._good) > REMEMBERED:
            self._good.popitem(last=False)
        return caller

    def admit(self, caller: Caller, channel_id: str, service_url: str) -> None:
        """Does the token cover this very activity? Raises Unverified(403)."""
        if channel_id != CHANNEL:
            raise Unverified(403, "This bot takes activities of Microsoft Teams only.")
        if CHANNEL not in caller.key.endorsements:
            raise Unverified(403, "The key that signed this token is not endorsed for Microsoft Teams.")
        if not caller.service_url or service_url.rstrip("/") != caller.service_url:
            raise Unverified(403, "The token was issued for another serviceUrl.")
        if not caller.service_admitted:
            raise Unverified(403, "The serviceUrl is none of this bot's SERVICE_HOSTS.")

    async def close(self) -> None:
        await self._keys.close()

    async def _find(self, kid: str) -> SigningKey | None:
        try:
            return await self._keys.find(kid)
        except Transient as error:
            raise Unverified(503, f"{error.message} Send it again.", retry_after=AGAIN_IN) from error

    async def _verify(self, token: str, now: float) -> Caller:
        try:
            header = jwt.get_unverified_header(token)
        except _BROKEN:
            raise Unverified(401, "The token cannot be read.") from None
        kid = header.get("kid")
        if header.get("alg") != "RS256" or not isinstance(kid, str) or not kid:
            raise Unverified(401, "The token must be signed with RS256 and name its key.")
        key = await self._find(kid)
        if key is None:
            raise Unverified(401, "The token is signed with a key that the Bot Framework does not have.")
        try:
            claims = jwt.decode(
                token, key.key, algorithms=["RS256"], audience=self._app_id, issuer=self._issuer, options=_OPTIONS
            )
        except jwt.InvalidSignatureError:
            raise Unverified(401, "The token's signature is wrong.") from None
        except jwt.InvalidIssuerError:
            raise Unverified(401, "The token was issued by somebody else.") from None
        except jwt.InvalidAudienceError:
            raise Unverified(401, "The token is meant for another bot.") from None
        except _BROKEN:
            raise Unverified(401, "The token cannot be read.") from None
        expires = _times(claims, now)
        service_url = claims.get("serviceurl")
        if not isinstance(service_url, str) or not service_url:
            raise Unverified(401, "The token names no serviceurl.")
        return Caller(kid, key, service_url.rstrip("/"), self._service_hosts.admits(service_url), expires)


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unverified(401, "A bearer token of the Bot Framework is needed.")
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise Unverified(401, "The token cannot be read.")
    return token


def _times(claims: dict[str, Any], now: float) -> float:
    """When the token expires, a day from now at most. Written so that NaN fails."""
    expires, begins = _moment(claims.get("exp")), _moment(claims.get("nbf", 0))
    if not now < expires + SKEW:
        raise Unverified(401, "The token has expired.")
    if not begins - SKEW <= now:
        raise Unverified(401, "The token is not valid yet.")
    return min(expires, now + 24 * 3600.0)


def _moment(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise Unverified(401, "The token's times cannot be read.")
    return float(value)
