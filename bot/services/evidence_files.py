"""The files of an evidence pack: pages for people, tables for spreadsheets, JSON for programs. Pure.

Alert texts come from attackers: no formula lives in a table, no markup in a page, and no foreign text names a file.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain import csv_rows, refund
from bot.domain.audit_lines import head_line, row_lines
from bot.domain.evidence import Pack, alert_json, stamp
from bot.texts import en
from bot.texts import evidence as texts

_VERDICTS = ("Number", "Alert ID", "Verdict", "By", "By (object id)", "On", "In", "Why")
_REQUESTS = (
    *("Request", "What", "Subscription", "State", "Asked by", "Asked by (object id)", "Asked on", "Reason"),
    *("Customer", "About the customer", "Decided by", "Decided by (object id)", "Decided on", "Accepted on"),
    *("Ended on", "Outcome", "MS-RequestId"),
)
_NOTES = ("Number", "On", "By", "By (object id)", "Text")
_CELL = 2000
"""Characters of one cell of a page; the tables have all of it."""
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&#!@$^{}])")
_LINKS = re.compile(r"(?i)(:)(?=//)|(?<=www)(\.)|(?<=mailto)(:)|(?<=xmpp)(:)")


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    about: str
    what: str
    by: str


@dataclass(frozen=True, slots=True)
class _Part:
    """A headed part of a page: a table (its first row is the head), sentences, or both."""

    title: str
    lines: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()


def files(pack: Pack) -> Iterator[tuple[str, bytes]]:
    """Name and content of each, in the order in which they stand in the pack."""
    parts = _parts(pack)
    names = {pack.partner: pack.partner_name}
    yield "timeline.html", _html(texts.title(pack.subject), parts).encode()
    yield "timeline.md", _markdown(texts.title(pack.subject), parts).encode()
    yield "alerts.csv", csv_rows.header() + csv_rows.batch(pack.records, pack.notes, names)
    yield "verdicts.csv", csv_rows.encode([_VERDICTS, *_verdicts(pack)])
    yield "requests.csv", csv_rows.encode([_REQUESTS, *_requests(pack)])
    yield "notes.csv", csv_rows.encode([_NOTES, *_notes(pack)])
    for record in pack.records:
        yield f"alerts/{record.label}.json", alert_json(record.alert)
    yield "audit.jsonl", row_lines(pack.rows) + head_line(pack.head)


def timeline(pack: Pack) -> list[Event]:
    """Everything that happened, oldest first."""
    events: list[Event] = []

    def add(at: datetime | None, about: str, what: str, by: str) -> None:
        if at is not None:
            events.append(Event(at, about, what, by))

    for record in pack.records:
        alert, label = record.alert, record.label
        add(alert.first_observed_at, label, texts.FIRST_OBSERVED, texts.PARTNER_CENTER)
        add(alert.detected_at, label, texts.detected(alert.severity, alert.name), texts.PARTNER_CENTER)
        add(record.first_seen_at, label, texts.RECORDED, texts.ALERT_DESK)
        add(alert.last_observed_at, label, texts.LAST_OBSERVED, texts.PARTNER_CENTER)
        for entry in alert.activity_log:
            add(entry.at, label, texts.status_changed(entry.status_from, entry.status_to), entry.by)
        if (decision := record.decision) is not None:
            add(decision.at, label, texts.decided(decision.verdict, decision.via), decision.by_name)
        for note in pack.notes.get(alert.key, ()):
            add(note.at, label, texts.noted(note.text), note.by_name)
    for c in pack.requests:
        plan = c.plan
        add(plan.asked_at, c.label, texts.asked(plan.kind, plan.reason), plan.by_name)
        add(c.approved_at, c.label, texts.approved(plan.kind), c.approver_name)
        add(c.accepted_at, c.label, texts.accepted(plan.kind), texts.PARTNER_CENTER)
        add(c.ended_at, c.label, texts.ended(c.state, c.outcome), texts.ALERT_DESK)
    for row in pack.rows:
        if row.entry.act != "note":  # told above, with its words
            add(row.at, row.entry.subject, texts.audited(row.entry.act, row.entry.outcome), row.entry.actor_name)
    return sorted(events, key=lambda event: (event.at, event.about, event.what))


def _parts(pack: Pack) -> list[_Part]:
    first = refund.first_usage(record.alert for record in pack.records)
    customers = sorted({_customer(name, tenant) for name, tenant in _customers(pack)})
    glance = [
        (texts.ALERT if pack.subject.startswith("A-") else texts.SUBSCRIPTION, pack.subject),
        (texts.CUSTOMER, "; ".join(customers)),
        (texts.PARTNER, f"{pack.partner_name} ({pack.partner})"),
        (texts.COUNTED, texts.counted(len(pack.records), pack.alerts)),
        (texts.FIRST_USAGE, texts.when(first)),
        (texts.AS_OF, texts.when(pack.as_of)),
        (texts.HEAD, pack.head.told(pack.partner)),
    ]
    credit = [texts.CREDIT_PAID, texts.CREDIT_ASKED, texts.CREDIT_COUNTED, texts.CREDIT_SOURCE]
    if first is not None:
        clock = refund.RefundClock(pack.partner, "", pack.subject, first, 0, 0)
        credit.insert(-1, texts.last_day(clock.last_day))
    cut = (texts.rows_cut(len(pack.rows), pack.rows_found),) if len(pack.rows) < pack.rows_found else ()
    return [
        _Part(texts.AT_A_GLANCE, (texts.ALL_UTC,), (("", ""), *glance)),
        _Part(texts.ALERTS, table=(texts.ALERT_COLUMNS, *_alert_cells(pack))),
        _Part(texts.REQUESTS, table=(texts.REQUEST_COLUMNS, *_request_cells(pack))),
        _Part(texts.NOTES, table=(texts.NOTE_COLUMNS, *((n, at, by, said) for n, at, by, _, said in _notes(pack)))),
        _Part(texts.TIMELINE, cut, (texts.EVENT_COLUMNS, *_event_cells(pack))),
        _Part(texts.CREDIT, tuple(credit)),
        _Part(texts.FILES, table=(texts.FILE_COLUMNS, *texts.FILE_MEANINGS)),
    ]


def _customers(pack: Pack) -> set[tuple[str, str]]:
    return {(record.customer_name, record.alert.customer_tenant_id) for record in pack.records}


def _customer(name: str, tenant: str) -> str:
    return f"{name} ({tenant})" if name else tenant or en.UNKNOWN


def _alert_cells(pack: Pack) -> Iterator[tuple[str, ...]]:
    for record in pack.records:
        alert, decision = record.alert, record.decision
        yield (
            record.label,
            alert.name,
            en.severity_word(alert.severity),
            texts.when(alert.first_observed_at),
            texts.when(alert.detected_at),
            en.status_word(alert.status),
            en.verdict_word(decision.verdict) if decision else "",
            decision.by_name if decision else alert.resolved_by,
            texts.when(decision.at if decision else alert.resolved_at),
            decision.note if decision else "",
        )


def _request_cells(pack: Pack) -> Iterator[tuple[str, ...]]:
    for c in pack.requests:
        plan = c.plan
        yield (
            *(c.label, plan.kind, c.state, plan.by_name, texts.when(plan.asked_at), plan.reason),
            *(c.approver_name, texts.when(c.approved_at), c.outcome),
        )


def _event_cells(pack: Pack) -> Iterator[tuple[str, ...]]:
    return ((texts.when(event.at), event.about, event.what, event.by) for event in timeline(pack))


def _verdicts(pack: Pack) -> Iterator[tuple[str, ...]]:
    for record in pack.records:
        if (decision := record.decision) is not None:
            yield (
                *(record.label, record.alert.id, decision.verdict, decision.by_name, decision.by_id),
                *(stamp(decision.at) or "", texts.via(decision.via), decision.note),
            )


def _requests(pack: Pack) -> Iterator[tuple[str, ...]]:
    for c in pack.requests:
        plan = c.plan
        yield (
            *(c.label, plan.kind, plan.entitlement_id, c.state, plan.by_name, plan.by_id, stamp(plan.asked_at) or ""),
            *(plan.reason, plan.consent, plan.consent_note, c.approver_name, c.approver_id),
            *(stamp(c.approved_at) or "", stamp(c.accepted_at) or "", stamp(c.ended_at) or "", c.outcome),
            plan.request_id,
        )


def _notes(pack: Pack) -> Iterator[tuple[str, str, str, str, str]]:
    for record in pack.records:
        for note in pack.notes.get(record.alert.key, ()):
            yield record.label, stamp(note.at) or "", note.by_name, note.by_id, note.text


# Pages --------------------------------------------------------------------------------------------------------------

_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "h1,p{overflow-wrap:anywhere}div{overflow-x:auto;margin:.5rem 0 1.5rem}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{border:1px solid #ccc;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:break-word}"
    "th{background:#f3f3f3}td:first-child{white-space:nowrap}"
    "@page{size:landscape}@media print{body{font-size:11px}div{overflow:visible}td{overflow-wrap:anywhere}}"
)
"""Words stay whole: a wide table is scrolled. On paper nothing can be, so there a long word is broken."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def _html(title: str, parts: Sequence[_Part]) -> str:
    shown = html.escape(title)
    head = (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{shown}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{shown}</h1>\n"
    )
    return head + "".join(_html_part(part) for part in parts) + "</body>\n</html>\n"


def _html_part(part: _Part) -> str:
    lines = [f"<h2>{html.escape(part.title)}</h2>\n", *(f"<p>{_safe_html(line)}</p>\n" for line in part.lines)]
    if part.table and len(part.table) == 1:
        lines.append(f"<p>{html.escape(texts.NONE)}</p>\n")
    elif part.table:
        head, *rows = part.table
        lines.append("<div><table>\n")
        if any(head):
            lines.append(_html_row("th", head, html.escape))
        lines += [_html_row("td", row, _safe_html) for row in rows]
        lines.append("</table></div>\n")
    return "".join(lines)


def _html_row(tag: str, cells: Sequence[str], safe: Callable[[str], str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{safe(cell)}</{tag}>" for cell in cells) + "</tr>\n"


def _safe_html(text: str) -> str:
    return html.escape(_plain(text))


def _markdown(title: str, parts: Sequence[_Part]) -> str:
    return f"# {_safe_markdown(title)}\n" + "".join(_markdown_part(part) for part in parts)


def _markdown_part(part: _Part) -> str:
    lines = [f"\n## {part.title}\n", *(f"\n{_safe_markdown(line)}\n" for line in part.lines)]
    if part.table and len(part.table) == 1:
        lines.append(f"\n{texts.NONE}\n")
    elif part.table:
        head, *rows = part.table
        lines.append(f"\n{_markdown_row(head)}{_markdown_row(('---',) * len(head), safe=str)}")
        lines += [_markdown_row(row) for row in rows]
    return "".join(lines)


def _markdown_row(cells: Sequence[str], safe: Callable[[str], str] | None = None) -> str:
    return f"| {' | '.join((safe or _safe_markdown)(cell) for cell in cells)} |\n"


def _safe_markdown(text: str) -> str:
    """Every sign that could begin markup or a link stands for itself.
    https://github.github.com/gfm/#backslash-escapes https://github.github.com/gfm/#autolinks-extension-"""
    return _LINKS.sub(lambda found: f"\\{found[0]}", _MARKDOWN.sub(r"\\\1", _plain(text)))


def _plain(text: str) -> str:
    """In one line, without what turns writing around or hides in it, and no longer than a cell may be."""
    shown = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text[:_CELL])
    return " ".join(shown.split()) + ("\u2026" if len(text) > _CELL else "")
