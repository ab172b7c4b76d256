"""Two replicas on one PostgreSQL: signed in through one, acting through the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.people import Roles
from bot.errors import SignInNeeded
from bot.microsoft.reader_login import ReaderLogin
from tests.support.people_sandbox import CALLBACK, People, browser, people_on_sandbox


@pytest.fixture
async def people(tmp_path: Path, postgres_url: str) -> AsyncIterator[People]:
    async with people_on_sandbox(tmp_path, postgres_url) as people:
        yield people


async def test_signed_in_through_one_acting_through_the_other(people: People) -> None:
    one, two = await people.replica("one"), await people.replica("two")
    partner, ada, alert = people.partner(), people.person("ada"), people.some_open()
    await one.users.exchange(ada, await people.sso("ada"))
    assert await two.directory.roles(partner, ada.aad_id, ada) == Roles(admin_agent=True)
    await two.alerts.set_status(partner, alert, "resolved", "fraud", ada)
    assert (await one.alerts.get(partner, alert, ada)).resolved_by == ada.upn
    await two.users.forget(ada)
    with pytest.raises(SignInNeeded):
        await one.alerts.get(partner, alert, ada)


async def test_a_page_begun_at_one_ends_at_the_other(people: People) -> None:
    one, two, max_ = await people.replica("one"), await people.replica("two"), people.person("max")
    address, flow = await one.users.begin(max_, "state-1", CALLBACK, "")
    await two.users.complete(max_, flow, await browser(address, sandbox_person="max"))
    assert await one.directory.roles(people.partner(), max_.aad_id, max_) == Roles(True, True)


async def test_many_people_at_once_on_both(people: People) -> None:
    replicas = [await people.replica("one"), await people.replica("two")]
    keys = ("ada", "max", "gil", "nora")
    tokens = {key: await people.sso(key) for key in keys}
    await asyncio.gather(*(each.users.exchange(people.person(key), tokens[key]) for key in keys for each in replicas))
    for key in keys:
        person = people.person(key)
        found = [await each.users.get(person, each.scope) for each in replicas]
        assert found[0] == found[1]


async def test_readers_take_turns(people: People) -> None:
    one, two, partner = await people.replica("one"), await people.replica("two"), people.partner(reader="delegated")
    login = ReaderLogin(one.apps, one.on_graph, one.reader, one.clock, partner)
    address, flow = await login.begin_browser("http://localhost:1", "state-1")
    await login.finish_browser(flow, await browser(address, sandbox_person="ada"))
    for _ in range(3):
        await asyncio.gather(*(each.reader.token(partner, renew=True) for each in (one, two)))
    for each in (one, two):
        assert [page async for page in each.alerts.open_alerts(partner)]
