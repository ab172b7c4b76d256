"""The grammar of filters: what it reads, and what it says to what it cannot read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.bad_filter import BadFilter
from bot.domain.filter_grammar import LONGEST, NAMES, STATUS_WORDS, parse, with_status, without_find, without_sort
from bot.domain.filters import Filter, Sort, query
from bot.texts.filters import wrong
from tests.factories import NORTHWIND, NOW

UNRESOLVED = Filter(unresolved=True)

GOOD = [
    ("", UNRESOLVED),
    ("   ", UNRESOLVED),
    ("unresolved", UNRESOLVED),
    ("UNRESOLVED", UNRESOLVED),
    ("all", Filter()),
    ("active", Filter(statuses=frozenset({"active"}))),
    ("investigating", Filter(statuses=frozenset({"investigating"}))),
    ("resolved", Filter(statuses=frozenset({"resolved"}))),
    ("all all", Filter()),
    ("all severity:high,medium", Filter(severities=frozenset({"high", "medium"}))),
    ("all severity:HIGH severity:low", Filter(severities=frozenset({"high", "low"}))),
    ("severity:informational all", Filter(severities=frozenset({"informational"}))),
    ("all type:CryptoMining", Filter(types=frozenset({"cryptomining"}))),
    ("all type:notification,usage", Filter(types=frozenset({"notification", "usage"}))),
    ('all type:"Azure Notification"', Filter(types=frozenset({"notification"}))),
    ('all customer:"Contoso Ltd, Inc"', Filter(customers=("Contoso Ltd, Inc",))),
    ('all customer:"Contoso Ltd" customer:Fabrikam', Filter(customers=("Contoso Ltd", "Fabrikam"))),
    ("all CUSTOMER:contoso", Filter(customers=("contoso",))),
    ("all subscription:3fa85f64", Filter(subscriptions=("3fa85f64",))),
    ("all partner:north", Filter(partners=("north",))),
    ("all since:7d", Filter(since=timedelta(days=7))),
    ("all since:2w", Filter(since=timedelta(weeks=2))),
    ("all since:90min", Filter(since=timedelta(minutes=90))),
    ("all since:90m", Filter(since=timedelta(minutes=90))),
    ("all since:2026-02-01", Filter(since=datetime(2026, 2, 1, tzinfo=UTC))),
    ("all since:2026-02-01T10:00+02:00", Filter(since=datetime(2026, 2, 1, 8, tzinfo=UTC))),
    ("all until:1d", Filter(until=timedelta(days=1))),
    ("all since:1d since:2d", Filter(since=timedelta(days=2))),
    ("all age:>1h", Filter(older_than=timedelta(hours=1))),
    ("all age:<30m", Filter(younger_than=timedelta(minutes=30))),
    ("all age:>1h age:<2d", Filter(older_than=timedelta(hours=1), younger_than=timedelta(days=2))),
    ("all sla:breached", Filter(sla_breached=True)),
    ("all sla:met", Filter(sla_breached=False)),
    ("all test:yes", Filter(test=True)),
    ("all test:only", Filter(test=True)),
    ("all test:no", Filter(test=False)),
    ("all sla:due", Filter(sla_due=True)),
    ("all sla:met sla:due", Filter(sla_due=True)),
    ("all sla:due sla:met", Filter(sla_breached=False)),
    ("all alert:0f1e2d,ABC", Filter(alerts=("0f1e2d", "ABC"))),
    ("all assigned:me", Filter(assigned=("me",))),
    ('all assigned:nobody assigned:"Ada Lindqvist"', Filter(assigned=("nobody", "Ada Lindqvist"))),
    ("all snoozed:yes", Filter(snoozed=True)),
    ("all snoozed:no", Filter(snoozed=False)),
    ('all find:"contoso ltd"', Filter(find="contoso ltd")),
    ("all sort:Newest", Filter(sort=Sort.NEWEST)),
    ("all sort:customer sort:deadline", Filter(sort=Sort.DEADLINE)),
    ("  all\tseverity:high ", Filter(severities=frozenset({"high"}))),
]

# What is written, and what the answer must say to be of use.
BAD = [
    ("activ", ["'activ'", "Did you mean 'active'?", "unresolved", "severity:high"]),
    ("contoso", ["'contoso'", 'customer:"contoso"']),
    ("all resolved", ["'all'", "'resolved'", "contradict"]),
    ("sevrity:high", ["'sevrity'", "Did you mean 'severity'?", "customer"]),
    ("severity:hihg", ["severity:hihg", "Did you mean 'high'?", "informational"]),
    ("severity:critical", ["severity:critical", "high, medium, low, informational"]),
    ("severity:", ["severity:", "no value", "severity:high,medium"]),
    ("all since: 7d", ["'7d'"]),
    ("all since:", ["since:", "no value", "since:7d"]),
    ("all sevrity:", ["'sevrity'", "Did you mean 'severity'?"]),
    ('severity:""', ["severity:", "no value", "severity:high,medium"]),
    ("severity:,", ["severity:", "no value"]),
    ("customer:,,", ["customer:", "no value", "Contoso"]),
    ("age:1h", ["age:1h", "age:>1h", "age:<30m"]),
    ("age:>", ["age:>", "age:>1h"]),
    ("age:>soon", ["age:>soon"]),
    ("since:yesterday", ["since:yesterday", "since:7d", "2026"]),
    ("until:x", ["until:x", "until:"]),
    ("since:5mın", ["since:5mın", "since:7d"]),
    ("since:0001-01-01T00:00+14:00", ["neither a span nor a date"]),
    ("since:2026-02-30", ["since:2026-02-30"]),
    ("sla:late", ["sla:late", "breached, met, due"]),
    ("sla:du", ["Did you mean 'due'?"]),
    ("sort:severty", ["sort:severty", "Did you mean 'severity'?"]),
    ("sort:", ["sort:", "no value", "sort:newest"]),
    ("snoozed:perhaps", ["snoozed:perhaps", "yes"]),
    ("alert:A-1042", ["show A-1042"]),
    ("asigned:me", ["Did you mean 'assigned'?"]),
    ("test:maybe", ["test:maybe", "yes"]),
    ('customer:"Contoso', ["quotation mark"]),
    ('all "', ["quotation mark"]),
    ("all " + "x" * LONGEST, ["504 characters", "500"]),
]


@pytest.mark.parametrize(("text", "meant"), GOOD)
def test_what_is_written_is_what_is_meant(text: str, meant: Filter) -> None:
    assert parse(text) == meant


@pytest.mark.parametrize(("text", "essentials"), BAD, ids=[text[:30] for text, _ in BAD])
def test_what_cannot_be_read_is_refused_with_what_to_write(text: str, essentials: list[str]) -> None:
    with pytest.raises(BadFilter) as refusal:
        parse(text)
    assert [part for part in essentials if part not in wrong(refusal.value)] == []


def test_without_a_status_word_the_caller_says_what_is_meant() -> None:
    assert parse("severity:high", default="all") == Filter(severities=frozenset({"high"}))
    assert parse("unresolved", default="all") == UNRESOLVED


def test_every_filter_can_be_given() -> None:
    words = {
        "severity": "high",
        "type": "usage",
        "customer": "contoso",
        "reseller": "adatum",
        "subscription": "3fa85f64",
        "partner": "north",
        "since": "7d",
        "until": "1d",
        "age": ">1h",
        "sla": "breached",
        "test": "yes",
        "alert": "0f1e2d",
        "assigned": "me",
        "snoozed": "no",
        "find": "contoso",
        "sort": "newest",
    }
    assert set(words) == set(NAMES)
    for name, value in words.items():
        assert parse(f"all {name}:{value}") != Filter()


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("", ""),
        ("sort:newest", ""),
        ("all sort:newest severity:high", "all severity:high"),
        ("unresolved SORT:oldest", "unresolved"),
        ('customer:"sort:newest"  age:>1h', 'customer:"sort:newest"  age:>1h'),
        ("sort:a sort:b", ""),
    ],
)
def test_the_word_that_orders_can_be_left_out(words: str, left: str) -> None:
    assert without_sort(words) == left


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("", ""),
        ("find:contoso", ""),
        ('find:"contoso ltd" unresolved severity:high', "unresolved severity:high"),
        ("all FIND:a find:b age:>1h", "all age:>1h"),
        ('customer:"we find:x" find:y', 'customer:"we find:x"'),
    ],
)
def test_the_text_that_is_searched_for_can_be_left_out(words: str, left: str) -> None:
    assert without_find(words) == left


@pytest.mark.parametrize(
    ("words", "complete"),
    [
        ("", "all"),
        ("severity:high", "all severity:high"),
        ("severity:high unresolved", "severity:high unresolved"),
        ("all", "all"),
        ("resolved", "resolved"),
    ],
)
def test_a_status_is_put_before_words_that_name_none(words: str, complete: str) -> None:
    assert with_status(words, "all") == complete


def _parsed(text: str) -> Filter | None:
    try:
        return parse(text)
    except BadFilter:
        return None


@given(st.text(max_size=120))
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    _parsed(text)


_VALUES = st.one_of(
    st.text(max_size=20),
    st.from_regex(r"[<>]?\d{1,6}\s?(m|MIN|h|d|w|ı)", fullmatch=True),
    st.from_regex(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}([+-]\d{2}:\d{2})?)?", fullmatch=True),
    st.datetimes().map(datetime.isoformat),
    st.sampled_from([*STATUS_WORDS, "high", "yes", "breached", '"', "a,b", "＞1h"]),
)
_WORDS = st.one_of(
    st.sampled_from(STATUS_WORDS),
    st.tuples(st.sampled_from(NAMES), st.sampled_from([":", ' :"', ':"', "："]), _VALUES).map("".join),
)


@given(st.lists(_WORDS, max_size=6).map(" ".join))
def test_anything_like_a_filter_is_read_or_refused_and_a_query_can_be_made_of_it(text: str) -> None:
    if (wanted := _parsed(text)) is not None:
        made = query(wanted, frozenset({NORTHWIND}), {NORTHWIND: "Northwind"}, NOW, "ada-id")
        assert made.partners <= {NORTHWIND}


@given(st.text(alphabet=st.characters(exclude_characters='"\n', exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_a_quoted_value_comes_through_as_it_is(value: str) -> None:
    wanted = _parsed(f'all customer:"{value}"')
    assert wanted is None if not value.strip() else wanted == Filter(customers=(value.strip(),))
