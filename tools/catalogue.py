"""`python -m tools.catalogue update <locale>…` collects what is translatable into each language's catalogue, what is
translated already kept; `compile` makes of each catalogue the file that the bot reads."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ROOT / "bot" / "texts"
KEYWORDS = {"_": None, "plural": (1, 2)}


def collected(texts: Path = TEXTS) -> Catalog:
    """Everything that goes through `_` or `plural` in the modules of that folder, with where it stands."""
    catalogue = Catalog(project="Alert Desk", charset="utf-8")
    found = extract_from_dir(texts, [("**.py", "python")], keywords=KEYWORDS, comment_tags=("Translators:",))
    for name, line, message, comments, context in found:
        catalogue.add(message, None, [(name, line)], auto_comments=comments, context=context)
    return catalogue


def update(locales: Sequence[str], texts: Path = TEXTS) -> list[Path]:
    """The catalogues as they now are."""
    written = []
    for locale in locales:
        path = texts / "locales" / locale / "LC_MESSAGES" / "texts.po"
        catalogue = Catalog(locale=locale, project="Alert Desk", charset="utf-8")
        if path.exists():
            with path.open("rb") as file:
                catalogue = read_po(file, locale=locale)
        catalogue.update(collected(texts))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalogue, sort_output=True, omit_header=False)
        written.append(path)
    return written


def compiled(texts: Path = TEXTS) -> list[Path]:
    """The compiled catalogues, one for each that there is. What is only guessed (fuzzy) stays out."""
    written = []
    for path in sorted((texts / "locales").glob("*/LC_MESSAGES/texts.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=path.parts[-3])
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)
        written.append(path.with_suffix(".mo"))
    return written


def main(arguments: Sequence[str]) -> int:
    match list(arguments):
        case ["update", *locales] if locales:
            written = update(locales)
        case ["compile"]:
            written = compiled()
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    for path in written:
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
