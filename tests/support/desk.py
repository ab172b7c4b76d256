"""The whole bot on a sandbox cloud, for scenario tests: people act through the Teams-like client's API, signed
activities go to the bot over HTTP, and what it did is read from the cloud.

Workers do not run by themselves: a test polls and delivers when it wants to. Pauses of the bot take no time, they move
its clock, and the cloud's send limits are counted on the same clock.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import web

from bot.app import PARTS, Parts, build_app
from bot.domain.alerts import AlertKey, AlertRecord
from bot.domain.audit import AuditRow
from bot.domain.people import Partner
from bot.sandbox.app import running
from bot.sandbox.client_lifecycle import announce
from bot.sandbox.cloud import Cloud, SandboxOptions
from bot.sandbox.teams import Conversation
from bot.services.intake import Round
from bot.settings import load
from tests.support.seen import Answer, Card, Post

DEADLINE = 20.0
MOST_STEPS = 400
CHANNELS = {
    "alerts": ("Security Operations", "Alerts"),
    "general": ("Security Operations", "General"),
    "joint": ("Security Operations", "Joint response"),
    "leads": ("Security Operations", "Leads only"),
    "fabrikam": ("Fabrikam SOC", "Alerts"),
    "fabrikam general": ("Fabrikam SOC", "General"),
}
"""What scenarios call the channels: team and channel. `joint` is shared, `leads` private."""


class ShiftClock:
    """The real clock, ahead by what was slept or asked for. With `real` pauses take their time."""

    def __init__(self, *, real: bool = False) -> None:
        self.real = real
        self.ahead = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    async def sleep(self, seconds: float) -> None:
        if not self.real:
            self.ahead += max(0.0, seconds)
        await asyncio.sleep(seconds if self.real else 0)

    def forward(self, seconds: float) -> None:
        self.ahead += seconds


@dataclass
class Bot:
    """One bot process' worth of application, listening."""

    url: str
    app: web.Application
    runner: web.AppRunner

    @property
    def parts(self) -> Parts:
        return self.app[PARTS]


@dataclass
class Desk:
    """`bot` is the one that Teams talks to. `settings` are the environment that it was started with."""

    cloud: Cloud
    http: aiohttp.ClientSession
    clock: ShiftClock
    settings: dict[str, str]
    bot: Bot
    _names: int = 0
    _runners: list[web.AppRunner] = field(default_factory=list)

    # the bot -------------------------------------------------------------------------------------------------------

    @property
    def parts(self) -> Parts:
        return self.bot.parts

    def partner(self, key: str = "northwind") -> Partner:
        return self.parts.env.partners[self.cloud.world.partner(key).tenant_id]

    async def poll(self, key: str = "northwind") -> Round:
        return await self.parts.intake.poll(self.partner(key))

    async def deliver(self) -> int:
        """Send what is due, until nothing is. How many items were taken up."""
        taken = 0
        for _ in range(MOST_STEPS):
            if not (step := await self.parts.delivery.step()):
                return taken
            taken += step
        raise AssertionError(f"the outbox is never empty: {await self.outbox()}")

    async def settle(self, *keys: str) -> None:
        """Poll these partners (all, where none is named) and deliver."""
        for key in keys or ("northwind", "fabrikam"):
            await self.poll(key)
        await self.deliver()

    async def outbox(self) -> dict[str, int]:
        async with self.parts.store.read() as tx:
            return {state: count for state, count in (await tx.outbox.counts()).items() if count and state != "sent"}

    async def record(self, alert: Mapping[str, Any], key: str = "northwind") -> AlertRecord:
        async with self.parts.store.read() as tx:
            found = await tx.alerts.get(AlertKey(self.partner(key).tenant_id, alert["id"]))
        assert found is not None, f"{alert['id']} is not in the store"
        return found

    async def audit(self, key: str = "northwind") -> list[AuditRow]:
        async with self.parts.store.read() as tx:
            return [row async for row in tx.audit.rows(self.partner(key).tenant_id)]

    async def until(self, condition: Callable[[], Any], what: str = "") -> None:
        """Wait until the condition holds; fails after a deadline."""
        try:
            async with asyncio.timeout(DEADLINE):
                while not condition():  # noqa: ASYNC110 what is waited for happens in other programs' parts
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"did not happen in {DEADLINE:g} s: {what or condition}") from None

    async def eventually(self, condition: Callable[[], Awaitable[Any]], what: str = "") -> None:
        """As `until`, for a condition that must itself ask."""
        try:
            async with asyncio.timeout(DEADLINE):
                while not await condition():  # noqa: ASYNC110 as in `until`
                    await asyncio.sleep(0.03)
        except TimeoutError:
            raise AssertionError(f"did not happen in {DEADLINE:g} s: {what or condition}") from None

    async def another(self, *, background: bool = False, **changes: str) -> Bot:
        """One more bot on the same database, with settings changed; Teams talks to it from now on. With `background`
        its workers run, and from then on pauses take their time."""
        self.settings = {**self.settings, **{f"ALERTDESK_{name}": value for name, value in changes.items()}}
        self.clock.real |= background
        self.clock.forward(35)  # it does not know what the one before it sent in the last 30 s, and Teams counts it
        self.bot, runner = await _started(self.settings, self.clock, background)
        self._runners.append(runner)
        self.cloud.bot_url = self.bot.url
        return self.bot

    # the cloud -----------------------------------------------------------------------------------------------------

    async def control(self, path: str, body: Mapping[str, Any] | None = None, *, by: str = "POST") -> Any:
        async with self.http.request(by, f"{self.cloud.base_url}/control/{path}", json=body or {}) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def alert(self, partner: str = "northwind", **fields: Any) -> dict[str, Any]:
        """A new alert at Partner Center, high and named uniquely unless said otherwise."""
        self._names += 1
        fields = {"displayName": f"Scenario alert number {self._names:03d}", "severity": "high", **fields}
        raised: dict[str, Any] = await self.control("alerts", {"partner": partner, **fields})
        return raised

    async def fault(
        self, service: str, method: str | None = None, match: str | None = None, times: int | None = 1, **action: Any
    ) -> str:
        wanted = {"service": service, "method": method, "match": match, "times": times, "action": action}
        fault = await self.control("faults", wanted)
        return str(fault["id"])

    async def heal(self) -> None:
        await self.control("faults", by="DELETE")

    async def switch(self, **values: Any) -> None:
        await self.control("switches", values)

    async def roles(self, person: str, role: str, grant: bool) -> None:
        await self.control("roles", {"person": person, "role": role, "grant": grant})

    async def in_portal(self, alert: Mapping[str, Any], deed: str, partner: str = "northwind", **body: Any) -> None:
        """`resolve` (reason, by) or `reopen` (by), as if somebody did it in the portal."""
        tenant = self.cloud.world.partner(partner).tenant_id
        await self.control(f"alerts/{tenant}/{alert['id']}/{deed}", body)

    def deeds(self, via: str = "graph") -> list[dict[str, Any]]:
        """Changes of alerts that really happened, oldest first."""
        return [deed for deed in self.cloud.world.deeds if deed["kind"] == "alert" and deed["via"] == via]

    def requests(self, service: str, method: str | None = None, path: str | None = None, since: int = 0) -> list[Any]:
        return self.cloud.log.select(service=service, method=method, path=path, since=since)

    def over_limit(self) -> list[str]:
        """Requests that passed Teams' documented limits."""
        return [entry.path for entry in self.requests("connector") if entry.status == 429 and not entry.fault]

    def mark(self) -> int:
        """Where the request log stands now, for `since`."""
        entries = self.cloud.log.select()
        return entries[-1].seq if entries else 0

    def at_partner_center(self, alert: Mapping[str, Any], partner: str = "northwind") -> dict[str, Any]:
        found = self.cloud.world.alert(self.cloud.world.partner(partner).tenant_id, alert["id"])
        assert found is not None
        return found

    # Teams ---------------------------------------------------------------------------------------------------------

    def channel(self, team: str = "Security Operations", name: str = "Alerts") -> Conversation:
        return self.cloud.teams.channel(team, name)

    def personal(self, person: str) -> Conversation:
        return self.cloud.teams.personal(person)

    def place(self, where: str) -> Conversation:
        """A name of CHANNELS, `chat` (the group chat), or a person for their own chat."""
        if where in CHANNELS:
            return self.channel(*CHANNELS[where])
        if where == "chat":
            return next(found for found in self.cloud.teams.conversations.values() if found.kind == "groupChat")
        return self.personal(where)

    async def client(self, path: str, status: int = 200, **body: Any) -> Any:
        async with self.http.post(f"{self.cloud.base_url}/client/{path}", json=body) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    async def posts(self, where: str = "alerts", person: str = "", limit: int = 500) -> list[Post]:
        """All that the person (or else the conversation's first member) sees there, oldest first."""
        place = self.place(where)
        url = f"{self.cloud.base_url}/client/conversations/{quote(place.id, safe='')}/messages"
        async with self.http.get(url, params={"person": person or place.people[0], "limit": limit}) as answer:
            assert answer.status == 200, await answer.text()
            return [Post(message) for message in await answer.json()]

    async def post_now(self, post_id: str, where: str = "alerts") -> Post:
        """The post as it looks now."""
        return next(post for post in await self.posts(where) if post.id == post_id)

    async def cards_of(self, alert: Mapping[str, Any], where: str = "alerts", person: str = "") -> list[Post]:
        """The root posts with a card that names the alert, those that were deleted left out."""
        return [
            post
            for post in await self.posts(where, person)
            if post.by_bot
            and post.thread is None
            and not post.deleted
            and post.has_card
            and "refresh" in post.card.json
            and alert["displayName"] in post.text
        ]

    async def card(self, alert: Mapping[str, Any], where: str = "alerts", person: str = "") -> Post:
        """The one card of that alert there."""
        found = await self.cards_of(alert, where, person)
        assert len(found) == 1, f"{len(found)} cards of {alert['displayName']} in {where}"
        return found[0]

    async def appeared(self, alert: Mapping[str, Any], where: str = "alerts") -> Post:
        """The alert's card, as soon as a bot that runs by itself has posted it."""
        await self.eventually(lambda: self.cards_of(alert, where), f"the card of {alert['displayName']}")
        return await self.card(alert, where)

    async def posted(
        self, partner: str = "northwind", where: str = "alerts", **fields: Any
    ) -> tuple[dict[str, Any], Post]:
        """A new alert, polled, and its card."""
        alert = await self.alert(partner, **fields)
        await self.poll(partner)
        await self.deliver()
        return alert, await self.card(alert, where)

    async def lines(self, post: Post, where: str = "alerts", person: str = "") -> list[str]:
        """What the bot said in the post's thread, one text each."""
        return [found.text for found in await self.posts(where, person) if found.by_bot and found.thread == post.id]

    async def press(
        self,
        person: str,
        post: Post,
        button: str | Mapping[str, Any],
        *,
        trigger: str = "manual",
        card: Card | None = None,
        authentication: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Press an Action.Execute by its title on the post, or on `card`, which stands in its place for that person."""
        action = dict((card or post.card).button(button) if isinstance(button, str) else button)
        assert action["type"] == "Action.Execute", action
        sent = {name: action[name] for name in ("type", "verb", "data", "id", "title") if name in action}
        token = {"authentication": dict(authentication)} if authentication is not None else {}
        return await self._answered("execute", person, post, action=sent, trigger=trigger, **token)

    async def refresh(self, person: str, post: Post, *, trigger: str = "automatic") -> Answer:
        action = post.card.json["refresh"]["action"]
        return await self._answered("execute", person, post, action=dict(action), trigger=trigger)

    async def open_dialog(self, person: str, post: Post, button: str, *, card: Card | None = None) -> Answer:
        action = (card or post.card).button(button)
        assert action["type"] == "Action.Submit", action
        return await self._answered("submit", person, post, data=dict(action["data"]))

    async def send_dialog(self, person: str, post: Post, opened: Answer, **fields: str) -> Answer:
        """Fill in the form and send it, as the client merges inputs into the button's data."""
        (submit,) = [action for action in opened.card.buttons.values() if action["type"] == "Action.Submit"]
        return await self._answered("dialog", person, post, data={**submit["data"], **fields})

    async def submit(self, person: str, post: Post, button: str) -> list[Post]:
        """Press a button as a client that knows no Action.Execute: its Action.Submit fallback. What the bot says."""
        data = dict(post.card.button(button)["fallback"]["data"])
        place = self.cloud.teams.conversation(post.where)
        assert place is not None
        where = self._name_of(place)
        before = {found.id for found in await self.posts(where, person)}
        await self._answered("submit", person, post, data=data)
        return [found for found in await self.posts(where, person) if found.id not in before and found.by_bot]

    async def say(self, person: str, text: str, where: str = "alerts", thread: str | None = None) -> list[Post]:
        """Type it (in channels with the bot's mention). What the bot said to it there."""
        before = {found.id for found in await self.posts(where, person)}
        place = self.place(where)
        sent = await self.client(
            "messages",
            person=person,
            conversationId=place.id,
            threadId=thread,
            text=text,
            mentionBot=place.kind != "personal",
        )
        assert sent["delivered"] == {"status": 202}, sent
        return [found for found in await self.posts(where, person) if found.id not in before and found.by_bot]

    async def ask(self, person: str, text: str, where: str = "alerts", thread: str | None = None) -> Post:
        """As `say`, where one answer is expected (beside the greeting that a first word in a personal chat brings)."""
        said = [post for post in await self.say(person, text, where, thread) if not post.is_greeting]
        assert len(said) == 1, [found.text for found in said]
        return said[0]

    async def lifecycle(self, event: str, where: str | Conversation = "alerts", **more: Any) -> list[int]:
        place = self.place(where) if isinstance(where, str) else where
        statuses: list[int] = (await self.client("lifecycle", event=event, conversationId=place.id, **more))["statuses"]
        return statuses

    async def raw(self, activity: Mapping[str, Any], sign: bool | str = True) -> tuple[int, Any]:
        answer = await self.client("raw", activity=dict(activity), sign=sign)
        return answer["status"], answer["body"]

    async def _answered(self, path: str, person: str, post: Post, **body: Any) -> Answer:
        began = time.monotonic()
        answer = await self.client(path, person=person, conversationId=post.where, messageId=post.id, **body)
        return Answer(answer["status"], answer["body"], time.monotonic() - began)

    def _name_of(self, place: Conversation) -> str:
        if place.kind == "personal":
            return place.people[0]
        return next(name for name in (*CHANNELS, "chat") if self.place(name) is place)


@asynccontextmanager
async def running_desk(
    folder: Path,
    *,
    database_url: str = "",
    background: bool = False,
    installed: bool = True,
    history: int = 12,
    act_as: str = "app",
    **settings: str,
) -> AsyncIterator[Desk]:
    """A cloud, and a bot that uses it. `installed`: Teams has told the bot where it is, and both partners' first sync
    and its cards are over. `history`: how many decided alerts of each partner there are before that. `act_as`: how the
    bot acts for the partner at home, as the `user` or as the `app`."""
    timeout = aiohttp.ClientTimeout(total=60)
    async with running(SandboxOptions(bot_url="")) as cloud, aiohttp.ClientSession(timeout=timeout) as http:
        clock = ShiftClock(real=background)
        cloud.teams.clock = clock.monotonic
        for alerts in cloud.world.alerts.values():
            decided = [alert_id for alert_id, alert in alerts.items() if alert["status"] == "resolved"]
            for alert_id in decided[history:]:
                del alerts[alert_id]
        environment = {
            **await _settings(cloud, http, act_as),
            "ALERTDESK_DATABASE_URL": database_url or f"sqlite:///{folder / 'desk.db'}",
            **{f"ALERTDESK_{name}": value for name, value in settings.items()},
        }
        bot, runner = await _started(environment, clock, background)
        desk = Desk(cloud, http, clock, environment, bot, _runners=[runner])
        cloud.bot_url = cloud.teams.announced_to = bot.url
        try:
            if installed:
                await announce(cloud)
            if installed and not background:
                await desk.settle()
            yield desk
        finally:
            for each in desk._runners:
                await each.cleanup()


async def _settings(cloud: Cloud, http: aiohttp.ClientSession, act_as: str) -> dict[str, str]:
    wanted = {"bot_url": "http://127.0.0.1:1", "act_as": act_as}
    async with http.get(f"{cloud.base_url}/control/settings", params=wanted) as answer:
        found: dict[str, str] = await answer.json()
        return found


async def _started(environment: dict[str, str], clock: ShiftClock, background: bool) -> tuple[Bot, web.AppRunner]:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    environment["ALERTDESK_PUBLIC_URL"] = (
        environment.get("ALERTDESK_PUBLIC_URL", "").replace("http://127.0.0.1:1", url) or url
    )
    app = build_app(load(environment), clock=clock, background=background)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return Bot(url, app, runner), runner
