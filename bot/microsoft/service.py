"""One call to Graph or Partner Center: its host, whose token it carries, tracing headers and errors. Knows nothing of
what is asked."""

from __future__ import annotations

import base64
import binascii
import json as jsonlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.domain.people import Person
from bot.errors import AlertDeskError, ConfigError, MissingMfa, Permanent, SignInNeeded, Transient
from bot.microsoft.aadsts import MFA_CLAIMS
from bot.microsoft.protocol import WRONG_AUDIENCE, graph_error, partner_center_error
from bot.microsoft.user_tokens import graph_scope, partner_center_scope
from bot.net.http import Hosts, Http, Response
from bot.ports import Clock, Ids, Tokens, UserTokens
from bot.telemetry.log import get_logger
from bot.texts import tokens as texts

log = get_logger("microsoft")

_CLAIMS = re.compile(r'\bclaims="([A-Za-z0-9+/_=-]{1,8000})"')


class ErrorReader(Protocol):
    def __call__(
        self, response: Response, now: datetime, *, deed: bool = ..., person: bool = ...
    ) -> AlertDeskError: ...


class Caller(Protocol):
    """Whose token a call carries."""

    @property
    def is_person(self) -> bool: ...
    @property
    def may_write(self) -> bool: ...
    async def token(self, *, renew: bool, claims: str) -> str:
        """`renew`: the last one was refused, for want of `claims` (JSON) where that is not empty."""
        ...

    def judge(self, error: AlertDeskError, status: int, claims: str) -> AlertDeskError:
        """The error as it is for this caller, after an answer with that status and challenge."""
        ...


@dataclass(frozen=True, slots=True)
class AppCaller:
    """The application itself, in one tenant."""

    tokens: Tokens
    tenant_id: str
    scope: str
    is_person: bool = False
    may_write: bool = True

    async def token(self, *, renew: bool, claims: str) -> str:
        return await self.tokens.app(self.tenant_id, self.scope, fresh=renew)

    def judge(self, error: AlertDeskError, status: int, claims: str) -> AlertDeskError:
        return error


@dataclass(frozen=True, slots=True)
class PersonCaller:
    """A person, by on-behalf-of. What the other side wants of their sign-in becomes SignInNeeded."""

    users: UserTokens
    person: Person
    scope: str
    fresh: bool = False
    is_person: bool = True
    may_write: bool = True

    async def token(self, *, renew: bool, claims: str) -> str:
        return await self.users.get(self.person, self.scope, (claims or "{}") if renew or self.fresh else "")

    def judge(self, error: AlertDeskError, status: int, claims: str) -> AlertDeskError:
        if isinstance(error, MissingMfa):
            return self._page(texts.WANTS_MFA, error.code, claims or MFA_CLAIMS)
        if claims or (status == 401 and error.code != WRONG_AUDIENCE):
            return self._page(texts.WANTS_MORE if claims else texts.SIGNED_OUT, error.code, claims)
        return error

    def _page(self, why: str, code: str, claims: str) -> SignInNeeded:
        return SignInNeeded(why, code=code, interactive=True, claims=claims, scope=self.scope)


@dataclass(frozen=True, slots=True)
class Service:
    """`base` without trailing slash. `trace` names the headers that get a fresh GUID with each call; `person_scope` is
    what is asked of it for a person. Without `users` it cannot be called as one."""

    http: Http
    tokens: Tokens
    clock: Clock
    ids: Ids
    base: str
    hosts: Hosts
    read_error: ErrorReader
    trace: tuple[str, ...]
    person_scope: str
    users: UserTokens | None = None

    def app(self, tenant_id: str) -> Caller:
        return AppCaller(self.tokens, tenant_id, f"{self.base}/.default")

    def person(self, person: Person, *, fresh: bool = False) -> Caller:
        """`fresh`: each call begins with a token that Entra gives anew, for what has changed a minute ago, such as a
        role activated in Privileged Identity Management."""
        if self.users is None:
            raise ConfigError("Acting as a person is not set up: ALERTDESK_ACT_AS, ALERTDESK_ENCRYPTION_KEY.")
        return PersonCaller(self.users, person, self.person_scope, fresh)

    async def call(
        self,
        method: str,
        url: str,
        *,
        caller: Caller,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
        attempts: int = 1,
        deed: bool = False,
        until: datetime | None = None,
    ) -> Response:
        """The answer, if it is a success. `deed`: it changes something, and only then can a failure leave doubt. From
        `until` on nothing is sent any more: Transient, and no doubt.

        A 401, or a challenge for claims, is answered once with a better token where there is one. Raises the errors
        of bot/errors.py, for a person also SignInNeeded.
        """
        if deed and not caller.may_write:
            raise Permanent("What only reads must not write.", code="ReadsOnly")
        sending = (method, url, json, headers, timeout, attempts, deed, until)
        answer = await self._send(await caller.token(renew=False, claims=""), *sending)
        claims = _challenge(answer)
        if answer.status == 401 or claims:
            answer = await self._send(await self._better(caller, claims), *sending)
            claims = _challenge(answer)
        if 200 <= answer.status < 300:
            return answer
        error = self.read_error(answer, self.clock.now(), deed=deed, person=caller.is_person)
        raise caller.judge(error, answer.status, claims)

    async def _better(self, caller: Caller, claims: str) -> str:
        try:
            return await caller.token(renew=True, claims=claims)
        except SignInNeeded as need:
            if not claims or need.claims:
                raise
            raise SignInNeeded(
                need.message, code=need.code, interactive=True, claims=claims, scope=need.scope
            ) from None

    async def _send(
        self,
        token: str,
        method: str,
        url: str,
        json: Any,
        headers: Mapping[str, str] | None,
        timeout: float,
        attempts: int,
        deed: bool,
        until: datetime | None,
    ) -> Response:
        if until is not None and self.clock.now() >= until:  # the last moment: getting the token may have taken long
            raise Transient("It was ready too late, and was not sent.", code="too_late")
        sent = {name: self.ids.guid() for name in self.trace} | dict(headers or {})
        if deed:  # what Microsoft's support asks for
            log.info("deed_sent", service=self.hosts.name, method=method, **{name: sent[name] for name in self.trace})
        try:
            return await self.http.request(
                method,
                url,
                hosts=self.hosts,
                headers={**sent, "authorization": f"Bearer {token}"},
                json=json,
                timeout=timeout,
                attempts=attempts,
            )
        except Transient as error:
            if not error.in_doubt or deed:
                raise
            raise Transient(error.message, code=error.code, retry_after=error.retry_after) from error


def graph(
    http: Http,
    tokens: Tokens,
    clock: Clock,
    ids: Ids,
    url: str,
    *,
    users: UserTokens | None = None,
    loopback: bool = False,
) -> Service:
    """Microsoft Graph at `url`."""
    hosts = Hosts.of(url, loopback=loopback, name="graph")
    return Service(http, tokens, clock, ids, url, hosts, graph_error, ("client-request-id",), graph_scope(url), users)


def partner_center(
    http: Http,
    tokens: Tokens,
    clock: Clock,
    ids: Ids,
    url: str,
    *,
    users: UserTokens | None = None,
    loopback: bool = False,
) -> Service:
    """Partner Center's REST API at `url`. https://learn.microsoft.com/partner-center/developer/headers"""
    hosts = Hosts.of(url, loopback=loopback, name="partner_center")
    trace, scope = ("MS-RequestId", "MS-CorrelationId"), partner_center_scope(url)
    return Service(http, tokens, clock, ids, url, hosts, partner_center_error, trace, scope, users)


def _challenge(answer: Response) -> str:
    """The claims (JSON) that an answer demands, or an empty text.
    https://learn.microsoft.com/entra/identity-platform/claims-challenge#claims-challenge-header-format"""
    header = answer.headers.get("www-authenticate", "")
    found = _CLAIMS.search(header)
    if answer.status not in (401, 403) or "insufficient_claims" not in header or found is None:
        return ""
    text = found[1].replace("-", "+").replace("_", "/").rstrip("=")
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
        return decoded if isinstance(jsonlib.loads(decoded), dict) else ""
    except (binascii.Error, ValueError):
        return ""
