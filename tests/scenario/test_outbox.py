"""Cards on their way to Teams: nothing is lost, little is repeated, and what may be a repeat says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.texts import en as texts
from tests.support.desk import Desk, running_desk
from tests.support.program import serving

POSTS = r"/activities$"


async def posts_so_far(desk: Desk) -> int:
    return len(desk.requests("connector", "POST"))


async def test_a_429_is_waited_for_as_long_as_it_says(desk: Desk) -> None:
    alert = await desk.alert()
    await desk.fault("connector", "POST", POSTS, status=429, retry_after=9)
    await desk.settle("northwind")
    tried = await posts_so_far(desk)
    assert not await desk.cards_of(alert)
    desk.clock.forward(5)
    await desk.deliver()
    assert await posts_so_far(desk) == tried, "not before its time"
    desk.clock.forward(5)
    await desk.deliver()
    assert texts.REPEAT_BADGE not in (await desk.card(alert)).card.text


async def test_what_is_safe_to_repeat_is_repeated_soon(desk: Desk) -> None:
    actions: tuple[dict[str, Any], ...] = ({"status": 503, "retry_after": 3}, {"status": 412}, {"status": 429})
    for action in actions:
        alert = await desk.alert()
        await desk.fault("connector", "POST", POSTS, **action)
        await desk.settle("northwind")
        desk.clock.forward(4)
        await desk.deliver()
        assert texts.REPEAT_BADGE not in (await desk.card(alert)).card.text, action


async def test_after_a_doubtful_failure_it_is_repeated_after_three_minutes_and_marked(desk: Desk) -> None:
    actions: tuple[dict[str, Any], ...] = (
        {"status": 503},
        {"status": 500},
        {"status": 502},
        {"status": 504},
        {"drop": "before"},
    )
    for action in actions:
        alert = await desk.alert()
        await desk.fault("connector", "POST", POSTS, **action)
        await desk.settle("northwind")
        assert (await desk.outbox())["uncertain"] == 1
        for seconds, there in ((120, 0), (55, 0), (10, 1), (120, 1)):
            desk.clock.forward(seconds)
            await desk.deliver()
            assert len(await desk.cards_of(alert)) == there, f"{action}, {seconds} s later"
        assert texts.REPEAT_BADGE in (await desk.card(alert)).card.text


async def test_a_card_that_arrived_after_all_is_adopted_by_a_press_and_not_doubled(desk: Desk) -> None:
    alert = await desk.alert()
    await desk.fault("connector", "POST", POSTS, drop="after")
    await desk.settle("northwind")
    post = await desk.card(alert)
    assert (await desk.outbox())["uncertain"] == 1
    assert (await desk.press("ada", post, "Mark as fraud")).kind == "card"
    desk.clock.forward(600)
    await desk.deliver()
    after = await desk.card(alert)
    assert after.id == post.id
    assert "Fraud by Ada Lindqvist" in after.card.text
    assert await desk.lines(post) == [f"Ada Lindqvist marked {post.card.label} as fraud."]
    assert "uncertain" not in await desk.outbox()


async def test_a_refresh_by_a_client_adopts_it_too(desk: Desk) -> None:
    alert = await desk.alert()
    await desk.fault("connector", "POST", POSTS, drop="after")
    await desk.settle("northwind")
    await desk.refresh("nora", await desk.card(alert))
    desk.clock.forward(600)
    await desk.deliver()
    assert await desk.card(alert)


async def test_a_card_that_nobody_touched_is_repeated_once_and_says_so(desk: Desk) -> None:
    alert = await desk.alert()
    await desk.fault("connector", "POST", POSTS, drop="after")
    await desk.settle("northwind")
    desk.clock.forward(200)
    await desk.deliver()
    desk.clock.forward(600)
    await desk.deliver()
    first, second = await desk.cards_of(alert)
    assert texts.REPEAT_BADGE not in first.card.text
    assert texts.REPEAT_BADGE in second.card.text
    assert (await desk.press("ada", second, "Mark as fraud")).kind == "card"
    await desk.deliver()
    assert len(desk.deeds()) == 1
    assert "already decided by Ada Lindqvist" in (await desk.press("max", first, "Mark legitimate")).text
    assert "Fraud by Ada Lindqvist" in (await desk.refresh("max", first)).text, (
        "the earlier copy shows it when it is looked at"
    )


async def test_an_update_is_repeated_until_it_is_there(desk: Desk) -> None:
    actions: tuple[dict[str, Any], ...] = (
        {"status": 503},
        {"status": 500},
        {"drop": "before"},
        {"status": 429, "retry_after": 2},
        {"status": 412},
    )
    for action in actions:
        alert, post = await desk.posted()
        await desk.fault("connector", "PUT", post.id, times=5, **action)
        await desk.press("ada", post, "Mark as fraud")
        for _ in range(7):
            await desk.deliver()
            desk.clock.forward(40)
        assert "Fraud by Ada Lindqvist" in (await desk.card(alert)).card.text, action
        assert await desk.lines(post) == [f"Ada Lindqvist marked {post.card.label} as fraud."], action


async def test_a_possible_repeat_stays_marked(desk: Desk) -> None:
    alert = await desk.alert()
    await desk.fault("connector", "POST", POSTS, drop="before")
    await desk.settle("northwind")
    desk.clock.forward(200)
    await desk.deliver()
    post = await desk.card(alert)
    assert texts.REPEAT_BADGE in post.card.text
    assert texts.REPEAT_BADGE in (await desk.refresh("nora", post)).text


async def test_each_try_of_an_update_is_within_the_limits(tmp_path: Path) -> None:
    async with running_desk(tmp_path) as desk:
        alert, post = await desk.posted()
        await desk.fault("connector", "PUT", times=6, drop="after")
        await desk.press("ada", post, "Mark as fraud")
        for _ in range(8):
            await desk.deliver()
            desk.clock.forward(60)
        assert "Fraud by Ada Lindqvist" in (await desk.card(alert)).card.text
        assert desk.over_limit() == []


async def test_a_card_deleted_in_teams_is_replaced_by_one_that_names_it(desk: Desk) -> None:
    alert, post = await desk.posted()
    desk.cloud.teams.delete(desk.place("alerts").messages[post.id])
    await desk.in_portal(alert, "resolve", reason="fraud", by="max")
    await desk.settle("northwind")
    fresh = await desk.card(alert)
    assert fresh.id != post.id
    assert texts.replaces_badge(post.card.label) in fresh.card.text
    assert "Fraud by" in fresh.card.text
    await desk.in_portal(alert, "reopen", by="max")
    await desk.settle("northwind")
    assert (await desk.card(alert)).id == fresh.id, "further changes go to the new one"
    assert (await desk.press("ada", await desk.card(alert), "Mark legitimate")).kind == "card"


async def test_lines_of_a_thread_come_in_order_whatever_happens(desk: Desk) -> None:
    _, post = await desk.posted()
    label = post.card.label
    wanted = [f"Ada Lindqvist is investigating {label}.", f"Max Okafor marked {label} as fraud."]
    taken = await desk.press("ada", post, "Investigate")
    await desk.press("max", post, "Mark as fraud", card=taken.card)
    await desk.fault("connector", "POST", POSTS, status=429, retry_after=5)
    await desk.deliver()
    desk.clock.forward(6)
    await desk.deliver()
    assert await desk.lines(post) == wanted


async def test_a_storm_keeps_within_the_documented_limits(desk: Desk) -> None:
    alerts = [await desk.alert() for _ in range(25)]
    before = desk.mark()
    began = desk.clock.monotonic()
    await desk.settle("northwind")
    for alert in alerts:
        assert await desk.card(alert)
    assert [entry.status for entry in desk.requests("connector", since=before) if entry.status >= 300] == []
    assert desk.clock.monotonic() - began > 4, "8 in 2 s at most"


async def test_the_most_severe_goes_first(desk: Desk) -> None:
    alerts = {severity: await desk.alert(severity=severity) for severity in ("low", "informational", "high", "medium")}
    await desk.settle("northwind")
    at = {severity: int((await desk.card(alert)).id) for severity, alert in alerts.items()}
    assert sorted(at, key=at.__getitem__) == ["high", "medium", "low", "informational"]


async def test_one_conversation_that_fails_holds_up_no_other(desk: Desk) -> None:
    await desk.ask("ada", "subscribe", "general")
    await desk.deliver()
    alert = await desk.alert()
    broken = desk.place("general").id.split("@")[0].removeprefix("19:")
    await desk.fault("connector", None, broken, times=None, status=500)
    await desk.settle("northwind")
    assert await desk.card(alert)
    assert not await desk.cards_of(alert, "general")
    await desk.heal()
    desk.clock.forward(300)
    await desk.deliver()
    assert await desk.card(alert, "general")


async def test_a_restart_in_between_loses_nothing(desk: Desk) -> None:
    alerts = [await desk.alert() for _ in range(6)]
    await desk.poll()
    await desk.parts.delivery.step()
    await desk.another()
    await desk.deliver()
    for alert in alerts:
        assert await desk.card(alert)


async def test_a_bot_that_died_while_it_sent_a_card_neither_loses_nor_doubles_it(tmp_path: Path) -> None:
    async with running_desk(tmp_path, POLL_SECONDS="1") as desk:
        alert = await desk.alert()
        await desk.fault("connector", "POST", POSTS, latency=0.4)
        async with serving(desk.settings, tmp_path) as program:
            await desk.until(lambda: not desk.cloud.faults.all(), "the card is on its way")
            program.kill()
        post = await desk.appeared(alert)
        desk.clock.forward(70)
        await desk.another(background=True)
        await desk.eventually(lambda: in_doubt(desk), "the next one finds what the first left")
        assert (await desk.press("ada", post, "Mark as fraud")).kind == "card"
        desk.clock.forward(300)
        await desk.eventually(lambda: decided(desk, alert))
        assert len(await desk.cards_of(alert)) == 1


async def in_doubt(desk: Desk) -> bool:
    return (await desk.outbox()).get("uncertain") == 1


async def decided(desk: Desk, alert: dict[str, Any]) -> bool:
    return "Fraud by Ada Lindqvist" in (await desk.card(alert)).card.text
