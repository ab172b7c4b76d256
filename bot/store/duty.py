"""Who is on duty where: the roster of a conversation is one document."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from bot.domain.duty import NO_DUTY, Duty, Member, Week
from bot.store.session import Session
from bot.store.team_tables import duty


class SqlDuties:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, conversation_id: str) -> tuple[Duty, int]:
        row = await self._session.first(select(duty).where(duty.c.conversation_id == conversation_id))
        return (_roster(row.document), row.version) if row is not None else (NO_DUTY, 0)

    async def put(self, conversation_id: str, roster: Duty, version: int, now: datetime) -> bool:
        values = {"document": _document(roster), "version": version + 1, "changed_at": now}
        if version:
            statement = update(duty).where(duty.c.conversation_id == conversation_id, duty.c.version == version)
            return await self._session.changed(statement.values(values)) == 1
        insert = self._session.insert(duty).on_conflict_do_nothing()
        return await self._session.changed(insert, {"conversation_id": conversation_id} | values) == 1


def _document(roster: Duty) -> dict[str, Any]:
    return {
        "rotation": [_person(each) for each in roster.rotation],
        "anchor": [roster.anchor.year, roster.anchor.number],
        "exceptions": [[at.year, at.number, [_person(each) for each in who]] for at, who in roster.exceptions.items()],
        "managers": [_person(each) for each in roster.managers],
        "tag": roster.tag,
        "escalates": roster.escalates,
        "zone": roster.zone,
    }


def _person(member: Member) -> list[str]:
    return [member.id, member.mri, member.name]


def _roster(document: dict[str, Any]) -> Duty:
    return Duty(
        rotation=_people(document["rotation"]),
        anchor=Week(*document["anchor"]),
        exceptions={Week(year, number): _people(who) for year, number, who in document["exceptions"]},
        managers=_people(document["managers"]),
        tag=document["tag"],
        escalates=document["escalates"],
        zone=document["zone"],
    )


def _people(of: list[list[str]]) -> tuple[Member, ...]:
    return tuple(Member(*each) for each in of)
