"""Puts the services of the sandbox together into one aiohttp application, and runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.sandbox import (
    azure_portal,
    botframework,
    client,
    connector,
    control,
    entra,
    graph,
    page,
    partner_center,
    webhooks,
)
from bot.sandbox.cloud import CLOUD, Cloud, SandboxOptions
from bot.sandbox.faults import middleware

MAX_BODY = 32 * 1024 * 1024
SERVICES = (entra, botframework, graph, webhooks, partner_center, connector, azure_portal, client, control, page)


def build_sandbox(options: SandboxOptions | None = None) -> web.Application:
    """The whole cloud as one application; its state is `app[CLOUD]`. Set its `base_url` once the port is known."""
    cloud = Cloud(options)
    app = web.Application(middlewares=[middleware(cloud)], client_max_size=MAX_BODY)
    app[CLOUD] = cloud
    for service in SERVICES:
        app.router.add_routes(service.routes(cloud))
    app.on_startup.append(cloud.open)
    app.on_shutdown.append(cloud.close)
    return app


@asynccontextmanager
async def running(
    options: SandboxOptions | None = None, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Cloud]:
    """A cloud that answers on `cloud.base_url` while the block is open; port 0 takes a free one."""
    app = build_sandbox(options)
    cloud = app[CLOUD]
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.4)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        cloud.base_url = f"http://{host}:{runner.addresses[0][1]}"
        yield cloud
    finally:
        await runner.cleanup()
