"""`python -m bot login`: a device code and a browser, at the terminal, on a sandbox cloud."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.app import entra_config
from bot.errors import ConfigError, UserError
from bot.login import Way, discard_key, login
from bot.sandbox.app import running
from bot.sandbox.cloud import Cloud
from bot.sandbox.control_settings import bot_settings
from bot.settings import Settings, load
from tests.support.program import environment
from tests.support.program import run as run_program

PARTNER = "Northwind Cloud"


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    async with running() as cloud:
        yield cloud


@pytest.fixture
def given(cloud: Cloud, tmp_path: Path) -> dict[str, str]:
    """The environment of a bot on that cloud."""
    database = f"sqlite:///{tmp_path / 'login.db'}"
    return {**bot_settings(cloud, "http://127.0.0.1:3978"), "ALERTDESK_DATABASE_URL": database}


def browser_of(person: str) -> Way:
    """A browser in which that person signs in at once; it runs in a thread, as the real one is opened from one."""

    def show(address: str) -> None:
        with httpx.Client(trust_env=False) as client:
            answer = client.get(address, params={**httpx.URL(address).params, "sandbox_person": person})
            assert answer.status_code == 302, answer.text
            back = httpx.URL(answer.headers["location"])
            assert back.host == "localhost"
            here = back.copy_with(host="127.0.0.1")
            assert client.get(here.copy_merge_params({"state": "forged"})).status_code == 400
            assert "close this tab" in client.get(here).text

    return Way(browser=True, show=show)


async def by_browser(given: dict[str, str], person: str, partner: str = PARTNER) -> int:
    settings = load(given)
    return await login(settings, entra_config(settings), partner, browser_of(person))


def settings_of(given: dict[str, str], **changes: str) -> Settings:
    return load({**given, **{f"ALERTDESK_{name}": value for name, value in changes.items()}})


async def test_in_a_browser(cloud: Cloud, given: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert await by_browser(given, "ada", partner="northwind cloud") == 0
    ada, said = cloud.world.people["ada"], capsys.readouterr().out
    assert f"Signed in: {ada.name} <{ada.upn}>, object id {ada.aad_object_id}, tenant {ada.tenant_id}" in said
    assert "Scope: PartnerSecurity.Read.All, User.Read." in said
    assert re.search(r"Expires: \d{4}-\d\d-\d\d \(90 days\)", said)
    assert "never writes" in said


async def test_the_tenant_id_names_a_partner_too(cloud: Cloud, given: dict[str, str]) -> None:
    assert await by_browser(given, "fay", partner=cloud.world.partner("fabrikam").tenant_id) == 0


async def test_a_global_administrator_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(UserError, match="Global Administrator"):
        await by_browser(given, "max")


async def test_a_partner_that_is_not_there_is_named(given: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"'Contoso'.*Northwind Cloud, Fabrikam Distribution"):
        await by_browser(given, "ada", partner="Contoso")


async def test_without_a_key_nothing_is_kept(given: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="ALERTDESK_ENCRYPTION_KEY"):
        await by_browser({**given, "ALERTDESK_ENCRYPTION_KEY": ""}, "ada")


async def test_what_a_lost_key_sealed_can_be_removed(given: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    await by_browser(given, "ada")
    lost = settings_of(given)
    with pytest.raises(UserError, match="can still be opened"):
        await discard_key(lost, _key_id(lost))
    fresh = settings_of(given, ENCRYPTION_KEY=lost.audit_key.get_secret_value())
    assert await discard_key(fresh, _key_id(lost)) == 0
    assert "1 sealed with" in capsys.readouterr().out
    assert await discard_key(fresh, _key_id(lost)) == 0
    assert "0 sealed with" in capsys.readouterr().out


def _key_id(settings: Settings) -> str:
    from bot.sealing import key_id_of

    return key_id_of(settings.encryption_keys[0])


async def test_as_a_program_with_a_device_code(cloud: Cloud, given: dict[str, str], tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "login", "--partner", PARTNER, cwd=tmp_path, env=environment(given),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        found = re.search(r"Open (\S+) and enter the code (\w+)\.", line)
        assert found is not None, line
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.post(found[1], data={"user_code": found[2], "person": "ada"})
        out, said = await asyncio.wait_for(process.communicate(), 30)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert (process.returncode, said.decode()) == (0, "")
    assert "Kept, encrypted." in out.decode()


async def test_as_a_program_it_says_what_is_wrong(given: dict[str, str], tmp_path: Path) -> None:
    code, out, said = await run_program(["login", "--partner", "Contoso"], given, tmp_path)
    assert (code, out) == (2, b"")
    assert said.startswith("ALERTDESK_PARTNERS has no partner 'Contoso'")
    code, _, said = await run_program(["login"], given, tmp_path)
    assert code == 2
    assert "--partner" in said
