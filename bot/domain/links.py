"""Addresses that people are sent to: built from validated ids alone, or Microsoft's own. Pure."""

from __future__ import annotations

import re
import uuid
from enum import StrEnum
from urllib.parse import urlsplit

_PLAIN = re.compile(r"[!-\[\]-~]{1,1000}")
_OWN = frozenset({"aka.ms", "microsoft.com", "portal.azure.com"})
"""Not azure.com as a whole: customers have names of their own below it."""


class HelpPage(StrEnum):
    """Microsoft's pages about alerts, as they are to be found in their documentation."""

    GUIDE = "https://learn.microsoft.com/partner-center/security/security-alerts-reference-guide"
    RESPOND = "https://learn.microsoft.com/partner-center/azure-fraud-notification"
    LIABILITY = "https://learn.microsoft.com/partner-center/security/nonpayment-fraud-misuse"
    SERVICE_HEALTH = "https://learn.microsoft.com/azure/service-health/overview"


_OF_USAGE = frozenset(
    {
        "arm_anomalousresourceconsumption",
        "arm_suspiciousoperations",
        "vm_anomalousdeployment",
        "azurebatch_anomalousdeployment",
        "azurecontainerinstances_anomalousdeployment",
        "azuremachinelearning_anomalousdeployment",
        "cryptomining",
        "usageanomalydetection",
        "multiregionvirtualmachinescalesetdeploymentanomaly",
        "networkconnectionstocryptominingpools",
        "virtualmachinedeploymentanomaly",
        "multiregionmachinelearningusageanomaly",
    }
)
"""What the guide lists, lower case; new types come with little notice and get the guide alone."""


def help_pages(alert_type: str) -> tuple[HelpPage, ...]:
    """Where an alert of this type is explained, the guide first."""
    lowered = alert_type.lower()
    if lowered.startswith("servicehealth"):
        return HelpPage.GUIDE, HelpPage.SERVICE_HEALTH
    if lowered in _OF_USAGE:
        return HelpPage.GUIDE, HelpPage.RESPOND, HelpPage.LIABILITY
    return (HelpPage.GUIDE,)


def subscription_link(tenant_id: str, subscription_id: str, portal_url: str) -> str:
    """The subscription in the Azure portal, in the customer's tenant; empty where the ids are no GUIDs."""
    if not (_is_guid(tenant_id) and _is_guid(subscription_id)):
        return ""
    return f"{portal_url.rstrip('/')}/{tenant_id}/#@{tenant_id}/resource/subscriptions/{subscription_id}/overview"


def microsoft_link(url: str) -> str:
    """The address as it came, if it leads to Microsoft's own pages by https; else empty."""
    if not _PLAIN.fullmatch(url):
        return ""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    own = host in _OWN or host.endswith(".microsoft.com")
    return url if own and parts.scheme == "https" and port in (None, 443) and "@" not in parts.netloc else ""


def _is_guid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
