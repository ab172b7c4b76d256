"""Graph of the sandbox: shapes, paging, filters, permissions and refusals as documented."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from bot.sandbox.cloud import Cloud
from bot.sandbox.graph_filter import BadFilter, parse
from bot.sandbox.world import GLOBAL_ADMINISTRATOR
from tests.support.sandbox_tokens import app_token, user_token

ALERTS = "/graph/beta/security/partner/securityAlerts"
EXAMPLE = "d8b202fc-a216-3404-69ef-bdffa445eff6"


async def get(http: aiohttp.ClientSession, url: str, headers: dict[str, str], **params: str) -> tuple[int, Any]:
    async with http.get(url, headers=headers, params={f"${name}": value for name, value in params.items()}) as response:
        return response.status, await response.json()


async def walk(http: aiohttp.ClientSession, headers: dict[str, str], url: str = ALERTS, **params: str) -> list[Any]:
    found: list[Any] = []
    status, body = await get(http, url, headers, **params)
    while True:
        assert status == 200, body
        found += body["value"]
        link = body.get("@odata.nextLink")
        if link is None:
            return found
        assert link.startswith("http://127.0.0.1:")
        assert "$skiptoken=" in link
        async with http.get(link, headers=headers) as response:
            status, body = response.status, await response.json()


async def test_lists_only_the_callers_partner_page_by_page(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    for partner in ("northwind", "fabrikam"):
        found = await walk(http, app_token(cloud, partner=partner))
        assert [alert["id"] for alert in found] == list(cloud.world.alerts[cloud.world.partner(partner).tenant_id])
    _, body = await get(http, ALERTS, app_token(cloud))
    assert len(body["value"]) == 25
    cloud.faults.switches.change({"page_size": 7})
    _, body = await get(http, ALERTS, app_token(cloud))
    assert len(body["value"]) == 7


async def test_paging_neither_repeats_nor_skips_while_alerts_change(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    cloud.faults.switches.change({"page_size": 2})
    headers = app_token(cloud)
    wanted = "status eq 'active'"
    _, body = await get(http, ALERTS, headers, filter=wanted)
    first = [alert["id"] for alert in body["value"]]
    tenant = cloud.world.partner("northwind").tenant_id
    cloud.world.change_alert(tenant, first[0], "resolved", "ignore", "x@y.example", cloud.now(), "portal")
    fresh = cloud.raise_alert({"partner": "northwind"})
    async with http.get(body["@odata.nextLink"], headers=headers) as response:
        rest = [alert["id"] for alert in (await response.json())["value"]]
    assert not set(first) & set(rest)
    everything = [alert["id"] for alert in await walk(http, headers, filter=wanted)]
    assert everything[1:3] == [rest[0], rest[1]]
    assert everything[-1] == fresh["id"]


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("status eq 'active'", lambda a: a["status"] == "active"),
        ("status ne 'resolved'", lambda a: a["status"] != "resolved"),
        ("(status eq 'active' or status eq 'investigating')", lambda a: a["status"] in ("active", "investigating")),
        ("status in ('active','investigating')", lambda a: a["status"] in ("active", "investigating")),
        (
            "not (status eq 'resolved') and severity eq 'high'",
            lambda a: a["status"] != "resolved" and a["severity"] == "high",
        ),
        (
            "status eq 'active' or status eq 'resolved' and severity eq 'low'",
            lambda a: a["status"] == "active" or (a["status"] == "resolved" and a["severity"] == "low"),
        ),
        (
            "customerTenantId eq '1889E718-414b-4bad-8bbe-c1135bd39a41'",
            lambda a: a["customerTenantId"] == "1889e718-414b-4bad-8bbe-c1135bd39a41",
        ),
        ("severity eq 'unknownFutureValue'", lambda a: a["severity"] == "critical"),
    ],
)
async def test_filters(cloud: Cloud, http: aiohttp.ClientSession, text: str, test: Any) -> None:
    stored = cloud.world.alerts[cloud.world.partner("northwind").tenant_id].values()
    found = await walk(http, app_token(cloud), filter=text)
    assert [alert["id"] for alert in found] == [alert["id"] for alert in stored if test(alert)]
    assert found


async def test_filters_by_time(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    alert = cloud.raise_alert({"partner": "northwind"})
    found = await walk(http, app_token(cloud), filter=f"detectedDateTime ge {alert['detectedDateTime']}")
    assert [entry["id"] for entry in found] == [alert["id"]]
    assert len(await walk(http, app_token(cloud), filter="detectedDateTime lt 2024-02-01T00:00:00Z")) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense eq 1",
        "description eq 'x'",
        "status eq active",
        "status eq 'open'",
        "status gt 'active'",
        "status eq",
        "(status eq 'active'",
        "status eq 'active' banana",
        "status eq 'act",
        "detectedDateTime ge yesterday",
        "detectedDateTime ge 2026-01-01T00:00:00",
        "x" * 3000,
    ],
)
async def test_filters_that_are_not_understood_are_400(cloud: Cloud, http: aiohttp.ClientSession, text: str) -> None:
    with pytest.raises(BadFilter):
        parse(text)
    status, body = await get(http, ALERTS, app_token(cloud), filter=text)
    assert (status, body["error"]["code"]) == (400, "BadRequest")


async def test_filter_can_be_switched_off(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    cloud.faults.switches.change({"filter_unsupported": True})
    assert (await get(http, ALERTS, app_token(cloud), filter="status eq 'active'"))[0] == 400
    assert (await get(http, ALERTS, app_token(cloud)))[0] == 200


async def test_count_and_select(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    _, body = await get(http, ALERTS, app_token(cloud), count="true", select="id,status", filter="status eq 'resolved'")
    assert body["@odata.count"] == 72
    assert body["value"][0].keys() == {"id", "status"}
    status, body = await get(http, ALERTS, app_token(cloud), select="id,colour")
    assert (status, "colour" in body["error"]["message"]) == (400, True)


@pytest.mark.parametrize("option", ["top", "skip", "orderby", "search", "expand"])
async def test_options_that_are_not_documented_are_refused(
    cloud: Cloud, http: aiohttp.ClientSession, option: str
) -> None:
    assert (await get(http, ALERTS, app_token(cloud), **{option: "1"}))[0] == 400


async def test_a_made_up_skip_token_is_refused(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    for token in ("zzz", "YWZ0ZXI6eA=="):
        assert (await get(http, ALERTS, app_token(cloud), skiptoken=token))[0] == 400


async def test_gets_the_documented_example(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    status, body = await get(http, f"{ALERTS}/{EXAMPLE}", app_token(cloud))
    assert status == 200
    assert body["status"] == "active"
    assert body["resolvedReason"] == "fraud"
    assert body["isTest"] is False
    assert list(body)[1:4] == ["id", "displayName", "description"]


async def test_a_foreign_or_unknown_alert_is_404_in_the_envelope(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    for headers, alert_id in ((app_token(cloud, partner="fabrikam"), EXAMPLE), (app_token(cloud), "nope")):
        async with http.get(f"{ALERTS}/{alert_id}", headers={**headers, "client-request-id": "c-1"}) as response:
            error = (await response.json())["error"]
            assert (response.status, error["code"]) == (404, "ResourceNotFound")
            assert error["innerError"]["client-request-id"] == "c-1" == response.headers["client-request-id"]
            assert error["innerError"]["request-id"] == response.headers["request-id"]
    body = {"status": "resolved", "resolvedReason": "fraud"}
    async with http.patch(f"{ALERTS}/{EXAMPLE}", headers=app_token(cloud, partner="fabrikam"), json=body) as response:
        assert response.status == 404


async def test_new_enum_members_show_only_where_asked_for(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    alert = cloud.raise_alert({"partner": "northwind", "severity": "critical", "confidenceLevel": "certain"})
    _, body = await get(http, f"{ALERTS}/{alert['id']}", app_token(cloud))
    assert (body["severity"], body["confidenceLevel"]) == ("unknownFutureValue", "unknownFutureValue")
    headers = {**app_token(cloud), "Prefer": "include-unknown-enum-members"}
    _, body = await get(http, f"{ALERTS}/{alert['id']}", headers)
    assert (body["severity"], body["confidenceLevel"]) == ("critical", "certain")


@pytest.mark.parametrize(("stale", "echoed"), [(True, "active"), (False, "resolved")])
async def test_an_update_is_done_though_the_echo_may_be_stale(
    cloud: Cloud, http: aiohttp.ClientSession, stale: bool, echoed: str
) -> None:
    cloud.faults.switches.change({"stale_echo": stale})
    alert = cloud.raise_alert({"partner": "northwind"})
    body = {"status": "resolved", "resolvedReason": "fraud"}
    async with http.patch(f"{ALERTS}/{alert['id']}", headers=app_token(cloud), json=body) as response:
        echo = await response.json()
    assert (response.status, echo["status"], echo["resolvedReason"]) == (200, echoed, "fraud")
    _, now = await get(http, f"{ALERTS}/{alert['id']}", app_token(cloud))
    assert (now["status"], now["resolvedReason"], now["resolvedBy"]) == ("resolved", "fraud", "Alert Desk")
    assert now["resolvedOnDateTime"].endswith("Z")
    assert [(log["statusFrom"], log["statusTo"], log["updatedBy"]) for log in now["activityLogs"]] == [
        ("active", "resolved", "Alert Desk")
    ]


async def test_an_update_with_a_users_token_names_the_user(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    alert = cloud.raise_alert({"partner": "northwind"})
    for status in ("investigating", "active"):
        await http.patch(f"{ALERTS}/{alert['id']}", headers=user_token(cloud, "max"), json={"status": status})
    assert [log["updatedBy"] for log in alert["activityLogs"]] == [cloud.world.person("max").upn] * 2
    assert alert["resolvedOnDateTime"] is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"status": "open"},
        {"status": "unknownFutureValue"},
        {"resolvedReason": "fraud"},
        {"status": 3},
        {"status": "resolved", "resolvedReason": "boring"},
        {"status": "active", "resolvedReason": "fraud"},
        {"status": "resolved", "severity": "low"},
        {"status": "resolved", "note": "x"},
        [],
        "text",
    ],
)
async def test_an_update_that_makes_no_sense_changes_nothing(
    cloud: Cloud, http: aiohttp.ClientSession, body: Any
) -> None:
    alert = cloud.raise_alert({"partner": "northwind"})
    async with http.patch(f"{ALERTS}/{alert['id']}", headers=app_token(cloud), json=body) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (400, "BadRequest")
    assert (alert["status"], alert["activityLogs"]) == ("active", [])


async def test_a_body_that_is_no_json_is_refused(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    alert = cloud.raise_alert({"partner": "northwind"})
    for kind, expected in (("application/json", 400), ("text/plain", 415)):
        headers = {**app_token(cloud), "Content-Type": kind}
        async with http.patch(f"{ALERTS}/{alert['id']}", headers=headers, data=b"{") as response:
            assert response.status == expected


async def test_permissions_are_needed(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    read, write = "PartnerSecurity.Read.All", "PartnerSecurity.ReadWrite.All"
    url, body = f"{ALERTS}/{EXAMPLE}", {"status": "investigating"}
    for roles, may_read, may_write in (((), 403, 403), ((read,), 200, 403), ((write,), 200, 200)):
        assert (await get(http, ALERTS, app_token(cloud, roles=roles)))[0] == may_read
        async with http.patch(url, headers=app_token(cloud, roles=roles), json=body) as response:
            assert response.status == may_write
        assert (await get(http, ALERTS, user_token(cloud, "ada", scopes=roles)))[0] == may_read


@pytest.mark.parametrize(("key", "expected"), [("ada", 200), ("max", 200), ("gil", 403), ("nora", 403), ("gus", 403)])
async def test_a_users_token_needs_an_admin_agent(
    cloud: Cloud, http: aiohttp.ClientSession, key: str, expected: int
) -> None:
    status, body = await get(http, ALERTS, user_token(cloud, key))
    assert status == expected
    assert expected == 200 or body["error"]["code"] == "Authorization_RequestDenied"


async def test_tokens_are_checked(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}, app_token(cloud, "partnercenter")):
        async with http.get(ALERTS, headers=headers) as response:
            assert response.status == 401
            assert (await response.json())["error"]["code"] == "InvalidAuthenticationToken"
            assert "WWW-Authenticate" in response.headers


async def test_app_only_can_be_refused_for_missing_mfa(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    cloud.faults.switches.change({"app_only_missing_mfa": True})
    status, body = await get(http, ALERTS, app_token(cloud))
    assert (status, body["error"]["code"]) == (403, "Unauthorized_MissingMFA")
    assert body["error"]["message"].startswith("MFA is required for this request.")
    assert (await get(http, ALERTS, user_token(cloud, "ada")))[0] == 200
    assert (await get(http, "/graph/beta/security/partner/securityScore", app_token(cloud)))[0] == 200


async def test_alerts_are_not_in_v1(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    status, body = await get(http, "/graph/v1.0/security/partner/securityAlerts", app_token(cloud))
    assert (status, body["error"]["message"]) == (400, "Resource not found for the segment 'partner'.")


@pytest.mark.parametrize(
    ("key", "held"), [("ada", {"agents"}), ("max", {"agents", "admin"}), ("gil", {"admin"}), ("nora", set())]
)
async def test_check_member_objects(cloud: Cloud, http: aiohttp.ClientSession, key: str, held: set[str]) -> None:
    person, partner = cloud.world.person(key), cloud.world.partner("northwind")
    names = {partner.admin_agents_group_id: "agents", GLOBAL_ADMINISTRATOR: "admin"}
    body = {"ids": [partner.admin_agents_group_id.upper(), GLOBAL_ADMINISTRATOR]}
    for path, headers in (
        (f"users/{person.aad_object_id}", app_token(cloud)),
        (f"users/{person.upn}", app_token(cloud)),
        ("me", user_token(cloud, key, scopes=("User.Read",))),
    ):
        async with http.post(f"/graph/v1.0/{path}/checkMemberObjects", headers=headers, json=body) as response:
            assert response.status == 200
            assert {names[found] for found in (await response.json())["value"]} == held


async def test_check_member_objects_refuses(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    ada, fay, group = cloud.world.person("ada"), cloud.world.person("fay"), cloud.world.partner("northwind").tenant_id
    path = f"/graph/v1.0/users/{ada.aad_object_id}/checkMemberObjects"
    me = "/graph/v1.0/me/checkMemberObjects"
    basic = app_token(cloud, roles=("User.ReadBasic.All",))
    cases: list[tuple[str, dict[str, str], Any, int]] = [
        (path, app_token(cloud), {"ids": [group] * 21}, 400),
        (path, app_token(cloud), {"ids": []}, 400),
        (path, app_token(cloud), {"ids": ["not-a-guid"]}, 400),
        (path, app_token(cloud), {}, 400),
        (path, basic, {"ids": [group]}, 403),
        (path, user_token(cloud, "max", scopes=("User.Read",)), {"ids": [group]}, 403),
        (f"/graph/v1.0/users/{fay.aad_object_id}/checkMemberObjects", app_token(cloud), {"ids": [group]}, 404),
        (me, app_token(cloud), {"ids": [group]}, 400),
        (me, user_token(cloud, "ada", scopes=()), {"ids": [group]}, 403),
    ]
    for url, headers, body, expected in cases:
        async with http.post(url, headers=headers, json=body) as response:
            assert (response.status, url) == (expected, url)
            assert (await response.json())["error"]["code"]


async def test_group_members_are_paged_and_nested_groups_are_members(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    group = cloud.world.partner("northwind").admin_agents_group_id
    url = f"/graph/v1.0/groups/{group}/members"
    found = await walk(http, app_token(cloud), url, top="1")
    assert [entry["@odata.type"] for entry in found] == ["#microsoft.graph.user", "#microsoft.graph.group"]
    people = await walk(http, app_token(cloud), f"/graph/v1.0/groups/{group}/transitiveMembers")
    ids = {entry["id"] for entry in people if entry["@odata.type"] == "#microsoft.graph.user"}
    assert ids == {cloud.world.person(key).aad_object_id for key in ("ada", "max")}
    cast = f"/graph/v1.0/groups/{group}/transitiveMembers/microsoft.graph.user"
    eventual = {**app_token(cloud), "ConsistencyLevel": "eventual"}
    status, body = await get(http, f"{cast}?$count=true", eventual)
    assert (status, {entry["id"] for entry in body["value"]}) == (200, ids)
    for wanted, headers in ((cast, eventual), (f"{cast}?$count=true", app_token(cloud))):
        status, body = await get(http, wanted, headers)
        assert (status, body["error"]["code"]) == (400, "Request_UnsupportedQuery")
    assert (await get(http, url, app_token(cloud, partner="fabrikam")))[0] == 404
    assert (await get(http, url, app_token(cloud, roles=())))[0] == 403


async def test_users(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    gus = cloud.world.person("gus")
    status, body = await get(http, f"/graph/v1.0/users/{gus.aad_object_id}", app_token(cloud))
    assert (status, body["displayName"], body["id"]) == (200, "Gus Delgado", gus.aad_object_id)
    assert "#EXT#" in body["userPrincipalName"]
    status, body = await get(http, "/graph/v1.0/me", user_token(cloud, "nora"))
    assert (status, body["userPrincipalName"]) == (200, cloud.world.person("nora").upn)


async def test_score(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    base = "/graph/beta/security/partner/securityScore"
    _, score = await get(http, base, app_token(cloud), expand="requirements,history")
    assert 0 < score["currentScore"] <= score["maxScore"] == 70.0
    response = next(r for r in score["requirements"] if r["requirementType"] == "securityAlertsPromptlyResolved")
    assert 0 < response["averageResponseTimeInHours"] < 48
    assert {r["complianceStatus"] for r in score["requirements"]} == {"compliant", "noncomplaint"}
    assert len(score["history"]) == 30
    assert len((await get(http, f"{base}/requirements", app_token(cloud)))[1]["value"]) == 5
    cloud.faults.switches.change({"page_size": 10})
    insights = await walk(http, app_token(cloud), f"{base}/customerInsights")
    assert len({insight["tenantId"] for insight in insights}) == 24
    assert (await get(http, f"{base}/customerInsights", app_token(cloud), top="3"))[0] == 400
