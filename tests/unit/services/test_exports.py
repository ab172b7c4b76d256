"""Exports: exactly the alerts that were named, for exactly the one who asked, once."""

from __future__ import annotations

import csv
import io
import json

import pytest

from bot.domain.alerts import Note
from bot.domain.csv_rows import COLUMNS
from bot.domain.filters import AlertQuery
from bot.errors import Unknown
from bot.services import exports as module
from bot.services.exports import LIFE, token_hash
from tests.factories import ADA, FABRIKAM, NORA, NORTHWIND, alert, partner, query, resolved
from tests.support.house import House

OURS = query(partners=frozenset({NORTHWIND}))


async def rows(house: House, wanted: AlertQuery) -> list[dict[str, str]]:
    content = b"".join([part async for part in house.exports.stream(wanted)])
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


async def test_it_holds_exactly_the_alerts_of_the_query_with_their_notes(house: House) -> None:
    one, theirs = alert("one", name="=1+1"), alert("theirs", partner=FABRIKAM)
    await house.take_in(one, resolved("two"), theirs)
    async with house.store.write() as tx:
        await tx.alerts.add_note(one.key, Note(house.clock.now(), ADA.aad_id, "Ada", "called back"))
    found = await rows(house, OURS)
    assert [row["Alert ID"] for row in found] == ["one", "two"]
    assert (found[0]["Alert name"], found[0]["Partner"]) == ("'=1+1", "Northwind")
    assert found[0]["Notes"].endswith("Ada: called back")
    assert [row["Alert ID"] for row in await rows(house, query(unresolved=True))] == ["one", "theirs"]


async def test_without_alerts_there_is_the_header(house: House) -> None:
    content = b"".join([part async for part in house.exports.stream(OURS)])
    assert content.decode() == ",".join(COLUMNS) + "\r\n"


async def test_it_comes_in_parts_and_loses_no_row_between_them(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 3)
    await house.take_in(*(alert(f"alert-{number}") for number in range(8)))
    parts = [part async for part in house.exports.stream(OURS)]
    assert [part.count(b"\r\n") for part in parts] == [1, 3, 3, 2]
    assert len(await rows(house, OURS)) == 8


async def test_asking_is_on_record_and_keeps_only_the_hash_of_the_token(house: House) -> None:
    await house.take_in(alert())
    request, token = await house.exports.ask(house.as_known(ADA), query())
    assert (request.rows, request.person_id, request.tenant_id) == (1, ADA.aad_id, NORTHWIND)
    assert request.file_name == "alerts-20260301-123015.csv"
    assert request.token_hash == token_hash(token) != token
    assert await house.exports.by_token(token) == request
    assert await house.audited() == await house.audited(FABRIKAM) == [("export", "asked", "Ada")]


async def test_the_asker_takes_it_once(house: House) -> None:
    request, token = await house.exports.ask(house.as_known(ADA), OURS)
    assert await house.exports.take(request.id, ADA.aad_id, NORTHWIND) == request
    with pytest.raises(Unknown):
        await house.exports.take(request.id, ADA.aad_id, NORTHWIND)
    assert await house.exports.by_token(token) is None
    assert [outcome for _, outcome, _ in await house.audited()] == ["asked", "done"]


@pytest.mark.parametrize(
    ("person_id", "tenant_id"),
    [(NORA.aad_id, NORTHWIND), (ADA.aad_id, FABRIKAM), ("", "")],
    ids=["other", "tenant", "nobody"],
)
async def test_nobody_else_takes_it_and_it_is_still_there_for_the_asker(
    house: House, person_id: str, tenant_id: str
) -> None:
    request, _ = await house.exports.ask(house.as_known(ADA), OURS)
    with pytest.raises(Unknown) as refusal:
        await house.exports.take(request.id, person_id, tenant_id)
    with pytest.raises(Unknown) as unknown:
        await house.exports.take("no such export", person_id, tenant_id)
    assert refusal.value.message == unknown.value.message  # whether it exists is not told
    assert await house.exports.take(request.id, ADA.aad_id) == request


async def test_it_is_gone_after_half_an_hour(house: House) -> None:
    request, token = await house.exports.ask(house.as_known(ADA), OURS)
    house.clock.forward(LIFE.total_seconds() - 1)
    assert await house.exports.by_token(token) is not None
    house.clock.forward(1)
    assert await house.exports.by_token(token) is None
    with pytest.raises(Unknown):
        await house.exports.take(request.id, ADA.aad_id)


@pytest.mark.parametrize("token", ["", "x", "\x00", "\udcff", "ü" * 1000])
async def test_what_is_no_token_finds_nothing(house: House, token: str) -> None:
    await house.exports.ask(house.as_known(ADA), OURS)
    assert await house.exports.by_token(token) is None


async def test_an_audit_trail_is_asked_for_taken_once_and_both_is_in_it(house: House) -> None:
    request, token = await house.exports.ask_audit(house.as_known(ADA), house.northwind)
    assert (request.file_name, request.rows, request.kind) == ("audit-northwind-20260301.jsonl", 1, "audit")
    assert await house.exports.by_token(token) == request
    assert await house.exports.take(request.id, ADA.aad_id, NORTHWIND) == request
    content = b"".join([part async for part in house.exports.content(request)])
    assert [json.loads(line).get("outcome") for line in content.splitlines()] == ["asked", "done", None]
    with pytest.raises(Unknown):
        await house.exports.take(request.id, ADA.aad_id, NORTHWIND)
    assert await house.audited(FABRIKAM) == []


@pytest.mark.parametrize(
    ("name", "file_name"),
    [
        ('Fabrikam "EU" / Süd\r\n', "audit-fabrikam-eu-s-d-20260301.jsonl"),
        ("東京", f"audit-{NORTHWIND}-20260301.jsonl"),
    ],
)
async def test_a_partners_name_makes_no_mischief_in_the_file_name(house: House, name: str, file_name: str) -> None:
    request, _ = await house.exports.ask_audit(house.as_known(ADA), partner(name=name))
    assert request.file_name == file_name


async def test_the_content_of_alerts_is_the_csv(house: House) -> None:
    request, _ = await house.exports.ask(house.as_known(ADA), OURS)
    assert b"".join([part async for part in house.exports.content(request)]).startswith(b"Alert ID,")
