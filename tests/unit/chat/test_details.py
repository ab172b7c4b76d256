"""The details of an alert: the order of Partner Center's page, and nothing dead on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.chat.details import details_view
from bot.chat.presenter import Place
from bot.domain.alerts import AffectedResource, AlertRecord, Note
from bot.domain.cancellations import Cancellation, State
from bot.domain.decisions import Intent
from bot.domain.links import HelpPage, help_pages
from cards import details_card
from cards.actions import (
    ALERT_FRAUD,
    ALERT_IGNORE,
    ALERT_LEGITIMATE,
    ALERT_REFRESH,
    SUBSCRIPTION_CANCEL,
    SUBSCRIPTION_REACTIVATE,
)
from cards.views import DetailsView, Section
from tests.cardcheck import check_card
from tests.factories import NORTHWIND, NOW, alert, decision, intent, record, resolved
from tests.factories_requests import ENDED_AT, reactivation, request

PLACE = Place("https://portal.azure.com", {NORTHWIND: "Northwind"})
FULL = record(
    resolved(
        description="line one\n\nline two\n1. Look at it\n   closely\n- Call them\nThe end",
        additional_details=(("ip", '["10.0.0.4", "10.0.0.5"]'), ("note", '{"a": true}'), ("deep", "[" * 50_000)),
        affected_resources=tuple(AffectedResource(f"r{number}", "vm") for number in range(45)),
    ),
    decision=decision(),
)
NOTE = Note(NOW, "x", "Ada", "called back")
VERDICTS = {ALERT_LEGITIMATE, ALERT_FRAUD, ALERT_IGNORE}


def details(of: AlertRecord | None = None, notes: tuple[Note, ...] = (), **more: Any) -> DetailsView:
    view = details_view(of or record(), notes, PLACE, NOW, **more)
    check_card(details_card(view))
    return view


def verbs(view: DetailsView) -> set[str]:
    inside = [button for section in view.sections for button in section.buttons]
    return {button.verb for button in (*inside, *view.buttons) if button.verb}


def titled(view: DetailsView) -> dict[str, Section]:
    return {section.title: section for section in view.sections}


def test_the_sections_come_in_the_order_of_the_page_and_then_what_the_team_knows() -> None:
    related = Section("Related alerts", items=("A-7",))
    view = details(FULL, (NOTE,), team=(related,), cancellation=request(State.DONE))
    assert [section.title for section in view.sections] == [
        "The subscription",
        "Whom it concerns",
        "What was seen",
        "What to do",
        "Affected resources",
        "Resource information",
        "Additional information",
        "Help",
        "Related alerts",
        "About this alert",
        "Decision",
        "Notes in Alert Desk",
    ]
    assert "Notes in Alert Desk" not in titled(details())


def test_the_details_tell_everything() -> None:
    sections = titled(details(FULL, (NOTE,)))
    assert sections["What was seen"].paragraphs == ("line one", "line two", "The end")
    assert sections["What to do"].items == ("Look at it closely", "Call them")
    assert sections["Affected resources"].more == "and 5 more"
    facts = {fact.label: fact.value for fact in sections["Additional information"].facts}
    assert (facts["ip"], facts["note, a"], facts["deep"][:3]) == ("10.0.0.4, 10.0.0.5", "yes", "[[[")
    about = {fact.label: fact.value for fact in sections["Resource information"].facts}
    assert (about["First connection"], about["Last connection"]) == (
        "01 Mar 2026, 11:55 UTC",
        "01 Mar 2026, 12:24 UTC",
    )
    assert "called back" in sections["Notes in Alert Desk"].items[0]


def test_more_details_than_fit_are_said_to_be_there() -> None:
    of = record(alert(additional_details=tuple((f"name {number}", "x") for number in range(99))))
    assert "export" in titled(details(of))["Additional information"].more


STATES: list[tuple[str, AlertRecord, Intent | None, Cancellation | None, set[str]]] = [
    ("open", record(), None, None, VERDICTS | {SUBSCRIPTION_CANCEL}),
    ("test", record(alert(is_test=True)), None, None, VERDICTS),
    ("pending", record(), intent(), None, set()),
    ("asked", record(), None, request(State.ASKED), VERDICTS),
    ("cancelled", record(), None, request(State.DONE), VERDICTS | {SUBSCRIPTION_REACTIVATE}),
    ("reactivating", record(), None, reactivation(State.ASKED), VERDICTS),
    (
        "raised later",
        record(alert(detected_at=ENDED_AT + timedelta(hours=2))),
        None,
        request(State.DONE),
        VERDICTS | {SUBSCRIPTION_CANCEL, SUBSCRIPTION_REACTIVATE},
    ),
    ("still cancelled", record(), None, reactivation(State.EXPIRED), VERDICTS | {SUBSCRIPTION_REACTIVATE}),
    ("fraud", record(resolved()), None, None, {SUBSCRIPTION_CANCEL}),
    ("fraud, being changed", record(resolved()), intent(may_replace=True), None, set()),
    ("legitimate", record(resolved(reason="legitimate")), None, None, set()),
    ("resolved test", record(resolved(is_test=True)), None, None, set()),
]


@pytest.mark.parametrize(
    ("of", "pending", "newest", "offered"), [row[1:] for row in STATES], ids=[row[0] for row in STATES]
)
def test_no_button_is_dead(
    of: AlertRecord, pending: Intent | None, newest: Cancellation | None, offered: set[str]
) -> None:
    view = details(of, pending=pending, cancellation=newest)
    assert verbs(view) == offered | {ALERT_REFRESH}
    assert verbs(details(of, pending=pending, cancellation=newest, reader=True)) == {ALERT_REFRESH}
    assert next(button.title for button in view.buttons if not button.secondary) == "Back to the alert"


def test_the_verdicts_stand_with_the_resources() -> None:
    resources = titled(details())["Affected resources"]
    assert [button.verb for button in resources.buttons] == [ALERT_LEGITIMATE, ALERT_FRAUD, ALERT_IGNORE]
    many = replace(
        FULL, alert=replace(FULL.alert, status="active", affected_resources=FULL.alert.affected_resources[:3])
    )
    assert "all of these" in titled(details(many))["Affected resources"].more


@pytest.mark.parametrize(
    ("alert_type", "pages"),
    [
        ("CryptoMining", (HelpPage.GUIDE, HelpPage.RESPOND, HelpPage.LIABILITY)),
        ("networkConnectionsToCryptoMiningPools", (HelpPage.GUIDE, HelpPage.RESPOND, HelpPage.LIABILITY)),
        ("serviceHealthSecurityAdvisory", (HelpPage.GUIDE, HelpPage.SERVICE_HEALTH)),
        ("quantumKeyTheft", (HelpPage.GUIDE,)),
        ("", (HelpPage.GUIDE,)),
    ],
)
def test_help_goes_by_the_type_and_unknown_types_have_the_guide(alert_type: str, pages: tuple[HelpPage, ...]) -> None:
    assert help_pages(alert_type) == pages
    shown = titled(details(record(alert(alert_type=alert_type))))["Help"].buttons
    assert [button.url for button in shown] == [page.value for page in pages]
    assert len({button.title for button in shown}) == len(pages)
    assert all(page.value.startswith("https://learn.microsoft.com/") for page in HelpPage)
