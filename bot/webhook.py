"""`python -m bot webhook show|register|test|remove`: the webhook's registration at Partner Center, by an operator.

Partner Center has one registration for each partner tenant, whoever made it: nothing here replaces another program's
unless told to.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from bot.clock import SystemClock, SystemIds
from bot.domain.people import Partner
from bot.domain.webhooks import FRAUD, TEST, WANTED, address, is_stale
from bot.errors import AlertDeskError, ConfigError, UserError
from bot.microsoft.entra import Entra, EntraConfig
from bot.microsoft.service import partner_center
from bot.microsoft.webhook_registration import Registration, WebhookRegistrations
from bot.net.http import Http
from bot.net.sync_http import SyncHttp
from bot.ports import Clock
from bot.settings import Settings
from bot.texts import tokens
from bot.texts import webhook as texts

RESULT_SECONDS = 90.0
"""How long the outcome of a test event is waited for."""
LOOK_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Order:
    """What the operator asked for. `replace`: another program's registration may be overwritten."""

    command: str
    partner: str
    replace: bool = False


async def webhook(settings: Settings, entra_config: EntraConfig, order: Order) -> int:
    """Do it and print what the operator must know: 0 done, 1 where a test event did not arrive."""
    if not settings.public_base:
        raise ConfigError(texts.NO_BASE)
    async with _desk(settings, entra_config, order) as desk:
        commands: dict[str, Callable[[], Awaitable[int]]] = {
            "show": desk.show,
            "register": desk.register,
            "test": desk.test,
            "remove": desk.remove,
        }
        return await commands[order.command]()


@dataclass(frozen=True, slots=True)
class _Desk:
    registrations: WebhookRegistrations
    clock: Clock
    partner: Partner
    ours: str
    may_replace: bool

    async def show(self) -> int:
        found = await self.registrations.get(self.partner)
        if found is None:
            print(texts.none(self.partner.name))
            return 0
        print(texts.shown(self.partner.name, found.url, found.events, self._is_ours(found)))
        if is_stale(found.url, self.ours):
            print(texts.stale(self.partner.name, found.url, self.ours))
        return 0

    async def register(self) -> int:
        """Create it, or add what is missing to ours. What others registered for stays registered."""
        found = await self.registrations.get(self.partner)
        if found is None:
            made = await self.registrations.create(self.partner, Registration(self.ours, WANTED))
            print(texts.registered(self.partner.name, made.url, made.events))
            return 0
        if not self._is_ours(found) and not self.may_replace:
            raise UserError(texts.foreign(self.partner.name, found.url))
        events = tuple(dict.fromkeys((*found.events, *WANTED)))
        if self._is_ours(found) and events == found.events:
            print(texts.unchanged(self.partner.name, self.ours))
            return 0
        made = await self.registrations.replace(self.partner, replace(found, url=self.ours, events=events))
        print(texts.registered(self.partner.name, made.url, made.events))
        return 0

    async def remove(self) -> int:
        """There is no documented call that deletes one: it is left without alerts."""
        found = await self.registrations.get(self.partner)
        if found is None or FRAUD not in found.events:
            print(texts.nothing_to_remove(self.partner.name))
            return 0
        if not self._is_ours(found):
            raise UserError(texts.not_ours(self.partner.name, found.url))
        left = tuple(event for event in found.events if event != FRAUD) or (TEST,)
        made = await self.registrations.replace(self.partner, replace(found, events=left))
        print(texts.removed(self.partner.name, made.url, made.events))
        return 0

    async def test(self) -> int:
        found = await self.registrations.get(self.partner)
        if found is None:
            raise UserError(texts.none(self.partner.name))
        if TEST not in found.events:
            raise UserError(texts.not_tested(TEST))
        if not self._is_ours(found):
            raise UserError(texts.not_ours(self.partner.name, found.url))
        correlation_id = await self.registrations.test(self.partner)
        print(texts.sent(correlation_id), flush=True)
        end = self.clock.monotonic() + RESULT_SECONDS
        while self.clock.monotonic() < end:
            outcome = await self.registrations.validation(self.partner, correlation_id)
            if outcome.completed:
                for each in outcome.attempts:
                    print(texts.attempt(each.at, each.status, each.message, system_error=each.system_error))
                arrived = any(each.arrived for each in outcome.attempts)
                print(texts.ARRIVED if arrived else texts.NOT_ARRIVED)
                return 0 if arrived else 1
            await self.clock.sleep(LOOK_SECONDS)
        raise AlertDeskError(texts.no_result(RESULT_SECONDS))

    def _is_ours(self, found: Registration) -> bool:
        return found.url.rstrip("/").lower() == self.ours.lower()


@asynccontextmanager
async def _desk(settings: Settings, entra_config: EntraConfig, order: Order) -> AsyncIterator[_Desk]:
    clock, ids, loopback = SystemClock(), SystemIds(), settings.dangerously_allow_loopback
    partner = _partner(settings, order.partner)
    http, login_http = Http(clock, ids, loopback=loopback), SyncHttp(clock, loopback=loopback)
    try:
        entra = Entra(entra_config, login_http, clock)
        base = settings.partner_center_url.rstrip("/")
        registrations = WebhookRegistrations(partner_center(http, entra, clock, ids, base, loopback=loopback))
        yield _Desk(registrations, clock, partner, address(settings.public_base, partner.tenant_id), order.replace)
    finally:
        await http.close()
        login_http.close()


def _partner(settings: Settings, name: str) -> Partner:
    partners = settings.partner_values().values()
    wanted = name.strip().casefold()
    for partner in partners:
        if wanted in (partner.name.casefold(), partner.tenant_id):
            return partner
    raise UserError(tokens.unknown_partner(name, [partner.name for partner in partners]))
