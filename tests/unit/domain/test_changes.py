"""What a change at Partner Center means, and whose decision a resolved alert carries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.alerts import ActivityLogEntry, Alert, Decision
from bot.domain.changes import NO_CHANGE, Change, ChangeKind, compare, decision_seen, last_change
from tests.factories import NOW, alert, decision, minutes, record, resolved

LOG = (
    ActivityLogEntry("", "active", "system", None),
    ActivityLogEntry("investigating", "resolved", "kim@northwind.example", NOW - minutes(1)),
    ActivityLogEntry("active", "investigating", "lee@northwind.example", NOW - minutes(9)),
)
BY_KIM: dict[str, Any] = {"activity_log": LOG}


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (alert(), alert(), ChangeKind.NONE),
        (alert(), alert(severity="low"), ChangeKind.FACTS),
        (alert(), alert(last_observed_at=NOW), ChangeKind.FACTS),
        (alert(), alert(status="Active"), ChangeKind.FACTS),
        (alert(), resolved(), ChangeKind.RESOLVED),
        (alert(status="investigating"), resolved(), ChangeKind.RESOLVED),
        (alert(), resolved(severity="low"), ChangeKind.RESOLVED),
        (resolved(), alert(), ChangeKind.REOPENED),
        (resolved(), alert(status="investigating"), ChangeKind.REOPENED),
        (resolved(), alert(status="strange"), ChangeKind.REOPENED),
        (alert(), alert(status="investigating"), ChangeKind.INVESTIGATING),
        (alert(status="investigating"), alert(), ChangeKind.OTHER_STATUS),
        (alert(), alert(status="strange"), ChangeKind.OTHER_STATUS),
        (resolved(reason="fraud"), resolved(reason="legitimate"), ChangeKind.OTHER_VERDICT),
        (resolved(reason="fraud"), resolved(reason="Fraud"), ChangeKind.FACTS),
        (resolved(reason=""), resolved(reason="ignore"), ChangeKind.OTHER_VERDICT),
        (resolved(), resolved(resolved_by="lee@northwind.example"), ChangeKind.FACTS),
        (alert(resolved_reason="fraud"), alert(resolved_reason="ignore"), ChangeKind.FACTS),
    ],
)
def test_the_change_that_people_want_to_hear_of(before: Alert, after: Alert, kind: ChangeKind) -> None:
    assert compare(record(before), after).kind is kind


def test_what_stayed_the_same_is_no_change_at_all() -> None:
    assert compare(record(alert()), alert()) is NO_CHANGE


@pytest.mark.parametrize(
    ("after", "who"),
    [
        (resolved(**BY_KIM), "kim@northwind.example"),
        (resolved(resolved_by="", **BY_KIM), "kim@northwind.example"),
        (resolved(resolved_by="ann@northwind.example", **BY_KIM), "ann@northwind.example"),
        (resolved(resolved_by="", activity_log=()), ""),
        (alert(status="investigating", **BY_KIM), "kim@northwind.example"),
    ],
)
def test_who_did_it_comes_from_the_alert_or_its_log(after: Alert, who: str) -> None:
    assert compare(record(alert()), after).by == who


def test_when_it_was_done_is_the_alerts_own_time_before_the_logs() -> None:
    assert compare(record(alert()), resolved(resolved_at=NOW - minutes(3), **BY_KIM)).at == NOW - minutes(3)
    assert compare(record(alert()), resolved(resolved_at=None, **BY_KIM)).at == NOW - minutes(1)
    assert compare(record(alert()), alert(status="x", activity_log=())) == Change(ChangeKind.OTHER_STATUS)


def test_the_last_change_is_the_newest_whatever_the_order_of_the_log() -> None:
    assert last_change(alert(activity_log=LOG)) == ("kim@northwind.example", NOW - minutes(1))
    assert last_change(alert(activity_log=LOG[:1])) == ("", None)


OURS = decision(verdict="fraud", by_name="Ada", note="mining")
PORTALS = Decision("fraud", "kim@northwind.example", "", NOW, "", "partner_center")


@pytest.mark.parametrize(
    ("says", "known", "carried"),
    [
        (alert(), None, None),
        (alert(), OURS, None),  # reopened
        (alert(status="strange"), OURS, None),
        (resolved(), OURS, OURS),
        (resolved(reason="Fraud"), OURS, OURS),
        (resolved(), None, PORTALS),
        (resolved(reason="ignore"), OURS, replace(PORTALS, verdict="ignore")),
        (resolved(reason="newReason"), None, replace(PORTALS, verdict="newreason")),
        (
            resolved(reason="", resolved_by="", resolved_at=None),
            None,
            Decision("", "", "", NOW + minutes(1), "", "partner_center"),
        ),
        (
            resolved(resolved_by="", resolved_at=None, **BY_KIM),
            None,
            replace(PORTALS, at=NOW - minutes(1)),
        ),
    ],
)
def test_ours_stays_while_partner_center_says_the_same_verdict(
    says: Alert, known: Decision | None, carried: Decision | None
) -> None:
    assert decision_seen(says, known, NOW + minutes(1)) == carried
