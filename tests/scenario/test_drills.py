"""A drill from the command to its report, over HTTP, while Partner Center hears nothing of it."""

from __future__ import annotations

from typing import Any

from bot.texts import drills as texts
from bot.texts import en
from tests.support.desk import Desk
from tests.support.seen import Post

DRILL = {"displayName": texts.NAME}


async def reported(desk: Desk) -> None:
    await desk.parts.drills.step()
    await desk.deliver()


async def begun(desk: Desk, words: str = "drill", where: str = "alerts") -> Post:
    """The drill's card, nine seconds after it was asked for."""
    assert "has begun" in (await desk.ask("ada", words, where)).text
    desk.clock.forward(9)
    await desk.settle("northwind")
    return await desk.card(DRILL, where)


def told_microsoft(desk: Desk, since: int) -> list[str]:
    services = ("graph", "partnercenter")
    paths = [entry.path for name in services for entry in desk.requests(name, since=since)]
    return [path for path in paths if "drill" in path.lower()]


async def test_a_whole_drill(desk: Desk) -> None:
    before, deeds = desk.mark(), len(desk.deeds())
    post = await begun(desk)
    assert en.DRILL_BADGE in post.text
    assert en.DRILL_CUSTOMER in post.text
    assert {en.CANCEL_SUBSCRIPTION, en.OPEN_PARTNER_CENTER, en.TEST_BADGE} & {
        *post.card.buttons,
        *post.text.split(),
    } == set()
    desk.clock.forward(111)
    await desk.press("ada", post, "Investigate")
    await desk.deliver()
    desk.clock.forward(240)
    await desk.press("max", await desk.post_now(post.id), "Mark as fraud")
    await reported(desk)
    done = await desk.post_now(post.id)
    assert "Fraud by Max" in done.text
    said = [line for line in await desk.lines(post) if line.startswith("Drill ")]
    assert len(said) == 1
    assert f"Drill {post.card.label} is over. Recorded after " in said[0]
    assert "taken up after 2 min" in said[0]
    assert "within the 15 min to aim at" in said[0]
    assert "as fraud by Max" in said[0]
    assert "decided after 6 min" in said[0]
    assert len(desk.deeds()) == deeds
    assert told_microsoft(desk, before) == []
    rows = [(row.entry.act, row.entry.outcome) for row in await desk.audit() if row.entry.act == "drill"]
    assert rows == [("drill", "asked"), ("drill", "done")]
    report = await desk.ask("nora", "drill report")
    assert post.card.label in report.text
    assert "as fraud by Max" in report.text


async def test_typed_in_its_thread_and_never_read_from_microsoft(desk: Desk) -> None:
    before = desk.mark()
    post = await begun(desk, "drill medium")
    for _ in range(3):
        await desk.settle("northwind")
    await desk.say("ada", "investigate", thread=post.id)
    await desk.say("ada", "note the phone rang", thread=post.id)
    await desk.say("ada", "mark legitimate all is well", thread=post.id)
    refused = await desk.ask("ada", "cancel", thread=post.id)
    assert "is a drill" in refused.text
    await reported(desk)
    lines = await desk.lines(post)
    assert any("marked" in line and "as legitimate" in line for line in lines)
    assert any(line.startswith("Drill ") for line in lines)
    assert told_microsoft(desk, before) == []


async def test_nobody_answers_a_drill(desk: Desk) -> None:
    post = await begun(desk)
    assert "still open" in (await desk.ask("max", "drill")).text
    desk.clock.forward(3600)
    await reported(desk)
    (line,) = [line for line in await desk.lines(post) if line.startswith("Drill ")]
    assert "nobody decided on it within 1 h" in line
    assert "taken up by nobody" in line
    assert en.MARK_FRAUD not in (await desk.post_now(post.id)).card.buttons
    assert "Not answered." in (await desk.ask("nora", "drill report")).text


async def test_who_may_begin_one_and_where(desk: Desk) -> None:
    assert "Admin Agent" in (await desk.ask("nora", "drill")).text
    assert "do not come here" in (await desk.ask("ada", "drill", "ada")).text
    denied: list[Any] = [row for row in await desk.audit() if row.entry.outcome == "denied"]
    assert [row.entry.act for row in denied] == ["drill"]


async def test_another_bot_goes_on_with_it(desk: Desk) -> None:
    post = await begun(desk)
    await desk.another()
    await desk.press("ada", post, "Mark as fraud")
    await reported(desk)
    assert any(line.startswith("Drill ") for line in await desk.lines(post))


async def test_it_runs_by_itself(desk: Desk) -> None:
    await desk.another(background=True)
    await desk.ask("ada", "drill")
    post = await desk.appeared(DRILL)
    await desk.press("ada", post, "Mark as fraud")

    async def told() -> bool:
        return any(line.startswith("Drill ") for line in await desk.lines(post))

    await desk.eventually(told, "the report of the drill")
