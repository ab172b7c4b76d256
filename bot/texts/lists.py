"""What lists, searches and their rows say."""

from __future__ import annotations

from datetime import datetime

from bot.domain.filters import COUNTED_MOST, Sort
from bot.texts import en

SORTED = {
    Sort.SEVERITY: "highest severity first",
    Sort.NEWEST: "newest first",
    Sort.OLDEST: "oldest first",
    Sort.DEADLINE: "first those to be answered soonest",
    Sort.CUSTOMER: "by customer",
}
SORT_BY = {
    Sort.SEVERITY: "Sort by severity",
    Sort.NEWEST: "Newest first",
    Sort.OLDEST: "Oldest first",
    Sort.DEADLINE: "Sort by deadline",
    Sort.CUSTOMER: "Sort by customer",
}

SEARCH_USAGE = (
    "Write: search <a part of a customer's name, or the start of a subscription id or alert id> [filters]. For example: "
    "search contoso unresolved severity:high"
)
EXPORT_WITHOUT_SORT = "A file is in the order of the alerts' numbers; sort: is for lists. Leave it out."

ROUTE_WITHOUT_ME = (
    "assigned:me means whoever asks, and alerts that are sent here are asked for by nobody. Write a name, such as "
    "assigned:ada, or leave it out."
)
ROUTE_WITHOUT_SORT = "sort: puts a list in order; what is sent here comes one by one, as it happens. Leave it out."


def search_title(text: str) -> str:
    return f"Search: {text}"


def page(first: int, last: int, total: int, sort: Sort) -> str:
    if not total:
        return "No alerts"
    return f"{first:,} to {last:,} of {counted(total)}, {SORTED[sort]}"


def counted(total: int) -> str:
    """What a page's total stands for."""
    if total > COUNTED_MOST:
        return f"more than {COUNTED_MOST:,} alerts"
    return f"{total:,} alert{'s' if total != 1 else ''}"


def fallback(total: int) -> str:
    return (
        f"{counted(total)[0].upper()}{counted(total)[1:]}. Your Teams does not show this card; say “export” for a file."
    )


def deadline(respond_by: datetime, now: datetime) -> str:
    """`respond by 14:05 UTC, in 12 min`, or `overdue since 14:05 UTC`."""
    if now >= respond_by:
        return f"overdue since {en.clock(respond_by, now)}"
    minutes = -int((now - respond_by).total_seconds() // 60)
    return f"respond by {en.clock(respond_by, now)}, in {minutes} min"


def decided(verdict: str, by: str, at: datetime, now: datetime) -> str:
    return f"{en.verdict_word(verdict)} by {by or 'somebody'}, {en.clock(at, now)}"


def subscription(subscription_id: str) -> str:
    return f"Subscription {subscription_id}"


def observed(first: datetime | None, last: datetime | None, now: datetime) -> str:
    return f"observed first {en.clock(first, now)}, last {en.clock(last, now)}"


def detected(at: datetime, now: datetime) -> str:
    return f"detected {en.clock(at, now)}"


def alert_id(alert_id: str) -> str:
    """Enough of it to search by, and to tell it from others."""
    short = alert_id if len(alert_id) <= 16 else f"{alert_id[:8]}\u2026{alert_id[-4:]}"
    return f"alert ID {short}"


def assigned(name: str) -> str:
    return f"Assigned to {name}"


def snoozed(until: datetime, now: datetime) -> str:
    return f"Snoozed until {en.clock(until, now)}"
