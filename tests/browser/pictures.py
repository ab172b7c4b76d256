"""`python -m tests.browser.pictures`: takes the README's pictures anew, from a demo of its own, into docs/pictures."""

from __future__ import annotations

import asyncio
import sys
import uuid

from playwright.async_api import Browser, Locator, expect

from tests.browser.support import ROOT, Teams, by_id, running_demo, seated
from tests.support.chromium import open_chromium

FOLDER = ROOT / "docs" / "pictures"
MOST_BYTES = 250_000
MACHINE = "providers/Microsoft.Compute/virtualMachines/vm-gpu-07"
ALERT = {
    "severity": "high",
    "alertType": "NetworkConnectionsToCryptoMiningPools",
    "displayName": "Action Required: Connections to mining pools detected",
    "affectedResources": [
        {
            "resourceId": f"/subscriptions/{uuid.UUID(int=0)}/resourceGroups/rg-batch/{MACHINE}",
            "resourceType": "AzureResource",
        }
    ],
}


async def new_alert(teams: Teams) -> Locator:
    before = await teams.ids()
    partner = (await teams.control("world"))["partners"][0]["key"]
    await teams.control("alerts", post={**ALERT, "partner": partner})
    return teams.thread(await teams.fresh("thread", before))


async def take(teams: Teams, name: str, *, of: str = "body", top: Locator | None = None) -> None:
    if top is not None:
        await top.evaluate(
            "one => { one.scrollIntoView({ block: 'start' }); document.querySelector('#posts').scrollTop -= 8; }"
        )
    await teams.page.mouse.move(2, 300)
    path = FOLDER / f"{name}.png"
    await teams.page.locator(of).screenshot(path=path, animations="disabled")
    size = path.stat().st_size
    sys.stderr.write(f"{path.relative_to(ROOT)}: {size // 1000} KB\n")
    if size > MOST_BYTES:
        raise SystemExit(f"{name} is too large for a README")


async def pictures(browser: Browser, url: str) -> None:
    async with (
        seated(browser, url, "ada", size=(1280, 940), theme="light") as ada,
        seated(browser, url, "nora", size=(1280, 860), theme="light") as nora,
        seated(browser, url, "max", size=(1280, 900), theme="dark", width="phone") as phone,
    ):
        thread = await new_alert(ada)
        same = await thread.get_attribute("data-thread-id") or ""
        await take(ada, "alert", top=thread)
        await phone.open("Alerts")
        await expect(phone.thread(same)).to_be_attached()
        await take(phone, "phone-dark", of="#teams", top=phone.thread(same).locator(by_id("card")).first)

        await nora.thread(same).get_by_role("button", name="Mark as fraud").click()
        await expect(nora.thread(same).locator(by_id("message-note"))).to_be_visible()
        await take(nora, "refused", of=".pane")

        await ada.more(thread, "Add note")
        await (
            ada.element("dialog")
            .get_by_role("textbox")
            .fill("The customer called back: nobody there started this machine.")
        )
        await ada.element("dialog").get_by_role("button", name="Save").click()
        await thread.get_by_role("button", name="Mark as fraud").click()
        await expect(thread.locator(by_id("message-text"))).to_have_count(2)
        await take(ada, "decided", of=".pane")

        answer = await ada.say("show unresolved")
        await take(ada, "list", of=".pane", top=answer)

        await ada.open(kind="personal")
        consent = await ada.say("export all since:30d")
        await consent.locator(by_id("file-allow")).click()
        await expect(ada.element("file-info")).to_be_visible()
        await take(ada, "export", of=".pane")


async def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running_demo() as demo:
        async with open_chromium() as browser:
            await pictures(browser, demo.url)


if __name__ == "__main__":
    asyncio.run(main())
