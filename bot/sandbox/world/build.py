"""Makes the world of a seed: the same seed and time give the same world."""

from __future__ import annotations

import datetime as dt
import random

from bot.sandbox.world import customers as customer_part
from bot.sandbox.world import people as people_part
from bot.sandbox.world.alerts import history
from bot.sandbox.world.examples import documented
from bot.sandbox.world.world import World

DECIDED = {"northwind": 72, "fabrikam": 48}
DECIDERS = {"northwind": ("ada", "max"), "fabrikam": ("fay",)}


def build_world(seed: int, now: dt.datetime) -> World:
    """Two partners, forty customers, sixty Azure subscriptions and the alerts of the month before `now`."""
    rng = random.Random(f"world-{seed}")
    northwind, fabrikam = partners = people_part.partners(seed)
    people = people_part.people(seed, northwind, fabrikam)
    resellers = {partner.tenant_id: customer_part.resellers(seed, partner) for partner in partners}
    found = [
        customer
        for partner in partners
        for customer in customer_part.customers(seed, partner, resellers[partner.tenant_id])
    ]
    via = {reseller.tenant_id: reseller for own in resellers.values() for reseller in own}
    plans, entitlements = customer_part.plans(seed, rng, now, found, via)
    world = World(
        seed=seed,
        app=people_part.bot_app(seed, northwind),
        partners=partners,
        people=people,
        groups=people_part.groups(seed, northwind, fabrikam, people),
        directory_roles=people_part.directory_roles(people),
        teams=people_part.teams(seed, northwind, fabrikam),
        group_chats=people_part.group_chats(seed, northwind),
        resellers=via.values(),
        customers=found,
        plans=plans,
        entitlements=entitlements,
    )
    for partner in partners:
        places = [
            (world.customers[item.customer_tenant_id], item)
            for item in entitlements
            if world.customers[item.customer_tenant_id].partner_tenant_id == partner.tenant_id
        ]
        deciders = [people[key].upn for key in DECIDERS[partner.key]]
        for alert in history(rng, now, places, deciders, DECIDED[partner.key]):
            world.add_alert(partner.tenant_id, alert)
    for alert in documented():
        world.add_alert(northwind.tenant_id, alert)
    return world
