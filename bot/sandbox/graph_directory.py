"""People and groups of Graph: who somebody is and what they are a member of.

https://learn.microsoft.com/graph/api/directoryobject-checkmemberobjects
https://learn.microsoft.com/graph/api/group-list-members
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox.graph_call import NO_PRIVILEGE, Call, GraphError, endpoint
from bot.sandbox.world import Group, Person

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud

MAX_IDS = 20
MAX_TOP = 999
BASIC_USER = ("User.ReadBasic.All", "User.Read.All", "Directory.Read.All")
MEMBERS = ("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All")
ME = ("User.Read", *BASIC_USER)


def routes(cloud: Cloud) -> list[web.RouteDef]:
    found = []
    for base in ("/graph/v1.0", "/graph/beta"):
        found += [
            web.get(f"{base}/me", endpoint(cloud, get_me)),
            web.post(f"{base}/me/checkMemberObjects", endpoint(cloud, check_me)),
            web.get(f"{base}/users/{{id}}", endpoint(cloud, get_user)),
            web.post(f"{base}/users/{{id}}/checkMemberObjects", endpoint(cloud, check_user)),
            web.get(f"{base}/groups/{{id}}", endpoint(cloud, get_group)),
            web.get(f"{base}/groups/{{id}}/members", endpoint(cloud, list_members)),
            web.get(f"{base}/groups/{{id}}/transitiveMembers", endpoint(cloud, list_transitive_members)),
            web.get(f"{base}/groups/{{id}}/transitiveMembers/microsoft.graph.user", endpoint(cloud, list_people)),
        ]
    return found


async def get_me(call: Call) -> dict[str, Any]:
    call.options("$select")
    return {"@odata.context": call.context("users/$entity"), **_user(_me(call))}


async def get_user(call: Call) -> dict[str, Any]:
    call.require(*BASIC_USER)
    call.options("$select")
    return {"@odata.context": call.context("users/$entity"), **_user(_person(call))}


async def check_me(call: Call) -> dict[str, Any]:
    return await _checked(call, _me(call))


async def check_user(call: Call) -> dict[str, Any]:
    """For somebody else the caller needs User.ReadBasic.All and GroupMember.Read.All, both or the larger ones."""
    call.require(*BASIC_USER)
    call.require(*MEMBERS)
    return await _checked(call, _person(call))


async def get_group(call: Call) -> dict[str, Any]:
    call.require(*MEMBERS)
    call.options("$select")
    group = _group(call)
    return {
        "@odata.context": call.context("groups/$entity"),
        "id": group.id,
        "displayName": group.name,
        "securityEnabled": True,
    }


async def list_members(call: Call) -> dict[str, Any]:
    call.require(*MEMBERS)
    return _members(call, _group(call).members)


async def list_transitive_members(call: Call) -> dict[str, Any]:
    call.require(*MEMBERS)
    return _members(call, _transitive(call))


async def list_people(call: Call) -> dict[str, Any]:
    """The cast to users is an advanced query: https://learn.microsoft.com/graph/aad-advanced-queries"""
    call.require(*MEMBERS)
    eventual = call.request.headers.get("ConsistencyLevel", "").lower() == "eventual"
    if not eventual or call.request.query.get("$count") != "true":
        raise GraphError(400, "Request_UnsupportedQuery", "The cast needs ConsistencyLevel: eventual and $count=true.")
    world = call.cloud.world
    return _members(call, [member for member in _transitive(call) if member not in {*world.groups, *world.removed}])


def _transitive(call: Call) -> list[str]:
    found: list[str] = []
    waiting = list(_group(call).members)
    while waiting:
        member = waiting.pop(0)
        if member not in found:
            found.append(member)
            nested = call.cloud.world.groups.get(member)
            waiting += nested.members if nested else []
    return found


def _members(call: Call, members: list[str]) -> dict[str, Any]:
    options = call.options("$select", "$top", "$count", "$skiptoken")
    top = options.get("$top", str(call.cloud.faults.switches.page_size))
    if not top.isdecimal() or not 1 <= int(top) <= MAX_TOP:
        raise GraphError(400, "Request_BadRequest", f"$top is a number from 1 to {MAX_TOP}.")
    page, link = call.page(list(enumerate(members)), int(top))
    answer: dict[str, Any] = {"@odata.context": call.context("directoryObjects")}
    if link is not None:
        answer["@odata.nextLink"] = link
    return answer | {"value": [_member(call, member) for member in page]}


def _member(call: Call, object_id: str) -> dict[str, Any]:
    group = call.cloud.world.groups.get(object_id)
    if group is not None:
        return {"@odata.type": "#microsoft.graph.group", "id": group.id, "displayName": group.name}
    person = call.cloud.world.find_person(object_id)
    return {"@odata.type": "#microsoft.graph.user", **(_user(person) if person else {"id": object_id})}


async def _checked(call: Call, person: Person) -> dict[str, Any]:
    """`{"value": [those of the ids that the person holds]}`: groups (nested ones too) and active role template ids."""
    ids = (await call.json_body()).get("ids")
    if not isinstance(ids, list) or not ids or not all(_is_guid(wanted) for wanted in ids):
        raise GraphError(400, "Request_BadRequest", "Invalid object identifier in 'ids'.")
    if len(ids) > MAX_IDS:
        raise GraphError(400, "Request_BadRequest", f"The number of 'ids' exceeds the limit of {MAX_IDS}.")
    held = call.cloud.world.memberships(person.aad_object_id)
    return {
        "@odata.context": call.context("Collection(Edm.String)"),
        "value": [wanted.lower() for wanted in dict.fromkeys(ids) if wanted.lower() in held],
    }


def _me(call: Call) -> Person:
    if call.claims.is_app:
        raise GraphError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
    call.require(*ME)
    person = call.person
    if person is not None and person.aad_object_id in call.cloud.world.removed:
        raise _missing(person.aad_object_id)
    if person is None:
        raise GraphError(403, "Authorization_RequestDenied", NO_PRIVILEGE)
    return person


def _person(call: Call) -> Person:
    wanted = call.request.match_info["id"]
    person = call.cloud.world.find_person(wanted)
    gone = person is not None and person.aad_object_id in call.cloud.world.removed
    if person is None or gone or person.directory != call.claims.tenant_id or wanted.startswith("29:"):
        raise _missing(wanted)
    return person


def _group(call: Call) -> Group:
    wanted = call.request.match_info["id"].lower()
    group = call.cloud.world.groups.get(wanted)
    if group is None or group.tenant_id != call.claims.tenant_id:
        raise _missing(wanted)
    return group


def _missing(wanted: str) -> GraphError:
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{wanted}' does not exist or one of its queried reference-property objects are not present.",
    )


def _user(person: Person) -> dict[str, Any]:
    given, _, family = person.name.partition(" ")
    return {
        "id": person.aad_object_id,
        "displayName": person.name,
        "givenName": given,
        "surname": family,
        "mail": person.upn,
        "userPrincipalName": person.directory_upn,
    }


def _is_guid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False
