"""GET /auth/start?act=…: a person signs in (with multi-factor authentication, consent, or whatever was asked for), and
the act that waited for it goes on by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from bot.chat.signing_in import SigningIn
from bot.chat.turn import Turn, WentOn
from bot.domain.people import Person
from bot.ports import SignIn, UserTokens
from bot.texts import web as texts
from bot.web.answers import page
from bot.web.sign_in import SignInRoutes

AFTER = "act:"


class Acts:
    """`go_on` does what waited and returns what the browser tells."""

    def __init__(
        self,
        signing_in: SigningIn,
        tokens: UserTokens,
        sign_in: SignInRoutes,
        go_on: Callable[[Turn], Awaitable[WentOn]],
    ) -> None:
        self._signing_in, self._tokens, self._sign_in, self._go_on = signing_in, tokens, sign_in, go_on
        sign_in.starting(self.start)
        sign_in.after(AFTER, self._came_back)

    async def start(self, request: web.Request) -> web.StreamResponse:
        token = request.query["act"][:100]
        waiting = await self._signing_in.peek(token)
        if waiting is None:
            return page(404, texts.SIGN_IN_TITLE, texts.SIGN_IN_NOTHING)
        person = _person(waiting)
        claims, scope = (str(waiting.flow.get(name, "")) for name in ("claims", "scope"))
        return await self._sign_in.redirect(
            person_id=person.aad_id,
            tenant_id=person.tenant_id,
            after=f"{AFTER}{token}",
            begin=lambda state, address: self._tokens.begin(person, state, address, claims, scope),
        )

    async def _came_back(
        self, pending: SignIn, flow: Mapping[str, Any], answer: Mapping[str, str]
    ) -> web.StreamResponse:
        token = pending.after.removeprefix(AFTER)
        waiting = await self._signing_in.peek(token)
        person = _person(waiting) if waiting is not None else Person(pending.person_id, "", "", pending.tenant_id)
        await self._tokens.complete(person, flow, answer)
        turn = await self._signing_in.finish(token)
        if turn is None:
            return page(200, texts.SIGN_IN_TITLE, texts.SIGNED_IN_TOO_LATE)
        went = await self._go_on(turn)
        if went.link:
            return page(200, texts.SIGN_IN_TITLE, went.text, to=(went.link, texts.SIGN_IN_ON))
        return page(200, texts.SIGNED_IN_TITLE, went.text)


def _person(waiting: SignIn) -> Person:
    name, upn = str(waiting.flow.get("name", "")), str(waiting.flow.get("upn", ""))
    return Person(waiting.person_id, "", name, waiting.tenant_id, upn)
