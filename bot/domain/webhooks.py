"""Partner Center's webhook, as values: what an event says, what is wrong with a forged one, and whose an address is.

https://learn.microsoft.com/partner-center/developer/partner-center-webhooks
https://learn.microsoft.com/partner-center/developer/partner-center-webhook-events
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import parse_qs, urlsplit

from bot.errors import UserError

PATH = "/webhooks/partner-center/"
FRAUD = "azure-fraud-event-detected"
TEST = "test-created"
WANTED = (FRAUD, TEST)
"""The events that we register for."""
_KNOWN = frozenset(
    {
        FRAUD,
        TEST,
        "subscription-active",
        "subscription-pending",
        "subscription-renewed",
        "subscription-updated",
        "usagerecords-thresholdexceeded",
    }
)
OLDEST = timedelta(days=1)
"""A later delivery is a replay: polling found the change long ago."""
NEWEST = timedelta(minutes=10)
"""How far Partner Center's clock may be ahead of ours."""
_WORD = re.compile(r"[A-Za-z0-9._-]{1,100}")
_FRACTION = re.compile(r"(\.\d{6})\d+")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Forgery(StrEnum):
    """Why a delivery is not believed. The set is fixed: each is a label of a metric."""

    HEADERS = "headers_missing"
    ALGORITHM = "algorithm"
    ADDRESS = "certificate_address"
    CERTIFICATE = "certificate_unusable"
    UNTRUSTED = "certificate_untrusted"
    VALIDITY = "certificate_validity"
    ORGANIZATION = "certificate_organization"
    SIGNATURE = "signature"


class Forged(UserError):
    """A delivery that Partner Center did not send, or that does not show that it did."""

    def __init__(self, why: Forgery, message: str) -> None:
        super().__init__(message, code=why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Event:
    """What a delivery says. `kind` is a label for metrics: its name where that is known, else `other`.

    `subscription_id` and `status` stand in the query of its ResourceUri and may be empty. Neither that address nor the
    one of its audit record is ever asked.
    """

    name: str
    kind: str
    changed_at: datetime | None
    subscription_id: str
    status: str
    digest: str

    def is_timely(self, now: datetime) -> bool:
        """False for a replay, for a time that is yet to come, and where there is no time in it."""
        return self.changed_at is not None and now - OLDEST <= self.changed_at <= now + NEWEST


def read_event(body: bytes) -> Event:
    """Raises UserError where it is no event."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise UserError("The body is no JSON.", code="body") from None
    name = content.get("EventName") if isinstance(content, dict) else None
    if not isinstance(name, str) or not _WORD.fullmatch(name):
        raise UserError("The body is no event of Partner Center: it has no EventName.", code="body")
    subscription_id, status = _about(content.get("ResourceUri"))
    known = name.lower() if name.lower() in _KNOWN else "other"
    digest = hashlib.sha256(body).hexdigest()
    return Event(name, known, _time(content.get("ResourceChangeUtcDate")), subscription_id, status, digest)


def address(public_base: str, tenant_id: str) -> str:
    """Where Partner Center is to send a partner's events. `public_base` without a trailing slash."""
    return f"{public_base}{PATH}{tenant_id}"


def is_stale(registered: str, ours: str) -> bool:
    """Whether a registered address was one of Alert Desk's, at a place where this bot does not answer."""
    return registered.rstrip("/").lower() != ours.lower() and PATH in _path(registered)


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _about(resource: object) -> tuple[str, str]:
    """(SubscriptionId, EventStatus) of a ResourceUri; empty where they are not as expected."""
    try:
        given = parse_qs(urlsplit(resource).query, max_num_fields=20) if isinstance(resource, str) else {}
    except ValueError:
        return "", ""
    values = {name.lower(): found[0] for name, found in given.items()}
    subscription_id, status = values.get("subscriptionid", "").lower(), values.get("eventstatus", "")
    return (
        subscription_id if _GUID.fullmatch(subscription_id) else "",
        status if _WORD.fullmatch(status) else "",
    )


def _time(value: object) -> datetime | None:
    """With a zone; Partner Center writes seven digits of a second, Python reads six."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        found = datetime.fromisoformat(_FRACTION.sub(r"\1", value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
