"""A running sandbox cloud on a free port, and a client for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.sandbox.app import running
from bot.sandbox.cloud import Cloud


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    async with running() as started:
        yield started


@pytest.fixture
async def http(cloud: Cloud) -> AsyncIterator[aiohttp.ClientSession]:
    """Paths are relative to the cloud."""
    async with aiohttp.ClientSession(cloud.base_url, timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session
