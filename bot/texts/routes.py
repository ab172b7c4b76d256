"""What is said about routes: what is sent where, what stands in the way, and why an alert came. Plain text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.alerts import AlertRecord
from bot.domain.people import ConversationState, Route
from bot.domain.routing import Reason, Term
from bot.texts import delivery
from bot.texts import en as texts
from bot.texts.catalogue import _

TITLE = _("What is sent here")
ALL_TITLE = _("What is sent where")
NONE_HERE = _("No partner's alerts are sent to this conversation. An Admin Agent can say “subscribe”.")
NONE_ANYWHERE = _(
    "The alerts of your partners are sent nowhere. Say “subscribe” in a channel, in a group chat or here."
)
ONLY_ADMIN_AGENTS = _(
    "In a personal chat only Admin Agents see where their partners' alerts go. In a channel anybody may ask what is sent there."
)
HINT = _("Say “routes A-1042” to see why an alert came here, or did not.")
STOP = _("Stop sending here")
DIGEST = _("Digest")
NO_DIGEST = _("None; “digest daily 08:00” sets one")
MANY = _("There are more; the rest is not shown.")
PASSES = "fits"
FAILS = _("does not fit")
ALL_ALERTS = _("all alerts")
_LABELS = {"sla": _("Answer"), "sla_due": _("Answer"), "test": _("Test alerts")}
NO_CONDITION = _("The route has no filter: every alert of the partner fits.")


def route(of: Route, partner: str, now_state: str) -> str:
    """One route in a line: what, since when, by whom, and what stands in the way."""
    what = f"{partner}: {of.filter or ALL_ALERTS}" if partner else of.filter or ALL_ALERTS
    return "; ".join([what, since(of), *obstacles(of, now_state)])


def since(of: Route) -> str:
    by = _(" by {by_name}").format(by_name=of.by_name) if of.by_name else ""
    if not of.on:
        return _("turned off{by}").format(by=by)
    if of.begun_at is None:
        return f"on{by}"
    return _("since {begun_at}{by}").format(begun_at=texts.when(of.begun_at), by=by)


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
    return _("Why {label} {further}").format(
        label=record.label, further=_("came here") if came else _("did not come here")
    )


def reason(of: Reason, route: Route | None, state: str) -> str:
    begun = texts.when(route.begun_at) if route is not None and route.begun_at else texts.UNKNOWN
    said = {
        Reason.CARD: _("It has its own card here, because it fits the route's filter."),
        Reason.CARD_WAITS: _("Its card is on the way: Teams has not confirmed it yet."),
        Reason.ROLLUP: _("It came in a storm: a roll-up stands for it here, in the place of a card of its own."),
        Reason.FIRST_CARDS: _(
            "It was open already when the route began ({begun}), and among the worst of those."
        ).format(begun=begun),
        Reason.STAYS: _("As things stand now it would not come any more, but what stands here is kept up to date."),
        Reason.NO_ROUTE: _("The alerts of its partner are not sent here. An Admin Agent can say “subscribe”."),
        Reason.OFF: _("The route is turned off{by}.").format(by=_by(route)),
        Reason.SILENT: _("This conversation takes nothing: {stopped}.").format(stopped=delivery.stopped(state)),
        Reason.FILTER: _("It does not fit the route's filter, {filter}.").format(filter=_filter(route)),
        Reason.NOT_BEGUN: _("The route has not begun: the first reading of all alerts is not over."),
        Reason.DECIDED_BEFORE: _(
            "It was decided already when it was first seen here, and only open alerts get a card."
        ),
        Reason.TOO_OLD: _(
            "It was there when the route began ({begun}), and detected more than a day before that. Such alerts are only counted in the summary."
        ).format(begun=begun),
        Reason.COUNTED: _(
            "It was there when the route began ({begun}). Then the ten worst of the last day get a card, and the others are counted in the summary."
        ).format(begun=begun),
        Reason.UNKNOWN: _(
            "It fits as things stand now, so filter, status or route were others when it arrived. A missing card is noticed and sent by itself within minutes."
        ),
    }
    return said[of]


def term(of: Term, record: AlertRecord, customer: str) -> str:
    """What is wanted and what the alert has: `does not fit: wanted high,medium, is low`."""
    actual = _actual(of.name, record, customer)
    verdict = PASSES if of.passes else FAILS
    return _("{verdict}: wanted {wanted}{further}").format(
        verdict=verdict, wanted=_wanted(of), further=_(", is {actual}").format(actual=actual) if actual else ""
    )


def label(name: str) -> str:
    """A filter's name at the head of a line."""
    return _LABELS.get(name, name.capitalize())


def where_title(record: AlertRecord) -> str:
    return _("Where {label} came, and why").format(label=record.label)


def digests(kinds: Sequence[str], times: Sequence[str]) -> str:
    """`daily at 08:00 Europe/Stockholm`; what to say where there is none."""
    said = [_("{kind} at {time}").format(kind=kind, time=time) for kind, time in zip(kinds, times, strict=True)]
    return ", ".join(said) or NO_DIGEST


def seen(record: AlertRecord) -> str:
    return _("Detected {detected_at}, first seen here {first_seen_at}.").format(
        detected_at=texts.when(record.alert.detected_at), first_seen_at=texts.when(record.first_seen_at)
    )


def fallback(said: Sequence[str]) -> str:
    return " ".join(said)


def _by(route: Route | None) -> str:
    return _(" by {by_name}").format(by_name=route.by_name) if route is not None and route.by_name else ""


def _filter(route: Route | None) -> str:
    return route.filter if route is not None and route.filter else ALL_ALERTS


def _wanted(of: Term) -> str:
    """As one writes it in a filter, behind the colon."""
    name, wanted = of.name, of.wanted
    if name in ("since", "until"):
        return _("{wanted} or {further}").format(
            wanted=texts.when(wanted), further="later" if name == "since" else "earlier"
        )
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
        "test": _("a test") if alert.is_test else _("no test"),
        "assigned": record.work.assigned_name or _("nobody's"),
    }
    return known.get(name, "")
