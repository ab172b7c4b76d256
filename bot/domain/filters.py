"""What `show`, `export`, `search`, `subscribe` and the CLI select. Values; their text is read by filter_grammar.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from bot.domain.alerts import RESPONSE_TARGET, Alert, Status, Work
from bot.domain.bad_filter import BadFilter, Trouble

DUE = timedelta(minutes=30)
"""An open alert is due where it should be answered within that time."""
COUNTED_MOST = 1000
"""A list says how many there are up to here; to count on would take the longer, the more there are."""
ME, NOBODY = "me", "nobody"
"""What `assigned:` takes beside names."""


class Sort(StrEnum):
    """How a list is ordered. What is equal then is newest first; `oldest` and `deadline`, oldest first."""

    SEVERITY = "severity"
    NEWEST = "newest"
    OLDEST = "oldest"
    DEADLINE = "deadline"  # open ones first, by when they should be answered
    CUSTOMER = "customer"  # by name; customers without one come last


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
    sla_due: bool = False
    test: bool | None = None
    alerts: tuple[str, ...] = ()  # an alert id or the start of one
    assigned: tuple[str, ...] = ()  # "me", "nobody", part of a name, or an object id
    snoozed: bool | None = None
    find: str = ""  # what `search` looks for
    sort: Sort = Sort.SEVERITY


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """A filter made absolute: which partners the asker may read, bounds in time instead of spans, and who `me` is.

    Words in `customers` and `resellers` match a tenant id exactly or a part of its name, those in `assigned` an object
    id or a part of the name of whoever an alert is assigned to; in `assigned`, empty text stands for nobody. `find` is
    the start of an alert or subscription id or a part of a customer's name; with `anywhere` also any part of the ids of
    open alerts.
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
    now: datetime | None = None  # needed where sla_breached, sla_due or snoozed is given
    sla_due: bool = False
    alerts: tuple[str, ...] = ()
    assigned: tuple[str, ...] = ()
    snoozed: bool | None = None
    find: str = ""
    anywhere: bool = False
    sort: Sort = Sort.SEVERITY


class Cursor(NamedTuple):
    """Where a page ended: what its last row is sorted by. Of a customer's name the row itself (`number`) tells."""

    severity_rank: int
    detected_at: datetime
    number: int
    is_open: bool = True


def query(
    wanted: Filter, readable: frozenset[str], names: dict[str, str], now: datetime, asker: str = ""
) -> AlertQuery:
    """Resolve spans against `now`, partner words against `names` (tenant id -> name) within what is `readable`, and
    `me` to the object id of the `asker`. Raises BadFilter for `me` where nobody asks."""
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
        sla_due=wanted.sla_due,
        alerts=wanted.alerts,
        assigned=tuple(_assignee(word, asker) for word in wanted.assigned),
        snoozed=wanted.snoozed,
        find=wanted.find,
        sort=wanted.sort,
    )


def _assignee(word: str, asker: str) -> str:
    if word.lower() != ME:
        return "" if word.lower() == NOBODY else word
    if not asker:
        raise BadFilter(Trouble.NO_ASKER, code="no_asker")
    return asker


def _absolute(bound: datetime | timedelta | None, now: datetime) -> datetime | None:
    return now - bound if isinstance(bound, timedelta) else bound


def breached(alert: Alert, now: datetime) -> bool:
    """Whether the alert was answered, or is still open, later than one hour after it was detected."""
    answered = alert.resolved_at if alert.status.lower() == Status.RESOLVED and alert.resolved_at else now
    return answered - alert.detected_at > RESPONSE_TARGET


def due(alert: Alert, now: datetime) -> bool:
    """Whether it is open and should be answered between now and in half an hour."""
    return alert.is_open and now <= alert.respond_by <= now + DUE


def matches(
    wanted: AlertQuery,
    alert: Alert,
    customer_name: str,
    reseller_name: str = "",
    work: Work = Work(),  # noqa: B008 a frozen value
) -> bool:
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
        and (not wanted.sla_due or (wanted.now is not None and due(alert, wanted.now)))
        and (not wanted.alerts or any(alert.id.lower().startswith(word.lower()) for word in wanted.alerts))
        and (not wanted.assigned or any(_assigned(word, work) for word in wanted.assigned))
        and (wanted.snoozed is None or (wanted.now is not None and work.sleeps(wanted.now) == wanted.snoozed))
        and (not wanted.find or _found(wanted, alert, customer_name))
    )


def _assigned(word: str, work: Work) -> bool:
    if not word:
        return not work.assigned_id
    return bool(work.assigned_id) and (word == work.assigned_id or word.lower() in work.assigned_name.lower())


def _found(wanted: AlertQuery, alert: Alert, customer_name: str) -> bool:
    word, ids = wanted.find.lower(), (alert.id.lower(), alert.subscription_id.lower())
    return (
        word in customer_name.lower()
        or any(each.startswith(word) for each in ids)
        or (wanted.anywhere and alert.is_open and any(word in each for each in ids))
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
