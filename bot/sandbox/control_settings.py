"""The environment that lets a bot use this cloud: what an operator of a real tenant would write into its settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bot.sandbox.keys import derived_key

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud

PREFIX = "ALERTDESK_"


def bot_settings(cloud: Cloud, bot_url: str, act_as: str = "user") -> dict[str, str]:
    """Names and values as environment variables, for a bot that answers at `bot_url`.

    `act_as` (`app` or `user`) is how it acts for the partner at home in its tenant; on-behalf-of reaches no other.
    """
    world, base = cloud.world, cloud.base_url
    partners = [
        {
            "name": partner.name,
            "tenantId": partner.tenant_id,
            "adminAgentsGroupId": partner.admin_agents_group_id,
            "approversGroupId": partner.approvers_group_id,
            "actAs": act_as if partner.tenant_id == world.app.tenant_id else "app",
            "channels": [
                channel.id
                for team in world.teams
                if team.tenant_id == partner.tenant_id
                for channel in team.channels
                if channel.routed
            ],
        }
        for partner in world.partners.values()
    ]
    loopback = json.dumps(["127.0.0.1"])
    values = {
        "APP_ID": world.app.app_id,
        "APP_TENANT_ID": world.app.tenant_id,
        "APP_SECRET": world.app.secret,
        "PARTNERS": json.dumps(partners),
        "ACT_AS": act_as,
        "LOGIN_URL": f"{base}/entra",
        "GRAPH_URL": f"{base}/graph",
        "PARTNER_CENTER_URL": f"{base}/partnercenter",
        "AZURE_PORTAL_URL": f"{base}/azureportal",
        "BOT_OPENID_URL": f"{base}/botframework/v1/.well-known/openidconfiguration",
        "BOT_ISSUER": "https://api.botframework.com",
        "BOT_TOKEN_SCOPE": "https://api.botframework.com/.default",
        "SSO_RESOURCE": f"api://botid-{world.app.app_id}",
        "SERVICE_HOSTS": loopback,
        "UPLOAD_HOSTS": loopback,
        "WEBHOOK_CERT_HOSTS": loopback,
        "PUBLIC_URL": bot_url.rstrip("/"),
        "DANGEROUSLY_ALLOW_LOOPBACK": "true",
        "AUDIT_KEY": derived_key(world.seed, "audit"),
        "ENCRYPTION_KEY": derived_key(world.seed, "encryption"),
    }
    return {PREFIX + name: value for name, value in values.items()}
