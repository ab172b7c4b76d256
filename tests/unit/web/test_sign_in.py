"""Signing in: one state, one browser, one person, ten minutes."""

from __future__ import annotations

import pytest
from yarl import URL

from bot.errors import Transient
from bot.ports import SignedIn
from bot.services.exports import token_hash
from bot.texts import web as texts
from bot.web.sign_in import LIFE, SignInRoutes
from tests.factories import ADA, FABRIKAM, NORA, NORTHWIND, query
from tests.support.site import Site, back, sent_to_entra

OURS = query(partners=frozenset({NORTHWIND}))


async def export(site: Site) -> str:
    """The address of an export of Ada's."""
    _, token = await site.house.exports.ask(site.house.as_known(ADA), OURS)
    return f"/exports/{token}"


async def test_who_signs_in_goes_on_to_what_they_wanted(site: Site) -> None:
    browser = site.browser()
    state = await sent_to_entra(browser, await export(site))
    status, text = await back(browser, state=state, code="good")
    assert status == 200
    assert texts.DOWNLOAD in text
    assert site.entra.tenants == [NORTHWIND]


async def test_a_state_serves_once(site: Site) -> None:
    browser = site.browser()
    state = await sent_to_entra(browser, await export(site))
    await back(browser, state=state, code="good")
    status, text = await back(browser, state=state, code="good")
    assert (status, texts.SIGN_IN_STALE in text) == (400, True)


async def test_a_state_is_worth_nothing_in_another_browser_and_used_up_by_the_try(site: Site) -> None:
    mine, other = site.browser(), site.browser()
    state = await sent_to_entra(mine, await export(site))
    await sent_to_entra(other, await export(site))  # has a cookie too, of its own sign-in
    assert (await back(other, state=state, code="good"))[0] == 400
    assert (await back(site.browser(), state=state, code="good"))[0] == 400
    assert (await back(mine, state=state, code="good"))[0] == 400


async def test_two_tabs_of_one_browser_do_not_disturb_each_other(site: Site) -> None:
    """Two alerts at night: both links are open, and each waits for a second factor."""
    browser, path = site.browser(), await export(site)
    states = [await sent_to_entra(browser, path) for _ in range(2)]
    assert [(await back(browser, state=state, code="good"))[0] for state in states] == [200, 200]


async def test_a_state_is_worth_nothing_after_ten_minutes(site: Site) -> None:
    browser = site.browser()
    state = await sent_to_entra(browser, await export(site))
    site.house.clock.forward(LIFE.total_seconds())
    assert (await back(browser, state=state, code="good"))[0] == 400


@pytest.mark.parametrize(
    "who", [SignedIn(NORA.aad_id, NORTHWIND, "Nora"), SignedIn(ADA.aad_id, FABRIKAM, "Ada")], ids=["person", "tenant"]
)
async def test_another_account_opens_nothing(site: Site, who: SignedIn) -> None:
    browser = site.browser()
    state = await sent_to_entra(browser, await export(site))
    site.entra.who = who
    status, text = await back(browser, state=state, code="good")
    assert (status, "You signed in with another account" in text) == (403, True)


@pytest.mark.parametrize("query_", [{"code": "bad"}, {}, {"error": "access_denied"}], ids=str)
async def test_what_entra_does_not_confirm_opens_nothing(site: Site, query_: dict[str, str]) -> None:
    browser = site.browser()
    state = await sent_to_entra(browser, await export(site))
    status, text = await back(browser, state=state, **query_)
    assert (status, texts.DOWNLOAD in text) == (400, False)


async def test_where_entra_is_away_one_is_told_to_come_again(site: Site) -> None:
    browser = site.browser()
    path = await export(site)
    site.entra.away = Transient("away")
    assert (await site.get(path))[0] == 503
    site.entra.away = None
    state = await sent_to_entra(browser, path)
    site.entra.away = Transient("away")
    assert (await back(browser, state=state, code="good"))[0] == 503


async def test_the_store_keeps_no_state_and_no_browser_as_they_are(site: Site) -> None:
    browser = site.browser()
    state = await sent_to_entra(browser, await export(site))
    async with site.house.store.write() as tx:
        assert await tx.sign_ins.take(state, site.house.clock.now()) is None
        kept = await tx.sign_ins.take(token_hash(state), site.house.clock.now())
    assert kept is not None
    (cookie,) = [each for each in browser.cookie_jar if each.key.startswith("alertdesk_signin_")]
    assert cookie.value not in str(kept)
    assert state not in cookie.key
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/auth")


async def test_without_a_purpose_there_is_nothing_to_sign_in_for(site: Site) -> None:
    assert (await site.get("/auth/start"))[0] == 400
    assert (await site.get("/auth/callback"))[0] == 400


async def test_without_a_public_address_nobody_is_sent_anywhere(site: Site) -> None:
    bare = SignInRoutes(site.house.env, site.entra, public_url="", home_tenant=NORTHWIND)
    answer = await bare.redirect(person_id=ADA.aad_id, tenant_id="", after="export:x")
    assert answer.status == 503
    assert not bare.secure
    assert SignInRoutes(site.house.env, site.entra, public_url="https://x", home_tenant=NORTHWIND).secure


async def test_who_has_no_tenant_signs_in_at_home(site: Site) -> None:
    home = SignInRoutes(site.house.env, site.entra, public_url="https://x", home_tenant=FABRIKAM)
    await home.redirect(person_id=ADA.aad_id, tenant_id="", after="export:x")
    assert site.entra.tenants == [FABRIKAM]


async def test_a_purpose_that_nobody_serves_leads_nowhere(site: Site) -> None:
    routes = SignInRoutes(site.house.env, site.entra, public_url="https://x", home_tenant=NORTHWIND)
    answer = await routes.redirect(person_id=ADA.aad_id, tenant_id=NORTHWIND, after="something:else")
    state = URL(answer.headers["Location"]).query["state"]
    ((name, cookie),) = answer.cookies.items()
    async with site.browser().get(
        "/auth/callback", params={"state": state, "code": "good"}, headers={"Cookie": f"{name}={cookie.value}"}
    ) as came:
        assert came.status == 400
