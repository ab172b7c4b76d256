"""How large a card is to Teams, and how one that is too large is made to fit. Pure.

Teams counts a message in UTF-16 and refuses it beyond about 100 KB; 80 KB is what it advises bots to keep to.
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages#message-size-limits
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import orjson

from cards.elements import Json

LIMIT = 80_000
"""Bytes of UTF-16 that a card of ours may take."""

V = TypeVar("V")


def utf16_bytes(card: Json) -> int:
    """Bytes of the card's JSON in UTF-16."""
    return _utf16_bytes(orjson.dumps(card))


def fit(build: Callable[[V], Json], view: V, steps: Sequence[Callable[[V], V]], shorter: int = 0) -> Json:
    """The card of `view`, or of the view after as few of `steps` (each leaves more out) as make it fit.

    The last step has to leave so little that the card fits whatever is in it. `shorter`: at least so many steps are
    taken, for Teams said that it was too large all the same.
    """
    for shorten in steps[:shorter]:
        view = shorten(view)
    card = build(view)
    for shorten in steps[shorter:]:
        if _fits(card):
            break
        view = shorten(view)
        card = build(view)
    return card


def _fits(card: Json) -> bool:
    written = orjson.dumps(card)
    # A character takes at most twice as many bytes in UTF-16 as in UTF-8, so most cards need no second look.
    return 2 * len(written) <= LIMIT or _utf16_bytes(written) <= LIMIT


def _utf16_bytes(utf8: bytes) -> int:
    return len(utf8.decode().encode("utf-16-le"))
