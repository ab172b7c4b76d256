"""What is said about cancelling: each state, refusal and documented answer in words that say what to do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.domain.cancellations import Found, Objection, State
from bot.texts import cancelling as texts
from bot.texts import request_card
from bot.texts.partner_center import ANSWERS, APP_ANSWERS, LOOK_UPS
from tests.factories import NOW, record, resolved
from tests.factories_requests import reactivation, request

DOCUMENTED = {
    *("900421", "900150", "900308", "900335", "900159", "900329", "800111", "900278"),
    *("900307", "900118", "800002", "800011", "800012", "900337", "900420", "429"),
}
ENDED_UNDONE = {State.REJECTED, State.WITHDRAWN, State.EXPIRED, State.VOID, State.REFUSED, State.LAPSED}


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_name_and_a_line_for_both_kinds(state: State) -> None:
    assert texts.STATES[state]
    for c in (request(state), reactivation(state)):
        line = texts.line(c)
        assert line.startswith(f"{c.label}: ")
        assert line.rstrip()[-1] in ".!?"
        assert "None" not in line
        assert "  " not in line
        assert (texts.nothing_done(c.plan.kind) in line) is (state in ENDED_UNDONE)
    assert "reactivat" not in texts.line(request(state))
    assert "cancel" not in texts.line(reactivation(state))


def test_who_waits_is_told_until_when_and_why_it_waits_again() -> None:
    assert texts.line(request()).endswith("It waits for a decision until 01 Mar 2026, 16:00 UTC.")
    again = texts.approver_must_sign_in("Max")
    assert texts.line(request(outcome=again)) == f"R-12: {again}"


def test_a_failure_tells_what_was_taken_and_what_was_perhaps_not() -> None:
    assert "accepted it" in texts.line(request(State.FAILED))
    assert "its answer was lost" in texts.line(request(State.FAILED, accepted_at=None))


@pytest.mark.parametrize(("state", "accepted"), [(State.STUCK, True), (State.FAILED, True), (State.FAILED, False)])
def test_trouble_tells_how_the_subscription_stands_as_far_as_that_is_known(state: State, accepted: bool) -> None:
    more = {} if accepted else {"accepted_at": None}
    assert "the subscription still is active" in texts.line(request(state, seen_status="active", **more))
    gone = texts.line(request(state, seen_status="", seen_at=NOW, **more))
    assert "Partner Center does not find the subscription" in gone
    assert "unknown" not in gone
    assert "I could not see how" in texts.line(request(state, seen_status="", seen_at=None, **more))


@pytest.mark.parametrize("state", State)
def test_who_may_not_withdraw_is_told_what_would_stop_it_where_anything_would(state: State) -> None:
    said = texts.not_yours(request(state))
    assert ("reject it" in said) is (state is State.ASKED)
    assert "Nothing was changed." in said


@pytest.mark.parametrize("code", sorted(DOCUMENTED))
def test_each_documented_answer_has_its_own_words(code: str) -> None:
    said = texts.problem(code, "raw words")
    assert code in said
    assert "raw words" not in said
    assert "raw words" not in texts.problem(code, "raw words", app=True)


def test_what_is_tried_again_by_itself_is_not_to_be_asked_for_again() -> None:
    throttled = request(State.APPROVED, outcome=texts.problem("429", "raw words"))
    for said in (request_card.sending(throttled), texts.late(throttled)):
        assert "Partner Center answered 429: it takes no more requests at present." in said
        assert "I try again until 01 Mar 2026, 12:27 UTC" in said
        assert "ask again" not in said
        assert "not answered" not in said
    assert "Partner Center has not answered yet" in texts.late(request(State.APPROVED))


@pytest.mark.parametrize("code", ["900150", "900308", "900335", "900329", "900421"])
def test_what_the_application_lacks_is_not_laid_on_the_approver(code: str) -> None:
    said = texts.problem(code, "", app=True)
    assert "approver" not in said
    assert "its own identity" in said
    assert texts.for_operators(code, app=True)
    assert not texts.for_operators(code, app=False)


@pytest.mark.parametrize("app", [True, False])
@pytest.mark.parametrize("code", ["900150", "900308", "900335"])
def test_at_a_look_up_there_is_no_approver_yet(code: str, app: bool) -> None:
    said = texts.problem(code, "", app=app, look_up=True)
    assert code in said
    assert "approver" not in said
    assert "neither Alert Desk nor you" in said
    assert texts.problem("900159", "", app=app, look_up=True) == texts.problem("900159", "", app=app)


def test_other_answers_keep_their_message() -> None:
    assert set(ANSWERS) == set(APP_ANSWERS) == DOCUMENTED
    assert texts.problem("12345", "Something new.") == "Something new."
    assert texts.problem("", "") == "Partner Center gave no reason."
    assert all(texts.problem(code, "raw") != "raw" for code in LOOK_UPS)


@pytest.mark.parametrize("objection", Objection)
def test_what_changed_names_each_objection_with_what_was_found(objection: Objection) -> None:
    assert texts.what_changed([Found(objection, "seen this")]).endswith("(seen this).")
    both = texts.what_changed([Found(objection), Found(Objection.GONE, "x")])
    assert both.startswith("Something changed since it was asked: ")
    assert "; " in both


def test_who_asked_is_told_whom_it_reached() -> None:
    assert "I asked Max and Gil to decide. Not reached: Nora." in texts.asked(request())
    assert "Not reached" not in texts.asked(request(unreached=()))
    nobody = texts.asked(request(asked_names=()))
    assert "I could reach nobody who may approve it. I tried Nora." in nobody
    assert "approve R-12" in nobody
    assert "I am calling" in texts.asked(request(notified=False))


@pytest.mark.parametrize("state", State)
def test_whoever_comes_too_late_is_told_what_stands(state: State) -> None:
    other, mine = texts.already(request(state), me=False), texts.already(request(state), me=True)
    assert "R-12" in other
    assert "R-12" in mine
    if state in {State.APPROVED, State.ACCEPTED, State.REJECTED}:
        assert "already by Max" in other
        assert "already by you" in mine


def refusals() -> Iterator[str]:
    c = request()
    yield texts.own_request(c)
    yield texts.not_yours(c)
    yield texts.not_yours(request(State.ACCEPTED))
    yield texts.open_one(c)
    yield texts.too_early(request(State.REFUSED))
    yield texts.bad_suffix("5ab00000-0000-4000-8000-000000000001")
    yield texts.no_suffix("5ab00000-0000-4000-8000-000000000001")
    yield texts.test_alert("A-1042")
    yield texts.not_fraud(record(resolved(reason="legitimate")))
    yield texts.wrong_status("cancel", "Production", "inactive")
    yield texts.wrong_status("reactivate", "Production", "")
    yield texts.in_portal("cancel", "A-1042", "https://portal.azure.com/x")
    yield texts.no_reason("reactivate")
    yield texts.no_reject_reason(c)
    yield texts.not_found(record(), texts.problem("no_azure_plan", ""))
    yield texts.no_subscription("A-1042")
    yield texts.no_such_subscription("x" * 500)
    yield texts.request_not_alert("R-12")
    yield texts.which_request([])
    yield texts.which_request(["R-1", "R-2"])
    yield texts.which_of_two("R-2", "R-5")
    yield texts.approve_takes_no_reason("y" * 500)
    yield texts.bad_consent("z" * 500)
    yield texts.requester_unchecked("Ada")
    yield texts.cannot_verify("Partner Center is away")
    yield texts.stale(c)
    yield texts.reminder(c)
    yield texts.NO_CONSENT
    yield texts.NO_CONSENT_NOTE


def test_a_refusal_is_short_and_says_what_it_is_about() -> None:
    for said in refusals():
        assert 20 < len(said) < 420, said
        assert "  " not in said
        assert "None" not in said


def test_new_alerts_are_named_and_so_they_are_in_the_typed_way() -> None:
    said = texts.new_alerts(request(), ["A-1050", "A-998"], ["A-998", "A-1049", "A-1050"], "Confirm and cancel")
    assert "A-1050 and A-998 came, or were opened again," in said
    assert "press Confirm and cancel again, or write" in said
    assert said.endswith("approve R-12 seen A-998 A-1049 A-1050")
    assert "A-998 came, or was opened again," in texts.new_alerts(request(), ["A-998"], ["A-998"], "Approve")


def test_of_very_many_new_alerts_nobody_types_the_numbers() -> None:
    many = [f"A-{number}" for number in range(30)]
    said = texts.new_alerts(request(), many, many, "Approve")
    assert "A-8, A-9 and 20 more came" in said
    assert said.endswith("then press Approve again.")
    assert texts.typed_twins("R-12", many) == "reject R-12 because \u2026"
