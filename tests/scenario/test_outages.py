"""What the bot stands on is away: it stays up, says so, tells people in plain words, and goes on by itself."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import psycopg
import pytest

from bot.errors import Transient
from bot.texts import delivery as delivery_texts
from bot.texts import en as texts
from tests.support.desk import Desk, running_desk
from tests.support.program import Program, run, serving

POSTS = r"/activities$"


async def ready(url: str) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as http, http.get(f"{url}/readyz") as answer:
        return answer.status, await answer.json()


async def becomes_ready(program: Program, *, ready_now: bool) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            status, told = await ready(program.url)
            if (status == 200) is ready_now:
                return told
            await asyncio.sleep(0.1)


@pytest.mark.postgres
@pytest.mark.usefixtures("product_seconds")
async def test_a_database_that_is_away_at_the_start_and_again_later_is_waited_for(
    tmp_path: Path, postgres_url: str
) -> None:
    (real,) = parse_qs(urlsplit(postgres_url).query)["host"]
    door = tmp_path / "door"  # the database can be reached while this leads to it
    url = postgres_url.replace(real, str(door))
    async with running_desk(tmp_path, POLL_SECONDS="1", database_url=postgres_url) as desk:
        alert, _ = await desk.posted()
        settings = {**desk.settings, "ALERTDESK_DATABASE_URL": url}
        async with serving(settings, tmp_path) as program:
            told = await becomes_ready(program, ready_now=False)
            assert (told["store"]["ok"], told["token"]["ok"]) == (False, True)
            assert "database" in told["store"]["problem"]
            door.symlink_to(real)
            await becomes_ready(program, ready_now=True)
            desk.cloud.bot_url = program.url
            door.unlink()
            _end_sessions(postgres_url)
            told = await becomes_ready(program, ready_now=False)
            answer = await desk.press("ada", await desk.card(alert), "Mark as fraud")
            assert texts.TRY_AGAIN in answer.text
            assert desk.deeds() == []
            door.symlink_to(real)
            await becomes_ready(program, ready_now=True)
            await desk.press("ada", await desk.card(alert), "Mark as fraud")
            assert len(desk.deeds()) == 1
            assert await program.terminate(15) == 0


def _end_sessions(url: str) -> None:
    """Of everybody who uses that database, as a server does that restarts."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def test_a_second_bot_on_the_same_sqlite_file_does_not_start_and_one_after_a_crash_does(tmp_path: Path) -> None:
    async with running_desk(tmp_path) as desk:
        settings = {**desk.settings, "ALERTDESK_DATABASE_URL": f"sqlite:///{tmp_path / 'own.db'}"}
        async with serving(settings, tmp_path) as first:
            code, _, said = await run(["serve"], settings, tmp_path)
            assert code == 2
            assert "already runs on this SQLite database" in said
            assert "Traceback" not in said
            assert (await run(["migrate"], settings, tmp_path))[0] == 0, "the other commands may work beside it"
            first.kill()
            await first.process.wait()
        async with serving(settings, tmp_path) as second:
            assert await second.terminate(15) == 0


async def test_a_locked_database_ends_nothing_and_is_told_in_plain_words(desk: Desk) -> None:
    _, post = await desk.posted()
    path = desk.settings["ALERTDESK_DATABASE_URL"].removeprefix("sqlite:///")
    other = sqlite3.connect(path)
    try:
        other.execute("BEGIN IMMEDIATE")
        answer = await desk.press("ada", post, "Mark as fraud")
        assert texts.TRY_AGAIN in answer.text
    finally:
        other.close()
    assert desk.deeds() == []
    assert (await desk.press("ada", post, "Mark as fraud")).kind == "card"
    assert len(desk.deeds()) == 1


async def test_who_does_not_answer_is_told_by_name_since_when_and_until_it_does(desk: Desk) -> None:
    _, told = await ready(desk.bot.url)
    assert {"graph", "connector", "entra"} <= set(told["services"])
    assert all(service == {"ok": True} for service in told["services"].values()), told["services"]
    await desk.fault("graph", None, times=None, status=503)
    with pytest.raises(Transient):
        await desk.poll("northwind")
    status, told = await ready(desk.bot.url)
    assert status == 200, "turns can be taken all the same"
    graph = told["services"]["graph"]
    assert (graph["ok"], graph["problem"], graph["since"] <= graph["last"]) == (False, "It answers HTTP 503.", True)
    assert told["services"]["connector"] == {"ok": True}
    await desk.heal()
    await desk.poll("northwind")
    assert (await ready(desk.bot.url))[1]["services"]["graph"] == {"ok": True}


async def test_a_card_that_is_too_large_for_teams_is_made_shorter_until_it_fits(desk: Desk) -> None:
    alert = await desk.alert()
    await desk.fault("connector", "POST", POSTS, times=3, status=413, body={"error": {"code": "MessageSizeTooBig"}})
    await desk.settle("northwind")
    post = await desk.card(alert)
    assert "Scenario alert" in post.card.text
    assert "parked" not in await desk.outbox()


async def test_an_earlier_copy_that_is_found_points_at_the_later_one(desk: Desk) -> None:
    alert = await desk.alert()
    await desk.fault("connector", "POST", POSTS, drop="after")
    await desk.settle("northwind")
    (first,) = await desk.cards_of(alert)
    desk.clock.forward(200)
    await desk.deliver()
    assert len(await desk.cards_of(alert)) == 2
    await desk.refresh("nora", first)
    await desk.deliver()
    (second,) = await desk.cards_of(alert)
    assert second.id != first.id
    stands = str(desk.place("alerts").messages[first.id].activity)
    assert delivery_texts.pointer_title(second.card.label) in stands


async def test_a_reply_in_the_thread_of_a_card_in_doubt_means_that_alert(desk: Desk) -> None:
    alert = await desk.alert()
    await desk.fault("connector", "POST", POSTS, drop="after")
    await desk.settle("northwind")
    post = await desk.card(alert)
    await desk.say("ada", "investigate", thread=post.id)
    desk.clock.forward(600)
    await desk.deliver()
    assert "nvestigating" in (await desk.card(alert)).card.text
    assert "uncertain" not in await desk.outbox()


async def test_a_reply_in_somebody_elses_thread_does_not_take_their_post_for_a_card(desk: Desk) -> None:
    said = await desk.ask("ada", "help")
    alert = await desk.alert()
    await desk.fault("connector", "POST", POSTS, drop="before")
    await desk.settle("northwind")
    assert not await desk.cards_of(alert)
    place = desk.place("alerts")
    before = {message.id: str(message.activity) for message in place.messages.values()}
    root = next(message.id for message in place.messages.values() if "help" in str(message.activity.get("text", "")))
    await desk.ask("ada", "status", thread=root)
    assert said is not None
    assert {each: str(place.messages[each].activity) for each in before} == before
    desk.clock.forward(600)
    await desk.deliver()
    assert await desk.card(alert), "it is sent again"


async def test_no_window_is_passed_by_bots_that_follow_each_other_at_once(desk: Desk) -> None:
    alerts = [await desk.alert(subscriptionId=f"00000000-0000-4000-8000-{n:012}") for n in range(14)]
    await desk.poll("northwind")
    for _ in range(3):
        for _ in range(4):
            await desk.parts.delivery.step()
        desk.clock.forward(-35)  # undoes what `another` waits
        await desk.another()
        await desk.parts.delivery.take_over()
    await desk.deliver()
    assert desk.over_limit() == []
    assert len(alerts) == 14


async def test_an_answer_that_teams_does_not_take_now_comes_when_it_does(desk: Desk) -> None:
    alert, post = await desk.posted()
    await desk.fault("connector", "POST", POSTS, status=429, code="Throttled", retry_after=20)
    await desk.say("ada", "note it was me", thread=post.id)
    assert (await desk.outbox())["pending"] > 0
    desk.clock.forward(60)
    await desk.deliver()
    lines = await desk.lines(post)
    assert [line for line in lines if "is saved" in line], lines
    assert [line for line in lines if line.startswith("Note by Ada")], lines
    assert (await desk.card(alert)).id == post.id
