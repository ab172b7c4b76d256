"""What card buttons answer, in each way that Teams can send them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from bot.chat.turn import CloseDialog, OpenDialog, Refuse, Reply, Say, ShowCard, TurnKind
from bot.domain.people import Person
from bot.texts import en as texts
from bot.texts import welcome
from cards import actions
from tests.factories import ADA, FABRIKAM, GENERAL, GIL, GUS, MAX, NORA, alert, conversation, pressed, turn
from tests.support.house import House
from tests.support.seen import Card, checked

ONE = alert()
WRITES = [
    actions.ALERT_LEGITIMATE,
    actions.ALERT_FRAUD,
    actions.ALERT_IGNORE,
    actions.ALERT_INVESTIGATE,
    actions.ALERT_NOTE,
    actions.SUBSCRIPTION_CANCEL,
]


@pytest.fixture
async def desk(house: House) -> House:
    await house.baseline()
    await house.route()
    await house.take_in(ONE, alert("theirs", partner=FABRIKAM, name="Their secret"))
    return house


async def press(house: House, verb: str, by: Person = ADA, kind: str = TurnKind.EXECUTE, **data: Any) -> Reply:
    number = (await house.record(ONE)).number
    return await house.desk.turn(turn(kind=kind, verb=verb, person=by, data={"alert": number, "version": 1} | data))


def card(reply: Reply) -> Card:
    assert isinstance(reply, ShowCard | OpenDialog), reply
    if isinstance(reply, ShowCard) and reply.card is None:
        return checked(orjson.loads(reply.raw))
    assert reply.card is not None
    return checked(reply.card)


@pytest.mark.parametrize("kind", [TurnKind.EXECUTE, TurnKind.SUBMIT])
@pytest.mark.parametrize(
    ("verb", "change", "word"),
    [
        (actions.ALERT_LEGITIMATE, ("resolved", "legitimate"), "Legitimate"),
        (actions.ALERT_FRAUD, ("resolved", "fraud"), "Fraud"),
        (actions.ALERT_IGNORE, ("resolved", "ignore"), "Ignored"),
        (actions.ALERT_INVESTIGATE, ("investigating", ""), "Investigating"),
    ],
)
async def test_a_press_decides_and_shows_the_card_as_it_is_now(
    desk: House, verb: str, change: tuple[str, str], word: str, kind: str
) -> None:
    reply = await press(desk, verb, kind=kind, card="card-one")
    assert desk.source.changes == [(ONE.id, *change)]
    if kind == TurnKind.SUBMIT:  # an old client: no card can take the pressed one's place
        assert isinstance(reply, Say)
        assert word.lower() in reply.text
        return
    shown = card(reply)
    assert word in shown.text
    assert verb not in shown.verbs
    assert shown.data["card"] == "card-one"


@pytest.mark.parametrize("who", [GIL, NORA, GUS], ids=lambda who: who.name)
@pytest.mark.parametrize("verb", WRITES)
async def test_who_lacks_the_role_is_refused_and_nothing_happens(desk: House, verb: str, who: Person) -> None:
    reply = await press(desk, verb, who, text="x")
    assert isinstance(reply, Refuse)
    assert reply.text.startswith("Nothing was done")
    assert desk.source.changes == []
    assert [outcome for _, outcome, _ in await desk.audited()] == ["denied"]


@pytest.mark.parametrize("verb", [*WRITES, actions.ALERT_REFRESH, actions.ALERT_DETAILS, actions.ALERT_REVERDICT])
async def test_an_alert_of_another_partner_is_unknown_here(desk: House, verb: str) -> None:
    theirs = (await desk.record(alert("theirs", partner=FABRIKAM))).number
    reply = await press(desk, verb, alert=theirs, text="x", verdict="fraud", reason="x")
    missing = await press(desk, verb, alert=999_999, text="x", verdict="fraud", reason="x")
    assert isinstance(reply, Refuse)
    assert isinstance(missing, Refuse)
    assert (reply.code, reply.text.replace(str(theirs), "N")) == (missing.code, missing.text.replace("999999", "N"))
    assert desk.source.changes == []


async def test_a_stale_card_decides_on_what_is_true_now(desk: House) -> None:
    await press(desk, actions.ALERT_FRAUD)
    reply = await press(desk, actions.ALERT_LEGITIMATE, MAX)
    assert isinstance(reply, Say)
    assert "Ada" in reply.text
    assert len(desk.source.changes) == 1


async def test_the_same_press_again_by_the_same_person_shows_the_card(desk: House) -> None:
    await press(desk, actions.ALERT_FRAUD)
    assert "Fraud" in card(await press(desk, actions.ALERT_FRAUD)).text
    assert len(desk.source.changes) == 1


@pytest.mark.parametrize("who", [ADA, NORA, GUS], ids=lambda who: who.name)
async def test_everybody_in_the_channel_may_look(desk: House, who: Person) -> None:
    assert actions.ALERT_FRAUD in card(await press(desk, actions.ALERT_REFRESH, who)).verbs
    details = card(await press(desk, actions.ALERT_DETAILS, who, card="card-one"))
    assert ONE.id in details.text
    back = details.button(texts.BACK_TO_CARD)
    assert (back["verb"], back["data"]["card"]) == (actions.ALERT_REFRESH, "card-one")


async def test_a_note_in_a_dialog(desk: House) -> None:
    opened = await press(desk, actions.ALERT_NOTE, kind=TurnKind.DIALOG_OPEN, card="card-one")
    assert isinstance(opened, OpenDialog)
    submit = card(opened).button(texts.SAVE)["data"]
    assert (submit["verb"], submit["card"]) == (actions.ALERT_NOTE, "card-one")
    assert await press(desk, actions.ALERT_NOTE, kind=TurnKind.DIALOG_SUBMIT, text="called back") == CloseDialog()
    said = await press(desk, actions.ALERT_NOTE, kind=TurnKind.SUBMIT, text="and again")
    assert said == Say(texts.note_added((await desk.record(ONE)).label))
    empty = await press(desk, actions.ALERT_NOTE, kind=TurnKind.DIALOG_SUBMIT, text="  ")
    assert isinstance(empty, Refuse)
    async with desk.store.read() as tx:
        assert [note.text for note in (await tx.alerts.notes([ONE.key]))[ONE.key]] == ["called back", "and again"]


async def test_nobody_writes_a_form_in_vain(desk: House) -> None:
    for verb in (actions.ALERT_NOTE, actions.ALERT_REVERDICT):
        assert isinstance(await press(desk, verb, NORA, TurnKind.DIALOG_OPEN), Refuse)
    assert await press(desk, actions.ALERT_REVERDICT, kind=TurnKind.DIALOG_OPEN) == Refuse(
        texts.NOT_DECIDED, "not_decided"
    )


async def test_a_verdict_is_changed_in_a_dialog(desk: House) -> None:
    await press(desk, actions.ALERT_FRAUD)
    form = card(await press(desk, actions.ALERT_REVERDICT, kind=TurnKind.DIALOG_OPEN))
    (choices,) = [part["choices"] for part in form.json["body"] if part["type"] == "Input.ChoiceSet"]
    assert [choice["value"] for choice in choices] == ["legitimate", "ignore"]
    changed = await press(
        desk, actions.ALERT_REVERDICT, kind=TurnKind.DIALOG_SUBMIT, verdict="legitimate", reason=" a test "
    )
    assert changed == CloseDialog()
    assert [change[2] for change in desk.source.changes] == ["fraud", "legitimate"]
    assert (await desk.record(ONE)).decision.note == "a test"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"verdict": "legitimate"}, "no_reason"),
        ({"verdict": "legitimate", "reason": "  "}, "no_reason"),
        ({"reason": "because"}, "no_reason"),
        ({"verdict": "guilty", "reason": "because"}, "bad_payload"),
    ],
)
async def test_a_change_needs_a_verdict_and_a_reason(desk: House, data: dict[str, str], code: str) -> None:
    await press(desk, actions.ALERT_FRAUD)
    reply = await press(desk, actions.ALERT_REVERDICT, kind=TurnKind.DIALOG_SUBMIT, **data)
    assert isinstance(reply, Refuse)
    assert reply.code == code
    assert len(desk.source.changes) == 1


async def test_in_a_dialog_a_refusal_is_shown_in_its_place(desk: House) -> None:
    await press(desk, actions.ALERT_FRAUD)
    same = await press(desk, actions.ALERT_REVERDICT, kind=TurnKind.DIALOG_SUBMIT, verdict="fraud", reason="x")
    assert same == CloseDialog(texts.SAME_VERDICT)


async def test_cancelling_is_refused_with_the_way_to_do_it(desk: House) -> None:
    reply = await press(desk, actions.SUBSCRIPTION_CANCEL)
    assert isinstance(reply, Refuse)
    assert reply.code == "cancel_in_portal"
    assert "https://portal.azure.com/" in reply.text


async def test_cancelling_without_ids_leads_to_no_made_up_address(desk: House) -> None:
    desk.board.place = replace(desk.place, portal_url="https://portal.example")
    odd = alert("odd", subscription_id="../../evil")
    await desk.take_in(odd)
    reply = await press(desk, actions.SUBSCRIPTION_CANCEL, alert=(await desk.record(odd)).number)
    assert isinstance(reply, Refuse)
    assert "evil" not in reply.text
    assert "https://portal.example" not in reply.text


async def test_a_route_is_turned_on_and_off_by_a_button(house: House) -> None:
    await house.baseline()
    on = await house.desk.turn(pressed(actions.ROUTE_ON))
    assert on == Say(welcome.subscribed(["Northwind"], ""))
    assert isinstance(await house.desk.turn(pressed(actions.ROUTE_OFF, NORA)), Refuse)
    assert await house.desk.turn(pressed(actions.ROUTE_OFF)) == Say(welcome.unsubscribed(["Northwind"]))


async def test_a_list_is_paged_for_whoever_may_read_there(desk: House) -> None:
    reply = await desk.desk.turn(pressed(actions.LIST_PAGE, GUS, data={"words": "all"}))
    assert (await desk.record(ONE)).label in card(reply).text
    elsewhere = await desk.desk.turn(
        pressed(actions.LIST_PAGE, data={"words": "all"}, conversation=conversation(GENERAL))
    )
    assert elsewhere == Refuse(texts.NOT_ROUTED, "nothing_here")


@pytest.mark.parametrize(
    "data",
    [
        {"words": "sevrity:x"},
        {"words": "x" * 501},
        {"trail": ["bad"]},
        {"page": 0},
        {"page": "x"},
        {"trail": ["4.1.1"] * 21},
    ],
    ids=str,
)
async def test_a_page_that_makes_no_sense_is_refused(desk: House, data: dict[str, Any]) -> None:
    assert isinstance(await desk.desk.turn(pressed(actions.LIST_PAGE, data=data)), Refuse)
