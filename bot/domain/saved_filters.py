"""Filters that are kept under a name, for a person or for a conversation, and used as `@name`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

MOST = 30
"""Saved filters that a person, or a conversation, can have."""
LONGEST_NAME = 30

_NAME = re.compile(r"[^\W_][\w-]{0,29}")
_USED = re.compile(r'"[^"]*"|(?<!\S)@(\S+)')
"""What is quoted is left alone."""


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """`scope` says whose it is; see `of_person` and `of_conversation`."""

    scope: str
    name: str
    words: str
    by_id: str
    by_name: str
    at: datetime


def of_person(person_id: str) -> str:
    return f"person:{person_id}"


def of_conversation(conversation_id: str) -> str:
    return f"conversation:{conversation_id}"


def is_name(text: str) -> bool:
    """A letter or a digit, then letters, digits, hyphens and underscores; no more than LONGEST_NAME."""
    return bool(_NAME.fullmatch(text))


def used(words: str) -> tuple[str, ...]:
    """The names that these words use, in lower case, each once."""
    names = (found[1].lower() for found in _USED.finditer(words) if found[1])
    return tuple(dict.fromkeys(names))


def expanded(words: str, known: Mapping[str, str]) -> str:
    """The words with each `@name` replaced by what is saved under it. `known`: words by name in lower case; a name that
    is not there stays as it is."""
    return _USED.sub(lambda found: known.get(found[1].lower(), found[0]) if found[1] else found[0], words).strip()
