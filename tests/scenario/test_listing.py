"""Lists, searches, saved filters and details as people use them: typed and pressed, over HTTP."""

from __future__ import annotations

import re

from tests.support.desk import Desk
from tests.support.seen import Card

NUMBER = re.compile(r"A-(\d+)\b")


def numbers(card: Card) -> list[str]:
    return NUMBER.findall(card.text)


async def test_a_list_is_put_in_another_order_and_paged_in_it(desk: Desk) -> None:
    for age in range(10):
        await desk.alert(severity="high" if age % 2 else "low")
        desk.clock.forward(30)
    await desk.poll()
    listed = await desk.ask("nora", "show since:1h sort:newest")
    assert "newest first" in listed.text
    assert "respond by" in listed.text
    first = numbers(listed.card)
    second = numbers((await desk.press("nora", listed, "Next")).card)
    assert len(first) == 8
    assert not set(first) & set(second)
    by_customer = (await desk.press("nora", listed, "Sort by customer")).card
    assert "by customer" in by_customer.text
    assert len(numbers(by_customer)) == 8
    oldest = await desk.ask("nora", "show since:1h sort:oldest")
    assert numbers(oldest.card)[0] == second[-1]
    assert "Sort by severity" in oldest.card.buttons


async def test_due_assigned_and_snoozed_can_be_asked_for(desk: Desk) -> None:
    alert, post = await desk.posted()
    label = post.card.label
    for words, fits in (
        ("sla:due", False),
        ("sla:met", True),
        ("assigned:nobody", True),
        ("assigned:me", False),
        ("snoozed:no", True),
        ("snoozed:yes", False),
        (f"alert:{alert['id'][:8]}", True),
        ("alert:zzzz", False),
    ):
        assert (label in (await desk.ask("ada", f"show since:1h {words}")).text) is fits, words
    desk.clock.forward(35 * 60)
    assert label in (await desk.ask("ada", "show sla:due since:1h")).text
    assert "asked for by nobody" in (await desk.ask("ada", "subscribe assigned:me")).text
    assert "show A-1042" in (await desk.ask("ada", "show alert:a-1042")).text


async def test_a_search_is_paged_filtered_and_finds_the_middle_of_an_id(desk: Desk) -> None:
    alert, post = await desk.posted()
    name = desk.cloud.world.customers[alert["customerTenantId"]].name
    found = await desk.ask("nora", f'search "{name}" unresolved since:1h')
    assert post.card.label in found.text
    assert "Search: " in found.text
    assert post.card.label not in (await desk.ask("nora", f'search "{name}" severity:informational since:1h')).text
    assert post.card.label in (await desk.ask("nora", f"search {alert['id'][-12:]}")).text
    assert alert["displayName"] in (await desk.ask("nora", f"search {post.card.label}")).text
    for _ in range(9):
        await desk.alert(customerTenantId=alert["customerTenantId"], subscriptionId=alert["subscriptionId"])
    await desk.poll()
    many = await desk.ask("nora", f"search {alert['subscriptionId'][:9].upper()} since:1h")
    rest = await desk.press("nora", many, "Next")
    assert len({*numbers(many.card), *numbers(rest.card)}) == 10


async def test_a_filter_is_saved_for_the_channel_and_used_by_others(desk: Desk) -> None:
    _, post = await desk.posted(severity="low")
    assert "Admin Agent" in (await desk.ask("nora", "save quiet severity:low since:1h")).text
    assert "Saved as @quiet" in (await desk.ask("ada", "save quiet severity:low since:1h")).text
    assert post.card.label in (await desk.ask("nora", "show @quiet")).text
    listed = await desk.ask("nora", "saved")
    assert "@quiet" in listed.text
    refused = await desk.press("nora", listed, "Forget")
    assert "Admin Agent" in refused.text
    left = await desk.press("ada", listed, "Forget")
    assert "None are saved here" in left.text
    assert "No filter is saved as @quiet" in (await desk.ask("nora", "show @quiet")).text
    acts = [(row.entry.act, row.entry.outcome) for row in await desk.audit()]
    assert acts.count(("save filter", "done")) == 2
    assert acts.count(("save filter", "denied")) == 2


async def test_ones_own_filter_in_the_personal_chat_and_by_the_form(desk: Desk) -> None:
    _, post = await desk.posted(severity="low")
    listed = await desk.ask("nora", "show severity:low since:1h", "nora")
    opened = await desk.open_dialog("nora", listed, "Save this filter\u2026")
    assert "severity:low" in opened.text
    sent = await desk.send_dialog("nora", listed, opened, name="mine")
    assert "Saved as @mine" in sent.text
    assert post.card.label in (await desk.ask("nora", "show @mine", "nora")).text
    assert post.card.label in (await desk.ask("nora", "show @mine")).text
    assert "No filter is saved as @mine" in (await desk.ask("ada", "show @mine")).text


async def test_the_details_decide_and_help(desk: Desk) -> None:
    alert, post = await desk.posted(alertType="CryptoMining")
    shown = await desk.ask("ada", f"show {post.card.label}")
    for part in ("Resource information", "First connection", "Additional information", "Help", "Types of alerts"):
        assert part in shown.text or part in shown.card.buttons, part
    await desk.press("ada", shown, "Mark as fraud")
    assert desk.at_partner_center(alert)["resolvedReason"] == "fraud"
