"""Exports: who asked for which alerts, audit trail or evidence pack, and the file itself, in bounded memory."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from datetime import timedelta

from bot.domain import csv_rows
from bot.domain.alerts import AlertRecord
from bot.domain.audit import AuditEntry
from bot.domain.filters import AlertQuery
from bot.domain.people import Partner, Person
from bot.domain.policy import Act
from bot.errors import Unknown
from bot.ports import Environment, ExportKind, ExportRequest
from bot.services import evidence, evidence_pack
from bot.services.evidence_pack import Subject
from bot.texts import exports

LIFE = timedelta(minutes=30)
_BATCH = 500
ROW_BYTES = 1500
"""What an alert takes on the average, for the size that Teams shows before the file exists."""


class Exports:
    def __init__(self, env: Environment) -> None:
        self._env = env

    async def ask(self, person: Person, wanted: AlertQuery) -> tuple[ExportRequest, str]:
        """Write the request down. Returns it with the token of its link, of which only the hash is kept."""
        now = self._env.clock.now()
        token = self._env.ids.token()
        async with self._env.store.read() as tx:
            rows = await tx.alerts.count(wanted)
        request = ExportRequest(
            id=self._env.ids.guid(),
            person_id=person.aad_id,
            tenant_id=person.tenant_id,
            query=wanted,
            file_name=f"alerts-{now:%Y%m%d-%H%M%S}.csv",
            rows=rows,
            expires_at=now + LIFE,
            token_hash=token_hash(token),
        )
        async with self._env.store.write() as tx:
            await tx.exports.add(request)
            for partner in sorted(wanted.partners):
                detail = {"export": request.id, "rows": rows}
                await tx.audit.append(
                    AuditEntry(partner, "export", "asked", person.aad_id, person.name, request.file_name, detail), now
                )
        return request, token

    async def ask_audit(self, person: Person, partner: Partner) -> tuple[ExportRequest, str]:
        """The same for a partner's audit trail. Whether the person may have it is the caller's to check."""
        name = re.sub(r"[^a-z0-9]+", "-", partner.name.lower()).strip("-") or partner.tenant_id
        file_name = f"audit-{name}-{self._env.clock.now():%Y%m%d}.jsonl"
        return await self._ask_evidence(person, partner.tenant_id, ExportKind.AUDIT, file_name)

    async def ask_pack(self, person: Person, subject: Subject) -> tuple[ExportRequest, str]:
        """The same for an evidence pack."""
        file_name = evidence_pack.file_name(subject, self._env.clock.now())
        return await self._ask_evidence(
            person, subject.partner, ExportKind.EVIDENCE, file_name, subject=subject.name, alerts=subject.alerts
        )

    async def _ask_evidence(
        self, person: Person, partner: str, kind: str, file_name: str, *, subject: str = "", alerts: int = 0
    ) -> tuple[ExportRequest, str]:
        now, export_id, token = self._env.clock.now(), self._env.ids.guid(), self._env.ids.token()
        detail = {"export": export_id} | ({"about": subject} if subject else {})
        entry = AuditEntry(partner, Act.EVIDENCE, "asked", person.aad_id, person.name, file_name, detail)
        async with self._env.store.write() as tx:
            row = await tx.audit.append(entry, now)
            request = ExportRequest(
                id=export_id,
                person_id=person.aad_id,
                tenant_id=person.tenant_id,
                query=AlertQuery(frozenset({partner})),
                file_name=file_name,
                rows=row.seq if kind == ExportKind.AUDIT else alerts,
                expires_at=now + LIFE,
                token_hash=token_hash(token),
                kind=kind,
                subject=subject,
            )
            await tx.exports.add(request)
        return request, token

    async def take(self, export_id: str, person_id: str, tenant_id: str = "") -> ExportRequest:
        """Consume a request, for the one who made it only. Raises Unknown otherwise, without saying which."""
        async with self._env.store.read() as tx:
            request = await tx.exports.get(export_id)
        if request is None or request.person_id != person_id or (tenant_id and request.tenant_id != tenant_id):
            raise Unknown(exports.GONE, code="export_gone")
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            taken = await tx.exports.take(export_id, now)
            if taken is None:
                raise Unknown(exports.GONE, code="export_gone")
            act = "export" if taken.kind == ExportKind.ALERTS else Act.EVIDENCE
            for partner in sorted(taken.query.partners):
                await tx.audit.append(
                    AuditEntry(partner, act, "done", person_id, "", taken.file_name, {"export": taken.id}), now
                )
        return taken

    def content(self, request: ExportRequest) -> AsyncIterator[bytes]:
        """The file that was asked for."""
        if request.kind == ExportKind.ALERTS:
            return self.stream(request.query)
        (partner,) = request.query.partners
        if request.kind == ExportKind.AUDIT:
            return evidence.stream(self._env, partner)
        return evidence_pack.stream(self._env, partner, request.subject)

    async def by_token(self, token: str) -> ExportRequest | None:
        async with self._env.store.read() as tx:
            request = await tx.exports.by_token(token_hash(token))
        return request if request is not None and request.expires_at > self._env.clock.now() else None

    async def stream(self, wanted: AlertQuery) -> AsyncIterator[bytes]:
        """The CSV: a header, then exactly the alerts that the query names."""
        yield csv_rows.header()
        names = {tenant: partner.name for tenant, partner in self._env.partners.items()}
        async with self._env.store.read() as tx:
            waiting: list[AlertRecord] = []
            async for record in tx.alerts.stream(wanted):
                waiting.append(record)
                if len(waiting) == _BATCH:
                    notes = await tx.alerts.notes(record.alert.key for record in waiting)
                    yield await asyncio.to_thread(csv_rows.batch, waiting, notes, names)
                    waiting = []
            if waiting:
                notes = await tx.alerts.notes(record.alert.key for record in waiting)
                yield await asyncio.to_thread(csv_rows.batch, waiting, notes, names)


def token_hash(token: str) -> str:
    """Of whatever a browser may send in place of a token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
