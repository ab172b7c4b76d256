"""The audit trail as a file: whole, as it stood, in parts; and whose it is."""

from __future__ import annotations

import json

import pytest

from bot.domain.audit import Head
from bot.domain.audit_lines import read_head, read_row
from bot.errors import UserError
from bot.services import evidence
from tests.factories import FABRIKAM, NORTHWIND, entry, guid, partner
from tests.support.house import House

PARTNERS = {
    each.tenant_id: each
    for each in (
        partner(name="Contoso"),
        partner(name="Contoso EU", tenant_id=FABRIKAM),
        partner(name="Tailspin", tenant_id=guid(3)),
    )
}
BOTH = frozenset({NORTHWIND, FABRIKAM})


async def append(house: House, count: int, of: str = NORTHWIND) -> None:
    async with house.store.write() as tx:
        for number in range(count):
            await tx.audit.append(entry(subject=f"A-{number}", partner=of), house.clock.now())


async def test_it_comes_in_parts_with_each_row_once_and_the_head_at_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "_BATCH", 3)
    await append(house, 8)
    await append(house, 2, FABRIKAM)
    parts = [part async for part in evidence.stream(house.env, NORTHWIND)]
    assert [part.count(b"\n") for part in parts] == [3, 3, 3]
    *rows, last = b"".join(parts).splitlines()
    assert [read_row(NORTHWIND, row) for row in rows] == await house.audit()
    (head,) = await evidence.heads(house.env, [NORTHWIND])
    assert read_head(last) == head == Head(NORTHWIND, 8, (await house.audit())[-1].hash)


async def test_what_is_added_meanwhile_is_not_in_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await append(house, 2)
    monkeypatch.setattr(evidence, "_BATCH", 1)
    stream = evidence.stream(house.env, NORTHWIND)
    first = await anext(stream)
    await append(house, 2)
    lines = [json.loads(line) for line in b"".join([first, *[part async for part in stream]]).splitlines()]
    assert [line.get("seq") for line in lines] == [1, 2, None]
    assert lines[-1]["head"]["count"] == 2


async def test_an_empty_chain_is_its_head_alone(house: House) -> None:
    (line,) = b"".join([part async for part in evidence.stream(house.env, NORTHWIND)]).splitlines()
    assert read_head(line) == Head(NORTHWIND, 0, "0" * 64)


async def test_every_chain_has_its_head(house: House) -> None:
    await append(house, 1, guid(9))
    found = await evidence.all_heads(house.env)
    assert [head.partner for head in found] == sorted(["", NORTHWIND, FABRIKAM, guid(9)])
    assert [told.partition("=")[0] for told in evidence.told(found, house.env.partners)] == [
        {"": "none", NORTHWIND: "Northwind", FABRIKAM: "Fabrikam"}.get(head.partner, head.partner) for head in found
    ]


@pytest.mark.parametrize(
    ("words", "readable", "name"),
    [
        ("", {NORTHWIND}, "Contoso"),
        ("partner:contoso", BOTH, "Contoso"),
        ('partner:"Contoso EU"', BOTH, "Contoso EU"),
        ("partner:eu", BOTH, "Contoso EU"),
        (f"partner:{FABRIKAM}", BOTH, "Contoso EU"),
    ],
)
def test_the_partner_is_chosen(words: str, readable: frozenset[str], name: str) -> None:
    assert evidence.chosen_partner(words, readable, PARTNERS).name == name


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "Contoso or Contoso EU"),
        ("partner:cont", "Contoso or Contoso EU"),
        ("partner:tailspin", "Contoso or Contoso EU"),
        ("partner:Contoso,EU severity:high", "exported whole"),
        ("since:7d", "exported whole"),
        ("resolved", "exported whole"),
        ("sevrity:high", "no filter"),
    ],
)
def test_what_names_no_single_one_is_refused_and_names_none_that_may_not_be_read(words: str, says: str) -> None:
    with pytest.raises(UserError, match=says) as refusal:
        evidence.chosen_partner(words, BOTH, PARTNERS)
    assert "Tailspin" not in refusal.value.message
