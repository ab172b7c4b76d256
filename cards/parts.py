"""The parts that our cards are made of: lines, facts, buttons, the card itself. One look, decided here.

Whatever comes from a view may be hostile: it goes into TextRuns, which know no Markdown. Only our own headings are
TextBlocks, because no other element can be a heading to a screen reader. Colours go by meaning and never stand alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from cards.elements import (
    Action,
    ActionSet,
    Block,
    Card,
    Column,
    ColumnSet,
    Container,
    Execute,
    Json,
    OpenUrl,
    Refresh,
    RichTextBlock,
    Submit,
    TextBlock,
    TextRun,
)
from cards.text import ELLIPSIS, defuse, heading, label, paragraphs
from cards.views import Button, Fact, Level, Line, Mention, Section, SeverityView, Tone
from cards.views import Refresh as RefreshView

PRIMARY = 3
"""Buttons beside one another; Teams shows six, a phone has room for three. The rest goes to the overflow menu."""
REFRESHERS = 60
"""People for whom Teams redraws a card by itself, at most.
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/universal-actions-for-adaptive-cards/user-specific-views"""

CALLED = 20
"""People whom one card mentions, at most."""

NUMBER, SHORT, LINE, PROSE = 20, 60, 300, 2000
"""Characters of an alert's number, of a label or a button, of a value or a line, of a paragraph."""

_COLOURS: dict[Tone, str | None] = {
    "default": None,
    "subtle": None,
    "good": "Good",
    "warning": "Warning",
    "attention": "Attention",
    "accent": "Accent",
}
# Shapes that no client turns into emoji: they take the colour of the text and differ without it.
_SYMBOLS: dict[Level, str] = {"high": "▲", "medium": "◆", "low": "●", "informational": "○", "unknown": "◇"}
_LEVEL_TONES: dict[Level, Tone] = {
    "high": "attention",
    "medium": "warning",
    "low": "accent",
    "informational": "default",
    "unknown": "default",
}
_LEVEL_STYLES: dict[Level, str] = {"high": "attention", "medium": "warning", "low": "accent"}
_TONE_STYLES: dict[Tone, str] = {"good": "good", "warning": "warning", "attention": "attention", "accent": "accent"}
_NOT_IN_NAMES = re.compile(r"[^\w\s.,'()/+-]|_")
"""What Markdown or Teams could take for more than a letter of a name."""
EMPTY = "–"
"""Stands where a text is empty, so that nothing looks forgotten."""


def card(
    body: Iterable[Block | None],
    fallback_text: str,
    *,
    refresh: RefreshView | None = None,
    full_width: bool = True,
    mentions: Sequence[Mention] = (),
) -> Json:
    """The whole card. `fallback_text` is what a client says that cannot draw it, and what is read aloud. `mentions` are
    those of its `calling` line."""
    plain = label(fallback_text, PROSE) or EMPTY
    teams: Json = {"width": "Full"} if full_width else {}
    if mentions:
        teams["entities"] = [_entity(name, of) for name, of in _called(mentions)]
    made = Card(
        fallback_text=plain,
        speak=plain,
        msteams=teams or None,
        refresh=_refresh(refresh) if refresh else None,
        body=[block for block in body if block is not None],
    )
    rendered: Json = made.render()
    return rendered


def run(
    text: str,
    limit: int = LINE,
    *,
    tone: Tone = "default",
    strong: bool = False,
    size: str | None = None,
    monospace: bool = False,
) -> TextRun:
    return TextRun(
        text=defuse(text, limit) or EMPTY,
        color=_COLOURS[tone],
        is_subtle=True if tone == "subtle" else None,
        weight="Bolder" if strong else None,
        size=size,
        font_type="Monospace" if monospace else None,
    )


def gap(size: str | None = None) -> TextRun:
    return TextRun(text="  ·  ", is_subtle=True, size=size)


def text(*runs: TextRun, spacing: str | None = None, target_width: str | None = None) -> RichTextBlock:
    return RichTextBlock(inlines=list(runs), spacing=spacing, target_width=target_width)


def line(of: Line, spacing: str | None = "Small") -> RichTextBlock:
    return text(run(of.text, tone=of.tone, strong=of.strong), spacing=spacing)


def one_line(lines: Sequence[Line], *, size: str | None = None, spacing: str | None = "Small") -> RichTextBlock | None:
    """Several short texts in a row that wraps where it must."""
    runs: list[TextRun] = []
    for of in lines:
        if runs:
            runs.append(gap(size))
        runs.append(run(of.text, SHORT * 2, tone=of.tone, strong=of.strong, size=size))
    return text(*runs, spacing=spacing) if runs else None


def prose(passage: str, *, spacing: str = "Small") -> list[RichTextBlock]:
    """A block for each of its paragraphs. `spacing` is above the first."""
    parts = paragraphs(passage, PROSE)
    return [text(run(part, PROSE), spacing="Small" if index else spacing) for index, part in enumerate(parts)]


def title(words: str) -> TextBlock:
    """The heading of a card without a band. Our own words."""
    return _heading(words, LINE, size="Large")


def subtitle(words: str, *, spacing: str = "Medium") -> TextBlock:
    """The heading of a part. Our own words."""
    return _heading(words, SHORT, size="Default", spacing=spacing)


def _heading(words: str, limit: int, *, size: str, spacing: str | None = None) -> TextBlock:
    shown = heading(words, limit) or EMPTY
    return TextBlock(text=shown, style="heading", size=size, weight="Bolder", wrap=True, spacing=spacing)


def severity(of: SeverityView, *, size: str | None = None) -> TextRun:
    return run(f"{_SYMBOLS[of.level]} {of.word}", SHORT, tone=_LEVEL_TONES[of.level], strong=True, size=size)


def band(number: str, of: SeverityView, *, calm: bool) -> Container:
    """The head of an alert's card: severity on its colour, and the number. `calm`: decided, nothing shouts any more."""
    severity_column = Column(width="stretch", items=[text(severity(of))])
    number_column = Column(width="auto", items=[_heading(number, NUMBER, size="Default")])
    return Container(
        style="emphasis" if calm else _LEVEL_STYLES.get(of.level, "emphasis"),
        bleed=True,
        items=[ColumnSet(columns=[severity_column, number_column])],
    )


def heading_band(words: str, status: Line) -> Container:
    """The head of a request's card: what it is, and how far it has come, on that state's colour."""
    return Container(
        style=_TONE_STYLES.get(status.tone, "emphasis"),
        bleed=True,
        items=[
            _heading(words, LINE, size="Default"),
            text(run(status.text, LINE, tone=status.tone, strong=True), spacing="None"),
        ],
    )


def calling(mentions: Sequence[Mention], words: str) -> TextBlock | None:
    """`Max, Gil: please decide.`, the names mentions that ring, for which the card needs the same `mentions`.

    A name is written here and in the entity alike, letter for letter, and so holds nothing that Markdown would change.
    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format#mention-support-within-adaptive-cards
    """
    if not mentions:
        return None
    names = ", ".join(_at(name) for name, _ in _called(mentions))
    return TextBlock(text=f"{names}: {heading(words, LINE)}", wrap=True, spacing="Small")


def _called(mentions: Sequence[Mention]) -> list[tuple[str, Mention]]:
    """Each with the name that is written: no two alike, because Teams tells them apart by that."""
    found: dict[str, Mention] = {}
    for of in mentions[:CALLED]:
        plain = name = " ".join(_NOT_IN_NAMES.sub(" ", label(of.name, SHORT)).split()) or EMPTY
        count = 1
        while name in found:
            count += 1
            name = f"{plain} {count}"
        found[name] = of
    return list(found.items())


def _at(name: str) -> str:
    return f"<at>{name}</at>"


def _entity(name: str, of: Mention) -> Json:
    return {"type": "mention", "text": _at(name), "mentioned": {"id": of.id, "name": name}}


def panel(items: Sequence[Block], tone: Tone) -> Container:
    """A tinted box for what matters most on the card."""
    return Container(
        style=_TONE_STYLES.get(tone, "emphasis"), items=list(items), rounded_corners=True, spacing="Medium"
    )


def fact_rows(facts: Sequence[Fact], *, separator: bool = False, spacing: str = "Medium") -> Container | None:
    """Labels beside values. The label's column is narrow enough for a phone and both sides wrap."""
    if not facts:
        return None
    return Container(
        items=[_fact_row(fact, first=index == 0) for index, fact in enumerate(facts)],
        separator=separator or None,
        spacing="Large" if separator else spacing,
    )


def _fact_row(fact: Fact, *, first: bool) -> ColumnSet:
    size = "Small" if fact.monospace else None
    value = run(fact.value, LINE, tone=fact.tone, size=size, monospace=fact.monospace)
    return ColumnSet(
        spacing="None" if first else "Small",
        columns=[
            Column(width="112px", items=[text(run(fact.label, SHORT, tone="subtle"))]),
            Column(width="stretch", items=[text(value)]),
        ],
    )


def bullets(items: Sequence[str], *, spacing: str = "Small") -> list[ColumnSet]:
    """A list whose wrapped lines stay beside their bullet. `spacing` is above the first."""
    return [
        ColumnSet(
            spacing="Small" if index else spacing,
            columns=[
                Column(width="auto", items=[text(run("•", tone="subtle"))]),
                Column(width="stretch", spacing="Small", items=[text(run(item))]),
            ],
        )
        for index, item in enumerate(items)
    ]


def sections(of: Iterable[Section]) -> list[Block | None]:
    """Headed parts, one below the other."""
    return [block for section in of for block in _section(section)]


def _section(section: Section) -> list[Block | None]:
    return [
        subtitle(section.title, spacing="Large"),
        *(block for passage in section.paragraphs for block in prose(passage)),
        fact_rows(section.facts, spacing="Small"),
        *bullets(section.items),
        text(run(section.more, LINE, tone="subtle"), spacing="Small") if section.more else None,
        buttons(section.buttons),
    ]


def shortened(items: Sequence[str], count: int) -> tuple[str, ...]:
    """The first `count` of `items`, and how many more there were."""
    left_out = len(items) - count
    return tuple(items) if left_out <= 0 else (*items[:count], f"{ELLIPSIS} +{left_out}")


def buttons(of: Sequence[Button]) -> ActionSet | None:
    """At most three beside one another, in the order given; the rest in the overflow menu, which never stands alone."""
    if not of:
        return None
    shown = [place for place, button in enumerate(of) if not button.secondary][:PRIMARY] or [0]
    first = [replace(of[place], secondary=False) for place in shown]
    rest = [replace(button, secondary=True) for place, button in enumerate(of) if place not in shown]
    return ActionSet(actions=[action(button) for button in first + rest], spacing="Medium")


def action(button: Button, words: str | None = None) -> Action:
    """`words` replaces the title where the button is not a button but a whole row to be pressed."""
    shown = label(words or button.title, SHORT if words is None else LINE) or EMPTY
    mode = "secondary" if button.secondary else None
    carried = {**button.data, "verb": button.verb}
    match button.kind:
        case "execute":
            # Clients that know no Action.Execute send the same data as a message.
            # https://learn.microsoft.com/adaptive-cards/authoring-cards/universal-action-model#backward-compatibility
            submit = Submit(title=shown, mode=mode, data=carried)
            return Execute(title=shown, mode=mode, verb=button.verb, data=button.data, fallback=submit)
        case "dialog":
            return Submit(title=shown, mode=mode, data={**carried, "msteams": {"type": "task/fetch"}})
        case "submit":
            return Submit(title=shown, mode=mode, data=carried)
        case "url":
            if not button.url.startswith(("https://", "http://")):
                raise ValueError(f"a button opens web addresses only, not {button.url[:100]!r}")
            return OpenUrl(title=shown, mode=mode, url=button.url)


def _refresh(of: RefreshView) -> Refresh:
    return Refresh(action=Execute(verb=of.verb, data=of.data), user_ids=list(of.user_ids[:REFRESHERS]))
