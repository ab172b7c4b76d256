"""Remarks on an alert. They stay in Alert Desk: Partner Center has no field for them."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.alerts import AlertRecord, Note
from bot.domain.audit import AuditEntry
from bot.domain.people import Person
from bot.errors import UserError
from bot.ports import Environment
from bot.services.cards import CardWork
from bot.texts import en as texts

LONGEST = 2000
SAME_WITHIN = timedelta(minutes=10)


class Notes:
    def __init__(self, env: Environment, cards: CardWork) -> None:
        self._env, self._cards = env, cards

    async def add(self, record: AlertRecord, text: str, person: Person) -> AlertRecord:
        """Raises UserError where there is no text, or too much."""
        text = text.strip()
        if not text:
            raise UserError(texts.NOTE_EMPTY)
        if len(text) > LONGEST:
            raise UserError(texts.note_too_long(len(text), LONGEST))
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            said = (await tx.alerts.notes([record.alert.key])).get(record.alert.key, ())
            if any(note.by_id == person.aad_id and note.text == text and now - note.at < SAME_WITHIN for note in said):
                return record  # Teams sent the same act again under another id
            changed = await tx.alerts.add_note(record.alert.key, Note(now, person.aad_id, person.name, text))
            entry = AuditEntry(
                record.alert.partner, "note", "done", person.aad_id, person.name, record.label, {"text": text}
            )
            await tx.audit.append(entry, now)
            await self._cards.changed(tx, record.alert.key, texts.note_line(person.name, text))
        return changed
