"""What comes in broken, forged or absurd gets a clear answer, never 500, and nothing is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from bot.sandbox.botframework import FLAWS, sign_activity
from tests.support.desk import Desk


async def an_activity(desk: Desk, **changes: Any) -> dict[str, Any]:
    """A good message of ada in the channel, changed; None removes."""
    await desk.client("messages", person="ada", conversationId=desk.place("alerts").id, text="help", mentionBot=True)
    whole = {**desk.requests("bot")[-1].body, "id": "1999999999999", **changes}
    return {name: value for name, value in whole.items() if value is not None}


async def post(
    desk: Desk, body: bytes, *, content_type: str = "application/json", signed: bool = True, **headers: str
) -> tuple[int, str]:
    """As bytes, past the sandbox's client."""
    service_url = desk.cloud.teams.service_url(desk.partner().tenant_id)
    token = {"Authorization": f"Bearer {sign_activity(desk.cloud, service_url)}"} if signed else {}
    sent = {"Content-Type": content_type, **token, **headers}
    async with desk.http.post(f"{desk.bot.url}/api/messages", data=body, headers=sent) as answer:
        return answer.status, await answer.text()


async def test_a_forged_token_is_refused_and_nothing_happens(desk: Desk) -> None:
    _, card = await desk.posted()
    activity = await an_activity(desk, text=f"<at>Alert Desk</at> mark {card.card.label} fraud")
    before = len(await desk.posts())
    for flaw in (*FLAWS, False):
        status, body = await desk.raw(activity, flaw)
        assert status in (401, 403), flaw
        assert set(body["error"]) == {"code", "message"}
    assert len(await desk.posts()) == before
    assert not desk.requests("graph", "PATCH")


async def test_a_token_is_good_for_its_own_service_url_and_channel_only(desk: Desk) -> None:
    for changes in ({"channelId": "webchat"}, {"channelId": "emulator"}, {"channelId": "directline"}):
        assert (await desk.raw(await an_activity(desk, **changes)))[0] == 403


async def test_malformed_activities_are_400(desk: Desk) -> None:
    for changes in (
        {"type": None},
        {"type": 7},
        {"type": ""},
        {"conversation": None},
        {"conversation": []},
        {"conversation": {}},
        {"conversation": {"id": 5}},
        {"from": None},
        {"from": "ada"},
        {"from": {"id": "", "aadObjectId": "x"}},
        {"id": None},
        {"id": ["x"]},
        {"recipient": None},
        {"text": {"a": 1}},
        {"entities": "x"},
        {"channelData": "x"},
        {"serviceUrl": 5},
        {"text": "x" * 60_000},
        {"conversation": {"id": "19:x\u0000y@thread.tacv2"}},
        {"type": "invoke", "name": "adaptiveCard/action", "value": None},
        {"type": "invoke", "name": "adaptiveCard/action", "value": []},
        {"type": "invoke", "name": "adaptiveCard/action", "value": {"action": "x"}},
        {"type": "invoke", "name": "task/fetch", "value": "x"},
        {"type": "invoke", "name": "fileConsent/invoke", "value": 3},
    ):
        status, body = await desk.raw(await an_activity(desk, **changes))
        assert status in (400, 401, 403), changes  # a serviceUrl of another type cannot be the token's
        assert body["error"]["message"], changes


async def test_odd_activities_do_no_harm(desk: Desk) -> None:
    _, card = await desk.posted()
    before = len(await desk.posts())
    for changes in (
        {"type": "typing"},
        {"type": "endOfConversation"},
        {"type": "madeUp"},
        {"type": "messageReaction"},
        {"type": "event", "name": "x"},
        {"type": "installationUpdate", "action": "dance"},
        {"type": "conversationUpdate", "channelData": {"eventType": "moonRose"}},
        {"type": "conversationUpdate", "membersAdded": [{"id": ""}]},
    ):
        status, _ = await desk.raw(await an_activity(desk, **changes))
        assert status == 202, changes
    assert len([post for post in await desk.posts() if post.by_bot and not post.has_card]) == 0
    assert len(await desk.posts()) >= before
    assert (await desk.press("ada", card, "Mark as fraud")).kind == "card"


async def test_a_sender_without_an_object_id_is_nobody(desk: Desk) -> None:
    _, card = await desk.posted()
    mri = desk.cloud.world.people["ada"].mri
    activity = await an_activity(
        desk, **{"from": {"id": mri, "name": "Ada"}, "text": f"<at>Alert Desk</at> mark {card.card.label} fraud"}
    )
    assert (await desk.raw(activity))[0] == 202
    assert "did not say who you are" in (await desk.posts())[-1].text
    assert not desk.requests("graph", "PATCH")


async def test_somebody_elses_object_id_gains_nothing(desk: Desk) -> None:
    """The roster is asked for the Teams id; it must be that very person."""
    _, card = await desk.posted()
    await desk.press("nora", card, "Mark as fraud")
    activity = desk.requests("bot")[-1].body
    ada = desk.cloud.world.people["ada"]
    status, body = await desk.raw(
        {**activity, "id": "f:x", "from": {**activity["from"], "aadObjectId": ada.aad_object_id}}
    )
    assert status == 200
    assert body["type"] == "application/vnd.microsoft.error"
    assert not desk.requests("graph", "PATCH")


async def test_bodies_that_are_no_activity(desk: Desk) -> None:
    for body, status in (
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"\xff\xfe", 400),
        (b"[" * 50_000, 400),
        (b'{"a":' * 10_000, 400),
        (b"x" * 300_000, 413),
    ):
        got, text = await post(desk, body)
        assert got == status, (body[:20], text)
        assert text.startswith('{"error"')
    for content_type in (
        "text/plain",
        "application/xml",
        "",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ):
        assert (await post(desk, b"{}", content_type=content_type))[0] == 415
    assert (await post(desk, b"{}", signed=False))[0] == 401
    for header in ("Bearer", "Bearer ", "Basic YTpi", "Bearer \u00e4", "Bearer a.b.c", "Bearer " + "x" * 7000):
        assert (await post(desk, b"{}", signed=False, Authorization=header))[0] == 401, header[:20]


async def test_300_kb_in_pieces_is_413(desk: Desk) -> None:
    async def pieces() -> Any:
        for _ in range(30):
            yield b"x" * 10_000

    async with desk.http.post(
        f"{desk.bot.url}/api/messages", data=pieces(), headers={"Content-Type": "application/json"}
    ) as answer:
        assert answer.status == 413


async def test_other_methods_and_paths(desk: Desk) -> None:
    for method, path, status in (
        ("GET", "api/messages", 405),
        ("PUT", "api/messages", 405),
        ("GET", "nothing", 404),
        ("POST", "healthz", 405),
        ("GET", "../etc/passwd", 404),
    ):
        async with desk.http.request(method, f"{desk.bot.url}/{path}") as answer:
            assert answer.status == status
            assert set((await answer.json())["error"]) == {"code", "message"}


async def test_an_unknown_invoke_is_501_and_an_unknown_verb_is_a_message(desk: Desk) -> None:
    _, card = await desk.posted()
    for name in ("composeExtension/queryLink", "madeUp/invoke", "", None):
        status, body = await desk.raw(await an_activity(desk, type="invoke", name=name, value={}))
        assert status == 501, name
        assert body["error"]["code"] == "NotImplemented"
    for verb in ("alert.explode", "", "x" * 200, "alert.fraud\u0000"):
        answer = await desk._answered(
            "execute",
            "ada",
            card,
            action={"type": "Action.Execute", "verb": verb, "data": {"alert": card.card.number}},
            trigger="manual",
        )
        assert answer.status == 200
        assert answer.kind == "error", verb


async def test_payloads_that_are_not_ours(desk: Desk) -> None:
    _, card = await desk.posted()
    for data in (
        {},
        {"alert": "x"},
        {"alert": -1},
        {"alert": 10**30},
        {"alert": None},
        {"alert": True},
        {"alert": [1]},
        {"alert": 1.5},
        {"alert": card.card.number, "card": "x" * 100},
        {"alert": card.card.number, "version": "new"},
        {"alert": {"$ne": 1}},
    ):
        for verb in ("alert.fraud", "alert.note", "alert.reverdict", "alert.details", "alert.refresh"):
            answer = await desk._answered(
                "execute", "ada", card, action={"type": "Action.Execute", "verb": verb, "data": data}, trigger="manual"
            )
            assert answer.status == 200, (verb, data)
            assert answer.kind in ("error", "card", "message"), (verb, data)
            assert answer.kind != "error" or answer.code != "internal", (verb, data)
    for data in (
        {"words": "x" * 600},
        {"words": "all", "trail": ["nonsense"]},
        {"words": "all", "trail": "x"},
        {"words": "all", "trail": ["9" * 70 + ".1.1"]},
        {"words": "severity:hgih"},
    ):
        answer = await desk._answered(
            "execute",
            "ada",
            card,
            action={"type": "Action.Execute", "verb": "list.page", "data": data},
            trigger="manual",
        )
        assert answer.kind in ("error", "card"), data
        assert answer.kind == "card" or answer.code != "internal", data
    assert not desk.requests("graph", "PATCH")


async def test_a_state_in_the_payload_is_not_believed(desk: Desk) -> None:
    _, card = await desk.posted()
    data = {
        **card.card.data,
        "role": "Admin Agent",
        "isAdmin": True,
        "partner": desk.partner("fabrikam").tenant_id,
        "status": "resolved",
        "person": "ada",
    }
    answer = await desk._answered(
        "execute",
        "nora",
        card,
        action={"type": "Action.Execute", "verb": "alert.fraud", "data": data},
        trigger="manual",
    )
    assert answer.kind == "error"
    assert not desk.requests("graph", "PATCH")


async def test_an_automatic_trigger_never_acts(desk: Desk) -> None:
    _, card = await desk.posted()
    for title in ("Mark as fraud", "Mark legitimate", "Investigate"):
        answer = await desk.press("ada", card, title, trigger="automatic")
        assert answer.status == 200
    assert not desk.requests("graph", "PATCH")
    assert not [row for row in await desk.audit() if row.entry.outcome == "asked" and row.entry.act.startswith("mark")]


async def test_a_locked_database_gets_a_clear_message_and_loses_nothing(desk: Desk, tmp_path: Path) -> None:
    alert, card = await desk.posted()
    with sqlite3.connect(tmp_path / "desk.db", isolation_level=None, timeout=1) as other:
        other.execute("BEGIN EXCLUSIVE")
        answer = await desk.press("ada", card, "Mark as fraud")
        assert answer.seconds < 12, "before Teams gives up"
        assert answer.kind == "error"
        assert answer.code == "try_again"
        assert answer.text
        async with desk.http.get(f"{desk.bot.url}/healthz") as healthy:
            assert healthy.status == 200
        other.execute("ROLLBACK")
    other.close()
    assert not desk.requests("graph", "PATCH")
    assert (await desk.press("ada", card, "Mark as fraud")).kind == "card"
    await desk.deliver()
    assert "Fraud by" in (await desk.card(alert)).card.text


async def test_the_keys_of_the_bot_framework_away(desk: Desk) -> None:
    """Then it is us who cannot check: Teams shall send it again. Once they are known they are not asked for again."""
    _, card = await desk.posted()
    await desk.fault("botframework", times=None, status=500)
    assert (await desk.press("ada", card, "Details")).kind == "card"
    await desk.another()
    answer = await desk.press("ada", card, "Details")
    assert answer.status == 503
    await desk.heal()
    desk.clock.forward(60)
    assert (await desk.press("ada", card, "Details")).kind == "card"


async def test_a_rotated_key_is_learnt(desk: Desk) -> None:
    _, card = await desk.posted()
    keys = desk.cloud.keys.bot_framework
    keys.rotate()
    desk.clock.forward(400)
    assert (await desk.press("ada", card, "Details")).kind == "card"


async def test_hanging_and_cut_off_requests_do_not_stop_the_bot(desk: Desk) -> None:
    host, port = desk.bot.url.removeprefix("http://").split(":")
    held = [await asyncio.open_connection(host, int(port)) for _ in range(20)]
    for _, writer in held:
        writer.write(
            b"POST /api/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
        )
        await writer.drain()
    assert (await desk.ask("ada", "help")).has_card
    for _, writer in held:
        writer.close()
        await writer.wait_closed()
