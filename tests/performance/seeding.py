"""Fills a store with alerts faster than the bot itself would: rows made by the store's own code, inserted in bulk."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, text, update

from bot.domain.alerts import ActivityLogEntry, AffectedResource, Alert, Decision, Severity
from bot.store import migrate
from bot.store.alert_rows import values_of
from bot.store.engine import migration_engine
from bot.store.tables import alerts, cards, counters, names, routes, syncs
from tests.performance.world import CHANNEL, PARTNER, card_id

CUSTOMERS = 200
_BATCH = 2000
_TYPES = ("CryptoMining", "ARM_AnomalousResourceConsumption", "VM_AnomalousDeployment", "ServiceHealthSecurityAdvisory")
_WORDS = ("Contoso", "Fabrikam", "Tailspin", "Wingtip", "Adatum", "Litware", "Proseware", "Trey")


def made_alerts(count: int, *, open_share: float, now: datetime, seed: int = 7) -> Iterator[Alert]:
    """Alerts like Partner Center's, always the same ones: half a year of decided ones, open ones of the last days."""
    rng = random.Random(seed)
    for number in range(count):
        is_open = rng.random() < open_share
        detected = now - (timedelta(hours=rng.uniform(0, 72)) if is_open else timedelta(hours=rng.uniform(72, 4400)))
        customer = rng.randrange(CUSTOMERS)
        subscription = str(uuid.UUID(int=customer * 3 + rng.randrange(3) + (1 << 100)))
        resolved_at = None if is_open else detected + timedelta(minutes=rng.uniform(5, 300))
        log = (
            ()
            if resolved_at is None
            else (ActivityLogEntry("active", "resolved", "alex@northwind.example", resolved_at),)
        )
        yield Alert(
            partner=PARTNER,
            id=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            name="Digital currency mining was found on a virtual machine",
            description="Connections from this virtual machine to addresses known for currency mining were seen. " * 3,
            alert_type=_TYPES[number % len(_TYPES)],
            status="active" if is_open else "resolved",
            severity=rng.choice(list(Severity)),
            confidence="high",
            detected_at=detected,
            first_observed_at=detected - timedelta(minutes=20),
            last_observed_at=detected,
            customer_tenant_id=customer_id(customer),
            subscription_id=subscription,
            catalog_offer_id="MS-AZR-0017G",
            resolved_reason="" if is_open else rng.choice(("legitimate", "fraud", "ignore")),
            resolved_by="" if is_open else "alex@northwind.example",
            resolved_at=resolved_at,
            affected_resources=tuple(
                AffectedResource(
                    f"/subscriptions/{subscription}/resourceGroups/rg-prod/providers/vm-{rng.randrange(9999)}",
                    "AzureResource",
                )
                for _ in range(2)
            ),
            additional_details=(
                ("VM_IP", '["10.0.0.4"]'),
                ("miningPool_IP", '["203.0.113.7"]'),
                ("connectionCount", "42"),
            ),
            activity_log=log,
        )


def customer_name(tenant_id: str) -> str:
    number = uuid.UUID(tenant_id).int - (1 << 90)
    return f"{_WORDS[number % len(_WORDS)]} {number:03d} Ltd"


def customer_id(number: int) -> str:
    return str(uuid.UUID(int=number + (1 << 90)))


def seed(url: str, count: int, *, open_share: float = 0.1) -> None:
    """A database at `url` with that many alerts of one partner, their customers' names, and a posted card for each.

    Unless it is empty, the partner counts as read and as routed to the channel.
    """
    migrate(url)
    now = datetime.now(UTC)
    engine = migration_engine(url)
    with engine.begin() as connection:
        for start, batch in _batches(made_alerts(count, open_share=open_share, now=now)):
            connection.execute(
                insert(alerts), [_row(start + index, alert, now) for index, alert in enumerate(batch, 1)]
            )
            connection.execute(
                insert(cards), [_card(start + index, alert, now) for index, alert in enumerate(batch, 1)]
            )
        connection.execute(update(counters).where(counters.c.name == "alert").values(value=count))
        known = [_name(number, now) for number in range(CUSTOMERS)]
        connection.execute(insert(names), known)
        if count:
            read = {"partner": PARTNER, "baseline": True, "last_open_at": now, "last_full_at": now, "error": ""}
            connection.execute(insert(syncs), read)
            route = {"conversation_id": CHANNEL, "partner": PARTNER, "is_on": True, "summarised": True}
            connection.execute(insert(routes), route | {"filter_text": "", "by_id": "", "by_name": "PARTNERS"})
        connection.execute(text("ANALYZE"))
    engine.dispose()


def _batches(of: Iterator[Alert]) -> Iterator[tuple[int, list[Alert]]]:
    start, batch = 0, []
    for alert in of:
        batch.append(alert)
        if len(batch) == _BATCH:
            yield start, batch
            start, batch = start + _BATCH, []
    if batch:
        yield start, batch


def _row(number: int, alert: Alert, now: datetime) -> dict[str, Any]:
    decision = None
    if alert.resolved_at is not None:
        decision = Decision(alert.resolved_reason, "Alex Admin", "", alert.resolved_at, "", "partner_center")
    key = {"number": number, "partner": alert.partner, "id": alert.id, "version": 1}
    sort = {"customer_sort": customer_name(alert.customer_tenant_id).lower()}
    return values_of(alert, decision) | key | sort | {"first_seen_at": now, "changed_at": now}


def _card(number: int, alert: Alert, now: datetime) -> dict[str, Any]:
    return {
        "id": card_id(number),
        "partner": alert.partner,
        "alert_id": alert.id,
        "conversation_id": CHANNEL,
        "activity_id": f"17952879{number:05d}",
        "replaces": "",
        "repeat": False,
        "created_at": now,
        "replaced_by": "",
    }


def _name(number: int, now: datetime) -> dict[str, Any]:
    name = customer_name(customer_id(number))
    return {
        "partner": PARTNER,
        "tenant_id": customer_id(number),
        "name": name,
        "name_lower": name.lower(),
        "learned_at": now,
    }
