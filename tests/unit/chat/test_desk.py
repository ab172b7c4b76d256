"""The front desk: nothing twice, each error a sentence, and a client's own redraws quiet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from bot.chat.redelivery import RENEW_SECONDS
from bot.chat.replies import decode, encode
from bot.chat.turn import (
    AskToken,
    Attach,
    BadCode,
    CloseDialog,
    Found,
    NotHere,
    Nothing,
    OfferSignIn,
    OpenDialog,
    Refuse,
    Reply,
    Say,
    ShowCard,
    TokenRefused,
    Turn,
    TurnKind,
)
from bot.domain.people import ConversationState
from bot.errors import (
    AlertDeskError,
    ConfigError,
    NotAllowed,
    NotChecked,
    Permanent,
    Refused,
    Transient,
    Unknown,
    UserError,
)
from bot.store.inbox import DEAD_AFTER
from bot.texts import en as texts
from cards import actions
from tests.factories import ADA, CHANNEL, NORA, alert, conversation, person, personal, pressed, said, turn
from tests.support.house import House
from tests.support.until import until

ONE = alert()


@pytest.fixture
async def desk(house: House) -> House:
    await house.route()
    await house.take_in(ONE)
    return house


async def act(house: House) -> dict[str, Any]:
    return {"alert": (await house.record(ONE)).number, "version": 1}


Handler = Callable[[Turn, Any], Awaitable[Reply]]


def answering(house: House, outcome: Reply | Exception, verb: str = actions.ROUTE_ON) -> list[Turn]:
    """Let a verb end like that. Returns the turns that came so far, which grows."""
    came: list[Turn] = []

    async def handler(turn: Turn, _payload: Any) -> Reply:
        came.append(turn)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    house.verbs.handlers[verb] = handler
    return came


# Once --------------------------------------------------------------------------------------------------------------


async def test_a_redelivered_activity_gets_the_same_answer_and_does_nothing(desk: House) -> None:
    came = answering(desk, Say("done"))
    press = pressed(actions.ROUTE_ON)
    assert await desk.desk.turn(press) == await desk.desk.turn(press) == Say("done")
    assert len(came) == 1


async def test_a_refusal_is_an_answer_too(desk: House) -> None:
    came = answering(desk, NotAllowed("no", code="lacks_role"))
    press = pressed(actions.ROUTE_ON)
    assert await desk.desk.turn(press) == await desk.desk.turn(press) == Refuse("no", "lacks_role")
    assert len(came) == 1


async def test_another_activity_another_kind_or_another_place_is_another_turn(desk: House) -> None:
    came = answering(desk, Say("done"))
    press = pressed(actions.ROUTE_ON)
    for other in (
        pressed(actions.ROUTE_ON),
        turn(kind=TurnKind.SUBMIT, verb=actions.ROUTE_ON, activity_id=press.activity_id),
        pressed(actions.ROUTE_ON, activity_id=press.activity_id, conversation=personal(ADA)),
    ):
        await desk.desk.turn(other)
    await desk.desk.turn(press)
    assert len(came) == 4


async def test_while_the_first_still_runs_a_repeat_is_told_to_wait(desk: House) -> None:
    begun, free = asyncio.Event(), asyncio.Event()

    async def slow(_turn: Turn, _payload: Any) -> Reply:
        begun.set()
        await free.wait()
        return Say("done")

    desk.verbs.handlers[actions.ROUTE_ON] = slow
    desk.commands.handlers["whoami"] = slow
    told = Refuse(texts.IN_DOUBT, "in_doubt")
    for given in (pressed(actions.ROUTE_ON), said("whoami")):
        begun.clear()
        free.clear()
        first = asyncio.create_task(desk.desk.turn(given))
        await begun.wait()
        assert await desk.desk.turn(given) == told
        free.set()
        assert await first == Say("done")


@pytest.mark.parametrize(
    ("given", "told"), [(pressed(actions.ROUTE_ON), Say("done")), (said("whoami"), Nothing())], ids=["pressed", "typed"]
)
async def test_a_repeat_that_comes_meanwhile_is_answered_as_the_first(desk: House, given: Turn, told: Reply) -> None:
    """What is typed is answered by a message of its own: by one."""
    begun, free = asyncio.Event(), asyncio.Event()

    async def slow(_turn: Turn, _payload: Any) -> Reply:
        begun.set()
        await free.wait()
        return Say("done")

    desk.verbs.handlers[actions.ROUTE_ON] = desk.commands.handlers["whoami"] = slow
    first = asyncio.create_task(desk.desk.turn(given))
    await begun.wait()
    desk.clock.held = True
    repeat = asyncio.create_task(desk.desk.turn(given))
    await until(lambda: bool(desk.clock.pauses))
    free.set()
    assert await first == Say("done")
    desk.clock.forward(1.0)
    assert await repeat == told


async def test_a_turn_that_takes_long_is_not_taken_for_dead(desk: House) -> None:
    begun, free = asyncio.Event(), asyncio.Event()
    came = 0

    async def slow(_turn: Turn, _payload: Any) -> Reply:
        nonlocal came
        came += 1
        begun.set()
        await free.wait()
        return Say("done")

    desk.verbs.handlers[actions.ROUTE_ON] = slow
    press = pressed(actions.ROUTE_ON)
    first = asyncio.create_task(desk.desk.turn(press))
    await begun.wait()
    for _ in range(8):
        desk.clock.forward(RENEW_SECONDS)
        await desk.desk.redelivery.renew()
    assert await desk.desk.turn(press) == Refuse(texts.IN_DOUBT, "in_doubt")
    free.set()
    await first
    await desk.desk.redelivery.renew()
    assert came == 1
    assert await desk.desk.turn(press) == Say("done")


async def test_a_turn_whose_process_died_is_taken_over(desk: House) -> None:
    press = pressed(actions.ROUTE_ON)
    key = f"{CHANNEL}|{press.kind}|{press.activity_id}"
    async with desk.store.write() as tx:
        assert (await tx.inbox.begin(key, desk.clock.now()))[0]  # and then it died
    came = answering(desk, Say("done"))
    # Nothing may have been written down yet: "it goes on" would be a promise that nobody keeps.
    assert await desk.desk.turn(press) == Refuse(texts.IN_DOUBT, "in_doubt")
    desk.clock.forward(DEAD_AFTER.total_seconds())
    assert await desk.desk.turn(press) == Say("done")
    assert len(came) == 1


async def test_what_could_not_be_done_for_now_may_be_tried_again_at_once(desk: House) -> None:
    answering(desk, Transient("503"))
    press = pressed(actions.ROUTE_ON)
    assert await desk.desk.turn(press) == Refuse(texts.TRY_AGAIN, "try_again")
    answering(desk, Say("done"))
    assert await desk.desk.turn(press) == Say("done")


async def test_what_broke_is_not_tried_again_blindly(desk: House) -> None:
    came = answering(desk, KeyError("a bug"))
    press = pressed(actions.ROUTE_ON)
    await desk.desk.turn(press)
    assert await desk.desk.turn(press) == Refuse(texts.IN_DOUBT, "in_doubt")
    desk.clock.forward(DEAD_AFTER.total_seconds())
    assert await desk.desk.turn(press) == Refuse(texts.IN_DOUBT, "in_doubt")
    assert len(came) == 1


async def test_reading_leaves_nothing_behind_and_is_answered_anew(desk: House) -> None:
    came = answering(desk, Say("page"), actions.LIST_PAGE)
    press = pressed(actions.LIST_PAGE)
    await desk.desk.turn(press)
    await desk.desk.turn(press)
    assert len(came) == 2


# Errors ------------------------------------------------------------------------------------------------------------

ERRORS: list[tuple[Exception, str, str]] = [
    (UserError("say it so"), "say it so", "refused"),
    (Unknown("no such alert", code="unknown_alert"), "no such alert", "unknown_alert"),
    (NotAllowed("no", code="lacks_role"), "no", "lacks_role"),
    (NotChecked("could not check, nothing was done", code="x"), "could not check, nothing was done", "try_again"),
    (Transient("secret detail"), texts.TRY_AGAIN, "try_again"),
    (Permanent("secret detail", code="Gone"), "logged as", "Gone"),
    (Refused("secret detail"), "logged as", "failed"),
    (ConfigError("secret detail"), "logged as", "failed"),
    (AlertDeskError("secret detail"), "logged as", "failed"),
    (KeyError("secret detail"), "logged as", "internal"),
    (RecursionError("secret detail"), "logged as", "internal"),
]


@pytest.mark.parametrize(
    ("problem", "essential", "code"), ERRORS, ids=[type(problem).__name__ for problem, *_ in ERRORS]
)
async def test_every_error_is_a_sentence(desk: House, problem: Exception, essential: str, code: str) -> None:
    answering(desk, problem)
    reply = await desk.desk.turn(pressed(actions.ROUTE_ON))
    assert isinstance(reply, Refuse)
    assert essential in reply.text
    assert "secret detail" not in reply.text
    assert reply.code == code


async def test_a_database_that_is_away_is_a_sentence_too(desk: House) -> None:
    await desk.store.close()
    reply = await desk.desk.turn(pressed(actions.ALERT_REFRESH, data={"alert": 1}))
    assert isinstance(reply, Refuse)


async def test_who_is_cancelled_is_cancelled(desk: House) -> None:
    async def forever(_turn: Turn, _payload: Any) -> Reply:
        await asyncio.Event().wait()
        return Nothing()

    desk.verbs.handlers[actions.ALERT_REFRESH] = forever
    task = asyncio.create_task(desk.desk.turn(pressed(actions.ALERT_REFRESH, data={"alert": 1})))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_person_without_an_entra_id_is_told_so(desk: House) -> None:
    reply = await desk.desk.turn(said("help", by=person(aad_id="")))
    assert reply == Refuse(texts.BOT_UNKNOWN_PERSON, "nobody")


@pytest.mark.parametrize("kind", [TurnKind.EXECUTE, TurnKind.SUBMIT, TurnKind.DIALOG_OPEN, TurnKind.DIALOG_SUBMIT])
@pytest.mark.parametrize("verb", ["", "alert.explode", "cancellation.explode", "__init__"])
async def test_an_unknown_verb_is_told_to_fetch_a_fresh_card(desk: House, kind: str, verb: str) -> None:
    assert await desk.desk.turn(turn(kind=kind, verb=verb)) == Refuse(texts.UNREADABLE_ACTION, "unknown_action")


BAD_DATA: list[dict[str, Any]] = [
    {},
    {"alert": "x"},
    {"alert": 0},
    {"alert": -1},
    {"alert": 10**13},
    {"alert": [1]},
    {"alert": None},
    {"alert": 1, "version": "new"},
    {"alert": 1, "card": "x" * 65},
    {"alert": 1, "card": {"a": 1}},
]


@pytest.mark.parametrize("data", BAD_DATA, ids=[str(data)[:30] for data in BAD_DATA])
@pytest.mark.parametrize("verb", [actions.ALERT_FRAUD, actions.ALERT_REFRESH, actions.ALERT_NOTE])
async def test_data_that_no_card_of_ours_carries_is_refused(desk: House, verb: str, data: dict[str, Any]) -> None:
    assert await desk.desk.turn(pressed(verb, data=data)) == Refuse(texts.UNREADABLE_ACTION, "bad_payload")
    assert desk.source.changes == []


async def test_a_note_that_is_too_long_is_told_as_such_where_it_was_written(desk: House) -> None:
    data = await act(desk) | {"text": "x" * 2001}
    reply = await desk.desk.turn(turn(kind=TurnKind.DIALOG_SUBMIT, verb=actions.ALERT_NOTE, data=data))
    assert reply == Refuse(texts.note_too_long(2001, 2000), "bad_payload")


# Redraws by the client itself --------------------------------------------------------------------------------------


async def test_a_clients_own_redraw_shows_the_card_and_asks_nobody(desk: House) -> None:
    desk.channel.roster_away = desk.directory.away = Transient("nobody may be asked")
    reply = await desk.desk.turn(pressed(actions.ALERT_REFRESH, NORA, data=await act(desk), automatic=True))
    assert isinstance(reply, ShowCard)
    assert b"alert.fraud" in reply.raw
    async with desk.store.read() as tx:
        assert await tx.people.get(NORA.aad_id) is None  # nothing was written


@pytest.mark.parametrize("data", [{"alert": 999_999}, {"alert": "x"}, {}])
async def test_a_clients_own_redraw_never_fails(desk: House, data: dict[str, Any]) -> None:
    assert await desk.desk.turn(pressed(actions.ALERT_REFRESH, data=data, automatic=True)) == Nothing()


@pytest.mark.parametrize("verb", [actions.ALERT_FRAUD, actions.ROUTE_ON, actions.EXPORT_RUN, actions.ALERT_DETAILS])
async def test_nothing_but_a_redraw_happens_by_itself(desk: House, verb: str) -> None:
    assert await desk.desk.turn(pressed(verb, data=await act(desk), automatic=True)) == Nothing()
    assert desk.source.changes == []
    assert desk.directory.asked == []


async def test_in_a_personal_chat_a_client_redraws_nothing_by_itself(desk: House) -> None:
    there = {"conversation": personal(ADA), "automatic": True}
    assert await desk.desk.turn(pressed(actions.ALERT_REFRESH, data=await act(desk), **there)) == Nothing()
    assert desk.directory.asked == []


# The conversation --------------------------------------------------------------------------------------------------


async def test_whoever_speaks_makes_the_conversation_known_and_alive(house: House) -> None:
    await house.know(conversation(state=ConversationState.REMOVED))
    await house.desk.turn(said("help"))
    async with house.store.read() as tx:
        found = await tx.conversations.get(CHANNEL)
    assert found is not None
    assert found.state == ConversationState.ACTIVE


REPLIES: list[Reply] = [
    Say("text"),
    ShowCard({"type": "AdaptiveCard", "body": [{"a": [1, 2.5, None, True, "ü"]}]}, "summary"),
    ShowCard(),
    Refuse("no", "code"),
    OpenDialog("title", {"body": []}),
    CloseDialog(),
    CloseDialog("text"),
    Attach({"contentType": "x"}, "summary"),
    TokenRefused("no"),
    Nothing(),
    NotHere("name"),
]


@pytest.mark.parametrize("reply", REPLIES, ids=[type(reply).__name__ for reply in REPLIES])
def test_every_reply_survives_the_store(reply: Reply) -> None:
    assert decode(orjson.loads(orjson.dumps(encode(reply)))) == reply


def test_the_samples_hold_every_kind_of_reply() -> None:
    asked_of_a_client = {AskToken, BadCode}  # never kept: the same activity comes again
    of_a_search = {Found, OfferSignIn}  # nor are these: a search changes nothing
    assert {type(reply) for reply in REPLIES} == set(Reply.__args__) - asked_of_a_client - of_a_search
