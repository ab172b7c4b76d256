"""Search from any chat and share what was found, over HTTP: who finds what, in time, and what a shared card tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.texts import en, searching
from tests.support.desk import Desk
from tests.support.searching import search, share
from tests.support.signing import SIGNED_IN, browser, press, sso

HOSTILE: tuple[Mapping[str, Any], ...] = (
    {"commandId": "findAlert"},
    {"commandId": "findAlert", "parameters": None, "queryOptions": None},
    {"commandId": "findAlert", "parameters": [None, 7, {"name": "query", "value": ["x"]}]},
    {"commandId": "findAlert", "parameters": [{"name": "query", "value": "%_'\";--\\ \u202e\u0000" * 99}]},
    {"commandId": "findAlert", "parameters": [{"name": "query", "value": "9" * 200}], "queryOptions": {"skip": -1}},
    {"commandId": "findAlert", "queryOptions": {"skip": 10**20, "count": 10**20}},
    {"commandId": "somethingElse"},
)
BROKEN: tuple[Any, ...] = ({}, [], "x", {"commandId": 5}, {"commandId": "findAlert", "parameters": "x"})


async def test_type_pick_and_share_where_the_bot_is_not(desk: Desk) -> None:
    alert, post = await desk.posted()
    await desk.lifecycle("remove", "chat")
    before = desk.mark()
    found = await search(desk, "ada", post.card.label, "chat")
    assert found.kind == "result"
    assert alert["displayName"] in found.text
    (card,) = found.cards
    shared = await share(desk, "ada", card, "chat")
    whole = str(shared.json)
    for secret in (alert["displayName"], alert["id"], alert["customerTenantId"], alert["subscriptionId"]):
        assert secret not in whole, secret
    assert post.card.label in shared.text
    assert "High" in shared.text

    for person in ("ada", "nora"):
        answer = await desk.press(person, shared, "Show")
        assert answer.kind == "card", answer.body
        assert alert["displayName"] in answer.text
        assert answer.card.verbs == {"alert.shared"}
        hidden = await desk.press(person, shared, searching.BACK_TO_SHARED, card=answer.card)
        assert alert["displayName"] not in hidden.text
    chat = desk.place("chat").id
    sent = [entry for entry in desk.requests("connector", "POST", since=before) if chat in entry.path]
    assert sent == [], "nothing is said in that chat"
    assert (await desk.post_now(shared.id, "chat")).json == shared.json, "the shared card stays as it is"


async def test_by_customer_and_by_subscription_and_what_is_unresolved(desk: Desk) -> None:
    alert, post = await desk.posted()
    record = await desk.record(alert)
    assert alert["displayName"] in (await search(desk, "ada", alert["subscriptionId"][:8])).text
    assert alert["displayName"] in (await search(desk, "ada", alert["id"][:8])).text
    if record.customer_name:
        assert post.card.label in (await search(desk, "ada", record.customer_name[1:-1].upper())).text
    first = await search(desk, "ada")
    assert first.kind == "result"
    assert len(first.cards) <= 15
    assert (await search(desk, "ada", "no such thing anywhere")).text == en.SEARCH_EMPTY
    assert first.seconds < 5


async def test_of_another_partner_nothing_is_found_and_nothing_shown(desk: Desk) -> None:
    alert, post = await desk.posted()
    assert (await search(desk, "fay", post.card.label, "fay")).text == en.SEARCH_EMPTY
    assert alert["displayName"] not in (await search(desk, "fay", "", "fabrikam")).text
    theirs = await desk.alert("fabrikam")
    await desk.poll("fabrikam")
    assert theirs["displayName"] in (await search(desk, "fay", theirs["id"], "fabrikam")).text
    assert (await search(desk, "finn", "", "fabrikam")).text == searching.NOTHING_READABLE
    shared = await share(desk, "fay", (await search(desk, "fay", theirs["id"], "fay")).cards[0], "fabrikam")
    assert theirs["displayName"] in (await desk.press("fay", shared, "Show")).text
    refused = await desk.press("finn", shared, "Show")
    assert (refused.code, refused.text) == ("nothing_here", searching.NOT_FOR_YOU)


async def test_somebody_external_sees_a_shared_card_and_no_more(desk: Desk) -> None:
    alert, post = await desk.posted()
    assert (await search(desk, "eve", "", "joint")).text == searching.NOTHING_READABLE
    (card,) = (await search(desk, "ada", post.card.label, "joint")).cards
    shared = await share(desk, "ada", card, "joint")
    refused = await desk.press("eve", shared, "Show")
    assert (refused.code, refused.text) == ("nothing_here", searching.NOT_FOR_YOU)
    made_up = {**shared.card.button("Show"), "data": {"alert": 999_999, "severity": "high"}}
    assert (await desk.press("eve", shared, made_up)).body == refused.body, "it cannot be told from none"
    assert alert["displayName"] in (await desk.press("max", shared, "Show")).text


async def test_who_lost_the_role_and_left_is_shown_nothing_a_minute_later(desk: Desk) -> None:
    alert, post = await desk.posted()
    (card,) = (await search(desk, "ada", post.card.label, "chat")).cards
    shared = await share(desk, "ada", card, "chat")
    assert alert["displayName"] in (await desk.press("ada", shared, "Show")).text
    await desk.roles("ada", "adminAgent", False)
    await desk.lifecycle("removeMember", "general", person="ada")
    desk.clock.forward(61)
    assert (await search(desk, "ada", post.card.label, "chat")).text == searching.NOTHING_READABLE
    assert (await desk.press("ada", shared, "Show")).text == searching.NOT_FOR_YOU


async def test_hostile_parameters_are_answered_and_broken_ones_refused(desk: Desk) -> None:
    await desk.posted()
    for value in HOSTILE:
        shown = await search(desk, "ada", value=value)
        assert shown.kind in ("result", "message"), value
    for value in BROKEN:
        assert (await search(desk, "ada", value=value)).status == 400, value
    undeclared = {**desk.requests("bot")[-1].body, "name": "composeExtension/queryLink", "id": "f:link"}
    assert (await desk.raw(undeclared))[0] == 501


async def test_nothing_is_written_while_somebody_types(desk: Desk) -> None:
    await desk.posted()
    await search(desk, "ada", "con")
    rows, before = len(await desk.audit()), desk.mark()
    for letters in ("cont", "conto", "contos", "contoso"):
        await search(desk, "ada", letters)
    assert desk.requests("graph", since=before) == []
    assert desk.requests("connector", since=before) == []
    assert len(await desk.audit()) == rows


@pytest.mark.usefixtures("product_seconds")
async def test_where_microsoft_is_slow_a_sentence_comes_in_time(desk: Desk) -> None:
    await desk.posted()
    await desk.fault("graph", latency=8, times=None)
    await desk.fault("connector", "GET", latency=8, times=None)
    shown = await search(desk, "gil", "contoso")
    assert shown.text == searching.NOT_NOW
    assert shown.seconds < 5


async def test_the_bot_acts_as_people_and_gets_their_token_silently(people: Desk) -> None:
    alert, post = await people.posted()
    await people.lifecycle("removeMember", "general", person="ada")  # so that nothing but her role lets her read
    asked = await search(people, "ada", post.card.label, "chat")
    assert asked.kind == "silentAuth"
    sent = await search(people, "ada", post.card.label, "chat", authentication={"token": await sso(people, "ada")})
    assert alert["displayName"] in sent.text
    assert alert["displayName"] in (await search(people, "ada", post.card.label, "chat")).text, "from now on without"
    shared = await share(people, "ada", sent.cards[0], "chat")
    answer = await press(people, "max", shared, "Show")
    assert alert["displayName"] in answer.text, answer.body
    assert (await press(people, "nora", shared, "Show")).kind == "card", "she is in the channel"


async def test_a_token_of_somebody_else_opens_nothing(people: Desk) -> None:
    _, post = await people.posted()
    await people.lifecycle("removeMember", "general", person="ada")
    stolen = await search(people, "ada", post.card.label, "chat", authentication={"token": await sso(people, "max")})
    assert stolen.kind == "message"
    assert post.card.label not in stolen.text


async def test_where_teams_token_does_not_do_the_person_signs_in_and_searches_again(people: Desk) -> None:
    alert, post = await people.posted()
    await people.lifecycle("removeMember", "general", person="ada")
    await people.client("signins", person="ada", action="revokeConsent")
    await people.switch(consent_required=True)
    asked = await search(people, "ada", post.card.label, "chat", authentication={"token": await sso(people, "ada")})
    assert asked.kind == "auth", asked.body
    async with browser(people, "ada") as tab:
        page = await tab.open(asked.link)
        assert SIGNED_IN in page.text
        assert searching.SIGNED_IN_SEARCH.split(";")[0] in page.text
    again = await search(people, "ada", post.card.label, "chat", state="123456")
    assert alert["displayName"] in again.text
