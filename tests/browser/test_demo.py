"""`python -m bot demo` as a newcomer uses it: the real command, its page in Chromium, several people at it at once."""

from __future__ import annotations

import csv
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.domain.csv_rows import COLUMNS
from tests.browser.support import (
    COMMAND,
    PATIENCE,
    ROOT,
    STOP_SECONDS,
    Seat,
    Teams,
    button,
    by_id,
    number_in,
    running_demo,
    thread_id,
)

FRAUD = "Mark as fraud"
CUT = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.innerText)"
BUTTONS = "all => all.map(one => [...one.querySelectorAll('.ac-pushButton')].map(button => button.innerText.trim()))"
IDS = "all => all.map(one => one.dataset.conversationId)"
LEGITIMATE = "Mark legitimate"


async def test_a_click_is_refused_to_one_and_done_by_the_other_for_everyone(seat: Seat) -> None:
    nora, ada, max_, gus = await seat("nora"), await seat("ada"), await seat("max"), await seat("gus")
    thread = await nora.raise_alert("high")
    same = await thread_id(thread)
    number = await number_in(thread)
    before = len(await ada.control("deeds?kind=alert"))
    for person in (ada, max_, gus):
        await expect(button(person.thread(same), FRAUD)).to_be_visible()

    await button(thread, FRAUD).click()
    note = thread.locator(by_id("message-note"))
    await expect(note).to_contain_text("Nothing was done: to decide on alerts you need the role Admin Agent")
    await expect(note).to_have_attribute("data-kind", "error")
    await button(gus.thread(same), FRAUD).click()
    await expect(gus.thread(same).locator(by_id("message-note"))).to_contain_text("you need the role Admin Agent")
    for person in (ada, max_):
        await expect(person.element("message-note")).to_have_count(0)
    assert len(await ada.control("deeds?kind=alert")) == before

    await button(ada.thread(same), FRAUD).click()
    for person in (ada, max_, nora, gus):
        post = person.thread(same)
        await expect(post.locator(by_id("card")).first).to_contain_text("Fraud by Ada Lindqvist")
        await expect(post.locator(by_id("message-text"))).to_have_text([f"Ada Lindqvist marked {number} as fraud."])
        for name in (FRAUD, LEGITIMATE, "Cancel subscription"):
            await expect(button(post, name)).to_have_count(0)
        await expect(post.locator(by_id("edited")).first).to_be_visible()
    deeds = (await ada.control("deeds?kind=alert"))[before:]
    assert [(deed["status"], deed["reason"]) for deed in deeds] == [("resolved", "fraud")], deeds


async def test_show_lists_what_is_open_and_pages_in_place(seat: Seat) -> None:
    ada, max_ = await seat("ada"), await seat("max")
    answer = await ada.say("show unresolved")
    partner = (await ada.control("world"))["partners"][0]
    unresolved = [one for one in await ada.control(f"alerts?partner={partner['key']}") if one["status"] != "resolved"]
    total = len(unresolved)
    assert total > 8, "the list needs a second page"
    await expect(answer).to_contain_text(f"1 to 8 of {total} alerts, highest severity first")
    messages = await ada.ids("message")
    first = await answer.inner_text()
    severities = re.findall(r"(High|Medium|Low|Informational) · A-", first)
    assert severities == sorted(severities, key=["High", "Medium", "Low", "Informational"].index)

    await button(answer, "Next").click()
    await expect(answer).to_contain_text(f"9 to {min(total, 16)} of {total}")
    await expect(max_.page.locator(f'[data-message-id="{messages[-1]}"]')).to_contain_text("1 to 8 of")
    await button(answer, "Previous").click()
    await expect(answer).to_contain_text("1 to 8 of")
    assert await ada.ids("message") == messages, "a page is turned in place"

    await answer.get_by_role("button", name=re.compile(r"^Show A-\d+, High")).first.press("Enter")
    await expect(answer).to_contain_text("About this alert")
    await expect(max_.page.locator(f'[data-message-id="{messages[-1]}"]')).to_contain_text("1 to 8 of")


async def test_notes_details_and_a_changed_verdict(seat: Seat) -> None:
    ada, max_ = await seat("ada"), await seat("max")
    await ada.sign_in()
    thread = await ada.raise_alert("medium")
    number = await number_in(thread)
    seen_by_max = max_.thread(await thread_id(thread))

    await ada.more(thread, "Add note")
    dialog = ada.element("dialog")
    await expect(dialog).to_contain_text(number)
    await button(dialog, "Save").click()
    await expect(dialog).to_contain_text("Write something first.")
    await dialog.get_by_role("textbox").fill("The customer called back: <b>not</b> theirs, [see](https://a.example)")
    await button(dialog, "Save").click()
    await expect(dialog).to_have_count(0)
    line = seen_by_max.locator(by_id("message-text")).first
    await expect(line).to_have_text(
        "Note by Ada Lindqvist: The customer called back: <b>not</b> theirs, [see](https://a.example)"
    )
    await expect(line.locator("a, b")).to_have_count(0)

    await button(thread, LEGITIMATE).click()
    for post in (thread, seen_by_max):
        await expect(post.locator(by_id("card")).first).to_contain_text("Legitimate by Ada Lindqvist")
    await ada.more(thread, "Details")
    details = thread.locator(by_id("card")).first
    for part in (
        "Whom it concerns",
        "What was seen",
        "About this alert",
        "History at Partner Center",
        "Notes in Alert Desk",
    ):
        await expect(details.get_by_text(part, exact=True)).to_be_visible()
    await expect(details).to_contain_text("The customer called back")
    await expect(seen_by_max.get_by_text("About this alert")).to_have_count(0)
    await button(thread, "Back to the alert").click()
    await expect(thread.get_by_text("About this alert")).to_have_count(0)

    await max_.sign_in()
    await button(seen_by_max, "Change verdict").click()
    dialog = max_.element("dialog")
    await button(dialog, "Change verdict").click()
    await expect(dialog).to_contain_text("Choose the new verdict.")
    await expect(dialog.get_by_role("radio")).to_have_count(2)
    await expect(dialog.get_by_text("Ignored", exact=True)).to_be_visible()
    await dialog.get_by_role("radio", name="Fraud").check()
    await dialog.get_by_role("textbox").fill("It was mining after all")
    await button(dialog, "Change verdict").click()
    await expect(dialog).to_have_count(0)
    for person in (ada, max_):
        post = person.thread(await thread_id(thread))
        await expect(post.locator(by_id("card")).first).to_contain_text("Fraud by Max Okafor")
        await expect(post.locator(by_id("card")).first).to_contain_text("It was mining after all")
        await expect(post.locator(by_id("message-text")).last).to_contain_text(
            f"Max Okafor changed the verdict of {number} to fraud"
        )


async def test_an_export_in_the_personal_chat_is_the_list_as_csv(seat: Seat, tmp_path: Path) -> None:
    ada = await seat("ada")
    await ada.open(kind="personal")
    answer = await ada.say("export")
    partner = (await ada.control("world"))["partners"][0]
    unresolved = [one for one in await ada.control(f"alerts?partner={partner['key']}") if one["status"] != "resolved"]
    await expect(answer).to_contain_text(f"{len(unresolved)} alerts with all details, as CSV")
    files = ada.page.locator(by_id("file-download"))
    before = await files.count()
    await answer.locator(by_id("file-allow")).click()
    await expect(files).to_have_count(before + 1)  # and a sentence beside it, in whichever order they come
    async with ada.page.expect_download() as download:
        await files.last.click()
    path = tmp_path / "export.csv"
    await (await download.value).save_as(path)
    assert (await download.value).suggested_filename.endswith(".csv")
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == COLUMNS
    assert {row[0] for row in rows} == {alert["id"] for alert in unresolved}
    assert len(rows) == len(unresolved)
    assert {row[header.index("Partner")] for row in rows} == {partner["name"]}
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


async def test_an_export_asked_for_in_the_channel_waits_in_the_personal_chat(seat: Seat) -> None:
    max_, ada = await seat("max"), await seat("ada")
    answer = await max_.say("export resolved severity:high")
    await expect(answer).to_contain_text(re.compile(r"Waiting for you in our personal chat: the file of \d+ alerts"))
    await expect(max_.element("file-consent")).to_have_count(0)
    await max_.open(kind="personal")
    before = await max_.ids("message")
    consent = max_.element("file-consent").last
    await consent.locator(by_id("file-decline")).click()
    told = max_.page.locator(f'[data-message-id="{await max_.fresh("message", before)}"]')
    await expect(told).to_contain_text("The export was not saved")
    await ada.open(kind="personal")
    await expect(ada.page.locator(by_id("file-consent")).filter(has_text="high")).to_have_count(0)


async def test_the_other_partners_people_see_nothing_of_it(seat: Seat) -> None:
    ada, fay = await seat("ada"), await seat("fay")
    number = await number_in(await ada.raise_alert("low"))
    world = await fay.control("world")
    hers, others = [await teams.element("conversation").evaluate_all(IDS) for teams in (fay, ada)]
    assert len(hers) == 3
    assert not set(hers) & set(others)
    await fay.open(kind="personal")
    await expect(await fay.say(f"show {number}")).to_contain_text(f"There is no alert {number} here")
    await expect(await fay.say(f"mark {number} fraud")).to_contain_text(f"There is no alert {number} here")
    await expect(await fay.say("show all")).to_contain_text("Alerts: all")
    await expect(await fay.say("whoami")).to_contain_text("Roles at Fabrikam Distribution")
    assert world["partners"][0]["name"] not in await fay.element("posts").inner_text()
    await fay.open("Alerts")
    await expect(fay.element("posts")).not_to_contain_text(world["partners"][0]["name"])
    await expect(fay.element("posts")).not_to_contain_text(number)


async def test_an_answer_that_was_lost_ends_in_one_verdict(seat: Seat) -> None:
    ada = await seat("ada")
    thread = await ada.raise_alert("high")
    before = len(await ada.control("deeds?kind=alert"))
    await ada.panel(shown=True)
    await ada.element("fault-times").select_option(label="once")
    await ada.element("fault-graph-drop").click()
    await expect(ada.element("fault-active")).to_contain_text("graph PATCH drops after the deed")
    await button(thread, FRAUD).click()
    await expect(thread.locator(by_id("card")).first).to_contain_text("Fraud by Ada Lindqvist", timeout=PATIENCE)
    await expect(thread.locator(by_id("message-text"))).to_contain_text(["marked"])
    await expect(ada.element("fault-active")).to_contain_text("Nothing: all services answer.")
    deeds = (await ada.control("deeds?kind=alert"))[before:]
    assert [(deed["status"], deed["reason"]) for deed in deeds] == [("resolved", "fraud")], deeds


async def test_a_slow_graph_is_told_in_time_and_nothing_is_done(seat: Seat) -> None:
    ada = await seat("ada")
    thread = await ada.raise_alert("high")
    before = len(await ada.control("deeds?kind=alert"))
    # The role check reads the clicker's groups: slow for longer than Teams would wait.
    await ada.control("faults", post={"service": "graph", "match": "checkMember", "action": {"latency": 8}})
    await button(thread, FRAUD).click()
    await expect(thread.locator(by_id("message-note"))).to_contain_text(
        "I could not check your roles just now", timeout=PATIENCE
    )
    assert len(await ada.control("deeds?kind=alert")) == before
    await ada.panel(shown=True)
    await ada.element("faults-clear").click()
    await expect(ada.element("fault-active")).to_contain_text("Nothing: all services answer.")
    await button(thread, FRAUD).click()
    await expect(thread.locator(by_id("card")).first).to_contain_text("Fraud by Ada Lindqvist")
    assert len(await ada.control("deeds?kind=alert")) == before + 1


async def test_a_decision_in_the_portal_shows_on_the_card(seat: Seat) -> None:
    ada = await seat("ada")
    before = {alert["id"] for alert in await ada.control("alerts")}
    thread = await ada.raise_alert("low")
    (new,) = [alert for alert in await ada.control("alerts") if alert["id"] not in before]
    await ada.panel(shown=True)
    await ada.element("portal-alert").focus()
    await ada.element("portal-alert").select_option(new["id"])
    await ada.element("portal-reason").select_option("ignore")
    await ada.element("portal-resolve").click()
    card = thread.locator(by_id("card")).first
    await expect(card).to_contain_text("Ignored by portal.user@", timeout=PATIENCE)
    await expect(card).to_contain_text("Decided in Partner Center")
    await expect(thread.locator(by_id("message-text"))).to_contain_text(
        ["was marked as ignore in Partner Center by portal.user@"]
    )
    await expect(button(thread, FRAUD)).to_have_count(0)


async def test_sending_alerts_to_another_channel_and_stopping_it(seat: Seat) -> None:
    max_ = await seat("max")
    await max_.open("General")
    welcome = max_.element("thread").filter(has_text="Alert Desk is here")
    await button(welcome, "Send alerts here").click()
    summary = max_.element("thread").filter(has_text="Security alerts of Northwind Cloud are now sent here")
    await expect(summary).to_have_count(1, timeout=PATIENCE)
    await expect(max_.element("thread").filter(has=max_.page.get_by_text("Affected resources")).first).to_be_visible(
        timeout=PATIENCE
    )
    await expect(await max_.say("unsubscribe")).to_contain_text(
        "The alerts of Northwind Cloud are no longer sent here."
    )
    await expect(await max_.say("show")).to_contain_text("No partner's alerts are sent to this conversation")


async def test_the_first_summary_counts_every_open_alert(seat: Seat) -> None:
    """Also those of a severity that did not exist when this was written."""
    nora = await seat("nora")
    summary = nora.element("thread").filter(has_text="Security alerts of Northwind Cloud are now sent here")
    await expect(summary.first.locator(by_id("card"))).to_contain_text("alerts open")
    said = await summary.first.locator(by_id("card")).inner_text()
    total = re.search(r"(\d+) alerts open", said)
    assert total
    counts = re.findall(r"^(?:High|Medium|Low|Informational|Other)\s*\n(\d+)\s*$", said, re.MULTILINE)
    assert sum(map(int, counts)) == int(total[1]), said


async def test_words_are_understood_or_answered(seat: Seat) -> None:
    nora = await seat("nora")
    await nora.sign_in()
    await nora.open(kind="personal")
    for said, answer in {
        "help": "What I understand",
        "whoami": "no role that counts here",
        "shwo unresolved": "Did you mean “show”?",
        "show severity:urgent": "severity",
        "show A-99999": "There is no alert A-99999 here",
        "  Show&nbsp;ALL ": "Alerts: all",
        "export": "alerts with all details, as CSV",
    }.items():
        await expect(await nora.say(said), said).to_contain_text(answer, ignore_case=True)


async def test_in_an_alerts_own_thread_the_number_can_be_left_out(seat: Seat) -> None:
    ada = await seat("ada")
    await ada.sign_in()
    thread = await ada.raise_alert("medium")
    number = await number_in(thread)
    await ada.say("investigate", thread=thread)
    await expect(thread.locator(by_id("card")).first).to_contain_text("Investigating")
    await expect(thread.locator(by_id("message-text")).last).to_have_text(f"Ada Lindqvist is investigating {number}.")


async def test_on_a_phone_in_the_dark_nothing_scrolls_sideways(seat: Seat) -> None:
    phone = await seat("ada", size=(320, 640), theme="dark")
    await phone.open("Alerts")
    await expect(phone.element("card").first).to_be_attached()
    assert await phone.page.evaluate("document.documentElement.dataset.theme") == "dark"
    await wide_enough(phone)
    await phone.say("show unresolved")
    await phone.say("help")
    await wide_enough(phone)
    desk = await seat("max", theme="dark", width="phone")
    await desk.open("Alerts")
    await expect(desk.element("card").first).to_be_attached()
    await wide_enough(desk)
    box = await desk.page.locator("#teams").bounding_box()
    assert box is not None
    assert box["width"] == 360


async def wide_enough(teams: Teams) -> None:
    for place in ("html", "#posts"):
        across, seen = await teams.page.locator(place).evaluate("one => [one.scrollWidth, one.clientWidth]")
        assert across <= seen, place
    cards = teams.element("card")
    assert await cards.evaluate_all(CUT) == []
    buttons = await cards.evaluate_all(BUTTONS)
    assert max(len([title for title in titles if title != "..."]) for titles in buttons) <= 3
    ground = await cards.first.evaluate("one => getComputedStyle(one).backgroundColor")
    assert max(map(int, re.findall(r"\d+", ground)[:3])) < 64, "the card's ground is dark"


async def test_the_keyboard_is_enough(seat: Seat) -> None:
    await (await seat("ada")).sign_in()  # forms open only for who is signed in
    ada = await seat("nora")
    await ada.element("person-ada").focus()
    await ada.page.keyboard.press("Enter")
    await ada.is_live("ada")
    thread = await ada.raise_alert("informational")
    card = thread.locator(by_id("card")).first
    overflow = card.locator(".ac-pushButton", has_text="...")
    await overflow.focus()
    await ada.page.keyboard.press("Enter")
    menu = ada.element("menu")
    await expect(menu.get_by_role("menuitem").first).to_be_focused()
    await ada.page.keyboard.press("Escape")
    await expect(menu).to_have_count(0)
    await expect(overflow).to_be_focused()

    await ada.page.keyboard.press("Enter")
    await ada.page.keyboard.press("ArrowDown")
    await expect(menu.get_by_role("menuitem").nth(1)).to_be_focused()
    while "Add note" not in await menu.locator(":focus").inner_text():
        await ada.page.keyboard.press("ArrowDown")
    await ada.page.keyboard.press("Enter")
    dialog = ada.element("dialog")
    await expect(dialog.get_by_role("textbox")).to_be_focused()
    await ada.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)

    await button(card, LEGITIMATE).focus()
    await ada.page.keyboard.press("Enter")
    await expect(card).to_contain_text("Legitimate by Ada Lindqvist")
    await ada.element("compose-new").focus()
    await ada.page.keyboard.type("whoami")
    await ada.page.keyboard.press("Enter")
    await expect(ada.element("message").last).to_contain_text("Who you are to me")


async def test_a_card_that_is_drawn_anew_keeps_the_keyboards_place(seat: Seat) -> None:
    max_, ada = await seat("max"), await seat("ada")
    await max_.sign_in()
    thread = await ada.raise_alert("low")
    card = thread.locator(by_id("card")).first
    overflow = card.locator(".ac-pushButton", has_text="...")
    for leave in (True, False):
        note = f"looked at before {leave}"
        await overflow.focus()
        if leave:
            await ada.page.keyboard.press("Enter")
            await expect(ada.element("menu").get_by_role("menuitem").first).to_be_focused()
        await max_.say(f"note {await number_in(thread)} {note}")
        await expect(card).to_contain_text(note)
        if leave:
            await ada.page.keyboard.press("Escape")
        await expect(overflow).to_be_focused()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_control_c_stops_everything(number: signal.Signals) -> None:
    with running_demo() as demo:
        programs = " ".join(demo.programs().values())
        assert "bot.sandbox serve" in programs
        assert "bot serve" in programs
        logs = demo.logs
        assert {path.name for path in logs.glob("*.log")} == {"sandbox.log", "bot.log"}
        assert "Traceback" not in (logs / "bot.log").read_text()
        assert demo.interrupt(number) == 0
        assert "Stopping." in "".join(demo.said)
        assert not logs.exists()


def test_a_bot_that_dies_is_told() -> None:
    with running_demo() as demo:
        (bot,) = [pid for pid, command in demo.programs().items() if command.endswith("bot serve")]
        os.kill(bot, signal.SIGKILL)
        assert demo.process.wait(STOP_SECONDS) == 1
        said = "".join(iter(lambda: demo.lines.get(timeout=STOP_SECONDS) or "", ""))
        assert "The bot ended with exit code -9." in said


@pytest.mark.parametrize("option", ["--port", "--page-port"])
def test_a_taken_port_is_named(option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = str(taken.getsockname()[1])
        other = {"--port": "--page-port", "--page-port": "--port"}[option]
        ended = subprocess.run(
            [*COMMAND, option, number, other, "0"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=STOP_SECONDS,
            check=False,
        )
    assert ended.returncode == 2
    assert f"Port {number} is taken." in ended.stderr
    assert "Traceback" not in ended.stderr
