"""`python -m bot demo --playground`: Microsoft's own Agents Playground as the client, in a network of its own."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from tests.browser.support import PATIENCE, Demo, browser_inside, own_network, running_demo
from tests.support.chromium import ChromiumMissing, launch_options

pytestmark = pytest.mark.browser
WRITE = "div[role=textbox][data-lexical-editor=true]"


@pytest.fixture(scope="module")
def network() -> tuple[str, ...]:
    return own_network()


@pytest.fixture
def cloud_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def demo(network: tuple[str, ...], cloud_port: int) -> Iterator[Demo]:
    with running_demo("--playground", "--page-port", str(cloud_port), before=network) as running:
        yield running


@pytest.fixture
async def playground(demo: Demo, network: tuple[str, ...], tmp_path: Path) -> AsyncIterator[Page]:
    try:
        options = launch_options()
    except ChromiumMissing as missing:
        pytest.fail(str(missing), pytrace=False)
    if network:
        options["executable_path"] = browser_inside(demo.process.pid, tmp_path, options["executable_path"])
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**options)
        context = await browser.new_context(viewport={"width": 1400, "height": 1000}, locale="en-GB", timezone_id="UTC")
        context.set_default_timeout(PATIENCE)
        await context.route(re.compile(r"^https://"), lambda route: route.abort())  # fonts of a CDN
        yield await context.new_page()
        await browser.close()


class Posts:
    """What the bot posted, as the Playground's server told its page: the page itself shows no message ids."""

    def __init__(self, page: Page) -> None:
        self.found: dict[str, dict[str, Any]] = {}
        page.on("websocket", lambda line: line.on("framereceived", self._frame))

    def _frame(self, frame: str | bytes) -> None:
        try:
            event = json.loads(frame)
        except ValueError:
            return
        if isinstance(event, dict) and event.get("action") in ("createMessage", "updateMessage"):
            self.found[event["message"]["messageId"]] = event["message"]

    def card_of(self, label: str) -> tuple[str, dict[str, Any]]:
        """The id and the message of an alert's card."""
        for number, message in self.found.items():
            for attachment in message.get("attachments") or ():
                if label in json.dumps(attachment) and "alert.fraud" in json.dumps(attachment):
                    return number, message
        raise AssertionError(f"no card of {label} among {len(self.found)} messages")


async def test_the_playground_shows_decides_and_hears_others(demo: Demo, playground: Page, cloud_port: int) -> None:
    page, posts = playground, Posts(playground)
    cloud = await page.context.new_page()

    async def ask_cloud(path: str) -> Any:
        answer = await cloud.goto(f"http://127.0.0.1:{cloud_port}{path}")
        assert answer is not None
        return await answer.json()

    await page.goto(demo.url)
    await page.get_by_role("treeitem", name="Security Operations - Alerts").click()
    cards = page.locator(".ac-adaptiveCard")
    open_cards = cards.filter(has=page.get_by_role("button", name="Mark as fraud"))
    await expect(cards.filter(has_text="Security alerts of Northwind Cloud are now sent here")).to_be_attached()
    await expect(open_cards.nth(2)).to_be_attached()
    mine, others = [await label_of(open_cards.nth(place)) for place in (0, 1)]

    # A command, by mention.
    box = page.locator(WRITE).first
    await box.click()
    await page.keyboard.type("@Alert")
    await page.get_by_role("menuitem", name="Alert Desk").click()
    await page.keyboard.type(" show unresolved")
    await page.get_by_role("button", name="Post", exact=True).click()
    await expect(cards.filter(has_text="Unresolved alerts")).to_contain_text("highest severity first")

    # A press.
    card = cards.filter(has_text=mine).filter(has_text="Affected resources")
    await card.get_by_role("button", name="Mark as fraud").click()
    await expect(card).to_contain_text("Fraud by Ada Lindqvist")
    await expect(page.get_by_text(f"Ada Lindqvist marked {mine} as fraud.").first).to_be_visible()

    # The same over the Playground's HTTP API as other people: one without the role, then one with it.
    people = {person["key"]: person for person in (await ask_cloud("/client/world"))["people"]}
    card = cards.filter(has_text=others).filter(has_text="Affected resources")
    message_id, message = posts.card_of(others)
    action = find_action(message["attachments"], "alert.legitimate")

    async def press_as(person: str) -> Any:
        invoke = {
            "name": "adaptiveCard/action",
            "value": {"action": action, "trigger": "manual"},
            "from": {"id": people[person]["mri"]},
            "conversation": {"id": message["postConversationId"]},
            "replyToId": message_id,
        }
        return await page.evaluate(
            """async (invoke) => {
              const answer = await fetch("/_conversation/v1/invoke", {
                method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(invoke),
              });
              return [answer.status, await answer.text()];
            }""",
            invoke,
        )

    assert "you need the role Admin Agent" in json.dumps(await press_as("nora"))
    await expect(card).to_contain_text("Active")
    assert (await press_as("max"))[0] == 200
    await expect(card).to_contain_text("Legitimate by Max Okafor")
    deeds = await ask_cloud("/control/deeds?kind=alert")
    assert [deed["reason"] for deed in deeds] == ["fraud", "legitimate"]

    programs = " ".join(demo.programs().values())
    assert "bot.sandbox relay" in programs
    assert "agentsplayground" in programs
    assert demo.interrupt() == 0


async def label_of(card: Locator) -> str:
    found = re.search(r"A-\d+", await card.inner_text())
    assert found
    return found[0]


def find_action(thing: Any, verb: str) -> dict[str, Any]:
    """The Action.Execute with that verb, wherever it is in the card."""
    stack = [thing]
    while stack:
        here = stack.pop()
        if isinstance(here, dict) and here.get("type") == "Action.Execute" and here.get("verb") == verb:
            return {name: here[name] for name in ("type", "verb", "title", "data") if name in here}
        stack += here.values() if isinstance(here, dict) else here if isinstance(here, list) else ()
    raise AssertionError(f"no {verb} in the card")
