"""A rolling upgrade with two real versions of the program: an old one from git, and this one, on one PostgreSQL.

Old replicas run first. Then new ones join and bring the schema up to date beneath them; both work side by side while
they are killed. At last the old ones are asked to end, as a rollout does.
"""

from __future__ import annotations

import asyncio
import io
import subprocess
import tarfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg

from tests.soak.fleet import ROOT, Replica, free_ports
from tests.soak.people import Crowd
from tests.soak.run import Run

OLD, NEW = 2, 2
PROGRAM = ("bot", "cards")


def old_code(revision: str, folder: Path) -> Path:
    """The program as it was then, in a folder of its own, with the harness of today: the one in which to start it."""
    packed = subprocess.run(["git", "archive", revision, *PROGRAM], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        files.extractall(folder, filter="data")
    (folder / "tests").symlink_to(ROOT / "tests")
    return folder


class Upgrade(Run):
    """A quarter of the kills before the new version is there, a half beside each other, a quarter after."""

    def __init__(self, old: Path, *about: Any, **more: Any) -> None:
        self._old, self._ports = old, free_ports(OLD + NEW)
        super().__init__(*about, **more)

    def replicas(self) -> list[Replica]:
        return [Replica(index, port, self._old) for index, port in enumerate(self._ports[:OLD])]

    async def deadly(self, crowd: Crowd) -> None:
        fleet, old = self.fleet, [*self.fleet.replicas]
        new = [Replica(index, port) for index, port in enumerate(self._ports[OLD:], OLD)]
        await self.part(crowd, 0.25)
        schema, alone = await asyncio.to_thread(self._schema), _figures(old)

        await fleet.join(new)
        await self.part(crowd, 0.5)
        of_old, of_new = _figures(old) - alone, _figures(new)
        leaving = asyncio.gather(*(fleet.retire(replica) for replica in old))
        await self.part(crowd, 0.25)
        await leaving
        self.notes |= {
            "replicas: old, new": f"{len(old)}, {len(new)}",
            "schema: before, after": f"{schema}, {await asyncio.to_thread(self._schema)}",
            "SIGKILLs of the old before the new came": alone["deaths"],
            "SIGKILLs side by side: old, new": f"{of_old['deaths']}, {of_new['deaths']}",
            "requests answered side by side: old, new": f"{of_old['turns']}, {of_new['turns']}",
            "starts of the old on the newer schema": of_old["starts"],
            "SIGKILLs of the new while and after the old ended": _figures(new)["deaths"] - of_new["deaths"],
        }

    def _schema(self) -> str:
        with psycopg.connect(self.url) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return str(row[0]) if row is not None else ""


def _figures(replicas: Iterable[Replica]) -> Counter[str]:
    """What they did until now, together."""
    found: Counter[str] = Counter()
    for replica in replicas:
        found.update(starts=replica.starts, deaths=replica.deaths, turns=replica.turns)
    return found
