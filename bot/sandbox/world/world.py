"""The world as the services ask it: who is what, what belongs to whom, and the deeds that change it."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Iterable, Mapping
from typing import Any

from bot.sandbox.world.alerts import change, new_alert
from bot.sandbox.world.kinds import KINDS, kind_of
from bot.sandbox.world.model import (
    GLOBAL_ADMINISTRATOR,
    BotApp,
    Customer,
    Entitlement,
    Group,
    GroupChat,
    Partner,
    Person,
    Plan,
    Reseller,
    Team,
)

MAX_DEEDS = 20_000
MAX_ACCEPTED = 1_000


class NotPossible(ValueError):
    """The world cannot do that; the message says why."""


class World:
    """All state that Graph, Partner Center and Entra answer from. Ids of the world are lower case."""

    def __init__(
        self,
        *,
        seed: int,
        app: BotApp,
        partners: Iterable[Partner],
        people: Mapping[str, Person],
        groups: Mapping[str, Group],
        directory_roles: Mapping[str, set[str]],
        teams: tuple[Team, ...],
        group_chats: tuple[GroupChat, ...],
        resellers: Iterable[Reseller],
        customers: Iterable[Customer],
        plans: Iterable[Plan],
        entitlements: Iterable[Entitlement],
    ) -> None:
        self.seed = seed
        self.app = app
        self.partners = {partner.tenant_id: partner for partner in partners}
        self.people = dict(people)
        self.groups = dict(groups)
        self.directory_roles = {who: set(roles) for who, roles in directory_roles.items()}
        self.teams = teams
        self.group_chats = group_chats
        self.resellers = {reseller.tenant_id: reseller for reseller in resellers}
        self.customers = {customer.tenant_id: customer for customer in customers}
        self.plans = {plan.id: plan for plan in plans}
        self.entitlements = {entitlement.id: entitlement for entitlement in entitlements}
        self.alerts: dict[str, dict[str, dict[str, Any]]] = {tenant: {} for tenant in self.partners}
        self.removed: set[str] = set()
        self.deeds: list[dict[str, Any]] = []
        self.accepted: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._kinds = itertools.cycle(KINDS)

    # -- who

    def partner(self, key_or_tenant: str) -> Partner:
        """A partner by key or tenant id. Raises NotPossible."""
        for partner in self.partners.values():
            if key_or_tenant.lower() in (partner.key, partner.tenant_id):
                return partner
        raise NotPossible(f"there is no partner {key_or_tenant!r}")

    def person(self, key: str) -> Person:
        """A person by key. Raises NotPossible."""
        if key not in self.people:
            raise NotPossible(f"there is no person {key!r}; there are {', '.join(self.people)}")
        return self.people[key]

    def find_person(self, identity: str | None) -> Person | None:
        """A person by object id, user principal name or Teams id."""
        wanted = (identity or "").lower()
        for person in self.people.values():
            names = (person.aad_object_id, person.upn.lower(), person.directory_upn.lower(), person.mri.lower())
            if wanted in names:
                return person
        return None

    def remove_person(self, key: str, removed: bool) -> Person:
        """Delete the person's account from its directory, or bring it back as it was. Raises NotPossible."""
        person = self.person(key)
        (self.removed.add if removed else self.removed.discard)(person.aad_object_id)
        return person

    def memberships(self, object_id: str) -> set[str]:
        """Ids of the groups that the person is in, nested ones counted, and the person's active role template ids."""
        if object_id in self.removed:
            return set()
        found: set[str] = set()
        frontier = {object_id}
        while frontier:
            above = {group.id for group in self.groups.values() if frontier & set(group.members)} - found
            found |= above
            frontier = above
        return found | self.directory_roles.get(object_id, set())

    def is_admin_agent(self, person: Person, partner: Partner) -> bool:
        return person.directory == partner.tenant_id and partner.admin_agents_group_id in self.memberships(
            person.aad_object_id
        )

    def is_global_administrator(self, person: Person, partner: Partner) -> bool:
        return person.directory == partner.tenant_id and GLOBAL_ADMINISTRATOR in self.memberships(person.aad_object_id)

    def set_role(self, key: str, role: str, grant: bool) -> None:
        """Give or take `adminAgent` (in every group that makes one) or `globalAdministrator`. Raises NotPossible."""
        person = self.person(key)
        if role == "globalAdministrator":
            roles = self.directory_roles.setdefault(person.aad_object_id, set())
            (roles.add if grant else roles.discard)(GLOBAL_ADMINISTRATOR)
        elif role == "adminAgent":
            agents = self.groups[self.partner(person.directory).admin_agents_group_id]
            if grant and person.aad_object_id not in agents.members:
                agents.members.append(person.aad_object_id)
            if not grant:
                nested = [self.groups[member] for member in agents.members if member in self.groups]
                for group in (agents, *nested):
                    group.members = [member for member in group.members if member != person.aad_object_id]
        else:
            raise NotPossible(f"there is no role {role!r}; there are adminAgent, globalAdministrator")

    # -- what belongs to whom

    def customers_of(self, partner_tenant: str) -> list[Customer]:
        return [customer for customer in self.customers.values() if customer.partner_tenant_id == partner_tenant]

    def plans_of(self, customer_tenant: str) -> list[Plan]:
        return [plan for plan in self.plans.values() if plan.customer_tenant_id == customer_tenant]

    def entitlements_of(self, plan_id: str) -> list[Entitlement]:
        return [entitlement for entitlement in self.entitlements.values() if entitlement.plan_id == plan_id]

    def change_entitlement(self, identity: str, wanted: Mapping[str, Any]) -> Entitlement:
        """Give an Azure subscription another `status` (at once), `name` or `planId`. Raises NotPossible."""
        found = self.entitlements.get(identity.lower())
        if found is None:
            raise NotPossible(f"there is no Azure subscription {identity!r}")
        unknown = wanted.keys() - {"status", "name", "planId"}
        if unknown or not all(isinstance(value, str) for value in wanted.values()):
            raise NotPossible("an Azure subscription has the texts status, name, planId")
        status, plan = wanted.get("status"), wanted.get("planId", found.plan_id)
        if status not in (None, "active", "inactive"):
            raise NotPossible("status is active or inactive")
        above = self.plans.get(plan.lower())
        if above is None or not above.azure or above.customer_tenant_id != found.customer_tenant_id:
            raise NotPossible(f"{plan!r} is no Azure plan of that customer")
        found.plan_id, found.name = above.id, wanted.get("name", found.name)
        if status is not None:
            found.settled, found.change = status, None
        return found

    # -- alerts

    def add_alert(self, partner_tenant: str, alert: dict[str, Any]) -> None:
        self.alerts[partner_tenant][alert["id"]] = alert

    def alert(self, partner_tenant: str, alert_id: str) -> dict[str, Any] | None:
        """That partner's alert, or None; another partner's alert does not exist here."""
        found = self.alerts.get(partner_tenant, {})
        return found.get(alert_id) or found.get(alert_id.lower())

    def partner_of_alert(self, alert: Mapping[str, Any]) -> Partner:
        """Whose alert that is. Raises NotPossible."""
        for tenant, alerts in self.alerts.items():
            if alert["id"] in alerts:
                return self.partners[tenant]
        raise NotPossible(f"there is no alert {alert['id']!r}")

    def raise_alert(self, now: dt.datetime, rng: random.Random, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """A new alert with the fields of `wanted` and the rest filled in to match. `wanted["partner"]` (key or tenant)
        says whose it is where the subscription or customer does not. Raises NotPossible where these contradict."""
        fields = {name: value for name, value in wanted.items() if name != "partner"}
        kind = kind_of(fields.get("alertType")) or next(self._kinds)
        subscription, customer, partner = self._place(rng, fields, wanted.get("partner"))
        alert = new_alert(rng, kind, customer, subscription, now)
        alert.update(fields)
        known = isinstance(alert["id"], str) and any(alert["id"] in alerts for alerts in self.alerts.values())
        if known or not isinstance(alert["id"], str) or not alert["id"]:
            raise NotPossible(f"there is an alert {alert['id']!r} already, or that is no id")
        self.add_alert(partner.tenant_id, alert)
        return alert

    def change_alert(
        self, partner_tenant: str, alert_id: str, status: str, reason: str | None, by: str, now: dt.datetime, via: str
    ) -> dict[str, Any]:
        """Decide or reopen an alert, and note the deed. Raises NotPossible where there is no such alert."""
        alert = self.alert(partner_tenant, alert_id)
        if alert is None:
            raise NotPossible(f"there is no alert {alert_id!r}")
        change(alert, status, reason, by, now)
        what = {"partner": partner_tenant, "id": alert["id"], "status": status, "reason": reason}
        self.note(now, "alert", via, by, what)
        return alert

    def note(self, now: dt.datetime, kind: str, via: str, by: str, what: Mapping[str, Any]) -> None:
        """Keep a deed, apart from the request log: what was really done, by whom, through which service."""
        self.deeds.append({"time": now.timestamp(), "kind": kind, "via": via, "by": by, **what})
        del self.deeds[:-MAX_DEEDS]

    def remember_accepted(self, key: tuple[str, str, str], answer: dict[str, Any]) -> None:
        """Keep what Partner Center answered to (tenant, path, MS-RequestId), for the same request sent again."""
        self.accepted[key] = answer
        if len(self.accepted) > MAX_ACCEPTED:
            del self.accepted[next(iter(self.accepted))]

    def _place(
        self, rng: random.Random, fields: Mapping[str, Any], partner_name: str | None
    ) -> tuple[Entitlement, Customer, Partner]:
        asked = self.partner(partner_name) if partner_name is not None else None
        subscription = self.entitlements.get(str(fields.get("subscriptionId")))
        customer = self.customers.get(str(fields.get("customerTenantId")))
        if subscription and not customer:
            customer = self.customers[subscription.customer_tenant_id]
        if customer and asked and customer.partner_tenant_id != asked.tenant_id:
            raise NotPossible(f"{customer.name} is no customer of {asked.name}")
        if customer is None:
            owner = asked or rng.choice(list(self.partners.values()))
            customer = rng.choice(self.customers_of(owner.tenant_id))
        if subscription is None:
            mine = [item for item in self.entitlements.values() if item.customer_tenant_id == customer.tenant_id]
            subscription = rng.choice(mine)
        return subscription, customer, self.partners[customer.partner_tenant_id]
