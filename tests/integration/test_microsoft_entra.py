"""bot.microsoft.entra against the sandbox's Entra: every credential, the sign-in, and its refusals."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.errors import ConfigError, Transient, UserError
from bot.microsoft.entra import CertificateCredential, ManagedIdentityCredential, SecretCredential
from tests.support.microsoft_sandbox import Desk, desk_on_sandbox

CALLBACK = "http://127.0.0.1:3978/auth/callback"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with desk_on_sandbox() as desk:
        yield desk


def claims(token: str) -> dict[str, object]:
    return jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize("service", ["graph", "partnercenter"])
async def test_app_tokens_of_each_tenant(desk: Desk, service: str) -> None:
    for partner in desk.partners:
        found = claims(await desk.entra.app(partner.tenant_id, f"{desk.cloud.base_url}/{service}/.default"))
        assert found["tid"] == partner.tenant_id
        assert found["idtyp"] == "app"


async def test_a_token_for_the_connector(desk: Desk) -> None:
    tenant = desk.cloud.world.app.tenant_id
    token = await desk.entra.app(tenant, "https://api.botframework.com/.default")
    assert claims(token)["aud"] == "https://api.botframework.com"
    assert await desk.entra.app(tenant, "https://api.botframework.com/.default") == token
    renewed = await desk.entra.app(tenant, "https://api.botframework.com/.default", fresh=True)
    assert renewed != token
    assert len(desk.asked("entra", "POST")) == 2


async def test_a_certificate(desk: Desk, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "desk")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "desk.pem"
    path.write_bytes(private + public)
    tenant, scope = desk.partners[0].tenant_id, f"{desk.cloud.base_url}/graph/.default"
    with pytest.raises(ConfigError, match="certificate"):
        await desk.entra_with(CertificateCredential(str(path))).app(tenant, scope)
    desk.cloud.entra.add_certificate(public)
    token = await desk.entra_with(CertificateCredential(str(path))).app(tenant, scope)
    assert claims(token)["tid"] == tenant


async def test_a_managed_identity(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{desk.cloud.base_url}/entra/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", desk.cloud.entra.identity_header)
    entra = desk.entra_with(ManagedIdentityCredential("11111111-1111-4111-8111-111111111111"))
    tenant = desk.partners[1].tenant_id
    assert claims(await entra.app(tenant, f"{desk.cloud.base_url}/graph/.default"))["tid"] == tenant


async def test_wrong_settings_are_named(desk: Desk) -> None:
    tenant, scope = desk.partners[0].tenant_id, f"{desk.cloud.base_url}/graph/.default"
    with pytest.raises(ConfigError, match="ALERTDESK_APP_SECRET is wrong"):
        await desk.entra_with(SecretCredential("guessed")).app(tenant, scope)
    with pytest.raises(ConfigError, match="does not know tenant"):
        await desk.entra.app("55555555-5555-4555-8555-555555555555", scope)
    with pytest.raises(ConfigError, match="scope"):
        await desk.entra.app(tenant, "https://unknown.example.com/.default")


async def test_entra_away(desk: Desk) -> None:
    tenant, scope = desk.partners[0].tenant_id, f"{desk.cloud.base_url}/graph/.default"
    desk.cloud.faults.add({"service": "entra", "action": {"status": 429, "retry_after": 8}, "times": 1})
    with pytest.raises(Transient) as caught:
        await desk.entra.app(tenant, scope)
    assert caught.value.retry_after == 8.0
    desk.cloud.faults.add({"service": "entra", "method": "POST", "action": {"drop": "before"}, "times": 1})
    with pytest.raises(Transient):
        await desk.entra.app(tenant, scope)
    assert claims(await desk.entra.app(tenant, scope))["tid"] == tenant


async def browser(address: str, **choice: str) -> dict[str, str]:
    """What the page that the browser is sent back to gets."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(address, params=dict(parse_qsl(urlsplit(address).query)) | choice)
    assert answer.status_code == 302, answer.text
    back = answer.headers["location"]
    assert back.startswith(f"{CALLBACK}?")
    return dict(parse_qsl(urlsplit(back).query))


async def test_a_person_signs_in(desk: Desk) -> None:
    tenant, ada = desk.partners[0].tenant_id, desk.cloud.world.people["ada"]
    address, flow = await desk.entra.begin(tenant, "state-1", CALLBACK)
    assert address.startswith(f"{desk.cloud.base_url}/entra/{tenant}/oauth2/v2.0/authorize?")
    answer = await browser(address, sandbox_person="ada")
    signed_in = await desk.entra.complete(flow, answer)
    assert (signed_in.person_id, signed_in.tenant_id, signed_in.name) == (ada.aad_object_id, tenant, ada.name)
    with pytest.raises(UserError, match="AADSTS54005"):
        await desk.entra.complete(flow, answer)


async def test_a_sign_in_that_does_not_fit(desk: Desk) -> None:
    tenant = desk.partners[0].tenant_id
    address, flow = await desk.entra.begin(tenant, "state-1", CALLBACK)
    _, other = await desk.entra.begin(tenant, "state-1", CALLBACK)
    with pytest.raises(UserError):
        await desk.entra.complete(flow, await browser(address, sandbox_person="ada", sandbox_answer="decline"))
    with pytest.raises(UserError, match="AADSTS501481"):
        await desk.entra.complete(other, await browser(address, sandbox_person="ada"))
    with pytest.raises(UserError, match="belongs to another"):
        await desk.entra.complete(flow, {**await browser(address, sandbox_person="ada"), "state": "state-2"})


async def test_an_old_identity_token_is_refused(desk: Desk) -> None:
    address, flow = await desk.entra.begin(desk.partners[0].tenant_id, "state-1", CALLBACK)
    answer = await browser(address, sandbox_person="ada")
    desk.clock.forward(time.time() + 3600 + 301 - desk.clock.now().timestamp() + 5)
    with pytest.raises(UserError, match="does not say who you are"):
        await desk.entra.complete(flow, answer)
