"""A partner's audit chain as JSON Lines: one row a line, and in the last line the head. Pure.

A line has one form only, byte for byte: whatever somebody adds to a row that its hash does not cover shows too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from bot.domain.audit import AuditEntry, AuditRow, Head


def row_lines(rows: Iterable[AuditRow]) -> bytes:
    return b"".join(_row_line(row) for row in rows)


def head_line(head: Head) -> bytes:
    return _line({"head": {"partner": head.partner, "count": head.count, "hash": head.hash}})


def read_row(partner: str, line: bytes) -> AuditRow:
    """The row of a line (with or without its end). Raises ValueError where it is none, or written in another form."""
    found = _object(line)
    try:
        texts = {name: _text(found[name]) for name in ("act", "outcome", "actor_id", "actor_name", "subject")}
        entry = AuditEntry(partner=partner, detail=found["detail"], **texts)
        at = datetime.fromisoformat(_text(found["at"]))
        row = AuditRow(entry, found["seq"], at, _text(found["previous"]), _text(found["hash"]))
        if type(row.seq) is not int or not isinstance(found["detail"], dict):
            raise ValueError("not a row")
        if _row_line(row) != _ended(line):
            raise ValueError("not in the form in which it was written")
    except KeyError as error:
        raise ValueError(f"it lacks {error}") from None
    return row


def read_head(line: bytes) -> Head:
    """The head of a file's last line. Raises ValueError where it is none."""
    found = _object(line).get("head")
    if not isinstance(found, dict) or type(found.get("count")) is not int:
        raise ValueError("not a head")
    head = Head(_text(found.get("partner")), found["count"], _text(found.get("hash")))
    if head_line(head) != _ended(line):
        raise ValueError("not in the form in which it was written")
    return head


def _row_line(row: AuditRow) -> bytes:
    entry = row.entry
    return _line(
        {
            "seq": row.seq,
            "at": row.at.isoformat(),
            "act": entry.act,
            "outcome": entry.outcome,
            "actor_id": entry.actor_id,
            "actor_name": entry.actor_name,
            "subject": entry.subject,
            "detail": dict(entry.detail),
            "previous": row.previous,
            "hash": row.hash,
        }
    )


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"


def _ended(line: bytes) -> bytes:
    """With the end that every line has; a file that went through mail may have others."""
    return line.rstrip(b"\r\n") + b"\n"


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value
