"""What people type: each command, what a slip of the finger gets, and what an edit does not do."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.texts.help import COMMANDS
from tests.support.desk import Desk


async def test_help_names_every_command_and_explains_each(desk: Desk) -> None:
    text = (await desk.ask("nora", "help")).card.text
    for command in COMMANDS:
        assert command.name.split()[0] in text
        more = (await desk.ask("nora", f"help {command.name.split()[0]}", "nora")).card.text
        assert command.meaning in more
    assert "severity" in (await desk.ask("nora", "help show")).text


async def test_many_ways_to_ask_for_help(desk: Desk) -> None:
    for text in ("help help", "  HELP  ", "help\u00a0", "?", "`help`", "Help!"):
        assert (await desk.ask("gus", text)).has_card, text
    for text in ("hi", "Hello there", "thanks!"):
        assert (await desk.ask("gus", text)).text == "Say \u201chelp\u201d for what I understand.", text


async def test_whoami_tells_account_tenant_and_roles(desk: Desk) -> None:
    for person, told in (
        ("ada", "Admin Agent"),
        ("max", "Admin Agent, Global Administrator"),
        ("gil", "Global Administrator"),
        ("nora", "no role"),
        ("gus", "lucernepublishing"),
        ("fay", "Admin Agent"),
    ):
        who = desk.cloud.world.people[person]
        text = (await desk.ask(person, "whoami", person)).card.text
        for part in (told, who.name, who.aad_object_id, who.tenant_id):
            assert part in text, person
        assert ("may decide" in text) is (person in ("ada", "max", "fay")), person


async def test_whoami_when_nobody_can_be_asked(desk: Desk) -> None:
    await desk.fault("graph", times=None, status=503)
    text = (await desk.ask("ada", "whoami")).card.text
    assert "could not be checked" in text
    await desk.fault("connector", "GET", times=None, status=503)
    assert "Ada Lindqvist" in (await desk.ask("ada", "whoami", "ada")).text


async def test_show_alone_means_unresolved(desk: Desk) -> None:
    alert, post = await desk.posted()
    listed = await desk.ask("nora", "show")
    assert post.card.label in listed.text
    assert (
        listed.text == (await desk.ask("nora", "show unresolved")).text == (await desk.ask("nora", "unresolved")).text
    )
    await desk.press("ada", post, "Mark as fraud")
    assert post.card.label not in (await desk.ask("nora", "show")).text
    assert post.card.label in (await desk.ask("nora", "show resolved since:1h")).text
    assert alert["displayName"] in (await desk.ask("nora", "show all since:1h")).text


FILTERS = (
    ("severity:medium", True),
    ("severity:high,low", False),
    ("SEVERITY:Medium", True),
    ("type:CryptoMining", True),
    ("type:notification", False),
    ("type:usage", True),
    ("since:1h", True),
    ("until:1h", False),
    ("age:<10m", True),
    ("age:>1h", False),
    ("sla:breached", False),
    ("sla:met", True),
    ("test:no", True),
    ("test:yes", False),
    ("active", True),
    ("investigating", False),
    ("all since:1h", True),
    ("partner:northwind", True),
    ("partner:fabrikam", False),
    ("severity:medium type:CryptoMining active since:1h", True),
    ("severity:\u201cmedium\u201d", True),
    ("  severity:medium\u00a0  since:1h ", True),
)


async def test_filters(desk: Desk) -> None:
    _, post = await desk.posted(severity="medium", alertType="CryptoMining")
    for words, fits in FILTERS:
        listed = await desk.ask("nora", f"show {words} ")
        assert (post.card.label in listed.text) is fits, words


async def test_filters_by_customer_and_subscription(desk: Desk) -> None:
    alert, post = await desk.posted()
    name = desk.cloud.world.customers[alert["customerTenantId"]].name
    for words, fits in (
        (f'customer:"{name}"', True),
        (f'customer:"{name[:5].upper()}"', True),
        (f"customer:{alert['customerTenantId']}", True),
        ("customer:nobody", False),
        (f"subscription:{alert['subscriptionId']}", True),
        (f"subscription:{alert['subscriptionId'][:8]}", True),
        ("subscription:ffffffff", False),
        (f"customer:\u201c{name}\u201d", True),
    ):
        listed = await desk.ask("nora", f"show since:1h {words}")
        assert (post.card.label in listed.text) is fits, words


SLIPS = (
    ("shwo", "show"),
    ("exprt", "export"),
    ("delete everything", "help"),
    ("show severity:hgih", "high"),
    ("show colour:red", "colour"),
    ("show unresolved resolved", "contradict"),
    ("show since:yesterday", "since:yesterday"),
    ('show customer:"Contoso', "quotation"),
    ("show age:1h", "age"),
    ("show severity:", "severity"),
    ("show unresovled", "unresolved"),
    ("mark", "mark"),
    ("mark A-1 guilty", "legitimate"),
    ("mark A-1 frod", "fraud"),
    ("note", "note"),
    ("search", "search"),
    ("help frobnicate", "frobnicate"),
    ("export sevrity:high", "severity"),
    ("subscribe severity:purple", "purple"),
    ("show A-999999", "A-999999"),
    ("show 999999", "999999"),
    ("investigate", "A-"),
)


async def test_a_slip_is_told_and_nothing_is_ignored(desk: Desk) -> None:
    for text, told in SLIPS:
        answer = await desk.ask("ada", text)
        assert not answer.has_card, text
        assert told in answer.text, text
    assert desk.deeds() == []


async def test_show_an_alert_by_number_id_and_prefix(desk: Desk) -> None:
    alert, post = await desk.posted(id="0f1e2d3c-aaaa-4bbb-8ccc-000000000001")
    other, _ = await desk.posted(id="0f1e2d3c-aaaa-4bbb-8ccc-000000000002")
    for reference in (
        post.card.label,
        post.card.label.lower(),
        str(post.card.number),
        f"#{post.card.number}",
        alert["id"],
        alert["id"].upper(),
    ):
        text = (await desk.ask("nora", f"show {reference}")).text
        assert alert["description"] in text, reference
        assert other["displayName"] not in text
    ambiguous = await desk.ask("nora", "show 0f1e2d3c-aaaa")
    assert "fits several" in ambiguous.text
    assert post.card.label in ambiguous.text
    lone, _ = await desk.posted(id="7a7b7c7d-1111-4222-8333-000000000003")
    assert lone["displayName"] in (await desk.ask("nora", "show 7a7b7c7d")).text
    assert (
        "no alert" in (await desk.ask("nora", "show 7a7b7")).text or not (await desk.ask("nora", "show 7a7b7")).has_card
    )


async def test_writes_take_a_number_or_a_whole_id(desk: Desk) -> None:
    alert, post = await desk.posted(id="7a7b7c7d-1111-4222-8333-000000000003")
    for text in ("mark 7a7b7c7d fraud", "investigate 7a7b7c7d", "note 7a7b7c7d hello", "cancel 7a7b7c7d"):
        answer = await desk.ask("ada", text)
        assert post.card.label in answer.text
        assert "whole id" in answer.text
    assert desk.deeds() == []
    await desk.ask("ada", f"mark {alert['id']} fraud mining pool")
    assert [deed["reason"] for deed in desk.deeds()] == ["fraud"]


async def test_search_finds_by_customer_subscription_and_id(desk: Desk) -> None:
    alert, post = await desk.posted()
    name = desk.cloud.world.customers[alert["customerTenantId"]].name
    for text in (
        name,
        name[1:6].lower(),
        alert["subscriptionId"],
        alert["subscriptionId"][:9],
        alert["id"],
        f'"{name}"',
    ):
        found = await desk.ask("gus", f"search {text}")
        assert post.card.label in found.text, text
        row = next(
            action for action in found.card.buttons.values() if action.get("data", {}).get("alert") == post.card.number
        )
        assert alert["id"] in (await desk.press("gus", found, row)).text
    assert "Nothing" in (await desk.ask("gus", "search zzzz")).text
    assert "Nothing" in (await desk.ask("gus", "search %")).text
    assert "Nothing" in (await desk.ask("gus", "search ____")).text


async def test_mark_by_typing(desk: Desk) -> None:
    for text, reason in (
        ("mark {} fraud", "fraud"),
        ("MARK {} Legitimate load test", "legitimate"),
        ("mark {} ignore", "ignore"),
    ):
        alert, post = await desk.posted()
        before = desk.mark()
        await desk.ask("ada", text.format(post.card.label))
        await desk.deliver()
        assert [entry.body for entry in desk.requests("graph", "PATCH", since=before)] == [
            {"status": "resolved", "resolvedReason": reason}
        ]
        after = (await desk.card(alert)).card.text
        assert "by Ada Lindqvist" in after
        assert ("load test" in after) is ("load test" in text)
        assert len(await desk.lines(post)) == 1


async def test_typing_needs_the_role_as_pressing_does(desk: Desk) -> None:
    _, post = await desk.posted()
    for person in ("nora", "gil", "gus"):
        for text in ("mark {} fraud", "investigate {}", "note {} hello", "cancel {}", "reverdict {} fraud because"):
            answer = await desk.ask(person, text.format(post.card.label))
            assert "Nothing was done" in answer.text or "not decided yet" in answer.text, (person, text)
    assert desk.deeds() == []
    assert not desk.requests("graph", "PATCH")


async def test_in_the_alerts_own_thread_the_number_can_be_left_out(desk: Desk) -> None:
    alert, post = await desk.posted()
    assert alert["id"] in (await desk.ask("nora", f"show {post.card.label}", thread=post.id)).text
    await desk.ask("ada", "note 3 machines, all theirs", thread=post.id)
    await desk.say("ada", "investigate", thread=post.id)
    await desk.deliver()
    await desk.say("max", "mark fraud and told the customer", thread=post.id)
    await desk.deliver()
    assert [deed["status"] for deed in desk.deeds()] == ["investigating", "resolved"]
    lines = await desk.lines(post)
    assert any("3 machines, all theirs" in line for line in lines)
    assert f"Ada Lindqvist is investigating {post.card.label}." in lines
    assert any("Max Okafor marked" in line and "told the customer" in line for line in lines)
    await desk.say("max", "reverdict legitimate the customer found the invoice", thread=post.id)
    await desk.deliver()
    assert "Legitimate by Max Okafor" in (await desk.card(alert)).card.text
    for text in ("mark fraud", "investigate", "note hello", "cancel"):
        outside = await desk.ask("ada", text)
        assert outside.text, "outside a thread it must be named"
    assert len(desk.deeds()) == 3


async def test_reverdict_by_typing_is_for_decided_alerts(desk: Desk) -> None:
    _, post = await desk.posted()
    assert "not decided yet" in (await desk.ask("ada", f"reverdict {post.card.label} fraud because")).text
    await desk.ask("ada", f"mark {post.card.label} fraud")
    assert "already" in (await desk.ask("max", f"mark {post.card.label} legitimate")).text
    assert "reason" in (await desk.ask("max", f"reverdict {post.card.label} legitimate")).text
    assert "already" in (await desk.ask("max", f"reverdict {post.card.label} fraud still")).text
    await desk.ask("max", f"reverdict {post.card.label} legitimate found the invoice")
    assert [deed["reason"] for deed in desk.deeds()] == ["fraud", "legitimate"]


async def test_an_edited_message_does_not_run_again(desk: Desk) -> None:
    _, post = await desk.posted()
    await desk.say("ada", "help")
    activity: dict[str, Any] = desk.requests("bot")[-1].body
    before = len(await desk.posts())
    edited = {
        **activity,
        "type": "messageUpdate",
        "id": activity["id"],
        "text": f"<at>Alert Desk</at> mark {post.card.label} fraud",
    }
    edited["channelData"] = {**activity["channelData"], "eventType": "editMessage"}
    status, _ = await desk.raw(edited)
    assert status == 202
    status, _ = await desk.raw(
        {
            **edited,
            "type": "messageDelete",
            "channelData": {**activity["channelData"], "eventType": "softDeleteMessage"},
        }
    )
    assert status == 202
    assert len(await desk.posts()) == before
    assert not desk.requests("graph", "PATCH")


async def test_a_redelivered_message_is_answered_once(desk: Desk) -> None:
    _, post = await desk.posted()
    await desk.ask("ada", f"mark {post.card.label} fraud", "ada")
    activity = desk.requests("bot")[-1].body
    before = len(await desk.posts("ada"))
    assert (await desk.raw(activity))[0] == 202
    assert len(desk.requests("graph", "PATCH")) == 1
    assert (await desk.raw({**activity, "id": "1999999999999"}))[0] == 202
    assert len(desk.requests("graph", "PATCH")) == 1
    said = [found.text for found in (await desk.posts("ada"))[before:]]
    assert len([text for text in said if "already" not in text]) <= 1


async def test_a_conversation_without_a_route_says_what_to_do(desk: Desk) -> None:
    for text in ("show", "search x", "export all", "show A-1001", "mark A-1001 fraud"):
        assert "subscribe" in (await desk.ask("ada", text, "general")).text, text


async def test_mentions_of_others_and_decorations_do_not_disturb(desk: Desk) -> None:
    _, post = await desk.posted()
    said = await desk.ask("nora", f"  show   {post.card.label}  ")
    assert said.has_card
    await desk.ask("ada", f"note {post.card.label} ask @[max] about it")
    await desk.deliver()
    assert any("Max Okafor" in line for line in await desk.lines(post))


async def test_a_very_long_message_is_survived(desk: Desk) -> None:
    for text in (
        "show " + "x" * 20_000,
        "search " + "\u00e4" * 5000,
        "note A-1001 " + "y" * 2500,
        "\U0001f600" * 3000,
        "mark " + "A-1 " * 4000,
    ):
        answer = await desk.ask("ada", text)
        assert answer.text
        assert len(answer.text) < 3000


async def test_many_people_ask_at_once(desk: Desk) -> None:
    people = ("ada", "max", "gil", "nora", "gus")
    await asyncio.gather(
        *(
            desk.client("messages", person=person, conversationId=desk.place("alerts").id, text="show", mentionBot=True)
            for person in people
        )
    )
    said = [post for post in await desk.posts() if post.by_bot and post.has_card and "Unresolved" in post.text]
    assert len(said) == len(people)
