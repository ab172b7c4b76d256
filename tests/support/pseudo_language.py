"""`python -m tests.support.pseudo_language FOLDER`: a language made of English with accents, ⟦in brackets⟧, and what
the bot says in it: every text of the answers and cards, one a line as JSON. A program of its own, because a language is
set before the texts are imported.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from bot.texts import catalogue
from tools import catalogue as tool

LOCALE = "eo"
COMMANDS = (
    *("help", "help mark", "help merk", "whoami", "saved", "routes", "duty", "digest", "dashboard", "refunds"),
    *("approvals", "show", "show all", "show A-1001", "show A-99", "show sevrity:high", "show age:1h"),
    *("search contoso", "show assigned:perhaps find:x sort:newest", "mark A-1001", "mark A-1001 frod", "score"),
    *("drill report", "frobnicate", "routes A-1001", "note A-1001 x", "assign A-1001 me", "snooze A-1001 2h"),
    *("mark A-1001 fraud mine", "mark A-1001 fraud", "show A-1001", "show all sort:newest", "export"),
    *("digest daily 08:00 Europe/Stockholm", "save urgent severity:high", "saved", "unsubscribe"),
    *("bulk nothing fraud x", "signout"),
)
"""All in a channel that gets alerts, by an Admin Agent."""
READ = ("text", "title", "label", "value", "placeholder", "fallbackText", "errorMessage", "altText", "speak", "summary")
_PLACE = re.compile(r"(\{[^{}]*\})")
_ACCENTS = str.maketrans("aeiouAEIOU", "áéíóúÁÉÍÓÚ")


def pseudo(text: str) -> str:
    """`⟦Nóthíng wás dóné tó {label}.⟧`"""
    parts = _PLACE.split(text)
    accented = [part if number % 2 else part.translate(_ACCENTS) for number, part in enumerate(parts)]
    return f"⟦{''.join(accented)}⟧"


def write(folder: Path) -> Path:
    """The whole catalogue, compiled; where `speak` finds it."""
    made = Catalog(locale=LOCALE, charset="utf-8")
    for message in tool.collected():
        if isinstance(message.id, tuple):
            made.add(message.id, tuple(map(pseudo, message.id)))
        elif message.id:
            made.add(message.id, pseudo(message.id))
    path = folder / "locales" / LOCALE / "LC_MESSAGES" / f"{catalogue.DOMAIN}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, made)
    tool.compiled(folder)
    return folder / "locales"


def read(value: Any) -> Iterator[str]:
    """Every text that somebody can read on a card."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in READ and isinstance(inner, str):
                yield inner
            elif name != "data":
                yield from read(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from read(inner)


async def say(folder: Path) -> None:
    from bot.chat.turn import OpenDialog, Refuse, Say, ShowCard
    from bot.store import connect, migrate
    from tests.factories import ADA, CUSTOMER, NORTHWIND, alert
    from tests.factories import said as turn_of
    from tests.fakes import FakeClock, FakeIds
    from tests.support.house import House

    url = f"sqlite:///{folder / 'desk.db'}"
    migrate(url)
    clock, ids = FakeClock(), FakeIds()
    store = connect(url, audit_key=b"an insecure key for tests only...", ids=ids)
    house = House(store, clock, ids)
    await house.baseline()
    await house.route()
    await house.take_in(alert(), alert("alert-two", severity="low"))
    async with store.write() as tx:
        await tx.names.learn(NORTHWIND, {CUSTOMER: "Contoso Ltd"}, clock.now())
    for text in COMMANDS:
        reply = await house.desk.turn(turn_of(text, ADA))
        found: list[str] = []
        match reply:
            case Say(text=words) | Refuse(text=words):
                found = [words]
            case ShowCard(card=card, summary=summary):
                found = [summary, *read(card)]
            case OpenDialog(title=title, card=card):
                found = [title, *read(card)]
        sys.stdout.write(json.dumps([text, type(reply).__name__, found]) + "\n")
    await house.close()
    await store.close()


if __name__ == "__main__":
    where = Path(sys.argv[1])
    catalogue.speak(LOCALE, write(where))
    asyncio.run(say(where))
