"""Signed `alert.refresh` turns per second: ours beside a bare handler and Microsoft's two SDKs, in turns."""

from __future__ import annotations

import json
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.performance.load import Sample, drive
from tests.performance.processes import Target, bot, target
from tests.performance.seeding import seed
from tests.performance.world import BotFramework, bot_environment, refresh, refresh_requests

ALERTS, ASKED_FOR = 1000, 200
CONCURRENCY = (1, 32)


@dataclass
class Measured:
    """The rounds of one target, by concurrency."""

    name: str
    rounds: dict[int, list[Sample]] = field(default_factory=lambda: {c: [] for c in CONCURRENCY})
    cpu: dict[int, list[float]] = field(default_factory=lambda: {c: [] for c in CONCURRENCY})  # microseconds a turn
    memory: float = 0.0

    def rate(self, concurrency: int) -> float:
        return median(sample.rate for sample in self.rounds[concurrency])

    def row(self, concurrency: int) -> dict[str, Any]:
        samples = self.rounds[concurrency]
        rates = [sample.rate for sample in samples]
        return {
            "rate": self.rate(concurrency),
            "least": min(rates),
            "most": max(rates),
            "p50": median(sample.quantile(0.50) for sample in samples),
            "p99": median(sample.quantile(0.99) for sample in samples),
            "cpu": median(self.cpu[concurrency]),
            "errors": sum(sample.errors for sample in samples),
        }


def measure(
    folder: Path, *, rounds: int, seconds: float, core: int, postgres_url: str = "", peers: bool = True
) -> list[Measured]:
    """Each round asks every target, one after another; the others are idle then."""
    with BotFramework().running() as framework, ExitStack() as stack:
        token = framework.token()
        numbers = list(range(1, ALERTS, ALERTS // ASKED_FOR))
        requests = refresh_requests(token, [number + number % 3 for number in numbers])
        sqlite = f"sqlite:///{folder / 'turns.db'}"
        running = [stack.enter_context(_ours("ours", sqlite, framework, core))]
        if postgres_url:
            running.append(stack.enter_context(_ours("ours-postgres", postgres_url, framework, core)))
        config = {
            "metadata_url": framework.metadata_url,
            "keys_url": framework.keys_url,
            "answer": _card(running[0], token),
        }
        others = ("bare", "botbuilder", "agents") if peers else ("bare",)
        running += [stack.enter_context(target(name, config, core)) for name in others]
        found = {one.name: Measured(one.name) for one in running}
        for one in running:
            drive(one.port, requests, connections=8, seconds=min(1.5, seconds))
        for _ in range(rounds):
            for one in running:
                for concurrency in CONCURRENCY:
                    before = one.cpu()
                    sample = drive(one.port, requests, connections=concurrency, seconds=seconds)
                    found[one.name].rounds[concurrency].append(sample)
                    used = 1e6 * (one.cpu() - before) / max(1, len(sample.latencies))
                    found[one.name].cpu[concurrency].append(used)
        for one in running:
            found[one.name].memory = one.memory()
        return list(found.values())


def _ours(name: str, url: str, framework: BotFramework, core: int) -> Any:
    seed(url, ALERTS, open_share=0.5)
    return bot(name, bot_environment(url, framework.metadata_url), core)


def _card(ours: Target, token: str) -> dict[str, Any]:
    """Our answer to one refresh, which the other targets give to all."""
    asked = urllib.request.Request(
        f"http://127.0.0.1:{ours.port}/api/messages",
        data=json.dumps(refresh(1)).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - our own, on loopback
        card: dict[str, Any] = json.loads(answer.read())
    if card.get("statusCode") != 200 or not str(card.get("type", "")).endswith("card.adaptive"):
        raise RuntimeError(f"a refresh was answered with {card}")
    return card
