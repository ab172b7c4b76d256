"""The seeded world: the same for a seed, and with everything in it that the contract promises."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from typing import Any

import pytest

from bot.sandbox.world import GLOBAL_ADMINISTRATOR, World, build_world
from bot.sandbox.world.alerts import moment_of, stamp
from bot.sandbox.world.kinds import KINDS
from bot.sandbox.world.world import NotPossible

NOW = dt.datetime(2026, 3, 4, 9, 30, 15, 123456, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def world() -> World:
    return build_world(7, NOW)


def everything(world: World) -> list[dict[str, Any]]:
    return [alert for alerts in world.alerts.values() for alert in alerts.values()]


def test_is_the_same_for_a_seed_and_another_for_another(world: World) -> None:
    again, other = build_world(7, NOW), build_world(8, NOW)
    assert again.alerts == world.alerts
    assert again.people == world.people
    assert again.entitlements == world.entitlements
    assert other.alerts.keys().isdisjoint(world.alerts)


def test_ids_do_not_depend_on_the_time(world: World) -> None:
    later = build_world(7, NOW + 40 * DAY)
    assert [alert["id"] for alert in everything(later)] == [alert["id"] for alert in everything(world)]


def test_has_forty_customers_and_sixty_subscriptions(world: World) -> None:
    assert len(world.partners) == 2
    assert len(world.customers) == 40
    assert len(world.entitlements) == 60
    per_partner = Counter(customer.partner_tenant_id for customer in world.customers.values())
    assert sorted(per_partner.values()) == [16, 24]
    assert any(customer.reseller_tenant_id for customer in world.customers.values())
    assert any(customer.reseller_tenant_id is None for customer in world.customers.values())
    for entitlement in world.entitlements.values():
        plan = world.plans[entitlement.plan_id]
        assert plan.azure
        assert plan.offer_id.startswith("DZH318Z0BPS6:0001:")
        assert plan.id != entitlement.id
        assert plan.customer_tenant_id == entitlement.customer_tenant_id


def test_alerts_belong_to_a_subscription_of_a_customer_of_their_partner(world: World) -> None:
    for tenant, alerts in world.alerts.items():
        for alert in alerts.values():
            assert world.customers[alert["customerTenantId"]].partner_tenant_id == tenant
            assert world.entitlements[alert["subscriptionId"]].customer_tenant_id == alert["customerTenantId"]
            assert world.partner_of_alert(alert).tenant_id == tenant


def test_has_a_month_of_decided_alerts_and_old_and_young_open_ones(world: World) -> None:
    decided = [alert for alert in everything(world) if alert["status"] == "resolved"]
    assert len(decided) == 120
    for alert in decided:
        last = alert["activityLogs"][-1]
        assert last["statusTo"] == "resolved"
        assert last["updatedBy"] == alert["resolvedBy"]
        assert alert["resolvedReason"] in ("legitimate", "ignore", "fraud")
        assert moment_of(alert["detectedDateTime"]) < moment_of(alert["resolvedOnDateTime"]) < NOW
        assert NOW - moment_of(alert["detectedDateTime"]) < 31 * DAY
    for alerts in world.alerts.values():
        opened = [alert for alert in alerts.values() if alert["status"] != "resolved"]
        ages = [NOW - moment_of(alert["detectedDateTime"]) for alert in opened]
        assert sum(age < DAY for age in ages) >= 3
        assert sum(age > DAY for age in ages) >= 3


def test_has_every_documented_type_and_special_case(world: World) -> None:
    alerts = everything(world)
    assert {kind.alert_type for kind in KINDS} <= {alert["alertType"] for alert in alerts}
    assert any(alert["affectedResources"] == [] for alert in alerts)
    assert {type(alert["isTest"]) for alert in alerts} == {bool, str}
    assert any(alert["isTest"] is True for alert in alerts)
    assert any(alert["severity"] == "critical" for alert in alerts)
    names = " ".join(alert["displayName"] for alert in alerts)
    for hostile in ("](https://evil.invalid", "<at>", "=cmd|", "\u202e"):
        assert hostile in names
    assert any("{{DATE(" in alert["description"] for alert in alerts)
    assert any(len(alert["detectedDateTime"].partition(".")[2]) == 8 for alert in alerts)


def test_has_the_documented_example_word_for_word(world: World) -> None:
    northwind = world.partner("northwind")
    example = world.alerts[northwind.tenant_id]["d8b202fc-a216-3404-69ef-bdffa445eff6"]
    assert example["alertType"] == "networkConnectionsToCryptoMiningPools"
    assert example["resolvedBy"] == "danas@contoso.com"
    assert example["detectedDateTime"] == "2024-01-23T16:03:33.05Z"
    assert example["additionalDetails"]["MiningPool_IP"] == '[  "mining-pool-ip"]'
    assert example["activityLogs"][1]["updatedDateTime"] == "2023-08-10T08:47:25.2089246Z"
    assert world.resellers[example["valueAddedResellerTenantId"]].partner_tenant_id == northwind.tenant_id


def test_knows_who_is_what(world: World) -> None:
    northwind, fabrikam = world.partner("northwind"), world.partner("fabrikam")
    agents = {key for key, person in world.people.items() if world.is_admin_agent(person, northwind)}
    admins = {key for key, person in world.people.items() if world.is_global_administrator(person, northwind)}
    assert agents == {"ada", "max"}
    assert admins == {"max", "gil"}
    assert world.is_admin_agent(world.person("fay"), fabrikam)
    assert not world.is_admin_agent(world.person("ada"), fabrikam)
    assert world.person("max").aad_object_id not in world.groups[northwind.admin_agents_group_id].members
    gus = world.person("gus")
    assert gus.directory == northwind.tenant_id != gus.tenant_id
    assert "#EXT#" in gus.directory_upn


def test_a_group_of_the_same_name_makes_nobody_an_admin_agent(world: World) -> None:
    northwind, nora = world.partner("northwind"), world.person("nora")
    named = {world.groups[group].name for group in world.memberships(nora.aad_object_id) if group in world.groups}
    assert "AdminAgents" in named
    assert not world.is_admin_agent(nora, northwind)


@pytest.mark.parametrize("key", ["ada", "max", "nora"])
def test_roles_are_given_and_taken(world: World, key: str) -> None:
    northwind, person = world.partner("northwind"), world.person(key)
    for grant in (False, True, False):
        world.set_role(key, "adminAgent", grant)
        world.set_role(key, "globalAdministrator", grant)
        assert world.is_admin_agent(person, northwind) is grant
        assert (GLOBAL_ADMINISTRATOR in world.memberships(person.aad_object_id)) is grant
    with pytest.raises(NotPossible, match="no role"):
        world.set_role(key, "owner", True)


def test_a_new_alert_takes_the_wanted_fields_and_matches_them(world: World) -> None:
    fabrikam = world.partner("fabrikam")
    place = next(
        item
        for item in world.entitlements.values()
        if item.customer_tenant_id in {customer.tenant_id for customer in world.customers_of(fabrikam.tenant_id)}
    )
    alert = world.raise_alert(
        NOW, random.Random(1), {"subscriptionId": place.id, "severity": "low", "displayName": "x"}
    )
    assert alert["customerTenantId"] == place.customer_tenant_id
    assert (alert["severity"], alert["displayName"], alert["status"]) == ("low", "x", "active")
    assert moment_of(alert["detectedDateTime"]) == NOW
    assert world.alert(fabrikam.tenant_id, alert["id"]) is alert
    assert world.alert(world.partner("northwind").tenant_id, alert["id"]) is None


def test_a_new_alert_that_contradicts_itself_is_refused(world: World) -> None:
    northwind, fabrikam = world.partner("northwind"), world.partner("fabrikam")
    foreign = world.customers_of(fabrikam.tenant_id)[0]
    wanted = {"partner": "northwind", "customerTenantId": foreign.tenant_id}
    with pytest.raises(NotPossible, match="no customer"):
        world.raise_alert(NOW, random.Random(1), wanted)
    known = next(iter(world.alerts[northwind.tenant_id]))
    with pytest.raises(NotPossible, match="already"):
        world.raise_alert(NOW, random.Random(1), {"id": known})


def test_deciding_and_reopening_are_logged(world: World) -> None:
    tenant = world.partner("northwind").tenant_id
    alert = world.raise_alert(NOW, random.Random(1), {"partner": "northwind"})
    world.change_alert(tenant, alert["id"], "resolved", "fraud", "a@b.example", NOW, "portal")
    assert (alert["status"], alert["resolvedReason"], alert["resolvedBy"]) == ("resolved", "fraud", "a@b.example")
    world.change_alert(tenant, alert["id"], "active", None, "c@b.example", NOW + DAY, "portal")
    assert (alert["status"], alert["resolvedReason"], alert["resolvedOnDateTime"]) == ("active", None, None)
    assert [(log["statusFrom"], log["statusTo"], log["updatedBy"]) for log in alert["activityLogs"]] == [
        ("active", "resolved", "a@b.example"),
        ("resolved", "active", "c@b.example"),
    ]
    assert [deed["status"] for deed in world.deeds] == ["resolved", "active"]


def test_times_survive_being_written_and_read() -> None:
    assert stamp(NOW, 7) == "2026-03-04T09:30:15.1234567Z"
    assert moment_of(stamp(NOW, 7)) == NOW
    assert moment_of("2024-01-23T16:03:33.05Z").microsecond == 50_000
    assert moment_of("2024-01-23T16:03:33Z").microsecond == 0
