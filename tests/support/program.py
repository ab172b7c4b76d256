"""`python -m bot` as a program of its own, for scenarios that kill it or read its exit code."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0
_LISTENS = re.compile(r"listens on (http://127\.0\.0\.1:\d+)")


@dataclass
class Program:
    """A bot that serves. `said` is what it wrote to standard error so far."""

    process: asyncio.subprocess.Process
    url: str
    said: list[str]

    def kill(self) -> None:
        """As a machine that loses its power."""
        self.process.kill()

    async def terminate(self, seconds: float) -> int:
        """SIGTERM, and the exit code; fails where it takes longer."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), seconds)


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ALERTDESK_")}
    return {**kept, **settings, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


async def run(
    arguments: list[str], settings: Mapping[str, str], folder: Path, seconds: float = 60.0
) -> tuple[int, bytes, str]:
    """Exit code, standard output and standard error of `python -m bot …`, started in `folder`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        cwd=folder,
        env=environment(settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, said = await asyncio.wait_for(process.communicate(), seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, out, said.decode()


@asynccontextmanager
async def serving(settings: Mapping[str, str], folder: Path) -> AsyncIterator[Program]:
    """`python -m bot serve` on a free port, as soon as it listens; what still runs at the end is killed."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    own = {"ALERTDESK_PORT": str(port), "ALERTDESK_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "serve",
        cwd=folder,
        env=environment({**settings, **own}),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    said: list[str] = []
    reading: asyncio.Task[None] | None = None
    try:
        url = await asyncio.wait_for(_address(process, said), START_SECONDS)
        reading = asyncio.create_task(_read(process, said))
        yield Program(process, url, said)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if reading is not None:
            await reading


async def _address(process: asyncio.subprocess.Process, said: list[str]) -> str:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        said.append(line.decode(errors="replace"))
        if found := _LISTENS.search(said[-1]):
            return found[1]
    raise AssertionError(f"the bot did not start:\n{''.join(said)}")


async def _read(process: asyncio.subprocess.Process, said: list[str]) -> None:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        said.append(line.decode(errors="replace"))
