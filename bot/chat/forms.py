"""The cards in dialogs: forms with text live there, because a redraw of the shared card would wipe them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.chat.presenter import customer
from bot.domain.alerts import AlertRecord, Verdict
from bot.services.notes import LONGEST
from bot.texts import en as texts
from cards import actions
from cards.actions import AlertAct
from cards.form import form_card
from cards.views import Button, Choice, Fact, Field, FormView, Line


def note_form(record: AlertRecord, act: AlertAct) -> Mapping[str, Any]:
    return form_card(
        FormView(
            title=f"{texts.NOTE_TITLE}: {record.label}",
            lines=(Line(record.alert.name),),
            facts=(Fact(texts.CUSTOMER, customer(record)),),
            fields=(
                Field(
                    "text",
                    texts.NOTE_FIELD,
                    required=True,
                    error=texts.NOTE_REQUIRED,
                    max_length=LONGEST,
                    multiline=True,
                ),
            ),
            submit=Button(texts.SAVE, "submit", actions.ALERT_NOTE, _data(act)),
            fallback_text=texts.NOTE_EMPTY,
        )
    )


def reverdict_form(record: AlertRecord, act: AlertAct) -> Mapping[str, Any]:
    now = record.alert.resolved_reason.lower()
    choices = tuple(Choice(verdict, texts.verdict_word(verdict)) for verdict in Verdict if verdict != now)
    return form_card(
        FormView(
            title=f"{texts.CHANGE_VERDICT}: {record.label}",
            lines=(Line(record.alert.name),),
            facts=(Fact(texts.CUSTOMER, customer(record)), Fact(texts.STANDS_NOW, texts.verdict_word(now))),
            fields=(
                Field("verdict", texts.REVERDICT_FIELD, required=True, error=texts.REVERDICT_CHOOSE, choices=choices),
                Field(
                    "reason",
                    texts.REASON_FIELD,
                    required=True,
                    error=texts.REASON_NEEDED,
                    max_length=LONGEST,
                    multiline=True,
                ),
            ),
            submit=Button(texts.CHANGE_VERDICT, "submit", actions.ALERT_REVERDICT, _data(act)),
            fallback_text=texts.REVERDICT_USAGE,
        )
    )


def _data(act: AlertAct) -> dict[str, Any]:
    return {"alert": act.alert, "version": act.version, **({"card": act.card} if act.card else {})}
