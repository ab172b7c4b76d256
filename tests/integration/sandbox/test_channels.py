"""Shared and private channels: their own members, their own events, and what a bot may not do in a private one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from bot.sandbox.cloud import Cloud
from bot.sandbox.teams import Conversation
from bot.sandbox.tokens import issue
from tests.support.fake_bot import FakeBot, running_bot
from tests.support.sandbox_client import Client, cloud_with


@pytest.fixture
async def bot() -> AsyncIterator[FakeBot]:
    async with running_bot() as bot:
        yield bot


@pytest.fixture
async def cloud(bot: FakeBot) -> AsyncIterator[Cloud]:
    async with cloud_with(bot) as cloud:
        yield cloud


@pytest.fixture
async def client(cloud: Cloud) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
        yield Client(cloud, http)


@pytest.fixture
def joint(cloud: Cloud) -> Conversation:
    return cloud.teams.channel("Security Operations", "Joint response")


@pytest.fixture
def leads(cloud: Cloud) -> Conversation:
    return cloud.teams.channel("Security Operations", "Leads only")


async def connector(client: Client, place: Conversation, method: str, rest: str, body: Any = None) -> tuple[int, Any]:
    app = client.cloud.world.app
    token = issue(client.cloud, audience="connector", tenant_id=app.tenant_id, app_id=app.app_id)
    address = f"{client.cloud.teams.service_url(place.tenant_id)}v3/conversations/{quote(place.id, safe='')}{rest}"
    headers = {"Authorization": f"Bearer {token}"}
    async with client.http.request(method, address, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


def told_of(bot: FakeBot, place: Conversation) -> list[dict[str, Any]]:
    return [sent for sent in bot.received if sent["conversation"]["id"] == place.id]


async def test_the_bot_is_a_member_of_a_shared_channel_that_its_own_event_tells(
    cloud: Cloud, bot: FakeBot, joint: Conversation
) -> None:
    (added,) = told_of(bot, joint)
    assert (added["type"], added["membersAdded"]) == ("conversationUpdate", [cloud.teams.bot])
    assert joint.team is not None
    data = added["channelData"]
    assert data["channel"] == {"id": joint.id, "name": "Joint response", "type": "shared"}
    assert (data["team"]["id"], data["tenant"]["id"]) == (joint.team.id, joint.tenant_id)
    assert (data["eventType"], data["membershipSource"]["membershipType"]) == ("channelMemberAdded", "direct")


async def test_somebody_external_is_on_the_roster_of_the_shared_channel_alone(
    client: Client, cloud: Cloud, joint: Conversation
) -> None:
    eve = cloud.world.people["eve"]
    assert eve.tenant_id == eve.directory
    assert eve.tenant_id not in cloud.world.partners
    assert [entry["name"] for entry in await client.get("conversations?person=eve")] == ["Joint response"]
    status, member = await connector(client, joint, "GET", f"/members/{eve.aad_object_id}")
    assert (status, member["tenantId"], member["id"]) == (200, eve.tenant_id, eve.mri)
    assert joint.team is not None
    general = cloud.teams.conversation(joint.team.id)
    assert general is not None
    assert (await connector(client, general, "GET", f"/members/{eve.aad_object_id}"))[0] == 404
    gil = cloud.world.people["gil"]
    assert (await connector(client, joint, "GET", f"/members/{gil.aad_object_id}"))[0] == 404
    status, body = await connector(client, joint, "POST", "/activities", {"type": "message", "text": "hello"})
    assert (status, bool(body["id"])) == (201, True)


async def test_what_somebody_external_says_comes_with_the_channels_tenant(
    client: Client, cloud: Cloud, bot: FakeBot, joint: Conversation
) -> None:
    await client.post("messages", person="eve", conversationId=joint.id, text="show", mentionBot=True)
    sent, eve = bot.received[-1], cloud.world.people["eve"]
    assert sent["from"] == {"id": eve.mri, "name": eve.name, "aadObjectId": eve.aad_object_id}
    assert sent["channelData"]["tenant"]["id"] == joint.tenant_id != eve.tenant_id
    assert sent["channelData"]["channel"]["type"] == "shared"


async def test_a_private_channel_takes_nothing_from_a_bot_but_shows_its_members(
    client: Client, cloud: Cloud, bot: FakeBot, leads: Conversation
) -> None:
    assert [sent["channelData"]["channel"]["type"] for sent in told_of(bot, leads)] == ["private"]
    message = {"type": "message", "text": "hello"}
    mine = cloud.teams.post(leads, message)
    for method, rest in (
        ("POST", "/activities"),
        ("PUT", f"/activities/{mine.id}"),
        ("DELETE", f"/activities/{mine.id}"),
    ):
        status, body = await connector(client, leads, method, rest, message)
        assert (status, body["error"]["code"]) == (403, "NotEnoughPermissions")
        assert "private" in body["error"]["message"]
    status, members = await connector(client, leads, "GET", "/members")
    assert (status, {member["name"] for member in members}) == (200, {"Max Okafor", "Gil Tanaka"})
    await client.post("messages", person="max", conversationId=leads.id, text="help", mentionBot=True)
    assert bot.received[-1]["text"].endswith("help")
    await client.post("messages", 404, person="ada", conversationId=leads.id, text="help", mentionBot=True)


@pytest.mark.parametrize("membership", ["shared", "private"])
async def test_channels_with_members_of_their_own_are_made_and_the_bot_added(
    client: Client, cloud: Cloud, bot: FakeBot, joint: Conversation, membership: str
) -> None:
    bot.received.clear()
    created = {"event": "createChannel", "conversationId": joint.id, "name": "War room", "membership": membership}
    await client.post("lifecycle", **created, people=["ada", "max"])
    room = cloud.teams.channel("Security Operations", "War room")
    assert (room.membership, room.people, room.installed) == (membership, ["ada", "max"], False)
    assert bot.received == []
    await client.post("lifecycle", event="addMember", conversationId=room.id, person="nora")
    assert bot.received == []
    assert (await connector(client, room, "GET", "/members"))[0] == 403
    for event, expected in (
        ("install", "channelMemberAdded"),
        ("removeMember", "channelMemberRemoved"),
        ("addMember", "channelMemberAdded"),
        ("renameChannel", "channelRenamed"),
        ("remove", "channelMemberRemoved"),
    ):
        bot.received.clear()
        who = {"person": "nora"} if "Member" in event else {"name": "Room"} if event == "renameChannel" else {}
        await client.post("lifecycle", event=event, conversationId=room.id, **who)
        assert [sent["channelData"]["eventType"] for sent in bot.received] == [expected]
        assert bot.received[0]["conversation"]["id"] == room.id
    assert joint.team is not None
    assert joint.team.installed


async def test_a_standard_channel_is_told_at_once(
    client: Client, cloud: Cloud, bot: FakeBot, joint: Conversation
) -> None:
    bot.received.clear()
    await client.post("lifecycle", event="createChannel", conversationId=joint.id, name="Drills")
    drills = cloud.teams.channel("Security Operations", "Drills")
    (sent,) = bot.received
    assert (sent["channelData"]["eventType"], sent["channelData"]["channel"]["id"]) == ("channelCreated", drills.id)
    assert drills.installed
    assert "gus" in drills.people


async def test_who_may_not_be_a_member_is_refused(client: Client, joint: Conversation, leads: Conversation) -> None:
    alerts = client.cloud.teams.channel("Security Operations", "Alerts")
    for place in (alerts, leads):
        await client.post("lifecycle", 409, event="addMember", conversationId=place.id, person="eve")
    await client.post("lifecycle", event="addMember", conversationId=joint.id, person="fay")
    await client.post("lifecycle", event="removeMember", conversationId=alerts.id, person="gil")
    assert leads.people == ["max"]  # who leaves the team leaves its private channels
    await client.post("lifecycle", 409, event="addMember", conversationId=leads.id, person="gil")
    made = {"event": "createChannel", "conversationId": joint.id, "name": "x"}
    await client.post("lifecycle", 409, **made, membership="private", people=["eve"])
    await client.post("lifecycle", 400, **made, membership="secret")
    await client.post("lifecycle", 400, **made, membership="shared", people=[])
    with pytest.raises(KeyError):
        client.cloud.teams.channel("Security Operations", "x")
