"""What is said about asking Microsoft for a credit. It is Microsoft's decision, and nothing here promises one."""

from __future__ import annotations

from datetime import datetime

from bot.domain.refund import DAYS, RefundClock
from bot.texts import en as texts
from bot.texts import formats

TITLE = "Credit requests"
LEAD = (
    "Sixty days run from the first fraudulent usage. Whether there is a credit is Microsoft's decision alone: at most "
    "once per customer tenant, asked for by a ticket in Partner Center."
)
NONE = "No credit request is open: no alert of the last 60 days has the verdict fraud."
TICKET_FILED = "Ticket filed"
FORM_TITLE = "The ticket is filed"
FORM_FIELD = "Number of the ticket"
FORM_REQUIRED = "Write the number that Partner Center gave the ticket."
FORM_LINE = "From then on nobody is reminded of this customer's deadline. It is put on record with your name."
READ_MORE = "Microsoft's conditions"
CONDITIONS = "https://learn.microsoft.com/partner-center/security/nonpayment-fraud-misuse"
USAGE = (
    "Write: refunds, or refunds done <alert> <ticket>, or refunds undo <alert>; a subscription's id does as well. "
    "For example: refunds done A-1042 2611230040001234"
)


def about(action: str, label: str) -> str:
    return f"{action}: {label}" if label else action


def hint(label: str) -> str:
    return (
        f"If buttons fail, write to Alert Desk: evidence {label}, or refunds done {label} and the number of your ticket"
    )


def until(clock: RefundClock) -> str:
    """For a card that is not drawn again: without the day on which it is looked at."""
    if clock.answered:
        return standing(clock, clock.first_usage_at)
    return f"Credit request to Microsoft: until {formats.day(clock.last_day)} ({DAYS} days from the first fraudulent usage)"


def standing(clock: RefundClock, now: datetime) -> str:
    """How the request stands on this day, in one line."""
    if clock.filed is not None:
        filed = clock.filed
        return f"Credit request: ticket {filed.ticket} filed, says {filed.by_name}, {texts.when(filed.at)}"
    if clock.customer_filed is not None:
        ticket = clock.customer_filed.ticket
        return f"Credit request: this customer's one request is filed (ticket {ticket}); add this subscription to it"
    if not clock.is_open(now):
        return f"Credit request: the {DAYS} days were over on {formats.day(clock.last_day)}"
    return f"Credit request: {_running(clock, now)}"


def progress(clock: RefundClock, now: datetime) -> str:
    """The same where it is plain what is told of."""
    if clock.answered or not clock.is_open(now):
        return standing(clock, now)
    running = _running(clock, now)
    return f"{running[0].upper()}{running[1:]}"


def _running(clock: RefundClock, now: datetime) -> str:
    return f"day {clock.day(now)} of {DAYS}, until {formats.day(clock.last_day)}"


def left(days: int) -> str:
    if days == 0:
        return "today is the last day"
    return f"{days} day{'s' if days != 1 else ''} left"


def heading(customer: str, clock: RefundClock, now: datetime) -> str:
    """In a list."""
    if clock.answered:
        return customer
    return f"{customer}: {left(clock.days_left(now))}"


def detail(clock: RefundClock) -> str:
    alerts = f"{formats.number(clock.alerts)} alert{'s' if clock.alerts != 1 else ''} marked as fraud"
    return f"{alerts}, newest {clock.label}. First fraudulent usage {texts.when(clock.first_usage_at)}"


def count(shown: int, total: int) -> str:
    if shown < total:
        return f"The {formats.number(shown)} whose time runs out first, of {formats.number(total)}"
    return f"{formats.number(total)} open, the first to run out first" if total else "None open"


def fallback(total: int) -> str:
    return f"{formats.number(total)} open credit request{'s' if total != 1 else ''}. Say to Alert Desk: refunds"


def filed(clock: RefundClock, ticket: str) -> str:
    return (
        f"On record: ticket {ticket} asks Microsoft for a credit for subscription {clock.subscription_id}. "
        "I remind nobody of it any more. Whether there is a credit is Microsoft's decision."
    )


def reopened(clock: RefundClock) -> str:
    return f"On record: no ticket is filed for subscription {clock.subscription_id}. The last day is {formats.day(clock.last_day)}."


def not_filed(clock: RefundClock) -> str:
    return f"No ticket was on record for subscription {clock.subscription_id}, so nothing was changed."


def no_clock(reference: str) -> str:
    return (
        f"There is no credit request to keep for {reference[:80]}: none of its alerts here has the verdict fraud. "
        "Say “refunds” for those that are open."
    )
