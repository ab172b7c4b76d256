"""A bot of a few lines for tests of the sandbox: checks the token of each activity as documented, and keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import jwt
from aiohttp import web

DEADLINE = 10.0


@dataclass
class FakeBot:
    """`received` holds every activity with a good token, `refused` why others were answered 401.

    `answers` says what invokes of a name get: JSON, or a function of the activity that gives status and JSON.
    """

    url: str = ""
    openid_url: str = ""
    app_id: str = ""
    received: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    hang: asyncio.Event | None = None
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def messages(self, request: web.Request) -> web.Response:
        activity = await request.json()
        problem = await self._check(request, activity)
        if problem:
            self.refused.append(problem)
            return web.json_response({"error": problem}, status=401)
        async with self._arrived:
            self.received.append(activity)
            self._arrived.notify_all()
        if self.hang is not None:
            await self.hang.wait()
        if activity["type"] == "invoke":
            answer = self.answers.get(activity["name"], {})
            status, body = answer(activity) if callable(answer) else (200, answer)
            return web.json_response(body, status=status)
        return web.Response(status=200)

    async def _check(self, request: web.Request, activity: dict[str, Any]) -> str | None:
        """https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication"""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            async with aiohttp.ClientSession() as http:
                async with http.get(self.openid_url) as answer:
                    metadata = await answer.json()
                async with http.get(metadata["jwks_uri"]) as answer:
                    keys = {key["kid"]: key for key in (await answer.json())["keys"]}
            key = keys.get(jwt.get_unverified_header(token)["kid"])
            if key is None:
                return "unknown key"
            if "msteams" not in key["endorsements"]:
                return "not endorsed"
            claims = jwt.decode(
                token, jwt.PyJWK(key).key, algorithms=["RS256"], audience=self.app_id, issuer=metadata["issuer"]
            )
        except jwt.InvalidTokenError as problem:
            return type(problem).__name__
        return None if claims["serviceurl"] == activity.get("serviceUrl") else "serviceurl"

    async def until(self, wanted: Callable[[list[dict[str, Any]]], bool]) -> None:
        """Wait until what was received is as wanted; fails after a deadline."""
        async with asyncio.timeout(DEADLINE), self._arrived:
            await self._arrived.wait_for(lambda: wanted(self.received))


@asynccontextmanager
async def running_bot() -> AsyncIterator[FakeBot]:
    bot = FakeBot()
    app = web.Application()
    app.router.add_post("/api/messages", bot.messages)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    bot.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield bot
    finally:
        await runner.cleanup()
