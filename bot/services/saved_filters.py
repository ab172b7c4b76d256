"""Saved filters: in a personal chat a person's own, elsewhere the conversation's. Kept as words; what they select, and
what may be read of that, is decided anew whenever they are used."""

from __future__ import annotations

from bot.domain.audit import AuditEntry
from bot.domain.people import Conversation, ConversationKind, Person
from bot.domain.policy import Act
from bot.domain.saved_filters import MOST, SavedFilter, expanded, is_name, of_conversation, of_person, used
from bot.errors import Unknown, UserError
from bot.ports import Environment, Transaction
from bot.services import filter_words
from bot.services.access import Access
from bot.texts import saved_filters as texts


class SavedFilters:
    def __init__(self, env: Environment, access: Access) -> None:
        self._env, self._access = env, access

    async def save(
        self, name: str, words: str, person: Person, conversation: Conversation, activity_id: str = ""
    ) -> tuple[SavedFilter, bool]:
        """Keep it where it was said; what had the name is replaced, which the second value tells.

        Raises UserError for a name or words that will not do, or where there are enough already; NotAllowed.
        """
        if not is_name(name):
            raise UserError(texts.bad_name(name), code="bad_name")
        words = await self.expand(words, person, conversation)
        if not words:
            raise UserError(texts.SAVE_USAGE, code="no_words")
        filter_words.parse(words)
        by, partner = await self._allowed(person, conversation, activity_id)
        scope, now = scope_of(person, conversation), self._env.clock.now()
        saved = SavedFilter(scope, name, words, by.aad_id, by.name, now)
        async with self._env.store.write() as tx:
            known = await tx.saved_filters.named(scope, [name])
            if not known and await tx.saved_filters.count(scope) >= MOST:
                raise UserError(texts.TOO_MANY, code="too_many")
            await tx.saved_filters.put(saved)
            await self._record(tx, partner, by, name, {"conversation": conversation.id, "filter": words})
        return saved, bool(known)

    async def forget(self, name: str, person: Person, conversation: Conversation, activity_id: str = "") -> None:
        """Raises Unknown where there is none of that name here; NotAllowed."""
        scope = scope_of(person, conversation)
        async with self._env.store.read() as tx:
            known = await tx.saved_filters.named(scope, [name])
        if not known:
            raise Unknown(await self._unknown(name, person, conversation), code="unknown_filter")
        by, partner = await self._allowed(person, conversation, activity_id)
        async with self._env.store.write() as tx:
            if await tx.saved_filters.remove(scope, name):
                await self._record(tx, partner, by, known[0].name, {"conversation": conversation.id, "forgotten": True})

    async def listed(self, person: Person, conversation: Conversation) -> tuple[SavedFilter, ...]:
        """Those that are kept where this is asked, by name."""
        async with self._env.store.read() as tx:
            return await tx.saved_filters.all_of(scope_of(person, conversation), MOST)

    async def expand(self, words: str, person: Person, conversation: Conversation) -> str:
        """The words with each `@name` replaced: by the person's own of that name, else by the conversation's. Raises
        Unknown where there is neither."""
        names = used(words)
        if not names:
            return words.strip()
        async with self._env.store.read() as tx:
            here = await tx.saved_filters.named(of_conversation(conversation.id), names)
            own = await tx.saved_filters.named(of_person(person.aad_id), names) if person.aad_id else ()
        known = {saved.name.lower(): saved.words for saved in (*here, *own)}
        for name in names:
            if name not in known:
                raise Unknown(await self._unknown(name, person, conversation), code="unknown_filter")
        return expanded(words, known)

    async def _unknown(self, name: str, person: Person, conversation: Conversation) -> str:
        return texts.unknown(name, [saved.name for saved in await self.listed(person, conversation)])

    async def _allowed(self, person: Person, conversation: Conversation, activity_id: str) -> tuple[Person, str]:
        """Who it is, and whose trail takes it down; nobody's where it concerns only the person."""
        if conversation.kind == ConversationKind.PERSONAL:
            return person, ""
        return await self._access.require_here(Act.SAVE, person, conversation, activity_id)

    async def _record(self, tx: Transaction, partner: str, by: Person, name: str, detail: dict[str, object]) -> None:
        if partner:
            entry = AuditEntry(partner, Act.SAVE, "done", by.aad_id, by.name, f"@{name}", detail)
            await tx.audit.append(entry, self._env.clock.now())


def scope_of(person: Person, conversation: Conversation) -> str:
    personal = conversation.kind == ConversationKind.PERSONAL
    return of_person(person.aad_id) if personal else of_conversation(conversation.id)
