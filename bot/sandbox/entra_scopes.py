"""Reads the `scope` of a token request: which resource it means and which of its permissions are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.sandbox import entra_errors as errors
from bot.sandbox.entra_state import DELEGATED, OWN_SCOPE
from bot.sandbox.tokens import resource_of

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud

OPENID = frozenset({"openid", "profile", "email", "offline_access"})
OWN = "own"


@dataclass(frozen=True)
class Scope:
    """`service` is graph, partnercenter, connector, own (the bot's own API) or None (sign-in only).

    `prefix` is the resource as the client spelt it, `permissions` what was asked for (`.default` among them), `openid`
    the protocol's own scopes.
    """

    service: str | None
    prefix: str
    permissions: frozenset[str]
    openid: frozenset[str]

    @property
    def is_default(self) -> bool:
        return ".default" in self.permissions

    def granted(self) -> frozenset[str]:
        """The delegated permissions that a token for this scope carries."""
        if self.service is None:
            return frozenset()
        known = frozenset({OWN_SCOPE}) if self.service == OWN else DELEGATED[self.service]
        return known if self.is_default else self.permissions & known

    def as_answered(self) -> str:
        """The `scope` of the answer: granted permissions in the client's own spelling, and what it asked for."""
        named = {f"{self.prefix}{name}" for name in self.granted() | self.permissions}
        return " ".join(sorted(named | self.openid))


def parse_scope(cloud: Cloud, text: str) -> Scope:
    """Raises EntraError invalid_scope for unknown resources or permissions, and for two resources at once."""
    openid: set[str] = set()
    permissions: set[str] = set()
    service: str | None = None
    prefix = ""
    for word in text.split():
        if word in OPENID:
            openid.add(word)
            continue
        resource, _, permission = word.rpartition("/")
        found = _service(cloud, resource)
        if found is None or not permission:
            raise errors.invalid_scope(word, "The resource is not known.")
        if service not in (None, found):
            raise errors.invalid_scope(text, "A token is for one resource only.")
        known = frozenset({OWN_SCOPE}) if found == OWN else DELEGATED[found]
        if permission != ".default" and permission not in known:
            raise errors.invalid_scope(word, "The application asked for a permission that it is not registered for.")
        service, prefix = found, f"{resource}/" if resource else ""
        permissions.add(permission)
    return Scope(service, prefix, frozenset(permissions), frozenset(openid))


def _service(cloud: Cloud, resource: str) -> str | None:
    if not resource:
        return "graph"  # a bare name is Microsoft Graph's
    if resource in (cloud.entra.sso_resource, cloud.entra.app.app_id, f"api://{cloud.entra.app.app_id}"):
        return OWN
    if "/" not in resource and "-" not in resource:
        return None  # a service's short name is not an identifier on the wire
    return resource_of(cloud, resource) or resource_of(cloud, resource.rstrip("/"))
