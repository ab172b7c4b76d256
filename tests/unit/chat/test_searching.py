"""Search from anywhere, and shared cards: who finds what, and that a shared card tells nobody more than they may."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from bot.chat import searching as module
from bot.chat.turn import (
    SEARCH_COMMAND,
    Found,
    Nothing,
    OfferSignIn,
    Refuse,
    Reply,
    Say,
    ShowCard,
    TurnKind,
    WentOn,
)
from bot.domain.people import Conversation, ConversationKind, Person, Roles
from bot.errors import SignInNeeded, Transient
from bot.texts import en, searching
from cards import actions
from tests.factories import (
    ADA,
    CUSTOMER,
    ELSEWHERE,
    FABRIKAM,
    FAY,
    GENERAL,
    GUS,
    NORA,
    NORTHWIND,
    SUBSCRIPTION,
    alert,
    conversation,
    guid,
    personal,
    pressed,
    turn,
)
from tests.support.house import House
from tests.support.seen import Card, checked

MINE = alert("abcdef12-0000-4000-8000-000000000501", name="Their machines mine coins")
OTHER = alert("bbcdef12-0000-4000-8000-000000000502", severity="low", name="Odd sign-in")
THEIRS = alert("theirs-one", partner=FABRIKAM, name="Their secret", customer_tenant_id=guid(900))
ABROAD = conversation("19:somewhere@thread.v2", kind=ConversationKind.GROUP_CHAT)
"""A chat that the bot is not in, and never heard of."""


@pytest.fixture
async def desk(house: House) -> House:
    """Northwind's alerts go to a channel where all but Fay are; Ada and Fay have a chat of their own with the bot."""
    await house.baseline()
    await house.route()
    await house.take_in(MINE, OTHER, THEIRS)
    for someone, tenant in ((ADA, NORTHWIND), (FAY, FABRIKAM)):
        await house.know(personal(someone))
        house.channel.join(personal(someone), someone, tenant)
    async with house.store.write() as tx:
        await tx.names.learn(NORTHWIND, {CUSTOMER: "Contoso Ltd"}, house.clock.now())
    return house


async def found(house: House, text: str, by: Person = ADA, place: Conversation = ABROAD, **data: int) -> Reply:
    return await house.desk.turn(
        turn(
            kind=TurnKind.SEARCH,
            verb=SEARCH_COMMAND,
            text=text,
            person=by,
            conversation=place,
            data={"skip": 0, "count": 25} | data,
        )
    )


async def titles(house: House, text: str, by: Person = ADA, **data: int) -> list[str]:
    reply = await found(house, text, by, **data)
    if isinstance(reply, Say):
        assert reply.text == en.SEARCH_EMPTY
        return []
    assert isinstance(reply, Found), reply
    return [result.subtitle for result in reply.results]


async def data_of(house: House, of: Any) -> dict[str, Any]:
    record = await house.record(of)
    return {"alert": record.number, "severity": record.alert.severity}


async def show(house: House, of: Any, by: Person = ADA, place: Conversation = ABROAD, **changes: Any) -> Reply:
    data = await data_of(house, of)
    return await house.desk.turn(pressed(actions.ALERT_SHARED, by, conversation=place, data=data, **changes))


def card_in(reply: Reply) -> Card:
    assert isinstance(reply, ShowCard), reply
    assert reply.card is not None
    return checked(reply.card)


async def tables(house: House) -> tuple[Any, ...]:
    """What a turn could leave behind."""
    async with house.store.read() as tx:
        return (
            await tx.conversations.get(ABROAD.id),
            await tx.people.get(ADA.aad_id),
            await tx.outbox.counts(),
            len(await house.audit()),
        )


# A search ----------------------------------------------------------------------------------------------------------


async def test_by_number_id_subscription_and_customer(desk: House) -> None:
    label = (await desk.record(MINE)).label
    for words in (label, label.lower(), label[2:], MINE.id[:8].upper(), MINE.id):
        assert await titles(desk, words) == [MINE.name], words
    assert set(await titles(desk, SUBSCRIPTION[:6])) == {MINE.name, OTHER.name}
    assert set(await titles(desk, "  toso ")) == {MINE.name, OTHER.name}
    assert await titles(desk, "nothing like it") == []


async def test_without_words_the_unresolved_ones_as_show_lists_them(desk: House) -> None:
    assert await titles(desk, "") == [MINE.name, OTHER.name]


async def test_pages_are_what_was_asked_for_and_never_more_than_fifteen(desk: House) -> None:
    await desk.take_in(*(alert(f"many-{number:02d}", name=f"Alert {number}") for number in range(40)))
    first = await titles(desk, "many-")
    assert len(first) == module.MOST
    second = await titles(desk, "many-", skip=module.MOST)
    third = await titles(desk, "many-", skip=2 * module.MOST, count=99)
    assert len(second + third) == 25
    assert len({*first, *second, *third}) == 40
    assert await titles(desk, "many-", skip=40) == []
    assert await titles(desk, "many-", skip=10_000) == []
    assert len(await titles(desk, "many-", count=3)) == 3
    assert len(await titles(desk, "many-", count=0)) == module.MOST
    past = await found(desk, "many-", skip=module.SKIP_MOST + 1)
    assert past == Found(()), "the end of a list is no failure"


async def test_everybody_finds_their_own_wherever_they_ask(desk: House) -> None:
    everywhere = (ABROAD, conversation(), personal(FAY), conversation(GENERAL))
    for place in everywhere:
        reply = await found(desk, "their", FAY, place)
        assert reply == Say(en.SEARCH_EMPTY) or isinstance(reply, Found)
    assert await titles(desk, THEIRS.id, FAY) == [THEIRS.name]
    assert await titles(desk, (await desk.record(MINE)).label, FAY) == []
    assert await titles(desk, THEIRS.id, ADA) == []
    assert set(await titles(desk, "", NORA)) == {MINE.name, OTHER.name}, "she reads along in the channel"
    assert set(await titles(desk, "", GUS)) == {MINE.name, OTHER.name}, "so does he, from another tenant"


async def test_who_is_unknown_or_of_another_tenant_finds_nothing(desk: House) -> None:
    stranger = Person("aaaaaaaa-0000-4000-8000-000000000999", "29:stranger", "Sid")
    assert await found(desk, "", stranger) == Say(searching.NOTHING_READABLE)
    borrowed = Person(ADA.aad_id, "29:stranger", "Sid")  # Ada's Entra id under another Teams id
    assert await found(desk, "", borrowed) == Say(searching.NOTHING_READABLE)
    await desk.know(personal(GUS))
    desk.channel.join(personal(GUS), GUS, ELSEWHERE)
    desk.channel.rosters[conversation().id].pop(GUS.aad_id)
    assert await found(desk, "", GUS) == Say(searching.NOTHING_READABLE)
    assert isinstance(await found(desk, "", Person("", "29:ada", "Ada")), Refuse)


async def test_an_unknown_command_is_of_another_version(desk: House) -> None:
    reply = await desk.desk.turn(turn(kind=TurnKind.SEARCH, verb="other", data={"skip": 0, "count": 5}))
    assert reply == Refuse(searching.OTHER_VERSION, "unknown_command")


async def test_letters_are_cheap_and_leave_nothing_behind(desk: House) -> None:
    before = await tables(desk)
    for letters in ("c", "co", "con", "cont", "conto"):
        assert len(await titles(desk, letters)) == 2
    assert desk.directory.asked == [ADA.aad_id]
    assert await tables(desk) == before
    desk.directory.held[NORTHWIND, ADA.aad_id] = Roles()
    desk.channel.rosters[conversation().id].clear()
    desk.clock.forward(61)
    assert await found(desk, "conto") == Say(searching.NOTHING_READABLE)


@pytest.mark.parametrize("away", ["directory", "rosters"])
async def test_what_cannot_be_checked_is_said_in_time(desk: House, monkeypatch: pytest.MonkeyPatch, away: str) -> None:
    monkeypatch.setattr(module, "QUERY_SECONDS", 0.05)
    if away == "directory":
        desk.directory.slow = True
    else:
        desk.channel.slow = True
    async with asyncio.timeout(5):
        assert await found(desk, "conto") == Say(searching.NOT_NOW)


async def test_a_roster_that_is_away_does_not_hide_the_one_that_knows_them(desk: House) -> None:
    desk.channel.roster_away = Transient("away")
    assert await found(desk, "conto") == Say(searching.NOT_NOW)
    desk.channel.roster_away = None
    assert len(await titles(desk, "conto")) == 2


async def test_nor_is_it_remembered_that_nothing_could_be_checked(desk: House) -> None:
    desk.channel.rosters[conversation().id].clear()
    desk.directory.away = Transient("503")
    assert await found(desk, "conto") == Say(searching.NOT_NOW)
    desk.directory.away = None
    assert len(await titles(desk, "conto")) == 2


async def test_what_is_found_tells_the_finder_and_its_card_tells_nobody(desk: House) -> None:
    reply = await found(desk, (await desk.record(MINE)).label)
    assert isinstance(reply, Found)
    (result,) = reply.results
    label = (await desk.record(MINE)).label
    assert result.title == f"{label} · High · Active"
    assert "Contoso Ltd" in result.text
    card = checked(result.card)
    assert card.text == f"▲ High\n{label}\n{searching.SHARED_LEAD}"
    whole = str(result.card)
    for secret in (MINE.name, "Contoso", CUSTOMER, SUBSCRIPTION, MINE.id, NORTHWIND, "Northwind"):
        assert secret not in whole, secret


async def test_names_of_attackers_stay_plain_in_a_preview(desk: House) -> None:
    await desk.take_in(alert("evil-one", name="[Reset](https://evil.example.com) <at>Ada</at> <b>now</b> {{x}}"))
    reply = await found(desk, "evil-one")
    assert isinstance(reply, Found)
    for text in (reply.results[0].subtitle, reply.results[0].title, reply.results[0].text):
        assert not any(live in text for live in ("https://", "](", "<at>", "<b>", "{{"))


async def test_where_a_token_is_wanted_teams_is_asked_then_the_person_and_the_link_stays_the_same(
    desk: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def needed(*_: Any) -> Roles:
        raise SignInNeeded("Sign in first.")

    monkeypatch.setattr(desk.directory, "roles", needed)
    desk.channel.rosters[conversation().id].clear()
    first = await found(desk, "c")
    assert isinstance(first, OfferSignIn)
    assert first.silent
    assert first.link.startswith("https://desk.example/auth/start?act=")
    assert await found(desk, "co") == first, "the same link for each letter"
    sent = await desk.desk.turn(
        turn(
            kind=TurnKind.SEARCH,
            verb=SEARCH_COMMAND,
            text="con",
            conversation=ABROAD,
            data={"skip": 0, "count": 5},
            token="of Teams",
        )
    )
    assert sent == OfferSignIn(first.link, silent=False), "a token came and did not do"
    kept = await desk.searching._signing_in.finish(first.link.partition("act=")[2])
    assert kept is not None
    assert await desk.desk.go_on(kept) == WentOn(searching.SIGNED_IN_SEARCH)
    again = await found(desk, "c")
    assert isinstance(again, OfferSignIn)
    assert again.link != first.link, "that one is used up"


# A shared card -----------------------------------------------------------------------------------------------------


async def test_who_may_read_it_is_shown_it_alone_and_can_hide_it_again(desk: House) -> None:
    for who in (ADA, NORA):
        card = card_in(await show(desk, MINE, who))
        assert MINE.name in card.text
        assert "Contoso Ltd" in card.text
        assert searching.only_you((await desk.record(MINE)).label) in card.text
        assert card.verbs == {actions.ALERT_SHARED}, "nothing is decided where nobody can see it"
        assert "refresh" not in card.json
        hide = card.button(searching.BACK_TO_SHARED)
        back = await desk.desk.turn(pressed(hide["verb"], who, conversation=ABROAD, data=hide["data"]))
        assert MINE.name not in card_in(back).text
        assert "High" in card_in(back).text
    assert desk.channel.posts == [], "nothing is sent into that chat"


async def test_others_cannot_tell_it_from_an_alert_that_does_not_exist(desk: House) -> None:
    stranger = Person("aaaaaaaa-0000-4000-8000-000000000999", "29:stranger", "Sid")
    no_such = pressed(actions.ALERT_SHARED, stranger, conversation=ABROAD, data={"alert": 999_999})
    refusal = await desk.desk.turn(no_such)
    assert refusal == Refuse(searching.NOT_FOR_YOU, "nothing_here")
    assert await show(desk, MINE, stranger) == refusal
    assert await show(desk, MINE, FAY) == refusal
    assert await show(desk, THEIRS, ADA) == refusal
    assert MINE.name in card_in(await show(desk, MINE, ADA)).text


async def test_in_a_channel_that_gets_the_alerts_its_people_may_read_as_ever(desk: House) -> None:
    stranger = Person("aaaaaaaa-0000-4000-8000-000000000999", "29:stranger", "Sid")
    assert MINE.name in card_in(await show(desk, MINE, stranger, conversation())).text
    assert await show(desk, THEIRS, ADA, conversation()) == Refuse(searching.NOT_FOR_YOU, "nothing_here")
    assert THEIRS.name in card_in(await show(desk, THEIRS, FAY, conversation())).text, "her own, for her alone"


async def test_the_other_buttons_read_no_more_in_that_chat_than_before(desk: House) -> None:
    data = await data_of(desk, MINE)
    for verb in (actions.ALERT_DETAILS, actions.ALERT_REFRESH):
        refused = await desk.desk.turn(pressed(verb, conversation=ABROAD, data=data))
        assert refused == Refuse(en.NOT_ROUTED, "nothing_here")


@pytest.mark.parametrize("kind", [TurnKind.SUBMIT, TurnKind.DIALOG_OPEN, TurnKind.DIALOG_SUBMIT])
async def test_what_cannot_be_shown_to_one_alone_is_not_shown(desk: House, kind: str) -> None:
    assert await show(desk, MINE, kind=kind) == Say(searching.BY_BUTTON_ONLY)


async def test_a_press_abroad_leaves_nothing_behind_and_none_by_itself(desk: House) -> None:
    await show(desk, MINE)
    async with desk.store.read() as tx:
        assert await tx.conversations.get(ABROAD.id) is None
    assert await show(desk, MINE, automatic=True) == Nothing()


async def test_where_nobody_can_be_asked_it_stays_closed(desk: House) -> None:
    desk.channel.roster_away = Transient("away")
    refusal = await show(desk, MINE)
    assert isinstance(refusal, Refuse)
    assert refusal.code == "try_again"


@pytest.mark.parametrize(
    "data", [{}, {"alert": "x"}, {"alert": -1}, {"alert": 1, "severity": "x" * 99}, {"alert": 1, "hide": "perhaps"}]
)
async def test_data_that_somebody_made_up_is_refused(desk: House, data: Mapping[str, Any]) -> None:
    refusal = await desk.desk.turn(pressed(actions.ALERT_SHARED, conversation=ABROAD, data=data))
    assert refusal == Refuse(en.UNREADABLE_ACTION, "bad_payload")
