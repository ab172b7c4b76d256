"""The dashboard for cards that are looked at: one partner, many, nothing resolved, all late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.chat.dashboard_views import dashboard_view
from bot.domain.people import Partner
from bot.domain.response_clock import Answers, DayAnswers, Standing, Tiles, Waiting, epoch, usual
from bot.domain.scores import SecurityScore
from bot.domain.storms import Count
from cards.dashboard import DashboardView
from tests.factories import FABRIKAM, NORTHWIND, NOW, guid, partner
from tests.fake_scores import score

NAMES = ("Northwind", "Fabrikam", "Adatum Cloud Services Nordic", "Tailspin")


def tiles(hours: float = 5.0, waiting: int = 3, days: int = 30, age: float = 9.0) -> Tiles:
    """Each day one more answer than the one before, in a week's rhythm around `hours`."""
    found = []
    for day in range(days):
        count, each = 1 + day % 5, int(3600 * hours * (0.1 + (day % 7) / 3.4))
        answers = Answers(count, count * each, count if each <= 3600 else 0, count if each <= 86_400 else 0)
        found.append(DayAnswers((NOW - timedelta(days=days - 1 - day)).date(), answers))
    remaining = sum((day.answers for day in found), Answers())
    open_since = epoch(NOW - timedelta(hours=age))
    return Tiles(12 * bool(days), 71 * bool(days), Waiting(waiting, waiting * open_since), tuple(found), remaining)


def standing(**of: Tiles) -> Standing:
    """Of these partners, by the names of NAMES in lower case; what is unresolved is of all kinds."""
    of = of or {"northwind": tiles()}
    total = sum(each.waiting.count for each in of.values())
    kinds = (Count("high", total - total // 2), Count("catastrophic", total // 2))
    types = (Count("ARM_AnomalousResourceConsumption", total - total // 3), Count("CryptoMining", total // 3))
    ids = [partner_of(index).tenant_id for index in range(len(of))]
    return Standing(
        NOW,
        usual(NOW),
        tuple(zip(ids, of.values(), strict=True)),
        tuple(each for each in kinds if each.count),
        tuple(each for each in types if each.count),
    )


def partner_of(index: int) -> Partner:
    tenant = (NORTHWIND, FABRIKAM)[index] if index < 2 else guid(700 + index)
    return partner(name=NAMES[index % len(NAMES)] if index < len(NAMES) else f"Partner {index}", tenant_id=tenant)


def dashboard(of: Standing | None = None, *, others: int = 0, **scores: Any) -> DashboardView:
    """As it is drawn where `others` more partners may be seen. `scores` as fake_scores.score has them; none: unread."""
    of = of or standing()
    partners = [partner_of(index) for index in range(len(of.partners))]
    known: dict[str, SecurityScore] = {each.tenant_id: score(**scores) for each in partners[:2]} if scores else {}
    choices = {
        each.tenant_id: f'partner:"{each.name}"'
        for each in (partner_of(index) for index in range(len(partners) + others))
    }
    words = " ".join(choices[each.tenant_id] for each in partners) if others else ""
    return dashboard_view(of, partners, known, words, choices)


ONE = dashboard(refreshed_at=NOW - timedelta(hours=9))
EMPTY = dashboard(standing(northwind=tiles(days=0, waiting=0)))
LATE = dashboard(standing(northwind=tiles(40.0, waiting=120, age=60)), others=1)
ONE_DAY = dashboard(standing(northwind=tiles(0.4, waiting=1, days=1)))
SEVERAL = dashboard(
    standing(northwind=tiles(), fabrikam=tiles(30.0, 1), adatum=tiles(0.5, 0, 3), tailspin=tiles(days=0, waiting=0)),
    refreshed_at=None,
)
MANY = dashboard(standing(**{f"p{number}": tiles(number / 2, number) for number in range(60)}))
