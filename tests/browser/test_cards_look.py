"""Every card in Microsoft's renderer and a real browser: on a phone and wide, light and dark, and pressed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer
from playwright.async_api import Page

from bot.sandbox import page as sandbox_page
from cards import alert_card, form_card, list_card, request_card
from tests.cardcheck import walk
from tests.factories_cards import ACT, ALERT, FORM, LIST, REQUEST, SAMPLES, Sample

NARROW = 350  # Teams takes a card up to this width for a phone's and leaves out what is for wider ones
LOOKS = [(width, theme) for width in (320, 420, 900) for theme in ("light", "dark")]

# Each visible text with its contrast to what is painted behind it (WCAG 2.2, 1.4.3).
CONTRASTS = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => Number(part) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const painted = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/^(transparent|rgba\\(.*, 0\\))$/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const texts = document.createTreeWalker(document.getElementById("card-place"), NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const visible = element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    if (!texts.currentNode.data.trim() || !visible) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(painted(element))];
    found.push({ text: texts.currentNode.data, contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) });
  }
  return found;
}"""


@pytest.fixture
async def server() -> AsyncIterator[BaseTestServer]:
    app = web.Application()
    app.add_routes(sandbox_page.routes(cast("Any", None)))  # the page's files need no cloud
    async with TestServer(app) as running:
        yield running


async def opened(page: Page, server: BaseTestServer, width: int = 420, theme: str = "light") -> Page:
    await page.set_viewport_size({"width": width, "height": 900})
    await page.goto(str(server.make_url(f"/page/cards.html?theme={theme}&width={width}")))
    await page.wait_for_function("window.renderCard && window.rendererReady")
    return page


async def drawn(page: Page, card: dict[str, Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", await page.evaluate("(card) => window.renderCard(card)", card))


def seen(text: str) -> str:
    """As a browser shows it: Markdown's backslashes and the tags of mentions gone, white space collapsed."""
    return re.sub(r"\s+", " ", re.sub(r"\\([\\*_~.\-+>#=|)])|</?at>", r"\1", text)).strip()


def texts_for(card: dict[str, Any], width: int) -> list[str]:
    """What the card says at that width, in its order."""
    hidden = tuple(
        path for path, thing in walk(card) if thing.get("targetWidth") == "atLeast:Standard" and width <= NARROW
    )
    blocks = [
        seen(thing["text"])
        for path, thing in walk(card)
        if thing.get("type") in {"TextBlock", "TextRun"} and not path.startswith(hidden or ("none",))
    ]
    return [block for block in blocks if block]


@pytest.mark.parametrize(("width", "theme"), LOOKS)
async def test_every_card_is_whole_and_readable(page: Page, server: BaseTestServer, width: int, theme: str) -> None:
    await opened(page, server, width, theme)
    for sample in SAMPLES:
        await looks_right(page, sample, width)


async def looks_right(page: Page, sample: Sample, width: int) -> None:
    card = sample.card()
    result = await drawn(page, card)
    assert result["problems"] == [], sample.name
    assert result["overflow"] == 0, sample.name
    scrolls = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(scrolls) == 0, sample.name

    shown = seen(await page.inner_text("#card-place"))
    at = 0
    for text in texts_for(card, width):
        at = shown.find(text, at)
        assert at >= 0, f"{sample.name} does not show {text!r} in its place"
        at += len(text)

    faint = [found for found in await page.evaluate(CONTRASTS) if found["contrast"] < 4.5]
    assert faint == [], sample.name

    for together in await page.locator(".ac-actionSet").all():
        buttons = [await button.inner_text() for button in await together.locator(".ac-pushButton").all()]
        assert len([title for title in buttons if title != "..."]) <= 3, sample.name
    assert await page.locator("#card-place a[href], #card-place img").count() == 0, sample.name


async def test_the_other_buttons_are_in_the_overflow_menu(page: Page, server: BaseTestServer) -> None:
    await opened(page, server, 320)
    await drawn(page, alert_card(ALERT))
    await page.locator(".ac-pushButton", has_text="...").click()
    entries = await page.get_by_role("menuitem").all_inner_texts()
    assert [entry.strip() for entry in entries] == [button.title for button in ALERT.buttons if button.secondary]


async def test_a_pressed_button_sends_its_verb_and_data(page: Page, server: BaseTestServer) -> None:
    await opened(page, server)
    await drawn(page, alert_card(ALERT))
    await page.get_by_role("button", name="Mark as fraud").click()
    await page.get_by_role("button", name="Cancel subscription").click()
    execute, dialog = await page.evaluate("window.cardActions")
    assert (execute["type"], execute["verb"], execute["data"]) == ("execute", "alert.fraud", ACT)
    assert dialog["type"] == "submit"
    assert dialog["data"] == {**ACT, "verb": "subscription.cancel", "msteams": {"type": "task/fetch"}}


async def test_a_row_of_a_list_is_pressed_by_mouse_and_keyboard(page: Page, server: BaseTestServer) -> None:
    await opened(page, server, 320)
    await drawn(page, list_card(LIST))
    await page.get_by_text("Graphic Design Institute").first.click()
    row = page.get_by_role("button", name=re.compile("Open A-1041"))
    await row.focus()
    await page.keyboard.press("Enter")
    pressed = await page.evaluate("window.cardActions")
    assert [(action["verb"], action["data"]["alert"]) for action in pressed] == [
        ("alert.details", 1040),
        ("alert.details", 1041),
    ]


async def test_a_form_says_what_is_missing_and_sends_what_was_written(page: Page, server: BaseTestServer) -> None:
    await opened(page, server, 320, "dark")
    await drawn(page, form_card(FORM))
    await page.get_by_role("button", name="Change verdict").click()
    assert await page.get_by_text("Choose one.").is_visible()
    assert await page.get_by_text("Say why, for the record.").is_visible()
    assert await page.evaluate("window.cardActions") == []

    await page.get_by_label("Legitimate").check()
    await page.get_by_role("textbox").fill("The customer called back.")
    await page.get_by_role("button", name="Change verdict").click()
    sent = (await page.evaluate("window.cardActions"))[0]["data"]
    assert sent == {**ACT, "verb": "alert.reverdict", "verdict": "legitimate", "reason": "The customer called back."}


async def test_a_request_is_decided_with_two_buttons_and_calls_people_by_name(
    page: Page, server: BaseTestServer
) -> None:
    await opened(page, server, 320, "dark")
    await drawn(page, request_card(REQUEST))
    assert await page.locator("#card-place .mention").all_inner_texts() == ["Max Manager", "Gil Global"]
    assert await page.get_by_role("heading").first.inner_text() == "R-12 · Cancel Azure subscription"
    await page.get_by_role("button", name="Approve").click()
    await page.get_by_role("button", name="Reject").click()
    approve, reject = await page.evaluate("window.cardActions")
    assert (approve["type"], approve["verb"]) == ("execute", "cancellation.approve")
    assert (reject["type"], reject["data"]["verb"]) == ("submit", "cancellation.reject")
    assert reject["data"]["msteams"] == {"type": "task/fetch"}
    about = approve["data"].keys() - {"new"}  # which new alerts were seen matters to who approves
    assert {key: reject["data"][key] for key in about} == {key: approve["data"][key] for key in about}
    await page.locator(".ac-pushButton", has_text="...").click()
    assert [entry.strip() for entry in await page.get_by_role("menuitem").all_inner_texts()] == ["Withdraw"]


async def test_headings_are_headings(page: Page, server: BaseTestServer) -> None:
    await opened(page, server)
    await drawn(page, alert_card(ALERT))
    headings = await page.get_by_role("heading").all_inner_texts()
    assert [heading.strip() for heading in headings] == ["A-1042", "Affected resources"]
