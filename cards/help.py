"""What one can say to the bot. Pure: a view in, JSON out."""

from __future__ import annotations

from dataclasses import replace

from cards.elements import Json, TextRun
from cards.parts import LINE, card, prose, run, text, title
from cards.size import fit
from cards.views import HelpView


def help_card(view: HelpView) -> Json:
    """Each command as it is typed, and what it does."""
    return fit(_build, view, [lambda view: replace(view, commands=view.commands[:40], outro=view.outro[:3])])


def _build(view: HelpView) -> Json:
    return card(
        [
            title(view.title),
            *prose(view.intro),
            *(
                text(run(command.example, LINE, tone="accent", strong=True), TextRun(text="  "), run(command.meaning, LINE))
                for command in view.commands
            ),
            *(block for passage in view.outro for block in prose(passage)),
        ],
        view.fallback_text,
    )
