"""What we know of conversations stays true: addresses, names, and whether they take messages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.people import Conversation, ConversationState
from tests.factories import ADA, CHANNEL, GENERAL, conversation, personal
from tests.support.house import House

TEAM = conversation().team_id


async def kept(house: House, conversation_id: str = CHANNEL) -> Conversation:
    async with house.store.read() as tx:
        found = await tx.conversations.get(conversation_id)
    assert found is not None
    return found


async def test_who_speaks_makes_a_conversation_known_and_is_remembered(house: House) -> None:
    await house.conversations.heard(conversation(), ADA)
    assert await kept(house) == conversation()
    async with house.store.read() as tx:
        assert await tx.people.get(ADA.aad_id) == ADA


async def test_what_an_activity_leaves_out_does_not_erase_what_was_known(house: House) -> None:
    await house.conversations.heard(conversation(), ADA)
    house.clock.forward(61)
    await house.conversations.heard(conversation(name="", team_id="", team_name="", bot_id=""), ADA)
    assert await kept(house) == conversation()


async def test_a_new_service_address_is_followed_at_once(house: House) -> None:
    await house.conversations.heard(conversation(), ADA)
    moved = conversation(service_url="https://smba.trafficmanager.net/amer")
    await house.conversations.heard(moved, ADA)
    assert (await kept(house)).service_url == moved.service_url


async def test_an_install_is_new_once_and_again_after_a_removal(house: House) -> None:
    assert await house.conversations.installed(conversation())
    assert not await house.conversations.installed(conversation())
    await house.conversations.stopped(CHANNEL, ConversationState.REMOVED)
    assert (await kept(house)).state == ConversationState.REMOVED
    assert await house.conversations.installed(conversation())
    assert (await kept(house)).state == ConversationState.ACTIVE


@pytest.mark.parametrize("state", [state for state in ConversationState if state is not ConversationState.ACTIVE])
async def test_who_speaks_brings_a_conversation_back_at_once(house: House, state: str) -> None:
    await house.conversations.heard(conversation(), ADA)
    await house.conversations.stopped(CHANNEL, state)
    house.env.outbox_work.clear()
    await house.conversations.heard(conversation(), ADA)
    assert (await kept(house)).state == ConversationState.ACTIVE
    assert house.env.outbox_work.is_set()


async def test_what_happens_to_a_team_happens_to_its_channels_and_no_others(house: House) -> None:
    await house.know(conversation(), conversation(GENERAL), conversation("other", team_id="19:x"), personal(ADA))
    await house.conversations.team(TEAM, ConversationState.ARCHIVED)
    states = {each: (await kept(house, each)).state for each in (CHANNEL, GENERAL, "other", "a:ada")}
    assert states == {CHANNEL: "archived", GENERAL: "archived", "other": "active", "a:ada": "active"}
    house.env.outbox_work.clear()
    await house.conversations.team(TEAM, ConversationState.ACTIVE)
    assert (await kept(house, GENERAL)).state == ConversationState.ACTIVE
    assert house.env.outbox_work.is_set()


async def test_names_follow_and_unknown_conversations_are_not_invented(house: House) -> None:
    await house.know(conversation(), conversation(GENERAL, name="General"))
    await house.conversations.renamed(CHANNEL, "Fraud")
    await house.conversations.team_renamed(TEAM, "SOC")
    assert await kept(house) == replace(conversation(), name="Fraud", team_name="SOC")
    assert (await kept(house, GENERAL)).team_name == "SOC"
    await house.conversations.renamed("19:nowhere", "x")
    await house.conversations.stopped("19:nowhere", ConversationState.REMOVED)
    async with house.store.read() as tx:
        assert await tx.conversations.get("19:nowhere") is None


async def test_a_removal_keeps_the_routes(house: House) -> None:
    await house.route()
    await house.conversations.stopped(CHANNEL, ConversationState.REMOVED)
    async with house.store.read() as tx:
        assert [route.on for route in await tx.conversations.routes(CHANNEL)] == [True]
