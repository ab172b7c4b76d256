"""A storm over HTTP: thousands of alerts at once, Teams' limits kept as Teams counts them, every alert within reach."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import pytest

from bot.domain.alerts import AlertKey
from tests.support.desk import Desk
from tests.support.seen import Post

MANY = 5_000
AT_ONCE = 50
NUMBER = re.compile(r"A-\d+")


async def rain(desk: Desk, count: int, **fields: Any) -> set[str]:
    """So many new alerts at Partner Center, raised through the sandbox's controls; their ids."""
    found: set[str] = set()
    for start in range(0, count, AT_ONCE):
        raised = await asyncio.gather(
            *(
                desk.control("alerts", {"partner": "northwind", "displayName": f"Storm {number}", **fields})
                for number in range(start, min(start + AT_ONCE, count))
            )
        )
        found |= {alert["id"] for alert in raised}
    return found


async def roots(desk: Desk) -> list[Post]:
    """What the bot posted into the channel, replies left out."""
    return [post for post in await desk.posts(limit=1000) if post.by_bot and post.thread is None]


async def labels(desk: Desk, ids: set[str]) -> set[str]:
    tenant = desk.partner().tenant_id
    async with desk.parts.store.read() as tx:
        return {record.label for record in (await tx.alerts.many(AlertKey(tenant, each) for each in ids)).values()}


async def paged_from(desk: Desk, post: Post, title: str = "All since") -> set[str]:
    """The numbers of all alerts that one comes across by paging from this post on."""
    answer = await desk.press("ada", post, next(each for each in post.card.buttons if each.startswith(title)))
    seen: set[str] = set()
    while True:
        seen |= set(NUMBER.findall(answer.card.text))
        if "Next" not in answer.card.buttons:
            return seen
        answer = await desk.press("ada", post, "Next", card=answer.card)


@pytest.mark.timeout(600)
async def test_five_thousand_alerts_in_a_minute(desk: Desk) -> None:
    before = {post.id for post in await roots(desk)}
    ids = await rain(desk, MANY)
    mark, began = desk.mark(), time.monotonic()
    await desk.poll()
    print(f"{MANY:,} alerts taken in within {time.monotonic() - began:.0f} s")  # noqa: T201 figures are wanted
    for _ in range(3):
        await desk.deliver()
        desk.clock.forward(10)

    posts = [post for post in await roots(desk) if post.id not in before]
    assert 1 <= len(posts) <= 20
    assert desk.over_limit() == []
    assert all(entry.status < 300 for entry in desk.requests("connector", since=mark))
    rollups = [post for post in posts if "Many alerts at once" in post.text]
    reached: set[str] = set()
    for post in rollups:
        reached |= await paged_from(desk, post)
    assert await labels(desk, ids) <= reached


async def test_a_storm_of_one_subscription_and_the_calm_after_it(desk: Desk) -> None:
    subscription = next(
        each
        for each in desk.cloud.world.entitlements.values()
        if desk.cloud.world.customers[each.customer_tenant_id].partner_tenant_id == desk.partner().tenant_id
    )
    desk.clock.forward(600)  # the first cards of the route are no longer new
    before = {post.id for post in await roots(desk)}
    ids = await rain(desk, 12, subscriptionId=subscription.id, severity="high")
    single = await desk.alert(subscriptionId=_another(desk, subscription.id))
    await desk.poll()
    await desk.deliver()
    (rollup,) = [post for post in await roots(desk) if "Many alerts at once" in post.text]
    assert await labels(desk, ids) <= await paged_from(desk, rollup, "Unresolved since")
    assert await desk.card(single)

    shown = await desk.press("ada", rollup, rollup.card.button(next(iter(_rows(rollup)))))
    assert "Storm" in shown.card.text
    by_id = {alert["id"]: alert for alert in desk.cloud.world.alerts[desk.partner().tenant_id].values()}
    decided = sorted(ids)[:3]
    for alert_id in decided:
        await desk.in_portal(by_id[alert_id], "resolve", reason="fraud", by="ada")
    desk.clock.forward(60)
    await desk.poll()
    desk.clock.forward(60)
    await desk.deliver()
    assert "3: 3 fraud" in (await desk.post_now(rollup.id)).text
    (line,) = await desk.lines(rollup)
    assert line.startswith("3 of these alerts were decided or changed")

    desk.clock.forward(600)
    for _ in range(4):
        await desk.parts.calming.step()
        await desk.deliver()
        desk.clock.forward(15)
    assert "Calm since" in (await desk.post_now(rollup.id)).text
    back = [post for post in await roots(desk) if post.id not in before]
    assert len(back) == 1 + 1 + 9
    assert desk.over_limit() == []


def _another(desk: Desk, subscription_id: str) -> str:
    tenant = desk.partner().tenant_id
    customers = desk.cloud.world.customers
    return next(
        each.id
        for each in desk.cloud.world.entitlements.values()
        if customers[each.customer_tenant_id].partner_tenant_id == tenant and each.id != subscription_id
    )


def _rows(post: Post) -> list[str]:
    return [title for title in post.card.buttons if title.startswith("Show A-")]
