"""Customers, resellers, plans and Azure subscriptions of the seeded world."""

from __future__ import annotations

import datetime as dt
import random

from bot.sandbox.world.model import AZURE_PLAN_OFFER, Customer, Entitlement, Partner, Plan, Reseller, guid

DOCUMENTED_CUSTOMER = "1889e718-414b-4bad-8bbe-c1135bd39a41"
DOCUMENTED_SUBSCRIPTION = "5f6e6521-6e5f-4b0b-80aa-bd44fad7a398"
DOCUMENTED_RESELLER = "c296b2ce-8cd1-4346-9e82-d8eccca70d65"
"""Ids of the example on https://learn.microsoft.com/graph/api/partner-security-partnersecurityalert-get"""

CUSTOMER_NAMES = {
    "northwind": (
        "Contoso Retail",
        "Adventure Works Cycles",
        "Alpine Ski House",
        "Bellows College",
        "Best For You Organics",
        "Blue Yonder Airlines",
        "City Power & Light",
        "Coho Vineyard",
        "Coho Winery",
        "Consolidated Messenger",
        "First Up Consultants",
        "Fourth Coffee",
        "Graphic Design Institute",
        "Humongous Insurance",
        "Lamna Healthcare",
        "Liberty's Delightful Sinful Bakery",
        "Margie's Travel",
        "Munson's Pickles and Preserves Farm",
        "Nod Publishers",
        "Proseware",
        "Relecloud",
        "School of Fine Art",
        "Southridge Video",
        "Tailspin Toys",
    ),
    "fabrikam": (
        "The Phone Company",
        "Trey Research",
        "VanArsdel",
        "Wide World Importers",
        "Wingtip Toys",
        "Woodgrove Bank",
        "Zürich Präzisionsteile GmbH",
        "Østerbro Logistik ApS",
        "北風商事株式会社",
        "Litware",
        "Lakeshore Retail",
        "A. Datum Corporation",
        "Contoso Suites",
        "Woodgrove Insurance Brokers for Agricultural Machinery, Storage and Transport",
        "Palma [Holdings](https://example.invalid)",
        "Treyfus Mechanical",
    ),
}
RESELLER_NAMES = {"northwind": ("Harbor Light IT", "Cedar Systems"), "fabrikam": ("Kestrel Managed Services",)}
SUBSCRIPTION_NAMES = ("Production", "Development", "Data platform", "Web shop", "Backup", "Research", "Sandbox")


def resellers(seed: int, partner: Partner) -> list[Reseller]:
    return [
        Reseller(
            DOCUMENTED_RESELLER if name == "Harbor Light IT" else guid(seed, "reseller", name),
            partner.tenant_id,
            name,
            str(6_100_000 + int(guid(seed, "mpn", name)[:4], 16)),
        )
        for name in RESELLER_NAMES[partner.key]
    ]


def customers(seed: int, partner: Partner, via: list[Reseller]) -> list[Customer]:
    """Every third customer came through an indirect reseller; the first one is the customer of the Graph example."""
    found = []
    for number, name in enumerate(CUSTOMER_NAMES[partner.key]):
        documented = partner.key == "northwind" and number == 0
        label = "".join(char for char in name.lower() if char.isascii() and char.isalnum())[:24]
        found.append(
            Customer(
                DOCUMENTED_CUSTOMER if documented else guid(seed, "customer", partner.key, name),
                partner.tenant_id,
                name,
                f"{label or 'customer'}{number}.onmicrosoft.example",
                via[number // 3 % len(via)].tenant_id if number % 3 == 0 else None,
            )
        )
    return found


def plans(
    seed: int, rng: random.Random, now: dt.datetime, found: list[Customer], via: dict[str, Reseller]
) -> tuple[list[Plan], list[Entitlement]]:
    """One Azure plan per customer with one or two Azure subscriptions under it: sixty for the forty customers.
    A few have a second plan, all have something that is not Azure, two have a subscription long inactive."""
    made: list[Plan] = []
    entitlements: list[Entitlement] = []
    for number, customer in enumerate(found):
        reseller = via.get(customer.reseller_tenant_id or "")
        first = _azure_plan(seed, rng, now, customer, reseller, 1)
        made += [first, _licence(seed, rng, now, customer)]
        second = _azure_plan(seed, rng, now, customer, reseller, 2) if number % 8 == 4 else None
        if second:
            made.append(second)
        for place in range(2 if number % 2 == 0 else 1):
            documented = customer.tenant_id == DOCUMENTED_CUSTOMER and place == 0
            identity = DOCUMENTED_SUBSCRIPTION if documented else guid(seed, "azure", customer.tenant_id, place)
            plan = second if second and place else first
            name = f"{customer.name.split()[0]} {rng.choice(SUBSCRIPTION_NAMES)}"
            settled = "inactive" if number in (9, 29) else "active"
            entitlements.append(Entitlement(identity, plan.id, customer.tenant_id, name, settled))
    return made, entitlements


def _azure_plan(
    seed: int, rng: random.Random, now: dt.datetime, customer: Customer, reseller: Reseller | None, number: int
) -> Plan:
    availability = guid(seed, "availability", customer.tenant_id, number).replace("-", "")[:12].upper()
    return Plan(
        id=guid(seed, "plan", customer.tenant_id, number),
        customer_tenant_id=customer.tenant_id,
        offer_id=f"{AZURE_PLAN_OFFER}:{availability}",
        offer_name="Azure plan",
        name="Azure plan" if number == 1 else f"Azure plan {number}",
        created=now - dt.timedelta(days=rng.randint(120, 1400)),
        azure=True,
        reseller_mpn_id=reseller.mpn_id if reseller else None,
    )


def _licence(seed: int, rng: random.Random, now: dt.datetime, customer: Customer) -> Plan:
    return Plan(
        id=guid(seed, "licence", customer.tenant_id),
        customer_tenant_id=customer.tenant_id,
        offer_id="CFQ7TTC0LH18:0001:CFQ7TTC0K971",
        offer_name="Microsoft 365 Business Premium",
        name="Microsoft 365 Business Premium",
        created=now - dt.timedelta(days=rng.randint(30, 900)),
        azure=False,
    )
