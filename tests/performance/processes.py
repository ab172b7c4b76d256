"""Programs of their own for what is measured, pinned to a core where the machine allows it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
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
    """A running server: it ends when its standard input is closed."""

    name: str
    port: int
    process: subprocess.Popen[str]

    def memory(self) -> float:
        """Megabytes that it holds in memory."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / MEGABYTE


@contextmanager
def target(name: str, module: str, config: dict[str, Any], core: int) -> Iterator[Target]:
    """Start `python -m MODULE NAME` with `config` on its standard input; it answers with one line of JSON: its port."""
    with _child(module, name, core) as (process, log):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(config) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line.startswith("{"):
            process.wait(10)
            raise RuntimeError(f"{name} did not start:\n{_last_words(log)}")
        yield Target(name, json.loads(line)["port"], process)


def measured(name: str, module: str, config: dict[str, Any], core: int) -> dict[str, Any]:
    """Run `python -m MODULE NAME` to its end; what it measured is one line of JSON."""
    with _child(module, name, core) as (process, log):
        out, _ = process.communicate(json.dumps(config) + "\n", timeout=240)
        if process.returncode:
            raise RuntimeError(f"{name} failed:\n{_last_words(log)}")
        found: dict[str, Any] = json.loads(out.splitlines()[-1])
        return found


@contextmanager
def _child(module: str, name: str, core: int) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, name, str(core)],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        try:
            yield process, log
        finally:
            if process.stdin is not None and not process.stdin.closed:
                process.stdin.close()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _last_words(log: IO[str]) -> str:
    log.seek(0)
    return "".join(log.readlines()[-30:])
