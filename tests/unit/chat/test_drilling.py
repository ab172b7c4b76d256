"""`drill` and `drill report`, as they are typed and pressed."""

from __future__ import annotations

import pytest

from bot.chat.turn import Refuse, Reply, Say, ShowCard
from bot.domain.people import Person
from bot.texts import drills as texts
from bot.texts import en
from cards import actions
from tests.factories import ADA, CHANNEL, FABRIKAM, NORA, NORTHWIND, personal, pressed, said
from tests.support.house import House
from tests.support.seen import Card, checked


@pytest.fixture
async def desk(house: House) -> House:
    await house.baseline(NORTHWIND, FABRIKAM)
    await house.route()
    return house


async def answer(house: House, text: str, by: Person = ADA) -> Reply:
    return await house.desk.turn(said(text, by))


async def code(house: House, text: str, by: Person = ADA) -> str:
    reply = await answer(house, text, by)
    assert isinstance(reply, Refuse), reply
    return reply.code


def card(reply: Reply) -> Card:
    assert isinstance(reply, ShowCard), reply
    assert reply.card is not None
    return checked(reply.card)


@pytest.mark.parametrize(
    ("words", "severity"),
    [
        ("drill", "high"),
        ("drill medium", "medium"),
        ("Drill LOW northwind", "low"),
        ("drill severity:informational partner:Northwind", "informational"),
        ("drill partner:Northwind", "high"),
    ],
)
async def test_a_drill_is_begun(desk: House, words: str, severity: str) -> None:
    assert await answer(desk, words) == Say(texts.begun("Northwind", severity))
    ((drill, label),) = await desk.drills.latest(frozenset({NORTHWIND}))
    assert (drill.severity, drill.by_name, drill.conversation_id, label) == (severity, "Ada", CHANNEL, "")
    await desk.intake.poll(desk.northwind)
    await desk.deliver()
    posted = desk.channel.cards()[-1].message.card
    assert posted is not None
    shown = checked(posted)
    assert en.DRILL_BADGE in shown.text
    assert en.TEST_BADGE not in shown.text
    assert en.DRILL_CUSTOMER in shown.text
    assert {en.MARK_FRAUD, en.MARK_LEGITIMATE} <= set(shown.buttons)
    assert {en.CANCEL_SUBSCRIPTION, en.MANAGE_SUBSCRIPTION, en.OPEN_PARTNER_CENTER} & set(shown.buttons) == set()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("drill hihg", "bad_severity"),
        ("drill severity:urgent", "bad_severity"),
        ("drill fabrikam", "unknown_partner"),
        ("drill high since:7d", "bad_filter"),
        ("drill report severity:high", "bad_filter"),
    ],
)
async def test_what_makes_no_sense_is_told(desk: House, words: str, expected: str) -> None:
    assert await code(desk, words) == expected
    assert await desk.drills.latest(frozenset({NORTHWIND})) == ()


async def test_only_admin_agents_drill_and_a_denial_is_on_record(desk: House) -> None:
    assert await code(desk, "drill", NORA) != ""
    assert ("drill", "denied", "Nora") in await desk.audited()


async def test_a_chat_that_gets_no_alerts_has_no_drill(desk: House) -> None:
    where = personal(ADA)
    await desk.know(where)
    desk.channel.join(where, ADA, NORTHWIND)
    reply = await desk.desk.turn(said("drill", conversation=where))
    assert isinstance(reply, Refuse)
    assert reply.code == "not_routed"


async def test_of_several_partners_one_must_be_named(desk: House) -> None:
    await desk.route(FABRIKAM, CHANNEL)
    assert await code(desk, "drill") == "which_partner"
    assert isinstance(await desk.desk.turn(pressed(actions.DRILL_BEGIN, data={})), Refuse)
    assert await answer(desk, "drill northwind") == Say(texts.begun("Northwind", "high"))


async def test_pressed_for_a_partner_of_elsewhere(desk: House) -> None:
    reply = await desk.desk.turn(pressed(actions.DRILL_BEGIN, data={"partner": FABRIKAM}))
    assert isinstance(reply, Refuse)
    assert await desk.desk.turn(pressed(actions.DRILL_BEGIN, data={"severity": "low"})) == Say(
        texts.begun("Northwind", "low")
    )


async def test_it_is_marked_like_any_alert_and_cannot_be_cancelled(desk: House) -> None:
    await answer(desk, "drill")
    await desk.intake.poll(desk.northwind)
    ((_, label),) = await desk.drills.latest(frozenset({NORTHWIND}))
    assert isinstance(await answer(desk, f"cancel {label}"), Refuse)
    reply = await answer(desk, f"mark {label} fraud")
    assert isinstance(reply, Say)
    assert "This is a drill, and stays in Alert Desk." in reply.text
    assert desk.source.changes == []


async def test_lists_show_it_marked_and_a_filter_leaves_it_out(desk: House) -> None:
    await answer(desk, "drill")
    await desk.intake.poll(desk.northwind)
    assert texts.NAME in card(await answer(desk, "show")).text
    assert texts.NAME not in card(await answer(desk, "show test:no")).text


async def test_the_report_tells_of_the_last_ones(desk: House) -> None:
    assert texts.NONE_YET in card(await answer(desk, "drill report")).text
    await answer(desk, "drill")
    desk.clock.forward(9)
    await desk.intake.poll(desk.northwind)
    await desk.drills.step()
    still = card(await answer(desk, "drill report")).text
    assert "Still open. Recorded after 9 s" in still
    ((_, label),) = await desk.drills.latest(frozenset({NORTHWIND}))
    desk.clock.forward(60)
    await answer(desk, f"mark {label} legitimate")
    desk.clock.forward(121)
    await desk.drills.step()
    over = card(await answer(desk, "drill report northwind")).text
    assert f"{label}, high severity, by Ada. Recorded after 9 s" in over
    assert "decided after 1 min 9 s as legitimate by Ada." in over
    await answer(desk, "drill low")
    desk.clock.forward(3600)
    await desk.drills.step()
    assert "Not answered. Not recorded" in card(await answer(desk, "drill report")).text
