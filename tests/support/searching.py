"""A person at the search beside the box they write in, through the Teams-like client's API."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from tests.support.desk import Desk
from tests.support.seen import Card, Post, checked


@dataclass(frozen=True)
class Shown:
    """What the bot answered to one search. `kind`: result, message, auth or silentAuth."""

    status: int
    body: Any
    seconds: float

    @property
    def extension(self) -> Any:
        assert self.status == 200, self.body
        return self.body["composeExtension"]

    @property
    def kind(self) -> str:
        return str(self.extension["type"])

    @property
    def text(self) -> str:
        """The sentence, or all previews."""
        if self.kind == "message":
            return str(self.extension["text"])
        previews = [one["preview"]["content"] for one in self.extension["attachments"]]
        return "\n".join(" | ".join(preview.values()) for preview in previews)

    @property
    def cards(self) -> list[Card]:
        return [checked(one["content"]) for one in self.extension["attachments"]]

    @property
    def link(self) -> str:
        (action,) = self.extension["suggestedActions"]["actions"]
        assert action["type"] == "openUrl"
        return str(action["value"])


async def search(desk: Desk, person: str, text: str = "", where: str = "alerts", **more: Any) -> Shown:
    """Type it there; without a text it is the search that opens by itself."""
    began = time.monotonic()
    answer = await desk.client("search", person=person, conversationId=desk.place(where).id, text=text, **more)
    return Shown(answer["status"], answer["body"], time.monotonic() - began)


async def share(desk: Desk, person: str, card: Card, where: str) -> Post:
    """Insert what was picked, and send it."""
    place = desk.place(where)
    sent = await desk.client("insert", person=person, conversationId=place.id, card=dict(card.json))
    return next(post for post in await desk.posts(where, person) if post.id == sent["id"])
