"""The browser that this folder's tests stand on: it runs scripts, shows text, and reaches nothing outside."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Error, Page

# Letters and the symbols of the cards: with a font they leave ink, without one they leave none.
SAMPLES = ["Mark as fraud", "▲ ● ✔ ⚠", "🔴 🛡", "12:30 – “quoted” … äöü €"]

INK = """(text) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 600, height: 60 });
  const pen = canvas.getContext("2d");
  pen.font = "32px sans-serif";
  return [...text].filter((letter) => letter.trim()).map((letter) => {
    pen.clearRect(0, 0, 600, 60);
    pen.fillText(letter, 10, 40);
    return pen.getImageData(0, 0, 600, 60).data.some((value) => value > 0);
  });
}"""


async def test_a_page_runs_its_script_and_shows_its_text(page: Page) -> None:
    async def answer(_: web.Request) -> web.Response:
        script = (
            "document.querySelector('button').onclick = () => { document.querySelector('p').textContent = 'Marked' }"
        )
        return web.Response(text=f"<button>Mark</button><p></p><script>{script}</script>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app) as server:
        await page.goto(str(server.make_url("/")))
        await page.get_by_role("button", name="Mark").click()
        assert await page.inner_text("p") == "Marked"


@pytest.mark.parametrize("sample", SAMPLES)
async def test_text_leaves_ink(page: Page, sample: str) -> None:
    assert all(await page.evaluate(INK, sample))


async def test_nothing_outside_this_machine_is_reached(page: Page) -> None:
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        await page.goto("http://alertdesk.example/")
