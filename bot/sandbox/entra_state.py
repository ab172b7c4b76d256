"""What the sandbox's Entra remembers: registration, open sign-ins, refresh tokens, consents. No HTTP in here."""

from __future__ import annotations

import base64
import hashlib
import itertools
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud
    from bot.sandbox.world import Person

MAX_OPEN = 1_000
CODE_LIFETIME = 600.0
DEVICE_LIFETIME = 900.0
REFRESH_LIFETIME = 90 * 86_400.0
OWN_SCOPE = "access_as_user"
DELEGATED: Mapping[str, frozenset[str]] = {
    "graph": frozenset(
        {
            "User.Read",
            "PartnerSecurity.Read.All",
            "PartnerSecurity.ReadWrite.All",
            "GroupMember.Read.All",
            "User.ReadBasic.All",
            "DelegatedAdminRelationship.Read.All",
        }
    ),
    "partnercenter": frozenset({"user_impersonation"}),
    "connector": frozenset(),
}
"""Delegated permissions of the registration, by service."""


@dataclass(frozen=True)
class SignIn:
    """One interactive sign-in: who, in which tenant, by which methods (`amr`)."""

    person: Person
    tenant_id: str
    amr: tuple[str, ...]
    nonce: str | None = None


@dataclass
class Code:
    """An authorization code: single use, bound to a redirect URI and a PKCE challenge."""

    sign_in: SignIn
    scope: str
    redirect_uri: str
    challenge: str | None
    method: str
    expires_at: float
    used: bool = False


@dataclass
class Family:
    """The refresh tokens that follow from one sign-in. Only the newest and the one before it are good."""

    sign_in: SignIn
    expires_at: float
    tokens: list[str] = field(default_factory=list)
    problem: str | None = None


@dataclass
class Device:
    """A device-code sign-in that waits for a person."""

    user_code: str
    tenant_id: str
    scope: str
    expires_at: float
    sign_in: SignIn | None = None
    declined: bool = False


class EntraState:
    """The directory's memory. Times are seconds of the real clock; all tables are bounded."""

    def __init__(self, cloud: Cloud) -> None:
        world = cloud.world
        self.app = world.app
        self.sso_resource = f"api://botid-{self.app.app_id}"
        self.secrets = {self.app.secret}
        self.certificates: dict[str, rsa.RSAPublicKey] = {}
        self.managed_identity = str(uuid5(NAMESPACE_URL, f"managed-identity/{self.app.app_id}"))
        self.identity_header = "insecure-identity-header"
        self.tenants = frozenset(set(world.partners) | {person.tenant_id for person in world.people.values()})
        self.access_lifetime = 3600.0
        self.device_interval = 1
        self.unenrolled: set[str] = {"nora"}
        self._people = {person.aad_object_id: person for person in world.people.values()}
        self._consents: set[tuple[str, str]] = set()
        self._unconsented: set[str] = set()
        self._issues = itertools.count(1)
        self._ended: dict[str, tuple[int, int]] = {}
        self._revoked: dict[str, int] = {}
        self._codes: OrderedDict[str, Code] = OrderedDict()
        self._families: OrderedDict[str, Family] = OrderedDict()
        self._devices: OrderedDict[str, Device] = OrderedDict()

    def service_principal(self, tenant_id: str) -> str:
        """The object id of the bot's service principal in a tenant."""
        return str(uuid5(NAMESPACE_URL, f"service-principal/{tenant_id}/{self.app.app_id}"))

    def person_of(self, object_id: str) -> Person | None:
        return self._people.get(object_id)

    def belongs(self, person: Person, tenant_id: str) -> bool:
        """Whether the person can sign in to that tenant: home, or as a guest of its directory."""
        return tenant_id in (person.tenant_id, person.directory)

    def add_certificate(self, pem: bytes) -> str:
        """Register a certificate of the bot; returns its SHA-256 thumbprint (hex). Raises ValueError."""
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise ValueError("only RSA certificates are taken")
        for algorithm in (hashes.SHA1(), hashes.SHA256()):  # noqa: S303 - msal may still send the SHA-1 thumbprint
            self.certificates[_base64url(certificate.fingerprint(algorithm))] = key
        return certificate.fingerprint(hashes.SHA256()).hex()

    # the end of tokens that still look good

    def next_issue(self) -> int:
        """The number of the next token: tokens are told apart by it, since their times are whole seconds."""
        return next(self._issues)

    def end_tokens(self, person: Person) -> None:
        """Access tokens of that person issued until now are answered by a claims challenge where continuous access
        evaluation reaches them. https://learn.microsoft.com/entra/identity/conditional-access/concept-continuous-access-evaluation
        """
        self._ended[person.aad_object_id] = (self.next_issue(), int(time.time()))

    def ended_at(self, object_id: str, issue: int) -> int | None:
        """Since when (seconds since 1970) a token of that number is no longer good; None: it is good."""
        number, moment = self._ended.get(object_id, (0, 0))
        return moment if issue < number else None

    def is_revoked(self, object_id: str, issue: int) -> bool:
        """Whether the person's sign-ins were revoked after a token of that number was issued."""
        return issue < self._revoked.get(object_id, 0)

    # consent

    def consent(self, person: Person, services: Iterable[str]) -> None:
        self._consents |= {(person.aad_object_id, service) for service in services}

    def consented(self, person: Person, service: str) -> bool:
        return (person.aad_object_id, service) in self._consents

    def revoke_consent(self, person: Person) -> None:
        """The person must consent anew, service by service, whatever the switch `consent_required` says."""
        self._consents = {entry for entry in self._consents if entry[0] != person.aad_object_id}
        self._unconsented.add(person.aad_object_id)

    def asks_for_consent(self, person: Person) -> bool:
        return person.aad_object_id in self._unconsented

    # authorization codes

    def open_code(self, sign_in: SignIn, scope: str, redirect_uri: str, challenge: str | None, method: str) -> str:
        code = f"0.{secrets.token_urlsafe(48)}"
        self._codes[code] = Code(sign_in, scope, redirect_uri, challenge, method, time.time() + CODE_LIFETIME)
        _bound(self._codes)
        return code

    def code(self, code: str) -> Code | None:
        return self._codes.get(code)

    # refresh tokens

    def open_family(self, sign_in: SignIn) -> str:
        """The first refresh token of a sign-in."""
        return self._next(Family(sign_in, time.time() + REFRESH_LIFETIME))

    def family(self, token: str) -> Family | None:
        return self._families.get(token)

    def rotate(self, family: Family) -> str:
        """The next refresh token; the present one stays good until the next is used, since an answer can get lost."""
        family.expires_at = time.time() + REFRESH_LIFETIME
        return self._next(family)

    def spoil(self, person: Person, problem: str) -> int:
        """Make all refresh tokens of a person `revoked` or `expired`; says how many sign-ins that were.

        To revoke also ends the person's access tokens, and what was issued before serves in no grant.
        """
        if problem == "revoked":
            self.end_tokens(person)
            self._revoked[person.aad_object_id] = self.next_issue()
        families = {id(entry): entry for entry in self._families.values() if entry.sign_in.person.key == person.key}
        for family in families.values():
            family.problem = problem
        return len(families)

    def _next(self, family: Family) -> str:
        token = f"1.{secrets.token_urlsafe(64)}"
        family.tokens.append(token)
        self._families[token] = family
        _bound(self._families)
        return token

    # device codes

    def open_device(self, tenant_id: str, scope: str) -> tuple[str, Device]:
        code = secrets.token_urlsafe(48)
        user_code = "".join(secrets.choice("BCDFGHJKLMNPQRSTVWXZ23456789") for _ in range(9))
        device = Device(user_code, tenant_id, scope, time.time() + DEVICE_LIFETIME)
        self._devices[code] = device
        _bound(self._devices)
        return code, device

    def device(self, code: str) -> Device | None:
        return self._devices.get(code)

    def close_device(self, code: str) -> None:
        self._devices.pop(code, None)

    def device_of_user_code(self, user_code: str) -> Device | None:
        wanted = user_code.strip().upper()
        return next((entry for entry in self._devices.values() if entry.user_code == wanted), None)


def pkce_matches(code: Code, verifier: str | None) -> bool:
    """RFC 7636: without a challenge no verifier may come, with one it must fit."""
    if code.challenge is None:
        return not verifier
    if not verifier:
        return False
    shown = verifier if code.method == "plain" else _base64url(hashlib.sha256(verifier.encode()).digest())
    return secrets.compare_digest(shown, code.challenge)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bound(table: OrderedDict[str, Any]) -> None:
    while len(table) > MAX_OPEN:
        table.popitem(last=False)
