"""Nobody sleeps through an alert: what people in Teams see when nobody answers, and who is on duty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.desk import Desk
from tests.support.seen import Post

CALLS = ("no answer", "wait for an answer", "could not write")


async def later(desk: Desk, minutes: float) -> int:
    """So many minutes on, what is due is taken and sent. How many steps were taken."""
    desk.clock.forward(minutes * 60)
    taken = await desk.parts.escalations.step()
    await desk.deliver()
    return taken


async def calls(desk: Desk, where: str = "alerts") -> list[Post]:
    return [post for post in await desk.posts(where) if post.by_bot and any(said in post.text for said in CALLS)]


def rung(post: Post) -> list[str]:
    return [entity["mentioned"]["name"] for entity in post.json.get("entities") or [] if entity["type"] == "mention"]


async def quiet(desk: Desk) -> None:
    """Nothing of the seeded world is open any more: a test has its own alerts."""
    for alert in desk.cloud.world.alerts[desk.partner().tenant_id].values():
        if alert["status"] != "resolved":
            await desk.in_portal(alert, "resolve", reason="ignore", by="max")
    await desk.settle("northwind")


@pytest.fixture
async def calm(desk: Desk) -> Desk:
    await quiet(desk)
    assert await later(desk, 0) == 0
    return desk


async def test_nobody_presses_and_three_steps_follow(calm: Desk) -> None:
    desk = calm
    said = await desk.ask("ada", "duty add @[ada]")
    assert "Ada Lindqvist" in said.text
    assert "Max Okafor is called as manager" in (await desk.ask("ada", "duty manager @[max]")).text
    await desk.say("ada", "hello", "ada")
    await desk.say("max", "hello", "max")
    _, post = await desk.posted(severity="high")

    assert await later(desk, 15) == 1
    (first,) = await calls(desk)
    assert first.thread == post.id
    assert rung(first) == ["Ada Lindqvist"]
    assert f"{post.card.label} High" in first.text
    assert "Press Investigate" in first.text

    assert await later(desk, 15) == 1
    told = (await desk.posts("ada"))[-1]
    assert "No answer for 30 minutes in Security Operations" in told.text
    assert "you are on duty there" in told.text
    assert {"Investigate", "Mark as fraud", "Mark legitimate"} <= set(told.card.buttons)

    assert await later(desk, 20) == 1
    assert "you are a manager there" in (await desk.posts("max"))[-1].text
    assert set(rung((await calls(desk))[-1])) == {"Ada Lindqvist", "Max Okafor"}
    assert len(await calls(desk)) == 3

    answered = await desk.press("ada", told, "Investigate")
    assert "Investigating" in answered.card.text, "the buttons in the personal message work"
    assert await later(desk, 30) == 0
    assert len(await calls(desk)) == 3


async def answer(desk: Desk, how: str, alert: Mapping[str, Any], post: Post) -> None:
    match how:
        case "investigate":
            await desk.press("ada", post, "Investigate")
        case "verdict":
            await desk.press("ada", post, "Mark as fraud")
        case "assign":
            await desk.press("ada", post, "Assign to me")
        case "portal":
            await desk.in_portal(alert, "resolve", reason="ignore", by="max")
            await desk.poll()
        case "snooze":
            await desk.ask("ada", f"snooze {post.card.label} 8h", "ada")
        case "off":
            await desk.ask("ada", "duty escalate off")
        case "unsubscribe":
            await desk.ask("ada", "unsubscribe")
    await desk.deliver()


@pytest.mark.parametrize("how", ["investigate", "verdict", "assign", "portal", "snooze", "off", "unsubscribe"])
async def test_any_answer_stops_it(calm: Desk, how: str) -> None:
    alert, post = await calm.posted(severity="medium")
    assert await later(calm, 15) == 1
    await answer(calm, how, alert, post)
    assert [await later(calm, 15), await later(calm, 20), await later(calm, 60)] == [0, 0, 0]
    assert len(await calls(calm)) == 1


async def test_microsofts_test_alerts_call_nobody(calm: Desk) -> None:
    await calm.posted(severity="high", isTest=True)
    await calm.posted(severity="low")
    assert [await later(calm, 20), await later(calm, 40)] == [0, 0]


async def test_where_nobody_is_on_duty_the_thread_says_how_to_change_that_and_approvers_come_last(calm: Desk) -> None:
    _, post = await calm.posted(severity="high")
    await calm.say("max", "hello", "max")
    assert await later(calm, 15) == 1
    (first,) = await calls(calm)
    assert rung(first) == []
    assert "Nobody is on duty here" in first.text
    assert await later(calm, 15) == 1
    assert await later(calm, 20) == 1
    last = (await calls(calm))[-1]
    assert last.thread == post.id
    assert "No managers are set here" in last.text
    assert "you may approve" in (await calm.posts("max"))[-1].text


async def test_who_has_not_added_the_app_is_named_in_the_thread(calm: Desk) -> None:
    assert "Nora Meyer" in (await calm.ask("ada", "duty add @[nora]")).text
    calm.personal("nora").install(False)
    await calm.posted(severity="high")
    await later(calm, 15)
    await later(calm, 15)
    assert "I could not write to Nora Meyer in person. They must add Alert Desk" in (await calls(calm))[-1].text


async def test_a_storm_is_one_message_to_each(calm: Desk) -> None:
    await calm.ask("ada", "duty add @[ada]")
    await calm.say("ada", "hello", "ada")
    for number in range(12):
        await calm.alert(severity="high" if number else "medium")
    await calm.settle("northwind")
    before = len(await calm.posts("ada"))
    assert await later(calm, 15) == 12
    (line,) = await calls(calm)
    assert "12 alerts wait for an answer, the worst: A-" in line.text
    assert rung(line) == ["Ada Lindqvist"]
    assert await later(calm, 15) == 12
    told = (await calm.posts("ada"))[before:]
    assert len(told) == 1
    assert "12 alerts wait for an answer" in told[0].text
    shown = await calm.press("ada", told[0], "Show them")
    assert "A-" in shown.card.text


async def test_two_replicas_call_once_and_one_that_died_is_made_up_for(calm: Desk) -> None:
    await calm.ask("ada", "duty add @[ada]")
    first = calm.bot
    await calm.posted(severity="high")
    second = await calm.another()
    calm.clock.forward(15 * 60)
    taken = [await first.parts.escalations.step(), await second.parts.escalations.step()]
    assert taken == [1, 0]
    # The first one is gone before it sent anything: the other sends what is written down.
    assert await second.parts.delivery.step() >= 1
    await calm.deliver()
    assert len(await calls(calm)) == 1


# Who is on duty ----------------------------------------------------------------------------------------------------


async def test_a_roster_is_kept_by_admin_agents_and_seen_by_all(calm: Desk) -> None:
    desk = calm
    assert "This week: nobody" in (await desk.ask("nora", "duty")).text
    for person in ("nora", "gus"):
        refused = await desk.ask(person, "duty add @[ada]")
        assert "Nothing was done" in refused.text, person
    assert "is not a member of this conversation" in (await desk.ask("ada", "duty add @[fay]")).text
    await desk.ask("ada", "duty add @[ada] @[nora]")
    shown = (await desk.ask("nora", "duty")).text
    assert "This week: Ada Lindqvist" in shown
    given = await desk.ask("max", "duty week next @[max]")
    assert "Max Okafor has week" in given.text
    assert "Max Okafor (stands in)" in given.text
    assert "rotation holds again" in (await desk.ask("max", "duty week next rotation")).text
    assert "Europe/Stockholm" in (await desk.ask("ada", "duty zone Europe/Stockholm")).text
    assert "no time zone" in (await desk.ask("ada", "duty zone Stockholm")).text
    assert "duty week" in (await desk.ask("ada", "duty week sometime @[max]")).text
    off = await desk.ask("ada", "duty escalate off")
    assert "escalation is off here" in off.text
    on = await desk.press("ada", off, "Turn escalation on")
    assert "High and medium after 15, 30 and 50 minutes" in on.card.text
    assert "out of this roster" in (await desk.ask("ada", "duty remove nora")).text
    assert "The roster is empty" in (await desk.ask("ada", "duty clear")).text
    done = [row.entry for row in await desk.audit() if row.entry.act == "duty roster"]
    assert [entry.detail["do"] for entry in done if entry.outcome == "done"] == [
        *("add", "week", "week", "zone", "escalate", "escalate", "remove", "clear")
    ]
    assert {entry.actor_name for entry in done if entry.outcome == "denied"} == {"Nora Meyer", "Gus Delgado"}


async def test_a_roster_belongs_to_the_conversation(calm: Desk) -> None:
    await calm.ask("ada", "duty add me")
    assert "Security Operations\nAda Lindqvist" in (await calm.ask("ada", "duty", "ada")).text
    assert "Say this there" in (await calm.ask("ada", "duty add me", "ada")).text
    assert "subscribe" in (await calm.ask("ada", "duty", "general")).text
    assert "subscribe" in (await calm.ask("ada", "duty add me", "general")).text
    for nonsense in ("duty ad me", "duty add", "duty escalate maybe", "duty tag", "duty clear all"):
        said = (await calm.ask("ada", nonsense)).text
        assert "duty" in said, nonsense
    assert "This week: Ada Lindqvist" in (await calm.ask("ada", "duty")).text
