"""Deciding on a request: approve, reject, withdraw, expire; and two who decide at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bot.texts import signing_in
from tests.support.cancelling import (
    REJECTED,
    Asked,
    approve,
    ask,
    card_of,
    changes,
    nothing_sent,
    now,
    pass_time,
    reject,
    request_id,
    requested,
    said_to,
    second_approver,
    sent,
    signed_in,
    subject,
    tend,
    trail,
)
from tests.support.desk import Desk
from tests.support.signing import exchange, grants, press


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
    assert list(said.card.buttons) == [signing_in.GO_ON_AS_ME]
    assert "Accepted, under way" in (await press(people, "max", said, signing_in.GO_ON_AS_ME)).text

    for number, typed in ((2, "approve R-2"), (3, "Approve #3"), (4, "approve")):
        await people.ask("max", "signout")
        request = await ask(people, await subject(people))
        assert request.number == number
        said = await people.ask("max", typed, thread=request.subject.post.id)
        assert list(said.card.buttons) == [signing_in.GO_ON_AS_ME], typed
        assert len(sent(people)) == number - 1
        assert (await press(people, "nora", said, signing_in.GO_ON_AS_ME)).code == "lacks_role"
        answer = await press(people, "max", said, signing_in.GO_ON_AS_ME)
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
        ("reject because of that", "No request waits for a decision here"),
        (f"approve {request.label} because I say so", "nothing was approved"),
        ("approve R-99", "There is no request R-99 here"),
        ("approve everything", "nothing was approved"),
    ):
        assert says in (await people.ask("max", typed)).text, typed


async def test_without_a_number_only_in_the_alerts_own_thread(people: Desk) -> None:
    """Elsewhere the only one that waits may be another by now than the one that was meant."""
    await signed_in(people, "ada", "max")
    request, another = await ask(people, await subject(people)), await people.posted()
    for person, typed in (("max", "approve"), ("max", f"reject {REJECTED}"), ("ada", "withdraw")):
        for where, thread in ((person, None), ("alerts", None), ("alerts", another[1].id)):
            said = await people.ask(person, typed, where, thread)
            assert "Say which request: R-1 waits here." in said.text, (typed, where)
    await nothing_sent(people, request, "asked")
    await people.ask("ada", "withdraw", thread=request.subject.post.id)
    await nothing_sent(people, request, "withdrawn")


async def test_rejected_with_a_reason(people: Desk) -> None:
    await signed_in(people, "ada", "max")
    rejected: list[Callable[[Asked], Awaitable[Any]]] = [
        lambda asked: reject(people, asked, reason=REJECTED),
        lambda asked: reject(people, asked, where="alerts", reason=REJECTED),
        lambda asked: people.ask("max", f"reject {asked.label} {REJECTED}"),
        lambda asked: people.ask("max", f"reject {REJECTED}", thread=asked.subject.post.id),
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
        late = (
            await approve(people, request)
            if "Approve" in (await card_of(people, request, "max")).card.buttons
            else None
        )
        assert late is None, "the personal card has no dead buttons"
        answer = await people.press("max", post, "Approve")
        assert "Withdrawn by Ada Lindqvist" in answer.text
    denied = [row.entry for row in await people.audit() if row.entry.outcome == "denied"]
    assert [(row.actor_name, row.act) for row in denied] == [("Max Okafor", "withdraw")] * 4


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


async def test_two_who_approve_at_once(people: Desk) -> None:
    await second_approver(people)
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
    await second_approver(people)
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
