"""A press while Graph throttles, fails, hangs up or the bot dies: one verdict in the end, never two."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.desk import Desk, running_desk
from tests.support.program import serving
from tests.support.seen import Post

FRAUD = {"status": "resolved", "resolvedReason": "fraud"}
TROUBLES: list[tuple[str, str, dict[str, Any]]] = [
    ("429 without a time", "PATCH", {"status": 429}),
    ("429 with a time", "PATCH", {"status": 429, "retry_after": 1}),
    ("503", "PATCH", {"status": 503}),
    ("503 with a time", "PATCH", {"status": 503, "retry_after": 2}),
    ("500", "PATCH", {"status": 500}),
    ("504", "PATCH", {"status": 504}),
    ("dropped before the deed", "PATCH", {"drop": "before"}),
    ("dropped after the deed", "PATCH", {"drop": "after"}),
    ("nonsense", "PATCH", {"status": 200, "body": "<html>gateway</html>"}),
    ("the reading drops", "GET", {"drop": "before"}),
    ("the reading is throttled", "GET", {"status": 429, "retry_after": 1}),
    ("the reading is nonsense", "GET", {"status": 200, "body": "<html>gateway</html>"}),
]


async def decided(desk: Desk, post: Post, passing: float = 0.0) -> None:
    """Wait until the decision on that card is over, as everybody sees it: on the card and in its thread. With each look
    so many seconds pass: where a sender died, its conversation is left alone for a whole window of Teams' limits."""
    line = f"Ada Lindqvist marked {post.card.label} as fraud."

    async def seen() -> bool:
        desk.clock.forward(passing)
        if not desk.clock.real:
            await desk.deliver()
        return "by Ada Lindqvist" in (await desk.post_now(post.id)).text and line in await desk.lines(post)

    await desk.eventually(seen)


def patches(desk: Desk) -> list[Any]:
    return [entry.body for entry in desk.requests("graph", "PATCH")]


@pytest.mark.parametrize(
    ("method", "action"), [trouble[1:] for trouble in TROUBLES], ids=[trouble[0] for trouble in TROUBLES]
)
async def test_after_trouble_that_passes_there_is_one_verdict(
    desk: Desk, method: str, action: Mapping[str, Any]
) -> None:
    alert, post = await desk.posted()
    await desk.fault("graph", method, alert["id"], **action)
    answer = await desk.press("ada", post, "Mark as fraud")
    assert answer.kind in ("card", "message")
    if answer.kind == "message":
        await desk.another(background=True)
    await decided(desk, post)
    assert len(desk.deeds()) == 1
    assert all(body == FRAUD for body in patches(desk)), "never a second verdict"
    assert desk.at_partner_center(alert)["resolvedReason"] == "fraud"
    assert "Fraud by Ada Lindqvist" in (await desk.card(alert)).card.text
    assert (await desk.lines(post)).count(f"Ada Lindqvist marked {post.card.label} as fraud.") == 1


async def test_after_a_lost_answer_it_is_read_and_not_sent_again(desk: Desk) -> None:
    alert, post = await desk.posted()
    await desk.fault("graph", "PATCH", drop="after")
    before = desk.mark()
    answer = await desk.press("ada", post, "Mark as fraud")
    assert answer.kind == "card"
    assert [entry.method for entry in desk.requests("graph", path=alert["id"], since=before)] == ["GET", "PATCH", "GET"]


async def test_after_a_lost_answer_and_a_change_by_somebody_else_nothing_is_sent(desk: Desk) -> None:
    """The PATCH never arrived, and before we could look somebody decided otherwise in the portal."""
    alert, post = await desk.posted()
    await desk.fault("graph", "PATCH", drop="before")
    await desk.fault("graph", "GET", alert["id"], times=None, status=503)
    first = (await desk.control("faults", by="GET"))[1]["id"]
    await desk.control(f"faults/{first}", by="DELETE")
    real_sleep = desk.clock.sleep

    async def decide_meanwhile(seconds: float) -> None:
        if not desk.deeds("portal"):
            await desk.in_portal(alert, "resolve", reason="legitimate", by="max")
        await real_sleep(seconds)

    desk.clock.sleep = decide_meanwhile  # type: ignore[method-assign]
    answer = await desk.press("ada", post, "Mark as fraud")
    upn = desk.cloud.world.people["max"].upn
    assert f"already decided by {upn}: legitimate" in answer.text
    assert len(patches(desk)) == 1
    assert desk.deeds() == []
    await desk.deliver()
    assert f"Legitimate by {upn}" in (await desk.card(alert)).card.text


async def test_a_refusal_for_good_is_told_and_the_alert_stays_open(desk: Desk) -> None:
    for count, status in enumerate((400, 403, 404, 409, 422)):
        alert, post = await desk.posted()
        await desk.fault("graph", "PATCH", status=status)
        answer = await desk.press("ada", post, "Mark as fraud")
        assert answer.kind == "error", status
        assert f"{post.card.label} was not changed" in answer.text
        assert len(desk.deeds()) == count
        await desk.deliver()
        after = await desk.card(alert)
        assert "alert.fraud" in after.card.verbs, "it can be tried again"
        (line,) = await desk.lines(post)
        assert "Ada Lindqvist wanted" in line
        assert (await desk.press("ada", after, "Mark as fraud")).kind == "card"
        assert len(desk.deeds()) == count + 1


async def test_missing_mfa_is_told_with_what_to_do(desk: Desk) -> None:
    _, post = await desk.posted()
    await desk.switch(app_only_missing_mfa=True)
    answer = await desk.press("ada", post, "Mark as fraud")
    assert answer.kind == "error"
    assert "Unauthorized_MissingMFA" in answer.text
    assert "python -m bot login" in answer.text
    assert desk.deeds() == []


@pytest.mark.usefixtures("product_seconds")
async def test_graph_away_for_long_is_taken_up_again_until_it_is_back(tmp_path: Path) -> None:
    async with running_desk(tmp_path, background=True, POLL_SECONDS="1") as desk:
        alert = await desk.alert()
        post = await desk.appeared(alert)
        await desk.fault("graph", None, alert["id"], times=None, drop="before")
        answer = await desk.press("ada", post, "Mark as fraud")
        assert answer.kind == "message"
        assert "has not confirmed" in answer.text
        await desk.heal()
        await decided(desk, post)
        assert patches(desk) == [FRAUD] * len(patches(desk))
        assert len(desk.deeds()) == 1


async def test_a_bot_that_died_before_the_patch_is_finished_by_the_next(tmp_path: Path) -> None:
    """The first bot is a program of its own and is killed while it reads the alert, its intent written down."""
    async with running_desk(tmp_path) as desk:
        alert, post = await desk.posted()
        async with serving(desk.settings, tmp_path) as program:
            desk.cloud.bot_url = program.url
            await desk.fault("graph", "GET", alert["id"], latency=2.0)
            pressing = asyncio.create_task(desk.press("ada", post, "Mark as fraud"))
            await desk.until(lambda: not desk.cloud.faults.all(), "it reads the alert")
            program.kill()
            assert (await pressing).status == 502
        assert not desk.requests("graph", "PATCH")
        desk.clock.forward(60)
        await desk.another(background=True)
        await decided(desk, post, passing=5)
        assert patches(desk) == [FRAUD]
        assert len(await desk.lines(post)) == 1


async def test_a_bot_that_died_after_the_patch_is_not_followed_by_a_second(tmp_path: Path) -> None:
    async with running_desk(tmp_path) as desk:
        alert, post = await desk.posted()
        async with serving(desk.settings, tmp_path) as program:
            desk.cloud.bot_url = program.url
            await desk.fault("graph", "PATCH", alert["id"], latency=0.3)
            pressing = asyncio.create_task(desk.press("ada", post, "Mark as fraud"))
            await desk.until(lambda: not desk.cloud.faults.all(), "the PATCH is there")
            program.kill()
            assert (await pressing).status == 502
        await desk.until(lambda: len(desk.deeds()) == 1, "Graph carries it out all the same")
        desk.clock.forward(60)
        await desk.another(background=True)
        await decided(desk, post, passing=5)
        assert patches(desk) == [FRAUD], "it was read, and stood as wished"
        assert "Fraud by Ada Lindqvist" in (await desk.card(alert)).card.text
        assert await desk.lines(post) == [f"Ada Lindqvist marked {post.card.label} as fraud."]


async def test_a_second_press_after_the_death_is_still_one_verdict(tmp_path: Path) -> None:
    async with running_desk(tmp_path) as desk:
        alert, post = await desk.posted()
        async with serving(desk.settings, tmp_path) as program:
            desk.cloud.bot_url = program.url
            await desk.fault("graph", "GET", alert["id"], latency=2.0)
            pressing = asyncio.create_task(desk.press("ada", post, "Mark as fraud"))
            await desk.until(lambda: not desk.cloud.faults.all(), "it reads the alert")
            program.kill()
            await pressing
        await desk.another()
        answer = await desk.press("max", post, "Mark legitimate")
        assert "Ada Lindqvist was first" in answer.text
        assert not patches(desk)
