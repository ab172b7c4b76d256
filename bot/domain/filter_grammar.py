"""The one grammar of filters: `unresolved severity:high,medium customer:"Contoso Ltd" since:7d age:>1h`. Pure.

Words without a colon choose the status; everything else is `name:value`. What is not understood is refused with the
nearest thing that would be, never ignored. docs/operations.md has the table of it.
"""

from __future__ import annotations

import difflib
import re
from datetime import UTC, datetime, timedelta

from bot.domain.alerts import Severity, Status
from bot.domain.bad_filter import BadFilter, Trouble
from bot.domain.filters import Filter, Sort

STATUS_WORDS = ("unresolved", *Status, "all")
NAMES = (
    *("severity", "type", "customer", "reseller", "subscription", "alert", "partner", "since", "until", "age"),
    *("sla", "assigned", "snoozed", "test", "find", "sort"),
)

LONGEST = 500
"""Characters: a button of a list carries the filter's words with it."""

_TOKEN = re.compile(
    r"(?:(?P<name>[A-Za-z]+):)?"
    r"""(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]+|(?(name)|(?!))))"""  # a name may come without a value, to be told so
)
_SORT = re.compile(r'("[^"]*")|(?<!\S)sort:\S*\s*', re.IGNORECASE)
_FIND = re.compile(r'(?<!\S)find:(?:"[^"]*"|\S*)\s*|("[^"]*")', re.IGNORECASE)
_SPAN = re.compile(r"(\d{1,5})\s*(m|min|h|d|w)", re.IGNORECASE | re.ASCII)
_UNITS = {"m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_NUMBER = re.compile(r"a-\d{1,12}", re.IGNORECASE | re.ASCII)
_YES_NO = {"yes": True, "true": True, "only": True, "no": False, "false": False}


def parse(text: str, *, default: str = "unresolved") -> Filter:
    """A filter from its words; without a status word, `default` is meant. Raises BadFilter."""
    status = ""
    given: dict[str, list[str]] = {}
    position = 0
    text = text.strip()
    if len(text) > LONGEST:
        raise BadFilter(Trouble.TOO_LONG, length=len(text), most=LONGEST)
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        found = _TOKEN.match(text, position)
        if found is None:
            raise BadFilter(Trouble.UNREADABLE, rest=text[position : position + 20])
        position = found.end()
        value = found["quoted"] if found["quoted"] is not None else found["plain"]
        name = (found["name"] or "").lower()
        if not name:
            status = _status(value, status)
        elif name not in NAMES:
            raise BadFilter(Trouble.NO_SUCH_FILTER, near=_nearest(name, NAMES), name=name, names=", ".join(NAMES))
        else:
            given.setdefault(name, []).extend(
                part.strip() for part in ([value] if found["quoted"] is not None else value.split(","))
            )
    return _build(status or default, {name: [value for value in values if value] for name, values in given.items()})


def with_status(words: str, default: str) -> str:
    """The words, with `default` before them where they name no status. Raises BadFilter."""
    named = parse(words, default="all") == parse(words, default="unresolved")
    return words if named else f"{default} {words}".strip()


def without_sort(words: str) -> str:
    """The words without the one that only orders."""
    return _SORT.sub(lambda found: found[1] or "", words).strip()


def without_find(words: str) -> str:
    """The words without the text that is searched for."""
    return _FIND.sub(lambda found: found[1] or "", words).strip()


def _status(word: str, already: str) -> str:
    lowered = word.lower()
    if lowered not in STATUS_WORDS:
        near = _nearest(lowered, STATUS_WORDS + NAMES)
        raise BadFilter(Trouble.NO_SUCH_WORD, near=near, word=word, statuses=", ".join(STATUS_WORDS))
    if already and already != lowered:
        raise BadFilter(Trouble.CONTRADICTION, one=already, other=lowered)
    return lowered


def _build(status: str, given: dict[str, list[str]]) -> Filter:
    empty = [name for name, values in given.items() if not values]
    if empty:
        raise BadFilter(Trouble.NO_VALUE, name=empty[0], example=_EXAMPLES[empty[0]])
    older, younger = _ages(given.get("age", []))
    sla = _last_of("sla", given, ("breached", "met", "due"))
    return Filter(
        unresolved=status == "unresolved",
        statuses=frozenset() if status in ("all", "unresolved") else frozenset({status}),
        severities=frozenset(_one_of("severity", value, tuple(Severity)) for value in given.get("severity", [])),
        types=frozenset(value.lower().removeprefix("azure ") for value in given.get("type", [])),
        customers=tuple(given.get("customer", [])),
        resellers=tuple(given.get("reseller", [])),
        subscriptions=tuple(given.get("subscription", [])),
        partners=tuple(given.get("partner", [])),
        since=_moment("since", given.get("since")),
        until=_moment("until", given.get("until")),
        older_than=older,
        younger_than=younger,
        sla_breached={"breached": True, "met": False}.get(sla),
        sla_due=sla == "due",
        test=_yes_or_no("test", given),
        alerts=tuple(_start_of_id(value) for value in given.get("alert", [])),
        assigned=tuple(given.get("assigned", [])),
        snoozed=_yes_or_no("snoozed", given),
        find=" ".join(given.get("find", [])),
        sort=Sort(_last_of("sort", given, tuple(Sort)) or Sort.SEVERITY),
    )


_EXAMPLES = {
    "severity": "severity:high,medium",
    "type": "type:CryptoMining or type:notification",
    "customer": 'customer:"Contoso Ltd"',
    "reseller": 'reseller:"Adatum Partners"',
    "subscription": "subscription:3fa85f64",
    "partner": "partner:Northwind",
    "since": "since:7d or since:2026-11-01",
    "until": "until:1d or until:2026-11-08",
    "age": "age:>1h",
    "sla": "sla:breached or sla:due",
    "test": "test:yes",
    "alert": "alert:3fa85f64",
    "assigned": "assigned:me or assigned:nobody",
    "snoozed": "snoozed:yes",
    "find": 'find:"contoso"',
    "sort": "sort:newest",
}


def _last_of(name: str, given: dict[str, list[str]], allowed: tuple[str, ...]) -> str:
    """The last one counts; each must be allowed."""
    values = [_one_of(name, value, allowed) for value in given.get(name, [])]
    return values[-1] if values else ""


def _yes_or_no(name: str, given: dict[str, list[str]]) -> bool | None:
    said = _last_of(name, given, tuple(_YES_NO))
    return _YES_NO[said] if said else None


def _start_of_id(value: str) -> str:
    if _NUMBER.fullmatch(value):
        raise BadFilter(Trouble.NUMBER, number=value.upper())
    return value


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value.lower() not in allowed:
        near = _nearest(value.lower(), allowed)
        raise BadFilter(Trouble.NO_SUCH_VALUE, near=near, name=name, value=value, allowed=", ".join(allowed))
    return value.lower()


def _ages(values: list[str]) -> tuple[timedelta | None, timedelta | None]:
    older = younger = None
    for value in values:
        span = _span(value[1:]) if value[:1] in "<>" else None
        if span is None:
            raise BadFilter(Trouble.AGE, value=value, example=_EXAMPLES["age"])
        if value[0] == ">":
            older = span
        else:
            younger = span
    return older, younger


def _moment(name: str, values: list[str] | None) -> datetime | timedelta | None:
    if not values:
        return None
    value = values[-1]
    if (span := _span(value)) is not None:
        return span
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadFilter(Trouble.MOMENT, name=name, value=value, example=_EXAMPLES[name]) from None


def _span(text: str) -> timedelta | None:
    found = _SPAN.fullmatch(text.strip())
    return timedelta(seconds=int(found[1]) * _UNITS[found[2].lower()]) if found else None


def _nearest(word: str, allowed: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, [str(item) for item in allowed], n=1, cutoff=0.6)
    return near[0] if near else ""
