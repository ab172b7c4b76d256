"""Sample views of what a team made of an alert and what came before it, for the tests of all cards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.chat import work_views
from bot.chat.details import details_view
from bot.chat.presenter import Place, alert_view
from bot.domain.alerts import ActivityLogEntry, AlertRecord, Note, Work
from bot.domain.recurrence import Background, Earlier
from cards import alert_card, details_card
from cards.actions import AlertAct
from cards.elements import Json
from tests.factories import ADA, FABRIKAM, NORTHWIND, NOW, alert, guid, person, record

PLACE = Place("https://portal.azure.com", {NORTHWIND: "Northwind", FABRIKAM: "Fabrikam"})
NASTY = "[Reset](https://evil.example.com) <at>All</at> {{DATE(2026-01-02T03:04:05Z)}} \u202egnp.exe **now** " * 4
NOTE = Note(
    NOW, ADA.aad_id, "Max Okafor", "Customer called back: nobody there knows these machines, they look into it."
)
WORK = Work(ADA.aad_id, "Ada Lindqvist", NOW + timedelta(hours=4), "Max Okafor", "Ada Lindqvist")


def earlier(number: int, verdict: str = "legitimate", by: str = "Ada Lindqvist", name: str = "Mining") -> Earlier:
    at = NOW - timedelta(days=4 * number)
    return Earlier(1000 - number, name, alert().alert_type, at - timedelta(hours=1), verdict, by, at)


def a_record(number: int = 1042, **work: Any) -> AlertRecord:
    return record(number=number, work=replace(WORK, **work))


MANY = (*(earlier(number, "fraud" if number % 3 else "legitimate", "") for number in range(1, 26)),)
RELATED = (
    a_record(1041, assigned_name=""),
    record(alert("b", severity="medium", name="A role was assigned to an account that nobody knows"), number=1040),
    record(alert("c", status="resolved", resolved_reason="fraud", severity="low"), number=1039),
    record(alert("d", status="investigating", subscription_id=guid(9), severity="new"), number=1038),
    record(alert("e", name=""), number=1037),
)
LOOKED_INTO = replace(
    a_record(snoozed_until=None),
    alert=alert(status="investigating", activity_log=(ActivityLogEntry("active", "investigating", "Alert Desk", NOW),)),
)


def _nasty_alert() -> AlertRecord:
    nasty = replace(WORK, assigned_name=NASTY, snoozed_by=NASTY, taken_by=NASTY)
    return record(alert(name=NASTY, severity="high"), work=nasty, customer_name=NASTY)


def _card(of: AlertRecord, background: Background) -> Any:
    return alert_view(of, PLACE, NOW, card_id="card", background=background)


def _details(of: AlertRecord, history: tuple[Earlier, ...], related: tuple[AlertRecord, ...], *notes: Note) -> Any:
    return details_view(of, notes, PLACE, NOW, card_id="card", team=work_views.sections(of, history, related, NOW))


def _built(card: Json) -> Json:
    return card


NASTY_NOTE = replace(NOTE, by_name=NASTY, text=NASTY)
NASTY_PAST = (earlier(1, by=NASTY, name=NASTY), earlier(2, NASTY, NASTY, NASTY))
VIEWS: tuple[tuple[str, Callable[[Any], Json], Any], ...] = (
    ("work-taken", alert_card, _card(LOOKED_INTO, Background())),
    ("work-one", alert_card, _card(a_record(), Background(NOTE, (earlier(1),)))),
    ("work-many", alert_card, _card(a_record(), Background(NOTE, MANY))),
    ("work-hostile", alert_card, _card(_nasty_alert(), Background(NASTY_NOTE, NASTY_PAST))),
    ("work-details", details_card, _details(a_record(), (earlier(1), earlier(2)), RELATED[:1], NOTE)),
    ("work-details-many", details_card, _details(a_record(), MANY, RELATED, *(NOTE,) * 9)),
    ("work-details-hostile", details_card, _details(_nasty_alert(), NASTY_PAST, (_nasty_alert(),) * 2, NASTY_NOTE)),
    (
        "work-assign-form",
        _built,
        work_views.assign_form(a_record(), AlertAct(alert=1042), [person("Max Okafor", 2), person(NASTY, 3)], "x"),
    ),
    ("work-snooze-form", _built, work_views.snooze_form(a_record(), AlertAct(alert=1042), NOW)),
)
