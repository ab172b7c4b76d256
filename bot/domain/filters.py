"""What `show`, `export`, `search`, `subscribe` and the CLI select. Values; their text is read by filter_grammar.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.domain.alerts import RESPONSE_TARGET, Alert, Status


@dataclass(frozen=True, slots=True)
class Filter:
    """A selection as a person wrote it. Empty sets and None select everything. Text compares without regard to case."""

    unresolved: bool = False  # everything that is not resolved, unknown statuses included
    statuses: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()  # alert types, or "notification" / "usage"
    customers: tuple[str, ...] = ()  # part of a name, or a tenant GUID
    resellers: tuple[str, ...] = ()  # the same of the indirect reseller
    subscriptions: tuple[str, ...] = ()  # a GUID or the start of one
    partners: tuple[str, ...] = ()  # part of a partner's name, or a tenant GUID
    since: datetime | timedelta | None = None  # detected at or after; a span counts back from now
    until: datetime | timedelta | None = None
    older_than: timedelta | None = None
    younger_than: timedelta | None = None
    sla_breached: bool | None = None
    test: bool | None = None


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """A filter made absolute: which partners the asker may read, and bounds in time instead of spans.

    Words in `customers` and `resellers` match a tenant id exactly or a part of its name.
    """

    partners: frozenset[str]
    unresolved: bool = False
    statuses: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    customers: tuple[str, ...] = ()
    resellers: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    detected_from: datetime | None = None  # inclusive
    detected_to: datetime | None = None  # exclusive
    sla_breached: bool | None = None  # answered (or still open at `now`) later than one hour after detection
    test: bool | None = None
    now: datetime | None = None  # needed where sla_breached is given


class Cursor(NamedTuple):
    """Where a page ended: the sort key of its last row. Lists sort by severity, then newest first, then number."""

    severity_rank: int
    detected_at: datetime
    number: int


def query(wanted: Filter, readable: frozenset[str], names: dict[str, str], now: datetime) -> AlertQuery:
    """Resolve spans against `now` and partner words against `names` (tenant id -> name), within what is `readable`."""
    partners = readable
    if wanted.partners:
        partners = frozenset(
            tenant
            for tenant in readable
            if any(word == tenant or word in names.get(tenant, "").lower() for word in map(str.lower, wanted.partners))
        )
    lower = [_absolute(wanted.since, now), now - wanted.younger_than if wanted.younger_than is not None else None]
    upper = [_absolute(wanted.until, now), now - wanted.older_than if wanted.older_than is not None else None]
    return AlertQuery(
        partners=partners,
        unresolved=wanted.unresolved,
        statuses=wanted.statuses,
        severities=wanted.severities,
        types=wanted.types,
        customers=wanted.customers,
        resellers=wanted.resellers,
        subscriptions=wanted.subscriptions,
        detected_from=max((bound for bound in lower if bound), default=None),
        detected_to=min((bound for bound in upper if bound), default=None),
        sla_breached=wanted.sla_breached,
        test=wanted.test,
        now=now,
    )


def _absolute(bound: datetime | timedelta | None, now: datetime) -> datetime | None:
    return now - bound if isinstance(bound, timedelta) else bound


def breached(alert: Alert, now: datetime) -> bool:
    """Whether the alert was answered, or is still open, later than one hour after it was detected."""
    answered = alert.resolved_at if alert.status.lower() == Status.RESOLVED and alert.resolved_at else now
    return answered - alert.detected_at > RESPONSE_TARGET


def matches(wanted: AlertQuery, alert: Alert, customer_name: str, reseller_name: str = "") -> bool:
    """The same selection in memory, for one alert: what a route's filter lets through."""
    lowered = alert.status.lower()
    return (
        alert.partner in wanted.partners
        and (not wanted.unresolved or alert.is_open)
        and (not wanted.statuses or lowered in wanted.statuses)
        and (not wanted.severities or alert.severity.lower() in wanted.severities)
        and (not wanted.types or type_matches(alert.alert_type, wanted.types))
        and _named(wanted.customers, alert.customer_tenant_id, customer_name)
        and _named(wanted.resellers, alert.reseller_tenant_id, reseller_name)
        and (
            not wanted.subscriptions
            or any(alert.subscription_id.lower().startswith(word.lower()) for word in wanted.subscriptions)
        )
        and (wanted.detected_from is None or alert.detected_at >= wanted.detected_from)
        and (wanted.detected_to is None or alert.detected_at < wanted.detected_to)
        and (
            wanted.sla_breached is None
            or (wanted.now is not None and breached(alert, wanted.now) == wanted.sla_breached)
        )
        and (wanted.test is None or alert.is_test == wanted.test)
    )


def _named(words: tuple[str, ...], tenant_id: str, name: str) -> bool:
    """Whether one of the words is the tenant's id or a part of its name; no words mean any."""
    lowered = [word.lower() for word in words]
    return not lowered or any(word == tenant_id.lower() or word in name.lower() for word in lowered)


def type_matches(alert_type: str, wanted: frozenset[str]) -> bool:
    """`wanted` holds lower-case alert types, and `notification` or `usage` for the dashboard's coarse kinds."""
    lowered = alert_type.lower()
    kind = "notification" if lowered.startswith("servicehealth") else "usage"
    return lowered in wanted or kind in wanted
