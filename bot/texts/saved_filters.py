"""What is said about saved filters."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.saved_filters import LONGEST_NAME, MOST
from bot.texts.catalogue import _, plural
from bot.texts.en import SOMEBODY
from bot.texts.formats import number, sentences

SAVE_USAGE = _("Write: save <name> <filters>. For example: save urgent unresolved severity:high sort:deadline")
FORGET_USAGE = _("Write: forget <name>. Say “saved” for the names.")
TOO_MANY = _("There are {most} saved filters here, and no more fit. Say “saved”, and forget one first.").format(
    most=MOST
)

TITLE_OWN = _("Your saved filters")
TITLE_HERE = _("Filters saved in this conversation")
LEAD = _("Use one as show @name, search contoso @name, export @name or subscribe @name.")
EMPTY_OWN = _("You have saved none yet. Write, for example: save urgent unresolved severity:high sort:deadline")
EMPTY_HERE = _(
    "None are saved here yet. An Admin Agent can write, for example: save urgent unresolved severity:high sort:deadline"
)
FORGET = _("Forget")
SAVE_THESE = _("Save this filter\u2026")
FORM_TITLE = _("Save this filter")
FORM_OWN = _("It is kept for you alone, wherever you use it.")
FORM_HERE = _("It is kept for everybody in this conversation, which takes the Admin Agent role.")
NAME_FIELD = _("Name")
NAME_REQUIRED = _("Give it a name.")
NAME_PLACEHOLDER = "urgent"
FILTER = _("Filter")


def bad_name(name: str) -> str:
    shown = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}\u2026"
    said = _(
        "{name!r} cannot be a name: it begins with a letter or a digit, then come letters, digits, - and _, "
        "{count} at most."
    )
    return sentences(said.format(name=shown, count=LONGEST_NAME), SAVE_USAGE)


def unknown(name: str, names: Sequence[str]) -> str:
    return sentences(
        _("No filter is saved as @{name}.").format(name=name[:LONGEST_NAME]),
        _("There are: {names}.").format(names=", ".join(f"@{each}" for each in names))
        if names
        else _("None are saved here."),
    )


def saved(name: str, words: str, *, replaced: bool) -> str:
    said = (
        _("Saved anew as @{name}: {filter}. Use it as show @{name}.")
        if replaced
        else _("Saved as @{name}: {filter}. Use it as show @{name}.")
    )
    return said.format(name=name, filter=words)


def forgotten(name: str) -> str:
    return _("@{name} is forgotten.").format(name=name)


def by(name: str) -> str:
    return _("saved by {name}").format(name=name or SOMEBODY)


def fallback(count: int) -> str:
    return plural(
        "{count} saved filter. Say “show @name” to use one.",
        "{count} saved filters. Say “show @name” to use one.",
        count,
    ).format(count=number(count))
