"""bot.microsoft.directory against the sandbox's Graph and Partner Center: live roles, names of customers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.domain.people import NO_ROLES, Person, Roles
from bot.errors import Missing, MissingMfa, Refused, Transient
from tests.support.microsoft_sandbox import Desk, desk_on_sandbox

BOTH = Roles(admin_agent=True, global_administrator=True)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with desk_on_sandbox() as desk:
        yield desk


async def roles(desk: Desk, who: str, partner: int = 0) -> Roles:
    return await desk.directory.roles(desk.partners[partner], desk.cloud.world.people[who].aad_object_id)


async def test_everybody_has_their_roles_in_their_own_tenant_only(desk: Desk) -> None:
    expected = {
        "ada": (Roles(admin_agent=True), NO_ROLES),
        "max": (BOTH, NO_ROLES),
        "gil": (Roles(global_administrator=True), NO_ROLES),
        "nora": (NO_ROLES, NO_ROLES),
        "gus": (NO_ROLES, NO_ROLES),
        "fay": (NO_ROLES, Roles(admin_agent=True)),
        "finn": (NO_ROLES, NO_ROLES),
    }
    for who, (in_first, in_second) in expected.items():
        assert await roles(desk, who, 0) == in_first
        assert await roles(desk, who, 1) == in_second


async def test_roles_are_live(desk: Desk) -> None:
    desk.cloud.world.set_role("nora", "globalAdministrator", True)
    assert await roles(desk, "nora") == Roles(global_administrator=True)
    desk.cloud.world.set_role("max", "adminAgent", False)
    assert await roles(desk, "max") == Roles(global_administrator=True)


async def test_roles_of_the_role_tenant(desk: Desk) -> None:
    first, second = desk.partners
    moved = replace(first, role_tenant_id=second.tenant_id, admin_agents_group_id=second.admin_agents_group_id)
    fay, ada = (desk.cloud.world.people[who].aad_object_id for who in ("fay", "ada"))
    assert await desk.directory.roles(moved, fay) == Roles(admin_agent=True)
    assert await desk.directory.roles(moved, ada) == NO_ROLES


async def test_a_failing_look_up_is_told(desk: Desk) -> None:
    desk.cloud.faults.add({"service": "graph", "action": {"status": 503}, "times": 1})
    with pytest.raises(Transient):
        await roles(desk, "ada")
    desk.cloud.faults.add({"service": "graph", "action": {"status": 403}, "times": 1})
    with pytest.raises(Refused):
        await roles(desk, "ada")
    assert await roles(desk, "ada") == Roles(admin_agent=True)


async def test_approvers_through_nested_groups(desk: Desk) -> None:
    first, second = desk.partners
    world = desk.cloud.world
    manager = world.people["max"]
    expected = Person(manager.aad_object_id, "", manager.name, first.tenant_id, manager.upn)
    assert await desk.directory.approvers(first) == (expected,)
    assert await desk.directory.approvers(second) == ()
    group = world.groups[first.approvers_group_id]
    group.members += [world.people[key].aad_object_id for key in ("ada", "gil", "nora")]
    desk.cloud.faults.switches.page_size = 2
    assert {person.name for person in await desk.directory.approvers(first)} == {
        world.people[key].name for key in ("ada", "gil", "max", "nora")
    }
    world.remove_person("nora", True)
    assert len(await desk.directory.approvers(first)) == 3
    with pytest.raises(Missing):
        await desk.directory.approvers(replace(first, approvers_group_id=second.admin_agents_group_id))


async def test_names_of_customers(desk: Desk) -> None:
    for partner in desk.partners:
        expected = {found.tenant_id: found.name for found in desk.cloud.world.customers_of(partner.tenant_id)}
        names: dict[str, str] = {}
        async for page in desk.directory.customer_names(partner):
            names |= page
        assert names == expected
        one = next(iter(expected))
        assert await desk.directory.customer_name(partner, one) == expected[one]


async def test_customers_of_others_have_no_name(desk: Desk) -> None:
    first, second = desk.partners
    foreign = desk.cloud.world.customers_of(second.tenant_id)[0].tenant_id
    assert await desk.directory.customer_name(first, foreign) is None
    assert await desk.directory.customer_name(first, "55555555-5555-4555-8555-555555555555") is None


async def test_partner_center_refuses(desk: Desk) -> None:
    partner = desk.partners[0]
    customer = desk.cloud.world.customers_of(partner.tenant_id)[0].tenant_id
    desk.cloud.faults.add({"service": "partnercenter", "action": {"status": 401, "code": "900421"}})
    with pytest.raises(MissingMfa):
        await desk.directory.customer_name(partner, customer)
    desk.cloud.faults.remove()
    desk.cloud.faults.add({"service": "partnercenter", "action": {"status": 429, "retry_after": 57}})
    with pytest.raises(Transient) as caught:
        await desk.directory.customer_name(partner, customer)
    assert caught.value.retry_after == 57.0


async def test_resellers_are_given_to_people_only(desk: Desk) -> None:
    assert await desk.directory.reseller_names(desk.partners[0]) == {}
