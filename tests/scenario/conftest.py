"""A desk of its own for each scenario: bot, cloud and database, ready and quiet."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import bot.chat.acting
import bot.chat.signing_in
import bot.microsoft.directory
import bot.services.access
import bot.services.asking
import bot.services.deciding
from tests.support.desk import Desk, running_desk
from tests.support.secrets_seen import Secrets
from tests.support.signing import shown_by

BUSY_MACHINE = 15.0
"""Seconds. Where a scenario is not about time, a machine that others keep busy must not make the bot give up."""


@pytest.fixture
def product_seconds() -> None:
    """For scenarios that are about time: the bot's own limits hold."""


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """More of it, unless the scenario asked for the product's own seconds."""
    if "product_seconds" not in request.fixturenames:
        monkeypatch.setattr(bot.chat.acting, "ANSWER_SECONDS", BUSY_MACHINE)
        monkeypatch.setattr(bot.chat.signing_in, "EXCHANGE_SECONDS", BUSY_MACHINE)
        monkeypatch.setattr(bot.services.asking, "LOOK_SECONDS", BUSY_MACHINE)
        monkeypatch.setattr(bot.services.deciding, "CHECK_SECONDS", BUSY_MACHINE)
        monkeypatch.setattr(bot.services.access, "CHECK_SECONDS", BUSY_MACHINE)
        monkeypatch.setattr(
            bot.microsoft.directory.GraphDirectory.__init__, "__kwdefaults__", {"role_timeout": BUSY_MACHINE}
        )


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Workers are driven by the test; installed everywhere, both partners' first sync is over and delivered. At the end
    of any scenario the bot has broken no limit of Teams and has answered no activity with 500."""
    async with running_desk(tmp_path) as desk:
        yield desk
        _kept_the_rules(desk)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Secrets:
    return Secrets(monkeypatch)


@pytest.fixture
async def people(tmp_path: Path, secrets: Secrets, capfd: pytest.CaptureFixture[str]) -> AsyncIterator[Desk]:
    """A desk that acts as the people of the partner at home. At the end of any scenario no token, code or secret of it
    stands in the log, the metrics, the audit trail, a message, an answer or a file of the database."""
    async with running_desk(tmp_path, act_as="user", history=0) as desk:
        secrets.add(desk.cloud.world.app.secret)
        yield desk
        _kept_the_rules(desk)
        out, err = capfd.readouterr()
        sys.stdout.write(out + err)  # for whoever looks into a test that failed
        assert "started" in out + err, "this is the log"
        assert secrets.in_text(out + err) == set()
        assert secrets.in_text(await shown_by(desk)) == set()
        looked_through, found = secrets.in_files(tmp_path)
        assert (looked_through > 0, found) == (True, set())


def _kept_the_rules(desk: Desk) -> None:
    assert desk.over_limit() == []
    assert [entry.body for entry in desk.requests("bot") if entry.status == 500] == []
