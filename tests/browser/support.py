"""The demo as its users have it: the real command as a process, and the page in Chromium through one person's eyes."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from playwright.async_api import Browser, Locator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90.0
STOP_SECONDS = 30.0
LOOK_EVERY = 0.2
PATIENCE = 30_000.0  # ms; the machine may be busy, and the bot reads new alerts each 5 s
COMMAND = (sys.executable, "-m", "bot", "demo")
ANY_PORTS = ("--port", "0", "--page-port", "0", "--pace", "0")


@dataclass
class Demo:
    """A running `python -m bot demo`; `url` is the one that it printed."""

    process: subprocess.Popen[str]
    url: str = ""
    said: list[str] = field(default_factory=list)
    lines: queue.Queue[str | None] = field(default_factory=queue.Queue)

    def programs(self) -> dict[int, str]:
        """Everything that it started and that still lives, as pid -> command."""
        return _family(self.process.pid)

    @property
    def logs(self) -> Path:
        """Where it said that its logs are; the folder goes when it ends."""
        found = re.search(r"Logs: (\S+)", "".join(self.said))
        assert found, self.said
        return Path(found[1])

    def rest(self) -> None:
        """Until the cards of the alerts that are there at the start are posted, and none of them is taken for a
        new one."""
        bot = _got(f"{self.url}/control/settings")["ALERTDESK_PUBLIC_URL"]
        deadline, quiet = time.monotonic() + START_SECONDS, 0
        while quiet < 2:  # twice, since a card is due a moment after its alert is read
            found = _got(f"{bot}/readyz")
            outbox, partners = found["outbox"], found["partners"].values()
            busy = outbox["items"]["sending"] or outbox["items"]["uncertain"] or outbox["oldest_seconds"]
            quiet = 0 if busy or not all(each["first_sync_done"] for each in partners) else quiet + 1
            assert time.monotonic() < deadline, f"The demo does not come to rest: {found}"
            time.sleep(LOOK_EVERY)

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ctrl-C; the exit code. All of its programs must be gone by then."""
        programs = self.programs()
        self.process.send_signal(number)
        code = self.process.wait(STOP_SECONDS)
        while (line := self.lines.get(timeout=STOP_SECONDS)) is not None:
            self.said.append(line)
        left = {pid: program for pid, program in programs.items() if pid in _running()}
        assert not left, f"the demo left these behind: {left}"
        return code


@contextmanager
def running_demo(*options: str, before: Sequence[str] = ()) -> Iterator[Demo]:
    """The demo on free ports, without alerts of its own; `before` is put before the command. Ended with the block."""
    process = subprocess.Popen(
        [*before, *COMMAND, *ANY_PORTS, *options],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # the Ctrl-C of whoever runs the tests must not reach it
    )
    demo = Demo(process)
    reader = threading.Thread(target=_read, args=(demo,), daemon=True)
    reader.start()
    try:
        demo.url = _printed_url(demo)
        yield demo
    finally:
        programs = demo.programs()
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for pid in programs.keys() & _running().keys():
            os.kill(pid, signal.SIGKILL)
        reader.join(STOP_SECONDS)
        if process.stdout:
            process.stdout.close()


def _got(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=START_SECONDS) as answer:  # noqa: S310 (of the demo itself)
        return json.load(answer)


def _read(demo: Demo) -> None:
    for line in demo.process.stdout or ():
        demo.lines.put(line)
    demo.lines.put(None)


def _printed_url(demo: Demo) -> str:
    deadline = time.monotonic() + START_SECONDS
    url = ""
    try:
        while line := demo.lines.get(timeout=max(0.0, deadline - time.monotonic())):
            demo.said.append(line)
            if found := re.search(r"Open\s+(http://127\.0\.0\.1:\d+)/", line):
                url = found[1]
            if "Ctrl-C" in line:
                return url
    except queue.Empty:
        pass
    raise AssertionError("The demo did not start:\n" + "".join(demo.said))


def _running() -> dict[int, tuple[int, str]]:
    """pid -> (parent, command) of all processes but zombies."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            # "pid (name) state parent …"; the name may hold anything, so what follows is cut off behind its bracket
            state, parent, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except (OSError, ValueError):
            continue  # it ended while it was looked at
        if state != "Z":
            found[int(entry.name)] = (int(parent), command)
    return found


def _family(root: int) -> dict[int, str]:
    running = _running()
    found: dict[int, str] = {}
    parents = {root}
    while parents:
        children = {pid: command for pid, (parent, command) in running.items() if parent in parents}
        found |= children
        parents = set(children)
    return found


def by_id(name: str) -> str:
    return f'[data-testid="{name}"]'


def button(place: Locator, name: str) -> Locator:
    return place.get_by_role("button", name=name, exact=True)


async def thread_id(thread: Locator) -> str:
    return await thread.get_attribute("data-thread-id") or ""


async def number_in(thread: Locator) -> str:
    """A-1042"""
    card = thread.locator(by_id("card")).first
    await expect(card).to_contain_text(re.compile(r"A-\d+"))  # it is there a moment before it is drawn
    found = re.search(r"A-\d+", await card.inner_text())
    assert found
    return found[0]


class Teams:
    """One person at the demo's page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url, self.person = page, url, ""

    async def sit_down(self, person: str, **look: str) -> None:
        """Open the page as this person; `look` is the page's query: theme, width, conversation."""
        query = "&".join(f"{name}={value}" for name, value in {"person": person, **look}.items())
        await self.page.goto(f"{self.url}/?{query}")
        await self.is_live(person)

    async def become(self, person: str) -> None:
        await self.element(f"person-{person}").click()
        await self.is_live(person)

    async def is_live(self, person: str) -> None:
        self.person = person
        await self.page.wait_for_selector(f'html[data-live="{person}"]', state="attached")
        await self.page.wait_for_selector("html:not([data-loading])", state="attached")

    async def open(self, name: str = "", *, kind: str = "channel") -> None:
        chosen = f'[data-kind="{kind}"]' + (f'[data-name="{name}"]' if name else "")
        if await self.element("back").is_visible():  # a phone shows the list or the posts
            await self.element("back").click()
        await self.page.locator(by_id("conversation") + chosen).click()
        await expect(self.page.locator(f'{by_id("conversation")}{chosen}[aria-current="true"]')).to_have_count(1)
        await expect(self.page.locator("#posts[aria-busy]")).to_have_count(0)

    def element(self, name: str) -> Locator:
        return self.page.locator(by_id(name))

    def thread(self, thread_id: str) -> Locator:
        return self.page.locator(f'{by_id("thread")}[data-thread-id="{thread_id}"]')

    async def ids(self, name: str = "thread") -> list[str]:
        key = "threadId" if name == "thread" else "messageId"
        return [
            str(value) for value in await self.element(name).evaluate_all(f"all => all.map(one => one.dataset.{key})")
        ]

    async def fresh(self, name: str, before: Sequence[str], which: str = "") -> str:
        """The id of the thread or message that was not there before, once there is one; `which` is a selector."""
        known = "".join(f':not([data-{name}-id="{one}"])' for one in before)
        found = self.page.locator(f"{by_id(name)}{which}{known}").first
        await expect(found).to_be_attached(timeout=PATIENCE)
        return await found.get_attribute(f"data-{name}-id") or ""

    async def raise_alert(self, severity: str = "high") -> Locator:
        """Through the panel of faults; the thread of the new alert, once its card is there."""
        before = await self.ids()
        await self.panel(shown=True)
        await self.element("alert-severity").select_option(severity)
        await self.element("alert-raise").click()
        thread = self.thread(await self.fresh("thread", before))
        await self.panel(shown=False)
        return thread

    async def panel(self, *, shown: bool) -> None:
        toggle = self.element("faults-toggle")
        if (await toggle.get_attribute("aria-expanded") == "true") != shown:
            await toggle.click()
        await expect(self.element("faults-panel")).to_be_visible(visible=shown)

    async def say(self, text: str, *, thread: Locator | None = None) -> Locator:
        """Write it in the open conversation, or in a thread; the bot's answer, once it is there."""
        before = await self.ids("message")
        if thread is None:
            box = "new"
        else:
            await thread.locator(by_id("reply")).click()
            box = "reply"
        await self.element(f"compose-{box}").fill(text)
        await self.element(f"send-{box}").click()
        mine = self.message(await self.fresh("message", before, f'[data-from="{self.person}"]'))
        # In a channel the answer is in the thread of what was said, where no alert of the meantime can stand.
        if await self.element("thread").count():
            of_thread = f'[data-thread-id="{await mine.get_attribute("data-thread-id")}"]'
        else:
            of_thread = ""
        return self.message(await self.fresh("message", before, f'[data-from="bot"]{of_thread}'))

    def message(self, message_id: str) -> Locator:
        return self.page.locator(f'{by_id("message")}[data-message-id="{message_id}"]')

    async def more(self, card: Locator, entry: str) -> None:
        """An entry of a card's overflow menu."""
        await card.locator(".ac-pushButton", has_text="...").click()
        await self.page.get_by_role("menuitem", name=entry).click()

    async def sign_in(self) -> None:
        """Sign in to the bot silently, by a word in the personal chat that needs it; back in the channel afterwards."""
        await self.open(kind="personal")
        await self.tell("unsubscribe", re.compile("no longer sent here|Nothing was done"))
        await self.open("Alerts")

    async def sign_out(self) -> None:
        """The bot forgets them; back in the channel afterwards."""
        await self.open(kind="personal")
        await self.tell("signout", re.compile("Signed out|nothing to sign out of"))
        await self.open("Alerts")

    async def tell(self, text: str, answer: str | re.Pattern[str]) -> Locator:
        """Write it in the open chat; the new answer of the bot that has this text, beside which there may be others."""
        known = "".join(f':not([data-message-id="{one}"])' for one in await self.ids("message"))
        await self.element("compose-new").fill(text)
        await self.element("send-new").click()
        found = self.page.locator(f'{by_id("message")}[data-from="bot"]{known}').filter(has_text=answer).first
        await expect(found).to_be_attached(timeout=PATIENCE)
        return found

    @asynccontextmanager
    async def link(self, place: Locator, name: str = "Sign in") -> AsyncIterator[Page]:
        """Press a card's link; the tab that it opens, loaded, until the end of the block."""
        async with self.page.context.expect_page() as opened:
            await place.get_by_role("link", name=name, exact=True).click()
        tab = await opened.value
        await tab.wait_for_load_state()
        yield tab
        await tab.close()

    async def control(self, path: str, *, post: Any = None, delete: bool = False) -> Any:
        """The sandbox's own door, for what no person can see or do."""
        url = f"{self.url}/control/{path}"
        if delete:
            answer = await self.page.request.delete(url)
        elif post is not None:
            answer = await self.page.request.post(url, data=post)
        else:
            answer = await self.page.request.get(url)
        assert answer.ok, await answer.text()
        return await answer.json() if await answer.body() else None


@asynccontextmanager
async def seated(
    browser: Browser, url: str, person: str, *, size: tuple[int, int] = (1280, 900), **look: str
) -> AsyncIterator[Teams]:
    """This person at a browser window of their own. A script error of the page fails the test."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if look.get("theme") == "dark" else "light",
        locale="en-GB",
        timezone_id="UTC",
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    teams = Teams(page, url)
    try:
        await teams.sit_down(person, **look)
        yield teams
    finally:
        await context.close()
    assert errors == []


class Seat(Protocol):
    """How a test gets people: the fixture `seat`."""

    async def __call__(self, person: str, *, size: tuple[int, int] = (1280, 900), **look: str) -> Teams: ...


# A network of its own ------------------------------------------------------------------------------------------------

_LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket() as probe:
    fcntl.ioctl(probe, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: IFF_UP, IFF_RUNNING
os.execvp(sys.argv[1], sys.argv[1:])
"""


def own_network() -> tuple[str, ...]:
    """What to put before a command so that it reaches only itself; empty where this machine does not allow it."""
    for options in (("-n",), ("-rn",)):
        before = ("unshare", *options, sys.executable, "-c", _LOOPBACK_UP)
        try:
            if subprocess.run([*before, "true"], capture_output=True, check=False).returncode == 0:
                return before
        except FileNotFoundError:
            break
    return ()


def browser_inside(pid: int, folder: Path, browser: Path | str) -> Path:
    """A command that runs the browser in the network of process `pid`."""
    user = "" if os.geteuid() == 0 else "--user --preserve-credentials "
    script = folder / "chromium-inside"
    script.write_text(f'#!/bin/sh\nexec nsenter --target {pid} {user}--net -- "{browser}" "$@"\n')
    script.chmod(0o755)
    return script
