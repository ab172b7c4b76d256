"""The sandbox's Entra against the real msal, and against plain HTTP for what msal does not show."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import httpx
import jwt
import msal
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from bot.sandbox.app import running
from bot.sandbox.cloud import Cloud, SandboxOptions
from tests.support.sandbox_entra import PUBLIC, REDIRECT, Mapped, claims_of, redeem, sign_in, token


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    async with running(SandboxOptions(bot_url="http://127.0.0.1:9")) as cloud:
        yield cloud


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


async def application(
    cloud: Cloud, credential: Any = None, tenant: str | None = None
) -> msal.ConfidentialClientApplication:
    app = cloud.world.app
    return await asyncio.to_thread(
        msal.ConfidentialClientApplication,
        app.app_id,
        authority=f"{PUBLIC}/{tenant or app.tenant_id}",
        client_credential=credential or app.secret,
        http_client=Mapped(f"{cloud.base_url}/entra"),
    )


async def in_thread(call: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
    answer = await asyncio.to_thread(call, *args, **kwargs)
    assert isinstance(answer, dict)
    return answer


async def sso_token(cloud: Cloud, http: aiohttp.ClientSession, person: str = "ada", **more: Any) -> str:
    async with http.post(f"{cloud.base_url}/client/ssotoken", json={"person": person, **more}) as answer:
        assert answer.status == 200
        return str((await answer.json())["token"])


# metadata


async def test_metadata_keys_and_instance_discovery(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    tenant = cloud.world.app.tenant_id
    async with http.get(f"{cloud.base_url}/entra/{tenant}/v2.0/.well-known/openid-configuration") as answer:
        metadata = await answer.json()
    assert metadata["issuer"] == f"{cloud.base_url}/entra/{tenant}/v2.0"
    async with http.get(metadata["jwks_uri"]) as answer:
        keys = (await answer.json())["keys"]
    _, answered = await token(
        cloud, http, grant_type="client_credentials", scope="https://graph.microsoft.com/.default"
    )
    key = next(entry for entry in keys if entry["kid"] == jwt.get_unverified_header(answered["access_token"])["kid"])
    claims = jwt.decode(
        answered["access_token"],
        jwt.PyJWK(key).key,
        algorithms=["RS256"],
        audience="https://graph.microsoft.com",
        issuer=metadata["issuer"],
    )
    assert claims["idtyp"] == "app"
    discovery = f"{cloud.base_url}/entra/common/discovery/instance"
    known = {"authorization_endpoint": f"{PUBLIC}/{tenant}/oauth2/v2.0/authorize", "api-version": "1.0"}
    async with http.get(discovery, params=known) as answer:
        body = await answer.json()
        assert body["tenant_discovery_endpoint"] == f"{PUBLIC}/{tenant}/v2.0/.well-known/openid-configuration"
    async with http.get(
        discovery, params={"authorization_endpoint": "https://evil.example/x/oauth2/v2.0/authorize"}
    ) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"] == "invalid_instance"


async def test_an_unknown_tenant_is_not_found(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    status, body = await token(
        cloud, http, tenant="11111111-1111-1111-1111-111111111111", grant_type="client_credentials"
    )
    assert (status, body["error"], body["error_codes"]) == (400, "invalid_request", [90002])
    with pytest.raises(ValueError, match="Unable to get authority configuration"):
        await application(cloud, tenant="11111111-1111-1111-1111-111111111111")


# the application's own token


async def test_client_credentials_through_msal_with_either_spelling(cloud: Cloud) -> None:
    app = await application(cloud)
    roles = cloud.world.app.graph_roles
    for scope in ("https://graph.microsoft.com/.default", f"{cloud.base_url}/graph/.default"):
        answer = await in_thread(app.acquire_token_for_client, [scope])
        claims = claims_of(answer["access_token"])
        assert (claims["aud"], frozenset(claims["roles"])) == ("https://graph.microsoft.com", roles)
    for scope in ("https://api.botframework.com/.default", f"{cloud.base_url}/partnercenter/.default"):
        answer = await in_thread(app.acquire_token_for_client, [scope])
        assert claims_of(answer["access_token"])["aud"] in scope.replace(
            f"{cloud.base_url}/partnercenter", "https://api.partnercenter.microsoft.com"
        )
    again = await in_thread(app.acquire_token_for_client, ["https://graph.microsoft.com/.default"])
    assert again["token_source"] == "cache"


async def test_each_partner_tenant_gives_its_own_token(cloud: Cloud) -> None:
    other = next(tenant for tenant in cloud.world.partners if tenant != cloud.world.app.tenant_id)
    app = await application(cloud, tenant=other)
    answer = await in_thread(app.acquire_token_for_client, ["https://graph.microsoft.com/.default"])
    assert claims_of(answer["access_token"])["tid"] == other


async def test_a_wrong_secret_is_refused(cloud: Cloud) -> None:
    app = await application(cloud, credential="wrong")
    answer = await in_thread(app.acquire_token_for_client, ["https://graph.microsoft.com/.default"])
    assert answer["error"] == "invalid_client"
    assert answer["error_codes"] == [7000215]
    assert answer["error_description"].startswith("AADSTS7000215: Invalid client secret")


def certificate() -> tuple[bytes, bytes, str]:
    """A private key, its self-signed certificate (both PEM) and the certificate's SHA-1 thumbprint."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "insecure-test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    thumbprint = made.fingerprint(hashes.SHA1()).hex()  # noqa: S303 - the form that msal still takes
    return private, made.public_bytes(serialization.Encoding.PEM), thumbprint


async def test_a_certificate_signs_for_the_application(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    private, public, thumbprint = certificate()
    scope = ["https://graph.microsoft.com/.default"]
    modern = {"private_key": private.decode(), "public_certificate": public.decode()}
    stranger = await in_thread((await application(cloud, modern)).acquire_token_for_client, scope)
    assert stranger["error_codes"] == [700027]
    async with http.post(f"{cloud.base_url}/control/certificates", json={"pem": public.decode()}) as answer:
        assert answer.status == 201
    for credential in (modern, {"private_key": private.decode(), "thumbprint": thumbprint}):
        taken = await in_thread((await application(cloud, credential)).acquire_token_for_client, scope)
        assert "access_token" in taken, taken
        assert claims_of(taken["access_token"])["appid"] == cloud.world.app.app_id
    other_key, _, _ = certificate()
    forged = {"private_key": other_key.decode(), "thumbprint": thumbprint}
    assert (await in_thread((await application(cloud, forged)).acquire_token_for_client, scope))[
        "error"
    ] == "invalid_client"


async def test_a_managed_identity_serves_as_federated_credential(
    cloud: Cloud, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{cloud.base_url}/entra/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", cloud.entra.identity_header)

    with httpx.Client() as session:
        identity = msal.ManagedIdentityClient(
            msal.UserAssignedManagedIdentity(client_id="55555555-5555-5555-5555-555555555555"), http_client=session
        )
        answer = await in_thread(identity.acquire_token_for_client, resource="api://AzureADTokenExchange")
    assertion = answer["access_token"]
    app = await application(cloud, {"client_assertion": lambda: assertion})
    answer = await in_thread(app.acquire_token_for_client, ["https://graph.microsoft.com/.default"])
    assert claims_of(answer["access_token"])["idtyp"] == "app"
    foreign = await sso_token(cloud, http, audience="api://AzureADTokenExchange")
    app = await application(cloud, {"client_assertion": lambda: foreign})
    answer = await in_thread(app.acquire_token_for_client, ["https://graph.microsoft.com/.default"])
    assert answer["error_codes"] == [700213]


@pytest.mark.parametrize(
    ("form", "error", "code"),
    [
        (
            {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/User.Read"},
            "invalid_scope",
            1002012,
        ),
        ({"grant_type": "client_credentials", "scope": "https://evil.example/.default"}, "invalid_scope", 70011),
        ({"grant_type": "client_credentials"}, "invalid_request", 900144),
        ({"grant_type": "password", "scope": "User.Read"}, "unsupported_grant_type", 70003),
        ({"scope": "User.Read"}, "invalid_request", 900144),
        ({"grant_type": "client_credentials", "client_secret": ""}, "invalid_client", 7000218),
        ({"grant_type": "client_credentials", "client_id": "nobody"}, "unauthorized_client", 700016),
        ({"grant_type": "refresh_token", "refresh_token": "x", "scope": "User.Read"}, "invalid_grant", 9002313),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_grant", 9002313),
    ],
)
async def test_nonsense_at_the_token_endpoint(
    cloud: Cloud, http: aiohttp.ClientSession, form: dict[str, str], error: str, code: int
) -> None:
    status, body = await token(cloud, http, **form)
    assert status in (400, 401)
    assert (body["error"], body["error_codes"]) == (error, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert body["correlation_id"]


# on behalf of a person


async def test_on_behalf_of_gives_the_persons_token_and_silent_ones_after_it(
    cloud: Cloud, http: aiohttp.ClientSession
) -> None:
    app, ada = await application(cloud), cloud.world.people["ada"]
    scopes = [f"{cloud.base_url}/partnercenter/user_impersonation"]
    answer = await in_thread(app.acquire_token_on_behalf_of, await sso_token(cloud, http), scopes)
    claims = claims_of(answer["access_token"])
    assert (claims["aud"], claims["scp"]) == ("https://api.partnercenter.microsoft.com", "user_impersonation")
    assert (claims["oid"], claims["tid"], claims["amr"]) == (ada.aad_object_id, ada.tenant_id, ["pwd", "mfa"])
    assert answer["id_token_claims"]["preferred_username"] == ada.upn
    account = app.get_accounts()[0]
    assert account["home_account_id"] == f"{ada.aad_object_id}.{ada.tenant_id}"
    silent = await in_thread(app.acquire_token_silent, scopes, account)
    assert silent["token_source"] == "cache"
    fresh = await in_thread(app.acquire_token_silent, scopes, account, force_refresh=True)
    assert fresh["token_source"] == "identity_provider"
    graph = await in_thread(app.acquire_token_silent, ["https://graph.microsoft.com/PartnerSecurity.Read.All"], account)
    assert claims_of(graph["access_token"])["scp"] == "PartnerSecurity.Read.All"


async def test_assertions_that_are_not_for_us_are_refused(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    scopes = ["https://graph.microsoft.com/User.Read"]
    refused = {
        500133: await sso_token(cloud, http, lifetime=-10),
        500131: await sso_token(cloud, http, audience="https://graph.microsoft.com"),
        50013: await sso_token(cloud, http, person="fay"),  # of another tenant
    }
    for code, assertion in refused.items():
        app = await application(cloud)
        answer = await in_thread(app.acquire_token_on_behalf_of, assertion, scopes)
        assert (answer["error"], answer["error_codes"]) == ("invalid_grant", [code])
    own = await in_thread(
        (await application(cloud)).acquire_token_for_client, [f"api://{cloud.world.app.app_id}/.default"]
    )
    answer = await in_thread((await application(cloud)).acquire_token_on_behalf_of, own["access_token"], scopes)
    assert answer["error_codes"] == [50013]


async def test_mfa_is_demanded_and_given_by_a_sign_in_with_the_claims(
    cloud: Cloud, http: aiohttp.ClientSession
) -> None:
    cloud.faults.switches.mfa_required = True
    scopes = ["https://graph.microsoft.com/PartnerSecurity.ReadWrite.All"]
    answer = await in_thread(
        (await application(cloud)).acquire_token_on_behalf_of, await sso_token(cloud, http), scopes
    )
    assert (answer["error"], answer["error_codes"], answer["suberror"]) == ("invalid_grant", [50076], "basic_action")
    claims = answer["claims"]
    assert "polids" in json.loads(claims)["access_token"]
    without = await sign_in(cloud, http)
    status, body = await token(cloud, http, **redeem(without["code"]))
    assert (status, body["error_codes"]) == (400, [50076])
    with_claims = await sign_in(cloud, http, claims=claims)
    status, body = await token(cloud, http, **redeem(with_claims["code"]))
    assert status == 200
    assert claims_of(body["access_token"])["amr"] == ["pwd", "mfa"]
    status, body = await token(
        cloud, http, grant_type="refresh_token", refresh_token=body["refresh_token"], scope=" ".join(scopes)
    )
    assert status == 200
    assert claims_of(body["access_token"])["amr"] == ["pwd", "mfa"]


async def test_who_never_enrolled_is_told_to_enrol(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    cloud.faults.switches.mfa_required = True
    assertion = await sso_token(cloud, http, person="nora")
    answer = await in_thread((await application(cloud)).acquire_token_on_behalf_of, assertion, ["User.Read"])
    assert (answer["error"], answer["error_codes"]) == ("interaction_required", [50079])
    assert answer["claims"]


async def test_consent_is_demanded_until_the_person_signed_in_interactively(
    cloud: Cloud, http: aiohttp.ClientSession
) -> None:
    cloud.faults.switches.consent_required = True
    scopes = ["https://graph.microsoft.com/User.Read"]
    answer = await in_thread(
        (await application(cloud)).acquire_token_on_behalf_of, await sso_token(cloud, http), scopes
    )
    assert (answer["error"], answer["error_codes"], answer["suberror"]) == (
        "invalid_grant",
        [65001],
        "consent_required",
    )
    await sign_in(cloud, http)
    answer = await in_thread(
        (await application(cloud)).acquire_token_on_behalf_of, await sso_token(cloud, http), scopes
    )
    assert "access_token" in answer
    other = await in_thread(
        (await application(cloud)).acquire_token_on_behalf_of,
        await sso_token(cloud, http),
        ["https://api.partnercenter.microsoft.com/user_impersonation"],
    )
    assert other["error_codes"] == [65001]


async def test_conditional_access_blocks(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    cloud.faults.switches.conditional_access = True
    answer = await in_thread(
        (await application(cloud)).acquire_token_on_behalf_of, await sso_token(cloud, http), ["User.Read"]
    )
    assert (answer["error_codes"], answer["suberror"]) == ([53003], "message_only")
    back = await sign_in(cloud, http)
    assert back["error"] == "access_denied"
    assert "AADSTS53003" in back["error_description"]
    assert back["state"] == "s1"


# interactive sign-in


async def test_code_flow_through_msal(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    app, max_ = await application(cloud), cloud.world.people["max"]
    flow = await in_thread(
        app.initiate_auth_code_flow,
        ["https://graph.microsoft.com/User.Read"],
        redirect_uri=REDIRECT,
        response_mode="form_post",
    )
    address = flow["auth_uri"].replace(PUBLIC, f"{cloud.base_url}/entra")
    async with http.get(f"{cloud.base_url}/client/people/max/signin") as answer:
        assert answer.status == 200
        assert answer.cookies["sandbox_person"].value == "max"
    async with http.get(address, allow_redirects=False, cookies={"sandbox_person": "max"}) as answer:
        assert answer.status == 200
        back = dict(re.findall(r"name='(\w+)' value='([^']*)'", await answer.text()))
    done = await in_thread(app.acquire_token_by_auth_code_flow, flow, back)
    assert done["id_token_claims"]["oid"] == max_.aad_object_id
    assert done["id_token_claims"]["tid"] == max_.tenant_id
    assert done["id_token_claims"]["name"] == max_.name
    assert done["refresh_token"]
    again = await in_thread(app.acquire_token_by_auth_code_flow, flow, back)
    assert again["error"] == "invalid_grant"
    assert again["error_codes"] == [54005]


async def test_a_code_is_bound_to_redirect_and_verifier_and_time(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    code = (await sign_in(cloud, http))["code"]
    refused = [
        ({"redirect_uri": "http://127.0.0.1:3978/elsewhere"}, 50011),
        ({"code_verifier": "w" * 64}, 501481),
        ({"code_verifier": ""}, 501481),
    ]
    for change, expected in refused:
        _, body = await token(cloud, http, **redeem(code, **change))
        assert body["error_codes"] == [expected]
    status, body = await token(cloud, http, **redeem(code))
    assert status == 200
    assert claims_of(body["id_token"])["nonce"] == "n1"
    late = (await sign_in(cloud, http))["code"]
    found = cloud.entra.code(late)
    assert found is not None
    found.expires_at = 0
    _, body = await token(cloud, http, **redeem(late))
    assert (body["error"], body["error_codes"]) == ("invalid_grant", [70008])


async def test_authorize_asks_who_it_is_and_refuses_strangers(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    tenant = cloud.world.app.tenant_id
    address = f"{cloud.base_url}/entra/{tenant}/oauth2/v2.0/authorize"
    query = {"client_id": cloud.world.app.app_id, "response_type": "code", "redirect_uri": REDIRECT, "scope": "openid"}
    async with http.get(address, params=query) as answer:
        page = await answer.text()
        assert answer.status == 200
        assert all(f"signin-{key}" in page for key in cloud.world.people)
    async with http.get(address, params={**query, "prompt": "none"}, allow_redirects=False) as answer:
        assert "error=login_required" in answer.headers["Location"]
    async with http.get(address, params={**query, "sandbox_person": "fay"}, allow_redirects=False) as answer:
        assert answer.status == 400
        assert "AADSTS50020" in await answer.text()
    for stranger in ("https://evil.example/callback", "javascript:alert(1)", ""):
        async with http.get(address, params={**query, "redirect_uri": stranger}, allow_redirects=False) as answer:
            assert answer.status == 400
            assert "AADSTS50011" in await answer.text()
    declined = await sign_in(cloud, http, sandbox_answer="decline")
    assert declined["error"] == "access_denied"
    async with http.get(address, params={**query, "response_mode": "form_post", "sandbox_person": "ada"}) as answer:
        page = await answer.text()
        assert "method=post" in page
        assert "name='code'" in page


async def test_refresh_tokens_rotate_and_the_one_before_stays_good(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    _, body = await token(cloud, http, **redeem((await sign_in(cloud, http))["code"]))
    first = body["refresh_token"]
    form = {"grant_type": "refresh_token", "scope": "openid offline_access https://graph.microsoft.com/User.Read"}
    _, second = await token(cloud, http, **form, refresh_token=first)
    _, lost = await token(cloud, http, **form, refresh_token=first)  # the second answer got lost
    assert len({first, second["refresh_token"], lost["refresh_token"]}) == 3
    status, body = await token(cloud, http, **form, refresh_token=first)
    assert (status, body["error_codes"]) == (400, [70008])
    status, _ = await token(cloud, http, **form, refresh_token=lost["refresh_token"])
    assert status == 200


@pytest.mark.parametrize(("action", "code"), [("revoke", 50173), ("expire", 700082)])
async def test_refresh_tokens_can_be_taken_away(
    cloud: Cloud, http: aiohttp.ClientSession, action: str, code: int
) -> None:
    _, mine = await token(cloud, http, **redeem((await sign_in(cloud, http))["code"]))
    _, others = await token(cloud, http, **redeem((await sign_in(cloud, http, person="max"))["code"]))
    async with http.post(f"{cloud.base_url}/client/signins", json={"person": "ada", "action": action}) as answer:
        assert await answer.json() == {"signIns": 1}
    form = {"grant_type": "refresh_token", "scope": "https://graph.microsoft.com/User.Read"}
    status, body = await token(cloud, http, **form, refresh_token=mine["refresh_token"])
    assert (status, body["error"], body["error_codes"]) == (400, "invalid_grant", [code])
    status, _ = await token(cloud, http, **form, refresh_token=others["refresh_token"])
    assert status == 200


async def test_device_code_through_msal(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    app = await asyncio.to_thread(
        msal.PublicClientApplication,
        cloud.world.app.app_id,
        authority=f"{PUBLIC}/{cloud.world.app.tenant_id}",
        http_client=Mapped(f"{cloud.base_url}/entra"),
    )
    flow = await in_thread(app.initiate_device_flow, ["https://graph.microsoft.com/PartnerSecurity.Read.All"])
    once = {**flow, "expires_at": 0}  # msal then asks once instead of waiting
    waiting = await in_thread(app.acquire_token_by_device_flow, once)
    assert waiting["error"] == "authorization_pending"
    async with http.get(f"{flow['verification_uri']}?user_code={flow['user_code']}") as answer:
        assert flow["user_code"] in await answer.text()
    async with http.post(flow["verification_uri"], data={"user_code": flow["user_code"], "person": "max"}) as answer:
        assert answer.status == 200
    done = await in_thread(app.acquire_token_by_device_flow, {**flow, "expires_at": 0})
    claims = claims_of(done["access_token"])
    assert (claims["oid"], claims["scp"]) == (cloud.world.people["max"].aad_object_id, "PartnerSecurity.Read.All")
    used = await in_thread(app.acquire_token_by_device_flow, {**flow, "expires_at": 0})
    assert used["error"] == "bad_verification_code"


async def test_device_sign_in_can_be_declined_and_expires(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    tenant = cloud.world.app.tenant_id
    begin = f"{cloud.base_url}/entra/{tenant}/oauth2/v2.0/devicecode"
    asked = {"client_id": cloud.world.app.app_id, "scope": "openid offline_access User.Read"}
    async with http.post(begin, data=asked) as answer:
        flow = await answer.json()
    form = {"user_code": flow["user_code"], "person": "ada", "decline": "1"}
    async with http.post(f"{cloud.base_url}/entra/devicelogin", data=form) as answer:
        assert answer.status == 200
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    _, body = await token(cloud, http, grant_type=grant, device_code=flow["device_code"])
    assert body["error"] == "authorization_declined"
    async with http.post(begin, data=asked) as answer:
        flow = await answer.json()
    device = cloud.entra.device(flow["device_code"])
    assert device is not None
    device.expires_at = 0
    _, body = await token(cloud, http, grant_type=grant, device_code=flow["device_code"])
    assert body["error"] == "expired_token"


async def test_secrets_do_not_reach_the_request_log(cloud: Cloud, http: aiohttp.ClientSession) -> None:
    await token(cloud, http, **redeem((await sign_in(cloud, http))["code"]))
    entry = cloud.log.select(service="entra", method="POST")[-1]
    text = json.dumps(entry.as_json())
    assert cloud.world.app.secret not in text
    assert "eyJ" not in text
