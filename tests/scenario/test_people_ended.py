"""Sign-ins that ended: revoked, expired, replaced, challenged, or of somebody who left. Each press leads to the right
next step, and none to a dead card."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

import bot.chat.signing_in
from tests.support.desk import Desk
from tests.support.seen import Answer, Post
from tests.support.signing import SIGNED_IN, browser, exchange, grants, link, press, sso

CHALLENGE = (
    'Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJ2YWx1ZSI6ImMxIn19fQ=="'
)


async def signed_in(desk: Desk, person: str = "ada", *, lifetime: float = 3600.0) -> Post:
    """The person has acted; a new card waits. `lifetime` in seconds of the access tokens from now on."""
    desk.cloud.entra.access_lifetime = lifetime
    _, first = await desk.posted()
    assert (await press(desk, person, first, "Investigate")).kind == "card"
    _, post = await desk.posted()
    return post


async def by_page(desk: Desk, shown: Answer | Post, person: str = "ada") -> str:
    """Follow the link in that person's browser: the text of the page."""
    async with browser(desk, person) as tab:
        page = await tab.open(link(shown))
    return page.text


def patches(desk: Desk) -> int:
    return len(desk.requests("graph", "PATCH"))


async def test_revoked_leads_to_the_page_and_on(people: Desk) -> None:
    post = await signed_in(people)
    await people.client("signins", person="ada", action="revoke")
    answer = await press(people, "ada", post, "Mark as fraud")
    assert "Sign in again" in answer.text
    assert patches(people) == 1
    assert SIGNED_IN in await by_page(people, answer)
    assert [deed["status"] for deed in people.deeds()] == ["investigating", "resolved"]
    before = people.mark()
    _, other = await people.posted()
    assert (await people.press("ada", other, "Ignore")).kind == "card"
    assert grants(people, before) == []


async def test_expired_is_mended_by_teams_token_in_silence(people: Desk) -> None:
    post = await signed_in(people, lifetime=60.0)
    await people.client("signins", person="ada", action="expire")
    before = people.mark()
    assert (await people.press("ada", post, "Mark as fraud")).kind == "login"
    assert (await press(people, "ada", post, "Mark as fraud")).kind == "card"
    assert "obo" in grants(people, before)
    assert len(people.deeds()) == 2


async def test_access_tokens_that_run_out_are_renewed_in_silence(people: Desk) -> None:
    post = await signed_in(people, lifetime=60.0)
    before = people.mark()
    assert (await people.press("ada", post, "Mark as fraud")).kind == "card"
    assert set(grants(people, before)) == {"refresh_token"}


async def test_replicas_that_renew_by_turns_never_ask(people: Desk) -> None:
    """Each renewal replaces the refresh token that the other replica saw last."""
    await signed_in(people, lifetime=60.0)
    waiting = [(await people.posted())[1] for _ in range(4)]
    urls = [people.bot.url, (await people.another()).url]
    for turn, post in enumerate(waiting):
        people.cloud.bot_url = urls[turn % 2]
        before = people.mark()
        assert (await people.press("ada", post, "Ignore")).kind == "card", turn
        assert set(grants(people, before)) == {"refresh_token"}


async def test_signed_out_at_one_replica_is_signed_out_at_all(people: Desk) -> None:
    post = await signed_in(people)
    first = people.bot
    await people.another()
    assert (await people.press("ada", post, "Investigate")).kind == "card"
    await people.ask("ada", "signout")
    people.bot, people.cloud.bot_url = first, first.url
    assert (await people.press("ada", post, "Mark as fraud")).kind == "login"
    assert len(people.deeds()) == 2


async def test_a_challenge_is_met_in_silence_where_that_will_do(people: Desk) -> None:
    post = await signed_in(people)
    await people.client("signins", person="ada", action="endTokens")
    before = people.mark()
    answer = await people.press("ada", post, "Mark as fraud")
    assert "Fraud by Ada Lindqvist" in answer.text
    assert grants(people, before) == ["refresh_token"]
    assert len(people.deeds()) == 2


async def test_a_challenge_that_takes_more_is_passed_on_to_the_page(people: Desk) -> None:
    post = await signed_in(people)
    await people.fault("graph", "PATCH", times=2, status=401, headers={"WWW-Authenticate": CHALLENGE})
    answer = await people.press("ada", post, "Mark as fraud")
    assert "access policy" in answer.text
    async with browser(people, "ada") as tab:
        page = await tab.open(link(answer))
    asked = parse_qs(urlsplit(page.hops[1]).query)
    assert json.loads(asked["claims"][0])["access_token"]["acrs"] == {"value": "c1"}
    assert SIGNED_IN in page.text
    assert len(people.deeds()) == 2


async def test_roles_that_are_taken_away_end_tokens_and_the_press_is_refused(people: Desk) -> None:
    post = await signed_in(people)
    await people.switch(end_tokens_on_change=True)
    await people.roles("ada", "adminAgent", False)
    answer = await people.press("ada", post, "Mark as fraud")
    assert (answer.kind, answer.code) == ("error", "lacks_role")
    assert len(people.deeds()) == 1


async def test_who_left_the_tenant_is_told_and_forgotten(people: Desk) -> None:
    post = await signed_in(people)
    token = await sso(people, "ada")
    await people.control("people", {"person": "ada", "removed": True})
    answer = await people.press("ada", post, "Mark as fraud")
    assert answer.kind == "error"
    assert "no longer in this organization" in answer.text
    again = await press(people, "ada", post, "Mark as fraud", token=token)
    assert again.kind == "error", "Teams still had a token of hers"
    assert "no longer in this organization" in again.text
    typed = await people.ask("ada", f"mark {post.card.label} fraud")
    assert typed.has_card, "a button, which ends the same way"
    assert len(people.deeds()) == 1
    await people.control("people", {"person": "ada", "removed": False})
    assert (await press(people, "ada", post, "Mark as fraud")).kind == "card", "hired again"
    assert len(people.deeds()) == 2


async def test_consent_taken_back_leads_to_the_page(people: Desk) -> None:
    post = await signed_in(people, lifetime=60.0)
    await people.client("signins", person="ada", action="revokeConsent")
    answer = await press(people, "ada", post, "Mark as fraud")
    assert "agree to what Alert Desk may do" in answer.text
    assert SIGNED_IN in await by_page(people, answer)
    assert len(people.deeds()) == 2


async def test_entra_away_is_try_again_and_not_sign_in(people: Desk) -> None:
    _, post = await people.posted()
    for action in ({"status": 503}, {"status": 429, "retry_after": 2}, {"drop": "before"}):
        await people.fault("entra", "POST", "token", times=None, **action)
        answer = await press(people, "ada", post, "Mark as fraud")
        assert (answer.kind, answer.code) == ("error", "try_again"), action
        assert "nothing was done" in answer.text
        await people.heal()
    assert people.deeds() == []
    assert (await press(people, "ada", post, "Mark as fraud")).kind == "card"


async def test_entra_that_is_slow_is_not_waited_for_and_what_it_gives_is_kept(
    people: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Teams gives a press some ten seconds, and then says that the app cannot be reached."""
    monkeypatch.setattr(bot.chat.signing_in, "EXCHANGE_SECONDS", 0.3)
    alert, post = await people.posted()
    await people.fault("entra", "POST", "token", times=None, latency=2.0)
    answer = await press(people, "ada", post, "Mark as fraud")
    assert (answer.kind, answer.code) == ("error", "try_again")
    assert "slow to sign you in" in answer.text
    assert people.deeds() == []
    await people.heal()
    ada = people.cloud.world.people["ada"]

    async def kept() -> bool:
        async with people.parts.store.read() as tx:
            return await tx.vault.get("user", f"{ada.tenant_id}:{ada.aad_object_id}") is not None

    await people.eventually(kept)
    assert (await people.press("ada", post, "Mark as fraud")).kind == "card", "no token is asked for again"
    assert people.at_partner_center(alert)["status"] == "resolved"


async def test_the_vault_emptied_by_hand_is_a_new_sign_in(people: Desk) -> None:
    post = await signed_in(people)
    ada = people.cloud.world.people["ada"]
    async with people.parts.store.write() as tx:
        await tx.vault.remove("user", f"{ada.tenant_id}:{ada.aad_object_id}")
    assert (await people.press("ada", post, "Mark as fraud")).kind == "login"
    card = await people.ask("ada", f"mark {post.card.label} fraud", "ada")
    assert (await exchange(people, "ada", card))[0] == 200
    assert len(people.deeds()) == 2
