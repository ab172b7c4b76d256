"""How moments, numbers and lists are written: the one place, for one locale, which the operator sets.

A card in a channel is one for all its readers, whatever their languages, so the locale is not a reader's. Times are
absolute and name UTC in each: a card is not redrawn by the minute. What h and min stand for every language knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_datetime_format
from babel.lists import format_list
from babel.numbers import format_decimal

ENGLISH = "en"
"""Plain English is ours: days as in 01 Mar 2026, which line up in a column, and no comma before the last of a list."""


class Formats:
    """The rules of one locale, such as `de` or `pt-BR`. Raises ValueError, with a sentence, for what is none."""

    def __init__(self, name: str) -> None:
        plain = name.replace("_", "-")
        self.locale = self._lists = _parsed(plain)
        self._day, self._time = "medium", "short"
        if plain.lower() == ENGLISH:
            self._lists, self._day, self._time = _parsed("en-GB"), "dd MMM y", "HH:mm"
        self._both = str(get_datetime_format("medium", locale=self.locale)).replace("'", "")
        self._decimal = str(self.locale.decimal_formats[None].pattern).split(";")[0].split(".")[0]

    def day(self, day: date) -> str:
        return format_date(day, self._day, locale=self.locale)

    def time(self, moment: datetime) -> str:
        return f"{format_time(moment, self._time, locale=self.locale)} UTC"

    def moment(self, moment: datetime) -> str:
        return self._both.replace("{1}", self.day(moment)).replace("{0}", self.time(moment))

    def number(self, value: float, decimals: int | None) -> str:
        """`decimals`: exactly so many; None: as many as the number has, three at most."""
        pattern = f"{self._decimal}.{'0' * decimals}" if decimals else None if decimals is None else self._decimal
        return format_decimal(value, pattern, locale=self.locale)

    def listed(self, words: Sequence[str], style: Literal["standard", "or"]) -> str:
        return format_list(list(words), style=style, locale=self._lists)


def _parsed(name: str) -> Locale:
    try:
        return Locale.parse(name, sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        raise ValueError(f"{name!r} is no locale that is known here; use one such as en, de or pt-BR") from None


_current = Formats(ENGLISH)


def use(name: str) -> None:
    """Write everything so from now on, in this process."""
    global _current
    _current = Formats(name)


def day(of: date) -> str:
    """`21 Nov 2026`."""
    return _current.day(of)


def time(of: datetime) -> str:
    """`14:05 UTC`. `of` is in UTC."""
    return _current.time(of)


def moment(of: datetime) -> str:
    """`21 Nov 2026, 14:05 UTC`. `of` is in UTC."""
    return _current.moment(of)


def number(value: float, decimals: int | None = None) -> str:
    """`12,345`; with `decimals` exactly so many: `26.1`."""
    return _current.number(value, decimals)


def hours(value: float, decimals: int = 1) -> str:
    """`26.1 h`."""
    return f"{number(value, decimals)} h"


def minutes(value: float) -> str:
    """`45 min`."""
    return f"{number(round(value))} min"


def both(words: Sequence[str]) -> str:
    """`A, B and C`."""
    return _current.listed(words, "standard")


def either(words: Sequence[str]) -> str:
    """`A, B or C`."""
    return _current.listed(words, "or")


def sentences(*said: str) -> str:
    """Whole sentences, one after the other; an empty one is none."""
    return " ".join(sentence for sentence in said if sentence)
