"""The controls and the command line of the sandbox."""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import sys
from typing import Any

import aiohttp
import pytest

from bot.sandbox import control
from bot.sandbox.cloud import Cloud
from bot.sandbox.world.model import GLOBAL_ADMINISTRATOR


async def post(http: aiohttp.ClientSession, path: str, body: Any = None, expect: int = 200) -> Any:
    async with http.post(f"/control/{path}", json=body) as response:
        assert response.status == expect, await response.text()
        return await response.json()


async def get(http: aiohttp.ClientSession, path: str) -> Any:
    async with http.get(f"/control/{path}") as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def test_settings_let_a_bot_use_this_cloud(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    settings = await get(http, "settings?bot_url=http://127.0.0.1:4000/")
    assert all(name.startswith("ALERTDESK_") and isinstance(value, str) for name, value in settings.items())
    assert settings["ALERTDESK_PUBLIC_URL"] == "http://127.0.0.1:4000"
    assert settings["ALERTDESK_GRAPH_URL"] == f"{cloud.base_url}/graph"
    assert settings["ALERTDESK_APP_SECRET"].startswith("insecure-")
    assert len(base64.b64decode(settings["ALERTDESK_AUDIT_KEY"])) == 32
    assert settings["ALERTDESK_AUDIT_KEY"] != settings["ALERTDESK_ENCRYPTION_KEY"]
    partners = json.loads(settings["ALERTDESK_PARTNERS"])
    assert [partner["actAs"] for partner in partners] == ["user", "app"]
    assert [len(partner["channels"]) for partner in partners] == [1, 0]
    assert partners[0]["channels"] == [cloud.world.teams[0].channels[0].id]
    assert partners[0]["tenantId"] == settings["ALERTDESK_APP_TENANT_ID"]
    assert settings["ALERTDESK_ACT_AS"] == "user"


async def test_settings_for_a_bot_that_acts_as_itself(http: aiohttp.ClientSession) -> None:
    settings = await get(http, "settings?act_as=app")
    assert settings["ALERTDESK_ACT_AS"] == "app"
    assert [partner["actAs"] for partner in json.loads(settings["ALERTDESK_PARTNERS"])] == ["app", "app"]
    async with http.get("/control/settings?act_as=robot") as response:
        assert response.status == 400
        assert "act_as" in (await response.json())["error"]


async def test_faults_and_switches(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    made = await post(http, "faults", {"service": "graph", "action": {"status": 429, "retry_after": 2}, "times": 3})
    assert [entry["id"] for entry in await get(http, "faults")] == [made["id"]]
    error = (await post(http, "faults", {"action": {"status": 1}}, expect=400))["error"]
    assert "status" in error
    async with http.delete(f"/control/faults/{made['id']}") as response:
        assert await response.json() == {"removed": 1}
    await post(http, "faults", {"service": "graph", "action": {"status": 500}})
    async with http.delete("/control/faults") as response:
        assert await response.json() == {"removed": 1}
    assert (await post(http, "switches", {"page_size": 4}))["page_size"] == 4
    assert (await get(http, "switches"))["page_size"] == 4
    assert "unknown switch" in (await post(http, "switches", {"nope": 1}, expect=400))["error"]


async def test_alerts_are_raised_decided_and_reopened(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    async with cloud.events.listen() as events:
        alert = await post(http, "alerts", {"partner": "fabrikam", "severity": "low"})
        assert events.get_nowait().data["alert"]["id"] == alert["id"]
    where = f"alerts/fabrikam/{alert['id']}"
    decided = await post(http, f"{where}/resolve", {"reason": "fraud", "by": "fay"})
    assert (decided["status"], decided["resolvedReason"]) == ("resolved", "fraud")
    assert decided["activityLogs"][0]["updatedBy"] == cloud.world.person("fay").upn
    assert (await post(http, f"{where}/reopen"))["status"] == "active"
    listed = await get(http, "alerts?partner=fabrikam&status=active")
    assert listed[-1]["id"] == alert["id"]
    assert {entry["status"] for entry in listed} == {"active"}
    assert [(deed["status"], deed["via"]) for deed in await get(http, "deeds?kind=alert")] == [
        ("resolved", "portal"),
        ("active", "portal"),
    ]
    for path, body in (
        (f"{where}/resolve", {"reason": "bored"}),
        ("alerts/fabrikam/nope/resolve", {}),
        ("alerts/nobody/nope/resolve", {}),
        ("alerts", {"partner": "nobody"}),
        ("alerts", []),
    ):
        assert (await post(http, path, body, expect=400))["error"]


async def test_roles(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    wanted = {"person": "nora", "role": "globalAdministrator", "grant": True}
    assert GLOBAL_ADMINISTRATOR in (await post(http, "roles", wanted))["memberOf"]
    assert GLOBAL_ADMINISTRATOR not in (await post(http, "roles", {**wanted, "grant": False}))["memberOf"]
    for wrong in ({**wanted, "grant": "yes"}, {**wanted, "person": "zoe"}, {**wanted, "role": "king"}):
        assert (await post(http, "roles", wrong, expect=400))["error"]


async def test_pace_raises_alerts_until_the_limit(
    cloud: Cloud, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "MOST_IN_A_RUN", 3)
    async with cloud.events.listen() as events:
        assert (await post(http, "pace", {"seconds": 0.01}))["seconds"] == 0.01
        for _ in range(3):
            assert (await asyncio.wait_for(events.get(), 10)).topic == "alert"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(events.get(), 0.3)
    assert "seconds" in (await post(http, "pace", {"seconds": -1}, expect=400))["error"]


async def test_clock(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    assert (await post(http, "clock", {"now": "2026-01-31T09:00:00Z"}))["now"] == "2026-01-31T09:00:00+00:00"
    assert (await post(http, "clock", {"advance": 90}))["now"] == "2026-01-31T09:01:30+00:00"
    assert (await post(http, "clock", {"now": "2026-01-31T09:00:00"}, expect=400))["error"]
    assert (await post(http, "clock", {"now": None}))["now"] > "2026-02"


async def test_log_and_reset(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    before = len(cloud.world.alerts[cloud.world.partner("northwind").tenant_id])
    for _ in range(2):
        async with http.get("/graph/beta/security/partner/securityAlerts?$count=true"):
            pass
    entries = await get(http, "log?service=graph&method=get")
    assert [entry["status"] for entry in entries] == [401, 401]
    assert entries[0]["response"]["error"]["code"] == "InvalidAuthenticationToken"
    assert await get(http, f"log?since={entries[0]['seq']}") == entries[1:]
    assert await get(http, "log?service=partnercenter") == []
    await post(http, "alerts", {"partner": "northwind"})
    await post(http, "switches", {"page_size": 3})
    await post(http, "reset")
    assert len(cloud.world.alerts[cloud.world.partner("northwind").tenant_id]) == before
    assert (await get(http, "switches"))["page_size"] == 25
    assert await get(http, "log") == []


async def test_the_command_line_serves_faults_and_ends_on_a_signal() -> None:
    async def run(*arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot.sandbox",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    server = await run("serve", "--port", "0", "--now", "2026-03-04T00:00:00Z")
    try:
        assert server.stdout is not None
        url = json.loads(await asyncio.wait_for(server.stdout.readline(), 30))["url"]
        adding = await run("fault", "--url", url, "--service", "graph", "--status", "503", "--times", "1")
        out, _ = await adding.communicate()
        assert (adding.returncode, json.loads(out)["action"]) == (0, {"status": 503})
        wrong = await run("switch", "--url", url, "colour=1")
        out, _ = await wrong.communicate()
        assert (wrong.returncode, "unknown switch" in out.decode()) == (1, True)
        async with aiohttp.ClientSession(url) as http:
            assert (await get(http, "world"))["now"] == "2026-03-04T00:00:00+00:00"
            async with http.get("/graph/beta/me") as response:
                assert response.status == 503
    finally:
        server.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(server.communicate(), 5)
    assert (server.returncode, errors) == (0, b"")


@pytest.mark.parametrize("spelling", ["own", "public"])
async def test_the_settings_lead_to_alerts_and_customers(
    cloud: Cloud, http: aiohttp.ClientSession, spelling: str
) -> None:
    settings = await get(http, "settings")
    public = {
        "GRAPH_URL": "https://graph.microsoft.com",
        "PARTNER_CENTER_URL": "https://api.partnercenter.microsoft.com",
    }
    reads = {"GRAPH_URL": "/beta/security/partner/securityAlerts", "PARTNER_CENTER_URL": "/v1/customers?size=3"}
    for name, path in reads.items():
        base = settings[f"ALERTDESK_{name}"]
        for partner in json.loads(settings["ALERTDESK_PARTNERS"]):
            form = {
                "grant_type": "client_credentials",
                "client_id": settings["ALERTDESK_APP_ID"],
                "client_secret": settings["ALERTDESK_APP_SECRET"],
                "scope": f"{base if spelling == 'own' else public[name]}/.default",
            }
            url = f"{settings['ALERTDESK_LOGIN_URL']}/{partner['tenantId']}/oauth2/v2.0/token"
            async with http.post(url, data=form) as response:
                token = (await response.json())["access_token"]
            async with http.get(base + path, headers={"Authorization": f"Bearer {token}"}) as response:
                body = await response.json()
                assert response.status == 200, body
                found = body.get("value") or body["items"]
        tenants = {customer.tenant_id for customer in cloud.world.customers_of(partner["tenantId"])}
        assert {entry.get("customerTenantId") or entry["id"] for entry in found} <= tenants


async def test_an_azure_subscription_changes_in_the_portal(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    world = cloud.world
    found = next(
        each
        for each in world.entitlements.values()
        if sum(plan.azure for plan in world.plans_of(each.customer_tenant_id)) == 2
    )
    other = next(
        plan.id for plan in world.plans_of(found.customer_tenant_id) if plan.azure and plan.id != found.plan_id
    )
    found.accept("inactive", "r", cloud.now(), 1000)
    shown = await post(http, f"entitlements/{found.id}", {"status": "inactive", "name": "New", "planId": other.upper()})
    assert shown == {"id": found.id, "planId": other, "name": "New", "status": "inactive"}
    assert not found.pending(cloud.now())
    licence = next(plan.id for plan in world.plans_of(found.customer_tenant_id) if not plan.azure)
    for bad in ({"status": "gone"}, {"name": 7}, {"colour": "red"}, {"planId": licence}, {"planId": "x"}):
        assert (await post(http, f"entitlements/{found.id}", bad, expect=400))["error"]
    assert (found.plan_id, found.name, found.status(cloud.now())) == (other, "New", "inactive")
    await post(http, "entitlements/x", {"name": "y"}, expect=400)
