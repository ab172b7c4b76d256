"""The bots of a run: replicas that die and are started again at once, behind a round robin of the driver's."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from tests.soak.lapse import Lapse
from tests.soak.points import Aim

ROOT = Path(__file__).resolve().parents[2]
ANYWHERE = "anywhere"
RISKY = re.compile(
    r"connector (POST|PUT)|graph PATCH|partnercenter POST|"
    r"services\.(verdict|sending|deciding|asking|plan_progress|bulk|delivery|intake)"
)
"""Where it would be easiest to lose something or to do it twice: more of them die there."""
START_SECONDS = 1200.0
"""Of scaled time."""


@dataclass
class Replica:
    index: int
    port: int
    pid: int = 0
    starts: int = 0


@dataclass
class Fleet:
    """`kills` counts the deaths by point; those from outside, at any moment, are ANYWHERE."""

    lapse: Lapse
    settings: dict[str, str]
    replicas: list[Replica]
    rng: random.Random
    log: Path
    points: set[str] = field(default_factory=set)
    kills: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    deadly: bool = False
    _launcher: asyncio.subprocess.Process | None = None
    _turn: int = 0
    _assassins: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    @property
    def killed(self) -> int:
        return self.kills.total()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ALERTDESK_")}
        self._launcher = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.soak.bot",
            cwd=ROOT,
            env={**environment, **self.lapse.as_environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        listening = asyncio.create_task(self._listen())
        try:
            for replica in self.replicas:
                self._start(replica)
            yield
        finally:
            for task in self._assassins.values():
                task.cancel()
            assert self._launcher.stdin is not None
            self._launcher.stdin.close()
            await self._launcher.wait()
            await listening

    def begin(self) -> None:
        """From now on they die: those who live without an aim are replaced first."""
        self.deadly = True
        for replica in self.replicas:
            self._kill(replica)

    def calm(self) -> None:
        """From now on nobody dies: those who were to are replaced."""
        self.deadly = False
        for task in self._assassins.values():
            task.cancel()
        for replica in self.replicas:
            self._kill(replica)

    async def ready(self) -> None:
        """As soon as every replica takes turns."""
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as client:
            for replica in self.replicas:
                while not await _answers(client, f"http://127.0.0.1:{replica.port}/healthz"):  # noqa: ASYNC110
                    await asyncio.sleep(1.0)

    def _aim(self) -> Aim:
        """At one of the points at which the fewest died so far, in most cases; else at a random one. Mostly not at
        once: it takes up to 20 s until the leases of the dead ran out, and there should be work to be interrupted."""
        if not self.deadly:
            return Aim()
        rng = self.rng
        armed = 0.0 if rng.random() < 0.15 else rng.uniform(5, 30)
        aim = Aim(armed=armed, after=armed + rng.uniform(5, 20), chance=0.05, seed=rng.randrange(1 << 30))
        if not self.points or rng.random() < 0.2:
            return aim
        points = [name for name in self.points if RISKY.search(name)] if rng.random() < 0.6 else list(self.points)
        rare = sorted(points or self.points, key=lambda name: (self.kills[name], rng.random()))
        name = rng.choice(rare[: max(5, len(rare) // 3)])
        return replace(aim, name=name, count=rng.choice((1, 1, 2)), after=armed + rng.uniform(20, 40))

    def _start(self, replica: Replica) -> None:
        assert self._launcher is not None
        assert self._launcher.stdin is not None
        replica.starts += 1
        own = {**self.settings, "ALERTDESK_PORT": str(replica.port)}
        aim = self._aim()
        wanted = {"replica": replica.index, "settings": own, "aim": asdict(aim), "log": str(self.log)}
        self._launcher.stdin.write(json.dumps(wanted).encode() + b"\n")
        if self.deadly and self.rng.random() < 0.15:
            self._assassins[replica.index] = asyncio.create_task(self._later(replica))

    async def _later(self, replica: Replica) -> None:
        """Dies at any moment, not at a point."""
        pid = replica.pid
        await asyncio.sleep(self.rng.uniform(5, 45))
        if replica.pid != pid or self.deadly:
            self._kill(replica)

    def _kill(self, replica: Replica) -> None:
        if replica.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(replica.pid, signal.SIGKILL)

    async def _listen(self) -> None:
        assert self._launcher is not None
        assert self._launcher.stdout is not None
        named: dict[int, str] = {}
        while line := await self._launcher.stdout.readline():
            told: dict[str, Any] = json.loads(line)
            replica = self.replicas[told["replica"]]
            if "point" in told:
                self.points.add(told["point"])
            elif "pid" in told:
                replica.pid = told["pid"]
            elif "died" in told:
                named[replica.index] = told["died"]
            else:
                replica.pid = 0
                if (task := self._assassins.pop(replica.index, None)) is not None:
                    task.cancel()
                if told["status"] == -signal.SIGKILL:
                    self.kills[named.pop(replica.index, ANYWHERE)] += 1
                else:
                    self.problems.append(f"replica {replica.index} ended by itself with {told['status']}")
                self._start(replica)

    # the round robin -----------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def balanced(self) -> AsyncIterator[str]:
        """The address of a load balancer: each request goes to the next replica that accepts a connection."""
        runner = web.AppRunner(self._balancer(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    def _balancer(self) -> web.Application:
        app = web.Application(client_max_size=1 << 24)

        async def client(_app: web.Application) -> AsyncIterator[None]:
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
                self._client = session
                yield

        app.cleanup_ctx.append(client)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        return app

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        for _ in self.replicas:
            self._turn += 1
            to = self.replicas[self._turn % len(self.replicas)]
            url = f"http://127.0.0.1:{to.port}{request.path_qs}"
            try:
                async with self._client.request(
                    request.method, url, data=body, headers=headers, allow_redirects=False
                ) as answer:
                    kept = {"Content-Type": answer.headers.get("Content-Type", "text/plain")}
                    return web.Response(status=answer.status, body=await answer.read(), headers=kept)
            except aiohttp.ClientConnectorError:
                continue
            except aiohttp.ClientError:
                break
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=502)


def free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


async def _answers(client: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with client.get(url) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
