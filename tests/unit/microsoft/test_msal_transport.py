"""bot.microsoft.msal_transport: the exchange of addresses, and what is not left to msal."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from bot.errors import Permanent, Transient
from bot.microsoft.msal_transport import MsalTransport
from bot.net.http import Hosts
from bot.net.sync_http import SyncHttp
from tests.support.outbound import StepClock

REAL = "http://127.0.0.1:9/entra"
PUBLIC = "https://login.microsoftonline.com"


def transport(handler: Callable[[httpx.Request], httpx.Response], login_url: str = REAL) -> MsalTransport:
    clock = StepClock()
    http = SyncHttp(clock, loopback=True, transport=httpx.MockTransport(handler))
    return MsalTransport(http, clock, Hosts.of(login_url, loopback=True), login_url=login_url)


def test_shows_msal_a_public_authority_only_where_needed() -> None:
    for login_url, authority in {
        REAL: PUBLIC,
        "https://login.example.com/entra": PUBLIC,
        "https://login.example.com:444": PUBLIC,
        "https://login.microsoftonline.us": "https://login.microsoftonline.us",
    }.items():
        assert transport(lambda _: httpx.Response(200), login_url).authority == authority


def test_exchanges_addresses_both_ways() -> None:
    body = f'{{"token_endpoint":"{REAL}/t/token","escaped":"http:\\/\\/127.0.0.1:9\\/entra\\/x","other":"{REAL}er/y"}}'
    found = transport(lambda request: httpx.Response(200, text=body, headers={"x-url": str(request.url)}))
    answer = found.get(f"{PUBLIC}/t/v2.0/.well-known/openid-configuration")
    assert answer.headers["x-url"] == f"{REAL}/t/v2.0/.well-known/openid-configuration"
    assert f'"{PUBLIC}/t/token"' in answer.text
    assert '"https:\\/\\/login.microsoftonline.com\\/x"' in answer.text
    assert f'"{REAL}er/y"' in answer.text
    assert found.real(f"{PUBLIC}/t/authorize?x=1") == f"{REAL}/t/authorize?x=1"
    assert found.real("https://login.microsoftonline.com.evil.org/") == "https://login.microsoftonline.com.evil.org/"


def test_leaves_other_bodies_alone() -> None:
    answer = transport(lambda _: httpx.Response(200, text=f'"{REAL}/x"')).post(f"{PUBLIC}/t/oauth2/v2.0/token")
    assert answer.text == f'"{REAL}/x"'


def test_sends_forms_and_parameters() -> None:
    seen: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, text="{}")

    transport(keep).post(f"{PUBLIC}/t", params={"p": "a b"}, data={"s": "ö&="}, headers={"X-A": "1"}, timeout=3)
    assert str(seen[0].url) == f"{REAL}/t?p=a+b"
    assert seen[0].content == b"s=%C3%B6%26%3D"
    assert seen[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert seen[0].headers["x-a"] == "1"


def test_goes_nowhere_else() -> None:
    with pytest.raises(Permanent):
        transport(lambda _: httpx.Response(200)).get("https://evil.org/")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy_is_transient_and_says_when(status: int) -> None:
    found = transport(lambda _: httpx.Response(status, headers={"retry-after": "11"}))
    with pytest.raises(Transient) as caught:
        found.post(f"{PUBLIC}/t/oauth2/v2.0/token")
    assert caught.value.retry_after == 11.0


def test_metadata_that_is_nonsense_is_transient() -> None:
    with pytest.raises(Transient, match="nonsense"):
        transport(lambda _: httpx.Response(200, text="<html>")).get(f"{PUBLIC}/t/v2.0/.well-known/openid-configuration")
