"""Many alerts marked at once: what goes to Partner Center, what is read there, and what everybody sees."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.support.desk import Desk
from tests.support.seen import Answer, Post

COUNT = 12
BUTTON = f"Mark these {COUNT} active…"


async def stocked(desk: Desk) -> list[dict[str, Any]]:
    """Twelve new alerts, and nothing else that is open."""
    for old in list(desk.cloud.world.alerts[desk.partner().tenant_id].values()):
        if old["status"] != "resolved":
            await desk.in_portal(old, "resolve", reason="legitimate", by="max")
    alerts = [await desk.alert() for _ in range(COUNT)]
    await desk.poll()
    await desk.deliver()
    return alerts


async def filled_in(desk: Desk, person: str, shown: Post, verdict: str = "fraud", note: str = "mining") -> Answer:
    form = await desk.open_dialog(person, shown, BUTTON)
    assert form.kind == "dialog", form.body
    return await desk.send_dialog(person, shown, form, verdict=verdict, note=note)


def reads(desk: Desk, since: int) -> tuple[int, int]:
    """(pages of the list, alerts by their id) that were read."""
    paths = [entry.path for entry in desk.requests("graph", "GET", since=since) if "securityAlerts" in entry.path]
    by_id = [path for path in paths if not path.split("?")[0].endswith("securityAlerts")]
    return len(paths) - len(by_id), len(by_id)


async def over(desk: Desk) -> None:
    async def ended() -> bool:
        async with desk.parts.store.read() as tx:
            return not await tx.bulk.open_runs(1)

    await desk.eventually(ended, "the end of the run")
    for _ in range(4):
        desk.clock.forward(10)
        await desk.deliver()


async def test_a_set_is_marked_with_one_change_each_and_two_readings_of_the_list(desk: Desk) -> None:
    alerts = await stocked(desk)
    shown = await desk.ask("ada", "show active")
    before = desk.mark()
    answer = await filled_in(desk, "ada", shown)
    assert answer.text == f"{COUNT} alerts are being marked as fraud; the result shows here."
    await over(desk)
    assert reads(desk, before) == (2, 0)
    assert [entry.body for entry in desk.requests("graph", "PATCH", since=before)] == [
        {"status": "resolved", "resolvedReason": "fraud"}
    ] * COUNT
    assert {desk.at_partner_center(each)["resolvedReason"] for each in alerts} == {"fraud"}
    said = [post for post in await desk.posts(person="nora") if post.thread == shown.thread and post.by_bot]
    assert f"Ada Lindqvist marked {COUNT} of {COUNT} alerts as fraud" in said[-2].text
    assert said[-1].text == f"Ada Lindqvist marked {COUNT} alerts as fraud. Note: mining"
    acts = [(row.entry.act, row.entry.outcome) for row in await desk.audit()]
    assert acts.count(("mark fraud", "done")) == COUNT
    assert acts.count(("bulk mark fraud", "done")) == 1


async def test_two_people_at_once_make_one_change_each_and_the_second_is_told(desk: Desk) -> None:
    await stocked(desk)
    shown = await desk.ask("ada", "show active")
    await desk.fault("graph", "PATCH", times=None, latency=0.1)
    answers = await asyncio.gather(
        filled_in(desk, "ada", shown, "fraud"), filled_in(desk, "max", shown, "legitimate", "")
    )
    await over(desk)
    assert len(desk.requests("graph", "PATCH")) == len(desk.deeds()) == COUNT
    assert len({entry.body["resolvedReason"] for entry in desk.requests("graph", "PATCH")}) == 1
    first, second = sorted(answers, key=lambda answer: "Nothing was sent" in answer.text)
    assert "are being marked" in first.text
    assert "Nothing was sent" in second.text
    winner = "Ada Lindqvist" if "as fraud" in first.text else "Max Okafor"
    assert winner in second.text


async def test_throttling_and_lost_answers_end_with_one_verdict_each(desk: Desk) -> None:
    await stocked(desk)
    shown = await desk.ask("ada", "show active")
    await desk.fault("graph", "PATCH", times=2, status=429, retry_after=3)
    assert "are being marked" in (await filled_in(desk, "ada", shown)).text
    await over(desk)
    assert len(desk.deeds()) == COUNT
    await desk.heal()


async def test_a_dropped_answer_is_looked_at_and_not_sent_again(desk: Desk) -> None:
    await stocked(desk)
    shown = await desk.ask("ada", "show active")
    before = desk.mark()
    await desk.fault("graph", "PATCH", times=3, drop="after")
    await filled_in(desk, "ada", shown)
    await over(desk)
    assert len(desk.requests("graph", "PATCH", since=before)) == len(desk.deeds()) == COUNT
    assert reads(desk, before) == (2, 0)


async def test_who_is_no_admin_agent_sees_no_form(desk: Desk) -> None:
    await stocked(desk)
    shown = await desk.ask("nora", "show active")
    for person in ("nora", "gil", "gus"):
        answer = await desk.open_dialog(person, shown, BUTTON)
        assert answer.kind == "message"
        assert "Nothing was done" in answer.text
    assert not desk.requests("graph", "PATCH")


async def test_where_partner_center_knows_no_filter_all_of_it_is_read(desk: Desk) -> None:
    await stocked(desk)
    await desk.switch(filter_unsupported=True)
    shown = await desk.ask("ada", "show active")
    await filled_in(desk, "ada", shown, "ignore", "our own tests")
    await over(desk)
    assert len(desk.deeds()) == COUNT


async def test_the_roll_up_of_a_storm_offers_it_too(desk: Desk) -> None:
    await stocked(desk)
    known = desk.cloud.world.alerts[desk.partner().tenant_id]
    some = next(iter(known.values()))["subscriptionId"]
    for _ in range(9):
        await desk.alert(subscriptionId=some)
    await desk.poll()
    for _ in range(12):  # send windows let through what they let through
        await desk.deliver()
        desk.clock.forward(5)
    offered = [post for post in await desk.posts() if post.has_card and "alerts.bulk" in str(post.json)]
    assert offered, "a roll-up card with the button"
    title = next(title for title in offered[-1].card.buttons if title.startswith("Mark "))
    form = await desk.open_dialog("ada", offered[-1], title)
    answer = await desk.send_dialog("ada", offered[-1], form, verdict="fraud", note="storm")
    assert "are being marked as fraud" in answer.text
    await over(desk)
    assert len(desk.deeds()) >= 2
    line = [post for post in await desk.posts() if post.thread == offered[-1].id and post.by_bot][-1]
    assert line.text.startswith("Ada Lindqvist marked")
