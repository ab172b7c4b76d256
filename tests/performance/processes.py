"""Programs of their own for what is measured, pinned to a core where the machine allows it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
MEGABYTE = 1024 * 1024
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
TARGET_CORE, LOAD_CORE = (CORES[0], CORES[1]) if len(CORES) > 1 else (-1, -1)


def pin(core: int) -> None:
    """This process, and the threads and processes that it starts from now on; -1: anywhere."""
    if core >= 0:
        os.sched_setaffinity(0, {core})


@dataclass(frozen=True)
class Target:
    """A running server."""

    name: str
    port: int
    process: subprocess.Popen[str]

    def memory(self) -> float:
        """Megabytes that it holds in memory."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / MEGABYTE

    def cpu(self) -> float:
        """Seconds of processor time that it has used, threads included."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)


@contextmanager
def target(name: str, config: dict[str, Any], core: int) -> Iterator[Target]:
    """Start one of targets.py. It ends when its standard input is closed."""
    with _program([sys.executable, "-m", "tests.performance.targets", name, str(core)]) as (process, log):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(config) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line.startswith("{"):
            process.wait(10)
            raise RuntimeError(f"{name} did not start:\n{_last_words(log)}")
        yield Target(name, json.loads(line)["port"], process)


@contextmanager
def bot(name: str, environment: dict[str, str], core: int) -> Iterator[Target]:
    """The bot itself, as an operator starts it, workers included."""
    port = free_port()
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ALERTDESK_")}
    with _program([sys.executable, "-m", "bot", "serve"], {**kept, **environment, "ALERTDESK_PORT": str(port)}) as (
        process,
        log,
    ):
        if core >= 0:
            os.sched_setaffinity(process.pid, {core})  # before it has any other thread
        deadline = time.monotonic() + 30
        while not _answers(f"http://127.0.0.1:{port}/healthz"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not start:\n{_last_words(log)}")
            time.sleep(0.05)
        yield Target(name, port, process)


def measured(name: str, config: dict[str, Any], core: int) -> dict[str, Any]:
    """Run one of inside.py to its end; what it measured is one line of JSON."""
    with _program([sys.executable, "-m", "tests.performance.inside", name, str(core)]) as (process, log):
        out, _ = process.communicate(json.dumps(config) + "\n", timeout=240)
        if process.returncode:
            raise RuntimeError(f"{name} failed:\n{_last_words(log)}")
        found: dict[str, Any] = json.loads(out.splitlines()[-1])
        return found


@contextmanager
def _program(
    command: Sequence[str], environment: dict[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        )
        try:
            yield process, log
        finally:
            if process.stdin is not None and not process.stdin.closed:
                process.stdin.close()
            if environment is not None:
                process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own, on loopback
            return bool(answer.status == 200)
    except OSError:
        return False


def _last_words(log: IO[str]) -> str:
    log.seek(0)
    return "".join(log.readlines()[-30:])
