"""What is said about asking Microsoft for a credit. It is Microsoft's decision, and nothing here promises one."""

from __future__ import annotations

from datetime import datetime

from bot.domain.refund import DAYS, RefundClock
from bot.texts import en as texts
from bot.texts import formats
from bot.texts.catalogue import _, plural

TITLE = _("Credit requests")
LEAD = _(
    "Sixty days run from the first fraudulent usage. Whether there is a credit is Microsoft's decision alone: at most "
    "once per customer tenant, asked for by a ticket in Partner Center."
)
NONE = _("No credit request is open: no alert of the last 60 days has the verdict fraud.")
TICKET_FILED = _("Ticket filed")
FORM_TITLE = _("The ticket is filed")
FORM_FIELD = _("Number of the ticket")
FORM_REQUIRED = _("Write the number that Partner Center gave the ticket.")
FORM_LINE = _("From then on nobody is reminded of this customer's deadline. It is put on record with your name.")
READ_MORE = _("Microsoft's conditions")
CONDITIONS = "https://learn.microsoft.com/partner-center/security/nonpayment-fraud-misuse"
USAGE = _(
    "Write: refunds, or refunds done <alert> <ticket>, or refunds undo <alert>; a subscription's id does as well. "
    "For example: refunds done A-1042 2611230040001234"
)


def about(action: str, label: str) -> str:
    return f"{action}: {label}" if label else action


def hint(label: str) -> str:
    return _(
        "If buttons fail, write to Alert Desk: evidence {label}, or refunds done {label} and the number of your ticket"
    ).format(label=label)


def until(clock: RefundClock) -> str:
    """For a card that is not drawn again: without the day on which it is looked at."""
    if clock.answered:
        return standing(clock, clock.first_usage_at)
    return _("Credit request to Microsoft: until {last_day} ({days} days from the first fraudulent usage)").format(
        last_day=formats.day(clock.last_day), days=DAYS
    )


def standing(clock: RefundClock, now: datetime) -> str:
    """How the request stands on this day, in one line."""
    if clock.filed is not None:
        filed = clock.filed
        return _("Credit request: ticket {ticket} filed, says {name}, {time}").format(
            ticket=filed.ticket, name=filed.by_name, time=texts.when(filed.at)
        )
    if clock.customer_filed is not None:
        ticket = clock.customer_filed.ticket
        return _(
            "Credit request: this customer's one request is filed (ticket {ticket}); add this subscription to it"
        ).format(ticket=ticket)
    if not clock.is_open(now):
        return _("Credit request: the {days} days were over on {last_day}").format(
            days=DAYS, last_day=formats.day(clock.last_day)
        )
    return _("Credit request: day {day} of {days}, until {last_day}").format(
        day=clock.day(now), days=DAYS, last_day=formats.day(clock.last_day)
    )


def progress(clock: RefundClock, now: datetime) -> str:
    """The same where it is plain what is told of."""
    if clock.answered or not clock.is_open(now):
        return standing(clock, now)
    return _("Day {day} of {days}, until {last_day}").format(
        day=clock.day(now), days=DAYS, last_day=formats.day(clock.last_day)
    )


def left(days: int) -> str:
    if days == 0:
        return _("today is the last day")
    return plural("{days} day left", "{days} days left", days).format(days=days)


def heading(customer: str, clock: RefundClock, now: datetime) -> str:
    """In a list."""
    if clock.answered:
        return customer
    return f"{customer}: {left(clock.days_left(now))}"


def detail(clock: RefundClock) -> str:
    return plural(
        "{count} alert marked as fraud, newest {label}. First fraudulent usage {time}",
        "{count} alerts marked as fraud, newest {label}. First fraudulent usage {time}",
        clock.alerts,
    ).format(count=formats.number(clock.alerts), label=clock.label, time=texts.when(clock.first_usage_at))


def count(shown: int, total: int) -> str:
    if shown < total:
        return _("The {shown} whose time runs out first, of {total}").format(
            shown=formats.number(shown), total=formats.number(total)
        )
    return (
        _("{total} open, the first to run out first").format(total=formats.number(total)) if total else _("None open")
    )


def fallback(total: int) -> str:
    return plural(
        "{count} open credit request. Say to Alert Desk: refunds",
        "{count} open credit requests. Say to Alert Desk: refunds",
        total,
    ).format(count=formats.number(total))


def filed(clock: RefundClock, ticket: str) -> str:
    return _(
        "On record: ticket {ticket} asks Microsoft for a credit for subscription {subscription_id}. I remind nobody of it any more. Whether there is a credit is Microsoft's decision."
    ).format(ticket=ticket, subscription_id=clock.subscription_id)


def reopened(clock: RefundClock) -> str:
    return _("On record: no ticket is filed for subscription {subscription_id}. The last day is {last_day}.").format(
        subscription_id=clock.subscription_id, last_day=formats.day(clock.last_day)
    )


def not_filed(clock: RefundClock) -> str:
    return _("No ticket was on record for subscription {subscription_id}, so nothing was changed.").format(
        subscription_id=clock.subscription_id
    )


def no_clock(reference: str) -> str:
    return _(
        "There is no credit request to keep for {reference}: none of its alerts here has the verdict fraud. Say “refunds” for those that are open."
    ).format(reference=reference[:80])
