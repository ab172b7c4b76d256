"""What an operator does beside a running bot: export, and verify audit chains against what was kept elsewhere."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.clock import SystemIds
from bot.domain.audit import GENESIS
from bot.errors import UserError
from bot.maintenance import export, export_audit, export_evidence, verify_audit, verify_files
from bot.settings import Settings, load
from bot.store import SqlStore, connect
from tests.factories import FABRIKAM, NORTHWIND, NOW, SUBSCRIPTION, alert, entry, guid, resolved

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture
def settings(store: SqlStore, tmp_path: Path) -> Settings:
    """Of the database that `store` has open."""
    partners = [
        {"name": name, "tenantId": tenant, "adminAgentsGroupId": guid(1)}
        for name, tenant in (("Northwind", NORTHWIND), ("Fabrikam", FABRIKAM))
    ]
    return load(
        {
            "ALERTDESK_APP_ID": guid(7),
            "ALERTDESK_APP_TENANT_ID": NORTHWIND,
            "ALERTDESK_APP_SECRET": "insecure-secret",
            "ALERTDESK_PARTNERS": json.dumps(partners),
            "ALERTDESK_ACT_AS": "app",
            "ALERTDESK_AUDIT_KEY": KEY,
            "ALERTDESK_DATABASE_URL": f"sqlite:///{tmp_path / 'alertdesk.db'}",
        }
    )


@pytest.fixture
async def rows(settings: Settings) -> Callable[[int], object]:
    """Appends so many rows to Northwind's chain, with the operator's own key."""

    async def append(count: int) -> None:
        own = connect(settings.database_url.get_secret_value(), audit_key=settings.audit_key_bytes, ids=SystemIds())
        async with own.write() as tx:
            for number in range(count):
                await tx.audit.append(entry(subject=f"A-{number}"), NOW)
        await own.close()

    return append


async def test_an_export_holds_what_the_words_select(settings: Settings, store: SqlStore, tmp_path: Path) -> None:
    async with store.write() as tx:
        for each in (alert("one"), resolved("two"), alert("three", partner=FABRIKAM)):
            await tx.alerts.add(each, NOW, None)
    for words, expected in (("", ["one", "three"]), ("all partner:northwind", ["one", "two"])):
        out = tmp_path / "out.csv"
        assert await export(settings, words, out) == 0
        found = csv.DictReader(io.StringIO(out.read_text(), newline=""))
        assert [row["Alert ID"] for row in found] == expected


async def test_an_evidence_pack_is_found_by_alert_or_subscription(
    settings: Settings, store: SqlStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with store.write() as tx:
        for each in (resolved("one"), alert("two"), alert("three", subscription_id=guid(70), partner=FABRIKAM)):
            await tx.alerts.add(each, NOW, None)
    packs = [tmp_path / "one.zip", tmp_path / "two.zip"]
    assert await export_evidence(settings, SUBSCRIPTION, None, packs[0]) == 0
    assert await export_evidence(settings, "a-1002", "northwind", packs[1]) == 0
    assert packs[0].read_bytes() == packs[1].read_bytes()
    with zipfile.ZipFile(packs[0]) as pack:
        assert pack.testzip() is None
        assert {"alerts/A-1001.json", "alerts/A-1002.json", "MANIFEST.txt"} <= set(pack.namelist())
    assert "Head of the audit trail: Northwind=0:" in capsys.readouterr().err
    for reference, partner in ((guid(70), "Northwind"), (guid(99), None), ("A-1002", "Fabrikam"), ("A-1002", "Nobody")):
        with pytest.raises(UserError):
            await export_evidence(settings, reference, partner, tmp_path / "none.zip")
    assert not (tmp_path / "none.zip").exists()


async def test_words_that_make_no_sense_write_no_file(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        await export(settings, "sevrity:high", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


async def test_a_whole_chain_is_said_with_its_head(
    settings: Settings, rows: Callable[[int], object], capsys: pytest.CaptureFixture[str]
) -> None:
    await rows(3)  # type: ignore[misc]
    assert await verify_audit(settings) == 0
    said = capsys.readouterr().out
    assert f"Northwind ({NORTHWIND}): whole, 3 rows. Head: Northwind=3:" in said
    assert f"Fabrikam ({FABRIKAM}): whole, 0 rows. Head: Fabrikam=0:{GENESIS}" in said
    assert f"(no partner): whole, 0 rows. Head: none=0:{GENESIS}" in said
    assert "Not known" in said
    assert "--head" in said


async def test_a_kept_head_shows_whether_the_tail_is_still_the_same(
    settings: Settings, rows: Callable[[int], object], capsys: pytest.CaptureFixture[str]
) -> None:
    await rows(3)  # type: ignore[misc]
    await verify_audit(settings)
    head = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("Northwind")).split("Head: ")[
        1
    ]
    assert await verify_audit(settings, [head]) == 0
    await rows(1)  # type: ignore[misc]
    assert await verify_audit(settings, [f"none=0:{GENESIS}", head]) == 0  # what came later is no fault
    assert "4 rows" in capsys.readouterr().out
    count, value = head.removeprefix("Northwind=").split(":")
    wrong = [(f"{int(count) + 2}:{value}", "were cut off"), (f"{int(count) - 1}:{value}", "written anew")]
    for text, problem in [*wrong, (f"{count}:{'0' * 64}", "written anew")]:
        assert await verify_audit(settings, [head, f"{NORTHWIND}={text}"]) == 1
        assert problem in capsys.readouterr().out


async def test_a_partner_of_former_times_is_not_forgotten(
    settings: Settings, store: SqlStore, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    own = connect(settings.database_url.get_secret_value(), audit_key=settings.audit_key_bytes, ids=SystemIds())
    async with own.write() as tx:
        row = await tx.audit.append(entry(partner=guid(9)), NOW)
    await own.close()
    head = f"{guid(9)}=1:{row.hash}"
    assert await verify_audit(settings, [head]) == 0
    assert f"{guid(9)}: whole, 1 row. Head: {head}" in capsys.readouterr().out
    assert await export_audit(settings, "", guid(9), tmp_path / "former.jsonl") == 0


async def test_another_key_finds_the_first_row_at_fault(
    settings: Settings, store: SqlStore, capsys: pytest.CaptureFixture[str]
) -> None:
    async with store.write() as tx:  # with the key of the fixture, which is not the operator's
        await tx.audit.append(entry(), NOW)
    assert await verify_audit(settings) == 1
    assert f"({NORTHWIND}): row 1 was changed, or AUDIT_KEY is not the key" in capsys.readouterr().out


@pytest.mark.parametrize(
    "head", ["x", f"{NORTHWIND}=3", f"{NORTHWIND}=3:short", f"{NORTHWIND}=x:{'0' * 64}", f"{guid(9)}=1:{'0' * 64}"]
)
async def test_a_head_that_cannot_be_meant_is_refused(settings: Settings, head: str) -> None:
    with pytest.raises(UserError):
        await verify_audit(settings, [head])


Kept = tuple[Path, str, bytes]


@pytest.fixture
async def kept(
    settings: Settings, rows: Callable[[int], object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Kept:
    """An exported trail of three rows, its head as it was told, and the key."""
    await rows(3)  # type: ignore[misc]
    file = tmp_path / "kept.jsonl"
    assert await export_audit(settings, "", "northwind", file) == 0
    return file, capsys.readouterr().err.removeprefix("Head of the audit trail: ").strip(), settings.audit_key_bytes


async def test_the_whole_trail_is_exported_and_verified_without_a_database(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    file, head, key = kept
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line.get("subject") for line in lines] == ["A-0", "A-1", "A-2", None]
    assert head == f"Northwind=3:{lines[2]['hash']}"
    assert lines[3] == {"head": {"partner": NORTHWIND, "count": 3, "hash": lines[2]["hash"]}}
    for heads in ([], [head], [head, f"{NORTHWIND}=1:{lines[0]['hash']}"]):
        assert verify_files(key, [file], heads) == 0
        said = capsys.readouterr().out
        assert f"{file}: whole, 3 rows. Head: {head.replace('Northwind', NORTHWIND)}" in said
        assert "Not known" in said


def _lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    return lambda content: b"".join(change(content.splitlines(keepends=True)))


def _cut_with_its_head(lines: list[bytes]) -> list[bytes]:
    head = json.loads(lines[3])
    head["head"] |= {"count": 2, "hash": json.loads(lines[1])["hash"]}
    return [*lines[:2], json.dumps(head, separators=(",", ":")).encode() + b"\n"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda content: content.replace(b'"A-1"', b'"A-9"'), "row 2 was changed"),
        (lambda content: content.replace(b'"seq":2', b'"approved":true,"seq":2'), "line 2 is not a row"),
        (_lines(lambda lines: [lines[0], *lines[2:]]), "row 2 is missing"),
        (_lines(lambda lines: [lines[1], lines[0], *lines[2:]]), "row 1 is missing"),
        (_lines(lambda lines: [lines[0], *lines]), "row 1 comes after row 1: rows were reordered or put in"),
        (_lines(lambda lines: [*lines[:2], lines[3]]), "2 rows, but its last line says 3: rows were cut off"),
        (_lines(lambda lines: lines[:3]), "its last line is no head"),
        (_lines(lambda lines: [*lines, b"{}"]), "its last line is no head"),
        (lambda _: b"", "its last line is no head"),
        (lambda _: b"\xff" * 200_000, "its last line is no head"),
    ],
    ids=["changed", "added to", "removed", "reordered", "repeated", "cut", "no head", "more", "empty", "else"],
)
async def test_a_file_that_was_changed_shows(
    kept: Kept, change: Callable[[bytes], bytes], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file, _, key = kept
    file.write_bytes(change(file.read_bytes()))
    assert verify_files(key, [file]) == 1
    assert f"{file}: {problem}" in capsys.readouterr().out


async def test_a_file_that_was_cut_with_its_head_shows_by_another_head(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    file, head, key = kept
    file.write_bytes(_lines(_cut_with_its_head)(file.read_bytes()))
    assert verify_files(key, [file]) == 0
    assert verify_files(key, [file], [head]) == 1
    assert "2 rows, but the head that was kept elsewhere says 3" in capsys.readouterr().out


async def test_another_key_is_told(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify_files(bytes(32), [kept[0]]) == 1
    assert "row 1 was changed, or AUDIT_KEY is not the key" in capsys.readouterr().out


async def test_files_and_heads_that_cannot_be_meant_are_refused(kept: Kept, tmp_path: Path) -> None:
    file, head, key = kept
    for files, heads in (([tmp_path / "none.jsonl"], []), ([tmp_path], []), ([file], ["x"]), ([file, file], [head])):
        with pytest.raises(UserError):
            verify_files(key, files, heads)


@pytest.mark.parametrize(
    ("words", "name"),
    [("", None), ("partner:w", "Northwind"), ("partner:r", None), ("since:7d", None), ("", "Contoso")],
)
async def test_one_trail_must_be_named(settings: Settings, tmp_path: Path, words: str, name: str | None) -> None:
    with pytest.raises(UserError):
        await export_audit(settings, words, name, tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


async def test_an_export_of_alerts_tells_the_heads(
    settings: Settings, rows: Callable[[int], object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await rows(2)  # type: ignore[misc]
    await export(settings, "all", tmp_path / "out.csv")
    assert re.findall(r"trail: (\w+=\d+):", capsys.readouterr().err) == ["Northwind=2", "Fabrikam=0"]


@pytest.mark.usefixtures("without_settings")
class TestCommandLine:
    def test_files_are_verified_with_the_audit_key_alone(
        self, kept: Kept, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file, head, _ = kept
        for value, code in ((KEY, 0), ("", 2), ("short", 2)):
            monkeypatch.setenv("ALERTDESK_AUDIT_KEY", value)
            assert main(["audit", "verify", "--file", str(file), "--head", head]) == code
        said = capsys.readouterr()
        assert "whole, 3 rows" in said.out
        assert "ALERTDESK_AUDIT_KEY is required" in said.err
        assert "ALERTDESK_AUDIT_KEY: must be base64" in said.err

    def test_ways_that_exclude_one_another_are_told(self, kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
        file = str(kept[0])
        assert main(["audit", "verify", "--file", file, "--head-file", file]) == 2
        assert "give one of them" in capsys.readouterr().err

    def test_of_everything_else_the_database_is_asked(
        self, kept: Kept, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        file, head, _ = kept
        monkeypatch.setattr("bot.__main__._settings", lambda: settings)
        assert main(["audit", "verify", "--head", head, "--head", head, "--head-file", str(file)]) == 0
        assert main(["export", "audit", "partner:north", "--out", str(tmp_path / "again.jsonl")]) == 0
        assert (tmp_path / "again.jsonl").read_bytes() == file.read_bytes()
        assert main(["export", "audit", "--partner", "none", "--out", str(tmp_path / "none.jsonl")]) == 0
        assert main(["export", "all", "--partner", "Northwind"]) == 2
        assert main(["export", "audit", "partner:north", "--partner", "Northwind"]) == 2


@pytest.fixture
def without_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The tests' surroundings have none, and this folder has no .env."""
    monkeypatch.chdir(tmp_path)
