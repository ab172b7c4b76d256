"""The shape in which Graph sends an alert, read tolerantly: a bad field costs that field, not the alert.

https://learn.microsoft.com/graph/api/resources/partner-security-partnersecurityalert
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.domain.alerts import ActivityLogEntry, AffectedResource, Alert, Severity, Status, Verdict
from bot.ports import UnreadableAlert

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NOBODY = "00000000-0000-0000-0000-000000000000"
_KNOWN = {member.value for kind in (Status, Severity, Verdict) for member in kind}
_LONGEST_ID = 400
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


def is_guid(text: str) -> bool:
    return _GUID.fullmatch(text) is not None


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).replace("\x00", "")  # no database takes it in a text


def _id(value: object) -> str:
    text = _text(value).strip()
    return text.lower() if is_guid(text) else text


def _reseller(value: object) -> str:
    text = _id(value)
    return "" if text == _NOBODY else text


def _word(value: object) -> str:
    """A word of an open set: a known one as we spell it, an unknown one as it came."""
    text = _text(value).strip()
    return text.lower() if text.lower() in _KNOWN else text


def _reason(value: object) -> str:
    text = _word(value)
    return "" if text.lower() == "none" else text


def _time(value: object) -> datetime | None:
    """ISO 8601 with any number of fractional digits (2 to 7 are seen), UTC where no zone is said."""
    if not isinstance(value, str):
        return None
    try:
        when = datetime.fromisoformat(value.strip())
        when = (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return when if when > _EARLIEST else None  # 0001-01-01 is .NET's way to say nothing


def _flag(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def _objects(value: object) -> list[Any]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def _json(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # nested deeper than it writes, though it read it
        return ""


def _bag(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        return {}
    return {
        _text(name): _text(inside) if isinstance(inside, str) else _json(inside)
        for name, inside in value.items()
        if inside is not None and "@odata" not in str(name)
    }


Text = Annotated[str, BeforeValidator(_text)]
Id = Annotated[str, BeforeValidator(_id)]
Word = Annotated[str, BeforeValidator(_word)]
Time = Annotated[datetime | None, BeforeValidator(_time)]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class WireResource(_Wire):
    resource_id: Text = Field("", alias="resourceId")
    resource_type: Text = Field("", alias="resourceType")


class WireActivity(_Wire):
    status_from: Word = Field("", alias="statusFrom")
    status_to: Word = Field("", alias="statusTo")
    updated_by: Text = Field("", alias="updatedBy")
    updated: Time = Field(None, alias="updatedDateTime")


class WireAlert(_Wire):
    id: Text
    status: Word
    display_name: Text = Field("", alias="displayName")
    description: Text = ""
    alert_type: Text = Field("", alias="alertType")
    severity: Word = ""
    confidence_level: Word = Field("", alias="confidenceLevel")
    resolved_reason: Annotated[str, BeforeValidator(_reason)] = Field("", alias="resolvedReason")
    resolved_by: Text = Field("", alias="resolvedBy")
    resolved_on: Time = Field(None, alias="resolvedOnDateTime")
    detected: Time = Field(None, alias="detectedDateTime")
    first_observed: Time = Field(None, alias="firstObservedDateTime")
    last_observed: Time = Field(None, alias="lastObservedDateTime")
    customer_tenant_id: Id = Field("", alias="customerTenantId")
    subscription_id: Id = Field("", alias="subscriptionId")
    reseller_tenant_id: Annotated[str, BeforeValidator(_reseller)] = Field("", alias="valueAddedResellerTenantId")
    catalog_offer_id: Text = Field("", alias="catalogOfferId")
    is_test: Annotated[bool, BeforeValidator(_flag)] = Field(False, alias="isTest")
    affected_resources: Annotated[tuple[WireResource, ...], BeforeValidator(_objects)] = Field(
        (), alias="affectedResources"
    )
    activity_logs: Annotated[tuple[WireActivity, ...], BeforeValidator(_objects)] = Field((), alias="activityLogs")
    additional_details: Annotated[dict[str, str], BeforeValidator(_bag)] = Field({}, alias="additionalDetails")


def read_alert(partner: str, value: object) -> Alert | UnreadableAlert:
    """An alert of that partner tenant (GUID). Unreadable without an id, a status, or any time at all."""
    try:
        wire = WireAlert.model_validate(value)
    except ValidationError as error:
        name = _text(value.get("id")) if isinstance(value, Mapping) else ""
        fields = ", ".join(sorted({str(detail["loc"][0]) if detail["loc"] else "alert" for detail in error.errors()}))
        return UnreadableAlert(name[:_LONGEST_ID], f"unusable: {fields}")
    detected = wire.detected or wire.first_observed or wire.last_observed
    if not wire.id or len(wire.id) > _LONGEST_ID or wire.id in (".", ".."):
        return UnreadableAlert(wire.id[:_LONGEST_ID], "unusable: id")
    if not wire.status:
        return UnreadableAlert(wire.id, "unusable: status")
    if detected is None:
        return UnreadableAlert(wire.id, "unusable: detectedDateTime")
    return Alert(
        partner=partner,
        id=wire.id,
        name=wire.display_name or wire.alert_type,
        description=wire.description,
        alert_type=wire.alert_type,
        status=wire.status,
        severity=wire.severity,
        confidence=wire.confidence_level,
        detected_at=detected,
        first_observed_at=wire.first_observed,
        last_observed_at=wire.last_observed,
        customer_tenant_id=wire.customer_tenant_id,
        subscription_id=wire.subscription_id,
        reseller_tenant_id=wire.reseller_tenant_id,
        catalog_offer_id=wire.catalog_offer_id,
        is_test=wire.is_test,
        resolved_reason=wire.resolved_reason,
        resolved_by=wire.resolved_by,
        resolved_at=wire.resolved_on,
        affected_resources=tuple(
            AffectedResource(found.resource_id, found.resource_type) for found in wire.affected_resources
        ),
        additional_details=tuple(wire.additional_details.items()),
        activity_log=tuple(
            ActivityLogEntry(found.status_from, found.status_to, found.updated_by, found.updated)
            for found in wire.activity_logs
        ),
    )
