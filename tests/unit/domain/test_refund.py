"""The sixty days of a credit request."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.refund import DAYS, NEAR, Filing, RefundClock, counts, earliest_open, first_usage, used_since
from tests.factories import CUSTOMER, NORTHWIND, NOW, SUBSCRIPTION, alert, resolved

moments = st.datetimes(datetime(2023, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 hypothesis takes bounds without a zone
FILED = Filing("2611230040001234", "ada", "Ada", NOW)


def clock(first: datetime, **changes: object) -> RefundClock:
    values: dict[str, object] = {
        "partner": NORTHWIND,
        "customer_tenant_id": CUSTOMER,
        "subscription_id": SUBSCRIPTION,
        "first_usage_at": first,
        "alerts": 1,
        "number": 1042,
    }
    return RefundClock(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-11-07T23:59:59", "2027-01-05"),
        ("2026-11-08T00:00:00", "2027-01-06"),
        ("2027-12-31T12:00:00", "2028-02-28"),
        ("2028-01-01T00:00:00", "2028-02-29"),  # a leap year
        ("2027-01-01T00:00:00", "2027-03-01"),
    ],
)
def test_the_last_day_worked_by_hand(first: str, last: str) -> None:
    of = clock(datetime.fromisoformat(first).replace(tzinfo=UTC))
    assert of.last_day == date.fromisoformat(last)


def test_the_days_of_one_clock() -> None:
    first = datetime(2026, 11, 7, 22, tzinfo=UTC)
    of = clock(first)
    seen = [(of.day(now), of.days_left(now), of.is_open(now), of.warns(now)) for now in (
        first,
        datetime(2026, 11, 8, 0, 0, tzinfo=UTC),
        datetime(2026, 12, 21, 23, 59, tzinfo=UTC),
        datetime(2026, 12, 22, 0, 0, tzinfo=UTC),
        datetime(2027, 1, 5, 23, 59, 59, tzinfo=UTC),
        datetime(2027, 1, 6, tzinfo=UTC),
    )]  # fmt: skip
    assert seen == [
        (1, 59, True, False),
        (2, 58, True, False),
        (45, 15, True, False),
        (46, NEAR, True, True),
        (60, 0, True, True),
        (61, -1, False, False),
    ]


@given(first=moments, later=st.timedeltas(timedelta(0), timedelta(days=80)))
def test_day_days_left_and_end_agree(first: datetime, later: timedelta) -> None:
    of, now = clock(first), first + later
    assert of.day(now) + of.days_left(now) == DAYS
    assert of.is_open(now) == (of.days_left(now) >= 0) == (of.day(now) <= DAYS)
    assert timedelta(days=DAYS - 1) < of.deadline - first <= timedelta(days=DAYS)
    assert of.is_open(now) == (first >= earliest_open(now))
    assert not clock(first, filed=FILED).warns(now)
    assert not clock(first, customer_filed=FILED).warns(now)


def test_a_time_in_another_zone_is_the_same_day() -> None:
    zone = datetime.fromisoformat("2026-11-08T01:30:00+02:00")
    assert clock(zone).last_day == date(2027, 1, 5)
    assert clock(zone).day(datetime(2026, 11, 7, 23, 45, tzinfo=UTC)) == 1


def test_a_clock_of_tomorrow_is_at_day_one() -> None:
    """Microsoft's clock may be ahead of ours."""
    assert clock(NOW + timedelta(days=1)).day(NOW) == 1


@pytest.mark.parametrize(
    ("one", "counted"),
    [
        (resolved(), True),
        (resolved(reason="Fraud"), True),
        (resolved(reason="legitimate"), False),
        (resolved(is_test=True), False),
        (resolved(subscription_id=""), False),
        (alert(), False),
        (resolved(status="active"), False),
    ],
)
def test_which_alerts_start_it(one: object, counted: bool) -> None:
    assert counts(one) is counted  # type: ignore[arg-type]


def test_the_first_usage_is_the_earliest_observation_of_the_fraud_verdicts() -> None:
    early = resolved("early", reason="legitimate", first_observed_at=NOW - timedelta(days=9))
    unobserved = resolved("unobserved", first_observed_at=None, detected_at=NOW - timedelta(days=3))
    late = resolved("late", first_observed_at=NOW - timedelta(days=2))
    assert first_usage([early, unobserved, late]) == used_since(unobserved) == NOW - timedelta(days=3)
    assert first_usage([early]) is first_usage([]) is None
