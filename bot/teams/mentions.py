"""Makes what Teams sends as text into what the person typed, and a text of ours into one that mentions people. Pure.

https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/channel-and-group-conversations
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.domain.delivery import Mention
from bot.domain.people import Person

LONGEST_NAME = 256
LONGEST_ID = 1024
MOST_MENTIONS = 100
_SPAN = re.compile(r"<at\b[^<>]{0,200}>([^<>]{0,300})</at\s{0,5}>", re.IGNORECASE)
_MARKUP = re.compile(r"[<>&]")
_NAMELESS = "?"
_NOBODY = ("28:", "19:")
"""How the ids of bots, and of channels and teams, begin."""
_SMART = str.maketrans(dict.fromkeys("“”„‟«»", '"') | dict.fromkeys("‘’‚‛", "'"))


def said(text: str, entities: Iterable[Any], bot_id: str) -> str:
    """`<at>Alert Desk</at>&nbsp;show …` as `show …`.

    Only the bot's own mention goes, whatever the bot is called; other people stay as `@Name`. Quotes are made straight,
    width and ligatures normal (NFKC), white space single, control and formatting characters are left out.
    """
    if "<at" in text or "<AT" in text:
        text = _mentions(text, entities, bot_id)
    return _plain(html.unescape(text)).translate(_SMART)


def mentioned(entities: Iterable[Any], bot_id: str) -> tuple[Person, ...]:
    """The people whom a message mentions, in its order, each once: not the bot, nor other bots, channels and teams.

    Their names are as `said` leaves them in the text, behind an `@`. Teams gives their MRI (`29:…`) and seldom more.
    https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/channel-and-group-conversations#retrieve-mentions
    """
    people: dict[str, Person] = {}
    for entity in _entities(entities):
        account = entity["mentioned"]
        mri, name, aad_id = (_short(account.get(key)) for key in ("id", "name", "aadObjectId"))
        if not name and (span := _SPAN.fullmatch(_short(entity.get("text")).strip())):
            name = html.unescape(span[1])
        if mri and mri != bot_id and not mri.startswith(_NOBODY):
            people.setdefault(mri, Person(aad_id=aad_id.lower(), mri=mri, name=_plain(name).translate(_SMART)))
    return tuple(people.values())


def calling(text: str, mentions: Iterable[Mention]) -> tuple[str, list[dict[str, Any]]]:
    """A text that begins with these mentions, for `textFormat: xml`, and its entities. Nothing in the text comes alive.

    An entity's `text` must stand in the message as it is, and a `&` or `<` in it is refused or shown wrongly
    (https://github.com/microsoft/botbuilder-js/issues/2111), so names lose such characters. Tags are mentioned alike:
    https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/channel-and-group-conversations#tag-mention
    """
    entities: dict[str, dict[str, Any]] = {}
    for each in mentions:
        plain = name = _plain(_MARKUP.sub(" ", each.name))[:LONGEST_NAME] or _NAMELESS
        count = 1
        while name in entities:  # Teams tells two of one name apart by it alone
            count += 1
            name = f"{plain} {count}"
        account = {"id": each.id, "name": name} | ({"type": "tag"} if each.tag else {})
        entities[name] = {"type": "mention", "text": f"<at>{name}</at>", "mentioned": account}
    written = html.escape(text, quote=False).replace("\n", "<br/>")
    return f"{', '.join(each['text'] for each in entities.values())}: {written}", list(entities.values())


def plain_name(name: str | None) -> str:
    """A name as one printable line."""
    if not name or (len(name) <= LONGEST_NAME and name.isprintable()):
        return name or ""
    return _visible(name)[:LONGEST_NAME]


def _mentions(text: str, entities: Iterable[Any], bot_id: str) -> str:
    # Teams lists mentions in the order of the text, and two of one name may be the bot and a person.
    meant: dict[str, list[str]] = {}
    for entity in _entities(entities):
        account, span = entity["mentioned"], entity.get("text")
        name = account.get("name")
        if not isinstance(span, str):  # Teams leaves it out where the name has a &
            span = f"<at>{name}</at>" if isinstance(name, str) else ""
        found = _SPAN.fullmatch(span.strip())
        if found is None:
            continue
        shown = html.escape(_plain(name), quote=False) if isinstance(name, str) and name else found[1].strip()
        is_bot = bool(bot_id) and account.get("id") == bot_id
        meant.setdefault(_plain(html.unescape(found[1])), []).append(" " if is_bot else f"@{shown}")

    def replaced(found: re.Match[str]) -> str:
        choices = meant.get(_plain(html.unescape(found[1])))
        if choices is None:
            return f"@{found[1]}"
        return choices.pop(0) if len(choices) > 1 else choices[0]

    return _SPAN.sub(replaced, text)


def _entities(entities: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """Those that are mentions, in the order of the text."""
    for entity in list(entities)[:MOST_MENTIONS]:
        named = isinstance(entity, dict) and str(entity.get("type")).lower() == "mention"
        if named and isinstance(entity.get("mentioned"), dict):
            yield entity


def _short(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= LONGEST_ID and value.isprintable() else ""


def _plain(text: str) -> str:
    """One line of normal, visible characters."""
    return " ".join(_visible(unicodedata.normalize("NFKC", text)).split())


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(" " if char.isspace() else char for char in text if char.isprintable() or char.isspace())
