"""Exported rows come back as they were; whatever is changed in a line shows, also what no hash covers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.audit import Head, Walk
from bot.domain.audit_lines import head_line, read_head, read_row, row_lines
from tests.factories import NORTHWIND, NOW
from tests.unit.domain.test_audit import KEY, chain, chained

TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
DETAIL = st.dictionaries(TEXT, st.one_of(TEXT, st.integers(), st.booleans(), st.none(), st.lists(TEXT, max_size=2)))


@given(st.lists(st.tuples(TEXT, TEXT, DETAIL), max_size=5))
def test_a_row_comes_back_as_it_was_and_its_hash_still_holds(said: list[tuple[str, str, dict[str, Any]]]) -> None:
    rows = chained([{"subject": subject, "actor_name": name, "detail": detail} for subject, name, detail in said])
    lines = row_lines(rows).splitlines(keepends=True)
    assert len(lines) == len(rows)
    walk = Walk(KEY)
    for row, line in zip(rows, lines, strict=True):
        back = read_row(NORTHWIND, line)
        assert back == row
        assert walk.take(back)


def test_the_names_of_a_line_are_those_that_the_guide_tells() -> None:
    (line,) = row_lines(chain(1)).splitlines()
    names = ["seq", "at", "act", "outcome", "actor_id", "actor_name", "subject", "detail", "previous", "hash"]
    assert list(json.loads(line)) == names
    assert json.loads(line)["at"] == "2026-03-01T12:31:15+00:00"


def test_other_line_ends_are_no_fault() -> None:
    (row,) = chain(1)
    line = row_lines([row]).rstrip(b"\n")
    assert read_row(NORTHWIND, line + b"\r\n") == read_row(NORTHWIND, line) == row


CHANGES: list[tuple[bytes, bytes]] = [
    (b'{"seq"', b'{"role":"admin","seq"'),
    (b'{"seq"', b'{ "seq"'),
    (b'"outcome":"done"', b'"outcome":"denied","outcome":"done"'),
    (b'"seq":1', b'"seq":1.0'),
    (b'"seq":1', b'"seq":true'),
    (b'"seq":1', b'"seq":"1"'),
    (b'"act":"mark fraud"', b'"act":null'),
    (b"+00:00", b"Z"),
    (b'"at":"2026', b'"at":"x2026'),
    (b'"detail":{', b'"detail":[{'),
    (b'"subject":', b'"object":'),
    (b"}", b""),
]


@pytest.mark.parametrize(("old", "new"), CHANGES, ids=[new.decode() for _, new in CHANGES])
def test_a_line_in_another_form_is_no_row(old: bytes, new: bytes) -> None:
    line = row_lines(chain(1))
    assert old in line
    with pytest.raises(ValueError):  # noqa: PT011 of what it says nobody depends
        read_row(NORTHWIND, line.replace(old, new, 1))


@pytest.mark.parametrize(
    "line", [b"", b"x", b"[]", b"7", b"null", b"{}", b"\xff", b"[" * 100_000, b'{"head":7}'], ids=len
)
def test_what_is_no_row_and_no_head_is_told_so(line: bytes) -> None:
    for read in (lambda: read_row(NORTHWIND, line), lambda: read_head(line)):
        with pytest.raises(ValueError):  # noqa: PT011
            read()


def test_a_head_comes_back_as_it_was_and_in_one_form_alone() -> None:
    head = Head(NORTHWIND, 12, "a" * 64)
    line = head_line(head)
    assert read_head(line) == read_head(line.rstrip()) == head
    assert json.loads(line) == {"head": {"partner": NORTHWIND, "count": 12, "hash": "a" * 64}}
    for changed in (line.replace(b"12", b"true"), line.replace(b"}}", b'},"x":1}'), row_lines(chain(1))):
        with pytest.raises(ValueError):  # noqa: PT011
            read_head(changed)


def test_the_time_of_a_row_keeps_its_microseconds() -> None:
    (row,) = chained([{"subject": "A-1"}], at=NOW.replace(microsecond=7))
    assert read_row(NORTHWIND, row_lines([row])).at == NOW.replace(microsecond=7)
