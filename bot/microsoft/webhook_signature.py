"""Whether a delivery to our webhook was signed by Partner Center: headers, certificate chain, signature. No I/O.

https://learn.microsoft.com/partner-center/developer/partner-center-webhooks documents the check: the certificate is
downloaded, must chain to a trusted root and be Microsoft's, and its key must have signed the body as it was sent. What
is stricter here: where the certificate may come from, and that nothing but `rsa-sha256` is an algorithm. Revocation
is not asked about.
"""

from __future__ import annotations

import base64
import binascii
import re
import ssl
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from bot.domain.webhooks import Forged, Forgery
from bot.errors import ConfigError

ALGORITHM = "rsa-sha256"
ORGANIZATION = "Microsoft Corporation"
LEAST_BITS = 2048
MOST_CERTIFICATES = 8
"""In one file: the signer first, then what its chain may need."""
_LONGEST_CHAIN = 4
_MOST_SIGNATURE = 2048
_SCHEME = "signature "
_NAME = r"/cert/[A-Za-z0-9._-]{1,200}\.cer"
_ADDRESS = re.compile(rf"https://([A-Za-z0-9.-]{{1,253}}){_NAME}")
_LOOPBACK = re.compile(rf"http://127\.0\.0\.1(:[1-9]\d{{0,4}})?{_NAME}")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


def _is_authority(_policy: object, _certificate: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("not an authority")


def _gives_out(_policy: object, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("not a key that signs certificates")


_AUTHORITY = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _gives_out)
)
"""What RFC 5280 asks of whoever gives certificates out. Purposes of TLS are asked of nobody: Microsoft's newer issuing
authorities name servers alone, and this is neither a server nor a client."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the headers of a delivery claim: this signature, by the key of the certificate at this address."""

    signature: bytes
    certificate_url: str


@dataclass(frozen=True, slots=True)
class Signer:
    """A certificate that was found to be Partner Center's, and from when until when all of its chain is valid."""

    key: RSAPublicKey
    begins: datetime
    ends: datetime


def read_claim(headers: Mapping[str, str], cert_hosts: Iterable[str], *, loopback: bool = False) -> Claim:
    """`headers` with names in any case. The signature stands in `x-ms-signature` or in `Authorization`, as the
    registration's SignatureTokenToMsSignatureHeader says. Raises Forged."""
    given = {name.lower(): value.strip() for name, value in headers.items()}
    token = given.get("x-ms-signature") or given.get("authorization", "")
    url, algorithm = given.get("x-ms-certificate-url", ""), given.get("x-ms-signature-algorithm", "")
    if not token or not url or not algorithm:
        raise Forged(
            Forgery.HEADERS,
            "Authorization (or x-ms-signature), X-MS-Certificate-Url and X-MS-Signature-Algorithm are required.",
        )
    if algorithm.lower() != ALGORITHM:
        raise Forged(Forgery.ALGORITHM, f"X-MS-Signature-Algorithm must be {ALGORITHM}.")
    if not is_certificate_address(url, cert_hosts, loopback=loopback):
        raise Forged(Forgery.ADDRESS, "X-MS-Certificate-Url is not where Partner Center's certificates are.")
    if not token.lower().startswith(_SCHEME) or len(token) > _MOST_SIGNATURE:
        raise Forged(Forgery.SIGNATURE, "The signature must be given as: Signature, a space, base64.")
    try:
        signature = base64.b64decode(token[len(_SCHEME) :].strip(), validate=True)
    except (binascii.Error, ValueError):
        raise Forged(Forgery.SIGNATURE, "The signature is no base64.") from None
    return Claim(signature, url)


def is_certificate_address(url: str, cert_hosts: Iterable[str], *, loopback: bool = False) -> bool:
    """https, a host of the list by its exact name, a file below /cert/, and nothing else in it: no port, user, query or
    fragment. With `loopback` also plain http on 127.0.0.1, on any port."""
    if loopback and _LOOPBACK.fullmatch(url):
        return True
    found = _ADDRESS.fullmatch(url)
    return found is not None and found[1].lower() in {host.lower() for host in cert_hosts}


def check_signature(signer: Signer, claim: Claim, body: bytes) -> bool:
    """RSA, PKCS#1 v1.5, SHA-256, over the body's bytes as they came."""
    try:
        signer.key.verify(claim.signature, body, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


class Trust:
    """Which certificates are Partner Center's: those of Microsoft Corporation below one of the `anchors`, by way of
    `intermediates` where the chain needs them."""

    def __init__(self, anchors: Iterable[x509.Certificate], intermediates: Iterable[x509.Certificate] = ()) -> None:
        self._anchors = Store(list(anchors))
        self._intermediates = list(intermediates)

    def signer(self, content: bytes, now: datetime) -> Signer:
        """What a certificate file (DER, or PEM with the signer first) proves now. Raises Forged."""
        found = _read(content)[:MOST_CERTIFICATES]
        if not found:
            raise Forged(Forgery.CERTIFICATE, "There is no certificate at X-MS-Certificate-Url.")
        leaf, further = found[0], found[1:]
        key = leaf.public_key()
        if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_BITS:
            raise Forged(Forgery.CERTIFICATE, f"The certificate's key must be RSA of {LEAST_BITS} bits or more.")
        if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
            raise Forged(Forgery.VALIDITY, "The certificate is not valid now.")
        organizations = [each.value for each in leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
        if organizations != [ORGANIZATION]:
            raise Forged(Forgery.ORGANIZATION, f"The certificate is not one of {ORGANIZATION}.")
        if not _may_sign(leaf):
            raise Forged(Forgery.CERTIFICATE, "The certificate is not one to sign with.")
        policy = (
            PolicyBuilder()
            .store(self._anchors)
            .time(now)
            .max_chain_depth(_LONGEST_CHAIN)
            .extension_policies(ca_policy=_AUTHORITY, ee_policy=ExtensionPolicy.permit_all())
        )
        try:
            chain = policy.build_client_verifier().verify(leaf, [*further, *self._intermediates]).chain
        except (VerificationError, ValueError):
            raise Forged(Forgery.UNTRUSTED, "The certificate's chain does not end at a trusted root.") from None
        if len(chain) < 2 or any(_demands_the_unknown(each) for each in chain):
            raise Forged(Forgery.UNTRUSTED, "The certificate's chain is not one that can be judged.")
        return Signer(
            key,
            max(each.not_valid_before_utc for each in chain),
            min(each.not_valid_after_utc for each in chain),
        )


def load_trust(ca_file: str | None = None) -> Trust:
    """The system's roots, Microsoft's intermediates that are shipped with the program, and as further anchors what
    WEBHOOK_CA_FILE holds. Raises ConfigError where that cannot be read."""
    further: list[x509.Certificate] = []
    if ca_file:
        try:
            further = _read(Path(ca_file).read_bytes())
        except OSError as problem:
            raise ConfigError(f"ALERTDESK_WEBHOOK_CA_FILE: {ca_file} cannot be read ({problem.strerror}).") from None
        if not further:
            raise ConfigError(f"ALERTDESK_WEBHOOK_CA_FILE: {ca_file} holds no certificate.")
    return Trust([*_system_roots(), *further], _shipped())


@cache
def _shipped() -> tuple[x509.Certificate, ...]:
    """They are trusted no further than a root vouches for them."""
    folder = Path(__file__).parents[1] / "package_data" / "microsoft_intermediates"
    return tuple(each for path in sorted(folder.glob("*.crt")) for each in _read(path.read_bytes()))


@cache
def _system_roots() -> tuple[x509.Certificate, ...]:
    """Of the store that this Python's TLS uses: SSL_CERT_FILE and SSL_CERT_DIR where they are set."""
    paths = ssl.get_default_verify_paths()
    files = [Path(paths.cafile)] if paths.cafile else sorted(Path(paths.capath).glob("*.0")) if paths.capath else []
    existing = (path for path in files if path.is_file())
    found = {each.fingerprint(SHA256()): each for path in existing for each in _read(path.read_bytes())}
    return tuple(found.values())


def _read(content: bytes) -> list[x509.Certificate]:
    """The certificates of a file, PEM or DER. What is malformed is left out: some systems carry an old root that is."""
    found = []
    for block in _PEM.findall(content) or [content]:
        load = x509.load_pem_x509_certificate if block is not content else x509.load_der_x509_certificate
        try:
            with warnings.catch_warnings(action="ignore"):
                found.append(load(block))
        except ValueError:
            continue
    return found


def _demands_the_unknown(certificate: x509.Certificate) -> bool:
    """https://www.rfc-editor.org/rfc/rfc5280#section-4.2: who does not know a critical extension must refuse it."""
    return any(each.critical and isinstance(each.value, x509.UnrecognizedExtension) for each in certificate.extensions)


def _may_sign(leaf: x509.Certificate) -> bool:
    """No authority's certificate, and where it says what its key is for, signatures are among it."""
    try:
        with warnings.catch_warnings(action="ignore"):
            extensions = leaf.extensions
    except ValueError:
        return False
    for extension in extensions:
        if isinstance(extension.value, x509.BasicConstraints) and extension.value.ca:
            return False
        if isinstance(extension.value, x509.KeyUsage) and not extension.value.digital_signature:
            return False
    return True
