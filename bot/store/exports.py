"""Files that were asked for, until they are fetched."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select

from bot.domain.filters import AlertQuery, Sort
from bot.ports import ExportKind, ExportRequest
from bot.store.session import Session
from bot.store.tables import exports

KEPT = timedelta(days=1)
"""So long after its end a request can still be told from one that never was."""


class SqlExports:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, request: ExportRequest) -> None:
        values = {
            "id": request.id,
            "person_id": request.person_id,
            "tenant_id": request.tenant_id,
            "query": {
                **query_to_json(request.query),
                "kind": str(request.kind),
                "subject": request.subject,
                "audit": request.kind == ExportKind.AUDIT,  # what an older replica looks at
            },
            "file_name": request.file_name,
            "rows": request.rows,
            "expires_at": request.expires_at,
            "token_hash": request.token_hash,
        }
        await self._session.execute(insert(exports), values)

    async def get(self, export_id: str) -> ExportRequest | None:
        return await self._one(exports.c.id == export_id)

    async def by_token(self, token_hash: str) -> ExportRequest | None:
        return await self._one(exports.c.token_hash == token_hash) if token_hash else None

    async def take(self, export_id: str, now: datetime) -> ExportRequest | None:
        await self._session.execute(delete(exports).where(exports.c.expires_at < now - KEPT))
        found = await self._one(exports.c.id == export_id, exports.c.expires_at > now)
        # Whoever deletes the row has it: of two who read it, the second deletes nothing.
        taken = await self._session.changed(delete(exports).where(exports.c.id == export_id)) if found else 0
        return found if taken else None

    async def _one(self, *wanted: ColumnElement[bool]) -> ExportRequest | None:
        row = await self._session.first(select(exports).where(*wanted))
        return _request(row) if row is not None else None


def _request(row: Row[Any]) -> ExportRequest:
    return ExportRequest(
        id=row.id,
        person_id=row.person_id,
        tenant_id=row.tenant_id,
        query=query_from_json(row.query),
        file_name=row.file_name,
        rows=row._mapping["rows"],
        expires_at=row.expires_at,
        token_hash=row.token_hash,
        kind=_kind(row.query),
        subject=row.query.get("subject", ""),
    )


def _kind(stored: dict[str, Any]) -> str:
    """An older replica wrote at most whether it is an audit trail."""
    return str(stored.get("kind") or (ExportKind.AUDIT if stored.get("audit") else ExportKind.ALERTS))


def query_to_json(query: AlertQuery) -> dict[str, Any]:
    return {
        "partners": sorted(query.partners),
        "unresolved": query.unresolved,
        "statuses": sorted(query.statuses),
        "severities": sorted(query.severities),
        "types": sorted(query.types),
        "customers": list(query.customers),
        "resellers": list(query.resellers),
        "subscriptions": list(query.subscriptions),
        "detected_from": _moment_to_json(query.detected_from),
        "detected_to": _moment_to_json(query.detected_to),
        "sla_breached": query.sla_breached,
        "test": query.test,
        "now": _moment_to_json(query.now),
        "sla_due": query.sla_due,
        "alerts": list(query.alerts),
        "assigned": list(query.assigned),
        "snoozed": query.snoozed,
        "find": query.find,
        "anywhere": query.anywhere,
        "sort": query.sort.value,
    }


def query_from_json(stored: dict[str, Any]) -> AlertQuery:
    return AlertQuery(
        partners=frozenset(stored["partners"]),
        unresolved=stored["unresolved"],
        statuses=frozenset(stored["statuses"]),
        severities=frozenset(stored["severities"]),
        types=frozenset(stored["types"]),
        customers=tuple(stored["customers"]),
        resellers=tuple(stored.get("resellers", ())),  # absent in what an older replica wrote
        subscriptions=tuple(stored["subscriptions"]),
        detected_from=_moment_from_json(stored["detected_from"]),
        detected_to=_moment_from_json(stored["detected_to"]),
        sla_breached=stored["sla_breached"],
        test=stored["test"],
        now=_moment_from_json(stored["now"]),
        sla_due=stored.get("sla_due", False),
        alerts=tuple(stored.get("alerts", ())),
        assigned=tuple(stored.get("assigned", ())),
        snoozed=stored.get("snoozed"),
        find=stored.get("find", ""),
        anywhere=stored.get("anywhere", False),
        sort=Sort(stored.get("sort", Sort.SEVERITY)),
    )


def _moment_to_json(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _moment_from_json(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None
