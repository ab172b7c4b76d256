"""bot.microsoft.service: whose token a call carries, and what becomes of a challenge."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from bot.domain.people import Person
from bot.errors import AlertDeskError, ConfigError, Refused, SignInNeeded, Transient
from bot.microsoft.aadsts import MFA_CLAIMS
from bot.microsoft.service import Service
from tests.support.microsoft import GRAPH, Microsoft

ADA = Person("44444444-4444-4444-8444-444444444444", "29:ada", "Ada", "22222222-2222-4222-8222-222222222222")
CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"},"é?>~":{}}}'
URL = f"{GRAPH}/v1.0/me"


class Users:
    """The port UserTokens as far as a call needs it; `end` is raised instead of a better token."""

    def __init__(self, end: AlertDeskError | None = None) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.end = end

    async def get(self, person: Person, scope: str, claims: str = "") -> str:
        self.asked.append((person.name, scope, claims))
        if claims and self.end is not None:
            raise self.end
        return f"token-{len(self.asked)}"

    async def exchange(self, person: Person, assertion: str) -> None: ...
    async def begin(
        self, person: Person, state: str, redirect_uri: str, claims: str, scope: str = ""
    ) -> tuple[str, Mapping[str, Any]]:
        return "", {}

    async def complete(self, person: Person, flow: Mapping[str, Any], answer: Mapping[str, str]) -> None: ...
    async def forget(self, person: Person) -> bool:
        return False


def challenge(status: int = 401, claims: str | None = None, error: str = "insufficient_claims") -> httpx.Response:
    value = base64.urlsafe_b64encode(CLAIMS.encode()).decode() if claims is None else claims
    header = f'Bearer realm="", authorization_uri="https://x", error="{error}", claims="{value}"'
    return httpx.Response(status, headers={"WWW-Authenticate": header}, json={"error": {"code": "Invalid"}})


def as_people(microsoft: Microsoft, users: Users) -> Service:
    return replace(microsoft.graph, users=users)


def answers(microsoft: Microsoft, *given: httpx.Response) -> None:
    waiting = list(given)
    microsoft.answer = lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]


async def call(service: Service, **more: Any) -> None:
    await service.call("POST", URL, caller=service.person(ADA), **more)


async def test_a_person_is_asked_for_the_services_own_scopes(microsoft: Microsoft) -> None:
    users = Users()
    answers(microsoft, httpx.Response(200, json={}))
    await call(as_people(microsoft, users))
    assert users.asked == [("Ada", f"{GRAPH}/User.Read {GRAPH}/PartnerSecurity.ReadWrite.All", "")]
    assert microsoft.requests[0].headers["authorization"] == "Bearer token-1"


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("alphabet", ["url", "plain", "bare"])
async def test_a_challenge_is_met_once_in_silence(microsoft: Microsoft, status: int, alphabet: str) -> None:
    encode = base64.b64encode if alphabet == "plain" else base64.urlsafe_b64encode
    value = encode(CLAIMS.encode()).decode()
    users = Users()
    answers(
        microsoft, challenge(status, value.rstrip("=") if alphabet == "bare" else value), httpx.Response(200, json={})
    )
    await call(as_people(microsoft, users), deed=True)
    assert [asked[2] for asked in users.asked] == ["", CLAIMS]
    assert [request.headers["authorization"] for request in microsoft.requests] == ["Bearer token-1", "Bearer token-2"]


async def test_a_challenge_that_is_not_met_needs_the_page(microsoft: Microsoft) -> None:
    answers(microsoft, challenge())
    with pytest.raises(SignInNeeded) as caught:
        await call(as_people(microsoft, Users()))
    assert (caught.value.interactive, caught.value.claims) == (True, CLAIMS)
    assert len(microsoft.requests) == 2


@pytest.mark.parametrize("own", ["", '{"id_token":{}}'])
async def test_a_challenge_that_entra_will_not_meet_needs_the_page(microsoft: Microsoft, own: str) -> None:
    answers(microsoft, challenge())
    with pytest.raises(SignInNeeded) as caught:
        await call(
            as_people(microsoft, Users(SignInNeeded("ended", code="AADSTS50173", claims=own, interactive=bool(own))))
        )
    assert (caught.value.interactive, caught.value.claims, caught.value.code) == (True, own or CLAIMS, "AADSTS50173")
    assert len(microsoft.requests) == 1


@pytest.mark.parametrize("claims", ["!!", "bm8ganNvbg", base64.b64encode(b"[1]").decode(), "x" * 9000])
async def test_an_unreadable_challenge_is_a_plain_401(microsoft: Microsoft, claims: str) -> None:
    users = Users()
    answers(microsoft, challenge(401, claims))
    with pytest.raises(SignInNeeded) as caught:
        await call(as_people(microsoft, users))
    assert (caught.value.claims, [asked[2] for asked in users.asked]) == ("", ["", "{}"])
    assert "ended" in caught.value.message


async def test_missing_mfa_of_a_person_needs_the_page(microsoft: Microsoft) -> None:
    answers(microsoft, httpx.Response(403, json={"error": {"code": "Unauthorized_MissingMFA"}}))
    with pytest.raises(SignInNeeded) as caught:
        await call(as_people(microsoft, Users()))
    assert (caught.value.interactive, caught.value.claims) == (True, MFA_CLAIMS)
    assert len(microsoft.requests) == 1
    answers(microsoft, httpx.Response(401, json={"code": 900421, "description": "x"}))
    center = replace(microsoft.partner_center, users=Users())
    with pytest.raises(SignInNeeded) as caught:
        await center.call("GET", f"{center.base}/v1/customers", caller=center.person(ADA))
    assert (caught.value.code, caught.value.claims) == ("900421", MFA_CLAIMS)


async def test_no_sign_in_is_wanted_for_a_token_that_is_for_somebody_else(microsoft: Microsoft) -> None:
    answers(microsoft, httpx.Response(401, json={"code": "900420", "description": "x"}))
    center = replace(microsoft.partner_center, users=Users())
    with pytest.raises(Refused, match="another audience"):
        await center.call("GET", f"{center.base}/v1/customers", caller=center.person(ADA))


async def test_a_refusal_of_a_person_speaks_of_the_person(microsoft: Microsoft) -> None:
    answers(microsoft, httpx.Response(403, json={"error": {"code": "Authorization_RequestDenied"}}))
    with pytest.raises(Refused, match="this person may not do it"):
        await call(as_people(microsoft, Users()))


async def test_doubt_is_doubt_for_a_person_too(microsoft: Microsoft) -> None:
    answers(microsoft, httpx.Response(504))
    with pytest.raises(Transient) as caught:
        await call(as_people(microsoft, Users()), deed=True)
    assert caught.value.in_doubt


async def test_a_fresh_caller_takes_no_token_from_memory(microsoft: Microsoft) -> None:
    answers(microsoft, httpx.Response(200, json={}))
    users = Users()
    service = as_people(microsoft, users)
    for _ in range(2):
        await service.call("GET", URL, caller=service.person(ADA, fresh=True))
    await service.call("GET", URL, caller=service.person(ADA))
    assert [claims for _, _, claims in users.asked] == ["{}", "{}", ""]


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(401, json={"code": "900421", "description": "MFA"}), challenge(), httpx.Response(401, json={})],
    ids=["900421", "challenge", "401"],
)
async def test_the_page_is_asked_for_what_the_token_was_for(microsoft: Microsoft, answer: httpx.Response) -> None:
    answers(microsoft, answer)
    service = replace(microsoft.partner_center, users=Users())
    with pytest.raises(SignInNeeded) as caught:
        await service.call("GET", f"{service.base}/v1/customers", caller=service.person(ADA))
    assert (caught.value.interactive, caught.value.scope) == (True, f"{service.base}/user_impersonation")


async def test_a_better_token_that_cannot_be_had_keeps_what_it_was_for(microsoft: Microsoft) -> None:
    answers(microsoft, challenge())
    users = Users(SignInNeeded("signed out", code="AADSTS50173", scope="the scope"))
    with pytest.raises(SignInNeeded) as caught:
        await call(as_people(microsoft, users))
    assert (caught.value.scope, caught.value.interactive, bool(caught.value.claims)) == ("the scope", True, True)


async def test_without_user_tokens_nobody_is_acted_as(microsoft: Microsoft) -> None:
    with pytest.raises(ConfigError, match="ACT_AS"):
        microsoft.graph.person(ADA)


async def test_a_challenge_of_the_application_gets_a_fresh_token_and_stays_a_refusal(microsoft: Microsoft) -> None:
    answers(microsoft, challenge(403))
    with pytest.raises(Refused, match="Conditional Access"):
        await microsoft.graph.call("GET", URL, caller=microsoft.graph.app(ADA.tenant_id))
    assert [asked[2] for asked in microsoft.tokens.asked] == [False, True]
