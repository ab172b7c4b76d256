"""The clock of a credit request: sixty calendar days from the first fraudulent usage of a subscription. Pure.

A partner pays for what fraudsters use. Microsoft may, at its own discretion, credit a first case once per customer
tenant, if the partner asks by a ticket within sixty calendar days of the first fraudulent usage.
https://learn.microsoft.com/partner-center/security/nonpayment-fraud-misuse

How Microsoft counts these days is not written there. We count so that nobody is late: in UTC, and the day of the first
usage is day 1 already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.domain.alerts import Alert, Verdict

DAYS = 60
NEAR = 14
"""Days left from which on a digest warns."""


@dataclass(frozen=True, slots=True)
class Filing:
    """Somebody said that the ticket with the request is filed."""

    ticket: str
    by_id: str
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RefundClock:
    """The clock of one subscription with alerts whose verdict is fraud. `filed` is a request for this subscription,
    `customer_filed` one for another subscription of the same customer tenant, which gets one credit at most."""

    partner: str
    customer_tenant_id: str
    subscription_id: str
    first_usage_at: datetime
    alerts: int
    number: int  # of one of the alerts, by which people name it
    customer_name: str = ""
    filed: Filing | None = None
    customer_filed: Filing | None = None

    @property
    def label(self) -> str:
        return f"A-{self.number}"

    @property
    def last_day(self) -> date:
        """Day 60, the last on which the ticket can be filed."""
        return self.first_usage_at.astimezone(UTC).date() + timedelta(days=DAYS - 1)

    @property
    def deadline(self) -> datetime:
        """The end of the last day."""
        return datetime.combine(self.last_day, time(), UTC) + timedelta(days=1)

    @property
    def answered(self) -> bool:
        """Nothing is left to warn of: the one request of this customer is filed."""
        return self.filed is not None or self.customer_filed is not None

    def day(self, now: datetime) -> int:
        """1 on the day of the first fraudulent usage, never less."""
        return max(1, (now.astimezone(UTC).date() - self.first_usage_at.astimezone(UTC).date()).days + 1)

    def days_left(self, now: datetime) -> int:
        """Days after today on which it can still be filed: 0 on the last day, negative afterwards."""
        return (self.last_day - now.astimezone(UTC).date()).days

    def is_open(self, now: datetime) -> bool:
        return now < self.deadline

    def warns(self, now: datetime) -> bool:
        """Whether somebody should be told now: open, near its end, and nobody has filed."""
        return self.is_open(now) and not self.answered and self.days_left(now) <= NEAR


def counts(alert: Alert) -> bool:
    """Whether the alert's verdict is fraud, on a real subscription."""
    return (
        not alert.is_open
        and not alert.is_test
        and alert.resolved_reason.lower() == Verdict.FRAUD
        and bool(alert.subscription_id)
    )


def used_since(alert: Alert) -> datetime:
    """When the usage that the alert is about was first observed, as far as Partner Center says."""
    return alert.first_observed_at or alert.detected_at


def first_usage(alerts: Iterable[Alert]) -> datetime | None:
    """The earliest usage of those alerts whose verdict is fraud; None where there is none."""
    return min((used_since(alert) for alert in alerts if counts(alert)), default=None)


def earliest_open(now: datetime) -> datetime:
    """The first usage that is still within its sixty days: everything before it has run out."""
    return datetime.combine(now.astimezone(UTC).date() - timedelta(days=DAYS - 1), time(), UTC)
