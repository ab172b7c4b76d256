"""Search from the box that people write in, in Chromium: type, pick, share, and who sees what of it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from bot.texts import en, searching
from tests.browser.support import PATIENCE, Seat, button, by_id, number_in

ACROSS = "one => [one.scrollWidth, one.clientWidth]"


@pytest.mark.parametrize(
    ("size", "theme"), [((1280, 900), "light"), ((390, 844), "dark")], ids=["desktop", "phone in the dark"]
)
async def test_type_pick_and_share(seat: Seat, size: tuple[int, int], theme: str) -> None:
    ada, nora = await seat("ada", size=size, theme=theme), await seat("nora")
    thread = await nora.raise_alert("high")
    number = await number_in(thread)
    await ada.open("On-call handover", kind="groupChat")
    await nora.open("On-call handover", kind="groupChat")
    before = await nora.ids("message")

    await ada.element("find-new").click()
    results = ada.element("search-result")
    await expect(results.first).to_be_visible(timeout=PATIENCE)
    await ada.element("search-words").fill("no such thing anywhere")
    await expect(ada.element("search-note")).to_have_text(en.SEARCH_EMPTY, timeout=PATIENCE)
    await expect(results).to_have_count(0)
    await ada.element("search-words").fill(number.lower())
    await expect(results).to_have_count(1, timeout=PATIENCE)
    await expect(results.first).to_contain_text(re.compile(rf"{number} · High · Active"))
    across, seen = await ada.element("dialog").evaluate(ACROSS)
    assert across <= seen, "the results scroll sideways"
    name = await results.first.locator("span").inner_text()
    assert name
    await results.first.click()
    await expect(ada.element("dialog")).to_have_count(0)

    post = nora.message(await nora.fresh("message", before))
    card = post.locator(by_id("card")).first
    await expect(card).to_contain_text(searching.SHARED_LEAD)
    await expect(card).to_contain_text(number)
    await expect(card).not_to_contain_text(name)
    await expect(post).to_have_attribute("data-from", "ada")
    await button(post, en.SHOW).click()
    await expect(card).to_contain_text("Only you see this")
    await expect(card).to_contain_text(name)
    mine = ada.page.locator(f'[data-message-id="{await post.get_attribute("data-message-id")}"]')
    await expect(mine).not_to_contain_text("Only you see this")
    await expect(mine).to_contain_text(searching.SHARED_LEAD)
    await button(post, searching.BACK_TO_SHARED).click()
    await expect(card).to_contain_text(searching.SHARED_LEAD)
