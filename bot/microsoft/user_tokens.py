"""Tokens with which the bot acts as a person: on-behalf-of and sign-in pages at Entra, kept sealed in the vault.

Each person has a token cache of their own (owner: tenant and object id), which every replica loads for each use and
writes back by compare-and-swap. No token is ever logged, shown or part of an error.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import jwt
import msal

from bot.domain.people import Person
from bot.errors import AlertDeskError, NotAllowed, SignInNeeded, Transient, UserError
from bot.microsoft.aadsts import person_error, with_mfa
from bot.microsoft.msal_apps import MsalApps
from bot.ports import Clock, UserTokens
from bot.sealing import Opened, SealBroken, SealedVault
from bot.telemetry.log import get_logger
from bot.texts import tokens as texts

KIND = "user"
_TRIES = 4
_MOST_REMEMBERED = 1000
_LONGEST_ASSERTION = 16_384
_EARLY = timedelta(minutes=5)
_SKEW_SECONDS = 300.0
_BY_PAGE = "authorization_code"

T = TypeVar("T")
log = get_logger("user_tokens")


def graph_scope(graph_url: str) -> str:
    """What the bot asks of Graph for a person, by `get`: who they are, and their partner's alerts."""
    return f"{graph_url}/User.Read {graph_url}/PartnerSecurity.ReadWrite.All"


def partner_center_scope(partner_center_url: str) -> str:
    return f"{partner_center_url}/user_impersonation"


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Done:
    """msal's answer, and the person's token cache afterwards (None: unchanged)."""

    answer: Mapping[str, Any] = field(repr=False)
    state: str | None = field(repr=False)


class EntraUserTokens(UserTokens):
    """The port UserTokens. `scope` of `get` is a text of full scope names of one resource, separated by spaces.

    `sso_resource` is the audience of Teams' SSO tokens. A person must have an object id and a tenant, which is the
    tenant that the token comes from: on-behalf-of does not cross tenants.
    """

    def __init__(self, apps: MsalApps, vault: SealedVault, clock: Clock, *, graph_url: str, sso_resource: str) -> None:
        self._apps, self._vault, self._clock = apps, vault, clock
        self._scopes, self._graph = graph_scope(graph_url).split(), f"{graph_url}/"
        app_id = apps.config.app_id.lower()
        # Tokens of version 1 name the resource, those of version 2 the application.
        self._audiences = {sso_resource.lower(), app_id, f"api://{app_id}"}
        self._memory: OrderedDict[str, tuple[int, dict[str, _Token]]] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._work: set[asyncio.Task[Any]] = set()

    async def get(self, person: Person, scope: str, claims: str = "") -> str:
        """See UserTokens. With `claims` (`{}` will do) no token that is at hand is good enough."""
        owner = _owner(person)
        if not claims and (token := self._remembered(owner, await self._vault.version(KIND, owner), scope)):
            return token
        try:
            return await self._to_the_end(self._get(person, owner, scope, claims))
        except SignInNeeded as need:
            need.scope = scope
            raise

    async def exchange(self, person: Person, assertion: str) -> None:
        owner = _owner(person)
        self._check_assertion(person, assertion)
        await self._to_the_end(self._exchange(person, owner, assertion))

    async def begin(
        self, person: Person, state: str, redirect_uri: str, claims: str, scope: str = ""
    ) -> tuple[str, Mapping[str, Any]]:
        scopes = scope.split() or self._scopes
        if not all(each.startswith(self._graph) for each in scopes):
            # Partner Center takes no person's token without a second factor: let one page be enough.
            # https://learn.microsoft.com/partner-center/security/partner-security-requirements-mandating-mfa
            claims = with_mfa(claims)
        who: dict[str, str] = {"login_hint": person.upn} if person.upn else {"prompt": "select_account"}
        _owner(person)

        def begin() -> tuple[str, dict[str, Any]]:
            application = self._apps.for_person(person.tenant_id)
            return self._apps.begin_code_flow(
                application,
                scopes,
                redirect_uri=redirect_uri,
                state=state,
                claims_challenge=claims or None,
                **who,
            )

        return await self._apps.in_thread(begin)

    async def complete(self, person: Person, flow: Mapping[str, Any], answer: Mapping[str, str]) -> None:
        owner = _owner(person)

        def redeem() -> _Done:
            cache = msal.SerializableTokenCache()
            application = self._apps.for_person(person.tenant_id, cache)
            return _Done(self._apps.finish_code_flow(application, flow, answer), str(cache.serialize()))

        done = await self._apps.in_thread(redeem)
        if "error" in done.answer:
            error = person_error(done.answer, person.tenant_id, interactive=True)
            if isinstance(error, SignInNeeded):
                raise UserError(texts.not_accepted(error.code), code=error.code)
            raise error
        self._check_identity(person, done.answer)
        for _ in range(_TRIES):
            if await self._save(owner, done.state or "", await self._vault.version(KIND, owner)):
                log.info("signed_in", person=person.aad_id, tenant=person.tenant_id, how="page")
                return
        raise _busy()

    async def forget(self, person: Person) -> bool:
        owner = _owner(person)
        self._memory.pop(owner, None)
        held = await self._vault.remove(KIND, owner)
        log.info("signed_out", person=person.aad_id, tenant=person.tenant_id)
        return held

    async def _get(self, person: Person, owner: str, scope: str, claims: str) -> str:
        token = ""
        async with self._turns.setdefault(owner, asyncio.Lock()):
            for _ in range(_TRIES):
                kept = await self._load(owner)
                if kept is None:
                    raise SignInNeeded(texts.NOT_SIGNED_IN, code="no_token")
                if not claims and (remembered := self._remembered(owner, kept.version, scope)):
                    return remembered
                done = await self._silent(person, kept, scope.split(), claims)
                try:
                    token = self._token(person, done.answer).text
                except UserError as problem:
                    if await self._vault.version(KIND, owner) != kept.version:
                        continue  # another replica renewed it, or they signed in anew
                    if isinstance(problem, NotAllowed):
                        await self.forget(person)
                    raise
                version = kept.version
                if done.state is not None or kept.old_key:
                    if not await self._save(owner, done.state or kept.text, version):
                        continue  # another replica wrote meanwhile: go by what it kept
                    version += 1
                self._remember(owner, version, scope, self._token(person, done.answer))
                return token
        if not token:
            raise _busy()
        return token  # others wrote each time; what we were given is good all the same

    async def _exchange(self, person: Person, owner: str, assertion: str) -> None:
        def on_behalf_of() -> _Done:
            cache = msal.SerializableTokenCache()
            application = self._apps.for_person(person.tenant_id, cache)
            answer = application.acquire_token_on_behalf_of(assertion, self._scopes)
            return _Done(answer, str(cache.serialize()))

        async with self._turns.setdefault(owner, asyncio.Lock()):
            done = await self._apps.in_thread(on_behalf_of)
            if "access_token" not in done.answer:
                raise person_error(done.answer, person.tenant_id, interactive=True)
            self._check_identity(person, done.answer)
            for _ in range(_TRIES):
                kept = await self._load(owner)
                if kept is not None and await self._is_better(person, kept):
                    return
                if await self._save(owner, done.state or "", kept.version if kept else 0):
                    log.info("signed_in", person=person.aad_id, tenant=person.tenant_id, how="on_behalf_of")
                    return
            raise _busy()

    async def _is_better(self, person: Person, kept: Opened) -> bool:
        """Whether it came from a sign-in page, where more was proven than Teams' token proves, and still works."""
        if f'"{_BY_PAGE}"' not in kept.text:
            return False
        try:
            done = await self._silent(person, kept, self._scopes, "")
        except SignInNeeded:
            return False
        if "access_token" not in done.answer:
            return False
        if done.state is not None:
            await self._save(_owner(person), done.state, kept.version)
        return True

    async def _silent(self, person: Person, kept: Opened, scopes: list[str], claims: str) -> _Done:
        """A token from the person's cache, renewed at Entra where needed. Raises SignInNeeded where none is in it."""

        def acquire() -> _Done:
            cache = msal.SerializableTokenCache()
            cache.deserialize(kept.text)
            application = self._apps.for_person(person.tenant_id, cache)
            accounts = application.get_accounts()
            account = next((each for each in accounts if _same(each.get("local_account_id"), person.aad_id)), None)
            answer = application.acquire_token_silent_with_error(scopes, account, claims_challenge=claims or None)
            return _Done(answer or {}, cache.serialize() if cache.has_state_changed else None)

        done = await self._apps.in_thread(acquire)
        if not done.answer:
            raise SignInNeeded(texts.NOT_SIGNED_IN, code="no_token")
        if "access_token" in done.answer and "id_token_claims" in done.answer:
            self._check_identity(person, done.answer)
        return done

    async def _load(self, owner: str) -> Opened | None:
        try:
            return await self._vault.load(KIND, owner)
        except SealBroken as problem:
            log.error("vault_entry_broken", kind=KIND, owner=owner, problem=problem.message)
            await self._vault.remove(KIND, owner)
            return None

    async def _save(self, owner: str, state: str, version: int) -> bool:
        self._memory.pop(owner, None)
        return await self._vault.save(KIND, owner, state, version)

    def _token(self, person: Person, answer: Mapping[str, Any]) -> _Token:
        text, seconds = answer.get("access_token"), answer.get("expires_in")
        if isinstance(text, str) and text and isinstance(seconds, int):
            return _Token(text, self._clock.now() + timedelta(seconds=seconds))
        raise person_error(answer, person.tenant_id, interactive=False)

    def _remembered(self, owner: str, version: int, scope: str) -> str:
        """The access token of that very state of the vault, so that what another replica forgot is forgotten here."""
        held, tokens = self._memory.get(owner, (0, {}))
        token = tokens.get(scope)
        if not version or held != version or token is None or self._clock.now() >= token.expires_at - _EARLY:
            return ""
        self._memory.move_to_end(owner)
        return token.text

    def _remember(self, owner: str, version: int, scope: str, token: _Token) -> None:
        held, tokens = self._memory.get(owner, (0, {}))
        self._memory[owner] = (version, {**(tokens if held == version else {}), scope: token})
        self._memory.move_to_end(owner)
        while len(self._memory) > _MOST_REMEMBERED:
            self._memory.popitem(last=False)

    def _check_assertion(self, person: Person, assertion: str) -> None:
        """Cheap checks before Entra is asked, which alone can tell whether the signature is its own."""
        try:
            if len(assertion) > _LONGEST_ASSERTION:
                raise jwt.DecodeError
            claims = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            raise NotAllowed(texts.UNREADABLE, code="assertion_unreadable") from None
        if str(claims.get("aud", "")).lower() not in self._audiences or claims.get("idtyp") == "app":
            raise NotAllowed(texts.NOT_FOR_US, code="assertion_audience")
        if not _same(claims.get("oid"), person.aad_id) or not _same(claims.get("tid"), person.tenant_id):
            raise NotAllowed(texts.OTHER_PERSON, code="assertion_person")
        expires = claims.get("exp")
        now = self._clock.now().timestamp()
        if not isinstance(expires, int | float) or now >= expires + _SKEW_SECONDS:
            raise NotAllowed(texts.SIGN_IN_EXPIRED, code="assertion_expired")

    def _check_identity(self, person: Person, answer: Mapping[str, Any]) -> None:
        """Whose tokens Entra gave. The identity token came straight from it, which stands for its signature."""
        claims = answer.get("id_token_claims") or {}
        ours = _same(claims.get("aud"), self._apps.config.app_id)
        if not ours or not _same(claims.get("oid"), person.aad_id) or not _same(claims.get("tid"), person.tenant_id):
            log.warning("token_of_another", person=person.aad_id, tenant=person.tenant_id)
            raise NotAllowed(texts.OTHER_PERSON, code="other_person")

    async def _to_the_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Somebody who waits no longer must not undo it: what Entra gave is kept, for when they press again."""
        task = asyncio.ensure_future(work)
        self._work.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, AlertDeskError):
            log.error("user_token_failed", kind=type(error).__name__)


def _owner(person: Person) -> str:
    if not person.aad_id or not person.tenant_id:
        raise NotAllowed(texts.UNKNOWN_PERSON, code="unknown_person")
    return f"{person.tenant_id}:{person.aad_id}".lower()


def _same(found: object, wanted: str) -> bool:
    return isinstance(found, str) and found.lower() == wanted.lower()


def _busy() -> Transient:
    return Transient("Several sign-ins of one person were kept at the same time; try again.", code="vault_busy")
