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
from collections.abc import AsyncIterator, Iterable
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
    """`code` is the folder of the program that it runs; `turns` is how often it answered. One that is `leaving` is not
    started again."""

    index: int
    port: int
    code: Path = ROOT
    pid: int = 0
    starts: int = 0
    deaths: int = 0
    turns: int = 0
    leaving: bool = False

    @property
    def healthz(self) -> str:
        return f"http://127.0.0.1:{self.port}/healthz"


@dataclass
class Fleet:
    """`kills` counts the deaths by point; those from outside, at any moment, are ANYWHERE. `earlier` are those of other
    runs, which make a point less interesting; `left` are the replicas that are gone for good."""

    lapse: Lapse
    settings: dict[str, str]
    replicas: list[Replica]
    rng: random.Random
    log: Path
    points: set[str] = field(default_factory=set)
    kills: Counter[str] = field(default_factory=Counter)
    earlier: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    left: list[Replica] = field(default_factory=list)
    deadly: bool = False
    _launchers: dict[Path, asyncio.subprocess.Process] = field(default_factory=dict)
    _listeners: list[asyncio.Task[None]] = field(default_factory=list)
    _turn: int = 0
    _assassins: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    @property
    def killed(self) -> int:
        return self.kills.total()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            for replica in self.replicas:
                await self._launch(replica)
            yield
        finally:
            for task in self._assassins.values():
                task.cancel()
            for launcher in self._launchers.values():
                assert launcher.stdin is not None
                launcher.stdin.close()
                await launcher.wait()
            await asyncio.gather(*self._listeners)

    async def join(self, replicas: Iterable[Replica]) -> None:
        """More of them, beside those who are there."""
        for replica in replicas:
            self.replicas.append(replica)
            await self._launch(replica)

    async def retire(self, replica: Replica) -> None:
        """Asks it to end by itself (SIGTERM), and waits until it is gone."""
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as client:
            asked = 0
            while not asked:  # who was only just started would not hear it
                pid = replica.pid
                if pid and await _answers(client, replica.healthz) and replica.pid == pid:
                    asked, replica.leaving = pid, True
                    os.kill(pid, signal.SIGTERM)
                await asyncio.sleep(1.0)
            while replica in self.replicas:  # noqa: ASYNC110 its end is told by the launcher
                await asyncio.sleep(1.0)

    async def _launch(self, replica: Replica) -> None:
        if replica.code not in self._launchers:
            environment = {name: value for name, value in os.environ.items() if not name.startswith("ALERTDESK_")}
            launcher = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.soak.bot",
                cwd=replica.code,
                env={**environment, **self.lapse.as_environment},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            self._launchers[replica.code] = launcher
            self._listeners.append(asyncio.create_task(self._listen(launcher)))
        self._start(replica)

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
                while not await _answers(client, replica.healthz):  # noqa: ASYNC110
                    await asyncio.sleep(1.0)

    def _aim(self) -> Aim:
        """At whichever is passed first of the points where nobody died so far, in most cases; else at one of those
        where few died, or anywhere. These mostly not at once: it takes up to 20 s until the leases of the dead ran out,
        and there should be work to be interrupted."""
        if not self.deadly:
            return Aim()
        rng = self.rng
        armed = 0.0 if rng.random() < 0.15 else rng.uniform(5, 30)
        aim = Aim(armed=armed, after=armed + rng.uniform(5, 20), chance=0.05, seed=rng.randrange(1 << 30))
        known = self.points | self.earlier.keys()
        if not known or rng.random() < 0.15:
            return aim
        died = self.kills + self.earlier
        never = [name for name in known if not died[name]]
        if never and rng.random() < 0.75:
            return replace(aim, names=sorted(never), armed=0.0, after=rng.uniform(40, 80))
        risky = [name for name in known if RISKY.search(name)] if rng.random() < 0.6 else []
        rare = sorted(risky or known, key=lambda name: (died[name], rng.random()))
        name = rng.choice(rare[: max(5, len(rare) // 3)])
        return replace(aim, names=(name,), count=rng.choice((1, 1, 2)), after=armed + rng.uniform(20, 40))

    def _start(self, replica: Replica) -> None:
        launcher = self._launchers[replica.code]
        assert launcher.stdin is not None
        replica.starts += 1
        own = {**self.settings, "ALERTDESK_PORT": str(replica.port)}
        aim = self._aim()
        wanted = {"replica": replica.index, "settings": own, "aim": asdict(aim), "log": str(self.log)}
        launcher.stdin.write(json.dumps(wanted).encode() + b"\n")
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

    async def _listen(self, launcher: asyncio.subprocess.Process) -> None:
        assert launcher.stdout is not None
        named: dict[int, str] = {}
        while line := await launcher.stdout.readline():
            told: dict[str, Any] = json.loads(line)
            (replica,) = [one for one in self.replicas if one.index == told["replica"]]
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
                    replica.deaths += 1
                elif told["status"] != 0 or not replica.leaving:
                    self.problems.append(f"replica {replica.index} ended by itself with {told['status']}")
                if replica.leaving:
                    self.replicas.remove(replica)
                    self.left.append(replica)
                else:
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
        for _ in range(len(self.replicas)):
            self._turn += 1
            to = self.replicas[self._turn % len(self.replicas)]
            url = f"http://127.0.0.1:{to.port}{request.path_qs}"
            try:
                async with self._client.request(
                    request.method, url, data=body, headers=headers, allow_redirects=False
                ) as answer:
                    to.turns += 1
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
