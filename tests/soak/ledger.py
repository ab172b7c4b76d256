"""What the cloud saw, kept for the count at the end: no look into the bot's database, and nothing is forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from bot.sandbox.recorder import Entry, RequestLog

_CARD = "application/vnd.microsoft.card.adaptive"
RESOLVED = "resolved"


@dataclass(frozen=True)
class Posted:
    """A message of the bot that Teams took in, told to the bot or not. `card` as it was when it was posted."""

    seq: int
    conversation: str
    id: str
    in_thread: bool
    card: Mapping[str, Any] | None
    text: str


@dataclass(frozen=True)
class Patch:
    """`told` (when it came): had the cloud answered somebody of ours before that the alert is resolved?"""

    seq: int
    alert: str
    status: str
    reason: str
    accepted: bool
    told: bool


@dataclass(frozen=True)
class Cancel:
    seq: int
    entitlement: str
    request_id: str
    status: int


@dataclass
class Ledger(RequestLog):
    """A request log that also keeps, for good, what matters here."""

    posts: list[Posted] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    cancels: list[Cancel] = field(default_factory=list)
    told_resolved: set[str] = field(default_factory=set)
    requests: Counter[str] = field(default_factory=Counter)
    faulty: int = 0
    over_limit: list[str] = field(default_factory=list)
    bot_failed: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def add(self, **seen: Any) -> Entry:
        entry = super().add(**seen)
        self.requests[entry.service] += 1
        self.faulty += entry.fault is not None
        match entry.service:
            case "graph":
                self._graph(entry)
            case "partnercenter":
                self._partner_center(entry)
            case "connector":
                self._connector(entry)
            case "bot":
                self.bot_failed += entry.status == 500
        return entry

    def _graph(self, entry: Entry) -> None:
        path = entry.path.split("?")[0]
        if "/securityAlerts" not in path:
            return
        alert = path.rpartition("/securityAlerts")[2].strip("/")
        said = entry.response if isinstance(entry.response, Mapping) else {}
        if entry.method == "PATCH":
            body = entry.body if isinstance(entry.body, Mapping) else {}
            status, reason = str(body.get("status")), str(body.get("resolvedReason") or "")
            accepted = "id" in said
            self.patches.append(Patch(entry.seq, alert, status, reason, accepted, told=alert in self.told_resolved))
            if entry.status == 200 and status == RESOLVED:
                self.told_resolved.add(alert)
        elif entry.status == 200:
            for shown in said.get("value", [said]):
                if shown.get("status") == RESOLVED:
                    self.told_resolved.add(str(shown.get("id")))

    def _partner_center(self, entry: Entry) -> None:
        if entry.method == "POST" and entry.path.endswith("/cancel"):
            headers = {name.lower(): value for name, value in entry.headers.items()}
            entitlement = entry.path.split("/")[-2].lower()
            self.cancels.append(Cancel(entry.seq, entitlement, headers.get("ms-requestid", ""), entry.status))

    def _connector(self, entry: Entry) -> None:
        if entry.status == 429 and not entry.fault:
            self.over_limit.append(f"{entry.method} {unquote(entry.path)} at {entry.time:.2f}: {_what(entry.body)}")
        parts = entry.path.split("?")[0].split("/")
        if entry.method != "POST" or "conversations" not in parts or "activities" not in parts:
            return
        said = entry.response if isinstance(entry.response, Mapping) else {}
        if "id" not in said:
            return
        body = entry.body if isinstance(entry.body, Mapping) else {}
        where, _, thread = unquote(parts[parts.index("conversations") + 1]).partition(";")
        reply_to = unquote(parts[-1]) if parts[-1] != "activities" else ""
        self.posts.append(
            Posted(entry.seq, where, str(said["id"]), bool(thread or reply_to), card_of(body), str(body.get("text")))
        )

    def alert_cards(self) -> Iterator[tuple[Posted, int]]:
        """Root posts with an alert's own card, and the alert's number, in the order in which they were taken in."""
        for post in self.posts:
            if post.card is not None and not post.in_thread and (number := alert_number(post.card)):
                yield post, number


def _what(body: Any) -> str:
    """Of which kind a message is, in a word."""
    card = card_of(body) if isinstance(body, Mapping) else None
    if card is None:
        return str(body.get("text"))[:60] if isinstance(body, Mapping) else ""
    return next(texts(card), "card")[:60]


def card_of(activity: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for part in activity.get("attachments") or []:
        if part.get("contentType") == _CARD:
            return dict(part["content"])
    return None


def alert_number(card: Mapping[str, Any]) -> int:
    """Of an alert's own card; 0 for any other."""
    action = (card.get("refresh") or {}).get("action") or {}
    return int(action.get("data", {}).get("alert", 0)) if action.get("verb") == "alert.refresh" else 0


def actions(thing: Any) -> Iterator[Mapping[str, Any]]:
    """Every action of a card, wherever it stands, without the fallbacks."""
    if isinstance(thing, Mapping):
        if str(thing.get("type", "")).startswith("Action."):
            yield thing
        for name, value in thing.items():
            if name not in ("fallback", "refresh"):
                yield from actions(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from actions(value)


def verb_of(action: Mapping[str, Any]) -> str:
    data = action.get("data")
    return str(action.get("verb") or (data.get("verb") if isinstance(data, Mapping) else "") or "")


def by_verb(card: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    return {verb_of(action): action for action in actions(card)}


def texts(thing: Any) -> Iterator[str]:
    if isinstance(thing, Mapping):
        for name, value in thing.items():
            if name == "text" and isinstance(value, str):
                yield value
            elif name != "fallback":
                yield from texts(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from texts(value)
