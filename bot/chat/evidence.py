"""Evidence packs, as people press and type it. The file goes the way that exports go."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.acting import Acting
from bot.chat.exporting import Exporting
from bot.chat.feature import CommandHandler, Typed, VerbHandler
from bot.chat.turn import Reply, Turn
from bot.domain.policy import Act
from bot.errors import UserError
from bot.ports import Environment
from bot.services import evidence_pack
from bot.services.access import Access
from bot.services.exports import Exports
from bot.texts import evidence as texts
from cards import actions
from cards.actions import EvidenceRun


class EvidencePacks:
    """The verb `evidence.run`, and the command `evidence`."""

    def __init__(
        self, env: Environment, acting: Acting, access: Access, exports: Exports, exporting: Exporting
    ) -> None:
        self._env, self._acting, self._access = env, acting, access
        self._exports, self._exporting = exports, exporting

    def verbs(self) -> Mapping[str, VerbHandler]:
        return {actions.EVIDENCE_RUN: self.run}

    def commands(self, typed: Typed) -> Mapping[str, CommandHandler]:
        async def evidence(turn: Turn, rest: str) -> Reply:
            reference = rest.strip()
            if not reference and (record := await self._acting.of_thread(turn)) is not None:
                reference = record.label
            if not reference or " " in reference:
                raise UserError(texts.USAGE, code="evidence_usage")
            return await typed(turn, actions.EVIDENCE_RUN, {"subject": reference})

        return {"evidence": evidence}

    async def run(self, turn: Turn, act: EvidenceRun) -> Reply:
        readable = await self._acting.readable(turn)
        subject = await evidence_pack.find(self._env, act.subject, readable)
        partner = self._env.partners[subject.partner]
        await self._access.require(
            Act.EVIDENCE, turn.person, partner, turn.conversation, subject.name, turn.activity_id
        )
        person = await self._access.account(turn.person, turn.conversation, {subject.partner})
        return await self._exporting.hand_out(turn, *await self._exports.ask_pack(person, subject))
