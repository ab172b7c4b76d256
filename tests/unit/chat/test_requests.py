"""What people read about requests and cancelled subscriptions: on alerts' cards, and in answer to a press."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.chat.cancelling import Requests
from bot.chat.request_board import RequestBoard
from bot.chat.turn import ShowCard
from bot.domain.alerts import Alert
from bot.domain.cancellations import Cancellation, Kind, State
from bot.errors import Transient
from bot.services.asking import Wanted
from bot.services.plan_progress import Where
from cards.actions import CANCELLATION_APPROVE, RequestAct
from tests.factories import ADA, MAX, NORTHWIND, SUBSCRIPTION, alert, conversation, entitlement, pressed
from tests.fakes import Trouble
from tests.support.house import House
from tests.support.seen import Card, checked

PATIENT = 10.0
HERE = Where(conversation(), "activity-1")
ONE = alert()
CANCEL, REACTIVATE = "Cancel subscription", "Reactivate subscription"


@pytest.fixture
async def desk(house: House) -> House:
    """An open alert of an active subscription; Max may approve."""
    await house.baseline()
    await house.route()
    await house.take_in(ONE)
    house.subscriptions.put(entitlement())
    house.set_up(act_as="user", approvers_group_id="group")
    return house


async def asked(house: House, kind: Kind = Kind.CANCEL) -> Cancellation:
    wanted = Wanted(kind, "Miners", "agreed" if kind == Kind.CANCEL else "", "", SUBSCRIPTION[-6:])
    return await house.asking.ask(wanted, await house.record(ONE), ADA, HERE, PATIENT)


async def approved(house: House, c: Cancellation) -> Cancellation:
    answer = await house.deciding.approve(c, MAX, HERE, digest=c.plan.digest, patience=PATIENT)
    return answer.cancellation


async def cancelled(house: House) -> None:
    """R-1, a quarter of an hour ago."""
    c = await approved(house, await asked(house))
    for _ in range(30):
        house.clock.forward(30)
        await house.carrying_out.step_due()
        await house.settle()
    async with house.store.read() as tx:
        found = await tx.cancellations.get(c.number)
    assert found is not None
    assert found.state == State.DONE


async def seen(house: House, of: Alert = ONE) -> Card:
    """The details: of an alert that is resolved they are where cancelling is offered."""
    return checked(dict(await house.board.details(await house.record(of), "")))


async def test_a_void_reactivation_does_not_hide_that_it_is_cancelled(desk: House) -> None:
    await cancelled(desk)
    c = await asked(desk, Kind.REACTIVATE)
    desk.directory.grant(NORTHWIND, ADA)
    assert (await approved(desk, c)).state == State.VOID
    card = await seen(desk)
    assert "The subscription stays cancelled (R-2)" in card.text
    assert REACTIVATE in card.buttons
    assert CANCEL not in card.buttons


async def test_what_was_found_active_can_be_cancelled_again(desk: House) -> None:
    await cancelled(desk)
    c = await asked(desk, Kind.REACTIVATE)
    desk.subscriptions.change(SUBSCRIPTION, status="active")
    assert (await approved(desk, c)).state == State.VOID
    card = await seen(desk)
    assert "Partner Center said that the subscription is active (R-2)" in card.text
    assert CANCEL in card.buttons
    assert REACTIVATE not in card.buttons


async def test_what_was_found_active_while_it_was_sent_can_be_cancelled_again(desk: House) -> None:
    await cancelled(desk)
    c = await asked(desk, Kind.REACTIVATE)
    desk.subscriptions.troubles.append(Trouble(Transient("429", code="429", retry_after=57)))
    assert (await approved(desk, c)).state == State.APPROVED
    desk.subscriptions.change(SUBSCRIPTION, status="active")
    desk.clock.forward(60)
    await desk.carrying_out.step_due()
    await desk.settle()
    card = await seen(desk)
    assert "Partner Center said that the subscription is active (R-2)" in card.text
    assert CANCEL in card.buttons


async def test_an_alert_that_comes_a_day_after_the_cancel_offers_another(desk: House) -> None:
    """Somebody reactivated it in the portal, of which nobody tells us."""
    await cancelled(desk)
    desk.subscriptions.change(SUBSCRIPTION, status="active")
    desk.clock.forward(timedelta(days=1).total_seconds())
    young = alert("young", detected_at=desk.clock.now())
    await desk.take_in(young)
    card = checked(dict(await desk.board.card(await desk.record(young), "")))
    assert "raised later: the subscription may be active again" in card.text
    assert {CANCEL, REACTIVATE} <= set(card.buttons)


async def test_who_is_throttled_is_told_that_it_is_tried_again(desk: House) -> None:
    c = await asked(desk)
    desk.subscriptions.troubles.append(Trouble(Transient("429", code="429", retry_after=57)))
    data = {"request": c.number, "plan": c.plan.digest}
    answer = await desk.desk.turn(pressed(CANCELLATION_APPROVE, MAX, data=data))
    assert isinstance(answer, ShowCard)
    assert answer.card is not None
    for text in (answer.said, checked(dict(answer.card)).text):
        assert "Partner Center answered 429: it takes no more requests at present." in text
        assert "I try again until" in text
        assert "ask again" not in text


async def test_who_may_decide_alone_is_told_of_the_button_that_they_have(desk: House) -> None:
    asking, deciding, _ = desk.canceller("alone", two_person=False)
    requests = Requests(desk.acting, asking, deciding, RequestBoard(desk.env, desk.place, two_person=False))
    wanted = Wanted(Kind.CANCEL, "Miners", "agreed", "", SUBSCRIPTION[-6:])
    c = await asking.ask(wanted, await desk.record(ONE), MAX, HERE, PATIENT)
    await desk.take_in(alert("young"))
    act = RequestAct(request=c.number, plan=c.plan.digest)
    answer = await requests.approve(pressed(CANCELLATION_APPROVE, MAX), act)
    assert isinstance(answer, ShowCard)
    assert answer.card is not None
    assert "press Confirm and cancel again" in answer.said
    assert "Confirm and cancel" in checked(dict(answer.card)).buttons
