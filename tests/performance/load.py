"""A load generator: keep-alive HTTP over raw sockets, closed loop. It costs far less a request than any target."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from time import perf_counter

PATIENCE = 15.0
"""Seconds without any answer after which a run is given up."""
_LENGTH = b"content-length:"


@dataclass(frozen=True)
class Sample:
    """One run. `latencies` are seconds, sorted; `errors` counts answers without a card and connections that ended."""

    seconds: float
    latencies: Sequence[float]
    errors: int

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def quantile(self, share: float) -> float:
        """Milliseconds within which this share was answered; 0 where nothing was."""
        return (
            1000 * self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]
            if self.latencies
            else 0.0
        )


def request(path: str, token: str, body: bytes) -> bytes:
    """A POST as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass
class _Connection:
    socket: socket.socket
    began: float = 0.0
    answer: bytearray = field(default_factory=bytearray)
    whole: int = 0  # bytes of the answer, head included; 0 while the head is not complete

    def ask(self, wire: bytes) -> None:
        self.answer, self.whole, self.began = bytearray(), 0, perf_counter()
        self.socket.sendall(wire)

    def answered(self) -> bool | None:
        """Read what is there. True: the whole answer; None: the other side hung up."""
        part = self.socket.recv(1 << 18)
        if not part:
            return None
        self.answer += part
        if not self.whole:
            end = self.answer.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.whole = end + 4 + _length(bytes(self.answer[:end]))
        return len(self.answer) >= self.whole

    @property
    def good(self) -> bool:
        """200, and a body of some size: a refusal is short."""
        return self.answer.startswith(b"HTTP/1.1 200") and self.whole > 1000


def _length(head: bytes) -> int:
    head = head.lower()
    place = head.find(_LENGTH)
    return int(head[place + len(_LENGTH) :].partition(b"\r\n")[0]) if place >= 0 else 0


def drive(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> Sample:
    """Keep `connections` busy for `seconds`, each with one request at a time, the requests in turn.

    What is on its way when the time is over is waited for and counts: a slow target gets its due.
    """
    wires: Iterator[bytes] = cycle(requests)
    latencies: list[float] = []
    errors, busy = 0, 0
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = _Connection(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        began = perf_counter()
        end = began + seconds
        for key in selector.get_map().values():
            key.data.ask(next(wires))
            busy += 1
        last = began
        while busy:
            ready = selector.select(PATIENCE)
            if not ready:
                errors += busy
                break
            for key, _ in ready:
                connection = key.data
                answered = connection.answered()
                if answered is False:
                    continue
                now = perf_counter()
                if answered is None or not connection.good:
                    errors += 1
                else:
                    latencies.append(now - connection.began)
                    last = now
                if answered is None or now >= end:
                    selector.unregister(connection.socket)
                    connection.socket.close()
                    busy -= 1
                else:
                    connection.ask(next(wires))
        for key in list(selector.get_map().values()):
            key.data.socket.close()
    return Sample(last - began, sorted(latencies), errors)
