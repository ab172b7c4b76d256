"""Digests of conversations: who may set them, and that each is sent once, or not at all where it would be too late."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.domain import digest as schedules
from bot.domain.audit import AuditEntry
from bot.domain.delivery import ItemKind, NewItem
from bot.domain.digest import Digest, DigestKind, Schedule
from bot.domain.people import Conversation, ConversationState, Partner, Person
from bot.domain.policy import Act
from bot.errors import NotAllowed, Transient, Unknown, UserError
from bot.ports import Environment, Transaction
from bot.services.access import Access
from bot.telemetry.log import get_logger
from bot.texts import digest as texts
from bot.texts import en

PRIORITY = 1
"""After the cards of alerts that somebody should look at now."""
_AT_ONCE = 50
log = get_logger("digests")


class Digests:
    def __init__(self, env: Environment, access: Access) -> None:
        self._env, self._access = env, access

    async def of(self, conversation_id: str) -> tuple[Digest, ...]:
        async with self._env.store.read() as tx:
            found = await tx.digests.of(conversation_id)
        return tuple(sorted(found, key=lambda digest: digest.schedule.kind))

    async def routed(self, conversation_id: str) -> bool:
        """Whether there is anything that a digest could tell there."""
        return bool(await self._access.routed(conversation_id))

    async def zone(self, text: str, conversation_id: str) -> str:
        """The time zone that the words name; without words that of a digest which is set there, else UTC. Raises
        UserError for one that nobody knows."""
        if not text.strip():
            return next((digest.schedule.zone for digest in await self.of(conversation_id)), "UTC")
        known = await asyncio.to_thread(schedules.zones)
        if not (zone := schedules.zone_of(text, known)):
            raise UserError(texts.no_zone(text.strip()), code="no_zone")
        return zone

    async def set(self, person: Person, conversation: Conversation, schedule: Schedule, activity_id: str) -> Digest:
        """Raises NotAllowed to whoever is no Admin Agent of a partner that is routed there, Unknown where none is."""
        if schedule.zone not in await asyncio.to_thread(schedules.zones):
            raise UserError(texts.no_zone(schedule.zone), code="no_zone")
        known, partner = await self._allowed(person, conversation, activity_id)
        now = self._env.clock.now()
        digest = Digest(conversation.id, schedule, schedules.next_at(schedule, now), known.aad_id, known.name)
        async with self._env.store.write() as tx:
            await tx.digests.put(digest)
            await self._record(tx, partner, known, "done", conversation, {"set": texts.at(schedule)})
        return digest

    async def off(self, person: Person, conversation: Conversation, kind: str, activity_id: str) -> tuple[str, ...]:
        """The kinds of those that were set and are not any more; an empty `kind` means all. Also where alerts are no
        longer sent: what was set there would come again with them."""
        known, partner = await self._allowed(person, conversation, activity_id, self._env.partners)
        kinds = [kind] if kind else list(DigestKind)
        async with self._env.store.write() as tx:
            removed = tuple([str(each) for each in kinds if await tx.digests.remove(conversation.id, each)])
            if removed:
                await self._record(tx, partner, known, "done", conversation, {"off": list(removed)})
        return removed

    async def send_now(self, person: Person, conversation: Conversation, activity_id: str) -> None:
        """One beside the others: it changes nothing in when those come."""
        known, partner = await self._allowed(person, conversation, activity_id)
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            await self._send(tx, conversation.id, "", now - timedelta(days=1), now)
            await self._record(tx, partner, known, "done", conversation, {"sent": "now"})

    async def step(self) -> int:
        """Send what is due. How many digests were taken up. Replicas may do so at once: one of them wins each."""
        now = self._env.clock.now()
        async with self._env.store.read() as tx:
            due = await tx.digests.due(now, _AT_ONCE)
        for digest in due:
            await self._take(digest, now)
        return len(due)

    async def _take(self, digest: Digest, now: datetime) -> None:
        what = schedules.turn(digest, now)
        async with self._env.store.write() as tx:
            conversation = await tx.conversations.get(digest.conversation_id)
            active = conversation is not None and conversation.state == ConversationState.ACTIVE
            send = what.send if active else None
            if not await tx.digests.advance(digest, what.next_at, send or digest.last_at):
                return
            if send is not None:
                since = schedules.begins(digest, send)
                await self._send(tx, digest.conversation_id, digest.schedule.kind, since, send)
        if send is None:
            log.info("digest_left_out", conversation=digest.conversation_id, kind=digest.schedule.kind, active=active)

    async def _send(self, tx: Transaction, conversation_id: str, kind: str, since: datetime, due: datetime) -> None:
        payload = {"kind": kind, "since": since.isoformat(), "due": due.isoformat()}
        item = NewItem(
            conversation_id, ItemKind.DIGEST_CARD, payload=payload, priority=PRIORITY, dedup_key=f"digest:{kind}"
        )
        await tx.outbox.add([item], self._env.clock.now())
        self._env.outbox_work.set()

    async def _allowed(
        self, person: Person, conversation: Conversation, activity_id: str, otherwise: Iterable[str] = ()
    ) -> tuple[Person, Partner]:
        """The known person, and the routed partner whose Admin Agent they are; one of `otherwise` where none is."""
        routed = await self._access.routed(conversation.id) or frozenset(otherwise)
        if not routed:
            raise Unknown(texts.NOTHING_SENT_HERE, code="nothing_routed")
        known = await self._access.known(person, conversation)
        problem: UserError | Transient = NotAllowed(en.OTHER_TENANT, code="other_tenant")
        for partner in self._own(known, routed):
            try:
                return (
                    await self._access.require(Act.DIGEST, known, partner, conversation, conversation.id, activity_id),
                    partner,
                )
            except (NotAllowed, Transient) as no:
                problem = no
        raise problem

    def _own(self, person: Person, routed: Iterable[str]) -> list[Partner]:
        partners = [self._env.partners[tenant] for tenant in sorted(routed)]
        own = [partner for partner in partners if person.may_stand_in(partner.roles_in)]
        return own or partners[:1]  # asking one puts the attempt on record

    async def _record(
        self,
        tx: Transaction,
        partner: Partner,
        person: Person,
        outcome: str,
        conversation: Conversation,
        detail: dict[str, object],
    ) -> None:
        entry = AuditEntry(partner.tenant_id, Act.DIGEST, outcome, person.aad_id, person.name, conversation.id, detail)
        await tx.audit.append(entry, self._env.clock.now())
