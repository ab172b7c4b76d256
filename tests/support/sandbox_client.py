"""The Teams-like client of a running sandbox as tests use it, with a bot of a few lines that it delivers to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from bot.sandbox.app import running
from bot.sandbox.cloud import Cloud, SandboxOptions
from tests.support.fake_bot import FakeBot

ANNOUNCED = 20
"""What a new bot is told: two activities for each of 4 standard channels and 5 personal chats, one for each of a shared
and a private channel."""


class Client:
    """Posts to B/client and reads from it."""

    def __init__(self, cloud: Cloud, http: aiohttp.ClientSession) -> None:
        self.cloud, self.http = cloud, http

    async def post(self, path: str, status: int = 200, **body: Any) -> Any:
        async with self.http.post(f"{self.cloud.base_url}/client/{path}", json=body) as answer:
            text = await answer.text()
            assert answer.status == status, text
            return json.loads(text)

    async def get(self, path: str, status: int = 200) -> Any:
        async with self.http.get(f"{self.cloud.base_url}/client/{path}") as answer:
            text = await answer.text()
            assert answer.status == status, text
            return json.loads(text)


@asynccontextmanager
async def cloud_with(bot: FakeBot) -> AsyncIterator[Cloud]:
    """A sandbox that has told this bot where it is installed; what was told is kept in `bot.received`."""
    async with running(SandboxOptions(bot_url=bot.url)) as cloud:
        bot.openid_url = f"{cloud.base_url}/botframework/v1/.well-known/openidconfiguration"
        bot.app_id = cloud.world.app.app_id
        await bot.until(lambda received: len(received) == ANNOUNCED)
        yield cloud
