"""Filters as people write them: the grammar of the domain, whose refusals become sentences here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bot.domain import filter_grammar
from bot.domain.bad_filter import BadFilter
from bot.domain.filters import Filter
from bot.errors import UserError
from bot.texts import filters as texts


@contextmanager
def worded() -> Iterator[None]:
    """What is refused in here as no filter is refused with a sentence."""
    try:
        yield
    except BadFilter as bad:
        raise UserError(texts.wrong(bad), code=bad.code) from None


def parse(words: str, *, default: str = "unresolved") -> Filter:
    """As filter_grammar.parse. Raises UserError that says what to write."""
    with worded():
        return filter_grammar.parse(words, default=default)


def with_status(words: str, default: str) -> str:
    """As filter_grammar.with_status. Raises UserError that says what to write."""
    with worded():
        return filter_grammar.with_status(words, default)
