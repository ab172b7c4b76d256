"""`make soak`: the real program, killed again and again, and an independent count of what became of the work.

Prints a table for each database. Exit code 1 where anything was lost, doubled or done twice.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bot.sandbox import teams as sandbox_teams
from bot.sandbox.cloud import Cloud
from tests.soak.count import MUST_BE_ZERO
from tests.soak.fleet import ANYWHERE
from tests.soak.lapse import Lapse
from tests.soak.run import Result, Run
from tests.soak.upgrade import Upgrade, old_code
from tests.support import postgres

DATABASES = ("sqlite", "postgresql")
FASTEST = 12.0


def report(result: Result) -> str:
    """A table in Markdown."""
    fleet, figures = result.fleet, result.count.figures
    rows = [
        ("replicas", len(fleet.replicas)),
        *result.notes.items(),
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
    took = f"Took {result.seconds:.0f} s, {result.settled:.0f} s of it to settle: {result.hours:.1f} h of its own time."
    notes.append(f"Answers: {result.answers}. {took}")
    return "\n".join((*lines, "", *notes))


def as_json(result: Result) -> dict[str, Any]:
    return {
        "database": result.database,
        "kills": result.fleet.killed,
        "points": {name: result.fleet.kills[name] for name in sorted(result.fleet.points | result.fleet.kills.keys())},
        "figures": result.count.figures,
        "violations": result.count.violations,
        "samples": {name: result.count.samples[name] for name in result.count.violations},
        "audit": result.audit,
        "problems": result.fleet.problems,
        "notes": result.notes,
        "answers": result.answers,
        "seconds": result.seconds,
        "hours": result.hours,
    }


def _earlier(files: Sequence[Path], database: str) -> Counter[str]:
    """Where how many died in earlier runs."""
    found: Counter[str] = Counter()
    for file in files:
        for run in json.loads(file.read_text()):
            if run["database"] == database:
                found.update(run["points"])
    return found


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
    parser.add_argument(
        "--after", type=Path, nargs="*", default=[], help="files that --json wrote: die where few died in those runs"
    )
    parser.add_argument(
        "--old-from", metavar="REVISION", help="an upgrade: begin with this version of the program, on PostgreSQL"
    )
    options = parser.parse_args(arguments)
    if unknown := sorted({*options.databases} - {*DATABASES}):
        parser.error(f"there is no database {', '.join(unknown)}")
    if options.old_from and "sqlite" in options.databases:
        parser.error("SQLite has one replica: nothing to upgrade side by side")
    databases = ["postgresql"] if options.old_from else options.databases or DATABASES
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # the dead break off in the middle of a request
    lapse = Lapse.begin(options.speed or _speed())
    lapse.install()
    vars(sandbox_teams)["MAX_MESSAGES"] = 1_000_000
    setattr(Cloud, "now", lambda _cloud: lapse.now())  # noqa: B010
    results = []
    with ExitStack() as stack:
        fast = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a SIGKILL loses no file in memory
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="alertdesk-soak-", dir=fast)))
        for database in databases:
            url = options.url or f"sqlite:///{folder / 'soak.db'}"
            if database == "postgresql" and not options.url:
                (folder / "postgres").mkdir()
                stack.callback(postgres.stop, folder / "postgres")
                url = postgres.start(folder / "postgres").fresh()
            about: Any = (database, url, options.logs or folder, lapse)
            more = {"kills": options.kills, "seconds": options.seconds, "seed": options.seed}
            if options.old_from:
                (folder / "old").mkdir()
                run: Run = Upgrade(old_code(options.old_from, folder / "old"), *about, **more)
            else:
                run = Run(*about, **more)
            run.fleet.earlier = _earlier(options.after, database)
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
