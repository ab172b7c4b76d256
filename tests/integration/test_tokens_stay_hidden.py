"""After a run of everything that handles tokens, none stands in a log, an error, a metric, a repr or the database."""

from __future__ import annotations

import base64
import gc
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from bot.errors import AlertDeskError
from bot.microsoft.reader_login import ReaderLogin
from bot.telemetry.metrics import REGISTRY
from tests.support.people_sandbox import CALLBACK, KEY, People, Replica, browser, people_on_sandbox
from tests.support.secrets_seen import Secrets


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Secrets:
    return Secrets(monkeypatch)


@pytest.fixture
async def people(tmp_path: Path, secrets: Secrets) -> AsyncIterator[People]:
    async with people_on_sandbox(tmp_path) as people:
        yield people


class Run:
    """Does things, and keeps every error as an operator or a log would see it."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def fails(self, work: Awaitable[object]) -> None:
        try:
            await work
        except AlertDeskError as error:
            fields = [f"{name}={value!r}" for name, value in vars(error).items()]
            self.said += [str(error), repr(error), *fields, "".join(traceback.format_exception(error))]
        else:
            raise AssertionError("it was to fail")

    def shows(self, *values: object) -> None:
        self.said += [repr(value) for value in values]


async def people_act(people: People, one: Replica, run: Run) -> None:
    ada, partner, alert = people.person("ada"), people.partner(), people.some_open()
    switches, entra = people.cloud.faults.switches, people.cloud.entra
    await run.fails(one.users.get(ada, one.scope))
    await run.fails(one.users.exchange(ada, await people.sso("max")))
    await run.fails(one.users.exchange(ada, (await people.sso("ada"))[:-12] + "AAAAAAAAAAAA"))
    await run.fails(one.users.exchange(ada, await people.sso("ada", lifetime=-60)))
    switches.mfa_required = True
    await run.fails(one.users.exchange(ada, await people.sso("ada")))
    switches.mfa_required = False
    await one.users.exchange(ada, await people.sso("ada"))
    await one.alerts.set_status(partner, alert, "investigating", "", ada)
    entra.end_tokens(people.cloud.world.people["ada"])
    await one.alerts.get(partner, alert, ada)
    people.cloud.faults.add({"service": "graph", "action": {"status": 401}, "times": 2})
    await run.fails(one.alerts.get(partner, alert, ada))
    address, flow = await one.users.begin(ada, "state-1", CALLBACK, "")
    answer = await browser(address, sandbox_person="ada")
    await run.fails(one.users.complete(ada, {**flow, "code_verifier": "v" * 43}, answer))
    address, flow = await one.users.begin(ada, "state-2", CALLBACK, "")
    await one.users.complete(ada, flow, await browser(address, sandbox_person="ada"))
    address, flow = await one.users.begin(ada, "state-3", CALLBACK, "")
    await run.fails(one.users.complete(ada, flow, await browser(address, sandbox_person="max")))
    people.cloud.faults.add(
        {"service": "entra", "method": "POST", "action": {"status": 200, "body": "<html>"}, "times": 1}
    )
    await run.fails(one.users.get(ada, one.scope, "{}"))
    entra.spoil(people.cloud.world.people["ada"], "revoked")
    await run.fails(one.users.get(ada, one.scope, "{}"))
    run.shows(one.users, vars(one.users)["_memory"], one.vault, one.apps, one.apps.config)


async def somebody_reads(people: People, one: Replica, run: Run) -> None:
    partner = people.partner(reader="delegated")
    login = ReaderLogin(one.apps, one.on_graph, one.reader, one.clock, partner)
    address, flow = await login.begin_browser("http://localhost:1", "state-4")
    done = await login.finish_browser(flow, await browser(address, sandbox_person="ada"))
    device = await login.begin_device()
    run.shows(done, device, await one.reader.kept(partner), one.reader, vars(one.reader), one.reader.caller(partner))
    assert [page async for page in one.alerts.open_alerts(partner)]
    people.cloud.entra.spoil(people.cloud.world.people["ada"], "expired")
    await run.fails(one.reader.token(partner, renew=True))


async def test_no_token_shows(
    people: People,
    secrets: Secrets,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    run, one = Run(), await people.replica()
    await people_act(people, one, run)
    await somebody_reads(people, one, run)
    gc.collect()
    assert len(secrets.texts) > 30
    secrets.add(KEY.hex(), base64.b64encode(KEY).decode(), people.cloud.world.app.secret)
    printed = capfd.readouterr()
    assert "signed_in" in printed.out + printed.err
    assert len(run.said) > 40
    places = {
        "errors": "\n".join(run.said),
        "logs": caplog.text
        + "".join(str(vars(record)) for record in caplog.records if not record.name.startswith("bot.")),
        "output": printed.out + printed.err,
        "metrics": generate_latest(REGISTRY).decode(),
    }
    assert {place: found for place, text in places.items() if (found := secrets.in_text(text))} == {}
    size, found = secrets.in_files(tmp_path)
    assert size > 10_000
    assert found == set()


async def test_what_is_looked_for_would_be_found(people: People, secrets: Secrets, tmp_path: Path) -> None:
    """The two ways of looking see a token that is there."""
    token = await people.sso("ada")
    (tmp_path / "leak").write_text(f"Bearer {token}")
    assert secrets.in_text(f"… {token} …")
    assert secrets.in_files(tmp_path)[1]
