"""Headless Chromium for tests and pictures: the one that `make setup` unpacked, else an installed one."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

UNPACKED = Path(__file__).resolve().parents[2] / ".cache" / "chromium"
INSTALLED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW_TO_FIX = (
    "No Chromium for the browser tests: run `make setup` (brings one on Linux x86-64), "
    "or install one (Debian: apt-get install chromium)."
)
ARGUMENTS = (
    "--no-sandbox",  # root, and containers without user namespaces, have none; the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",  # containers give too little shared memory
    "--font-render-hinting=none",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",  # nothing but this machine
)


class ChromiumMissing(Exception):
    """There is no browser to run; the text says how to get one."""


def launch_options() -> dict[str, Any]:
    """Arguments for Playwright's `chromium.launch` and `launch_persistent_context`. Raises ChromiumMissing."""
    if (UNPACKED / "chromium").exists():
        libraries = f"{UNPACKED / 'lib'}:{os.environ.get('LD_LIBRARY_PATH', '')}".rstrip(":")
        environment = {**os.environ, "LD_LIBRARY_PATH": libraries, "FONTCONFIG_FILE": str(UNPACKED / "fonts.conf")}
        return {"executable_path": UNPACKED / "chromium", "env": environment, "args": list(ARGUMENTS), "headless": True}
    installed = next((path for path in map(shutil.which, INSTALLED) if path), None)
    if installed is None:
        raise ChromiumMissing(HOW_TO_FIX)
    return {"executable_path": installed, "args": list(ARGUMENTS), "headless": True}


@asynccontextmanager
async def open_chromium() -> AsyncIterator[Browser]:
    """A browser for as long as the block runs, well under a second to start."""
    options = launch_options()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**options)
        try:
            yield browser
        finally:
            await browser.close()
