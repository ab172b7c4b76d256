"""`make bench`: measures the bot beside its peers, and what happens behind its turns. Prints tables in Markdown.

All of it on loopback. docs/benchmarks.md says how to read the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.performance import clicks, report, turns
from tests.performance.processes import LOAD_CORE, TARGET_CORE, measured, pin
from tests.performance.seeding import seed
from tests.support import postgres

PARTS = ("turns", "outbox", "intake", "lists", "export", "clicks")
PACKAGES = ("aiohttp", "botbuilder-core", "microsoft-agents-hosting-aiohttp", "SQLAlchemy", "pydantic")


class Bench:
    """One run. `quick` measures next to nothing: it shows that everything still works."""

    def __init__(self, folder: Path, *, quick: bool, postgres_too: bool) -> None:
        self._folder, self._quick, self._postgres_too = folder, quick, postgres_too
        self._core = -1 if quick else TARGET_CORE

    def turns(self) -> str:
        url = ""
        if self._postgres_too:
            (self._folder / "postgres").mkdir()
            url = postgres.start(self._folder / "postgres").fresh()
        try:
            found = turns.measure(
                self._folder,
                rounds=1 if self._quick else 5,
                seconds=0.3 if self._quick else 1.5,
                core=self._core,
                postgres_url=url,
            )
        finally:
            if url:
                postgres.stop(self._folder / "postgres")
        errors = sum(one.row(concurrency)["errors"] for one in found for concurrency in turns.CONCURRENCY)
        if errors:
            raise RuntimeError(f"{errors} requests were not answered with a card")
        return report.turns(found)

    def outbox(self) -> str:
        url = self._seeded("outbox", 1000, open_share=0.0)
        return report.rates(
            "Outbox", "cards/s", self._inside("outbox", url, count=64 if self._quick else 1600)["cards_per_second"]
        )

    def intake(self) -> str:
        url = self._seeded("intake", 0)
        found = self._inside("intake", url, count=100 if self._quick else 5000)
        return report.rates("Intake", "alerts/s", found["alerts_per_second"])

    def lists(self) -> str:
        sizes = (200, 400) if self._quick else (1_000, 100_000)
        times = 3 if self._quick else 100
        return report.lists(
            {size: self._inside("lists", self._big(size), times=times)["milliseconds"] for size in sizes}
        )

    def export(self) -> str:
        sizes = (200, 400) if self._quick else (10_000, 100_000)
        return report.exports({size: self._inside("export", self._big(size), count=size) for size in sizes})

    def clicks(self) -> str:
        found = asyncio.run(clicks.measure(self._folder, clicks=10 if self._quick else 120, core=self._core))
        return report.clicks(found)

    def _inside(self, name: str, url: str, **config: Any) -> dict[str, Any]:
        return measured(name, {"url": url, **config}, self._core)

    def _big(self, size: int) -> str:
        return self._seeded(f"alerts-{size}", size)

    def _seeded(self, name: str, count: int, *, open_share: float = 0.1) -> str:
        file = self._folder / f"{name}.db"
        url = f"sqlite:///{file}"
        if not file.exists():
            seed(url, count, open_share=open_share)
        return url


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.performance", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="measure next to nothing: only show that it works")
    parser.add_argument("--no-postgres", action="store_true", help="leave the row with PostgreSQL out")
    options = parser.parse_args(arguments)
    if unknown := sorted({*options.parts} - {*PARTS}):
        parser.error(f"there is no part {', '.join(unknown)}")
    if not options.quick:
        pin(LOAD_CORE)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the programs under test are ended as well
    print(_machine(), flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="alertdesk-bench-") as folder:
        bench = Bench(Path(folder), quick=options.quick, postgres_too=not options.no_postgres)
        for name in options.parts or PARTS:
            part: Callable[[], str] = getattr(bench, name)
            print(f"\n{part()}", flush=True)
    print(f"\nDone in {time.monotonic() - began:.0f} s.")
    return 0


def _machine() -> str:
    cores = os.cpu_count() or 1
    pinned = "the target on one core, the load generator on the other" if TARGET_CORE >= 0 else "not pinned"
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    system = f"{platform.system()} {platform.machine()}, {cores} cores ({pinned})"
    return f"{system}, Python {platform.python_version()}, {packages}"


if __name__ == "__main__":
    sys.exit(main())
