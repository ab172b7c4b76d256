"""Nothing of a token, code or secret shows anywhere, however much is logged and whatever goes wrong. What every other
scenario of people looks for at its end (see conftest) is here looked for where they do not look."""

from __future__ import annotations

import logging

import pytest

from tests.support.desk import Desk
from tests.support.secrets_seen import Secrets
from tests.support.signing import browser, exchange, link, press, sso


async def test_a_whole_run_with_all_loggers_at_their_most_talkative(
    people: Desk, secrets: Secrets, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    pages: list[str] = []
    waiting = [(await people.posted())[1] for _ in range(6)]

    assert (await press(people, "ada", waiting[0], "Mark as fraud")).kind == "card"
    for spoilt in ({"person": "ada"}, {"person": "max", "audience": "other"}, {"person": "max", "forged": True}):
        token = await sso(people, **spoilt)
        card = await people.ask("max", f"investigate {waiting[1].card.label}", "max")
        await exchange(people, "max", card, token=token)
        secrets.add(*token.split(".")[1:])
    await people.client("signins", person="ada", action="endTokens")
    assert (await people.press("ada", waiting[1], "Ignore")).kind == "card"

    await people.client("signins", person="ada", action="revoke")
    answer = await press(people, "ada", waiting[2], "Ignore")
    async with browser(people, "max") as tab:
        pages.append((await tab.open(link(answer))).text)
    async with browser(people, "ada") as tab:
        shown = await tab.open(link(answer))
        pages += [shown.text, (await tab.open(shown.hops[-1])).text, (await tab.open(link(answer))).text]
    await people.switch(mfa_required=True)
    answer = await press(people, "max", waiting[5], "Ignore")
    async with browser(people, "max") as tab:
        pages.append((await tab.open(link(answer))).text)
    await people.switch(mfa_required=False)
    assert len(people.deeds()) == 4

    # Entra answers 200, with tokens in a shape that nobody expects; Graph with a body that repeats the token.
    token = await sso(people, "gil")
    odd = {"access_token": token, "refresh_token": token, "id_token": token, "expires_in": {"never": token}}
    for body in (odd, {"error": "invalid_grant", "error_description": token, "error_codes": token}, token):
        await people.fault("entra", "POST", "token", status=200, body=body)
        answer = await press(people, "gil", waiting[3], "Ignore", token=token)
        assert answer.kind == "error" or link(answer)
        await people.heal()
    await people.fault("graph", "PATCH", times=None, status=400, code=token, message=token)
    refused = await people.press("ada", waiting[4], "Ignore")
    assert refused.kind == "error", refused.text
    await people.heal()
    await people.ask("ada", "signout")
    async with people.http.get(f"{people.bot.url}/readyz") as ready:
        pages.append(await ready.text())

    assert len(secrets.texts) > 20, "they were collected"
    assert len(caplog.records) > 200, "and much was logged"
    assert secrets.in_text("\n".join(pages)) == set()
    told = [(record.name, record.getMessage()) for record in caplog.records]
    assert [(name, text[:3000]) for name, text in told if secrets.in_text(text)] == []


async def test_the_search_would_find_a_token(people: Desk, secrets: Secrets) -> None:
    token = await sso(people, "ada")
    assert secrets.in_text(f"Bearer {token}")
    assert secrets.in_text(f"…{token.split('.')[1]}…")
    assert secrets.in_text(f"client_secret={people.cloud.world.app.secret}&")
