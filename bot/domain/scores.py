"""The partner security score as Microsoft reckons it, and which customers lack multi-factor authentication. Pure.

https://learn.microsoft.com/graph/api/resources/partner-security-partnersecurityscore (beta)
Kinds and states are an open set there; unknown words are kept as they came and never dropped.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

RESPONSE_TIME = "securityAlertsPromptlyResolved"
"""The kind of the requirement that carries Microsoft's own average response time."""
WORST_KEPT = 500
"""Customers that are kept by name; of the rest only the counts."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """`compliance` is `compliant`, `noncomplaint` (the documented spelling), or a word that we do not know.

    `state` is `active` or `preview`. `average_response_hours` is Microsoft's own average over 30 days, of the one
    requirement that has it. The addresses are as they came: not to be trusted.
    """

    kind: str
    compliance: str
    state: str
    score: float
    max_score: float
    action_url: str = ""
    help_url: str = ""
    updated_at: datetime | None = None
    average_response_hours: float | None = None

    @property
    def met(self) -> bool | None:
        """None where Microsoft's word for it is one that we do not know."""
        return {"compliant": True, "noncomplaint": False, "noncompliant": False}.get(self.compliance.lower())

    @property
    def is_preview(self) -> bool:
        return self.state.lower() == "preview"


@dataclass(frozen=True, slots=True)
class SecurityScore:
    """`refreshed_at` is when Microsoft last reckoned it. The two scores are None where it does not say them."""

    current: float | None
    maximum: float | None
    refreshed_at: datetime | None
    updated_at: datetime | None
    requirements: tuple[Requirement, ...] = ()

    @property
    def average_response_hours(self) -> float | None:
        """Microsoft's own average time to respond to alerts; its exact definition is not published."""
        found = [each.average_response_hours for each in self.requirements if each.average_response_hours is not None]
        return found[0] if found else None

    @property
    def missed(self) -> tuple[Requirement, ...]:
        """Those that count and are not met."""
        return tuple(each for each in self.requirements if each.met is False and not each.is_preview)


@dataclass(frozen=True, slots=True)
class ScorePoint:
    """The score as it was then, and how many of the requirements were met."""

    at: datetime
    score: float
    compliant: int
    total: int


@dataclass(frozen=True, slots=True)
class CustomerMfa:
    """Multi-factor authentication at one customer. Counts are None where Microsoft does not say them; the three words
    say whether security defaults, a conditional access policy or the older setting per user demand it."""

    tenant_id: str
    admins_compliant: int | None
    users_compliant: int | None
    users_total: int | None
    security_defaults: str = ""
    conditional_access: str = ""
    legacy_mfa: str = ""

    @property
    def lacking(self) -> int | None:
        """Users, administrators included, who have none; None where that cannot be said."""
        if self.users_total is None or self.users_compliant is None:
            return None
        return max(self.users_total - self.users_compliant - (self.admins_compliant or 0), 0)

    @property
    def no_admin(self) -> bool:
        """Not one administrator there is protected."""
        return self.admins_compliant == 0 and bool(self.users_total)

    @property
    def badness(self) -> tuple[int, int, str]:
        """The smaller the worse: unprotected administrators first, then by how many users have none."""
        return (0 if self.no_admin else 1, -(self.lacking or 0), self.tenant_id)


@dataclass(frozen=True, slots=True)
class Census:
    """What was counted over a partner's customers. `worst` are those who lack it, worst first, at most WORST_KEPT.
    `unknown` customers are those of whom Microsoft does not say. Not `complete`: there were more than were read."""

    customers: int = 0
    lacking: int = 0
    users_lacking: int = 0
    unknown: int = 0
    worst: tuple[CustomerMfa, ...] = ()
    complete: bool = True

    def plus(self, page: Iterable[CustomerMfa]) -> Census:
        """With these counted, too."""
        page = list(page)
        known = [each for each in page if each.lacking is not None]
        short = [each for each in page if each.lacking or each.no_admin]
        return Census(
            self.customers + len(page),
            self.lacking + len(short),
            self.users_lacking + sum(each.lacking or 0 for each in known),
            self.unknown + len(page) - len(known),
            tuple(sorted([*self.worst, *short], key=lambda each: each.badness)[:WORST_KEPT]),
            self.complete,
        )


def trend(points: Iterable[ScorePoint]) -> tuple[ScorePoint, ...]:
    """One point a day (its latest), oldest first."""
    days = {point.at.date(): point for point in sorted(points, key=lambda point: point.at)}
    return tuple(days[day] for day in sorted(days))


def turns(points: tuple[ScorePoint, ...], most: int) -> tuple[ScorePoint, ...]:
    """Of points in order: the first, and the latest `most` of those at which the score became another."""
    changed = [now for before, now in itertools.pairwise(points) if now.score != before.score]
    return (*points[:1], *changed[max(len(changed) - most, 0) :])


def corners(points: tuple[ScorePoint, ...]) -> tuple[ScorePoint, ...]:
    """Of points in order those that a line through all of them needs: not the ones on a level stretch."""
    ends = {0, len(points) - 1}
    return tuple(
        point
        for place, point in enumerate(points)
        if place in ends or not points[place - 1].score == point.score == points[place + 1].score
    )
