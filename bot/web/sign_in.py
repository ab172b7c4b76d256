"""GET /auth/callback, and the way to it: who is in front of this browser, by Entra's authorization code flow with PKCE.

A state serves once, for ten minutes, for one person and one purpose; the browser that comes back must be the one that
was sent (a cookie), and the account that comes back must be that person's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from bot.errors import AlertDeskError, NotAllowed, UserError
from bot.ports import Environment, SignedIn, SignIn, SignInPage
from bot.services.exports import token_hash
from bot.telemetry.log import get_logger
from bot.texts import web as texts
from bot.web.answers import page

LIFE = timedelta(minutes=10)
_COOKIE = "alertdesk_signin"
log = get_logger("sign_in")

Start = Callable[[web.Request], Awaitable[web.StreamResponse]]
Begin = Callable[[str, str], Awaitable[tuple[str, Mapping[str, Any]]]]
"""(state, return address) -> (the page to send the browser to, what must be kept until it comes back)."""
ComeBack = Callable[[SignIn, Mapping[str, Any], Mapping[str, str]], Awaitable[web.StreamResponse]]
"""(what was pending, what was kept, what the browser brought). Raises UserError where that is not as it must be."""


class SignInRoutes:
    """`public_url` is the https base of this bot; without one nobody can be sent to sign in."""

    def __init__(self, env: Environment, entra: SignInPage, *, public_url: str, home_tenant: str) -> None:
        self._env, self._entra = env, entra
        self._public_url, self._home_tenant = public_url, home_tenant
        self._continues: dict[str, ComeBack] = {}
        self._start: Start | None = None

    @property
    def secure(self) -> bool:
        return self._public_url.startswith("https://")

    def after(self, prefix: str, go_on: ComeBack) -> None:
        """What goes on after a sign-in whose purpose begins with `prefix`."""
        self._continues[prefix] = go_on

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/auth/start", self.start), web.get("/auth/callback", self.callback)]

    def starting(self, start: Start) -> None:
        """What answers /auth/start: the one who knows what waits behind a link."""
        self._start = start

    async def start(self, request: web.Request) -> web.StreamResponse:
        """A sign-in begins with what waits for it; alone there is nothing to sign in for."""
        if self._start is None or not request.query.get("act"):
            return page(400, texts.SIGN_IN_TITLE, texts.SIGN_IN_NOTHING)
        return await self._start(request)

    async def redirect(
        self, *, person_id: str, tenant_id: str, after: str, begin: Begin | None = None
    ) -> web.StreamResponse:
        """Send the browser to Entra: to say who it is, or with `begin` for more. The state is bound to this person,
        this purpose and this browser."""
        if not self._public_url:
            return page(503, texts.SIGN_IN_TITLE, texts.SIGN_IN_NOT_SET_UP)
        state, browser = self._env.ids.token(), self._env.ids.token()
        try:
            if begin is not None:
                address, flow = await begin(state, self._callback)
            else:
                address, flow = await self._entra.begin(tenant_id or self._home_tenant, state, self._callback)
        except AlertDeskError as problem:
            log.warning("sign_in_not_begun", code=problem.code, problem=problem.message)
            return page(503, texts.SIGN_IN_TITLE, texts.SIGN_IN_AWAY)
        kept = {"flow": dict(flow), "browser": token_hash(browser)}
        async with self._env.store.write() as tx:
            await tx.sign_ins.add(
                SignIn(token_hash(state), person_id, tenant_id, after, kept, self._env.clock.now() + LIFE)
            )
        answer = web.Response(status=302, headers={"Location": address, "Cache-Control": "no-store"})
        answer.set_cookie(
            _cookie(state),
            browser,
            path="/auth",
            httponly=True,
            samesite="Lax",
            secure=self.secure,
            max_age=int(LIFE.total_seconds()),
        )
        return answer

    async def callback(self, request: web.Request) -> web.StreamResponse:
        answer = {name: value[:4096] for name, value in request.query.items()}
        browser = request.cookies.get(_cookie(answer.get("state", "")), "")
        state, now = token_hash(answer.get("state", "")), self._env.clock.now()
        async with self._env.store.write() as tx:
            pending = await tx.sign_ins.get(state, now)
            go_on = self._after(pending)
            if go_on is not None:  # what waits behind a link is none of these, and stays where it is
                pending = await tx.sign_ins.take(state, now)
        if go_on is None or pending is None or not browser or pending.flow.get("browser") != token_hash(browser):
            return page(400, texts.SIGN_IN_TITLE, texts.SIGN_IN_STALE)
        try:
            return await go_on(pending, pending.flow["flow"], answer)
        except UserError as problem:
            log.warning("sign_in_refused", expected=pending.person_id, code=problem.code)
            return page(403 if isinstance(problem, NotAllowed) else 400, texts.SIGN_IN_TITLE, problem.message)
        except AlertDeskError as problem:
            log.warning("sign_in_not_completed", code=problem.code, problem=problem.message)
            return page(503, texts.SIGN_IN_TITLE, texts.SIGN_IN_AWAY)

    def _after(self, pending: SignIn | None) -> ComeBack | None:
        if pending is None:
            return None
        return next((each for prefix, each in self._continues.items() if pending.after.startswith(prefix)), None)

    async def who(self, pending: SignIn, flow: Mapping[str, Any], answer: Mapping[str, str]) -> SignedIn:
        """Who came back. Raises NotAllowed where it is another account than the one that is expected."""
        who = await self._entra.complete(flow, answer)
        if who.person_id != pending.person_id or (pending.tenant_id and who.tenant_id != pending.tenant_id):
            raise NotAllowed(texts.SIGN_IN_OTHER, code="other_person")
        return who

    @property
    def _callback(self) -> str:
        return f"{self._public_url}/auth/callback"


def _cookie(state: str) -> str:
    """Its name: one for each sign-in, for a browser can have several under way. The state itself stays out of it."""
    return f"{_COOKIE}_{token_hash(state)[:16]}"
