"""One shape for every HTTP error, and headers that belong on every page of ours."""

from __future__ import annotations

import html

import orjson
from aiohttp import web

SAFE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """`{"error":{"code","message"}}`"""
    body = orjson.dumps({"error": {"code": code, "message": message}})
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


def page(status: int, title: str, text: str, form: str = "", *, to: tuple[str, str] | None = None) -> web.Response:
    """A small page for a person's browser. `form` is our own HTML; everything else is escaped. `to`: the address and
    the words of a link that leads on, for a form may lead nowhere but to ourselves."""
    on = f'<p><a href="{html.escape(to[0])}">{html.escape(to[1])}</a></p>' if to is not None else ""
    body = (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{html.escape(title)}</title>"
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1rem;"
        "color:#242424;background:#fff}button,a{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:4px;"
        "background:#4f52b2;color:#fff;cursor:pointer}a{display:inline-block;text-decoration:none}"
        "@media(prefers-color-scheme:dark){body{color:#eee;background:#1f1f1f}}</style>"
        f"<h1>{html.escape(title)}</h1><p>{html.escape(text)}</p>{form}{on}</html>"
    )
    return web.Response(status=status, text=body, content_type="text/html", headers=SAFE_HEADERS)
