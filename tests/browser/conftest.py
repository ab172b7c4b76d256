"""What the tests here share: a headless Chromium for each test, in half a second, and a demo for each module."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Browser, Page

from tests.browser.support import Demo, Seat, Teams, running_demo, seated
from tests.support.chromium import ChromiumMissing, open_chromium

DEMANDS = ("mfa_required", "consent_required", "conditional_access")


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


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """One demo for the tests that only use it; each of them has alerts of its own."""
    with running_demo() as running:
        running.rest()
        yield running


@pytest.fixture
async def seat(demo: Demo, browser: Browser) -> AsyncIterator[Seat]:
    """`await seat("ada")`: this person at a window of their own. Faults and demands of the test end with it."""
    async with AsyncExitStack() as stack:
        seats: list[Teams] = []

        async def take(person: str, *, size: tuple[int, int] = (1280, 900), **look: str) -> Teams:
            seats.append(await stack.enter_async_context(seated(browser, demo.url, person, size=size, **look)))
            return seats[-1]

        yield take
        if seats:
            await seats[0].control("faults", delete=True)
            await seats[0].control("switches", post=dict.fromkeys(DEMANDS, False))
