"""What one can say to the bot. Pure: a view in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cards.elements import Json, RichTextBlock, TextRun
from cards.parts import card, prose, run, text, title
from cards.size import fit
from cards.views import Command, HelpView


def help_card(view: HelpView) -> Json:
    """Each command as it is typed, and what it does."""
    return fit(_build, view, _STEPS)


def _build(view: HelpView) -> Json:
    return card(
        [
            title(view.title),
            *prose(view.intro),
            *map(_line, view.commands),
            *(block for passage in view.outro for block in prose(passage, spacing="Medium")),
        ],
        view.fallback_text,
    )


def _line(command: Command) -> RichTextBlock:
    example = run(command.example, tone="accent", strong=True)
    return text(example, TextRun(text=" – ", is_subtle=True), run(command.meaning))


_STEPS: Sequence[Callable[[HelpView], HelpView]] = (
    lambda view: replace(view, commands=view.commands[:40], outro=view.outro[:2]),
    lambda view: replace(view, commands=view.commands[:12], outro=()),
)
