"""The audit trail handed out: whole, to Admin Agents alone, the same in chat and command line; and its head, daily."""

from __future__ import annotations

import json
from pathlib import Path

from bot.services.operators import Operators
from bot.texts import signing_in
from bot.workers.evidence import DailyHeads
from tests.scenario.test_exports import allow, browser, fetched, form_of, opened
from tests.support.desk import Desk
from tests.support.program import run
from tests.support.signing import press


async def busy(desk: Desk) -> None:
    """Something to have evidence of: a verdict, a denial, a note."""
    _, post = await desk.posted()
    await desk.press("ada", post, "Mark as fraud")
    await desk.press("nora", post, "Mark as fraud")
    await desk.ask("max", f"note {post.card.label} the customer called back")


async def test_an_admin_agent_exports_the_trail_which_verifies_anywhere(desk: Desk, tmp_path: Path) -> None:
    await busy(desk)
    said = await desk.ask("ada", "export audit", "ada")
    name = said.attached("file.consent")["name"]
    assert name.startswith("audit-northwind-cloud-")
    assert name.endswith(".jsonl")
    assert (await allow(desk, "ada", said))["status"] == 200
    text = await fetched(desk)
    *rows, head = [json.loads(line) for line in text.splitlines()]
    trail = await desk.audit()
    assert [(row["seq"], row["act"], row["outcome"], row["hash"]) for row in rows] == [
        (row.seq, row.entry.act, row.entry.outcome, row.hash) for row in trail
    ]
    assert {("mark fraud", "done"), ("mark", "denied"), ("note", "done"), ("export audit", "asked")} <= {
        (row["act"], row["outcome"]) for row in rows
    }
    assert head == {"head": {"partner": desk.partner().tenant_id, "count": len(rows), "hash": rows[-1]["hash"]}}
    told = f"Northwind Cloud={len(rows)}:{rows[-1]['hash']}"
    assert any(told in post.text for post in await desk.posts("ada")), "the head is told"

    (tmp_path / "chat.jsonl").write_text(text)
    again = ["export", "audit", "--partner", "Northwind Cloud", "--out", "program.jsonl"]
    code, _, err = await run(again, desk.settings, tmp_path)
    assert (code, err) == (0, f"Head of the audit trail: {told}\n")
    assert (tmp_path / "program.jsonl").read_text() == text
    key = {"ALERTDESK_AUDIT_KEY": desk.settings["ALERTDESK_AUDIT_KEY"]}
    code, out, err = await run(["audit", "verify", "--file", "chat.jsonl", "--head", told], key, tmp_path)
    assert (code, err) == (0, "")
    assert f"whole, {len(rows)} rows" in out.decode()
    code, out, _ = await run(["audit", "verify", "--head-file", "chat.jsonl"], desk.settings, tmp_path)
    assert code == 0, out
    changed = text.replace('"outcome":"denied"', '"outcome":"done"', 1)
    assert changed != text
    (tmp_path / "chat.jsonl").write_text(changed)
    code, out, _ = await run(["audit", "verify", "--file", "chat.jsonl"], key, tmp_path)
    assert code == 1
    assert "was changed" in out.decode()


async def test_a_reader_is_refused_and_that_is_on_record(desk: Desk) -> None:
    for person in ("nora", "gil"):
        for where in ("alerts", person):
            answer = await desk.ask(person, "export audit", where)
            assert "you need the role Admin Agent" in answer.text
            assert not answer.has_attached("file.consent")
    rows = [row.entry for row in await desk.audit() if row.entry.act == "export audit"]
    assert [row.outcome for row in rows] == ["denied"] * 4
    ids = desk.cloud.world.people
    assert {row.actor_id for row in rows} == {ids[person].aad_object_id for person in ("nora", "gil")}
    assert not desk.cloud.teams.uploads


async def test_in_a_channel_it_goes_into_the_askers_own_chat(desk: Desk) -> None:
    said = await desk.ask("ada", "export audit")
    assert "Waiting for you in our personal chat: the audit trail of Northwind Cloud." in said.text
    posts = [post for post in await desk.posts("ada", "ada") if post.has_attached("file.consent")]
    await allow(desk, "ada", posts[-1])
    assert json.loads((await fetched(desk)).splitlines()[-1])["head"]["partner"] == desk.partner().tenant_id


async def test_whoever_has_no_chat_with_the_bot_gets_a_link_for_one(desk: Desk) -> None:
    await desk.ask("fay", "subscribe", "fabrikam")
    await desk.roles("finn", "adminAgent", True)
    said = await desk.ask("finn", "export audit", "fabrikam")
    rows = await desk.audit("fabrikam")
    assert f"Fabrikam Distribution={rows[-1].seq}:{rows[-1].hash}" in said.text
    (address,) = [action["url"] for action in said.card.buttons.values() if action["type"] == "Action.OpenUrl"]
    async with browser() as thief:
        status, text = await opened(thief, address, "fay")
        assert 400 <= status < 500, text
    async with browser() as finn:
        status, text = await opened(finn, address, "finn")
        assert status == 200
        async with finn.post(f"{desk.bot.url}{form_of(text)}") as file:
            assert file.status == 200
            lines = (await file.text()).splitlines()
    assert [json.loads(line).get("hash") for line in lines[:-1]] == [row.hash for row in await desk.audit("fabrikam")]


async def test_the_operators_read_the_heads_once_a_day(desk: Desk) -> None:
    env, where = desk.parts.env, desk.channel().id
    for _ in range(2):
        await DailyHeads(env, Operators(env, where)).run()
    await desk.deliver()
    said = [post.text for post in await desk.posts() if "Heads of the audit trails" in post.text]
    assert len(said) == 1
    async with desk.parts.store.read() as tx:
        count, value = await tx.audit.head(desk.partner().tenant_id)
    assert f"Northwind Cloud={count}:{value}" in said[0]


async def test_typed_in_a_channel_where_the_bot_acts_as_people_a_button_carries_it(people: Desk) -> None:
    typed = await people.ask("ada", "export audit")
    assert signing_in.GO_ON_AS_ME in typed.card.buttons
    assert await people.audit() == []
    await press(people, "ada", typed, signing_in.GO_ON_AS_ME)
    posts = [post for post in await people.posts("ada", "ada") if post.has_attached("file.consent")]
    assert posts[-1].attached("file.consent")["name"].startswith("audit-northwind-cloud-")
    assert [(row.entry.act, row.entry.outcome) for row in await people.audit()] == [("export audit", "asked")]
