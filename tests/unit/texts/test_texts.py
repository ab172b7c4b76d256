"""The sentences: each can be said, none is markup, and none is left over that nobody says."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import FunctionType, ModuleType
from typing import Any, get_type_hints

import pytest

import bot.texts
from bot.domain.alerts import AlertRecord
from bot.domain.changes import Change, ChangeKind
from bot.domain.decisions import Intent
from bot.domain.policy import Act
from bot.texts import en, exports, identity, signing_in, web, welcome
from bot.texts import help as help_texts
from tests.factories import NOW, alert, decision, intent, record, resolved

ROOT = Path(__file__).resolve().parents[3]
MODULES = (en, exports, help_texts, identity, signing_in, web, welcome)
EVERY = tuple(import_module(f"bot.texts.{each.name}") for each in iter_modules(bot.texts.__path__))
MARKUP = re.compile(r"\*\*|__|`|\]\(|</?[a-z]+[^>]*>|&\w+;|^\s*[#>-] ", re.MULTILINE)
PLACEHOLDER = re.compile(
    r"<(alert|text|reason|command|request|subscription|set|name|filters|ticket|time|zone|week|weekday|id"
    r"|a part [^<>]*)>"
)

# What a parameter of each kind may be. By name where the name says more than the type.
BY_TYPE: dict[Any, list[Any]] = {
    str: ["fraud"],
    int: [0, 1, 12_345],
    bool: [False, True],
    datetime: [NOW],
    datetime | None: [NOW, None],
    AlertRecord: [record(), record(resolved(), decision=decision(note="mining"))],
    Intent: [intent(), intent(status="investigating", reason=""), intent(may_replace=True, note="a test")],
    Change: [Change(kind, by) for kind in ChangeKind for by in ("kim@northwind.example", "")],
    Act: list(Act),
}
BY_NAME: dict[str, list[Any]] = {
    "partners": [["Northwind"], ["Northwind", "Fabrikam", "Adatum"]],
    "labels": [["A-1"], ["A-1", "A-2", "A-3"]],
    "roles": [["Admin Agent"], ["Admin Agent", "Global Administrator"]],
    "link": ["https://portal.azure.com/x"],
    "label": ["A-1042"],
    **{name: ["some words", ""] for name in ("by", "by_name", "near", "note", "problem", "status_from", "words")},
}


def public(module: ModuleType) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and name in own_names(module) and not inspect.isclass(value)
    }


@cache
def own_names(module: ModuleType) -> set[str]:
    """What the module defines itself, imports left out."""
    names: set[str] = set()
    for node in ast.parse(Path(str(module.__file__)).read_text()).body:
        if isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.FunctionDef):
            names.add(node.name)
    return names


FUNCTIONS = [value for module in MODULES for value in public(module).values() if isinstance(value, FunctionType)]


def said(function: FunctionType) -> Iterator[str]:
    """What it says, with each sample in each place while the others stay at their first."""
    hints = get_type_hints(function)
    samples = {name: BY_NAME.get(name) or BY_TYPE[hints[name]] for name in inspect.signature(function).parameters}
    usual = {name: values[0] for name, values in samples.items()}
    for name, values in samples.items():
        for value in values:
            yield function(**(usual | {name: value}))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_a_sentence_can_be_said_of_anything(function: FunctionType) -> None:
    for text in said(function):
        assert isinstance(text, str)
        assert "None" not in text
        assert "  " not in text
        assert not re.search(r"<\w+\.\w+: ", text), text  # an enum's repr
        assert not MARKUP.search(PLACEHOLDER.sub("", text)), text


def constants(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for each in value.values() for text in constants(each))
    elif isinstance(value, tuple):
        yield from (text for each in value for text in constants(each))
    elif isinstance(value, help_texts.CommandHelp):
        yield from (value.usage, value.meaning, value.example)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_no_sentence_is_markup(module: ModuleType) -> None:
    texts = [text for value in public(module).values() for text in constants(value)]
    assert texts
    assert [text for text in texts if MARKUP.search(PLACEHOLDER.sub("", text))] == []
    assert [text for text in texts if text != text.strip()] == []


def test_no_sentence_is_left_over() -> None:
    """Every name is said somewhere in the product, or goes."""
    used: set[str] = set()
    for path in (ROOT / "bot").rglob("*.py"):
        if "sandbox" in path.parts:
            continue
        nodes = list(ast.walk(ast.parse(path.read_text())))
        imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
        used |= {f"{node.module}.{each.name}" for node in imports for each in node.names}
        known = {
            each.asname or each.name: f"bot.texts.{each.name}"
            for node in imports
            if node.module == "bot.texts"
            for each in node.names
        }
        for node in nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                used.add(f"{known.get(node.value.id)}.{node.attr}")
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and path.parent.name == "texts":
                used.add(f"bot.texts.{path.stem}.{node.id}")
    said = [f"{module.__name__}.{name}" for module in EVERY for name in public(module)]
    assert len(said) > 500
    assert [name for name in said if name not in used] == []


def test_an_alert_that_is_decided_names_who_and_one_that_is_not_says_nothing() -> None:
    assert en.already(record(), "", mine=False).endswith("Nothing was sent.")
    assert "you" in en.already(record(resolved(), decision=decision()), "Ada", mine=True)
    assert "Ada" in en.already(record(resolved(), decision=decision()), "Ada", mine=False)


def test_what_somebody_wrote_is_quoted_back_in_short() -> None:
    for text in (en.unknown_command("x" * 10_000, ""), en.takes_nothing("whoami", "x" * 10_000)):
        assert len(text) < 300


def test_times_are_absolute_and_in_utc() -> None:
    assert en.when(NOW) == "01 Mar 2026, 12:30 UTC"
    assert en.clock(NOW, NOW) == "12:30 UTC"
    assert en.clock(NOW, NOW.replace(day=2)) == "01 Mar 2026, 12:30 UTC"
    assert alert().respond_by.tzinfo is not None


def test_who_comes_while_another_decision_is_written_reads_whose_and_that_theirs_was_not_sent() -> None:
    verdict, looking = intent(), intent(status="investigating", reason="")
    assert en.busy(record(), verdict, "somebody else") == (
        "Ada was first: that decision on A-1042 is being written right now. Yours was not sent."
    )
    assert en.busy(record(), verdict, verdict.by_id) == (
        "Your other decision on A-1042 is being written right now. This one was not sent."
    )
    for person, who in (("somebody else", "Ada is"), (looking.by_id, "you are")):
        assert en.busy(record(), looking, person) == (
            f"Partner Center has not confirmed yet that {who} investigating A-1042. "
            "Your decision was not sent: try again in a moment."
        )
