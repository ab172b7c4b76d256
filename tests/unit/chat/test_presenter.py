"""From records to card views: the words, facts and buttons that a state calls for, and no others."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.chat.details import details_view
from bot.chat.presenter import Place, alert_view, row
from bot.domain.alerts import AffectedResource, AlertRecord, Note
from bot.domain.cancellations import Cancellation, State
from bot.domain.decisions import Intent
from bot.domain.delivery import CardPost
from bot.domain.links import subscription_link
from cards import alert_card, details_card
from cards.actions import (
    ALERT_ASSIGN,
    ALERT_DETAILS,
    ALERT_FRAUD,
    ALERT_IGNORE,
    ALERT_INVESTIGATE,
    ALERT_LEGITIMATE,
    ALERT_NOTE,
    ALERT_REFRESH,
    ALERT_REVERDICT,
    ALERT_SNOOZE,
    SUBSCRIPTION_CANCEL,
    SUBSCRIPTION_REACTIVATE,
)
from cards.views import AlertView, DetailsView
from tests.cardcheck import check_card
from tests.factories import (
    CHANNEL,
    CUSTOMER,
    FABRIKAM,
    NORTHWIND,
    NOW,
    SUBSCRIPTION,
    alert,
    decision,
    intent,
    minutes,
    record,
    resolved,
)
from tests.factories_requests import ASKED_AT, ENDED_AT, reactivation, request

ALONE = Place("https://portal.azure.com", {NORTHWIND: "Northwind"})
TWO = Place("https://portal.azure.com/", {NORTHWIND: "Northwind", FABRIKAM: "Fabrikam"})
DECIDED = record(resolved(), decision=decision(note="mining"))
DECIDING = {
    *(ALERT_LEGITIMATE, ALERT_FRAUD, ALERT_IGNORE, ALERT_INVESTIGATE, ALERT_ASSIGN, ALERT_SNOOZE),
    SUBSCRIPTION_CANCEL,
}


def viewed(of: AlertRecord | None = None, place: Place = ALONE, **more: Any) -> AlertView:
    view = alert_view(of or record(), place, NOW, **more)
    check_card(alert_card(view))
    return view


def details(of: AlertRecord | None = None, notes: tuple[Note, ...] = (), **more: Any) -> DetailsView:
    view = details_view(of or record(), notes, ALONE, NOW, **more)
    check_card(details_card(view))
    return view


def post(**changes: Any) -> CardPost:
    return replace(CardPost("card-one", alert().key, CHANNEL, "root", NOW), **changes)


def verbs(view: AlertView | DetailsView) -> set[str]:
    return {button.verb for button in view.buttons if button.verb}


STATES: list[tuple[str, AlertRecord, Intent | None, set[str]]] = [
    ("open", record(), None, DECIDING | {ALERT_DETAILS, ALERT_NOTE}),
    ("unknown status", record(alert(status="strange")), None, DECIDING | {ALERT_DETAILS, ALERT_NOTE}),
    (
        "investigating",
        record(alert(status="Investigating")),
        None,
        (DECIDING - {ALERT_INVESTIGATE}) | {ALERT_DETAILS, ALERT_NOTE},
    ),
    ("test", record(alert(is_test=True)), None, (DECIDING - {SUBSCRIPTION_CANCEL}) | {ALERT_DETAILS, ALERT_NOTE}),
    ("pending", record(), intent(), {ALERT_DETAILS, ALERT_NOTE}),
    (
        "pending investigation",
        record(),
        intent(status="investigating", reason=""),
        (DECIDING - {ALERT_INVESTIGATE}) | {ALERT_DETAILS, ALERT_NOTE},
    ),
    ("decided", DECIDED, None, {ALERT_REVERDICT, ALERT_DETAILS, ALERT_NOTE}),
    ("legitimate", record(resolved(reason="legitimate")), None, {ALERT_REVERDICT, ALERT_DETAILS, ALERT_NOTE}),
    ("resolved test", record(resolved(is_test=True)), None, {ALERT_REVERDICT, ALERT_DETAILS, ALERT_NOTE}),
    ("changing", DECIDED, intent(may_replace=True, reason="ignore"), {ALERT_DETAILS, ALERT_NOTE}),
    ("resolved without a decision", record(resolved()), None, {ALERT_REVERDICT, ALERT_DETAILS, ALERT_NOTE}),
]


@pytest.mark.parametrize(("of", "pending", "offered"), [row[1:] for row in STATES], ids=[row[0] for row in STATES])
def test_the_buttons_are_those_of_the_state(of: AlertRecord, pending: Intent | None, offered: set[str]) -> None:
    view = viewed(of, pending=pending)
    assert verbs(view) == offered
    assert len([button for button in view.buttons if not button.secondary]) <= 3


def test_the_three_that_matter_come_first() -> None:
    primary = [button.verb for button in viewed().buttons if not button.secondary]
    assert primary == [ALERT_LEGITIMATE, ALERT_FRAUD, SUBSCRIPTION_CANCEL]


def test_every_button_carries_number_version_and_delivery_id() -> None:
    view = viewed(card_id="card-one")
    data = {"alert": 1042, "version": 3, "card": "card-one"}
    assert all(data.items() <= button.data.items() for button in view.buttons if button.verb)
    assert view.refresh is not None
    assert (view.refresh.verb, view.refresh.data) == (ALERT_REFRESH, data)
    assert viewed().refresh.data == {"alert": 1042, "version": 3}  # type: ignore[union-attr]


# What is said ------------------------------------------------------------------------------------------------------


def test_an_open_alert_says_until_when() -> None:
    view = viewed(record(alert(detected_at=NOW)))
    assert view.deadline is not None
    assert (view.deadline.text, view.deadline.tone) == ("Respond by 13:30 UTC", "default")
    assert view.decision == ()


@pytest.mark.parametrize(("gone", "tone"), [(0, "default"), (30, "default"), (50, "warning"), (60, "attention")])
def test_the_deadline_gets_louder(gone: float, tone: str) -> None:
    view = viewed(record(alert(detected_at=NOW - minutes(gone))))
    assert view.deadline is not None
    assert view.deadline.tone == tone
    assert ("passed" in view.deadline.text) is (gone >= 60)


def test_a_decided_alert_says_what_who_when_and_why_and_no_deadline() -> None:
    view = viewed(DECIDED)
    said = " ".join([view.status.text, *(line.text for line in view.decision)])
    assert view.deadline is None
    assert all(part in said for part in ("Fraud", "Ada", "12:30 UTC", "mining"))
    assert view.status.tone == "attention"
    assert viewed(record(resolved(reason="legitimate"))).status.tone == "good"


def test_what_partner_center_decided_is_told_as_such() -> None:
    view = viewed(
        record(resolved(), decision=decision(by_name="kim@northwind.example", by_id="", via="partner_center"))
    )
    said = " ".join([view.status.text, *(line.text for line in view.decision)])
    assert "kim@northwind.example" in said
    assert "Partner Center" in said


def test_while_a_decision_is_on_its_way_everybody_sees_whose() -> None:
    assert viewed(pending=intent()).status.text.startswith("Ada is marking this as fraud.")


def test_unknown_words_are_shown_as_they_came() -> None:
    strange = record(alert(status="dismissedByRobot", severity="catastrophic", alert_type="brandNew", confidence=""))
    view = viewed(strange)
    assert (view.status.text, view.severity.word, view.severity.level) == (
        "dismissedByRobot",
        "catastrophic",
        "unknown",
    )
    assert any("brandNew" in fact.value for fact in view.facts)
    assert viewed(record(resolved(reason="newReason"))).status.text == "newReason"


def test_a_customer_without_a_name_is_shown_by_id_and_without_an_id_as_unknown() -> None:
    def first(of: AlertRecord) -> str:
        return next(fact.value for fact in viewed(of).facts if fact.label == "Customer")

    assert first(record()) == "Contoso Ltd"
    assert first(record(customer_name="")) == CUSTOMER
    assert first(record(alert(customer_tenant_id=""), customer_name="")) == "unknown"


def test_a_reseller_is_shown_where_there_is_one() -> None:
    assert "Reseller" not in {fact.label for fact in viewed().facts}
    of = record(alert(reseller_tenant_id="reseller-id"), reseller_name="Adatum")
    assert ("Reseller", "Adatum") in {(fact.label, fact.value) for fact in viewed(of).facts}
    assert not any(fact.monospace for fact in viewed(of).facts if fact.label == "Reseller")
    (by_id,) = [fact for fact in viewed(replace(of, reseller_name="")).facts if fact.label == "Reseller"]
    assert (by_id.value, by_id.monospace) == ("reseller-id", True)


def test_a_type_that_partner_center_does_not_name_leaves_no_brackets() -> None:
    assert "Azure Usage" in {fact.value for fact in viewed(record(alert(alert_type=""))).facts}


def test_partners_are_told_apart_only_where_there_are_several() -> None:
    assert viewed().badges == ()
    assert [line.text for line in viewed(place=TWO).badges] == ["Northwind"]
    of = record(alert(is_test=True))
    assert len(viewed(of, TWO, post=post(repeat=True, replaces="card-old")).badges) == 4
    assert row(record(), NOW, TWO).detail.startswith("Northwind")
    assert "Northwind" not in row(record(), NOW, ALONE).detail


def test_at_most_three_resources_stand_on_the_card_and_the_rest_is_counted() -> None:
    prefix = f"/subscriptions/{SUBSCRIPTION}"
    many = tuple(AffectedResource(f"{prefix}/thing-{number}", "vm") for number in range(5))
    shown = viewed(record(alert(affected_resources=many))).resources
    assert shown == ("thing-0", "thing-1", "thing-2", "and 2 more")
    assert not any("more" in line for line in viewed().resources)
    assert viewed(record(alert(affected_resources=(AffectedResource(prefix, ""),)))).resources == (prefix,)


def test_what_to_type_if_buttons_fail_fits_the_state() -> None:
    assert "mark A-1042 fraud" in viewed().hint
    assert "show A-1042" in viewed(DECIDED).hint
    assert "A-1042" in viewed().fallback_text


# Links -------------------------------------------------------------------------------------------------------------


def test_the_link_to_the_portal_leads_to_the_customers_subscription() -> None:
    link = subscription_link(alert().customer_tenant_id, alert().subscription_id, "https://portal.azure.com/")
    assert link == f"https://portal.azure.com/{CUSTOMER}/#@{CUSTOMER}/resource/subscriptions/{SUBSCRIPTION}/overview"
    assert link in {button.url for button in viewed(place=TWO).buttons}


@pytest.mark.parametrize("field", ["customer_tenant_id", "subscription_id"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        "contoso.com",
        "javascript:alert(1)",
        f"{{{CUSTOMER}}}",
        f"urn:uuid:{CUSTOMER}",
        CUSTOMER.replace("-", ""),
        f"{CUSTOMER}/../x",
    ],
)
def test_no_link_is_made_of_anything_but_guids(field: str, value: str) -> None:
    of = alert(**{field: value})
    assert subscription_link(of.customer_tenant_id, of.subscription_id, "https://portal.azure.com") == ""
    urls = [button.url for button in viewed(record(of)).buttons if button.kind == "url"]
    assert len(urls) == 1
    assert value not in urls[0] or not value


# Cancelling ----------------------------------------------------------------------------------------------------------

NOTICES = [
    (request(State.ASKED), "was asked for by Ada (R-12); it waits for approval", False),
    (request(State.APPROVED), "is being cancelled (R-12)", False),
    (request(State.ACCEPTED), "is being cancelled (R-12)", False),
    (request(State.STUCK), "not done after an hour (R-12)", False),
    (request(State.UNSURE), "the answer lost (R-12)", False),
    (request(State.DONE), "Subscription cancelled 01 Mar 2026, 12:21 UTC (R-12)", False),
    (request(State.FAILED), "failed (R-12)", True),
    *((request(state), "", True) for state in (State.REJECTED, State.WITHDRAWN, State.EXPIRED, State.VOID)),
    (request(State.REFUSED), "", True),
    (request(State.LAPSED), "", True),
    (reactivation(State.ASKED), "Reactivating the subscription was asked for by Ada (R-13)", False),
    (reactivation(State.DONE), "Subscription reactivated", True),
    (reactivation(State.REJECTED), "stays cancelled (R-13)", False),
    (reactivation(State.VOID), "stays cancelled (R-13)", False),
    (
        reactivation(State.VOID, seen_status="active"),
        "Partner Center said that the subscription is active (R-13)",
        True,
    ),
    (
        request(State.VOID, seen_status="inactive"),
        "Partner Center said that the subscription is inactive (R-12)",
        False,
    ),
]


@pytest.mark.parametrize(
    ("newest", "said", "asks"), NOTICES, ids=[f"{row[0].plan.kind}-{row[0].state}" for row in NOTICES]
)
def test_each_alert_of_a_subscription_says_what_happens_to_it(newest: Cancellation, said: str, asks: bool) -> None:
    for of in (record(), DECIDED):
        view = viewed(of, cancellation=newest)
        assert (view.notice is not None) is bool(said)
        assert said in (view.notice.text if view.notice else "")
        shown = view if of.alert.is_open else details(of, cancellation=newest)
        assert (SUBSCRIPTION_CANCEL in verbs(shown)) is asks


def test_asking_opens_a_form() -> None:
    asking = {button.kind for button in viewed().buttons if button.verb == SUBSCRIPTION_CANCEL}
    assert asking == {"dialog"}
    assert SUBSCRIPTION_CANCEL not in verbs(viewed(reader=True)) | verbs(details(DECIDED, reader=True))


@pytest.mark.parametrize(
    ("newest", "offered"),
    [
        (None, False),
        (request(State.ASKED), False),
        (request(State.ACCEPTED), False),
        (request(State.DONE), True),
        (request(State.REJECTED), False),
        (reactivation(State.ASKED), False),
        (reactivation(State.EXPIRED), True),
        (reactivation(State.VOID), True),
        (reactivation(State.VOID, seen_status="active"), False),
        (request(State.VOID, seen_status="Inactive"), True),
        (reactivation(State.DONE), False),
    ],
)
def test_what_is_cancelled_can_be_reactivated(newest: Cancellation | None, offered: bool) -> None:
    for of in (record(), DECIDED):
        for view in (viewed(of, cancellation=newest), details(of, cancellation=newest)):
            found = [button for button in view.buttons if button.verb == SUBSCRIPTION_REACTIVATE]
            assert [(button.kind, button.secondary) for button in found] == ([("dialog", True)] if offered else [])
        for view in (viewed(of, cancellation=newest, reader=True), details(of, cancellation=newest, reader=True)):
            assert SUBSCRIPTION_REACTIVATE not in verbs(view)


@pytest.mark.parametrize(
    ("newest", "known_at"),
    [(request(State.DONE), ENDED_AT), (reactivation(State.EXPIRED), ASKED_AT), (reactivation(State.FAILED), ASKED_AT)],
    ids=lambda value: value.state if isinstance(value, Cancellation) else "",
)
def test_an_alert_raised_well_after_the_cancel_offers_another(newest: Cancellation, known_at: datetime) -> None:
    """Somebody may have reactivated it where we do not see it."""
    soon, late = (record(alert(detected_at=known_at + after)) for after in (timedelta(hours=1), timedelta(hours=2)))
    for of, doubted in ((soon, False), (late, True)):
        view = viewed(of, cancellation=newest)
        assert view.notice is not None
        assert view.notice.text.endswith("raised later: the subscription may be active again") is doubted
        assert (view.notice.tone == "attention") is (doubted or newest.state == State.FAILED)
        for shown in (view, details(of, cancellation=newest)):
            assert SUBSCRIPTION_REACTIVATE in verbs(shown)
            assert (SUBSCRIPTION_CANCEL in verbs(shown)) is doubted
        assert SUBSCRIPTION_CANCEL not in verbs(viewed(of, cancellation=newest, reader=True))
    marked = resolved("fraud", detected_at=late.alert.detected_at)
    assert SUBSCRIPTION_CANCEL in verbs(details(record(marked), cancellation=newest))
    test = record(replace(late.alert, is_test=True))
    assert "later" not in str(viewed(test, cancellation=newest).notice)
    assert SUBSCRIPTION_CANCEL not in verbs(viewed(test, cancellation=newest))


def test_the_details_say_what_happens_to_the_subscription() -> None:
    first = details(cancellation=request(State.DONE)).sections[0]
    assert (first.title, first.paragraphs) == (
        "The subscription",
        ("Subscription cancelled 01 Mar 2026, 12:21 UTC (R-12)",),
    )
