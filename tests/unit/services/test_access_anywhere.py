"""Who somebody is, and what is theirs to read, where the conversation cannot be asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.domain.people import Conversation, ConversationKind, ConversationState, Person
from bot.errors import NotChecked, Permanent, Transient
from bot.services import access as module
from tests.factories import (
    ADA,
    CHANNEL,
    ELSEWHERE,
    FABRIKAM,
    FAY,
    GENERAL,
    GUS,
    NORA,
    NORTHWIND,
    conversation,
    person,
    personal,
)
from tests.support.house import House
from tests.support.until import until

ABROAD = conversation("19:somewhere@thread.v2", kind=ConversationKind.GROUP_CHAT)
STRANGER = person("Sid", 199)


async def test_their_own_chat_with_the_bot_knows_them(house: House) -> None:
    await house.know(personal(FAY))
    house.channel.join(personal(FAY), FAY, FABRIKAM)
    known = await house.access.introduced(FAY, ABROAD)
    assert (known.tenant_id, known.aad_id) == (FABRIKAM, FAY.aad_id)
    assert await house.access.own(known) == {FABRIKAM}


async def test_so_does_a_conversation_that_gets_alerts(house: House) -> None:
    await house.route()
    for who, tenant in ((NORA, NORTHWIND), (GUS, ELSEWHERE)):
        known = await house.access.introduced(who, ABROAD)
        assert known.tenant_id == tenant
        assert await house.access.own(known) == {NORTHWIND}


async def test_so_does_the_conversation_itself_where_the_bot_is_in_it(house: House) -> None:
    house.channel.join(conversation(GENERAL), FAY, FABRIKAM)
    assert not (await house.access.introduced(FAY, conversation(GENERAL))).is_known, "it was never heard of"
    await house.know(conversation(GENERAL))
    assert (await house.access.introduced(FAY, conversation(GENERAL))).tenant_id == FABRIKAM


async def test_a_conversation_that_is_off_is_not_asked(house: House) -> None:
    await house.route()
    async with house.store.write() as tx:
        await tx.conversations.set_state(CHANNEL, ConversationState.REMOVED)
    assert not (await house.access.introduced(NORA, ABROAD)).is_known


async def test_whom_nobody_knows_stays_a_stranger(house: House) -> None:
    await house.route()
    assert await house.access.introduced(STRANGER, ABROAD) == STRANGER
    assert await house.access.introduced(replace(NORA, aad_id=""), ABROAD) == replace(NORA, aad_id="")
    borrowed = replace(NORA, aad_id=ADA.aad_id)  # Nora's Teams id, Ada's Entra id
    assert not (await house.access.introduced(borrowed, ABROAD)).is_known


async def test_who_is_known_is_not_asked_about(house: House) -> None:
    house.channel.roster_away = Transient("away")
    known = house.as_known(ADA)
    assert await house.access.introduced(known, ABROAD) == known


@pytest.mark.parametrize("problem", [Transient("away"), Permanent("403")], ids=["away", "refused"])
async def test_where_no_roster_answers_nobody_is_known(house: House, problem: Transient | Permanent) -> None:
    await house.route()
    house.channel.roster_away = problem
    with pytest.raises(NotChecked):
        await house.access.introduced(NORA, ABROAD)


async def test_one_that_does_not_answer_does_not_hide_another(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.route()
    await house.know(personal(NORA))
    asked = house.channel.member

    async def member(place: Conversation, person_id: str) -> Person | None:
        if place.kind == ConversationKind.PERSONAL:
            raise Transient("away")
        return await asked(place, person_id)

    monkeypatch.setattr(house.channel, "member", member)
    assert (await house.access.introduced(NORA, ABROAD)).tenant_id == NORTHWIND


async def test_a_slow_roster_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.05)
    await house.route()
    house.channel.slow = True
    with pytest.raises(NotChecked):
        await house.access.introduced(NORA, ABROAD)


# Many rosters ------------------------------------------------------------------------------------------------------

CHANNELS = tuple(f"19:team{number:02}@thread.tacv2" for number in range(20))


class Rosters:
    """Answers of Teams about members, each of which waits until it may come; those of `lost` never do."""

    def __init__(self, house: House) -> None:
        self._answer = house.channel.member
        self.asked: list[str] = []
        self.lost: set[str] = set()
        self.running = self.most = 0
        self.open = asyncio.Event()
        self.open.set()

    async def member(self, place: Conversation, person_id: str) -> Person | None:
        self.asked.append(place.id)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await (asyncio.Event() if place.id in self.lost else self.open).wait()
            return await self._answer(place, person_id)
        finally:
            self.running -= 1

    def taken(self) -> list[str]:
        asked, self.asked = self.asked, []
        return sorted(asked)


@pytest.fixture
async def rosters(house: House, monkeypatch: pytest.MonkeyPatch) -> Rosters:
    """Alerts go to twenty channels."""
    for channel in CHANNELS:
        await house.route(where=channel)
    rosters = Rosters(house)
    monkeypatch.setattr(house.channel, "member", rosters.member)
    return rosters


async def test_many_rosters_are_asked_side_by_side_with_a_bound(
    house: House, rosters: Rosters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEAD_START_SECONDS", 0.01)
    rosters.open.clear()
    asking = asyncio.create_task(house.access.own(house.as_known(NORA)))
    await until(lambda: rosters.running == module.ASKED_AT_ONCE)
    rosters.open.set()
    assert await asking == frozenset()
    assert rosters.taken() == list(CHANNELS)
    assert rosters.most == module.ASKED_AT_ONCE


async def test_who_was_not_there_is_not_asked_about_again_for_a_minute(house: House, rosters: Rosters) -> None:
    for _ in range(2):
        assert await house.access.own(house.as_known(NORA)) == frozenset()
        assert await house.access.introduced(STRANGER, ABROAD) == STRANGER
    assert rosters.taken() == sorted(CHANNELS * 2)
    house.channel.join(conversation(CHANNELS[7]), NORA, NORTHWIND)
    house.clock.forward(60)
    assert await house.access.own(house.as_known(NORA)) == {NORTHWIND}


async def test_what_was_learnt_before_time_was_up_helps_the_next_press(
    house: House, rosters: Rosters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.5)
    rosters.lost = {CHANNELS[19]}
    with pytest.raises(NotChecked):
        await house.access.own(house.as_known(NORA))
    assert rosters.running == 0, "nobody waits for it any more"
    rosters.lost.clear()
    rosters.taken()
    assert await house.access.own(house.as_known(NORA)) == frozenset()
    assert rosters.taken() == [CHANNELS[19]]


async def test_one_that_hangs_does_not_hide_another(
    house: House, rosters: Rosters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEAD_START_SECONDS", 0.01)
    rosters.lost = {CHANNELS[0], CHANNELS[3]}
    house.channel.join(conversation(CHANNELS[14]), NORA, NORTHWIND)
    assert (await house.access.introduced(NORA, ABROAD)).tenant_id == NORTHWIND
    assert await house.access.own(house.as_known(NORA)) == {NORTHWIND}
    await until(lambda: rosters.running == 0)


async def test_where_the_first_knows_them_no_other_is_asked(house: House, rosters: Rosters) -> None:
    await house.know(personal(FAY))
    house.channel.join(personal(FAY), FAY, FABRIKAM)
    house.channel.join(conversation(CHANNELS[0]), NORA, NORTHWIND)
    await house.access.introduced(FAY, ABROAD)
    await house.access.own(house.as_known(NORA))
    assert rosters.taken() == sorted([personal(FAY).id, CHANNELS[0]])


async def test_to_act_the_roster_is_asked_whatever_is_remembered(house: House, rosters: Rosters) -> None:
    here = conversation(CHANNELS[0])
    assert await house.access.introduced(NORA, ABROAD) == NORA
    house.channel.join(here, NORA, NORTHWIND)
    assert (await house.access.known(NORA, here)).tenant_id == NORTHWIND
