"""Dialogs, details, lists in place, redraws by the client, clients without Action.Execute, and the cancel button."""

from __future__ import annotations

import re

from tests.support.desk import Desk
from tests.support.seen import Card

NUMBER = re.compile(r"A-(\d+)\b")
OUTSIDE = ("graph", "connector", "partnercenter", "entra")


async def test_change_verdict_by_dialog(desk: Desk) -> None:
    alert, post = await desk.posted()
    await desk.press("ada", post, "Mark as fraud")
    await desk.deliver()
    opened = await desk.open_dialog("max", await desk.card(alert), "Change verdict")
    assert opened.kind == "dialog"
    assert post.card.label in opened.body["task"]["value"]["title"]
    assert "'value': 'fraud'" not in str(opened.card.json), "the verdict that stands is no choice"
    sent = await desk.send_dialog("max", post, opened, verdict="legitimate", reason="A load test of the customer's own")
    assert sent.status == 200
    assert sent.kind == "none", "the dialog closes"
    await desk.deliver()
    after = (await desk.card(alert)).card.text
    assert "Legitimate by Max Okafor" in after
    assert "A load test of the customer's own" in after
    assert [entry.body["resolvedReason"] for entry in desk.requests("graph", "PATCH")] == ["fraud", "legitimate"]
    assert (await desk.lines(post))[-1].startswith(
        f"Max Okafor changed the verdict of {post.card.label} to legitimate."
    )
    outcomes = [(row.entry.act, row.entry.outcome, row.entry.actor_name) for row in await desk.audit()]
    assert ("mark legitimate", "done", "Max Okafor") in outcomes


async def test_change_verdict_needs_a_reason_another_verdict_and_the_role(desk: Desk) -> None:
    alert, post = await desk.posted()
    await desk.press("ada", post, "Mark as fraud")
    await desk.deliver()
    decided = await desk.card(alert)
    opened = await desk.open_dialog("ada", decided, "Change verdict")
    for fields, why in (
        ({"verdict": "legitimate", "reason": "   "}, "reason"),
        ({"reason": "no verdict chosen"}, ""),
        ({"verdict": "fraud", "reason": "as it is"}, "verdict it has already"),
        ({"verdict": "guilty", "reason": "no such verdict"}, ""),
    ):
        answer = await desk.send_dialog("ada", decided, opened, **fields)
        assert answer.status == 200
        assert answer.kind == "message"
        assert why in answer.text
    refused = await desk.open_dialog("nora", decided, "Change verdict")
    assert refused.kind == "message"
    assert "Admin Agent" in refused.text
    await desk.roles("ada", "adminAgent", False)
    late = await desk.send_dialog("ada", decided, opened, verdict="legitimate", reason="the role went meanwhile")
    assert "Admin Agent" in late.text
    assert len(desk.requests("graph", "PATCH")) == 1


async def test_a_note_by_dialog_is_told_and_kept(desk: Desk) -> None:
    _, post = await desk.posted()
    opened = await desk.open_dialog("ada", post, "Add note")
    assert opened.kind == "dialog"
    sent = await desk.send_dialog("ada", post, opened, text="The customer called back: it is theirs.\nTicket 4711")
    assert sent.kind == "none"
    activity = desk.requests("bot")[-1].body
    await desk.deliver()
    (line,) = await desk.lines(post)
    assert line.startswith("Note by Ada Lindqvist: The customer called back")
    details = await desk.press("nora", post, "Details")
    assert "Ticket 4711" in details.text
    await desk.raw(activity)
    await desk.raw({**activity, "id": "f:sent-again-with-another-id"})
    await desk.deliver()
    assert len(await desk.lines(post)) == 1, "a redelivery adds no second note"
    assert not desk.requests("graph", "PATCH")


async def test_a_note_without_text_or_with_too_much_is_refused(desk: Desk) -> None:
    _, post = await desk.posted()
    opened = await desk.open_dialog("ada", post, "Add note")
    assert (await desk.send_dialog("ada", post, opened, text="  ")).kind == "message"
    too_long = await desk.send_dialog("ada", post, opened, text="x" * 2001)
    assert "2001" in too_long.text.replace(",", "")
    await desk.deliver()
    assert await desk.lines(post) == []


async def test_two_equal_notes_on_purpose_are_two(desk: Desk) -> None:
    """Only a redelivery is dropped: somebody who opens the form again and writes the same means it."""
    _, post = await desk.posted()
    for _ in range(2):
        opened = await desk.open_dialog("ada", post, "Add note")
        await desk.send_dialog("ada", post, opened, text="called, no answer")
        desk.clock.forward(11 * 60)
    await desk.deliver()
    assert len(await desk.lines(post)) == 2


async def test_details_are_for_the_one_who_asked_and_lead_back(desk: Desk) -> None:
    alert, post = await desk.posted(additionalDetails={"VM_IP": '["10.0.0.4"]', "MiningPool_IP": "192.0.2.7"})
    details = await desk.press("nora", post, "Details")
    assert details.kind == "card"
    for part in (
        alert["id"],
        alert["description"],
        alert["customerTenantId"],
        alert["subscriptionId"],
        "10.0.0.4",
        "192.0.2.7",
    ):
        assert part in details.text
    assert '["' not in details.text
    assert (await desk.card(alert)).json == post.json
    back = await desk.press("nora", post, "Back to the alert", card=details.card)
    assert back.card.text == post.card.text
    assert (await desk.press("ada", post, "Mark as fraud", card=details.card)).kind == "card"
    assert len(desk.deeds()) == 1


async def test_a_list_is_paged_in_place_and_shows_each_alert_once(desk: Desk) -> None:
    answer = await desk.ask("nora", "show all")
    card: Card = answer.card
    total = len(desk.cloud.world.alerts[desk.partner().tenant_id])
    seen = NUMBER.findall(card.text)
    first_page = card.text
    while "Next" in card.buttons:
        card = (await desk.press("nora", answer, "Next", card=card)).card
        seen += NUMBER.findall(card.text)
    assert len(seen) == len(set(seen)) == total
    while "Previous" in card.buttons:
        card = (await desk.press("nora", answer, "Previous", card=card)).card
    assert card.text == first_page
    assert (await desk.ask("nora", "show all")).card.text == first_page, "others still see the first page"


async def test_a_row_of_a_list_opens_its_alert(desk: Desk) -> None:
    alert, post = await desk.posted()
    answer = await desk.ask("ada", "show unresolved since:1h")
    row = next(
        action
        for title, action in answer.card.buttons.items()
        if action.get("data", {}).get("alert") == post.card.number
    )
    opened = await desk.press("ada", answer, row)
    assert alert["id"] in opened.text


async def test_a_refresh_shows_the_newest_state_and_an_automatic_one_calls_nobody(desk: Desk) -> None:
    alert, post = await desk.posted()
    await desk.in_portal(alert, "resolve", reason="fraud", by="max")
    await desk.poll()
    before = desk.mark()
    for trigger in ("automatic", "manual"):
        for person in ("ada", "nora", "gus"):
            answer = await desk.refresh(person, post, trigger=trigger)
            assert answer.kind == "card"
            assert "Fraud by" in answer.text
        assert trigger == "manual" or not [
            entry for service in OUTSIDE for entry in desk.requests(service, since=before)
        ]


async def test_an_automatic_refresh_never_fails_while_everything_else_does(desk: Desk) -> None:
    alert, post = await desk.posted()
    for service in OUTSIDE:
        await desk.fault(service, times=None, status=500)
    answer = await desk.refresh("ada", post)
    assert answer.text == post.card.text
    assert answer.seconds < 3
    assert alert["displayName"] in answer.text


async def test_an_automatic_refresh_of_what_is_not_there_is_no_alarm(desk: Desk) -> None:
    _, post = await desk.posted()
    action = {**post.card.json["refresh"]["action"], "data": {"alert": 999_999, "version": 1, "card": "x"}}
    answer = await desk._answered("execute", "ada", post, action=action, trigger="automatic")
    assert answer.status == 200
    assert answer.seconds < 3


async def test_a_client_without_execute_sends_the_same_by_submit(desk: Desk) -> None:
    alert, post = await desk.posted()
    await desk.submit("ada", post, "Mark as fraud")
    await desk.deliver()
    assert [entry.body["resolvedReason"] for entry in desk.requests("graph", "PATCH")] == ["fraud"]
    assert "Fraud by Ada Lindqvist" in (await desk.card(alert)).card.text
    assert f"Ada Lindqvist marked {post.card.label} as fraud." in await desk.lines(post)


async def test_a_submit_of_somebody_who_may_not_is_refused_in_the_thread(desk: Desk) -> None:
    _, post = await desk.posted()
    (said,) = await desk.submit("nora", post, "Mark as fraud")
    assert "Admin Agent" in said.text
    assert said.thread == post.id
    assert not desk.requests("graph", "PATCH")


async def test_details_and_lists_by_submit_come_as_messages(desk: Desk) -> None:
    alert, post = await desk.posted()
    (said,) = await desk.submit("nora", post, "Details")
    assert alert["id"] in said.card.text
    listed = await desk.ask("ada", "show all")
    (second,) = await desk.submit("ada", listed, "Next")
    assert second.card.text != listed.card.text


async def test_acting_as_the_app_the_cancel_button_says_where_to_cancel_and_cancels_nothing(desk: Desk) -> None:
    alert, post = await desk.posted()
    for person in ("ada", "max"):
        answer = await desk.open_dialog(person, post, "Cancel subscription")
        assert answer.kind == "message"
        assert "nothing was cancelled" in answer.text
        assert (
            f"{desk.cloud.base_url}/azureportal/{alert['customerTenantId']}/#@{alert['customerTenantId']}/resource/subscriptions/{alert['subscriptionId']}"
            in answer.text
        )
    assert not desk.requests("partnercenter", "POST")
    assert [deed for deed in desk.cloud.world.deeds if deed["kind"] == "cancel"] == []


async def test_a_test_alert_cannot_be_cancelled_and_says_what_it_is(desk: Desk) -> None:
    _, post = await desk.posted(isTest=True)
    assert "TEST" in post.card.text
    assert "subscription.cancel" not in post.card.verbs


async def test_links_lead_to_the_customers_own_tenant(desk: Desk) -> None:
    alert, post = await desk.posted()
    links = [action["url"] for action in post.card.buttons.values() if action["type"] == "Action.OpenUrl"]
    assert any(alert["customerTenantId"] in link and alert["subscriptionId"] in link for link in links)
    assert all(link.startswith(("https://partner.microsoft.com/", desk.cloud.base_url)) for link in links)


async def test_ids_that_are_no_guids_make_no_link(desk: Desk) -> None:
    alert = await desk.alert()
    desk.at_partner_center(alert).update(customerTenantId="evil.invalid/#", subscriptionId="../../x")
    await desk.settle("northwind")
    post = await desk.card(alert)
    assert not any("azureportal" in action.get("url", "") for action in post.card.buttons.values())
    answer = await desk.open_dialog("ada", post, "Cancel subscription")
    assert "evil.invalid" not in answer.text
