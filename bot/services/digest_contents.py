"""What a digest tells: counted when it is sent, for what the conversation's routes let through. Reads only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.alerts import AlertRecord, severity_rank
from bot.domain.cancellations import Cancellation
from bot.domain.filters import AlertQuery
from bot.domain.refund import RefundClock, earliest_open
from bot.ports import Decided, Environment, Transaction
from bot.services.filtering import route_query
from bot.texts import en as texts

URGENT_MOST = 5
DECIDED_MOST = 30
REQUESTS_MOST = 10
REFUNDS_MOST = 10
_LOOKED_AT = 50
"""Of so many unresolved alerts of a route, the most severe, those whose time runs out first are chosen."""


@dataclass(frozen=True, slots=True)
class Severity:
    """How many unresolved alerts have it; the empty severity stands for all that are unknown."""

    severity: str
    alerts: int


@dataclass(frozen=True, slots=True)
class DigestContents:
    """`refunds` are the clocks that run out soon, of at most REFUNDS_MOST."""

    since: datetime
    now: datetime
    new: int
    resolved: int
    unresolved: int
    overdue: int
    severities: tuple[Severity, ...]
    urgent: tuple[AlertRecord, ...]
    decided: tuple[Decided, ...]
    requests: tuple[Cancellation, ...]
    refunds: tuple[RefundClock, ...]
    partners: frozenset[str]

    @property
    def quiet(self) -> bool:
        return not (self.new or self.resolved or self.unresolved or self.requests or self.refunds)


async def contents(env: Environment, conversation_id: str, since: datetime) -> DigestContents | None:
    """From `since` until now; None where nothing is routed to the conversation (any more)."""
    now = env.clock.now()
    new = resolved = unresolved = overdue = 0
    severities: Counter[str] = Counter()
    decided: Counter[tuple[str, str]] = Counter()
    urgent: list[AlertRecord] = []
    refunds: list[RefundClock] = []
    async with env.store.read() as tx:
        routes = [
            route
            for route in await tx.conversations.routes(conversation_id)
            if route.on and route.partner in env.partners
        ]
        for route in routes:
            wanted = _real(route_query(route, env.partners, now))
            still_open = replace(wanted, unresolved=True, now=now)
            answered = replace(wanted, unresolved=False, statuses=frozenset(), detected_from=None, detected_to=None)
            new += await tx.alerts.count(replace(wanted, detected_from=max(since, wanted.detected_from or since)))
            resolved += await tx.digests.resolved(answered, since)
            for each in await tx.digests.decided(answered, since, DECIDED_MOST):
                decided[each.by_name, each.verdict] += each.alerts
            unresolved += await _severities(tx, still_open, severities)
            if wanted.sla_breached is not False:
                overdue += await tx.alerts.count(replace(still_open, sla_breached=True))
            urgent += await tx.alerts.first(still_open, _LOOKED_AT)
            of_whom = AlertQuery(
                wanted.partners,
                customers=wanted.customers,
                resellers=wanted.resellers,
                subscriptions=wanted.subscriptions,
            )
            refunds += await tx.refunds.since(of_whom, earliest_open(now), REFUNDS_MOST)
        partners = frozenset(route.partner for route in routes)
        latest = await tx.cancellations.latest(partners, REQUESTS_MOST) if partners else ()
    if not routes:
        return None
    ordered = sorted(decided.items(), key=lambda each: (-each[1], *each[0]))
    return DigestContents(
        since=since,
        now=now,
        new=new,
        resolved=resolved,
        unresolved=unresolved,
        overdue=overdue,
        severities=tuple(Severity(name, severities[name]) for name in (*texts.SEVERITIES, "") if severities[name]),
        urgent=tuple(sorted(urgent, key=_urgency)[:URGENT_MOST]),
        decided=tuple(Decided(by_name, verdict, count) for (by_name, verdict), count in ordered[:DECIDED_MOST]),
        requests=tuple(c for c in latest if c.is_decidable),
        refunds=tuple(sorted((clock for clock in refunds if clock.warns(now)), key=_ends)[:REFUNDS_MOST]),
        partners=partners,
    )


async def _severities(tx: Transaction, still_open: AlertQuery, into: Counter[str]) -> int:
    """How many there are, and of which severity."""
    total = await tx.alerts.count(still_open)
    unknown = total
    for severity in texts.SEVERITIES:
        if total and (not still_open.severities or severity in still_open.severities):
            count = await tx.alerts.count(replace(still_open, severities=frozenset({severity})))
            into[severity] += count
            unknown -= count
    into[""] += max(0, unknown)
    return total


def _real(wanted: AlertQuery) -> AlertQuery:
    """Without tests, unless the route is about tests."""
    return replace(wanted, test=False) if wanted.test is None else wanted


def _urgency(record: AlertRecord) -> tuple[int, datetime, int]:
    return -severity_rank(record.alert.severity), record.alert.respond_by, record.number


def _ends(clock: RefundClock) -> tuple[datetime, str]:
    return clock.deadline, clock.subscription_id
