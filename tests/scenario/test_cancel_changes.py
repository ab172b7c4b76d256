"""What an approver must have seen, and what makes a plan void."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tests.support.cancelling import (
    Subject,
    also,
    approve,
    ask,
    card_of,
    nothing_sent,
    now,
    requested,
    signed_in,
    subject,
    tend,
    trail,
)
from tests.support.desk import Desk
from tests.support.signing import press


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
    await asyncio.gather(
        *(people.press("max", post, {**button, "data": {**button["data"], "request": bad}}) for bad in (99, 0))
    )
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
    await tend(people, 120)  # six in a minute would be a storm, and roll up
    await also(people, about)
    assert "Accepted, under way" in (await approve(people, request)).text
