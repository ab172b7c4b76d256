"""The error bodies of each Microsoft service, as documented. Pure: no state, no decision when to use them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

GRAPH_CODES = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound",
    409: "Conflict",
    412: "PreconditionFailed",
    429: "TooManyRequests",
    500: "InternalServerError",
    501: "NotImplemented",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}
CONNECTOR_CODES = {
    400: "BadArgument",
    401: "BotNotRegistered",
    403: "NotEnoughPermissions",
    404: "ConversationNotFound",
    412: "PreconditionFailed",
    413: "MessageSizeTooBig",
    429: "Throttled",
}


def graph(
    code: str, message: str, request_id: str = "", client_request_id: str = "", at: dt.datetime | None = None
) -> dict[str, Any]:
    """`{"error": {"code", "message", "innerError": {"date", "request-id", "client-request-id"}}}`

    https://learn.microsoft.com/graph/errors
    """
    request_id = request_id or str(uuid.uuid4())
    return {
        "error": {
            "code": code,
            "message": message,
            "innerError": {
                "date": (at or dt.datetime.now(dt.UTC)).strftime("%Y-%m-%dT%H:%M:%S"),
                "request-id": request_id,
                "client-request-id": client_request_id or request_id,
            },
        }
    }


def graph_trace(headers: Mapping[str, str]) -> dict[str, str]:
    """The trace headers of an answer: the service's `request-id`, and the caller's `client-request-id` or the same."""
    ours = str(uuid.uuid4())
    return {"request-id": ours, "client-request-id": headers.get("client-request-id", ours)}


def partner_center(code: int | str, description: str, data: list[Any] | None = None) -> dict[str, Any]:
    """`{"code", "description", "data", "source"}`; https://learn.microsoft.com/partner-center/developer/error-codes"""
    return {"code": str(code), "description": description[:1024], "data": data or [], "source": "PartnerFD"}


def partner_center_throttled(seconds: int) -> dict[str, Any]:
    """https://learn.microsoft.com/partner-center/developer/api-throttling-guidance"""
    return {"statusCode": 429, "message": f"Rate limit is exceeded. Try again in {seconds} seconds."}


def entra(error: str, description: str, codes: list[int], at: dt.datetime) -> dict[str, Any]:
    """https://learn.microsoft.com/entra/identity-platform/reference-error-codes"""
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    stamp = at.strftime("%Y-%m-%d %H:%M:%SZ")
    return {
        "error": error,
        "error_description": f"{description} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}",
        "error_codes": codes,
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
    }


def connector(code: str, message: str) -> dict[str, Any]:
    """`{"error": {"code", "message"}}`; https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference"""
    return {"error": {"code": code, "message": message}}


def of_service(
    service: str, status: int, code: str | None, message: str | None, retry_after: float | None, at: dt.datetime
) -> dict[str, Any]:
    """What `service` would answer with `status`, where a fault does not say more exactly."""
    text = message or f"The sandbox was told to answer {status}."
    if service == "graph":
        return graph(code or GRAPH_CODES.get(status, "UnknownError"), text, at=at)
    if service == "partnercenter":
        if status == 429 and code is None:
            return partner_center_throttled(int(retry_after or 57))
        return partner_center(code or {401: "900420", 403: "900308", 404: "800111"}.get(status, str(status)), text)
    if service == "entra":
        return entra(code or ("temporarily_unavailable" if status >= 429 else "invalid_request"), text, [90033], at)
    return connector(code or CONNECTOR_CODES.get(status, "ServiceError"), text)
