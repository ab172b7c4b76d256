"""A desk of its own for each scenario: bot, cloud and database, ready and quiet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.desk import Desk, running_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Workers are driven by the test; installed everywhere, both partners' first sync is over and delivered. At the end
    of any scenario the bot has broken no limit of Teams and has answered no activity with 500."""
    async with running_desk(tmp_path) as desk:
        yield desk
        assert desk.over_limit() == []
        assert [entry.body for entry in desk.requests("bot") if entry.status == 500] == []
