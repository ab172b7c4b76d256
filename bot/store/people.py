"""Whom the bot has seen, where, and which roles they were last found to hold."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import case, or_, select

from bot.domain.people import Person, Roles
from bot.store.session import Session
from bot.store.tables import people, people_roles, people_seen


class SqlPeople:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def seen(self, person: Person, conversation_id: str, now: datetime) -> None:
        """What is empty this time does not wipe out what was known."""
        person_id = person.aad_id or person.mri
        facts = {
            "aad_id": person.aad_id,
            "mri": person.mri,
            "name": person.name,
            "tenant_id": person.tenant_id,
            "upn": person.upn,
        }
        statement = self._session.insert(people)
        fresh = statement.excluded
        newer = {name: case((fresh[name] == "", people.c[name]), else_=fresh[name]) for name in facts}
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_={**newer, "seen_at": fresh.seen_at}),
            {"id": person_id, "seen_at": now, **facts},
        )
        seen = self._session.insert(people_seen)
        await self._session.execute(
            seen.on_conflict_do_update(
                index_elements=["person_id", "conversation_id"], set_={"seen_at": seen.excluded.seen_at}
            ),
            {"person_id": person_id, "conversation_id": conversation_id, "seen_at": now},
        )

    async def get(self, person_id: str) -> Person | None:
        """By Entra object id or MRI."""
        if not person_id:
            return None
        statement = select(people).where(or_(people.c.id == person_id, people.c.mri == person_id))
        row = await self._session.first(statement.order_by(people.c.seen_at.desc()).limit(1))
        return Person(row.aad_id, row.mri, row.name, row.tenant_id, row.upn) if row is not None else None

    async def roles(self, person_id: str, partner: str) -> Roles | None:
        where = (people_roles.c.person_id == person_id, people_roles.c.partner == partner)
        row = await self._session.first(select(people_roles).where(*where))
        return Roles(row.admin_agent, row.global_administrator) if row is not None else None

    async def responders(self, conversation_id: str, limit: int) -> tuple[str, ...]:
        statement = (
            select(people.c.mri)
            .select_from(people_seen.join(people, people.c.id == people_seen.c.person_id))
            .where(people_seen.c.conversation_id == conversation_id, people.c.mri != "")
            .order_by(people_seen.c.seen_at.desc(), people.c.id)
            .limit(limit)
        )
        return tuple(row.mri for row in await self._session.rows(statement))

    async def remember_roles(self, person_id: str, partner: str, roles: Roles, now: datetime) -> None:
        held = {
            "admin_agent": roles.admin_agent,
            "global_administrator": roles.global_administrator,
            "checked_at": now,
        }
        statement = self._session.insert(people_roles)
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=["person_id", "partner"], set_={name: statement.excluded[name] for name in held}
            ),
            {"person_id": person_id, "partner": partner, **held},
        )
