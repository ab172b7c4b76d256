"""`python -m bot webhook`: the registration at a sandbox's Partner Center, never another program's unless told to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

import bot.webhook
from bot.app import entra_config
from bot.errors import AlertDeskError, ConfigError, Transient, UserError
from bot.sandbox.app import running
from bot.sandbox.cloud import Cloud
from bot.sandbox.control_settings import bot_settings
from bot.sandbox.webhooks import Registration
from bot.settings import load
from bot.webhook import Order, webhook
from tests.support.program import run as run_program

BASE = "http://127.0.0.1:3978"
FOREIGN = "https://cipp.example/api/PublicWebhooks"
BOTH = ("azure-fraud-event-detected", "test-created")


class Desk:
    def __init__(self, cloud: Cloud, base: str = BASE) -> None:
        self.cloud, self.given = cloud, bot_settings(cloud, base)
        self.tenant = cloud.world.partner("northwind").tenant_id
        self.ours = f"{base}/webhooks/partner-center/{self.tenant}"

    async def run(self, command: str, *, replace: bool = False, partner: str = "Northwind Cloud") -> int:
        settings = load(self.given)
        return await webhook(settings, entra_config(settings), Order(command, partner, replace))

    def put(self, url: str, *events: str, in_ms_signature: bool = False) -> None:
        self.cloud.webhooks.registrations[self.tenant] = Registration("id", url, events, in_ms_signature, "")

    @property
    def there(self) -> tuple[str, tuple[str, ...]] | None:
        found = self.cloud.webhooks.registrations.get(self.tenant)
        return (found.url, found.events) if found else None

    def changes(self) -> list[str]:
        entries = self.cloud.log.select(service="partnercenter", path="/webhooks/v1/registration")
        return [entry.method for entry in entries if entry.method != "GET"]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with running() as cloud:
        yield Desk(cloud)


async def test_it_is_made_once_shown_and_left_without_alerts(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert await desk.run("show") == 0
    assert "no webhook registration" in capsys.readouterr().out
    assert await desk.run("register") == 0
    assert desk.there == (desk.ours, BOTH)
    assert desk.ours in capsys.readouterr().out
    assert await desk.run("register") == 0
    assert "Nothing was changed" in capsys.readouterr().out
    assert await desk.run("show", partner=desk.tenant) == 0
    assert "(this bot): azure-fraud-event-detected, test-created" in capsys.readouterr().out
    assert await desk.run("remove") == 0
    assert desk.there == (desk.ours, ("test-created",))
    assert "no way to delete" in capsys.readouterr().out
    assert await desk.run("remove") == 0
    assert desk.changes() == ["POST", "PUT"]


async def test_what_else_is_registered_at_our_address_stays(desk: Desk) -> None:
    desk.put(desk.ours, "subscription-updated", in_ms_signature=True)
    assert await desk.run("register") == 0
    assert desk.there == (desk.ours, ("subscription-updated", *BOTH))
    assert desk.cloud.webhooks.registrations[desk.tenant].in_ms_signature, "where the signature stands is kept too"
    assert await desk.run("remove") == 0
    assert desk.there == (desk.ours, ("subscription-updated", "test-created"))


async def test_another_programs_registration_is_replaced_only_when_told(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.put(FOREIGN, "subscription-updated", "azure-fraud-event-detected")
    for command in ("register", "remove"):
        with pytest.raises(UserError, match=r"another program.*Nothing was changed"):
            await desk.run(command)
    with pytest.raises(UserError):
        await desk.run("test")
    assert await desk.run("show") == 0
    out = capsys.readouterr().out
    assert f"{FOREIGN} (another program)" in out
    assert "--replace" not in out, "it is no stale one of ours"
    assert desk.changes() == []
    assert await desk.run("register", replace=True) == 0
    assert desk.there == (desk.ours, ("subscription-updated", *BOTH))


async def test_a_stale_one_of_ours_is_named_as_such(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.put(f"https://old.example/webhooks/partner-center/{desk.tenant}", *BOTH)
    assert await desk.run("show") == 0
    assert 'webhook register --partner "Northwind Cloud" --replace' in capsys.readouterr().out
    with pytest.raises(UserError):
        await desk.run("register")


@asynccontextmanager
async def answering(status: int) -> AsyncIterator[str]:
    """Somebody at our address who answers so."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/webhooks/partner-center/{tenant}", answer)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        await server.close()


@pytest.mark.parametrize(("status", "code", "said"), [(200, 0, "arrived"), (401, 1, "was not accepted")])
async def test_a_test_event_says_what_became_of_it(
    desk: Desk,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    code: int,
    said: str,
) -> None:
    monkeypatch.setattr(bot.webhook, "LOOK_SECONDS", 0.01)
    async with answering(status) as base:
        there = Desk(desk.cloud, base)
        assert await there.run("register") == 0
        assert await there.run("test") == code
        out = capsys.readouterr().out
        assert str(status) in out
        assert said in out
        assert await there.run("test") == code
        with pytest.raises(Transient):  # two a minute
            await there.run("test")


async def test_no_test_without_a_registration_for_it(desk: Desk) -> None:
    with pytest.raises(UserError, match="no webhook registration"):
        await desk.run("test")
    desk.put(desk.ours, "azure-fraud-event-detected")
    with pytest.raises(UserError, match="Register first"):
        await desk.run("test")


async def test_no_outcome_in_time_is_a_failure(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.webhook, "RESULT_SECONDS", 0.0)
    desk.put(desk.ours, *BOTH)
    with pytest.raises(AlertDeskError, match="said nothing"):
        await desk.run("test")


@pytest.mark.parametrize(
    ("change", "arguments", "said"),
    [
        ({"ALERTDESK_PUBLIC_URL": "", "ALERTDESK_ACT_AS": "app"}, ["show", "--partner", "Fabrikam"], "PUBLIC_URL"),
        ({}, ["show", "--partner", "Nobody"], "Nobody"),
        ({}, ["show"], "--partner"),
        ({}, ["delete", "--partner", "Fabrikam"], "invalid choice"),
    ],
    ids=["no-address", "unknown-partner", "no-partner", "no-command"],
)
async def test_wrong_arguments_end_with_2(
    desk: Desk, tmp_path: Path, change: Mapping[str, Any], arguments: list[str], said: str
) -> None:
    given = {**desk.given, **change}
    if "ALERTDESK_ACT_AS" in change:
        given["ALERTDESK_PARTNERS"] = given["ALERTDESK_PARTNERS"].replace('"user"', '"app"')
    code, _, error = await run_program(["webhook", *arguments], given, tmp_path)
    assert (code, said in error) == (2, True), error


async def test_it_needs_to_know_where_it_answers(desk: Desk) -> None:
    desk.given = bot_settings(desk.cloud, "", "app")
    with pytest.raises(ConfigError, match="PUBLIC_URL"):
        await desk.run("show")
