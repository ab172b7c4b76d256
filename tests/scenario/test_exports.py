"""The CSV: who gets it how, that it has exactly what was asked for, and that nobody else can fetch it."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from bot.domain.csv_rows import COLUMNS
from tests.support.desk import Desk
from tests.support.program import run
from tests.support.seen import Post

EVIL = {
    "displayName": "=cmd|' /C calc'!A0",
    "description": "@SUM(1+9)*cmd|' /C calc'!A0\n-2+3",
    "alertType": "+evil",
    "additionalDetails": {"+VM": "-2+3", "Host": '=HYPERLINK("https://evil.invalid","open")'},
}


async def consent_of(desk: Desk, person: str) -> Post:
    return next(post for post in reversed(await desk.posts(person, person)) if post.has_attached("file.consent"))


async def allow(desk: Desk, person: str, post: Post, action: str = "accept") -> Any:
    return await desk.client("consent", person=person, conversationId=post.where, messageId=post.id, action=action)


async def fetched(desk: Desk) -> str:
    """The file of the newest upload session, which a consent has just opened."""
    upload = list(desk.cloud.teams.uploads.values())[-1]
    await desk.until(lambda: upload.complete, "the upload")
    async with desk.http.get(f"{desk.cloud.base_url}/client/files/{upload.id}") as answer:
        assert answer.status == 200
        return (await answer.read()).decode("utf-8")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_export_in_a_personal_chat_by_consent(desk: Desk) -> None:
    alert, post = await desk.posted()
    evil = await desk.alert(**EVIL)
    await desk.settle("northwind")
    await desk.ask("ada", f"note {post.card.label} =1+1 called back")
    await desk.ask("max", f"mark {post.card.label} fraud proven")
    said = await desk.ask("ada", "export all", "ada")
    card = said.attached("file.consent")
    assert card["name"].endswith(".csv")
    assert (await allow(desk, "ada", said))["status"] == 200
    text = await fetched(desk)
    found = rows(text)
    assert text.splitlines()[0].split(",")[:3] == ["Alert ID", "Alert name", "Subscription ID"]
    assert list(found[0]) == list(COLUMNS)
    assert {row["Alert ID"].removeprefix("'") for row in found} == set(
        desk.cloud.world.alerts[desk.partner().tenant_id]
    )
    (mine,) = [row for row in found if row["Alert ID"] == alert["id"]]
    assert mine["Number"] == post.card.label
    assert (mine["Resolved reason"], mine["Decided by"], mine["Decided in"]) == ("fraud", "Max Okafor", "Teams")
    assert mine["Decision note"] == "proven"
    assert "called back" in mine["Notes"]
    assert mine["Description"] == alert["description"]
    assert mine["Customer"] == desk.cloud.world.customers[alert["customerTenantId"]].name
    assert alert["affectedResources"][0]["resourceId"] in mine["Affected resources"]
    assert "active -> resolved" in mine["Activity log"]
    (bad,) = [row for row in found if row["Alert ID"] == evil["id"]]
    assert bad["Alert name"] == "'" + EVIL["displayName"]
    for row in csv.reader(io.StringIO(text, newline="")):
        assert not [cell for cell in row if cell.lstrip()[:1] in ("=", "+", "-", "@")]
    for kept in ("'+VM: -2+3",):
        assert kept in bad["Additional details"]
    last = (await desk.audit())[-1]
    assert any(f"Northwind Cloud={last.seq}:{last.hash}" in post.text for post in await desk.posts("ada"))
    place = desk.place("ada")
    await desk.until(lambda: any("file.info" in str(each.activity) for each in place.messages.values()), "it is told")
    consent = next(
        entry.body for entry in reversed(desk.requests("bot")) if entry.body.get("name") == "fileConsent/invoke"
    )
    assert (await desk.raw({**consent, "id": "f:pressed-again"}))[0] == 200
    assert "not there any more" in (await desk.posts("ada"))[-1].text


async def test_an_export_has_exactly_the_rows_that_show_counts(desk: Desk) -> None:
    for words in (
        "",
        "all",
        "resolved",
        "severity:high",
        "all severity:low,medium since:14d",
        "test:yes",
        "severity:informational test:yes",
    ):
        shown = await desk.ask("ada", f"show {words}", "ada")
        counted = re.search(r"of ([\d,]+) alert", shown.text)
        count = int(counted[1]) if counted else 0
        said = await desk.ask("ada", f"export {words}", "ada")
        await allow(desk, "ada", said)
        found = rows(await fetched(desk))
        assert len(found) == count, words
        assert len({row["Alert ID"] for row in found}) == count, words
        first = re.search(r"A-\d+", shown.text)
        assert (first is None) is (count == 0), words
        assert first is None or first[0] in {row["Number"] for row in found}, words


async def test_declined_is_taken_at_its_word(desk: Desk) -> None:
    said = await desk.ask("ada", "export", "ada")
    assert (await allow(desk, "ada", said, "decline"))["status"] == 200
    assert not desk.cloud.teams.uploads
    assert "not saved" in (await desk.posts("ada"))[-1].text


async def test_from_a_channel_the_file_goes_into_the_askers_own_chat(desk: Desk) -> None:
    said = await desk.ask("nora", "export all")
    assert "personal chat" in said.text
    assert not any(post.has_attached("file.consent") for post in await desk.posts("alerts", "nora"))
    for other in ("ada", "max", "gil"):
        assert not any(post.has_attached("file.consent") for post in await desk.posts(other))
    consent = await consent_of(desk, "nora")
    await allow(desk, "nora", consent)
    assert len(rows(await fetched(desk))) == len(desk.cloud.world.alerts[desk.partner().tenant_id])


async def test_export_these_of_a_list(desk: Desk) -> None:
    listed = await desk.ask("ada", "show severity:high")
    answer = await desk.press("ada", listed, "Export these")
    assert "personal chat" in answer.text
    await allow(desk, "ada", await consent_of(desk, "ada"))
    assert {row["Severity"] for row in rows(await fetched(desk))} == {"high"}


async def test_a_consent_cannot_be_used_by_somebody_else(desk: Desk) -> None:
    await desk.ask("ada", "export all", "ada")
    await allow(desk, "ada", await consent_of(desk, "ada"))
    stolen = desk.requests("bot")[-1].body
    await fetched(desk)
    await desk.ask("ada", "export all", "ada")
    context = (await consent_of(desk, "ada")).attached("file.consent")["content"]["acceptContext"]
    max_ = desk.cloud.world.people["max"]
    forged = {
        **stolen,
        "id": "f:forged",
        "from": {"id": max_.mri, "name": max_.name, "aadObjectId": max_.aad_object_id},
        "conversation": {**stolen["conversation"], "id": desk.place("max").id},
        "value": {**stolen["value"], "context": context},
    }
    before = len(desk.requests("onedrive"))
    assert (await desk.raw(forged))[0] == 200
    assert "not yours" in (await desk.posts("max"))[-1].text
    assert len(desk.requests("onedrive")) == before
    await allow(desk, "ada", await consent_of(desk, "ada"))
    await desk.until(lambda: len(desk.requests("onedrive")) > before)


async def test_an_upload_goes_to_admitted_hosts_only(desk: Desk) -> None:
    await desk.ask("ada", "export all", "ada")
    await allow(desk, "ada", await consent_of(desk, "ada"))
    activity = desk.requests("bot")[-1].body
    await fetched(desk)
    for address in (
        "https://evil.invalid/upload",
        "http://127.0.0.1.evil.invalid/x",
        "file:///etc/passwd",
        "http://localhost:1/x",
    ):
        await desk.ask("ada", "export all", "ada")
        context = (await consent_of(desk, "ada")).attached("file.consent")["content"]["acceptContext"]
        value = {
            **activity["value"],
            "context": context,
            "uploadInfo": {**activity["value"]["uploadInfo"], "uploadUrl": address},
        }
        before = failures(desk)
        assert (await desk.raw({**activity, "id": f"f:{address}", "value": value}))[0] == 200
        await desk.until(lambda before=before: failures(desk) > before, "the bot says how it ended")


def failures(desk: Desk) -> int:
    """How often ada was told that a file could not be saved."""
    return sum("could not be saved" in str(message.activity) for message in desk.place("ada").messages.values())


async def test_an_upload_that_breaks_is_told(desk: Desk) -> None:
    await desk.ask("ada", "export all", "ada")
    await desk.fault("onedrive", "PUT", times=None, status=503)
    await allow(desk, "ada", await consent_of(desk, "ada"))
    await desk.until(lambda: failures(desk) == 1, "the bot says how it ended")


async def test_an_upload_survives_one_failure(desk: Desk) -> None:
    await desk.ask("ada", "export all", "ada")
    await desk.fault("onedrive", "PUT", status=503)
    await allow(desk, "ada", await consent_of(desk, "ada"))
    assert rows(await fetched(desk))


async def link_for(desk: Desk, person: str) -> str:
    """gus and finn have not installed the app: they get a link."""
    said = await desk.ask(person, "export all", {"gus": "alerts", "finn": "fabrikam"}[person])
    assert "sign in" in said.text
    (address,) = [action["url"] for action in said.card.buttons.values() if action["type"] == "Action.OpenUrl"]
    assert address.startswith(f"{desk.bot.url}/exports/")
    return str(address)


@asynccontextmanager
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    """A browser with cookies of its own."""
    jar = aiohttp.CookieJar(unsafe=True)  # 127.0.0.1 is no name
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield session


async def opened(session: aiohttp.ClientSession, address: str, person: str) -> tuple[int, str]:
    """Status and text of the page that the link leads to, after the person chose an account at Microsoft."""
    async with session.get(address) as page:
        text, status, where = await page.text(), page.status, page.url
    choice = re.search(rf"data-testid='signin-{person}' href='([^']+)'", text)
    if choice is None:
        return status, text
    async with session.get(where.join(URL(html.unescape(choice[1]), encoded=True))) as page:
        return page.status, await page.text()


def form_of(text: str) -> str:
    action = re.search(r'<form method="post" action="([^"]+)"', text)
    assert action is not None, text
    return action[1]


async def test_who_has_no_chat_with_the_bot_gets_a_link_that_serves_once(desk: Desk) -> None:
    await desk.ask("fay", "subscribe", "fabrikam")
    address = await link_for(desk, "finn")
    async with browser() as finn:
        status, text = await opened(finn, address, "finn")
        assert status == 200
        action = form_of(text)
        async with finn.post(f"{desk.bot.url}{action}") as file:
            assert file.status == 200
            assert file.content_type == "text/csv"
            assert "no-store" in file.headers["Cache-Control"]
            assert 'filename="alerts-' in file.headers["Content-Disposition"]
            found = rows((await file.read()).decode())
        assert {row["Partner"] for row in found} == {"Fabrikam Distribution"}
        assert len(found) == len(desk.cloud.world.alerts[desk.partner("fabrikam").tenant_id])
        async with finn.post(f"{desk.bot.url}{action}") as again:
            assert again.status in (403, 404)
            assert "text/csv" not in again.content_type
        assert (await opened(finn, address, "finn"))[0] == 404
    outcomes = [(row.entry.act, row.entry.outcome) for row in await desk.audit("fabrikam")]
    assert outcomes.count(("export", "done")) == 1


async def test_a_guest_signs_in_with_the_home_account(desk: Desk) -> None:
    address = await link_for(desk, "gus")
    async with browser() as gus:
        status, text = await opened(gus, address, "gus")
        assert status == 200
        async with gus.post(f"{desk.bot.url}{form_of(text)}") as file:
            assert file.status == 200
            assert {row["Partner"] for row in rows((await file.read()).decode())} == {"Northwind Cloud"}


async def test_another_account_is_refused_and_uses_nothing_up(desk: Desk) -> None:
    await desk.ask("fay", "subscribe", "fabrikam")
    address = await link_for(desk, "finn")
    for other in ("fay", "ada"):
        async with browser() as theirs:
            status, text = await opened(theirs, address, other)
            assert 400 <= status < 500, text
            assert "<form" not in text
            async with theirs.post(address) as file:
                assert file.status == 403
    async with browser() as finn, browser() as thief:
        status, text = await opened(finn, address, "finn")
        assert status == 200
        async with thief.post(f"{desk.bot.url}{form_of(text)}") as file:
            assert file.status == 403, "the page of another browser"
        async with finn.post(f"{desk.bot.url}{form_of(text)}") as file:
            assert file.status == 200


async def test_a_link_ends_after_half_an_hour(desk: Desk) -> None:
    await desk.ask("fay", "subscribe", "fabrikam")
    address = await link_for(desk, "finn")
    desk.clock.forward(31 * 60)
    async with browser() as finn:
        assert (await opened(finn, address, "finn"))[0] == 404


async def test_made_up_links_and_sign_ins_lead_nowhere(desk: Desk) -> None:
    for path in (
        "exports/" + "A" * 43,
        "auth/callback",
        "auth/callback?state=x&code=y",
        "auth/start",
        "exports/short",
        "auth/callback?error=access_denied",
    ):
        async with desk.http.get(f"{desk.bot.url}/{path}", allow_redirects=False) as page:
            assert 400 <= page.status < 500, path
            assert "Traceback" not in await page.text()


async def test_the_command_line_exports_too(desk: Desk, tmp_path: Path) -> None:
    await desk.posted()
    wanted = (
        ["export", "all", "severity:high"],
        ["export", "all", "partner:fabrikam", "--out", "alerts.csv"],
        ["export", "severity:purple"],
    )
    first, second, third = await asyncio.gather(*(run(arguments, desk.settings, tmp_path) for arguments in wanted))
    code, out, said = first
    assert code == 0, said
    found = rows(out.decode())
    assert found
    assert {row["Severity"] for row in found} == {"high"}
    assert {row["Partner"] for row in found} == {"Northwind Cloud", "Fabrikam Distribution"}
    assert second[0] == 0, second[2]
    assert {row["Partner"] for row in rows((tmp_path / "alerts.csv").read_text())} == {"Fabrikam Distribution"}
    assert third[0] == 2
    assert "purple" in third[2]
