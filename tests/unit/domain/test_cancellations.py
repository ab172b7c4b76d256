"""The plan, its states, and what makes it void."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts import Alert
from bot.domain.cancellations import (
    NEXT,
    OPEN,
    TAKEN,
    WATCHED,
    Cancellation,
    Event,
    Objection,
    Plan,
    Seen,
    State,
    objections,
)
from bot.domain.people import NO_ROLES, Roles
from tests.factories import NOW, alert, minutes, plan, resolved

DOCS = Path(__file__).parents[3] / "docs" / "cancellation.md"
ARROW = re.compile(r"^\s+(\w+) --> (\w+): ([a-z ]+)$", re.MULTILINE)
END = re.compile(r"^\s+(\w+) --> \[\*\]$", re.MULTILINE)


def seen(of: Plan, *alerts: Alert, **changes: Any) -> Seen:
    values: dict[str, Any] = {
        "azure_plan_id": of.azure_plan_id,
        "entitlement_name": of.entitlement_name,
        "entitlement_status": of.present_status,
        "alerts": {each.id: each for each in alerts or (alert(),)},
        "requester": Roles(admin_agent=True),
        "at": NOW,
    }
    return Seen(**(values | changes))


def found(of: Plan, what: Seen) -> list[Objection]:
    return [each.objection for each in objections(of, what)]


def test_the_picture_in_the_docs_is_the_table() -> None:
    text = DOCS.read_text()
    drawn = {(State(start), Event(event)): State(to) for start, to, event in ARROW.findall(text)}
    assert drawn == dict(NEXT)
    assert {State(name) for name in END.findall(text)} == set(State) - OPEN


def test_every_state_is_explained_in_the_docs() -> None:
    rows = re.findall(r"^\| ([a-z, ]+) \|", DOCS.read_text(), re.MULTILINE)
    assert {name.strip() for row in rows for name in row.split(",")} == {str(state) for state in State}


def test_every_state_can_be_reached_and_every_open_one_can_end() -> None:
    reached, ends = {State.ASKED}, set(State) - OPEN
    for _ in State:
        reached |= {to for (start, _), to in NEXT.items() if start in reached}
        ends |= {start for (start, _), to in NEXT.items() if to in ends}
    assert reached == set(State)
    assert ends == set(State)


def test_nothing_leads_on_from_an_end_and_nothing_is_sent_twice() -> None:
    for (start, event), to in NEXT.items():
        assert start in OPEN
        assert event is not Event.APPROVE or start is State.ASKED
        assert to is not State.APPROVED or event is Event.APPROVE
    assert not (TAKEN | WATCHED) & {State.ASKED, State.APPROVED}


@given(st.sampled_from(State), st.sampled_from(Event))
def test_what_the_table_lacks_cannot_happen(state: State, event: Event) -> None:
    c = Cancellation(plan(), state=state)
    assert c.can(event) == ((state, event) in NEXT)
    if c.can(event):
        assert c.after(event).state == NEXT[state, event]
        assert c.after(event).plan == c.plan
    else:
        with pytest.raises(KeyError):
            c.after(event)


def test_the_digest_names_exactly_this_plan() -> None:
    one = plan()
    others = []
    for name in (field.name for field in fields(Plan)):
        value = getattr(one, name)
        other = value + 1 if isinstance(value, int) else value + minutes(1) if hasattr(value, "hour") else value
        if isinstance(value, str):
            other = value + "x"
        if isinstance(value, tuple):
            other = (*value, "another")
        others.append(replace(one, **{name: other}))
    digests = {each.digest for each in (one, *others)}
    assert len(digests) == len(fields(Plan)) + 1
    assert plan().digest == one.digest


def test_what_stands_as_it_was_asked_is_not_void() -> None:
    assert objections(plan(), seen(plan())) == ()


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        ({"azure_plan_id": ""}, Objection.GONE),
        ({"azure_plan_id": "another plan"}, Objection.OTHER_PLAN),
        ({"entitlement_name": "Something else"}, Objection.RENAMED),
        ({"entitlement_status": "inactive"}, Objection.NOT_IN_STATUS),
        ({"entitlement_status": "suspended"}, Objection.NOT_IN_STATUS),
        ({"requester": NO_ROLES}, Objection.REQUESTER_ROLE),
        ({"requester": Roles(global_administrator=True)}, Objection.REQUESTER_ROLE),
        ({"at": plan().expires_at}, Objection.EXPIRED),
    ],
)
def test_each_change_of_what_was_pinned_voids_it(changes: dict[str, Any], objection: Objection) -> None:
    assert found(plan(), seen(plan(), **changes)) == [objection]


@pytest.mark.parametrize("reason", ["legitimate", "ignore", "Legitimate"])
def test_an_alert_found_harmless_voids_it(reason: str) -> None:
    assert found(plan(), seen(plan(), resolved(reason=reason))) == [Objection.ALERT_DECIDED]


@pytest.mark.parametrize(
    "now",
    [
        alert(status="investigating"),
        resolved(reason="fraud"),
        alert(last_observed_at=NOW + minutes(5), severity="low", description="more of it"),
    ],
)
def test_what_speaks_for_it_or_goes_on_does_not_void_it(now: Alert) -> None:
    assert found(plan(), seen(plan(), now)) == []


def test_new_alerts_and_one_that_is_not_found_any_more_do_not_void_it() -> None:
    assert found(plan(), seen(plan(), alert("a-new-one", status="active"))) == []
    assert found(plan(), seen(plan(), resolved("a-new-one", reason="legitimate"))) == []


def test_reactivating_wants_it_inactive_and_does_not_mind_a_legitimate_alert() -> None:
    back = plan(kind="reactivate")
    assert found(back, seen(back, resolved(reason="legitimate"))) == []
    assert found(back, seen(back, entitlement_status="active")) == [Objection.NOT_IN_STATUS]


def test_all_that_changed_is_told_at_once() -> None:
    everything = seen(plan(), resolved(reason="ignore"), entitlement_status="inactive", requester=NO_ROLES)
    assert found(plan(), everything) == [
        Objection.NOT_IN_STATUS,
        Objection.ALERT_DECIDED,
        Objection.REQUESTER_ROLE,
    ]
