"""The program as an operator meets it: health, metrics, start and stop, settings; and the same on PostgreSQL."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.support.desk import Desk, running_desk
from tests.support.program import environment, run, serving


async def test_health_ready_and_metrics(desk: Desk) -> None:
    _, post = await desk.posted()
    await desk.press("ada", post, "Mark as fraud")
    await desk.press("nora", post, "Mark as fraud")
    async with desk.http.get(f"{desk.bot.url}/healthz") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "ok"})
    async with desk.http.get(f"{desk.bot.url}/readyz") as answer:
        told = await answer.json()
        assert answer.status == 200
        assert told["ready"] is True
        assert told["store"]["ok"]
        assert told["token"]["ok"]
        assert set(told["partners"]) == set(desk.parts.env.partners)
        assert all(partner["first_sync_done"] for partner in told["partners"].values())
        assert "pending" in told["outbox"]["items"]
    async with desk.http.get(f"{desk.bot.url}/metrics") as answer:
        text = await answer.text()
        assert answer.status == 200
        assert "alertdesk_" in text
        for secret in ("insecure", "Ada Lindqvist", desk.cloud.world.people["ada"].upn, "Scenario alert"):
            assert secret not in text


async def test_ready_does_not_wait_for_the_first_sync(tmp_path: Path) -> None:
    async with running_desk(tmp_path, installed=False) as desk, desk.http.get(f"{desk.bot.url}/readyz") as answer:
        assert answer.status == 200
        assert not any(partner["first_sync_done"] for partner in (await answer.json())["partners"].values())


@pytest.mark.usefixtures("product_seconds")
async def test_serve_works_and_ends_on_sigterm_with_0(tmp_path: Path) -> None:
    async with running_desk(tmp_path, POLL_SECONDS="1") as desk:
        async with serving(desk.settings, tmp_path) as program:
            desk.cloud.bot_url = program.url
            alert = await desk.alert()
            post = await desk.appeared(alert)
            await desk.fault("graph", "PATCH", latency=4)
            answer = await desk.press("ada", post, "Mark as fraud")
            assert "has not confirmed" in answer.text
            assert await program.terminate(15) == 0, "".join(program.said)
        assert len(desk.deeds()) == 1, "what was under way was finished"
        assert "Traceback" not in "".join(program.said)
        for secret in ("insecure-app-secret", "Bearer "):
            assert secret not in "".join(program.said)


async def test_a_sigterm_before_it_listens_ends_it_with_0_too(tmp_path: Path, desk: Desk) -> None:
    while_it_starts = "app.build_app = lambda settings: os.kill(os.getpid(), signal.SIGTERM)"
    program = (
        f"import os, signal, sys\nfrom bot import app, __main__\n{while_it_starts}\nsys.exit(__main__.main(['serve']))"
    )
    settings = {**desk.settings, "ALERTDESK_DATABASE_URL": f"sqlite:///{tmp_path}/starting.db"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=tmp_path, env=environment(settings), stderr=asyncio.subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, said) == (0, b"")


@pytest.mark.usefixtures("product_seconds")
async def test_serve_speaks_the_language_of_its_settings_from_the_start(tmp_path: Path) -> None:
    async with running_desk(tmp_path, POLL_SECONDS="1") as desk:
        async with serving({**desk.settings, "ALERTDESK_LOCALE": "de"}, tmp_path) as program:
            async with desk.http.get(f"{program.url}/healthz") as answer:
                assert answer.status == 200
            assert await program.terminate(15) == 0, "".join(program.said)
        assert "Traceback" not in "".join(program.said)


async def test_wrong_settings_end_with_2_and_name_each(tmp_path: Path, desk: Desk) -> None:
    good = dict(desk.settings)
    cases: list[tuple[dict[str, str], tuple[str, ...]]] = [
        ({}, ("APP_ID", "APP_TENANT_ID", "PARTNERS", "AUDIT_KEY")),
        (
            {
                **good,
                "ALERTDESK_APP_ID": "x",
                "ALERTDESK_AUDIT_KEY": "short",
                "ALERTDESK_POLL_SECONDS": "0",
                "ALERTDESK_PUBLC_URL": "https://x",
                "ALERTDESK_CLOUD": "china",
            },
            ("APP_ID", "AUDIT_KEY", "POLL_SECONDS", "PUBLC_URL", "PUBLIC_URL", "CLOUD"),
        ),
        (
            {**good, "ALERTDESK_DANGEROUSLY_ALLOW_LOOPBACK": "false"},
            ("LOGIN_URL", "GRAPH_URL", "SERVICE_HOSTS", "PUBLIC_URL"),
        ),
        ({**good, "ALERTDESK_DATABASE_URL": "sqlite:////no/such/folder/x.db"}, ("folder",)),
    ]
    results = await asyncio.gather(*(run(["serve"], settings, tmp_path) for settings, _ in cases))
    for (settings, names), (code, _, said) in zip(cases, results, strict=True):
        assert code == 2, (names, said)
        for name in names:
            assert name.lower() in said.lower(), (name, said)
        assert "Traceback" not in said
        assert len(settings) == 0 or settings["ALERTDESK_APP_SECRET"] not in said


async def test_the_audit_chain_is_verified_by_the_command_line(desk: Desk, tmp_path: Path) -> None:
    _, post = await desk.posted()
    await desk.press("ada", post, "Mark as fraud")
    await desk.press("nora", post, "Mark as fraud")
    code, out, said = await run(["audit", "verify"], desk.settings, tmp_path)
    assert code == 0, said
    assert b"whole" in out


async def test_the_whole_way_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    async with running_desk(tmp_path, database_url=postgres_url) as desk:
        alert, post = await desk.posted()
        answers = await asyncio.gather(
            desk.press("ada", post, "Mark as fraud"), desk.press("max", post, "Mark legitimate")
        )
        assert {answer.status for answer in answers} == {200}
        await desk.deliver()
        assert len(desk.requests("graph", "PATCH")) == 1
        assert " by " in (await desk.card(alert)).card.text
        assert len([line for line in await desk.lines(post) if "already" not in line]) == 1
        await desk.in_portal(alert, "reopen", by="max")
        await desk.settle("northwind")
        assert "reopened" in (await desk.lines(post))[-1]
        assert (await desk.press("nora", post, "Mark as fraud")).kind == "error"
        assert post.card.label in (await desk.ask("nora", "show unresolved since:1h")).text
        assert post.card.label in (await desk.ask("nora", f"search {alert['subscriptionId'][:10]}")).text
        await desk.ask("ada", f"note {post.card.label} called back")
        said = await desk.ask("ada", "export all", "ada")
        await desk.client("consent", person="ada", conversationId=said.where, messageId=said.id, action="accept")
        await desk.until(lambda: any(upload.complete for upload in desk.cloud.teams.uploads.values()))
        (upload,) = desk.cloud.teams.uploads.values()
        assert b"called back" in upload.data
        chat = desk.place("ada").messages
        await desk.until(lambda: any("file.info" in str(said.activity) for said in chat.values()), "it is told")
        await desk.fault("connector", "POST", "/activities$", drop="after")
        other = await desk.alert()
        await desk.settle("northwind")
        assert (await desk.outbox())["uncertain"] == 1
        await desk.press("ada", await desk.card(other), "Ignore")
        await desk.deliver()
        assert "Ignored by Ada Lindqvist" in (await desk.card(other)).card.text
