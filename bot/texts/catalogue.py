"""Texts in the operator's language: what is written in English here, looked up in a catalogue where there is one.

A text is translatable when it goes through `_`, or through `plural` where a count decides its form, as a whole and with
named places: `_("{name} marked {label}.").format(name=…, label=…)`. Most are looked up when their module is imported,
so the language is set before that: the program says `speak` first. `python -m tools.catalogue` collects and compiles
them. docs/decisions/0006-languages.md has the rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from gettext import NullTranslations
from pathlib import Path

from babel.support import Translations

from bot.texts import formats

DOMAIN = "texts"
FOLDER = Path(__file__).parent / "locales"
"""Of each language `<locale>/LC_MESSAGES/texts.po`, and beside it the same compiled."""


@dataclass(slots=True)
class Speech:
    """The one language of this process."""

    locale: str = formats.ENGLISH
    words: NullTranslations = field(default_factory=NullTranslations)
    used: bool = False
    """Something was looked up already: no other language may follow, or a card would speak two."""


_speech = Speech()


def speak(locale: str, folder: Path = FOLDER) -> None:
    """Write everything in this language, in this process: what no catalogue has, in English.

    Comes before the modules with texts are imported. Raises RuntimeError where something was looked up in another
    language already, and ValueError where there is no such locale, each with a sentence.
    """
    global _speech
    if _speech.used and _plain(locale) != _plain(_speech.locale):
        raise RuntimeError(
            f"Texts were looked up in {_speech.locale!r} before the language was set to {locale!r}. "
            "Call speak before anything imports them."
        )
    formats.use(locale)
    names = locale.replace("-", "_")
    words = Translations.load(folder, [names, names.partition("_")[0]], DOMAIN)
    _speech = Speech(locale, words, _speech.used)


def _(text: str) -> str:
    _speech.used = True
    return _speech.words.gettext(text)


def plural(one: str, many: str, count: int) -> str:
    """The form that goes with the count. Languages have one to six of them; English has these two."""
    _speech.used = True
    return _speech.words.ngettext(one, many, count)


def _plain(locale: str) -> str:
    return locale.replace("_", "-").lower()
