"""Who somebody is, and what is theirs to read, where the conversation cannot be asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.people import ConversationKind, ConversationState, Person
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

    async def member(place: module.Conversation, person_id: str) -> Person | None:
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
