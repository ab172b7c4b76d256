"""The bounded part of `make soak`: real bots that are killed some tens of times, and what the cloud then counts.

The harness is a program of its own, for it makes time run faster. Its whole length is `make soak`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres import PostgresServer

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 25
"""So long they are killed. After that the work needs about as long again to come to rest."""
LEAST_KILLS = 3
"""Even where other tests keep the machine busy."""


async def soak(folder: Path, database: str, url: str) -> dict[str, Any]:
    out = folder / "found.json"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.soak", database),
        *("--seconds", str(SECONDS), "--logs", str(folder), "--json", str(out), "--url", url),
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("ALERTDESK_")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    sys.stdout.write(said.decode())
    assert out.exists(), said.decode()
    (found,) = json.loads(out.read_text())
    assert isinstance(found, dict)
    return found


def holds(found: dict[str, Any]) -> None:
    assert found["violations"] == {}, found["samples"]
    assert found["audit"] == ""
    assert found["problems"] == []
    assert found["kills"] >= LEAST_KILLS
    assert found["figures"]["alerts raised"] > 0
    assert found["figures"]["alert cards posted"] + found["figures"].get("alerts in a roll-up", 0) > 0


@pytest.mark.timeout(300)
async def test_nothing_is_lost_or_doubled_with_one_replica_on_sqlite(tmp_path: Path) -> None:
    holds(await soak(tmp_path, "sqlite", f"sqlite:///{tmp_path / 'soak.db'}"))


@pytest.mark.timeout(300)
async def test_nothing_is_lost_or_doubled_with_three_replicas_on_postgresql(
    tmp_path: Path, postgres_server: PostgresServer, postgres_url: str
) -> None:
    holds(await soak(tmp_path, "postgresql", postgres_url))


async def test_the_count_finds_what_it_looks_for() -> None:
    """A count that can find nothing proves nothing; see tests/unit/test_soak_count.py for each of them."""
