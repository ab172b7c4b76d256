"""The audit chain shows what was changed, removed, reordered; a cut tail shows by a head that was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.audit import GENESIS, NO_PARTNER, AuditEntry, AuditRow, Fault, Head, Walk, first_fault, row_hash
from tests.factories import NOW, entry, minutes

KEY = b"a key that is kept elsewhere"


def chained(contents: Sequence[dict[str, Any]], at: datetime = NOW, key: bytes = KEY) -> list[AuditRow]:
    """Rows with these entries, a minute between them but for the first."""
    rows: list[AuditRow] = []
    previous = GENESIS
    for seq, content in enumerate(contents, 1):
        of, when = entry(**content), at + minutes(seq - 1)
        rows.append(AuditRow(of, seq, when, previous, row_hash(key, of, seq, when, previous)))
        previous = rows[-1].hash
    return rows


def chain(count: int = 5) -> list[AuditRow]:
    return chained([{"subject": f"A-{seq}", "detail": {"n": seq}} for seq in range(1, count + 1)], NOW + minutes(1))


def test_a_whole_chain_has_no_fault() -> None:
    assert first_fault(KEY, chain()) is None
    assert first_fault(KEY, []) is None


CHANGES: list[dict[str, Any]] = [
    {"act": "mark legitimate"},
    {"outcome": "denied"},
    {"actor_id": "somebody else"},
    {"actor_name": "Eve"},
    {"subject": "A-9"},
    {"detail": {"n": 4}},
    {"detail": {}},
    {"partner": "another"},
]


@pytest.mark.parametrize("change", CHANGES, ids=[next(iter(change)) for change in CHANGES])
def test_a_row_with_any_part_changed_is_found(change: dict[str, Any]) -> None:
    rows = chain()
    rows[2] = replace(rows[2], entry=replace(rows[2].entry, **change))
    assert first_fault(KEY, rows) is rows[2]


def test_a_row_with_another_time_or_number_is_found() -> None:
    rows = chain()
    rows[2] = replace(rows[2], at=rows[2].at + minutes(1))
    assert first_fault(KEY, rows) is rows[2]
    rows = chain()
    rows[3] = replace(rows[3], seq=9)
    assert first_fault(KEY, rows) is rows[3]


def test_who_changes_a_row_cannot_mend_its_hash_without_the_key() -> None:
    rows = chain()
    forged = replace(rows[2].entry, outcome="denied")
    rows[2] = replace(rows[2], entry=forged, hash=row_hash(b"a guess", forged, 3, rows[2].at, rows[2].previous))
    assert first_fault(KEY, rows) is rows[2]


def test_a_removed_row_shows_at_the_next() -> None:
    rows = chain()
    del rows[2]
    assert first_fault(KEY, rows) is rows[2]


def test_a_removed_first_row_shows() -> None:
    rows = chain()[1:]
    assert first_fault(KEY, rows) is rows[0]


def test_reordered_rows_show() -> None:
    rows = chain()
    rows[1], rows[2] = rows[2], rows[1]
    assert first_fault(KEY, rows) is rows[1]


def test_a_row_put_in_between_shows() -> None:
    rows = chain()
    extra = entry(subject="A-99")
    at = rows[2].at
    rows.insert(2, AuditRow(extra, 3, at, rows[1].hash, row_hash(KEY, extra, 3, at, rows[1].hash)))
    assert first_fault(KEY, rows) is rows[3]  # one who has the key can write a row, but not move the old ones


def test_a_cut_tail_shows_only_by_its_head() -> None:
    rows = chain()
    assert first_fault(KEY, rows[:3]) is None
    assert (rows[2].seq, rows[2].hash) != (rows[4].seq, rows[4].hash)


def test_a_later_part_is_checked_against_the_good_row_before_it() -> None:
    rows = chain()
    assert first_fault(KEY, rows[2:], after=rows[1]) is None
    assert first_fault(KEY, rows[3:], after=rows[1]) is rows[3]
    assert first_fault(KEY, rows[2:]) is rows[2]
    assert first_fault(KEY, [], after=rows[1]) is None


def test_the_order_of_the_details_does_not_matter_and_the_key_does() -> None:
    one, other = entry(detail={"a": 1, "b": "ü"}), entry(detail={"b": "ü", "a": 1})
    assert row_hash(KEY, one, 1, NOW, GENESIS) == row_hash(KEY, other, 1, NOW, GENESIS)
    assert row_hash(KEY, one, 1, NOW, GENESIS) != row_hash(b"another", one, 1, NOW, GENESIS)


def test_fields_cannot_be_moved_into_one_another() -> None:
    def hashed(of: AuditEntry) -> str:
        return row_hash(KEY, of, 1, NOW, GENESIS)

    assert hashed(entry(actor_id="ab", actor_name="c")) != hashed(entry(actor_id="a", actor_name="bc"))


@given(count=st.integers(2, 12), data=st.data())
def test_whatever_is_done_to_rows_that_are_not_the_last_shows(count: int, data: st.DataObject) -> None:
    """Change, remove, repeat, or reorder anything but cut the end off: there is a first fault, never after the spot."""
    good = chain(count)
    rows, spot = list(good), data.draw(st.integers(0, count - 1))
    deed = data.draw(st.sampled_from(["change", "remove", "repeat", "swap", "swap contents", "renumber"]))
    other = data.draw(st.integers(0, count - 1).filter(lambda place: place != spot))
    if deed == "change":
        field = data.draw(st.sampled_from(["act", "outcome", "actor_id", "actor_name", "subject", "partner"]))
        text = data.draw(st.text(max_size=8).filter(lambda text: text != getattr(rows[spot].entry, field)))
        rows[spot] = replace(rows[spot], entry=replace(rows[spot].entry, **{field: text}))
    elif deed == "remove" and spot < count - 1:
        del rows[spot]
    elif deed == "repeat":
        rows.insert(spot + 1, rows[spot])
    elif deed == "swap":
        rows[spot], rows[other] = rows[other], rows[spot]
    elif deed == "swap contents":
        rows[spot], rows[other] = (
            replace(rows[spot], entry=rows[other].entry),
            replace(rows[other], entry=rows[spot].entry),
        )
    elif deed == "renumber" and spot < count - 1:  # remove one, and close the gap in the numbers
        del rows[spot]
        rows = [replace(row, seq=number) for number, row in enumerate(rows, 1)]
    if rows == good:
        assert first_fault(KEY, rows) is None
        return
    fault = first_fault(KEY, rows)
    assert fault is not None
    wrong = next(place for place, row in enumerate(rows) if place >= count or row != good[place])
    assert fault is rows[wrong]


@given(count=st.integers(0, 8), kept=st.integers(0, 8), more=st.integers(0, 4))
def test_a_cut_end_shows_by_a_head_that_was_kept_and_what_came_later_is_no_fault(
    count: int, kept: int, more: int
) -> None:
    rows = chain(count + more)
    whole = Walk(KEY)
    assert all(whole.take(row) for row in rows[:count])
    head = whole.head("x")
    assert (head.count, head.hash) == (count, rows[count - 1].hash if count else GENESIS)
    walk = Walk(KEY, [head.count])
    left = rows[: min(kept, len(rows))]
    assert all(walk.take(row) for row in left)
    assert walk.goes_through(head) is (len(left) >= count)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (lambda rows: [*rows[:2], *rows[3:]], Fault.MISSING),
        (lambda rows: [*rows[:2], rows[1]], Fault.MOVED),
        (lambda rows: [*rows[:2], replace(rows[2], previous=GENESIS)], Fault.UNLINKED),
        (lambda rows: [*rows[:2], replace(rows[2], at=NOW)], Fault.CHANGED),
        (lambda rows: [*rows[:2], replace(rows[2], hash="ü\udc00")], Fault.CHANGED),
    ],
    ids=["removed", "repeated", "relinked", "changed", "no hash"],
)
def test_what_is_wrong_is_named_and_the_walk_remembers_the_good_part(rows: Any, fault: Fault) -> None:
    walk = Walk(KEY)
    taken = [walk.take(row) for row in rows(chain())]
    assert taken[:3] == [True, True, False]
    assert walk.fault is fault
    assert (walk.count, walk.at_fault is not None) == (2, True)


def test_a_chain_that_was_written_anew_with_the_key_goes_through_no_kept_head() -> None:
    kept = Head("x", 3, chain()[2].hash)
    walk = Walk(KEY, [3])
    assert all(walk.take(row) for row in chained([{"subject": "forged"}] * 5))
    assert not walk.goes_through(kept)
    assert not walk.goes_through(replace(kept, count=0))
    assert not walk.goes_through(replace(kept, hash="ü"))


def test_a_head_is_told_as_it_is_given_back() -> None:
    assert Head("x", 3, "ab").told("Northwind") == "Northwind=3:ab"
    assert Head("", 0, GENESIS).told("") == f"{NO_PARTNER}=0:{GENESIS}"
