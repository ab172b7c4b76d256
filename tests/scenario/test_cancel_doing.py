"""What becomes of an approved request: sent once, refused in Partner Center's own words, watched until it is done, its
alerts resolved as fraud; and the way back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import bot.app
from bot.texts.partner_center import ANSWERS, APP_ANSWERS
from tests.support.cancelling import (
    Asked,
    also,
    approve,
    ask,
    card_of,
    changes,
    now,
    open_form,
    request_id,
    said_to,
    sent,
    signed_in,
    subject,
    tend,
    trail,
    with_partner,
)
from tests.support.desk import Desk
from tests.support.signing import press

ERRORS: list[tuple[int, str]] = [
    (400, "900118"),
    (400, "800002"),
    (400, "800012"),
    (400, "900307"),
    (403, "900159"),
    (403, "900150"),
    (403, "900308"),
    (403, "900329"),
    (404, "800111"),
    (409, "900278"),
]


async def ready(desk: Desk) -> None:
    await signed_in(desk, "ada", "max")


async def requested(desk: Desk, **more: Any) -> Asked:
    return await ask(desk, await subject(desk, **more))


async def state(desk: Desk, request: Asked) -> str:
    return (await now(desk, request)).state


async def test_from_the_approval_to_the_end(people: Desk) -> None:
    await ready(people)
    await people.switch(cancel_seconds=600.0)
    about = await subject(people, severity="low")
    others = [(await also(people, about))[0] for _ in range(2)]
    fixed, _ = await also(people, about)
    await people.in_portal(fixed, "resolve", reason="ignore", by="max")
    await people.settle("northwind")
    elsewhere, _ = await people.posted()
    request = await ask(people, about)
    answer = await approve(people, request)
    (call,) = sent(people)
    assert call.status == 202
    assert "Accepted, under way" in answer.text
    upn = people.cloud.world.people["max"].upn
    await tend(people)
    for alert in (about.alert, *others):
        at_center = people.at_partner_center(alert)
        assert (at_center["status"], at_center["resolvedReason"], at_center["resolvedBy"]) == ("resolved", "fraud", upn)
        shown = (await people.card(alert)).card
        assert "Fraud by Max Okafor" in shown.text
        assert "Why: Partner Center accepted to cancel the subscription (R-1)" in shown.text
        assert "The subscription is being cancelled (R-1)" in shown.text
        assert "subscription.cancel" not in shown.verbs
    assert people.at_partner_center(fixed)["resolvedReason"] == "ignore"
    assert people.at_partner_center(elsewhere)["status"] == "active"
    assert len(people.deeds()) == 3

    await tend(people, 200)
    card = (await card_of(people, request)).card
    assert "Partner Center still says active. Cancelling usually takes about ten minutes." in card.text
    assert "All 3 alerts resolved as fraud" in card.text
    assert await state(people, request) == "accepted"
    late, late_post = await also(people, about)
    assert "The subscription is being cancelled (R-1)" in late_post.card.text
    before = people.mark()
    await tend(people, 420)
    assert await state(people, request) == "done"
    assert people.requests("partnercenter", "POST", since=before) == []
    customer = people.cloud.world.customers[about.entitlement.customer_tenant_id].name
    line = (await people.lines(about.post))[-1]
    assert f"“{about.entitlement.name}” of {customer} was cancelled at" in line
    assert "(asked for by Ada Lindqvist, approved by Max Okafor)" in line
    for where in ("alerts", "max"):
        shown = (await card_of(people, request, where, "max")).card
        assert "Cancelled, " in shown.text
        assert not shown.verbs
    for alert in (about.alert, *others, fixed, late):
        assert "Subscription cancelled " in (await people.card(alert)).text
    assert people.at_partner_center(late)["status"] == "active", "it came after the cancel was accepted"

    _, after = await also(people, about)
    assert "Subscription cancelled " in after.card.text, "and so say all that come later"
    assert "subscription.cancel" not in after.card.verbs
    refused = await open_form(people, "ada", after, after.card.number)
    assert "only an active subscription can be cancelled" in refused.text
    looked = await people.say("ada", f"show {after.card.label}")
    assert "Subscription cancelled " in looked[-1].text
    assert len(changes(people)) == 1
    assert (await trail(people, request))[-2:] == [("cancel", "accepted"), ("cancel watch", "done")]


async def test_each_documented_no_has_its_own_words(people: Desk) -> None:
    """Told to the approver, on the cards and in the thread. Nothing is cancelled, and nothing is tried again."""
    await ready(people)
    assert len({ANSWERS[code] for _, code in ERRORS}) == 7, "roles and malformed requests read alike, but for the code"
    for status, code in ERRORS:
        request = await requested(people)
        await people.fault("partnercenter", "POST", "cancel$", status=status, code=code, message="Not <at>today</at>.")
        answer = await approve(people, request)
        assert (answer.status, answer.kind) == (200, "card"), code
        mine = f"Partner Center answered {code}: {ANSWERS[code]}"
        assert mine in answer.text, code
        await people.deliver()
        for where in ("alerts", "max"):
            shown = (await card_of(people, request, where, "max")).card
            assert mine in shown.text, (code, where)
            assert "Nothing was cancelled." in shown.text, code
            assert "today" not in shown.text, code
            assert {action["type"] for action in shown.buttons.values()} == {"Action.OpenUrl"}
        line = (await people.lines(request.subject.post))[-1]
        assert mine in line, code
        found = await now(people, request)
        assert (found.state, found.code, found.earliest_at is not None) == ("refused", code, code == "900278")
        calls = [call for call in sent(people) if request.subject.entitlement.id in call.path]
        await tend(people, 30)
        assert len(calls) == 1, code
        assert people.at_partner_center(request.subject.alert)["status"] == "active"
        again = await open_form(people, "ada", request.subject.post, request.subject.post.card.number)
        if code == "900278":
            assert "Ask again after" in line
            assert again.kind == "message"
            assert "takes no other before" in again.text
        else:
            assert again.kind == "dialog", code
    assert changes(people) == []


async def test_throttled_is_tried_again_and_then_told(people: Desk) -> None:
    await ready(people)
    request = await requested(people)
    await people.fault("partnercenter", "POST", "cancel$", status=429, times=1, retry_after=2)
    assert "Accepted, under way" in (await approve(people, request)).text
    assert len({request_id(call) for call in sent(people)}) == 1
    assert len(changes(people)) == 1

    request = await requested(people)
    await people.fault("partnercenter", "POST", "cancel$", status=429, times=None, retry_after=57)
    answer = await approve(people, request)
    for told in ("Approved, being sent", "it takes no more requests at present"):
        assert told in answer.text
    await tend(people, 120)
    assert await state(people, request) == "approved"
    await people.heal()
    await tend(people, 120)
    assert await state(people, request) == "accepted"
    assert len(changes(people)) == 2

    request = await requested(people)
    await people.fault("partnercenter", "POST", "cancel$", status=429, times=None, retry_after=57)
    await approve(people, request)
    for _ in range(10):
        await tend(people, 100)
    assert await state(people, request) == "lapsed"
    assert (
        "could not be sent within 15 minutes and is not sent any more. Nothing was cancelled."
        in (await people.lines(request.subject.post))[-1]
    )
    assert len(changes(people)) == 2


LOST: list[dict[str, Any]] = [{"drop": "after"}, {"drop": "before"}, {"status": 500}, {"status": 502}, {"status": 504}]


async def test_a_lost_answer_is_looked_after_with_the_same_request_id(people: Desk) -> None:
    await ready(people)
    for action in LOST:
        request = await requested(people)
        before = people.mark()
        await people.fault("partnercenter", "POST", "cancel$", **action)
        answer = await approve(people, request)
        assert "Accepted, under way" in answer.text, action
        calls = sent(people, before)
        assert len(calls) == 2, action
        assert {request_id(call) for call in calls} == {request.plan.plan.request_id}, action
        between = people.requests("partnercenter", "GET", request.subject.entitlement.id, before)
        assert any(calls[0].seq < look.seq < calls[1].seq for look in between), "looked before it was sent again"
        mine = [deed for deed in changes(people) if deed["entitlement"] == request.subject.entitlement.id]
        assert [deed["requestId"] for deed in mine] == [request.plan.plan.request_id], action
        await tend(people, 30)

    request = await requested(people)  # it was done at once, and its answer lost: the look says so
    await people.switch(cancel_seconds=0.0)
    before = people.mark()
    await people.fault("partnercenter", "POST", "cancel$", drop="after")
    await approve(people, request)
    assert len(sent(people, before)) == 1
    await tend(people)
    assert await state(people, request) == "done"


async def test_a_lost_answer_and_then_nothing_to_be_had(people: Desk) -> None:
    """Partner Center is away for longer than it may be sent again: it is watched, and the approver is told."""
    await ready(people)
    request = await requested(people)
    await people.fault("partnercenter", "POST", "cancel$", drop="after")
    await people.fault("partnercenter", "POST", "cancel$", times=None, status=503)
    await people.switch(cancel_seconds=3000.0)
    await approve(people, request)
    for _ in range(10):
        await tend(people, 100)
    assert await state(people, request) == "unsure"
    for told in (
        *(await said_to(people, "max", "its answer was lost")),
        (await people.lines(request.subject.post))[-1],
    ):
        assert "it may have been accepted or not" in told
        assert "see whether its resources still run" in told
    assert len(await said_to(people, "max", "its answer was lost")) == 1
    assert {request_id(call) for call in sent(people)} == {request.plan.plan.request_id}
    await people.heal()
    many = len(sent(people))
    await tend(people, 2300)
    assert await state(people, request) == "done", "it had been taken"
    assert len(sent(people)) == many
    assert len(changes(people)) == 1


async def test_what_does_not_change_within_an_hour_is_stuck(people: Desk) -> None:
    general = people.channel("Security Operations", "General")
    await people.another(OPERATORS_CHANNEL=general.id)
    await ready(people)
    await people.switch(cancel_seconds=9000.0)
    request = await requested(people)
    await approve(people, request)
    await tend(people, 1800)
    assert await state(people, request) == "accepted"
    await tend(people, 1900)
    assert await state(people, request) == "stuck"
    says = "an hour later the subscription still is active; its resources may still run"
    (to_approver,) = await said_to(people, "max", says)
    assert "cancel it there" in to_approver
    assert [post for post in await people.posts("general") if says in post.text], "the operators are told"
    assert says in (await people.lines(request.subject.post))[-1]
    shown = (await card_of(people, request)).card
    assert says in shown.text
    (action,) = shown.buttons.values()
    assert request.subject.entitlement.id in action["url"]
    assert "is not done after an hour (R-1)" in (await people.card(request.subject.alert)).text
    await tend(people, 6000)
    assert await state(people, request) == "done"
    assert len(changes(people)) == 1


async def test_an_alert_that_cannot_be_resolved_is_shown_and_tried_again(people: Desk) -> None:
    await ready(people)
    about = await subject(people)
    failing, _ = await also(people, about)
    request = await ask(people, about)
    await people.fault("graph", "PATCH", failing["id"], times=None, status=403)
    await approve(people, request)
    await tend(people)
    label = (await people.record(failing)).label
    shown = (await card_of(people, request)).card.text
    assert "1 of 2 alerts resolved as fraud" in shown
    assert f"{label} failed:" in shown
    assert "It is tried again." in shown
    assert people.at_partner_center(failing)["status"] == "active"
    await people.heal()
    await tend(people, 60)
    assert people.at_partner_center(failing)["resolvedReason"] == "fraud"
    shown = (await card_of(people, request)).card.text
    assert "All 2 alerts resolved as fraud" in shown
    assert label not in shown.split("Alerts that it rests on")[0]

    other = await subject(people)
    request = await ask(people, other)
    await people.fault("graph", "PATCH", other.alert["id"], times=None, status=403)
    await people.switch(cancel_seconds=0.0)
    await approve(people, request)
    for _ in range(12):
        await tend(people, 70)
    shown = (await card_of(people, request)).card.text
    assert f"{other.label} failed:" in shown
    assert "It is not tried any more: mark it by hand." in shown


async def test_as_an_application_that_was_proven_able_to(desk: Desk) -> None:
    await with_partner(desk, appMayCancel=True)
    request = await requested(desk)
    assert "Accepted, under way" in (await approve(desk, request)).text
    assert [deed["by"] for deed in changes(desk)] == [desk.cloud.world.app.name]
    await tend(desk)
    assert [deed["by"] for deed in desk.deeds()] == [desk.cloud.world.app.name]
    await desk.deliver()
    assert "Fraud by Max Okafor" in (await desk.card(request.subject.alert)).text, "the approver is on record"
    (row,) = [row.entry for row in await desk.audit() if (row.entry.act, row.entry.outcome) == ("cancel", "accepted")]
    assert row.actor_id == desk.cloud.world.people["max"].aad_object_id

    await tend(desk, 35)
    await desk.switch(app_may_cancel=False)
    request = await requested(desk)
    assert f"Partner Center answered 900329: {APP_ANSWERS['900329']}" in (await approve(desk, request)).text
    assert len(changes(desk)) == 1


async def test_what_was_sent_before_a_restart_is_finished_after_it(
    people: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bot is gone while Partner Center thinks; the next one looks first, and sends the same again."""
    monkeypatch.setattr(bot.app, "STOP_SECONDS", 0.1)
    await ready(people)
    request = await requested(people)
    await people.fault("partnercenter", "POST", "cancel$", latency=2.5)
    pressing = asyncio.create_task(approve(people, request))
    await people.until(lambda: people.cloud.faults.all() == [], "the cancel is on its way")
    await people.bot.runner.cleanup()
    await asyncio.wait({pressing})
    pressing.exception()
    await people.another()
    assert ((await now(people, request)).state, (await now(people, request)).sent) == ("approved", 1)
    await tend(people, 70)
    await people.until(lambda: len(sent(people)) == 2, "both have been answered")
    assert await state(people, request) == "accepted"
    assert len(changes(people)) == 1
    assert {request_id(call) for call in sent(people)} == {request.plan.plan.request_id}


async def test_a_verdict_of_a_person_meanwhile_is_left_alone(people: Desk) -> None:
    """ada marks one of them herself while the cancel is being accepted."""
    await ready(people)
    about = await subject(people)
    other, other_post = await also(people, about)
    request = await ask(people, about)
    await approve(people, request)
    await press(people, "ada", other_post, "Mark as fraud")
    await tend(people)
    assert len(people.deeds()) == 2
    await people.deliver()
    assert "Fraud by Ada Lindqvist" in (await people.card(other)).text
    assert "All 2 alerts resolved as fraud" in (await card_of(people, request)).text
