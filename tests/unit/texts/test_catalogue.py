"""Translations: collected, compiled, found again; and English where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po

from bot.texts import catalogue, formats, searching
from tests.support.languages import another_language
from tools import catalogue as tool

SOURCE = """
from bot.texts.catalogue import _, plural

# Translators: said at once
def first(name): return _("{name} was first.").format(name=name)
def alerts(count): return plural("{count} alert", "{count} alerts", count).format(count=count)
def other(): return "not translatable"
"""


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    with another_language():
        yield


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    (tmp_path / "some.py").write_text(SOURCE)
    return tmp_path


def translated(texts: Path, **words: str | tuple[str, str]) -> Path:
    """A German catalogue with these translations, compiled; its folder."""
    (path,) = tool.update(["de"], texts)
    with path.open("rb") as file:
        found = read_po(file, locale="de")
    for message in found:
        key = message.id[0] if isinstance(message.id, tuple) else message.id
        if key in words:
            message.string = words[key]
    with path.open("wb") as file:
        write_po(file, found)
    tool.compiled(texts)
    return texts / "locales"


def test_without_a_catalogue_english_is_said() -> None:
    catalogue.speak("de")
    assert catalogue._("{name} was first.") == "{name} was first."
    assert [catalogue.plural("{count} alert", "{count} alerts", count) for count in (1, 2)] == [
        "{count} alert",
        "{count} alerts",
    ]
    assert formats.number(1234) == "1.234", "the formats are the locale's all the same"


def test_what_is_wrapped_is_collected_and_nothing_else(texts: Path) -> None:
    assert {message.id for message in tool.collected(texts) if message.id} == {
        "{name} was first.",
        ("{count} alert", "{count} alerts"),
    }


@pytest.mark.parametrize("name", ["de", "de-DE", "de_DE"])
def test_a_translation_is_said(texts: Path, name: str) -> None:
    folder = translated(
        texts, **{"{name} was first.": "{name} war zuerst da.", "{count} alert": ("{count} Alarm", "{count} Alarme")}
    )
    catalogue.speak(name, folder)
    assert catalogue._("{name} was first.").format(name="Ada") == "Ada war zuerst da."
    assert [catalogue.plural("{count} alert", "{count} alerts", count) for count in (1, 5)] == [
        "{count} Alarm",
        "{count} Alarme",
    ]
    assert catalogue._("Nobody wrapped this.") == "Nobody wrapped this."


def test_an_update_keeps_what_is_translated(texts: Path) -> None:
    translated(texts, **{"{name} was first.": "{name} war zuerst da."})
    (texts / "some.py").write_text(SOURCE + '\ndef more(): return _("One more.")\n')
    (path,) = tool.update(["de"], texts)
    written = path.read_text()
    assert "{name} war zuerst da." in written
    assert "One more." in written


def test_an_unknown_locale_changes_nothing(texts: Path) -> None:
    with pytest.raises(ValueError, match="no locale"):
        catalogue.speak("xx", texts / "locales")
    assert formats.number(1234) == "1,234"


def test_no_second_language_follows_once_something_was_said(texts: Path) -> None:
    catalogue.speak("de", texts / "locales")
    catalogue.speak("en")
    assert catalogue._("Done.") == "Done."
    catalogue.speak("EN")
    for again in (lambda: catalogue.speak("de"), lambda: catalogue.speak("en-GB")):
        with pytest.raises(RuntimeError, match="before the language was set"):
            again()
    assert formats.number(1234) == "1,234"


def test_a_count_is_said_too(texts: Path) -> None:
    catalogue.plural("{count} alert", "{count} alerts", 2)
    with pytest.raises(RuntimeError, match="Call speak before"):
        catalogue.speak("de", texts / "locales")


def test_the_products_own_texts_can_be_collected() -> None:
    ids = {message.id for message in tool.collected() if message.id}
    assert ids
    assert searching.only_you("A-1").endswith("show A-1")


def test_the_command_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main([]) == 2
    assert "update <locale>" in capsys.readouterr().err
