"""Alerts that are in the world word for word: the examples of Microsoft's pages, and an attacker's texts."""

from __future__ import annotations

from typing import Any

_MINING_DETAILS = {
    "VM_IP": '[  "vm-ip"]',
    "MiningPool_IP": '[  "mining-pool-ip"]',
    "ConnectionCount": "5",
    "CryptoCurrencyMiningPoolDomainName": "pool-name.com",
}
_RESOURCES = [
    {
        "resourceId": "/subscriptions/subscription-id/resourceGroups/resourcegroup-name/providers/"
        "Microsoft.Compute/virtualMachines/vm-name",
        "resourceType": "AzureResource",
    }
]


def documented() -> list[dict[str, Any]]:
    """The response of the Get page, and the second alert of the List page (composite id, `isTest` as a string).

    https://learn.microsoft.com/graph/api/partner-security-partnersecurityalert-get
    https://learn.microsoft.com/graph/api/partner-security-partnersecurityalert-list-securityalerts
    """
    return [
        {
            "id": "d8b202fc-a216-3404-69ef-bdffa445eff6",
            "displayName": "Action Required: Virtual machine connecting to crypto currency mining pool Detected",
            "description": "Analysis of Azure resource network activity detected the resource was connecting to a "
            "crypto currency mining pool. This would often be an indication that your Azure resource is compromised.",
            "alertType": "networkConnectionsToCryptoMiningPools",
            "status": "active",
            "severity": "high",
            "confidenceLevel": "medium",
            "customerTenantId": "1889e718-414b-4bad-8bbe-c1135bd39a41",
            "subscriptionId": "5f6e6521-6e5f-4b0b-80aa-bd44fad7a398",
            "valueAddedResellerTenantId": "c296b2ce-8cd1-4346-9e82-d8eccca70d65",
            "catalogOfferId": "MS-AZR-0017G",
            "detectedDateTime": "2024-01-23T16:03:33.05Z",
            "firstObservedDateTime": "2024-01-23T16:03:33.05Z",
            "lastObservedDateTime": "2024-01-23T16:03:33.05Z",
            "resolvedReason": "fraud",
            "resolvedOnDateTime": "2024-02-23T16:03:33.05Z",
            "resolvedBy": "danas@contoso.com",
            "isTest": False,
            "affectedResources": [dict(item) for item in _RESOURCES],
            "activityLogs": [
                {
                    "statusFrom": "active",
                    "statusTo": "investigating",
                    "updatedBy": "samanthab@contoso.com",
                    "updatedDateTime": "2023-08-10T08:47:10.8454142Z",
                },
                {
                    "statusFrom": "investigating",
                    "statusTo": "resolved",
                    "updatedBy": "samanthab@contoso.com",
                    "updatedDateTime": "2023-08-10T08:47:25.2089246Z",
                },
            ],
            "additionalDetails": dict(_MINING_DETAILS),
        },
        {
            "id": "5f6e6521-6e5f-4b0b-80aa-bd44fad7a398-758e2259-f00b-4dec-8087-0950afe6d6a4",
            "displayName": "Action Required: Subscription Usage Anomaly Detected",
            "description": "Analysis of Azure resource detected anomalies in: Anomalous increase in Machine Learning "
            "General purpose CPU deployment regions compared to trend in the last 30 days Subscription is part of a "
            "cluster of subscriptions that are controlled from the same login session IP Address.",
            "alertType": "usageAnomalyDetection",
            "status": "investigating",
            "severity": "high",
            "confidenceLevel": "medium",
            "customerTenantId": "1889e718-414b-4bad-8bbe-c1135bd39a41",
            "subscriptionId": "5f6e6521-6e5f-4b0b-80aa-bd44fad7a398",
            "valueAddedResellerTenantId": "c296b2ce-8cd1-4346-9e82-d8eccca70d65",
            "catalogOfferId": None,
            "detectedDateTime": "2024-01-23T16:03:33.05Z",
            "firstObservedDateTime": "2024-01-23T16:03:33.05Z",
            "lastObservedDateTime": "2024-01-23T16:03:33.05Z",
            "resolvedReason": None,
            "resolvedOnDateTime": None,
            "resolvedBy": "testuser@testtestgaapartneraccount01.onmicrosoft.com",
            "isTest": "false",
            "affectedResources": [dict(item) for item in _RESOURCES],
            "activityLogs": [
                {
                    "statusFrom": "active",
                    "statusTo": "investigating",
                    "updatedBy": "testuser2@testtestgaapartneraccount01.onmicrosoft.com",
                    "updatedDateTime": "2023-08-10T08:47:10.8454142Z",
                }
            ],
            "additionalDetails": dict(_MINING_DETAILS),
        },
    ]


HOSTILE: tuple[dict[str, Any], ...] = (
    {
        "displayName": "[Reset your password](https://evil.invalid/login) **URGENT** <at>Max Okafor</at>",
        "description": "Seen at {{DATE(2024-01-23T16:03:33Z, SHORT)}} on ![x](https://evil.invalid/pixel.png) `rm -rf`",
    },
    {
        "displayName": "=cmd|' /C calc'!A0",
        "description": "@SUM(1+9)*cmd|' /C calc'!A0\n\n# Heading\n- item\n\n\u202egnp.tnemyap\u202c",
        "additionalDetails": {"+VM": "-2+3", "HostName": '=HYPERLINK("https://evil.invalid","open")'},
    },
    {
        "displayName": "Harmless \u202ereversed\u202c \u200bname\u0000 \u001b[31mred",
        "description": "<script>alert(1)</script> &nbsp; <a href='https://evil.invalid'>x</a> ${{data.secret}}",
    },
)
"""What an attacker may write: Markdown, mentions, template functions, formulas, control characters."""
