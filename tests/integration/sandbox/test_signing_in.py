"""Single sign-on in the sandbox: what the client sends, tokens that must be refused, and tokens that end early."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jwt
import msal
import pytest

from bot.sandbox.cloud import Cloud
from tests.support.fake_bot import FakeBot, running_bot
from tests.support.sandbox_client import Client, cloud_with
from tests.support.sandbox_entra import PUBLIC, Mapped, claims_of, redeem, sign_in, token

USER_READ = ["https://graph.microsoft.com/User.Read"]
CARD = {"contentType": "application/vnd.microsoft.card.adaptive", "content": {"type": "AdaptiveCard", "version": "1.5"}}
OAUTH_CARD = {
    "contentType": "application/vnd.microsoft.card.oauth",
    "content": {
        "text": "Sign in",
        "connectionName": "any-name",
        "tokenExchangeResource": {"id": "x-1", "uri": "api://botid", "providerId": ""},
        "buttons": [{"type": "signin", "title": "Sign in", "value": "http://127.0.0.1/auth/start?act=x-1"}],
    },
}


@pytest.fixture
async def bot() -> AsyncIterator[FakeBot]:
    async with running_bot() as bot:
        yield bot


@pytest.fixture
async def cloud(bot: FakeBot) -> AsyncIterator[Cloud]:
    async with cloud_with(bot) as cloud:
        bot.received.clear()
        yield cloud


@pytest.fixture
async def http(cloud: Cloud) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield session


@pytest.fixture
def client(cloud: Cloud, http: aiohttp.ClientSession) -> Client:
    return Client(cloud, http)


async def application(cloud: Cloud, *, capable: bool = True) -> msal.ConfidentialClientApplication:
    app = cloud.world.app
    return await asyncio.to_thread(
        msal.ConfidentialClientApplication,
        app.app_id,
        authority=f"{PUBLIC}/{app.tenant_id}",
        client_credential=app.secret,
        client_capabilities=["CP1"] if capable else None,
        http_client=Mapped(f"{cloud.base_url}/entra"),
    )


async def on_behalf_of(client: Client, app: msal.ConfidentialClientApplication, **spoilt: Any) -> dict[str, Any]:
    sso = (await client.post("ssotoken", **{"person": "ada", **spoilt}))["token"]
    answer = await asyncio.to_thread(app.acquire_token_on_behalf_of, sso, USER_READ)
    assert isinstance(answer, dict)
    return answer


async def silently(app: msal.ConfidentialClientApplication, challenge: str = "") -> dict[str, Any]:
    account = app.get_accounts()[0]
    answer = await asyncio.to_thread(
        app.acquire_token_silent_with_error, USER_READ, account, claims_challenge=challenge or None
    )
    assert isinstance(answer, dict)
    return answer


async def me(client: Client, access_token: str) -> tuple[int, Any, str]:
    """GET /me: status, body and the challenge of the answer."""
    headers = {"Authorization": f"Bearer {access_token}"}
    async with client.http.get(f"{client.cloud.base_url}/graph/v1.0/me", headers=headers) as answer:
        return answer.status, await answer.json(), answer.headers.get("WWW-Authenticate", "")


def claims_in(challenge: str) -> str:
    found = re.search(r'error="insufficient_claims", claims="([^"]+)"', challenge)
    assert found, challenge
    return base64.b64decode(found[1]).decode()


# What the client sends ---------------------------------------------------------------------------------------------


async def test_a_press_is_sent_again_with_the_token(client: Client, cloud: Cloud, bot: FakeBot) -> None:
    alerts = cloud.teams.channel("Security Operations", "Alerts")
    card = cloud.teams.post(alerts, {"type": "message", "attachments": [CARD]})
    sso = (await client.post("ssotoken", person="ada"))["token"]
    sent = {"id": "x-1", "connectionName": "any-name", "token": sso}
    place = {"person": "ada", "conversationId": alerts.id, "messageId": card.id}
    await client.post("execute", **place, action={"verb": "v", "data": {}}, authentication=sent)
    value = bot.received[-1]["value"]
    assert value["authentication"] == sent
    claims = claims_of(value["authentication"]["token"])
    ada = cloud.world.people["ada"]
    assert (claims["oid"], claims["tid"], claims["scp"]) == (ada.aad_object_id, ada.tenant_id, "access_as_user")
    assert claims["aud"] == cloud.entra.sso_resource
    assert sso not in json.dumps([entry.as_json() for entry in cloud.log.select()])


async def test_each_client_of_a_person_exchanges_a_token_for_an_oauth_card(
    client: Client, cloud: Cloud, bot: FakeBot
) -> None:
    chat = cloud.teams.personal("ada")
    card = cloud.teams.post(chat, {"type": "message", "attachments": [OAUTH_CARD]})
    bot.answers["signin/tokenExchange"] = lambda activity: (412, {"id": activity["value"]["id"], "failureDetail": "no"})
    place = {"person": "ada", "conversationId": chat.id, "messageId": card.id, "exchangeId": "x-1"}
    for _ in range(2):
        answer = await client.post("signin", **place)
        assert answer == {"status": 412, "body": {"id": "x-1", "failureDetail": "no"}}
    one, two = bot.received
    assert (one["type"], one["name"], one["replyToId"]) == ("invoke", "signin/tokenExchange", card.id)
    assert (one["value"]["id"], one["value"]["connectionName"]) == ("x-1", "any-name")
    assert claims_of(one["value"]["token"])["oid"] == cloud.world.people["ada"].aad_object_id
    assert one["channelData"]["legacy"] == {"replyToId": card.id}
    assert one["id"] != two["id"]
    await client.post("signin", person="ada", conversationId=chat.id, state="123456")
    assert (bot.received[-1]["name"], bot.received[-1]["value"]) == ("signin/verifyState", {"state": "123456"})
    alerts = cloud.teams.channel("Security Operations", "Alerts")
    await client.post("signin", 409, person="ada", conversationId=alerts.id, exchangeId="x-1")


async def test_a_guests_token_is_of_the_tenant_where_they_are_a_guest(client: Client, cloud: Cloud) -> None:
    claims = claims_of((await client.post("ssotoken", person="gus"))["token"])
    gus = cloud.world.people["gus"]
    assert (claims["oid"], claims["tid"]) == (gus.aad_object_id, gus.directory)
    assert claims["tid"] != gus.tenant_id


async def test_teams_gets_no_token_where_the_app_is_not(
    client: Client, cloud: Cloud, http: aiohttp.ClientSession
) -> None:
    refused = await client.post("ssotoken", 409, person="eve")
    assert refused["error"]["code"] == "resourcematchfailed"
    await sign_in(cloud, http, person="eve", status=400)
    home = cloud.world.people["eve"].tenant_id
    status, body = await token(cloud, http, tenant=home, grant_type="client_credentials", scope="User.Read")
    assert (status, body["error_codes"]) == (400, [700016])


@pytest.mark.parametrize(
    ("spoilt", "code"),
    [
        ({"person": "fay"}, 50013),  # of another tenant
        ({"tenantId": "eve"}, 50013),
        ({"audience": "other"}, 500131),
        ({"audience": "https://graph.microsoft.com"}, 500131),
        ({"lifetime": -10}, 500133),
        ({"forged": True}, 50013),
    ],
)
async def test_tokens_that_are_not_the_persons_for_this_bot_are_refused(
    client: Client, cloud: Cloud, spoilt: dict[str, Any], code: int
) -> None:
    if "tenantId" in spoilt:
        spoilt = {"tenantId": cloud.world.people["eve"].tenant_id}
    answer = await on_behalf_of(client, await application(cloud), **spoilt)
    assert (answer["error"], answer["error_codes"]) == ("invalid_grant", [code])


async def test_a_token_of_another_person_is_that_persons(client: Client, cloud: Cloud) -> None:
    answer = await on_behalf_of(client, await application(cloud), person="max", clientId="another-client")
    assert answer["id_token_claims"]["oid"] == cloud.world.people["max"].aad_object_id


async def test_a_forged_token_has_everything_but_the_key(client: Client, cloud: Cloud) -> None:
    forged = (await client.post("ssotoken", person="ada", forged=True))["token"]
    assert claims_of(forged)["aud"] == cloud.entra.sso_resource
    published = {key.kid for key in cloud.keys.entra.keys}
    assert jwt.get_unverified_header(forged)["kid"] not in published


# Tokens that end early ---------------------------------------------------------------------------------------------


async def test_ended_tokens_are_challenged_and_the_challenge_gets_a_new_one(client: Client, cloud: Cloud) -> None:
    app = await application(cloud)
    first = (await on_behalf_of(client, app))["access_token"]
    assert claims_of(first)["xms_cc"] == ["cp1"]
    assert (await me(client, first))[0] == 200
    await client.post("signins", person="ada", action="endTokens")
    status, body, challenge = await me(client, first)
    assert (status, body["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert "TokenIssuedBeforeRevocationTimestamp" in body["error"]["message"]
    assert challenge.startswith('Bearer realm="", authorization_uri="')
    wanted = claims_in(challenge)
    assert json.loads(wanted)["access_token"]["nbf"]["essential"] is True
    assert (await silently(app))["access_token"] == first  # the cache knows nothing of it
    second = (await silently(app, wanted))["access_token"]
    assert (await me(client, second))[0] == 200
    assert (await me(client, first))[0] == 401


async def test_a_client_that_takes_no_challenge_keeps_its_token(client: Client, cloud: Cloud) -> None:
    mine = (await on_behalf_of(client, await application(cloud, capable=False)))["access_token"]
    assert "xms_cc" not in claims_of(mine)
    await client.post("signins", person="ada", action="endTokens")
    assert (await me(client, mine))[0] == 200


async def test_revoked_sign_ins_want_a_new_one(client: Client, cloud: Cloud) -> None:
    app = await application(cloud)
    before = (await client.post("ssotoken", person="ada"))["token"]
    first = (await on_behalf_of(client, app))["access_token"]
    assert (await client.post("signins", person="ada", action="revoke")) == {"signIns": 1}
    _, _, challenge = await me(client, first)
    answer = await silently(app, claims_in(challenge))
    assert (answer["error"], answer["error_codes"]) == ("invalid_grant", [50173])
    stale = await asyncio.to_thread(app.acquire_token_on_behalf_of, before, USER_READ)
    assert stale["error_codes"] == [50173]
    again = await on_behalf_of(client, app)
    assert (await me(client, again["access_token"]))[0] == 200
    other = await on_behalf_of(client, await application(cloud), person="max")
    assert (await me(client, other["access_token"]))[0] == 200


async def test_a_change_of_roles_or_policy_ends_tokens_where_that_is_switched_on(
    client: Client, cloud: Cloud, http: aiohttp.ClientSession
) -> None:
    async def control(path: str, **body: Any) -> None:
        async with http.post(f"{cloud.base_url}/control/{path}", json=body) as answer:
            assert answer.status == 200

    app = await application(cloud)
    mine = (await on_behalf_of(client, app))["access_token"]
    await control("roles", person="ada", role="adminAgent", grant=False)
    assert (await me(client, mine))[0] == 200
    await control("switches", end_tokens_on_change=True)
    assert (await me(client, mine))[0] == 200
    await control("roles", person="ada", role="adminAgent", grant=True)
    status, _, challenge = await me(client, mine)
    assert status == 401
    mine = (await silently(app, claims_in(challenge)))["access_token"]
    await control("switches", mfa_required=True, page_size=5)
    assert (await me(client, mine))[0] == 401
    await control("switches", mfa_required=True)  # nothing stricter
    strong = await token(
        cloud,
        http,
        **redeem((await sign_in(cloud, http, claims='{"access_token":{"amr":{"values":["mfa"]}}}'))["code"]),
    )
    assert (await me(client, strong[1]["access_token"]))[0] == 200


async def test_who_was_removed_from_the_tenant_can_nothing_any_more(
    client: Client, cloud: Cloud, http: aiohttp.ClientSession
) -> None:
    async def removed(value: Any, status: int = 200) -> None:
        async with http.post(f"{cloud.base_url}/control/people", json={"person": "ada", "removed": value}) as answer:
            assert answer.status == status

    app, ada = await application(cloud), cloud.world.people["ada"]
    sso = (await client.post("ssotoken", person="ada"))["token"]
    mine = (await on_behalf_of(client, app))["access_token"]
    plain = (await on_behalf_of(client, await application(cloud, capable=False)))["access_token"]
    code = (await sign_in(cloud, http))["code"]
    await removed(True)
    status, _, challenge = await me(client, mine)
    assert status == 401
    assert (await silently(app, claims_in(challenge)))["error_codes"] == [500341]
    assert (await asyncio.to_thread(app.acquire_token_on_behalf_of, sso, USER_READ))["error_codes"] == [500341]
    assert (await token(cloud, http, **redeem(code)))[1]["error_codes"] == [500341]
    assert (await me(client, plain))[0] == 404
    await sign_in(cloud, http, status=400)
    assert (await client.post("ssotoken", 409, person="ada"))["error"]["code"] == "tokenmissing"
    _, own = await token(cloud, http, grant_type="client_credentials", scope="https://graph.microsoft.com/.default")
    address = f"{cloud.base_url}/graph/v1.0/users/{ada.aad_object_id}/checkMemberObjects"
    wanted = {"ids": [cloud.world.partner("northwind").admin_agents_group_id]}
    headers = {"Authorization": f"Bearer {own['access_token']}"}
    async with http.post(address, json=wanted, headers=headers) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (404, "Request_ResourceNotFound")
    await removed(False)
    async with http.post(address, json=wanted, headers=headers) as answer:
        assert (await answer.json())["value"] == wanted["ids"]
    await removed("yes", 400)


async def test_revoked_consent_is_given_anew_by_signing_in(
    client: Client, cloud: Cloud, http: aiohttp.ClientSession
) -> None:
    app = await application(cloud)
    assert "access_token" in await on_behalf_of(client, app)
    await client.post("signins", person="ada", action="revokeConsent")
    answer = await on_behalf_of(client, app)
    assert (answer["error_codes"], answer["suberror"]) == ([65001], "consent_required")
    assert "access_token" in await on_behalf_of(client, await application(cloud), person="max")
    await sign_in(cloud, http)
    assert "access_token" in await on_behalf_of(client, app)
    await client.post("signins", 400, person="ada", action="explode")
