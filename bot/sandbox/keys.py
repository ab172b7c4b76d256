"""The keys the sandbox signs with: tokens of Entra and Bot Framework, Partner Center webhooks.

RSA keys are made once per process and shared by all clouds in it (making one costs a tenth of a second).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

WEBHOOK_CERTIFICATE = "pcnotifications-dispatch.microsoft.com"


@dataclass(frozen=True)
class SigningKey:
    """One RSA key and the name (`kid`) under which its public half is published."""

    kid: str
    private: rsa.RSAPrivateKey

    def jwk(self, **extra: Any) -> dict[str, Any]:
        """The public half as a JSON Web Key (RFC 7517); `extra` adds members such as `endorsements` or `issuer`."""
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "x5t": self.kid,
            "n": _base64url(numbers.n),
            "e": _base64url(numbers.e),
            **extra,
        }


class KeyRing:
    """The signing keys of one issuer, newest last; old ones stay published after `rotate()`."""

    def __init__(self, purpose: str) -> None:
        self._purpose = purpose
        self.keys = [_signing_key(purpose, 0)]

    @property
    def current(self) -> SigningKey:
        return self.keys[-1]

    def rotate(self, *, keep_old: bool = True) -> SigningKey:
        """Sign with a new key from now on; without `keep_old` the earlier ones are no longer published."""
        fresh = _signing_key(self._purpose, int(self.current.kid.rsplit("-", 1)[1]) + 1)
        self.keys = [*self.keys, fresh] if keep_old else [fresh]
        return fresh

    def unpublished(self) -> SigningKey:
        """A key that is in no key set: for tokens with an unknown `kid`."""
        return _signing_key(f"{self._purpose}-unpublished", 0)


@dataclass(frozen=True)
class WebhookSigner:
    """Signs Partner Center callbacks and holds the certificate chain root -> issuing CA -> leaf.

    https://learn.microsoft.com/partner-center/developer/partner-center-webhooks
    """

    private: rsa.RSAPrivateKey
    leaf: x509.Certificate
    issuing: x509.Certificate
    root: x509.Certificate

    def sign(self, body: bytes) -> str:
        """The base64 RSA PKCS#1 v1.5 SHA-256 signature of the raw body (`X-MS-Signature-Algorithm: rsa-sha256`)."""
        return base64.b64encode(self.private.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()

    def file(self, name: str) -> bytes | None:
        """What `GET /cert/{name}` serves: `.cer` files are DER, `ca.pem` holds the root and the issuing CA."""
        files = {
            f"{WEBHOOK_CERTIFICATE}.cer": self.leaf.public_bytes(Encoding.DER),
            "issuing.cer": self.issuing.public_bytes(Encoding.DER),
            "root.cer": self.root.public_bytes(Encoding.DER),
            "ca.pem": self.root.public_bytes(Encoding.PEM) + self.issuing.public_bytes(Encoding.PEM),
        }
        return files.get(name)


class Keys:
    """All keys of one cloud."""

    def __init__(self) -> None:
        self.entra = KeyRing("entra")
        self.bot_framework = KeyRing("botframework")

    @property
    def webhook(self) -> WebhookSigner:
        return _webhook_signer()


def derived_key(seed: int, purpose: str) -> str:
    """An insecure development key that is the same for a seed: base64 of 32 bytes."""
    return base64.b64encode(hashlib.sha256(f"insecure-{purpose}-{seed}".encode()).digest()).decode()


@cache
def _rsa(purpose: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _signing_key(purpose: str, number: int) -> SigningKey:
    return SigningKey(f"sandbox-{purpose}-{number}", _rsa(f"{purpose}-{number}"))


def _base64url(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


@cache
def _webhook_signer() -> WebhookSigner:
    # The bot checks validity against the real clock, so a frozen sandbox clock must not reach into the certificates.
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    root_name = _name("Sandbox RSA Root Certificate Authority")
    issuing_name = _name("Sandbox Azure RSA TLS Issuing CA 01")
    root_key, issuing_key, leaf_key = _rsa("webhook-root"), _rsa("webhook-issuing"), _rsa("webhook-leaf")
    root = _authority(root_name, root_name, root_key, root_key, start, path_length=1)
    issuing = _authority(issuing_name, root_name, issuing_key, root_key, start, path_length=0)
    leaf = (
        _certificate(_name(WEBHOOK_CERTIFICATE), issuing_name, leaf_key, start, days=365)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(WEBHOOK_CERTIFICATE)]), critical=False)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing_key.public_key()), critical=False)
        .sign(issuing_key, hashes.SHA256())
    )
    return WebhookSigner(leaf_key, leaf, issuing, root)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Microsoft Corporation"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, start: dt.datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _authority(
    subject: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPrivateKey,
    issuer_key: rsa.RSAPrivateKey,
    start: dt.datetime,
    path_length: int,
) -> x509.Certificate:
    return (
        _certificate(subject, issuer, key, start, days=3650)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _usage(*, digital_signature: bool = False, certificates: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )
