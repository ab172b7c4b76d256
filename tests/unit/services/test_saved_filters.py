"""Saved filters: a person's own, a conversation's, who may keep them, and where they serve."""

from __future__ import annotations

import pytest

from bot.chat.turn import Attach, CloseDialog, OpenDialog, Refuse, Reply, Say, ShowCard, TurnKind
from bot.domain.alerts import Work
from bot.domain.people import Person
from bot.domain.saved_filters import MOST
from cards.actions import FILTERS_FORGET, FILTERS_SAVE, LIST_PAGE
from tests.factories import ADA, NORA, NORTHWIND, NOW, alert, minutes, personal, pressed, said, turn
from tests.support.house import House
from tests.support.seen import Card, checked


@pytest.fixture(autouse=True)
async def routed(house: House) -> None:
    await house.route()
    await house.take_in(alert("high", detected_at=NOW - minutes(1)), alert("low", severity="low", name="Quiet one"))


async def say(house: House, text: str, by: Person = ADA, *, alone: bool = False) -> Reply:
    where = {"conversation": personal(by)} if alone else {}
    return await house.desk.turn(said(text, by, **where))


def card(reply: Reply) -> Card:
    assert isinstance(reply, ShowCard), reply
    return checked(reply.card)


def text(reply: Reply) -> str:
    assert isinstance(reply, Say | Refuse | CloseDialog), reply
    return reply.text


async def test_a_conversations_filter_is_kept_used_listed_and_forgotten(house: House) -> None:
    assert "Saved as @Loud: severity:high" in text(await say(house, "save Loud severity:high"))
    shown = card(await say(house, "show @loud", NORA))
    assert "Crypto mining" in shown.text
    assert "Quiet one" not in shown.text
    listed = card(await say(house, "saved", NORA))
    assert all(part in listed.text for part in ("@Loud", "severity:high", "saved by Ada"))
    assert ("save filter", "done", "Ada") in await house.audited()
    assert "@loud is forgotten" in text(await say(house, "forget loud"))
    assert "No filter is saved as @loud" in text(await say(house, "show @loud"))
    assert "None are saved here yet" in card(await say(house, "saved")).text


async def test_for_a_conversation_it_takes_the_role(house: House) -> None:
    assert "Admin Agent" in text(await say(house, "save loud severity:high", NORA))
    await say(house, "save loud severity:high")
    assert "Admin Agent" in text(await say(house, "forget loud", NORA))
    assert [row for row in await house.audited() if row[1] == "denied"] == [("save filter", "denied", "Nora")] * 2
    assert "@loud" in card(await say(house, "saved")).text


async def test_ones_own_take_no_role_and_come_first(house: House) -> None:
    assert "Saved as @loud" in text(await say(house, "save loud severity:low", NORA, alone=True))
    await say(house, "save loud severity:high")
    assert "Quiet one" in card(await say(house, "show @loud", NORA)).text
    assert "Quiet one" not in card(await say(house, "show @loud", ADA)).text
    assert "@loud" in card(await say(house, "saved", NORA, alone=True)).text
    assert "You have saved none" in card(await say(house, "saved", ADA, alone=True)).text
    assert "forgotten" in text(await say(house, "forget @loud", NORA, alone=True))
    assert "Quiet one" not in card(await say(house, "show @loud", NORA)).text


async def test_what_is_saved_may_use_what_was_saved_and_is_checked(house: House) -> None:
    await say(house, "save loud severity:high")
    assert "severity:high since:7d" in text(await say(house, "save recent @loud since:7d"))
    assert "Saved anew" in text(await say(house, "save LOUD severity:low"))
    for words, told in (
        ("save", "Write: save"),
        ("save x", "Write: save"),
        ("save b@d severity:high", "cannot be a name"),
        (f"save {'x' * 80} severity:high", "cannot be a name"),
        ("save x sevrity:high", "Did you mean 'severity'?"),
        ("save x @nothing", "There are: @LOUD, @recent"),
        ("save x customer:" + "y" * 500, "500"),
        ("forget", "Write: forget"),
        ("forget two words", "Write: forget"),
        ("forget nothing", "No filter is saved as @nothing"),
        ("saved things", "Say just “saved”"),
    ):
        assert told in text(await say(house, words)), words


async def test_so_many_fit_and_no_more(house: House) -> None:
    for number in range(MOST):
        await say(house, f"save n{number} severity:high", alone=True)
    assert "no more fit" in text(await say(house, "save another severity:high", alone=True))
    assert "Saved anew" in text(await say(house, "save n1 severity:low", alone=True))
    listed = card(await say(house, "saved", alone=True))
    rows = [each for each in listed.json["body"] if each["type"] == "ColumnSet"]
    assert len(rows) == MOST


async def test_they_serve_search_export_and_subscribe(house: House) -> None:
    await say(house, "save loud unresolved severity:high sort:oldest", alone=True)
    assert "Crypto" in card(await say(house, "search h @loud", alone=True)).text
    assert "Nothing here" in card(await say(house, "search low @loud", alone=True)).text
    exported = await say(house, "export @loud", alone=True)
    assert isinstance(exported, Attach)
    assert exported.summary.endswith(".csv")
    await say(house, "save loud severity:high", alone=True)
    house.channel.join(personal(ADA), ADA, NORTHWIND)
    assert "that match severity:high" in text(await say(house, "subscribe @loud", alone=True))
    assert "order" in text(await say(house, "export sort:newest"))


async def test_a_route_refuses_what_only_an_asker_gives_sense(house: House) -> None:
    await say(house, "save mine assigned:me")
    assert "asked for by nobody" in text(await say(house, "subscribe @mine"))
    assert "in order" in text(await say(house, "subscribe sort:newest"))


async def test_from_a_list_by_a_form_and_forgotten_by_a_button(house: House) -> None:
    shown = card(await say(house, "show severity:high"))
    data = shown.button("Save this filter…")["data"]
    opened = await house.desk.turn(turn(kind=TurnKind.DIALOG_OPEN, verb=FILTERS_SAVE, data=data))
    assert isinstance(opened, OpenDialog)
    again = await house.desk.turn(turn(kind=TurnKind.DIALOG_SUBMIT, verb=FILTERS_SAVE, data=data | {"name": "a b"}))
    assert isinstance(again, OpenDialog)
    assert "cannot be a name" in checked(again.card).text
    closed = await house.desk.turn(turn(kind=TurnKind.DIALOG_SUBMIT, verb=FILTERS_SAVE, data=data | {"name": "loud"}))
    assert "Saved as @loud" in text(closed)
    listed = card(await say(house, "saved"))
    show = next(each for each in listed.json["body"] if each["type"] == "ColumnSet")["columns"][0]["selectAction"]
    assert (show["verb"], show["data"]["words"]) == (LIST_PAGE, "severity:high")
    left = await house.desk.turn(pressed(FILTERS_FORGET, data=listed.button("Forget")["data"]))
    assert "None are saved here yet" in card(left).text


async def test_me_is_whoever_looks(house: House) -> None:
    async with house.store.write() as tx:
        await tx.alerts.set_work(alert("low").key, Work(ADA.aad_id, "Ada"), NOW)
    assert "Quiet one" in card(await say(house, "show assigned:me", ADA)).text
    assert "Nothing fits" in card(await say(house, "show assigned:me", NORA)).text
    assert "Quiet one" in card(await say(house, "show assigned:ada", NORA)).text
    assert "Quiet one" not in card(await say(house, "show assigned:nobody", NORA)).text
