"""The state of one sandbox cloud, shared by all its services. Services keep no state of their own beside it."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from bot.sandbox.entra_state import EntraState
from bot.sandbox.faults import Faults
from bot.sandbox.keys import Keys
from bot.sandbox.recorder import Broadcast, RequestLog
from bot.sandbox.teams import Teams
from bot.sandbox.webhooks import Webhooks
from bot.sandbox.world import World, build_world

GRAPH_AUDIENCES = ("https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000")
PARTNER_CENTER_AUDIENCES = (
    "https://api.partnercenter.microsoft.com",
    "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd",
)
CONNECTOR_AUDIENCES = ("https://api.botframework.com",)


@dataclass(frozen=True)
class SandboxOptions:
    """How a cloud starts: `seed` fixes the world, `pace` is seconds between alerts (0: none), `now` a frozen time."""

    seed: int = 7
    pace: float = 0.0
    bot_url: str = "http://127.0.0.1:3978"
    now: dt.datetime | None = None


class Cloud:
    """Everything the services share. `background` holds what is started once `base_url` is known."""

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self.options = options or SandboxOptions()
        self._base_url = ""
        self._listening = asyncio.Event()
        self.bot_url = self.options.bot_url.rstrip("/")
        self.keys = Keys()
        self.events = Broadcast()
        self.log = RequestLog()
        self.background: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self.world: World
        self.faults: Faults
        self.entra: EntraState
        self.teams: Teams
        self.rng: random.Random
        self.webhooks: Webhooks
        self.pace = self.options.pace
        self.pace_changed = asyncio.Event()
        self._http: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.reset()

    def reset(self) -> None:
        """Back to the seeded world: alerts, conversations, faults, switches, pace and log as at the start."""
        self._frozen = self.options.now
        self.rng = random.Random(self.options.seed)
        self.faults = Faults(self.rng)
        self.world = build_world(self.options.seed, self.now())
        self.log.clear()
        self.entra = EntraState(self)
        self.teams = Teams(self)
        self.webhooks = Webhooks(self)
        self.set_pace(self.options.pace)
        self.events.publish("reset", {})

    @property
    def base_url(self) -> str:
        """Where the cloud answers, without a trailing slash: `http://127.0.0.1:PORT`."""
        return self._base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self._base_url = url.rstrip("/")
        self._listening.set()

    def now(self) -> dt.datetime:
        """The cloud's time, in UTC: the real clock unless frozen."""
        return self._frozen or dt.datetime.now(dt.UTC)

    def set_now(self, now: dt.datetime | None) -> None:
        """Freeze the clock at `now` (aware), or let it run again with None."""
        self._frozen = now

    def set_pace(self, seconds: float) -> None:
        """Raise a new alert each `seconds` from now on; 0 raises none."""
        self.pace = seconds
        self.pace_changed.set()

    def audiences(self, service: str) -> frozenset[str]:
        """Every spelling of a resource that a token's `aud`, or a scope before its last `/`, may carry."""
        public = {
            "graph": GRAPH_AUDIENCES,
            "partnercenter": PARTNER_CENTER_AUDIENCES,
            "connector": CONNECTOR_AUDIENCES,
        }[service]
        return frozenset({*public, *(f"{name}/" for name in public if "://" in name), f"{self.base_url}/{service}"})

    def raise_alert(self, wanted: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A new alert as of now, told to page and webhook; `wanted` fixes some of its fields. Returns its JSON."""
        alert = self.world.raise_alert(self.now(), self.rng, wanted or {})
        partner = self.world.partner_of_alert(alert)
        self.events.publish("alert", {"partner": partner.tenant_id, "alert": alert})
        self.webhooks.alert_raised(partner.tenant_id, alert)
        return alert

    @property
    def http(self) -> aiohttp.ClientSession:
        """The one client for what the cloud sends by itself (activities, webhooks). Only while the app runs."""
        if self._http is None:
            raise RuntimeError("the sandbox is not running")
        return self._http

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` beside the requests; cancelled when the cloud ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def open(self, _: web.Application) -> None:
        """Start what runs beside the requests."""
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))
        self.spawn(self._start_background())

    async def _start_background(self) -> None:
        await self._listening.wait()
        for start in self.background:
            self.spawn(start())

    async def close(self, _: web.Application) -> None:
        """End all that runs beside the requests."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.close()
            self._http = None


CLOUD: web.AppKey[Cloud] = web.AppKey("cloud", Cloud)
