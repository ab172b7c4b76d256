"""Acting as the person in `python -m bot demo`: silent sign-on, sign-in pages and back, personal views, signout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.support import PATIENCE, Seat, Teams, button, by_id, number_in, thread_id

FRAUD = "Mark as fraud"
LEGITIMATE = "Mark legitimate"
FRAUD_BY_ADA = "Fraud by Ada Lindqvist"
PEOPLE = ("ada", "max", "gil", "nora", "gus")
ON_BEHALF_OF = "urn:ietf:params:oauth:grant-type:jwt-bearer"
WATCH = """() => {
  window.appeared = [];
  new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes])) {
      const all = node.querySelectorAll ? [node, ...node.querySelectorAll("[data-testid]")] : [];
      window.appeared.push(...all.map((one) => one.dataset.testid).filter(Boolean));
    }
  }).observe(document.body, { childList: true, subtree: true });
}"""
WIDE = "one => [one.scrollWidth, one.clientWidth]"
GROUND = "getComputedStyle(document.body).backgroundColor"


async def grants(teams: Teams, since: int = 0) -> list[str]:
    """What the bot asked Entra for on behalf of people."""
    asked = await teams.control(f"log?service=entra&method=POST&since={since}")
    kinds = [(entry["body"] or {}).get("grant_type", "") for entry in asked if isinstance(entry["body"], dict)]
    return [kind for kind in kinds if kind and kind != "client_credentials"]


async def log_end(teams: Teams) -> int:
    entries = await teams.control("log")
    return int(entries[-1]["seq"]) if entries else 0


async def deeds(teams: Teams) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await teams.control("deeds?kind=alert")
    return found


async def upn(teams: Teams, person: str) -> str:
    world = await teams.control("world")
    return str(next(one["upn"] for one in world["people"] if one["key"] == person))


async def press_switch(teams: Teams, name: str, *, on: bool) -> None:
    """In the panel of faults; done once the sandbox has it."""
    await teams.panel(shown=True)
    async with teams.page.expect_response("**/control/switches"):
        await teams.element(f"switch-{name}").set_checked(on)
    await teams.panel(shown=False)


async def decided_by_ada(seats: Sequence[Teams], same: str, number: str) -> None:
    for person in seats:
        post = person.thread(same)
        await expect(post.locator(by_id("card")).first).to_contain_text(FRAUD_BY_ADA, timeout=PATIENCE)
        await expect(post.locator(by_id("message-text"))).to_have_text([f"Ada Lindqvist marked {number} as fraud."])
        await expect(button(post, FRAUD)).to_have_count(0)


async def fits(page: Page, *places: str) -> None:
    for place in ("html", *places):
        across, seen = await page.locator(place).first.evaluate(WIDE)
        assert across <= seen, f"{place} scrolls sideways"


async def is_dark(page: Page) -> bool:
    ground: str = await page.evaluate(GROUND)
    return max(int(part) for part in ground.removeprefix("rgb(").removesuffix(")").split(",")[:3]) < 64


def sign_in_card(thread: Locator) -> Locator:
    return thread.locator(by_id("card")).filter(has_text="Sign in to go on")


async def test_the_first_click_signs_in_without_a_visible_step(seat: Seat) -> None:
    ada, nora = await seat("ada"), await seat("nora")
    await ada.sign_out()
    first, second = await ada.raise_alert("high"), await ada.raise_alert("medium")
    before, since = len(await deeds(ada)), await log_end(ada)
    await ada.page.evaluate(WATCH)

    await button(first, FRAUD).click()
    await decided_by_ada([ada, nora], await thread_id(first), await number_in(first))
    assert await grants(ada, since) == [ON_BEHALF_OF]
    await button(second, LEGITIMATE).click()
    await expect(second.locator(by_id("card")).first).to_contain_text("Legitimate by Ada Lindqvist")
    assert await grants(ada, since) == [ON_BEHALF_OF], "the second click needs nothing more"

    appeared = set(await ada.page.evaluate("window.appeared"))
    assert "card" in appeared
    assert not appeared & {"sign-in", "message-note", "oauth-card", "dialog"}, appeared
    assert len(ada.page.context.pages) == 1
    done = (await deeds(ada))[before:]
    assert [(deed["reason"], deed["by"]) for deed in done] == [
        ("fraud", await upn(ada, "ada")),
        ("legitimate", await upn(ada, "ada")),
    ], done


@pytest.mark.parametrize(
    ("size", "theme"), [((1280, 900), "light"), ((390, 844), "dark")], ids=["desktop", "phone in the dark"]
)
async def test_mfa_is_demanded_given_in_another_tab_and_the_click_goes_on(
    seat: Seat, size: tuple[int, int], theme: str
) -> None:
    max_, ada, nora = await seat("max"), await seat("ada", size=size, theme=theme), await seat("nora")
    await ada.sign_out()
    shared = await max_.raise_alert("high")
    same, number = await thread_id(shared), await number_in(shared)
    thread = ada.thread(same)
    await press_switch(max_, "mfa_required", on=True)
    before = len(await deeds(ada))

    await button(thread, FRAUD).click()
    card = sign_in_card(thread)
    await expect(card).to_contain_text("multi-factor authentication")
    await expect(card).to_contain_text("Nothing was done yet")
    assert len(await deeds(ada)) == before
    await expect(button(max_.thread(same), FRAUD)).to_be_visible()
    await expect(sign_in_card(nora.thread(same))).to_have_count(0)
    await fits(ada.page, "#posts")
    await button(card, "Back to the alert").click()
    await expect(card).to_have_count(0)
    await button(thread, FRAUD).click()
    await expect(card).to_contain_text(f"{number}: sign in to go on")

    async with ada.link(card) as tab:
        await expect(tab.get_by_role("heading")).to_have_text("You are signed in")
        await expect(tab.locator("body")).to_contain_text("you can close this page")
        await fits(tab, "body")
        assert await is_dark(tab) == (theme == "dark")
    await decided_by_ada([ada, max_, nora], same, number)
    await expect(card).to_have_count(0)
    done = (await deeds(ada))[before:]
    assert [(deed["reason"], deed["by"]) for deed in done] == [("fraud", await upn(ada, "ada"))], done


async def test_missing_consent_is_given_on_the_page_that_the_card_links_to(seat: Seat) -> None:
    ada, nora = await seat("ada"), await seat("nora")
    await ada.sign_out()
    thread = await ada.raise_alert("high")
    await ada.panel(shown=True)
    await ada.element("signin-person").select_option("ada")
    await ada.element("signin-revokeConsent").click()
    await expect(ada.element("toast").filter(has_text="Ada Lindqvist must consent anew")).to_be_visible()
    await ada.panel(shown=False)

    await button(thread, FRAUD).click()
    card = sign_in_card(thread)
    await expect(card).to_contain_text("agree to what Alert Desk may do for you")
    async with ada.link(card) as tab:
        await expect(tab.get_by_role("heading")).to_have_text("You are signed in")
    await decided_by_ada([ada, nora], await thread_id(thread), await number_in(thread))


async def test_a_policy_that_blocks_is_explained_and_the_same_link_works_later(seat: Seat) -> None:
    ada = await seat("ada")
    await ada.sign_out()
    thread = await ada.raise_alert("low")
    number = await number_in(thread)
    before = len(await deeds(ada))
    await press_switch(ada, "conditional_access", on=True)
    await button(thread, FRAUD).click()
    card = sign_in_card(thread)
    await expect(card).to_contain_text("access policy of your organization")
    async with ada.link(card) as tab:
        await expect(tab.get_by_role("heading")).to_have_text("Sign in to Alert Desk")
        await expect(tab.locator("body")).to_contain_text("did not sign you in, so nothing was done")
    assert len(await deeds(ada)) == before
    await press_switch(ada, "conditional_access", on=False)
    async with ada.link(card) as tab:
        await expect(tab.get_by_role("heading")).to_have_text("You are signed in")
    await decided_by_ada([ada], await thread_id(thread), number)


async def test_the_first_act_may_be_a_form(seat: Seat) -> None:
    ada = await seat("ada")
    await ada.sign_out()
    thread = await ada.raise_alert("medium")
    await ada.more(thread, "Add note")
    dialog = ada.element("dialog")
    async with ada.link(dialog) as tab:
        await expect(tab.locator("body")).to_contain_text("Press the button in Teams again")
    await ada.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await ada.more(thread, "Add note")
    await dialog.get_by_role("textbox").fill("Seen at three in the morning")
    await button(dialog, "Save").click()
    await expect(thread.locator(by_id("message-text"))).to_have_text(
        ["Note by Ada Lindqvist: Seen at three in the morning"]
    )


async def test_what_is_typed_in_the_channel_gets_one_button_that_does_it(seat: Seat) -> None:
    ada, max_ = await seat("ada"), await seat("max")
    await ada.sign_out()
    thread = await ada.raise_alert("high")
    number = await number_in(thread)
    before = len(await deeds(ada))
    answer = await ada.say(f"mark {number} fraud mining pool traffic")
    await expect(answer.locator(".ac-pushButton")).to_have_text(["Go on as me"])
    assert len(await deeds(ada)) == before

    await button(answer, "Go on as me").click()
    for person in (ada, max_):
        post = person.thread(await thread_id(thread))
        await expect(post.locator(by_id("card")).first).to_contain_text(FRAUD_BY_ADA)
        await expect(post.locator(by_id("message-text"))).to_have_text(
            [f"Ada Lindqvist marked {number} as fraud. Note: mining pool traffic"]
        )
    await expect(answer).to_contain_text(FRAUD_BY_ADA)
    done = (await deeds(ada))[before:]
    assert [(deed["reason"], deed["by"]) for deed in done] == [("fraud", await upn(ada, "ada"))], done

    await expect(await ada.say(f"mark {number} fraud")).to_contain_text("already decided by you")


async def test_in_the_personal_chat_words_are_enough(seat: Seat) -> None:
    ada, max_ = await seat("ada"), await seat("max")
    thread = await max_.raise_alert("high")
    number = await number_in(thread)
    await ada.sign_out()
    await ada.open(kind="personal")
    await ada.tell(f"mark {number} legitimate", f"{number}: legitimate. Partner Center confirms it.")
    asked = ada.element("oauth-card").last
    await expect(asked).to_have_attribute("data-step", "done")
    await expect(asked.locator(by_id("sign-in"))).to_have_count(0)
    await expect(thread.locator(by_id("card")).first).to_contain_text("Legitimate by Ada Lindqvist")


async def test_whoami_says_as_whom_the_bot_acts_and_signout_forgets(seat: Seat) -> None:
    ada = await seat("ada")
    await ada.sign_out()
    unknown = await ada.say("whoami")
    for part in (await upn(ada, "ada"), "not known: you are not signed in", "I act as you", "signs you in"):
        await expect(unknown).to_contain_text(part)
    await ada.sign_in()
    known = await ada.say("whoami")
    for part in ("Roles at Northwind Cloud", "Admin Agent", "You may decide on alerts here.", "I act as you"):
        await expect(known).to_contain_text(part)
    await expect(await ada.say("signout")).to_contain_text("Signed out")
    await expect(await ada.say("whoami")).to_contain_text("not known: you are not signed in")

    await ada.become("fay")
    await ada.open("Alerts")
    await expect(await ada.say("whoami")).to_contain_text("For Fabrikam Distribution I write with my own identity")


async def test_five_people_have_five_views_of_one_card(seat: Seat) -> None:
    seats = {person: await seat(person) for person in PEOPLE}
    await make_known(seats)
    thread = await seats["ada"].raise_alert("high")
    same = await thread_id(thread)
    for person, teams in seats.items():
        post = teams.thread(same)
        decides = person in ("ada", "max")
        view = post.locator(by_id("card"))
        await expect(view).to_have_attribute("data-personal", "true", timeout=PATIENCE)
        await expect(button(post, FRAUD)).to_have_count(int(decides))
        await expect(button(post, LEGITIMATE)).to_have_count(int(decides))
        why_not = view.filter(has_text="deciding takes the Admin Agent role")
        await expect(why_not).to_have_count(0 if decides else 1)
    eve = await seat("eve")
    assert same not in await eve.ids()

    await button(seats["max"].thread(same), LEGITIMATE).click()
    for teams in seats.values():
        card = teams.thread(same).locator(by_id("card"))
        await expect(card).to_contain_text("Legitimate by Max Okafor", timeout=PATIENCE)
        await expect(button(teams.thread(same), FRAUD)).to_have_count(0)


async def make_known(seats: dict[str, Teams]) -> None:
    """Each presses once, so that the bot has seen them there and asked for their roles."""
    thread = await seats["ada"].raise_alert("low")
    same = await thread_id(thread)
    for person in ("nora", "gil", "gus"):
        await button(seats[person].thread(same), LEGITIMATE).click()
        await expect(seats[person].thread(same).locator(by_id("message-note"))).to_contain_text("Nothing was done")
    await seats["max"].more(seats["max"].thread(same), "Investigate")
    # While his change is under way, hers is refused.
    await expect(thread.locator(by_id("card")).first).to_contain_text("Investigating")
    await button(thread, LEGITIMATE).click()
    await expect(thread.locator(by_id("card")).first).to_contain_text("Legitimate by Ada Lindqvist")
