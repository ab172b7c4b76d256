"""Reads a partner's alerts with the sign-in of a person: by a refresh token, kept sealed and renewed at each use.

One replica at a time redeems it, under a lease. It asks for PartnerSecurity.Read.All and never writes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain.people import Partner
from bot.errors import AlertDeskError, ConfigError, MissingMfa, Refused, Transient
from bot.microsoft.aadsts import code_of, token_error
from bot.microsoft.msal_apps import MsalApps
from bot.ports import Clock, ReaderSignIns, Store
from bot.sealing import SealBroken, SealedVault
from bot.telemetry.log import get_logger
from bot.texts import tokens as texts

KIND = "reader"
UNUSED_LIFE = timedelta(days=90)
"""A refresh token dies when nobody used it for so long.
https://learn.microsoft.com/entra/identity-platform/refresh-tokens#token-lifetime"""
_LEASE_SECONDS = 60.0
_WAIT_SECONDS = 20.0
_PAUSE_SECONDS = 0.5
_TRIES = 3
_EARLY = timedelta(minutes=5)

log = get_logger("reader")


def reader_scope(graph_url: str) -> str:
    return f"{graph_url}/PartnerSecurity.Read.All"


@dataclass(frozen=True, slots=True)
class ReaderSignIn:
    """What is kept of it. Times are ISO texts in UTC."""

    refresh_token: str = field(repr=False)
    person_id: str
    tenant_id: str
    name: str
    upn: str
    signed_in_at: str
    renewed_at: str

    @property
    def expires_at(self) -> datetime:
        """If nobody uses it before. A policy of the tenant can end it sooner."""
        return datetime.fromisoformat(self.renewed_at) + UNUSED_LIFE


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    expires_at: datetime


class DelegatedReader(ReaderSignIns):
    """`owner` names this replica in the lease."""

    def __init__(
        self, apps: MsalApps, store: Store, vault: SealedVault, clock: Clock, *, graph_url: str, owner: str
    ) -> None:
        self._apps, self._store, self._vault, self._clock = apps, store, vault, clock
        self._scopes, self._owner = [reader_scope(graph_url)], owner
        self._tokens: dict[str, _Token] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    def caller(self, partner: Partner) -> ReaderCaller:
        return ReaderCaller(self, partner)

    async def kept(self, partner: Partner) -> ReaderSignIn | None:
        """Who signed in for this partner, and until when that holds."""
        found = await self._load(partner)
        return found[0] if found is not None else None

    async def ends_at(self, partner: Partner) -> datetime | None:
        kept = await self.kept(partner)
        return kept.expires_at if kept is not None else None

    async def person_id(self, partner: Partner) -> str:
        kept = await self.kept(partner)
        return kept.person_id if kept is not None else ""

    async def token(self, partner: Partner, *, renew: bool = False, claims: str = "") -> str:
        """An access token that reads. Raises Refused with what to do, Transient where Entra or the lease is away."""
        tenant = partner.tenant_id
        seen = self._tokens.get(tenant)
        if seen is not None and not renew and self._clock.now() < seen.expires_at - _EARLY:
            return seen.text
        async with self._turns.setdefault(tenant, asyncio.Lock()):
            held = self._tokens.get(tenant)
            if held is not None and held is not seen:
                return held.text  # another call renewed it while this one waited
            async with self._lease(tenant):
                token = await self._redeem(partner, claims)
            self._tokens[tenant] = token
            return token.text

    async def _redeem(self, partner: Partner, claims: str) -> _Token:
        code = "vault_busy"
        for _ in range(_TRIES):
            found = await self._load(partner)
            if found is None:
                raise Refused(texts.no_reader(partner.name), code="NoReader")
            kept, version = found
            answer = await self._apps.in_thread(lambda kept=kept: self._answer(kept, claims))  # type: ignore[misc]
            token, following = answer.get("access_token"), answer.get("refresh_token")
            if not isinstance(token, str):
                if await self._vault.version(KIND, partner.tenant_id) != version:
                    continue  # somebody signed in anew meanwhile
                raise _refusal(partner, answer)
            if not is_that_person(answer, kept.person_id, partner.tenant_id):
                raise Refused(texts.reader_refused(partner.name, "OtherPerson"), code="OtherPerson")
            now = self._clock.now()
            renewed = replace(kept, refresh_token=str(following or kept.refresh_token), renewed_at=now.isoformat())
            if await self.keep(partner.tenant_id, renewed, version):
                return _Token(token, now + timedelta(seconds=int(answer.get("expires_in", 0))))
        raise Transient(f"The sign-in that reads {partner.name} was changed by others meanwhile.", code=code)

    def _answer(self, kept: ReaderSignIn, claims: str) -> Mapping[str, Any]:
        application = self._apps.for_person(kept.tenant_id)
        more = {"data": {"claims": claims}} if claims else {}
        answer: Mapping[str, Any] = application.acquire_token_by_refresh_token(kept.refresh_token, self._scopes, **more)
        return answer

    async def keep(self, tenant_id: str, sign_in: ReaderSignIn, version: int) -> bool:
        """Seal and keep it in place of what has that version (0: nothing). False: somebody was faster."""
        return await self._vault.save(KIND, tenant_id, json.dumps(asdict(sign_in)), version)

    async def replace(self, tenant_id: str, sign_in: ReaderSignIn) -> None:
        """Keep a new sign-in, whatever was there before."""
        for _ in range(_TRIES):
            if await self.keep(tenant_id, sign_in, await self._vault.version(KIND, tenant_id)):
                self._tokens.pop(tenant_id, None)
                return
        raise Transient("The sign-in was changed by others meanwhile; try again.", code="vault_busy")

    async def _load(self, partner: Partner) -> tuple[ReaderSignIn, int] | None:
        try:
            opened = await self._vault.load(KIND, partner.tenant_id)
            return (ReaderSignIn(**json.loads(opened.text)), opened.version) if opened is not None else None
        except (SealBroken, TypeError, ValueError) as problem:
            log.error("vault_entry_broken", kind=KIND, owner=partner.tenant_id, problem=type(problem).__name__)
            raise Refused(texts.reader_refused(partner.name, "SealBroken"), code="SealBroken") from None

    @asynccontextmanager
    async def _lease(self, tenant_id: str) -> AsyncIterator[None]:
        """Held by one replica at a time; who dies with it is waited out by the others."""
        name, give_up = f"reader:{tenant_id}", self._clock.monotonic() + _WAIT_SECONDS
        while not await self._acquire(name):
            if self._clock.monotonic() >= give_up:
                raise Transient("Another replica is renewing the reader's token.", code="lease_held")
            await self._clock.sleep(_PAUSE_SECONDS)
        try:
            yield
        finally:
            async with self._store.write() as tx:
                await tx.leases.release(name, self._owner)

    async def _acquire(self, name: str) -> bool:
        async with self._store.write() as tx:
            return await tx.leases.acquire(name, self._owner, self._clock.now(), _LEASE_SECONDS)


@dataclass(frozen=True, slots=True)
class ReaderCaller:
    """A call with the reader's token (service.Caller): it reads, and whatever is wrong is an operator's business."""

    reader: DelegatedReader
    partner: Partner
    is_person: bool = True
    may_write: bool = False

    async def token(self, *, renew: bool, claims: str) -> str:
        return await self.reader.token(self.partner, renew=renew, claims=claims)

    def judge(self, error: AlertDeskError, status: int, claims: str) -> AlertDeskError:
        if isinstance(error, MissingMfa) or claims or status == 401:
            return Refused(texts.reader_refused(self.partner.name, error.code), code=error.code)
        return error


def is_that_person(answer: Mapping[str, Any], person_id: str, tenant_id: str) -> bool:
    """Whether the identity token, which came straight from Entra, is of that person and tenant."""
    claims = answer.get("id_token_claims") or {}
    return (str(claims.get("oid")).lower(), str(claims.get("tid")).lower()) == (person_id, tenant_id)


def _refusal(partner: Partner, answer: Mapping[str, Any]) -> AlertDeskError:
    error = token_error(answer, partner.tenant_id)
    if isinstance(error, Transient | ConfigError):
        return error
    return Refused(texts.reader_refused(partner.name, code_of(answer)), code=error.code)
