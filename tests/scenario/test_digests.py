"""Digests, credit requests and evidence packs over HTTP, as people type and press them."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.domain.audit_lines import read_head, read_row
from tests.scenario.test_exports import allow, consent_of
from tests.support.desk import Desk

TICKET = "2611230040001234"


async def zip_of(desk: Desk) -> dict[str, bytes]:
    """The file of the newest upload session, which a consent has just opened."""
    upload = list(desk.cloud.teams.uploads.values())[-1]
    await desk.until(lambda: upload.complete, "the upload")
    async with desk.http.get(f"{desk.cloud.base_url}/client/files/{upload.id}") as answer:
        assert answer.status == 200
        content = await answer.read()
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        assert pack.testzip() is None
        return {name: pack.read(name) for name in pack.namelist()}


async def test_a_daily_digest_is_set_by_an_admin_agent_and_comes_once_at_its_time(desk: Desk) -> None:
    refused = await desk.ask("nora", "digest daily 08:00 Europe/Stockholm")
    assert "you need the role Admin Agent" in refused.text
    soon = f"{(desk.clock.now() + timedelta(hours=1)).astimezone(ZoneInfo('Asia/Kolkata')):%H:%M}"
    told = await desk.ask("ada", f"digest daily {soon} Asia/Kolkata")
    assert f"Every day at {soon}, Asia/Kolkata" in told.text
    await desk.posted()
    before = {post.id for post in await desk.posts()}
    assert await desk.parts.digests.step() == 0
    desk.clock.forward(3600)
    await desk.parts.digests.step()
    await desk.deliver()
    await desk.parts.digests.step()
    await desk.deliver()
    (digest,) = [post for post in await desk.posts() if post.id not in before and "Daily digest" in post.text]
    assert digest.thread is None
    assert "Unresolved" in digest.text
    listed = await desk.press("nora", digest, "Show unresolved")
    assert "alert" in listed.card.text
    stopped = await desk.ask("ada", "digest off")
    assert "no daily digest" in stopped.text
    rows = [row.entry for row in await desk.audit() if row.entry.act == "digest"]
    assert [row.outcome for row in rows] == ["denied", "done", "done"]


async def test_a_digest_now_is_pressed_and_typed(desk: Desk) -> None:
    shown = await desk.ask("nora", "digest")
    assert "No digest is set" in shown.text
    answer = await desk.press("ada", shown, "Send one now")
    assert "on its way" in answer.text
    await desk.deliver()
    assert "Digest" in (await desk.posts())[-1].text
    await desk.ask("max", "digest now")
    await desk.deliver()
    assert "unresolved" in (await desk.posts())[-1].text.lower()


async def test_a_verdict_of_fraud_starts_a_clock_that_ends_with_the_ticket(desk: Desk) -> None:
    alert, post = await desk.posted()
    subscription = alert["subscriptionId"]
    await desk.ask("ada", f"mark {post.card.label} fraud mining pool")
    await desk.settle("northwind")
    assert "Credit request to Microsoft: until" in (await desk.card(alert)).card.text
    assert "Credit request: day" in (await desk.ask("nora", f"show {post.card.label}")).text
    listed = await desk.ask("nora", "refunds")
    assert subscription in listed.text
    assert "Microsoft's decision" in listed.text
    denied = await desk.ask("nora", f"refunds done {post.card.label} {TICKET}")
    assert "you need the role Admin Agent" in denied.text
    done = await desk.ask("ada", f"refunds done {subscription} {TICKET}")
    assert f"ticket {TICKET}" in done.text
    await desk.settle("northwind")
    assert f"ticket {TICKET} filed, says Ada" in (await desk.card(alert)).card.text
    assert subscription not in (await desk.ask("nora", "refunds")).text
    await desk.ask("ada", f"refunds undo {subscription}")
    assert subscription in (await desk.ask("nora", "refunds")).text


async def test_an_evidence_pack_in_a_personal_chat_is_whole_and_checks_out(desk: Desk) -> None:
    alert, post = await desk.posted()
    await desk.ask("ada", f"note {post.card.label} =1+1 called back")
    await desk.ask("max", f"mark {post.card.label} fraud proven")
    said = await desk.ask("ada", f"evidence {post.card.label}", "ada")
    assert said.attached("file.consent")["name"].endswith(".zip")
    assert (await allow(desk, "ada", said))["status"] == 200
    files = await zip_of(desk)
    sums = dict(reversed(line.split("  ", 1)) for line in files.pop("MANIFEST.txt").decode().splitlines())
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert f"alerts/{post.card.label}.json" in files
    assert alert["id"].encode() in files[f"alerts/{post.card.label}.json"]
    assert "Max Okafor" in files["timeline.md"].decode()
    assert "Max Okafor" in files["timeline.html"].decode()
    found = list(csv.DictReader(io.StringIO(files["alerts.csv"].decode(), newline="")))
    assert alert["id"] in {row["Alert ID"] for row in found}
    tenant = desk.partner().tenant_id
    *lines, last = files["audit.jsonl"].splitlines()
    chain = {row.seq: row for row in await desk.audit()}
    rows = [read_row(tenant, line) for line in lines]
    assert [row for row in rows if chain[row.seq] != row] == []
    assert {"note", "mark fraud"} <= {row.entry.act for row in rows}
    assert chain[read_head(last).count].hash == read_head(last).hash


async def test_an_evidence_pack_from_a_channel_goes_to_the_asker_alone_and_to_admin_agents_only(desk: Desk) -> None:
    alert, post = await desk.posted()
    denied = await desk.ask("nora", f"evidence {alert['subscriptionId']}")
    assert "you need the role Admin Agent" in denied.text
    told = await desk.ask("ada", f"evidence {alert['subscriptionId']}")
    assert "personal chat" in told.text
    await allow(desk, "ada", await consent_of(desk, "ada"))
    assert f"alerts/{post.card.label}.json" in await zip_of(desk)
    acts = [(row.entry.act, row.entry.outcome) for row in await desk.audit()]
    assert acts[-3:] == [("export audit", "denied"), ("export audit", "asked"), ("export audit", "done")]
