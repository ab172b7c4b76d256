"""Where the way of a request ends otherwise than it began: alerts that are opened again, and an approver who has to
sign in. On a real store and a made-up Partner Center."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.alerts import Alert
from bot.domain.cancellations import MOST_ALERTS, Cancellation, Kind, State
from bot.errors import AlertDeskError, ConfigError, NotAllowed, Refused, SignInNeeded, Transient
from bot.services.asking import Wanted
from bot.services.deciding import Answer, How
from bot.services.plan_progress import Where
from bot.services.sending import LEASE_SECONDS
from cards.actions import RequestAct
from tests.factories import ADA, MAX, NORTHWIND, SUBSCRIPTION, alert, conversation, entitlement, personal
from tests.fakes import DROPPED_AFTER, LOST_BEFORE, Trouble
from tests.support.house import OPERATORS, House
from tests.support.lives import PATIENT, Act, Life, Stage
from tests.support.seen import checked

HERE = Where(conversation(), "activity-1")
ONE = alert()
OTHER = alert("alert-two", name="Mass deployment", severity="medium")
WANTS_MORE = Trouble(SignInNeeded("MFA", code="900421", interactive=True))
AGAIN = "it waits for Max, or somebody else, to approve again"


@pytest.fixture
async def ready(house: House) -> House:
    """Two open alerts of one active subscription, with cards in the channel; Max may approve."""
    await house.route()
    for record in await house.take_in(ONE, OTHER):
        async with house.store.write() as tx:
            await house.cards.announce(tx, record)
    await house.deliver()
    house.subscriptions.put(entitlement())
    house.subscriptions.takes = 3000.0
    house.channel.chats[MAX.aad_id] = personal(MAX)
    house.directory.group = (MAX,)
    house.set_up(act_as="user", approvers_group_id="group")
    return house


async def asked(house: House) -> Cancellation:
    wanted = Wanted(Kind.CANCEL, "Miners on every machine", "agreed", "", SUBSCRIPTION[-6:])
    return await house.asking.ask(wanted, await house.record(ONE), ADA, HERE, PATIENT)


async def approve(house: House, c: Cancellation, *new: int, seen: int = 0) -> Answer:
    return await house.deciding.approve(c, MAX, HERE, digest=c.plan.digest, patience=PATIENT, new=new, seen=seen)


async def new_on_card(house: House, c: Cancellation) -> list[int]:
    """The new alerts that the button to approve names, if the card is drawn now."""
    card = checked(dict(await house.request_board.card(await stands(house, c), None)))
    return RequestAct.model_validate(card.button("Approve")["data"]).new


async def stands(house: House, c: Cancellation) -> Cancellation:
    async with house.store.read() as tx:
        found = await tx.cancellations.get(c.number)
    assert found is not None
    return found


async def in_the_portal(house: House, about: Alert, status: str, reason: str = "") -> None:
    """Somebody changes the alert at Partner Center, and we hear of it."""
    house.clock.forward(1)
    house.source.in_the_portal(about.key, status, reason)
    async with house.store.write() as tx:
        await tx.alerts.change(about.key, house.source.alerts[about.key], house.clock.now(), None)


async def later(house: House, c: Cancellation, time: timedelta) -> Cancellation:
    """As it stands after that time, in which the worker looked after it whenever it was due."""
    until = house.clock.now() + time
    while (due := (now := await stands(house, c)).due_at) is not None and due <= until:
        house.clock.forward(max(0.0, (due - house.clock.now()).total_seconds()))
        await house.carrying_out.step_due()
        await house.settle()
    house.clock.forward((until - house.clock.now()).total_seconds())
    return now


# What the approver had before them -------------------------------------------------------------------------------


async def test_an_alert_that_is_opened_again_is_seen_before_it_is_approved_over(ready: House) -> None:
    """It was found legitimate before anybody asked. A newer one is on the card, so the newest alone says nothing."""
    await in_the_portal(ready, OTHER, "resolved", "legitimate")
    c = await asked(ready)
    assert c.plan.alerts == (ONE.id,)
    (young,) = await ready.take_in(alert("alert-young"))
    card = await new_on_card(ready, c)
    assert card == [young.number]
    await in_the_portal(ready, OTHER, "active")
    answer = await approve(ready, c, *card)
    again = (await ready.record(OTHER)).number
    assert (answer.how, [record.number for record in answer.unseen]) == (How.UNSEEN, [again])
    assert again < young.number
    assert (await stands(ready, c), ready.subscriptions.request_ids) == (c, [])
    card = await new_on_card(ready, c)
    assert card == [again, young.number] == [record.number for record in answer.new]
    assert (await approve(ready, c, *card)).cancellation.state == State.ACCEPTED
    (approved,) = [row for row in await ready.audit() if (row.entry.act, row.entry.outcome) == ("approve", "done")]
    assert approved.entry.detail["new"] == card


async def test_what_was_resolved_since_the_card_was_drawn_is_not_in_the_way(ready: House) -> None:
    c = await asked(ready)
    young = alert("alert-young")
    await ready.take_in(young, alert("alert-younger"))
    card = await new_on_card(ready, c)
    assert len(card) == 2
    await in_the_portal(ready, young, "resolved", "legitimate")
    assert (await approve(ready, c, *card)).cancellation.state == State.ACCEPTED


async def test_a_card_of_before_that_names_the_highest_number_alone_still_does(ready: House) -> None:
    c = await asked(ready)
    young, younger = await ready.take_in(alert("alert-young"), alert("alert-younger"))
    answer = await approve(ready, c, seen=young.number)
    assert (answer.how, answer.unseen) == (How.UNSEEN, (younger,))
    assert (await approve(ready, c, seen=younger.number)).cancellation.state == State.ACCEPTED


async def test_a_storm_of_new_alerts_can_be_approved_over_by_its_card(ready: House) -> None:
    c = await asked(ready)
    await ready.take_in(*(alert(f"alert-{number}") for number in range(MOST_ALERTS + 5)))
    card = await new_on_card(ready, c)
    assert len(card) > MOST_ALERTS - 5
    assert (await approve(ready, c, *card)).cancellation.state == State.ACCEPTED


# Alerts that are opened again --------------------------------------------------------------------------------------


async def test_what_is_opened_again_after_a_verdict_that_came_late_stays_open(ready: House) -> None:
    c = await asked(ready)
    ready.source.troubles.append(Trouble(Transient("429", retry_after=20.0)))
    await approve(ready, c)
    await ready.carrying_out.step_due()
    (late,) = [alert_id for alert_id, mark in (await stands(ready, c)).marks.items() if not mark.done]
    ready.clock.forward(27)
    await ready.verdicts.resume()
    await later(ready, c, timedelta(minutes=5))
    about = ONE if late == ONE.id else OTHER
    assert not (await ready.record(about)).alert.is_open
    await in_the_portal(ready, about, "active")
    await later(ready, c, timedelta(minutes=20))
    assert ready.source.alerts[about.key].is_open
    assert f"{(await ready.record(about)).label} was opened again; it is left to you." in await said(ready, c)


async def said(house: House, c: Cancellation) -> str:
    return str(await house.request_board.card(await stands(house, c), None))


async def test_what_is_opened_again_before_anybody_could_note_its_verdict_stays_open(ready: House) -> None:
    """The process dies when the verdict is on disk, and nobody looks before the alert is open again."""
    c = await asked(ready)
    await approve(ready, c)
    life = Stage(ready).life("two")
    act = await life.begin(life.carrying_out.step(c.number), "after set_status")
    while (await ready.record(ONE)).alert.is_open or (await ready.record(OTHER)).alert.is_open:
        await act.resume(1)
    await life.end()
    assert not any(mark.done for mark in (await stands(ready, c)).marks.values())
    await in_the_portal(ready, OTHER, "active")
    ready.clock.forward(61)  # its lease runs out
    await later(ready, c, timedelta(minutes=20))
    assert ready.source.alerts[OTHER.key].is_open
    assert f"{(await ready.record(OTHER)).label} was opened again; it is left to you." in await said(ready, c)


async def test_what_was_resolved_when_the_cancel_was_accepted_is_not_marked_if_it_is_opened_again(ready: House) -> None:
    c = await asked(ready)
    await in_the_portal(ready, OTHER, "resolved", "fraud")
    await approve(ready, c)
    await ready.carrying_out.step_due()
    await in_the_portal(ready, OTHER, "active")
    await later(ready, c, timedelta(minutes=20))
    assert ready.source.alerts[OTHER.key].is_open
    assert not (await ready.record(ONE)).alert.is_open


# An approver who has to sign in ------------------------------------------------------------------------------------


async def told(house: House) -> list[str]:
    """What became of their approval, as the approver reads it in their own chat."""
    await house.deliver()
    return [text for text in house.channel.texts(personal(MAX).id) if AGAIN in text]


async def wants_more(house: House, life: Life, c: Cancellation, patience: float) -> Act:
    """The approval, up to the moment in which Partner Center answers that it wants more of their sign-in."""
    house.subscriptions.troubles.append(WANTS_MORE)
    approving = life.deciding.approve(c, MAX, HERE, digest=c.plan.digest, patience=patience)
    return await life.begin(approving, "before cancel")


@pytest.mark.parametrize("patience", [PATIENT, 0.05])
async def test_who_must_sign_in_hears_of_it_although_the_process_dies_before_it_can_answer(
    ready: House, patience: float
) -> None:
    c = await asked(ready)
    life = Stage(ready).life("two")
    act = await wants_more(ready, life, c, patience)
    if patience < PATIENT:
        answer = await asyncio.wait_for(asyncio.shield(act.task), 10)
        assert answer.how is How.LATE
    await act.resume(1)  # up to the end of the transaction in which it is written down
    await life.end()
    assert (await stands(ready, c)).state == State.ASKED
    ready.clock.forward(10)
    assert len(await told(ready)) == 1
    await later(ready, c, timedelta(hours=1))
    assert len(await told(ready)) == 1


async def test_who_is_led_to_the_sign_in_at_once_is_not_told_again(ready: House) -> None:
    c = await asked(ready)
    ready.subscriptions.troubles.append(WANTS_MORE)
    with pytest.raises(SignInNeeded):
        await approve(ready, c)
    await later(ready, c, timedelta(hours=1))
    assert await told(ready) == []
    assert (await approve(ready, await stands(ready, c))).cancellation.state == State.ACCEPTED, "they have signed in"


async def test_who_has_stopped_waiting_is_told_at_once_and_once(ready: House) -> None:
    c = await asked(ready)
    life = Stage(ready).life("two")
    act = await wants_more(ready, life, c, 0.05)
    assert (await asyncio.wait_for(asyncio.shield(act.task), 10)).how is How.LATE
    await act.resume()
    assert len(await told(ready)) == 1
    await later(ready, c, timedelta(hours=1))
    assert len(await told(ready)) == 1


async def test_whom_nobody_has_called_yet_is_called_although_the_first_approver_must_sign_in(ready: House) -> None:
    ready.directory.group_away = Transient("503")
    await ready.access.known(MAX, conversation())
    c = await asked(ready)
    assert not c.notified
    ready.subscriptions.troubles.append(WANTS_MORE)
    with pytest.raises(SignInNeeded):
        await approve(ready, c)
    ready.directory.group_away = None
    c = await later(ready, c, timedelta(minutes=1))
    assert (c.state, c.notified, c.asked_names) == (State.ASKED, True, ("Max",))


# What was sent, and what was not -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "no",
    [
        ConfigError("Microsoft Entra gives no token: the secret has expired.", code="AADSTS7000222"),
        NotAllowed("Your account is not assigned to the application.", code="AADSTS50105"),
    ],
    ids=["secret", "not assigned"],
)
async def test_where_no_token_can_be_had_for_it_nothing_was_sent_and_it_says_so(
    ready: House, no: AlertDeskError
) -> None:
    """Not an hour of "its answer was lost"."""
    await ready.know(conversation(OPERATORS))
    c = await asked(ready)
    ready.subscriptions.troubles.append(Trouble(no))
    answer = await approve(ready, c)
    c = await stands(ready, c)
    assert (answer.how, c.state, c.sent, c.outcome) == (How.DECIDED, State.REFUSED, 0, no.message)
    assert ("cancel", "refused", "Max") in await ready.audited()
    await ready.deliver()
    told = [text for text in ready.channel.texts(OPERATORS) if no.message in text]
    assert len(told) == isinstance(no, ConfigError), "the secret is theirs to renew"
    assert (await later(ready, c, timedelta(hours=2))).state == State.REFUSED
    assert ready.subscriptions.request_ids == []


async def test_a_process_that_stood_still_before_it_sent_looks_again(ready: House) -> None:
    c = await asked(ready)

    def held(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        async def stands_still() -> Any:
            ready.clock.forward(LEASE_SECONDS)
            ready.directory.grant(NORTHWIND, MAX)  # holds no role any more
            return await work

        return ready.spawn(stands_still())

    _, deciding, _ = ready.canceller("suspended", spawn=held)
    answer = await deciding.approve(c, MAX, HERE, digest=c.plan.digest, patience=PATIENT)
    assert answer.cancellation.state == State.VOID
    assert ready.subscriptions.request_ids == []


async def test_an_answer_that_comes_when_others_have_taken_over_is_on_record(ready: House) -> None:
    c = await asked(ready)
    ready.subscriptions.slow.clear()
    first = asyncio.create_task(approve(ready, c))
    await ready.subscriptions.arrived.wait()
    ready.clock.forward(LEASE_SECONDS + 1)
    ready.subscriptions.troubles.append(Trouble(Refused("no", code="900308")))
    await ready.carrying_out.step_due()
    assert (await stands(ready, c)).state == State.UNSURE
    ready.subscriptions.slow.set()
    await first
    late = [row.entry.detail for row in await ready.audit() if row.entry.outcome == "overtaken"]
    assert [(row["outcome"], row["MS-CorrelationId"]) for row in late] == [("accepted", "support-1")]
    assert (await stands(ready, c)).state == State.UNSURE


async def test_an_alert_of_the_time_in_doubt_is_decided_by_people(ready: House) -> None:
    """When it was accepted nobody knows: fraud is what was there when it was approved."""
    c = await asked(ready)
    ready.subscriptions.troubles += [DROPPED_AFTER, *[LOST_BEFORE] * 500]
    await approve(ready, c)
    assert (await later(ready, c, timedelta(minutes=40))).state == State.UNSURE
    (young,) = await ready.take_in(alert("young", detected_at=ready.clock.now()))
    c = await later(ready, c, timedelta(minutes=18))
    assert (c.state, c.accepted_at, c.concerns_until) == (State.DONE, None, c.approved_at)
    assert (await ready.record(young.alert)).alert.is_open
    assert not (await ready.record(ONE)).alert.is_open
    card = checked(dict(await ready.request_board.card(c, None)))
    assert "All 2 alerts" in card.text
    assert "Accepted by Partner Center" not in card.text
