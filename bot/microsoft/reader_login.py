"""The sign-in of the person as whom a partner's alerts are read: by device code or in a browser, checked, then kept.

It is kept only if it is of the partner's tenant, no Global Administrator's, and can read alerts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msal

from bot.domain.people import GLOBAL_ADMINISTRATOR, Partner
from bot.errors import AlertDeskError, ConfigError, MissingMfa, Refused, Transient, UserError
from bot.microsoft.aadsts import aadsts, code_of, token_error
from bot.microsoft.msal_apps import MsalApps
from bot.microsoft.protocol import listed
from bot.microsoft.reader import DelegatedReader, ReaderSignIn, is_that_person, reader_scope
from bot.microsoft.service import Service
from bot.ports import Clock
from bot.texts import tokens as texts

_PENDING = frozenset({"authorization_pending", "slow_down"})
_EXPIRED = 70020
_LONGEST_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What the person is shown: where to go, and the code to enter there."""

    address: str
    code: str
    flow: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedInReader:
    """Who signed in, and what Microsoft granted."""

    sign_in: ReaderSignIn
    granted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Once:
    """A call with the very token that the sign-in gave (service.Caller)."""

    text: str = field(repr=False)
    is_person: bool = True
    may_write: bool = False

    async def token(self, *, renew: bool, claims: str) -> str:
        return self.text

    def judge(self, error: AlertDeskError, status: int, claims: str) -> AlertDeskError:
        return error


class ReaderLogin:
    """One sign-in for one partner: begin a way, then finish it."""

    def __init__(self, apps: MsalApps, graph: Service, reader: DelegatedReader, clock: Clock, partner: Partner) -> None:
        self._apps, self._graph, self._reader, self._clock, self._partner = apps, graph, reader, clock, partner
        # User.Read only for the check below; what reads later asks for the first alone.
        self._scopes = [reader_scope(graph.base), f"{graph.base}/User.Read"]
        self._application: msal.ConfidentialClientApplication | None = None

    async def begin_device(self) -> DeviceCode:
        """https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code"""

        def begin() -> dict[str, Any]:
            scopes = [*self._scopes, "openid", "profile", "offline_access"]
            flow: dict[str, Any] = self._app().client.initiate_device_flow(scope=scopes)
            return flow

        flow = await self._apps.in_thread(begin)
        if "user_code" not in flow:
            raise self._refusal(flow)
        return DeviceCode(str(flow.get("verification_uri", "")), str(flow["user_code"]), flow)

    async def finish_device(self, device: DeviceCode) -> SignedInReader:
        """Wait until the person has signed in, at most a quarter of an hour."""
        flow = device.flow
        give_up = self._clock.monotonic() + min(_LONGEST_SECONDS, float(flow["expires_in"]))

        def ask() -> dict[str, Any]:
            result: dict[str, Any] = self._app().client.obtain_token_by_device_flow(
                flow, exit_condition=lambda _: True, data={"code": flow["device_code"]}
            )
            return result

        over = UserError(
            "Nobody signed in within the time that the code is good for. Nothing was kept. Run the command again."
        )
        while self._clock.monotonic() < give_up:
            await self._clock.sleep(float(flow["interval"]))
            result = await self._apps.in_thread(ask)
            if aadsts(result) == _EXPIRED or result.get("error") == "expired_token":
                raise over
            if result.get("error") not in _PENDING:
                return await self._accept(result)
        raise over

    async def begin_browser(self, redirect_uri: str, state: str) -> tuple[str, Mapping[str, Any]]:
        """(the address to open, what to give to `finish_browser`)."""
        return await self._apps.in_thread(
            lambda: self._apps.begin_code_flow(
                self._app(), self._scopes, redirect_uri=redirect_uri, state=state, prompt="select_account"
            )
        )

    async def finish_browser(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> SignedInReader:
        result = await self._apps.in_thread(lambda: self._apps.finish_code_flow(self._app(), flow, answer))
        return await self._accept(result)

    def _app(self) -> msal.ConfidentialClientApplication:
        if self._application is None:
            self._application = self._apps.for_person(self._partner.tenant_id)
        return self._application

    async def _accept(self, result: Mapping[str, Any]) -> SignedInReader:
        token, refresh = result.get("access_token"), result.get("refresh_token")
        if not isinstance(token, str):
            raise self._refusal(result)
        claims = result.get("id_token_claims") or {}
        person_id, tenant_id = str(claims.get("oid", "")).lower(), str(claims.get("tid", "")).lower()
        if not is_that_person(result, person_id, self._partner.tenant_id) or not person_id:
            raise UserError(
                f"That account signed in to tenant {tenant_id or '(unknown)'}, which is not {self._partner.name}'s "
                f"({self._partner.tenant_id}). Nothing was kept."
            )
        if not isinstance(refresh, str):
            raise Refused(
                "Microsoft gave no refresh token, so the sign-in would end within the hour. Nothing was kept."
            )
        try:
            await self._check_roles(token)
            await self._check_reading(token)
        except Transient as problem:
            raise Transient(
                f"The account could not be checked, so nothing was kept. Run the command again. {problem.message}",
                code=problem.code,
            ) from problem
        now = self._clock.now().isoformat()
        name, upn = str(claims.get("name", "")), str(claims.get("preferred_username", ""))
        sign_in = ReaderSignIn(refresh, person_id, tenant_id, name, upn, now, now)
        await self._reader.replace(self._partner.tenant_id, sign_in)
        granted = {word.rpartition("/")[2] for word in str(result.get("scope", "")).split()}
        return SignedInReader(sign_in, tuple(sorted(granted - {"openid", "profile", "email", "offline_access"})))

    async def _check_roles(self, token: str) -> None:
        """Who can change everything must not lie in a database, however well it is encrypted."""
        answer = await self._graph.call(
            "POST",
            f"{self._graph.base}/v1.0/me/checkMemberObjects",
            caller=_Once(token),
            json={"ids": [GLOBAL_ADMINISTRATOR]},
        )
        if GLOBAL_ADMINISTRATOR in {str(held).lower() for held in listed(answer.json(), "value")}:
            raise UserError(
                "That account is a Global Administrator, whose sign-in is too mighty to be kept. Use an account of its "
                "own that is an Admin agent in Partner Center and nothing else. Nothing was kept."
            )

    async def _check_reading(self, token: str) -> None:
        address = f"{self._graph.base}/beta/security/partner/securityAlerts"
        try:
            await self._graph.call("GET", address, caller=_Once(token), timeout=30.0, attempts=2)
        except MissingMfa as error:
            raise Refused(
                f"The sign-in did not prove multi-factor authentication ({error.code}), which reading alerts takes. "
                "Require it for this account by a Conditional Access policy, and try again. Nothing was kept.",
                code=error.code,
            ) from error
        except Refused as error:
            raise Refused(
                f"That account cannot read the alerts of {self._partner.name} ({error.code}): it must be an Admin "
                "agent in Partner Center. Nothing was kept.",
                code=error.code,
            ) from error

    def _refusal(self, result: Mapping[str, Any]) -> AlertDeskError:
        if aadsts(result) == 70018 or result.get("error") in ("authorization_declined", "access_denied"):
            return UserError("The sign-in was declined. Nothing was kept.")
        error = token_error(result, self._partner.tenant_id)
        if isinstance(error, Transient | ConfigError):
            return error
        return UserError(texts.reader_not_signed_in(code_of(result)), code=error.code)
