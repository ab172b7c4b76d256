"""Sets and runs for tests of how they look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.chat.bulk_views import form_view, run_view
from bot.chat.presenter import Place
from bot.domain.alerts import AlertKey
from bot.domain.bulk import BulkRun, LeftOut, Tally, Why, pinned, tally
from bot.domain.decisions import Intent, IntentState
from bot.texts import bulk as texts
from cards.actions import BulkAct
from cards.views import FormView, InfoView
from tests.factories import ADA, CHANNEL, FABRIKAM, NORTHWIND, NOW, alert, intent, record

COUNT = 48
PLACE = Place("https://portal.azure.com", {NORTHWIND: "Northwind Cloud", FABRIKAM: "Fabrikam"})
RECORDS = [
    record(
        alert(f"alert-{number:02}", severity=("high", "medium", "low")[number % 3], name="Connections to mining pools"),
        number=1042 + number,
        customer_name=("Alpine Ski House", "Contoso", "Graphic Design Institute", "Trey Research")[number % 7 % 4],
    )
    for number in range(COUNT)
]
LABELS: dict[AlertKey, str] = {each.alert.key: each.label for each in RECORDS}
SET = pinned(NORTHWIND, CHANNEL, "active", [each.alert.id for each in RECORDS], NOW)
RUN = BulkRun(
    id="run-1",
    set_id=SET.id,
    partner=NORTHWIND,
    conversation_id=CHANNEL,
    thread="root",
    verdict="fraud",
    note="Mining pools in every subscription of that reseller.",
    by_id=ADA.aad_id,
    by_name="Ada Lindqvist",
    at=NOW,
    total=COUNT - 2,
    left_out=(LeftOut("A-1042", Why.DECIDED, "Max Okafor"), LeftOut("A-1043", Why.STATUS, "investigating")),
)


def intents(done: int = 0, failed: int = 0, overtaken: int = 0, again: int = 0) -> Tally:
    """The run's intents, so many of them ended so; the others are open, `again` of them with a problem."""
    states = [
        *[IntentState.DONE] * done,
        *[IntentState.FAILED] * failed,
        *[IntentState.OVERTAKEN] * overtaken,
        *[IntentState.OPEN] * (RUN.total - done - failed - overtaken),
    ]
    made: list[Intent] = []
    for number, (state, each) in enumerate(zip(states, RECORDS[2:], strict=True)):
        problem = "Microsoft Graph answered 403 Forbidden: the role is missing." if state == IntentState.FAILED else ""
        if state == IntentState.OPEN and number >= RUN.total - again:
            problem = texts.NOT_SEEN_YET
        made.append(intent(id=str(number), alert=each.alert.key, state=state, error=problem, bulk=RUN.id))
    return tally(made)


def form(problem: str = "", **act: Any) -> FormView:
    return form_view(SET, RECORDS, BulkAct(set=SET.id, **act), PLACE, problem)


def running() -> InfoView:
    return run_view(replace(RUN, sent=32), intents(again=3), LABELS, repeat=True)


def over(**ends: int) -> InfoView:
    return run_view(replace(RUN, sent=RUN.total, ended_at=NOW), intents(**ends), LABELS, repeat=False)


def all_done() -> InfoView:
    return run_view(replace(RUN, left_out=(), sent=RUN.total, ended_at=NOW), intents(RUN.total), LABELS, repeat=False)
