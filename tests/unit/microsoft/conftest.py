"""The made-up Microsoft, and a partner in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.domain.people import Partner
from tests.support.microsoft import Microsoft


@pytest.fixture
async def microsoft() -> AsyncIterator[Microsoft]:
    built = Microsoft()
    yield built
    await built.http.close()


@pytest.fixture
def partner() -> Partner:
    return Partner(
        "Northwind", "22222222-2222-4222-8222-222222222222", "99999999-9999-4999-8999-999999999999", reader="app"
    )
