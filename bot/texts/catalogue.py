"""Texts in the operator's language: what is written in English here, looked up in a catalogue where there is one.

A text is translatable when it goes through `_`, or through `plural` where a count decides its form, as a whole and with
named places: `_("{name} marked {label}.").format(name=…, label=…)`. `python -m tools.catalogue` collects and compiles
them. docs/decisions/0006-languages.md says how the others get there.
"""

from __future__ import annotations

from gettext import NullTranslations
from pathlib import Path

from babel.support import Translations

from bot.texts import formats

DOMAIN = "texts"
FOLDER = Path(__file__).parent / "locales"
"""Of each language `<locale>/LC_MESSAGES/texts.po`, and beside it the same compiled."""

_current: NullTranslations = NullTranslations()


def speak(locale: str, folder: Path = FOLDER) -> None:
    """Write everything in this language from now on, in this process: what no catalogue has, in English. Raises
    ValueError, with a sentence, where there is no such locale."""
    global _current
    formats.use(locale)
    names = locale.replace("-", "_")
    _current = Translations.load(folder, [names, names.partition("_")[0]], DOMAIN)


def _(text: str) -> str:
    return _current.gettext(text)


def plural(one: str, many: str, count: int) -> str:
    """The form that goes with the count. Languages have one to six of them; English has these two."""
    return _current.ngettext(one, many, count)
