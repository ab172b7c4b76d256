"""From a filter to bounds, and the same selection for one alert in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.alerts import Alert, Work
from bot.domain.bad_filter import BadFilter
from bot.domain.filters import AlertQuery, Filter, breached, due, matches, query
from tests.factories import CUSTOMER, FABRIKAM, NORTHWIND, NOW, SUBSCRIPTION, alert, minutes, resolved
from tests.factories import query as wanted

NAMES = {NORTHWIND: "Northwind Cloud", FABRIKAM: "Fabrikam Distribution"}
BOTH = frozenset(NAMES)


def made(**asked: Any) -> AlertQuery:
    return query(Filter(**asked), BOTH, NAMES, NOW)


@pytest.mark.parametrize(
    ("words", "partners"),
    [
        ((), BOTH),
        (("north",), {NORTHWIND}),
        (("NORTHWIND cloud",), {NORTHWIND}),
        ((FABRIKAM.upper(),), {FABRIKAM}),
        (("north", "fabri"), BOTH),
        (("contoso",), set()),
    ],
)
def test_partner_words_choose_among_those_that_may_be_read(words: tuple[str, ...], partners: set[str]) -> None:
    assert made(partners=words).partners == partners


def test_a_partner_that_may_not_be_read_is_not_there_even_by_its_id() -> None:
    asked = Filter(partners=(FABRIKAM, "fabrikam"))
    assert query(asked, frozenset({NORTHWIND}), NAMES, NOW).partners == frozenset()


@pytest.mark.parametrize(
    ("asked", "since", "until"),
    [
        ({}, None, None),
        ({"since": timedelta(days=7)}, NOW - timedelta(days=7), None),
        ({"since": NOW - minutes(9)}, NOW - minutes(9), None),
        ({"until": timedelta(days=1)}, None, NOW - timedelta(days=1)),
        ({"older_than": timedelta(hours=1)}, None, NOW - timedelta(hours=1)),
        ({"younger_than": timedelta(hours=1)}, NOW - timedelta(hours=1), None),
        ({"younger_than": timedelta(0)}, NOW, None),
        ({"since": timedelta(days=7), "younger_than": timedelta(days=2)}, NOW - timedelta(days=2), None),
        ({"until": timedelta(days=7), "older_than": timedelta(days=2)}, None, NOW - timedelta(days=7)),
    ],
)
def test_spans_become_moments_and_the_narrower_bound_counts(asked: dict[str, Any], since: Any, until: Any) -> None:
    assert (made(**asked).detected_from, made(**asked).detected_to) == (since, until)


@pytest.mark.parametrize(
    ("of", "late"),
    [
        (alert(detected_at=NOW - minutes(60)), False),
        (alert(detected_at=NOW - minutes(61)), True),
        (resolved(detected_at=NOW - minutes(300), resolved_at=NOW - minutes(240)), False),
        (resolved(detected_at=NOW - minutes(300), resolved_at=NOW - minutes(239)), True),
        (resolved(detected_at=NOW - minutes(300), resolved_at=None), True),  # nobody knows when: judged by now
        (alert(status="investigating", detected_at=NOW - minutes(61), resolved_at=NOW - minutes(55)), True),
    ],
)
def test_late_is_answered_or_still_open_after_more_than_an_hour(of: Alert, late: bool) -> None:
    assert breached(of, NOW) is late


DETECTED = NOW - minutes(5)
MATCHING = [
    ({}, True),
    ({"partners": frozenset({FABRIKAM})}, False),
    ({"partners": frozenset()}, False),
    ({"unresolved": True}, True),
    ({"statuses": frozenset({"active"})}, True),
    ({"statuses": frozenset({"resolved", "investigating"})}, False),
    ({"severities": frozenset({"high", "low"})}, True),
    ({"severities": frozenset({"low"})}, False),
    ({"types": frozenset({"usageanomalydetected"})}, True),
    ({"types": frozenset({"usage"})}, True),
    ({"types": frozenset({"notification"})}, False),
    ({"customers": ("conto",)}, True),
    ({"customers": ("CONTOSO LTD",)}, True),
    ({"customers": (CUSTOMER.upper(),)}, True),
    ({"customers": (CUSTOMER[:8],)}, False),
    ({"customers": ("fabrikam", "contoso")}, True),
    ({"subscriptions": (SUBSCRIPTION[:6].upper(),)}, True),
    ({"subscriptions": (SUBSCRIPTION[1:6],)}, False),
    ({"detected_from": DETECTED}, True),
    ({"detected_from": DETECTED + minutes(1)}, False),
    ({"detected_to": DETECTED}, False),
    ({"detected_to": DETECTED + minutes(1)}, True),
    ({"sla_breached": True}, False),
    ({"sla_breached": False}, True),
    ({"sla_due": True}, False),
    ({"alerts": ("ALERT-O",)}, True),
    ({"alerts": ("lert",)}, False),
    ({"assigned": ("",)}, True),
    ({"assigned": ("ada",)}, False),
    ({"snoozed": False}, True),
    ({"snoozed": True}, False),
    ({"find": "toso"}, True),
    ({"find": SUBSCRIPTION[:9].upper()}, True),
    ({"find": "Alert-o"}, True),
    ({"find": "lert-o"}, False),
    ({"find": "lert-o", "anywhere": True}, True),
    ({"find": SUBSCRIPTION[5:12], "anywhere": True}, True),
    ({"find": "nothing like it", "anywhere": True}, False),
    ({"test": True}, False),
    ({"test": False}, True),
]


@pytest.mark.parametrize(("asked", "fits"), MATCHING)
def test_one_alert_against_one_wish(asked: dict[str, Any], fits: bool) -> None:
    assert matches(wanted(**asked), alert(detected_at=DETECTED), "Contoso Ltd") is fits


def test_every_wish_must_be_met() -> None:
    asked = {"severities": frozenset({"high"}), "customers": ("contoso",), "test": False}
    assert matches(wanted(**asked), alert(), "Contoso Ltd")
    for wish, other in (("severities", frozenset({"low"})), ("customers", ("fabrikam",)), ("test", True)):
        assert not matches(wanted(**(asked | {wish: other})), alert(), "Contoso Ltd")


ADAS = Work(assigned_id="ada-id", assigned_name="Ada Lindqvist", snoozed_until=NOW + minutes(1))


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ({"assigned": ("lind",)}, True),
        ({"assigned": ("ada-id",)}, True),
        ({"assigned": ("ada-i",)}, False),
        ({"assigned": ("",)}, False),
        ({"assigned": ("", "ADA")}, True),
        ({"snoozed": True}, True),
        ({"snoozed": False}, False),
        ({"snoozed": True, "now": NOW + minutes(1)}, False),
    ],
)
def test_what_the_team_made_of_it_can_be_asked_for(asked: dict[str, Any], fits: bool) -> None:
    assert matches(wanted(**asked), alert(), "Contoso Ltd", work=ADAS) is fits


def test_what_is_resolved_is_not_found_by_the_middle_of_its_id() -> None:
    assert not matches(wanted(find="lert-o", anywhere=True), resolved(), "")


@pytest.mark.parametrize(("ago", "is_due"), [(29, False), (30, True), (45, True), (60, True), (61, False)])
def test_due_is_open_with_half_an_hour_left_at_most(ago: float, is_due: bool) -> None:
    assert due(alert(detected_at=NOW - minutes(ago)), NOW) is is_due
    assert not due(resolved(detected_at=NOW - minutes(ago)), NOW)


def test_me_is_whoever_asks_and_nobody_without_an_asker() -> None:
    asked = Filter(assigned=("Me", "nobody", "ben"))
    assert query(asked, BOTH, NAMES, NOW, "ada-id").assigned == ("ada-id", "", "ben")
    with pytest.raises(BadFilter, match="no_asker"):
        query(asked, BOTH, NAMES, NOW)


def test_an_unknown_status_is_unresolved_and_keeps_its_name() -> None:
    strange = alert(status="dismissedByRobot")
    assert matches(wanted(unresolved=True), strange, "")
    assert matches(wanted(statuses=frozenset({"dismissedbyrobot"})), strange, "")
    assert not matches(wanted(statuses=frozenset({"active"})), strange, "")


@pytest.mark.parametrize(
    ("alert_type", "kind"),
    [("serviceHealthSecurityAdvisory", "notification"), ("ServiceHealth", "notification"), ("x", "usage")],
)
def test_the_coarse_types_of_the_dashboard_can_be_asked_for(alert_type: str, kind: str) -> None:
    other = {"usage": "notification", "notification": "usage"}[kind]
    assert matches(wanted(types=frozenset({kind})), alert(alert_type=alert_type), "")
    assert not matches(wanted(types=frozenset({other})), alert(alert_type=alert_type), "")
