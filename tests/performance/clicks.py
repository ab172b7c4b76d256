"""A verdict from the pressed button to the answer, the bot and a sandbox cloud as programs of their own."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path
from time import perf_counter

import aiohttp

from bot.sandbox.app import running
from bot.sandbox.botframework import sign_activity
from bot.sandbox.cloud import Cloud
from bot.sandbox.control_settings import bot_settings
from bot.sandbox.teams_activities import activity
from tests.performance.processes import bot

_PARTNER = "northwind"
_WAIT = 30.0


async def measure(folder: Path, *, clicks: int, core: int) -> dict[str, float]:
    """Milliseconds of a click on *Mark as fraud*, role check, PATCH and reading again included; one after another."""
    async with running() as cloud:
        numbered = folder / "clicks.db"
        environment = bot_settings(cloud, "http://127.0.0.1:1", "app") | {
            "ALERTDESK_DATABASE_URL": f"sqlite:///{numbered}",
            "ALERTDESK_POLL_SECONDS": "3600",
        }
        wanted = [cloud.raise_alert({"partner": _PARTNER})["id"] for _ in range(clicks)]
        # In a thread: this process must go on answering as the cloud while the bot starts and ends.
        with ExitStack() as stack:
            started = await asyncio.to_thread(stack.enter_context, bot("clicks", environment, core))
            try:
                numbers = await _numbers(numbered, wanted)
                return await _press(cloud, f"http://127.0.0.1:{started.port}/api/messages", numbers)
            finally:
                await asyncio.to_thread(stack.close)


async def _numbers(database: Path, wanted: list[str]) -> list[int]:
    """The short numbers of these alerts, as soon as the bot has read all of them."""

    def read() -> dict[str, int]:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            try:
                return dict(connection.execute("SELECT id, number FROM alerts"))
            except sqlite3.OperationalError:
                return {}  # the bot makes its tables just now

    async with asyncio.timeout(_WAIT):
        while not set(wanted) <= (known := await asyncio.to_thread(read)).keys():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return [known[one] for one in wanted]


async def _press(cloud: Cloud, url: str, numbers: list[int]) -> dict[str, float]:
    world = cloud.world
    partner = world.partner(_PARTNER)
    channel = next(c for team in world.teams if team.tenant_id == partner.tenant_id for c in team.channels if c.routed)
    conversation = cloud.teams.conversations[channel.id]
    person = next(
        p for p in world.people.values() if partner.admin_agents_group_id in world.memberships(p.aad_object_id)
    )
    taken = []
    async with aiohttp.ClientSession() as client:
        for index, number in enumerate(numbers):
            data = {"alert": number, "version": 1}
            value = {"action": {"type": "Action.Execute", "verb": "alert.fraud", "data": data}, "trigger": "manual"}
            pressed = activity(cloud, conversation, person, "invoke", name="adaptiveCard/action", value=value)
            token = sign_activity(cloud, pressed["serviceUrl"])
            began = perf_counter()
            async with client.post(url, json=pressed, headers={"Authorization": f"Bearer {token}"}) as answer:
                body = await answer.json()
            if index >= len(numbers) // 10:  # the first ones open connections and get tokens
                taken.append(1000 * (perf_counter() - began))
            if body.get("statusCode") != 200 or "card" not in str(body.get("type")):
                raise RuntimeError(f"a verdict was answered with {json.dumps(body)[:300]}")
    taken.sort()
    return {"p50": taken[len(taken) // 2], "p95": taken[int(len(taken) * 0.95)], "count": len(taken)}
