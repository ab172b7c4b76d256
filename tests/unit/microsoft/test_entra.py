"""bot.microsoft.entra: tokens and sign-ins, with msal talking to a small Entra in memory."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from bot.errors import AlertDeskError, ConfigError, MissingMfa, Refused, Transient, UserError
from bot.microsoft.entra import (
    CertificateCredential,
    Entra,
    EntraConfig,
    ManagedIdentityCredential,
    SecretCredential,
)
from bot.net.sync_http import SyncHttp
from tests.support.outbound import START, StepClock
from tests.support.until import until

APP = "11111111-1111-4111-8111-111111111111"
TENANT = "22222222-2222-4222-8222-222222222222"
OTHER = "33333333-3333-4333-8333-333333333333"
PERSON = "44444444-4444-4444-8444-444444444444"
SCOPE = "https://graph.microsoft.com/.default"
LOGIN = "https://login.microsoftonline.com"
SANDBOX = "http://127.0.0.1:9/entra"
CALLBACK = "https://bot.example.com/auth/callback"


class SmallEntra:
    """Discovery and the token endpoint below `base`. `refusal` is an error answer for the next requests."""

    def __init__(self, base: str = LOGIN, answer: httpx.Response | None = None) -> None:
        self.base = base
        self.answer = answer
        self.claims: dict[str, Any] = {}
        self.nonce = ""
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.waiting = threading.Event()
        self.gate: threading.Event | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self.asked.append(url)
        tenant = next((name for name in (TENANT, OTHER) if f"/{name}/" in url), None)
        if tenant is None:
            return httpx.Response(400, json={"error": "invalid_tenant", "error_codes": [90002]})
        start = f"{self.base}/{tenant}"
        if url == f"{start}/v2.0/.well-known/openid-configuration":
            return httpx.Response(
                200,
                json={
                    "issuer": f"{start}/v2.0",
                    "authorization_endpoint": f"{start}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{start}/oauth2/v2.0/token",
                },
            )
        assert url == f"{start}/oauth2/v2.0/token"
        if self.gate is not None:
            self.waiting.set()
            self.gate.wait(10)
        self.forms.append(dict(parse_qsl(request.content.decode())))
        if self.answer is not None:
            return self.answer
        body: dict[str, Any] = {"token_type": "Bearer", "access_token": f"token-{len(self.forms)}", "expires_in": 3600}
        if self.forms[-1]["grant_type"] == "authorization_code":
            claims = {
                "aud": APP,
                "iss": f"{start}/v2.0",
                "tid": tenant,
                "oid": PERSON,
                "sub": "s",
                "name": "Ada",
                "exp": (START + timedelta(hours=1)).timestamp(),
                "nonce": self.nonce,
                **self.claims,
            }
            body["id_token"] = f"e30.{_segment(claims)}.sig"
        return httpx.Response(200, json=body)

    @property
    def token_requests(self) -> int:
        return len(self.forms)


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class Desk:
    """An Entra adapter on a small Entra, with the clock that both go by."""

    def __init__(self) -> None:
        self.clock = StepClock()
        self.clients: list[SyncHttp] = []

    def entra(
        self,
        server: SmallEntra,
        credential: SecretCredential | CertificateCredential | ManagedIdentityCredential | None = None,
    ) -> Entra:
        loopback = server.base.startswith("http:")
        http = SyncHttp(self.clock, loopback=loopback, transport=httpx.MockTransport(server))
        self.clients.append(http)
        config = EntraConfig(APP, TENANT, server.base, credential or SecretCredential("hush"), loopback=loopback)
        return Entra(config, http, self.clock)


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    for client in desk.clients:
        client.close()


@pytest.mark.parametrize(
    "base", [LOGIN, "https://login.microsoftonline.us", SANDBOX, "https://login.example.com/entra"]
)
async def test_asks_the_configured_address_and_no_other(desk: Desk, base: str) -> None:
    server = SmallEntra(base)
    assert await desk.entra(server).app(TENANT, SCOPE) == "token-1"
    assert server.asked == [
        f"{base}/{TENANT}/v2.0/.well-known/openid-configuration",
        f"{base}/{TENANT}/oauth2/v2.0/token",
    ]
    form = server.forms[0]
    assert form["client_id"] == APP
    assert form["client_secret"] == "hush"
    assert form["scope"] == SCOPE
    assert form["grant_type"] == "client_credentials"


async def test_a_token_is_kept_until_shortly_before_its_end(desk: Desk) -> None:
    server = SmallEntra()
    entra = desk.entra(server)
    assert [await entra.app(TENANT, SCOPE) for _ in range(3)] == ["token-1"] * 3
    desk.clock.forward(3600 - 301)
    assert await entra.app(TENANT, SCOPE) == "token-1"
    desk.clock.forward(2)
    assert await entra.app(TENANT, SCOPE) == "token-2"
    assert server.token_requests == 2


async def test_each_tenant_and_scope_has_its_own(desk: Desk) -> None:
    entra = desk.entra(SmallEntra())
    tokens = {await entra.app(tenant, scope) for tenant in (TENANT, OTHER) for scope in (SCOPE, "https://x/.default")}
    assert len(tokens) == 4


async def test_fresh_drops_the_kept_one(desk: Desk) -> None:
    entra = desk.entra(SmallEntra())
    assert await entra.app(TENANT, SCOPE) == "token-1"
    assert await entra.app(TENANT, SCOPE, fresh=True) == "token-2"
    assert await entra.app(TENANT, SCOPE) == "token-2"


async def test_many_at_once_share_one_request(desk: Desk) -> None:
    server = SmallEntra()
    entra = desk.entra(server)
    assert set(await asyncio.gather(*(entra.app(TENANT, SCOPE) for _ in range(20)))) == {"token-1"}
    fresh = await asyncio.gather(*(entra.app(TENANT, SCOPE, fresh=True) for _ in range(20)))
    assert set(fresh) == {"token-2"}
    assert server.token_requests == 2


async def test_the_loop_goes_on_while_msal_waits(desk: Desk) -> None:
    server = SmallEntra()
    server.gate = threading.Event()
    asked = asyncio.create_task(desk.entra(server).app(TENANT, SCOPE))
    assert await asyncio.to_thread(server.waiting.wait, 10)
    assert not asked.done()
    server.gate.set()
    assert await asked == "token-1"


async def test_whoever_gives_up_leaves_no_more_than_four_threads_behind(desk: Desk) -> None:
    """A thread cannot be stopped: what waits for one must wait, and what nobody waits for any more never begins."""
    apps, gate, threads = desk.entra(SmallEntra()).apps, threading.Event(), set[int]()
    about: ContextVar[str] = ContextVar("about", default="nothing")
    about.set("ada")

    def hang() -> None:
        threads.add(threading.get_ident())
        gate.wait(10)

    clicks = [asyncio.create_task(apps.in_thread(hang)) for _ in range(20)]
    await until(lambda: len(threads) == 4)
    for click in clicks:
        click.cancel()
    await asyncio.gather(*clicks, return_exceptions=True)
    later = asyncio.create_task(apps.in_thread(about.get))
    assert await asyncio.wait_for(asyncio.to_thread(lambda: "an address"), 5) == "an address"
    assert not later.done()
    gate.set()
    assert await later == "ada", "what is logged in a thread says whom it is about"
    assert len(threads) == 4


async def test_an_outage_is_bridged_by_the_token_in_hand(desk: Desk) -> None:
    server = SmallEntra()
    entra = desk.entra(server)
    assert await entra.app(TENANT, SCOPE) == "token-1"
    server.answer = httpx.Response(503, headers={"retry-after": "9"})
    desk.clock.forward(3600 - 100)
    assert await entra.app(TENANT, SCOPE) == "token-1"
    with pytest.raises(Transient):
        await entra.app(TENANT, SCOPE, fresh=True)
    desk.clock.forward(200)
    with pytest.raises(Transient) as caught:
        await entra.app(TENANT, SCOPE)
    assert caught.value.retry_after == 9.0


def refusal(number: int, error: str = "invalid_grant", status: int = 400, **more: Any) -> httpx.Response:
    return httpx.Response(
        status,
        json={"error": error, "error_codes": [number], "error_description": f"AADSTS{number}: <b>words</b>", **more},
    )


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (refusal(7000215, "invalid_client", 401), ConfigError, "ALERTDESK_APP_SECRET is wrong"),
        (refusal(7000222, "invalid_client", 401), ConfigError, "has expired"),
        (refusal(700027, "invalid_client", 401), ConfigError, "certificate"),
        (refusal(700024, "invalid_client", 401), ConfigError, "clock"),
        (refusal(700213, "invalid_client", 401), ConfigError, "federated credential"),
        (refusal(7000999, "invalid_client", 401), ConfigError, "ALERTDESK_APP_ID"),
        (refusal(90002, "invalid_request"), ConfigError, "tenant is not known"),
        (refusal(1002012, "invalid_scope"), ConfigError, "scope"),
        (refusal(700016, "unauthorized_client"), Refused, "consent"),
        (refusal(65001), Refused, "consent"),
        (refusal(50076, claims='{"access_token":{}}'), MissingMfa, "multi-factor"),
        (refusal(50079, "interaction_required"), MissingMfa, "multi-factor"),
        (refusal(53003), Refused, "Conditional Access"),
        (refusal(123456), Refused, "AADSTS123456"),
        (refusal(90033, "temporarily_unavailable"), Transient, "busy"),
        (httpx.Response(429, headers={"retry-after": "3"}), Transient, "429"),
        (httpx.Response(500), Transient, "500"),
        (httpx.Response(200, text="<html>"), Transient, "nonsense"),
        (httpx.Response(200, json=[]), Transient, "nonsense"),
        (httpx.Response(200, json={"access_token": 7}), Refused, "no code"),
        (httpx.Response(400, json={"error_codes": "x", "error": {}}), AlertDeskError, ""),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value)[:40],
)
async def test_each_refusal_says_who_must_act(
    desk: Desk, answer: httpx.Response, kind: type[AlertDeskError], says: str
) -> None:
    with pytest.raises(kind) as caught:
        await desk.entra(SmallEntra(answer=answer)).app(TENANT, SCOPE)
    assert says in str(caught.value)
    assert "<b>" not in str(caught.value)
    assert "hush" not in str(caught.value)
    if kind is Refused:
        assert not isinstance(caught.value, MissingMfa)


async def test_a_tenant_that_is_not_there_is_a_wrong_setting(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="does not know tenant"):
        await desk.entra(SmallEntra()).app("55555555-5555-4555-8555-555555555555", SCOPE)


async def test_a_failure_is_not_kept(desk: Desk) -> None:
    server = SmallEntra(answer=httpx.Response(503))
    entra = desk.entra(server)
    with pytest.raises(Transient):
        await entra.app(TENANT, SCOPE)
    server.answer = None
    assert await entra.app(TENANT, SCOPE) == "token-2"


async def test_a_token_that_was_not_had_leaves_nothing_in_doubt(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that breaks while a token is asked for: the cancel that it was for was never sent."""
    server = SmallEntra()
    entra = desk.entra(server)

    answers = SmallEntra.__call__

    def breaks(self: SmallEntra, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            raise httpx.ReadError("the connection broke")
        return answers(self, request)

    monkeypatch.setattr(SmallEntra, "__call__", breaks)
    with pytest.raises(Transient) as caught:
        await entra.app(TENANT, SCOPE)
    assert not caught.value.in_doubt


def test_a_regional_setting_of_msal_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSAL_FORCE_REGION", "westeurope")
    server = SmallEntra()
    assert asyncio.run(desk.entra(server).app(TENANT, SCOPE)) == "token-1"
    assert {urlsplit(url).hostname for url in server.asked} == {"login.microsoftonline.com"}


def test_secrets_are_not_shown() -> None:
    config = EntraConfig(APP, TENANT, LOGIN, SecretCredential("hush"))
    assert "hush" not in repr(config)
    assert "hush" not in repr(CertificateCredential("/x.pfx", "hush"))


# Certificates and managed identities ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def key_and_certificate() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "desk")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def write_credential(
    path: Path, kind: str, made: tuple[rsa.RSAPrivateKey, x509.Certificate], password: str
) -> CertificateCredential:
    key, certificate = made
    if kind == "pfx":
        content = pkcs12.serialize_key_and_certificates(
            b"desk", key, certificate, None, serialization.BestAvailableEncryption(password.encode())
        )
    else:
        encryption: serialization.KeySerializationEncryption = (
            serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
        )
        content = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        ) + certificate.public_bytes(serialization.Encoding.PEM)
    path.write_bytes(content)
    return CertificateCredential(str(path), password)


@pytest.mark.parametrize(("kind", "password"), [("pfx", "word"), ("pem", ""), ("pem", "word")])
async def test_a_certificate_signs_the_assertion(
    desk: Desk,
    tmp_path: Path,
    key_and_certificate: tuple[rsa.RSAPrivateKey, x509.Certificate],
    kind: str,
    password: str,
) -> None:
    server = SmallEntra()
    credential = write_credential(tmp_path / "credential", kind, key_and_certificate, password)
    assert await desk.entra(server, credential).app(TENANT, SCOPE) == "token-1"
    header = json.loads(base64.urlsafe_b64decode(server.forms[0]["client_assertion"].split(".")[0] + "=="))
    thumbprint = base64.urlsafe_b64encode(key_and_certificate[1].fingerprint(hashes.SHA256())).rstrip(b"=").decode()
    assert header["x5t#S256"].rstrip("=") == thumbprint
    assert "client_secret" not in server.forms[0]


async def test_an_unusable_certificate_is_a_wrong_setting(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="CERTIFICATE_PATH cannot be read"):
        desk.entra(SmallEntra(), CertificateCredential(str(tmp_path / "none.pfx")))
    broken = tmp_path / "broken.pfx"
    broken.write_bytes(b"nothing of the kind")
    with pytest.raises(ConfigError, match="credential cannot be used"):
        await desk.entra(SmallEntra(), CertificateCredential(str(broken))).app(TENANT, SCOPE)


class Machine:
    """The metadata address of a container, beside a small Entra."""

    def __init__(self, server: SmallEntra, answer: httpx.Response) -> None:
        self.base = server.base
        self.server = server
        self.answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "169.254.8.8":
            assert request.headers["x-identity-header"] == "whoami"
            assert parse_qs(request.url.query.decode())["client_id"] == ["identity-1"]
            return self.answer
        return self.server(request)


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://169.254.8.8:42/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "whoami")
    monkeypatch.delenv("IDENTITY_SERVER_THUMBPRINT", raising=False)


@pytest.mark.usefixtures("container")
async def test_a_managed_identity_is_the_credential(desk: Desk) -> None:
    server = SmallEntra()
    identity = httpx.Response(200, json={"access_token": "who-i-am", "expires_on": "99999999999", "resource": "r"})
    machine: Any = Machine(server, identity)
    assert await desk.entra(machine, ManagedIdentityCredential("identity-1")).app(TENANT, SCOPE) == "token-1"
    assert server.forms[0]["client_assertion"] == "who-i-am"


@pytest.mark.usefixtures("container")
async def test_a_machine_without_the_identity_is_a_wrong_setting(desk: Desk) -> None:
    machine: Any = Machine(SmallEntra(), httpx.Response(400, json={"statusCode": 400, "message": "no such identity"}))
    with pytest.raises(ConfigError, match="managed identity"):
        await desk.entra(machine, ManagedIdentityCredential("identity-1")).app(TENANT, SCOPE)


# Sign-in -------------------------------------------------------------------------------------------------------------


async def begin(entra: Entra, server: SmallEntra) -> tuple[dict[str, str], dict[str, Any]]:
    address, flow = await entra.begin(TENANT, "state-1", CALLBACK)
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    server.nonce = query["nonce"]
    return query, json.loads(json.dumps(flow))


@pytest.mark.parametrize("base", [LOGIN, SANDBOX])
async def test_sign_in_with_pkce(desk: Desk, base: str) -> None:
    server = SmallEntra(base)
    entra = desk.entra(server)
    address, kept = await entra.begin(TENANT, "state-1", CALLBACK)
    assert address.startswith(f"{base}/{TENANT}/oauth2/v2.0/authorize?")
    query, flow = await begin(entra, server)
    assert set(query["scope"].split()) == {"openid", "profile"}
    assert query["response_mode"] == "query"
    assert (query["prompt"], query["state"], query["redirect_uri"]) == ("select_account", "state-1", CALLBACK)
    assert query["code_challenge_method"] == "S256"
    assert kept["tenant_id"] == TENANT
    person = await entra.complete(flow, {"code": "c-1", "state": "state-1", "session_state": "x"})
    assert (person.person_id, person.tenant_id, person.name) == (PERSON, TENANT, "Ada")
    form = server.forms[0]
    proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
    assert proof == query["code_challenge"]
    assert (form["code"], form["redirect_uri"]) == ("c-1", CALLBACK)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": OTHER},
        {"tid": OTHER},
        {"iss": f"{LOGIN}/{OTHER}/v2.0"},
        {"iss": ""},
        {"exp": (START - timedelta(minutes=6)).timestamp()},
        {"exp": "never"},
        {"oid": None},
        {"nonce": "another"},
    ],
    ids=lambda claims: str(claims)[:40],
)
async def test_an_identity_token_that_is_not_for_us_is_refused(desk: Desk, claims: dict[str, Any]) -> None:
    server = SmallEntra()
    entra = desk.entra(server)
    _, flow = await begin(entra, server)
    server.claims = claims
    with pytest.raises(UserError):
        await entra.complete(flow, {"code": "c", "state": "state-1"})


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "access_denied", "error_description": "<script>", "state": "state-1"},
        {"code": "c", "state": "another"},
        {"code": "c"},
        {"state": "state-1"},
        {},
        {"client_info": "%%%", "state": "state-1"},
    ],
    ids=str,
)
async def test_an_answer_that_does_not_fit_is_refused(desk: Desk, answer: dict[str, str]) -> None:
    server = SmallEntra()
    entra = desk.entra(server)
    _, flow = await begin(entra, server)
    with pytest.raises(UserError) as caught:
        await entra.complete(flow, answer)
    assert "<script>" not in str(caught.value)
    assert server.forms == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal(54005), UserError),
        (refusal(70008), UserError),
        (refusal(501481), UserError),
        (refusal(50076), UserError),
        (refusal(7000222, "invalid_client", 401), ConfigError),
        (httpx.Response(503), Transient),
    ],
    ids=["redeemed", "expired", "pkce", "mfa", "our-secret", "away"],
)
async def test_refused_codes(desk: Desk, answer: httpx.Response, kind: type[AlertDeskError]) -> None:
    server = SmallEntra()
    entra = desk.entra(server)
    _, flow = await begin(entra, server)
    server.answer = answer
    with pytest.raises(kind):
        await entra.complete(flow, {"code": "c", "state": "state-1"})
