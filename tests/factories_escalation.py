"""Sample views of who is on duty, of what an escalation says in person, and of what is sent where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.chat.duty_views import duty_view, elsewhere_view
from bot.chat.escalation_board import many_view
from bot.chat.routing_views import Lead, all_view, here_view, where_view, why_view
from bot.domain import filter_grammar
from bot.domain.delivery import CardPost
from bot.domain.digest import Schedule
from bot.domain.duty import NO_DUTY, Duty, Member, Week
from bot.domain.escalation import Call, Plan
from bot.domain.filters import query
from bot.domain.people import BY_SETTINGS, Route
from bot.domain.routing import Found, terms
from bot.texts import escalation as texts
from cards import info_card
from cards.elements import Json
from cards.views import Line
from tests.factories import CHANNEL, FABRIKAM, GENERAL, NORTHWIND, NOW, alert, conversation, record

HOSTILE = "**Ada** <at>everyone</at> [x](https://evil.invalid) {{DATE(2026-01-01)}} \u202e" + "Überlänge" * 20
WEEK = Week.at(NOW, "UTC")
ADA, BEN, MIA = (Member(f"{name}-id", f"29:{name}", f"{name} Lindqvist") for name in ("Ada", "Ben", "Mia"))
ONE = Duty(rotation=(ADA,), anchor=WEEK)
USUAL = Duty(
    rotation=(ADA, BEN),
    anchor=WEEK,
    exceptions={WEEK.plus(2): (MIA, BEN)},
    managers=(MIA,),
    tag="OWM1YzQyYTktMTIzNC00ZjU2",
    zone="Europe/Stockholm",
)
MANY = Duty(
    rotation=tuple(Member(f"id-{number}", f"29:{number}", f"Person Number {number}") for number in range(20)),
    anchor=WEEK,
    exceptions={
        WEEK.plus(ahead): tuple(Member(f"x{each}", "29:x", f"Stand-in Number {each}") for each in range(5))
        for ahead in range(4)
    },
    managers=tuple(Member(f"m-{number}", f"29:m{number}", f"Manager Number {number}") for number in range(20)),
    escalates=False,
    zone="America/Argentina/Buenos_Aires",
)
HOSTILE_DUTY = Duty(rotation=(Member("h", "29:h", HOSTILE),), anchor=WEEK, managers=(Member("h", "29:h", HOSTILE),))
PLAN = Plan()

ROUTE = Route(CHANNEL, NORTHWIND, on=True, by_name="Ada Lindqvist", summarised=True, begun_at=NOW - timedelta(days=7))
NARROW = replace(ROUTE, filter='severity:high,medium customer:"Contoso Ltd" type:usage test:no since:7d')
OFF = replace(ROUTE, on=False, by_name="Max Okafor")
GONE = replace(NARROW, conversation_id=GENERAL, partner=FABRIKAM)
HERE = Lead(NARROW, conversation(), "Northwind Cloud")
LEADS = [
    HERE,
    Lead(OFF, conversation(GENERAL, name="General"), "Northwind Cloud"),
    Lead(GONE, conversation(GENERAL, name="General", state="archived"), "Fabrikam Services"),
    Lead(replace(ROUTE, summarised=False, begun_at=None, by_name=BY_SETTINGS), None, "Northwind Cloud"),
    Lead(ROUTE, conversation(GENERAL, name="General"), "Northwind Cloud", refused=HOSTILE),
]
DIGESTS = [Schedule("daily", "Europe/Stockholm", 480), Schedule("weekly", "UTC", 540)]


def found(words: str = "", **changes: Any) -> Found:
    it = record(alert(severity="low"))
    wanted = filter_grammar.parse(words, default="all")
    conditions = terms(query(wanted, frozenset({NORTHWIND}), {NORTHWIND: "Northwind"}, NOW), it, wanted.partners)
    return Found(it, replace(ROUTE, filter=words), "active", terms=conditions, **changes)


CARD = CardPost("card", alert().key, CHANNEL, "activity", NOW)
CALL = Call(2, (alert().key,), 12, conversation_id=CHANNEL, to="Ada", why="duty")
PLACE = "Security Operations > Alerts"
LISTED = tuple(f"A-{1042 + number} High: Crypto mining suspected (Contoso Ltd)" for number in range(8))

VIEWS: tuple[tuple[str, Callable[..., Json], Any], ...] = (
    ("duty-nobody", info_card, duty_view(NO_DUTY, PLAN, NOW)),
    ("duty-one", info_card, duty_view(ONE, PLAN, NOW, "Ada Lindqvist takes turns by week from now on.")),
    ("duty-usual", info_card, duty_view(USUAL, PLAN, NOW)),
    ("duty-many-off", info_card, duty_view(MANY, PLAN, NOW)),
    ("duty-hostile", info_card, duty_view(HOSTILE_DUTY, Plan({"high": [5]}), NOW, HOSTILE)),
    (
        "duty-elsewhere",
        info_card,
        elsewhere_view([(conversation(), USUAL), (conversation(GENERAL, name="General"), MANY)], NOW),
    ),
    ("duty-elsewhere-none", info_card, elsewhere_view([], NOW)),
    ("escalation-many", info_card, many_view(CALL, LISTED, 12, PLACE, drill=False)),
    ("escalation-hostile", info_card, many_view(CALL, (HOSTILE,) * 8, 5000, HOSTILE, drill=True)),
    ("routes-here", info_card, here_view([HERE], USUAL, PLAN, DIGESTS)),
    ("routes-here-several", info_card, here_view(LEADS[:3], MANY, PLAN, [])),
    ("routes-here-none", info_card, here_view([], NO_DUTY, PLAN, [])),
    ("routes-all", info_card, all_view(LEADS * 5, more=True)),
    ("routes-all-none", info_card, all_view([], more=False)),
    ("routes-why-came", info_card, why_view(found("", card=CARD))),
    ("routes-why-not", info_card, why_view(found(NARROW.filter))),
    ("routes-why-hostile", info_card, why_view(found(f'customer:"{HOSTILE}" severity:low'))),
    ("routes-where", info_card, where_view(record(), [(lead, found(lead.route.filter)) for lead in LEADS])),
)
LEAD = Line(texts.lead(CALL, record(), PLACE, NOW), "attention", strong=True)
