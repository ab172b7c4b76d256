"""The relay between the Agents Playground and a bot; the Playground is played by its measured answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox.app import running
from bot.sandbox.cloud import Cloud, SandboxOptions
from bot.sandbox.relay import Relay, RelayOptions, playground_config, running_relay
from bot.sandbox.tokens import issue
from tests.support.fake_bot import FakeBot, running_bot


@dataclass
class FakePlayground:
    """Answers below /_connector as the Playground does; `members` are those of its configuration."""

    url: str = ""
    members: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, str, str | None, Any]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.text()
        self.calls.append(
            (request.method, request.path, request.headers.get("Authorization"), json.loads(body or "null"))
        )
        tail = request.path.rsplit("/", 1)[-1]
        if tail == "pagedmembers":
            return web.json_response({"members": self.members})
        if tail == "members":
            bare = [{"objectId": m["aadObjectId"], "id": m["id"], "name": m["name"]} for m in self.members]
            return web.json_response(bare)
        if "/members/" in request.path:
            found = next((member for member in self.members if member["id"] == tail), None)
            if found is None:
                return web.json_response({"error": {"code": "MemberNotFoundInConversation"}}, status=404)
            return web.json_response(found)
        if request.method == "DELETE":
            return web.json_response({"error": {"code": "DeleteActivityAPINotImplemented"}}, status=501)
        return web.json_response({"id": "1795287914806"}, status=201)


@asynccontextmanager
async def running_playground() -> AsyncIterator[FakePlayground]:
    playground = FakePlayground()
    app = web.Application()
    app.router.add_route("*", "/_connector/{tail:.*}", playground.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    playground.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield playground
    finally:
        await runner.cleanup()


@dataclass
class Scene:
    cloud: Cloud
    bot: FakeBot
    playground: FakePlayground
    relay: Relay
    http: aiohttp.ClientSession

    async def connector(self, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        async with self.http.request(method, f"{self.relay.service_url}{path}", json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    def token(self, **changes: Any) -> str:
        app = self.cloud.world.app
        wanted: dict[str, Any] = {"audience": "connector", "tenant_id": app.tenant_id, "app_id": app.app_id}
        return issue(self.cloud, **{**wanted, **changes})


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with (
        running_bot() as bot,
        running_playground() as playground,
        running(SandboxOptions(bot_url="http://127.0.0.1:9")) as cloud,
        running_relay(RelayOptions(playground.url, bot.url, cloud.base_url)) as relay,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http,
    ):
        bot.openid_url = f"{cloud.base_url}/botframework/v1/.well-known/openidconfiguration"
        bot.app_id = cloud.world.app.app_id
        config = json.loads(playground_config(cloud))
        playground.members = [
            {"id": user["id"], "name": user["name"], "aadObjectId": user["aadObjectId"]}
            for user in (config["currentUser"], *config["users"])
        ]
        yield Scene(cloud, bot, playground, relay, http)


async def test_an_activity_is_signed_and_the_relay_is_its_service(scene: Scene) -> None:
    scene.bot.answers["adaptiveCard/action"] = {"statusCode": 200, "type": "x", "value": "ok"}
    activity = {
        "type": "invoke",
        "name": "adaptiveCard/action",
        "id": "1",
        "serviceUrl": "http://localhost:56150/_connector",
    }
    async with scene.http.post(f"{scene.relay.base_url}/api/messages", json=activity) as answer:
        assert answer.status == 200
        assert await answer.json() == scene.bot.answers["adaptiveCard/action"]
    assert not scene.bot.refused
    (received,) = scene.bot.received
    assert received == {**activity, "serviceUrl": f"{scene.relay.base_url}/connector/"}
    async with scene.http.head(f"{scene.relay.base_url}/api/messages") as answer:
        assert answer.status == 200
    async with scene.http.post(f"{scene.relay.base_url}/api/messages", data=b"[]") as answer:
        assert answer.status == 400


async def test_the_bots_calls_are_checked_and_handed_on(scene: Scene) -> None:
    conversation = quote("19:abc@thread.tacv2;messageid=17", safe="")
    path = f"v3/conversations/{conversation}/activities"
    status, body = await scene.connector("POST", path, scene.token(), {"type": "message", "text": "hi"})
    assert (status, body) == (201, {"id": "1795287914806"})
    method, seen, authorization, sent = scene.playground.calls[-1]
    assert (method, seen) == ("POST", "/_connector/v3/conversations/19:abc@thread.tacv2;messageid=17/activities")
    assert authorization is None
    assert sent == {"type": "message", "text": "hi"}
    status, body = await scene.connector("DELETE", f"{path}/1", scene.token())
    assert (status, body["error"]["code"]) == (501, "DeleteActivityAPINotImplemented")
    count = len(scene.playground.calls)
    for bad in ("garbage", scene.token(lifetime=-1), scene.token(audience="graph")):
        status, body = await scene.connector("POST", path, bad, {"type": "message", "text": "hi"})
        assert (status, body["error"]["code"]) == (401, "Unauthorized")
    assert len(scene.playground.calls) == count


async def test_members_are_completed(scene: Scene) -> None:
    people = scene.cloud.world.people
    base = f"v3/conversations/{quote('19:abc@thread.tacv2', safe='')}"
    for identity in (people["max"].mri, people["max"].aad_object_id):
        status, member = await scene.connector("GET", f"{base}/members/{quote(identity, safe='')}", scene.token())
        assert status == 200
        assert member["id"] == people["max"].mri
        assert member["aadObjectId"] == people["max"].aad_object_id
        assert member["tenantId"] == people["max"].tenant_id
    status, members = await scene.connector("GET", f"{base}/members", scene.token())
    assert {member["aadObjectId"] for member in members} >= {people["ada"].aad_object_id, people["gus"].aad_object_id}
    status, page = await scene.connector("GET", f"{base}/pagedmembers?pageSize=100", scene.token())
    gus = next(member for member in page["members"] if member["id"] == people["gus"].mri)
    assert gus["tenantId"] == people["gus"].tenant_id != people["ada"].tenant_id
    status, body = await scene.connector("GET", f"{base}/members/nobody", scene.token())
    assert (status, body["error"]["code"]) == (404, "MemberNotFoundInConversation")


async def test_what_is_not_there_is_a_502(scene: Scene) -> None:
    options = RelayOptions("http://127.0.0.1:9", "http://127.0.0.1:9", scene.cloud.base_url)
    async with running_relay(options) as lonely:
        async with scene.http.post(f"{lonely.base_url}/api/messages", json={"type": "message"}) as answer:
            assert answer.status == 502
        headers = {"Authorization": f"Bearer {scene.token()}"}
        async with scene.http.get(f"{lonely.service_url}v3/teams/x", headers=headers) as answer:
            assert answer.status == 502


async def test_the_configuration_has_what_the_playgrounds_schema_wants(scene: Scene) -> None:
    async with scene.http.get(f"{scene.cloud.base_url}/control/playground?current=max") as answer:
        config = json.loads(await answer.text())
    assert config["currentUser"]["name"] == "Max Okafor"
    assert len(config["users"]) == 5
    alerts = scene.cloud.teams.channel("Security Operations", "Alerts")
    assert alerts.team is not None
    assert config["team"]["id"] == alerts.team.id
    assert config["team"]["channels"] == [{"id": alerts.id, "name": "Alerts"}]
    assert config["bot"]["id"] == f"28:{scene.cloud.world.app.app_id}"
    ids = [user["id"] for user in (config["currentUser"], *config["users"])]
    assert len(set(ids)) == 6
    async with scene.http.get(f"{scene.cloud.base_url}/control/playground?current=eve") as answer:
        assert answer.status == 404


async def test_relays_share_nothing(scene: Scene) -> None:
    options = RelayOptions(scene.playground.url, scene.bot.url, scene.cloud.base_url)
    async with running_relay(options) as other:
        assert other.base_url != scene.relay.base_url
        await asyncio.gather(
            *(
                scene.http.post(f"{relay.base_url}/api/messages", json={"type": "message", "text": relay.base_url})
                for relay in (scene.relay, other)
            )
        )
        assert {sent["text"]: sent["serviceUrl"] for sent in scene.bot.received} == {
            scene.relay.base_url: scene.relay.service_url,
            other.base_url: other.service_url,
        }
