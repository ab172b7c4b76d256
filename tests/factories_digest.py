"""Digests and credit requests for cards that are looked at: usual, empty, one, many, hostile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bot.chat.digest_views import Response, digest_view, settings_view
from bot.chat.presenter import Place
from bot.chat.refund_views import refunds_view, ticket_view
from bot.domain.digest import Digest, Schedule
from bot.domain.refund import DAYS, RefundClock
from bot.ports import Decided
from bot.services.digest_contents import DigestContents, Severity
from cards.actions import RefundAct
from cards.digest import digest_card
from cards.elements import Json
from cards.form import form_card
from cards.info import info_card
from cards.refund import refunds_card
from tests.factories import CHANNEL, CUSTOMER, FABRIKAM, NORTHWIND, NOW, SUBSCRIPTION, alert, cancellation, plan
from tests.factories import record as a_record

PLACE = Place("https://portal.azure.com", {NORTHWIND: "Northwind", FABRIKAM: "Fabrikam"})
ALONE = Place("https://portal.azure.com", {NORTHWIND: "Northwind"})
SLOW = Response(26.06, 31.4, NOW + timedelta(hours=6))
QUICK = Response(0.8, 1.2, NOW + timedelta(hours=6))


def clock(days_left: int = 5, **changes: Any) -> RefundClock:
    values: dict[str, Any] = {
        "partner": NORTHWIND,
        "customer_tenant_id": CUSTOMER,
        "subscription_id": SUBSCRIPTION,
        "first_usage_at": NOW - timedelta(days=DAYS - 1 - days_left),
        "alerts": 3,
        "number": 1042,
        "customer_name": "Contoso Ltd",
    }
    return RefundClock(**(values | changes))


def contents(**changes: Any) -> DigestContents:
    severities = ("high", "high", "medium", "low", "quantum")
    urgent = tuple(
        a_record(alert(f"alert-{index}", severity=severity, detected_at=NOW - timedelta(minutes=95 - 20 * index)),
                 number=1042 + index, customer_name="Contoso Ltd")
        for index, severity in enumerate(severities)
    )  # fmt: skip
    values: dict[str, Any] = {
        "since": NOW - timedelta(days=1),
        "now": NOW,
        "new": 12,
        "resolved": 9,
        "unresolved": 8,
        "overdue": 2,
        "severities": (Severity("high", 2), Severity("medium", 3), Severity("low", 2), Severity("", 1)),
        "urgent": urgent,
        "decided": (
            Decided("Ada Lindqvist", "fraud", 5),
            Decided("Max Okafor", "legitimate", 3),
            Decided("Ada Lindqvist", "ignore", 1),
        ),
        "requests": (cancellation(plan()),),
        "refunds": (clock(0, customer_name="Alpine Ski House", number=998), clock()),
        "partners": frozenset({NORTHWIND}),
    }
    return DigestContents(**(values | changes))


def nothing(**changes: Any) -> DigestContents:
    quiet: dict[str, Any] = {
        "new": 0,
        "resolved": 0,
        "unresolved": 0,
        "overdue": 0,
        "severities": (),
        "urgent": (),
        "decided": (),
        "requests": (),
        "refunds": (),
    }
    return contents(**(quiet | changes))


def many() -> DigestContents:
    return contents(
        new=48_120,
        resolved=31_004,
        unresolved=17_116,
        overdue=9_001,
        decided=tuple(Decided(f"Person {number % 9}", f"verdict {number}", 30 - number) for number in range(30)),
        requests=tuple(cancellation(plan(number=number, entitlement_name="subscription " * 5)) for number in range(10)),
        refunds=tuple(
            clock(number % 14, customer_name=f"Customer {number}", number=number + 1) for number in range(10)
        ),
    )


DIGEST = digest_view("daily", contents(), ALONE, QUICK)
REFUNDS = refunds_view([clock(left, number=1000 + left) for left in (0, 1, 5, 11, 40)], 5, ALONE, NOW)
SETTINGS = settings_view(
    [
        Digest(CHANNEL, Schedule("daily", "Europe/Stockholm", 480), NOW, "ada", "Ada Lindqvist"),
        Digest(CHANNEL, Schedule("weekly", "America/Argentina/Buenos_Aires", 1050, 4), NOW, "max", "Max Okafor"),
    ],
    routed=True,
)
TICKET = ticket_view(clock(), RefundAct(subscription=SUBSCRIPTION), NOW)

VIEWS: tuple[tuple[str, Callable[..., Json], Any], ...] = (
    ("digest", digest_card, DIGEST),
    ("refunds", refunds_card, REFUNDS),
    ("ticket", form_card, TICKET),
)
STATES: tuple[tuple[str, Callable[..., Json], Any], ...] = (
    ("digest-several-slow", digest_card, digest_view("weekly", contents(), PLACE, SLOW, repeat=True)),
    ("digest-quiet", digest_card, digest_view("daily", nothing(), ALONE, QUICK)),
    ("digest-all-decided", digest_card, digest_view("daily", nothing(new=3, resolved=3), ALONE)),
    (
        "digest-one",
        digest_card,
        digest_view("", nothing(new=1, unresolved=1, urgent=contents().urgent[:1]), ALONE, SLOW),
    ),
    ("digest-many", digest_card, digest_view("weekly", many(), PLACE, SLOW)),
    ("digest-settings", info_card, SETTINGS),
    ("digest-settings-none", info_card, settings_view([], routed=True)),
    ("digest-settings-unrouted", info_card, settings_view([], routed=False)),
    ("refunds-none", refunds_card, refunds_view([], 0, ALONE, NOW)),
    ("refunds-one", refunds_card, refunds_view([clock()], 1, PLACE, NOW)),
    ("refunds-many", refunds_card, refunds_view([clock(left) for left in range(10)], 312, PLACE, NOW)),
    ("ticket-again", form_card, ticket_view(clock(), RefundAct(subscription=SUBSCRIPTION), NOW, "Write the number.")),
)
