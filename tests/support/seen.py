"""What a person sees in Teams, for scenario tests: a message, the card in it, and the answer to a press. Every card
that is looked at is checked as `tests.cardcheck` checks it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.texts.welcome import WELCOME_TITLE
from tests.cardcheck import check_card, walk

CARD = "application/vnd.microsoft.card.adaptive"
MESSAGE = "application/vnd.microsoft.activity.message"
ERROR = "application/vnd.microsoft.error"
LOGIN = "application/vnd.microsoft.activity.loginRequest"
PRECONDITION_FAILED = "application/vnd.microsoft.error.preconditionFailed"


@dataclass(frozen=True)
class Card:
    """An Adaptive Card as it came. `text` is all that is read on it, one text a line."""

    json: Mapping[str, Any]

    @property
    def text(self) -> str:
        """Texts of one block are joined: a row of runs is one line."""
        lines: list[str] = []
        for _, thing in walk(dict(self.json)):
            if thing.get("type") == "TextBlock":
                lines.append(thing["text"])
            elif thing.get("type") == "RichTextBlock":
                lines.append("".join(run["text"] for run in thing["inlines"]))
        return "\n".join(lines)

    @property
    def buttons(self) -> dict[str, Mapping[str, Any]]:
        """The actions by title, those of whole rows too."""
        return {
            thing["title"]: thing
            for path, thing in walk(dict(self.json))
            if str(thing.get("type", "")).startswith("Action.") and "title" in thing and not path.endswith(".fallback")
        }

    @property
    def verbs(self) -> set[str]:
        return {
            str(action.get("verb") or action.get("data", {}).get("verb") or "") for action in self.buttons.values()
        } - {""}

    def button(self, title: str) -> Mapping[str, Any]:
        assert title in self.buttons, f"no button {title!r}; there are {list(self.buttons)}"
        return self.buttons[title]

    @property
    def data(self) -> Mapping[str, Any]:
        """What the card's own refresh carries: alert, version, card."""
        found: Mapping[str, Any] = self.json["refresh"]["action"]["data"]
        return found

    @property
    def number(self) -> int:
        return int(self.data["alert"])

    @property
    def label(self) -> str:
        return f"A-{self.number}"


@dataclass(frozen=True)
class Post:
    """A message as one member sees it."""

    json: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.json["id"])

    @property
    def where(self) -> str:
        return str(self.json["conversationId"])

    @property
    def thread(self) -> str | None:
        found: str | None = self.json["threadId"]
        return found

    @property
    def by_bot(self) -> bool:
        return bool(self.json["from"]["bot"])

    @property
    def edited(self) -> bool:
        return self.json["editedTime"] is not None

    @property
    def deleted(self) -> bool:
        return bool(self.json["deleted"])

    @property
    def text(self) -> str:
        """What it says, be it text or card."""
        return self.card.text if self.has_card else str(self.json["text"])

    @property
    def is_greeting(self) -> bool:
        return self.json["summary"] == WELCOME_TITLE

    @property
    def has_card(self) -> bool:
        return any(part["contentType"] == CARD for part in self.json["attachments"])

    @property
    def card(self) -> Card:
        return checked(next(part["content"] for part in self.json["attachments"] if part["contentType"] == CARD))

    def attached(self, kind: str) -> Mapping[str, Any]:
        """The attachment whose content type ends so."""
        found: Mapping[str, Any] = next(part for part in self.json["attachments"] if part["contentType"].endswith(kind))
        return found

    def has_attached(self, kind: str) -> bool:
        return any(part["contentType"].endswith(kind) for part in self.json["attachments"])


@dataclass(frozen=True)
class Answer:
    """What the one who pressed is shown. `seconds` is how long the answer took."""

    status: int
    body: Any
    seconds: float

    @property
    def kind(self) -> str:
        """`card`, `message`, `error`, `dialog`, `login` (Teams' token is wanted), `token refused`, or `none`."""
        if not isinstance(self.body, Mapping):
            return "none"
        if "task" in self.body:
            return "dialog" if self.body["task"]["type"] == "continue" else "message"
        kinds = {CARD: "card", MESSAGE: "message", ERROR: "error", LOGIN: "login", PRECONDITION_FAILED: "token refused"}
        return kinds[self.body["type"]]

    @property
    def text(self) -> str:
        if not isinstance(self.body, Mapping):
            return ""
        if "task" in self.body:
            value = self.body["task"]["value"]
            return self.card.text if isinstance(value, Mapping) else str(value)
        value = self.body["value"]
        if self.kind == "card":
            return self.card.text
        if self.kind == "login":
            return str(value["text"])
        return str(value["message"]) if self.kind in ("error", "token refused") else str(value)

    @property
    def code(self) -> str:
        assert self.kind == "error", self.body
        return str(self.body["value"]["code"])

    @property
    def card(self) -> Card:
        if "task" in self.body:
            return checked(self.body["task"]["value"]["card"]["content"])
        assert self.kind == "card", self.body
        return checked(self.body["value"])


_CHECKED: set[str] = set()


def checked(card: Mapping[str, Any]) -> Card:
    """The card, if it is one that Teams knows. Scenarios look at the same ones over and over: each is checked once."""
    same = json.dumps(card, sort_keys=True)
    if same not in _CHECKED:
        check_card(dict(card))
        _CHECKED.add(same)
    return Card(card)
