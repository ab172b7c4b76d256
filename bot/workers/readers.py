"""Looks once a day whether an account as whom alerts are read is a Global Administrator by now: `login` refuses one."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.people import Partner
from bot.errors import AlertDeskError
from bot.ports import Directory, Environment, ReaderSignIns
from bot.services.operators import Operators
from bot.telemetry.log import get_logger
from bot.texts import tokens as texts

EVERY_SECONDS = 86_400.0
log = get_logger("readers")


class ReaderWatch:
    """Every replica runs it; the operators hear of it once a day. Reading goes on: alerts matter more."""

    def __init__(self, env: Environment, directory: Directory, readers: ReaderSignIns, operators: Operators) -> None:
        self._env, self._directory, self._readers, self._operators = env, directory, readers, operators

    async def run(self) -> None:
        for partner in self._env.partners.values():
            try:
                await self._look(partner)
            except AlertDeskError as problem:  # where the application may not ask, nobody can
                log.info("reader_not_checked", partner=partner.tenant_id, code=problem.code)
        await self._env.clock.sleep(EVERY_SECONDS)

    async def _look(self, partner: Partner) -> None:
        person_id = await self._readers.person_id(partner)
        if not person_id:
            return
        at_home = replace(partner, role_tenant_id="")  # a reader's account is of the partner's own tenant
        if (await self._directory.roles(at_home, person_id)).global_administrator:
            log.warning("reader_too_mighty", partner=partner.tenant_id, person=person_id)
            await self._operators.daily(f"reader {partner.tenant_id}", texts.reader_too_mighty(partner.name))
