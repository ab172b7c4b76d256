"""What an operator does beside a running bot: export, and verify the audit chain against a head kept elsewhere."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.clock import SystemIds
from bot.errors import UserError
from bot.maintenance import export, verify_audit
from bot.settings import Settings, load
from bot.store import SqlStore, connect
from tests.factories import FABRIKAM, NORTHWIND, NOW, alert, entry, guid, resolved

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


async def test_words_that_make_no_sense_write_no_file(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        await export(settings, "sevrity:high", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


async def test_a_whole_chain_is_said_with_its_head(
    settings: Settings, rows: Callable[[int], object], capsys: pytest.CaptureFixture[str]
) -> None:
    await rows(3)  # type: ignore[misc]
    assert await verify_audit(settings, "") == 0
    said = capsys.readouterr().out
    assert f"{NORTHWIND}: whole, 3 rows, head 3:" in said
    assert f"{FABRIKAM}: whole, 0 rows" in said
    assert "--head" in said


async def test_a_kept_head_shows_whether_the_tail_is_still_the_same(
    settings: Settings, rows: Callable[[int], object], capsys: pytest.CaptureFixture[str]
) -> None:
    await rows(3)  # type: ignore[misc]
    await verify_audit(settings, "")
    head = next(line for line in capsys.readouterr().out.splitlines() if line.startswith(NORTHWIND)).split("head ")[1]
    assert await verify_audit(settings, f"{NORTHWIND}={head}") == 0
    await rows(1)  # type: ignore[misc]
    assert await verify_audit(settings, f"{NORTHWIND}={head}") == 0  # what came later is no fault
    assert "4 rows" in capsys.readouterr().out
    count, value = head.split(":")
    for wrong in (f"{int(count) + 2}:{value}", f"{int(count) - 1}:{value}", f"{count}:{'0' * 64}"):
        assert await verify_audit(settings, f"{NORTHWIND}={wrong}") == 1
        assert "rows were cut off" in capsys.readouterr().out


async def test_another_key_finds_the_first_row_at_fault(
    settings: Settings, store: SqlStore, capsys: pytest.CaptureFixture[str]
) -> None:
    async with store.write() as tx:  # with the key of the fixture, which is not the operator's
        await tx.audit.append(entry(), NOW)
    assert await verify_audit(settings, "") == 1
    assert f"{NORTHWIND}: row 1 does not follow" in capsys.readouterr().out


@pytest.mark.parametrize(
    "head", ["x", f"{NORTHWIND}=3", f"{NORTHWIND}=3:short", f"{NORTHWIND}=x:{'0' * 64}", f"{guid(9)}=1:{'0' * 64}"]
)
async def test_a_head_that_cannot_be_meant_is_refused(settings: Settings, head: str) -> None:
    with pytest.raises(UserError):
        await verify_audit(settings, head)
