"""Sample views of the card that people share, for the tests of all cards."""

from __future__ import annotations

from bot.texts import en, searching
from cards.actions import ALERT_SHARED
from cards.shared import SharedView
from cards.views import Button, SeverityView

SHOW = Button(en.SHOW, verb=ALERT_SHARED, data={"alert": 1042, "severity": "high"})
SHARED = SharedView(
    "A-1042",
    SeverityView("high", "High"),
    searching.SHARED_LEAD,
    (SHOW,),
    searching.shared_summary("A-1042", "High"),
)
