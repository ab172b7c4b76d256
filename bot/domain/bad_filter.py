"""What is wrong with the words of a filter, for others to put into a sentence: bot/texts/filters.py does."""

from __future__ import annotations

from enum import StrEnum

from bot.errors import UserError


class Trouble(StrEnum):
    """Behind each, the values that go with it; `near` is what was perhaps meant, and may be missing in each."""

    TOO_LONG = "too_long"  # length, most
    UNREADABLE = "unreadable"  # rest: from where on
    NO_SUCH_FILTER = "no_such_filter"  # name, names
    NO_SUCH_WORD = "no_such_word"  # word, statuses
    CONTRADICTION = "contradiction"  # one, other
    NO_VALUE = "no_value"  # name, example
    NUMBER = "number"  # number
    NO_SUCH_VALUE = "no_such_value"  # name, value, allowed
    AGE = "age"  # value, example
    MOMENT = "moment"  # name, value, example
    NO_ASKER = "no_asker"


class BadFilter(UserError):
    """The words make no filter. The message is for logs and programs; people read what bot/texts makes of it."""

    def __init__(self, why: Trouble, *, near: str = "", code: str = "", **values: str | int) -> None:
        details = ", ".join(f"{name}={value}" for name, value in values.items())
        super().__init__(f"bad filter: {why} ({details})", code=code)
        self.why = why
        self.near = near
        self.values = values
