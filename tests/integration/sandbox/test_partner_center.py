"""Partner Center of the sandbox: customers, subscriptions, cancelling, and signed webhooks."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bot.sandbox.cloud import Cloud
from bot.sandbox.world import Entitlement
from tests.support.sandbox_tokens import app_token, user_token

BASE = "/partnercenter/v1"
HOOKS = "/partnercenter/webhooks/v1/registration"
COMPROMISE = {"cancellationReason": "compromise"}


def as_app(cloud: Cloud, partner: str = "northwind") -> dict[str, str]:
    return app_token(cloud, "partnercenter", partner)


def as_user(cloud: Cloud, key: str, **more: Any) -> dict[str, str]:
    return user_token(cloud, key, "partnercenter", **more)


async def ask(
    http: aiohttp.ClientSession, method: str, url: str, headers: dict[str, str], body: Any = None
) -> tuple[int, Any]:
    async with http.request(method, url, headers=headers, json=body) as response:
        return response.status, await response.json()


def active(cloud: Cloud) -> Entitlement:
    """An active Azure subscription of a customer of Northwind."""
    tenant = cloud.world.partner("northwind").tenant_id
    return next(
        item
        for item in cloud.world.entitlements.values()
        if item.settled == "active" and cloud.world.customers[item.customer_tenant_id].partner_tenant_id == tenant
    )


def path_of(
    item: Entitlement, customer: str | None = None, plan: str | None = None, entitlement: str | None = None
) -> str:
    return (
        f"{BASE}/customers/{customer or item.customer_tenant_id}/subscriptions/{plan or item.plan_id}"
        f"/azureEntitlements/{entitlement or item.id}"
    )


async def test_customers_are_paged_by_seeking(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    found: list[Any] = []
    uri, headers = "/customers?size=10", as_app(cloud)
    pages = 0
    while True:
        status, body = await ask(http, "GET", BASE + uri, headers)
        assert status == 200
        pages += 1
        found += body["items"]
        following = body["links"].get("next")
        if following is None:
            break
        assert following["method"] == "GET"
        uri = following["uri"]
        headers = as_app(cloud) | {entry["key"]: entry["value"] for entry in following["headers"]}
    assert (pages, len(found)) == (3, 24)
    own = {customer.tenant_id for customer in cloud.world.customers_of(cloud.world.partner("northwind").tenant_id)}
    assert {item["id"] for item in found} == own
    assert found[0]["companyProfile"]["companyName"] == "Contoso Retail"
    status, body = await ask(http, "GET", f"{BASE}/customers?size=10&seekOperation=Next", as_app(cloud))
    assert (status, body["code"]) == (400, "800002")
    assert (await ask(http, "GET", f"{BASE}/customers", as_app(cloud)))[0] == 400


async def test_customers_can_be_filtered(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    params = {"size": "50", "filter": '{"Field":"CompanyName","Value":"coho","Operator":"starts_with"}'}
    async with http.get(f"{BASE}/customers", params=params, headers=as_app(cloud)) as response:
        names = [item["companyProfile"]["companyName"] for item in (await response.json())["items"]]
    assert names == ["Coho Vineyard", "Coho Winery"]
    params["filter"] = '{"Field":"CompanyName","Value":"coho","Operator":"contains"}'
    async with http.get(f"{BASE}/customers", params=params, headers=as_app(cloud)) as response:
        assert response.status == 400


async def test_customer_by_id(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    item = active(cloud)
    status, body = await ask(http, "GET", f"{BASE}/customers/{item.customer_tenant_id.upper()}", as_app(cloud))
    assert (status, body["companyProfile"]["tenantId"]) == (200, item.customer_tenant_id)
    for wanted, partner, expected, code in (
        ("nonsense", "northwind", 400, "800002"),
        ("00000000-0000-4000-8000-000000000000", "northwind", 404, "60003"),
        (item.customer_tenant_id, "fabrikam", 403, "900159"),
    ):
        status, body = await ask(http, "GET", f"{BASE}/customers/{wanted}", as_app(cloud, partner))
        assert (status, body["code"]) == (expected, code)
        assert body.keys() == {"code", "description", "data", "source"}


async def test_subscriptions_lead_to_the_entitlement(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    for item in list(cloud.world.entitlements.values())[:8]:
        listed = await ask(http, "GET", f"{BASE}/customers/{item.customer_tenant_id}/subscriptions", as_app(cloud))
        plans = [plan["id"] for plan in listed[1]["items"] if plan["offerId"].startswith("DZH318Z0BPS6:0001:")]
        assert listed[1]["totalCount"] == len(listed[1]["items"]) > len(plans)
        found = []
        for plan in plans:
            url = f"{BASE}/customers/{item.customer_tenant_id}/subscriptions/{plan}/azureEntitlements"
            found += (await ask(http, "GET", url, as_app(cloud)))[1]["items"]
        mine = [entry for entry in found if entry["id"] == item.id]
        assert len(mine) == 1
        assert mine[0]["subscriptionId"] == item.plan_id
        assert mine[0]["friendlyName"] == item.name
        assert (await ask(http, "GET", path_of(item), as_app(cloud)))[1] == mine[0]


async def test_what_takes_a_user_refuses_an_app(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    item = active(cloud)
    for url in (
        f"{BASE}/relationships?relationship_type=IsIndirectCloudSolutionProviderOf",
        f"{BASE}/customers/{item.customer_tenant_id}/subscriptions/usagerecords",
    ):
        status, body = await ask(http, "GET", url, as_app(cloud))
        assert (status, body["code"]) == (403, "900329")
        status, body = await ask(http, "GET", url, as_user(cloud, "ada"))
        assert (status, body["totalCount"] > 0) == (200, True)


async def test_tokens_mfa_and_roles(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    url = f"{BASE}/customers?size=5"
    cases: list[tuple[dict[str, str], int, str | None]] = [
        ({}, 401, "400"),
        (app_token(cloud, "graph"), 401, "900420"),
        (as_user(cloud, "ada", amr=("pwd",)), 401, "900421"),
        (as_user(cloud, "ada", scopes=()), 403, "2032"),
        (as_user(cloud, "nora"), 403, "900308"),
        (as_user(cloud, "gil"), 403, "900308"),
        (as_user(cloud, "ada"), 200, None),
        (as_app(cloud), 200, None),
    ]
    for headers, expected, code in cases:
        async with http.get(url, headers=headers) as response:
            body = await response.json()
            assert (response.status, body.get("code")) == (expected, code)
            assert ("WWW-Authenticate" in response.headers) is (expected == 401)
    headers = {**as_user(cloud, "ada"), "ValidateMfa": "true", "MS-CorrelationId": "c-7", "MS-RequestId": "r-7"}
    async with http.get(url, headers=headers) as response:
        names = ("isMfaCompliant", "MS-CorrelationId", "MS-RequestId")
        assert [response.headers[name] for name in names] == ["true", "c-7", "r-7"]


async def test_a_cancel_is_accepted_now_and_done_later(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    cloud.set_now(dt.datetime(2026, 3, 4, tzinfo=dt.UTC))
    item = active(cloud)
    headers = {**as_user(cloud, "max"), "MS-RequestId": "first"}
    status, body = await ask(http, "POST", f"{path_of(item)}/cancel", headers, COMPROMISE)
    assert (status, body["status"], body["id"]) == (202, "active", item.id)
    again = await ask(http, "POST", f"{path_of(item)}/cancel", headers, COMPROMISE)
    assert again == (202, body)
    other = {**as_user(cloud, "max"), "MS-RequestId": "second"}
    status, body = await ask(http, "POST", f"{path_of(item)}/cancel", other, COMPROMISE)
    assert (status, body["code"]) == (409, "900278")
    assert (await ask(http, "GET", path_of(item), as_app(cloud)))[1]["status"] == "active"
    cloud.set_now(cloud.now() + dt.timedelta(seconds=cloud.faults.switches.cancel_seconds))
    assert (await ask(http, "GET", path_of(item), as_app(cloud)))[1]["status"] == "inactive"
    assert (await ask(http, "POST", f"{path_of(item)}/cancel", headers, COMPROMISE))[0] == 202
    status, body = await ask(http, "POST", f"{path_of(item)}/cancel", other, COMPROMISE)
    assert (status, body["code"]) == (400, "800012")
    deeds = [deed for deed in cloud.world.deeds if deed["kind"] == "cancel"]
    assert [(deed["entitlement"], deed["requestId"]) for deed in deeds] == [(item.id, "first")]
    assert deeds[0]["by"] == cloud.world.person("max").upn


@pytest.mark.parametrize(("switch", "expected"), [(False, 202), (True, 200)])
async def test_a_cancel_is_accepted_with_either_status(
    cloud: Cloud, http: aiohttp.ClientSession, switch: bool, expected: int
) -> None:
    cloud.faults.switches.change({"cancel_answers_200": switch})
    headers = {**as_user(cloud, "max"), "MS-RequestId": "first"}
    for _ in range(2):
        assert (await ask(http, "POST", f"{path_of(active(cloud))}/cancel", headers, COMPROMISE))[0] == expected
    assert len(cloud.world.deeds) == 1


async def test_reactivating(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    cloud.faults.switches.change({"cancel_seconds": 0})
    item = active(cloud)
    status, body = await ask(http, "POST", f"{path_of(item)}/reactivate", as_user(cloud, "max"))
    assert (status, body["code"]) == (400, "900337")
    status, body = await ask(http, "POST", f"{path_of(item)}/reactivate", as_user(cloud, "ada"))
    assert (status, body["code"]) == (403, "900335")
    assert (await ask(http, "POST", f"{path_of(item)}/cancel", as_user(cloud, "max"), COMPROMISE))[0] == 202
    assert (await ask(http, "GET", path_of(item), as_app(cloud)))[1]["status"] == "inactive"
    assert (await ask(http, "POST", f"{path_of(item)}/reactivate", as_user(cloud, "max")))[0] == 202
    assert (await ask(http, "GET", path_of(item), as_app(cloud)))[1]["status"] == "active"


async def test_a_cancel_is_refused_with_the_documented_codes(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    item = active(cloud)
    nobody = "00000000-0000-4000-8000-000000000000"
    foreign = cloud.world.customers_of(cloud.world.partner("fabrikam").tenant_id)[0].tenant_id
    licence = next(plan.id for plan in cloud.world.plans_of(item.customer_tenant_id) if not plan.azure)
    user = as_user(cloud, "max")
    cases: list[tuple[str, dict[str, str], Any, int, str]] = [
        (path_of(item), user, {"cancellationReason": "bored"}, 400, "900307"),
        (path_of(item), user, None, 400, "800002"),
        (path_of(item, customer="x"), user, COMPROMISE, 400, "800002"),
        (path_of(item, customer=nobody), user, COMPROMISE, 400, "900118"),
        (path_of(item, customer=foreign), user, COMPROMISE, 403, "900159"),
        (path_of(item, plan=nobody), user, COMPROMISE, 404, "20003"),
        (path_of(item, plan=item.id), user, COMPROMISE, 404, "20003"),
        (path_of(item, plan=licence), user, COMPROMISE, 400, "800011"),
        (path_of(item, entitlement=nobody), user, COMPROMISE, 404, "800111"),
        (path_of(item, entitlement=item.plan_id), user, COMPROMISE, 404, "800111"),
        (path_of(item), as_user(cloud, "ada"), COMPROMISE, 403, "900308"),
        (path_of(item), as_user(cloud, "max", amr=("pwd",)), COMPROMISE, 401, "900421"),
    ]
    for path, headers, body, expected, code in cases:
        status, answer = await ask(http, "POST", f"{path}/cancel", headers, body)
        assert (status, answer["code"]) == (expected, code)
    assert cloud.world.deeds == []
    assert item.status(cloud.now()) == "active"


@pytest.mark.parametrize(("may", "expected"), [(True, 202), (False, 403)])
async def test_an_app_may_cancel_where_the_switch_lets_it(
    cloud: Cloud, http: aiohttp.ClientSession, may: bool, expected: int
) -> None:
    cloud.faults.switches.change({"app_may_cancel": may})
    item = active(cloud)
    status, body = await ask(http, "POST", f"{path_of(item)}/cancel", as_app(cloud), COMPROMISE)
    assert status == expected
    assert may or body["code"] == "900329"


@asynccontextmanager
async def listener() -> AsyncIterator[tuple[str, asyncio.Queue[tuple[dict[str, str], bytes]], list[int]]]:
    """A small server that keeps what it is sent; the statuses of the list are answered first, then 200."""
    got: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()
    statuses: list[int] = []

    async def take(request: web.Request) -> web.Response:
        got.put_nowait((dict(request.headers), await request.read()))
        return web.Response(status=statuses.pop(0) if statuses else 200)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook", got, statuses
    finally:
        await runner.cleanup()


async def test_an_alert_is_told_to_the_registered_address_with_a_signature_that_verifies(
    cloud: Cloud, http: aiohttp.ClientSession
) -> None:
    async with listener() as (url, got, _):
        wanted = {"WebhookUrl": url, "WebhookEvents": ["azure-fraud-event-detected"]}
        assert (await ask(http, "POST", HOOKS, as_app(cloud), wanted))[0] == 200
        alert = cloud.raise_alert({"partner": "northwind"})
        cloud.raise_alert({"partner": "fabrikam"})
        headers, body = await asyncio.wait_for(got.get(), 10)
        event = json.loads(body)
        assert event["EventName"] == "azure-fraud-event-detected"
        assert f"SubscriptionId={alert['subscriptionId']}&EventStatus=Active" in event["ResourceUri"]
        assert event.keys() == {"EventName", "ResourceUri", "AuditUri", "ResourceChangeUtcDate"}
        assert headers["X-MS-Signature-Algorithm"] == "rsa-sha256"
        kind, _, signature = headers["Authorization"].partition(" ")
        assert kind == "Signature"
        async with http.get(headers["X-MS-Certificate-Url"]) as response:
            leaf = x509.load_der_x509_certificate(await response.read())
        async with http.get("/cert/ca.pem") as response:
            root, issuing = x509.load_pem_x509_certificates(await response.read())
        leaf.verify_directly_issued_by(issuing)
        issuing.verify_directly_issued_by(root)
        assert "O=Microsoft Corporation" in leaf.issuer.rfc4514_string()
        key = leaf.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        key.verify(base64.b64decode(signature), body, padding.PKCS1v15(), hashes.SHA256())
        assert got.empty()


async def test_the_signature_moves_where_the_registration_says_and_a_failure_is_sent_again(
    cloud: Cloud, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sandbox.webhooks.FIRST_PAUSE", 0.01)
    async with listener() as (url, got, statuses):
        statuses[:] = [500, 503]
        wanted = {
            "WebhookUrl": url,
            "WebhookEvents": ["azure-fraud-event-detected"],
            "SignatureTokenToMsSignatureHeader": True,
        }
        await ask(http, "POST", HOOKS, as_app(cloud), wanted)
        cloud.raise_alert({"partner": "northwind"})
        sent = [await asyncio.wait_for(got.get(), 10) for _ in range(3)]
        assert len({body for _, body in sent}) == 1
        assert "Authorization" not in sent[0][0]
        assert sent[0][0]["x-ms-signature"].startswith("Signature ")


async def test_one_registration_for_each_tenant(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    assert (await ask(http, "GET", HOOKS, as_app(cloud)))[0] == 404
    assert (await ask(http, "PUT", HOOKS, as_app(cloud), {}))[0] == 404
    first = {"WebhookUrl": "http://127.0.0.1:9/a", "WebhookEvents": ["test-created"]}
    status, made = await ask(http, "POST", HOOKS, as_app(cloud), first)
    assert (status, made["WebhookUrl"], made["WebhookEvents"]) == (200, first["WebhookUrl"], ["test-created"])
    second = {"WebhookUrl": "http://127.0.0.1:9/b", "WebhookEvents": ["azure-fraud-event-detected"]}
    assert (await ask(http, "POST", HOOKS, as_app(cloud), second))[0] == 409
    status, changed = await ask(http, "PUT", HOOKS, as_app(cloud), second)
    assert (status, changed["SubscriberId"]) == (200, made["SubscriberId"])
    assert (await ask(http, "GET", HOOKS, as_app(cloud)))[1]["WebhookUrl"] == second["WebhookUrl"]
    assert (await ask(http, "GET", HOOKS, as_app(cloud, "fabrikam")))[0] == 404
    for wrong in ({"WebhookUrl": "nowhere", "WebhookEvents": ["test-created"]}, {**first, "WebhookEvents": ["x"]}, {}):
        assert (await ask(http, "PUT", HOOKS, as_app(cloud), wrong))[0] == 400
    assert "azure-fraud-event-detected" in (await ask(http, "GET", f"{HOOKS}/events", as_app(cloud)))[1]


async def test_validation_events(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    url = f"{HOOKS}/validationEvents"
    async with listener() as (address, got, _):
        wanted = {"WebhookUrl": address, "WebhookEvents": ["azure-fraud-event-detected"]}
        await ask(http, "POST", HOOKS, as_app(cloud), wanted)
        assert (await ask(http, "POST", url, as_app(cloud)))[0] == 400
        await ask(http, "PUT", HOOKS, as_app(cloud), {**wanted, "WebhookEvents": ["test-created"]})
        async with cloud.events.listen() as events:
            correlation = (await ask(http, "POST", url, as_app(cloud)))[1]["correlationId"]
            _, body = await asyncio.wait_for(got.get(), 10)
            assert b'"EventName":"test-created"' in body
            assert (await asyncio.wait_for(events.get(), 10)).topic == "webhook"
        result = (await ask(http, "GET", f"{url}/{correlation}", as_app(cloud)))[1]
        assert result["status"] == "completed"
        assert result["results"][0]["responseCode"] == "200"
        assert (await ask(http, "GET", f"{url}/{correlation}", as_app(cloud, "fabrikam")))[0] == 404
        assert (await ask(http, "POST", url, as_app(cloud)))[0] == 200
        async with http.post(url, headers=as_app(cloud)) as response:
            assert response.status == 429
            assert 0 < int(response.headers["Retry-After"]) <= 60
