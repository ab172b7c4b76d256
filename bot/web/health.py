"""GET /healthz (the loop turns), /readyz (turns can be taken; by part), /metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.errors import AlertDeskError, Transient
from bot.ports import Environment, ReaderSignIns
from bot.telemetry.metrics import REGISTRY
from bot.texts import tokens as texts

_PART_SECONDS = 3.0
_DAY = 86_400.0
_WARN_DAYS = 14


def routes(
    env: Environment,
    bot_token: Callable[[], Awaitable[object]],
    readers: ReaderSignIns | None = None,
    *,
    services: Callable[[], Mapping[str, object]] = dict,
    starting: Callable[[], str] = str,
) -> list[web.RouteDef]:
    """`bot_token` gets the token that answers are sent with; turns cannot be taken without it. `readers` is None where
    nothing can be read with a person's sign-in. `services` tells how those outside answered lately, `starting` what the
    bot waits for before it can work; empty when it does."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_request: web.Request) -> web.Response:
        waits_for = starting()
        store, token = await asyncio.gather(_part(_opened(env, waits_for)), _part(bot_token()))
        parts: dict[str, object] = {"store": store, "token": token, "services": dict(services())}
        if store["ok"]:
            parts |= await _waiting(env)
            if readers is not None and (found := await _readers(env, readers)):
                parts["readers"] = found
        ready = bool(store["ok"] and token["ok"])
        body = orjson.dumps({"ready": ready, **parts})
        return web.Response(status=200 if ready else 503, body=body, content_type="application/json")

    async def metrics(_request: web.Request) -> web.Response:
        body = await asyncio.to_thread(generate_latest, REGISTRY)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]


async def _opened(env: Environment, waits_for: str) -> None:
    if waits_for:
        raise Transient(waits_for)
    await env.store.ping()


async def _part(question: Awaitable[object]) -> dict[str, object]:
    try:
        async with asyncio.timeout(_PART_SECONDS):
            await question
    except TimeoutError:
        return {"ok": False, "problem": "no answer in time"}
    except AlertDeskError as problem:
        return {"ok": False, "problem": problem.message}
    return {"ok": True}


async def _readers(env: Environment, readers: ReaderSignIns) -> dict[str, object]:
    """By partner, until when the sign-in holds with which its alerts are read, in days; each use makes it new. Where it
    was revoked or ended before, the `problem` of the last reading tells, whichever replica read."""
    told: dict[str, object] = {}
    for partner in env.partners.values():
        if partner.reader == "app":
            continue
        try:
            async with asyncio.timeout(_PART_SECONDS):
                ends = await readers.ends_at(partner)
                async with env.store.read() as tx:
                    problem = (await tx.syncs.get(partner.tenant_id)).error or None
        except TimeoutError:
            told[partner.tenant_id] = {"problem": "no answer in time"}
            continue
        except AlertDeskError as problem:
            told[partner.tenant_id] = {"problem": problem.message}
            continue
        if ends is not None:
            days = round((ends - env.clock.now()).total_seconds() / _DAY, 1)
            warning = texts.reader_ends(partner.name, max(0, int(days))) if days < _WARN_DAYS else None
            found = {"sign_in_ends": ends.isoformat(), "days_left": days, "warning": warning, "problem": problem}
            told[partner.tenant_id] = found
    return told


async def _waiting(env: Environment) -> dict[str, object]:
    """What is told beside, and stops no turn: the outbox, and how far each partner's alerts are read."""
    now = env.clock.now()
    try:
        async with env.store.read() as tx:
            counts = await tx.outbox.counts()
            oldest = await tx.outbox.oldest_waiting()
            syncs = [await tx.syncs.get(partner) for partner in env.partners]
            routes = [route for route in await tx.conversations.routes() if route.on]
            wanted = {route.conversation_id for route in routes}
            unheard = [each for each in sorted(wanted) if await tx.conversations.get(each) is None]
    except AlertDeskError as problem:
        return {"outbox": {"problem": problem.message}}
    return {
        "outbox": {
            "items": dict(counts),
            "oldest_seconds": round(max(0.0, (now - oldest).total_seconds()), 1) if oldest else 0,
        },
        # Alerts are sent there as soon as somebody there says a word to the bot, or installs it.
        "conversations_never_heard_of": unheard,
        "partners": {
            sync.partner: {
                "first_sync_done": sync.baseline,
                "read_seconds_ago": round((now - sync.last_open_at).total_seconds(), 1) if sync.last_open_at else None,
                "problem": sync.error or None,
            }
            for sync in syncs
        },
    }
