"""What is said about saved filters."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.saved_filters import LONGEST_NAME, MOST

SAVE_USAGE = "Write: save <name> <filters>. For example: save urgent unresolved severity:high sort:deadline"
FORGET_USAGE = "Write: forget <name>. Say “saved” for the names."
TOO_MANY = f"There are {MOST} saved filters here, and no more fit. Say “saved”, and forget one first."

TITLE_OWN = "Your saved filters"
TITLE_HERE = "Filters saved in this conversation"
LEAD = "Use one as show @name, search contoso @name, export @name or subscribe @name."
EMPTY_OWN = "You have saved none yet. Write, for example: save urgent unresolved severity:high sort:deadline"
EMPTY_HERE = (
    "None are saved here yet. An Admin Agent can write, for example: save urgent unresolved severity:high sort:deadline"
)
FORGET = "Forget"
SAVE_THESE = "Save this filter\u2026"
FORM_TITLE = "Save this filter"
FORM_OWN = "It is kept for you alone, wherever you use it."
FORM_HERE = "It is kept for everybody in this conversation, which takes the Admin Agent role."
NAME_FIELD = "Name"
NAME_REQUIRED = "Give it a name."
NAME_PLACEHOLDER = "urgent"
FILTER = "Filter"


def bad_name(name: str) -> str:
    shown = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}\u2026"
    return (
        f"{shown!r} cannot be a name: it begins with a letter or a digit, then come letters, digits, - and _, "
        f"{LONGEST_NAME} at most. {SAVE_USAGE}"
    )


def unknown(name: str, names: Sequence[str]) -> str:
    known = f" There are: {', '.join(f'@{each}' for each in names)}." if names else " None are saved here."
    return f"No filter is saved as @{name[:LONGEST_NAME]}.{known}"


def saved(name: str, words: str, *, replaced: bool) -> str:
    return f"{'Saved anew' if replaced else 'Saved'} as @{name}: {words}. Use it as show @{name}."


def forgotten(name: str) -> str:
    return f"@{name} is forgotten."


def by(name: str) -> str:
    return f"saved by {name or 'somebody'}"


def fallback(count: int) -> str:
    return f"{count} saved filter{'s' if count != 1 else ''}. Say “show @name” to use one."
