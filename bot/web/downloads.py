"""GET and POST /exports/{token}: a file for exactly the person who asked for it, after they signed in.

GET leads to the sign-in; the callback shows one button; its POST, with a cookie that only that browser got, consumes
the export and streams it.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from bot.errors import Unknown
from bot.ports import Environment, ExportKind, ExportRequest, SignIn
from bot.services.exports import Exports, token_hash
from bot.texts import web as texts
from bot.web.answers import SAFE_HEADERS, page
from bot.web.sign_in import SignInRoutes

AFTER = "export:"
_COOKIE = "alertdesk_export"
_TICKET_LIFE = timedelta(minutes=5)
_TYPES: Mapping[str, str] = {
    ExportKind.ALERTS: "text/csv; charset=utf-8",
    ExportKind.AUDIT: "application/jsonl; charset=utf-8",
    ExportKind.EVIDENCE: "application/zip",
}


class Downloads:
    def __init__(self, env: Environment, exports: Exports, sign_in: SignInRoutes) -> None:
        self._env, self._exports, self._sign_in = env, exports, sign_in
        sign_in.after(AFTER, self._signed_in)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/exports/{token:[A-Za-z0-9_-]{20,100}}", self.open),
            web.post("/exports/{token:[A-Za-z0-9_-]{20,100}}", self.download),
        ]

    async def open(self, request: web.Request) -> web.StreamResponse:
        found = await self._exports.by_token(request.match_info["token"])
        if found is None:
            return page(404, texts.EXPORT_TITLE, texts.EXPORT_GONE)
        return await self._sign_in.redirect(
            person_id=found.person_id, tenant_id=found.tenant_id, after=f"{AFTER}{request.match_info['token']}"
        )

    async def download(self, request: web.Request) -> web.StreamResponse:
        token = request.match_info["token"]
        ticket = request.cookies.get(_COOKIE, "")
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            allowed = await tx.sign_ins.take(token_hash(ticket), now) if ticket else None
        found = await self._exports.by_token(token)
        if allowed is None or found is None or allowed.after != f"download:{found.id}":
            return page(403, texts.EXPORT_TITLE, texts.EXPORT_AGAIN)
        try:
            taken = await self._exports.take(found.id, allowed.person_id, allowed.tenant_id)
        except Unknown as problem:
            return page(404, texts.EXPORT_TITLE, problem.message)
        return await self._stream(request, taken)

    async def _signed_in(
        self, pending: SignIn, flow: Mapping[str, Any], answer: Mapping[str, str]
    ) -> web.StreamResponse:
        who = await self._sign_in.who(pending, flow, answer)
        token = pending.after.removeprefix(AFTER)
        found = await self._exports.by_token(token)
        if found is None or found.person_id != who.person_id or (found.tenant_id and found.tenant_id != who.tenant_id):
            return page(404, texts.EXPORT_TITLE, texts.EXPORT_GONE)
        ticket = self._env.ids.token()
        expires = self._env.clock.now() + _TICKET_LIFE
        async with self._env.store.write() as tx:
            await tx.sign_ins.add(
                SignIn(token_hash(ticket), who.person_id, found.tenant_id, f"download:{found.id}", {}, expires)
            )
        action = f"/exports/{html.escape(token)}"
        form = f'<form method="post" action="{action}"><button>{html.escape(texts.DOWNLOAD)}</button></form>'
        if found.kind == ExportKind.ALERTS:
            ready = texts.export_ready(found.rows, found.file_name)
        else:
            ready = texts.file_ready(found.file_name)
        response = page(200, texts.EXPORT_TITLE, ready, form)
        response.set_cookie(
            _COOKIE, ticket, path=action, httponly=True, samesite="Strict", secure=self._sign_in.secure, max_age=300
        )
        return response

    async def _stream(self, request: web.Request, taken: ExportRequest) -> web.StreamResponse:
        answer = web.StreamResponse(
            headers={
                **SAFE_HEADERS,
                "Content-Type": _TYPES.get(taken.kind, "application/octet-stream"),
                "Content-Disposition": f'attachment; filename="{taken.file_name}"',
            }
        )
        answer.del_cookie(_COOKIE, path=request.path)
        await answer.prepare(request)
        async for part in self._exports.content(taken):
            await answer.write(part)
        await answer.write_eof()
        return answer
