"""A desk of its own for each scenario: bot, cloud and database, ready and quiet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.desk import Desk, running_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Workers are driven by the test; installed everywhere, both partners' first sync is over and delivered."""
    async with running_desk(tmp_path) as desk:
        yield desk
