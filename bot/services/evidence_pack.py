"""Evidence packs: which subscription is meant, everything about it out of the store, and the pack as a stream.

Whether a person may have it is the caller's to check.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from bot.domain.alerts import AlertRecord
from bot.domain.audit import AuditRow, Head
from bot.domain.evidence import MOST_ALERTS, MOST_REQUESTS, MOST_ROWS, Pack, write_zip
from bot.domain.filters import AlertQuery
from bot.domain.refund import counts, used_since
from bot.errors import Unknown
from bot.ports import Environment, Transaction
from bot.services.evidence_files import files
from bot.services.lookup import Lookup
from bot.texts import evidence as texts

ALERT_BYTES = 4000
"""What an alert takes on the average, for the size that Teams shows before the file exists."""
_CHUNK = 1 << 18
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_LABEL = re.compile(r"A-(\d{1,12})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a pack is about: a subscription's id, or the number of an alert that names none; of how many alerts."""

    partner: str
    name: str
    alerts: int


async def subject_of(env: Environment, record: AlertRecord) -> Subject:
    """The alert's subscription, or the alert alone where it names none."""
    alert = record.alert
    if not _GUID.fullmatch(alert.subscription_id):
        return Subject(alert.partner, record.label, 1)
    async with env.store.read() as tx:
        count = await tx.alerts.count(_query(alert.partner, alert.subscription_id))
    return Subject(alert.partner, alert.subscription_id.lower(), min(count, MOST_ALERTS))


async def find(env: Environment, reference: str, readable: frozenset[str]) -> Subject:
    """What the words mean: a subscription with alerts, or else an alert. Raises Unknown or UserError as the look-up of
    alerts does."""
    word = reference.strip().strip("#.,;")
    if (subject := await of_subscription(env, word, readable)) is not None:
        return subject
    if not word:
        raise Unknown(texts.USAGE, code="nothing_named")
    return await subject_of(env, await Lookup(env).reference(word, readable, whole=False))


async def of_subscription(env: Environment, subscription_id: str, readable: frozenset[str]) -> Subject | None:
    """The subscription, where one of these partners has alerts of it."""
    if not _GUID.fullmatch(subscription_id):
        return None
    async with env.store.read() as tx:
        for partner in sorted(readable):
            count = await tx.alerts.count(_query(partner, subscription_id))
            if count:
                return Subject(partner, subscription_id.lower(), min(count, MOST_ALERTS))
    return None


def file_name(subject: Subject, now: datetime) -> str:
    """Of our own signs only, whatever a source may send for a subscription."""
    return f"evidence-{re.sub(r'[^A-Za-z0-9-]', '', subject.name)[:40]}-{now:%Y%m%d}.zip"


async def stream(env: Environment, partner: str, subject: str) -> AsyncIterator[bytes]:
    """The pack as things stand when this begins. Raises Unknown where nothing is known of the subject."""
    pack = await gather(env, partner, subject)
    with await asyncio.to_thread(tempfile.TemporaryFile) as file:
        await asyncio.to_thread(_write, pack, file)
        while part := await asyncio.to_thread(file.read, _CHUNK):
            yield part


def _write(pack: Pack, file: IO[bytes]) -> None:
    write_zip(files(pack), file)
    file.seek(0)


async def gather(env: Environment, partner: str, subject: str) -> Pack:
    """All about a subscription id, or about an alert by its number."""
    async with env.store.read() as tx:
        head = Head(partner, *await tx.audit.head(partner))
        records, found = await _records(tx, partner, subject)
        if not records:
            raise Unknown(texts.nothing_about(subject), code="nothing_there")
        notes = await tx.alerts.notes(record.alert.key for record in records)
        subscriptions = sorted({record.alert.subscription_id.lower() for record in records} - {""})
        requests = [
            request
            for subscription in subscriptions
            for request in await tx.cancellations.of_subscription(partner, subscription, MOST_REQUESTS)
        ]
        subjects = {record.label for record in records} | {request.label for request in requests} | {*subscriptions}
        rows, rows_found, as_of = await _rows(tx, head, subjects)
    name = env.partners[partner].name if partner in env.partners else partner
    return Pack(
        subject=subject,
        partner=partner,
        partner_name=name,
        records=records,
        alerts=found,
        notes=notes,
        requests=tuple(sorted(requests, key=lambda request: request.number)),
        rows=tuple(rows),
        rows_found=rows_found,
        head=head,
        as_of=as_of,
    )


async def _records(tx: Transaction, partner: str, subject: str) -> tuple[tuple[AlertRecord, ...], int]:
    """The alerts, earliest usage first, and how many there are. Of too many those that are fraud come first."""
    if label := _LABEL.fullmatch(subject):
        record = await tx.alerts.by_number(int(label[1]), frozenset({partner}))
        return ((record,), 1) if record is not None else ((), 0)
    fraud: list[AlertRecord] = []
    others: list[AlertRecord] = []
    count = 0
    async for record in tx.alerts.stream(_query(partner, subject)):
        count += 1
        kept = fraud if counts(record.alert) else others
        kept.append(record)
        if len(kept) >= 2 * MOST_ALERTS:
            _keep_earliest(kept)
    _keep_earliest(fraud)
    _keep_earliest(others)
    chosen = [*fraud, *others][:MOST_ALERTS]
    return tuple(sorted(chosen, key=_age)), count


def _keep_earliest(records: list[AlertRecord]) -> None:
    records.sort(key=_age)
    del records[MOST_ALERTS:]


def _age(record: AlertRecord) -> tuple[datetime, int]:
    return used_since(record.alert), record.number


async def _rows(tx: Transaction, head: Head, subjects: set[str]) -> tuple[list[AuditRow], int, datetime | None]:
    rows: list[AuditRow] = []
    found, as_of = 0, None
    async for row in tx.audit.rows(head.partner):
        if row.seq > head.count:
            break
        as_of = row.at
        if row.entry.subject in subjects:
            found += 1
            if len(rows) < MOST_ROWS:
                rows.append(row)
    return rows, found, as_of


def _query(partner: str, subscription_id: str) -> AlertQuery:
    return AlertQuery(frozenset({partner}), subscriptions=(subscription_id,))
