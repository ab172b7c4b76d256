"""bot.microsoft.wire: an alert in every shape that Graph, or an attacker, may give it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts import ActivityLogEntry, AffectedResource, Alert
from bot.microsoft.wire import is_guid, read_alert
from bot.ports import UnreadableAlert

PARTNER = "22222222-2222-4222-8222-222222222222"
CUSTOMER = "AAAAAAAA-bbbb-4CCC-8ddd-EEEEEEEEEEEE"
FULL: dict[str, Any] = {
    "@odata.type": "#microsoft.graph.partner.security.partnerSecurityAlert",
    "id": "0D5Bf442-b3be-4fa9-9d1b-4a1b6b8b8a10-X",
    "displayName": "Mining",
    "description": "A machine mines.",
    "alertType": "networkConnectionsToCryptoMiningPools",
    "status": "active",
    "severity": "high",
    "confidenceLevel": "high",
    "customerTenantId": CUSTOMER,
    "subscriptionId": CUSTOMER,
    "valueAddedResellerTenantId": CUSTOMER,
    "catalogOfferId": "MS-AZR-0017G",
    "detectedDateTime": "2024-07-19T16:47:47.1084541Z",
    "firstObservedDateTime": "2024-07-19T10:47:47.10Z",
    "lastObservedDateTime": "2024-07-19T18:47:47+02:00",
    "resolvedReason": "fraud",
    "resolvedOnDateTime": "2024-07-20T10:00:00Z",
    "resolvedBy": "ada@example.com",
    "isTest": False,
    "affectedResources": [{"resourceId": "/subscriptions/x/vm", "resourceType": "AzureResource"}],
    "activityLogs": [
        {
            "statusFrom": "active",
            "statusTo": "resolved",
            "updatedBy": "ada@example.com",
            "updatedDateTime": "2024-07-20T10:00:00Z",
        }
    ],
    "additionalDetails": {"@odata.type": "x", "VM_IP": '[ "1.2.3.4"]', "ConnectionCount": 7, "None": None},
    "novelty": {"a": 1},
}


def read(**changes: Any) -> Alert:
    alert = read_alert(PARTNER, {**FULL, **changes})
    assert isinstance(alert, Alert)
    return alert


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_reads_everything() -> None:
    assert read() == Alert(
        partner=PARTNER,
        id="0D5Bf442-b3be-4fa9-9d1b-4a1b6b8b8a10-X",
        name="Mining",
        description="A machine mines.",
        alert_type="networkConnectionsToCryptoMiningPools",
        status="active",
        severity="high",
        confidence="high",
        detected_at=at(2024, 7, 19, 16, 47, 47, 108454),
        first_observed_at=at(2024, 7, 19, 10, 47, 47, 100000),
        last_observed_at=at(2024, 7, 19, 16, 47, 47),
        customer_tenant_id=CUSTOMER.lower(),
        subscription_id=CUSTOMER.lower(),
        reseller_tenant_id=CUSTOMER.lower(),
        catalog_offer_id="MS-AZR-0017G",
        is_test=False,
        resolved_reason="fraud",
        resolved_by="ada@example.com",
        resolved_at=at(2024, 7, 20, 10),
        affected_resources=(AffectedResource("/subscriptions/x/vm", "AzureResource"),),
        additional_details=(("VM_IP", '[ "1.2.3.4"]'), ("ConnectionCount", "7")),
        activity_log=(ActivityLogEntry("active", "resolved", "ada@example.com", at(2024, 7, 20, 10)),),
    )


def test_only_id_status_and_a_time_are_needed() -> None:
    alert = read_alert(PARTNER, {"id": "x", "status": "active", "lastObservedDateTime": "2024-01-01T00:00:00Z"})
    assert isinstance(alert, Alert)
    assert alert.detected_at == at(2024, 1, 1)
    assert (alert.name, alert.customer_tenant_id, alert.affected_resources, alert.is_test) == ("", "", (), False)
    assert read(displayName=None).name == FULL["alertType"]


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2024-07-19T16:47:47.12Z", at(2024, 7, 19, 16, 47, 47, 120000)),
        ("2024-07-19T16:47:47.123Z", at(2024, 7, 19, 16, 47, 47, 123000)),
        ("2024-07-19T16:47:47.1234Z", at(2024, 7, 19, 16, 47, 47, 123400)),
        ("2024-07-19T16:47:47.12345Z", at(2024, 7, 19, 16, 47, 47, 123450)),
        ("2024-07-19T16:47:47.123456Z", at(2024, 7, 19, 16, 47, 47, 123456)),
        ("2024-07-19T16:47:47.1234567Z", at(2024, 7, 19, 16, 47, 47, 123456)),
        ("2024-07-19T16:47:47", at(2024, 7, 19, 16, 47, 47)),
        ("2024-07-19T16:47:47.1234567-07:00", at(2024, 7, 19, 23, 47, 47, 123456)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("yesterday", None),
        ("", None),
        (12, None),
        (None, None),
    ],
)
def test_times(text: object, when: datetime | None) -> None:
    assert read(resolvedOnDateTime=text).resolved_at == when


@pytest.mark.parametrize(
    ("value", "is_test"), [(True, True), (False, False), ("false", False), ("True", True), (None, False), (1, False)]
)
def test_is_test_in_both_spellings(value: object, is_test: bool) -> None:
    assert read(isTest=value).is_test is is_test


@pytest.mark.parametrize("value", [None, "text", 7, {}, [None], ["x"], [[]]])
def test_lists_that_are_none(value: object) -> None:
    alert = read(affectedResources=value, activityLogs=value, additionalDetails=value)
    assert alert.affected_resources == ()
    assert alert.activity_log == ()
    assert alert.additional_details == ()


def test_unknown_words_stay_and_known_ones_are_spelt_as_ours() -> None:
    alert = read(status="Resolved", severity="Catastrophic", resolvedReason="unknownFutureValue")
    assert (alert.status, alert.severity, alert.resolved_reason) == ("resolved", "Catastrophic", "unknownFutureValue")
    assert read(resolvedReason="None").resolved_reason == ""


def test_nobody_is_no_reseller() -> None:
    assert read(valueAddedResellerTenantId="00000000-0000-0000-0000-000000000000").reseller_tenant_id == ""


def test_ids_that_are_no_guids_stay_as_they_are() -> None:
    assert read(subscriptionId="Azure-Plan X").subscription_id == "Azure-Plan X"


def test_hostile_texts_stay_whole_but_for_what_no_database_takes() -> None:
    hostile = "[click](https://evil.org) <at>all</at> =cmd|' /C calc'!A0 {{DATE(x)}} \u202eexe"
    assert read(description=hostile + "\x00").description == hostile
    assert read(additionalDetails={"a\x00": "b\x00", "c": {"d": [1]}}).additional_details == (
        ("a", "b"),
        ("c", '{"d":[1]}'),
    )


def test_a_detail_nested_too_deep_costs_that_detail() -> None:
    deep = orjson.loads(b"[" * 500 + b"]" * 500)
    assert read(additionalDetails={"a": deep, "b": "x"}).additional_details == (("a", ""), ("b", "x"))


@pytest.mark.parametrize(
    ("value", "name", "problem"),
    [
        ({**FULL, "id": None}, "", "id"),
        ({**FULL, "id": ""}, "", "id"),
        ({**FULL, "id": {"x": 1}}, "", "id"),
        ({**FULL, "id": ".."}, "..", "id"),
        ({**FULL, "id": "x" * 401}, "x" * 400, "id"),
        ({**FULL, "status": None}, FULL["id"], "status"),
        ({name: value for name, value in FULL.items() if name != "status"}, FULL["id"], "status"),
        ({name: value for name, value in FULL.items() if "DateTime" not in name}, FULL["id"], "detectedDateTime"),
        (None, "", "alert"),
        ("text", "", "alert"),
        ([], "", "alert"),
    ],
    ids=[
        "id-null",
        "id-empty",
        "id-object",
        "id-dots",
        "id-long",
        "status-null",
        "status",
        "times",
        "null",
        "str",
        "list",
    ],
)
def test_an_unreadable_alert_is_told_apart(value: object, name: str, problem: str) -> None:
    assert read_alert(PARTNER, value) == UnreadableAlert(name, f"unusable: {problem}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(FULL)), JSON), JSON)
def test_no_shape_raises(changes: dict[str, Any], whole: Any) -> None:
    for value in ({**FULL, **changes}, changes, whole):
        assert isinstance(read_alert(PARTNER, value), Alert | UnreadableAlert)


def test_guids() -> None:
    assert is_guid(CUSTOMER)
    for text in ("", CUSTOMER + "\n", CUSTOMER[1:], f"{{{CUSTOMER}}}", "g" * 36, CUSTOMER.replace("-", "")):
        assert not is_guid(text)
