"""An alert's additional details made readable: Partner Center puts lists, objects and dates as JSON into strings, and
strings into those. Pure; whoever wrote the values may be hostile, so that nothing is raised and everything is bounded.

https://learn.microsoft.com/graph/api/resources/partner-security-additionaldatadictionary
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MOST = 60
"""Details of one alert that are told apart; what comes after them is left out."""
DEEPEST = 6
_LONGEST = 20_000
"""Characters: a longer string is shown as it came."""
_NAME = 80
_ITEMS = 40
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)(\.\d{1,6})?\d*\s?(Z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE
)

Scalar = str | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that is said: `name` with the names of what it stands in before it, and one value or several."""

    name: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Unfolded:
    details: tuple[Detail, ...]
    complete: bool  # False: there was more than MOST


def unfold(details: Iterable[tuple[str, str]]) -> Unfolded:
    """`("Miner", '{"ips":"[\\"10.0.0.4\\"]"}')` becomes `Miner, ips: 10.0.0.4`, in the order in which it came."""
    found: list[Detail] = []
    for name, value in details:
        _into(found, name, value, DEEPEST)
        if len(found) > MOST:
            break
    return Unfolded(tuple(found[:MOST]), len(found) <= MOST)


def _into(found: list[Detail], name: str, value: Any, deeper: int) -> None:
    if len(found) > MOST:
        return
    value = _parsed(value)
    name = name[:_NAME]
    if isinstance(value, dict) and value and deeper:
        for key, inner in value.items():
            _into(found, f"{name}, {key}" if name else str(key), inner, deeper - 1)
            if len(found) > MOST:
                return
    elif isinstance(value, list) and value and deeper and any(isinstance(_parsed(item), dict | list) for item in value):
        for number, inner in enumerate(value, 1):
            _into(found, f"{name} {number}", inner, deeper - 1)
            if len(found) > MOST:
                return
    elif isinstance(value, list):
        cut = tuple(_scalar(item) for item in value[:_ITEMS])
        found.append(Detail(name, cut if len(value) <= _ITEMS else (*cut, f"+{len(value) - _ITEMS}")))
    else:
        found.append(Detail(name, (_scalar(value),)))


def _parsed(value: Any) -> Any:
    """What a string holds where it is JSON of more than a word; anything else as it is."""
    text = value.strip() if isinstance(value, str) and len(value) <= _LONGEST else ""
    if text[:1] not in ("{", "[", '"'):
        return value
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):  # a stranger's brackets may be nested without end
        return value
    return _parsed(inner) if isinstance(inner, str) and inner != value else inner


def _scalar(value: Any) -> Scalar:
    value = _parsed(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _moment(value) or value
    if isinstance(value, dict | list):
        return _written(value)
    return _written(value)


def _written(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):  # too deep, or a number of too many digits
        return "…"


def _moment(text: str) -> datetime | None:
    """A date as Partner Center writes it, with up to seven decimals and perhaps without a zone, which then is UTC."""
    found = _MOMENT.fullmatch(text.strip()) if len(text) <= 40 else None
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{found[1]}{found[2] or ''}{(found[3] or 'Z').upper()}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
