"""From pinned sets and their runs to what people see: the form, and the card that shows how far it is. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.chat.presenter import Place, customer
from bot.domain.alerts import AlertKey, AlertRecord, severity_rank
from bot.domain.bulk import BulkRun, BulkSet, Tally
from bot.services.notes import LONGEST
from bot.texts import bulk as texts
from bot.texts import en
from cards import actions
from cards.actions import BulkAct
from cards.views import Button, Choice, Fact, Field, FormView, InfoView, Line, Section

_SHOWN = 5
_FAILURES_SHOWN = 20


def set_button(pinned: BulkSet, partner: str) -> Button:
    """`partner` is empty where the buttons beside it are of the same one."""
    title = texts.button(len(pinned.alerts), pinned.status, partner)
    return Button(title, "dialog", actions.ALERTS_BULK, {"set": pinned.id})


def form_view(
    pinned: BulkSet, records: Sequence[AlertRecord], act: BulkAct, place: Place, problem: str = ""
) -> FormView:
    """The set as it is now, and what to decide on it. `problem` is what was missing when it was sent."""
    good = [record for record in records if record.alert.status.lower() == pinned.status]
    changed = len(pinned.alerts) - len(good)
    lines = [
        *((Line(problem, "attention", strong=True),) if problem else ()),
        Line(texts.FORM_LINE),
        *((Line(texts.changed_meanwhile(changed), "warning"),) if changed else ()),
    ]
    return FormView(
        title=texts.form_title(len(good), pinned.status),
        lines=tuple(lines),
        facts=(
            *((Fact(en.PARTNER, place.partner_names.get(pinned.partner, pinned.partner)),) if place.several else ()),
            Fact(texts.CUSTOMERS, texts.people(Counter(map(customer, good)).most_common())),
            Fact(texts.SEVERITIES, _severities(good)),
        ),
        sections=(
            Section(
                texts.FIRST_OF_THEM if len(good) > _SHOWN else texts.ALL_OF_THEM,
                items=tuple(map(_named, good[:_SHOWN])),
            ),
            *(
                (Section(texts.ALL_OF_THEM, paragraphs=(", ".join(record.label for record in good),)),)
                if len(good) > _SHOWN
                else ()
            ),
        ),
        fields=(
            Field(
                "verdict",
                texts.VERDICT_FIELD,
                required=True,
                error=texts.CHOOSE,
                choices=tuple(Choice(verdict.value, title) for verdict, title in texts.CHOICES.items()),
                value=act.verdict,
            ),
            Field(
                "note",
                texts.NOTE_FIELD,
                placeholder=texts.NOTE_HINT,
                max_length=LONGEST,
                multiline=True,
                value=act.note,
            ),
        ),
        submit=Button(texts.MARK_ALL, "submit", actions.ALERTS_BULK, {"set": pinned.id}),
        fallback_text=texts.hint(pinned.id),
    )


def run_view(run: BulkRun, counted: Tally, labels: Mapping[AlertKey, str], *, repeat: bool) -> InfoView:
    """The run as it stands."""
    over = run.ended_at is not None
    progress = texts.confirmed(run, counted) if over else texts.sent(run, counted)
    whole = over and not counted.failed and not counted.overtaken
    tried_again = [each for each in counted.open if each.error]
    items = (
        *(texts.failed(labels[each.alert], each.error) for each in counted.failed),
        *(texts.overtaken(labels[each.alert]) for each in counted.overtaken),
        *map(texts.left_out, run.left_out),
    )
    more = len(items) - _FAILURES_SHOWN
    return InfoView(
        title=texts.title(run, counted),
        lines=(
            *((Line(texts.POSSIBLE_REPEAT, "warning"),) if repeat else ()),
            Line(progress, "good" if whole else "attention" if over else "accent", strong=True),
            *((Line(texts.waiting(len(tried_again)), "warning"),) if tried_again else ()),
        ),
        facts=(Fact(texts.NOTE, run.note),) if run.note else (),
        items=(*items[:_FAILURES_SHOWN], *((en.more(more),) if more > 0 else ())),
        fallback_text=f"{texts.title(run, counted)}. {progress}",
    )


def _severities(records: Sequence[AlertRecord]) -> str:
    found = Counter(record.alert.severity for record in records)
    worst_first = sorted(found, key=severity_rank, reverse=True)
    return ", ".join(f"{en.severity_word(severity)} ({found[severity]})" for severity in worst_first) or en.UNKNOWN


def _named(record: AlertRecord) -> str:
    name = record.alert.name or record.alert.alert_type
    return f"{record.label} {en.severity_word(record.alert.severity)}: {name} ({customer(record)})"
