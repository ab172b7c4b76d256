"""Roll-ups of storms, and what they count, for cards that are looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.domain.alerts import AlertRecord
from bot.domain.storms import Census, Count, RollUp, Scope, ScopeKind
from tests.factories import CHANNEL, CUSTOMER, NOW, SUBSCRIPTION, alert, guid, minutes, record

OF_SUBSCRIPTION = Scope(ScopeKind.SUBSCRIPTION, SUBSCRIPTION)
OF_CUSTOMER = Scope(ScopeKind.CUSTOMER, CUSTOMER)


def rollup(scope: Scope = OF_SUBSCRIPTION, **changes: Any) -> RollUp:
    values: dict[str, Any] = {
        "id": guid(500),
        "conversation_id": CHANNEL,
        "scope": scope,
        "opened_at": NOW - minutes(12),
        "hot_at": NOW,
        "redraw_at": NOW,
        "rank": 4,
    }
    return RollUp(**(values | changes))


def census(**changes: Any) -> Census:
    values: dict[str, Any] = {
        "total": 4_812,
        "unresolved": 4_700,
        "unresolved_by_severity": (Count("high", 4_000), Count("medium", 600), Count("quantum", 100)),
        "verdicts": (Count("fraud", 100), Count("legitimate", 12)),
        "by_type": (
            Count("NetworkConnectionsToCryptoMiningPools", 3_000),
            Count("MultiRegionVirtualMachineScaleSetDeploymentAnomaly", 1_700),
            Count("usageAnomalyDetected", 100),
        ),
        "types": 7,
        "by_customer": (
            Count(CUSTOMER, 4_000, "Contoso Ltd"),
            Count(guid(8), 700, "Alpine Ski House"),
            Count(guid(9), 1),
        ),
        "customers": 312,
        "first_detected_at": NOW - timedelta(minutes=17),
        "last_joined_at": NOW - timedelta(seconds=20),
    }
    return Census(**(values | changes))


def worst(count: int = 10) -> list[AlertRecord]:
    severities = ("high", "high", "medium", "quantum", "low")
    return [
        record(
            alert(f"alert-{number}", severity=severities[number * 5 // count], detected_at=NOW - minutes(8 * number)),
            number=1042 + number,
        )
        for number in range(count)
    ]
