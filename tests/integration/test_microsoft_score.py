"""bot.microsoft.score against the sandbox's Graph, with real tokens: paging, odd answers, documented errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.scores import RESPONSE_TIME, CustomerMfa
from bot.errors import AlertDeskError, MissingMfa, Permanent, Refused, Transient
from tests.support.microsoft_sandbox import Desk, desk_on_sandbox


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with desk_on_sandbox() as desk:
        yield desk


async def customers(desk: Desk) -> list[tuple[CustomerMfa, ...]]:
    return [page async for page in desk.scores.customers(desk.partners[0])]


def answers(desk: Desk, match: str, body: dict[str, Any], status: int = 200) -> None:
    desk.cloud.faults.add(
        {"service": "graph", "match": match, "times": None, "action": {"status": status, "body": body}}
    )


async def test_reads_the_score_with_its_requirements(desk: Desk) -> None:
    score = await desk.scores.current(desk.partners[0])
    assert score.current == sum(each.score for each in score.requirements)
    assert score.maximum == sum(each.max_score for each in score.requirements) == 70
    assert score.refreshed_at is not None
    assert {each.met for each in score.requirements} == {True, False}  # the documented spelling of missed is taken
    (response,) = [each for each in score.requirements if each.kind == RESPONSE_TIME]
    assert response.average_response_hours == score.average_response_hours
    assert score.average_response_hours is not None
    assert [each.kind for each in score.requirements if each.is_preview]
    assert all(each.action_url.startswith("https://") for each in score.requirements)


async def test_reads_the_history(desk: Desk) -> None:
    points = await desk.scores.history(desk.partners[0])
    assert len(points) == 30
    assert max(point.at for point in points) - min(point.at for point in points) == timedelta(days=29)
    assert {point.total for point in points} == {5}


async def test_reads_every_customer_once_page_by_page(desk: Desk) -> None:
    desk.cloud.faults.switches.page_size = 2
    pages = await customers(desk)
    found = [each.tenant_id for page in pages for each in page]
    world = desk.cloud.world.customers_of(desk.partners[0].tenant_id)
    assert sorted(found) == sorted(customer.tenant_id for customer in world)
    assert len(pages) == (len(found) + 1) // 2 > 1
    assert all(each.lacking is not None for page in pages for each in page)


async def test_what_microsoft_may_send_one_day(desk: Desk) -> None:
    answers(
        desk,
        r"/requirements$",
        {
            "value": [
                {
                    "requirementType": "securityAlertsPromptlyResolved",
                    "complianceStatus": "unknownFutureValue",
                    "averageResponseTimeInHours": "1.2",
                    "score": "3",
                    "maxScore": None,
                    "actionUrl": 7,
                },
                {"requirementType": "quantumReadiness", "averageResponseTimeInHours": "soon"},
                "nonsense",
            ]
        },
    )
    score = await desk.scores.current(desk.partners[0])
    first, second = score.requirements
    assert (first.average_response_hours, first.score, first.max_score, first.met) == (1.2, 3.0, 0.0, None)
    assert (second.kind, second.average_response_hours) == ("quantumReadiness", None)
    answers(desk, r"/customerInsights$", {"value": [{"tenantId": "x", "mfa": None}, {"mfa": {}}, 5]})
    ((customer,),) = await customers(desk)
    assert (customer.tenant_id, customer.lacking) == ("x", None)
    answers(desk, r"/history$", {"value": [{"createdDateTime": "yesterday", "score": 1}, {"score": "NaN"}]})
    assert await desk.scores.history(desk.partners[0]) == ()


@pytest.mark.parametrize(
    "link", ["https://evil.example.com/beta/x", "http://127.0.0.1:1/graph/beta/security/partner/securityScore"]
)
async def test_a_foreign_link_is_not_followed(desk: Desk, link: str) -> None:
    answers(desk, r"/customerInsights$", {"value": [], "@odata.nextLink": link})
    with pytest.raises(Permanent, match="leads elsewhere"):
        await customers(desk)


async def test_pages_that_lead_in_a_circle_end(desk: Desk) -> None:
    link = f"{desk.cloud.base_url}/graph/beta/security/partner/securityScore/customerInsights"
    answers(desk, r"/customerInsights$", {"value": [], "@odata.nextLink": link})
    with pytest.raises(Permanent, match="circle"):
        await customers(desk)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (403, "Authorization_RequestDenied", Refused),
        (403, "Unauthorized_MissingMFA", MissingMfa),
        (503, "ServiceUnavailable", Transient),
        (429, "TooManyRequests", Transient),
        (400, "BadRequest", Permanent),
    ],
)
async def test_documented_errors(desk: Desk, status: int, code: str, expected: type[AlertDeskError]) -> None:
    answers(desk, r"/securityScore", {"error": {"code": code, "message": "<b>secret</b>"}}, status)
    for reading in (desk.scores.current(desk.partners[0]), desk.scores.history(desk.partners[0])):
        with pytest.raises(expected) as found:
            await reading
        assert "secret" not in found.value.message
    with pytest.raises(expected):
        await customers(desk)
