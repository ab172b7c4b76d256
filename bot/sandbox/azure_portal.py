"""The Azure portal below B/azureportal: one plain page that says what was opened. It can do nothing."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Azure portal (sandbox)</title>
<body style="font-family:sans-serif;margin:3rem;max-width:50rem"><h1>Azure portal (sandbox)</h1>
<p>In the real cloud this opens the portal at:</p>
<p><code>https://portal.azure.com/{path}<span id="f"></span></code></p>
<script>document.getElementById("f").textContent=location.hash</script></body></html>"""


def routes(cloud: Cloud) -> list[web.RouteDef]:
    async def opened(request: web.Request) -> web.Response:
        path = escape(request.match_info["path"])
        return web.Response(text=PAGE.replace("{path}", path), content_type="text/html")

    return [web.get("/azureportal/{path:.*}", opened), web.get("/azureportal", _to_slash)]


async def _to_slash(_: web.Request) -> web.Response:
    raise web.HTTPFound("/azureportal/")
