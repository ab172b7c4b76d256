"""What is said about routes: what is sent where, what stands in the way, and why an alert came. Plain text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.alerts import AlertRecord
from bot.domain.people import ConversationState, Route
from bot.domain.routing import Reason, Term
from bot.texts import delivery
from bot.texts import en as texts

TITLE = "What is sent here"
ALL_TITLE = "What is sent where"
NONE_HERE = "No partner's alerts are sent to this conversation. An Admin Agent can say “subscribe”."
NONE_ANYWHERE = "The alerts of your partners are sent nowhere. Say “subscribe” in a channel, in a group chat or here."
ONLY_ADMIN_AGENTS = "In a personal chat only Admin Agents see where their partners' alerts go. In a channel anybody may ask what is sent there."
HINT = "Say “routes A-1042” to see why an alert came here, or did not."
STOP = "Stop sending here"
DIGEST = "Digest"
NO_DIGEST = "None; “digest daily 08:00” sets one"
MANY = "There are more; the rest is not shown."
PASSES = "fits"
FAILS = "does not fit"
ALL_ALERTS = "all alerts"
_LABELS = {"sla": "Answer", "sla_due": "Answer", "test": "Test alerts"}
NO_CONDITION = "The route has no filter: every alert of the partner fits."


def route(of: Route, partner: str, now_state: str) -> str:
    """One route in a line: what, since when, by whom, and what stands in the way."""
    what = f"{partner}: {of.filter or ALL_ALERTS}" if partner else of.filter or ALL_ALERTS
    return "; ".join([what, since(of), *obstacles(of, now_state)])


def since(of: Route) -> str:
    by = f" by {of.by_name}" if of.by_name else ""
    if not of.on:
        return f"turned off{by}"
    if of.begun_at is None:
        return f"on{by}"
    return f"since {texts.when(of.begun_at)}{by}"


def obstacles(of: Route, state: str) -> list[str]:
    """What keeps alerts from being sent there now."""
    if not of.on:
        return []
    said = []
    if state != ConversationState.ACTIVE:
        said.append(
            f"nothing arrives: {delivery.stopped(state)}"
            if state
            else "nothing arrives yet: nobody added the bot there"
        )
    if not of.summarised:
        said.append("begins after the first reading of all alerts")
    return said


def why_title(record: AlertRecord, *, came: bool) -> str:
    return f"Why {record.label} {'came here' if came else 'did not come here'}"


def reason(of: Reason, route: Route | None, state: str) -> str:
    begun = texts.when(route.begun_at) if route is not None and route.begun_at else texts.UNKNOWN
    said = {
        Reason.CARD: "It has its own card here, because it fits the route's filter.",
        Reason.CARD_WAITS: "Its card is on the way: Teams has not confirmed it yet.",
        Reason.ROLLUP: "It came in a storm: a roll-up stands for it here, in the place of a card of its own.",
        Reason.FIRST_CARDS: f"It was open already when the route began ({begun}), and among the worst of those.",
        Reason.STAYS: "As things stand now it would not come any more, but what stands here is kept up to date.",
        Reason.NO_ROUTE: "The alerts of its partner are not sent here. An Admin Agent can say “subscribe”.",
        Reason.OFF: f"The route is turned off{_by(route)}.",
        Reason.SILENT: f"This conversation takes nothing: {delivery.stopped(state)}.",
        Reason.FILTER: f"It does not fit the route's filter, {_filter(route)}.",
        Reason.NOT_BEGUN: "The route has not begun: the first reading of all alerts is not over.",
        Reason.DECIDED_BEFORE: "It was decided already when it was first seen here, and only open alerts get a card.",
        Reason.TOO_OLD: f"It was there when the route began ({begun}), and detected more than a day before that. Such alerts are only counted in the summary.",
        Reason.COUNTED: f"It was there when the route began ({begun}). Then the ten worst of the last day get a card, and the others are counted in the summary.",
        Reason.UNKNOWN: "It fits as things stand now, so filter, status or route were others when it arrived. A missing card is noticed and sent by itself within minutes.",
    }
    return said[of]


def term(of: Term, record: AlertRecord, customer: str) -> str:
    """What is wanted and what the alert has: `does not fit: wanted high,medium, is low`."""
    actual = _actual(of.name, record, customer)
    verdict = PASSES if of.passes else FAILS
    return f"{verdict}: wanted {_wanted(of)}{f', is {actual}' if actual else ''}"


def label(name: str) -> str:
    """A filter's name at the head of a line."""
    return _LABELS.get(name, name.capitalize())


def where_title(record: AlertRecord) -> str:
    return f"Where {record.label} came, and why"


def digests(kinds: Sequence[str], times: Sequence[str]) -> str:
    """`daily at 08:00 Europe/Stockholm`; what to say where there is none."""
    said = [f"{kind} at {time}" for kind, time in zip(kinds, times, strict=True)]
    return ", ".join(said) or NO_DIGEST


def seen(record: AlertRecord) -> str:
    return f"Detected {texts.when(record.alert.detected_at)}, first seen here {texts.when(record.first_seen_at)}."


def fallback(said: Sequence[str]) -> str:
    return " ".join(said)


def _by(route: Route | None) -> str:
    return f" by {route.by_name}" if route is not None and route.by_name else ""


def _filter(route: Route | None) -> str:
    return route.filter if route is not None and route.filter else ALL_ALERTS


def _wanted(of: Term) -> str:
    """As one writes it in a filter, behind the colon."""
    name, wanted = of.name, of.wanted
    if name in ("since", "until"):
        return f"{texts.when(wanted)} or {'later' if name == 'since' else 'earlier'}"
    if name == "status" and wanted is True:
        return "unresolved"
    if name == "sla":
        return "breached" if wanted else "met"
    if name == "sla_due":
        return "due"
    if isinstance(wanted, bool):
        return "yes" if wanted else "no"
    if isinstance(wanted, str):
        return wanted
    return ", ".join(str(each) or "nobody" for each in sorted(wanted))


def _actual(name: str, record: AlertRecord, customer: str) -> str:
    """What the alert has there, empty where that says nothing more."""
    alert = record.alert
    known = {
        "status": texts.status_word(alert.status).lower(),
        "severity": texts.severity_word(alert.severity).lower(),
        "type": alert.alert_type,
        "customer": customer,
        "reseller": record.reseller_name or alert.reseller_tenant_id or "none",
        "subscription": alert.subscription_id or "none",
        "since": texts.when(alert.detected_at),
        "until": texts.when(alert.detected_at),
        "test": "a test" if alert.is_test else "no test",
        "assigned": record.work.assigned_name or "nobody's",
    }
    return known.get(name, "")
