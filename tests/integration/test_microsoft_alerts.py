"""bot.microsoft.alerts against the sandbox's Graph, with real tokens: paging, filter, stale echo, documented errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.domain.alerts import Alert
from bot.domain.people import Partner
from bot.errors import AlertDeskError, Missing, MissingMfa, Permanent, Refused, Transient
from bot.ports import AlertPage
from tests.support.microsoft_sandbox import Desk, desk_on_sandbox


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with desk_on_sandbox() as desk:
        yield desk


async def read(pages: AsyncIterator[AlertPage]) -> list[Alert]:
    found = [page async for page in pages]
    assert all(page.unreadable == () for page in found)
    return [alert for page in found for alert in page.alerts]


def in_world(desk: Desk, partner: Partner) -> dict[str, dict[str, Any]]:
    return desk.cloud.world.alerts[partner.tenant_id]


def some_open(desk: Desk, partner: Partner) -> str:
    return next(name for name, alert in in_world(desk, partner).items() if alert["status"] == "active")


async def test_reads_every_alert_of_each_partner_and_none_of_the_other(desk: Desk) -> None:
    desk.cloud.faults.switches.page_size = 7
    for partner in desk.partners:
        found = await read(desk.alerts.all_alerts(partner))
        assert {alert.id for alert in found} == set(in_world(desk, partner))
        assert len(found) == len(in_world(desk, partner)) > 7
        for alert in found:
            source = in_world(desk, partner)[alert.id]
            assert alert.partner == partner.tenant_id
            assert alert.status == source["status"]
            assert alert.severity == source["severity"]
            assert len(alert.affected_resources) == len(source["affectedResources"] or [])
            assert len(alert.activity_log) == len(source["activityLogs"] or [])
            assert isinstance(alert.is_test, bool)


async def test_future_values_come_as_they_are(desk: Desk) -> None:
    desk.cloud.raise_alert({"partner": "northwind", "severity": "catastrophic", "status": "paused"})
    found = await read(desk.alerts.all_alerts(desk.partners[0]))
    assert ("catastrophic", "paused") in {(alert.severity, alert.status) for alert in found}


@pytest.mark.parametrize("filter_unsupported", [False, True])
async def test_reads_what_is_open(desk: Desk, filter_unsupported: bool) -> None:
    desk.cloud.faults.switches.filter_unsupported = filter_unsupported
    partner = desk.partners[0]
    for _ in range(2):
        found = await read(desk.alerts.open_alerts(partner))
        expected = {name for name, alert in in_world(desk, partner).items() if alert["status"] != "resolved"}
        assert {alert.id for alert in found if alert.is_open} == expected
        assert len({alert.id for alert in found}) == len(found)
    filtered = [path for path in desk.asked("graph", "GET") if "filter" in path]
    assert bool([path for path in desk.asked("graph", "GET") if "filter" not in path]) is filter_unsupported
    assert len(filtered) >= 1


async def test_decides_and_reads_again_past_the_stale_echo(desk: Desk) -> None:
    partner = desk.partners[0]
    name = some_open(desk, partner)
    await desk.alerts.set_status(partner, name, "resolved", "fraud")
    alert = await desk.alerts.get(partner, name)
    assert (alert.status, alert.resolved_reason) == ("resolved", "fraud")
    assert alert.activity_log[-1].status_to == "resolved"
    assert alert.activity_log[-1].by == desk.cloud.world.app.name
    await desk.alerts.set_status(partner, name, "investigating", "")
    assert (await desk.alerts.get(partner, name)).status == "investigating"


async def test_an_alert_of_another_partner_is_missing(desk: Desk) -> None:
    foreign = some_open(desk, desk.partners[1])
    with pytest.raises(Missing):
        await desk.alerts.get(desk.partners[0], foreign)
    with pytest.raises(Missing):
        await desk.alerts.set_status(desk.partners[0], foreign, "resolved", "fraud")
    assert in_world(desk, desk.partners[1])[foreign]["status"] == "active"


@pytest.mark.parametrize("name", ["../../../v1.0/users", "a/b?c#d", "%2e%2e", "ä ö", "x" * 300])
async def test_an_odd_id_is_missing_and_leads_nowhere_else(desk: Desk, name: str) -> None:
    with pytest.raises(Missing):
        await desk.alerts.get(desk.partners[0], name)


async def test_an_app_without_mfa(desk: Desk) -> None:
    desk.cloud.faults.switches.app_only_missing_mfa = True
    with pytest.raises(MissingMfa, match="Unauthorized_MissingMFA"):
        await read(desk.alerts.open_alerts(desk.partners[0]))
    with pytest.raises(MissingMfa):
        await desk.alerts.set_status(desk.partners[0], some_open(desk, desk.partners[0]), "resolved", "fraud")


@pytest.mark.parametrize(
    ("action", "kind", "doubt", "done"),
    [
        ({"status": 401}, Refused, None, False),
        ({"status": 403}, Refused, None, False),
        ({"status": 429, "retry_after": 6}, Transient, False, False),
        ({"status": 429}, Transient, False, False),
        ({"status": 500}, Transient, True, False),
        ({"status": 503, "retry_after": 6}, Transient, False, False),
        ({"status": 504}, Transient, True, False),
        ({"drop": "before"}, Transient, True, False),
        ({"drop": "after"}, Transient, True, True),
    ],
    ids=str,
)
async def test_a_change_that_fails(
    desk: Desk, action: dict[str, Any], kind: type[AlertDeskError], doubt: bool | None, done: bool
) -> None:
    partner = desk.partners[0]
    name = some_open(desk, partner)
    desk.cloud.faults.add({"service": "graph", "method": "PATCH", "action": action})
    with pytest.raises(kind) as caught:
        await desk.alerts.set_status(partner, name, "resolved", "legitimate")
    assert getattr(caught.value, "in_doubt", None) is doubt
    assert getattr(caught.value, "retry_after", None) == action.get("retry_after")
    assert (in_world(desk, partner)[name]["status"] == "resolved") is done
    assert len(desk.asked("graph", "PATCH")) == (2 if action.get("status") == 401 else 1)


@pytest.mark.parametrize(
    "action", [{"status": 429, "retry_after": 2}, {"status": 500}, {"status": 502}, {"drop": "before"}], ids=str
)
async def test_reading_gets_over_a_fault(desk: Desk, action: dict[str, Any]) -> None:
    desk.cloud.faults.add({"service": "graph", "method": "GET", "action": action, "times": 2})
    partner = desk.partners[0]
    assert (await desk.alerts.get(partner, some_open(desk, partner))).status == "active"
    assert len(desk.clock.pauses) == 2


async def test_nonsense_from_graph(desk: Desk) -> None:
    desk.cloud.faults.add({"service": "graph", "action": {"status": 200, "body": "<html>sign in</html>"}})
    with pytest.raises(Transient, match="nonsense"):
        await read(desk.alerts.open_alerts(desk.partners[0]))


async def test_a_foreign_link_is_not_followed(desk: Desk) -> None:
    body = {"value": [], "@odata.nextLink": f"{desk.cloud.base_url}/partnercenter/v1/customers"}
    desk.cloud.faults.add({"service": "graph", "action": {"status": 200, "body": body}})
    with pytest.raises(Permanent, match="leads elsewhere"):
        await read(desk.alerts.open_alerts(desk.partners[0]))
    assert desk.asked("partnercenter", "GET") == []


async def test_an_expired_token_is_renewed(desk: Desk) -> None:
    partner = desk.partners[0]
    desk.cloud.entra.access_lifetime = -10.0
    scope = f"{desk.cloud.base_url}/graph/.default"
    stale = await desk.entra.app(partner.tenant_id, scope)
    desk.cloud.entra.access_lifetime = 3600.0
    assert await read(desk.alerts.open_alerts(partner))
    assert await desk.entra.app(partner.tenant_id, scope) != stale
