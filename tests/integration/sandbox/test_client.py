"""The Teams-like client: what people do, what a bot then receives, and what people see."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from bot.sandbox.app import running
from bot.sandbox.botframework import FLAWS
from bot.sandbox.cloud import Cloud, SandboxOptions
from bot.sandbox.teams import Conversation
from tests.support.fake_bot import FakeBot, running_bot
from tests.support.sandbox_client import Client, cloud_with

CARD = {"contentType": "application/vnd.microsoft.card.adaptive", "content": {"type": "AdaptiveCard", "version": "1.5"}}


@pytest.fixture
async def bot() -> AsyncIterator[FakeBot]:
    async with running_bot() as bot:
        yield bot


@pytest.fixture
async def cloud(bot: FakeBot) -> AsyncIterator[Cloud]:
    async with cloud_with(bot) as cloud:
        bot.received.clear()
        yield cloud


@pytest.fixture
async def client(cloud: Cloud) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
        yield Client(cloud, http)


@pytest.fixture
def alerts(cloud: Cloud) -> Conversation:
    return cloud.teams.channel("Security Operations", "Alerts")


async def test_a_bot_is_told_once_where_it_is_installed(bot: FakeBot) -> None:
    async with cloud_with(bot) as cloud:
        assert not bot.refused
        alerts = cloud.teams.channel("Security Operations", "Alerts")
        about = [sent for sent in bot.received if sent["conversation"]["id"] == alerts.id]
        assert [sent["type"] for sent in about] == ["installationUpdate", "conversationUpdate"]
        install, update = about
        assert install["action"] == "add"
        assert install["channelData"]["settings"]["selectedChannel"]["id"] == alerts.id
        assert install["channelData"]["tenant"]["id"] == alerts.tenant_id
        assert update["membersAdded"] == [cloud.teams.bot]
        assert install["serviceUrl"] == f"{cloud.base_url}/connector/emea/{alerts.tenant_id}/"
        installed = {sent["conversation"]["id"] for sent in bot.received}
        assert cloud.teams.personal("gus").id not in installed
        assert cloud.teams.bot_up


async def test_world_and_conversations(client: Client, cloud: Cloud) -> None:
    world = await client.get("world")
    assert [person["key"] for person in world["people"]] == [
        *("ada", "max", "gil", "nora", "gus", "fay", "finn", "eve")
    ]
    assert (world["botName"], world["botUp"]) == ("Alert Desk", True)
    assert len(world["partners"]) == 2
    ada = await client.get("conversations?person=ada")
    assert [(entry["kind"], entry["name"], entry["teamName"], entry["membership"]) for entry in ada] == [
        ("channel", "Alerts", "Security Operations", "standard"),
        ("channel", "General", "Security Operations", "standard"),
        ("channel", "Joint response", "Security Operations", "shared"),
        ("groupChat", "On-call handover", None, None),
        ("personal", "Alert Desk", None, None),
    ]
    fay = await client.get("conversations?person=fay")
    assert {entry["teamName"] for entry in fay} == {"Fabrikam SOC", None}
    assert await client.get("conversations?person=zoe", 404)
    await client.get(f"conversations/{quote(ada[0]['id'], safe='')}/messages?person=fay", 404)


async def test_a_mention_in_a_channel_reaches_the_bot_as_teams_sends_it(
    client: Client, cloud: Cloud, bot: FakeBot, alerts: Conversation
) -> None:
    ada, max_ = cloud.world.people["ada"], cloud.world.people["max"]
    answer = await client.post(
        "messages", person="ada", conversationId=alerts.id, text="assign A-1 @[max]", mentionBot=True
    )
    assert answer["delivered"] == {"status": 200}
    (sent,) = bot.received
    assert sent["text"] == "<at>Alert Desk</at> assign A-1 <at>Max Okafor</at>"
    assert sent["id"] == answer["id"]
    assert sent["from"] == {"id": ada.mri, "name": ada.name, "aadObjectId": ada.aad_object_id}
    assert sent["conversation"] == {
        "conversationType": "channel",
        "isGroup": True,
        "tenantId": alerts.tenant_id,
        "id": f"{alerts.id};messageid={answer['id']}",
    }
    assert sent["recipient"] == cloud.teams.bot
    assert alerts.team is not None
    assert sent["channelData"] == {
        "teamsChannelId": alerts.id,
        "teamsTeamId": alerts.team.id,
        "tenant": {"id": alerts.tenant_id},
        "team": {"id": alerts.team.id},
        "channel": {"id": alerts.id},
    }
    assert [entity["type"] for entity in sent["entities"]] == ["mention", "mention", "clientInfo"]
    assert sent["entities"][0]["mentioned"] == cloud.teams.bot
    assert sent["entities"][1]["mentioned"] == {"id": max_.mri, "name": max_.name}
    assert sent["channelId"] == "msteams"
    reply = await client.post(
        "messages", person="max", conversationId=alerts.id, threadId=answer["id"], text="show", mentionBot=True
    )
    assert bot.received[-1]["conversation"]["id"] == f"{alerts.id};messageid={answer['id']}"
    shown = await client.get(f"conversations/{quote(alerts.id, safe='')}/messages?person=gus")
    assert [(entry["id"], entry["threadId"]) for entry in shown] == [(answer["id"], None), (reply["id"], answer["id"])]
    assert shown[0]["from"] == {"name": ada.name, "key": "ada", "bot": False}


async def test_what_does_not_mention_the_bot_stays_among_people(
    client: Client, cloud: Cloud, bot: FakeBot, alerts: Conversation
) -> None:
    answer = await client.post("messages", person="ada", conversationId=alerts.id, text="lunch?", mentionBot=False)
    assert answer["delivered"] is None
    assert not bot.received
    for nonsense in ({"text": ""}, {"text": None}, {"text": "x", "threadId": "1"}):
        status = 404 if "threadId" in nonsense else 400
        await client.post("messages", status, person="ada", conversationId=alerts.id, mentionBot=True, **nonsense)
    await client.post("messages", 404, person="fay", conversationId=alerts.id, text="hi")


async def test_a_personal_chat_needs_no_mention_and_installs_on_first_use(
    client: Client, cloud: Cloud, bot: FakeBot
) -> None:
    chat = cloud.teams.personal("ada")
    await client.post("messages", person="ada", conversationId=chat.id, text="help")
    (sent,) = bot.received
    assert sent["text"] == "help"
    assert sent["conversation"] == {"conversationType": "personal", "tenantId": chat.tenant_id, "id": chat.id}
    assert sent["channelData"] == {"tenant": {"id": chat.tenant_id}}
    bot.received.clear()
    gus = cloud.teams.personal("gus")
    await client.post("messages", person="gus", conversationId=gus.id, text="help")
    assert [entry["type"] for entry in bot.received] == ["installationUpdate", "conversationUpdate", "message"]
    assert gus.installed
    assert bot.received[-1]["channelData"]["tenant"]["id"] != cloud.world.people["gus"].tenant_id


async def test_execute_submit_and_dialog_are_the_documented_invokes(
    client: Client, cloud: Cloud, bot: FakeBot, alerts: Conversation
) -> None:
    card = cloud.teams.post(alerts, {"type": "message", "attachments": [CARD]})
    place: dict[str, Any] = {"person": "max", "conversationId": alerts.id, "messageId": card.id}
    bot.answers["adaptiveCard/action"] = {
        "statusCode": 200,
        "type": "application/vnd.microsoft.activity.message",
        "value": "ok",
    }
    answer = await client.post(
        "execute", **place, action={"verb": "alert.fraud", "data": {"alert": "1"}}, trigger="automatic"
    )
    assert answer == {"status": 200, "body": bot.answers["adaptiveCard/action"]}
    sent = bot.received[-1]
    assert (sent["type"], sent["name"], sent["replyToId"]) == ("invoke", "adaptiveCard/action", card.id)
    assert sent["value"] == {
        "action": {"type": "Action.Execute", "verb": "alert.fraud", "data": {"alert": "1"}},
        "trigger": "automatic",
    }
    assert sent["conversation"]["id"] == f"{alerts.id};messageid={card.id}"
    bot.answers["task/fetch"] = {"task": {"type": "continue", "value": {}}}
    data = {"msteams": {"type": "task/fetch"}, "verb": "alert.note"}
    answer = await client.post("submit", **place, data=data)
    assert answer == {"kind": "dialog", "status": 200, "body": bot.answers["task/fetch"]}
    assert bot.received[-1]["value"] == {"data": data, "context": {"theme": "default"}}
    answer = await client.post("submit", **place, data={"verb": "alert.fraud"})
    assert answer == {"kind": "message", "status": 200, "body": None}
    sent = bot.received[-1]
    assert (sent["type"], sent["value"], sent["replyToId"]) == ("message", {"verb": "alert.fraud"}, card.id)
    assert "text" not in sent
    await client.post("dialog", person="max", conversationId=alerts.id, data={"note": "n"})
    assert (bot.received[-1]["name"], bot.received[-1]["value"]["data"]) == ("task/submit", {"note": "n"})
    await client.post("execute", 404, **{**place, "messageId": "1"}, action={"verb": "x"}, trigger="manual")
    await client.post("execute", 404, **{**place, "person": "fay"}, action={"verb": "x"}, trigger="manual")
    await client.post("execute", 400, **place, action={"verb": "x"}, trigger="sometimes")


@pytest.mark.parametrize("flaw", [*FLAWS, False])
async def test_every_damaged_token_is_refusable(
    client: Client, cloud: Cloud, bot: FakeBot, alerts: Conversation, flaw: str | bool
) -> None:
    activity = {"type": "message", "text": "x", "serviceUrl": cloud.teams.service_url(alerts.tenant_id)}
    answer = await client.post("raw", activity=activity, sign=True)
    assert answer["status"] == 200
    answer = await client.post("raw", activity=activity, sign=flaw)
    assert answer["status"] == 401
    assert len(bot.received) == 1
    await client.post("raw", 400, activity=activity, sign="nonsense")


async def test_lifecycle_events(client: Client, cloud: Cloud, bot: FakeBot, alerts: Conversation) -> None:
    general = cloud.teams.channel("Security Operations", "General")
    steps: list[tuple[str, dict[str, Any], list[str]]] = [
        ("renameChannel", {"name": "Incidents"}, ["channelRenamed"]),
        ("renameTeam", {"name": "SecOps"}, ["teamRenamed"]),
        ("archiveTeam", {}, ["teamArchived"]),
        ("unarchiveTeam", {}, ["teamUnarchived"]),
        ("removeMember", {"person": "nora"}, ["teamMemberRemoved"]),
        ("addMember", {"person": "nora"}, ["teamMemberAdded"]),
        ("deleteChannel", {}, ["channelDeleted"]),
        ("restoreChannel", {}, ["channelRestored"]),
        ("remove", {}, ["teamMemberRemoved", "remove"]),
        ("install", {}, ["add", "teamMemberAdded"]),
        ("deleteTeam", {}, ["teamDeleted"]),
    ]
    for event, more, expected in steps:
        bot.received.clear()
        answer = await client.post("lifecycle", event=event, conversationId=alerts.id, **more)
        assert answer["statuses"] == [200] * len(expected)
        assert [sent.get("action") or sent["channelData"]["eventType"] for sent in bot.received] == expected
        if event.startswith(("rename", "archive", "delete", "restore")):
            assert bot.received[0]["conversation"]["id"] == general.id
            assert bot.received[0]["channelData"]["team"]["id"] == general.id
    assert bot.received[0]["channelData"]["team"]["name"] == "SecOps"
    assert alerts.name == "Incidents"
    assert not any(entry["teamName"] for entry in await client.get("conversations?person=ada"))
    personal = cloud.teams.personal("ada")
    await client.post("lifecycle", 409, event="renameTeam", conversationId=personal.id, name="x")
    await client.post("lifecycle", 400, event="explode", conversationId=personal.id)
    bot.received.clear()
    await client.post("lifecycle", event="remove", conversationId=personal.id)
    assert bot.received[-1]["type"] == "installationUpdate"
    assert not personal.installed


async def test_file_consent_and_the_upload_session(client: Client, cloud: Cloud, bot: FakeBot) -> None:
    chat = cloud.teams.personal("ada")
    consent = {
        "contentType": "application/vnd.microsoft.teams.card.file.consent",
        "name": "alerts.csv",
        "content": {"sizeInBytes": 400_000, "acceptContext": {"export": "e1"}, "declineContext": {"no": "e1"}},
    }
    card = cloud.teams.post(chat, {"type": "message", "attachments": [consent]})
    place: dict[str, Any] = {"person": "ada", "conversationId": chat.id, "messageId": card.id}
    assert (await client.post("consent", **place, action="decline"))["status"] == 200
    assert bot.received[-1]["value"] == {"type": "fileUpload", "action": "decline", "context": {"no": "e1"}}
    await client.post("consent", **place, action="accept")
    value = bot.received[-1]["value"]
    assert (value["action"], value["context"], value["uploadInfo"]["fileType"]) == ("accept", {"export": "e1"}, "csv")
    address, data = value["uploadInfo"]["uploadUrl"], bytes(range(250)) * 1600
    cut = 320 * 1024

    async def put(start: int, part: bytes, **headers: str) -> tuple[int, Any]:
        sent = {"Content-Range": f"bytes {start}-{start + len(part) - 1}/{len(data)}", **headers}
        async with client.http.put(address, data=part, headers=sent) as answer:
            return answer.status, await answer.json()

    assert (await put(0, data[:cut], Authorization="Bearer x"))[0] == 401
    assert (await put(0, data[:1000]))[0] == 400  # no multiple of 320 KiB
    assert (await put(cut, data[cut:]))[0] == 416  # a gap
    status, body = await put(0, data[:cut])
    assert (status, body["nextExpectedRanges"]) == (202, [f"{cut}-"])
    await client.get(f"files/{value['uploadInfo']['uniqueId']}", 404)
    status, body = await put(cut, data[cut:])
    assert (status, body["size"]) == (201, len(data))
    async with client.http.get(value["uploadInfo"]["contentUrl"]) as answer:
        assert answer.content_type == "text/csv"
        assert await answer.read() == data
    plain = cloud.teams.post(chat, {"type": "message", "text": "no card"})
    await client.post("consent", 409, **{**place, "messageId": plain.id}, action="accept")


async def test_events_are_told_to_those_who_can_see_them(client: Client, cloud: Cloud, alerts: Conversation) -> None:
    async def listen(person: str) -> aiohttp.ClientResponse:
        answer = await client.http.get(f"{cloud.base_url}/client/events?person={person}")
        assert answer.content_type == "text/event-stream"
        await answer.content.readuntil(b"\n\n")
        return answer

    async def following(answer: aiohttp.ClientResponse) -> tuple[str, Any]:
        async with asyncio.timeout(10):
            head, data = (await answer.content.readuntil(b"\n\n")).decode().strip().split("\n")
        return head.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    ada, gus, fay = await listen("ada"), await listen("gus"), await listen("fay")
    secret = cloud.teams.post(alerts, {"type": "message", "text": "for ada"}, targeted_to="ada")
    root = cloud.teams.post(alerts, {"type": "message", "attachments": [CARD]})
    cloud.teams.edit(root, {"type": "message", "text": "edited"})
    cloud.teams.delete(root)
    cloud.teams.typing(alerts, root.id)
    cloud.teams.changed()
    seen = [await following(ada) for _ in range(6)]
    assert [name for name, _ in seen] == ["message"] * 4 + ["typing", "conversations"]
    assert [data["change"] for name, data in seen if name == "message"] == ["created", "created", "updated", "deleted"]
    assert seen[0][1]["id"] == secret.id
    assert (await following(gus))[1]["id"] == root.id
    assert await following(fay) == ("conversations", {})
    listed = await client.get(f"conversations/{quote(alerts.id, safe='')}/messages?person=gus")
    assert [(entry["id"], entry["deleted"], entry["text"]) for entry in listed] == [(root.id, True, "")]
    for answer in (ada, gus, fay):
        answer.close()


async def test_what_was_not_answered_comes_again_with_the_same_id(
    client: Client, cloud: Cloud, bot: FakeBot, alerts: Conversation
) -> None:
    cloud.teams.delivery_seconds = 0.2
    cloud.teams.redeliver_seconds = 0.1
    bot.hang = asyncio.Event()
    answer = await client.post("messages", person="ada", conversationId=alerts.id, text="help", mentionBot=True)
    assert answer["delivered"] == {"status": 504}
    await bot.until(lambda received: len(received) == 2)
    assert bot.received[0] == bot.received[1]
    bot.hang.set()
    cloud.faults.switches.redeliver = False
    cloud.bot_url = "http://127.0.0.1:9"
    answer = await client.post("messages", person="ada", conversationId=alerts.id, text="help", mentionBot=True)
    assert answer["delivered"] == {"status": 502}
    assert cloud.log.select(service="bot")[-1].status == 502


async def test_without_a_bot_address_nobody_is_looked_for() -> None:
    async with running(SandboxOptions(bot_url="")) as cloud, aiohttp.ClientSession() as http:
        client = Client(cloud, http)
        assert (await client.get("world"))["botUp"] is False
        chat = cloud.teams.personal("ada")
        answer = await client.post("messages", person="ada", conversationId=chat.id, text="help")
        assert answer["delivered"] == {"status": 502}


async def test_an_open_event_stream_does_not_hold_up_the_end() -> None:
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession() as http:
        async with running(SandboxOptions(bot_url="")) as cloud:
            answer = await http.get(f"{cloud.base_url}/client/events?person=ada")
            await answer.content.readuntil(b"\n\n")
            begin = loop.time()
        assert loop.time() - begin < 2.0
        answer.close()


async def test_a_reset_forgets_everything_said(client: Client, cloud: Cloud, alerts: Conversation) -> None:
    cloud.teams.post(alerts, {"type": "message", "text": "x"})
    cloud.reset()
    assert not await client.get(f"conversations/{quote(alerts.id, safe='')}/messages?person=ada")
