"""The audit chain: each row's HMAC covers its content and the row before it, one chain per partner. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

GENESIS = "0" * 64
"""What stands in the place of the previous hash in a partner's first row."""

NO_PARTNER = "none"
"""What the chain of acts that concern no partner is called where a partner's name would stand."""


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


@dataclass(frozen=True, slots=True)
class Head:
    """How long a partner's chain is, and the hash of its last row. Kept elsewhere it shows later whether rows were cut
    off at the end, which no chain shows by itself."""

    partner: str
    count: int
    hash: str

    def told(self, name: str) -> str:
        """As `audit verify --head` takes it."""
        return f"{name or NO_PARTNER}={self.count}:{self.hash}"


class Fault(StrEnum):
    """What is wrong with a row, seen from the good row before it."""

    MISSING = "missing"  # its number is too high
    MOVED = "moved"  # its number was there already
    UNLINKED = "unlinked"  # it names another row before it
    CHANGED = "changed"  # its hash is not that of its content under this key


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


def fault_of(key: bytes, row: AuditRow, after: AuditRow | None) -> Fault | None:
    """Whether the row may stand after the good row `after`; None for `after` means that it should be the first."""
    previous, expected = (after.hash, after.seq + 1) if after else (GENESIS, 1)
    if row.seq != expected:
        return Fault.MISSING if row.seq > expected else Fault.MOVED
    if row.previous != previous:
        return Fault.UNLINKED
    real = row_hash(key, row.entry, row.seq, row.at, row.previous)
    return None if hmac.compare_digest(row.hash.encode(errors="replace"), real.encode()) else Fault.CHANGED


def first_fault(key: bytes, rows: list[AuditRow], after: AuditRow | None = None) -> AuditRow | None:
    """The first row that was changed, or before which one was removed or reordered. `rows` are one partner's, in
    order, from the first on, or from the one that follows the good row `after`."""
    for row in rows:
        if fault_of(key, row, after) is not None:
            return row
        after = row
    return None


class Walk:
    """One partner's rows looked through from the first on, in constant memory. It stops at the first fault."""

    def __init__(self, key: bytes, counts: Collection[int] = ()) -> None:
        """`counts`: after so many rows the hash is to be remembered."""
        self._key, self._counts = key, frozenset(counts)
        self._hashes = {0: GENESIS}
        self.last: AuditRow | None = None  # the last good row
        self.at_fault: AuditRow | None = None
        self.fault: Fault | None = None

    def take(self, row: AuditRow) -> bool:
        """The next row. False: it is at fault, and nothing after it is worth a look."""
        self.fault = fault_of(self._key, row, self.last)
        if self.fault is not None:
            self.at_fault = row
            return False
        self.last = row
        if row.seq in self._counts:
            self._hashes[row.seq] = row.hash
        return True

    @property
    def count(self) -> int:
        return self.last.seq if self.last else 0

    def head(self, partner: str) -> Head:
        return Head(partner, self.count, self.last.hash if self.last else GENESIS)

    def goes_through(self, head: Head) -> bool:
        """Whether the good rows begin with exactly those that the head stood for. Its count must be among `counts`."""
        return hmac.compare_digest(self._hashes.get(head.count, "").encode(), head.hash.encode(errors="replace"))
