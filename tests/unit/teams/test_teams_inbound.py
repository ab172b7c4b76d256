from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from bot.net.http import Hosts
from bot.teams.inbound import LONGEST_TOKEN, REMEMBERED, TokenCheck, Unverified
from tests.support.teams_world import (
    APP_ID,
    ISSUER,
    METADATA,
    SERVICE_URL,
    START,
    FakeClock,
    KeyServer,
    bearer,
    claims,
    http,
    private_key,
    public_jwk,
    signed,
    token_check,
)

NOW = int(START.timestamp())
NESTED = b'{"a":' * 1100


def b64(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned(alg: str) -> str:
    return f"{b64({'alg': alg, 'typ': 'JWT', 'kid': 'key-1'})}.{b64(claims())}."


def hs256_with_the_public_key() -> str:
    pem = (
        private_key("key-1")
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    signing_input = f"{b64({'alg': 'HS256', 'typ': 'JWT', 'kid': 'key-1'})}.{b64(claims())}"
    return f"{signing_input}.{b64(hmac.new(pem, signing_input.encode(), hashlib.sha256).digest())}"


def tampered() -> str:
    header, _, signature = signed().split(".")
    return f"{header}.{b64(claims(aud=APP_ID, extra='mine'))}.{signature}"


def with_header(**changes: Any) -> str:
    _, body, signature = signed().split(".")
    whole = {"alg": "RS256", "typ": "JWT", "kid": "key-1"} | changes
    return f"{b64({name: value for name, value in whole.items() if value is not None})}.{body}.{signature}"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server() -> KeyServer:
    return KeyServer(public_jwk("key-1"))


@pytest.fixture
def check(server: KeyServer, clock: FakeClock) -> TokenCheck:
    return token_check(server, clock)


async def refused(check: TokenCheck, authorization: str | None, *, service_url: str = SERVICE_URL) -> Unverified:
    with pytest.raises(Unverified) as caught:
        await check.check(authorization, "msteams", service_url)
    return caught.value


@pytest.mark.parametrize("service_url", [SERVICE_URL, SERVICE_URL.rstrip("/")])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_good_token_is_good(check: TokenCheck, service_url: str, scheme: str) -> None:
    await check.check(f"{scheme} {signed()}", "msteams", service_url)


ATTACKS: dict[str, Callable[[], str | None]] = {
    "no header": lambda: None,
    "empty header": lambda: "",
    "scheme only": lambda: "Bearer",
    "scheme and blanks": lambda: "Bearer    ",
    "basic": lambda: "Basic dXNlcjpwYXNz",
    "garbage": lambda: "Bearer garbage",
    "two dots": lambda: "Bearer ..",
    "not base64": lambda: "Bearer %%%.%%%.%%%",
    "two tokens": lambda: f"Bearer {signed()} {signed()}",
    "not ASCII": lambda: "Bearer ü.ü.ü",
    "NUL": lambda: "Bearer \x00.\x00.\x00",
    "huge": lambda: f"Bearer {'A' * (LONGEST_TOKEN + 1)}",
    "huge but signed": lambda: bearer(signed(padding="x" * LONGEST_TOKEN)),
    "nested header": lambda: f"Bearer {b64(b'[' * 4000)}.e30.AA",
    "nested objects in the header": lambda: f"Bearer {b64(NESTED)}.e30.AA",
    "header is a list": lambda: f"Bearer {b64([])}.e30.AA",
    "header is null": lambda: f"Bearer {b64(None)}.e30.AA",
    "header is no UTF-8": lambda: f"Bearer {b64(bytes([0xFF, 0xFE]))}.e30.AA",
    "alg none": lambda: bearer(unsigned("none")),
    "alg None": lambda: bearer(unsigned("None")),
    "alg empty": lambda: bearer(unsigned("")),
    "HS256 with the public key": lambda: bearer(hs256_with_the_public_key()),
    "alg is a list": lambda: bearer(with_header(alg=["RS256"])),
    "alg RS384 in the header": lambda: bearer(with_header(alg="RS384")),
    "PS256": lambda: bearer(jwt.encode(claims(), private_key("key-1"), algorithm="PS256", headers={"kid": "key-1"})),
    "RS512": lambda: bearer(jwt.encode(claims(), private_key("key-1"), algorithm="RS512", headers={"kid": "key-1"})),
    "no kid": lambda: bearer(with_header(kid=None)),
    "kid is a number": lambda: bearer(with_header(kid=1)),
    "kid is a list": lambda: bearer(with_header(kid=["key-1"])),
    "kid is empty": lambda: bearer(with_header(kid="")),
    "unknown kid": lambda: bearer(signed("key-9")),
    "unknown critical header": lambda: bearer(signed(headers={"crit": ["x"], "x": 1})),
    "own key in the header": lambda: bearer(
        jwt.encode(
            claims(),
            private_key("mine"),
            algorithm="RS256",
            headers={"kid": "key-1", "jwk": public_jwk("mine"), "jku": "https://evil.example/keys"},
        )
    ),
    "signed by another key": lambda: bearer(signed("mine", headers={"kid": "key-1"})),
    "signature cut": lambda: bearer(signed()[:-40]),
    "signature missing": lambda: bearer(signed().rpartition(".")[0] + "."),
    "claims exchanged": lambda: bearer(tampered()),
    "expired": lambda: bearer(signed(exp=NOW - 301)),
    "no exp": lambda: bearer(signed(exp=None)),
    "exp is text": lambda: bearer(signed(exp="tomorrow")),
    "exp is true": lambda: bearer(signed(exp=True)),
    "exp is NaN": lambda: bearer(signed(exp=float("nan"))),
    "exp is infinite": lambda: bearer(signed(exp=float("inf"))),
    "exp beyond floats": lambda: bearer(signed(exp=10**400)),
    "nbf in the future": lambda: bearer(signed(nbf=NOW + 301)),
    "nbf is text": lambda: bearer(signed(nbf="yesterday")),
    "no iss": lambda: bearer(signed(iss=None)),
    "wrong iss": lambda: bearer(signed(iss="https://login.microsoftonline.com/common/v2.0")),
    "iss with a slash": lambda: bearer(signed(iss=ISSUER + "/")),
    "iss in a list": lambda: bearer(signed(iss=[ISSUER])),
    "no aud": lambda: bearer(signed(aud=None)),
    "wrong aud": lambda: bearer(signed(aud="c0ffee00-0000-4000-8000-000000000000")),
    "aud in a list": lambda: bearer(signed(aud=[APP_ID])),
    "aud in a list with others": lambda: bearer(signed(aud=["another", APP_ID])),
    "aud is a number": lambda: bearer(signed(aud=7)),
    "no serviceurl": lambda: bearer(signed(serviceurl=None)),
    "serviceurl empty": lambda: bearer(signed(serviceurl="")),
    "serviceurl is a list": lambda: bearer(signed(serviceurl=[SERVICE_URL])),
    "serviceurl in other letters": lambda: bearer(signed(serviceurl=None, serviceUrl=SERVICE_URL)),
}


@pytest.mark.parametrize("attack", list(ATTACKS))
async def test_an_attack_is_401(check: TokenCheck, attack: str) -> None:
    error = await refused(check, ATTACKS[attack]())
    assert error.status == 401
    assert error.message


@pytest.mark.parametrize(
    ("claimed", "of_activity"),
    [
        ("https://smba.trafficmanager.net/amer/", SERVICE_URL),
        (SERVICE_URL, SERVICE_URL + "more"),
        (SERVICE_URL, ""),
        (SERVICE_URL, "https://evil.example/"),
        ("https://evil.example/", "https://evil.example/"),
        ("https://smba.trafficmanager.net.evil.example/", "https://smba.trafficmanager.net.evil.example/"),
        ("https://evilsmba.trafficmanager.net/", "https://evilsmba.trafficmanager.net/"),
        ("https://x@smba.trafficmanager.net/", "https://x@smba.trafficmanager.net/"),
        ("http://smba.trafficmanager.net/", "http://smba.trafficmanager.net/"),
        ("http://127.0.0.1:3978/", "http://127.0.0.1:3978/"),
        ("/", "/"),
    ],
)
async def test_a_token_for_another_service_is_403(check: TokenCheck, claimed: str, of_activity: str) -> None:
    error = await refused(check, bearer(signed(serviceurl=claimed)), service_url=of_activity)
    assert error.status == 403


@pytest.mark.parametrize("endorsements", [None, (), ("skype",), ("MSTEAMS",), "msteams", [["msteams"]], {"msteams": 1}])
async def test_a_key_that_is_not_endorsed_for_teams_is_403(clock: FakeClock, endorsements: Any) -> None:
    check = token_check(KeyServer(public_jwk("key-1", endorsements)), clock)
    assert (await refused(check, bearer())).status == 403


@pytest.mark.parametrize("channel_id", ["", "emulator", "webchat", "MSTEAMS", "directline"])
async def test_other_channels_are_403(check: TokenCheck, channel_id: str) -> None:
    with pytest.raises(Unverified) as caught:
        await check.check(bearer(), channel_id, SERVICE_URL)
    assert caught.value.status == 403


@pytest.mark.parametrize("changes", [{"exp": NOW - 299}, {"nbf": NOW + 300}, {"nbf": None}, {"exp": NOW + 0.5}])
async def test_clocks_may_differ_by_five_minutes(check: TokenCheck, changes: dict[str, Any]) -> None:
    await check.check(bearer(signed(**changes)), "msteams", SERVICE_URL)


async def test_loopback_is_admitted_only_with_the_switch(server: KeyServer, clock: FakeClock) -> None:
    url = "http://127.0.0.1:9/connector/"
    for loopback in (True, False):
        check = TokenCheck(
            http(server, clock),
            clock,
            app_id=APP_ID,
            issuer=ISSUER,
            openid_url=METADATA,
            service_hosts=Hosts(("127.0.0.1",), loopback=loopback),
        )
        if loopback:
            await check.check(bearer(signed(serviceurl=url)), "msteams", url)
        else:
            assert (await refused(check, bearer(signed(serviceurl=url)), service_url=url)).status == 403


@pytest.mark.parametrize("empty", ["app_id", "issuer"])
def test_no_check_without_an_app_id_or_issuer(server: KeyServer, clock: FakeClock, empty: str) -> None:
    names: dict[str, Any] = {"app_id": APP_ID, "issuer": ISSUER} | {empty: ""}
    with pytest.raises(ValueError, match="anybody"):
        TokenCheck(http(server, clock), clock, openid_url=METADATA, service_hosts=Hosts(()), **names)


async def test_a_remembered_token_ends_when_it_expires(check: TokenCheck, clock: FakeClock) -> None:
    authorization = bearer(signed(exp=NOW + 60))
    await check.verify(authorization)
    clock.elapsed += 60 + 299
    await check.verify(authorization)  # within the skew
    clock.elapsed += 2
    assert (await refused(check, authorization)).status == 401


async def test_memory_for_tokens_is_bounded(check: TokenCheck) -> None:
    for number in range(REMEMBERED + 20):
        await check.verify(bearer(signed(number=number)))
    assert len(check._good) == REMEMBERED


# Keys --------------------------------------------------------------------------------------------------------------


async def test_keys_are_read_once_for_many_tokens_at_once(check: TokenCheck, server: KeyServer) -> None:
    server.hold = asyncio.Event()
    waiting = [asyncio.create_task(check.verify(bearer(signed(number=number)))) for number in range(20)]
    await until(lambda: server.readings == 1)
    server.hold.set()
    await asyncio.gather(*waiting)
    assert server.readings == 1


async def test_one_waiter_that_gives_up_does_not_stop_the_others(check: TokenCheck, server: KeyServer) -> None:
    server.hold = asyncio.Event()
    first, second = (asyncio.create_task(check.verify(bearer(signed(number=number)))) for number in range(2))
    await until(lambda: server.readings == 1)
    first.cancel()
    server.hold.set()
    assert (await second).kid == "key-1"


async def test_a_rotated_key_is_found_at_once(check: TokenCheck, server: KeyServer, clock: FakeClock) -> None:
    await check.verify(bearer())
    clock.elapsed += 61
    server.jwks = [public_jwk("key-2")]
    assert (await check.verify(bearer(signed("key-2")))).kid == "key-2"
    assert server.readings == 2
    # The old key is gone, and with it the tokens that were remembered as good.
    assert (await refused(check, bearer())).status == 401


async def test_unknown_keys_make_one_reading_a_minute(check: TokenCheck, server: KeyServer, clock: FakeClock) -> None:
    await check.verify(bearer())
    for _ in range(30):
        assert (await refused(check, bearer(signed("key-9")))).status == 401
    assert server.readings == 1
    clock.elapsed += 61
    for _ in range(30):
        assert (await refused(check, bearer(signed("key-9")))).status == 401
    assert server.readings == 2


async def test_keys_are_read_again_after_a_day_while_the_old_ones_serve(
    check: TokenCheck, server: KeyServer, clock: FakeClock
) -> None:
    await check.verify(bearer())
    clock.elapsed += 24 * 3600 + 1
    server.hold = asyncio.Event()
    fresh = bearer(signed(exp=NOW + 48 * 3600))
    assert (await asyncio.wait_for(check.verify(fresh), 5)).kid == "key-1"  # does not wait for the key server
    await until(lambda: server.readings == 2)
    server.hold.set()
    await check.close()


async def test_old_keys_serve_while_the_key_server_is_down(
    check: TokenCheck, server: KeyServer, clock: FakeClock
) -> None:
    await check.verify(bearer())
    clock.elapsed += 25 * 3600
    server.down = True
    for number in range(3):
        await check.verify(bearer(signed(exp=NOW + 48 * 3600, number=number)))
    await check.close()


async def test_no_keys_at_all_is_503_and_soon_tried_again(
    check: TokenCheck, server: KeyServer, clock: FakeClock
) -> None:
    server.down = True
    error = await refused(check, bearer())
    assert error.status == 503
    assert error.retry_after
    asked = len(server.asked)
    assert (await refused(check, bearer())).status == 503
    assert len(server.asked) == asked  # not for every request
    server.down = False
    clock.elapsed += 6
    assert (await check.verify(bearer())).kid == "key-1"


async def test_an_unknown_key_while_the_key_server_is_down_is_503(
    check: TokenCheck, server: KeyServer, clock: FakeClock
) -> None:
    await check.verify(bearer())
    clock.elapsed += 61
    server.down = True
    assert (await refused(check, bearer(signed("key-2")))).status == 503
    assert (await refused(check, bearer(signed("key-2", n=2)))).status == 503
    await check.verify(bearer())  # the known key still serves


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        [],
        "text",
        {"jwks_uri": None},
        {"jwks_uri": ["x"]},
        {"jwks_uri": "https://evil.example/keys"},
        {"jwks_uri": "http://login.botframework.com/v1/.well-known/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "https://login.botframework.com/elsewhere"},
    ],
)
async def test_odd_metadata_is_503_and_leads_nowhere_else(check: TokenCheck, server: KeyServer, metadata: Any) -> None:
    server.metadata = metadata
    assert (await refused(check, bearer())).status == 503
    assert all(url.startswith("https://login.botframework.com/") for url in server.asked)


BAD_JWKS: list[Any] = [
    None,
    "x",
    7,
    [],
    [None, 1, "x", []],
    [{"kty": "RSA", "kid": "key-1"}],
    [{"kty": "RSA", "kid": "key-1", "n": 5, "e": []}],
    [{"kty": "oct", "kid": "key-1", "k": "c2VjcmV0"}],
    [public_jwk("key-1") | {"kid": None}],
    [public_jwk("key-1") | {"use": "enc"}],
    [public_jwk("key-1") | {"n": b64(b"\x80" + bytes(60) + b"\x01")}],  # 488 bits
]


@pytest.mark.parametrize("jwks", BAD_JWKS)
async def test_unusable_keys_are_503(check: TokenCheck, server: KeyServer, jwks: Any) -> None:
    server.jwks = jwks
    assert (await refused(check, bearer())).status == 503


async def test_a_broken_key_beside_a_good_one_is_left_out(check: TokenCheck, server: KeyServer) -> None:
    server.jwks = [*BAD_JWKS[4], *BAD_JWKS[5], public_jwk("key-1")]
    assert (await check.verify(bearer())).kid == "key-1"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 what is waited for is the key server's, which has no event for it
            await asyncio.sleep(0)
