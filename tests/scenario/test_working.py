"""Assigning, snoozing and looking back, as people do it in Teams: typed, pressed, mentioned."""

from __future__ import annotations

from tests.support.desk import Desk


async def test_an_alert_is_given_to_a_colleague_who_is_mentioned_in_its_thread(desk: Desk) -> None:
    alert, post = await desk.posted(severity="low")
    assert await desk.say("ada", "assign @[max]", thread=post.id) == []
    await desk.deliver()
    assert (await desk.record(alert)).work.assigned_name == "Max Okafor"
    card = await desk.card(alert)
    assert "Assigned to Max Okafor" in card.text
    (line,) = [found for found in await desk.posts("alerts", "max") if found.by_bot and found.thread == post.id]
    assert line.text == f"<at>Max Okafor</at>: Ada Lindqvist assigned {post.card.label} to Max Okafor."
    (entity,) = line.json["entities"]
    assert entity["mentioned"] == {"id": desk.cloud.world.people["max"].mri, "name": "Max Okafor"}
    row = (await desk.audit())[-1]
    assert (row.entry.act, row.entry.actor_name) == ("assign", "Ada Lindqvist")


async def test_a_stranger_to_the_channel_is_not_given_an_alert(desk: Desk) -> None:
    alert, post = await desk.posted()
    refused = await desk.ask("ada", f"assign {post.card.label} @[fay]")
    assert "is not a member of this conversation" in refused.text
    assert "Fay" in refused.text
    refused = await desk.ask("nora", f"assign {post.card.label} me")
    assert "Admin Agent" in refused.text
    assert (await desk.record(alert)).work.assigned_name == ""


async def test_one_takes_it_with_a_button_and_gives_it_on_with_the_form(desk: Desk) -> None:
    alert, post = await desk.posted()
    taken = await desk.press("ada", post, "Assign to me")
    assert "Assigned to Ada Lindqvist" in taken.card.text
    await desk.say("max", "whoami")  # so that he is known here
    opened = await desk.open_dialog("ada", post, "Assign…")
    assert "Max Okafor" in str(opened.card.json)
    await desk.send_dialog("ada", post, opened, to=desk.cloud.world.people["max"].aad_object_id)
    await desk.deliver()
    assert "Assigned to Max Okafor" in (await desk.card(alert)).text
    assert (await desk.lines(post))[-1].startswith("<at>Max Okafor</at>: Ada Lindqvist assigned")
    await desk.press("ada", post, "Mark as fraud")
    await desk.deliver()
    assert (await desk.record(alert)).work.assigned_name == "Max Okafor"


async def test_a_snooze_ends_by_itself_with_one_line(desk: Desk) -> None:
    alert, post = await desk.posted(severity="high")
    said = await desk.ask("ada", f"snooze {post.card.label} 2h", "ada")
    assert "still escalates" in said.text
    await desk.deliver()
    assert "Snoozed until" in (await desk.card(alert)).text
    assert post.card.label in (await desk.ask("nora", "show")).text  # it stays in lists
    desk.clock.forward(2 * 3600 + 1)
    await desk.deliver()
    assert "Snoozed until" not in (await desk.card(alert)).text
    over = f"The snooze of {post.card.label} is over, and nobody has decided on it yet."
    assert (await desk.lines(post)).count(over) == 1


async def test_a_snooze_by_form_ends_when_the_alert_gets_worse(desk: Desk) -> None:
    alert, post = await desk.posted(severity="low")
    opened = await desk.open_dialog("ada", post, "Snooze…")
    await desk.send_dialog("ada", post, opened, time="8h")
    assert (await desk.record(alert)).work.sleeps(desk.clock.now())
    desk.clock.forward(60)
    desk.cloud.world.alerts[desk.partner().tenant_id][alert["id"]]["severity"] = "high"
    await desk.settle("northwind")
    assert not (await desk.record(alert)).work.sleeps(desk.clock.now())
    assert (await desk.lines(post))[-1] == (f"The severity of {post.card.label} rose to High, so its snooze is over.")


async def test_the_second_alert_of_a_subscription_says_how_the_first_one_ended(desk: Desk) -> None:
    first, post = await desk.posted()
    await desk.press("ada", post, "Mark legitimate")
    await desk.deliver()
    same = {name: first[name] for name in ("subscriptionId", "customerTenantId", "alertType")}
    desk.clock.forward(1)
    second, again = await desk.posted(**same)
    assert "time on this subscription: once legitimate by Ada Lindqvist" in again.card.text
    details = await desk.press("nora", again, "Details")
    assert f"Show {post.card.label}" in details.card.buttons
    listed = await desk.press("nora", again, "All of this subscription", card=details.card)
    assert post.card.label in listed.card.text
    assert again.card.label in listed.card.text
    assert second["id"] != first["id"]


async def test_investigating_says_by_whom_and_since_when(desk: Desk) -> None:
    alert, post = await desk.posted()
    await desk.press("ada", post, "Investigate")
    await desk.deliver()
    assert "Investigating since" in (await desk.card(alert)).text
    assert "by Ada Lindqvist" in (await desk.card(alert)).text
    (deed,) = desk.deeds()
    assert deed["status"] == "investigating"  # at Partner Center


async def test_a_filtered_list_can_be_marked_at_once(desk: Desk) -> None:
    alerts = [(await desk.posted(severity="low"))[0] for _ in range(2)]
    labels = [(await desk.card(alert)).card.label for alert in alerts]
    for label in labels:
        await desk.ask("ada", f"assign {label} me", "ada")
    listed = await desk.ask("ada", "show severity:low assigned:me")
    (button,) = [title for title in listed.card.buttons if title.startswith("Mark these")]
    opened = await desk.open_dialog("ada", listed, button)
    await desk.send_dialog("ada", listed, opened, verdict="ignore", note="machines of our own")
    await desk.deliver()
    assert {(await desk.record(alert)).alert.resolved_reason for alert in alerts} == {"ignore"}
