"""Sample lists, saved filters and details, as the presenter makes them of alerts: one, many, of each kind, hostile."""

from __future__ import annotations

from dataclasses import replace

from bot.chat.details import details_view
from bot.chat.presenter import Place, row
from bot.domain.alerts import ActivityLogEntry, AffectedResource, AlertRecord, Note, Work
from bot.domain.cancellations import State
from bot.domain.filters import Sort
from bot.texts import lists as texts
from bot.texts import saved_filters as saved_texts
from cards.actions import EXPORT_RUN, FILTERS_FORGET, FILTERS_SAVE, LIST_PAGE
from cards.views import Button, DetailsView, ListView, SavedFilterRow, SavedFiltersView
from tests.factories import FABRIKAM, NORTHWIND, NOW, SUBSCRIPTION, alert, decision, intent, minutes, record, resolved
from tests.factories_requests import request

PLACE = Place("https://portal.azure.com", {NORTHWIND: "Northwind Cloud", FABRIKAM: "Fabrikam Distribution"})
_ID = "0f1e2d3c-aaaa-4bbb-8ccc-00000000000"
_MACHINE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-batch/providers/Microsoft.Compute/virtualMachines"

MINING = record(
    alert(
        f"{_ID}1",
        name="Action Required: Connections to mining pools detected",
        description="A resource of this subscription repeatedly connected to addresses of mining pools.\n"
        "1. Ask the customer whether they know the machine.\n2. Look at its activity log for who made it.\n"
        "3. If nobody knows it, mark this as fraud and cancel the subscription.",
        alert_type="networkConnectionsToCryptoMiningPools",
        detected_at=NOW - minutes(48),
        catalog_offer_id="MS-AZR-0017G",
        affected_resources=tuple(AffectedResource(f"{_MACHINE}/vm-gpu-0{n}", "AzureResource") for n in range(3)),
        additional_details=(
            ("VM_IP", '["10.0.0.4"]'),
            ("MiningPool_IP", '["203.0.113.7", "198.51.100.4"]'),
            ("ConnectionCount", "42"),
            ("Session", '{"caller":{"ip":"192.0.2.9","mfa":false},"started":"2026-03-01T11:02:03.1234567Z"}'),
        ),
    ),
    work=Work("ada-id", "Ada Lindqvist", NOW + minutes(60), "Ben"),
)
LATE = record(
    alert(f"{_ID}2", severity="medium", detected_at=NOW - minutes(200), reseller_tenant_id="x", status="investigating"),
    number=1041,
    customer_name="Graphic Design Institute of the Northern Provinces",
    reseller_name="Adatum Partners",
)
FRAUD = record(
    resolved(
        f"{SUBSCRIPTION}-{_ID}3",
        severity="low",
        partner=FABRIKAM,
        affected_resources=(AffectedResource(f"{_MACHINE}/vm-1", "AzureResource"),),
        activity_log=(ActivityLogEntry("active", "resolved", "kim@northwind.example", NOW - minutes(2)),),
    ),
    number=1040,
    decision=decision(note="Nobody at the customer knows these machines.", at=NOW - minutes(2)),
)
ADVISORY = record(
    alert(
        f"{_ID}4",
        name="Security advisory for this subscription",
        alert_type="ServiceHealthSecurityAdvisory",
        severity="informational",
        is_test=True,
        description="",
        subscription_id="",
        first_observed_at=None,
    ),
    number=7,
    customer_name="",
)
STRANGE = record(alert(f"{_ID}5", alert_type="quantumKeyTheft", severity="apocalyptic", status="dreaming"), number=1038)


def rows(count: int) -> ListView:
    """So many rows, with the buttons of a list in the middle."""
    some = (MINING, LATE, FRAUD, ADVISORY, STRANGE)
    many = [replace(some[n % len(some)], number=1042 - n) for n in range(count)]
    words = "all since:7d"
    paging = (
        Button("Previous", verb=LIST_PAGE, data={"words": words}),
        Button("Next", verb=LIST_PAGE, data={"words": words, "page": 3, "trail": ["4.1772367915000000.1042"]}),
        Button("Export these", verb=EXPORT_RUN, data={"words": words}),
    )
    orders = tuple(
        Button(texts.SORT_BY[sort], verb=LIST_PAGE, data={"words": f"{words} sort:{sort}"}, secondary=True)
        for sort in Sort
    )
    save = Button(saved_texts.SAVE_THESE, "dialog", FILTERS_SAVE, {"words": words}, secondary=True)
    return ListView(
        title=f"Alerts: {words}",
        subtitle=texts.page(9, 8 + count, 1001 if count > 1 else 1, Sort.SEVERITY),
        rows=tuple(row(each, NOW, PLACE) for each in many),
        empty="Nothing fits.",
        buttons=(*paging, *orders, save) if count > 1 else paging[2:],
        fallback_text=texts.fallback(count),
    )


def details(of: AlertRecord, *, reader: bool = False, pending: bool = False, cancelled: bool = False) -> DetailsView:
    note = Note(NOW - minutes(10), "x", "Ada Lindqvist", "Called back: nobody there started it.")
    return details_view(
        of,
        (note,) if of is MINING else (),
        PLACE,
        NOW,
        card_id="card-one",
        pending=intent() if pending else None,
        cancellation=request(State.DONE) if cancelled else None,
        reader=reader,
    )


def saved(count: int) -> SavedFiltersView:
    words = ("unresolved severity:high sort:deadline", 'all customer:"Graphic Design Institute" since:30d', "sla:due")
    return SavedFiltersView(
        title=saved_texts.TITLE_HERE,
        lead=saved_texts.LEAD,
        rows=tuple(
            SavedFilterRow(
                name=f"@urgent-{n}",
                words=words[n % 3],
                by="saved by Ada Lindqvist, 01 Mar 2026, 12:30 UTC",
                show=Button(f"Show @urgent-{n}", verb=LIST_PAGE, data={"words": words[n % 3]}),
                forget=Button(saved_texts.FORGET, verb=FILTERS_FORGET, data={"name": f"urgent-{n}"}),
            )
            for n in range(count)
        ),
        empty=saved_texts.EMPTY_HERE,
        fallback_text=saved_texts.fallback(count),
    )
