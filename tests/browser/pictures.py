"""`python -m tests.browser.pictures`: takes the README's pictures anew, into docs/pictures.

With names of sets (`cards five-views signin cancelling team`) only those.
"""

from __future__ import annotations

import asyncio
import base64
import html
import re
import sys
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from playwright.async_api import Browser, Locator, expect

from tests.browser.support import PATIENCE, ROOT, Teams, button, by_id, running_demo, seated, thread_id
from tests.support.chromium import open_chromium

FOLDER = ROOT / "docs" / "pictures"
MOST_BYTES = 300_000
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
    weigh(path)


def weigh(path: Path) -> None:
    size = path.stat().st_size
    sys.stderr.write(f"{path.relative_to(ROOT)}: {size // 1000} KB\n")
    if size > MOST_BYTES:
        raise SystemExit(f"{path.name} is too large for a README")


async def side_by_side(browser: Browser, name: str, shots: Sequence[tuple[str, str, bytes]], *, dark: bool) -> None:
    """One picture of several: (heading, what it is, PNG) each."""
    figures = "".join(
        f"<figure><figcaption><b>{html.escape(heading)}</b><br>{html.escape(words)}</figcaption>"
        f"<img src='data:image/png;base64,{base64.b64encode(png).decode()}'></figure>"
        for heading, words, png in shots
    )
    ink, ground = ("#eee", "#141414") if dark else ("#242424", "#f0f0f0")
    style = (
        f"body{{margin:0;padding:16px;display:inline-flex;gap:16px;align-items:start;color:{ink};background:{ground};"
        "font:14px/1.4 system-ui,sans-serif}figure{margin:0}figcaption{margin-bottom:8px;min-height:40px}"
    )
    context = await browser.new_context(viewport={"width": 2400, "height": 1200})
    page = await context.new_page()
    await page.set_content(f"<style>{style}</style><body>{figures}</body>")
    path = FOLDER / f"{name}.png"
    await page.locator("body").screenshot(path=path)
    await context.close()
    weigh(path)


PEOPLE = {
    "ada": "Admin Agent",
    "max": "Admin Agent, Global Administrator",
    "gil": "Global Administrator alone",
    "nora": "no role",
    "gus": "guest",
}


async def five_views(browser: Browser, url: str) -> None:
    """One card as five people see it at the same time."""
    async with AsyncExitStack() as stack:
        seats = {
            person: await stack.enter_async_context(seated(browser, url, person, size=(344, 1200), theme="light"))
            for person in PEOPLE
        }
        for teams in seats.values():
            await teams.open("Alerts")
        first = await new_alert(seats["ada"])
        same = await thread_id(first)
        for person in ("nora", "gil", "gus"):  # who pressed once is known, with the roles of that moment
            await button(seats[person].thread(same), "Mark legitimate").click()
            await expect(seats[person].thread(same).locator(by_id("message-note"))).to_be_visible()
        await seats["max"].more(seats["max"].thread(same), "Investigate")
        await expect(first.locator(by_id("card")).first).to_contain_text("Investigating")
        await button(first, "Mark legitimate").click()
        await expect(first.locator(by_id("card")).first).to_contain_text("Legitimate by")
        same = await thread_id(await new_alert(seats["ada"]))
        shots = []
        for person, role in PEOPLE.items():
            card = seats[person].thread(same).locator(by_id("card"))
            await card.scroll_into_view_if_needed()
            await expect(card).to_have_attribute("data-personal", "true")
            name = await seats[person].page.locator("#who b").inner_text()
            shots.append((name, role, await card.screenshot(animations="disabled")))
    await side_by_side(browser, "five-views", shots, dark=False)


async def signing_in(browser: Browser, url: str) -> None:
    """On a phone in the dark: more proof is demanded, given in the browser, and the press goes on."""
    async with seated(browser, url, "ada", size=(390, 640), theme="dark") as ada:
        await ada.sign_out()
        await ada.control("switches", post={"mfa_required": True})
        thread = await new_alert(ada)
        await button(thread, "Mark as fraud").click()
        await expect(thread).to_contain_text("sign in to go on")
        top = "one => { one.scrollIntoView({ block: 'end' }); }"
        await thread.evaluate(top)
        shots = [("Mark as fraud", "Microsoft wants a second proof", await ada.page.screenshot(animations="disabled"))]
        async with ada.link(thread) as tab:
            await expect(tab.get_by_role("heading")).to_have_text("You are signed in")
            shots.append(("Sign in", "in the browser, once", await tab.screenshot(animations="disabled")))
        card = thread.locator(by_id("card")).first
        await expect(card).to_contain_text("Fraud by Ada Lindqvist")
        await card.evaluate("one => { one.scrollIntoView({ block: 'start' }); }")
        shots.append(("It goes on by itself", "everybody sees it", await ada.page.screenshot(animations="disabled")))
        await ada.control("switches", post={"mfa_required": False})
    await side_by_side(browser, "signin", shots, dark=True)


async def cancelling(browser: Browser, url: str) -> None:
    """The analyst asks in a form, the manager decides on a phone, the channel sees it."""
    async with (
        seated(browser, url, "ada", size=(390, 1264), theme="light") as ada,
        seated(browser, url, "max", size=(390, 1264), theme="light") as max_,
    ):
        for person in (ada, max_):
            await person.sign_in()
        thread = await new_alert(ada)
        await button(thread, "Cancel subscription").click()
        form = ada.element("dialog")
        await expect(form).to_contain_text("What will happen")
        found = re.search(r"Subscription ID\s*([0-9a-f-]{36})", await form.inner_text())
        assert found
        await form.get_by_label("Why it is to be cancelled").fill("Mining on machines that nobody there knows.")
        await form.get_by_label("Yes, and they agree").check()
        await form.get_by_label("Who said what").fill("Kim, their IT lead, called back.")
        await form.get_by_label("Type the last").fill(found[1][-6:])
        shots = [("Cancel subscription", "the Admin Agent asks", await ada.page.screenshot(animations="disabled"))]
        await button(form, "Ask to cancel").click()
        await expect(form).to_contain_text("is asked for")
        await button(form, "OK").click()

        await max_.open(kind="personal")
        waiting = max_.page.locator(by_id("card")).filter(has_text="Waits for a decision").last
        await expect(waiting).to_be_visible()
        shots.append(("Approve or reject", "the manager decides", await max_.page.screenshot(animations="disabled")))
        await button(waiting, "Approve").click()
        done = max_.page.locator(by_id("card")).filter(has_text="Approved by Max").last
        await expect(done).to_be_visible()

        card = thread.locator(by_id("card")).first
        await expect(card).to_contain_text(re.compile("is being cancelled|Subscription cancelled"))
        await expect(card).to_contain_text("Fraud by Max")
        await card.evaluate("one => { one.scrollIntoView({ block: 'start' }); }")
        shots.append(("In the channel", "everybody sees it", await ada.page.screenshot(animations="disabled")))
    await side_by_side(browser, "cancelling", shots, dark=False)


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

        await ada.sign_in()
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

        await nora.open(kind="personal")
        consent = await nora.say("export all since:30d")
        await consent.locator(by_id("file-allow")).click()
        await expect(nora.element("file-info")).to_be_visible()
        await take(nora, "export", of=".pane")


async def team(browser: Browser, url: str) -> None:
    """What a team asks for: where it stands, what the night brought, who is on duty."""
    async with (
        seated(browser, url, "fay", size=(1180, 2400), theme="light") as fay,
        seated(browser, url, "finn", size=(360, 2400), theme="dark") as phone,
        seated(browser, url, "ada", size=(1180, 1200), theme="light") as ada,
    ):
        await fay.say("subscribe")  # in this partner's figures nothing is years old
        summary = fay.element("thread").filter(has_text="are now sent here")
        await expect(summary).to_have_count(1, timeout=PATIENCE)
        await phone.open("Alerts")
        answer = await fay.say("dashboard")
        await alone(answer, "dashboard")
        same = phone.message(await answer.get_attribute("data-message-id") or "")
        await alone(same, "dashboard-phone-dark")
        await alone(await fay.say("score"), "score")
        await fay.say("digest now")
        digest = fay.element("message").filter(has_text="The most urgent").last
        await expect(digest).to_be_visible()
        await alone(digest, "digest")

        await ada.sign_in()
        for words in ("duty add @[ada] @[max] @[nora]", "duty manager @[max]", "duty zone Europe/Stockholm"):
            await ada.say(words)
        await alone(await ada.say("duty"), "duty")


async def alone(message: Locator, name: str) -> None:
    """A message without what stands around it."""
    card = message.locator(by_id("card")).first
    await expect(card).to_be_visible()
    await card.page.mouse.move(2, 300)
    path = FOLDER / f"{name}.png"
    # The page's own button for what came meanwhile would lie over the card.
    await card.screenshot(path=path, animations="disabled", style="[data-testid=newest] { display: none }")
    weigh(path)


SETS = {"cards": pictures, "five-views": five_views, "signin": signing_in, "cancelling": cancelling, "team": team}


async def main(names: Sequence[str]) -> None:
    """Each set has a demo of its own: what a person pressed in one shows on the cards that they get in the next."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or SETS:
        with running_demo() as demo:
            async with open_chromium() as browser:
                await SETS[name](browser, demo.url)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
