"""Tokens of the sandbox: what is issued, and that every defect is refused by the service that is given the token."""

from __future__ import annotations

from collections.abc import AsyncIterator

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from bot.sandbox import tokens
from bot.sandbox.app import running
from bot.sandbox.cloud import Cloud, SandboxOptions
from bot.sandbox.keys import KeyRing
from bot.sandbox.tokens import TokenProblem, check_bearer, issue


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    async with running(SandboxOptions(bot_url="http://127.0.0.1:9")) as cloud:
        yield cloud


def asked(token: str | None) -> web.Request:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return make_mocked_request("GET", "/", headers=headers)


def app_token(cloud: Cloud, audience: str = "graph", lifetime: float = 3600) -> str:
    app = cloud.world.app
    return issue(
        cloud, audience=audience, tenant_id=app.tenant_id, app_id=app.app_id, roles=app.graph_roles, lifetime=lifetime
    )


async def test_an_application_token_carries_roles_and_no_person(cloud: Cloud) -> None:
    claims = check_bearer(cloud, asked(app_token(cloud)), audience="https://graph.microsoft.com")
    assert claims.is_app
    assert claims.object_id is None
    assert claims.roles == cloud.world.app.graph_roles
    assert claims.scopes == frozenset()
    assert (claims.tenant_id, claims.app_id) == (cloud.world.app.tenant_id, cloud.world.app.app_id)


async def test_a_persons_token_carries_scopes_and_methods(cloud: Cloud) -> None:
    ada = cloud.world.people["ada"]
    token = issue(
        cloud,
        audience="partnercenter",
        tenant_id=ada.tenant_id,
        app_id=cloud.world.app.app_id,
        object_id=ada.aad_object_id,
        scopes=["user_impersonation"],
        amr=["pwd", "mfa"],
    )
    claims = check_bearer(cloud, asked(token), audience="partnercenter")
    assert not claims.is_app
    assert claims.object_id == ada.aad_object_id
    assert claims.scopes == {"user_impersonation"}
    assert claims.amr == ("pwd", "mfa")


@pytest.mark.parametrize("spelling", ["graph", "https://graph.microsoft.com", "https://graph.microsoft.com/", "base"])
async def test_all_spellings_of_a_resource_are_one(cloud: Cloud, spelling: str) -> None:
    audience = f"{cloud.base_url}/graph" if spelling == "base" else spelling
    token = app_token(cloud, audience)
    assert jwt.decode(token, options={"verify_signature": False})["aud"] == "https://graph.microsoft.com"
    assert check_bearer(cloud, asked(token), audience=audience).is_app


async def test_defects_are_refused(cloud: Cloud) -> None:
    good = jwt.decode(app_token(cloud), options={"verify_signature": False})
    entra = cloud.keys.entra.current
    forged = KeyRing("forger").current
    defects = {
        "Access token is empty.": None,
        "Lifetime validation failed, the token is expired.": app_token(cloud, lifetime=-1),
        "Access token validation failure. Invalid audience.": app_token(cloud, "partnercenter"),
        "Access token validation failure. Invalid issuer.": tokens.sign({**good, "iss": "https://evil.example"}, entra),
        "Access token validation failure. Signature is invalid.": tokens.sign(
            good, type(entra)(entra.kid, forged.private)
        ),
        "CompactToken parsing failed with error code: 80049217": "garbage",
    }
    for message, token in defects.items():
        with pytest.raises(TokenProblem) as problem:
            check_bearer(cloud, asked(token), audience="graph")
        assert (problem.value.status, problem.value.code) == (401, "InvalidAuthenticationToken")
        assert problem.value.message == message
    for unsigned_by_us in (
        tokens.sign(good, forged),
        tokens.sign({**good, "tid": "11111111-1111-1111-1111-111111111111"}, entra),
        jwt.encode(good, "", algorithm="none"),
    ):
        with pytest.raises(TokenProblem):
            check_bearer(cloud, asked(unsigned_by_us), audience="graph")


async def test_tokens_outlive_a_key_rotation_only_while_the_old_key_is_published(cloud: Cloud) -> None:
    token = app_token(cloud)
    cloud.keys.entra.rotate()
    assert check_bearer(cloud, asked(token), audience="graph").is_app
    cloud.keys.entra.rotate(keep_old=False)
    with pytest.raises(TokenProblem):
        check_bearer(cloud, asked(token), audience="graph")
