"""The audit chain: each row's HMAC covers its content and the row before it, one chain per partner."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

GENESIS = "0" * 64
"""What stands in the place of the previous hash in a partner's first row."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something a person or the bot did or was refused. `partner` is empty for acts that concern none."""

    partner: str
    act: str
    outcome: str  # asked | done | denied | failed | overtaken | seen
    actor_id: str
    actor_name: str
    subject: str  # A-1042, a conversation id, a file name
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRow:
    entry: AuditEntry
    seq: int
    at: datetime
    previous: str
    hash: str


def row_hash(key: bytes, entry: AuditEntry, seq: int, at: datetime, previous: str) -> str:
    """HMAC-SHA256 over the row in one canonical form, as hex."""
    body = json.dumps(
        [
            previous,
            entry.partner,
            seq,
            at.isoformat(),
            entry.act,
            entry.outcome,
            entry.actor_id,
            entry.actor_name,
            entry.subject,
            dict(entry.detail),
        ],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
    )
    return hmac.new(key, body.encode(), hashlib.sha256).hexdigest()


def first_fault(key: bytes, rows: list[AuditRow], after: AuditRow | None = None) -> AuditRow | None:
    """The first row that was changed, or before which one was removed or reordered. `rows` are one partner's, in
    order, from the first on, or from the one that follows the good row `after`."""
    previous, expected = (after.hash, after.seq + 1) if after else (GENESIS, 1)
    for row in rows:
        if row.seq != expected or row.previous != previous:
            return row
        if not hmac.compare_digest(row.hash, row_hash(key, row.entry, row.seq, row.at, row.previous)):
            return row
        previous, expected = row.hash, row.seq + 1
    return None
