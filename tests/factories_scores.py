"""Scores as the presenter would show them: well, missed, unread, still being read, one and many partners."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.chat.score_views import score_view, scores_view
from bot.domain.scores import Census, trend
from bot.services.scores import Known, Sheet
from cards.score import ScoreView, score_card
from tests.factories import FABRIKAM, NORTHWIND, NOW, partner
from tests.fake_scores import REQUIREMENTS, customer, history, score

_NAMES = ("Contoso Ltd", "Alpine Ski House", "Graphic Design Institute", "Trey Research", "Woodgrove Bank")
_CENSUS = replace(
    Census().plus(customer(number, admins=0 if number < 2 else 2, users=40 - 3 * number) for number in range(12)),
    customers=19_840,
    lacking=1_204,
    users_lacking=40_117,
    unknown=3,
    complete=False,
)
_SHEET = Known(Sheet(score(), trend(history())), NOW)
_COUNTED = Known(_CENSUS, NOW)
_CALLED = {each.tenant_id: _NAMES[place] for place, each in enumerate(_CENSUS.worst[: len(_NAMES)])}


def a_score(sheet: Any = _SHEET, census: Any = _COUNTED, **more: Any) -> ScoreView:
    return score_view(partner(), sheet, census, _CALLED, **more)


ALL_MET = score(
    current=60.0,
    requirements=tuple(replace(each, compliance="compliant", score=each.max_score) for each in REQUIREMENTS),
)
PARTNERS = tuple(
    (partner(name=name, tenant_id=tenant), known)
    for name, tenant, known in (
        ("Northwind", NORTHWIND, _SHEET),
        ("Fabrikam", FABRIKAM, Known(problem="Microsoft Graph answered 403: an administrator must consent.")),
        ("Tailspin", "77777777-7777-4777-8777-777777777777", Known(reading=True)),
        ("Woodgrove", "88888888-8888-4888-8888-888888888888", Known(Sheet(ALL_MET), NOW)),
    )
)

VIEWS: tuple[tuple[str, Any, ScoreView], ...] = (("score", score_card, a_score(several=True, page=1)),)
STATES: tuple[tuple[str, Any, ScoreView], ...] = (
    ("score-second-page", score_card, a_score(page=2)),
    (
        "score-all-met",
        score_card,
        a_score(Known(Sheet(ALL_MET, trend(history(1))), NOW), Known(Census().plus([customer(1, users=48)]), NOW)),
    ),
    ("score-outdated", score_card, a_score(replace(_SHEET, problem="Microsoft Graph does not answer."))),
    ("score-reading", score_card, a_score(_SHEET, Known(reading=True))),
    ("score-unread", score_card, a_score(Known(problem="An administrator must consent."), Known(problem="The same."))),
    ("score-empty", score_card, a_score(Known(Sheet(score(current=None, requirements=()))), Known(Census()))),
    ("scores", score_card, scores_view(PARTNERS)),
    ("scores-one", score_card, scores_view(PARTNERS[:1])),
)
