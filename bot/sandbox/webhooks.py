"""Partner Center webhooks: the registration API, the signed callbacks, and the certificates to check them with.

One registration per partner tenant. Callbacks are sent beside the requests, up to ten times each.
https://learn.microsoft.com/partner-center/developer/partner-center-webhooks
https://learn.microsoft.com/partner-center/developer/partner-center-webhook-events
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from bot.sandbox.envelopes import partner_center_throttled
from bot.sandbox.keys import WEBHOOK_CERTIFICATE
from bot.sandbox.partner_call import PartnerCall, PartnerError, endpoint
from bot.sandbox.recorder import readable

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud

PATH = "/partnercenter/webhooks/v1/registration"
FRAUD = "azure-fraud-event-detected"
TEST = "test-created"
EVENTS = (
    FRAUD,
    "subscription-active",
    "subscription-pending",
    "subscription-renewed",
    "subscription-updated",
    TEST,
    "usagerecords-thresholdExceeded",
)
ATTEMPTS = 10
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
MAX_UNDER_WAY = 200
MAX_VALIDATIONS = 100
VALIDATIONS_A_MINUTE = 2


@dataclass(frozen=True)
class Registration:
    """Where a partner tenant wants its events."""

    subscriber_id: str
    url: str
    events: tuple[str, ...]
    in_ms_signature: bool
    changed: str

    def as_json(self) -> dict[str, Any]:
        return {
            "SubscriberId": self.subscriber_id,
            "WebhookUrl": self.url,
            "WebhookEvents": list(self.events),
            "SignatureTokenToMsSignatureHeader": self.in_ms_signature,
            "lastModifiedTimestamp": self.changed,
        }


@dataclass
class Validation:
    """One test event and what became of it."""

    correlation_id: str
    partner_id: str
    url: str
    results: list[dict[str, Any]] = field(default_factory=list)
    done: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "correlationId": self.correlation_id,
            "partnerId": self.partner_id,
            "status": "completed" if self.done else "pending",
            "callbackUrl": self.url,
            "results": self.results,
        }


class Webhooks:
    """Registrations by partner tenant, and the sending of events to them."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._under_way = 0
        self.registrations: dict[str, Registration] = {}
        self.validations: OrderedDict[str, Validation] = OrderedDict()
        self.asked: dict[str, deque[float]] = {}

    def alert_raised(self, partner_tenant: str, alert: Mapping[str, Any]) -> None:
        """Tell the partner's registered address, if there is one for that event, that an alert is there."""
        registration = self.registrations.get(partner_tenant)
        if registration is None or FRAUD not in registration.events or self._under_way >= MAX_UNDER_WAY:
            return
        body = {
            "EventName": FRAUD,
            "ResourceUri": "https://api.partnercenter.microsoft.com/v1/fraudEvents"
            f"?SubscriptionId={alert.get('subscriptionId')}&EventStatus=Active",
            "AuditUri": None,
            "ResourceChangeUtcDate": self._change_date(),
        }
        self._cloud.spawn(self._deliver(registration, body, None))

    def validate(self, partner_tenant: str, registration: Registration) -> Validation:
        """Send a test event; the answer to it is in the validation later."""
        validation = Validation(str(uuid.uuid4()), partner_tenant, registration.url)
        self.validations[validation.correlation_id] = validation
        while len(self.validations) > MAX_VALIDATIONS:
            self.validations.popitem(last=False)
        body = {
            "EventName": TEST,
            "ResourceUri": f"https://api.partnercenter.microsoft.com/webhooks/v1/registration/validationEvents/"
            f"{validation.correlation_id}",
            "ResourceName": "test",
            "AuditUri": None,
            "ResourceChangeUtcDate": self._change_date(),
        }
        self._cloud.spawn(self._deliver(registration, body, validation))
        return validation

    async def _deliver(
        self, registration: Registration, event: Mapping[str, Any], validation: Validation | None
    ) -> None:
        body = json.dumps(event, separators=(",", ":")).encode()
        headers = self._headers(registration, body)
        self._under_way += 1
        try:
            for attempt in range(ATTEMPTS):
                status, note = await self._send(registration.url, headers, body, event)
                if validation is not None:
                    validation.results.append(
                        {
                            "responseCode": str(status or ""),
                            "responseMessage": note,
                            "systemError": status == 0,
                            "dateTimeUtc": self._change_date(),
                        }
                    )
                if 200 <= status < 300 or validation is not None:
                    break
                await asyncio.sleep(min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE))
        finally:
            self._under_way -= 1
            if validation is not None:
                validation.done = True
            self._cloud.events.publish("webhook", {"url": registration.url, "event": event["EventName"]})

    def _headers(self, registration: Registration, body: bytes) -> dict[str, str]:
        signature = f"Signature {self._cloud.keys.webhook.sign(body)}"
        return {
            "Content-Type": "application/json; charset=utf-8",
            "x-ms-signature" if registration.in_ms_signature else "Authorization": signature,
            "X-MS-Certificate-Url": f"{self._cloud.base_url}/cert/{WEBHOOK_CERTIFICATE}.cer",
            "X-MS-Signature-Algorithm": "rsa-sha256",
        }

    async def _send(
        self, url: str, headers: Mapping[str, str], body: bytes, event: Mapping[str, Any]
    ) -> tuple[int, str]:
        status, note, answer = 0, "", None
        try:
            async with self._cloud.http.post(url, data=body, headers=headers, allow_redirects=False) as response:
                status, note = response.status, response.reason or ""
                answer = readable(await response.content.read(65_536), response.content_type)
        except (aiohttp.ClientError, TimeoutError) as error:
            note = f"{type(error).__name__}: {error}"
        self._cloud.log.add(
            time=self._cloud.now().timestamp(),
            service="webhook",
            method="POST",
            path=url,
            status=status,
            headers=headers,
            body=event,
            response=answer if status else note,
        )
        return status, note

    def _change_date(self) -> str:
        return f"{self._cloud.now():%Y-%m-%dT%H:%M:%S.%f}0+00:00"


def routes(cloud: Cloud) -> list[web.RouteDef]:
    async def certificate(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        content = cloud.keys.webhook.file(name)
        if content is None:
            raise web.HTTPNotFound(text="no such certificate")
        kind = "application/x-pem-file" if name.endswith(".pem") else "application/pkix-cert"
        return web.Response(body=content, content_type=kind)

    return [
        web.get(f"{PATH}/events", endpoint(cloud, list_events)),
        web.get(PATH, endpoint(cloud, get_registration)),
        web.post(PATH, endpoint(cloud, create_registration)),
        web.put(PATH, endpoint(cloud, replace_registration)),
        web.post(f"{PATH}/validationEvents", endpoint(cloud, create_validation)),
        web.get(f"{PATH}/validationEvents/{{id}}", endpoint(cloud, get_validation)),
        web.get("/cert/{name}", certificate),
    ]


async def list_events(call: PartnerCall) -> web.Response:
    return call.answer(list(EVENTS))


async def get_registration(call: PartnerCall) -> web.Response:
    return call.answer(_registered(call).as_json())


async def create_registration(call: PartnerCall) -> web.Response:
    """Refused with 409 where there is one already: `replace_registration` is for that."""
    if call.partner.tenant_id in call.cloud.webhooks.registrations:
        raise PartnerError(409, 409, "The tenant has a webhook registration already.")
    return await _register(call, str(uuid.uuid4()))


async def replace_registration(call: PartnerCall) -> web.Response:
    return await _register(call, _registered(call).subscriber_id)


async def create_validation(call: PartnerCall) -> web.Response:
    """Two requests a minute, and only where `test-created` is registered."""
    registration = _registered(call)
    if TEST not in registration.events:
        raise PartnerError(400, 400, f"The registration does not include the event {TEST}.")
    now = call.cloud.now().timestamp()
    recent = call.cloud.webhooks.asked.setdefault(call.partner.tenant_id, deque(maxlen=VALIDATIONS_A_MINUTE))
    if len(recent) == VALIDATIONS_A_MINUTE and now - recent[0] < 60:
        wait = max(1, int(60 - (now - recent[0])))
        response = call.answer(partner_center_throttled(wait), 429)
        response.headers["Retry-After"] = str(wait)
        return response
    recent.append(now)
    validation = call.cloud.webhooks.validate(call.partner.tenant_id, registration)
    return call.answer({"correlationId": validation.correlation_id})


async def get_validation(call: PartnerCall) -> web.Response:
    validation = call.cloud.webhooks.validations.get(call.request.match_info["id"])
    if validation is None or validation.partner_id != call.partner.tenant_id:
        raise PartnerError(404, 1000, "Not found")
    return call.answer(validation.as_json())


def _registered(call: PartnerCall) -> Registration:
    registration = call.cloud.webhooks.registrations.get(call.partner.tenant_id)
    if registration is None:
        raise PartnerError(404, 1000, "Not found")
    return registration


async def _register(call: PartnerCall, subscriber_id: str) -> web.Response:
    body = await call.json_body("The webhook registration is required.")
    url, events = body.get("WebhookUrl"), body.get("WebhookEvents")
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise PartnerError(400, 800002, "WebhookUrl should be an absolute URL.")
    if not isinstance(events, list) or not events or not all(event in EVENTS for event in events):
        raise PartnerError(400, 800002, f"WebhookEvents should be some of {', '.join(EVENTS)}.")
    registration = Registration(
        subscriber_id,
        url,
        tuple(events),
        body.get("SignatureTokenToMsSignatureHeader") is True,
        f"{call.cloud.now():%Y-%m-%dT%H:%M:%S}Z",
    )
    call.cloud.webhooks.registrations[call.partner.tenant_id] = registration
    return call.answer(registration.as_json())
