"""Around every request: a measured answer in one error shape. Never a stack trace, never 500 for what a client sent."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.errors import AlertDeskError, Transient
from bot.telemetry.log import get_logger
from bot.telemetry.metrics import turn_seconds
from bot.web.answers import error

log = get_logger("web")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
    began = time.perf_counter()
    answer = await _answered(request, handler)
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "other"
    turn_seconds(route, answer.status).observe(time.perf_counter() - began)
    return answer


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as answer:
        if answer.status < 400:
            raise
        return error(answer.status, answer.reason.replace(" ", ""), answer.reason, _kept(answer))
    except web.RequestPayloadError:
        return error(400, "BadRequest", "The body of the request cannot be read.")
    except Transient as problem:
        log.warning("request_put_off", path=request.path, code=problem.code, problem=problem.message)
        return error(
            503, "TryAgain", "Something that the bot depends on does not answer. Try again.", {"Retry-After": "5"}
        )
    except AlertDeskError as problem:
        log.error("request_failed", path=request.path, code=problem.code, problem=problem.message)
        return error(500, "Failed", "The bot could not do this; its log says why.")
    except Exception:  # the outermost line of defence
        log.exception("request_broken", path=request.path)
        return error(500, "Internal", "Something went wrong in the bot; its log says what.")


def _kept(answer: web.HTTPException) -> dict[str, str]:
    allow = answer.headers.get("Allow")
    return {"Allow": allow} if allow else {}
