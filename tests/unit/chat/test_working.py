"""Assigning and snoozing as people press and type it, and what the cards then show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.chat.mentions import unmentioned
from bot.chat.turn import CloseDialog, Nothing, OpenDialog, Refuse, Reply, Say, ShowCard, TurnKind
from bot.domain.alerts import ActivityLogEntry, Decision
from bot.domain.delivery import CardPost
from bot.domain.people import Person
from bot.errors import Transient
from bot.texts import en
from bot.texts import working as texts
from cards import actions
from tests.factories import (
    ADA,
    CHANNEL,
    FAY,
    GIL,
    MAX,
    NORA,
    alert,
    conversation,
    guid,
    personal,
    resolved,
    said,
    turn,
)
from tests.support.house import House
from tests.support.seen import Card, checked

ONE = alert()
OTHER = alert("other", name="Another one", detected_at=ONE.detected_at + timedelta(minutes=1))


@pytest.fixture
async def desk(house: House) -> House:
    """The alert is A-1001 and its card stands in the channel, as message `root`."""
    await house.baseline()
    await house.route()
    await house.take_in(ONE)
    async with house.store.write() as tx:
        await tx.cards.add(CardPost("card", ONE.key, CHANNEL, "root", house.clock.now()))
        for person in (ADA, MAX, NORA):
            await tx.people.seen(person, CHANNEL, house.clock.now())
    return house


async def type_(house: House, text: str, by: Person = ADA, *mentioned: Person, **more: Any) -> Reply:
    named = tuple(Person("", each.mri, each.name) for each in mentioned)  # all that Teams tells of them
    return await house.desk.turn(said(text, by, mentioned=named, **more))


async def press(house: House, verb: str, by: Person = ADA, kind: str = TurnKind.EXECUTE, **data: Any) -> Reply:
    number = (await house.record(ONE)).number
    where = data.pop("where", conversation())
    return await house.desk.turn(
        turn(kind=kind, verb=verb, person=by, conversation=where, data={"alert": number, "version": 1} | data)
    )


def card(reply: Reply) -> Card:
    assert isinstance(reply, ShowCard | OpenDialog), reply
    assert reply.card is not None
    return checked(reply.card)


async def assignee(house: House) -> str:
    return (await house.record(ONE)).work.assigned_name


def test_a_name_with_spaces_does_not_stay_in_the_command() -> None:
    ada, long = Person("", "1", "Ada"), Person("", "2", "Ada Lindqvist")
    assert unmentioned("A-1001 @Ada Lindqvist @Ada now", (ada, long)) == "A-1001 now"


# Assign: what is typed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["assign A-1001 @Max", "assign @Max A-1001", "ASSIGN A-1001 to @Max", "assign 1001 @Max"]
)
async def test_a_person_is_mentioned(desk: House, text: str) -> None:
    reply = await type_(desk, text, ADA, MAX)
    assert isinstance(reply, Say)
    assert reply.text == "Ada assigned A-1001 to Max."
    assert (await desk.record(ONE)).work.assigned_id == MAX.aad_id


async def test_me_and_nobody(desk: House) -> None:
    reply = await type_(desk, "assign A-1001 me")
    assert isinstance(reply, Say)
    assert await assignee(desk) == "Ada"
    await type_(desk, "assign A-1001 Nobody.")
    assert await assignee(desk) == ""


async def test_in_its_own_thread_the_number_is_left_out_and_the_line_there_says_it(desk: House) -> None:
    assert isinstance(await type_(desk, "assign @Max", ADA, MAX, thread="root"), Nothing)
    assert await assignee(desk) == "Max"


@pytest.mark.parametrize(
    ("text", "mentioned", "code"),
    [
        ("assign A-1001", (), "nobody_named"),
        ("assign A-1001 Max", (), "nobody_named"),
        ("assign", (), "nobody_named"),
        ("assign A-1001 now @Max", (MAX,), "too_much"),
        ("assign A-1001 @Max @Gil", (MAX, GIL), "several_people"),
        ("assign @Max", (MAX,), "no_alert_named"),
        ("assign A-99 me", (), "unknown_alert"),
        ("assign A-1001 @Fay", (FAY,), "not_a_member"),
    ],
)
async def test_what_cannot_be_done_is_said(desk: House, text: str, mentioned: tuple[Person, ...], code: str) -> None:
    reply = await type_(desk, text, ADA, *mentioned)
    assert isinstance(reply, Refuse)
    assert reply.code == code
    assert await assignee(desk) == ""


async def test_somebody_outside_is_named_in_the_refusal(desk: House) -> None:
    reply = await type_(desk, "assign A-1001 @Fay", ADA, FAY)
    assert isinstance(reply, Refuse)
    assert reply.text == texts.not_a_member("Fay")


async def test_while_the_roster_is_away_nobody_is_assigned(desk: House) -> None:
    await type_(desk, "whoami")  # who Ada is, is known for a minute
    desk.channel.roster_away = Transient("away")
    reply = await type_(desk, "assign A-1001 @Max", ADA, MAX)
    assert isinstance(reply, Refuse)
    assert reply.text == texts.ROSTER_AWAY
    assert await assignee(desk) == ""


@pytest.mark.parametrize("text", ["assign A-1001 me", "snooze A-1001 2h"])
@pytest.mark.parametrize("by", [NORA, GIL])
async def test_it_takes_the_role_and_a_denial_is_on_record(desk: House, text: str, by: Person) -> None:
    reply = await type_(desk, text, by)
    assert isinstance(reply, Refuse)
    assert "Admin Agent" in reply.text
    assert [(act, outcome) for act, outcome, _ in await desk.audited()] == [(text.split()[0], "denied")]


async def test_in_a_personal_chat_one_can_take_it_oneself(desk: House) -> None:
    desk.channel.join(personal(ADA), ADA, desk.northwind.tenant_id)
    assert isinstance(await type_(desk, "assign A-1001 me", ADA, conversation=personal(ADA)), Say)
    assert await assignee(desk) == "Ada"
    reply = await press(desk, actions.ALERT_ASSIGN, to=MAX.aad_id, where=personal(ADA))
    assert isinstance(reply, Refuse)
    assert reply.text == texts.only_in_a_channel("A-1001")


# Assign: what is pressed --------------------------------------------------------------------------------------------


async def test_the_button_shows_whose_it_is_now(desk: House) -> None:
    shown = card(await press(desk, actions.ALERT_ASSIGN, to="me", card="card"))
    assert "Assigned to Ada" in shown.text


async def test_the_form_offers_who_is_known_here(desk: House) -> None:
    reply = await press(desk, actions.ALERT_ASSIGN, kind=TurnKind.DIALOG_OPEN)
    assert isinstance(reply, OpenDialog)
    (choice,) = [each for each in card(reply).json["body"] if each["type"] == "Input.ChoiceSet"]
    assert [(each["value"], each["title"]) for each in choice["choices"]] == [
        ("me", "Me"),
        (MAX.aad_id, "Max"),
        (NORA.aad_id, "Nora"),
    ]
    assert isinstance(await press(desk, actions.ALERT_ASSIGN, kind=TurnKind.DIALOG_SUBMIT, to=MAX.aad_id), CloseDialog)
    assert await assignee(desk) == "Max"
    again = card(await press(desk, actions.ALERT_ASSIGN, kind=TurnKind.DIALOG_OPEN))
    assert "Assigned to Max" in again.text
    assert "nobody" in str(again.json)


async def test_a_form_for_somebody_without_the_role_does_not_open(desk: House) -> None:
    for verb in (actions.ALERT_ASSIGN, actions.ALERT_SNOOZE):
        assert isinstance(await press(desk, verb, NORA, TurnKind.DIALOG_OPEN), Refuse)


# Snooze -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "length"), [("snooze A-1001 2h", 120), ("snooze a-1001 for 30 minutes", 30)])
async def test_a_snooze_is_typed(desk: House, text: str, length: int) -> None:
    reply = await type_(desk, text)
    assert isinstance(reply, Say)
    assert "snoozed A-1001 until" in reply.text
    assert texts.STILL_ESCALATES in reply.text  # it is of high severity
    assert (await desk.record(ONE)).work.snoozed_until == desk.clock.now() + timedelta(minutes=length)


async def test_a_snooze_in_its_own_thread_and_its_end(desk: House) -> None:
    assert isinstance(await type_(desk, "snooze until 18:00", thread="root"), Nothing)
    asleep = await desk.record(ONE)
    assert asleep.work.snoozed_until is not None
    assert (asleep.work.snoozed_until.hour, asleep.work.snoozed_until.minute) == (18, 0)
    assert isinstance(await type_(desk, "snooze off", thread="root"), Nothing)
    assert (await desk.record(ONE)).work.snoozed_until is None


@pytest.mark.parametrize(
    "text", ["snooze", "snooze A-1001", "snooze A-1001 25h", "snooze A-1001 later", "snooze A-1001 until 26:00"]
)
async def test_a_snooze_needs_a_time_of_at_most_a_day(desk: House, text: str) -> None:
    reply = await type_(desk, text)
    assert isinstance(reply, Refuse)
    assert reply.text == texts.SNOOZE_USAGE


async def test_the_form_of_a_snooze(desk: House) -> None:
    opened = card(await press(desk, actions.ALERT_SNOOZE, kind=TurnKind.DIALOG_OPEN))
    assert texts.STILL_ESCALATES in opened.text
    assert "End the snooze" not in str(opened.json)
    assert isinstance(await press(desk, actions.ALERT_SNOOZE, kind=TurnKind.DIALOG_SUBMIT, time="4h"), CloseDialog)
    assert "End the snooze" in str(card(await press(desk, actions.ALERT_SNOOZE, kind=TurnKind.DIALOG_OPEN)).json)
    assert isinstance(await press(desk, actions.ALERT_SNOOZE, kind=TurnKind.DIALOG_SUBMIT, time="off"), CloseDialog)
    assert not (await desk.record(ONE)).work.sleeps(desk.clock.now())
    assert isinstance(await press(desk, actions.ALERT_SNOOZE, kind=TurnKind.DIALOG_SUBMIT, time="9 days"), Refuse)


async def test_a_refreshed_card_no_longer_sleeps_when_the_snooze_is_over(desk: House) -> None:
    await type_(desk, "snooze A-1001 5m")
    number = (await desk.record(ONE)).number

    async def refreshed() -> str:
        readable = frozenset({desk.northwind.tenant_id})
        return (await desk.board.raw(number, "card", readable, ADA)).decode()

    assert "Snoozed until" in await refreshed()
    desk.clock.forward(299)
    assert "Snoozed until" in await refreshed()
    desk.clock.forward(1)
    assert "Snoozed until" not in await refreshed()


# What cards and details say -----------------------------------------------------------------------------------------


async def shared(house: House) -> str:
    return checked(await house.board.card(await house.record(ONE), "card")).text


async def details(house: House) -> Card:
    return checked(await house.board.details(await house.record(ONE), "card"))


async def put(house: House, *others: Any) -> None:
    async with house.store.write() as tx:
        for number, each in enumerate(others):
            verdict = Decision(each.resolved_reason, "Ada", ADA.aad_id, each.resolved_at, "", "teams")
            await tx.alerts.add(each, house.clock.now(), None if each.is_open else verdict)
            assert number < 50


async def test_the_latest_note_is_on_the_card_and_all_are_in_the_details(desk: House) -> None:
    for text in ("first remark", "customer called back"):
        await desk.notes.add(await desk.record(ONE), text, MAX)
    assert "Note by Max" in await shared(desk)
    assert "customer called back" in await shared(desk)
    assert "first remark" not in await shared(desk)
    assert "first remark" in (await details(desk)).text


async def test_since_when_and_by_whom_it_is_looked_into(desk: House) -> None:
    await press(desk, actions.ALERT_INVESTIGATE)
    assert "Investigating" in await shared(desk)
    assert "by Ada" in await shared(desk)
    log = (ActivityLogEntry("active", "investigating", "kim@northwind.example", desk.clock.now()),)
    async with desk.store.write() as tx:
        changed = replace(ONE, status="investigating", activity_log=log)
        record = await tx.alerts.change(ONE.key, changed, desk.clock.now(), None)
        await tx.alerts.set_work(ONE.key, replace(record.work, taken_by=""), desk.clock.now())
    assert f"Investigating since {en.when(desk.clock.now())} by kim@northwind.example" in await shared(desk)


async def test_what_was_decided_before_is_one_line_on_the_card_and_a_list_in_the_details(desk: House) -> None:
    earlier = [
        resolved(
            f"earlier-{number}",
            "legitimate",
            detected_at=ONE.detected_at - timedelta(days=number, hours=1),
            resolved_at=ONE.detected_at - timedelta(days=number),
        )
        for number in (4, 9)
    ]
    await put(desk, *earlier)
    line = "Third time on this subscription: twice legitimate by Ada, the last one 4 days earlier"
    assert line in await shared(desk)
    found = await details(desk)
    assert line in found.text
    assert "A-1002 Crypto mining suspected: legitimate by Ada" in found.text


async def test_later_ones_tests_other_subscriptions_and_open_ones_do_not_count(desk: House) -> None:
    before = ONE.detected_at - timedelta(days=1)
    await put(
        desk,
        resolved("later", detected_at=ONE.detected_at + timedelta(seconds=1)),
        resolved("test", detected_at=before, is_test=True),
        resolved("elsewhere", detected_at=before, subscription_id=guid(77)),
        alert("open", detected_at=before),
    )
    assert "time on this subscription" not in await shared(desk)


async def test_a_decided_card_looks_no_longer_back(desk: House) -> None:
    await put(desk, resolved("earlier", detected_at=ONE.detected_at - timedelta(days=1)))
    assert "Second time" in await shared(desk)
    await press(desk, actions.ALERT_FRAUD)
    assert "Second time" not in await shared(desk)
    assert "Second time" in (await details(desk)).text


async def test_related_alerts_can_be_opened_from_the_details(desk: House) -> None:
    await put(
        desk,
        OTHER,
        alert("same-customer", subscription_id=guid(77), name="On another subscription"),
        resolved("decided", detected_at=ONE.detected_at - timedelta(days=1), name="Decided before"),
        alert("strangers", customer_tenant_id=guid(78), subscription_id=guid(79), name="Not theirs"),
    )
    found = await details(desk)
    for part in ("Another one (Active)", "On another subscription (Active)", "Decided before (Fraud)"):
        assert part in found.text
    assert "Not theirs" not in found.text
    opened = found.button("Show A-1002")
    assert (opened["verb"], opened["data"]["alert"]) == (actions.ALERT_DETAILS, 1002)
    words = found.button(texts.ALL_OF_SUBSCRIPTION)["data"]["words"]
    listed = card(await press(desk, actions.LIST_PAGE, words=words))
    assert "A-1001" in listed.text
    assert "A-1004" in listed.text
    assert "A-1003" not in listed.text
    words = found.button(texts.ALL_OF_CUSTOMER)["data"]["words"]
    assert "A-1003" in card(await press(desk, actions.LIST_PAGE, words=words)).text


async def test_at_most_five_are_related(desk: House) -> None:
    await put(desk, *(alert(f"more-{number}") for number in range(9)))
    assert sum(title.startswith("Show A-") for title in (await details(desk)).buttons) == 5


async def test_an_alert_alone_has_no_such_sections(desk: House) -> None:
    text = (await details(desk)).text
    for title in (texts.RELATED, texts.BEFORE, texts.TEAM):
        assert title not in text
