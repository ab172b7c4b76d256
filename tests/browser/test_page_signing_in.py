"""The Teams-like page alone, with a bot of a few lines: silent sign-on, sign-in by hand, personal views, channels."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import jwt
import pytest
from playwright.async_api import Browser, expect

from bot.sandbox.cloud import Cloud
from tests.browser.support import Teams, by_id, seated
from tests.support.fake_bot import FakeBot, running_bot
from tests.support.sandbox_client import cloud_with

LOGIN = "application/vnd.microsoft.activity.loginRequest"
REFUSED = "application/vnd.microsoft.error.preconditionFailed"
CARD = "application/vnd.microsoft.card.adaptive"
OAUTH = "application/vnd.microsoft.card.oauth"


def login(cloud: Cloud) -> dict[str, Any]:
    return {
        "text": "Sign in to go on",
        "connectionName": "alertdesk",
        "tokenExchangeResource": {"id": "x-1", "uri": cloud.entra.sso_resource, "providerId": ""},
        "buttons": [{"type": "signin", "title": "Sign in", "value": f"{cloud.base_url}/azureportal/signin"}],
    }


def card(text: str, *user_ids: str) -> dict[str, Any]:
    press = {"type": "Action.Execute", "title": "Mark as fraud", "verb": "alert.fraud", "data": {"alert": 1}}
    drawn: dict[str, Any] = {
        "type": "AdaptiveCard",
        "version": "1.5",
        "body": [{"type": "TextBlock", "text": text, "wrap": True}],
        "actions": [press],
    }
    if user_ids:
        action = {"type": "Action.Execute", "title": "Refresh", "verb": "alert.refresh", "data": {}}
        drawn["refresh"] = {"action": action, "userIds": list(user_ids)}
    return drawn


@pytest.fixture
async def bot() -> AsyncIterator[FakeBot]:
    async with running_bot() as bot:
        yield bot


@pytest.fixture
async def cloud(bot: FakeBot) -> AsyncIterator[Cloud]:
    async with cloud_with(bot) as cloud:
        bot.received.clear()
        yield cloud


def post(cloud: Cloud, drawn: dict[str, Any], *, kind: str = CARD, chat_of: str = "") -> str:
    place = cloud.teams.personal(chat_of) if chat_of else cloud.teams.channel("Security Operations", "Alerts")
    return cloud.teams.post(place, {"type": "message", "attachments": [{"contentType": kind, "content": drawn}]}).id


def authentications(bot: FakeBot) -> list[Any]:
    return [sent["value"].get("authentication") for sent in bot.received if sent["name"] == "adaptiveCard/action"]


async def test_a_press_signs_in_by_itself(browser: Browser, cloud: Cloud, bot: FakeBot) -> None:
    def answer(activity: dict[str, Any]) -> tuple[int, Any]:
        if "authentication" not in activity["value"]:
            return 200, {"statusCode": 401, "type": LOGIN, "value": login(cloud)}
        return 200, {"statusCode": 200, "type": CARD, "value": card("Fraud by you")}

    bot.answers["adaptiveCard/action"] = answer
    async with seated(browser, cloud.base_url, "ada") as ada:
        thread = ada.thread(post(cloud, card("A-1")))
        await thread.get_by_role("button", name="Mark as fraud").click()
        await expect(thread.locator(by_id("card"))).to_contain_text("Fraud by you")
        await expect(thread.locator(by_id("message-note"))).to_have_count(0)
    first, second = authentications(bot)
    assert first is None
    assert (second["id"], second["connectionName"]) == ("x-1", "alertdesk")
    claims = jwt.decode(second["token"], options={"verify_signature": False})
    assert claims["oid"] == cloud.world.people["ada"].aad_object_id


@pytest.mark.parametrize("size", [(1280, 900), (390, 800)])
async def test_a_refused_token_leads_to_a_sign_in_in_a_tab_of_its_own(
    browser: Browser, cloud: Cloud, bot: FakeBot, size: tuple[int, int]
) -> None:
    def answer(activity: dict[str, Any]) -> tuple[int, Any]:
        if "authentication" not in activity["value"]:
            return 200, {"statusCode": 401, "type": LOGIN, "value": login(cloud)}
        return 200, {"statusCode": 412, "type": REFUSED, "value": {"code": "x", "message": "Consent is missing."}}

    bot.answers["adaptiveCard/action"] = answer
    where = cloud.teams.channel("Security Operations", "Alerts").id
    async with seated(browser, cloud.base_url, "ada", size=size, conversation=where) as ada:
        shown = post(cloud, card("A-1"))
        thread = ada.thread(shown)
        await thread.get_by_role("button", name="Mark as fraud").click()
        note = thread.locator(by_id("message-note"))
        await expect(note).to_contain_text("Consent is missing.")
        async with ada.page.context.expect_page() as opened:
            await note.locator(by_id("sign-in")).click()
        tab = await opened.value
        assert tab.url == f"{cloud.base_url}/azureportal/signin"
        assert len(authentications(bot)) == 2  # sent again once, not for ever
        place = cloud.teams.channel("Security Operations", "Alerts")
        cloud.teams.edit(
            place.messages[shown],
            {**place.messages[shown].activity, "attachments": [{"contentType": CARD, "content": card("Fraud by Ada")}]},
        )
        await expect(thread.locator(by_id("card"))).to_contain_text("Fraud by Ada")
        await expect(note).to_have_count(0)


async def test_somebody_for_whom_teams_gets_no_token_is_offered_the_page(
    browser: Browser, cloud: Cloud, bot: FakeBot
) -> None:
    bot.answers["adaptiveCard/action"] = {"statusCode": 401, "type": LOGIN, "value": login(cloud)}
    joint = cloud.teams.channel("Security Operations", "Joint response")
    async with seated(browser, cloud.base_url, "eve") as eve:
        await eve.open("Joint response")
        sent = {"type": "message", "attachments": [{"contentType": CARD, "content": card("A-1")}]}
        thread = eve.thread(cloud.teams.post(joint, sent).id)
        await thread.get_by_role("button", name="Mark as fraud").click()
        await expect(thread.locator(by_id("sign-in"))).to_have_text("Sign in")
    assert authentications(bot) == [None]


async def test_an_oauth_card_is_answered_by_every_open_client(browser: Browser, cloud: Cloud, bot: FakeBot) -> None:
    bot.answers["signin/tokenExchange"] = {"id": "x-1", "connectionName": "alertdesk"}
    async with seated(browser, cloud.base_url, "ada") as one, seated(browser, cloud.base_url, "ada") as two:
        await one.open(kind="personal")  # the other looks at a channel
        shown = post(cloud, login(cloud), kind=OAUTH, chat_of="ada")
        await bot.until(lambda received: len(received) == 2)
        message = one.page.locator(f'{by_id("message")}[data-message-id="{shown}"]')
        await expect(message.locator(by_id("oauth-card"))).to_have_attribute("data-step", "done")
        await expect(message.locator(by_id("sign-in"))).to_have_count(0)
        await two.open(kind="personal")
        await expect(two.element("oauth-card")).to_have_attribute("data-step", "done")
    assert [(sent["name"], sent["value"]["id"]) for sent in bot.received] == [("signin/tokenExchange", "x-1")] * 2


async def test_an_oauth_card_whose_exchange_is_refused_offers_its_button(
    browser: Browser, cloud: Cloud, bot: FakeBot
) -> None:
    bot.answers["signin/tokenExchange"] = lambda _: (412, {"id": "x-1", "failureDetail": "Consent is missing."})
    async with seated(browser, cloud.base_url, "ada") as ada:
        await ada.open(kind="personal")
        post(cloud, login(cloud), kind=OAUTH, chat_of="ada")
        await expect(ada.element("oauth-card")).to_contain_text("Consent is missing.")
        await expect(ada.element("sign-in")).to_have_attribute("href", f"{cloud.base_url}/azureportal/signin")
        await ada.page.reload()
        await expect(ada.element("oauth-card")).to_contain_text("Sign in to go on")
    assert len(bot.received) == 1  # what is read again is not exchanged again


async def test_five_people_see_five_views_of_one_card(browser: Browser, cloud: Cloud, bot: FakeBot) -> None:
    keys = ("ada", "max", "gil", "nora", "gus")
    names = {cloud.world.people[key].mri: cloud.world.people[key].name for key in keys}

    def answer(activity: dict[str, Any]) -> tuple[int, Any]:
        assert activity["value"]["trigger"] == "automatic"
        return 200, {"type": CARD, "value": card(f"For {names[activity['from']['id']]}", *names)}

    bot.answers["adaptiveCard/action"] = answer
    alerts = cloud.teams.channel("Security Operations", "Alerts")
    async with AsyncExitStack() as stack:
        seats: dict[str, Teams] = {}
        for key in keys:
            seats[key] = await stack.enter_async_context(seated(browser, cloud.base_url, key))
        listed = [mri for mri, name in names.items() if not name.startswith("Gus")]
        shown = post(cloud, card("For everybody", *listed))
        for key, seat in seats.items():
            expected = "For everybody" if key == "gus" else f"For {cloud.world.people[key].name}"
            view = seat.thread(shown).locator(by_id("card"))
            await expect(view).to_contain_text(expected)
            await expect(view).to_have_attribute("data-personal", str(key != "gus").lower())
        message = alerts.messages[shown]
        changed = {"contentType": CARD, "content": card("For everybody", *names)}
        cloud.teams.edit(message, {**message.activity, "attachments": [changed]})
        for key, seat in seats.items():
            view = seat.thread(shown).locator(by_id("card"))
            await expect(view).to_contain_text(f"For {cloud.world.people[key].name}")
    assert all("authentication" not in sent["value"] for sent in bot.received)


async def test_the_panel_spoils_sign_ins(browser: Browser, cloud: Cloud) -> None:
    max_ = cloud.world.people["max"]
    async with seated(browser, cloud.base_url, "ada") as ada:
        await ada.panel(shown=True)
        for name in ("mfa_required", "consent_required", "conditional_access", "end_tokens_on_change"):
            await ada.element(f"switch-{name}").check()
        await ada.element("signin-person").select_option("max")
        for name in ("signin-revoke", "signin-endTokens", "signin-revokeConsent", "account-delete"):
            toasts = await ada.element("toast").count()
            await ada.element(name).click()
            await expect(ada.element("toast").nth(min(toasts, 3))).to_contain_text("Max Okafor")
    switches = cloud.faults.switches
    assert (switches.mfa_required, switches.consent_required, switches.conditional_access) == (True, True, True)
    assert switches.end_tokens_on_change
    assert cloud.entra.is_revoked(max_.aad_object_id, 1)
    assert cloud.entra.asks_for_consent(max_)
    assert max_.aad_object_id in cloud.world.removed


async def test_the_panel_spoils_cancels_and_gives_and_takes_roles(browser: Browser, cloud: Cloud) -> None:
    gil = cloud.world.people["gil"].aad_object_id
    agents = cloud.world.groups[cloud.world.partner("northwind").admin_agents_group_id].members
    async with seated(browser, cloud.base_url, "ada") as ada:
        await ada.panel(shown=True)
        await ada.element("fault-times").select_option(label="once")
        for name in ("409", "mfa", "403", "429", "drop-before", "drop-after"):
            await ada.element(f"fault-cancel-{name}").click()
        await expect(ada.element("fault-active")).to_contain_text("/(cancel|reactivate)$ says 409")
        await expect(ada.element("cancel-seconds")).to_have_value("20")
        await ada.element("cancel-seconds").fill("3600")
        await ada.element("cancel-seconds-set").click()
        await ada.element("switch-app_may_cancel").uncheck()
        await ada.element("signin-person").select_option("gil")
        await ada.element("role-adminAgent-on").click()
        await expect(ada.element("toast").last).to_contain_text("Admin Agent is active")
        await ada.element("role-globalAdministrator-off").click()
        await expect(ada.element("toast").last).to_contain_text("Global Admin is not active")
    switches = cloud.faults.switches
    assert (switches.cancel_seconds, switches.app_may_cancel) == (3600.0, False)
    assert sorted(fault.action.status or 0 for fault in cloud.faults.all()) == [0, 0, 401, 403, 409, 429]
    assert gil in agents
    assert cloud.world.directory_roles[gil] == set()


async def test_channels_say_what_they_are(browser: Browser, cloud: Cloud) -> None:
    async with seated(browser, cloud.base_url, "max") as max_:
        for name, membership in (("Joint response", "shared"), ("Leads only", "private")):
            await max_.open(name)
            await expect(max_.page.locator("#pane-subtitle")).to_have_text(
                f"Security Operations · {membership} channel"
            )
        await max_.become("eve")
        await expect(max_.element("conversation")).to_have_count(1)
