"""Faults and switches, and the one middleware that applies faults, names the service and keeps the request log.

A fault answers in the place of the service (`status`), holds it up (`latency`) or closes the connection before or after
the deed (`drop`). A switch changes how a service behaves; the services read `cloud.faults.switches`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.sandbox import envelopes
from bot.sandbox.recorder import readable

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud

SERVICES = frozenset(
    {"entra", "graph", "partnercenter", "botframework", "connector", "onedrive", "cert", "azureportal"}
)
MAX_LATENCY = 120.0


class BadFault(ValueError):
    """A fault or switch that makes no sense; the message says what is wrong."""


@dataclass
class Switches:
    """Named behaviours. Times are seconds, sizes bytes.

    `end_tokens_on_change`: a change of a person's roles, or a policy that is switched on, ends the tokens that it
    concerns at once, by continuous access evaluation; else they live on until they expire. `cancel_answers_200`:
    Partner Center accepts a cancel or reactivate with 200, as its article has it, instead of the reference's 202.
    """

    app_only_missing_mfa: bool = False
    filter_unsupported: bool = False
    stale_echo: bool = True
    mfa_required: bool = False
    consent_required: bool = False
    conditional_access: bool = False
    end_tokens_on_change: bool = False
    page_size: int = 25
    cancel_seconds: float = 20.0
    cancel_answers_200: bool = False
    app_may_cancel: bool = True
    limits: bool = True
    max_message_bytes: int = 102_400
    redeliver: bool = True

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def change(self, values: Mapping[str, Any]) -> None:
        """Set some switches, all or none. Raises BadFault for an unknown name or a value of another kind."""
        kinds: dict[str, type] = {name: type(value) for name, value in self.as_json().items()}
        checked: dict[str, Any] = {}
        for name, value in values.items():
            kind = kinds.get(name)
            if kind is None:
                raise BadFault(f"unknown switch {name!r}; there are {', '.join(kinds)}")
            if kind is bool:
                if not isinstance(value, bool):
                    raise BadFault(f"switch {name} is true or false, not {value!r}")
                checked[name] = value
            elif isinstance(value, bool) or not isinstance(value, int | float) or value < (1 if kind is int else 0):
                raise BadFault(f"switch {name} is a number, not {value!r}")
            else:
                checked[name] = kind(value)
        for name, value in checked.items():
            setattr(self, name, value)


@dataclass(frozen=True)
class Action:
    """What a fault does: exactly one of `status`, `latency`, `drop`."""

    status: int | None = None
    retry_after: float | None = None
    code: str | None = None
    message: str | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    latency: float | None = None
    drop: str | None = None


@dataclass
class Fault:
    """A rule: `service`, `method` and `match` (regular expression on path and query) say when; None means any."""

    id: str
    service: str | None
    method: str | None
    match: str | None
    action: Action
    times: int | None
    probability: float
    hits: int = 0

    def meets(self, service: str, method: str, path: str) -> bool:
        return (
            self.times != 0
            and self.service in (None, service)
            and self.method in (None, method)
            and (self.match is None or re.search(self.match, path) is not None)
        )

    def as_json(self) -> dict[str, Any]:
        action = {name: value for name, value in dataclasses.asdict(self.action).items() if value not in (None, {})}
        return {**dataclasses.asdict(self), "action": action}


class Faults:
    """The faults in force, in the order in which they were set, and the switches."""

    def __init__(self, rng: random.Random) -> None:
        self.switches = Switches()
        self._rng = rng
        self._ids = itertools.count(1)
        self._faults: dict[str, Fault] = {}

    def add(self, wanted: Mapping[str, Any]) -> Fault:
        """A fault from its JSON (see the module). Raises BadFault."""
        unknown = wanted.keys() - {"service", "method", "match", "action", "times", "probability"}
        if unknown:
            raise BadFault(f"a fault has no {', '.join(sorted(unknown))}")
        service, method, match = (_text(wanted, name) for name in ("service", "method", "match"))
        if service is not None and service not in SERVICES:
            raise BadFault(f"unknown service {service!r}; there are {', '.join(sorted(SERVICES))}")
        if match is not None:
            try:
                re.compile(match)
            except re.error as error:
                raise BadFault(f"match is not a regular expression: {error}") from error
        times = wanted.get("times")
        if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
            raise BadFault("times is a whole number above 0, or null for ever")
        probability = wanted.get("probability", 1.0)
        if isinstance(probability, bool) or not isinstance(probability, int | float) or not 0 < probability <= 1:
            raise BadFault("probability is a number above 0 and up to 1")
        fault = Fault(
            id=f"f{next(self._ids)}",
            service=service,
            method=method.upper() if method else None,
            match=match,
            action=_action(wanted.get("action")),
            times=times,
            probability=float(probability),
        )
        self._faults[fault.id] = fault
        return fault

    def remove(self, fault_id: str | None = None) -> int:
        """Remove one fault, or all; says how many there were."""
        if fault_id is None:
            count = len(self._faults)
            self._faults.clear()
            return count
        return 0 if self._faults.pop(fault_id, None) is None else 1

    def all(self) -> list[Fault]:
        return list(self._faults.values())

    def take(self, service: str, method: str, path: str) -> list[Fault]:
        """The faults that hit this request, counted: latencies, and at most one that decides the answer."""
        hit: list[Fault] = []
        for fault in list(self._faults.values()):
            if not fault.meets(service, method, path):
                continue
            if fault.probability < 1 and self._rng.random() >= fault.probability:
                continue
            fault.hits += 1
            if fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    self._faults.pop(fault.id, None)
            hit.append(fault)
            if fault.action.latency is None:
                break
        return hit


def middleware(cloud: Cloud) -> Middleware:
    """Applies the faults of `cloud` and logs what its Microsoft services were asked and answered."""

    @web.middleware
    async def apply(request: web.Request, handler: Handler) -> web.StreamResponse:
        service = request.path.split("/", 2)[1]
        if not cloud.base_url:
            cloud.base_url = str(request.url.origin())
        if service not in SERVICES:
            return await handler(request)
        sent = await request.read()
        hit = cloud.faults.take(service, request.method, request.path_qs)
        response: web.StreamResponse | None = None
        dropped = False
        for fault in hit:
            if fault.action.latency is not None:
                await asyncio.sleep(fault.action.latency)
            elif fault.action.status is not None:
                response = _faulty(cloud, request, service, fault.action)
            else:
                dropped = True
                if fault.action.drop == "before":
                    response = web.Response(status=500)
        if response is None:
            response = await _handled(request, handler)
        answer = response.body if isinstance(response, web.Response) else None
        cloud.log.add(
            time=cloud.now().timestamp(),
            service=service,
            method=request.method,
            path=request.path_qs,
            status=0 if dropped else response.status,
            headers=request.headers,
            body=readable(sent, request.content_type),
            response=readable(answer, response.content_type) if isinstance(answer, bytes) else None,
            fault=", ".join(fault.id for fault in hit) or None,
        )
        if dropped and request.transport is not None:
            request.transport.abort()
        return response

    return apply


async def _handled(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as answer:
        return web.Response(status=answer.status, text=answer.text, headers=answer.headers)


def _faulty(cloud: Cloud, request: web.Request, service: str, action: Action) -> web.Response:
    status = action.status or 500
    trace = envelopes.graph_trace(request.headers) if service == "graph" else {}
    headers = {**trace, **action.headers}
    if action.retry_after is not None:
        headers["Retry-After"] = f"{action.retry_after:g}"
    if isinstance(action.body, str):
        return web.Response(status=status, text=action.body, headers=headers)
    body = action.body
    if body is None:
        body = envelopes.of_service(service, status, action.code, action.message, action.retry_after, cloud.now())
        if service == "graph":
            body["error"]["innerError"] |= trace
    return web.json_response(body, status=status, headers=headers)


def _action(wanted: Any) -> Action:
    if not isinstance(wanted, Mapping):
        raise BadFault("action is an object with status, latency or drop")
    known = {entry.name for entry in dataclasses.fields(Action)}
    if wanted.keys() - known:
        raise BadFault(f"an action has no {', '.join(sorted(wanted.keys() - known))}")
    kinds = [name for name in ("status", "latency", "drop") if wanted.get(name) is not None]
    if len(kinds) != 1:
        raise BadFault("an action has exactly one of status, latency, drop")
    status, latency, drop, retry_after = (wanted.get(name) for name in ("status", "latency", "drop", "retry_after"))
    if status is not None and (not isinstance(status, int) or not 200 <= status <= 599):
        raise BadFault("status is a number from 200 to 599")
    if latency is not None and (not isinstance(latency, int | float) or not 0 < latency <= MAX_LATENCY):
        raise BadFault(f"latency is seconds, above 0 and up to {MAX_LATENCY:g}")
    if drop not in (None, "before", "after"):
        raise BadFault("drop is before or after")
    if retry_after is not None and (not isinstance(retry_after, int | float) or retry_after < 0):
        raise BadFault("retry_after is seconds")
    headers = wanted.get("headers") or {}
    if not isinstance(headers, Mapping) or not all(isinstance(value, str) for value in headers.values()):
        raise BadFault("headers is an object of strings")
    return Action(**{**wanted, "headers": headers})


def _text(wanted: Mapping[str, Any], name: str) -> str | None:
    value = wanted.get(name)
    if value is not None and not isinstance(value, str):
        raise BadFault(f"{name} is a text")
    return value
