"""The partner security score from Microsoft Graph's beta endpoint, read as the partner's reader.

https://learn.microsoft.com/graph/api/resources/partner-security-partnersecurityscore
Customers are paged by the server alone; links are followed, never made here.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.domain.people import Partner
from bot.domain.scores import CustomerMfa, Requirement, ScorePoint, SecurityScore
from bot.errors import Permanent
from bot.microsoft.protocol import listed, next_link
from bot.microsoft.reading import Reading
from bot.microsoft.service import Service
from bot.microsoft.wire import Id, Text, Time
from bot.ports import SecurityScores

MAX_PAGES = 1000
_FEW_PAGES = 20
_MOST = 2000
"""Points of the history, or requirements, that are taken."""
_HEADERS = {"Prefer": "include-unknown-enum-members"}
_READS = 3


class GraphScores(SecurityScores):
    """The port SecurityScores. `page_timeout` seconds for one page of customers."""

    def __init__(
        self, graph: Service, reading: Reading, *, max_pages: int = MAX_PAGES, page_timeout: float = 30.0
    ) -> None:
        self._graph, self._reading = graph, reading
        self._max_pages, self._page_timeout = max_pages, page_timeout
        self._score = f"{graph.base}/beta/security/partner/securityScore"

    async def current(self, partner: Partner) -> SecurityScore:
        answer, requirements = await asyncio.gather(
            self._reading.read(partner, self._score, headers=_HEADERS, attempts=_READS),
            self._all(partner, f"{self._score}/requirements"),
        )
        wire = _one(WireScore, answer.json())
        if wire is None:
            raise Permanent("Microsoft Graph describes the security score in an unusable shape.")
        return SecurityScore(
            wire.current, wire.maximum, wire.refreshed, wire.updated, tuple(map(_requirement, requirements))
        )

    async def history(self, partner: Partner) -> tuple[ScorePoint, ...]:
        found = _each(WirePoint, await self._values(partner, f"{self._score}/history"))
        return tuple(
            ScorePoint(wire.created, wire.score, int(wire.compliant or 0), int(wire.total or 0))
            for wire in found
            if wire.created is not None and wire.score is not None
        )

    async def customers(self, partner: Partner) -> AsyncGenerator[tuple[CustomerMfa, ...], None]:
        seen: set[str] = set()
        pages = self._pages(partner, f"{self._score}/customerInsights", self._max_pages)
        async with aclosing(pages):
            async for values in pages:
                page = [wire for wire in _each(WireInsight, values) if wire.tenant_id and wire.tenant_id not in seen]
                yield tuple({wire.tenant_id: _customer(wire) for wire in page}.values())
                seen.update(wire.tenant_id for wire in page)

    async def _all(self, partner: Partner, url: str) -> list[WireRequirement]:
        return _each(WireRequirement, await self._values(partner, url))

    async def _values(self, partner: Partner, url: str) -> list[Any]:
        found: list[Any] = []
        async with aclosing(self._pages(partner, url, _FEW_PAGES)) as pages:
            async for values in pages:
                found += values
                if len(found) >= _MOST:
                    break
        return found[:_MOST]

    async def _pages(self, partner: Partner, url: str, most: int) -> AsyncGenerator[list[Any], None]:
        followed: set[str] = set()
        while url not in followed:
            if len(followed) >= most:
                raise Permanent(f"Microsoft Graph lists this on more than {most} pages.")
            followed.add(url)
            answer = await self._reading.read(
                partner, url, headers=_HEADERS, timeout=self._page_timeout, attempts=_READS
            )
            body = answer.json()
            yield listed(body, "value")
            link = body.get("@odata.nextLink")
            if not link:
                return
            url = next_link(self._graph.base, link)
        raise Permanent("Microsoft Graph's pages of the score lead in a circle.")


def _number(value: object) -> float | None:
    """A number, also where it is written as a text (the documented example has "1.2")."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < 1e12 else None


def _count(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number >= 0 else None


def _inside(value: object) -> object:
    return value if isinstance(value, dict) else {}


Number = Annotated[float | None, BeforeValidator(_number)]
Count = Annotated[int | None, BeforeValidator(_count)]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class WireScore(_Wire):
    current: Number = Field(None, alias="currentScore")
    maximum: Number = Field(None, alias="maxScore")
    refreshed: Time = Field(None, alias="lastRefreshDateTime")
    updated: Time = Field(None, alias="updatedDateTime")


class WireRequirement(_Wire):
    kind: Text = Field("", alias="requirementType")
    compliance: Text = Field("", alias="complianceStatus")
    state: Text = ""
    score: Number = None
    maximum: Number = Field(None, alias="maxScore")
    action_url: Text = Field("", alias="actionUrl")
    help_url: Text = Field("", alias="helpUrl")
    updated: Time = Field(None, alias="updatedDateTime")
    average_response: Number = Field(None, alias="averageResponseTimeInHours")


class WirePoint(_Wire):
    created: Time = Field(None, alias="createdDateTime")
    score: Number = None
    compliant: Count = Field(None, alias="compliantRequirementsCount")
    total: Count = Field(None, alias="totalRequirementsCount")


class WireMfa(_Wire):
    admins: Count = Field(None, alias="compliantAdminsCount")
    users: Count = Field(None, alias="compliantNonAdminsCount")
    total: Count = Field(None, alias="totalUsersCount")
    defaults: Text = Field("", alias="securityDefaultsStatus")
    policy: Text = Field("", alias="mfaConditionalAccessPolicyStatus")
    legacy: Text = Field("", alias="legacyPerUserMfaStatus")


class WireInsight(_Wire):
    tenant_id: Id = Field("", alias="tenantId")
    mfa: Annotated[WireMfa, BeforeValidator(_inside)] = WireMfa()


W = TypeVar("W", bound=_Wire)


def _one(model: type[W], value: object) -> W | None:
    try:
        return model.model_validate(value)
    except ValidationError:
        return None


def _each(model: type[W], values: Iterable[object]) -> list[W]:
    """What can be read of them: one that cannot costs itself alone."""
    return [wire for value in values if (wire := _one(model, value)) is not None]


def _requirement(wire: WireRequirement) -> Requirement:
    return Requirement(
        wire.kind,
        wire.compliance,
        wire.state,
        wire.score or 0.0,
        wire.maximum or 0.0,
        wire.action_url,
        wire.help_url,
        wire.updated,
        wire.average_response,
    )


def _customer(wire: WireInsight) -> CustomerMfa:
    mfa = wire.mfa
    return CustomerMfa(wire.tenant_id, mfa.admins, mfa.users, mfa.total, mfa.defaults, mfa.policy, mfa.legacy)
