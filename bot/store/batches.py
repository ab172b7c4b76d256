"""Cuts long lists of keys into statements of bounded size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from bot.domain.alerts import AlertKey

T = TypeVar("T")

BATCH = 500


def batches(things: Iterable[T], size: int = BATCH) -> Iterator[Sequence[T]]:
    rest = iter(things)
    while batch := list(islice(rest, size)):
        yield batch


def by_partner(keys: Iterable[AlertKey]) -> Iterator[tuple[str, Sequence[str]]]:
    """(partner, alert ids) in batches, sorted, so that concurrent transactions lock rows in one order."""
    found: dict[str, set[str]] = defaultdict(set)
    for partner, alert_id in keys:
        found[partner].add(alert_id)
    for partner in sorted(found):
        for ids in batches(sorted(found[partner])):
            yield partner, ids
