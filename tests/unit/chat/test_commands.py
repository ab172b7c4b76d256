"""What typed commands answer, and what they leave undone."""

from __future__ import annotations

import asyncio

import pytest

from bot.chat.turn import Nothing, Refuse, Reply, Say, ShowCard
from bot.domain.delivery import CardPost, ItemKind, NewItem
from bot.domain.people import Person
from bot.errors import Transient
from bot.services import access
from bot.texts import en as texts
from bot.texts import identity, welcome
from bot.texts.help import COMMANDS
from cards import actions
from cards.text import defuse
from tests.factories import (
    ADA,
    CHANNEL,
    CUSTOMER,
    FABRIKAM,
    FAY,
    GENERAL,
    GIL,
    GUS,
    MAX,
    NORA,
    NORTHWIND,
    alert,
    conversation,
    guid,
    personal,
    pressed,
    resolved,
    said,
)
from tests.support.house import House
from tests.support.seen import Card, checked

ONE = alert("abcdef12-0000-4000-8000-000000000501")
THEIRS = alert("theirs-one", partner=FABRIKAM, name="Their secret", customer_tenant_id=guid(900))


@pytest.fixture
async def desk(house: House) -> House:
    """Northwind's alerts go to the channel; Fabrikam's to another; one alert each."""
    await house.baseline()
    await house.route()
    await house.route(FABRIKAM, GENERAL)
    await house.take_in(ONE, THEIRS)
    async with house.store.write() as tx:
        await tx.names.learn(NORTHWIND, {CUSTOMER: "Contoso Ltd"}, house.clock.now())
    return house


async def answer(house: House, text: str, by: Person = ADA, **more: str) -> Reply:
    return await house.desk.turn(said(text, by, **more))


async def shown(house: House, text: str, by: Person = ADA) -> Card:
    reply = await answer(house, text, by)
    assert isinstance(reply, ShowCard), reply
    assert reply.card is not None
    return checked(reply.card)


async def refused(house: House, text: str, by: Person = ADA, **more: str) -> Refuse:
    reply = await answer(house, text, by, **more)
    assert isinstance(reply, Refuse), reply
    return reply


def as_shown(usage: str) -> str:
    return defuse(usage, 300)


async def label(house: House) -> str:
    return (await house.record(ONE)).label


async def in_thread(house: House) -> dict[str, str]:
    """Turn values of something said under the alert's own card."""
    async with house.store.write() as tx:
        if not await tx.cards.of_alert(ONE.key):
            await tx.cards.add(CardPost("card-one", ONE.key, CHANNEL, "root-one", house.clock.now()))
    return {"thread": "root-one"}


# Help and whoami ---------------------------------------------------------------------------------------------------


async def test_help_shows_every_command(desk: House) -> None:
    text = (await shown(desk, "help")).text
    assert [command.usage for command in COMMANDS if as_shown(command.usage) not in text] == []


@pytest.mark.parametrize("name", sorted({command.name.split()[0] for command in COMMANDS}))
async def test_help_with_a_command_shows_that_one_with_an_example(desk: House, name: str) -> None:
    text = (await shown(desk, f"help {name}")).text
    assert all(as_shown(command.usage) in text for command in COMMANDS if command.name.split()[0] == name)
    assert text.count("\n") < (await shown(desk, "help")).text.count("\n")


async def test_help_knows_commands_of_two_words(desk: House) -> None:
    text = (await shown(desk, "help Drill  report")).text
    assert "The last ten drills" in text
    assert "to practise with" not in text


@pytest.mark.parametrize("words", ["help help help", "help help", "help show unresolved", "help export A-1042."])
async def test_help_with_more_words_is_about_the_command_that_they_begin_with(desk: House, words: str) -> None:
    name = words.split()[1]
    assert (await shown(desk, words)).text == (await shown(desk, f"help {name}")).text


async def test_help_for_what_is_no_command_names_the_nearest(desk: House) -> None:
    assert "help mark" in (await refused(desk, "help marc")).text
    assert (await refused(desk, "help xyzzy")).code == "no_help"


@pytest.mark.parametrize(
    ("who", "essentials"),
    [
        (ADA, ["Ada", NORTHWIND, "Admin Agent", f"Northwind: {identity.MAY_DECIDE}"]),
        (MAX, ["Admin Agent, Global Administrator", identity.MAY_DECIDE]),
        (GIL, ["Global Administrator", identity.MAY_NOT_DECIDE]),
        (NORA, [identity.ROLES_NONE, f"Northwind: {identity.MAY_NOT_DECIDE}"]),
        (GUS, ["Gus", identity.MAY_NOT_DECIDE]),
    ],
    ids=lambda value: value.name if isinstance(value, Person) else "",
)
async def test_whoami_says_who_and_what_one_may(desk: House, who: Person, essentials: list[str]) -> None:
    text = (await shown(desk, "whoami", who)).text
    assert [each for each in essentials if each not in text] == []
    assert "Fabrikam" not in text


async def test_whoami_answers_also_while_nothing_can_be_checked(desk: House) -> None:
    desk.directory.away = Transient("away")
    assert identity.ROLES_UNCHECKED in (await shown(desk, "whoami")).text
    desk.clock.forward(61)
    desk.channel.roster_away = Transient("away")
    text = (await shown(desk, "whoami")).text
    assert "Ada" in text
    assert identity.NOT_CHECKED in text
    assert identity.MAY_NOT_DECIDE not in text, "she may, and nobody could look"


async def test_whoami_answers_also_while_microsoft_does_not(desk: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "CHECK_SECONDS", 0.05)
    desk.directory.slow = True
    async with asyncio.timeout(10):
        assert identity.ROLES_UNCHECKED in (await shown(desk, "whoami")).text


@pytest.mark.parametrize("text", ["whoami please", "unsubscribe severity:low"])
async def test_words_that_would_be_ignored_are_refused(desk: House, text: str) -> None:
    assert (await refused(desk, text)).code == "too_much"
    async with desk.store.read() as tx:
        assert [route.on for route in await tx.conversations.routes(CHANNEL)] == [True]


# Reading -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["show", "show unresolved", "show all", "show active severity:high", "list", "unresolved"]
)
@pytest.mark.parametrize("who", [ADA, NORA, GUS], ids=lambda who: who.name)
async def test_who_is_in_the_channel_sees_the_list(desk: House, text: str, who: Person) -> None:
    assert await label(desk) in (await shown(desk, text, who)).text


async def test_one_alert_is_shown_by_number_id_or_the_start_of_its_id(desk: House) -> None:
    for reference in (await label(desk), ONE.id, ONE.id[:8], f"#{(await desk.record(ONE)).number}"):
        assert ONE.id in (await shown(desk, f"show {reference}")).text


async def test_a_search_finds_the_customer(desk: House) -> None:
    assert await label(desk) in (await shown(desk, 'search "contoso"')).text
    assert "search <" in (await refused(desk, "search")).text


EVERYTHING = [
    *("show", "show all", "show all partner:fabrikam", "show {number}", "show {label}", "show {id}", "show theirs"),
    *("search theirs", "search secret", "search " + guid(900), "export all", "mark {label} fraud", "mark {id} fraud"),
    *("investigate {label}", "note {label} text", "cancel {label}", "reverdict {label} ignore x", "whoami"),
]


@pytest.mark.parametrize("text", EVERYTHING)
@pytest.mark.parametrize("who", [ADA, NORA], ids=lambda who: who.name)
async def test_another_partners_alert_is_unknown_whatever_one_says(desk: House, text: str, who: Person) -> None:
    record = await desk.record(THEIRS)
    said_so = text.format(label=record.label, number=record.number, id=THEIRS.id)
    reply = await answer(desk, said_so, who)
    told = str(reply).replace(said_so, "").replace(THEIRS.id if THEIRS.id in said_so else "\0", "")
    secrets = {"Their secret", guid(900), FABRIKAM, "theirs-one"} - set(said_so.split())
    assert [secret for secret in secrets if secret in told] == []
    assert desk.source.changes == []
    assert await desk.audit(FABRIKAM) == []


async def test_where_nothing_is_routed_nothing_is_shown(house: House) -> None:
    await house.take_in(ONE)
    for text in ("show", "show A-1", "search x", "export", "mark A-1 fraud", "note A-1 x", "cancel A-1"):
        assert (await refused(house, text)).text == texts.NOT_ROUTED


async def test_in_a_personal_chat_someone_without_a_way_in_is_told_so(house: House) -> None:
    house.channel.join(personal(NORA), NORA, NORTHWIND)
    reply = await house.desk.turn(said("show", NORA, conversation=personal(NORA)))
    assert reply == Refuse(texts.NOT_READABLE, "nothing_here")


# Deciding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("mark {label} fraud", ("resolved", "fraud")),
        ("mark {label} LEGITIMATE load test", ("resolved", "legitimate")),
        ("mark {id} ignore", ("resolved", "ignore")),
        ("investigate {label}", ("investigating", "")),
    ],
)
async def test_an_admin_agent_decides_by_a_sentence(desk: House, text: str, change: tuple[str, str]) -> None:
    reply = await answer(desk, text.format(label=await label(desk), id=ONE.id))
    assert isinstance(reply, Say)
    assert await label(desk) in reply.text
    assert desk.source.changes == [(ONE.id, *change)]


@pytest.mark.parametrize("who", [GIL, NORA, GUS], ids=lambda who: who.name)
@pytest.mark.parametrize("text", ["mark {label} fraud", "investigate {label}", "note {label} x", "cancel {label}"])
async def test_nobody_else_does(desk: House, text: str, who: Person) -> None:
    reply = await refused(desk, text.format(label=await label(desk)), who)
    assert reply.text.startswith("Nothing was done")
    assert desk.source.changes == []
    assert [outcome for _, outcome, _ in await desk.audited()] == ["denied"]


async def test_writing_takes_no_beginning_of_an_id(desk: House) -> None:
    for text in (
        f"mark {ONE.id[:8]} fraud",
        f"investigate {ONE.id[:8]}",
        f"note {ONE.id[:8]} x",
        f"cancel {ONE.id[:8]}",
    ):
        assert (await refused(desk, text)).code == "whole_id"
    assert desk.source.changes == []


@pytest.mark.parametrize("text", ["mark fraud", "investigate", "reverdict fraud x", "cancel"])
async def test_outside_a_thread_the_alert_must_be_named(desk: House, text: str) -> None:
    assert (await refused(desk, text)).text == texts.NO_ALERT_NAMED


async def test_in_the_alerts_own_thread_it_need_not_and_the_line_there_is_answer_enough(desk: House) -> None:
    assert await answer(desk, "mark fraud seen before", **await in_thread(desk)) == Nothing()
    assert desk.source.changes == [(ONE.id, "resolved", "fraud")]
    kept = (await desk.record(ONE)).decision
    assert kept is not None
    assert kept.note == "seen before"


async def test_a_thread_of_another_partners_alert_names_nothing_here(desk: House) -> None:
    async with desk.store.write() as tx:
        await tx.cards.add(CardPost("card-x", THEIRS.key, CHANNEL, "root-x", desk.clock.now()))
    assert (await refused(desk, "mark fraud", thread="root-x")).text == texts.NO_ALERT_NAMED


async def test_what_is_decided_already_is_told_with_by_whom(desk: House) -> None:
    await answer(desk, f"mark {await label(desk)} fraud")
    again = await answer(desk, f"mark {await label(desk)} ignore", MAX)
    assert isinstance(again, Say)
    assert "Ada" in again.text
    assert "Nothing was sent" in again.text
    own = await answer(desk, f"mark {await label(desk)} ignore")
    assert isinstance(own, Say)
    assert "by you" in own.text
    assert len(desk.source.changes) == 1


async def test_a_verdict_is_changed_with_a_reason_only(desk: House) -> None:
    name = await label(desk)
    assert (await refused(desk, f"reverdict {name} ignore why")).text == texts.NOT_DECIDED
    await answer(desk, f"mark {name} fraud")
    assert (await refused(desk, f"reverdict {name} ignore")).text == texts.REVERDICT_USAGE
    assert await answer(desk, f"reverdict {name} fraud again") == Say(texts.SAME_VERDICT)
    assert isinstance(await answer(desk, f"reverdict {name} ignore it was a test", MAX), Say)
    assert [change[1:] for change in desk.source.changes] == [("resolved", "fraud"), ("resolved", "ignore")]


async def test_where_roles_cannot_be_checked_nothing_is_done(desk: House) -> None:
    desk.directory.away = Transient("away")
    assert await answer(desk, f"mark {await label(desk)} fraud") == Refuse(texts.COULD_NOT_CHECK, "try_again")
    assert desk.source.changes == []
    assert await desk.audit() == []


async def test_a_usage_is_told_for_half_a_sentence(desk: House) -> None:
    for text, code in (
        ("mark", "bad_verdict"),
        ("mark A-1", "bad_verdict"),
        ("note", "note_empty"),
        ("show sevrity:high", "refused"),
    ):
        assert (await refused(desk, text)).code == code


# Notes, cancel, routes ---------------------------------------------------------------------------------------------


async def test_a_note_is_saved(desk: House) -> None:
    assert await answer(desk, f"note {await label(desk)} customer called back") == Say(
        texts.note_added(await label(desk))
    )
    assert await answer(desk, "note 3 machines", **await in_thread(desk)) == Say(texts.note_added(await label(desk)))
    async with desk.store.read() as tx:
        notes = (await tx.alerts.notes([ONE.key]))[ONE.key]
    assert [note.text for note in notes] == ["customer called back", "3 machines"]


@pytest.mark.parametrize("who", [ADA, MAX], ids=lambda who: who.name)
async def test_cancelling_is_refused_with_the_way_to_do_it(desk: House, who: Person) -> None:
    reply = await refused(desk, f"cancel {await label(desk)}", who)
    assert reply.code == "cancel_in_portal"
    assert "nothing was cancelled" in reply.text
    assert f"https://portal.azure.com/{CUSTOMER}/" in reply.text


async def test_a_private_channel_gets_no_route_for_teams_lets_no_bot_post_there(house: House) -> None:
    for act in (said("subscribe", private=True), pressed(actions.ROUTE_ON, private=True)):
        assert await house.desk.turn(act) == Refuse(welcome.PRIVATE_CHANNEL, "private_channel")
    async with house.store.read() as tx:
        assert await tx.conversations.routes(CHANNEL) == ()


async def test_routes_says_where_teams_did_not_take_the_last_card(desk: House) -> None:
    async with desk.store.write() as tx:
        await tx.outbox.add([NewItem(CHANNEL, ItemKind.SUMMARY_CARD, priority=9)], desk.clock.now())
        (card,) = await tx.outbox.claim("one", desk.clock.now(), 60.0, 1)
        await tx.outbox.park(card, "NotEnoughPermissions: The bot lacks a permission.")
    assert "did not take the last card: NotEnoughPermissions" in (await shown(desk, "routes")).text


async def test_subscribe_and_unsubscribe(house: House) -> None:
    await house.baseline()
    reply = await answer(house, "subscribe severity:high")
    assert reply == Say(welcome.subscribed(["Northwind"], "severity:high"))
    assert await answer(house, "unsubscribe") == Say(welcome.unsubscribed(["Northwind"]))
    assert isinstance(await answer(house, "subscribe", NORA), Refuse)
    assert isinstance(await answer(house, "subscribe sevrity:high"), Refuse)


async def test_a_personal_chat_of_another_partner_stays_apart(desk: House) -> None:
    desk.channel.join(personal(FAY), FAY, FABRIKAM)
    there = {"conversation": personal(FAY)}
    listed = await desk.desk.turn(said("show all", FAY, **there))
    assert isinstance(listed, ShowCard)
    assert "Their secret" in str(listed.card)
    assert ONE.name not in str(listed.card)
    assert isinstance(await desk.desk.turn(said(f"mark {await label(desk)} fraud", FAY, **there)), Refuse)
    assert desk.source.changes == []


async def test_the_newest_state_counts_and_not_what_was_shown(desk: House) -> None:
    desk.source.put(resolved(ONE.id, "legitimate"))
    reply = await answer(desk, f"mark {await label(desk)} fraud")
    assert isinstance(reply, Say)
    assert "kim@northwind.example" in reply.text
    assert desk.source.changes == []


async def test_conversations_of_the_roster_of_a_channel_do_not_leak_into_another(desk: House) -> None:
    there = conversation(GENERAL)
    desk.channel.join(there, ADA, NORTHWIND)
    record = await desk.record(ONE)
    reply = await desk.desk.turn(said(f"show {record.label}", conversation=there))
    assert isinstance(reply, Refuse)
    assert reply.code == "unknown_alert"
