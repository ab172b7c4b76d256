"""The kinds of alert that Microsoft documents, each with texts and details as such an alert would carry them.

https://learn.microsoft.com/partner-center/security/security-alerts-reference-guide (the list there is open; values from
before 15 May 2024 are kept, in the spelling of the fraud API and in the camelCase of the Graph examples).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass

Details = Callable[[random.Random], dict[str, str]]


@dataclass(frozen=True)
class Kind:
    """One `alertType`: its texts, severity and confidence, the ARM type of what it affects (None: nothing named)."""

    alert_type: str
    title: str
    description: str
    severity: str
    confidence: str
    resource: str | None
    details: Details


def _address(rng: random.Random) -> str:
    """An address from the ranges that are set aside for documentation (RFC 5737)."""
    return f"{rng.choice(('192.0.2', '198.51.100', '203.0.113'))}.{rng.randint(1, 254)}"


def _mining(rng: random.Random) -> dict[str, str]:
    return {
        "VM_IP": json.dumps([_address(rng)]),
        "MiningPool_IP": json.dumps([_address(rng) for _ in range(rng.randint(1, 3))]),
        "ConnectionCount": str(rng.randint(2, 900)),
        "CryptoCurrencyMiningPoolDomainName": f"pool{rng.randint(1, 60)}.mining.example",
    }


def _deployment(rng: random.Random) -> dict[str, str]:
    regions = rng.sample(["eastus", "westeurope", "southeastasia", "brazilsouth", "koreacentral", "uksouth"], 3)
    return {
        "Regions": json.dumps(regions),
        "CoreCount": str(rng.choice((96, 240, 512, 1280))),
        "CallerIpAddress": _address(rng),
        "Sku": rng.choice(("Standard_NC24s_v3", "Standard_F72s_v2", "Standard_ND96asr_v4")),
    }


def _consumption(rng: random.Random) -> dict[str, str]:
    usual = rng.randint(4, 90)
    return {
        "DailySpendUsual": f"{usual}.00 USD",
        "DailySpendNow": f"{usual * rng.randint(6, 40)}.00 USD",
        "Meter": rng.choice(("Compute Hours", "GPU Compute Hours", "Bandwidth")),
    }


def _operation(rng: random.Random) -> dict[str, str]:
    return {
        "OperationName": rng.choice(
            ("Microsoft.Authorization/roleAssignments/write", "Microsoft.Compute/virtualMachines/runCommand/action")
        ),
        "CallerIpAddress": _address(rng),
        "UserAgent": "python-requests/2.31",
    }


def _advisory(rng: random.Random) -> dict[str, str]:
    return {"TrackingId": f"{rng.choice('HKLVX')}{rng.choice('BDGMN')}{rng.randint(10, 99)}-{rng.randint(100, 999)}"}


KINDS: tuple[Kind, ...] = (
    Kind(
        "ARM_AnomalousResourceConsumption",
        "Action Required: Anomalous resource consumption detected",
        "Consumption of this subscription rose far above its trend of the last 30 days.",
        "medium",
        "medium",
        "Microsoft.Compute/virtualMachineScaleSets",
        _consumption,
    ),
    Kind(
        "ARM_SuspiciousOperations",
        "Action Required: Suspicious management operations detected",
        "Operations on the management plane came from an address that this tenant never used before.",
        "high",
        "low",
        "Microsoft.Compute/virtualMachines",
        _operation,
    ),
    Kind(
        "VM_AnomalousDeployment",
        "Action Required: Anomalous virtual machine deployment detected",
        "Virtual machines of an unusual size were deployed to several regions within one hour.",
        "high",
        "high",
        "Microsoft.Compute/virtualMachines",
        _deployment,
    ),
    Kind(
        "AzureBatch_AnomalousDeployment",
        "Action Required: Anomalous Azure Batch deployment detected",
        "Azure Batch pools were created with far more cores than this subscription ever used.",
        "medium",
        "medium",
        "Microsoft.Batch/batchAccounts",
        _deployment,
    ),
    Kind(
        "AzureContainerInstances_AnomalousDeployment",
        "Action Required: Anomalous container instance deployment detected",
        "Container groups running the same public image were started in many regions.",
        "medium",
        "low",
        "Microsoft.ContainerInstance/containerGroups",
        _deployment,
    ),
    Kind(
        "AzureMachineLearning_AnomalousDeployment",
        "Action Required: Anomalous machine learning deployment detected",
        "Machine learning compute clusters were created outside the regions that this customer uses.",
        "high",
        "medium",
        "Microsoft.MachineLearningServices/workspaces",
        _deployment,
    ),
    Kind(
        "CryptoMining",
        "Action Required: Cryptocurrency mining activity detected",
        "Network traffic of a resource in this subscription matches a known mining protocol.",
        "high",
        "high",
        "Microsoft.Compute/virtualMachines",
        _mining,
    ),
    Kind(
        "ServiceHealthSecurityAdvisory",
        "Security advisory for this subscription",
        "Azure Service Health published a security advisory that concerns resources of this subscription.",
        "informational",
        "high",
        None,
        _advisory,
    ),
    Kind(
        "UsageAnomalyDetection",
        "Action Required: Subscription usage anomaly detected",
        "Usage of this subscription differs from its trend of the last 30 days.",
        "medium",
        "medium",
        "Microsoft.Compute/virtualMachines",
        _consumption,
    ),
    Kind(
        "MultiRegionVirtualMachineScaleSetDeploymentAnomaly",
        "Action Required: Scale sets deployed to many regions",
        "Virtual machine scale sets appeared in regions that were not used before.",
        "high",
        "medium",
        "Microsoft.Compute/virtualMachineScaleSets",
        _deployment,
    ),
    Kind(
        "NetworkConnectionsToCryptoMiningPools",
        "Action Required: Connections to mining pools detected",
        "A resource of this subscription repeatedly connected to addresses of mining pools.",
        "high",
        "medium",
        "Microsoft.Compute/virtualMachines",
        _mining,
    ),
    Kind(
        "VirtualMachineDeploymentAnomaly",
        "Action Required: Unusual virtual machine deployment",
        "Virtual machines were deployed at an unusual time and in unusual numbers.",
        "medium",
        "low",
        "Microsoft.Compute/virtualMachines",
        _deployment,
    ),
    Kind(
        "MultiRegionMachineLearningUsageAnomaly",
        "Action Required: Machine learning usage in many regions",
        "Machine learning usage rose in several regions at the same time.",
        "low",
        "medium",
        "Microsoft.MachineLearningServices/workspaces",
        _deployment,
    ),
    Kind(
        "networkConnectionsToCryptoMiningPools",
        "Action Required: Virtual machine connecting to a mining pool",
        "A virtual machine exchanged data with a mining pool; it is probably compromised.",
        "high",
        "medium",
        "Microsoft.Compute/virtualMachines",
        _mining,
    ),
    Kind(
        "usageAnomalyDetection",
        "Action Required: Usage anomaly detected",
        "General purpose CPU deployments grew against the trend of the last 30 days.",
        "low",
        "low",
        "Microsoft.Compute/virtualMachines",
        _consumption,
    ),
)


def kind_of(alert_type: str | None) -> Kind | None:
    """The kind with exactly that `alertType`, or None."""
    return next((kind for kind in KINDS if kind.alert_type == alert_type), None)
