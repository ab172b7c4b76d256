"""A sign-in takes its time of the turn that it belongs to; and what waits for one goes on, once, and is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.chat import acting
from bot.chat.turn import AskToken, Nothing, Refuse, Say, ShowCard, TokenRefused, Turn, TurnKind
from bot.domain.alerts import AlertRecord
from bot.errors import (
    AlertDeskError,
    NoAccount,
    NotAllowed,
    NotAssigned,
    SignInNeeded,
    Transient,
    Unreachable,
    UserError,
)
from bot.store import SqlStore
from bot.store.inbox import DEAD_AFTER
from bot.texts import signing_in
from cards import actions
from tests.factories import ADA, CHANNEL, MAX, NORTHWIND, alert, personal, pressed, said, turn
from tests.fakes import FakeClock, FakeIds, Trouble
from tests.support.house import House

ONE = alert()
CHAT = personal(ADA)
MFA = SignInNeeded("a second proof", code="AADSTS50076", interactive=True, claims="{}")


class SlowTokens:
    """Entra takes so many seconds for Teams' token."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds

    async def exchange(self, *_: object) -> None:
        await asyncio.sleep(0)
        self._clock.forward(self._seconds)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"nobody asks for {name}")


class Tokens:
    """Entra takes Teams' token, or answers with `trouble`."""

    trouble: UserError | None = None

    async def exchange(self, *_: object) -> None:
        if self.trouble is not None:
            raise self.trouble

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"nobody asks for {name}")


@pytest.fixture
def entra() -> Tokens:
    return Tokens()


@pytest.fixture
async def desk(store: SqlStore, clock: FakeClock, ids: FakeIds, entra: Tokens, patience: None) -> AsyncIterator[House]:
    """The bot acts as people, and holds no token of Ada's."""
    house = House(store, clock, ids, tokens=entra)
    house.set_up(act_as="user")
    house.channel.join(CHAT, ADA, NORTHWIND)
    await house.route()
    await house.know(CHAT)
    house.directory.signed_out.add(ADA.aad_id)
    yield house
    await house.close()


async def waiting(house: House, given: Turn) -> tuple[str, Turn]:
    """A turn for which Ada must sign in, and has by now: under which token it waits, and how it goes on."""
    reply = await house.desk.turn(given)
    assert isinstance(reply, AskToken | ShowCard)
    token = reply.exchange_id if isinstance(reply, AskToken) else reply.sign_in.partition("act=")[2]
    house.directory.signed_out.clear()
    house.directory.token_troubles.clear()
    found = await house.signing_in.peek(token)
    assert found is not None
    return token, house.signing_in.restored(found)


def exchange(token: str, number: int = 1) -> Turn:
    """Teams' token, of one of her clients, for what waits under that token of ours."""
    return turn(
        kind=TurnKind.TOKEN_EXCHANGE,
        activity_id=f"exchange-{number}",
        conversation=CHAT,
        data={"id": token},
        token="teams",
    )


async def marking(house: House) -> tuple[AlertRecord, str]:
    """What Ada typed in her own chat waits for Teams' token."""
    (record,) = await house.take_in(ONE)
    token, _ = await waiting(house, said(f"mark {record.label} fraud", conversation=CHAT))
    return record, token


def dead(house: House, monkeypatch: pytest.MonkeyPatch, what: Any, name: str) -> asyncio.Event:
    """Let a call never end. Returns what is set once it is reached."""
    reached = asyncio.Event()

    async def hangs(*_: Any, **__: Any) -> Any:
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(what, name, hangs)
    return reached


@pytest.mark.parametrize("seconds", [0.0, 1.25])
async def test_what_the_sign_in_took_the_act_has_no_more(
    store: SqlStore, clock: FakeClock, ids: FakeIds, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    house = House(store, clock, ids, tokens=SlowTokens(clock, seconds))
    await house.route()
    (record,) = await house.take_in(ONE)
    left: list[float] = []

    async def decide(*given: Any) -> Any:
        left.append(given[-1])
        raise UserError("enough")

    monkeypatch.setattr(house.verdicts, "decide", decide)
    press = pressed(actions.ALERT_FRAUD, token="teams", data={"alert": record.number, "version": 1})
    assert await house.desk.turn(press) == Refuse("enough")
    assert left == [pytest.approx(acting.ANSWER_SECONDS - seconds)]


async def test_where_the_roster_took_the_time_entra_has_less(store: SqlStore, clock: FakeClock, ids: FakeIds) -> None:
    house = House(store, clock, ids, tokens=SlowTokens(clock, 0.0))
    await house.route()
    member = house.channel.member

    async def slowly(*given: Any) -> Any:
        clock.forward(2.0)
        return await member(*given)

    house.channel.member = slowly  # type: ignore[method-assign]
    press = pressed(actions.ALERT_FRAUD, token="teams", data={"alert": 1, "version": 1})
    assert await house.desk.turn(press) == Refuse(signing_in.SIGN_IN_SLOW, "try_again")


# After a sign-in page ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "data", "files"),
    [
        (actions.EXPORT_RUN, {"words": ""}, 1),
        (actions.EVIDENCE_RUN, {"subject": ONE.id}, 1),
        (actions.LIST_PAGE, {"words": "unresolved", "page": 1}, 0),
        (actions.SCORE_SHOW, {}, 0),
    ],
)
async def test_what_somebody_wanted_to_see_in_their_own_chat_is_posted_there(
    desk: House, verb: str, data: dict[str, Any], files: int
) -> None:
    await desk.take_in(ONE)
    desk.channel.rosters[CHANNEL].pop(ADA.aad_id)  # reading takes her role, and so her token
    _, turn = await waiting(desk, pressed(verb, conversation=CHAT, data=data, reply_to="list-card"))
    assert (await desk.desk.go_on(turn)).text == signing_in.WENT_ON
    (post,) = desk.channel.posts
    assert (post.conversation, len(post.message.attachments)) == (CHAT.id, files)
    assert (post.message.card is None) == bool(files)


@pytest.mark.parametrize(
    ("trouble", "comes"),
    [
        (Transient("429", code="429", retry_after=5.0), True),
        (Transient("it broke", in_doubt=True), False),
        (Unreachable("blocked"), False),
    ],
)
async def test_an_act_that_is_done_is_told_on_the_page_whatever_teams_says_to_the_answer(
    desk: House, trouble: AlertDeskError, comes: bool
) -> None:
    (record,) = await desk.take_in(ONE)
    _, turn = await waiting(desk, said(f"mark {record.label} fraud", conversation=CHAT))
    desk.channel.troubles.append(Trouble(trouble))
    told = f"{record.label}: fraud. Partner Center confirms it."
    assert (await desk.desk.go_on(turn)).text == told
    assert len(desk.source.changes) == 1
    await desk.deliver()
    assert desk.channel.texts(CHAT.id) == ([told] if comes else []), "and it comes later, where it can"


async def test_a_card_that_teams_never_takes_is_not_called_shown(desk: House) -> None:
    desk.channel.rosters[CHANNEL].pop(ADA.aad_id)
    _, turn = await waiting(desk, said("show", conversation=CHAT))
    desk.channel.blocked.add(CHAT.id)
    assert (await desk.desk.go_on(turn)).text == signing_in.NOT_SHOWN


@pytest.mark.parametrize("kind", [TurnKind.DIALOG_OPEN, TurnKind.DIALOG_SUBMIT])
async def test_what_a_form_is_answered_is_for_the_one_who_sent_it(desk: House, kind: str) -> None:
    (record,) = await desk.take_in(ONE)
    desk.directory.signed_out.clear()
    desk.directory.token_troubles[ADA.aad_id] = MFA
    data = {"alert": record.number, "version": 1, "text": "hm"}
    _, form = await waiting(desk, turn(kind=kind, verb=actions.ALERT_NOTE, data=data, thread="root"))
    desk.directory.grant(NORTHWIND, ADA)  # no role any more
    assert "Admin Agent" in (await desk.desk.go_on(form)).text
    assert desk.channel.posts == []


async def test_a_form_that_does_not_do_says_on_the_page_why(desk: House) -> None:
    """Its dialog is closed: it cannot come back with what is missing."""
    (record,) = await desk.take_in(ONE)
    desk.directory.signed_out.clear()
    desk.directory.token_troubles[ADA.aad_id] = MFA
    data = {"alert": record.number, "version": 1, "time": "soon"}
    _, form = await waiting(desk, turn(kind=TurnKind.DIALOG_SUBMIT, verb=actions.ALERT_SNOOZE, data=data))
    went = await desk.desk.go_on(form)
    assert "snooze" in went.text
    assert went.text != signing_in.PRESS_AGAIN


async def test_who_was_mentioned_is_kept_too(desk: House) -> None:
    (record,) = await desk.take_in(ONE)
    typed = said(f"assign {record.label} @Max", conversation=CHAT, mentioned=(MAX,))
    _, turn = await waiting(desk, typed)
    assert turn.mentioned == (MAX,)
    reply = await desk.desk.turn(turn)
    assert isinstance(reply, Refuse)
    assert reply.code == "only_you_here"


# After a token exchange -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["before the act", "after it", "after its answer"])
async def test_who_dies_over_a_token_exchange_loses_nothing(
    desk: House, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    record, token = await marking(desk)
    with monkeypatch.context() as patched:
        places: dict[str, tuple[Any, str]] = {
            "before the act": (desk.directory, "roles"),
            "after it": (desk.desk.redelivery, "_finish"),
            "after its answer": (desk.signing_in, "over"),
        }
        reached = dead(desk, patched, *places[where])
        first = asyncio.create_task(desk.desk.turn(exchange(token)))
        await reached.wait()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    desk.clock.forward(DEAD_AFTER.total_seconds())
    done = await desk.desk.turn(exchange(token))
    assert isinstance(done, Say | Refuse)
    assert f"{record.label}" in done.text
    assert len(desk.source.changes) == 1
    assert await desk.desk.turn(exchange(token)) == done, "and whoever sends it again reads the same"
    assert await desk.desk.turn(exchange(token, 2)) == Nothing(), "another of her clients nothing more"
    assert await desk.signing_in.peek(token) is None


async def test_while_one_client_has_it_in_hand_another_says_nothing(
    desk: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, token = await marking(desk)
    roles, free, reached = desk.directory.roles, asyncio.Event(), asyncio.Event()

    async def slowly(*given: Any) -> Any:
        reached.set()
        await free.wait()
        return await roles(*given)

    monkeypatch.setattr(desk.directory, "roles", slowly)
    first = asyncio.create_task(desk.desk.turn(exchange(token)))
    await reached.wait()
    assert await desk.desk.turn(exchange(token, 2)) == Nothing()
    assert await desk.signing_in.peek(token) is not None, "if the first dies it is not lost"
    free.set()
    assert await first == Say(f"{record.label}: fraud. Partner Center confirms it.")


@pytest.mark.parametrize("trouble", [NoAccount("disabled"), NotAssigned("ask to be assigned")])
async def test_what_no_page_mends_is_said_in_the_chat(desk: House, entra: Tokens, trouble: UserError) -> None:
    _, token = await marking(desk)
    entra.trouble = trouble
    assert await desk.desk.turn(exchange(token)) == Refuse(trouble.message)
    assert await desk.desk.turn(exchange(token, 2)) == Nothing(), "once"
    assert desk.source.changes == []


async def test_a_token_of_somebody_else_uses_nothing_up(desk: House, entra: Tokens) -> None:
    _, token = await marking(desk)
    entra.trouble = NotAllowed("not yours", code="assertion_person")
    for _ in range(2):
        assert await desk.desk.turn(exchange(token)) == TokenRefused("not yours")
    entra.trouble = None
    assert isinstance(await desk.desk.turn(exchange(token, 2)), Say)


async def test_an_act_that_wants_a_token_again_leads_to_a_page_that_is_there(desk: House) -> None:
    """Not to the button of the card that Teams' token was asked for with: what waited under its id is over."""
    _, token = await marking(desk)
    desk.directory.signed_out.add(ADA.aad_id)
    reply = await desk.desk.turn(exchange(token))
    assert isinstance(reply, ShowCard)
    assert await desk.signing_in.peek(reply.sign_in.partition("act=")[2]) is not None
    assert await desk.signing_in.peek(token) is None


# The way back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "data", "title", "back"),
    [
        (
            actions.CANCELLATION_APPROVE,
            {"request": 7, "card": "card-1", "plan": "x", "new": [3], "junk": 1},
            signing_in.BACK_TO_REQUEST,
            (actions.CANCELLATION_SHOW, {"request": 7, "card": "card-1"}),
        ),
        (
            actions.LIST_PAGE,
            {"words": "unresolved", "page": 2, "junk": 1},
            signing_in.PRESS_ANEW,
            (actions.LIST_PAGE, {"words": "unresolved", "page": 2}),
        ),
        (actions.EXPORT_RUN, {"words": "all"}, signing_in.PRESS_ANEW, (actions.EXPORT_RUN, {"words": "all"})),
    ],
)
async def test_a_card_that_gave_its_place_to_a_sign_in_has_a_way_back(
    desk: House, verb: str, data: dict[str, Any], title: str, back: tuple[str, dict[str, Any]]
) -> None:
    reply = await desk.signing_in.needed(pressed(verb, conversation=CHAT, data=data), MFA, asked=True)
    assert isinstance(reply, ShowCard)
    found = [one for one in _actions(reply.card) if one["type"] == "Action.Execute" and one["title"] == title]
    assert [(one["verb"], _data(one)) for one in found] == [back]


def _actions(card: Any) -> list[dict[str, Any]]:
    if isinstance(card, dict):
        mine = [card] if str(card.get("type")).startswith("Action.") else []
        return mine + [found for value in card.values() for found in _actions(value)]
    return [found for value in card for found in _actions(value)] if isinstance(card, list | tuple) else []


def _data(action: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in action["data"].items() if name != "verb"}
