"""Whom the bot has seen, where, and which roles they were last found to hold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Select, case, delete, or_, select

from bot.domain.people import Person, Roles
from bot.store.session import Session
from bot.store.tables import people, people_roles, people_seen

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When somebody was heard who only stands on a roster: it sorts after all who spoke."""


class SqlPeople:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def seen(self, person: Person, conversation_id: str, now: datetime) -> None:
        """What is empty this time does not wipe out what was known."""
        person_id = await self._know(person, now)
        seen = self._session.insert(people_seen)
        await self._session.execute(
            seen.on_conflict_do_update(
                index_elements=["person_id", "conversation_id"], set_={"seen_at": seen.excluded.seen_at}
            ),
            {"person_id": person_id, "conversation_id": conversation_id, "seen_at": now},
        )

    async def stand(self, people: Iterable[Person], conversation_id: str) -> None:
        for person in sorted(people, key=_id):  # in one order, so that two replicas never wait for each other
            place = {"person_id": await self._know(person, _NEVER), "conversation_id": conversation_id}
            await self._session.execute(
                self._session.insert(people_seen).on_conflict_do_nothing(
                    index_elements=["person_id", "conversation_id"]
                ),
                {**place, "seen_at": _NEVER},
            )

    async def left(self, person_ids: Iterable[str], conversation_id: str) -> int:
        ids = sorted(set(person_ids))
        known = select(people.c.id).where(or_(people.c.id.in_(ids), people.c.mri.in_(ids)))
        gone = delete(people_seen).where(
            people_seen.c.conversation_id == conversation_id,
            or_(people_seen.c.person_id.in_(ids), people_seen.c.person_id.in_(known)),
        )
        return await self._session.changed(gone)

    async def there(self, conversation_id: str) -> frozenset[str]:
        wanted = select(people_seen.c.person_id).where(people_seen.c.conversation_id == conversation_id)
        return frozenset(row.person_id for row in await self._session.rows(wanted))

    async def _know(self, person: Person, seen_at: datetime) -> str:
        """Write down who they are, and return under which id. Nobody is seen earlier than they were already."""
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
        latest = case((fresh.seen_at > people.c.seen_at, fresh.seen_at), else_=people.c.seen_at)
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_={**newer, "seen_at": latest}),
            {"id": _id(person), "seen_at": seen_at, **facts},
        )
        return _id(person)

    async def get(self, person_id: str) -> Person | None:
        """By Entra object id or MRI."""
        if not person_id:
            return None
        statement = select(people).where(or_(people.c.id == person_id, people.c.mri == person_id))
        row = await self._session.first(statement.order_by(people.c.seen_at.desc()).limit(1))
        return _person(row) if row is not None else None

    async def roles(self, person_id: str, partner: str) -> Roles | None:
        where = (people_roles.c.person_id == person_id, people_roles.c.partner == partner)
        row = await self._session.first(select(people_roles).where(*where))
        return Roles(row.admin_agent, row.global_administrator) if row is not None else None

    async def holders(self, partner: str, limit: int) -> tuple[Person, ...]:
        """Last looked at first."""
        statement = (
            select(people)
            .select_from(people_roles.join(people, people.c.id == people_roles.c.person_id))
            .where(people_roles.c.partner == partner, people_roles.c.admin_agent, people_roles.c.global_administrator)
            .order_by(people_roles.c.checked_at.desc(), people.c.id)
            .limit(limit)
        )
        return tuple(map(_person, await self._session.rows(statement)))

    async def responders(self, conversation_id: str, limit: int) -> tuple[str, ...]:
        return tuple(row.mri for row in await self._session.rows(_heard(select(people.c.mri), conversation_id, limit)))

    async def known_in(self, conversation_id: str, limit: int) -> tuple[Person, ...]:
        return tuple(map(_person, await self._session.rows(_heard(select(people), conversation_id, limit))))

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


def _heard(statement: Select[Any], conversation_id: str, limit: int) -> Select[Any]:
    return (
        statement.select_from(people_seen.join(people, people.c.id == people_seen.c.person_id))
        .where(people_seen.c.conversation_id == conversation_id, people.c.mri != "")
        .order_by(people_seen.c.seen_at.desc(), people.c.id)
        .limit(limit)
    )


def _id(person: Person) -> str:
    return person.aad_id or person.mri


def _person(row: Row[Any]) -> Person:
    return Person(row.aad_id, row.mri, row.name, row.tenant_id, row.upn)
