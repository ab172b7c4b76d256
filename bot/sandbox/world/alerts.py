"""Makes alerts as Graph would give them (wire JSON), and writes the month of history that the world starts with."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Mapping
from typing import Any

from bot.sandbox.world.examples import HOSTILE
from bot.sandbox.world.kinds import KINDS, Kind
from bot.sandbox.world.model import Customer, Entitlement

REASONS = ("legitimate", "ignore", "fraud")


def stamp(moment: dt.datetime, ticks: int = 0) -> str:
    """A time as .NET writes it: UTC, seven fraction digits; `ticks` (0-9) is the seventh, which Python cannot hold."""
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%f}{ticks}Z"


def moment_of(text: str) -> dt.datetime:
    """The inverse of `stamp`, for any number of fraction digits."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return dt.datetime.fromisoformat(f"{whole}.{fraction[:6].ljust(6, '0')}+00:00")


def new_alert(
    rng: random.Random, kind: Kind, customer: Customer, subscription: Entitlement, detected: dt.datetime
) -> dict[str, Any]:
    """An active alert of that kind about that Azure subscription, first observed a little before it was `detected`."""
    number = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    first = detected - dt.timedelta(seconds=rng.randint(90, 2400))
    resources = []
    if kind.resource is not None:
        group = f"rg-{rng.choice(('prod', 'web', 'data', 'test'))}-{rng.randint(1, 40):02d}"
        resources = [
            {
                "resourceId": f"/subscriptions/{subscription.id}/resourceGroups/{group}/providers/{kind.resource}/"
                f"{kind.resource.rsplit('/', 1)[1][:2].lower()}-{rng.randint(1000, 9999)}",
                "resourceType": "AzureResource",
            }
            for _ in range(rng.choice((1, 1, 1, 2, 5)))
        ]
    return {
        "id": f"{subscription.id}-{number}" if rng.random() < 0.5 else number,
        "displayName": kind.title,
        "description": kind.description,
        "alertType": kind.alert_type,
        "status": "active",
        "severity": kind.severity,
        "confidenceLevel": kind.confidence,
        "customerTenantId": customer.tenant_id,
        "subscriptionId": subscription.id,
        "valueAddedResellerTenantId": customer.reseller_tenant_id,
        "catalogOfferId": rng.choice(("MS-AZR-0017G", "MS-AZR-0017G", None)),
        "detectedDateTime": stamp(detected, rng.randint(0, 9)),
        "firstObservedDateTime": stamp(first, rng.randint(0, 9)),
        "lastObservedDateTime": stamp(detected, rng.randint(0, 9)),
        "resolvedReason": None,
        "resolvedOnDateTime": None,
        "resolvedBy": None,
        "isTest": False,
        "affectedResources": resources,
        "activityLogs": [],
        "additionalDetails": kind.details(rng),
    }


def change(alert: dict[str, Any], status: str, reason: str | None, by: str, at: dt.datetime) -> None:
    """Do to `alert` what a partner's decision does: status, reason, who and when, and one more activity log."""
    alert["activityLogs"].append(
        {"statusFrom": alert["status"], "statusTo": status, "updatedBy": by, "updatedDateTime": stamp(at)}
    )
    decided = status == "resolved"
    alert["status"] = status
    alert["resolvedReason"] = reason if decided else None
    alert["resolvedOnDateTime"] = stamp(at) if decided else None
    alert["resolvedBy"] = by if decided else None


def history(
    rng: random.Random, now: dt.datetime, places: list[tuple[Customer, Entitlement]], deciders: list[str], decided: int
) -> list[dict[str, Any]]:
    """The alerts of one partner as the world starts: `decided` ones of the last month, some open ones over 24 hours old
    and a few younger ones, among them each special case of the contract."""
    alerts = [_decided(rng, now, places, deciders, number, decided) for number in range(decided)]
    alerts += [
        _open(rng, now - dt.timedelta(hours=hours), rng.choice(places), index, special)
        for index, (hours, special) in enumerate(OPEN)
    ]
    investigated = alerts[-1]
    change(investigated, "investigating", None, deciders[0], moment_of(investigated["detectedDateTime"]) + _HOUR)
    for alert, hostile in zip(alerts[5::9], HOSTILE, strict=False):
        alert.update(hostile)
    alerts[3]["isTest"] = True
    alerts[7]["affectedResources"] = []
    return alerts


_HOUR = dt.timedelta(hours=1)

OPEN: tuple[tuple[float, Mapping[str, Any]], ...] = (
    (0.4, {"alertType": "CryptoMining"}),
    (1.3, {"alertType": "ARM_AnomalousResourceConsumption", "isTest": True, "severity": "low"}),
    (5.5, {"alertType": "VM_AnomalousDeployment", "affectedResources": []}),
    (13.0, {**HOSTILE[0], "alertType": "ARM_SuspiciousOperations", "severity": "low"}),
    (52.0, {"alertType": "AgentIdentity_AnomalousTokenUse", "severity": "critical", "confidenceLevel": "high"}),
    (31.0, {"alertType": "UsageAnomalyDetection"}),
    (75.0, {"alertType": "ServiceHealthSecurityAdvisory"}),
    (190.0, {"alertType": "MultiRegionMachineLearningUsageAnomaly"}),
)
"""Open alerts at the start: age in hours, and what is special. The `critical` one has values that no page documents."""


def _open(
    rng: random.Random,
    detected: dt.datetime,
    place: tuple[Customer, Entitlement],
    index: int,
    special: Mapping[str, Any],
) -> dict[str, Any]:
    kind = next((kind for kind in KINDS if kind.alert_type == special["alertType"]), KINDS[index])
    return {**new_alert(rng, kind, *place, detected), **special}


def _decided(
    rng: random.Random,
    now: dt.datetime,
    places: list[tuple[Customer, Entitlement]],
    deciders: list[str],
    number: int,
    of: int,
) -> dict[str, Any]:
    age = dt.timedelta(hours=30 + (number + rng.random()) * (30 * 24 - 30) / of)
    detected = now - age
    alert = new_alert(rng, KINDS[number % len(KINDS)], *rng.choice(places), detected)
    hours = min(rng.choice((0.2, 0.5, 0.8, 1.5, 3.0, 7.0, 20.0, 29.0)) * rng.uniform(0.7, 1.3), age / _HOUR - 0.5)
    who = rng.choice(deciders)
    if rng.random() < 0.4:
        change(alert, "investigating", None, rng.choice(deciders), detected + _HOUR * hours / 3)
    change(alert, "resolved", rng.choice(REASONS), who, detected + _HOUR * hours)
    return alert
