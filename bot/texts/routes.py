"""What is said about routes: what is sent where, what stands in the way, and why an alert came. Plain text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.alerts import AlertRecord
from bot.domain.people import BY_SETTINGS, ConversationState, Route
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
ALL_ALERTS = _("all alerts")
_LABELS = {"sla": _("Answer"), "sla_due": _("Answer"), "test": _("Test alerts")}
NO_CONDITION = _("The route has no filter: every alert of the partner fits.")


def route(of: Route, partner: str, now_state: str, refused: str = "") -> str:
    """One route in a line: what, since when, by whom, and what stands in the way."""
    what = f"{partner}: {of.filter or ALL_ALERTS}" if partner else of.filter or ALL_ALERTS
    return "; ".join([what, since(of), *obstacles(of, now_state, refused)])


def since(of: Route) -> str:
    if not of.on:
        said = _("turned off by {name}") if of.by_name else _("turned off")
    elif of.begun_at is None:
        said = _("on by {name}") if of.by_name else _("on")
    else:
        said = _("since {time} by {name}") if of.by_name else _("since {time}")
    return said.format(name=_who(of), time=texts.when(of.begun_at))


def obstacles(of: Route, state: str, refused: str = "") -> list[str]:
    """What keeps alerts from being sent there now. `refused`: what Teams said to the last card there."""
    if not of.on:
        return []
    said = []
    if not state:
        said.append(_("nothing arrives yet: nobody added the bot there"))
    elif state != ConversationState.ACTIVE:
        said.append(_("nothing arrives: {reason}").format(reason=delivery.stopped(state)))
    elif refused:
        said.append(_("Teams did not take the last card: {reason}").format(reason=refused.rstrip(".")))
    if not of.summarised:
        said.append(_("begins after the first reading of all alerts"))
    return said


def why_title(record: AlertRecord, *, came: bool) -> str:
    said = _("Why {label} came here") if came else _("Why {label} did not come here")
    return said.format(label=record.label)


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
        Reason.OFF: _turned_off(route),
        Reason.SILENT: _("This conversation takes nothing: {reason}.").format(reason=delivery.stopped(state)),
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
    if of.passes:
        said = _("fits: wanted {wanted}, is {actual}") if actual else _("fits: wanted {wanted}")
    else:
        said = _("does not fit: wanted {wanted}, is {actual}") if actual else _("does not fit: wanted {wanted}")
    return said.format(wanted=_wanted(of), actual=actual)


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


def _turned_off(route: Route | None) -> str:
    if route is not None and route.by_name:
        return _("The route is turned off by {name}.").format(name=_who(route))
    return _("The route is turned off.")


def _who(route: Route) -> str:
    return _("the settings") if route.by_name == BY_SETTINGS else route.by_name


def fallback(said: Sequence[str]) -> str:
    return " ".join(said)


def _filter(route: Route | None) -> str:
    return route.filter if route is not None and route.filter else ALL_ALERTS


def _wanted(of: Term) -> str:
    """As one writes it in a filter, behind the colon."""
    name, wanted = of.name, of.wanted
    if name in ("since", "until"):
        said = _("{time} or later") if name == "since" else _("{time} or earlier")
        return said.format(time=texts.when(wanted))
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
        "reseller": record.reseller_name or alert.reseller_tenant_id or _("none"),
        "subscription": alert.subscription_id or _("none"),
        "since": texts.when(alert.detected_at),
        "until": texts.when(alert.detected_at),
        "test": _("a test") if alert.is_test else _("no test"),
        "assigned": record.work.assigned_name or _("nobody's"),
    }
    return known.get(name, "")
