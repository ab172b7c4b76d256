"""From a filter's words to a query, within what someone may read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.domain import filter_grammar
from bot.domain.filters import AlertQuery, query
from bot.domain.people import Partner, Route


def words_query(
    words: str, readable: frozenset[str], partners: Mapping[str, Partner], now: datetime, default: str = "unresolved"
) -> AlertQuery:
    """Raises UserError where the words make no filter."""
    wanted = filter_grammar.parse(words, default=default)
    return query(wanted, readable, {tenant: partner.name for tenant, partner in partners.items()}, now)


def route_query(route: Route, partners: Mapping[str, Partner], now: datetime) -> AlertQuery:
    """What a route lets through: its partner's alerts that match its filter, whatever their status."""
    return words_query(route.filter, frozenset({route.partner}), partners, now, default="all")
