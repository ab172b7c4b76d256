"""Where a bot under test may die: before and after each commit of a write transaction and each call to the outside.

The adapters' seams are wrapped from outside; the product has no hook for it.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

_ID = re.compile(r"^(?=.*(\d.*\d|[:@;=])).{6,}$|^\d+$")


@dataclass(frozen=True)
class Aim:
    """Die at the `count`-th time that one of the points `names` is passed, counted from `armed` seconds on; or, from
    `after` seconds on, at any point, each with probability `chance`. Without either: live."""

    names: Sequence[str] = ()
    count: int = 1
    armed: float = 0.0
    after: float = 0.0
    chance: float = 0.0
    seed: int = 0


class Points:
    """`report` is a file descriptor: a line of JSON for each point that is passed for the first time, and the last."""

    def __init__(self, aim: Aim, report: int, replica: int) -> None:
        self._aim, self._report, self._replica = aim, report, replica
        self._rng = random.Random(aim.seed)
        self._began = time.monotonic()
        self._names, self._left = frozenset(aim.names), aim.count
        self._seen: set[str] = set()

    def passed(self, name: str) -> None:
        if name not in self._seen:
            self._seen.add(name)
            self._say(point=name)
        age = time.monotonic() - self._began
        if name in self._names and age >= self._aim.armed:
            self._left -= 1
            if self._left <= 0:
                self._die(name)
        elif self._aim.chance and age >= self._aim.after and self._rng.random() < self._aim.chance:
            self._die(name)

    def _die(self, name: str) -> None:
        self._say(died=name)
        os.kill(os.getpid(), signal.SIGKILL)

    def _say(self, **what: Any) -> None:
        os.write(self._report, json.dumps({"replica": self._replica, **what}).encode() + b"\n")

    def install(self) -> None:
        """Wrap the store's commits, and the two ways out over HTTP (the blocking one is msal's)."""
        import httpx

        from bot.store.session import Session

        passed = self.passed
        commit = Session.commit
        ask = httpx.AsyncHTTPTransport.handle_async_request
        ask_blocking = httpx.HTTPTransport.handle_request

        async def committed(session: Any) -> None:
            if session._connection is None:  # a transaction that did nothing
                await commit(session)
                return
            name = f"commit of {_who()}"
            passed(f"before {name}")
            await commit(session)
            passed(f"after {name}")

        async def asked(transport: Any, request: httpx.Request) -> httpx.Response:
            name = _what(request.method, request.url.path)
            passed(f"before {name}")
            answer = await ask(transport, request)
            passed(f"after {name}")
            return answer

        def asked_blocking(transport: Any, request: httpx.Request) -> httpx.Response:
            name = _what(request.method, request.url.path)
            passed(f"before {name}")
            answer = ask_blocking(transport, request)
            passed(f"after {name}")
            return answer

        wrapped: Mapping[Any, Mapping[str, Any]] = {
            Session: {"commit": committed},
            httpx.AsyncHTTPTransport: {"handle_async_request": asked},
            httpx.HTTPTransport: {"handle_request": asked_blocking},
        }
        for owner, methods in wrapped.items():
            for name, method in methods.items():
                setattr(owner, name, method)


def _who() -> str:
    """The function of ours, outside of the store, whose transaction it is."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("bot.") and not module.startswith("bot.store"):
            return f"{module.removeprefix('bot.')}.{frame.f_code.co_name}"
        frame = frame.f_back
    return "somebody"


def _what(method: str, path: str) -> str:
    """`connector PUT activities/*`: the service, and the end of the path without ids."""
    service, *rest = [part for part in path.split("/") if part]
    shape = ["*" if _ID.match(part) else part for part in rest]
    return f"{service} {method} {'/'.join(shape[-2:])}"
