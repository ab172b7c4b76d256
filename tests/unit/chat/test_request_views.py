"""The card of a request: in each state what was decided, by whom, what follows, and only buttons that do something."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.chat.presenter import Place
from bot.chat.request_views import approvals_view, request_view
from bot.domain.alerts import AlertRecord
from bot.domain.cancellations import MOST_ALERTS, Cancellation, Mark, State
from bot.texts.request_card import alert_item
from cards import approvals_card, request_card
from cards.actions import CANCELLATION_APPROVE, CANCELLATION_REJECT, CANCELLATION_WITHDRAW, PAYLOADS
from cards.views import RequestView
from tests.cardcheck import check_card, mentions
from tests.factories import CUSTOMER, FABRIKAM, NORTHWIND, NOW, SUBSCRIPTION
from tests.factories_requests import (
    ACCEPTED_AT,
    ALERTS,
    AND_NEW,
    MARKED,
    MARKS,
    about,
    card,
    found_fraud,
    full_plan,
    personal_card,
    reactivation,
    request,
)

ALONE = Place("https://portal.azure.com", {NORTHWIND: "Northwind"})
TWO = Place("https://portal.azure.com/", {NORTHWIND: "Northwind", FABRIKAM: "Fabrikam"})
PORTAL = f"https://portal.azure.com/{CUSTOMER}/#@{CUSTOMER}/resource/subscriptions/{SUBSCRIPTION}/overview"


def viewed(c: Cancellation, alerts: tuple[AlertRecord, ...] = ALERTS, place: Place = ALONE, **more: Any) -> RequestView:
    view = request_view(c, alerts, place, NOW, **({"card": card(), "two_person": True} | more))
    check_card(request_card(view))
    return view


def said(view: RequestView) -> str:
    lines = [view.heading, view.status.text, view.subject]
    lines += [line.text for line in (*view.lines, *view.progress, *view.notices)]
    lines += [f"{fact.label}: {fact.value}" for fact in view.facts]
    for section in view.sections:
        lines += [section.title, *section.paragraphs, *section.items, section.more]
        lines += [f"{fact.label}: {fact.value}" for fact in section.facts]
    return "\n".join(lines)


def test_one_card_holds_all_that_one_decides_by() -> None:
    text = said(viewed(request(), AND_NEW, TWO))
    for part in (
        "R-12 · Cancel Azure subscription",
        "Waits for a decision",
        "Production web shop",
        "Asked by Ada, 01 Mar 2026, 12:00 UTC",
        "Decide by 16:00 UTC",
        "Customer: Contoso Ltd",
        "Reseller: Trey Research",
        "Partner: Northwind",
        f"Subscription ID: {SUBSCRIPTION}",
        "Consent: Reached, and agreed",
        "Kim Larsen",
        "talking to mining pools",
        "A-1042 High: Crypto mining suspected",
        "deallocated",
        "deleted after the retention period",
        "A customer with access can reactivate it",
        "6 open alerts are resolved as fraud",
        "vm-0 (virtualMachines, rg-batch)",
        "Asked: Max, Gil",
        "Not reached: Nora",
    ):
        assert part in text, part


def test_alerts_and_resources_are_few_and_the_rest_is_counted() -> None:
    many = tuple(about(number) for number in range(9))
    c = request(of=full_plan(alerts=tuple(record.alert.id for record in many)))
    sections = {section.title: section for section in viewed(c, many).sections}
    alerts, resources = sections["Alerts that it rests on (9)"], sections["Resources known from the alerts"]
    assert (len(alerts.items), alerts.more) == (5, "and 4 more")
    assert (len(resources.items), resources.more) == (5, "and 6 more")
    unknown = {section.title: section for section in viewed(c, ()).sections}["Alerts that it rests on (9)"]
    assert (unknown.items, unknown.more) == ((), "and 9 more")


def test_what_is_new_since_it_was_asked_is_shown_and_is_what_an_approver_has_seen() -> None:
    view = viewed(request(), AND_NEW)
    assert view.notices[0].text == "New since it was asked: A-1050, A-1051"
    assert [line.text for line in view.notices[1:3]] == [alert_item(record) for record in AND_NEW[-2:]]
    assert view.buttons[0].data["new"] == [1050, 1051]
    assert "approve R-12 seen A-1050 A-1051, or reject R-12" in view.hint
    assert viewed(request()).notices == ()
    assert viewed(request()).buttons[0].data["new"] == []
    assert "approve R-12, or reject R-12" in viewed(request()).hint
    many = viewed(request(), tuple(about(number) for number in range(30)))
    assert many.notices[0].text.endswith("A-1055 and 16 more")
    assert many.buttons[0].data["new"] == list(range(1046, 1072))
    assert "write to Alert Desk: reject R-12 because" in many.hint


def test_a_storm_of_new_alerts_leaves_the_card_its_buttons() -> None:
    storm = tuple(about(number) for number in range(MOST_ALERTS))
    view = viewed(request(of=full_plan(alerts=("alert-0",))), storm)
    data = PAYLOADS[CANCELLATION_APPROVE].model_validate(view.buttons[0].data).model_dump()
    assert len(data["new"]) == MOST_ALERTS - 1
    assert CANCELLATION_APPROVE in str(request_card(view))


def test_what_was_there_before_is_not_called_new() -> None:
    resolved_meanwhile = found_fraud(8)
    test_alert = about(7, is_test=True, detected_at=full_plan().asked_at - timedelta(hours=1))
    assert viewed(request(), (*ALERTS, resolved_meanwhile, test_alert)).notices == ()
    assert viewed(reactivation(), ALERTS).notices == ()
    assert viewed(reactivation(), AND_NEW).notices[0].text == "New since it was asked: A-1050, A-1051"


# Buttons -----------------------------------------------------------------------------------------------------------


def test_a_request_that_waits_can_be_approved_rejected_and_withdrawn() -> None:
    view = viewed(request())
    assert [(button.title, button.kind, button.verb, button.secondary) for button in view.buttons] == [
        ("Approve", "execute", CANCELLATION_APPROVE, False),
        ("Reject", "dialog", CANCELLATION_REJECT, False),
        ("Withdraw", "execute", CANCELLATION_WITHDRAW, True),
    ]
    data = {"request": 12, "plan": full_plan().digest, "card": "request-card-one"}
    assert [button.data for button in view.buttons] == [{**data, "new": []}, data, data]
    assert PAYLOADS[CANCELLATION_APPROVE].model_validate(data).model_dump(exclude_defaults=True) == data


def test_an_approvers_own_card_has_exactly_two_buttons() -> None:
    assert [button.title for button in viewed(request(), card=personal_card()).buttons] == ["Approve", "Reject"]


def test_where_one_person_suffices_the_button_says_what_it_does() -> None:
    assert viewed(request(), two_person=False).buttons[0].title == "Confirm and cancel"
    assert viewed(reactivation(), two_person=False, card=None).buttons[0].title == "Confirm and reactivate"


@pytest.mark.parametrize("state", [state for state in State if state != State.ASKED])
def test_no_other_state_has_buttons_to_decide_nor_a_hint(state: State) -> None:
    view = viewed(request(state))
    assert [button.verb for button in view.buttons if button.verb] == []
    assert view.hint == ""
    assert view.mentions == ()
    links = [button.url for button in view.buttons]
    led = state in {State.STUCK, State.UNSURE, State.FAILED, State.REFUSED}
    assert links == ([PORTAL] if led else [])


def test_no_link_is_made_of_anything_but_guids() -> None:
    odd = replace(full_plan(), customer_tenant_id="contoso.com")
    assert viewed(request(State.STUCK, of=odd)).buttons == ()


# Progress ----------------------------------------------------------------------------------------------------------

PROGRESS = {
    State.APPROVED: ("Approved by Max, 01 Mar 2026, 12:12 UTC", "being sent"),
    State.ACCEPTED: ("Approved by Max", "Accepted by Partner Center", "still says active", "about ten minutes"),
    State.STUCK: ("an hour later the subscription still is active", "may still run", "Azure portal"),
    State.UNSURE: ("its answer was lost", "More than 15 minutes", "not sent again"),
    State.DONE: ("Cancelled, 01 Mar 2026, 12:21 UTC", "Approved by Max", "Accepted by Partner Center"),
    State.REJECTED: ("Rejected by Max", "planned rendering job", "Nothing was cancelled."),
    State.WITHDRAWN: ("Withdrawn by Ada", "Nothing was cancelled."),
    State.EXPIRED: ("Nobody decided by 01 Mar 2026, 16:00 UTC", "Nothing was cancelled."),
    State.VOID: ("decided otherwise", "Nothing was cancelled."),
    State.REFUSED: ("900278", "Ask again after 02 Mar 2026, 12:21 UTC", "Nothing was cancelled."),
    State.LAPSED: ("Max approved it", "within 15 minutes", "Nothing was cancelled."),
    State.FAILED: ("a day later the subscription still is active", "Azure portal"),
}


@pytest.mark.parametrize("state", PROGRESS)
def test_each_state_says_what_became_of_it(state: State) -> None:
    view = viewed(request(state))
    text = "\n".join(line.text for line in view.progress)
    for part in PROGRESS[state]:
        assert part in text, part
    assert "What will happen" not in said(view) or state == State.APPROVED


def test_every_state_has_a_table_entry_above() -> None:
    assert PROGRESS.keys() | {State.ASKED} == set(State)


def test_why_it_waits_again_is_said() -> None:
    assert viewed(request()).progress == ()
    again = request(outcome="Max approved, but Partner Center wants more of their sign-in.")
    assert viewed(again).progress[0].text.startswith("Max approved, but")
    late = request(State.APPROVED, outcome="Partner Center did not answer in time.")
    assert "I try again until 01 Mar 2026, 12:27 UTC" in said(viewed(late))


def test_reactivating_has_its_own_words() -> None:
    assert "Reactivated, 01 Mar 2026" in said(viewed(reactivation(State.DONE)))
    assert "Nothing was reactivated." in said(viewed(reactivation(State.REJECTED)))
    assert "Consent" not in said(viewed(reactivation()))
    assert "fraud" not in said(viewed(reactivation(State.DONE), MARKED)).replace("(fraud)", "")


# Verdicts ----------------------------------------------------------------------------------------------------------


def test_verdicts_are_counted_and_each_failure_is_told() -> None:
    text = said(viewed(request(State.DONE, marks=MARKS), MARKED))
    assert "3 of 4 alerts resolved as fraud" in text
    assert "A-1045 failed: Partner Center did not answer in time. It is tried again." in text
    given_up = said(viewed(request(State.DONE, marks=MARKS, due_at=None), MARKED))
    assert "mark it by hand" in given_up
    all_done = tuple(found_fraud(number) for number in range(4))
    assert "All 4 alerts resolved as fraud" in said(viewed(request(State.DONE), all_done))
    assert "A-1045 is not resolved yet." in said(viewed(request(State.DONE, marks={"alert-3": Mark(1)}), MARKED))


def test_alerts_that_came_after_it_or_were_decided_before_it_are_not_counted() -> None:
    later = about(9, detected_at=ACCEPTED_AT + timedelta(seconds=1))
    earlier = about(8, status="resolved", resolved_reason="fraud", resolved_at=ACCEPTED_AT - timedelta(minutes=20))
    by_hand = found_fraud(7, detected_at=ACCEPTED_AT + timedelta(seconds=1))
    others = (later, earlier, by_hand)
    assert "3 of 4 alerts" in said(viewed(request(State.DONE, marks=MARKS), (*MARKED, *others)))
    assert "resolved as fraud" not in said(viewed(request(State.DONE), others))


# Mentions ----------------------------------------------------------------------------------------------------------


def test_those_who_are_called_are_mentioned_by_names_that_markdown_leaves_alone() -> None:
    drawn = request_card(viewed(request()))
    assert mentions(drawn) == ("<at>Max Manager</at>", "<at>Gil Global</at>")
    assert [entity["mentioned"] for entity in drawn["msteams"]["entities"]] == [
        {"id": "29:max", "name": "Max Manager"},
        {"id": "29:gil", "name": "Gil Global"},
    ]
    line = next(block["text"] for block in drawn["body"] if "<at>" in block.get("text", ""))
    assert line == "<at>Max Manager</at>, <at>Gil Global</at>: please decide."


def test_two_of_one_name_stay_two_and_many_are_bounded() -> None:
    twins = (
        ("29:a", "Max"),
        ("29:b", "Max"),
        ("29:c", "[Max](http://evil.com)"),
        ("29:d", "\u202e"),
        ("29:e", "</at>"),
    )
    drawn = request_card(viewed(request(), card=card(mentions=twins)))
    check_card(drawn)
    assert mentions(drawn)[:2] == ("<at>Max</at>", "<at>Max 2</at>")
    crowd = tuple((f"29:{number}", f"Person {number}") for number in range(50))
    assert len(mentions(request_card(viewed(request(), card=card(mentions=crowd))))) == 20


def test_a_decided_request_calls_nobody() -> None:
    assert "entities" not in request_card(viewed(request(State.DONE)))["msteams"]


# The list ----------------------------------------------------------------------------------------------------------


def test_the_list_says_what_waits_and_what_became_of_the_others() -> None:
    view = approvals_view([request(), reactivation(State.DONE), request(State.REJECTED)], TWO, NOW)
    check_card(approvals_card(view))
    assert view.lead.startswith("1 request waits for a decision. Write: approve R-12")
    assert [(row.label, row.status.text) for row in view.rows] == [
        ("R-12", "Waits for a decision until 16:00 UTC"),
        ("R-13", "Reactivated"),
        ("R-12", "Rejected"),
    ]
    assert view.rows[0].title == "Cancel “Production web shop” of Contoso Ltd"
    assert view.rows[0].detail.startswith("Northwind · Asked by Ada")
    assert approvals_view([request(State.DONE)], ALONE, NOW).lead == "Nothing waits for a decision."
    empty = approvals_view([], ALONE, NOW)
    check_card(approvals_card(empty))
    assert (empty.rows, empty.lead) == ((), "Nothing waits for a decision, and nothing was asked for lately.")
