"""Headless Chromium for the tests of this folder. Each test has its own, in half a second; none shares state."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from tests.support.chromium import ChromiumMissing, open_chromium


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A fresh headless Chromium; a missing one fails the test with one line that says what to do."""
    try:
        async with open_chromium() as chromium:
            yield chromium
    except ChromiumMissing as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page in a new context, 1280 x 900. An uncaught script error on it fails the test."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="UTC")
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    await context.close()
    assert errors == []
