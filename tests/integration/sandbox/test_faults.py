"""Faults hit what they name, as often as they say; switches are checked; the log keeps no secret."""

from __future__ import annotations

import time
from typing import Any

import aiohttp
import pytest

from bot.sandbox.cloud import Cloud
from bot.sandbox.faults import BadFault
from tests.support.sandbox_tokens import app_token

ALERTS = "/graph/beta/security/partner/securityAlerts"


async def alerts(cloud: Cloud, http: aiohttp.ClientSession) -> aiohttp.ClientResponse:
    response = await http.get(ALERTS, headers=app_token(cloud))
    await response.read()
    return response


async def test_a_status_comes_with_the_envelope_and_retry_after_of_the_service(
    cloud: Cloud, http: aiohttp.ClientSession
) -> None:
    action = {"status": 429, "retry_after": 2}
    cloud.faults.add({"service": "graph", "action": action, "times": 1})
    cloud.faults.add({"service": "partnercenter", "action": action, "times": 1})
    response = await http.get(ALERTS, headers={**app_token(cloud), "client-request-id": "mine"})
    body = await response.json()
    assert (response.status, response.headers["Retry-After"]) == (429, "2")
    assert body["error"]["code"] == "TooManyRequests"
    assert body["error"]["innerError"]["client-request-id"] == "mine" == response.headers["client-request-id"]
    assert body["error"]["innerError"]["request-id"] == response.headers["request-id"]
    response = await http.get("/partnercenter/v1/customers")
    assert await response.json() == {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 2 seconds."}
    assert (await alerts(cloud, http)).status == 200


async def test_code_message_body_and_headers_can_be_given(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    cloud.faults.add({"action": {"status": 403, "code": "Unauthorized_MissingMFA", "message": "no"}, "times": 1})
    error = (await (await alerts(cloud, http)).json())["error"]
    assert (error["code"], error["message"]) == ("Unauthorized_MissingMFA", "no")
    cloud.faults.add({"action": {"status": 502, "body": "<html>bad gateway</html>"}, "times": 1})
    assert await (await alerts(cloud, http)).text() == "<html>bad gateway</html>"
    headers = {"WWW-Authenticate": 'Bearer error="insufficient_claims"'}
    cloud.faults.add({"action": {"status": 401, "headers": headers}, "times": 1})
    assert (await alerts(cloud, http)).headers["WWW-Authenticate"] == headers["WWW-Authenticate"]
    assert "Retry-After" not in (await alerts(cloud, http)).headers


async def test_service_method_and_path_choose_the_request(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    cloud.faults.add({"service": "graph", "method": "patch", "action": {"status": 500}})
    cloud.faults.add({"service": "graph", "match": r"filter=.*active", "action": {"status": 503}})
    cloud.faults.add({"service": "partnercenter", "action": {"status": 500}})
    assert (await alerts(cloud, http)).status == 200
    response = await http.patch(f"{ALERTS}/x", headers=app_token(cloud), json={})
    assert response.status == 500
    response = await http.get(ALERTS, params={"$filter": "status eq 'active'"}, headers=app_token(cloud))
    assert response.status == 503


async def test_times_counts_down_and_clear_removes(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    fault = cloud.faults.add({"service": "graph", "action": {"status": 500}, "times": 2})
    assert [(await alerts(cloud, http)).status for _ in range(3)] == [500, 500, 200]
    assert (fault.hits, cloud.faults.all()) == (2, [])
    stays = cloud.faults.add({"service": "graph", "action": {"status": 500}})
    assert [(await alerts(cloud, http)).status for _ in range(3)] == [500, 500, 500]
    assert cloud.faults.remove(stays.id) == 1
    assert (await alerts(cloud, http)).status == 200


async def test_probability_hits_some(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    cloud.faults.add({"service": "graph", "action": {"status": 500}, "probability": 0.5})
    statuses = {(await alerts(cloud, http)).status for _ in range(60)}
    assert statuses == {200, 500}


async def test_latency_holds_up_and_then_answers(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    cloud.faults.add({"service": "graph", "action": {"latency": 0.2}, "times": 1})
    cloud.faults.add({"service": "graph", "action": {"status": 503}, "times": 1})
    start = time.monotonic()
    assert (await alerts(cloud, http)).status == 503
    assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize(("when", "done"), [("before", False), ("after", True)])
async def test_a_dropped_connection_does_the_deed_or_not(
    cloud: Cloud, http: aiohttp.ClientSession, when: str, done: bool
) -> None:
    alert = cloud.raise_alert({"partner": "northwind"})
    cloud.faults.add({"service": "graph", "method": "PATCH", "action": {"drop": when}, "times": 1})
    body = {"status": "resolved", "resolvedReason": "fraud"}
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await http.patch(f"{ALERTS}/{alert['id']}", headers=app_token(cloud), json=body)
    assert (alert["status"] == "resolved") is done
    assert [entry.status for entry in cloud.log.select(service="graph", method="PATCH")] == [0]
    assert (await alerts(cloud, http)).status == 200


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"action": {}},
        {"action": {"status": 429, "latency": 1}},
        {"action": {"status": 42}},
        {"action": {"drop": "sometimes"}},
        {"action": {"latency": -1}},
        {"action": {"status": 500}, "times": 0},
        {"action": {"status": 500}, "probability": 2},
        {"action": {"status": 500}, "match": "("},
        {"action": {"status": 500}, "service": "azure"},
        {"action": {"status": 500}, "servise": "graph"},
        {"action": {"stauts": 500}},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(cloud: Cloud, wanted: dict[str, Any]) -> None:
    with pytest.raises(BadFault):
        cloud.faults.add(wanted)
    assert cloud.faults.all() == []


def test_switches_are_all_or_none(cloud: Cloud) -> None:
    cloud.faults.switches.change({"page_size": 3, "cancel_seconds": 1, "stale_echo": False})
    assert cloud.faults.switches.page_size == 3
    assert cloud.faults.switches.cancel_seconds == 1.0
    for wrong in ({"page_size": 5, "nope": True}, {"page_size": 0}, {"stale_echo": "no"}, {"page_size": True}):
        with pytest.raises(BadFault):
            cloud.faults.switches.change(wrong)
    assert cloud.faults.switches.page_size == 3


async def test_the_log_keeps_bodies_but_no_secrets(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    form = {"grant_type": "client_credentials", "client_id": "x", "client_secret": "insecure-app-secret-7"}
    tenant = cloud.world.app.tenant_id
    await http.post(f"/entra/{tenant}/oauth2/v2.0/token", data=form)
    alert = cloud.raise_alert({"partner": "northwind"})
    await http.patch(f"{ALERTS}/{alert['id']}", headers=app_token(cloud), json={"status": "investigating"})
    entra, graph = cloud.log.select(service="entra"), cloud.log.select(service="graph")
    assert entra[0].body["client_secret"] == "<secret>"
    assert entra[0].body["grant_type"] == "client_credentials"
    assert graph[-1].body == {"status": "investigating"}
    assert graph[-1].response["id"] == alert["id"]
    whole = repr([entry.as_json() for entry in cloud.log.select()])
    assert "Bearer " not in whole.replace("Bearer error", "").replace("Bearer realm", "")
    assert "insecure-app-secret" not in whole
