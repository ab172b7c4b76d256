"""Cancelling a subscription in `python -m bot demo`: asked for in a form, decided on a phone, seen by everybody."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Locator, expect

from tests.browser.support import PATIENCE, Seat, Teams, button, by_id, number_in, thread_id

CANCEL = "Cancel subscription"
REASON = "Mining on machines that nobody there knows."
SPOKEN = "Kim, their IT lead, called back."
ANALYST, MANAGER = (390, 844), (360, 740)
NARROW = (320, 640)
CUT = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.innerText)"
WIDE = "one => [one.scrollWidth, one.clientWidth]"


async def alert_of_its_own(teams: Teams) -> tuple[Locator, dict[str, Any]]:
    """A new alert on an active subscription that no other test has: its thread, and the alert as Graph gives it."""
    world = await teams.control("world")
    partner = world["partners"][0]["key"]
    every = await teams.control(f"alerts?partner={partner}")
    taken = {one["subscriptionId"] for one in every if one["detectedDateTime"][:10] >= world["now"][:10]}
    taken |= {one["subscriptionId"] for one in every if one["status"] != "resolved"}
    free = sorted({one["subscriptionId"] for one in every} - taken)
    await teams.control(f"entitlements/{free[0]}", post={"status": "active"})
    before = await teams.ids()
    wanted = {"subscriptionId": free[0], "alertType": "CryptoMining", "severity": "high"}
    alert = await teams.control("alerts", post=wanted)
    return teams.thread(await teams.fresh("thread", before)), alert


async def fits(teams: Teams, *places: str) -> None:
    for place in ("html", *places):
        across, seen = await teams.page.locator(place).first.evaluate(WIDE)
        assert across <= seen, f"{place} scrolls sideways"
    assert await teams.element("card").evaluate_all(CUT) == []


async def open_form(teams: Teams, thread: Locator) -> Locator:
    await button(thread.locator(by_id("card")).first, CANCEL).click()
    form = teams.element("dialog")
    await expect(form).to_contain_text("What will happen")
    return form


async def fill(form: Locator, subscription: str) -> None:
    await form.get_by_label("Why it is to be cancelled").fill(REASON)
    await form.get_by_label("Yes, and they agree").check()
    await form.get_by_label("Who said what").fill(SPOKEN)
    await form.get_by_label("Type the last").fill(subscription[-6:])


async def send(form: Locator) -> str:
    """R-1"""
    await button(form, "Ask to cancel").click()
    await expect(form).to_contain_text("is asked for")
    found = re.search(r"R-\d+", await form.inner_text())
    assert found
    await button(form, "OK").click()
    await expect(form).to_have_count(0)
    return found[0]


async def ask(teams: Teams, thread: Locator, alert: dict[str, Any]) -> str:
    form = await open_form(teams, thread)
    await fill(form, alert["subscriptionId"])
    return await send(form)


def card_of(place: Locator, label: str) -> Locator:
    """The request's card, which begins with its number."""
    return place.locator(by_id("card")).filter(has_text=re.compile(rf"^\s*{label} ·")).last


def personal_card(teams: Teams, label: str) -> Locator:
    return card_of(teams.page.locator("#posts"), label)


def line(thread: Locator, text: str) -> Locator:
    return thread.locator(by_id("message-text")).filter(has_text=text)


async def sent(teams: Teams, alert: dict[str, Any]) -> list[dict[str, Any]]:
    """What was really done to the alert's subscription."""
    return [deed for deed in await teams.control("deeds") if deed.get("entitlement") == alert["subscriptionId"]]


async def under_way_for_long(teams: Teams) -> None:
    """Partner Center finishes nothing by itself; `ended` does."""
    await teams.control("switches", post={"cancel_seconds": 3600})


async def ended(teams: Teams, alert: dict[str, Any]) -> None:
    await teams.control(f"entitlements/{alert['subscriptionId']}", post={"status": "inactive"})


async def test_asked_by_one_approved_on_a_phone_with_a_second_factor_seen_by_all(seat: Seat) -> None:
    ada, nora = await seat("ada", size=ANALYST), await seat("nora")
    max_ = await seat("max", size=MANAGER, theme="dark")
    await under_way_for_long(ada)
    await max_.sign_out()
    await ada.sign_in()
    thread, alert = await alert_of_its_own(ada)
    same, number = await thread_id(thread), await number_in(thread)
    form = await open_form(ada, thread)
    await expect(form).to_contain_text(alert["subscriptionId"])
    await expect(form).to_contain_text("Its data is deleted after the retention period.")
    await fits(ada, "#posts", by_id("dialog"))
    await fill(form, alert["subscriptionId"])
    label = await send(form)

    asked = card_of(nora.thread(same), label)
    await expect(asked).to_contain_text("Waits for a decision")
    await expect(asked).to_contain_text("Max Okafor: please decide.")
    await expect(line(nora.thread(same), f"{label}: Ada Lindqvist asks to cancel")).to_have_count(1)
    await expect(nora.thread(same).locator(by_id("card")).first).to_contain_text(
        f"Cancelling the subscription was asked for by Ada Lindqvist ({label}); it waits for approval"
    )

    await max_.open(kind="personal")
    mine = personal_card(max_, label)
    for told in (REASON, SPOKEN, "Reached, and agreed", alert["subscriptionId"], "Decide by", number, "Asked by Ada"):
        await expect(mine).to_contain_text(told)
    await expect(mine.locator(".ac-pushButton")).to_have_text(["Approve", "Reject"])
    await fits(max_, "#posts")

    await max_.control("switches", post={"mfa_required": True})
    await button(mine, "Approve").click()
    to_sign_in = max_.element("card").filter(has_text="sign in to go on").last
    await expect(to_sign_in).to_contain_text("multi-factor authentication")
    await fits(max_, "#posts")
    assert await sent(ada, alert) == []
    async with max_.link(to_sign_in) as tab:
        await expect(tab.get_by_role("heading")).to_have_text("You are signed in")
    for seen in (mine, card_of(thread, label), card_of(nora.thread(same), label)):
        await expect(seen).to_contain_text("Accepted, under way", timeout=PATIENCE)
        await expect(seen).to_contain_text("Approved by Max Okafor")
        await expect(seen.locator(".ac-pushButton")).to_have_count(0)
    await fits(max_, "#posts")

    for person in (ada, nora):
        post = person.thread(same)
        card = post.locator(by_id("card")).first
        await expect(card).to_contain_text(f"The subscription is being cancelled ({label})", timeout=PATIENCE)
        await expect(card).to_contain_text("Fraud by Max Okafor", timeout=PATIENCE)
        await expect(button(card, CANCEL)).to_have_count(0)
        await expect(line(post, f"{label}: Approved by Max Okafor, and accepted by Partner Center")).to_have_count(1)

    await ended(ada, alert)
    for person in (ada, nora):
        post = person.thread(same)
        await expect(post.locator(by_id("card")).first).to_contain_text("Subscription cancelled", timeout=PATIENCE)
        await expect(line(post, "asked for by Ada Lindqvist, approved by Max Okafor")).to_have_count(1)
        await expect(card_of(post, label)).to_contain_text("Cancelled")
    await expect(mine).to_contain_text("1 alert resolved as fraud")
    await fits(ada, "#posts")
    (deed,) = await sent(ada, alert)
    assert deed["by"] == next(one["upn"] for one in (await ada.control("world"))["people"] if one["key"] == "max")


async def test_rejected_with_a_reason_that_everybody_reads(seat: Seat) -> None:
    ada, max_ = await seat("ada"), await seat("max", size=NARROW, theme="dark")
    for person in (ada, max_):
        await person.sign_in()
    thread, alert = await alert_of_its_own(ada)
    label = await ask(ada, thread, alert)
    await max_.open(kind="personal")
    mine = personal_card(max_, label)
    await button(mine, "Reject").click()
    form = max_.element("dialog")
    await expect(form).to_contain_text("Asked by")
    await fits(max_, "#posts", by_id("dialog"))
    await button(form, "Reject").click()
    await expect(form).to_contain_text("Say why.")
    await form.get_by_role("textbox").fill("The customer is testing this.")
    await button(form, "Reject").click()
    await expect(form).to_contain_text(f"{label}: Max Okafor rejected it. Why: The customer is testing this.")
    await button(form, "OK").click()
    for seen in (mine, card_of(thread, label)):
        await expect(seen).to_contain_text("Rejected by Max Okafor")
        await expect(seen).to_contain_text("The customer is testing this.")
        await expect(seen).to_contain_text("Nothing was cancelled.")
        await expect(seen.locator(".ac-pushButton")).to_have_count(0)
    await expect(line(thread, f"{label}: Max Okafor rejected it. Why: The customer is testing this.")).to_have_count(1)
    await expect(button(thread.locator(by_id("card")).first, CANCEL)).to_be_visible()
    assert await sent(ada, alert) == []


async def test_who_asked_cannot_approve_but_withdraw(seat: Seat) -> None:
    ada, max_ = await seat("ada"), await seat("max")
    for person in (ada, max_):
        await person.sign_in()
    thread, alert = await alert_of_its_own(max_)
    label = await ask(max_, thread, alert)
    for person, told in ((max_, "own request: a second person has to decide"), (ada, "Global Administrator")):
        post = person.thread(await thread_id(thread))
        await button(card_of(post, label), "Approve").click()
        await expect(post.locator(by_id("message-note"))).to_contain_text(told)
        await expect(card_of(post, label)).to_contain_text("Waits for a decision")
    hers = ada.thread(await thread_id(thread))
    await ada.more(card_of(hers, label), "Withdraw")
    await expect(hers.locator(by_id("message-note")).filter(has_text="Only Max Okafor")).to_be_visible()
    await max_.more(card_of(thread, label), "Withdraw")
    for person in (max_, ada):
        post = person.thread(await thread_id(thread))
        await expect(card_of(post, label)).to_contain_text("Withdrawn by Max Okafor")
        await expect(line(post, f"{label}: Max Okafor withdrew it.")).to_have_count(1)
    assert await sent(ada, alert) == []


async def test_a_wrong_suffix_is_told_in_the_form_and_nothing_typed_is_lost(seat: Seat) -> None:
    ada = await seat("ada", size=NARROW)
    await ada.sign_in()
    thread, alert = await alert_of_its_own(ada)
    form = await open_form(ada, thread)
    await button(form, "Ask to cancel").click()
    for missing in ("Say why.", "Choose one.", "Type the last 6 characters, as they stand above."):
        await expect(form).to_contain_text(missing)
    await fits(ada, "#posts", by_id("dialog"))
    await fill(form, alert["subscriptionId"])
    await form.get_by_label("Type the last").fill("abc")
    await button(form, "Ask to cancel").click()
    await expect(form).to_contain_text("Those are not the last 6 characters")
    await fits(ada, "#posts", by_id("dialog"))
    await expect(thread.locator(by_id("card"))).to_have_count(1)
    await expect(form.get_by_label("Why it is to be cancelled")).to_have_value(REASON)
    await expect(form.get_by_label("Who said what")).to_have_value(SPOKEN)
    await expect(form.get_by_label("Yes, and they agree")).to_be_checked()
    await form.get_by_label("Type the last").fill(alert["subscriptionId"][-6:].upper())
    label = await send(form)
    await expect(card_of(thread, label)).to_contain_text("Waits for a decision")


async def test_what_waits_is_listed_and_typed_words_decide(seat: Seat) -> None:
    ada, max_ = await seat("ada"), await seat("max", size=NARROW, theme="dark")
    for person in (ada, max_):
        await person.sign_in()
    thread, alert = await alert_of_its_own(ada)
    label = await ask(ada, thread, alert)
    await max_.open(kind="personal")
    await expect(personal_card(max_, label)).to_be_visible()
    listed = await max_.tell("approvals", "Requests to cancel or reactivate")
    await expect(listed).to_contain_text(re.compile(rf"{label}\s+·\s+Waits for a decision until"))
    await expect(listed).to_contain_text("Asked by Ada Lindqvist")
    await fits(max_, "#posts")
    await max_.tell(f"reject {label} not today", f"{label}: Max Okafor rejected it. Why: not today.")
    await expect(card_of(thread, label)).to_contain_text("Rejected by Max Okafor")
    await max_.tell(f"approve {label}", f"{label} was rejected already by you.")
    listed = await max_.tell("approvals", "Requests to cancel or reactivate")
    await expect(listed).to_contain_text(re.compile(rf"{label}\s+·\s+Rejected"))
    assert await sent(ada, alert) == []


async def test_a_new_alert_is_seen_before_anything_is_approved(seat: Seat) -> None:
    ada, max_ = await seat("ada"), await seat("max", size=MANAGER)
    await under_way_for_long(ada)
    for person in (ada, max_):
        await person.sign_in()
    thread, alert = await alert_of_its_own(ada)
    label = await ask(ada, thread, alert)
    await max_.open(kind="personal")
    mine = personal_card(max_, label)
    await expect(button(mine, "Approve")).to_be_visible()
    before = await ada.ids()
    await ada.control("alerts", post={"subscriptionId": alert["subscriptionId"], "alertType": "UsageAnomalyDetection"})
    newer = ada.thread(await ada.fresh("thread", before))
    number = await number_in(newer)
    await expect(mine).to_contain_text(f"New since it was asked: {number}", timeout=PATIENCE)
    await expect(newer.locator(by_id("card")).first).to_contain_text("it waits for approval")
    await button(mine, "Approve").click()
    await expect(mine).to_contain_text("Accepted, under way")
    for post in (thread, newer):
        await expect(post.locator(by_id("card")).first).to_contain_text("Fraud by Max Okafor", timeout=PATIENCE)
    await ended(ada, alert)
    await expect(newer.locator(by_id("card")).first).to_contain_text("Subscription cancelled", timeout=PATIENCE)
    assert len(await sent(ada, alert)) == 1


async def test_a_manager_who_is_only_eligible_is_told_and_presses_again(seat: Seat) -> None:
    ada, max_ = await seat("ada"), await seat("max", size=MANAGER)
    for person in (ada, max_):
        await person.sign_in()
    thread, alert = await alert_of_its_own(ada)
    label = await ask(ada, thread, alert)
    await max_.open(kind="personal")
    mine = personal_card(max_, label)
    await expect(button(mine, "Approve")).to_be_visible()
    role = {"person": "max", "role": "globalAdministrator"}
    await max_.control("roles", post={**role, "grant": False})
    try:
        await button(mine, "Approve").click()
        await expect(max_.element("message-note").last).to_contain_text("Privileged Identity Management")
        assert await sent(ada, alert) == []
    finally:
        await max_.control("roles", post={**role, "grant": True})
    await button(mine, "Approve").click()
    await expect(mine).to_contain_text("Approved by Max Okafor")
    await expect(card_of(thread, label)).to_contain_text("Approved by Max Okafor")
