"""Signing in as people do it, for scenarios: what the Teams client does with login requests and OAuth cards, and a
browser that follows a sign-in link."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.texts.web import SIGNED_IN_TITLE
from tests.support.desk import Desk
from tests.support.seen import Answer, Card, Post

OAUTH = "card.oauth"
SIGNED_IN = SIGNED_IN_TITLE
"""What the page of a sign-in that came to its end says."""
MOST_HOPS = 6
ON_BEHALF_OF = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True)
class Page:
    """What a browser shows in the end, and the addresses that led there."""

    status: int
    text: str
    hops: tuple[str, ...]


class Browser:
    """One browser with cookies of its own. `who` is the account that Entra finds signed in there."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self._session, self._base_url = session, base_url

    async def use(self, who: str) -> None:
        async with self._session.get(f"{self._base_url}/client/people/{who}/signin") as answer:
            assert answer.status == 200

    async def get(self, address: str) -> tuple[int, str, str]:
        """Status, where it leads to, and the text."""
        async with self._session.get(address, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location", ""), await answer.text()

    async def open(self, address: str, *, until: str = "") -> Page:
        """Follow it to the end, or to the first address that contains `until`, which is not opened."""
        hops: list[str] = []
        for _ in range(MOST_HOPS):
            hops.append(address)
            if until and until in address:
                return Page(0, "", tuple(hops))
            status, location, text = await self.get(address)
            if status != 302:
                return Page(status, text, tuple(hops))
            address = location
        raise AssertionError(f"it never ends: {hops}")


@asynccontextmanager
async def browser(desk: Desk, who: str = "") -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=aiohttp.ClientTimeout(total=20)
    ) as session:
        found = Browser(session, desk.cloud.base_url)
        if who:
            await found.use(who)
        yield found


async def sso(desk: Desk, person: str, **spoilt: Any) -> str:
    """Teams' token of that person for the bot; see client_signin.sso_token for how it can be spoilt."""
    return str((await desk.client("ssotoken", person=person, **spoilt))["token"])


async def press(
    desk: Desk, person: str, post: Post, button: str, *, card: Card | None = None, token: str | None = None
) -> Answer:
    """Press it as the client does: where Teams' token is wanted, send the press again with it, once."""
    first = await desk.press(person, post, button, card=card)
    if first.kind != "login":
        return first
    return await again(desk, person, post, button, first, card=card, token=token or await sso(desk, person))


async def again(
    desk: Desk, person: str, post: Post, button: str, asked: Answer, *, token: str, card: Card | None = None
) -> Answer:
    """The press once more, with a token, after a login request."""
    value = asked.body["value"]
    sent = {"id": value["tokenExchangeResource"]["id"], "connectionName": value["connectionName"], "token": token}
    return await desk.press(person, post, button, card=card, authentication=sent)


async def exchange(desk: Desk, person: str, post: Post, **more: Any) -> tuple[int, Any]:
    """What one client does by itself when an OAuth card comes: status and body of the bot's answer."""
    resource = post.attached(OAUTH)["content"]["tokenExchangeResource"]
    answer = await desk.client(
        "signin", person=person, conversationId=post.where, messageId=post.id, exchangeId=resource["id"], **more
    )
    return answer["status"], answer["body"]


def link(shown: Answer | Post) -> str:
    """The one link of a card that asks for a sign-in; beside it there is only the way back."""
    buttons = shown.card.buttons
    assert next(iter(buttons)) == "Sign in"
    assert list(buttons)[1:] in ([], ["Back to the alert"], ["Back to the request"], ["Press again"]), list(buttons)
    action = buttons["Sign in"]
    assert action["type"] == "Action.OpenUrl"
    assert re.search(r"/auth/start\?act=[A-Za-z0-9_-]{20,}$", action["url"]), action["url"]
    return str(action["url"])


def grants(desk: Desk, since: int = 0) -> list[str]:
    """The grants that Entra was asked for, for people: `obo`, `refresh_token`, `authorization_code`."""
    short = {ON_BEHALF_OF: "obo"}
    asked = [
        (entry.body or {}).get("grant_type", "")
        for entry in desk.requests("entra", "POST", since=since)
        if isinstance(entry.body, Mapping)
    ]
    return [short.get(kind, kind) for kind in asked if kind and kind != "client_credentials"]


async def refused_sign_ins(desk: Desk) -> list[tuple[str, str]]:
    """(who, code) of the sign-ins that the bot refused and wrote down."""
    async with desk.parts.store.read() as tx:
        rows = [row async for row in tx.audit.rows("")]
    return [
        (row.entry.actor_name, row.entry.detail["code"])
        for row in rows
        if (row.entry.act, row.entry.outcome) == ("sign in", "denied")
    ]


async def shown_by(desk: Desk) -> str:
    """All that the bot shows: messages, answers, audit trails, metrics. For looking through."""
    parts: list[object] = [entry.response for entry in desk.requests("bot")]
    for place in desk.cloud.teams.conversations.values():
        parts += [message.activity for message in place.messages.values()]
    async with desk.parts.store.read() as tx:
        for partner in ("", *desk.parts.env.partners):
            parts += [row.entry async for row in tx.audit.rows(partner)]
    async with desk.http.get(f"{desk.bot.url}/metrics") as answer:
        parts.append(await answer.text())
    return "\n".join(map(str, parts))
