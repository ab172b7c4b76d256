"""Which alert somebody means, within what they may read here."""

from __future__ import annotations

import re

from bot.domain.alerts import AlertRecord
from bot.errors import Unknown, UserError
from bot.ports import Environment
from bot.texts import en as texts

_NUMBER = re.compile(r"(?:a-)?(\d{1,12})", re.IGNORECASE)
PREFIX_LEAST = 6
_NAMED_MOST = 5


class Lookup:
    def __init__(self, env: Environment) -> None:
        self._env = env

    async def number(self, number: int, readable: frozenset[str]) -> AlertRecord:
        """Raises Unknown: whether it does not exist or is not for these eyes is not told."""
        async with self._env.store.read() as tx:
            record = await tx.alerts.by_number(number, readable)
        if record is None:
            raise Unknown(texts.no_such_alert(f"A-{number}"), code="unknown_alert")
        return record

    async def reference(self, text: str, readable: frozenset[str], *, whole: bool) -> AlertRecord:
        """The alert by number, by id, or (unless `whole`) by a start of its id that is unique.

        Raises Unknown, or UserError where it is too short or fits several.
        """
        text = text.strip().strip("#.,:;!?")
        if found := _NUMBER.fullmatch(text):
            return await self.number(int(found[1]), readable)
        async with self._env.store.read() as tx:
            records = await tx.alerts.by_id_prefix(text, readable, _NAMED_MOST + 1) if len(text) >= PREFIX_LEAST else ()
        exact = [record for record in records if record.alert.id.lower() == text.lower()]
        if len(exact) == 1:
            return exact[0]
        if whole and records:
            raise UserError(texts.give_whole_id([record.label for record in records[:_NAMED_MOST]]), code="whole_id")
        if not records:
            raise Unknown(texts.no_such_alert(text), code="unknown_alert")
        if len(records) > 1:
            labels = [record.label for record in records[:_NAMED_MOST]]
            raise UserError(texts.ambiguous(text, labels, more=len(records) > _NAMED_MOST), code="ambiguous")
        return records[0]
