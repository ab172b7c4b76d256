"""A press on an alert's card: who may, what goes to Partner Center, and what everybody sees then."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.desk import Desk

SOON = 4.5
"""Seconds. The bot promises 3; a machine that others keep busy is granted some more."""
MARKS = [
    (
        "Mark legitimate",
        {"status": "resolved", "resolvedReason": "legitimate"},
        "Ada Lindqvist marked {} as legitimate.",
    ),
    ("Mark as fraud", {"status": "resolved", "resolvedReason": "fraud"}, "Ada Lindqvist marked {} as fraud."),
    ("Ignore", {"status": "resolved", "resolvedReason": "ignore"}, "Ada Lindqvist marked {} as ignore."),
    ("Investigate", {"status": "investigating"}, "Ada Lindqvist is investigating {}."),
]


async def denials(desk: Desk) -> list[dict[str, Any]]:
    return [
        {"by": row.entry.actor_name, **row.entry.detail} for row in await desk.audit() if row.entry.outcome == "denied"
    ]


@pytest.mark.parametrize(("button", "body", "line"), MARKS)
async def test_a_press_is_one_patch_read_back_and_seen_by_all(
    desk: Desk, button: str, body: dict[str, str], line: str
) -> None:
    alert, post = await desk.posted()
    before = desk.mark()
    answer = await desk.press("ada", post, button)
    calls = [(entry.method, entry.body) for entry in desk.requests("graph", path=alert["id"], since=before)]
    assert calls == [("GET", None), ("PATCH", body), ("GET", None)]
    assert len(desk.deeds()) == 1
    assert answer.kind == "card"
    await desk.deliver()
    for person in ("ada", "max", "gil", "nora", "gus"):
        seen = await desk.card(alert, person=person)
        assert seen.id == post.id
        assert seen.edited
        assert seen.card.text == answer.card.text
        assert ("Investigating" in seen.card.text) is (button == "Investigate")
        assert "by Ada Lindqvist" in seen.card.text
    assert await desk.lines(post, person="nora") == [line.format(post.card.label)]
    assert desk.at_partner_center(alert)["status"] == body["status"]


@pytest.mark.parametrize("button", [mark[0] for mark in MARKS[:3]])
async def test_a_decided_card_has_no_dead_buttons(desk: Desk, button: str) -> None:
    alert, post = await desk.posted()
    answer = await desk.press("ada", post, button)
    await desk.deliver()
    for card in (answer.card, (await desk.card(alert)).card):
        assert card.verbs == {"alert.reverdict", "alert.details", "alert.note"}
        assert "Respond by" not in card.text


async def test_every_button_of_an_open_card_does_something(desk: Desk) -> None:
    for button in ("Mark legitimate", "Mark as fraud", "Investigate", "Ignore", "Details"):
        _, post = await desk.posted()
        answer = await desk.press("ada", post, button)
        assert answer.status == 200
        assert answer.kind == "card", button
    for button in ("Cancel subscription", "Add note"):
        _, post = await desk.posted()
        assert (await desk.open_dialog("ada", post, button)).text, button


async def test_an_echo_is_not_believed(desk: Desk) -> None:
    """Graph answers 200 and the new status, but nothing was changed: it is read, and asked again."""
    alert, post = await desk.posted()
    lie = {**desk.at_partner_center(alert), "status": "resolved", "resolvedReason": "fraud"}
    await desk.fault("graph", "PATCH", status=200, body=lie)
    answer = await desk.press("ada", post, "Mark as fraud")
    assert answer.kind == "card"
    assert "Fraud by Ada Lindqvist" in answer.text
    assert [entry.body for entry in desk.requests("graph", "PATCH")] == [
        {"status": "resolved", "resolvedReason": "fraud"}
    ] * 2
    assert len(desk.deeds()) == 1


async def test_the_stale_echo_is_not_believed(desk: Desk) -> None:
    alert, post = await desk.posted()
    answer = await desk.press("ada", post, "Mark as fraud")
    (patch,) = desk.requests("graph", "PATCH")
    assert patch.response["status"] == "active", "as in Microsoft's own example"
    assert "Fraud by Ada Lindqvist" in answer.text
    assert (await desk.record(alert)).alert.status == "resolved"


async def test_after_investigating_it_can_be_decided(desk: Desk) -> None:
    alert, post = await desk.posted()
    taken = await desk.press("ada", post, "Investigate")
    assert "Investigate" not in taken.card.buttons
    await desk.press("max", post, "Mark legitimate", card=taken.card)
    await desk.deliver()
    assert [deed["status"] for deed in desk.deeds()] == ["investigating", "resolved"]
    assert "Legitimate by Max Okafor" in (await desk.card(alert)).card.text


async def test_a_manager_with_the_admin_agent_role_by_a_nested_group_may(desk: Desk) -> None:
    _, post = await desk.posted()
    assert "Fraud by Max Okafor" in (await desk.press("max", post, "Mark as fraud")).text
    assert len(desk.deeds()) == 1


@pytest.mark.parametrize(
    ("person", "why"),
    [("gil", "Admin Agent"), ("nora", "Admin Agent"), ("gus", "Admin Agent")],
)
async def test_who_may_not_is_told_alone_and_recorded(desk: Desk, person: str, why: str) -> None:
    alert, post = await desk.posted()
    buttons = ("Mark legitimate", "Mark as fraud", "Ignore", "Investigate")
    for button in buttons:
        answer = await desk.press(person, post, button)
        assert answer.status == 200, button
        assert answer.kind == "error", button
        assert "Nothing was done" in answer.text, button
        assert why in answer.text, button
    for button in ("Add note", "Cancel subscription"):
        dialog = await desk.open_dialog(person, post, button)
        assert dialog.kind == "message"
        assert why in dialog.text
    await desk.deliver()
    assert not desk.requests("graph", "PATCH")
    assert await desk.lines(post) == []
    assert (await desk.card(alert)).json == post.json, "for the others nothing has changed"
    assert [denial["by"] for denial in await denials(desk)] == [desk.cloud.world.people[person].name] * (
        len(buttons) + 2
    )


async def test_a_person_of_the_other_partner_in_our_channel_may_not(desk: Desk) -> None:
    """fay is an Admin Agent, of another partner, whom a shared channel lets in."""
    await desk.lifecycle("addMember", "joint", person="fay")
    await desk.ask("ada", "subscribe", "joint")
    _, post = await desk.posted(where="joint")
    answer = await desk.press("fay", post, "Mark as fraud")
    assert answer.kind == "error"
    assert "not of this partner's tenant" in answer.text
    assert not desk.requests("graph", "PATCH")
    assert [denial["by"] for denial in await denials(desk)] == ["Fay Moreau"]


async def test_roles_are_checked_at_each_press(desk: Desk) -> None:
    _, first = await desk.posted()
    _, second = await desk.posted()
    _, third = await desk.posted()
    assert (await desk.press("ada", first, "Mark as fraud")).kind == "card"
    await desk.roles("ada", "adminAgent", False)
    answer = await desk.press("ada", second, "Mark as fraud")
    assert answer.kind == "error"
    assert "Admin Agent" in answer.text
    assert len(desk.deeds()) == 1
    await desk.roles("ada", "adminAgent", True)
    assert (await desk.press("ada", third, "Mark as fraud")).kind == "card"
    assert len(desk.deeds()) == 2


async def test_two_people_at_once_are_one_patch_and_the_second_is_told_who_was_first(desk: Desk) -> None:
    alert, post = await desk.posted()
    await desk.fault("graph", "PATCH", times=None, latency=0.5)
    answers = await asyncio.gather(desk.press("ada", post, "Mark as fraud"), desk.press("max", post, "Mark legitimate"))
    (patch,) = desk.requests("graph", "PATCH")
    first, second = sorted(answers, key=lambda answer: answer.kind != "card")
    winner = "Ada Lindqvist" if patch.body["resolvedReason"] == "fraud" else "Max Okafor"
    assert f"by {winner}" in first.text
    assert second.kind == "message"
    assert winner in second.text
    assert "was first" in second.text or "already decided" in second.text
    await desk.deliver()
    assert len(desk.deeds()) == 1
    assert f"by {winner}" in (await desk.card(alert)).card.text
    assert len(await desk.lines(post)) == 1


async def test_one_person_pressing_twice_is_one_patch(desk: Desk) -> None:
    _, post = await desk.posted()
    await desk.fault("graph", "PATCH", times=None, latency=0.3)
    answers = await asyncio.gather(*(desk.press("ada", post, "Mark as fraud") for _ in range(4)))
    assert len(desk.requests("graph", "PATCH")) == 1
    assert any(answer.kind == "card" for answer in answers)
    assert all(answer.status == 200 for answer in answers)


async def test_a_stale_card_tells_who_decided(desk: Desk) -> None:
    _, post = await desk.posted()
    await desk.press("ada", post, "Mark as fraud")
    answer = await desk.press("max", post, "Mark legitimate")
    assert answer.kind == "message"
    assert "already decided by Ada Lindqvist: fraud" in answer.text
    assert len(desk.requests("graph", "PATCH")) == 1


async def test_decided_in_the_portal_meanwhile_is_not_overwritten(desk: Desk) -> None:
    alert, post = await desk.posted()
    await desk.in_portal(alert, "resolve", reason="legitimate", by="max")
    answer = await desk.press("ada", post, "Mark as fraud")
    upn = desk.cloud.world.people["max"].upn
    assert not desk.requests("graph", "PATCH")
    assert answer.kind == "message"
    assert f"already decided by {upn}: legitimate" in answer.text
    await desk.deliver()
    assert f"Legitimate by {upn}" in (await desk.card(alert)).card.text
    assert [upn in line and "nothing was sent for Ada Lindqvist" in line for line in await desk.lines(post)] == [True]


async def test_a_redelivered_press_gets_the_same_answer_and_does_nothing_twice(desk: Desk) -> None:
    _, post = await desk.posted()
    answer = await desk.press("ada", post, "Mark as fraud")
    activity = desk.requests("bot")[-1].body
    assert await desk.raw(activity) == (200, answer.body)
    status, body = await desk.raw({**activity, "id": "f:another-id"})
    assert status == 200
    assert body["statusCode"] == 200
    await desk.deliver()
    assert len(desk.requests("graph", "PATCH")) == 1
    assert len(await desk.lines(post)) == 1


async def test_a_redelivery_while_the_first_is_still_at_it(desk: Desk) -> None:
    _, post = await desk.posted()
    await desk.fault("graph", "PATCH", latency=0.5)
    first = asyncio.create_task(desk.press("ada", post, "Mark as fraud"))
    await desk.until(lambda: desk.cloud.faults.all() == [], "the PATCH is on its way")
    async with desk.parts.store.read() as tx:
        assert await tx.intents.open_on(
            (await tx.alerts.by_number(post.card.number, frozenset(desk.parts.env.partners))).alert.key
        )
    # The log has the activity only when it was answered, so it is made as the client made it.
    again = await desk.press("ada", post, "Mark as fraud")
    assert again.status == 200
    assert (await first).kind == "card"
    assert len(desk.requests("graph", "PATCH")) == 1


@pytest.mark.usefixtures("product_seconds")
@pytest.mark.parametrize("path", ["checkMemberObjects", "members"])
async def test_a_role_check_that_hangs_is_answered_in_three_seconds_and_does_nothing(desk: Desk, path: str) -> None:
    alert, post = await desk.posted()
    service = "graph" if path == "checkMemberObjects" else "connector"
    await desk.fault(service, None, path, times=None, latency=6)
    answer = await desk.press("ada", post, "Mark as fraud")
    assert answer.seconds < SOON
    assert answer.kind == "error"
    assert "Nothing was done" in answer.text
    assert "Press again" in answer.text
    assert not desk.requests("graph", "PATCH")
    await desk.heal()
    assert (await desk.press("ada", post, "Mark as fraud")).kind == "card"
    assert len(desk.deeds()) == 1
    assert not (await desk.record(alert)).alert.is_open


@pytest.mark.usefixtures("product_seconds")
async def test_both_questions_slow_is_still_answered_in_three_seconds(desk: Desk) -> None:
    _, post = await desk.posted()
    await desk.fault("graph", None, "checkMemberObjects", times=None, latency=1.0)
    await desk.fault("connector", None, "members", times=None, latency=1.0)
    await desk.fault("graph", "PATCH", times=None, latency=1.5)
    answer = await desk.press("ada", post, "Mark as fraud")
    assert answer.seconds < SOON
    await desk.heal()
    await desk.until(lambda: len(desk.deeds()) == 1)


async def test_a_role_check_that_fails_does_nothing(desk: Desk) -> None:
    _, post = await desk.posted()
    actions: tuple[dict[str, Any], ...] = (
        {"status": 500},
        {"status": 403},
        {"status": 429, "retry_after": 2},
        {"drop": "before"},
        {"status": 200, "body": "<html>"},
        {"status": 200, "body": {"value": "all"}},
    )
    for action in actions:
        await desk.fault("graph", "POST", "checkMemberObjects", times=None, **action)
        answer = await desk.press("ada", post, "Mark as fraud")
        assert answer.kind == "error", action
        assert "Nothing was done" in answer.text, action
        await desk.heal()
    assert not desk.requests("graph", "PATCH")


@pytest.mark.usefixtures("product_seconds")
async def test_a_slow_patch_is_answered_as_late_and_shows_on_the_shared_card(desk: Desk) -> None:
    alert, post = await desk.posted()
    await desk.fault("graph", "PATCH", latency=4.8)
    answer = await desk.press("ada", post, "Mark as fraud")
    assert answer.seconds < SOON
    assert answer.kind == "message"
    assert "has not confirmed" in answer.text
    await desk.deliver()
    waiting = await desk.card(alert)
    assert "Ada Lindqvist is marking this as fraud" in waiting.card.text
    assert not {"alert.fraud", "alert.legitimate", "subscription.cancel"} & waiting.card.verbs, (
        "no second decision meanwhile"
    )
    other = await desk.press("max", post, "Mark legitimate")
    assert "Ada Lindqvist was first" in other.text
    await desk.until(lambda: len(desk.deeds()) == 1)
    await open_intents_end(desk, post.card.number)
    await desk.deliver()
    assert "Fraud by Ada Lindqvist" in (await desk.card(alert)).card.text
    assert await desk.lines(post) == [f"Ada Lindqvist marked {post.card.label} as fraud."]
    assert len(desk.requests("graph", "PATCH")) == 1


async def open_intents_end(desk: Desk, number: int) -> None:
    """Wait until no decision on that alert is open any more."""

    async def over() -> bool:
        async with desk.parts.store.read() as tx:
            record = await tx.alerts.by_number(number, frozenset(desk.parts.env.partners))
            assert record is not None
            return await tx.intents.open_on(record.alert.key) is None

    await desk.eventually(over)
