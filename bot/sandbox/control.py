"""The controls of the sandbox below B/control: settings for a bot, faults, switches, the world, the request log.

These are no part of any Microsoft service. Every answer is JSON; bad input is 400 `{"error": …}`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox.control_settings import bot_settings
from bot.sandbox.faults import BadFault
from bot.sandbox.graph_alerts import REASONS
from bot.sandbox.world.world import NotPossible

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud

MOST_IN_A_RUN = 500
MAX_PACE = 86_400.0
POLICIES = ("mfa_required", "consent_required", "conditional_access")
Work = Callable[["Cloud", web.Request], Awaitable[Any]]


def routes(cloud: Cloud) -> list[web.RouteDef]:
    cloud.background.append(lambda: raise_at_pace(cloud))

    def answer(work: Work) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            try:
                return web.json_response(await work(cloud, request))
            except (BadFault, NotPossible) as error:
                return web.json_response({"error": str(error)}, status=400)

        return handle

    base = "/control"
    return [
        web.get(f"{base}/settings", answer(_settings)),
        web.get(f"{base}/faults", answer(_faults)),
        web.post(f"{base}/faults", answer(_add_fault)),
        web.delete(f"{base}/faults", answer(_remove_faults)),
        web.delete(f"{base}/faults/{{id}}", answer(_remove_faults)),
        web.get(f"{base}/switches", answer(_switches)),
        web.post(f"{base}/switches", answer(_change_switches)),
        web.get(f"{base}/world", answer(_world)),
        web.get(f"{base}/alerts", answer(_alerts)),
        web.post(f"{base}/alerts", answer(_raise_alert)),
        web.post(f"{base}/alerts/{{partner}}/{{id}}/resolve", answer(_resolve)),
        web.post(f"{base}/alerts/{{partner}}/{{id}}/reopen", answer(_reopen)),
        web.post(f"{base}/entitlements/{{id}}", answer(_entitlement)),
        web.post(f"{base}/roles", answer(_roles)),
        web.post(f"{base}/people", answer(_people)),
        web.get(f"{base}/pace", answer(_pace)),
        web.post(f"{base}/pace", answer(_set_pace)),
        web.post(f"{base}/clock", answer(_clock)),
        web.get(f"{base}/deeds", answer(_deeds)),
        web.get(f"{base}/log", answer(_log)),
        web.post(f"{base}/reset", answer(_reset)),
    ]


async def raise_at_pace(cloud: Cloud) -> None:
    """Raise an alert each `cloud.pace` seconds while that is above 0; at most 500 in the life of the process."""
    raised = 0
    while raised < MOST_IN_A_RUN:
        cloud.pace_changed.clear()
        try:
            await asyncio.wait_for(cloud.pace_changed.wait(), cloud.pace or None)
        except TimeoutError:
            cloud.raise_alert()
            raised += 1


async def _settings(cloud: Cloud, request: web.Request) -> Any:
    act_as = request.query.get("act_as", "user")
    if act_as not in ("app", "user"):
        raise NotPossible("act_as is app or user")
    return bot_settings(cloud, request.query.get("bot_url") or cloud.bot_url, act_as)


async def _faults(cloud: Cloud, _: web.Request) -> Any:
    return [fault.as_json() for fault in cloud.faults.all()]


async def _add_fault(cloud: Cloud, request: web.Request) -> Any:
    return cloud.faults.add(await _body(request)).as_json()


async def _remove_faults(cloud: Cloud, request: web.Request) -> Any:
    return {"removed": cloud.faults.remove(request.match_info.get("id"))}


async def _switches(cloud: Cloud, _: web.Request) -> Any:
    return cloud.faults.switches.as_json()


async def _change_switches(cloud: Cloud, request: web.Request) -> Any:
    body, switches = await _body(request), cloud.faults.switches
    before = switches.as_json()
    switches.change(body)
    stricter = any(getattr(switches, name) and not before[name] for name in POLICIES)
    if switches.end_tokens_on_change and stricter:
        for person in cloud.world.people.values():
            cloud.entra.end_tokens(person)
    return switches.as_json()


async def _world(cloud: Cloud, _: web.Request) -> Any:
    """Who and what there is, for scripts: partners, people, teams, counts."""
    world = cloud.world
    return {
        "now": cloud.now().isoformat(),
        "seed": world.seed,
        "partners": [
            {
                "key": partner.key,
                "name": partner.name,
                "tenantId": partner.tenant_id,
                "adminAgentsGroupId": partner.admin_agents_group_id,
                "approversGroupId": partner.approvers_group_id,
                "customers": len(world.customers_of(partner.tenant_id)),
                "alerts": len(world.alerts[partner.tenant_id]),
            }
            for partner in world.partners.values()
        ],
        "people": [
            {"key": person.key, "name": person.name, "upn": person.upn, "aadObjectId": person.aad_object_id}
            for person in world.people.values()
        ],
        "teams": [
            {
                "name": team.name,
                "channels": [
                    {"id": channel.id, "name": channel.name, "membership": channel.membership}
                    for channel in team.channels
                ],
            }
            for team in world.teams
        ],
    }


async def _alerts(cloud: Cloud, request: web.Request) -> Any:
    """Alerts as they are stored, of one partner (key or tenant id) or of all; `status` narrows them."""
    status = request.query.get("status")
    wanted = (
        [cloud.world.partner(request.query["partner"])] if "partner" in request.query else cloud.world.partners.values()
    )
    return [
        alert
        for partner in wanted
        for alert in cloud.world.alerts[partner.tenant_id].values()
        if status in (None, alert["status"])
    ]


async def _raise_alert(cloud: Cloud, request: web.Request) -> Any:
    """Raise one now. The body is a partial alert, and `partner` (key or tenant id); missing fields are filled."""
    return cloud.raise_alert(await _body(request))


async def _resolve(cloud: Cloud, request: web.Request) -> Any:
    """As if somebody decided it in the portal: `{"reason", "by"}`, `by` a person's key or a user principal name."""
    body = await _body(request)
    reason = body.get("reason", "legitimate")
    if reason not in REASONS:
        raise NotPossible(f"reason is one of {', '.join(REASONS)}")
    return _decide(cloud, request, "resolved", reason, body)


async def _reopen(cloud: Cloud, request: web.Request) -> Any:
    return _decide(cloud, request, "active", None, await _body(request))


def _decide(cloud: Cloud, request: web.Request, status: str, reason: str | None, body: dict[str, Any]) -> Any:
    partner = cloud.world.partner(request.match_info["partner"])
    by = str(body.get("by") or f"portal.user@{partner.domain}")
    person = cloud.world.people.get(by)
    alert = cloud.world.change_alert(
        partner.tenant_id, request.match_info["id"], status, reason, person.upn if person else by, cloud.now(), "portal"
    )
    cloud.events.publish("alert", {"partner": partner.tenant_id, "alert": alert})
    return alert


async def _entitlement(cloud: Cloud, request: web.Request) -> Any:
    """As if somebody changed an Azure subscription in the portal: `status` (active, inactive), `name`, `planId`. A
    status is there at once, and what was under way is over."""
    body = await _body(request)
    found = cloud.world.change_entitlement(request.match_info["id"], body)
    shown = {"id": found.id, "planId": found.plan_id, "name": found.name, "status": found.status(cloud.now())}
    cloud.events.publish("entitlement", {"entitlement": found.id, "status": shown["status"]})
    return shown


async def _roles(cloud: Cloud, request: web.Request) -> Any:
    body = await _body(request)
    if not isinstance(body.get("grant"), bool):
        raise NotPossible("grant is true or false")
    cloud.world.set_role(str(body.get("person")), str(body.get("role")), body["grant"])
    person = cloud.world.person(str(body.get("person")))
    if cloud.faults.switches.end_tokens_on_change:
        cloud.entra.end_tokens(person)
    return {"person": person.key, "memberOf": sorted(cloud.world.memberships(person.aad_object_id))}


async def _people(cloud: Cloud, request: web.Request) -> Any:
    """`{"person", "removed": bool}`: the account is deleted from its directory, or is there again."""
    body = await _body(request)
    if not isinstance(body.get("removed"), bool):
        raise NotPossible("removed is true or false")
    person = cloud.world.remove_person(str(body.get("person")), body["removed"])
    return {"person": person.key, "removed": body["removed"]}


async def _pace(cloud: Cloud, _: web.Request) -> Any:
    return {"seconds": cloud.pace}


async def _set_pace(cloud: Cloud, request: web.Request) -> Any:
    seconds = _number(await _body(request), "seconds")
    if not 0 <= seconds <= MAX_PACE:
        raise NotPossible(f"seconds is a number from 0 to {MAX_PACE:g}")
    cloud.set_pace(seconds)
    return {"seconds": cloud.pace}


async def _clock(cloud: Cloud, request: web.Request) -> Any:
    """`{"now": ISO time}` freezes the clock, `{"now": null}` lets it run, `{"advance": seconds}` freezes it ahead."""
    body = await _body(request)
    if "advance" in body:
        cloud.set_now(cloud.now() + dt.timedelta(seconds=_number(body, "advance")))
    elif body.get("now") is None:
        cloud.set_now(None)
    else:
        try:
            now = dt.datetime.fromisoformat(str(body["now"]))
        except ValueError as error:
            raise NotPossible(str(error)) from error
        if now.tzinfo is None:
            raise NotPossible("now is a time with a zone")
        cloud.set_now(now)
    return {"now": cloud.now().isoformat()}


async def _deeds(cloud: Cloud, request: web.Request) -> Any:
    """What was really done, oldest first; `kind` (alert, cancel, reactivate) narrows it."""
    kind = request.query.get("kind")
    return [deed for deed in cloud.world.deeds if kind in (None, deed["kind"])]


async def _log(cloud: Cloud, request: web.Request) -> Any:
    """The request log, oldest first; narrowed by `service`, `method`, `path` (a part of it) and `since` (a `seq`)."""
    query = request.query
    since = query.get("since", "0")
    if not since.isdecimal():
        raise NotPossible("since is the seq of an entry")
    entries = cloud.log.select(
        service=query.get("service"), method=query.get("method"), path=query.get("path"), since=int(since)
    )
    return [entry.as_json() for entry in entries]


async def _reset(cloud: Cloud, _: web.Request) -> Any:
    cloud.reset()
    return {"now": cloud.now().isoformat()}


async def _body(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError as error:
        raise NotPossible(f"the body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise NotPossible("the body is a JSON object")
    return body


def _number(body: dict[str, Any], name: str) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotPossible(f"{name} is a number")
    return float(value)
