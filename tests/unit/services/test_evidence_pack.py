"""Evidence packs: complete, bounded, the same bytes for the same state, harmless, and true to the audit chain."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.alerts import Note
from bot.domain.audit import GENESIS, AuditEntry, row_hash
from bot.domain.audit_lines import read_head, read_row
from bot.domain.csv_rows import COLUMNS
from bot.domain.evidence import MANIFEST
from bot.errors import Unknown, UserError
from bot.ports import ExportKind
from bot.services import evidence_pack as module
from bot.services.evidence_pack import Subject, file_name, find, gather, stream
from tests.factories import ADA, FABRIKAM, NORTHWIND, NOW, SUBSCRIPTION, alert, decision, guid, plan, resolved
from tests.support.house import House
from tests.unit.conftest import AUDIT_KEY

OURS = frozenset({NORTHWIND})
EVIL = (
    "=cmd|'/C calc'!A0 <script>alert(1)</script> [x](javascript:y) http://evil.example www.evil.example @team "
    "\u202egnp\n| a | b |"
)


async def pack_of(house: House, subject: str = SUBSCRIPTION) -> tuple[bytes, dict[str, bytes]]:
    content = b"".join([part async for part in stream(house.env, NORTHWIND, subject)])
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        assert pack.testzip() is None
        return content, {name: pack.read(name) for name in pack.namelist()}


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


@pytest.fixture
async def told(house: House) -> House:
    """Two alerts of the subscription, one hostile; a decision, a note, a request; and others that are none of these."""
    first = resolved("first", first_observed_at=NOW - timedelta(days=3))
    await house.take_in(
        first,
        alert("second", name=EVIL, description=EVIL),
        alert("elsewhere", subscription_id=guid(70)),
        alert("theirs", partner=FABRIKAM),
    )
    async with house.store.write() as tx:
        await tx.alerts.change(first.key, first, NOW, decision(by_name="Ada", note=EVIL))
        await tx.alerts.add_note(first.key, Note(NOW, ADA.aad_id, "Ada", f"called back {EVIL}"))
        await tx.cancellations.open(plan(number=await tx.cancellations.next_number(), reason=EVIL), NOW)
        for subject in ("A-1001", "A-1003", "R-1", SUBSCRIPTION, "A-1002", "R-9"):
            entry = AuditEntry(NORTHWIND, "mark", "done", ADA.aad_id, "Ada", subject, {"note": "ü"})
            await tx.audit.append(entry, NOW)
    return house


async def test_the_manifest_has_the_hash_of_every_file(told: House) -> None:
    _, files = await pack_of(told)
    lines = files[MANIFEST].decode().splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == [name for name in files if name != MANIFEST]
    assert lines == [f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in files if name != MANIFEST]
    assert list(files) == [
        *("timeline.html", "timeline.md", "alerts.csv", "verdicts.csv", "requests.csv", "notes.csv"),
        *("alerts/A-1001.json", "alerts/A-1002.json", "audit.jsonl", "MANIFEST.txt"),
    ]


async def test_the_same_state_makes_the_same_bytes(told: House) -> None:
    before, _ = await pack_of(told)
    told.clock.forward(86400)
    assert (await pack_of(told))[0] == before
    async with told.store.write() as tx:
        await tx.alerts.add_note(alert("second").key, Note(NOW, ADA.aad_id, "Ada", "more"))
    assert (await pack_of(told))[0] != before


async def test_its_audit_rows_are_links_of_the_chain_and_it_names_the_head(told: House) -> None:
    _, files = await pack_of(told)
    *lines, last = files["audit.jsonl"].splitlines()
    rows = [read_row(NORTHWIND, line) for line in lines]
    chain = {row.seq: row for row in await told.audit()}
    assert [row.entry.subject for row in rows] == ["A-1001", "R-1", SUBSCRIPTION, "A-1002"]
    for row in rows:
        assert row == chain[row.seq]
        assert row_hash(AUDIT_KEY, row.entry, row.seq, row.at, row.previous) == row.hash
        assert row.previous == (chain[row.seq - 1].hash if row.seq > 1 else GENESIS)
    head, newest = read_head(last), chain[max(chain)]
    assert (head.partner, head.count, head.hash) == (NORTHWIND, newest.seq, newest.hash)
    assert head.told(NORTHWIND) in files["timeline.md"].decode()


async def test_tables_have_everything_and_no_formula_lives(told: House) -> None:
    _, files = await pack_of(told)
    assert files["alerts.csv"].decode().startswith(",".join(COLUMNS))
    assert [row["Alert ID"] for row in table(files["alerts.csv"])] == ["first", "second"]
    (verdict,) = table(files["verdicts.csv"])
    assert (verdict["Number"], verdict["Verdict"], verdict["By"]) == ("A-1001", "fraud", "Ada")
    (asked,) = table(files["requests.csv"])
    assert (asked["Request"], asked["State"], asked["MS-RequestId"]) == ("R-1", "asked", guid(77))
    (note,) = table(files["notes.csv"])
    assert note["Text"].startswith("called back")
    for name in ("alerts.csv", "verdicts.csv", "requests.csv", "notes.csv"):
        for line in csv.reader(io.StringIO(files[name].decode(), newline="")):
            assert not [cell for cell in line if cell.lstrip()[:1] in ("=", "+", "@")], name


async def test_an_alert_has_the_names_that_partner_center_gave_it(told: House) -> None:
    _, files = await pack_of(told)
    found: dict[str, Any] = json.loads(files["alerts/A-1001.json"])
    assert (found["id"], found["resolvedReason"], found["subscriptionId"]) == ("first", "fraud", SUBSCRIPTION)
    assert found["firstObservedDateTime"] == "2026-02-26T12:30:15Z"
    assert json.loads(files["alerts/A-1002.json"])["displayName"] == EVIL


async def test_pages_are_read_by_people_and_nothing_in_them_comes_alive(told: House) -> None:
    _, files = await pack_of(told)
    page, text = files["timeline.html"].decode(), files["timeline.md"].decode()
    for shown in (page, text):
        for word in ("All times are UTC", "Timeline", "2026-02-26 12:30:15", "discretion", "2026-04-26"):
            assert word in shown, word
        assert "\u202e" not in shown
        assert "Ada" in shown
    assert "<script" not in page
    assert "default-src &#x27;none&#x27;" in page
    assert not re.search(r"<a |href|src=", page)
    assert not re.search(r"(?<!\\)<script|(?<!\\)\[x\](?=\()|http://evil|www\.evil|(?<!\\)@team", text)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows if "script" in line} <= {3, 5, 10, 11}


async def test_of_too_many_alerts_those_that_are_fraud_come_first(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ALERTS", 3)
    day = timedelta(days=1)
    await house.take_in(
        *(alert(f"open-{number}", first_observed_at=NOW - (50 - number) * day) for number in range(9)),
        resolved("fraud-late", first_observed_at=NOW - day),
        resolved("fraud-early", first_observed_at=NOW - 2 * day),
    )
    pack = await gather(house.env, NORTHWIND, SUBSCRIPTION)
    assert [record.alert.id for record in pack.records] == ["open-0", "fraud-early", "fraud-late"]
    assert pack.alerts == 11
    _, files = await pack_of(house)
    assert "3 of 11" in files["timeline.md"].decode()


async def test_what_it_is_about(told: House) -> None:
    subject = Subject(NORTHWIND, SUBSCRIPTION, 2)
    for reference in (SUBSCRIPTION, SUBSCRIPTION.upper(), "A-1001", "#1002", "second"):
        assert await find(told.env, reference, OURS) == subject
    await told.take_in(alert("nowhere", subscription_id=""))
    assert await find(told.env, "A-1005", OURS) == Subject(NORTHWIND, "A-1005", 1)
    _, files = await pack_of(told, "A-1005")
    assert [name for name in files if name.startswith("alerts/")] == ["alerts/A-1005.json"]
    for unknown in (guid(99), "A-99", "A-1004", "", guid(70).replace("4", "5", 1)):
        with pytest.raises(UserError):
            await find(told.env, unknown, OURS)
    with pytest.raises(Unknown):
        await pack_of(told, guid(99))


def test_no_foreign_text_names_the_file() -> None:
    assert file_name(Subject("", SUBSCRIPTION, 1), NOW) == f"evidence-{SUBSCRIPTION}-20260301.zip"
    assert file_name(Subject("", '../"\r\nx', 1), NOW) == "evidence-x-20260301.zip"


async def test_asking_and_taking_it_is_on_record_and_the_file_is_the_pack(told: House) -> None:
    request, _ = await told.exports.ask_pack(told.as_known(ADA), await find(told.env, "A-1001", OURS))
    assert (request.kind, request.subject, request.rows) == (ExportKind.EVIDENCE, SUBSCRIPTION, 2)
    taken = await told.exports.take(request.id, ADA.aad_id, NORTHWIND)
    content = b"".join([part async for part in told.exports.content(taken)])
    assert content[:2] == b"PK"
    assert [(act, outcome) for act, outcome, _ in await told.audited()][-2:] == [
        ("export audit", "asked"),
        ("export audit", "done"),
    ]
