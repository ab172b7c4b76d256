"""One alert in a list: the columns of the dashboard, the deadline, and whose it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.chat.presenter import Place, row
from bot.domain.alerts import Alert, Work
from cards import list_card
from cards.actions import ALERT_DETAILS
from cards.views import ListView, Row
from tests.factories import FABRIKAM, NORTHWIND, NOW, SUBSCRIPTION, alert, decision, minutes, record, resolved
from tests.support.seen import checked

ALONE = Place("https://portal.azure.com", {NORTHWIND: "Northwind"})
TWO = Place("https://portal.azure.com", {NORTHWIND: "Northwind", FABRIKAM: "Fabrikam"})


def text(of: Row) -> str:
    return checked(list_card(ListView("t", "", (of,), "", (), "f"))).text.replace("\n", " ")


def test_a_row_has_the_columns_of_the_dashboard() -> None:
    of = row(record(alert("0f1e2d3c-aaaa-4bbb-8ccc-000000000001")), NOW, TWO)
    assert of.open.verb == ALERT_DETAILS
    said = text(of)
    for part in (
        *("A-1042", "High", "Active", "Crypto mining suspected", "Northwind", "Contoso Ltd"),
        *("Azure Usage (usageAnomalyDetected)", SUBSCRIPTION, "0f1e2d3c…0001"),
        *("observed first 11:55 UTC, last 12:24 UTC", "detected 12:25 UTC"),
    ):
        assert part in said, part


@pytest.mark.parametrize(
    ("of", "said", "tone"),
    [
        (alert(detected_at=NOW), "respond by 13:30 UTC", "default"),
        (alert(detected_at=NOW - minutes(48)), "respond by 12:42 UTC", "default"),
        (alert(detected_at=NOW - minutes(50.5)), "respond by 12:39 UTC", "warning"),
        (alert(detected_at=NOW - minutes(59.9)), "respond by 12:30 UTC", "warning"),
        (alert(detected_at=NOW - minutes(60)), "overdue since 12:30 UTC", "attention"),
        (alert(detected_at=NOW - timedelta(days=2)), "overdue since 27 Feb 2026, 13:30 UTC", "attention"),
    ],
)
def test_an_open_one_names_its_deadline_in_words(of: Alert, said: str, tone: str) -> None:
    found = row(record(of), NOW, ALONE)
    assert found.deadline is not None
    assert (found.deadline.text, found.deadline.tone) == (said, tone)
    assert said in text(found)


def test_a_decided_one_names_who_and_when_instead() -> None:
    found = row(record(resolved(), decision=decision(at=NOW - minutes(3))), NOW, ALONE)
    assert (found.status.text, found.deadline) == ("Fraud", None)
    assert "Fraud by Ada, 12:27 UTC" in text(found)
    assert row(record(resolved()), NOW, ALONE).work == ()


def test_whose_it_is_and_until_when_it_sleeps() -> None:
    work = Work("ada-id", "Ada Lindqvist", NOW + minutes(90), "Ben")
    said = text(row(record(work=work), NOW, ALONE))
    assert "Assigned to Ada Lindqvist" in said
    assert "Snoozed until 14:00 UTC" in said
    assert "Snoozed" not in text(row(record(work=work), NOW + minutes(90), ALONE))


def test_partners_are_told_apart_only_where_there_are_several() -> None:
    assert row(record(), NOW, TWO).detail.startswith("Northwind")
    assert "Northwind" not in row(record(), NOW, ALONE).detail
