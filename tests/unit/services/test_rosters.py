"""Whom we know in a conversation follows its roster, and where that cannot be read it stays as it was."""

from __future__ import annotations

import pytest

from bot.domain.people import ConversationState
from bot.errors import Transient
from bot.services import rosters as module
from tests.factories import (
    ADA,
    CHANNEL,
    ELSEWHERE,
    FAY,
    GENERAL,
    GIL,
    GUS,
    MAX,
    NORA,
    NORTHWIND,
    conversation,
    person,
    personal,
)
from tests.support.house import House

TEAM = conversation(GENERAL, team_id=GENERAL)
"""A team's first channel: the team goes by its id."""


async def known(house: House, where: str = CHANNEL) -> list[str]:
    """Who is known there, in the order of a card's list."""
    async with house.store.read() as tx:
        return [mri.removeprefix("29:") for mri in await tx.people.responders(where, 60)]


async def heard(house: House, *people: object, where: str = CHANNEL) -> None:
    async with house.store.write() as tx:
        for someone in (ADA, MAX, GIL, NORA, GUS, FAY):
            if someone in people:
                house.clock.forward(1)
                await tx.people.seen(someone, where, house.clock.now())


async def test_who_is_there_is_known_and_who_was_heard_comes_first(house: House) -> None:
    await house.know(conversation())
    await heard(house, NORA, MAX)
    await house.rosters.read(CHANNEL)
    found = await known(house)
    assert found[:2] == ["nora", "max"]
    assert set(found[2:]) == {"ada", "gil", "gus"}


async def test_who_left_is_forgotten(house: House) -> None:
    await house.know(conversation())
    await heard(house, ADA, FAY)
    await heard(house, FAY, where="elsewhere")
    await house.rosters.read(CHANNEL)
    assert "fay" not in await known(house)
    assert await known(house, "elsewhere") == ["fay"]
    del house.channel.rosters[CHANNEL][ADA.aad_id]
    await house.rosters.read(CHANNEL)
    assert set(await known(house)) == {"max", "gil", "nora", "gus"}


async def test_of_a_roster_that_is_longer_than_we_read_nobody_is_thought_to_have_left(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_PEOPLE", 2)
    await house.know(conversation())
    await heard(house, NORA, FAY)
    await house.rosters.read(CHANNEL)
    assert set(await known(house)) == {"nora", "fay", "ada", "max"}


async def test_what_cannot_be_read_stays_as_it_was(house: House) -> None:
    await house.know(conversation())
    await heard(house, ADA, FAY)
    house.channel.roster_away = Transient("away")
    with pytest.raises(Transient):
        await house.rosters.read(CHANNEL)
    assert await known(house) == ["fay", "ada"]


async def test_a_conversation_that_takes_no_messages_is_not_asked(house: House) -> None:
    house.channel.roster_away = Transient("away")
    await house.rosters.read("19:never-heard-of")
    await house.know(conversation(state=ConversationState.REMOVED))
    await house.rosters.read(CHANNEL)


async def test_who_is_removed_is_forgotten_at_once_and_the_roster_is_read_soon(house: House) -> None:
    await house.know(conversation())
    await heard(house, ADA, MAX)
    await house.rosters.left(conversation(), [person("Max", 102, aad_id="")])
    assert await known(house) == ["ada"]
    assert house.rosters.asked.is_set()
    assert house.rosters.take() == (CHANNEL,)
    assert not house.rosters.asked.is_set()
    assert house.rosters.take() == ()


async def test_who_leaves_a_team_leaves_its_channels(house: House) -> None:
    of_team = conversation(team_id=GENERAL)
    await house.know(TEAM, of_team, conversation("other"), personal(MAX))
    for where in (GENERAL, CHANNEL, "other"):
        await heard(house, MAX, where=where)
    await house.rosters.left(TEAM, [MAX])
    assert [await known(house, where) for where in (GENERAL, CHANNEL, "other")] == [[], [], ["max"]]
    assert set(house.rosters.take()) == {GENERAL, CHANNEL}


async def test_who_leaves_one_channel_stays_in_the_others(house: House) -> None:
    of_team = conversation(team_id=GENERAL)
    await house.know(TEAM, of_team)
    for where in (GENERAL, CHANNEL):
        await heard(house, MAX, where=where)
    await house.rosters.left(of_team, [MAX])
    assert [await known(house, where) for where in (GENERAL, CHANNEL)] == [["max"], []]


async def test_many_changes_are_one_reading_and_never_too_many(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ASKED", 3)
    for number in (1, 2, 2, 3, 4, 5):
        await house.rosters.came(conversation(f"c{number}"))
    assert house.rosters.take() == ("c3", "c4", "c5")


async def test_only_where_alerts_go(house: House) -> None:
    await house.route()
    await house.know(conversation(GENERAL))
    assert await house.rosters.routed() == {CHANNEL}
    await house.routes.unsubscribe(ADA, conversation())
    assert await house.rosters.routed() == frozenset()


async def test_a_guest_is_known_by_what_the_roster_says(house: House) -> None:
    await house.know(conversation())
    await house.rosters.read(CHANNEL)
    async with house.store.read() as tx:
        gus, ada = await tx.people.get(GUS.aad_id), await tx.people.get(ADA.aad_id)
    assert gus is not None
    assert ada is not None
    assert (gus.tenant_id, ada.tenant_id) == (ELSEWHERE, NORTHWIND)
