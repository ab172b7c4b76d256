"""Stands between the Agents Playground and the bot, and does what Teams does and the Playground does not.

The Playground (npm `@microsoft/m365agentsplayground`) signs nothing and checks nothing. On the way in the relay adds a
Bot Framework token that the sandbox cloud signs, and names itself as `serviceUrl`, in body and token; on the way back
it checks the bot's own token and hands the call on to the Playground's connector. Runs as a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import aiohttp
from aiohttp import web
from yarl import URL

from bot.sandbox import envelopes
from bot.sandbox.botframework import FLAWS, sign_activity
from bot.sandbox.connector import check_caller, refusal
from bot.sandbox.connector_rules import ConnectorError

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud

TIMEOUT = aiohttp.ClientTimeout(total=30)
MAX_BODY = 4 * 1024 * 1024
USERS = 5
_MEMBERS = re.compile(r"/(paged)?members(/[^/]+)?$")


@dataclass(frozen=True)
class RelayOptions:
    """Where the three others are. `playground_url` and `bot_url` without a path, `cloud_url` is B of the sandbox."""

    playground_url: str
    bot_url: str
    cloud_url: str


class Relay:
    """One relay; `base_url` is set once its port is known."""

    def __init__(self, options: RelayOptions) -> None:
        self.options = options
        self.base_url = ""
        self._http: aiohttp.ClientSession | None = None
        self._people: dict[str, dict[str, Any]] = {}

    @property
    def service_url(self) -> str:
        return f"{self.base_url}/connector/"

    @property
    def http(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise RuntimeError("the relay is not running")
        return self._http

    async def open(self, _: web.Application) -> None:
        """Learn from the cloud who the people are."""
        self._http = aiohttp.ClientSession(timeout=TIMEOUT, auto_decompress=True)
        async with self._http.get(f"{self.options.cloud_url}/client/world") as response:
            response.raise_for_status()
            world = await response.json()
        for person in world["people"]:
            self._people[person["mri"]] = self._people[person["aadObjectId"]] = person

    async def close(self, _: web.Application) -> None:
        if self._http is not None:
            await self._http.close()

    # playground -> bot

    async def is_bot_up(self, _: web.Request) -> web.Response:
        """The Playground asks by HEAD whether the bot is there; any answer will do."""
        async with self.http.head(f"{self.options.bot_url}/api/messages", allow_redirects=False):
            return web.Response(status=200)

    async def to_bot(self, request: web.Request) -> web.Response:
        """Signs the activity and hands back what the bot answered."""
        try:
            activity = json.loads(await request.read())
        except ValueError:
            activity = None
        if not isinstance(activity, dict):
            return web.json_response(envelopes.connector("BadSyntax", "The activity is not a JSON object."), status=400)
        activity["serviceUrl"] = self.service_url
        async with self.http.post(
            f"{self.options.cloud_url}/control/bottoken", json={"serviceUrl": self.service_url}
        ) as response:
            response.raise_for_status()
            token = (await response.json())["token"]
        async with self.http.post(
            f"{self.options.bot_url}/api/messages",
            json=activity,
            headers={"Authorization": f"Bearer {token}"},
            allow_redirects=False,
        ) as response:
            return await _copied(response)

    # bot -> playground

    async def to_playground(self, request: web.Request) -> web.Response:
        """Checks the bot's token, then asks the Playground; completes what it says about members."""
        authorization = request.headers.get("Authorization", "")
        async with self.http.get(
            f"{self.options.cloud_url}/control/connectorcaller", headers={"Authorization": authorization}
        ) as response:
            if response.status != 204:
                return await _copied(response)
        tail = request.rel_url.raw_path.removeprefix("/connector/")
        about_members = request.method == "GET" and bool(_MEMBERS.search(tail))
        head, one, member = tail.rpartition("/members/")
        if about_members and one and (person := self._people.get(unquote(member))):
            tail = f"{head}{one}{quote(person['mri'], safe='')}"  # the Playground finds nobody by object id
        query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
        target = URL(f"{self.options.playground_url}/_connector/{tail}{query}", encoded=True)
        headers = {"Content-Type": request.headers["Content-Type"]} if "Content-Type" in request.headers else {}
        async with self.http.request(
            request.method, target, data=await request.read() or None, headers=headers, allow_redirects=False
        ) as response:
            answer = await _copied(response)
        if about_members and answer.status == 200:
            return self._with_members_completed(answer)
        return answer

    def _with_members_completed(self, answer: web.Response) -> web.Response:
        body = json.loads(answer.body if isinstance(answer.body, bytes) else b"null")
        if isinstance(body, list):
            body = [self._member(entry) for entry in body]
        elif isinstance(body, dict) and isinstance(body.get("members"), list):
            body["members"] = [self._member(entry) for entry in body["members"]]
        else:
            body = self._member(body)
        return web.json_response(body, status=answer.status)

    def _member(self, entry: Any) -> Any:
        """The Playground knows no tenant of a member, and names the object id differently from call to call."""
        person = self._people.get(entry.get("id", "")) if isinstance(entry, dict) else None
        if person is None:
            return entry
        known = {
            "tenantId": person["tenantId"],
            "aadObjectId": person["aadObjectId"],
            "objectId": person["aadObjectId"],
            "userPrincipalName": person["upn"],
        }
        return {"userRole": "user", **entry, **known}


def build_relay(relay: Relay) -> web.Application:
    @web.middleware
    async def unreachable(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            answer: web.StreamResponse = await handler(request)
        except (aiohttp.ClientError, TimeoutError) as problem:
            text = f"The other side of the relay cannot be reached: {problem}"
            return web.json_response(envelopes.connector("ServiceError", text), status=502)
        return answer

    app = web.Application(middlewares=[unreachable], client_max_size=MAX_BODY)
    app.router.add_head("/api/messages", relay.is_bot_up)
    app.router.add_post("/api/messages", relay.to_bot)
    app.router.add_route("*", "/connector/{tail:.*}", relay.to_playground)
    app.on_startup.append(relay.open)
    app.on_cleanup.append(relay.close)
    return app


@asynccontextmanager
async def running_relay(options: RelayOptions, port: int = 0) -> AsyncIterator[Relay]:
    """A relay that answers on `relay.base_url` while the block is open; port 0 takes a free one."""
    relay = Relay(options)
    runner = web.AppRunner(build_relay(relay), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        relay.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield relay
    finally:
        await runner.cleanup()


async def _copied(response: aiohttp.ClientResponse) -> web.Response:
    body = await response.read()
    kept = ("Content-Type", "Retry-After", "WWW-Authenticate")
    headers = {name: response.headers[name] for name in kept if name in response.headers}
    return web.Response(status=response.status, body=body, headers=headers)


# what the cloud does for a relay


def control_routes(cloud: Cloud) -> list[web.RouteDef]:
    """`POST /control/bottoken`, `GET /control/connectorcaller`, `GET /control/playground?current=ada` (the YAML)."""

    async def bot_token(request: web.Request) -> web.Response:
        try:
            body = await request.json()
            service_url, flaw = str(body["serviceUrl"]), body.get("flaw")
        except (ValueError, KeyError, TypeError, AttributeError):
            return web.json_response(envelopes.connector("BadRequest", "serviceUrl is missing"), status=400)
        if flaw is not None and flaw not in FLAWS:
            text = f"flaw is one of {', '.join(FLAWS)}"
            return web.json_response(envelopes.connector("BadRequest", text), status=400)
        return web.json_response({"token": sign_activity(cloud, service_url, flaw)})

    async def connector_caller(request: web.Request) -> web.Response:
        try:
            check_caller(cloud, request)
        except ConnectorError as problem:
            return refusal(problem)
        return web.Response(status=204)

    async def playground(request: web.Request) -> web.Response:
        current = request.query.get("current", "ada")
        if not any(current in team.members for team in cloud.world.teams):
            return web.json_response(
                envelopes.connector("NoSuchPerson", f"there is no {current!r} in any team"), status=404
            )
        return web.Response(text=playground_config(cloud, current), content_type="application/yaml")

    return [
        web.post("/control/bottoken", bot_token),
        web.get("/control/connectorcaller", connector_caller),
        web.get("/control/playground", playground),
    ]


def playground_config(cloud: Cloud, current: str = "ada") -> str:
    """`.m365agentsplayground.yml` whose people, conversations and bot are those of the world. JSON, which is YAML too.

    The Playground wants exactly five users beside the current one; the current person's own colleagues come first.
    """
    people, teams = cloud.world.people, cloud.teams
    me = people[current]
    others = sorted((key for key in people if key != current), key=lambda key: people[key].directory != me.directory)
    team = next(entry for entry in teams.teams.values() if current in entry.members)
    chat = next(entry for entry in teams.conversations.values() if entry.kind == "groupChat")
    channel = next(entry for entry in teams.channels_of(team) if entry.id != team.id)
    config = {
        "version": "0.1.1",
        "tenantId": team.tenant_id,
        "bot": {"id": teams.bot["id"], "name": teams.bot["name"]},
        "currentUser": _user(cloud, current),
        "users": [_user(cloud, key) for key in others[:USERS]],
        "personalChat": {"id": teams.personal(current).id},
        "groupChat": {"id": chat.id, "name": chat.name},
        "team": {
            "id": team.id,
            "name": team.name,
            "aadGroupId": team.aad_group_id,
            "channels": [{"id": channel.id, "name": channel.name}],
        },
    }
    return json.dumps(config, indent=2, ensure_ascii=False) + "\n"


def _user(cloud: Cloud, key: str) -> Mapping[str, str]:
    person = cloud.world.people[key]
    given, _, surname = person.name.partition(" ")
    return {
        "id": person.mri,
        "name": person.name,
        "userPrincipleName": person.upn,  # spelt so in the Playground's schema
        "aadObjectId": person.aad_object_id,
        "givenName": given,
        "surname": surname,
        "email": person.upn,
    }


# the command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--playground-port", type=int, default=56150)
    parser.add_argument("--bot-url", default="http://127.0.0.1:3978")
    parser.add_argument("--cloud-url", required=True)
    parser.add_argument("--port", type=int, default=0, help="where the relay listens; 0 takes a free port")


async def serve(arguments: argparse.Namespace) -> int:
    """Runs until SIGINT or SIGTERM; prints `{"url": …}` when ready."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    options = RelayOptions(
        playground_url=f"http://127.0.0.1:{arguments.playground_port}",
        bot_url=arguments.bot_url.rstrip("/"),
        cloud_url=arguments.cloud_url.rstrip("/"),
    )
    try:
        async with running_relay(options, arguments.port) as relay:
            sys.stdout.write(json.dumps({"url": relay.base_url}) + "\n")
            sys.stdout.flush()
            await stop.wait()
    except (aiohttp.ClientError, OSError) as problem:
        sys.stderr.write(f"the relay cannot start: {problem}\n")
        return 1
    return 0
