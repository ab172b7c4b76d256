"""Certificates and signed deliveries of a made-up Partner Center, right ones and wrong ones, and a server that gives
the certificates out and counts."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

MICROSOFT = "Microsoft Corporation"
SUBSCRIPTION = "c0ffee00-0000-4000-8000-000000000001"
GENUINE = "pcnotifications-dispatch.microsoft.com.cer"


def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The same key for the same name in this process: making one is slow."""
    return _rsa_key(name, bits)


@cache
def _rsa_key(name: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _name(organization: str | None, common_name: str) -> x509.Name:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization is not None:
        names.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(names)


def _usage(*, sign: bool, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(sign, False, False, False, False, authority, authority, False, False)


def certificate(
    subject: x509.Name,
    key: Any,
    issuer: x509.Name,
    issuer_key: rsa.RSAPrivateKey,
    begins: datetime,
    ends: datetime,
    *,
    authority: bool = False,
    sign: bool = True,
    purposes: tuple[x509.ObjectIdentifier, ...] = (),
    demand: x509.UnrecognizedExtension | None = None,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(_usage(sign=sign, authority=authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if demand is not None:
        builder = builder.add_extension(demand, critical=True)
    return builder.sign(issuer_key, SHA256())


class Authorities:
    """A root, an issuing authority below it, and the certificates that it gives out. `now` is in the middle of all."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.root_name, self.issuing_name = _name("Trust Services", "Root"), _name(MICROSOFT, "Issuing CA")
        long = (now - timedelta(days=1000), now + timedelta(days=1000))
        root_key, issuing_key = rsa_key("root"), rsa_key("issuing")
        self.root = certificate(self.root_name, root_key, self.root_name, root_key, *long, authority=True)
        # Microsoft's issuing authorities say that they are for the names of servers alone.
        servers = (ExtendedKeyUsageOID.SERVER_AUTH,)
        self.issuing = certificate(
            self.issuing_name, issuing_key, self.root_name, root_key, *long, authority=True, purposes=servers
        )

    def leaf(
        self,
        *,
        organization: str | None = MICROSOFT,
        key: str = "leaf",
        begins: timedelta = timedelta(days=-10),
        ends: timedelta = timedelta(days=90),
        issuer_key: str = "issuing",
        authority: bool = False,
        sign: bool = True,
        bits: int = 2048,
    ) -> x509.Certificate:
        return certificate(
            _name(organization, "pcnotifications-dispatch.microsoft.com"),
            rsa_key(key, bits),
            self.issuing_name,
            rsa_key(issuer_key),
            self.now + begins,
            self.now + ends,
            authority=authority,
            sign=sign,
        )

    def self_signed(self, key: str = "leaf") -> x509.Certificate:
        name = _name(MICROSOFT, "pcnotifications-dispatch.microsoft.com")
        span = (self.now - timedelta(days=10), self.now + timedelta(days=90))
        return certificate(name, rsa_key(key), name, rsa_key(key), *span)

    def elliptic(self) -> x509.Certificate:
        """Good in everything but the kind of its key."""
        name = _name(MICROSOFT, "pcnotifications-dispatch.microsoft.com")
        span = (self.now - timedelta(days=10), self.now + timedelta(days=90))
        return certificate(name, ec.generate_private_key(ec.SECP256R1()), self.issuing_name, rsa_key("issuing"), *span)

    def anchors_pem(self) -> bytes:
        return self.root.public_bytes(Encoding.PEM)

    def genuine_pem(self, leaf: x509.Certificate | None = None) -> bytes:
        """The signer's certificate (a good one by default) and the one that issued it."""
        return b"".join(each.public_bytes(Encoding.PEM) for each in (leaf or self.leaf(), self.issuing))


def event(now: datetime, name: str = "azure-fraud-event-detected", **more: Any) -> bytes:
    """https://learn.microsoft.com/partner-center/developer/partner-center-webhook-events"""
    return json.dumps(
        {
            "EventName": name,
            "ResourceUri": "https://api.partnercenter.microsoft.com/v1/fraudEvents"
            f"?SubscriptionId={SUBSCRIPTION}&EventStatus=Active",
            "AuditUri": None,
            "ResourceChangeUtcDate": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}1+00:00",
            **more,
        }
    ).encode()


def sign(body: bytes, key: str = "leaf", algorithm: HashAlgorithm | None = None) -> str:
    return base64.b64encode(rsa_key(key).sign(body, PKCS1v15(), algorithm or SHA256())).decode()


def headers(
    body: bytes,
    url: str,
    *,
    key: str = "leaf",
    form: str = "Authorization",
    algorithm: str = "rsa-sha256",
    signature: str | None = None,
) -> dict[str, str]:
    return {
        "Content-Type": "application/json; charset=utf-8",
        form: f"Signature {signature if signature is not None else sign(body, key)}",
        "X-MS-Certificate-Url": url,
        "X-MS-Signature-Algorithm": algorithm,
    }


@dataclass
class CertificateServer:
    """`files` by name below /cert/. `asked` counts. A name that begins with `never` is never answered, one that begins
    with `away` redirects to the genuine one, `huge` is 5 MB, `broken` is HTTP 503."""

    server: TestServer
    files: dict[str, bytes]
    asked: Counter[str] = field(default_factory=Counter)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, name: str = GENUINE) -> str:
        return f"http://127.0.0.1:{self.server.port}/cert/{name}"


@asynccontextmanager
async def certificate_server(files: dict[str, bytes]) -> AsyncIterator[CertificateServer]:
    async def give(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        built.asked[name] += 1
        if name.startswith("never"):
            await built.closing.wait()
        if name.startswith("away"):
            raise web.HTTPFound(built.url())
        if name.startswith("broken"):
            raise web.HTTPServiceUnavailable
        content = b"0" * 5_000_000 if name.startswith("huge") else built.files.get(name)
        if content is None:
            raise web.HTTPNotFound
        return web.Response(body=content, content_type="application/pkix-cert")

    app = web.Application()
    app.router.add_get("/cert/{name}", give)
    built = CertificateServer(TestServer(app, host="127.0.0.1"), files)
    await built.server.start_server()
    try:
        yield built
    finally:
        built.closing.set()
        await built.server.close()
