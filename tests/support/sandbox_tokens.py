"""Tokens of a running sandbox cloud, issued without asking its Entra: for tests of the services behind it."""

from __future__ import annotations

from collections.abc import Iterable

from bot.sandbox import tokens
from bot.sandbox.cloud import Cloud

READ_WRITE = ("PartnerSecurity.ReadWrite.All", "User.Read")


def app_token(
    cloud: Cloud, service: str = "graph", partner: str = "northwind", roles: Iterable[str] | None = None
) -> dict[str, str]:
    """Headers with the bot's own token; without `roles` it has those that its registration has for Graph."""
    held = cloud.world.app.graph_roles if roles is None and service == "graph" else roles or ()
    tenant = cloud.world.partner(partner).tenant_id
    token = tokens.issue(cloud, audience=service, tenant_id=tenant, app_id=cloud.world.app.app_id, roles=held)
    return {"Authorization": f"Bearer {token}"}


def user_token(
    cloud: Cloud,
    key: str,
    service: str = "graph",
    scopes: Iterable[str] | None = None,
    amr: Iterable[str] = ("pwd", "mfa"),
) -> dict[str, str]:
    """Headers with a delegated token of that person."""
    person = cloud.world.person(key)
    wanted = scopes if scopes is not None else READ_WRITE if service == "graph" else ("user_impersonation",)
    token = tokens.issue(
        cloud,
        audience=service,
        tenant_id=person.directory,
        app_id=cloud.world.app.app_id,
        object_id=person.aad_object_id,
        scopes=wanted,
        amr=amr,
    )
    return {"Authorization": f"Bearer {token}"}
