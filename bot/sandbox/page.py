"""Serves the Teams-like page: `/`, its files under `/page/`, and the two browser libraries from `bot/sandbox/node`.

The page talks to `/client/…` and `/control/…`; this module knows nothing of either.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud

HERE = Path(__file__).parent
PAGE = HERE / "page"
PACKAGES = HERE / "node" / "node_modules"
VENDOR = {
    "adaptivecards.min.js": PACKAGES / "adaptivecards" / "dist" / "adaptivecards.min.js",
    "markdown-it.min.js": PACKAGES / "markdown-it" / "dist" / "browser" / "markdown-it.umd.min.js",
}
SERVED = frozenset({".html", ".css", ".js", ".svg"})
HEADERS = {
    # Nothing but the page's own scripts may run, whatever a card or a message carries.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: https: http://127.0.0.1:*; style-src 'self' 'unsafe-inline'; "
        "object-src 'none'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def routes(cloud: Cloud) -> list[web.RouteDef]:
    """`/`, `/page/{file}` and `/page/vendor/{library}`."""
    return [
        web.get("/", _index),
        web.get("/page/vendor/{name}", _vendor),
        web.get("/page/{path:.+}", _file),
    ]


async def _index(request: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE / "index.html", headers=HEADERS)


async def _file(request: web.Request) -> web.FileResponse:
    wanted = (PAGE / request.match_info["path"]).resolve()
    if not wanted.is_relative_to(PAGE.resolve()) or wanted.suffix not in SERVED or not wanted.is_file():
        raise web.HTTPNotFound(text="No such file of the page.")
    return web.FileResponse(wanted, headers=HEADERS)


async def _vendor(request: web.Request) -> web.FileResponse:
    wanted = VENDOR.get(request.match_info["name"])
    if wanted is None or not wanted.is_file():
        raise web.HTTPNotFound(text="This library is not installed: run `make setup`.")
    return web.FileResponse(wanted, headers=HEADERS)
