"""What the card builders take: small frozen values whose texts are ready to read. Nothing here knows the bot.

All texts are in the reader's language already and may come from attackers: the builders draw them so that nothing in
them comes alive. Only `Button.url` becomes a link, and the presenter builds those from validated ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Tone = Literal["default", "good", "warning", "attention", "accent", "subtle"]
Level = Literal["high", "medium", "low", "informational", "unknown"]


@dataclass(frozen=True, slots=True)
class SeverityView:
    """`level` picks icon and colour; `word` is what is read, so that colour alone never carries it."""

    level: Level
    word: str


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    tone: Tone = "default"
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: str
    monospace: bool = False  # ids
    tone: Tone = "default"


@dataclass(frozen=True, slots=True)
class Button:
    """`execute`: Action.Execute with an Action.Submit fallback that carries the same data. `dialog`: opens a dialog
    (Action.Submit with msteams task/fetch). `submit`: Action.Submit, for use inside a dialog. `url`: opens `url`."""

    title: str
    kind: Literal["execute", "dialog", "submit", "url"] = "execute"
    verb: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""
    secondary: bool = False  # under the overflow menu


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a client sends to have the card redrawn. `user_ids` (MRIs, at most 60): for whom it does so by itself."""

    data: Mapping[str, Any]
    verb: str = "alert.refresh"
    user_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertView:
    """The shared card of one alert, and each person's own form of it."""

    label: str  # A-1042
    severity: SeverityView
    title: str
    badges: tuple[Line, ...]  # TEST, possible repeat, partner name
    status: Line  # "Active", "Being marked as fraud by Ada …", "Fraud"
    deadline: Line | None  # "Respond by 14:05 UTC"
    decision: tuple[Line, ...]  # who, when, why; empty while open
    facts: tuple[Fact, ...]
    resources_title: str
    resources: tuple[str, ...]
    buttons: tuple[Button, ...]
    hint: str  # what to type if buttons fail
    refresh: Refresh | None
    fallback_text: str
    notice: Line | None = None  # what happens to its subscription
    work: tuple[Line, ...] = ()  # whose it is, whether it waits, what came before


@dataclass(frozen=True, slots=True)
class Section:
    """A headed part of a details card. A line break in a paragraph starts a new one."""

    title: str
    paragraphs: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    items: tuple[str, ...] = ()
    more: str = ""  # "and 12 more"
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class DetailsView:
    label: str
    severity: SeverityView
    title: str
    status: Line
    sections: tuple[Section, ...]
    buttons: tuple[Button, ...]
    fallback_text: str


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody whom a card calls: their MRI or Entra object id."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class RequestView:
    """The card of a request to cancel or reactivate a subscription: on a phone all that one decides by."""

    heading: str  # "R-12 · Cancel Azure subscription"
    status: Line  # "Waits for a decision"; its tone colours the head
    subject: str  # the subscription's name
    lines: tuple[Line, ...]  # by whom and until when
    mentions: tuple[Mention, ...]
    calling: str  # what those are called for, after their names
    progress: tuple[Line, ...]  # what became of it, in a box of the status's colour
    facts: tuple[Fact, ...]
    notices: tuple[Line, ...]  # what is new since it was asked for, in a box of its own
    sections: tuple[Section, ...]
    buttons: tuple[Button, ...]
    hint: str
    fallback_text: str


@dataclass(frozen=True, slots=True)
class RequestRow:
    label: str
    status: Line
    title: str
    detail: str


@dataclass(frozen=True, slots=True)
class ApprovalsView:
    """The requests that wait for a decision, and the latest others."""

    title: str
    lead: str
    rows: tuple[RequestRow, ...]
    fallback_text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One alert in a list, in lines that use the width there is and wrap where there is none."""

    label: str
    severity: SeverityView
    title: str
    detail: str  # customer, type
    status: Line
    open: Button  # shows the alert
    deadline: Line | None = None  # until when it should be answered
    columns: tuple[str, ...] = ()  # what else the list has of it, a few words each
    work: tuple[Line, ...] = ()  # who decided or has it, and until when it sleeps


@dataclass(frozen=True, slots=True)
class ListView:
    title: str
    subtitle: str  # the filter in words, page 2 of 7
    rows: tuple[Row, ...]
    empty: str  # said where there are no rows
    buttons: tuple[Button, ...]  # previous, next, export, mark all
    fallback_text: str
    hint: str = ""  # what to type if buttons fail


@dataclass(frozen=True, slots=True)
class SavedFilterRow:
    name: str  # "@urgent"
    words: str
    by: str
    show: Button
    forget: Button


@dataclass(frozen=True, slots=True)
class SavedFiltersView:
    title: str
    lead: str  # how they are used
    rows: tuple[SavedFilterRow, ...]
    empty: str  # said where there are no rows
    fallback_text: str


@dataclass(frozen=True, slots=True)
class RollupView:
    """The card that stands for many alerts in a storm: how many, the worst of them, and the way to all."""

    heading: str  # "Storm · 212 alerts"
    status: Line  # "Since 14:05 UTC; more are coming"; its tone colours the head
    subject: str  # whose alerts they are
    badges: tuple[Line, ...]  # possible repeat
    lines: tuple[Line, ...]
    facts: tuple[Fact, ...]
    rows_title: str
    rows: tuple[Row, ...]  # the worst unresolved ones, at most ten
    more: str  # "and 202 more"
    buttons: tuple[Button, ...]  # to the lists, and what can be done with many at once
    hint: str
    fallback_text: str


@dataclass(frozen=True, slots=True)
class Command:
    example: str
    meaning: str


@dataclass(frozen=True, slots=True)
class HelpView:
    title: str
    intro: str
    commands: tuple[Command, ...]
    outro: tuple[str, ...]
    fallback_text: str


@dataclass(frozen=True, slots=True)
class InfoView:
    """A small card: heading, lines, facts, buttons. Welcome, whoami, routes, export link, summary of a new route."""

    title: str
    lines: tuple[Line, ...] = ()
    facts: tuple[Fact, ...] = ()
    items: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()
    fallback_text: str = ""
    hint: str = ""  # what else one can say


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    title: str


@dataclass(frozen=True, slots=True)
class Field:
    """An input of a dialog. `choices` makes it a choice, else it is text of at most `max_length` characters. `value` is
    what stands in it at first."""

    id: str
    label: str
    required: bool = False
    error: str = ""
    placeholder: str = ""
    choices: tuple[Choice, ...] = ()
    max_length: int = 500
    multiline: bool = False
    value: str = ""


@dataclass(frozen=True, slots=True)
class FormView:
    """The card in a dialog. `sections` stand before the fields."""

    title: str
    lines: tuple[Line, ...]
    facts: tuple[Fact, ...]
    fields: tuple[Field, ...]
    submit: Button
    fallback_text: str
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A subscription for which a credit can be asked for."""

    title: str  # customer and days left
    status: Line
    detail: str
    subscription: str
    open: Button  # shows its newest alert


@dataclass(frozen=True, slots=True)
class RefundsView:
    title: str
    subtitle: str  # how many
    lead: Line
    rows: tuple[RefundRow, ...]
    buttons: tuple[Button, ...]
    hint: str  # what to type if buttons fail
    fallback_text: str


@dataclass(frozen=True, slots=True)
class DigestView:
    """What happened in a day or a week, and what waits. A quiet day is a title and a line."""

    title: str
    subtitle: str  # the period
    lines: tuple[Line, ...]
    facts: tuple[Fact, ...]
    rows_title: str
    rows: tuple[Row, ...]  # the most urgent ones
    more: str  # "and 12 more"
    sections: tuple[Section, ...]  # verdicts by person, requests that wait, deadlines
    buttons: tuple[Button, ...]
    hint: str
    fallback_text: str
