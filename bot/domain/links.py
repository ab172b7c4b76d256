"""Addresses that people are sent to, built from validated ids alone. Pure."""

from __future__ import annotations

import uuid


def subscription_link(tenant_id: str, subscription_id: str, portal_url: str) -> str:
    """The subscription in the Azure portal, in the customer's tenant; empty where the ids are no GUIDs."""
    if not (_is_guid(tenant_id) and _is_guid(subscription_id)):
        return ""
    return f"{portal_url.rstrip('/')}/{tenant_id}/#@{tenant_id}/resource/subscriptions/{subscription_id}/overview"


def _is_guid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
