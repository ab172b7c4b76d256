"""The bounded part of `make soak`: real bots that are killed some tens of times, and what the cloud then counts.

The harness is a program of its own, for it makes time run faster. Its whole length is `make soak`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.cloud import Cloud
from bot.texts.en import REPEAT_BADGE
from tests.soak.count import MUST_BE_ZERO, counted
from tests.soak.ledger import Ledger
from tests.soak.people import Crowd, Raised
from tests.support.postgres import PostgresServer

ROOT = Path(__file__).resolve().parents[2]
NAME = "Soak alert 000001"
ALERTS = "/graph/beta/security/partner/securityAlerts"
SUBSCRIPTION = "00000000-0000-0000-0000-0000000000aa"
SECONDS = 16
"""So long they are killed. After that the work needs about as long again to come to rest."""
LEAST_KILLS = 3
"""Even where other tests keep the machine busy."""


async def soak(folder: Path, database: str, url: str) -> dict[str, Any]:
    out = folder / "found.json"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.soak", database),
        *("--seconds", str(SECONDS), "--logs", str(folder), "--json", str(out), f"--url={url}"),
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
    holds(await soak(tmp_path, "sqlite", ""))


@pytest.mark.timeout(300)
async def test_nothing_is_lost_or_doubled_with_three_replicas_on_postgresql(
    tmp_path: Path, postgres_server: PostgresServer, postgres_url: str
) -> None:
    holds(await soak(tmp_path, "postgresql", postgres_url))


@dataclass
class Scene:
    """A cloud that does not run, with one alert that was announced as it should be."""

    cloud: Cloud = field(default_factory=Cloud)
    ledger: Ledger = field(default_factory=Ledger)

    def __post_init__(self) -> None:
        self.place = self.cloud.teams.channel("Security Operations", "Alerts")
        self.crowd = Crowd(self.cloud, self.ledger, random.Random(1), None)  # type: ignore[arg-type]  # nobody calls out
        raised = self.cloud.raise_alert({"partner": "northwind", "displayName": NAME})
        self.alert = Raised(raised["id"], NAME, "northwind", raised["subscriptionId"])
        self.crowd.alerts[NAME] = self.alert
        self.card()

    def saw(
        self, service: str, method: str, path: str, body: Any, said: Any, status: int = 200, request_id: str = ""
    ) -> None:
        self.ledger.add(
            time=0.0,
            service=service,
            method=method,
            path=path,
            status=status,
            headers={"MS-RequestId": request_id},
            body=body,
            response=said,
        )

    def card(self, *badges: str, verdicts: bool = True) -> None:
        buttons = [{"type": "Action.Execute", "verb": "alert.fraud", "data": {"alert": 7}}] if verdicts else []
        card = {
            "refresh": {"action": {"verb": "alert.refresh", "data": {"alert": 7}}},
            "body": [{"type": "TextBlock", "text": text} for text in (NAME, *badges)],
            "actions": buttons,
        }
        activity = {"attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}]}
        message = self.cloud.teams.post(self.place, activity)
        path = f"/connector/emea/t/v3/conversations/{self.place.id}/activities"
        self.saw("connector", "POST", path, activity, {"id": message.id}, 201)

    def verdict(self, reason: str, status: int = 200) -> None:
        body = {"status": "resolved", "resolvedReason": reason}
        answer = {"id": self.alert.id, "status": "active"} if status in (0, 200) else {"error": {}}
        self.saw("graph", "PATCH", f"{ALERTS}/{self.alert.id}", body, answer, status)

    def read(self, status: str) -> None:
        self.saw("graph", "GET", f"{ALERTS}/{self.alert.id}", None, {"id": self.alert.id, "status": status})

    def decided(self) -> None:
        tenant = self.cloud.world.partner("northwind").tenant_id
        self.cloud.world.change_alert(tenant, self.alert.id, "resolved", "fraud", "", self.cloud.now(), "graph")

    def cancel(self, request_id: str) -> None:
        path = f"/partnercenter/v1/customers/c/subscriptions/p/azureEntitlements/{SUBSCRIPTION}/cancel"
        self.saw("partnercenter", "POST", path, {}, {}, 202, request_id)

    async def violations(self) -> dict[str, int]:
        return (await counted(self.crowd, {"northwind": self.place.id})).violations


async def test_the_count_is_content_with_work_that_is_right() -> None:
    scene = Scene()
    assert await scene.violations() == {}
    scene.verdict("fraud", 500)
    scene.read("active")
    scene.verdict("fraud", 0)  # its answer was lost
    scene.read("resolved")
    scene.decided()
    scene.alert.taken.add("fraud")
    scene.card(REPEAT_BADGE, verdicts=False)
    scene.crowd.approved.add(SUBSCRIPTION)
    scene.cancel("one")
    scene.cancel("one")
    assert await scene.violations() == {}


async def test_the_count_finds_what_must_not_be() -> None:
    def told_and_patched(scene: Scene) -> None:
        scene.read("resolved")
        scene.verdict("fraud", 500)

    def two_verdicts(scene: Scene) -> None:
        scene.verdict("fraud", 0)
        scene.verdict("ignore", 0)

    def twice(scene: Scene) -> None:
        scene.verdict("fraud", 0)
        scene.verdict("fraud", 0)

    def two_ids(scene: Scene) -> None:
        scene.crowd.approved.add(SUBSCRIPTION)
        scene.cancel("one")
        scene.cancel("two")

    def accepted_twice(scene: Scene) -> None:
        for _ in range(2):
            scene.cloud.world.note(scene.cloud.now(), "cancel", "partnercenter", "", {"entitlement": SUBSCRIPTION})

    cases: dict[str, Callable[[Scene], object]] = {
        "PATCH sent after the server had answered us as decided": told_and_patched,
        "two different verdicts on one alert": two_verdicts,
        "one verdict set twice": twice,
        "two MS-RequestIds for one plan": two_ids,
        "more than one accepted cancel for one plan": accepted_twice,
        "cancels that nobody approved": lambda scene: scene.cancel("one"),
        "doubled cards that are not marked": lambda scene: scene.card(),
        "verdicts acknowledged and lost": lambda scene: scene.alert.taken.add("fraud"),
        "cards that show an old state": lambda scene: scene.decided(),
        "alerts lost": lambda scene: scene.ledger.posts.clear(),
        "turns answered with 500": lambda scene: scene.saw("bot", "POST", "/api/messages", {}, None, 500),
    }
    assert cases.keys() == set(MUST_BE_ZERO)
    for name, spoil in cases.items():
        scene = Scene()
        spoil(scene)
        assert await scene.violations() == {name: 1}, name
