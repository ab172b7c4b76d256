"""Adaptive Cards: pure builders, view in, JSON out. Imports nothing of the bot and does no I/O."""

from __future__ import annotations

from cards.alert import alert_card
from cards.details import details_card
from cards.form import form_card
from cards.help import help_card
from cards.info import info_card
from cards.listing import list_card
from cards.request import approvals_card, request_card
from cards.rollup import rollup_card
from cards.saved import saved_filters_card
from cards.shared import shared_card

__all__ = [
    "alert_card",
    "approvals_card",
    "details_card",
    "form_card",
    "help_card",
    "info_card",
    "list_card",
    "request_card",
    "rollup_card",
    "saved_filters_card",
    "shared_card",
]
