"""Partner Center's webhook, over HTTP, on the whole bot: a genuine event is a card within a moment; nothing else is
believed, and nothing that is not believed costs more than a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding

import bot.microsoft.webhook_certificates
from bot.app import entra_config
from bot.settings import load
from bot.webhook import Order, webhook
from tests.support.desk import Desk, running_desk
from tests.support.partner_webhook import (
    GENUINE,
    Authorities,
    CertificateServer,
    certificate_server,
    event,
    headers,
    sign,
)

FORMS = ("Authorization", "x-ms-signature")


@dataclass
class Gate:
    """A bot, the certificates that deliveries to it name, and who gave them out."""

    desk: Desk
    certificates: CertificateServer
    authorities: Authorities

    @property
    def url(self) -> str:
        return f"{self.desk.bot.url}/webhooks/partner-center/{self.desk.partner().tenant_id}"

    async def post(self, body: bytes, given: dict[str, str], url: str = "") -> int:
        async with self.desk.http.post(url or self.url, data=body, headers=given, allow_redirects=False) as answer:
            content = await answer.json()
            assert list(content) == (["status"] if answer.status == 200 else ["error"]), content
            return answer.status

    async def kept(self) -> tuple[Any, Any, int]:
        """What a delivery could have left in the database."""
        async with self.desk.parts.store.read() as tx:
            partner = self.desk.partner().tenant_id
            hint = await tx.syncs.get(f"hint:{partner}")
            return hint, await tx.syncs.get(partner), len(await self.desk.audit())

    def reads(self) -> int:
        return len(self.desk.requests("graph", "GET", "securityAlerts"))


def files(authorities: Authorities) -> dict[str, bytes]:
    der = {
        "other-organization.cer": authorities.leaf(organization="Contoso Ltd"),
        "self-signed.cer": authorities.self_signed(),
        "expired.cer": authorities.leaf(ends=timedelta(days=-1)),
        "not-yet.cer": authorities.leaf(begins=timedelta(days=1)),
        "stranger.cer": authorities.leaf(issuer_key="stranger"),
        "no-chain.cer": authorities.leaf(),  # without the authority that issued it
        "authority.cer": authorities.issuing,
    }
    named = {name: each.public_bytes(Encoding.DER) for name, each in der.items()}
    return {GENUINE: authorities.genuine_pem(), "nonsense.cer": b"<html>not here</html>", **named}


@pytest.fixture
async def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gate]:
    monkeypatch.setattr(bot.microsoft.webhook_certificates, "SECONDS", 1.0)
    # The certificate of every attack is looked at; that looks are bounded is a test of its own.
    monkeypatch.setattr(bot.microsoft.webhook_certificates, "MOST_UNDER_WAY", 8)
    authorities = Authorities(datetime.now(UTC))
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(authorities.anchors_pem())
    async with (
        certificate_server(files(authorities)) as certificates,
        running_desk(tmp_path, history=0, installed=False, WEBHOOK_CA_FILE=str(ca_file)) as desk,
    ):
        yield Gate(desk, certificates, authorities)


def attacks(gate: Gate) -> dict[str, tuple[bytes, dict[str, str]]]:
    """Each is a delivery that must be refused: (body, headers)."""
    body = event(datetime.now(UTC))
    genuine, url = headers(body, gate.certificates.url()), gate.certificates.url
    host = "https://3psostorageacct.blob.core.windows.net"

    def without(name: str) -> dict[str, str]:
        return {key: value for key, value in genuine.items() if key != name}

    found = {
        "nothing at all": (body, {}),
        "empty body": (b"", genuine),
        "body changed": (body.replace(b"Active", b"Closed"), genuine),
        "body with a space more": (body + b" ", genuine),
        "key of another": (body, headers(body, url(), key="another")),
        "signature with SHA-1": (body, headers(body, url(), signature=sign(body, algorithm=SHA1()))),  # noqa: S303
        "signature of another scheme": (body, {**genuine, "Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}),
        "signature that is no base64": (body, headers(body, url(), signature="ä*".encode().hex() + "*")),
        "empty signature": (body, headers(body, url(), signature="")),
        "algorithm none": (body, headers(body, url(), algorithm="none")),
        "algorithm rsa-sha1": (body, headers(body, url(), algorithm="rsa-sha1")),
        "algorithm hmac": (body, headers(body, url(), algorithm="hmac-sha256")),
        "no signature": (body, without("Authorization")),
        "no certificate": (body, without("X-MS-Certificate-Url")),
        "no algorithm": (body, without("X-MS-Signature-Algorithm")),
        "both headers, the first forged": (body, {**genuine, "x-ms-signature": f"Signature {sign(body, 'another')}"}),
        "certificate of another host": (body, headers(body, "https://evil.example/cert/a.cer")),
        "certificate of a host below": (body, headers(body, f"{host}.evil.example/cert/a.cer")),
        "certificate over http": (body, headers(body, f"{host.replace('https', 'http')}/cert/a.cer")),
        "certificate with a query": (body, headers(body, f"{url()}?sv=2020")),
        "certificate with a user": (body, headers(body, url().replace("//", "//user@"))),
        "certificate by another path": (body, headers(body, url().replace("/cert/", "/../cert/"))),
        "certificate of this machine": (body, headers(body, "http://localhost:1/cert/a.cer")),
        "certificate in a file": (body, headers(body, "file:///etc/ssl/cert/a.cer")),
    }
    names = (
        *(name for name in gate.certificates.files if name != GENUINE),
        "missing.cer",
        "away.cer",
        "huge.cer",
        "broken.cer",
        "never.cer",
    )
    return found | {f"certificate {name}": (body, headers(body, url(name))) for name in names}


async def test_every_attack_is_refused_and_leaves_nothing(gate: Gate) -> None:
    before, reads = await gate.kept(), gate.reads()
    wrong = {}
    for name, (body, given) in attacks(gate).items():
        status = await gate.post(body, given)
        expected = (503,) if name in ("certificate broken.cer", "certificate never.cer") else (400, 401, 403)
        if status not in expected:
            wrong[name] = status
    assert wrong == {}
    assert (await gate.kept(), gate.reads()) == (before, reads)
    assert max(gate.certificates.asked.values()) == 1, gate.certificates.asked


@pytest.mark.parametrize("form", FORMS)
async def test_a_genuine_delivery_is_taken_in_both_forms(gate: Gate, form: str) -> None:
    body = event(datetime.now(UTC))
    before = await gate.kept()
    assert await gate.post(body, headers(body, gate.certificates.url(), form=form)) == 200
    assert await gate.kept() != before


async def test_a_replay_changes_nothing(gate: Gate) -> None:
    now = datetime.now(UTC)
    body, old, early = event(now), event(now - timedelta(hours=25)), event(now + timedelta(hours=1))
    for ignored in (old, early):
        before = await gate.kept()
        assert await gate.post(ignored, headers(ignored, gate.certificates.url())) == 200
        assert await gate.kept() == before
    assert await gate.post(body, headers(body, gate.certificates.url())) == 200
    after = await gate.kept()
    for _ in range(20):
        assert await gate.post(body, headers(body, gate.certificates.url())) == 200
    assert await gate.kept() == after


async def test_a_thousand_forged_ones_cost_one_look_and_no_write(gate: Gate) -> None:
    body, before = event(datetime.now(UTC)), await gate.kept()
    given = headers(body, gate.certificates.url(), key="another")
    at_once = asyncio.Semaphore(6)  # fewer than are checked at once, so that all of them are checked

    async def deliver() -> int:
        async with at_once:
            return await gate.post(body, given)

    assert set(await asyncio.gather(*(deliver() for _ in range(1000)))) == {401}
    assert gate.certificates.asked == {GENUINE: 1}
    assert await gate.kept() == before


async def test_too_large_unknown_and_too_many(gate: Gate) -> None:
    body = event(datetime.now(UTC))
    given = headers(body, gate.certificates.url())
    assert await gate.post(b" " * 70_000 + body, given) == 413
    unknown = gate.url[:-4] + "dead"
    assert await gate.post(body, given, unknown) == 404
    assert gate.certificates.asked == {}
    hanging = [
        asyncio.create_task(gate.post(body, headers(body, gate.certificates.url(f"never-{number}.cer"))))
        for number in range(8)
    ]
    await gate.desk.until(lambda: len(gate.certificates.asked) == 8, "eight certificates that are waited for")
    assert await gate.post(body, given) == 429
    assert set(await asyncio.gather(*hanging)) == {503}
    assert await gate.post(body, given) == 200


async def test_a_fraud_event_of_the_sandbox_is_a_card_at_once(tmp_path: Path) -> None:
    """The bot polls once an hour; what brings the card is Partner Center's own delivery, signed by the sandbox."""
    ca_file = tmp_path / "ca.pem"
    async with running_desk(tmp_path, history=0) as desk:
        async with desk.http.get(f"{desk.cloud.base_url}/cert/ca.pem") as answer:
            ca_file.write_bytes(await answer.read())
        began = desk.mark()
        await desk.another(background=True, WEBHOOK_CA_FILE=str(ca_file), POLL_SECONDS="3600", PUBLIC_URL="")
        settings, name = load(desk.settings), desk.partner().name
        assert await webhook(settings, entra_config(settings), Order("register", name)) == 0

        def reads() -> int:
            return len(desk.requests("graph", "GET", "securityAlerts", since=began))

        await desk.until(lambda: reads() >= 2, "the first reading of both partners")
        before = reads()
        alert = await desk.alert()
        await desk.appeared(alert)
        assert [entry.status for entry in desk.requests("webhook")] == [200]
        assert before < reads() <= before + 2, "one more round, not a stream of them"
        assert await webhook(settings, entra_config(settings), Order("test", name)) == 0
        assert [entry.status for entry in desk.requests("webhook")] == [200, 200]
