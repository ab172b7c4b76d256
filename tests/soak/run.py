"""One run of the harness: a cloud of its own, a fleet of bots on one database, a crowd of people, and the count."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bot.sandbox.app import running
from bot.sandbox.client_lifecycle import announce
from bot.sandbox.cloud import Cloud, SandboxOptions
from bot.sandbox.control_settings import bot_settings
from tests.soak.count import Count, counted
from tests.soak.fleet import ROOT, Fleet, Replica, free_ports
from tests.soak.lapse import Lapse
from tests.soak.ledger import Ledger
from tests.soak.people import Crowd

REPLICAS = {"sqlite": 1, "postgresql": 3}
SETTLE_SECONDS = 1500.0
"""Of scaled time, at most. A card in doubt takes a lease of 60 s and 3 min until it is repeated."""
UNDER_WAY = ("sending", "uncertain")
_real = time.monotonic


@dataclass
class Result:
    """`notes` are rows for the table, of what is peculiar to this kind of run. `seconds` and `settled` are real ones,
    `hours` are scaled."""

    database: str
    fleet: Fleet
    count: Count
    audit: str
    answers: dict[str, int]
    seconds: float
    settled: float
    hours: float
    notes: dict[str, object] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return not self.count.violations and not self.audit and not self.fleet.problems


class Run:
    """One fleet on one database, in a cloud of its own."""

    def __init__(
        self, database: str, url: str, folder: Path, lapse: Lapse, *, kills: int, seconds: float, seed: int
    ) -> None:
        self.database, self.url, self._kills, self._seconds = database, url, kills, seconds
        self._rng, self._lapse = random.Random(seed), lapse
        settings = {"ALERTDESK_DATABASE_URL": url}
        self.fleet = Fleet(lapse, settings, self.replicas(), self._rng, folder / f"{database}.log")
        self.notes: dict[str, object] = {}

    def replicas(self) -> list[Replica]:
        """Who is there at the beginning."""
        return [Replica(index, port) for index, port in enumerate(free_ports(REPLICAS[self.database]))]

    async def run(self) -> Result:
        began = _real()
        fleet = self.fleet
        async with running(SandboxOptions(bot_url="")) as cloud, fleet.balanced() as address:
            ledger = cloud.log = Ledger()
            places = _prepared(cloud, address, fleet)
            async with fleet.running(), aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
                await fleet.ready()
                cloud.bot_url = cloud.teams.announced_to = address
                await announce(cloud)
                await self._first_sync(http, address)
                crowd = Crowd(cloud, ledger, self._rng, http)
                fleet.begin()
                await self.deadly(crowd)
                cloud.faults.remove()
                fleet.calm()
                await fleet.ready()
                settling = _real()
                count = await self._settled(crowd, places, http, address)
                settled = _real() - settling
            audit = await self._audit(fleet.settings)
        answers = dict(sorted(crowd.answers.items()))
        seconds = _real() - began
        hours = seconds * self._lapse.speed / 3600
        return Result(self.database, fleet, count, audit, answers, seconds, settled, hours, self.notes)

    async def deadly(self, crowd: Crowd) -> None:
        """The time in which they are killed."""
        await self.part(crowd, 1.0)

    async def part(self, crowd: Crowd, share: float) -> None:
        """The crowd acts until so large a part of all kills is done, or of the time is over."""
        deadline, wanted = _real() + self._seconds * share, self.fleet.killed + self._kills * share
        await crowd.run(lambda: self.fleet.killed >= wanted or _real() > deadline)

    async def _first_sync(self, http: aiohttp.ClientSession, address: str) -> None:
        """What is there before the first sync is quiet; we want everything announced."""
        while True:
            partners = (await _readiness(http, address)).get("partners", {})
            if partners and all(partner["first_sync_done"] for partner in partners.values()):
                return
            await asyncio.sleep(1.0)

    async def _settled(self, crowd: Crowd, places: dict[str, str], http: aiohttp.ClientSession, address: str) -> Count:
        """The count, when nothing moves any more and nothing is in doubt, or when waiting takes too long."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            before = len(crowd.ledger.posts)
            await asyncio.sleep(20.0)
            try:
                count = await counted(crowd, places)
            except (aiohttp.ClientError, TimeoutError):  # to page through lists takes answers in time, too
                if time.monotonic() > deadline:
                    raise
                continue
            items = (await _readiness(http, address)).get("outbox", {}).get("items", {"sending": 1})
            resting = len(crowd.ledger.posts) == before and not any(items.get(state) for state in UNDER_WAY)
            if time.monotonic() > deadline or (resting and not count.violations):
                return count

    async def _audit(self, settings: dict[str, str]) -> str:
        """Empty where the chain is whole, else what `audit verify` says."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "audit", "verify"),
            cwd=ROOT,
            env={**os.environ, **settings},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return "" if process.returncode == 0 else said.decode()


async def _readiness(http: aiohttp.ClientSession, address: str) -> dict[str, Any]:
    """What /readyz says; empty where a busy machine answers too late."""
    try:
        async with http.get(f"{address}/readyz") as answer:
            found: dict[str, Any] = await answer.json()
            return found
    except (aiohttp.ClientError, TimeoutError):
        return {}


def _prepared(cloud: Cloud, address: str, fleet: Fleet) -> dict[str, str]:
    """An empty cloud whose two partners have a channel each; the settings of the bots. Returns the channels."""
    for alerts in cloud.world.alerts.values():
        alerts.clear()
    cloud.world.set_role("gil", "adminAgent", grant=True)
    cloud.faults.switches.change({"cancel_seconds": 10})
    names = {"northwind": "Security Operations", "fabrikam": "Fabrikam SOC"}
    places = {partner: cloud.teams.channel(team, "Alerts").id for partner, team in names.items()}
    settings = bot_settings(cloud, address, "app")
    partners = json.loads(settings["ALERTDESK_PARTNERS"])
    for partner, place in zip(partners, places.values(), strict=True):
        partner |= {"channels": [place], "appMayCancel": True}
    fleet.settings |= settings | {
        "ALERTDESK_PARTNERS": json.dumps(partners),
        "ALERTDESK_POLL_SECONDS": "4",
        "ALERTDESK_ENTITLEMENT_POLL_SECONDS": "5",
    }
    return places
