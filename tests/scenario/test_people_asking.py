"""ACT_AS=user where Teams gives no token by itself: an OAuth card in a personal chat, a button for what was typed or
submitted elsewhere; whoami and signout."""

from __future__ import annotations

import asyncio
import sys

import pytest

from bot.texts import identity, signing_in, tokens
from tests.support.desk import Desk
from tests.support.seen import Post
from tests.support.signing import OAUTH, SIGNED_IN, browser, exchange, grants, link, press, refused_sign_ins, sso


async def chat(desk: Desk, person: str, after: Post) -> list[str]:
    """What the bot said in a personal chat after a message of its own there."""
    posts = await desk.posts(person, person)
    return [post.text for post in posts[[post.id for post in posts].index(after.id) + 1 :] if post.by_bot]


async def test_an_oauth_card_that_two_clients_answer_is_one_patch(people: Desk) -> None:
    alert, post = await people.posted()
    card = await people.ask("ada", f"mark {post.card.label} fraud seen before", "ada")
    content = card.attached(OAUTH)["content"]
    assert content["tokenExchangeResource"]["uri"] == people.cloud.entra.sso_resource
    assert [button["type"] for button in content["buttons"]] == ["signin"]
    assert content["text"] == f"{post.card.label}: sign in to go on"
    assert people.deeds() == []
    answers = await asyncio.gather(*(exchange(people, "ada", card) for _ in range(2)))
    assert [status for status, _ in answers] == [200, 200]
    assert {body["id"] for _, body in answers} == {content["tokenExchangeResource"]["id"]}
    assert len(people.requests("graph", "PATCH")) == 1
    assert [deed["by"] for deed in people.deeds()] == [people.cloud.world.people["ada"].upn]
    assert await chat(people, "ada", card) == [f"{post.card.label}: fraud. Partner Center confirms it."]
    decision = (await people.record(alert)).decision
    assert decision is not None
    assert decision.note == "seen before"
    assert (await exchange(people, "ada", card))[0] == 200, "a third client is late"
    assert len(people.requests("graph", "PATCH")) == 1
    assert len(await chat(people, "ada", card)) == 1
    await people.deliver()
    assert await people.lines(post) == [f"Ada Lindqvist marked {post.card.label} as fraud. Note: seen before"]

    before = people.mark()
    _, other = await people.posted()
    assert (
        "legitimate. Partner Center confirms"
        in (await people.ask("ada", f"mark {other.card.label} legitimate", "ada")).text
    )
    assert grants(people, before) == [], "from then on nobody is asked"


async def test_a_wrong_token_for_an_oauth_card_is_refused_and_a_good_one_still_serves(people: Desk) -> None:
    _, post = await people.posted()
    card = await people.ask("ada", f"investigate {post.card.label}", "ada")
    for wrong in (await sso(people, "max"), await sso(people, "ada", audience="other"), "x"):
        status, body = await exchange(people, "ada", card, token=wrong)
        assert status == 412
        assert body["failureDetail"]
    assert [code for _, code in await refused_sign_ins(people)] == [
        "assertion_person",
        "assertion_audience",
        "assertion_unreadable",
    ]
    assert people.deeds() == []
    assert (await exchange(people, "ada", card))[0] == 200
    assert len(people.deeds()) == 1


async def test_what_went_on_silently_is_answered_though_teams_takes_nothing_now(people: Desk) -> None:
    _, post = await people.posted()
    card = await people.ask("ada", f"mark {post.card.label} fraud", "ada")
    await people.fault("connector", "POST", times=None, status=429, retry_after=2)
    assert (await exchange(people, "ada", card))[0] == 200
    await people.heal()
    people.clock.forward(60)
    await people.deliver()
    assert len(people.deeds()) == 1
    assert await chat(people, "ada", card) == [f"{post.card.label}: fraud. Partner Center confirms it."]


async def test_who_may_not_use_the_application_is_told_in_the_chat(people: Desk) -> None:
    """AADSTS50105, and no sign-in page mends it."""
    _, post = await people.posted()
    card = await people.ask("ada", f"mark {post.card.label} fraud", "ada")
    body = {"error": "invalid_grant", "error_codes": [50105], "error_description": "AADSTS50105: not assigned"}
    await people.fault("entra", "POST", "token", times=None, status=400, body=body)
    for _ in range(2):
        assert (await exchange(people, "ada", card))[0] == 200
    assert await chat(people, "ada", card) == [tokens.NOT_ASSIGNED]
    assert people.deeds() == []


async def test_nobody_else_answers_an_oauth_card(people: Desk) -> None:
    """max found out the exchange's id."""
    _, post = await people.posted()
    card = await people.ask("ada", f"mark {post.card.label} fraud", "ada")
    chat_of_max = await people.ask("max", "help", "max")
    stolen = card.attached(OAUTH)["content"]["tokenExchangeResource"]["id"]
    answer = await people.client(
        "signin", person="max", conversationId=chat_of_max.where, messageId=chat_of_max.id, exchangeId=stolen
    )
    assert answer["status"] == 200
    assert people.deeds() == []
    assert (await exchange(people, "ada", card))[0] == 200, "and what waits for her is not used up by that"
    assert len(people.deeds()) == 1


async def test_a_client_that_got_no_token_is_noted_with_its_reason(
    people: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    _, post = await people.posted()
    card = await people.ask("ada", f"mark {post.card.label} fraud", "ada")
    for code in ("resourcematchfailed", "not\na code"):
        answer = await people.client("signin", person="ada", conversationId=card.where, messageId=card.id, failure=code)
        assert (answer["status"], answer["body"]) == (200, None)
    out, err = capfd.readouterr()
    told = [line for line in (out + err).splitlines() if "client_sign_in_failed" in line]
    sys.stdout.write(out + err)  # the fixture looks through it too
    assert [any(f"code={code}" in line for line in told) for code in ("resourcematchfailed", "unknown")] == [True] * 2
    assert len(told) == 2
    assert (await exchange(people, "ada", card))[0] == 200, "what waits is still there"
    assert len(people.deeds()) == 1


async def test_a_client_without_a_token_has_a_button_that_leads_to_a_page(people: Desk) -> None:
    _, post = await people.posted()
    card = await people.ask("ada", f"mark {post.card.label} fraud", "ada")
    (button,) = card.attached(OAUTH)["content"]["buttons"]
    async with browser(people, "ada") as tab:
        page = await tab.open(button["value"])
    assert page.status == 200
    assert SIGNED_IN in page.text
    assert len(people.deeds()) == 1
    assert await chat(people, "ada", card) == [f"{post.card.label}: fraud. Partner Center confirms it."]
    assert (await exchange(people, "ada", card))[0] == 200, "another client of hers still had the card"
    assert len(people.requests("graph", "PATCH")) == 1


async def test_no_code_of_a_sign_in_page_is_ours(people: Desk) -> None:
    """Our page ends by itself and hands out no code, so whatever `signin/verifyState` brings is wrong."""
    _, post = await people.posted()
    card = await people.ask("ada", f"mark {post.card.label} fraud", "ada")
    for state in ("123456", card.attached(OAUTH)["content"]["tokenExchangeResource"]["id"]):
        answer = await people.client("signin", person="ada", conversationId=card.where, messageId=card.id, state=state)
        assert (answer["status"], answer["body"]["error"]["code"]) == (404, "IncorrectAuthCode")
    assert people.deeds() == []
    assert (await exchange(people, "ada", card))[0] == 200, "what waits is still there"
    assert len(people.deeds()) == 1


async def test_multi_factor_authentication_in_a_personal_chat(people: Desk) -> None:
    _, post = await people.posted()
    await people.switch(mfa_required=True)
    card = await people.ask("ada", f"mark {post.card.label} fraud", "ada")
    answers = await asyncio.gather(*(exchange(people, "ada", card) for _ in range(2)))
    assert [status for status, _ in answers] == [200, 200]
    shown = [found for found in await people.posts("ada", "ada") if found.by_bot and found.has_card][-1]
    assert "multi-factor authentication" in shown.text
    async with browser(people, "ada") as tab:
        assert SIGNED_IN in (await tab.open(link(shown))).text
    assert len(people.deeds()) == 1
    assert (await chat(people, "ada", shown)) == [f"{post.card.label}: fraud. Partner Center confirms it."]
    await people.deliver()
    assert len(await people.lines(post)) == 1


async def test_what_is_typed_in_a_channel_becomes_a_button_that_carries_it(people: Desk) -> None:
    alert, post = await people.posted()
    typed = await people.ask("ada", f"mark {post.card.label} fraud seen before")
    assert list(typed.card.buttons) == [signing_in.GO_ON_AS_ME]
    assert people.deeds() == []
    assert (await people.press("ada", typed, signing_in.GO_ON_AS_ME)).kind == "login"
    answer = await press(people, "ada", typed, signing_in.GO_ON_AS_ME)
    assert "Fraud by Ada Lindqvist" in answer.text
    assert [deed["by"] for deed in people.deeds()] == [people.cloud.world.people["ada"].upn]
    decision = (await people.record(alert)).decision
    assert decision is not None
    assert decision.note == "seen before"
    await people.deliver()
    assert "Fraud by Ada Lindqvist" in (await people.card(alert)).card.text

    _, second = await people.posted()
    said = await people.ask("ada", f"investigate {second.card.label}")
    assert not said.has_card, "from then on what is typed is done"
    assert [deed["status"] for deed in people.deeds()] == ["resolved", "investigating"]


async def test_whoever_presses_the_button_acts_as_themselves(people: Desk) -> None:
    _, post = await people.posted()
    typed = await people.ask("nora", f"mark {post.card.label} fraud")
    assert (await press(people, "nora", typed, signing_in.GO_ON_AS_ME)).code == "lacks_role"
    assert (await press(people, "max", typed, signing_in.GO_ON_AS_ME)).kind == "card"
    assert [deed["by"] for deed in people.deeds()] == [people.cloud.world.people["max"].upn]


async def test_notes_and_new_verdicts_that_are_typed(people: Desk) -> None:
    alert, post = await people.posted()
    typed = await people.ask("ada", "note the customer calls back", thread=post.id)
    assert "is saved" in (await press(people, "ada", typed, signing_in.GO_ON_AS_ME)).text
    await people.ask("ada", f"mark {post.card.label} fraud")
    await people.ask("ada", "signout")
    typed = await people.ask("ada", f"reverdict {post.card.label} legitimate it was a test")
    answer = await press(people, "ada", typed, signing_in.GO_ON_AS_ME)
    assert "Legitimate by Ada Lindqvist" in answer.text
    async with people.parts.store.read() as tx:
        key = (await people.record(alert)).alert.key
        assert [note.text for note in (await tx.alerts.notes([key]))[key]] == ["the customer calls back"]


async def test_what_a_client_submits_in_a_channel_becomes_a_button_too(people: Desk) -> None:
    _, post = await people.posted()
    (said,) = await people.submit("ada", post, "Mark as fraud")
    assert list(said.card.buttons) == [signing_in.GO_ON_AS_ME]
    assert "Fraud by Ada Lindqvist" in (await press(people, "ada", said, signing_in.GO_ON_AS_ME)).text
    assert len(people.deeds()) == 1


async def test_subscribing_takes_the_person_too(people: Desk) -> None:
    typed = await people.ask("ada", "subscribe severity:high", "general")
    assert "Northwind Cloud" in (await press(people, "ada", typed, signing_in.GO_ON_AS_ME)).text
    alert, _ = await people.posted()
    assert await people.card(alert, "general")


async def test_whoami_and_signout(people: Desk) -> None:
    ada = people.cloud.world.people["ada"]
    before = (await people.ask("ada", "whoami")).text
    for told in (
        ada.name,
        ada.upn,
        ada.aad_object_id,
        ada.tenant_id,
        identity.ROLES_NOT_SIGNED_IN,
        identity.NOT_SIGNED_IN,
    ):
        assert told in before, told
    _, post = await people.posted()
    await press(people, "ada", post, "Mark as fraud")
    after = (await people.ask("ada", "whoami")).text
    assert "Admin Agent" in after
    assert "For Northwind Cloud I act as you" in after
    assert identity.ROLES_NOT_SIGNED_IN not in after
    assert "Fabrikam" not in after, "no partner of hers"

    assert (await people.ask("ada", "signout")).text == identity.SIGNED_OUT
    assert (await people.ask("ada", "signout")).text == identity.SIGNOUT_NOTHING
    assert identity.ROLES_NOT_SIGNED_IN in (await people.ask("ada", "whoami")).text
    _, post = await people.posted()
    mark = people.mark()
    assert (await people.press("ada", post, "Mark as fraud")).kind == "login"
    assert (await press(people, "ada", post, "Mark as fraud")).kind == "card"
    assert grants(people, mark) == ["obo"]


async def test_whoami_in_a_personal_chat_asks_nobody_for_anything(people: Desk) -> None:
    said = await people.ask("max", "whoami", "max")
    assert said.has_card
    assert identity.ROLES_NOT_SIGNED_IN in said.text
    told = (await people.ask("fay", "whoami", "fay")).text
    assert "For Fabrikam Distribution I write with my own identity" in told
    assert "Admin Agent" in told
