"""Deciding on a request: approve, reject, withdraw, expire. Who may, what they must have seen, what makes it void."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.texts import cancelling as words
from bot.texts import en as texts
from bot.texts import request_card as card_words
from tests.support.cancelling import (
    Asked,
    Subject,
    also,
    approve,
    ask,
    asked,
    card_of,
    changes,
    fill,
    filled,
    now,
    open_form,
    pass_time,
    reject,
    request_id,
    said_to,
    sent,
    signed_in,
    subject,
    tend,
    trail,
)
from tests.support.desk import Desk
from tests.support.signing import SIGNED_IN, browser, exchange, grants, link, press, sso

REJECTED = "The customer is testing this"


async def requested(desk: Desk, **more: Any) -> Asked:
    """ada asks, and is signed in; nobody else is."""
    await signed_in(desk, "ada")
    return await ask(desk, await subject(desk, **more))


async def nothing_sent(desk: Desk, request: Asked, state: str) -> None:
    assert (await now(desk, request)).state == state
    assert sent(desk) == []
    assert changes(desk) == []
    assert desk.at_partner_center(request.subject.alert)["status"] != "resolved" or state == "void"


async def test_approved_in_the_thread_by_who_was_not_signed_in(people: Desk) -> None:
    request = await requested(people)
    post = await card_of(people, request)
    before = people.mark()
    answer = await press(people, "max", post, "Approve")
    assert answer.kind == "card"
    assert "Accepted, under way" in answer.text
    assert answer.card.buttons == {}
    (call,) = sent(people)
    assert call.body == {"cancellationReason": "compromise"}
    assert request_id(call) == request.plan.plan.request_id
    (deed,) = changes(people)
    assert (deed["by"], deed["entitlement"]) == (people.cloud.world.people["max"].upn, request.subject.entitlement.id)
    assert grants(people, before).count("obo") >= 1
    await people.deliver()
    for where, person in (("alerts", "nora"), ("max", "max")):
        seen = (await card_of(people, request, where, person)).card
        assert "Accepted, under way" in seen.text, where
        assert "Approved by Max Okafor" in seen.text, where
        assert not seen.verbs, where
    lines = await people.lines(request.subject.post)
    assert lines[-2] == "R-1: Max Okafor approved. It is being sent to Partner Center."
    assert lines[-1].startswith("R-1: Approved by Max Okafor, and accepted by Partner Center at ")
    assert "The subscription is being cancelled (R-1)" in (await people.card(request.subject.alert)).text
    assert await trail(people, request) == [
        ("ask to cancel", "asked"),
        ("call approvers", "done"),
        ("verify", "unchanged"),
        ("approve", "done"),
        ("cancel", "sending"),
        ("cancel", "accepted"),
    ]
    rows = [row.entry for row in await people.audit() if row.entry.subject == request.label]
    assert {row.detail["plan"] for row in rows} == {request.plan.plan.digest}
    assert [row.actor_name for row in rows[2:]] == ["Max Okafor"] * 4
    again = await press(people, "max", post, "Approve")
    assert "Accepted, under way" in again.text
    assert len(sent(people)) == 1


async def test_approved_by_the_fallback_of_an_old_client_and_by_typing(people: Desk) -> None:
    """In a channel without a token both lead to one button that carries the act; in person to an OAuth card."""
    await signed_in(people, "ada")
    request = await ask(people, await subject(people))
    (said,) = await people.submit("max", await card_of(people, request), "Approve")
    assert list(said.card.buttons) == [texts.GO_ON_AS_ME]
    assert "Accepted, under way" in (await press(people, "max", said, texts.GO_ON_AS_ME)).text

    for number, typed in ((2, "approve R-2"), (3, "Approve #3"), (4, "approve")):
        await people.ask("max", "signout")
        request = await ask(people, await subject(people))
        assert request.number == number
        said = await people.ask("max", typed, thread=request.subject.post.id)
        assert list(said.card.buttons) == [texts.GO_ON_AS_ME], typed
        assert len(sent(people)) == number - 1
        assert (await press(people, "nora", said, texts.GO_ON_AS_ME)).code == "lacks_role"
        answer = await press(people, "max", said, texts.GO_ON_AS_ME)
        assert "Accepted, under way" in answer.text, typed
        assert (await now(people, request)).state == "accepted"
        await tend(people, 30)  # Teams takes no more at once

    await people.ask("max", "signout", "max")
    request = await ask(people, await subject(people))
    card = await people.ask("max", f"approve {request.label}", "max")
    assert (await exchange(people, "max", card))[0] == 200
    said_last = (await people.posts("max", "max"))[-1]
    assert "accepted by Partner Center" in said_last.text
    assert [deed["by"] for deed in changes(people)] == [people.cloud.world.people["max"].upn] * 5

    await tend(people, 30)
    request = await ask(people, await subject(people))
    said = await people.ask("max", f"approve {request.label}")
    assert "accepted by Partner Center" in said.text, "from then on what is typed is done"
    for typed, says in (
        ("approve", "No request waits for a decision here"),
        (f"approve {request.label} because I say so", "nothing was approved"),
        ("approve R-99", "There is no request R-99 here"),
        ("approve everything", "nothing was approved"),
    ):
        assert says in (await people.ask("max", typed)).text, typed


async def test_rejected_with_a_reason(people: Desk) -> None:
    await signed_in(people, "ada", "max")
    rejected: list[Callable[[Asked], Awaitable[Any]]] = [
        lambda asked: reject(people, asked, reason=REJECTED),
        lambda asked: reject(people, asked, where="alerts", reason=REJECTED),
        lambda asked: people.ask("max", f"reject {asked.label} {REJECTED}"),
        lambda asked: people.ask("max", f"reject {REJECTED}", "max"),
    ]
    for way in rejected:
        request = await ask(people, await subject(people))
        refused = await reject(people, request, reason="  ")
        assert "Say why you reject it" in refused.text
        answer = await way(request)
        assert f"Max Okafor rejected it. Why: {REJECTED}. Nothing was cancelled." in answer.text
        await people.deliver()
        await nothing_sent(people, request, "rejected")
        for where in ("alerts", "max"):
            card = (await card_of(people, request, where, "max")).card
            for told in ("Rejected by Max Okafor", REJECTED, "Nothing was cancelled."):
                assert told in card.text
            assert not card.verbs
        assert (await people.lines(request.subject.post))[-1].endswith(f"Why: {REJECTED}. Nothing was cancelled.")
        assert "Cancel subscription" in (await people.card(request.subject.alert)).card.buttons
        late = await people.ask("max", f"approve {request.label}")
        assert f"{request.label} was rejected already by you." in late.text
        await tend(people, 30)  # Teams takes no more at once
    assert "Say why you reject it" in (await people.ask("max", "reject R-1")).text


async def test_withdrawn_by_who_asked_and_nobody_else(people: Desk) -> None:
    await signed_in(people, "ada", "max")
    for typed in (False, True):
        request = await ask(people, await subject(people))
        post = await card_of(people, request)
        assert "Only Ada Lindqvist" in (await people.press("max", post, "Withdraw")).text
        assert "Only Ada Lindqvist" in (await people.ask("max", f"withdraw {request.label}")).text
        if typed:
            said = (await people.ask("ada", f"withdraw {request.label} wrong customer")).text
            assert "Ada Lindqvist withdrew it. Why: wrong customer." in said
        else:
            assert "Withdrawn by Ada Lindqvist" in (await people.press("ada", post, "Withdraw")).text
        await people.deliver()
        await nothing_sent(people, request, "withdrawn")
        late = await approve(people, request) if "Approve" in (await card_of(people, request, "max")).card.buttons else None
        assert late is None, "the personal card has no dead buttons"
        answer = await people.press("max", post, "Approve")
        assert "Withdrawn by Ada Lindqvist" in answer.text
    denied = [row.entry for row in await people.audit() if row.entry.outcome == "denied"]
    assert [(row.actor_name, row.act) for row in denied] == [("Max Okafor", "withdraw")] * 4


async def test_nobody_decides_on_their_own_request(people: Desk) -> None:
    """Whatever roles they have."""
    await people.roles("ada", "globalAdministrator", True)
    request = await requested(people)
    post = await card_of(people, request)
    await people.ask("ada", "signout")  # no sign-in is asked for in vain
    for answer in (
        await people.press("ada", post, "Approve"),
        await reject(people, request, "ada", "alerts", reason="changed my mind"),
        await people.ask("ada", "approve R-1"),
        await people.ask("ada", "reject R-1 changed my mind", "ada"),
    ):
        assert "R-1 is your own request: a second person has to decide on it" in answer.text
    await nothing_sent(people, request, "asked")
    denied = [row.entry for row in await people.audit() if row.entry.outcome == "denied"]
    assert [row.detail["why"] for row in denied] == ["the requester"] * 4


async def test_with_one_person_set_to_be_enough(people: Desk) -> None:
    await people.another(TWO_PERSON_CANCEL="false")
    request = await requested(people)
    post = await card_of(people, request)
    confirm = card_words.CONFIRM["cancel"]  # type: ignore[index]
    assert "Approve" not in post.card.buttons
    answer = await people.press("ada", post, confirm)
    assert "Global Administrator" in answer.text
    await nothing_sent(people, request, "asked")
    await people.roles("ada", "globalAdministrator", True)
    assert "Accepted, under way" in (await people.press("ada", post, confirm)).text
    assert [deed["by"] for deed in changes(people)] == [people.cloud.world.people["ada"].upn]


@pytest.mark.parametrize("way", ["pressed", "typed", "rejected"])
async def test_who_is_only_eligible_activates_the_role_and_presses_again(people: Desk, way: str) -> None:
    await people.roles("max", "globalAdministrator", False)
    await signed_in(people, "max")
    request = await requested(people)

    async def decides() -> str:
        if way == "pressed":
            return (await approve(people, request)).text
        if way == "typed":
            return (await people.ask("max", "approve R-1")).text
        return (await reject(people, request, reason=REJECTED)).text

    for _ in range(2):
        told = await decides()
        assert "Privileged Identity Management" in told
        assert "Global Administrator" in told
    await nothing_sent(people, request, "asked")
    await people.roles("max", "globalAdministrator", True)
    before = people.mark()
    told = await decides()
    if way == "rejected":
        assert "Max Okafor rejected it" in told
        return
    assert "ccepted" in told
    assert grants(people, before), "Partner Center saw a token that knows of the new role"
    assert [deed["by"] for deed in changes(people)] == [people.cloud.world.people["max"].upn]


async def test_who_lacks_a_role_is_told_which(people: Desk) -> None:
    request = await requested(people)
    await signed_in(people, "gil", "nora", "gus")
    post = await card_of(people, request)
    for person, lacks in (("gil", ["Admin Agent"]), ("nora", ["Admin Agent", "Global Administrator"])):
        for answer in (await people.press(person, post, "Approve"), await people.ask(person, "approve R-1")):
            assert all(role in answer.text for role in lacks), answer.text
        assert "Admin Agent" in (await reject(people, request, person, "alerts", reason="no")).text
    assert "Admin Agent" in (await people.press("gus", post, "Approve")).text
    await nothing_sent(people, request, "asked")


async def test_roles_that_cannot_be_checked_decide_nothing(people: Desk) -> None:
    await signed_in(people, "max")
    request = await requested(people)
    await people.fault("entra", "POST", "token", times=None, status=503)
    assert (await approve(people, request)).text == words.NOT_VERIFIED
    await people.heal()
    await people.fault("graph", "POST", "checkMemberObjects", times=None, status=500)
    assert "Nothing was done" in (await approve(people, request)).text
    await people.heal()
    await people.fault("partnercenter", "GET", times=None, status=503)
    assert (await approve(people, request)).text == words.NOT_VERIFIED
    assert (await people.ask("max", "approve R-1")).text == words.NOT_VERIFIED
    await people.heal()
    await nothing_sent(people, request, "asked")
    assert "Accepted, under way" in (await approve(people, request)).text


MFA = {"status": 401, "code": "900421", "message": "MFA required."}


@pytest.mark.parametrize("way", ["token", "number"])
@pytest.mark.parametrize("where", ["max", "alerts"])
async def test_partner_center_wants_multi_factor_authentication(people: Desk, way: str, where: str) -> None:
    """`token`: what Teams gave lacks it, and each call is refused for that; `number`: only the cancel itself is."""
    request = await requested(people)
    if way == "token":
        await signed_in(people, "max", amr=["pwd"])
    else:
        await signed_in(people, "max")
        await people.fault("partnercenter", "POST", "cancel$", times=2, **MFA)  # once more with a token given anew
    answer = await approve(people, request, where=where)
    assert (answer.status, answer.kind) == (200, "card")
    assert "multi-factor authentication" in answer.text
    assert (await now(people, request)).state == "asked"
    assert changes(people) == []
    await people.deliver()
    assert "Approve" in (await card_of(people, request)).card.buttons, "somebody else may decide meanwhile"
    async with browser(people, "max") as tab:
        page = await tab.open(link(answer))
    assert "amr" in page.hops[1], "the page is asked for a second factor"
    assert SIGNED_IN in page.text
    found = await now(people, request)
    assert (found.state, found.approver_name, found.sent) == ("accepted", "Max Okafor", 1)
    assert [deed["by"] for deed in changes(people)] == [people.cloud.world.people["max"].upn]
    assert {request_id(call) for call in sent(people)} == {found.plan.request_id}
    await people.deliver()
    for place in ("alerts", "max"):
        assert "Accepted, under way" in (await card_of(people, request, place, "max")).text
    assert len([line for line in await people.lines(request.subject.post) if "accepted by Partner Center" in line]) == 1


async def test_another_account_at_the_sign_in_page_approves_nothing(people: Desk) -> None:
    request = await requested(people)
    await people.roles("gil", "adminAgent", True)
    await signed_in(people, "max", amr=["pwd"])
    answer = await approve(people, request)
    async with browser(people, "gil") as tab:
        assert (await tab.open(link(answer))).status == 403
    await nothing_sent(people, request, "asked")


async def test_what_came_meanwhile_has_to_be_seen_first(people: Desk) -> None:
    request = await requested(people)
    await signed_in(people, "max")
    old = (await card_of(people, request, "max")).card
    new = await people.alert(subscriptionId=request.subject.entitlement.id)
    await people.poll()  # its card and the redrawn request are not delivered yet
    answer = await approve(people, request, card=old)
    assert answer.kind == "card"
    assert new["displayName"] not in old.text
    assert f"New since it was asked: {(await people.record(new)).label}" in answer.text
    await nothing_sent(people, request, "asked")
    refused = await people.ask("max", "approve R-1")
    label = (await people.record(new)).label
    assert f"approve R-1 seen {label}" in refused.text
    await people.deliver()
    drawn = await card_of(people, request, "max")
    assert f"approve R-1 seen {label}" in drawn.text
    assert "2 open alerts are resolved as fraud" in drawn.text
    assert "Accepted, under way" in (await approve(people, request, card=answer.card)).text
    assert (await now(people, request)).plan == request.plan.plan, "the plan is what it was"

    other = await ask(people, await subject(people))
    late, _ = await also(people, other.subject)
    label = (await people.record(late)).label
    assert "was not approved yet" in (await people.ask("max", f"approve {other.label}")).text
    assert "accepted by Partner Center" in (await people.ask("max", f"approve {other.label} seen {label}")).text


async def test_a_card_that_showed_another_plan_approves_nothing(people: Desk) -> None:
    request = await requested(people)
    await signed_in(people, "max")
    post = await card_of(people, request, "max")
    button = post.card.button("Approve")
    answer = await people.press("max", post, {**button, "data": {**button["data"], "plan": "0" * 24}})
    assert answer.card.text == post.card.text
    await nothing_sent(people, request, "asked")
    await asyncio.gather(*(people.press("max", post, {**button, "data": {**button["data"], "request": bad}}) for bad in (99, 0)))
    await nothing_sent(people, request, "asked")


async def _inactive(desk: Desk, about: Subject) -> str:
    await desk.control(f"entitlements/{about.entitlement.id}", {"status": "inactive"})
    return "the subscription's status is another one now (inactive)"


async def _renamed(desk: Desk, about: Subject) -> str:
    await desk.control(f"entitlements/{about.entitlement.id}", {"name": "Something else"})
    return "the subscription has another name now (Something else)"


async def _other_plan(desk: Desk, about: Subject) -> str:
    plans = desk.cloud.world.plans_of(about.entitlement.customer_tenant_id)
    other = next(plan.id for plan in plans if plan.azure and plan.id != about.entitlement.plan_id)
    await desk.control(f"entitlements/{about.entitlement.id}", {"planId": other})
    return f"the subscription stands under another Azure plan now ({other})"


async def _gone(desk: Desk, about: Subject) -> str:
    del desk.cloud.world.entitlements[about.entitlement.id]
    return "Partner Center has no such subscription of that customer any more"


def _decided(reason: str) -> Callable[[Desk, Subject], Awaitable[str]]:
    async def decided(desk: Desk, about: Subject) -> str:
        await desk.in_portal(about.alert, "resolve", reason=reason, by="max")  # not polled: it is read live
        return f"an alert that it rests on was decided otherwise ({about.alert['displayName']}: {reason})"

    return decided


async def _no_agent(desk: Desk, about: Subject) -> str:
    await desk.roles("ada", "adminAgent", False)
    return "who asked for it is not an Admin Agent any more (Ada Lindqvist)"


async def test_what_changed_makes_it_void(people: Desk) -> None:
    await signed_in(people, "ada", "max")
    for change in (_no_agent, _inactive, _renamed, _other_plan, _gone, _decided("legitimate"), _decided("ignore")):
        request = await ask(people, await subject(people, plans=2 if change is _other_plan else 1))
        why = await change(people, request.subject)
        post = await card_of(people, request, "max")
        answer = await approve(people, request)
        assert answer.kind == "card"
        for told in ("Void: something changed", why, "Nothing was cancelled."):
            assert told in answer.text, told
        await people.deliver()
        await nothing_sent(people, request, "void")
        assert why in (await people.lines(request.subject.post))[-1]
        assert (await trail(people, request))[-1] == ("verify", "void")
        assert why in (await people.press("max", post, "Approve")).text
        await people.roles("ada", "adminAgent", True)
        await tend(people, 30)  # Teams takes no more at once


async def test_what_does_not_make_it_void(people: Desk) -> None:
    """An alert found to be fraud, one reopened, one under investigation, one that Partner Center lost, a new one."""
    await signed_in(people, "ada", "max")
    about = await subject(people)
    others = [(await also(people, about))[0] for _ in range(4)]
    request = await ask(people, about)
    await people.in_portal(about.alert, "resolve", reason="fraud", by="max")
    await people.in_portal(others[0], "resolve", reason="legitimate", by="ada")
    await people.in_portal(others[0], "reopen", by="ada")
    await press(people, "ada", await people.card(others[1]), "Investigate")
    tenant = people.partner().tenant_id
    del people.cloud.world.alerts[tenant][others[2]["id"]]
    await also(people, about)
    assert "Accepted, under way" in (await approve(people, request)).text


async def test_reminded_at_half_time_and_expired_in_the_end(people: Desk) -> None:
    await people.another(CANCELLATION_HOURS="0.2")
    await signed_in(people, "ada", "max")
    request = await ask(people, await subject(people))
    await tend(people, 300)
    assert await said_to(people, "max", "still waits") == []
    await tend(people, 120)
    for lines in (await said_to(people, "max", "still waits"), (await people.lines(request.subject.post))[-1:]):
        assert len(lines) == 1
        assert "R-1 still waits: Ada Lindqvist asks to cancel" in lines[0]
        assert "approve R-1, or reject R-1 because" in lines[0]
    old = (await card_of(people, request, "max")).card
    await tend(people, 400)
    assert len(await said_to(people, "max", "still waits")) == 1
    await nothing_sent(people, request, "expired")
    assert "so it has expired. Nothing was cancelled. Ask again" in (await people.lines(request.subject.post))[-1]
    for where in ("alerts", "max"):
        shown = (await card_of(people, request, where, "max")).card
        assert "Expired" in shown.text
        assert not shown.verbs
    answer = await approve(people, request, card=old)
    assert "Expired" in answer.text
    assert "so it has expired" in (await people.ask("max", "approve R-1")).text

    other = await ask(people, await subject(people))
    await pass_time(people, 720 + 1)  # and nobody has looked at it since
    assert "Expired" in (await approve(people, other)).text
    third = await ask(people, await subject(people))
    await pass_time(people, 720 + 1)
    assert "has expired" in (await reject(people, third, reason="late")).text
    await nothing_sent(people, third, "expired")


async def test_a_guest_who_holds_both_roles_decides_as_themselves(people: Desk) -> None:
    gus = people.cloud.world.people["gus"]
    world = people.cloud.world
    for role in ("adminAgent", "globalAdministrator"):
        await people.roles("gus", role, True)
    world.groups[world.partner("northwind").approvers_group_id].members.append(gus.aad_object_id)
    request = await requested(people)
    assert "Gus Delgado" in request.told
    post = await card_of(people, request)
    answer = await press(people, "gus", post, "Approve")
    assert "Approved by Gus Delgado" in answer.text
    assert [deed["by"] for deed in changes(people)] == [gus.directory_upn]


async def test_somebody_external_decides_nothing(people: Desk) -> None:
    """eve is in the shared channel, where the request's card stands too."""
    await signed_in(people, "ada")
    await people.ask("ada", "subscribe", "joint")
    await people.deliver()
    about = await subject(people)
    request = await ask(people, about)
    post = await card_of(people, request, "joint", "eve")
    before = people.mark()
    for button in ("Approve", "Withdraw"):
        answer = await people.press("eve", post, button)
        assert answer.kind == "error", button
    assert (await people.press("eve", post, "Approve")).code == "other_tenant"
    assert "not of this partner's tenant" in (await reject(people, request, "eve", "joint", reason="no")).text
    assert "not of this partner's tenant" in (await people.ask("eve", "approve R-1", "joint")).text
    assert "not of this partner's tenant" in (
        await open_form(people, "eve", await people.card(about.alert, "joint", "eve"), about.post.card.number)
    ).text
    assert grants(people, before) == []
    await nothing_sent(people, request, "asked")


async def test_a_redelivered_approval_is_one(people: Desk) -> None:
    request = await requested(people)
    await signed_in(people, "max")
    answer = await approve(people, request)
    activity = people.requests("bot")[-1].body
    assert await people.raw(activity) == (200, answer.body)
    status, body = await people.raw({**activity, "id": "f:another"})
    assert (status, body["statusCode"]) == (200, 200)
    await people.deliver()
    assert len(sent(people)) == 1
    assert len(changes(people)) == 1
    lines = await people.lines(request.subject.post)
    assert len(lines) == len(set(lines))


async def zoe(desk: Desk) -> None:
    """gil is a second approver."""
    await desk.roles("gil", "adminAgent", True)
    world = desk.cloud.world
    world.groups[world.partner("northwind").approvers_group_id].members.append(world.people["gil"].aad_object_id)
    await signed_in(desk, "gil")


async def test_two_who_approve_at_once(people: Desk) -> None:
    await zoe(people)
    await signed_in(people, "ada", "max")
    request = await ask(people, await subject(people))
    assert "Gil Tanaka" in request.told
    await people.fault("partnercenter", "POST", "cancel$", latency=0.3)
    answers = await asyncio.gather(*(approve(people, request, who) for who in ("max", "gil", "max", "gil")))
    assert {answer.kind for answer in answers} == {"card"}
    assert len(sent(people)) == 1
    winner = (await now(people, request)).approver_name
    assert all(f"Approved by {winner}" in answer.text for answer in answers)
    late = "gil" if winner == "Max Okafor" else "max"
    assert f"was approved already by {winner}" in (await people.ask(late, f"approve {request.label}")).text
    assert f"was approved already by {winner}" in (await people.ask(late, f"reject {request.label} no")).text


async def test_approval_against_rejection(people: Desk) -> None:
    """One of them stands, and both are told the same."""
    await zoe(people)
    await signed_in(people, "ada", "max")
    for number in range(1, 4):
        request = await ask(people, await subject(people))
        typed = people.ask("gil", f"reject {request.label} {REJECTED}", "gil")
        approved, rejected = await asyncio.gather(approve(people, request), typed)
        state = (await now(people, request)).state
        assert state in ("accepted", "rejected"), number
        assert (len([call for call in sent(people) if request.subject.entitlement.id in call.path]) == 1) is (
            state == "accepted"
        )
        if state == "rejected":
            assert "Rejected by Gil Tanaka" in approved.text
            assert "Gil Tanaka rejected it" in rejected.text
        else:
            assert "Approved by Max Okafor" in approved.text
            assert "was approved already by Max Okafor" in rejected.text
