"""POST /api/messages: Teams' activities. The endpoint itself knows no web framework; this hands it bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

HandleActivity = Callable[[str | None, str | None, bytes], Awaitable[tuple[int, bytes | None, Mapping[str, str]]]]


def routes(handle: HandleActivity, most_bytes: int) -> list[web.RouteDef]:
    """`handle(authorization, content_type, body)` answers with status, body and headers."""

    async def messages(request: web.Request) -> web.Response:
        body = await _bounded(request, most_bytes)
        status, answer, headers = await handle(
            request.headers.get("Authorization"), request.headers.get("Content-Type"), body
        )
        return web.Response(status=status, body=answer, headers=headers)

    return [web.post("/api/messages", messages)]


async def _bounded(request: web.Request, most_bytes: int) -> bytes:
    """The body, read no further than one byte over what is allowed: the endpoint then says that it is too large."""
    if request.content_length is not None and request.content_length <= most_bytes:
        return await request.read()
    parts, size = [], 0
    async for part in request.content.iter_chunked(65536):
        parts.append(part)
        size += len(part)
        if size > most_bytes:
            break
    return b"".join(parts)
