"""A page of alerts, each a row that opens its alert. Pure: a view in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cards.elements import Action, Block, Column, ColumnSet, Json, RichTextBlock, TextRun
from cards.parts import LINE, NUMBER, SHORT, action, buttons, card, gap, one_line, run, severity, text, title
from cards.size import fit
from cards.text import ELLIPSIS
from cards.views import Line, ListView, Row


def list_card(view: ListView) -> Json:
    """Rows of `view.rows`, or what is said where there are none. The caller pages: about ten rows are a page."""
    return fit(_build, view, _STEPS)


def _build(view: ListView) -> Json:
    return card(
        [
            title(view.title),
            text(run(view.subtitle, LINE, tone="subtle", size="Small"), spacing="None") if view.subtitle else None,
            *_rows(view),
            buttons(view.buttons),
            text(run(view.hint, LINE, tone="subtle", size="Small"), spacing="Small") if view.hint else None,
        ],
        view.fallback_text,
    )


def _rows(view: ListView) -> list[Block]:
    if not view.rows:
        return [text(run(view.empty, LINE), spacing="Medium")]
    return [alert_row(row) for row in view.rows]


def alert_row(row: Row) -> ColumnSet:
    """One alert, to be pressed as a whole."""
    # Read aloud as one button, so its words have to say what the eye sees in the row.
    late = f", {row.deadline.text}" if row.deadline else ""
    words = f"{row.open.title}, {row.severity.word}, {row.title}, {row.status.text}{late}"
    head = [
        severity(row.severity, size="Small"),
        gap("Small"),
        run(row.label, NUMBER, tone="subtle", size="Small"),
        *(part for line in (row.status, row.deadline) if line for part in (gap("Small"), _small(line))),
    ]
    what: list[Block | None] = [
        text(*head),
        text(run(row.title, 2 * SHORT, strong=True), spacing="None"),
        text(run(row.detail, LINE, tone="subtle", size="Small"), spacing="None"),
        _columns(row),
        one_line(row.work, size="Small", spacing="None"),
    ]
    return pressed_row([block for block in what if block is not None], action(row.open, words))


def pressed_row(items: Sequence[Block], pressed: Action) -> ColumnSet:
    """A row of a list that is one large button, as its arrow tells."""
    return ColumnSet(
        separator=True,
        spacing="Medium",
        select_action=pressed,
        columns=[
            Column(width="stretch", items=list(items)),
            Column(
                width="auto",
                vertical_content_alignment="Center",
                items=[text(TextRun(text="›", size="Large", is_subtle=True))],
            ),
        ],
    )


def _small(line: Line) -> TextRun:
    return run(line.text, SHORT, tone=line.tone, strong=line.strong, size="Small")


def _columns(row: Row) -> RichTextBlock | None:
    """Not columns, which would not fill a wide window: words that wrap. In one run, or a page of rows would be large.
    Where it is narrow they would be five lines of each row, and the row opens what has them all."""
    if not row.columns:
        return None
    words = run("  ·  ".join(row.columns), 2 * LINE, tone="subtle", size="Small")
    return text(words, spacing="None", target_width="atLeast:Standard")


def _first_rows(count: int) -> Callable[[ListView], ListView]:
    def shorten(view: ListView) -> ListView:
        left_out = max(len(view.rows) - count, 0)
        subtitle = f"{view.subtitle[:LINE]} {ELLIPSIS} +{left_out}" if left_out else view.subtitle
        return replace(view, rows=view.rows[:count], subtitle=subtitle)

    return shorten


# Never needed for a page of ten; here so that no list, however it came about, is refused by Teams for its size.
_STEPS: Sequence[Callable[[ListView], ListView]] = (
    _first_rows(20),
    _first_rows(8),
    lambda view: replace(view, buttons=()),
    lambda view: replace(view, rows=()),
)
