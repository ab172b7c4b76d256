"""What an event of Partner Center's webhook says, read from bytes that anybody may have written."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.webhooks import address, is_stale, read_event
from bot.errors import UserError
from tests.support.partner_webhook import SUBSCRIPTION, event

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_documented_fraud_event() -> None:
    read = read_event(event(NOW))
    assert (read.name, read.kind) == ("azure-fraud-event-detected", "azure-fraud-event-detected")
    assert (read.subscription_id, read.status) == (SUBSCRIPTION, "Active")
    assert read.changed_at is not None
    assert abs(read.changed_at - NOW) < timedelta(seconds=1)
    assert read.digest != read_event(event(NOW + timedelta(seconds=1))).digest


@pytest.mark.parametrize(
    ("name", "kind"),
    [("Azure-Fraud-Event-Detected", "azure-fraud-event-detected"), ("brand-new-event", "other"), ("x" * 100, "other")],
    ids=["casing", "new", "long"],
)
def test_a_label_is_one_of_few(name: str, kind: str) -> None:
    assert read_event(event(NOW, name)).kind == kind


@pytest.mark.parametrize(
    "resource",
    [
        None,
        7,
        "",
        "http://[",
        "https://evil.example/?SubscriptionId=../../x&EventStatus=<b>",
        "?" + "&".join(f"a{n}=1" for n in range(99)),
    ],
    ids=["none", "number", "empty", "no-address", "hostile", "many"],
)
def test_a_resource_that_is_not_as_expected_says_nothing(resource: object) -> None:
    read = read_event(event(NOW, ResourceUri=resource))
    assert (read.subscription_id, read.status) == ("", "")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"\xff\xfe", b"{", b'{"EventName": 7}', b'{"EventName": "a\\nb"}', b"[" * 60_000],
    ids=["empty", "list", "null", "bytes", "cut", "number", "control", "deep"],
)
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(UserError):
        read_event(body)


@pytest.mark.parametrize(
    ("changed", "timely"),
    [
        ((NOW - timedelta(hours=23)).isoformat(), True),
        ((NOW - timedelta(hours=25)).isoformat(), False),
        ((NOW + timedelta(minutes=9)).isoformat(), True),
        ((NOW + timedelta(minutes=11)).isoformat(), False),
        ("2026-11-22T12:00:00.1234567Z", True),
        ("2026-11-22T12:00:00", False),
        ("yesterday", False),
        (None, False),
        (1_700_000_000, False),
    ],
    ids=["hours", "day", "soon", "later", "seven-digits", "no-zone", "words", "none", "number"],
)
def test_only_what_changed_lately_counts(changed: object, timely: bool) -> None:
    body = json.dumps({"EventName": "test-created", "ResourceChangeUtcDate": changed}).encode()
    assert read_event(body).is_timely(NOW) is timely


@pytest.mark.parametrize(
    ("url", "stale"),
    [
        ("https://desk.example/webhooks/partner-center/t", False),
        ("https://DESK.example/webhooks/partner-center/t/", False),
        ("https://old.example/webhooks/partner-center/t", True),
        ("https://desk.example/webhooks/partner-center/other", True),
        ("https://cipp.example/api/PublicWebhooks", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_a_stale_registration_is_one_of_ours_elsewhere(url: str, stale: bool) -> None:
    assert is_stale(url, address("https://desk.example", "t")) is stale
