"""bot.microsoft.subscriptions against the sandbox's Partner Center: look-ups, each documented answer, no deed twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.clock import SystemIds
from bot.domain.people import Person
from bot.errors import (
    AlertDeskError,
    Missing,
    PendingOperation,
    Permanent,
    Refused,
    SignInNeeded,
    Transient,
)
from bot.microsoft.aadsts import MFA_CLAIMS
from bot.microsoft.service import partner_center
from bot.microsoft.subscriptions import PartnerCenterSubscriptions
from bot.net.http import Http
from bot.ports import Entitlement
from bot.sandbox.cloud import Cloud
from bot.sandbox.recorder import Entry
from tests.support.microsoft_sandbox import Desk, desk_on_sandbox
from tests.support.outbound import MadeUpTokens
from tests.support.people_sandbox import CALLBACK, People, browser, people_on_sandbox

FIRST = "aaaaaaaa-0000-4000-8000-000000000001"
SECOND = "aaaaaaaa-0000-4000-8000-000000000002"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with desk_on_sandbox() as desk:
        yield desk


def some(cloud: Cloud, status: str = "active", partner: str = "northwind") -> Entitlement:
    """An Azure subscription of a customer of that partner, as the port tells of it."""
    tenant = cloud.world.partner(partner).tenant_id
    found = next(
        item
        for item in cloud.world.entitlements.values()
        if item.settled == status and cloud.world.customers[item.customer_tenant_id].partner_tenant_id == tenant
    )
    return Entitlement(found.customer_tenant_id, found.plan_id, found.id, found.name, status)


def deeds(cloud: Cloud) -> list[tuple[str, str, str]]:
    """What was really done: (what, which subscription, under which request id)."""
    kinds = ("cancel", "reactivate")
    return [
        (deed["kind"], deed["entitlement"], deed["requestId"]) for deed in cloud.world.deeds if deed["kind"] in kinds
    ]


def header(entry: Entry, name: str) -> str:
    return next(value for key, value in entry.headers.items() if key.lower() == name.lower())


async def test_every_subscription_is_found_below_its_plan(desk: Desk) -> None:
    for partner in desk.partners:
        for customer in desk.cloud.world.customers_of(partner.tenant_id)[:4]:
            for plan in desk.cloud.world.plans_of(customer.tenant_id):
                for item in desk.cloud.world.entitlements_of(plan.id):
                    expected = Entitlement(customer.tenant_id, plan.id, item.id, item.name, item.settled)
                    found = await desk.subscriptions.find(partner, customer.tenant_id, item.id)
                    assert found == await desk.subscriptions.get(partner, found) == expected


async def test_one_that_is_inactive_is_found_too(desk: Desk) -> None:
    held = some(desk.cloud, "inactive")
    assert await desk.subscriptions.find(desk.partners[0], held.customer_tenant_id, held.id) == held


async def test_what_is_not_there(desk: Desk) -> None:
    held, partner = some(desk.cloud), desk.partners[0]
    with pytest.raises(Missing) as caught:
        await desk.subscriptions.find(partner, held.customer_tenant_id, NOBODY)
    assert caught.value.code == "no_entitlement"
    desk.cloud.world.plans = {name: plan for name, plan in desk.cloud.world.plans.items() if not plan.azure}
    with pytest.raises(Missing) as caught:
        await desk.subscriptions.find(partner, held.customer_tenant_id, held.id)
    assert caught.value.code == "no_azure_plan"
    with pytest.raises(Missing):
        await desk.subscriptions.get(partner, held)


async def test_a_customer_of_another_partner_is_refused(desk: Desk) -> None:
    foreign = some(desk.cloud, partner="fabrikam")
    with pytest.raises(Refused) as caught:
        await desk.subscriptions.find(desk.partners[0], foreign.customer_tenant_id, foreign.id)
    assert caught.value.code == "900159"
    with pytest.raises(Refused):
        await desk.subscriptions.cancel(desk.partners[0], foreign, FIRST)
    assert deeds(desk.cloud) == []


@pytest.mark.parametrize("answers_200", [False, True])
async def test_cancelled_once_whatever_is_sent_again(desk: Desk, answers_200: bool) -> None:
    desk.cloud.faults.switches.change({"cancel_answers_200": answers_200})
    held, partner = some(desk.cloud), desk.partners[0]
    await desk.subscriptions.cancel(partner, held, FIRST)
    await desk.subscriptions.cancel(partner, held, FIRST)
    assert deeds(desk.cloud) == [("cancel", held.id, FIRST)]
    sent = desk.cloud.log.select(service="partnercenter", method="POST")
    assert [entry.status for entry in sent] == [200 if answers_200 else 202] * 2
    assert {header(entry, "MS-RequestId") for entry in sent} == {FIRST}
    assert len({header(entry, "MS-CorrelationId") for entry in sent}) == 2
    assert [entry.body for entry in sent] == [{"cancellationReason": "compromise"}] * 2
    assert (await desk.subscriptions.get(partner, held)).status == "active"
    with pytest.raises(PendingOperation) as caught:
        await desk.subscriptions.cancel(partner, held, SECOND)
    assert (caught.value.code, caught.value.earliest) == ("900278", timedelta(hours=24))
    desk.cloud.set_now(desk.cloud.now() + timedelta(seconds=desk.cloud.faults.switches.cancel_seconds))
    assert (await desk.subscriptions.get(partner, held)).status == "inactive"
    with pytest.raises(Permanent) as ended:
        await desk.subscriptions.cancel(partner, held, SECOND)
    assert ended.value.code == "800012"
    assert deeds(desk.cloud) == [("cancel", held.id, FIRST)]


@pytest.mark.parametrize("answers_200", [False, True])
async def test_reactivated(desk: Desk, answers_200: bool) -> None:
    desk.cloud.faults.switches.change({"cancel_seconds": 0, "cancel_answers_200": answers_200})
    held, partner = some(desk.cloud), desk.partners[0]
    with pytest.raises(Permanent) as caught:
        await desk.subscriptions.reactivate(partner, held, FIRST)
    assert caught.value.code == "900337"
    await desk.subscriptions.cancel(partner, held, FIRST)
    await desk.subscriptions.reactivate(partner, held, SECOND)
    assert (await desk.subscriptions.get(partner, held)).status == "active"
    assert deeds(desk.cloud) == [("cancel", held.id, FIRST), ("reactivate", held.id, SECOND)]


async def test_an_app_that_may_not_cancel(desk: Desk) -> None:
    desk.cloud.faults.switches.change({"app_may_cancel": False})
    for deed in (desk.subscriptions.cancel, desk.subscriptions.reactivate):
        with pytest.raises(Refused) as caught:
            await deed(desk.partners[0], some(desk.cloud), FIRST)
        assert caught.value.code == "900329"
    assert deeds(desk.cloud) == []


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"customer_tenant_id": NOBODY}, Permanent, "900118"),
        ({"plan_id": NOBODY}, Missing, "20003"),
        ({"id": NOBODY}, Missing, "800111"),
    ],
    ids=["customer", "plan", "entitlement"],
)
async def test_a_plan_that_does_not_fit(
    desk: Desk, changes: dict[str, str], kind: type[AlertDeskError], code: str
) -> None:
    with pytest.raises(kind) as caught:
        await desk.subscriptions.cancel(desk.partners[0], replace(some(desk.cloud), **changes), FIRST)
    assert caught.value.code == code


async def test_a_plan_that_is_no_azure_plan(desk: Desk) -> None:
    held = some(desk.cloud)
    licence = next(plan.id for plan in desk.cloud.world.plans_of(held.customer_tenant_id) if not plan.azure)
    with pytest.raises(Permanent) as caught:
        await desk.subscriptions.cancel(desk.partners[0], replace(held, plan_id=licence), FIRST)
    assert caught.value.code == "800011"


@pytest.mark.parametrize(
    ("action", "kind", "code", "doubt", "wait", "done"),
    [
        ({"status": 401, "code": "900420"}, Refused, "900420", None, None, False),
        ({"status": 403, "code": "900150"}, Refused, "900150", None, None, False),
        ({"status": 400, "code": "900307"}, Permanent, "900307", None, None, False),
        ({"status": 400, "code": "800002"}, Permanent, "800002", None, None, False),
        ({"status": 409, "code": "900278"}, PendingOperation, "900278", None, None, False),
        ({"status": 429}, Transient, "429", False, 57.0, False),
        ({"status": 429, "retry_after": 6}, Transient, "429", False, 6.0, False),
        ({"status": 500}, Transient, "500", True, None, False),
        ({"status": 502}, Transient, "502", True, None, False),
        ({"status": 503}, Transient, "503", True, None, False),
        ({"status": 503, "retry_after": 6}, Transient, "503", False, 6.0, False),
        ({"drop": "before"}, Transient, None, True, None, False),
        ({"drop": "after"}, Transient, None, True, None, True),
    ],
    ids=str,
)
async def test_a_cancel_that_fails(
    desk: Desk,
    action: dict[str, Any],
    kind: type[AlertDeskError],
    code: str | None,
    doubt: bool | None,
    wait: float | None,
    done: bool,
) -> None:
    held = some(desk.cloud)
    desk.cloud.faults.add({"service": "partnercenter", "method": "POST", "action": action})
    with pytest.raises(kind) as caught:
        await desk.subscriptions.cancel(desk.partners[0], held, FIRST)
    assert code in (None, caught.value.code)
    assert getattr(caught.value, "in_doubt", None) is doubt
    assert getattr(caught.value, "retry_after", None) == wait
    assert bool(deeds(desk.cloud)) is done
    assert len(desk.asked("partnercenter", "POST")) == (2 if action.get("status") == 401 else 1)


async def test_a_timeout_is_doubt_and_the_same_request_again_does_nothing_twice(desk: Desk) -> None:
    held, partner = some(desk.cloud), desk.partners[0]
    await desk.subscriptions.get(partner, held)  # the token is there before the clock counts
    desk.cloud.faults.add({"service": "partnercenter", "action": {"drop": "after"}, "times": 1})
    with pytest.raises(Transient) as caught:
        await desk.subscriptions.cancel(partner, held, FIRST)
    assert caught.value.in_doubt
    assert (await desk.subscriptions.get(partner, held)).status == "active"
    await desk.subscriptions.cancel(partner, held, FIRST)
    assert deeds(desk.cloud) == [("cancel", held.id, FIRST)]


@pytest.mark.parametrize("action", [{"status": 503}, {"status": 429, "retry_after": 2}, {"drop": "before"}], ids=str)
async def test_looking_up_gets_over_a_fault(desk: Desk, action: dict[str, Any]) -> None:
    held, partner = some(desk.cloud), desk.partners[0]
    desk.cloud.faults.add({"service": "partnercenter", "action": action, "times": 2})
    assert await desk.subscriptions.find(partner, held.customer_tenant_id, held.id) == held
    desk.cloud.faults.add({"service": "partnercenter", "action": action, "times": 2})
    assert await desk.subscriptions.get(partner, held) == held


# As people ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def on_behalf_of(people: People) -> AsyncIterator[tuple[PartnerCenterSubscriptions, Any]]:
    one = await people.replica()
    http = Http(people.clock, SystemIds(), loopback=True)
    url = f"{people.cloud.base_url}/partnercenter"
    service = partner_center(http, MadeUpTokens(), people.clock, SystemIds(), url, users=one.users, loopback=True)
    try:
        yield PartnerCenterSubscriptions(service, timeout=20.0), one.users
    finally:
        await http.close()


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[People]:
    async with people_on_sandbox(tmp_path) as people:
        yield people


async def test_a_manager_looks_up_and_cancels_with_their_own_token(people: People) -> None:
    held, partner, manager = some(people.cloud), people.partner(), people.person("max")
    async with on_behalf_of(people) as (subscriptions, users):
        await users.exchange(manager, await people.sso("max"))
        assert await subscriptions.find(partner, held.customer_tenant_id, held.id, manager) == held
        await subscriptions.cancel(partner, held, FIRST, manager)
    done = [deed for deed in people.cloud.world.deeds if deed["kind"] == "cancel"]
    assert [(deed["by"], deed["requestId"]) for deed in done] == [(people.cloud.world.person("max").upn, FIRST)]


async def test_who_is_no_global_administrator_is_refused_and_a_role_just_activated_counts(people: People) -> None:
    held, partner, ada = some(people.cloud), people.partner(), people.person("ada")
    async with on_behalf_of(people) as (subscriptions, users):
        await users.exchange(ada, await people.sso("ada"))
        with pytest.raises(Refused) as caught:
            await subscriptions.cancel(partner, held, FIRST, ada)
        assert caught.value.code == "900308"
        assert "Global Administrator" in caught.value.message
        with pytest.raises(Refused) as caught:
            await subscriptions.reactivate(partner, held, FIRST, ada)
        assert caught.value.code == "900335"
        people.cloud.world.set_role("ada", "globalAdministrator", True)
        before = len(people.asked("entra", "POST", "/token"))
        await subscriptions.cancel(partner, held, SECOND, ada)
        assert len(people.asked("entra", "POST", "/token")) == before + 1
    assert deeds(people.cloud) == [("cancel", held.id, SECOND)]


async def test_without_multi_factor_authentication_a_page_is_wanted_and_then_it_goes_on(people: People) -> None:
    held, partner, manager = some(people.cloud), people.partner(), people.person("max")
    async with on_behalf_of(people) as (subscriptions, users):
        await users.exchange(manager, await people.sso("max", amr=["pwd"]))
        for call in (
            subscriptions.find(partner, held.customer_tenant_id, held.id, manager),
            subscriptions.cancel(partner, held, FIRST, manager),
        ):
            with pytest.raises(SignInNeeded) as caught:
                await call
            assert (caught.value.interactive, caught.value.code) == (True, "900421")
            assert caught.value.claims == MFA_CLAIMS
        address, flow = await users.begin(manager, "state-1", CALLBACK, caught.value.claims)
        await users.complete(manager, flow, await browser(address, sandbox_person="max"))
        await subscriptions.cancel(partner, held, FIRST, manager)
    assert deeds(people.cloud) == [("cancel", held.id, FIRST)]


async def test_nobody_signed_in(people: People) -> None:
    stranger = Person(NOBODY, "29:x", "Nobody", people.partner().tenant_id)
    async with on_behalf_of(people) as (subscriptions, _):
        with pytest.raises(SignInNeeded):
            await subscriptions.cancel(people.partner(), some(people.cloud), FIRST, stranger)
    assert people.asked("partnercenter", "POST") == []


async def test_a_token_that_is_not_had_leaves_no_doubt(people: People) -> None:
    manager = people.person("max")
    async with on_behalf_of(people) as (subscriptions, users):
        await users.exchange(manager, await people.sso("max"))
        people.cloud.faults.add({"service": "entra", "method": "POST", "action": {"status": 503}})
        with pytest.raises(Transient) as caught:
            await subscriptions.cancel(people.partner(), some(people.cloud), FIRST, manager)
    assert not caught.value.in_doubt
    assert people.asked("partnercenter", "POST") == []
