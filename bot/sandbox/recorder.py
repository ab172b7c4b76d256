"""What the cloud remembers of its traffic (`RequestLog`) and how it tells listeners (`Broadcast`). Both bounded."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl

LOG_SIZE = 4000
BODY_LIMIT = 64 * 1024
QUEUE_SIZE = 500
SECRET_HEADERS = frozenset({"authorization", "cookie", "set-cookie", "x-ms-signature"})
SECRET_FIELDS = frozenset(
    {
        "access_token",
        "assertion",
        "client_assertion",
        "client_secret",
        "code_verifier",
        "device_code",
        "id_token",
        "refresh_token",
        "token",
    }
)


@dataclass(frozen=True)
class Entry:
    """A request that the cloud answered, or sent (`service` then is `bot` or `webhook`). `time`: seconds since 1970."""

    seq: int
    time: float
    service: str
    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: Any
    response: Any
    fault: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class RequestLog:
    """The last requests, oldest first, without secrets."""

    def __init__(self, size: int = LOG_SIZE) -> None:
        self._entries: deque[Entry] = deque(maxlen=size)
        self._seq = 0

    def add(
        self,
        *,
        time: float,
        service: str,
        method: str,
        path: str,
        status: int,
        headers: Mapping[str, str],
        body: Any,
        response: Any,
        fault: str | None = None,
    ) -> Entry:
        """Record one exchange. `status` 0 means that the connection was dropped without an answer."""
        self._seq += 1
        kept = {name: value for name, value in headers.items() if name.lower() not in SECRET_HEADERS}
        entry = Entry(
            self._seq,
            time,
            service,
            method,
            path,
            status,
            kept,
            without_secrets(body),
            without_secrets(response),
            fault,
        )
        self._entries.append(entry)
        return entry

    def select(
        self, *, service: str | None = None, method: str | None = None, path: str | None = None, since: int = 0
    ) -> list[Entry]:
        """Entries after number `since`, of that service and method, whose path contains `path`; oldest first."""
        return [
            entry
            for entry in self._entries
            if entry.seq > since
            and (service is None or entry.service == service)
            and (method is None or entry.method == method.upper())
            and (path is None or path in entry.path)
        ]

    def clear(self) -> None:
        """Forget the entries; numbering goes on, so that a reader's `since` stays right."""
        self._entries.clear()


def readable(body: bytes | None, content_type: str) -> Any:
    """A body as it is logged: JSON or form parsed, other text as text, large or binary ones as a note of their size."""
    if not body:
        return None
    if len(body) > BODY_LIMIT:
        return f"<{len(body)} bytes>"
    try:
        if "json" in content_type:
            return json.loads(body)
        if "x-www-form-urlencoded" in content_type:
            return dict(parse_qsl(body.decode(), keep_blank_values=True))
        return body.decode()
    except ValueError:
        return f"<{len(body)} bytes, not readable as {content_type or 'text'}>"


def without_secrets(value: Any) -> Any:
    """The same JSON with every token, secret and assertion in it replaced."""
    if isinstance(value, Mapping):
        return {
            key: "<secret>" if key in SECRET_FIELDS and isinstance(item, str) else without_secrets(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return value


@dataclass(frozen=True)
class Event:
    """One thing that happened: `topic` says of what kind, `data` is JSON."""

    topic: str
    data: Mapping[str, Any]


class Broadcast:
    """Tells all listeners at once. One that does not keep up loses its oldest events and never holds up the cloud."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Event]] = set()

    def publish(self, topic: str, data: Mapping[str, Any]) -> None:
        event = Event(topic, data)
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[asyncio.Queue[Event]]:
        """A queue that gets every event published while the block is open."""
        queue: asyncio.Queue[Event] = asyncio.Queue(QUEUE_SIZE)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)
