"""From a filter's words to a query, within what someone may read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.domain.filter_grammar import without_sort
from bot.domain.filters import ME, AlertQuery, Sort, query
from bot.domain.people import Partner, Route
from bot.errors import UserError
from bot.ports import Transaction
from bot.services import filter_words
from bot.texts import lists as texts


def words_query(
    words: str,
    readable: frozenset[str],
    partners: Mapping[str, Partner],
    now: datetime,
    default: str = "unresolved",
    *,
    asker: str = "",
) -> AlertQuery:
    """`asker` is the object id of the person who is `me`. Raises UserError where the words make no filter, or say `me`
    while nobody asks."""
    wanted = filter_words.parse(words, default=default)
    names = {tenant: partner.name for tenant, partner in partners.items()}
    with filter_words.worded():
        return query(wanted, readable, names, now, asker)


def check_route_words(words: str) -> None:
    """Raises UserError where the words make no filter that can stand for good, whoever looks on."""
    wanted = filter_words.parse(words, default="all")
    if any(word.lower() == ME for word in wanted.assigned):
        raise UserError(texts.ROUTE_WITHOUT_ME, code="no_asker")
    if wanted.sort is not Sort.SEVERITY:
        raise UserError(texts.ROUTE_WITHOUT_SORT, code="no_order")


def check_export_words(words: str) -> None:
    """Raises UserError where somebody wants a file to be in an order."""
    if without_sort(words) != words.strip():
        raise UserError(texts.EXPORT_WITHOUT_SORT, code="no_order")


async def widened(tx: Transaction, wanted: AlertQuery) -> AlertQuery:
    """What is looked for and is the beginning of nothing, is looked for anywhere in the ids of open alerts."""
    if not wanted.find or await tx.alerts.first(wanted, 1):
        return wanted
    return replace(wanted, anywhere=True)


def route_query(route: Route, partners: Mapping[str, Partner], now: datetime) -> AlertQuery:
    """What a route lets through: its partner's alerts that match its filter, whatever their status."""
    return words_query(route.filter, frozenset({route.partner}), partners, now, default="all")
