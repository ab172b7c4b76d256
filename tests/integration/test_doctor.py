"""`python -m bot doctor`, the real program, on a sandbox cloud: what it finds and asks, and that it does nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.app import entra_config
from bot.doctor import doctor
from bot.login import login
from bot.sandbox.app import running
from bot.sandbox.cloud import Cloud
from bot.sandbox.control_settings import bot_settings
from bot.services.approvers import MOST_ASKED
from bot.settings import load
from bot.store import migrate
from tests.integration.test_login import browser_of
from tests.support.program import run as run_program

Given = dict[str, str]


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    async with running() as cloud:
        yield cloud


@pytest.fixture
def given(cloud: Cloud, tmp_path: Path) -> Given:
    """The environment of a bot on that cloud, with its database made. Nothing answers at its PUBLIC_URL."""
    database = f"sqlite:///{tmp_path / 'doctor.db'}"
    migrate(database)
    return {**bot_settings(cloud, "http://127.0.0.1:1", "app"), "ALERTDESK_DATABASE_URL": database}


def with_partners(given: Given, **changes: Any) -> Given:
    """The same, with keys of every partner changed."""
    partners = [{**entry, **changes} for entry in json.loads(given["ALERTDESK_PARTNERS"])]
    return {**given, "ALERTDESK_PARTNERS": json.dumps(partners)}


async def run(given: Given, **more: Any) -> tuple[int, dict[str, tuple[str, str]]]:
    """In this process: the exit code, and check -> (mark, text)."""
    said: list[str] = []
    settings = load(given)
    code = await doctor(settings, entra_config(settings), said.append, **more)
    return code, lines(said)


def lines(said: list[str]) -> dict[str, tuple[str, str]]:
    """`mark  check: text`, where the check may be of a partner (`Northwind Cloud: alerts: …`)."""
    found: dict[str, tuple[str, str]] = {}
    for line in said:
        mark, rest = line.split(maxsplit=1)
        parts = rest.split(": ")
        of_partner = parts[0].endswith(("Cloud", "Distribution"))
        found[": ".join(parts[: 1 + of_partner])] = (mark, ": ".join(parts[1 + of_partner :]))
    return found


def marks(found: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {check: mark for check, (mark, _) in found.items() if mark != "ok"}


async def test_as_a_program_all_is_well(cloud: Cloud, given: Given, tmp_path: Path) -> None:
    code, out, said = await run_program(["doctor"], given, tmp_path)
    assert (code, said) == (0, "")
    found = lines(out.decode().splitlines())
    assert marks(found) == {"PUBLIC_URL": "warning"}
    assert found["settings"][1] == "Northwind Cloud (acts as app), Fabrikam Distribution (acts as app)"
    assert found["Northwind Cloud: alerts"][1].startswith("read by the application, ")
    assert found["Northwind Cloud: AdminAgents group"][1].startswith("AdminAgents (")
    assert found["Northwind Cloud: approvers"][1] == "1 in the group"
    assert "Fabrikam Distribution: approvers" not in found
    assert "Northwind Cloud: cancelling" not in found
    assert cloud.log.select(service="partnercenter", method="POST") == []
    assert cloud.world.deeds == []


@pytest.mark.parametrize(("may", "says"), [(True, '"appMayCancel": true may be set'), (False, "leave")])
async def test_as_a_program_the_cancel_check(cloud: Cloud, given: Given, tmp_path: Path, may: bool, says: str) -> None:
    cloud.faults.switches.change({"app_may_cancel": may})
    known = set(cloud.world.entitlements)
    code, out, _ = await run_program(["doctor", "--cancel-check"], given, tmp_path)
    found = lines(out.decode().splitlines())
    for partner in ("Northwind Cloud", "Fabrikam Distribution"):
        mark, text = found[f"{partner}: cancelling"]
        assert mark == "ok"
        assert says in text
    assert code == 0
    sent = cloud.log.select(service="partnercenter", method="POST")
    assert [entry.status for entry in sent] == [404 if may else 403] * 2
    asked = [entry.path.split("/")[-2] for entry in sent]
    assert not known & set(asked)
    looked_up = [entry for entry in cloud.log.select(service="partnercenter", method="GET") if entry.status == 404]
    assert [entry.path.split("/")[-1] for entry in looked_up] == asked
    assert cloud.world.deeds == []


async def test_the_cancel_check_against_what_is_set(cloud: Cloud, given: Given) -> None:
    settled = with_partners(given, appMayCancel=True)
    code, found = await run(settled, cancel_check=True)
    assert (code, found["Northwind Cloud: cancelling"][0]) == (0, "ok")
    assert "as" in found["Northwind Cloud: cancelling"][1]
    cloud.faults.switches.change({"app_may_cancel": False})
    code, found = await run(settled, cancel_check=True)
    assert (code, found["Northwind Cloud: cancelling"][0]) == (1, "failed")
    assert "900329" in found["Northwind Cloud: cancelling"][1]


@pytest.mark.parametrize(
    ("action", "mark"),
    [
        ({"status": 401, "code": "900421"}, "ok"),
        ({"status": 401, "code": "1"}, "ok"),
        ({"status": 403, "code": "900308"}, "ok"),
        ({"status": 403, "code": "900150"}, "ok"),
        ({"status": 403, "code": "900159"}, "warning"),
        ({"status": 401, "code": "900420"}, "warning"),
        ({"status": 404, "code": "20003"}, "warning"),
        ({"status": 400, "code": "800002"}, "warning"),
        ({"status": 409}, "warning"),
        ({"status": 500}, "warning"),
        ({"status": 202, "body": {}}, "warning"),
        ({"drop": "before"}, "warning"),
    ],
    ids=str,
)
async def test_what_the_answer_to_the_cancel_check_means(
    cloud: Cloud, given: Given, action: dict[str, Any], mark: str
) -> None:
    cloud.faults.add({"service": "partnercenter", "method": "POST", "action": action})
    code, found = await run(given, cancel_check=True)
    got, text = found["Northwind Cloud: cancelling"]
    assert (code, got) == (0, mark)
    assert ("leave" if mark == "ok" else "could not tell") in text
    assert "may be set" not in text


@pytest.mark.parametrize(
    "action", [{"status": 200, "body": {}}, {"status": 403}, {"status": 404, "code": "1"}], ids=str
)
async def test_nothing_is_sent_unless_the_invented_one_is_surely_missing(
    cloud: Cloud, given: Given, action: dict[str, Any]
) -> None:
    match = r"azureEntitlements/[0-9a-f-]+$"
    cloud.faults.add({"service": "partnercenter", "method": "GET", "match": match, "action": action})
    _, found = await run(given, cancel_check=True)
    assert found["Northwind Cloud: cancelling"][0] == "warning"
    assert cloud.log.select(service="partnercenter", method="POST") == []


async def test_the_cancel_check_without_an_azure_plan_and_where_people_act(cloud: Cloud, given: Given) -> None:
    cloud.world.plans = {name: plan for name, plan in cloud.world.plans.items() if not plan.azure}
    as_people = {**given, **bot_settings(cloud, "http://127.0.0.1:1", "user")}
    _, found = await run(as_people, cancel_check=True)
    assert found["Northwind Cloud: cancelling"] == ("ok", "not asked: people cancel with their own tokens there")
    assert "no customer with an Azure plan" in found["Fabrikam Distribution: cancelling"][1]
    assert cloud.log.select(service="partnercenter", method="POST") == []


async def test_a_database_that_is_not_ready(given: Given, tmp_path: Path) -> None:
    empty = {**given, "ALERTDESK_DATABASE_URL": f"sqlite:///{tmp_path / 'empty.db'}"}
    code, found = await run(empty)
    assert (code, found["database"][0]) == (1, "failed")
    assert "python -m bot migrate" in found["database"][1]
    assert found["Northwind Cloud: alerts"][0] == "ok"  # the rest is tried all the same


async def test_a_wrong_secret(given: Given) -> None:
    code, found = await run({**given, "ALERTDESK_APP_SECRET": "wrong"})
    assert code == 1
    assert found["Bot Framework"][0] == "failed"
    assert "AADSTS7000215" in found["Bot Framework"][1]


async def test_groups_that_are_not_there_or_called_otherwise(cloud: Cloud, given: Given) -> None:
    nowhere = "00000000-0000-4000-8000-000000000000"
    code, found = await run(with_partners(given, adminAgentsGroupId=nowhere, approversGroupId=nowhere))
    assert code == 1
    assert "adminAgentsGroupId" in found["Northwind Cloud: AdminAgents group"][1]
    assert "approversGroupId" in found["Northwind Cloud: approvers"][1]
    assert {found["Northwind Cloud: AdminAgents group"][0], found["Northwind Cloud: approvers"][0]} == {"failed"}
    group = cloud.world.groups[cloud.world.partner("northwind").admin_agents_group_id]
    group.name = "Admins\x1b[31m\nok      all"
    cloud.world.groups[cloud.world.partner("northwind").approvers_group_id].members.clear()
    code, found = await run(given)
    assert code == 0
    assert found["Northwind Cloud: AdminAgents group"][0] == found["Northwind Cloud: approvers"][0] == "warning"
    for number in range(MOST_ASKED + 1):
        one = replace(
            cloud.world.people["max"], key=f"p{number}", aad_object_id=f"{number:08d}-0000-4000-8000-000000000000"
        )
        cloud.world.people[one.key] = one
        cloud.world.groups[cloud.world.partner("northwind").approvers_group_id].members.append(one.aad_object_id)
    _, found = await run(given)
    assert found["Northwind Cloud: approvers"] == (
        "warning",
        "21 in the group: 20 of them are asked, so make it a group of those who shall decide",
    )
    assert "'Admins [31m ok all'" in found["Northwind Cloud: AdminAgents group"][1]


@pytest.mark.parametrize(
    ("fault", "checks"),
    [
        ({"service": "graph", "match": "securityAlerts", "action": {"status": 403}}, {"alerts": "failed"}),
        ({"service": "graph", "match": "checkMemberObjects", "action": {"status": 403}}, {"roles of people": "failed"}),
        ({"service": "partnercenter", "action": {"status": 403, "code": "900308"}}, {"Partner Center": "warning"}),
        ({"service": "partnercenter", "action": {"status": 500}}, {"Partner Center": "failed"}),
    ],
    ids=str,
)
async def test_what_microsoft_refuses(
    cloud: Cloud, given: Given, fault: dict[str, Any], checks: dict[str, str]
) -> None:
    cloud.faults.add(fault)
    code, found = await run(given)
    expected = {f"Northwind Cloud: {check}": mark for check, mark in checks.items()}
    assert {check: mark for check, mark in marks(found).items() if check.startswith("Northwind")} == expected
    assert code == ("failed" in checks.values())


async def test_alerts_that_a_person_reads(cloud: Cloud, given: Given) -> None:
    cloud.faults.switches.app_only_missing_mfa = True
    code, found = await run(given)
    assert (code, found["Northwind Cloud: alerts"][0]) == (1, "failed")
    assert "python -m bot login" in found["Northwind Cloud: alerts"][1]
    settings = load(given)
    assert await login(settings, entra_config(settings), "Northwind Cloud", browser_of("ada")) == 0
    _, found = await run(given)
    mark, text = found["Northwind Cloud: alerts"]
    assert mark == "ok"
    assert text.startswith("read with the sign-in of Ada Lindqvist <ada.lindqvist@")
    _, again = await run(with_partners(given, reader="delegated"))
    assert again["Northwind Cloud: alerts"][0] == "ok"


async def test_settings_that_cannot_be_used(given: Given, tmp_path: Path) -> None:
    code, out, said = await run_program(["doctor"], {**given, "ALERTDESK_AUDIT_KEY": "x"}, tmp_path)
    assert (code, out) == (2, b"")
    assert "ALERTDESK_AUDIT_KEY" in said


@pytest.mark.parametrize("healthy", [True, False])
async def test_what_answers_at_the_public_address(cloud: Cloud, given: Given, healthy: bool) -> None:
    """The sandbox itself stands for a gateway that leads elsewhere; a fault there for the bot that answers."""
    if healthy:
        action = {"status": 200, "body": {"status": "ok"}}
        cloud.faults.add({"service": "graph", "match": "^/graph/healthz$", "action": action})
    _, found = await run({**given, "ALERTDESK_PUBLIC_URL": f"{cloud.base_url}/graph"})
    assert found["PUBLIC_URL"][0] == ("ok" if healthy else "warning")
