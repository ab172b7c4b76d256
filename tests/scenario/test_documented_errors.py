"""Each documented error of Graph, Entra, Partner Center and the connector, once: told, survived, over when it is."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from bot.errors import AlertDeskError
from bot.sandbox.client_lifecycle import announce
from tests.support.desk import Desk, running_desk

GRAPH_LIST: dict[str, tuple[dict[str, Any], str]] = {
    "401": ({"status": 401, "code": "InvalidAuthenticationToken"}, "InvalidAuthenticationToken"),
    "403 consent": ({"status": 403, "code": "Authorization_RequestDenied"}, "consent"),
    "403 MFA": ({"status": 403, "code": "Unauthorized_MissingMFA"}, "python -m bot login"),
    "403 PCFraudEvents": (
        {"status": 403, "code": "UnknownError", "message": "PCFraudEvents: access denied"},
        "Partner Center",
    ),
    "403 Conditional Access": (
        {
            "status": 403,
            "code": "Forbidden",
            "headers": {"WWW-Authenticate": 'Bearer error="insufficient_claims", claims="e30="'},
        },
        "Conditional Access",
    ),
    "404": ({"status": 404}, "404"),
    "429": ({"status": 429}, "429"),
    "429 with a time": ({"status": 429, "retry_after": 40}, "429"),
    "500": ({"status": 500}, "500"),
    "502": ({"status": 502, "body": "<html>Bad gateway</html>"}, "502"),
    "503": ({"status": 503}, "503"),
    "504": ({"status": 504}, "504"),
    "dropped": ({"drop": "before"}, "broke off"),
    "HTML": ({"status": 200, "body": "<html>hello</html>"}, "nonsense"),
    "no list": ({"status": 200, "body": {"hello": "world"}}, "nonsense"),
    "a list of nonsense": ({"status": 200, "body": {"value": "abc"}}, "nonsense"),
    "a link elsewhere": (
        {"status": 200, "body": {"value": [], "@odata.nextLink": "https://evil.invalid/beta/x"}},
        "leads elsewhere",
    ),
    "a link that is none": ({"status": 200, "body": {"value": [], "@odata.nextLink": 5}}, "leads elsewhere"),
}


async def test_a_list_that_cannot_be_read_is_told_and_over_when_it_is(desk: Desk) -> None:
    for name, (action, told) in GRAPH_LIST.items():
        alert = await desk.alert()
        await desk.fault("graph", "GET", "securityAlerts", times=None, **action)
        with pytest.raises(AlertDeskError) as problem:
            await desk.poll()
        assert told in problem.value.message, name
        assert "insecure" not in problem.value.message
        assert "evil.invalid" not in problem.value.message
        async with desk.http.get(f"{desk.bot.url}/readyz") as answer:
            assert answer.status == 200, "turns can still be taken"
            assert (await answer.json())["partners"][desk.partner().tenant_id]["problem"], name
        await desk.heal()
        await desk.settle("northwind")
        assert await desk.card(alert), name
        async with desk.http.get(f"{desk.bot.url}/readyz") as answer:
            assert (await answer.json())["partners"][desk.partner().tenant_id]["problem"] is None


async def test_items_that_are_no_alerts_are_left_out_and_counted(desk: Desk) -> None:
    alert = await desk.alert()
    good = desk.at_partner_center(alert)
    body = {
        "value": [
            None,
            5,
            "x",
            [],
            {},
            {"id": ""},
            {"id": "a", "status": None},
            {"id": "x" * 5000, "status": "active"},
            good,
        ]
    }
    await desk.fault("graph", "GET", r"securityAlerts\?", status=200, body=body)
    found = await desk.poll()
    await desk.deliver()
    assert found.new == 1
    assert len(found.unreadable) == 8
    assert await desk.card(alert)


ENTRA: dict[str, tuple[int, dict[str, Any], str]] = {
    "wrong secret": (
        401,
        {
            "error": "invalid_client",
            "error_codes": [7000215],
            "error_description": "AADSTS7000215: Invalid client secret provided.",
        },
        "7000215",
    ),
    "expired secret": (
        401,
        {"error": "invalid_client", "error_codes": [7000222], "error_description": "AADSTS7000222: expired"},
        "7000222",
    ),
    "no consent in the tenant": (
        400,
        {
            "error": "unauthorized_client",
            "error_codes": [700016],
            "error_description": "AADSTS700016: Application not found",
        },
        "700016",
    ),
    "unknown tenant": (
        400,
        {"error": "invalid_request", "error_codes": [90002], "error_description": "AADSTS90002: Tenant not found"},
        "90002",
    ),
    "conditional access": (
        400,
        {"error": "invalid_grant", "error_codes": [53003], "error_description": "AADSTS53003: Blocked"},
        "53003",
    ),
    "disabled application": (
        400,
        {"error": "unauthorized_client", "error_codes": [7000112], "error_description": "AADSTS7000112: disabled"},
        "7000112",
    ),
    "busy": (
        503,
        {
            "error": "temporarily_unavailable",
            "error_codes": [90033],
            "error_description": "AADSTS90033: A transient error",
        },
        "",
    ),
    "throttled": (
        429,
        {"error": "invalid_request", "error_codes": [90055], "error_description": "AADSTS90055: too many"},
        "",
    ),
    "nonsense": (200, {}, ""),
}


@pytest.mark.parametrize(("status", "body", "told"), ENTRA.values(), ids=list(ENTRA))
async def test_entra_says_no_to_the_bot(tmp_path: Path, status: int, body: dict[str, Any], told: str) -> None:
    async with running_desk(tmp_path, installed=False) as desk:
        await desk.fault("entra", "POST", "/token$", times=None, status=status, body=body or "<html>hello</html>")
        with pytest.raises(AlertDeskError) as problem:
            await desk.poll()
        assert told in problem.value.message or told in problem.value.code
        assert "insecure" not in problem.value.message
        async with desk.http.get(f"{desk.bot.url}/readyz") as answer:
            assert answer.status == 503, "without its token the bot can answer nobody"
            assert (await answer.json())["token"]["problem"]
        await desk.heal()
        await desk.another()  # msal itself keeps what Entra answered for a minute of the real clock
        assert (await desk.poll()).new > 0
        async with desk.http.get(f"{desk.bot.url}/readyz") as answer:
            assert answer.status == 200


CONNECTOR: dict[str, tuple[dict[str, Any], bool]] = {
    "400 BadSyntax": ({"status": 400, "code": "BadSyntax"}, False),
    "400 BadArgument": ({"status": 400, "code": "BadArgument"}, False),
    "401": ({"status": 401, "code": "Unauthorized"}, True),
    "403 NotEnoughPermissions": ({"status": 403, "code": "NotEnoughPermissions"}, False),
    "405": ({"status": 405}, False),
    "412": ({"status": 412, "code": "PreconditionFailed"}, True),
    "413": ({"status": 413, "code": "MessageSizeTooBig"}, True),  # a shorter one comes
    "429": ({"status": 429, "code": "Throttled", "retry_after": 1}, True),
    "500": ({"status": 500, "code": "ServiceError"}, True),
    "502": ({"status": 502, "code": "ServiceError"}, True),
    "503": ({"status": 503, "code": "ServiceUnavailable"}, True),
    "504": ({"status": 504}, True),
    "HTML": ({"status": 503, "body": "<html>gateway</html>"}, True),
}


async def test_teams_does_not_take_a_card(desk: Desk) -> None:
    """What passes is repeated, what is too large made smaller; what cannot pass is parked and holds up nothing."""
    parked = 0
    for name, (action, comes) in CONNECTOR.items():
        alert = await desk.alert(severity="high")
        await desk.fault("connector", "POST", "/activities$", **action)
        await desk.settle("northwind")
        other = await desk.alert(severity="low")
        await desk.settle("northwind")
        desk.clock.forward(200)
        await desk.deliver()
        assert await desk.card(other), name
        assert bool(await desk.cards_of(alert)) is comes, name
        parked += not comes
        assert (await desk.outbox()).get("parked", 0) == parked, name


PARTNER_CENTER = [
    {"status": 401, "code": "900420"},
    {"status": 401, "code": "900421"},
    {"status": 403, "code": "900159"},
    {"status": 403, "code": "900308"},
    {"status": 404},
    {"status": 400, "code": "900118"},
    {"status": 429},
    {"status": 500},
    {"drop": "before"},
    {"status": 200, "body": "<html>"},
    {"status": 200, "body": {"companyProfile": {"companyName": 5}}},
]


async def test_names_that_cannot_be_had_hold_up_no_card(desk: Desk) -> None:
    customers = [customer.tenant_id for customer in desk.cloud.world.customers_of(desk.partner().tenant_id)]
    for customer, action in zip(customers, PARTNER_CENTER, strict=False):
        await desk.fault("partnercenter", times=None, **action)
        alert = await desk.alert(customerTenantId=customer)
        await desk.settle("northwind")
        assert customer in (await desk.card(alert)).card.text, action
        await desk.heal()


async def test_a_name_service_that_hangs_holds_up_no_card_for_long(desk: Desk) -> None:
    await desk.fault("partnercenter", times=None, latency=8)
    alert = await desk.alert()
    await desk.settle("northwind")
    assert await desk.card(alert)
    await desk.heal()


@pytest.mark.parametrize("switch", ["app_only_missing_mfa", "consent_required", "conditional_access"])
async def test_what_an_administrator_can_turn_on(tmp_path: Path, switch: str) -> None:
    """Switched on before the bot starts; those that concern people's sign-ins alone leave its own token be."""
    async with running_desk(tmp_path, installed=False) as desk:
        await desk.switch(**{switch: True})
        await announce(desk.cloud)
        with contextlib.suppress(AlertDeskError):
            await desk.poll()
        await desk.switch(**{switch: False})
        await desk.another()
        await desk.settle()
        assert (await desk.posts())[-1].has_card
