"""The operators hear of it when an account as whom alerts are read becomes a Global Administrator."""

from __future__ import annotations

from datetime import datetime

import pytest

from bot.domain.people import Partner
from bot.errors import Refused
from bot.services.operators import Operators
from bot.workers.readers import EVERY_SECONDS, ReaderWatch
from tests.factories import ADA, FABRIKAM, GIL, NORTHWIND, conversation
from tests.support.house import OPERATORS, House


class Readers:
    """Whose sign-in reads which partner's alerts."""

    def __init__(self) -> None:
        self.people: dict[str, str | Exception] = {NORTHWIND: ADA.aad_id}

    async def ends_at(self, partner: Partner) -> datetime | None:
        return None

    async def person_id(self, partner: Partner) -> str:
        found = self.people.get(partner.tenant_id, "")
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
async def desk(house: House) -> House:
    await house.know(conversation(OPERATORS))
    return house


async def told(house: House, readers: Readers) -> list[str]:
    await ReaderWatch(house.env, house.directory, readers, Operators(house.env, OPERATORS)).run()
    return [str(item.payload["text"]) for item in await house.waiting() if item.conversation_id == OPERATORS]


async def test_it_is_told_once_a_day_and_by_one_replica(desk: House) -> None:
    readers = Readers()
    assert await told(desk, readers) == []
    desk.directory.grant(NORTHWIND, ADA, admin_agent=True, global_admin=True)
    (said,) = await told(desk, readers)
    assert "Northwind" in said
    assert 'python -m bot login --partner "Northwind"' in said
    desk.clock.forward(-EVERY_SECONDS)
    assert await told(desk, readers) == [], "another replica"
    assert len(await told(desk, readers)) == 1


async def test_what_cannot_be_asked_stops_nothing(desk: House) -> None:
    desk.directory.grant(FABRIKAM, GIL, global_admin=True)
    readers = Readers()
    readers.people = {NORTHWIND: Refused("sealed with a lost key"), FABRIKAM: GIL.aad_id}
    assert ["Fabrikam" in said for said in await told(desk, readers)] == [True]
