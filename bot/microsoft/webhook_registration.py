"""The webhook's registration at Partner Center: one for each partner tenant. Reads and writes it; decides nothing.

https://learn.microsoft.com/partner-center/developer/partner-center-webhooks documents GET, POST (create) and PUT
(replace) of it, and test events. It documents no call that deletes one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.people import Partner
from bot.errors import Missing, Transient
from bot.microsoft.service import Service

PATH = "/webhooks/v1/registration"
_READS = 3


@dataclass(frozen=True, slots=True)
class Registration:
    """`in_ms_signature`: the signature comes in x-ms-signature instead of Authorization; None where nothing is said."""

    url: str
    events: tuple[str, ...]
    in_ms_signature: bool | None = None

    def as_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {"WebhookUrl": self.url, "WebhookEvents": list(self.events)}
        if self.in_ms_signature is not None:
            body["SignatureTokenToMsSignatureHeader"] = self.in_ms_signature
        return body


@dataclass(frozen=True, slots=True)
class Attempt:
    """One delivery of a test event, in Partner Center's own words."""

    status: str
    message: str
    system_error: bool
    at: str

    @property
    def arrived(self) -> bool:
        return self.status.startswith("2") or self.status.upper() == "OK"


@dataclass(frozen=True, slots=True)
class Validation:
    """What has become of a test event so far."""

    completed: bool
    url: str
    attempts: tuple[Attempt, ...]


class WebhookRegistrations:
    """As the application, which needs a role in Partner Center's user management. `timeout` seconds for a call."""

    def __init__(self, partner_center: Service, *, timeout: float = 10.0) -> None:
        self._service, self._timeout = partner_center, timeout

    async def get(self, partner: Partner) -> Registration | None:
        """None where there is none."""
        try:
            body = await self._call(partner, "GET", "")
        except Missing:
            return None
        registration = _registration(body)
        return registration if registration.url else None

    async def url(self, partner: Partner) -> str:
        """Where Partner Center sends; empty for nowhere."""
        found = await self.get(partner)
        return found.url if found is not None else ""

    async def supported(self, partner: Partner) -> tuple[str, ...]:
        """The events that can be registered for."""
        body = await self._call(partner, "GET", "/events")
        return tuple(name for name in body if isinstance(name, str)) if isinstance(body, list) else ()

    async def create(self, partner: Partner, registration: Registration) -> Registration:
        return _registration(await self._call(partner, "POST", "", registration.as_json()))

    async def replace(self, partner: Partner, registration: Registration) -> Registration:
        return _registration(await self._call(partner, "PUT", "", registration.as_json()))

    async def test(self, partner: Partner) -> str:
        """Have a test event sent; its correlation id. Partner Center takes two such requests a minute."""
        body = await self._call(partner, "POST", "/validationEvents", {})
        found = body.get("correlationId") if isinstance(body, Mapping) else None
        if not isinstance(found, str) or not found.replace("-", "").isalnum():
            raise Transient("Partner Center answered nonsense: the test event has no correlation id.")
        return found

    async def validation(self, partner: Partner, correlation_id: str) -> Validation:
        """Kept there for seven days. Not yet known counts as not yet completed."""
        try:
            body = await self._call(partner, "GET", f"/validationEvents/{correlation_id}")
        except Missing:
            return Validation(False, "", ())
        body = body if isinstance(body, Mapping) else {}
        results = body.get("results")
        attempts = tuple(_attempt(each) for each in results if isinstance(each, Mapping)) if results else ()
        return Validation(_text(body, "status").lower() == "completed", _text(body, "callbackUrl"), attempts)

    async def _call(self, partner: Partner, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = await self._service.call(
            method,
            f"{self._service.base}{PATH}{path}",
            caller=self._service.app(partner.tenant_id),
            json=dict(body) if body is not None else None,
            timeout=self._timeout,
            attempts=_READS if method == "GET" else 1,
            deed=method != "GET",
        )
        return answer.json()


def _registration(body: Any) -> Registration:
    if not isinstance(body, Mapping):
        raise Transient("Partner Center answered nonsense: that is no webhook registration.")
    events = body.get("WebhookEvents")
    flag = body.get("SignatureTokenToMsSignatureHeader")
    return Registration(
        _text(body, "WebhookUrl"),
        tuple(name for name in events if isinstance(name, str)) if isinstance(events, list) else (),
        flag if isinstance(flag, bool) else None,
    )


def _attempt(result: Mapping[str, Any]) -> Attempt:
    return Attempt(
        str(result.get("responseCode") or ""),
        _text(result, "responseMessage"),
        result.get("systemError") is True,
        _text(result, "dateTimeUtc"),
    )


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
