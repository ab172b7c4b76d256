"""The audit chain shows what was changed, removed, reordered; a cut tail shows by a head that was kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.audit import GENESIS, AuditEntry, AuditRow, first_fault, row_hash
from tests.factories import NOW, entry, minutes

KEY = b"a key that is kept elsewhere"


def chain(count: int = 5) -> list[AuditRow]:
    rows: list[AuditRow] = []
    previous = GENESIS
    for seq in range(1, count + 1):
        of, at = entry(subject=f"A-{seq}", detail={"n": seq}), NOW + minutes(seq)
        rows.append(AuditRow(of, seq, at, previous, row_hash(KEY, of, seq, at, previous)))
        previous = rows[-1].hash
    return rows


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
