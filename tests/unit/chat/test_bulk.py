"""Marking many at once, as people press and type it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.chat import acting
from bot.chat.turn import CloseDialog, OpenDialog, Refuse, Reply, Say, ShowCard, TurnKind
from bot.domain.bulk import MOST
from bot.domain.people import Person
from bot.errors import Transient
from bot.texts import bulk as texts
from cards import actions
from tests.factories import ADA, CHANNEL, FABRIKAM, GIL, GUS, MAX, NORA, NORTHWIND, alert, conversation, said, turn
from tests.support.house import House
from tests.support.seen import Card, checked

MANY = [alert(f"alert-{number:02}") for number in range(6)]
BUTTON = "Mark these 6 active…"


@pytest.fixture
async def desk(house: House) -> House:
    await house.baseline()
    await house.route()
    await house.take_in(*MANY, alert("taken-1", status="investigating"), alert("a-test", is_test=True))
    return house


def card(reply: Reply) -> Card:
    assert isinstance(reply, ShowCard | OpenDialog), reply
    assert reply.card is not None
    return checked(reply.card)


async def listed(house: House, words: str = "show", by: Person = ADA) -> Card:
    return card(await house.desk.turn(said(words, by)))


async def pressed(house: House, data: Any, kind: str, by: Person = ADA, **more: Any) -> Reply:
    reply = await house.desk.turn(turn(kind=kind, verb=actions.ALERTS_BULK, data=data, person=by, **more))
    await house.settle()
    return reply


async def opened(house: House, by: Person = ADA) -> Reply:
    return await pressed(house, (await listed(house)).button(BUTTON)["data"], TurnKind.DIALOG_OPEN, by)


async def test_a_list_offers_to_mark_what_may_be_marked_together(desk: House) -> None:
    shown = await listed(desk)
    assert shown.button(BUTTON)["data"]["verb"] == actions.ALERTS_BULK
    assert "If buttons fail, write to Alert Desk: bulk " in shown.text
    assert [title for title in shown.buttons if title.startswith("Mark")] == [BUTTON]  # one alone is no set
    assert not [title for title in (await listed(desk, "show resolved")).buttons if title.startswith("Mark")]
    assert not [title for title in (await listed(desk, "show test:yes")).buttons if title.startswith("Mark")]


async def test_the_set_goes_over_all_pages_and_is_the_same_on_each(desk: House) -> None:
    await desk.take_in(*(alert(f"more-{number:02}") for number in range(70)))
    first = await listed(desk)
    title = f"Mark the first {MOST} active…"
    second = card(
        await desk.desk.turn(turn(kind=TurnKind.EXECUTE, verb="list.page", data=first.button("Next")["data"]))
    )
    assert first.button(title)["data"] == second.button(title)["data"]


async def test_each_partner_has_its_own_set(desk: House) -> None:
    await desk.route(FABRIKAM)
    await desk.take_in(*(alert(f"theirs-{number}", partner=FABRIKAM) for number in range(2)))
    titles = [title for title in (await listed(desk)).buttons if title.startswith("Mark")]
    assert titles == ["Mark these 6 active of Northwind…", "Mark these 2 active of Fabrikam…"]


async def test_a_list_is_shown_where_the_set_cannot_be_kept(desk: House) -> None:
    async def away(_sets: Any) -> None:
        raise Transient("disk full")

    desk.bulk.pin = away  # type: ignore[method-assign]
    shown = await listed(desk)
    assert "Export these" in shown.buttons
    assert BUTTON not in shown.buttons


async def test_the_form_shows_exactly_what_would_be_marked(desk: House) -> None:
    reply = await opened(desk)
    assert isinstance(reply, OpenDialog)
    form = card(reply)
    assert "Mark 6 active alerts" in form.text
    for each in MANY:
        assert (await desk.record(each)).label in form.text
    assert desk.source.changes == []


async def test_a_filled_in_form_marks_them_and_says_where_it_shows(desk: House) -> None:
    data = card(await opened(desk)).button(texts.MARK_ALL)["data"]
    reply = await pressed(desk, {**data, "verdict": "fraud", "note": " mining "}, TurnKind.DIALOG_SUBMIT, thread="root")
    assert reply == CloseDialog("6 alerts are being marked as fraud; the result shows here.")
    assert sorted(desk.source.changes) == [(each.id, "resolved", "fraud") for each in MANY]
    assert desk.source.reads == []
    desk.clock.forward(3)
    await desk.deliver()
    (shown,) = [post for post in desk.channel.cards(CHANNEL) if post.thread == "root"]
    assert "Ada marked 6 of 6 alerts as fraud" in checked(shown.message.card or {}).text
    assert "Partner Center confirms all of them." in checked(shown.message.card or {}).text


@pytest.mark.parametrize("verdict", ["fraud", "ignore"])
async def test_without_the_note_the_form_comes_back_as_it_was_filled_in(desk: House, verdict: str) -> None:
    data = card(await opened(desk)).button(texts.MARK_ALL)["data"]
    reply = await pressed(desk, {**data, "verdict": verdict, "note": " "}, TurnKind.DIALOG_SUBMIT)
    assert isinstance(reply, OpenDialog)
    form = card(reply)
    assert texts.NOTE_NEEDED in form.text
    assert verdict in [part.get("value") for part in form.json["body"]]
    assert desk.source.changes == []


async def test_legitimate_needs_no_note(desk: House) -> None:
    data = card(await opened(desk)).button(texts.MARK_ALL)["data"]
    await pressed(desk, {**data, "verdict": "legitimate"}, TurnKind.DIALOG_SUBMIT)
    assert len(desk.source.changes) == len(MANY)


async def test_clients_without_dialogs_get_the_form_as_a_card(desk: House) -> None:
    data = (await listed(desk)).button(BUTTON)["data"]
    form = card(await pressed(desk, data, TurnKind.SUBMIT))
    reply = await pressed(
        desk, {**form.button(texts.MARK_ALL)["data"], "verdict": "ignore", "note": "ours"}, TurnKind.SUBMIT
    )
    assert isinstance(reply, Say)
    assert len(desk.source.changes) == len(MANY)


async def test_the_typed_twin(desk: House) -> None:
    set_id = (await listed(desk)).button(BUTTON)["data"]["set"]
    reply = await desk.desk.turn(said(f"bulk {set_id.upper()} Fraud mining everywhere"))
    await desk.settle()
    assert isinstance(reply, Say)
    assert len(desk.source.changes) == len(MANY)
    decision = (await desk.record(MANY[0])).decision
    assert decision is not None
    assert decision.note == "mining everywhere"


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("bulk", "Write: bulk"),
        ("bulk fraud x", "Write: bulk"),
        ("bulk {} frod x", "Did you mean “fraud”"),
        ("bulk {} fraud", "the note is needed"),
        ("bulk 000000000000 fraud x", "show active"),
        ("bluk {} fraud x", "Did you mean “bulk”"),
    ],
)
async def test_what_is_typed_wrongly_does_nothing_and_says_what_to_write(desk: House, words: str, answer: str) -> None:
    set_id = (await listed(desk)).button(BUTTON)["data"]["set"]
    reply = await desk.desk.turn(said(words.format(set_id)))
    assert isinstance(reply, Refuse)
    assert answer in reply.text
    assert desk.source.changes == []


@pytest.mark.parametrize("who", [GIL, NORA, GUS], ids=lambda who: who.name)
@pytest.mark.parametrize("kind", [TurnKind.DIALOG_OPEN, TurnKind.DIALOG_SUBMIT, TurnKind.EXECUTE])
async def test_who_is_no_admin_agent_is_refused_once_and_recorded(desk: House, who: Person, kind: str) -> None:
    data = (await listed(desk)).button(BUTTON)["data"]
    desk.directory.asked.clear()
    reply = await pressed(desk, {**data, "verdict": "fraud", "note": "x"}, kind, who)
    assert isinstance(reply, Refuse)
    assert desk.source.changes == []
    assert (await desk.audited())[-1] == ("mark many", "denied", who.name)
    assert len(desk.directory.asked) <= 1


async def test_the_role_is_checked_once_and_live_for_all_of_them(desk: House) -> None:
    data = card(await opened(desk)).button(texts.MARK_ALL)["data"]
    desk.directory.asked.clear()
    await pressed(desk, {**data, "verdict": "fraud", "note": "x"}, TurnKind.DIALOG_SUBMIT)
    assert desk.directory.asked == [ADA.aad_id]
    desk.directory.grant(NORTHWIND, MAX)
    assert isinstance(
        await pressed(desk, {**data, "verdict": "fraud", "note": "x"}, TurnKind.DIALOG_SUBMIT, MAX), Refuse
    )


async def test_the_set_is_good_only_in_the_conversation_that_shows_it(desk: House) -> None:
    data = (await listed(desk)).button(BUTTON)["data"]
    await desk.route(where="19:other@thread.tacv2")
    elsewhere = conversation("19:other@thread.tacv2")
    reply = await pressed(desk, {**data, "verdict": "legitimate"}, TurnKind.DIALOG_SUBMIT, conversation=elsewhere)
    assert isinstance(reply, Refuse)
    assert desk.source.changes == []


async def test_a_redelivered_press_gets_the_same_answer_and_marks_nothing_again(desk: House) -> None:
    data = card(await opened(desk)).button(texts.MARK_ALL)["data"]
    sent = turn(kind=TurnKind.DIALOG_SUBMIT, verb=actions.ALERTS_BULK, data={**data, "verdict": "fraud", "note": "x"})
    first = await desk.desk.turn(sent)
    assert await desk.desk.turn(sent) == first
    await desk.settle()
    again = await desk.desk.turn(replace(sent, activity_id="another"))
    assert isinstance(again, CloseDialog)
    assert again.text.startswith("Nothing was sent")
    assert len(desk.source.changes) == len(MANY)


async def test_a_set_that_changed_meanwhile_is_shown_as_it_is_now(desk: House) -> None:
    data = (await listed(desk)).button(BUTTON)["data"]
    await desk.desk.turn(said(f"mark A-{(await desk.record(MANY[0])).number} legitimate"))
    form = card(await pressed(desk, data, TurnKind.DIALOG_OPEN, MAX))
    assert "Mark 5 active alerts" in form.text
    assert "1 alert of this set changed meanwhile" in form.text


async def test_the_card_of_a_run_shows_how_far_it_is_and_what_went_wrong(
    desk: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting, "ANSWER_SECONDS", 0.1)
    set_id = (await listed(desk)).button(BUTTON)["data"]["set"]
    desk.source.slow.clear()
    reply = await desk.desk.turn(said(f"bulk {set_id} fraud mining", thread="root"))
    assert isinstance(reply, Say)
    desk.clock.forward(3)
    await desk.deliver()
    (shown,) = [post for post in desk.channel.cards(CHANNEL) if post.thread == "root"]
    assert "Ada is marking 6 alerts as fraud" in checked(shown.message.card or {}).text
    assert "0 of 6 sent to Partner Center, 0 confirmed." in checked(shown.message.card or {}).text
    desk.source.left_out.add(MANY[5].id)
    desk.source.slow.set()
    await desk.settle()
    desk.clock.forward(60)
    await desk.deliver()
    assert "1 alert is tried again" in checked(shown.message.card or {}).text
    await desk.verdicts.resume()
    await desk.bulk.tend()
    desk.clock.forward(3)
    await desk.deliver()
    assert "Ada marked 6 of 6 alerts as fraud" in checked(shown.message.card or {}).text
    assert desk.channel.texts(CHANNEL)[-1] == "Ada marked 6 alerts as fraud. Note: mining"
