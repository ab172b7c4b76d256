"""bot.microsoft.subscriptions with a made-up Partner Center: what is sent, pages, odd answers, ids that are none."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from bot.domain.people import Partner, Person
from bot.errors import Missing, Permanent, Refused, Transient
from bot.microsoft.subscriptions import PartnerCenterSubscriptions
from bot.ports import Entitlement, Receipt
from tests.support.microsoft import PARTNER_CENTER, Microsoft

CUSTOMER = "55555555-5555-4555-8555-555555555555"
PLAN = "66666666-6666-4666-8666-666666666666"
SECOND = "77777777-7777-4777-8777-777777777777"
AZURE = "88888888-8888-4888-8888-888888888888"
REQUEST = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
OFFER = "DZH318Z0BPS6:0001:DZH318Z0BMTX"
BELOW = f"/v1/customers/{CUSTOMER}/subscriptions"
HELD = Entitlement(CUSTOMER, PLAN, AZURE, "Production", "active")


@pytest.fixture
def subscriptions(microsoft: Microsoft) -> PartnerCenterSubscriptions:
    return PartnerCenterSubscriptions(microsoft.partner_center)


def serve(microsoft: Microsoft, pages: dict[str, Any]) -> None:
    """Answers by path and query; what is not among the pages is missing."""

    def answer(request: httpx.Request) -> httpx.Response:
        body = pages.get(request.url.raw_path.decode())
        if isinstance(body, httpx.Response):
            return body
        return httpx.Response(404, json={"code": "20003"}) if body is None else httpx.Response(200, json=body)

    microsoft.answer = answer


def items(*found: Any, following: str = "") -> dict[str, Any]:
    links = {"next": {"uri": following, "method": "GET", "headers": []}} if following else {}
    return {"totalCount": len(found), "items": list(found), "links": links}


def plan(name: str = PLAN, offer: str = OFFER) -> dict[str, Any]:
    return {"id": name, "offerId": offer, "status": "active"}


def azure(name: str = AZURE, status: str = "Active") -> dict[str, Any]:
    return {"id": name, "friendlyName": " Production ", "status": status, "subscriptionId": PLAN}


async def test_found_by_the_documented_look_ups(
    microsoft: Microsoft, partner: Partner, subscriptions: PartnerCenterSubscriptions
) -> None:
    pages = {
        BELOW: items(plan(SECOND, "MS-AZR-0145P"), {"id": 7}, None, following="/customers/x/subscriptions?page=2"),
        "/v1/customers/x/subscriptions?page=2": items(plan(PLAN.upper(), OFFER.lower())),
        f"{BELOW}/{PLAN}/azureEntitlements": items({"id": "x"}, azure(REQUEST), following="/more"),
        "/v1/more": items(azure(AZURE.upper())),
    }
    serve(microsoft, pages)
    assert await subscriptions.find(partner, CUSTOMER.upper(), AZURE.upper()) == HELD
    assert [request.url.raw_path.decode() for request in microsoft.requests] == list(pages)
    assert {asked[:2] for asked in microsoft.tokens.asked} == {(partner.tenant_id, f"{PARTNER_CENTER}/.default")}


@pytest.mark.parametrize("status", ["Inactive", "active", "suspended", ""])
async def test_found_in_any_status(
    microsoft: Microsoft, partner: Partner, subscriptions: PartnerCenterSubscriptions, status: str
) -> None:
    serve(microsoft, {BELOW: items(plan()), f"{BELOW}/{PLAN}/azureEntitlements": items(azure(status=status))})
    assert (await subscriptions.find(partner, CUSTOMER, AZURE)).status == status.lower()


@pytest.mark.parametrize(
    ("pages", "kind", "code"),
    [
        ({BELOW: items(plan(offer="MS-AZR-0145P"))}, Missing, "no_azure_plan"),
        ({BELOW: items()}, Missing, "no_azure_plan"),
        ({BELOW: items(plan()), f"{BELOW}/{PLAN}/azureEntitlements": items(azure(REQUEST))}, Missing, "no_entitlement"),
        ({BELOW: items(plan())}, Missing, "no_entitlement"),
        ({}, Missing, "no_customer"),
        (
            {
                BELOW: items(plan(), plan(SECOND)),
                f"{BELOW}/{PLAN}/azureEntitlements": items(azure()),
                f"{BELOW}/{SECOND}/azureEntitlements": items(azure()),
            },
            Permanent,
            "ambiguous",
        ),
        (
            {
                BELOW: items(plan(), plan(SECOND)),
                f"{BELOW}/{PLAN}/azureEntitlements": items(azure(status="inactive")),
                f"{BELOW}/{SECOND}/azureEntitlements": items(azure(status="inactive")),
            },
            Permanent,
            "ambiguous",
        ),
        ({BELOW: httpx.Response(403, json={"code": "900159"})}, Refused, "900159"),
        ({BELOW: items(plan()), f"{BELOW}/{PLAN}/azureEntitlements": {"items": "x"}}, Transient, ""),
    ],
    ids=[
        "licences",
        "nothing",
        "others",
        "plan gone",
        "customer gone",
        "two plans",
        "left in two",
        "no relationship",
        "nonsense",
    ],
)
async def test_not_found(
    microsoft: Microsoft,
    partner: Partner,
    subscriptions: PartnerCenterSubscriptions,
    pages: dict[str, Any],
    kind: type[Permanent],
    code: str,
) -> None:
    serve(microsoft, pages)
    with pytest.raises(kind) as caught:
        await subscriptions.find(partner, CUSTOMER, AZURE)
    assert (type(caught.value) is kind or kind is Refused, caught.value.code) == (True, code)


@pytest.mark.parametrize("statuses", [("Active", "inactive"), ("inactive", "active")])
async def test_of_two_plans_the_one_where_it_is_active_has_it(
    microsoft: Microsoft, partner: Partner, subscriptions: PartnerCenterSubscriptions, statuses: tuple[str, str]
) -> None:
    """Moved from one plan to another it is inactive in the first."""
    plans = dict(zip((PLAN, SECOND), statuses, strict=True))
    below = {f"{BELOW}/{one}/azureEntitlements": items(azure(status=status)) for one, status in plans.items()}
    serve(microsoft, {BELOW: items(*(plan(one) for one in plans)), **below})
    found = await subscriptions.find(partner, CUSTOMER, AZURE)
    assert (plans[found.plan_id].lower(), found.status) == ("active", "active")


async def test_the_same_one_on_two_pages_is_one(
    microsoft: Microsoft, partner: Partner, subscriptions: PartnerCenterSubscriptions
) -> None:
    below = f"{BELOW}/{PLAN}/azureEntitlements"
    serve(microsoft, {BELOW: items(plan(), plan()), below: items(azure(), following="/b"), "/v1/b": items(azure())})
    assert await subscriptions.find(partner, CUSTOMER, AZURE) == HELD


async def test_reading_again(microsoft: Microsoft, partner: Partner, subscriptions: PartnerCenterSubscriptions) -> None:
    address = f"{BELOW}/{PLAN}/azureEntitlements/{AZURE}"
    serve(microsoft, {address: azure(status="Inactive")})
    assert (await subscriptions.get(partner, HELD)).status == "inactive"
    serve(microsoft, {address: azure(REQUEST)})
    with pytest.raises(Permanent, match="another"):
        await subscriptions.get(partner, HELD)
    serve(microsoft, {address: ["x"]})
    with pytest.raises(Transient, match="nonsense"):
        await subscriptions.get(partner, HELD)
    serve(microsoft, {})
    with pytest.raises(Missing):
        await subscriptions.get(partner, HELD)


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_a_cancel_carries_the_plans_own_request_id(
    microsoft: Microsoft, partner: Partner, subscriptions: PartnerCenterSubscriptions, status: int
) -> None:
    microsoft.answer = lambda _: httpx.Response(status, headers={"MS-CorrelationId": SECOND})
    with capture_logs() as logged:
        assert await subscriptions.cancel(partner, HELD, REQUEST) == Receipt(status, SECOND)
        await subscriptions.cancel(partner, HELD, REQUEST)
        await subscriptions.reactivate(partner, HELD, REQUEST)
    first, second, third = microsoft.requests
    assert microsoft.asked[0] == f"POST {PARTNER_CENTER}{BELOW}/{PLAN}/azureEntitlements/{AZURE}/cancel"
    assert json.loads(first.content) == {"cancellationReason": "compromise"}
    assert first.headers["content-type"] == first.headers["accept"] == "application/json"
    assert {request.headers["ms-requestid"] for request in microsoft.requests} == {REQUEST}
    assert len({request.headers["ms-correlationid"] for request in microsoft.requests}) == 3
    assert first.headers["ms-correlationid"] != REQUEST
    traces = [(line["MS-RequestId"], line["MS-CorrelationId"]) for line in logged if line["event"] == "deed_sent"]
    assert traces == [(REQUEST, request.headers["ms-correlationid"]) for request in microsoft.requests]
    assert second.content == first.content
    assert (third.url.path, third.content) == (f"{BELOW}/{PLAN}/azureEntitlements/{AZURE}/reactivate", b"")


@pytest.mark.parametrize("bad", ["", "x", f"{AZURE}/cancel", f"{AZURE}?a=b", "../customers", f"{AZURE}\n", "%2e%2e"])
async def test_nothing_is_sent_for_what_is_no_id(
    microsoft: Microsoft, partner: Partner, subscriptions: PartnerCenterSubscriptions, bad: str
) -> None:
    async def cancel(entitlement: Entitlement) -> None:
        await subscriptions.cancel(partner, entitlement, REQUEST)

    async def get(entitlement: Entitlement) -> None:
        await subscriptions.get(partner, entitlement)

    broken = [
        Entitlement(bad, PLAN, AZURE, "", ""),
        Entitlement(CUSTOMER, bad, AZURE, "", ""),
        Entitlement(CUSTOMER, PLAN, bad, "", ""),
    ]
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: subscriptions.find(partner, bad, AZURE),
        lambda: subscriptions.find(partner, CUSTOMER, bad),
        lambda: subscriptions.cancel(partner, HELD, bad),
        lambda: subscriptions.reactivate(partner, HELD, bad),
        *[lambda e=each: cancel(e) for each in broken],  # type: ignore[misc]
        *[lambda e=each: get(e) for each in broken],  # type: ignore[misc]
    ]
    for call in calls:
        with pytest.raises(Permanent) as caught:
            await call()
        assert caught.value.code == "bad_id"
    assert (microsoft.requests, microsoft.tokens.asked) == ([], [])


async def test_somebody_of_another_tenant_reaches_nothing(
    microsoft: Microsoft, partner: Partner, subscriptions: PartnerCenterSubscriptions
) -> None:
    stranger = Person(AZURE, "29:x", "Eve", SECOND)
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: subscriptions.find(partner, CUSTOMER, AZURE, stranger),
        lambda: subscriptions.get(partner, HELD, stranger),
        lambda: subscriptions.cancel(partner, HELD, REQUEST, stranger),
        lambda: subscriptions.reactivate(partner, HELD, REQUEST, stranger),
    ]
    for call in calls:
        with pytest.raises(Refused) as caught:
            await call()
        assert caught.value.code == "OtherTenant"
    assert microsoft.requests == []


async def test_a_deed_is_sent_once_and_a_lost_answer_is_doubt(
    microsoft: Microsoft, partner: Partner, subscriptions: PartnerCenterSubscriptions
) -> None:
    def lost(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("x")

    microsoft.answer = lost
    with pytest.raises(Transient) as caught:
        await subscriptions.cancel(partner, HELD, REQUEST)
    assert (caught.value.in_doubt, len(microsoft.requests)) == (True, 1)

    def refused(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("x")

    microsoft.answer = refused
    with pytest.raises(Transient) as caught:
        await subscriptions.cancel(partner, HELD, REQUEST)
    assert (caught.value.in_doubt, len(microsoft.requests)) == (False, 2)


async def test_looking_up_is_tried_three_times(
    microsoft: Microsoft, partner: Partner, subscriptions: PartnerCenterSubscriptions
) -> None:
    microsoft.answer = lambda _: httpx.Response(503)
    for call in (subscriptions.find(partner, CUSTOMER, AZURE), subscriptions.get(partner, HELD)):
        with pytest.raises(Transient) as caught:
            await call
        assert not caught.value.in_doubt
    assert len(microsoft.requests) == 6


async def test_what_is_ready_too_late_is_not_sent(
    microsoft: Microsoft, partner: Partner, subscriptions: PartnerCenterSubscriptions
) -> None:
    """Also not the second time, after the first token was refused."""
    microsoft.answer = lambda _: httpx.Response(202)
    now = microsoft.clock.now()
    with pytest.raises(Transient) as caught:
        await subscriptions.cancel(partner, HELD, REQUEST, until=now)
    assert (caught.value.code, caught.value.in_doubt, microsoft.requests) == ("too_late", False, [])
    await subscriptions.reactivate(partner, HELD, REQUEST, until=now + timedelta(seconds=1))
    assert len(microsoft.requests) == 1

    def slow_refusal(_: httpx.Request) -> httpx.Response:
        microsoft.clock.forward(60)
        return httpx.Response(401)

    microsoft.answer = slow_refusal
    with pytest.raises(Transient) as caught:
        await subscriptions.cancel(partner, HELD, REQUEST, until=microsoft.clock.now() + timedelta(seconds=30))
    assert (caught.value.code, len(microsoft.requests)) == ("too_late", 2)
