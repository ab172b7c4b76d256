"""Which conversation gets which partner's alerts, who may change that, and who may read."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.desk import Desk, running_desk
from tests.support.seen import Post


async def welcome(desk: Desk, where: str) -> Post:
    return next(post for post in await desk.posts(where) if post.has_card and "Alert Desk is here" in post.text)


async def test_an_install_routes_nothing(desk: Desk) -> None:
    alert, _ = await desk.posted()
    theirs = await desk.alert("fabrikam")
    await desk.settle()
    for where in ("general", "fabrikam", "fabrikam general"):
        posts = await desk.posts(where)
        assert [post.text.splitlines()[0] for post in posts] == ["Alert Desk is here"], where
        assert "Nothing is sent here" in posts[0].text
        assert "Send alerts here" in posts[0].card.buttons
    assert not await desk.cards_of(alert, "general")
    assert not await desk.cards_of(theirs, "fabrikam")


async def test_a_routed_channel_is_greeted_as_such(desk: Desk) -> None:
    greeting = await welcome(desk, "alerts")
    assert "Alerts are sent to this conversation" in greeting.text
    assert "Send alerts here" not in greeting.card.buttons


async def test_send_alerts_here_by_an_admin_agent_begins_with_a_summary(desk: Desk) -> None:
    answer = await desk.press("ada", await welcome(desk, "general"), "Send alerts here")
    assert "Northwind Cloud" in answer.text
    assert "Fabrikam" not in answer.text
    await desk.deliver()
    posts = await desk.posts("general")
    summaries = [post for post in posts if "are now sent here" in post.text]
    assert len(summaries) == 1
    cards = [post for post in posts if post.has_card and "refresh" in post.card.json]
    assert 0 < len(cards) <= 10
    assert posts.index(summaries[0]) < posts.index(cards[0])
    alert, _ = await desk.posted()
    assert await desk.card(alert, "general"), "and goes on with what is new"
    again = await desk.press("max", await welcome(desk, "general"), "Send alerts here")
    assert again.status == 200
    await desk.deliver()
    assert len([post for post in await desk.posts("general") if "are now sent here" in post.text]) == 1


async def test_others_cannot_send_alerts_anywhere(desk: Desk) -> None:
    for person in ("gil", "nora", "gus"):
        answer = await desk.press(person, await welcome(desk, "general"), "Send alerts here")
        assert answer.kind == "error"
        for words in ("subscribe", "unsubscribe"):
            said = await desk.ask(person, words, "general" if words == "subscribe" else "alerts")
            assert "Nothing was done" in said.text, person
    alert, _ = await desk.posted()
    assert not await desk.cards_of(alert, "general")
    assert await desk.cards_of(alert, "alerts")
    denied = [row.entry for row in await desk.audit() if row.entry.outcome == "denied"]
    assert {entry.act for entry in denied} <= {"route"}
    assert [entry.actor_name for entry in denied].count("Nora Meyer") == 3


async def test_subscribe_with_filters_lets_only_those_through(desk: Desk) -> None:
    said = await desk.ask("ada", "subscribe severity:high,medium type:notification", "general")
    assert "severity:high,medium" in said.text
    await desk.deliver()
    for severity, kind, wanted in (
        ("high", "ServiceHealthSecurityAdvisory", True),
        ("low", "ServiceHealthSecurityAdvisory", False),
        ("high", "CryptoMining", False),
    ):
        alert = await desk.alert(severity=severity, alertType=kind)
        await desk.settle("northwind")
        assert bool(await desk.cards_of(alert, "general")) is wanted, (severity, kind)
        assert await desk.cards_of(alert), "the other channel gets all"


async def test_a_filter_that_makes_no_sense_changes_nothing(desk: Desk) -> None:
    said = await desk.ask("ada", "subscribe severity:hgih", "general")
    assert "high" in said.text
    alert, _ = await desk.posted()
    assert not await desk.cards_of(alert, "general")


async def test_unsubscribe_stops_new_cards_and_keeps_the_old_ones_true(desk: Desk) -> None:
    before, post = await desk.posted()
    said = await desk.ask("max", "unsubscribe")
    assert "Northwind Cloud" in said.text
    alert = await desk.alert()
    await desk.settle("northwind")
    assert not await desk.cards_of(alert)
    await desk.in_portal(before, "resolve", reason="fraud", by="max")
    await desk.settle("northwind")
    assert "Fraud by" in (await desk.card(before)).card.text, "a card that stands there must not lie"
    assert "no" in (await desk.ask("ada", "show unresolved")).text.lower()
    await desk.ask("ada", "subscribe")
    await desk.settle("northwind")
    assert await desk.card(alert), "what came meanwhile comes with the new beginning"
    assert len(await desk.cards_of(before)) == 1
    assert post.id == (await desk.card(before)).id


async def test_the_setting_does_not_bring_back_what_people_turned_off(tmp_path: Path) -> None:
    async with running_desk(tmp_path) as desk:
        await desk.ask("ada", "unsubscribe")
        await desk.another()
        alert = await desk.alert()
        await desk.settle("northwind")
        assert not await desk.cards_of(alert)


async def test_channels_of_the_settings_are_routed_from_the_start(tmp_path: Path) -> None:
    async with running_desk(tmp_path) as desk:
        partners = json.loads(desk.settings["ALERTDESK_PARTNERS"])
        partners[1]["channels"] = [desk.place("fabrikam").id]
        await desk.another(PARTNERS=json.dumps(partners))
        alert = await desk.alert("fabrikam")
        await desk.settle()
        assert await desk.card(alert, "fabrikam")
        assert not await desk.cards_of(alert, "alerts")


async def test_a_group_chat_can_be_routed_too(desk: Desk) -> None:
    await desk.lifecycle("install", "chat")
    await desk.ask("ada", "subscribe", "chat")
    alert = await desk.alert()
    await desk.settle("northwind")
    post = await desk.card(alert, "chat")
    answer = await desk.press("max", post, "Mark as fraud")
    assert answer.kind == "card"
    await desk.deliver()
    assert "Fraud by Max Okafor" in (await desk.card(alert, "chat")).card.text
    assert "Fraud by Max Okafor" in (await desk.card(alert, "alerts")).card.text, "in each conversation that has it"
    assert any("Max Okafor marked" in found.text for found in await desk.posts("chat"))


async def test_who_reads_in_a_personal_chat(desk: Desk) -> None:
    """Admin Agents, and members of a routed channel."""
    alert, post = await desk.posted()
    for person, reads in (("ada", True), ("max", True), ("gil", True), ("nora", True), ("gus", True), ("finn", False)):
        said = await desk.ask(person, f"show {post.card.label}", person)
        assert (alert["id"] in said.text) is reads, person
        listed = await desk.ask(person, "show unresolved", person)
        assert (post.card.label in listed.text) is reads, person


async def test_an_admin_agent_reads_in_person_without_any_route(desk: Desk) -> None:
    alert = await desk.alert("fabrikam")
    await desk.settle("fabrikam")
    number = (await desk.record(alert, "fabrikam")).number
    assert alert["id"] in (await desk.ask("fay", f"show A-{number}", "fay")).text
    assert alert["id"] not in (await desk.ask("finn", f"show A-{number}", "finn")).text


async def test_who_leaves_the_channel_and_has_no_role_reads_no_more(desk: Desk) -> None:
    alert, post = await desk.posted()
    assert alert["id"] in (await desk.ask("nora", f"show {post.card.label}", "nora")).text
    await desk.lifecycle("removeMember", "alerts", person="nora")
    desk.clock.forward(61)
    assert alert["id"] not in (await desk.ask("nora", f"show {post.card.label}", "nora")).text


async def test_a_card_that_was_forwarded_into_an_unrouted_channel_does_nothing_there(desk: Desk) -> None:
    alert, post = await desk.posted()
    place = desk.place("general")
    copy = Post(
        desk.cloud.teams.message_json(
            desk.cloud.teams.post(place, desk.cloud.teams.conversations[post.where].messages[post.id].activity)
        )
    )
    for button in ("Mark as fraud", "Details"):
        answer = await desk.press("ada", copy, button, card=post.card)
        assert answer.kind == "error"
        assert alert["id"] not in answer.text
    assert not desk.requests("graph", "PATCH")
