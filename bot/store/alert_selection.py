"""`filters.AlertQuery` as SQL. Says the same as `filters.matches`, which a contract test holds it to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, func, literal, or_, select, text, true, tuple_, union_all

from bot.domain.alerts import RESPONSE_TARGET, Severity, severity_rank
from bot.domain.filters import DUE, AlertQuery
from bot.store.column_types import Words, clean
from bot.store.tables import IS_OPEN, alerts, names


def starts_with(column: ColumnElement[str], start: str) -> ColumnElement[bool]:
    """A prefix as a range, which an index serves on both databases; every character stands for itself."""
    start = clean(start)
    if not start:
        return true()
    after = _successor(start)
    return and_(column >= start, column < after) if after else column >= start


def _successor(start: str) -> str:
    """The first text in code point order that is greater than every text with this start; empty if there is none."""
    while start:
        last = ord(start[-1]) + 1
        if last == 0xD800:
            last = 0xE000  # the surrogates in between are no characters
        if last <= 0x10FFFF:
            return start[:-1] + chr(last)
        start = start[:-1]
    return ""


def conditions(query: AlertQuery) -> list[ColumnElement[bool]]:
    """Everything that the query asks except the partners, which callers put as they need."""
    wanted = filters(query)
    if query.find:
        named = _of_tenants(alerts.c.customer_lower, (query.find,), query.partners, whole_ids=False)
        wanted.append(_any([*found_by_id(query), named]))
    return wanted


def filters(query: AlertQuery) -> list[ColumnElement[bool]]:
    """The same without what is looked for."""
    wanted: list[ColumnElement[bool]] = []
    if query.unresolved:
        wanted.append(IS_OPEN)
    if query.statuses:
        wanted.append(_one_of(alerts.c.status_lower, query.statuses))
    if query.severities:
        wanted.append(_of_severities(query.severities))
    if query.types:
        wanted.append(_of_types(query.types))
    if query.customers:
        wanted.append(_of_tenants(alerts.c.customer_lower, query.customers, query.partners))
    if query.resellers:
        wanted.append(_of_tenants(alerts.c.reseller_lower, query.resellers, query.partners))
    if query.subscriptions:
        wanted.append(_any(starts_with(alerts.c.subscription_lower, word.lower()) for word in query.subscriptions))
    if query.detected_from is not None:
        wanted.append(alerts.c.detected_at >= query.detected_from)
    if query.detected_to is not None:
        wanted.append(alerts.c.detected_at < query.detected_to)
    if query.sla_breached is not None:
        late = _breached(query)
        wanted.append(late if query.sla_breached else ~late)
    if query.test is not None:
        wanted.append(alerts.c.is_test if query.test else ~alerts.c.is_test)
    if query.sla_due:
        soon = alerts.c.detected_at.between(_now(query) - RESPONSE_TARGET, _now(query) - RESPONSE_TARGET + DUE)
        wanted += [IS_OPEN, soon]
    if query.alerts:
        wanted.append(_any(starts_with(alerts.c.id_lower, word.lower()) for word in query.alerts))
    if query.assigned:
        wanted.append(_any(map(_assigned, query.assigned)))
    if query.snoozed is not None:
        sleeps = alerts.c.snoozed_until > _now(query)
        wanted.append(sleeps if query.snoozed else ~func.coalesce(sleeps, false()))
    return wanted


def found_by_id(query: AlertQuery) -> list[ColumnElement[bool]]:
    """Each way in which an id can be what is looked for."""
    word = query.find.lower()
    found = [starts_with(alerts.c.id_lower, word), starts_with(alerts.c.subscription_lower, word)]
    if query.anywhere:
        parts = (column.contains(word, autoescape=True) for column in (alerts.c.id_lower, alerts.c.subscription_lower))
        found.append(and_(IS_OPEN, or_(*parts)))
    return found


def _assigned(word: str) -> ColumnElement[bool]:
    if not word:
        return alerts.c.assigned_id == ""
    named = alerts.c.assigned_lower.contains(word.lower(), autoescape=True)
    # Written as the partial index has it.
    return and_(text("alerts.assigned_id <> ''"), or_(alerts.c.assigned_id == word, named))


def _any(choices: Iterable[ColumnElement[bool]]) -> ColumnElement[bool]:
    return or_(false(), *choices)


def _one_of(column: ColumnElement[str], values: frozenset[str]) -> ColumnElement[bool]:
    """Of one value the order of an index that begins with it can be used."""
    return column == next(iter(values)) if len(values) == 1 else column.in_(sorted(values))


def _of_severities(severities: frozenset[str]) -> ColumnElement[bool]:
    """By rank, which is in the list's index; only the rank that medium shares with unknown ones needs the word."""
    ranks = {severity_rank(severity) for severity in severities}
    of_rank = alerts.c.severity_rank.in_(sorted(ranks))
    if severity_rank(Severity.MEDIUM) not in ranks:
        return of_rank
    return and_(of_rank, alerts.c.severity_lower.in_(sorted(severities)))


def _of_types(types: frozenset[str]) -> ColumnElement[bool]:
    advisory = starts_with(alerts.c.alert_type_lower, "servicehealth")
    choices: list[ColumnElement[bool]] = [alerts.c.alert_type_lower.in_(sorted(types))]
    if "notification" in types:
        choices.append(advisory)
    if "usage" in types:
        choices.append(~advisory)
    return _any(choices)


def _of_tenants(
    column: ColumnElement[str], words: tuple[str, ...], partners: frozenset[str], *, whole_ids: bool = True
) -> ColumnElement[bool]:
    """Looks for the words among the names, which are few, and then at those customers' or resellers' alerts.
    `whole_ids`: a word may be a tenant's id as well."""
    lowered = sorted({word.lower() for word in words})
    if "" in lowered:  # part of every name, also of the empty one of a customer without a name
        return true()
    named = select(names.c.partner, names.c.tenant_id).where(
        names.c.partner.in_(sorted(partners)),
        _any(names.c.name_lower.contains(word, autoescape=True) for word in lowered),
    )
    if not whole_ids:
        return tuple_(alerts.c.partner, column).in_(named)
    meant = [select(literal(partner, Words), literal(word, Words)) for partner in sorted(partners) for word in lowered]
    # One set of customers, not "these or those": for an OR no index would be used.
    return tuple_(alerts.c.partner, column).in_(union_all(named, *meant))


def _breached(query: AlertQuery) -> ColumnElement[bool]:
    still_late = alerts.c.detected_at < _now(query) - RESPONSE_TARGET
    return func.coalesce(alerts.c.answered_late, still_late)


def _now(query: AlertQuery) -> datetime:
    if query.now is None:
        raise ValueError("a query about deadlines or snoozes needs `now`")
    return query.now
