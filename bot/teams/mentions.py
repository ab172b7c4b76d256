"""Makes what Teams sends as text into what the person typed. Pure.

https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/channel-and-group-conversations
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

LONGEST_NAME = 256
MOST_MENTIONS = 100
_SPAN = re.compile(r"<at\b[^<>]{0,200}>([^<>]{0,300})</at\s{0,5}>", re.IGNORECASE)
_SMART = str.maketrans(dict.fromkeys("“”„‟«»", '"') | dict.fromkeys("‘’‚‛", "'"))


def said(text: str, entities: Iterable[Any], bot_id: str) -> str:
    """`<at>Alert Desk</at>&nbsp;show …` as `show …`.

    Only the bot's own mention goes, whatever the bot is called; other people stay as `@Name`. Quotes are made straight,
    width and ligatures normal (NFKC), white space single, control and formatting characters are left out.
    """
    if "<at" in text or "<AT" in text:
        text = _mentions(text, entities, bot_id)
    return _plain(html.unescape(text)).translate(_SMART)


def plain_name(name: str | None) -> str:
    """A name as one printable line."""
    if not name or (len(name) <= LONGEST_NAME and name.isprintable()):
        return name or ""
    return _visible(name)[:LONGEST_NAME]


def _mentions(text: str, entities: Iterable[Any], bot_id: str) -> str:
    # Teams lists mentions in the order of the text, and two of one name may be the bot and a person.
    meant: dict[str, list[str]] = {}
    for entity in list(entities)[:MOST_MENTIONS]:
        if not isinstance(entity, dict) or str(entity.get("type")).lower() != "mention":
            continue
        mentioned, span = entity.get("mentioned"), entity.get("text")
        if not isinstance(mentioned, dict) or not isinstance(span, str):
            continue
        found = _SPAN.fullmatch(span.strip())
        if found is None:
            continue
        name = mentioned.get("name")
        shown = html.escape(name, quote=False) if isinstance(name, str) and name else found[1]
        is_bot = bool(bot_id) and mentioned.get("id") == bot_id
        meant.setdefault(_plain(html.unescape(found[1])), []).append(" " if is_bot else f"@{shown}")

    def replaced(found: re.Match[str]) -> str:
        choices = meant.get(_plain(html.unescape(found[1])))
        if choices is None:
            return f"@{found[1]}"
        return choices.pop(0) if len(choices) > 1 else choices[0]

    return _SPAN.sub(replaced, text)


def _plain(text: str) -> str:
    """One line of normal, visible characters."""
    return " ".join(_visible(unicodedata.normalize("NFKC", text)).split())


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(" " if char.isspace() else char for char in text if char.isprintable() or char.isspace())
