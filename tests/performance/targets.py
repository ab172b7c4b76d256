"""What the bot is measured beside: `python -m tests.performance.targets NAME CORE`, settings on stdin.

Each answers a signed invoke with one fixed card, and keeps no state.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from tests.performance.processes import pin
from tests.performance.world import APP_ID, ISSUER

Config = dict[str, Any]


def bare(config: Config) -> web.Application:
    """aiohttp and our own token check, nothing else: what no bot on aiohttp can surpass."""
    from bot.clock import SystemClock, SystemIds
    from bot.net.http import Hosts, Http
    from bot.teams.inbound import TokenCheck

    clock = SystemClock()
    http = Http(clock, SystemIds(), loopback=True)
    check = TokenCheck(
        http,
        clock,
        app_id=APP_ID,
        issuer=ISSUER,
        openid_url=config["metadata_url"],
        service_hosts=Hosts(("127.0.0.1",), True),
        loopback=True,
    )
    answer = orjson.dumps(config["answer"])

    async def messages(request: web.Request) -> web.Response:
        activity = orjson.loads(await request.read())
        await check.check(request.headers.get("Authorization"), activity["channelId"], activity["serviceUrl"])
        return web.Response(body=answer, content_type="application/json")

    app = web.Application()
    app.router.add_post("/api/messages", messages)
    return app


def botbuilder(config: Config) -> web.Application:
    """botbuilder-integration-aiohttp as it comes, but for the defect that answers 500 to every invoke with a body."""
    from botbuilder.core import ActivityHandler, InvokeResponse, TurnContext
    from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication, cloud_adapter

    serialise = cloud_adapter.serializer_helper
    cloud_adapter.serializer_helper = lambda thing: thing if isinstance(thing, dict) else serialise(thing)

    class Settings:
        APP_ID = APP_ID
        APP_PASSWORD = "not-asked-for"
        APP_TYPE = "MultiTenant"
        TO_BOT_FROM_CHANNEL_OPENID_METADATA_URL = config["metadata_url"]
        TO_BOT_FROM_EMULATOR_OPENID_METADATA_URL = config["metadata_url"]
        TO_BOT_FROM_CHANNEL_TOKEN_ISSUER = ISSUER
        TO_CHANNEL_FROM_BOT_LOGIN_URL = "https://login.microsoftonline.com/botframework.com"
        TO_CHANNEL_FROM_BOT_OAUTH_SCOPE = "https://api.botframework.com"
        OAUTH_URL = "https://token.botframework.com"

    class Bot(ActivityHandler):
        async def on_invoke_activity(self, turn_context: TurnContext) -> InvokeResponse:
            return InvokeResponse(status=200, body=config["answer"])

    adapter, bot = CloudAdapter(ConfigurationBotFrameworkAuthentication(Settings())), Bot()

    async def messages(request: web.Request) -> web.StreamResponse:
        return await adapter.process(request, bot)  # type: ignore[no-any-return]

    app = web.Application()
    app.router.add_post("/api/messages", messages)
    return app


def agents(config: Config) -> web.Application:
    """microsoft-agents-hosting-aiohttp as it comes. Its own tokens are a constant: none is ever sent."""
    from microsoft_agents.activity import InvokeResponse
    from microsoft_agents.hosting.aiohttp import CloudAdapter, jwt_authorization_middleware
    from microsoft_agents.hosting.core import ActivityHandler, AgentAuthConfiguration, TurnContext
    from microsoft_agents.hosting.core.authorization.jwt import jwt_token_validator

    jwt_token_validator.BOTFRAMEWORK_JWKS_URIS[ISSUER] = config["keys_url"]
    configuration = AgentAuthConfiguration(
        client_id=APP_ID, client_secret="not-asked-for", issuers=[ISSUER], validate_issuer=True
    )

    class Tokens:
        async def get_access_token(self, *_: Any, **__: Any) -> str:
            return "constant"

    class Connections:
        def get_token_provider(self, *_: Any) -> Tokens:
            return Tokens()

        def get_default_connection_configuration(self) -> AgentAuthConfiguration:
            return configuration

    class Bot(ActivityHandler):
        async def on_invoke_activity(self, turn_context: TurnContext) -> InvokeResponse:
            return InvokeResponse(status=200, body=config["answer"])

    adapter, bot = CloudAdapter(connection_manager=Connections()), Bot()  # type: ignore[arg-type]

    async def messages(request: web.Request) -> web.StreamResponse:
        answer = await adapter.process(request, bot)
        return answer if answer is not None else web.Response(status=500)

    app = web.Application(middlewares=[jwt_authorization_middleware])
    app["agent_configuration"] = configuration
    app.router.add_post("/api/messages", messages)
    return app


TARGETS: dict[str, Callable[[Config], web.Application]] = {
    "bare": bare,
    "botbuilder": botbuilder,
    "agents": agents,
}


async def _serve(app: web.Application) -> None:
    """Until standard input is closed."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
        await asyncio.to_thread(sys.stdin.read)
    finally:
        await runner.cleanup()


def main() -> None:
    name, core = sys.argv[1], int(sys.argv[2])
    pin(core)
    config = json.loads(sys.stdin.readline())
    asyncio.run(_serve(TARGETS[name](config)))


if __name__ == "__main__":
    main()
