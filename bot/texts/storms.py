"""What is said in and about storms: on the card that stands for many alerts, and in its thread. Plain text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.storms import News
from bot.texts import en as texts
from bot.texts.catalogue import _
from bot.texts.formats import number

SUBSCRIPTION_ALERTS = _("Alerts of one subscription")
ALL_ALERTS = _("Alerts of this conversation")
UNKNOWN_CUSTOMER = _("a customer without a name")
UNRESOLVED = _("Unresolved")
DECIDED = _("Decided")
TYPES = _("Types")
CUSTOMERS = _("Customers")
NEWEST = _("Last one came")
WORST = _("The worst unresolved ones")
ALL_DECIDED = _("All of them are decided.")
REPLACES_BADGE = _("Replaces an earlier card, which is gone")


def customer_alerts(name: str) -> str:
    return _("Alerts of {name}").format(name=name or UNKNOWN_CUSTOMER)


def show_unresolved(since: datetime, now: datetime) -> str:
    """On a button: its list can hold alerts that this card does not count."""
    return _("Unresolved since {clock}").format(clock=texts.clock(since, now))


def show_all(since: datetime, now: datetime) -> str:
    return _("All since {clock}").format(clock=texts.clock(since, now))


def heading(total: int) -> str:
    return _("Many alerts at once \u00b7 {total}").format(total=number(total))


def storm_since(opened: datetime, now: datetime) -> str:
    return _("Storm since {clock}").format(clock=texts.clock(opened, now))


def calm_since(closed: datetime, now: datetime) -> str:
    return _("Calm since {clock}").format(clock=texts.clock(closed, now))


STORM_LINE = _(
    "They come faster than anybody can read single cards, so this card stands for all of them and keeps count."
)
CALMING_LINE = _(
    "Further alerts have cards of their own again. Of these, what is unresolved and younger than a day gets its card "
    "back: the worst first, at most ten in ten minutes."
)
CLOSED_LINE = _("Further alerts have cards of their own again. What is still listed here stays in these lists.")


def counted(word: str, count: int) -> str:
    return f"{number(count)} {word}"


def named(word: str, count: int) -> str:
    return f"{word} ({number(count)})"


def and_others(named: Sequence[str], others: int) -> str:
    """`3 high, 2 low`, and how many more there are."""
    return ", ".join([*named, *([texts.more(others)] if others > 0 else [])])


def of_total(count: int, parts: Sequence[str]) -> str:
    return f"{number(count)}: {', '.join(parts)}" if parts and count else f"{number(count)}"


def hint(words: str) -> str:
    return _("If buttons fail, write to Alert Desk: show {words}").format(words=words)


def fallback(subject: str, total: int, unresolved: int, words: str) -> str:
    return _("{subject}: {total} in a storm, {unresolved} unresolved. Say to Alert Desk: show {words}").format(
        subject=subject, total=number(total), unresolved=number(unresolved), words=words
    )


def summary(subject: str, total: int, unresolved: int) -> str:
    return _("{subject}: {total} in a storm, {unresolved} unresolved").format(
        subject=subject, total=number(total), unresolved=number(unresolved)
    )


def merged(news: News) -> str:
    """What happened to a roll-up's alerts in a minute, in one line."""
    if news.alerts == 1:
        return news.latest
    return _("{alerts} of these alerts were decided or changed in the last minute. The latest: {latest}").format(
        alerts=number(news.alerts), latest=news.latest
    )
