"""`make bench` is not part of the tests; that it still runs is."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


async def _bench(*arguments: str) -> str:
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.performance", "--quick", "--no-postgres", *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await program.communicate()
    assert program.returncode == 0, said.decode()
    return said.decode()


async def test_the_bot_and_its_peers_answer_every_turn_with_a_card() -> None:
    said = await _bench("turns")
    for name in (
        "Alert Desk, SQLite",
        "bare aiohttp handler",
        "botbuilder CloudAdapter",
        "microsoft-agents-hosting-aiohttp",
    ):
        rows = [line for line in said.splitlines() if name in line and line.endswith("| 0 |")]
        assert len(rows) == 2, said  # one at a time, and many; the last column counts errors


async def test_what_happens_behind_the_turns_can_be_measured() -> None:
    said = await _bench("outbox", "intake", "lists", "export", "clicks")
    for title in ("Outbox", "Intake", "Lists", "Export", "A click on a verdict"):
        assert f"### {title}" in said
