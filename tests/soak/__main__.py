"""`make soak`: the real program, killed again and again, and an independent count of what became of the work.

Prints a table for each database. Exit code 1 where anything was lost, doubled or done twice.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.sandbox import teams as sandbox_teams
from bot.sandbox.app import running
from bot.sandbox.client_lifecycle import announce
from bot.sandbox.cloud import Cloud, SandboxOptions
from bot.sandbox.control_settings import bot_settings
from tests.soak.count import MUST_BE_ZERO, Count, counted
from tests.soak.fleet import ANYWHERE, ROOT, Fleet, Replica, free_ports
from tests.soak.lapse import Lapse
from tests.soak.ledger import Ledger
from tests.soak.people import Crowd
from tests.support import postgres

DATABASES = ("sqlite", "postgresql")
REPLICAS = {"sqlite": 1, "postgresql": 3}
SETTLE_SECONDS = 1500.0
"""Of scaled time, at most. A card in doubt takes a lease of 60 s and 3 min until it is repeated."""
UNDER_WAY = ("sending", "uncertain")
FASTEST = 12.0
_real = time.monotonic


@dataclass
class Result:
    database: str
    fleet: Fleet
    count: Count
    audit: str
    answers: dict[str, int]
    seconds: float
    settled: float

    @property
    def good(self) -> bool:
        return not self.count.violations and not self.audit and not self.fleet.problems


class Run:
    """One fleet on one database, in a cloud of its own."""

    def __init__(
        self, database: str, url: str, folder: Path, lapse: Lapse, *, kills: int, seconds: float, seed: int
    ) -> None:
        self._database, self._folder, self._kills, self._seconds = database, folder, kills, seconds
        self._rng, self._lapse = random.Random(seed), lapse
        ports = free_ports(REPLICAS[database])
        replicas = [Replica(index, port) for index, port in enumerate(ports)]
        settings = {"ALERTDESK_DATABASE_URL": url}
        self._fleet = Fleet(lapse, settings, replicas, self._rng, folder / f"{database}.log")

    async def run(self) -> Result:
        began = _real()
        fleet = self._fleet
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
                deadline, killed = _real() + self._seconds, fleet.killed
                await crowd.run(lambda: fleet.killed - killed >= self._kills or _real() > deadline)
                cloud.faults.remove()
                fleet.calm()
                await fleet.ready()
                settling = _real()
                count = await self._settled(crowd, places, http, address)
                settled = _real() - settling
            audit = await self._audit(fleet.settings)
        answers = dict(sorted(crowd.answers.items()))
        return Result(self._database, fleet, count, audit, answers, _real() - began, settled)

    async def _first_sync(self, http: aiohttp.ClientSession, address: str) -> None:
        """What is there before the first sync is quiet; we want everything announced."""
        while True:
            async with http.get(f"{address}/readyz") as answer:
                partners = (await answer.json())["partners"].values()
            if all(partner["first_sync_done"] for partner in partners):
                return
            await asyncio.sleep(1.0)

    async def _settled(self, crowd: Crowd, places: dict[str, str], http: aiohttp.ClientSession, address: str) -> Count:
        """The count, when nothing moves any more and nothing is in doubt, or when waiting takes too long."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            before = len(crowd.ledger.posts)
            await asyncio.sleep(20.0)
            count = await counted(crowd, places)
            async with http.get(f"{address}/readyz") as answer:
                items = (await answer.json()).get("outbox", {}).get("items", {"sending": 1})
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


def report(result: Result) -> str:
    """A table in Markdown."""
    fleet, figures = result.fleet, result.count.figures
    rows = [
        ("replicas", len(fleet.replicas)),
        ("SIGKILLs", fleet.killed),
        ("… at a named point", fleet.killed - fleet.kills[ANYWHERE]),
        ("named points passed", len(fleet.points)),
        ("… at which one died", len(fleet.points & fleet.kills.keys())),
        *sorted((name, value) for name, value in figures.items() if name not in MUST_BE_ZERO),
        *((f"**{name}**", figures[name]) for name in MUST_BE_ZERO),
        ("**audit chain**", "broken" if result.audit else "whole"),
    ]
    lines = [f"| {result.database} | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)]
    notes = [f"{name}: {sample}" for name, samples in result.count.samples.items() for sample in samples]
    notes += [result.audit] if result.audit else []
    notes += fleet.problems[:5]
    notes.append(f"Answers: {result.answers}. Took {result.seconds:.0f} s, {result.settled:.0f} s of it to settle.")
    return "\n".join((*lines, "", *notes))


def as_json(result: Result) -> dict[str, Any]:
    return {
        "database": result.database,
        "kills": result.fleet.killed,
        "points": result.fleet.kills,
        "figures": result.count.figures,
        "violations": result.count.violations,
        "samples": {name: result.count.samples[name] for name in result.count.violations},
        "audit": result.audit,
        "problems": result.fleet.problems,
    }


def _speed() -> float:
    """What a machine with nothing else to do stands; where others keep it busy, as much less as they take."""
    return max(1.0, FASTEST / max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("databases", nargs="*", metavar="DATABASE", help=f"of {', '.join(DATABASES)}; all by default")
    parser.add_argument("--kills", type=int, default=300, help="for each database (%(default)s)")
    parser.add_argument("--seconds", type=float, default=7200.0, help="kill for so long at most (%(default)s)")
    parser.add_argument(
        "--speed", type=float, default=0.0, help="seconds in one real second (as the machine's load is)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of what people do, and of who dies where (%(default)s)")
    parser.add_argument("--logs", type=Path, default=None, help="folder that keeps what the bots logged")
    parser.add_argument("--url", default="", help="an empty database to use, instead of one of its own")
    parser.add_argument("--json", type=Path, default=None, help="file to write the figures to as well")
    parser.add_argument("--points", action="store_true", help="also list the points and how many died there")
    options = parser.parse_args(arguments)
    if unknown := sorted({*options.databases} - {*DATABASES}):
        parser.error(f"there is no database {', '.join(unknown)}")
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # the dead break off in the middle of a request
    lapse = Lapse.begin(options.speed or _speed())
    lapse.install()
    vars(sandbox_teams)["MAX_MESSAGES"] = 1_000_000
    setattr(Cloud, "now", lambda _cloud: lapse.now())  # noqa: B010
    results = []
    with ExitStack() as stack:
        fast = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a SIGKILL loses no file in memory
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="alertdesk-soak-", dir=fast)))
        for database in options.databases or DATABASES:
            url = options.url or f"sqlite:///{folder / 'soak.db'}"
            if database == "postgresql" and not options.url:
                (folder / "postgres").mkdir()
                stack.callback(postgres.stop, folder / "postgres")
                url = postgres.start(folder / "postgres").fresh()
            logs = options.logs or folder
            run = Run(*(database, url, logs, lapse), kills=options.kills, seconds=options.seconds, seed=options.seed)
            result = asyncio.run(run.run())
            results.append(result)
            sys.stdout.write(report(result) + "\n\n")
            if options.points:
                rows = [f"{result.fleet.kills[name]:5} {name}" for name in sorted(result.fleet.points)]
                sys.stdout.write("\n".join(rows) + "\n\n")
            sys.stdout.flush()
    if options.json is not None:
        options.json.write_text(json.dumps([as_json(result) for result in results]))
    return 0 if all(result.good for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
