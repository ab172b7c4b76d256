"""Microsoft's security score, made up."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

from bot.domain.people import Partner
from bot.domain.scores import CustomerMfa, Requirement, ScorePoint, SecurityScore
from bot.errors import AlertDeskError
from tests.factories import NOW, guid

REQUIREMENTS = (
    Requirement("mfaEnforcedForAdmins", "compliant", "active", 20, 20, "https://aka.ms/partner-mfa"),
    Requirement(
        "securityAlertsPromptlyResolved",
        "noncomplaint",
        "active",
        0,
        10,
        "https://aka.ms/partner-center-security-alerts",
        average_response_hours=26.4,
    ),
    Requirement("quantumReadiness", "pending", "active", 5, 10, "https://evil.example.com/quantum"),
    Requirement("mfaEnforcedForAdminsOfCustomers", "noncomplaint", "preview", 0, 20, "https://aka.ms/customer-mfa"),
)


def score(**changes: Any) -> SecurityScore:
    values: dict[str, Any] = {
        "current": 25.0,
        "maximum": 60.0,
        "refreshed_at": NOW - timedelta(hours=9),
        "updated_at": NOW - timedelta(hours=9),
        "requirements": REQUIREMENTS,
    }
    return SecurityScore(**(values | changes))


def history(days: int = 30) -> tuple[ScorePoint, ...]:
    return tuple(
        ScorePoint(NOW - timedelta(days=day), 25.0 if day < 14 else 15.0, 1 if day < 14 else 0, 4)
        for day in range(days)
    )


def customer(number: int, *, admins: int | None = 2, users: int | None = 30, total: int | None = 50) -> CustomerMfa:
    return CustomerMfa(guid(7000 + number), admins, users, total, "disabled", "enabled", "disabled")


class FakeScores:
    """`away` is raised instead of an answer, by tenant; `slow`, cleared, holds all answers back. `asked` counts what
    was asked for."""

    def __init__(self) -> None:
        self.score, self.points = score(), history()
        self.pages: list[tuple[CustomerMfa, ...]] = [tuple(customer(number) for number in range(3))]
        self.away: dict[str, AlertDeskError] = {}
        self.no_history: AlertDeskError | None = None
        self.slow = asyncio.Event()
        self.slow.set()
        self.asked: Counter[str] = Counter()

    async def current(self, partner: Partner) -> SecurityScore:
        await self._ready("score", partner)
        return self.score

    async def history(self, partner: Partner) -> tuple[ScorePoint, ...]:
        await self._ready("history", partner)
        if self.no_history is not None:
            raise self.no_history
        return self.points

    async def customers(self, partner: Partner) -> AsyncGenerator[tuple[CustomerMfa, ...], None]:
        for page in self.pages:
            await self._ready("customers", partner)
            yield page

    async def _ready(self, what: str, partner: Partner) -> None:
        self.asked[what] += 1
        await self.slow.wait()
        if (problem := self.away.get(partner.tenant_id)) is not None:
            raise problem
