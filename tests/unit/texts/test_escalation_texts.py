"""What is said where nobody answers, about who is on duty and about routes: short, true, and no markup."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alerts import Severity
from bot.domain.duty import Member, Week
from bot.domain.escalation import Call, Plan, Step, Why
from bot.domain.people import BY_SETTINGS, ConversationState, Route
from bot.domain.routing import Reason, Term
from bot.texts import duty, escalation, routes
from tests.factories import CHANNEL, NORTHWIND, NOW, alert, conversation, minutes, personal, record
from tests.unit.texts.test_texts import MARKUP, PLACEHOLDER, constants, public

IT = record(alert(detected_at=NOW - minutes(31)))
SAID = [(IT, "A-1042 High: Crypto mining suspected (Contoso Ltd)")]
CALL = Call(Step.MENTION, (IT.alert.key,), 1)
ADA = Member("ada", "29:ada", "Ada")
ROUTE = Route(CHANNEL, NORTHWIND, on=True, by_name="Ada", summarised=True, begun_at=NOW)


@pytest.mark.parametrize("module", [duty, escalation, routes], ids=lambda module: module.__name__)
def test_no_sentence_is_markup(module: object) -> None:
    found = [text for value in public(module).values() for text in constants(value)]  # type: ignore[arg-type]
    assert len(found) > 1
    wrong = [text for text in found if MARKUP.search(PLACEHOLDER.sub("", text))]
    assert wrong == []


def test_the_line_says_what_waits_since_when_and_what_to_do() -> None:
    assert escalation.line(CALL, SAID, 1, NOW) == (
        "A-1042 High: Crypto mining suspected (Contoso Ltd) has had no answer for 31 minutes. "
        "Press Investigate or decide on its card. Respond by 12:59 UTC."
    )
    late = escalation.line(CALL, SAID, 1, NOW + minutes(60))
    assert "The one-hour target passed at 12:59 UTC. Answer now." in late
    assert ".." not in late


def test_who_was_written_to_and_who_was_not() -> None:
    call = replace(CALL, step=Step.MANAGERS, written=("Ada", "Mia"), unreached=("Ben",), absent=("Cam",), instead=True)
    said = escalation.line(call, SAID, 1, NOW)
    assert "I wrote to Ada and Mia in person." in said
    assert "I could not write to Ben in person. They must add Alert Desk" in said
    assert "Not in this conversation any more: Cam." in said
    assert "“duty manager @name”" in said
    many = escalation.line(replace(CALL, written=tuple("abcdefgh")), SAID, 1, NOW)
    assert "a, b, c, d, e and 3 more" in many
    assert len(said) < 600


def test_a_refused_message_tells_only_of_itself() -> None:
    said = escalation.line(replace(CALL, failed=True, unreached=("Ben",), absent=("Cam",)), SAID, 1, NOW)
    assert said.count(".") == 3
    assert "Press" not in said
    assert "Cam" not in said


def test_drills_and_spans() -> None:
    drill = record(alert("drill-1", is_test=True, detected_at=NOW - minutes(1)))
    assert escalation.line(CALL, [(drill, "A-7")], 1, NOW).startswith("DRILL: A-7 has had no answer for 1 minute.")
    assert escalation.span(record(alert(detected_at=NOW - minutes(125))), NOW) == "2 h 05 min"
    assert escalation.span(record(alert(detected_at=NOW + minutes(1))), NOW) == "0 minutes"
    assert escalation.many_title(12, drill=True).startswith("DRILL: 12 alerts")


@pytest.mark.parametrize("why", Why)
def test_everybody_learns_why_they_are_called(why: Why) -> None:
    said = escalation.lead(replace(CALL, why=why), IT, "Security > Alerts", NOW)
    assert said.startswith("No answer for 31 minutes in Security > Alerts; ")
    assert len(said) < 120
    assert "None" not in escalation.many_why(replace(CALL, why=why), "here")


def test_the_plan_in_words() -> None:
    assert duty.plan(Plan()) == "High and medium after 15, 30 and 50 minutes"
    assert duty.plan(Plan({"high": [5], "medium": [15, 30]})) == "High after 5 minutes; medium after 15 and 30 minutes"
    assert duty.plan(Plan({severity: [] for severity in Severity})).startswith("Nobody is called")


def test_people_weeks_and_places() -> None:
    assert duty.people(()) == "nobody"
    assert duty.listed(["Ada", "", "Mia"]) == "Ada, unknown and Mia"
    assert duty.week_of(Week(2026, 53)) == "week 2026-W53 (from 28 Dec 2026)"
    assert duty.added(["Ada"]).startswith("Ada takes turns")
    assert duty.added(["Ada", "Ben"]).startswith("Ada and Ben take turns")
    assert duty.place(conversation()) == "Security Operations > Alerts"
    assert duty.place(personal()) == "a personal chat"
    assert duty.place(None)
    assert duty.place(conversation(name="", team_name=""))


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_is_a_sentence(reason: Reason) -> None:
    for route in (ROUTE, None):
        for state in (*ConversationState, ""):
            said = routes.reason(reason, route, state)
            assert said.endswith(".")
            assert "None" not in said
            assert "  " not in said


def test_routes_in_words() -> None:
    assert routes.route(ROUTE, "Northwind", "active") == "Northwind: all alerts; since 01 Mar 2026, 12:30 UTC by Ada"
    off = replace(ROUTE, on=False, filter="severity:high")
    assert routes.route(off, "", "archived") == "severity:high; turned off by Ada"
    by_setting = replace(ROUTE, by_name=BY_SETTINGS)
    assert routes.since(by_setting) == "since 01 Mar 2026, 12:30 UTC by the settings"
    gone = routes.route(replace(ROUTE, summarised=False, begun_at=None), "", "archived")
    assert "nothing arrives: the team was archived" in gone
    assert "begins after the first reading" in gone
    assert "nobody added the bot there" in routes.route(ROUTE, "", "")
    assert routes.digests([], []) == routes.NO_DIGEST
    assert routes.digests(["daily"], ["08:00 UTC"]) == "daily at 08:00 UTC"


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (Term("severity", frozenset({"low", "high"}), False), "high, low"),
        (Term("status", True, True), "unresolved"),
        (Term("sla", False, True), "met"),
        (Term("sla_due", True, True), "due"),
        (Term("test", True, False), "yes"),
        (Term("assigned", ("",), True), "nobody"),
        (Term("since", NOW - timedelta(days=1), True), "28 Feb 2026, 12:30 UTC or later"),
        (Term("search", "contoso", True), "contoso"),
    ],
)
def test_terms_as_one_writes_them(of: Term, said: str) -> None:
    told = routes.term(of, IT, "Contoso")
    assert told.startswith(f"{'fits' if of.passes else 'does not fit'}: wanted {said}")
    assert routes.label(of.name)[0].isupper()
