"""A drill's card, and reports of drills, for cards that are looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.chat.presenter import Place, alert_view
from bot.domain.drills import Drill, alert_of
from bot.texts import drills as texts
from cards.alert import alert_card
from cards.info import info_card
from cards.views import InfoView, Line
from tests.factories import ADA, CHANNEL, NORTHWIND, NOW, minutes, record

DRILL = Drill("drill-3f9a0c11-0000-4000-8000-000000000001", NORTHWIND, CHANNEL, "high", ADA.aad_id, "Ada", NOW)
OPEN = replace(DRILL, detected_at=NOW + timedelta(seconds=12), carded_at=NOW + timedelta(seconds=14))
DECIDED = replace(
    OPEN,
    acknowledged_at=NOW + minutes(3),
    acknowledged_by="Max Manager",
    decided_at=NOW + minutes(67),
    decided_by="Ada",
    verdict="fraud",
    reported_at=NOW + minutes(68),
)
GIVEN_UP = replace(OPEN, reported_at=NOW + minutes(60))
_ROWS = tuple(
    texts.row(of, f"A-{1051 - place}", "Northwind Cloud")
    for place, of in enumerate((OPEN, *(DECIDED, GIVEN_UP) * 4, DECIDED))
)
_ALERT = alert_of(DRILL, texts.NAME, texts.description(DRILL))
_PLACE = Place("https://portal.azure.com", {NORTHWIND: "Northwind"})

STATES: tuple[tuple[str, Any, Any], ...] = (
    ("alert-drill", alert_card, alert_view(record(_ALERT), _PLACE, NOW + minutes(1), card_id="card")),
    ("drills", info_card, InfoView(texts.TITLE, items=_ROWS, fallback_text=texts.FALLBACK)),
    ("drills-none", info_card, InfoView(texts.TITLE, (Line(texts.NONE_YET),), fallback_text=texts.FALLBACK)),
)
