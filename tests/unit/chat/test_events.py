"""What happens to conversations: greeted once, kept true, and no greeting that can do harm."""

from __future__ import annotations

import pytest

from bot.chat.turn import Event, EventKind
from bot.domain.people import Conversation, ConversationKind, ConversationState
from bot.errors import AlertDeskError, Permanent, Refused, TooLarge, Transient
from bot.texts import welcome
from cards.actions import ROUTE_ON
from tests.factories import ADA, CHANNEL, GENERAL, conversation, personal, said
from tests.fakes import Trouble
from tests.support.house import House
from tests.support.seen import Card, checked


def greeting(house: House) -> Card:
    (post,) = house.channel.posts
    assert post.message.card is not None
    return checked(post.message.card)


async def state(house: House, conversation_id: str = CHANNEL) -> str:
    async with house.store.read() as tx:
        found = await tx.conversations.get(conversation_id)
    return found.state if found else ""


async def happens(house: House, kind: str, where: Conversation | None = None, name: str = "") -> None:
    await house.events.event(Event(kind, where or conversation(), name=name))


async def test_an_install_is_greeted_with_the_way_to_begin_and_routes_nothing(house: House) -> None:
    await happens(house, EventKind.INSTALLED)
    assert ROUTE_ON in greeting(house).verbs
    async with house.store.read() as tx:
        assert await tx.conversations.routes() == ()


async def test_it_is_greeted_once(house: House) -> None:
    await happens(house, EventKind.INSTALLED)
    await happens(house, EventKind.INSTALLED)
    assert len(house.channel.posts) == 1


async def test_where_alerts_come_already_there_is_no_button_for_it(house: House) -> None:
    await house.route()
    await house.conversations.stopped(CHANNEL, ConversationState.REMOVED)
    await happens(house, EventKind.INSTALLED)
    assert greeting(house).verbs == set()
    assert welcome.WELCOME_ROUTED[1] in greeting(house).text


async def test_a_personal_chat_is_greeted_as_such(house: House) -> None:
    await happens(house, EventKind.INSTALLED, personal(ADA))
    assert welcome.WELCOME_PERSONAL[1] in greeting(house).text
    assert greeting(house).verbs == set()


async def test_a_greeting_that_cannot_be_sent_loses_nothing(house: House) -> None:
    house.channel.troubles.append(Trouble(Transient("away")))
    await happens(house, EventKind.INSTALLED)
    assert await state(house) == ConversationState.ACTIVE


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [
        (EventKind.REMOVED, ConversationState.REMOVED),
        (EventKind.CHANNEL_DELETED, ConversationState.DELETED),
        (EventKind.CHANNEL_RESTORED, ConversationState.ACTIVE),
        (EventKind.TEAM_ARCHIVED, ConversationState.ARCHIVED),
        (EventKind.TEAM_DELETED, ConversationState.DELETED),
        (EventKind.TEAM_RESTORED, ConversationState.ACTIVE),
        (EventKind.TEAM_UNARCHIVED, ConversationState.ACTIVE),
        (EventKind.MESSAGE_EDITED, ConversationState.BLOCKED),  # as it was
        (EventKind.OTHER, ConversationState.BLOCKED),
    ],
)
async def test_what_happened_is_what_is_known(house: House, kind: str, becomes: str) -> None:
    await house.know(conversation(state=ConversationState.BLOCKED))
    await happens(house, kind)
    assert await state(house) == becomes


async def test_a_removal_from_a_team_stops_all_its_channels(house: House) -> None:
    await house.know(conversation(), conversation(GENERAL), personal(ADA))
    await happens(house, EventKind.REMOVED)
    assert [await state(house, each) for each in (CHANNEL, GENERAL, "a:ada")] == ["removed", "removed", "active"]


async def test_a_removal_from_a_chat_stops_that_chat(house: House) -> None:
    await house.know(personal(ADA), conversation())
    await happens(house, EventKind.REMOVED, personal(ADA))
    assert [await state(house, each) for each in (CHANNEL, "a:ada")] == ["active", "removed"]


async def test_a_deleted_channel_leaves_its_team_alone(house: House) -> None:
    await house.know(conversation(), conversation(GENERAL))
    await happens(house, EventKind.CHANNEL_DELETED)
    assert [await state(house, each) for each in (CHANNEL, GENERAL)] == ["deleted", "active"]


async def test_new_names_are_learnt(house: House) -> None:
    await house.know(conversation(), conversation(GENERAL, name="General"))
    await happens(house, EventKind.CHANNEL_RENAMED, name="Fraud")
    await happens(house, EventKind.TEAM_RENAMED, name="SOC")
    async with house.store.read() as tx:
        one, other = await tx.conversations.get(CHANNEL), await tx.conversations.get(GENERAL)
    assert one is not None
    assert other is not None
    assert [(each.name, each.team_name) for each in (one, other)] == [("Fraud", "SOC"), ("General", "SOC")]


async def test_a_new_channel_becomes_known_without_a_greeting(house: House) -> None:
    await happens(house, EventKind.CHANNEL_CREATED, conversation(kind=ConversationKind.CHANNEL))
    assert await state(house) == ConversationState.ACTIVE
    assert house.channel.posts == []


@pytest.mark.parametrize("kind", EventKind)
async def test_every_event_is_borne_also_where_nothing_is_known(house: House, kind: str) -> None:
    await happens(house, kind, conversation(team_id=""), name="x")
    await happens(house, kind, personal(ADA), name="")


async def test_who_leaves_is_forgotten_and_who_comes_is_looked_for(house: House) -> None:
    await house.know(conversation())
    async with house.store.write() as tx:
        await tx.people.seen(ADA, CHANNEL, house.clock.now())
    await house.events.event(Event(EventKind.MEMBERS_REMOVED, conversation(), people=(ADA,)))
    async with house.store.read() as tx:
        assert await tx.people.there(CHANNEL) == frozenset()
    assert house.rosters.take() == (CHANNEL,)
    await house.events.event(Event(EventKind.MEMBERS_ADDED, conversation(GENERAL), people=(ADA,)))
    assert house.rosters.take() == (GENERAL,)
    assert house.channel.posts == []


# Where Teams takes nothing -------------------------------------------------------------------------------------------

FORBIDDEN = Refused("The bot lacks a permission in this conversation.", code="NotEnoughPermissions")
BIG = TooLarge("The message is over Teams' limit of 100 KB.", code="MessageSizeTooBig")
SOC = conversation(name="Fraud", team_name="SOC")


@pytest.fixture
def with_ada(house: House) -> House:
    """Ada has a chat with the bot."""
    house.channel.chats[ADA.aad_id] = personal(ADA)
    return house


@pytest.mark.parametrize("problem", [FORBIDDEN, BIG], ids=lambda problem: problem.code)
async def test_who_gets_no_answer_is_told_in_person_and_why(with_ada: House, problem: Permanent) -> None:
    await with_ada.events.unheard(said("show all", conversation=SOC), problem)
    (told,) = with_ada.channel.texts(personal(ADA).id)
    assert told == f"Teams did not take my message in SOC > Fraud. The reason: {problem.message} You can ask me here."


async def test_in_a_group_chat_as_well_but_not_where_it_was_in_person(with_ada: House) -> None:
    for where in (
        personal(ADA),
        conversation("19:chat", kind=ConversationKind.GROUP_CHAT, name="Ada, Max", team_name=""),
    ):
        await with_ada.events.unheard(said("show all", conversation=where), BIG)
    (told,) = with_ada.channel.texts()
    assert "in Ada, Max." in told


async def test_in_a_private_channel_that_is_the_reason(with_ada: House) -> None:
    await with_ada.events.unheard(said("show all", private=True), FORBIDDEN)
    assert with_ada.channel.texts(personal(ADA).id) == [welcome.PRIVATE_CHANNEL]


@pytest.mark.parametrize(
    ("problem", "private", "told"),
    [
        (FORBIDDEN, True, [welcome.PRIVATE_CHANNEL]),
        (FORBIDDEN, False, [welcome.not_taken("SOC > Fraud", FORBIDDEN.message)]),
        (Transient("away"), False, []),
    ],
    ids=["private", "standard", "away"],
)
async def test_who_installs_it_where_it_may_not_post_is_told_so(
    with_ada: House, problem: AlertDeskError, private: bool, told: list[str]
) -> None:
    with_ada.channel.troubles.append(Trouble(problem))
    await with_ada.events.event(Event(EventKind.INSTALLED, SOC, ADA, private=private))
    assert with_ada.channel.texts(personal(ADA).id) == told
