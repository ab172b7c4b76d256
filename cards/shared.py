"""The card of an alert that somebody shares where everybody may look: which alert, how severe, nothing else. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from cards.elements import Json
from cards.parts import LINE, band, buttons, card, run, text
from cards.views import Button, SeverityView


@dataclass(frozen=True, slots=True)
class SharedView:
    """Who may not read the alert sees all of this too."""

    label: str  # A-1042
    severity: SeverityView
    lead: str
    buttons: tuple[Button, ...]  # shows it to whoever presses and may read it
    fallback_text: str


def shared_card(view: SharedView) -> Json:
    """Without a refresh: what somebody was shown goes only when they say so. It is short, and so always fits."""
    return card(
        [
            band(view.label, view.severity, calm=False),
            text(run(view.lead, LINE), spacing="Medium"),
            buttons(view.buttons),
        ],
        view.fallback_text,
        full_width=False,
    )
