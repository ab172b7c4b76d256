"""Names within a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from bot.texts.catalogue import _
from bot.texts.formats import both, number


def some(names: Sequence[str], most: int) -> str:
    """`A, B and C`; of more than `most`, the first and how many others: `A, B and 3 more`."""
    left = len(names) - most
    return both([*names[:most], _("{count} more").format(count=number(left))] if left > 0 else names)
