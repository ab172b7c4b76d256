"""The bot's routes, on a server of their own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.house import House
from tests.support.site import Site, running


@pytest.fixture
async def site(house: House) -> AsyncIterator[Site]:
    async with running(house) as built:
        yield built
