"""The rows of an export: every column, nothing that a spreadsheet runs, and what goes in comes out."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts import ActivityLogEntry, AffectedResource, Note
from bot.domain.csv_rows import COLUMNS, batch, defuse, encode, header, row
from tests.factories import NORTHWIND, NOW, alert, decision, minutes, record, resolved

FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\tplain",
    "\rplain",
    "\n=1",
    "  =1",
    "\u00a0=1",
    "\u3000@x",
    "\u200b=1",
    "\ufeff=1",
    "\u2060 \x00=1",
    "\uff1d1",
    " \uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff201",
]
HARMLESS = ["", "plain", "a=1", "1-2", "2026-03-01T00:00:00Z", "A-1042", "'=1", " text", "x\n=1", "\u2212 a minus sign"]


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_is_defused(cell: str) -> None:
    assert defuse(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", HARMLESS)
def test_everything_else_stays_as_it_is(cell: str) -> None:
    assert defuse(cell) == cell


@given(st.text(max_size=30))
def test_no_cell_begins_with_what_starts_a_formula(cell: str) -> None:
    seen = defuse(cell).lstrip(" \t\r\n\ufeff\u200b")
    assert seen[:1] not in set("=+-@\uff1d\uff0b\uff0d\uff20") or seen == ""
    assert defuse(cell) in (cell, f"'{cell}")


@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=5), max_size=5))
def test_cells_come_back_from_a_reader_as_they_went_in(rows: list[list[str]]) -> None:
    assert read(encode(rows)) == [[defuse(cell) for cell in row] for row in rows]


def test_a_row_ends_with_crlf_and_text_is_utf_8() -> None:
    assert encode([["a", "Zürich"], ["b", 'say "hi", then go']]) == ('a,Zürich\r\nb,"say ""hi"", then go"\r\n'.encode())


def test_the_dashboards_columns_come_first_and_none_twice() -> None:
    assert COLUMNS[:8] == (
        "Alert ID",
        "Alert name",
        "Subscription ID",
        "Status",
        "First observed",
        "Last observed",
        "Type",
        "Severity",
    )
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert read(header()) == [list(COLUMNS)]


def full() -> dict[str, str]:
    of = resolved(
        "=evil-id",
        "legitimate",
        name="=HYPERLINK(1)",
        description="first line\nsecond, with comma",
        detected_at=NOW - minutes(90),
        reseller_tenant_id="reseller-id",
        catalog_offer_id="offer-1",
        is_test=True,
        affected_resources=(AffectedResource("/subscriptions/x/vm", "virtualMachine"), AffectedResource("other", "")),
        additional_details=(("resourceIp", '["10.0.0.4"]'),),
        activity_log=(
            ActivityLogEntry("active", "resolved", "kim", NOW),
            ActivityLogEntry("", "active", "system", None),
        ),
    )
    kept = record(
        of,
        reseller_name="Adatum",
        decision=decision(verdict="legitimate", note="a test", via="partner_center", by_name="Kim"),
    )
    notes = (Note(NOW, "x", "Ada", "called back"), Note(NOW, "y", "Max", "=no"))
    (cells,) = read(batch([kept], {of.key: notes}, {NORTHWIND: "Northwind"}))
    return dict(zip(COLUMNS, cells, strict=True))


def test_a_row_tells_all_that_is_known() -> None:
    assert full() == {
        "Alert ID": "'=evil-id",
        "Alert name": "'=HYPERLINK(1)",
        "Subscription ID": "5ab00000-0000-4000-8000-000000000001",
        "Status": "resolved",
        "First observed": "2026-03-01T11:55:15Z",
        "Last observed": "2026-03-01T12:24:15Z",
        "Type": "Azure Usage",
        "Severity": "high",
        "Number": "A-1042",
        "Alert type": "usageAnomalyDetected",
        "Customer": "Contoso Ltd",
        "Customer tenant ID": "cccccccc-0000-4000-8000-000000000001",
        "Reseller": "Adatum",
        "Reseller tenant ID": "reseller-id",
        "Partner": "Northwind",
        "Partner tenant ID": NORTHWIND,
        "Confidence": "medium",
        "Detected": "2026-03-01T11:00:15Z",
        "Respond by": "2026-03-01T12:00:15Z",
        "Resolved reason": "legitimate",
        "Resolved by": "kim@northwind.example",
        "Resolved on": "2026-03-01T12:30:15Z",
        "Decided by": "Kim",
        "Decided in": "Partner Center",
        "Decision note": "a test",
        "Notes": "2026-03-01T12:30:15Z Ada: called back\n2026-03-01T12:30:15Z Max: =no",
        "Description": "first line\nsecond, with comma",
        "Affected resources": "/subscriptions/x/vm (virtualMachine)\nother",
        "Additional details": 'resourceIp: ["10.0.0.4"]',
        "Activity log": "2026-03-01T12:30:15Z active -> resolved by kim\n  -> active by system",
        "Catalog offer ID": "offer-1",
        "Test": "yes",
    }


def test_what_is_not_known_is_an_empty_cell() -> None:
    bare = record(
        alert(first_observed_at=None, last_observed_at=None, subscription_id="", confidence=""), customer_name=""
    )
    cells = dict(zip(COLUMNS, row(bare, (), {}), strict=True))
    assert {name for name, cell in cells.items() if not cell} == {
        *("First observed", "Last observed", "Subscription ID", "Confidence", "Customer", "Reseller"),
        *("Reseller tenant ID", "Partner", "Resolved reason", "Resolved by", "Resolved on", "Decided by"),
        *("Decided in", "Decision note", "Notes", "Affected resources", "Additional details", "Activity log"),
        "Catalog offer ID",
    }
    assert cells["Test"] == "no"


def test_no_alerts_make_no_rows() -> None:
    assert batch([], {}, {}) == b""
