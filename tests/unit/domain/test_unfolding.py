"""Additional details: strings in strings made readable, whatever somebody wrote into them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.unfolding import DEEPEST, MOST, Detail, Scalar, unfold

MORNING = datetime(2024, 1, 23, 16, 3, 33, tzinfo=UTC)

SAMPLES: list[tuple[str, list[tuple[str, tuple[Scalar, ...]]]]] = [
    ("plain words", [("it", ("plain words",))]),
    ("5", [("it", ("5",))]),
    ('[  "vm-ip"]', [("it", ("vm-ip",))]),
    ('["10.0.0.4", "10.0.0.5"]', [("it", ("10.0.0.4", "10.0.0.5"))]),
    ('{"a": 1, "b": {"c": [true, null]}}', [("it, a", ("1",)), ("it, b, c", (True, None))]),
    ('[{"a": "x"}, {"a": "y"}]', [("it 1, a", ("x",)), ("it 2, a", ("y",))]),
    (json.dumps({"a": json.dumps(["deep"])}), [("it, a", ("deep",))]),
    (json.dumps(json.dumps(json.dumps(["deep"]))), [("it", ("deep",))]),
    ("2024-01-23T16:03:33.8454142Z", [("it", (MORNING.replace(microsecond=845414),))]),
    ("2024-01-23T18:03:33+02:00", [("it", (MORNING,))]),
    ("2024-01-23T16:03:33", [("it", (MORNING,))]),
    ('["2024-01-23T16:03:33Z"]', [("it", (MORNING,))]),
    ("2024-13-23T16:03:33Z", [("it", ("2024-13-23T16:03:33Z",))]),
    ("0001-01-01T00:00:00+14:00", [("it", ("0001-01-01T00:00:00+14:00",))]),
    ("[]", [("it", ())]),
    ("{}", [("it", ("{}",))]),
    ("", [("it", ("",))]),
    ("[1, 2", [("it", ("[1, 2",))]),
    ('{"NaN": NaN}', [("it, NaN", ("NaN",))]),
]


@pytest.mark.parametrize(("value", "told"), SAMPLES, ids=[value[:30] for value, _ in SAMPLES])
def test_what_is_in_a_string_is_told(value: str, told: list[tuple[str, tuple[Scalar, ...]]]) -> None:
    assert unfold([("it", value)]).details == tuple(Detail(name, values) for name, values in told)


def test_only_so_much_is_told_and_that_there_is_more() -> None:
    many = unfold([("it", json.dumps({str(n): n for n in range(MOST + 1)}))])
    assert (len(many.details), many.complete) == (MOST, False)
    exactly = unfold((str(n), "x") for n in range(MOST))
    assert (len(exactly.details), exactly.complete) == (MOST, True)
    long = unfold([("it", json.dumps(list(range(100))))]).details[0].values
    assert (len(long), long[-1]) == (41, "+60")


def test_what_is_nested_too_deep_is_shown_as_it_is_written() -> None:
    value: Any = "x"
    for _ in range(DEEPEST + 2):
        value = {"in": value}
    (detail,) = unfold([("it", json.dumps(value))]).details
    assert detail.values == ('{"in": {"in": "x"}}',)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.datetimes().map(str),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4) | inner.map(json.dumps)
    ),
    max_leaves=20,
)


@given(st.lists(st.tuples(st.text(max_size=100), values.map(json.dumps) | st.text(max_size=100)), max_size=5))
@example([("deep", "[" * 50_000)])
@example([("deep", "[" * 9_000 + "]" * 9_000)])
@example([("deep", '{"a":' * 3_000 + "1" + "}" * 3_000)])
@example([("long", "9" * 19_000)])
@example([("long", f"[{'9' * 10_000}]")])
def test_nothing_that_anybody_writes_is_too_much(details: list[tuple[str, str]]) -> None:
    found = unfold(details)
    assert len(found.details) <= MOST
    for each in found.details:
        assert len(each.values) <= 41
        assert all(value is None or isinstance(value, str | bool | datetime) for value in each.values)
