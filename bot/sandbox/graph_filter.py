"""The part of OData `$filter` that the sandbox's Graph understands for alerts. Pure: text in, predicate out.

https://learn.microsoft.com/graph/filter-query-parameter; which properties the real alerts API can filter on is not
documented, so the list here is short and everything else is refused.
"""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.sandbox.world.alerts import moment_of

Predicate = Callable[[Mapping[str, Any]], bool]

ENUMS: Mapping[str, tuple[str, ...]] = {
    "status": ("active", "resolved", "investigating", "unknownFutureValue"),
    "severity": ("informational", "low", "medium", "high", "unknownFutureValue"),
    "confidenceLevel": ("low", "medium", "high", "unknownFutureValue"),
    "resolvedReason": ("legitimate", "ignore", "fraud", "unknownFutureValue"),
}
FILTERABLE_TEXTS = frozenset({"customerTenantId", "subscriptionId", "alertType"})
FILTERABLE_ENUMS = frozenset({"status", "severity"})
FILTERABLE_TIMES = frozenset({"detectedDateTime"})
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
MAX_LENGTH = 2000
_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<mark>[(),])|(?P<word>[^\s(),']+))")


class BadFilter(ValueError):
    """The filter is not understood; the message says where."""


def parse(text: str) -> Predicate:
    """The test that `$filter=text` makes of an alert. Raises BadFilter."""
    if len(text) > MAX_LENGTH:
        raise BadFilter("The filter is too long.")
    parser = _Parser(_tokens(text))
    predicate = parser.alternatives()
    if parser.peek() is not None:
        raise BadFilter(f"Syntax error: unexpected '{parser.peek()}'.")
    return predicate


class _Parser:
    """Recursive descent: `or` below `and` below `not`, parentheses, comparison, `in`."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def take(self, wanted: str | None = None) -> str:
        token = self.peek()
        if token is None or (wanted is not None and token != wanted):
            raise BadFilter(f"Syntax error: expected {wanted or 'more'} at position {self._at}.")
        self._at += 1
        return token

    def alternatives(self) -> Predicate:
        parts = [self.conditions()]
        while self.peek() == "or":
            self.take()
            parts.append(self.conditions())
        return lambda alert: any(part(alert) for part in parts)

    def conditions(self) -> Predicate:
        parts = [self.condition()]
        while self.peek() == "and":
            self.take()
            parts.append(self.condition())
        return lambda alert: all(part(alert) for part in parts)

    def condition(self) -> Predicate:
        if self.peek() == "not":
            self.take()
            inner = self.condition()
            return lambda alert: not inner(alert)
        if self.peek() == "(":
            self.take()
            inner = self.alternatives()
            self.take(")")
            return inner
        return self.comparison()

    def comparison(self) -> Predicate:
        name, word = self.take(), self.take()
        if name not in FILTERABLE_TEXTS | FILTERABLE_ENUMS | FILTERABLE_TIMES:
            raise BadFilter(
                f"Could not find a filterable property named '{name}' on type "
                "'microsoft.graph.partner.security.partnerSecurityAlert'."
            )
        if word == "in":
            self.take("(")
            values = [_literal(name, self.take())]
            while self.peek() == ",":
                self.take()
                values.append(_literal(name, self.take()))
            self.take(")")
            return lambda alert: _value(name, alert) in values
        if word not in COMPARISONS or (name not in FILTERABLE_TIMES and word not in ("eq", "ne")):
            raise BadFilter(f"The operator '{word}' cannot be used with '{name}'.")
        compare, wanted = COMPARISONS[word], _literal(name, self.take())
        return lambda alert: compare(_value(name, alert), wanted)


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadFilter(f"There is an unterminated string literal at position {at}.")
        found.append(match.group("text") or match.group("mark") or match.group("word"))
        at = match.end()
    return found


def _literal(name: str, token: str) -> Any:
    if name in FILTERABLE_TIMES:
        return _moment(token)
    if not token.startswith("'"):
        raise BadFilter(f"'{name}' is compared with a quoted text, not with {token}.")
    value = token[1:-1].replace("''", "'")
    if name in FILTERABLE_ENUMS and value not in ENUMS[name]:
        raise BadFilter(f"'{value}' is not a value of '{name}'.")
    return value.lower() if name in ("customerTenantId", "subscriptionId") else value


def _moment(token: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", token))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadFilter(f"'{token}' is not a date and time with a zone.")
    return moment


def _value(name: str, alert: Mapping[str, Any]) -> Any:
    value = alert.get(name)
    if name in FILTERABLE_TIMES:
        return moment_of(str(value))
    if name in FILTERABLE_ENUMS and value not in ENUMS[name]:
        return "unknownFutureValue"
    return value
