"""What /metrics tells: counts of turns, deliveries and reads, and the age of what waits. Labels are few and fixed."""

from __future__ import annotations

from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

TURNS = Counter(
    "alertdesk_turns_total",
    "Turns answered, by kind, verb and how they ended.",
    ("kind", "verb", "end"),
    registry=REGISTRY,
)
TURN_SECONDS = Histogram(
    "alertdesk_http_seconds",
    "Seconds from a request to its answer, by route.",
    ("route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10),
    registry=REGISTRY,
)
POLLS = Counter(
    "alertdesk_polls_total", "Readings of a partner's alerts, by how they ended.", ("partner", "end"), registry=REGISTRY
)
ALERTS = Counter("alertdesk_alerts_total", "Alerts taken in, by news.", ("partner", "news"), registry=REGISTRY)
OUTBOX = Gauge("alertdesk_outbox_items", "Items in the outbox, by state.", ("state",), registry=REGISTRY)
OLDEST = Gauge("alertdesk_outbox_oldest_seconds", "Age of the oldest item that waits to be sent.", registry=REGISTRY)
UNCONFIRMED = Gauge(
    "alertdesk_alerts_unconfirmed",
    "Open alerts without a confirmed card in a conversation that wants one, as the auditor last saw it.",
    registry=REGISTRY,
)
ESCALATIONS = Counter(
    "alertdesk_escalations_total", "Steps taken for alerts that nobody answered, by step.", ("step",), registry=REGISTRY
)
WEBHOOKS = Counter(
    "alertdesk_webhooks_total",
    "Deliveries to the Partner Center webhook, by how they ended.",
    ("end",),
    registry=REGISTRY,
)
SYNC_AGE = Gauge(
    "alertdesk_sync_age_seconds",
    "Seconds since a partner's open alerts were last read.",
    ("partner",),
    registry=REGISTRY,
)


@lru_cache(maxsize=512)
def turns(kind: str, verb: str, end: str) -> Counter:
    """The counter of these labels: looking one up costs more than counting."""
    return TURNS.labels(kind, verb, end)


@lru_cache(maxsize=512)
def turn_seconds(route: str, status: int) -> Histogram:
    return TURN_SECONDS.labels(route, status)
