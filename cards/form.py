"""The card in a dialog: what is asked, and the button that sends it. Pure: a view in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cards.elements import Choice, ChoiceSet, Input, Json, TextInput
from cards.parts import EMPTY, LINE, SHORT, buttons, card, fact_rows, line, sections, shortened, title
from cards.size import fit
from cards.text import cut, label
from cards.views import Field, FormView, Section

EXPANDED = 5
"""Choices that are all shown at once; more go into a drop-down."""


def form_card(view: FormView) -> Json:
    """Dialogs know only Action.Submit, and have their own width."""
    return fit(_build, view, _STEPS)


def _build(view: FormView) -> Json:
    return card(
        [
            title(view.title),
            *map(line, view.lines),
            fact_rows(view.facts),
            *sections(view.sections),
            *map(_input, view.fields),
            buttons([view.submit]),
        ],
        view.fallback_text,
        full_width=False,
    )


def _input(field: Field) -> Input:
    shared = {
        "id": field.id,
        "label": label(field.label, LINE) or EMPTY,
        "is_required": field.required or None,
        "error_message": label(field.error, LINE) or (EMPTY if field.required else None),
        "placeholder": label(field.placeholder, LINE) or None,
        "value": _value(field) or None,
        "spacing": "Medium",
    }
    if field.choices:
        return ChoiceSet(
            **shared,
            choices=[
                Choice(title=label(choice.title, 2 * SHORT) or EMPTY, value=choice.value) for choice in field.choices
            ],
            style="expanded" if len(field.choices) <= EXPANDED else "compact",
            wrap=True,
        )
    return TextInput(**shared, is_multiline=field.multiline or None, max_length=field.max_length)


def _value(field: Field) -> str:
    """What somebody typed, with its lines."""
    lines = field.value.splitlines() if field.multiline else [field.value]
    return cut("\n".join(label(line, field.max_length) for line in lines), field.max_length)


def _brief(section: Section) -> Section:
    return replace(section, paragraphs=(), facts=section.facts[:4], items=shortened(section.items, 5))


_STEPS: Sequence[Callable[[FormView], FormView]] = (
    lambda view: replace(view, sections=tuple(map(_brief, view.sections[:6]))),
    lambda view: replace(view, lines=view.lines[:2], facts=view.facts[:4], sections=()),
    lambda view: replace(view, fields=tuple(replace(field, choices=field.choices[:100]) for field in view.fields[:8])),
    lambda view: replace(view, fields=tuple(replace(field, choices=field.choices[:12]) for field in view.fields[:4])),
)
