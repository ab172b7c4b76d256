"""bot.microsoft.directory: roles and names, with a made-up Graph and Partner Center."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from bot.domain.people import GLOBAL_ADMINISTRATOR, NO_ROLES, Partner, Roles
from bot.errors import AlertDeskError, Missing, MissingMfa, Permanent, Refused, Transient
from bot.microsoft.directory import GraphDirectory
from tests.support.microsoft import GRAPH, PARTNER_CENTER, Microsoft

PERSON = "44444444-4444-4444-8444-444444444444"
CUSTOMER = "55555555-5555-4555-8555-555555555555"
OTHER = "66666666-6666-4666-8666-666666666666"
THIRD = "77777777-7777-4777-8777-777777777777"


@pytest.fixture
def directory(microsoft: Microsoft) -> GraphDirectory:
    return GraphDirectory(microsoft.graph, microsoft.partner_center)


def graph_problem(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code}})


def center_problem(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "description": "words"})


@pytest.mark.parametrize(
    ("held", "roles"),
    [
        ([], NO_ROLES),
        (["group"], Roles(admin_agent=True)),
        ([GLOBAL_ADMINISTRATOR.upper()], Roles(global_administrator=True)),
        (["group", GLOBAL_ADMINISTRATOR], Roles(True, True)),
        (["something else", None, 7], NO_ROLES),
    ],
)
async def test_roles(
    microsoft: Microsoft, partner: Partner, directory: GraphDirectory, held: list[Any], roles: Roles
) -> None:
    group = partner.admin_agents_group_id
    microsoft.answer = lambda _: httpx.Response(
        200, json={"value": [group if name == "group" else name for name in held]}
    )
    assert await directory.roles(partner, PERSON) == roles
    assert microsoft.asked == [f"POST {GRAPH}/v1.0/users/{PERSON}/checkMemberObjects"]
    assert json.loads(microsoft.requests[0].content) == {"ids": [group, GLOBAL_ADMINISTRATOR]}


async def test_roles_are_asked_in_the_role_tenant(
    microsoft: Microsoft, partner: Partner, directory: GraphDirectory
) -> None:
    microsoft.answer = lambda _: httpx.Response(200, json={"value": []})
    await directory.roles(replace(partner, role_tenant_id=OTHER), PERSON)
    assert microsoft.tokens.asked[0][:2] == (OTHER, f"{GRAPH}/.default")


@pytest.mark.parametrize("person", ["", "ada@example.com", "../groups", PERSON + "/x", "me"])
async def test_whoever_has_no_object_id_has_no_roles(
    microsoft: Microsoft, partner: Partner, directory: GraphDirectory, person: str
) -> None:
    assert await directory.roles(partner, person) == NO_ROLES
    assert microsoft.requests == []


async def test_somebody_unknown_has_no_roles(microsoft: Microsoft, partner: Partner, directory: GraphDirectory) -> None:
    microsoft.answer = lambda _: graph_problem(404, "Request_ResourceNotFound")
    assert await directory.roles(partner, PERSON) == NO_ROLES


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (graph_problem(403, "Authorization_RequestDenied"), Refused),
        (graph_problem(400, "Request_BadRequest"), Permanent),
        (graph_problem(503, "x"), Transient),
        (httpx.Response(200, json={"value": "all"}), Transient),
        (httpx.Response(200, text="<html>"), Transient),
        (httpx.ReadTimeout("x"), Transient),
    ],
    ids=str,
)
async def test_a_failing_check_gives_no_roles_away(
    microsoft: Microsoft,
    partner: Partner,
    directory: GraphDirectory,
    answer: httpx.Response | Exception,
    kind: type[AlertDeskError],
) -> None:
    def respond(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    microsoft.answer = respond
    with pytest.raises(kind) as caught:
        await directory.roles(partner, PERSON)
    assert not getattr(caught.value, "in_doubt", False)
    assert len(microsoft.requests) == 1


async def test_a_customers_name(microsoft: Microsoft, partner: Partner, directory: GraphDirectory) -> None:
    profile = {"companyName": " Contoso ", "domain": "contoso.example"}
    microsoft.answer = lambda _: httpx.Response(
        200, json={"id": CUSTOMER, "companyProfile": profile, "billingProfile": {"email": "x"}}
    )
    assert await directory.customer_name(partner, CUSTOMER) == "Contoso"
    assert microsoft.asked == [f"GET {PARTNER_CENTER}/v1/customers/{CUSTOMER}"]
    assert microsoft.tokens.asked == [(partner.tenant_id, f"{PARTNER_CENTER}/.default", False)]
    sent = microsoft.requests[0].headers
    assert sent["ms-requestid"] != sent["ms-correlationid"]
    profile["companyName"] = ""
    assert await directory.customer_name(partner, CUSTOMER) == "contoso.example"
    profile.clear()
    assert await directory.customer_name(partner, CUSTOMER) is None


@pytest.mark.parametrize(
    "answer",
    [center_problem(404, "600009"), center_problem(403, "900159"), center_problem(400, "900118")],
    ids=["unknown", "forbidden", "invalid"],
)
async def test_a_customer_without_a_name(
    microsoft: Microsoft, partner: Partner, directory: GraphDirectory, answer: httpx.Response
) -> None:
    microsoft.answer = lambda _: answer
    assert await directory.customer_name(partner, CUSTOMER) is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (center_problem(401, "900421"), MissingMfa),
        (center_problem(401, "900420"), Refused),
        (center_problem(400, "800002"), Permanent),
        (httpx.Response(429, headers={"retry-after": "57"}), Transient),
    ],
    ids=["mfa", "audience", "bad", "busy"],
)
async def test_trouble_with_a_name_is_told(
    microsoft: Microsoft,
    partner: Partner,
    directory: GraphDirectory,
    answer: httpx.Response,
    kind: type[AlertDeskError],
) -> None:
    microsoft.answer = lambda _: answer
    with pytest.raises(kind):
        await directory.customer_name(partner, CUSTOMER)
    assert await directory.customer_name(partner, "../customers") is None


def customer(tenant: str, name: str) -> dict[str, Any]:
    return {"id": tenant, "companyProfile": {"tenantId": tenant, "companyName": name, "domain": "d.example"}}


async def test_all_customers_page_by_page(microsoft: Microsoft, partner: Partner, directory: GraphDirectory) -> None:
    following = {
        "uri": "/v1/v1/customers?size=500&seekOperation=Next",
        "method": "GET",
        "headers": [{"key": "MS-ContinuationToken", "value": "token"}],
    }
    answers = [
        httpx.Response(
            200,
            content=b"\xef\xbb\xbf"
            + json.dumps(
                {
                    "items": [customer(CUSTOMER.upper(), "Contoso"), customer("no guid", "X"), None, {"id": OTHER}],
                    "links": {"next": following},
                }
            ).encode(),
        ),
        httpx.Response(200, json={"items": [customer(THIRD, "Tailspin")], "links": {"self": {}}}),
    ]
    microsoft.answer = lambda _: answers.pop(0)
    assert [dict(page) async for page in directory.customer_names(partner)] == [
        {CUSTOMER: "Contoso"},
        {THIRD: "Tailspin"},
    ]
    assert microsoft.asked == [
        f"GET {PARTNER_CENTER}/v1/customers?size=500",
        f"GET {PARTNER_CENTER}/v1/customers?size=500&seekOperation=Next",
    ]
    assert microsoft.requests[1].headers["ms-continuationtoken"] == "token"


@pytest.mark.parametrize(
    ("following", "says"),
    [
        ({"uri": "https://evil.org/v1/customers"}, "leads elsewhere"),
        ({"uri": "/customers?size=500"}, "circle"),
        ({"method": "GET"}, "no address"),
    ],
)
async def test_bad_links_end_the_list(
    microsoft: Microsoft, partner: Partner, directory: GraphDirectory, following: dict[str, str], says: str
) -> None:
    microsoft.answer = lambda _: httpx.Response(200, json={"items": [], "links": {"next": following}})
    with pytest.raises(Permanent, match=says):
        [page async for page in directory.customer_names(partner)]
    assert {request.url.host for request in microsoft.requests} == {"api.partnercenter.microsoft.com"}


async def test_resellers(microsoft: Microsoft, partner: Partner, directory: GraphDirectory) -> None:
    microsoft.answer = lambda _: httpx.Response(
        200, json={"items": [{"id": OTHER.upper(), "name": "Resell Ltd", "mpnId": "1"}, {"id": THIRD}, "x"]}
    )
    assert await directory.reseller_names(partner) == {OTHER: "Resell Ltd"}
    assert microsoft.asked == [
        f"GET {PARTNER_CENTER}/v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf"
    ]


async def test_resellers_may_be_for_people_only(
    microsoft: Microsoft, partner: Partner, directory: GraphDirectory
) -> None:
    microsoft.answer = lambda _: center_problem(403, "900329")
    assert await directory.reseller_names(partner) == {}
    microsoft.answer = lambda _: center_problem(400, "1")
    with pytest.raises(Permanent):
        await directory.reseller_names(partner)


GROUP = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
MEMBERS = f"{GRAPH}/v1.0/groups/{GROUP}/transitiveMembers/microsoft.graph.user"


def user(number: int, name: str = "") -> dict[str, Any]:
    upn = f"p{number}@example.com"
    return {"id": f"BBBBBBBB-0000-4000-8000-{number:012d}", "displayName": name or None, "userPrincipalName": upn}


async def test_approvers(microsoft: Microsoft, partner: Partner, directory: GraphDirectory) -> None:
    pages = [
        {"value": [user(1, "Max"), None, {"id": "x"}], "@odata.nextLink": f"{MEMBERS}?$skiptoken=2"},
        {"value": [user(1, "Max"), user(2)]},
    ]
    microsoft.answer = lambda _: httpx.Response(200, json=pages.pop(0))
    asking = replace(partner, approvers_group_id=GROUP, role_tenant_id=OTHER)
    found = await directory.approvers(asking)
    assert [(each.name, each.mri, each.tenant_id, each.upn) for each in found] == [
        ("Max", "", OTHER, "p1@example.com"),
        ("p2@example.com", "", OTHER, "p2@example.com"),
    ]
    assert found[0].aad_id == "bbbbbbbb-0000-4000-8000-000000000001"
    assert microsoft.asked == [
        f"GET {MEMBERS}?$count=true&$select=id,displayName,userPrincipalName",
        f"GET {MEMBERS}?$skiptoken=2",
    ]
    assert {request.headers["consistencylevel"] for request in microsoft.requests} == {"eventual"}
    assert microsoft.tokens.asked[0][:2] == (OTHER, f"{GRAPH}/.default")


async def test_at_most_a_hundred_approvers(microsoft: Microsoft, partner: Partner, directory: GraphDirectory) -> None:
    people = [user(number) for number in range(60)]
    more = [user(number) for number in range(60, 120)]
    pages = [{"value": each, "@odata.nextLink": f"{MEMBERS}?$skiptoken=n"} for each in (people, more, people)]
    microsoft.answer = lambda _: httpx.Response(200, json=pages.pop(0))
    assert len(await directory.approvers(replace(partner, approvers_group_id=GROUP))) == 100
    assert len(microsoft.requests) == 2


async def test_pages_of_nobody_come_to_an_end(
    microsoft: Microsoft, partner: Partner, directory: GraphDirectory
) -> None:
    microsoft.answer = lambda _: httpx.Response(200, json={"value": [], "@odata.nextLink": f"{MEMBERS}?$skiptoken=n"})
    assert await directory.approvers(replace(partner, approvers_group_id=GROUP)) == ()
    assert len(microsoft.requests) == 100


async def test_no_group_no_approvers(microsoft: Microsoft, partner: Partner, directory: GraphDirectory) -> None:
    assert await directory.approvers(partner) == ()
    assert microsoft.requests == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (graph_problem(404, "Request_ResourceNotFound"), Missing),
        (graph_problem(403, "Authorization_RequestDenied"), Refused),
        (httpx.Response(200, json={"value": None}), Transient),
        (httpx.Response(200, json={"value": [], "@odata.nextLink": "https://evil.org/v1.0/x"}), Permanent),
    ],
    ids=["no group", "forbidden", "nonsense", "foreign link"],
)
async def test_trouble_with_approvers_is_told(
    microsoft: Microsoft,
    partner: Partner,
    directory: GraphDirectory,
    answer: httpx.Response,
    kind: type[AlertDeskError],
) -> None:
    microsoft.answer = lambda _: answer
    with pytest.raises(kind):
        await directory.approvers(replace(partner, approvers_group_id=GROUP))
