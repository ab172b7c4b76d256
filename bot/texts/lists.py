"""What lists, searches and their rows say."""

from __future__ import annotations

from datetime import datetime

from bot.domain.filters import COUNTED_MOST, Sort
from bot.texts import en, formats
from bot.texts.catalogue import _, plural

SORTED = {
    Sort.SEVERITY: _("highest severity first"),
    Sort.NEWEST: _("newest first"),
    Sort.OLDEST: _("oldest first"),
    Sort.DEADLINE: _("first those to be answered soonest"),
    Sort.CUSTOMER: _("by customer"),
}
SORT_BY = {
    Sort.SEVERITY: _("Sort by severity"),
    Sort.NEWEST: _("Newest first"),
    Sort.OLDEST: _("Oldest first"),
    Sort.DEADLINE: _("Sort by deadline"),
    Sort.CUSTOMER: _("Sort by customer"),
}

SEARCH_USAGE = _(
    "Write: search <a part of a customer's name, or the start of a subscription id or alert id> [filters]. For example: "
    "search contoso unresolved severity:high"
)
EXPORT_WITHOUT_SORT = _("A file is in the order of the alerts' numbers; sort: is for lists. Leave it out.")

ROUTE_WITHOUT_ME = _(
    "assigned:me means whoever asks, and alerts that are sent here are asked for by nobody. Write a name, such as "
    "assigned:ada, or leave it out."
)
ROUTE_WITHOUT_SORT = _("sort: puts a list in order; what is sent here comes one by one, as it happens. Leave it out.")


def search_title(text: str) -> str:
    return _("Search: {text}").format(text=text)


def page(first: int, last: int, total: int, sort: Sort) -> str:
    if not total:
        return _("No alerts")
    # Translators: {alerts} is "12 alerts" or "more than 500 alerts", {order} is "newest first" and the like.
    return _("{first} to {last} of {alerts}, {order}").format(
        first=formats.number(first), last=formats.number(last), alerts=counted(total), order=SORTED[sort]
    )


def counted(total: int) -> str:
    """What a page's total stands for."""
    if total > COUNTED_MOST:
        return _("more than {count} alerts").format(count=formats.number(COUNTED_MOST))
    return plural("{count} alert", "{count} alerts", total).format(count=formats.number(total))


def fallback(total: int) -> str:
    said = (
        _("More than {count} alerts. Your Teams does not show this card; say “export” for a file.")
        if total > COUNTED_MOST
        else plural(
            "{count} alert. Your Teams does not show this card; say “export” for a file.",
            "{count} alerts. Your Teams does not show this card; say “export” for a file.",
            total,
        )
    )
    return said.format(count=formats.number(min(total, COUNTED_MOST)))


def deadline(respond_by: datetime, now: datetime) -> str:
    """`respond by 14:05 UTC`, or `overdue since 14:05 UTC`. No minutes: a list is looked at long after it was drawn."""
    if now >= respond_by:
        return _("overdue since {time}").format(time=en.clock(respond_by, now))
    return _("respond by {time}").format(time=en.clock(respond_by, now))


def decided(verdict: str, by: str, at: datetime, now: datetime) -> str:
    return _("{verdict} by {name}, {time}").format(
        verdict=en.verdict_word(verdict), name=by or en.SOMEBODY, time=en.clock(at, now)
    )


def subscription(subscription_id: str) -> str:
    return _("Subscription {subscription_id}").format(subscription_id=subscription_id)


def observed(first: datetime | None, last: datetime | None, now: datetime) -> str:
    return _("observed first {first}, last {last}").format(first=en.clock(first, now), last=en.clock(last, now))


def detected(at: datetime, now: datetime) -> str:
    return _("detected {time}").format(time=en.clock(at, now))


def alert_id(alert_id: str) -> str:
    """Enough of it to search by, and to tell it from others."""
    short = alert_id if len(alert_id) <= 16 else f"{alert_id[:8]}\u2026{alert_id[-4:]}"
    return _("alert ID {alert_id}").format(alert_id=short)


def assigned(name: str) -> str:
    return _("Assigned to {name}").format(name=name)


def snoozed(until: datetime, now: datetime) -> str:
    return _("Snoozed until {time}").format(time=en.clock(until, now))
