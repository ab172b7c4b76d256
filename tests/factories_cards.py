"""Sample views of every card, as the presenter would make them: usual, hostile, empty, over-full, in every state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from bot.chat.presenter import Place
from bot.chat.request_views import approvals_view, request_view
from bot.chat.rollup_views import rollup_view
from bot.domain.cancellations import State
from bot.domain.storms import EVERYTHING, RollUpState
from bot.texts import bulk as bulk_texts
from cards import (
    alert_card,
    approvals_card,
    details_card,
    form_card,
    help_card,
    info_card,
    list_card,
    request_card,
    rollup_card,
    saved_filters_card,
    shared_card,
)
from cards.actions import (
    ALERT_DETAILS,
    ALERT_FRAUD,
    ALERT_IGNORE,
    ALERT_INVESTIGATE,
    ALERT_LEGITIMATE,
    ALERT_NOTE,
    ALERT_REVERDICT,
    ALERTS_BULK,
    CANCELLATION_ASK,
    EXPORT_RUN,
    LIST_PAGE,
    ROUTE_ON,
    SUBSCRIPTION_CANCEL,
)
from cards.dashboard import dashboard_card
from cards.elements import Json
from cards.views import (
    AlertView,
    Button,
    Choice,
    Command,
    DetailsView,
    Fact,
    Field,
    FormView,
    HelpView,
    InfoView,
    Line,
    ListView,
    Refresh,
    Row,
    Section,
    SeverityView,
)
from tests import (
    factories_bulk,
    factories_dashboard,
    factories_digest,
    factories_drills,
    factories_escalation,
    factories_lists,
    factories_scores,
    factories_searching,
    factories_working,
)
from tests.factories import FABRIKAM, NORTHWIND, NOW
from tests.factories_requests import ALERTS, AND_NEW, MARKED, MARKS, card, personal_card, reactivation, request
from tests.factories_storms import OF_CUSTOMER, census, rollup, worst

HIGH = SeverityView("high", "High")
MEDIUM = SeverityView("medium", "Medium")
LOW = SeverityView("low", "Low")
INFORMATIONAL = SeverityView("informational", "Informational")
UNKNOWN = SeverityView("unknown", "catastrophic")

SUBSCRIPTION = "7c4f1f0e-9d2a-4c0b-8d57-0c1b5e2f3a64"
CUSTOMER = "b44bb1fb-c595-45b0-9e0e-d657365580fc"
ACT = {"alert": 1042, "version": 7, "card": "01JD3V8N2K7Q4W9X5Y6Z0A1B2C"}

HOSTILE = (
    "[Reset **your** password](https://evil.example.com/a?b=c)\r\n# Breaking <at>Ada Admin</at> "
    "{{DATE(2026-01-02T03:04:05Z, SHORT)}} \u202egnp.exe\u200b www.evil.com evil.com/login javascript:alert(1) "
    "\x1b[31m`code` ![x](http://evil.com/x.png) \"quotes\" \\back ${user} =cmd|'/c calc'!A1 "
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334algo \ud800"
)

ACTS = (
    Button("Mark legitimate", verb=ALERT_LEGITIMATE, data=ACT),
    Button("Mark as fraud", verb=ALERT_FRAUD, data=ACT),
    Button("Cancel subscription", "dialog", SUBSCRIPTION_CANCEL, ACT),
    Button("Investigate", verb=ALERT_INVESTIGATE, data=ACT, secondary=True),
    Button("Ignore", verb=ALERT_IGNORE, data=ACT, secondary=True),
    Button("Details", verb=ALERT_DETAILS, data=ACT, secondary=True),
    Button("Add a note", "dialog", ALERT_NOTE, ACT, secondary=True),
    Button(
        "Open in Partner Center",
        "url",
        url="https://partner.microsoft.com/dashboard/v2/customers/alerts",
        secondary=True,
    ),
    Button(
        "Manage subscription",
        "url",
        url=f"https://portal.azure.com/{CUSTOMER}#resource/subscriptions/{SUBSCRIPTION}/overview",
        secondary=True,
    ),
)
AFTERWARDS = (
    Button("Details", verb=ALERT_DETAILS, data=ACT),
    Button("Change verdict", "dialog", ALERT_REVERDICT, ACT, secondary=True),
    Button("Add a note", "dialog", ALERT_NOTE, ACT, secondary=True),
)

ALERT = AlertView(
    label="A-1042",
    severity=HIGH,
    title="Azure subscription is creating virtual machines at an anomalous rate",
    badges=(Line("Northwind Cloud", "accent", strong=True),),
    status=Line("Active", strong=True),
    deadline=Line("Respond by 14:05 UTC", "attention", strong=True),
    decision=(),
    facts=(
        Fact("Customer", "Alpine Ski House"),
        Fact("Reseller", "Trey Research (indirect reseller)"),
        Fact("Subscription", "Azure plan – production"),
        Fact("Subscription ID", SUBSCRIPTION, monospace=True),
        Fact("Type", "Azure Usage · virtualMachineCreationAnomaly"),
        Fact("Confidence", "High"),
        Fact("First observed", "21 Nov 2026, 12:41 UTC"),
        Fact("Last observed", "21 Nov 2026, 13:02 UTC"),
    ),
    resources_title="Affected resources",
    resources=(
        "vm-westeu-0417 · Microsoft.Compute/virtualMachines",
        "vm-westeu-0418 · Microsoft.Compute/virtualMachines",
        "batch-pool-render-eastus2 · Microsoft.Batch/batchAccounts",
    ),
    buttons=ACTS,
    hint="Buttons not working? Reply here: mark A-1042 fraud",
    refresh=Refresh(ACT, user_ids=tuple(f"29:1person-{number}" for number in range(8))),
    fallback_text="A-1042, high severity: virtual machines are created at an anomalous rate. Alpine Ski House.",
)
FRAUD = replace(
    ALERT,
    status=Line("Fraud", "attention", strong=True),
    deadline=None,
    decision=(
        Line("Marked by Ada Admin, 21 Nov 2026, 13:19 UTC"),
        Line("“Nobody at the customer knows these machines.”"),
    ),
    buttons=AFTERWARDS,
)
LEGITIMATE = replace(
    FRAUD,
    severity=MEDIUM,
    status=Line("Legitimate", "good", strong=True),
    decision=(Line("Marked in Partner Center by ada@northwind.example, 21 Nov 2026, 13:19 UTC"),),
)
PENDING = replace(
    ALERT,
    severity=LOW,
    status=Line("Being marked as fraud by Ada Admin …", "accent", strong=True),
    buttons=ACTS[5:],
    badges=(Line("TEST", "warning", strong=True), Line("Possible repeat", "subtle"), Line("Northwind Cloud")),
)
OVERDUE = replace(
    ALERT,
    severity=UNKNOWN,
    status=Line("Investigating by Max Manager", "accent", strong=True),
    deadline=Line("Was due by 14:05 UTC, 25 min ago", "attention", strong=True),
    title="quantumKeyTheft",
    resources=(),
)

TITLES = (
    "Azure subscription is creating virtual machines at an anomalous rate",
    "Sign-in from an unfamiliar location by a global administrator",
    "Suspicious role assignment",
)
CUSTOMERS = ("Alpine Ski House", "Contoso", "Graphic Design Institute")
STATUSES = (
    Line("Active", strong=True),
    Line("Investigating", "accent"),
    Line("Fraud", "attention"),
    Line("Legitimate", "good"),
)
ROWS = tuple(
    Row(
        label=f"A-{1042 - number}",
        severity=(HIGH, MEDIUM, LOW, INFORMATIONAL, UNKNOWN)[number % 5],
        title=TITLES[number % 3],
        detail=f"{CUSTOMERS[number % 3]} · 21 Nov 2026, 13:{59 - number:02} UTC",
        status=STATUSES[number % 4],
        open=Button(f"Open A-{1042 - number}", verb=ALERT_DETAILS, data={**ACT, "alert": 1042 - number}),
    )
    for number in range(10)
)
WORDS = "severity:high,medium since:7d"
LIST = ListView(
    title="Unresolved alerts",
    subtitle="severity high or medium · since 7 days · page 2 of 7",
    rows=ROWS,
    empty="No alert matches. Try: show all",
    buttons=(
        Button("Previous", verb=LIST_PAGE, data={"words": WORDS, "trail": ["01JD3V8N2K"]}),
        Button(
            "Next",
            verb=LIST_PAGE,
            data={"words": WORDS, "trail": ["01JD3V8N2K"] * 2},
        ),
        Button("Export as CSV", verb=EXPORT_RUN, data={"words": WORDS}),
    ),
    fallback_text="Unresolved alerts, page 2 of 7.",
)
DESCRIPTION = """Virtual machines were created in a region that this subscription had not used in the 30 days before.

We recommend that you contact the customer, and that you cancel the subscription if nobody knows these machines."""
DETAILS = DetailsView(
    label="A-1042",
    severity=HIGH,
    title=ALERT.title,
    status=Line("Active · respond by 14:05 UTC", "attention", strong=True),
    sections=(
        Section("Alert", facts=ALERT.facts),
        Section(
            "Description",
            paragraphs=(DESCRIPTION,),
        ),
        Section("Affected resources", items=ALERT.resources, more="and 12 more"),
        Section(
            "Additional details",
            facts=(
                Fact("callerIp", "203.0.113.77", monospace=True),
                Fact("resourceGroup", "rg-render-temporary", monospace=True),
                Fact("quotaChange", "cores: 10 → 350"),
            ),
        ),
        Section(
            "Activity log",
            items=(
                "21 Nov 2026, 12:50 UTC · active → investigating · ada@northwind.example",
                "21 Nov 2026, 12:49 UTC · active",
            ),
        ),
    ),
    buttons=ACTS,
    fallback_text=ALERT.fallback_text,
)
HELP = HelpView(
    title="What Alert Desk understands",
    intro="In a channel mention me first; here just type.",
    commands=(
        Command("show", "the unresolved alerts of this channel's partners"),
        Command("show A-1042", "one alert with everything that is known"),
        Command("show resolved severity:high since:7d", "the same with filters"),
        Command("mark A-1042 legitimate|fraud|ignore [note]", "decides an alert"),
        Command("investigate A-1042", "tells the others that you are on it"),
        Command("note A-1042 <text>", "leaves a note"),
        Command("export [the words of show]", "the same alerts as a CSV file"),
        Command("subscribe", "sends new alerts of your partner here"),
        Command("whoami", "your roles as Microsoft Graph reports them"),
    ),
    outro=(
        "Filters: severity, type, customer, subscription, partner, since, until, age, assigned, test.",
        "More: help show",
    ),
    fallback_text="Commands: show, mark, investigate, note, export, subscribe, whoami.",
)
INFO = InfoView(
    title="Alerts can come here",
    lines=(
        Line("Alert Desk is installed in this channel and sends nothing yet."),
        Line("An Admin Agent starts it.", "subtle"),
    ),
    facts=(Fact("Partner", "Northwind Cloud"), Fact("Open alerts", "14, 3 of them high", tone="attention")),
    items=("Alerts younger than 24 hours come as cards", "Older ones are in the list"),
    buttons=(Button("Send alerts here", verb=ROUTE_ON),),
    fallback_text="Alert Desk is installed. An Admin Agent can say: subscribe",
)
FORM = FormView(
    title="Change the verdict of A-1042",
    lines=(Line("Fraud, by Ada Admin, 21 Nov 2026, 13:19 UTC"),),
    facts=(Fact("Customer", "Alpine Ski House"),),
    fields=(
        Field(
            "verdict",
            "New verdict",
            required=True,
            error="Choose one.",
            choices=(Choice("legitimate", "Legitimate"), Choice("ignore", "Ignore")),
        ),
        Field(
            "reason",
            "Why",
            required=True,
            error="Say why, for the record.",
            placeholder="Seen by everybody",
            multiline=True,
        ),
    ),
    submit=Button("Change verdict", "submit", ALERT_REVERDICT, ACT),
    fallback_text="Change the verdict of A-1042.",
)

ASK_FORM = FormView(
    title="Cancel Azure subscription",
    lines=(Line("Production web shop", strong=True), Line("Nothing happens yet.")),
    facts=(Fact("Customer", "Contoso Ltd"), Fact("Subscription ID", SUBSCRIPTION, monospace=True)),
    sections=(Section("What will happen", items=("Every resource stops.", "Its data is deleted."), more="and 2 more"),),
    fields=(
        Field("reason", "Why", required=True, error="Say why.", multiline=True, max_length=1000, value="mining"),
        Field(
            "consent",
            "Was the customer reached?",
            required=True,
            error="Choose one.",
            choices=(Choice("agreed", "Yes, and they agree"), Choice("unreachable", "No")),
        ),
        Field("confirm", "The last 6 characters", required=True, error="Type them.", max_length=6),
    ),
    submit=Button("Ask to cancel", "submit", CANCELLATION_ASK, {"kind": "cancel", "subscription": SUBSCRIPTION}),
    fallback_text="Cancel Azure subscription.",
)
PLACE = Place("https://portal.azure.com", {NORTHWIND: "Northwind", FABRIKAM: "Fabrikam"})
REQUEST = request_view(request(), AND_NEW, PLACE, NOW, card=card(), two_person=True)
PERSONAL = request_view(request(), ALERTS, PLACE, NOW, card=personal_card(), two_person=True)
ALONE = request_view(reactivation(), ALERTS, PLACE, NOW, card=None, two_person=False)
APPROVALS = approvals_view([request(), reactivation(), *map(request, list(State)[1:])], PLACE, NOW)
CANCELLING = replace(
    ALERT, notice=Line("Cancelling the subscription was asked for by Ada (R-12)", "warning", strong=True)
)
CANCELLED = replace(FRAUD, notice=Line("Subscription cancelled 21 Nov 2026, 14:20 UTC (R-12)", "good", strong=True))

BULK = (
    Button("Mark these 50 active…", "dialog", ALERTS_BULK, {"set": "0f3c"}),
    Button("Mark these 3 investigating…", "dialog", ALERTS_BULK, {"set": "1a2b"}),
)
ROLLUP = rollup_view(rollup(), census(), worst(), PLACE, NOW, buttons=BULK)
STORM = rollup_view(rollup(EVERYTHING, rank=2, replaces=True), census(), worst(), PLACE, NOW)
CALMING = rollup_view(
    rollup(OF_CUSTOMER, state=RollUpState.CALMING, closed_at=NOW, repeat=True), census(), worst(3), PLACE, NOW
)
ALL_DECIDED = rollup_view(
    rollup(state=RollUpState.CLOSED, closed_at=NOW), census(unresolved=0, unresolved_by_severity=()), [], PLACE, NOW
)

Build = Callable[[Any], Json]


@dataclass(frozen=True)
class Sample:
    name: str
    build: Build
    view: Any

    def card(self) -> Json:
        return self.build(self.view)


def texts_replaced(view: Any, text: str) -> Any:
    """The view with every text that is read set to `text`; what the program itself decides by is kept."""
    if isinstance(view, str):
        return text
    if isinstance(view, tuple):
        return tuple(texts_replaced(part, text) for part in view)
    if not is_dataclass(view):
        return view
    kept = {"kind", "verb", "data", "url", "tone", "level", "id", "user_ids"} | (
        {"value"} if isinstance(view, Choice) else set()
    )
    changed: dict[str, Any] = {}
    for field in fields(view):
        value = getattr(view, field.name)
        if field.name not in kept and not isinstance(value, (Mapping, bool, int)) and value is not None:
            changed[field.name] = texts_replaced(value, text)
    return replace(view, **changed)  # type: ignore[type-var]


def emptied(view: Any) -> Any:
    """The view with empty texts and without its lists, down to what its type insists on."""
    lists = {field.name: () for field in fields(view) if isinstance(getattr(view, field.name), tuple)}
    none = {name: None for name in ("deadline", "refresh") if hasattr(view, name)}
    return texts_replaced(replace(view, **lists, **none), "")


def overfull(view: Any, factor: int = 20) -> Any:
    """The view with long texts and each of its lists many times as long."""
    long = texts_replaced(view, "Überlänge 長い文字列 🔥 " * 400)
    lists = {
        field.name: getattr(long, field.name) * (3 if field.name == "buttons" else factor)
        for field in fields(long)
        if isinstance(getattr(long, field.name), tuple)
    }
    return replace(long, **lists)


VIEWS: tuple[tuple[str, Build, Any], ...] = (
    ("alert", alert_card, ALERT),
    ("details", details_card, DETAILS),
    ("list", list_card, LIST),
    ("help", help_card, HELP),
    ("info", info_card, INFO),
    ("form", form_card, FORM),
    ("ask-form", form_card, ASK_FORM),
    ("request", request_card, REQUEST),
    ("approvals", approvals_card, APPROVALS),
    ("rollup", rollup_card, ROLLUP),
    ("shared", shared_card, factories_searching.SHARED),
    ("bulk-form", form_card, factories_bulk.form()),
    ("rows", list_card, factories_lists.rows(3)),
    ("saved-filters", saved_filters_card, factories_lists.saved(3)),
    ("dashboard", dashboard_card, factories_dashboard.ONE),
    *factories_digest.VIEWS,
    *factories_scores.VIEWS,
)
STATES: tuple[tuple[str, Build, Any], ...] = (
    ("dashboard-empty", dashboard_card, factories_dashboard.EMPTY),
    ("dashboard-late", dashboard_card, factories_dashboard.LATE),
    ("dashboard-one-day", dashboard_card, factories_dashboard.ONE_DAY),
    ("dashboard-several", dashboard_card, factories_dashboard.SEVERAL),
    ("dashboard-many", dashboard_card, factories_dashboard.MANY),
    ("alert-fraud", alert_card, FRAUD),
    ("alert-legitimate", alert_card, LEGITIMATE),
    ("alert-pending", alert_card, PENDING),
    ("alert-overdue-unknown-severity", alert_card, OVERDUE),
    ("alert-cancelling", alert_card, CANCELLING),
    ("alert-cancelled", alert_card, CANCELLED),
    ("request-personal", request_card, PERSONAL),
    ("request-reactivate-alone", request_card, ALONE),
    *(
        (
            f"request-{state.value}",
            request_card,
            request_view(request(state, marks=MARKS), MARKED, PLACE, NOW, card=card(), two_person=True),
        )
        for state in State
    ),
    ("approvals-empty", approvals_card, approvals_view([], PLACE, NOW)),
    ("rollup-of-everything", rollup_card, STORM),
    ("rollup-calming", rollup_card, CALMING),
    ("rollup-all-decided", rollup_card, ALL_DECIDED),
    ("bulk-form-incomplete", form_card, factories_bulk.form("Say why.", verdict="fraud", note="")),
    ("bulk-running", info_card, factories_bulk.running()),
    ("bulk-over", info_card, factories_bulk.over(done=42, failed=2, overtaken=2)),
    ("bulk-all-done", info_card, factories_bulk.all_done()),
    ("list-to-mark", list_card, replace(LIST, buttons=(*LIST.buttons, *BULK), hint=bulk_texts.hint("3f9a0c11d2e4"))),
    ("list-empty", list_card, replace(LIST, rows=(), buttons=())),
    ("list-one", list_card, factories_lists.rows(1)),
    ("list-many", list_card, factories_lists.rows(8)),
    ("details-mining", details_card, factories_lists.details(factories_lists.MINING)),
    ("details-reader", details_card, factories_lists.details(factories_lists.MINING, reader=True)),
    ("details-pending", details_card, factories_lists.details(factories_lists.LATE, pending=True)),
    ("details-fraud", details_card, factories_lists.details(factories_lists.FRAUD, cancelled=True)),
    ("details-advisory", details_card, factories_lists.details(factories_lists.ADVISORY)),
    ("details-unknown-type", details_card, factories_lists.details(factories_lists.STRANGE)),
    ("saved-filters-empty", saved_filters_card, factories_lists.saved(0)),
    *factories_working.VIEWS,
    *factories_escalation.VIEWS,
    ("alert-escalated", alert_card, replace(ALERT, badges=(factories_escalation.LEAD,))),
    *factories_digest.STATES,
    *factories_scores.STATES,
    *factories_drills.STATES,
)


def samples() -> Iterator[Sample]:
    """Every card x usual, each state, hostile, empty."""
    for name, build, view in (*VIEWS, *STATES):
        yield Sample(name, build, view)
    for name, build, view in VIEWS:
        yield Sample(f"{name}-hostile", build, texts_replaced(view, HOSTILE))
        yield Sample(f"{name}-no-texts", build, emptied(view))


SAMPLES = tuple(samples())
