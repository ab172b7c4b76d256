"""bot.microsoft.alerts: reading and changing alerts, with a made-up Graph."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from bot.domain.people import Partner
from bot.errors import AlertDeskError, ConfigError, Missing, MissingMfa, Permanent, Refused, Transient
from bot.microsoft.alerts import GraphAlerts
from bot.ports import AlertPage
from tests.support.microsoft import GRAPH, Microsoft

ALERTS = f"{GRAPH}/beta/security/partner/securityAlerts"


def alert(name: str, **changes: Any) -> dict[str, Any]:
    return {"id": name, "status": "active", "detectedDateTime": "2024-01-01T00:00:00Z", **changes}


def page(*values: Any, following: str | None = None) -> httpx.Response:
    body: dict[str, Any] = {"value": list(values)}
    if following:
        body["@odata.nextLink"] = following
    return httpx.Response(200, json=body)


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": "words"}}, headers=headers)


async def names(pages: AsyncIterator[AlertPage]) -> list[list[str]]:
    return [[found.id for found in each.alerts] for each in [each async for each in pages]]


@pytest.fixture
def alerts(microsoft: Microsoft, partner: Partner) -> GraphAlerts:
    return GraphAlerts(microsoft.graph, max_pages=5)


async def test_follows_pages_as_they_are_linked(microsoft: Microsoft, partner: Partner, alerts: GraphAlerts) -> None:
    second = f"{ALERTS}?$skiptoken=a%2Fb+c"
    answers = {ALERTS: page(alert("A"), alert("B"), following=second), second: page(alert("C"))}
    microsoft.answer = lambda request: answers[str(request.url)]
    assert await names(alerts.all_alerts(partner)) == [["A", "B"], ["C"]]
    sent = microsoft.requests[0]
    assert sent.headers["prefer"] == "include-unknown-enum-members"
    assert sent.headers["authorization"] == "Bearer app-token-1"
    ids = [request.headers["client-request-id"] for request in microsoft.requests]
    assert len(set(ids)) == 2
    assert microsoft.tokens.asked[0] == (partner.tenant_id, f"{GRAPH}/.default", False)


async def test_open_alerts_are_filtered(microsoft: Microsoft, partner: Partner, alerts: GraphAlerts) -> None:
    microsoft.answer = lambda _: page(alert("A"))
    assert await names(alerts.open_alerts(partner)) == [["A"]]
    assert unquote(str(microsoft.requests[0].url)) == f"{ALERTS}?$filter=status ne 'resolved'"


async def test_a_refused_filter_is_remembered_by_tenant(
    microsoft: Microsoft, partner: Partner, alerts: GraphAlerts
) -> None:
    microsoft.answer = lambda request: problem(400, "BadRequest") if request.url.query else page(alert("A"))
    assert await names(alerts.open_alerts(partner)) == [["A"]]
    assert len(microsoft.requests) == 2
    assert await names(alerts.open_alerts(partner)) == [["A"]]
    assert len(microsoft.requests) == 3
    other = replace(partner, tenant_id="33333333-3333-4333-8333-333333333333")
    assert await names(alerts.open_alerts(other)) == [["A"]]
    assert len(microsoft.requests) == 5


async def test_alerts_since_are_filtered_by_the_time_of_detection_to_the_second(
    microsoft: Microsoft, partner: Partner, alerts: GraphAlerts
) -> None:
    microsoft.answer = lambda _: page(alert("A"))
    moment = datetime(2026, 3, 1, 13, 30, 15, 999_999, timezone(timedelta(hours=1)))
    assert await names(alerts.alerts_since(partner, moment)) == [["A"]]
    assert unquote(str(microsoft.requests[0].url)) == f"{ALERTS}?$filter=detectedDateTime ge 2026-03-01T12:30:15Z"


async def test_one_filter_that_is_refused_says_nothing_of_the_other(
    microsoft: Microsoft, partner: Partner, alerts: GraphAlerts
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return problem(400, "BadRequest") if "detectedDateTime" in str(request.url) else page(alert("A"))

    microsoft.answer = answer
    for _ in range(2):
        assert await names(alerts.alerts_since(partner, datetime(2026, 3, 1, tzinfo=UTC))) == [["A"]]
        assert await names(alerts.open_alerts(partner)) == [["A"]]
    asked = [unquote(str(request.url)).removeprefix(ALERTS) for request in microsoft.requests]
    of_status = "?$filter=status ne 'resolved'"
    assert asked == ["?$filter=detectedDateTime ge 2026-03-01T00:00:00Z", "", of_status, "", of_status]


async def test_whoever_has_seen_enough_reads_no_further_page(
    microsoft: Microsoft, partner: Partner, alerts: GraphAlerts
) -> None:
    microsoft.answer = lambda _: page(alert("A"), following=f"{ALERTS}?$skiptoken=2")
    async with aclosing(alerts.alerts_since(partner, datetime(2026, 3, 1, tzinfo=UTC))) as pages:
        async for _ in pages:
            break
    assert len(microsoft.requests) == 1


async def test_a_400_that_is_not_the_filters_is_not_remembered(
    microsoft: Microsoft, partner: Partner, alerts: GraphAlerts
) -> None:
    microsoft.answer = lambda _: problem(400, "BadRequest")
    with pytest.raises(Permanent):
        await names(alerts.open_alerts(partner))
    microsoft.answer = lambda _: page(alert("A"))
    assert await names(alerts.open_alerts(partner)) == [["A"]]
    assert "$filter" in unquote(str(microsoft.requests[-1].url))


async def test_each_alert_comes_once(microsoft: Microsoft, partner: Partner, alerts: GraphAlerts) -> None:
    answers = [
        page(alert("A"), alert("A"), alert("B"), following=f"{ALERTS}?2"),
        page(alert("B"), alert("C")),
    ]
    microsoft.answer = lambda _: answers.pop(0)
    assert await names(alerts.all_alerts(partner)) == [["A", "B"], ["C"]]


async def test_a_bad_alert_holds_up_no_other(microsoft: Microsoft, partner: Partner, alerts: GraphAlerts) -> None:
    microsoft.answer = lambda _: page(alert("A"), {"id": "bad"}, None, alert("B"))
    pages = [each async for each in alerts.all_alerts(partner)]
    assert [found.id for found in pages[0].alerts] == ["A", "B"]
    assert [found.id for found in pages[0].unreadable] == ["bad", ""]


async def test_the_token_follows_no_foreign_link(microsoft: Microsoft, partner: Partner, alerts: GraphAlerts) -> None:
    microsoft.answer = lambda _: page(alert("A"), following="https://graph.microsoft.com.evil.org/beta/x")
    with pytest.raises(Permanent, match="leads elsewhere"):
        await names(alerts.all_alerts(partner))
    assert len(microsoft.requests) == 1


async def test_a_circle_of_pages_ends(microsoft: Microsoft, partner: Partner, alerts: GraphAlerts) -> None:
    microsoft.answer = lambda _: page(alert("A"), following=ALERTS)
    with pytest.raises(Permanent, match="circle"):
        await names(alerts.all_alerts(partner))


async def test_pages_are_bounded(microsoft: Microsoft, partner: Partner, alerts: GraphAlerts) -> None:
    microsoft.answer = lambda _: page(alert("A"), following=f"{ALERTS}?{len(microsoft.requests)}")
    with pytest.raises(Permanent, match="more than 5 pages"):
        await names(alerts.all_alerts(partner))
    assert len(microsoft.requests) == 5


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"value": null}', b"null", b""])
async def test_nonsense_is_transient(microsoft: Microsoft, partner: Partner, alerts: GraphAlerts, body: bytes) -> None:
    microsoft.answer = lambda _: httpx.Response(200, content=body)
    with pytest.raises(Transient, match="nonsense"):
        await names(alerts.all_alerts(partner))


async def test_reading_is_tried_again(microsoft: Microsoft, partner: Partner, alerts: GraphAlerts) -> None:
    answers = [problem(429, "TooManyRequests", **{"retry-after": "4"}), problem(503, "x"), page(alert("A"))]
    microsoft.answer = lambda _: answers.pop(0)
    assert await names(alerts.open_alerts(partner)) == [["A"]]
    assert microsoft.clock.pauses == [4.0, 0.5]


async def test_missing_mfa_is_said_as_such(microsoft: Microsoft, partner: Partner, alerts: GraphAlerts) -> None:
    microsoft.answer = lambda _: problem(403, "Unauthorized_MissingMFA")
    with pytest.raises(MissingMfa, match="Add the application in Partner Center"):
        await names(alerts.open_alerts(partner))


async def test_gets_one_alert(microsoft: Microsoft, partner: Partner, alerts: GraphAlerts) -> None:
    microsoft.answer = lambda _: httpx.Response(200, json=alert("a/b?c=ä#%2e", status="resolved"))
    found = await alerts.get(partner, "A/b?c=ä#%2e")
    assert (found.id, found.status, found.partner) == ("A/b?c=ä#%2e", "resolved", partner.tenant_id)
    path = microsoft.requests[0].url.raw_path.decode()
    assert path == "/beta/security/partner/securityAlerts/A%2Fb%3Fc%3D%C3%A4%23%252e"


async def test_another_alert_than_asked_for_is_refused(
    microsoft: Microsoft, partner: Partner, alerts: GraphAlerts
) -> None:
    microsoft.answer = lambda _: httpx.Response(200, json=alert("B"))
    with pytest.raises(Permanent, match="another alert"):
        await alerts.get(partner, "A")
    microsoft.answer = lambda _: httpx.Response(200, json={"id": "A"})
    with pytest.raises(Permanent, match="unusable"):
        await alerts.get(partner, "A")


@pytest.mark.parametrize("name", ["", ".", ".."])
async def test_an_id_that_would_change_the_address_is_missing(
    microsoft: Microsoft, partner: Partner, alerts: GraphAlerts, name: str
) -> None:
    with pytest.raises(Missing):
        await alerts.get(partner, name)
    with pytest.raises(Missing):
        await alerts.set_status(partner, name, "resolved", "fraud")
    assert microsoft.requests == []


@pytest.mark.parametrize(
    ("status", "reason", "body"),
    [
        ("resolved", "fraud", {"status": "resolved", "resolvedReason": "fraud"}),
        ("investigating", "", {"status": "investigating"}),
    ],
)
async def test_changes_by_one_patch(
    microsoft: Microsoft, partner: Partner, alerts: GraphAlerts, status: str, reason: str, body: dict[str, str]
) -> None:
    microsoft.answer = lambda _: httpx.Response(200, json=alert("A"))
    await alerts.set_status(partner, "A", status, reason)
    assert microsoft.asked == [f"PATCH {ALERTS}/A"]
    assert json.loads(microsoft.requests[0].content) == body


@pytest.mark.parametrize(
    ("answer", "kind", "doubt"),
    [
        (problem(500, "x"), Transient, True),
        (problem(502, "x"), Transient, True),
        (problem(503, "x"), Transient, True),
        (problem(503, "x", **{"retry-after": "1"}), Transient, False),
        (problem(429, "x", **{"retry-after": "1"}), Transient, False),
        (httpx.ReadTimeout("x"), Transient, True),
        (httpx.RemoteProtocolError("x"), Transient, True),
        (httpx.ConnectError("x"), Transient, False),
        (problem(403, "Authorization_RequestDenied"), Refused, None),
        (problem(404, "ResourceNotFound"), Missing, None),
        (problem(400, "BadRequest"), Permanent, None),
    ],
    ids=str,
)
async def test_a_patch_is_never_repeated_and_tells_its_doubt(
    microsoft: Microsoft,
    partner: Partner,
    alerts: GraphAlerts,
    answer: httpx.Response | Exception,
    kind: type[AlertDeskError],
    doubt: bool | None,
) -> None:
    def respond(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    microsoft.answer = respond
    with pytest.raises(kind) as caught:
        await alerts.set_status(partner, "A", "resolved", "fraud")
    assert len(microsoft.requests) == 1
    assert microsoft.clock.pauses == []
    assert getattr(caught.value, "in_doubt", None) is doubt


async def test_a_patch_with_a_stale_token_is_sent_again(
    microsoft: Microsoft, partner: Partner, alerts: GraphAlerts
) -> None:
    answers = [problem(401, "InvalidAuthenticationToken"), httpx.Response(200, json=alert("A"))]
    microsoft.answer = lambda _: answers.pop(0)
    await alerts.set_status(partner, "A", "resolved", "fraud")
    assert [fresh for _, _, fresh in microsoft.tokens.asked] == [False, True]


async def test_a_delegated_reader_needs_a_key(microsoft: Microsoft, partner: Partner) -> None:
    alerts = GraphAlerts(microsoft.graph)
    with pytest.raises(ConfigError, match=r"Northwind.*ALERTDESK_ENCRYPTION_KEY"):
        await alerts.get(replace(partner, reader="delegated"), "a")
    assert microsoft.requests == []
