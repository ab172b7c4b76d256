"""Which conversation gets which partner's alerts, who may change that, and who may read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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


# What is sent where, and why ---------------------------------------------------------------------------------------

FILTERS = (
    ("severity:high,medium", {}, {"severity": "low"}),
    ("type:CryptoMining", {"alertType": "CryptoMining"}, {"alertType": "ServiceHealthSecurityAdvisory"}),
    ("test:no", {}, {"isTest": True}),
    ("active age:<1h", {}, {"status": "investigating"}),
    ("sla:met since:1d assigned:nobody snoozed:no", {}, None),
    ("partner:northwind", {}, None),
)


@pytest.mark.parametrize("where", ["general", "chat", "ada"])
async def test_the_whole_grammar_routes_channels_group_chats_and_people(desk: Desk, where: str) -> None:
    for words, fits, other in FILTERS:
        said = await desk.ask("ada", f"subscribe {words}", where)
        assert words in said.text, (where, words)
        await desk.settle("northwind")
        wanted, unwanted = await desk.alert(**fits), await desk.alert(**other) if other is not None else None
        await desk.settle("northwind")
        assert len(await desk.cards_of(wanted, where, "ada")) == 1, (where, words)
        assert unwanted is None or not await desk.cards_of(unwanted, where, "ada"), (where, words)
        desk.clock.forward(120)
    off = await desk.ask("ada", "unsubscribe", where)
    assert "no longer sent here" in off.text
    alert = await desk.alert()
    await desk.settle("northwind")
    assert not await desk.cards_of(alert, where, "ada")


async def test_routes_says_what_is_sent_here_and_what_stands_in_the_way(desk: Desk) -> None:
    listed = (await desk.ask("nora", "routes")).text
    assert "Northwind Cloud: all alerts; since" in listed
    assert "High and medium after 15, 30 and 50 minutes" in listed
    nothing = await desk.ask("nora", "routes", "general")
    assert "No partner's alerts are sent to this conversation" in nothing.text
    await desk.press("ada", nothing, "Send alerts here")
    await desk.settle("northwind")
    await desk.ask("ada", "subscribe severity:high", "general")
    shown = await desk.ask("nora", "routes", "general")
    assert "Northwind Cloud: severity:high; since" in shown.text
    assert "by Ada Lindqvist" in shown.text
    await desk.press("ada", shown, "Stop sending here")
    assert "turned off by Ada Lindqvist" in (await desk.ask("nora", "routes", "general")).text


async def test_an_admin_agent_sees_all_routes_in_person(desk: Desk) -> None:
    await desk.ask("ada", "subscribe severity:high", "general")
    await desk.lifecycle("archiveTeam", "alerts")
    listed = (await desk.ask("max", "routes", "max")).text
    assert "severity:high" in listed
    assert "nothing arrives: the team was archived" in listed
    assert "Fabrikam" not in listed
    assert "Admin Agents" in (await desk.ask("nora", "routes", "nora")).text


async def test_why_an_alert_came_or_did_not(desk: Desk) -> None:
    await desk.ask("ada", "subscribe severity:high type:usage", "general")
    await desk.settle("northwind")
    alert, post = await desk.posted(severity="low", alertType="CryptoMining")
    label = post.card.label
    came = await desk.ask("nora", f"routes {label}")
    assert f"Why {label} came here" in came.text
    assert "every alert of the partner fits" in came.text
    assert "came here" in (await desk.ask("nora", "routes", thread=post.id)).text
    why = (await desk.ask("nora", f"routes {label}", "general")).text
    assert f"Why {label} did not come here" in why
    assert "Severity\ndoes not fit: wanted high, is low" in why
    assert "Type\nfits: wanted usage, is CryptoMining" in why
    everywhere = (await desk.ask("ada", f"routes {label}", "ada")).text
    assert "It has its own card here" in everywhere
    assert "does not fit the route's filter" in everywhere
    assert not await desk.cards_of(alert, "general")
