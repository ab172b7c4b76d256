"""Every text goes through the catalogue, whole: nothing is put together from parts of sentences.

Held by looking at the code of bot/texts, so that a text which no test says is held too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

TEXTS = Path(__file__).resolve().parents[3] / "bot" / "texts"
MACHINERY = {"catalogue.py", "formats.py"}
"""What looks texts up, and writes times and numbers: `h`, `min` and UTC are symbols in every language."""
MODULES = sorted(path for path in TEXTS.glob("*.py") if path.name not in MACHINERY)

FILTER_WORD = "is typed in a filter, and understood in English alone"
CODE = "a value that programs compare"
EXAMPLE = "what somebody types, as an example"
FILE = "the name of a file"
KEPT: dict[str, dict[str, str]] = {
    "escalation.py": {"active": FILTER_WORD},
    "evidence.py": {
        **dict.fromkeys(
            (
                *("timeline.html", "timeline.md", "alerts.csv", "verdicts.csv", "requests.csv", "notes.csv"),
                *("alerts/A-….json", "audit.jsonl", "MANIFEST.txt"),
            ),
            FILE,
        ),
    },
    "routes.py": {
        **dict.fromkeys(("unresolved", "breached", "met", "due", "yes", "no", "nobody"), FILTER_WORD),
    },
    "saved_filters.py": {"urgent": EXAMPLE},
}
"""What is no text, and why. Addresses and what is compared, looked up or a key need no entry."""
BAD_PLACES = re.compile(r".*_\d+$|value|further|words_\d|lower|upper|capitalize|map|.*_word|listed")
"""Names of places that tell a translator nothing. `value` stands where a status or verdict of Partner Center does."""
FAIR = {("en.py", "value"), ("filters.py", "value")}


def strings(tree: ast.Module) -> Iterator[ast.Constant]:
    """All strings that may be said: no docstrings, no keys, nothing that is compared or looked up, no addresses."""
    quiet: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as said):
                quiet.add(id(said))
            case ast.Dict(keys=keys):
                quiet |= {id(key) for key in keys}
            case ast.Compare(left=left, comparators=others):
                quiet |= {id(part) for each in (left, *others) for part in ast.walk(each)}
            case ast.Subscript(slice=key):
                quiet.add(id(key))
            case ast.Call(func=ast.Attribute(attr="startswith" | "endswith"), args=given):
                quiet |= {id(part) for each in given for part in ast.walk(each)}
            case ast.Call(func=ast.Attribute(value=ast.Name(id="dict"), attr="fromkeys"), args=[keys, *_]):
                quiet |= {id(part) for part in ast.walk(keys)}
            case ast.FormattedValue(format_spec=ast.expr() as how):
                quiet |= {id(part) for part in ast.walk(how)}
            case ast.Call(func=ast.Name(id="CommandHelp"), args=given):
                # Name, usage, (meaning), example: what one types.
                quiet |= {id(each) for position, each in enumerate(given) if position != 2}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in quiet:
            yield node


def looked_up(tree: ast.Module) -> Iterator[tuple[ast.Call, list[ast.expr]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "plural"):
            yield node, node.args[:2] if node.func.id == "plural" else node.args


def is_said(text: str) -> bool:
    return re.search(r"[^\W\d_]", text) is not None and not text.startswith("https://")


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_every_text_goes_through_the_catalogue(path: Path) -> None:
    tree = ast.parse(path.read_text())
    wrapped = {id(part) for _, texts in looked_up(tree) for text in texts for part in ast.walk(text)}
    kept = KEPT.get(path.name, {})
    bare = [each for each in strings(tree) if id(each) not in wrapped and is_said(str(each.value))]
    assert [f"{path.name}:{each.lineno} {each.value!r}" for each in bare if each.value not in kept] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_what_is_looked_up_is_a_literal(path: Path) -> None:
    """Anything else would not be collected."""
    for call, texts in looked_up(ast.parse(path.read_text())):
        assert [
            f"{path.name}:{call.lineno}"
            for text in texts
            if not (isinstance(text, ast.Constant) and isinstance(text.value, str))
        ] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_the_places_in_a_text_are_named_and_filled(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for call, texts in looked_up(tree):
        for text in texts:
            names = places(ast.literal_eval(text))
            bad = {name for name in names if BAD_PLACES.fullmatch(name) and (path.name, name) not in FAIR}
            assert not bad, f"{path.name}:{call.lineno} {bad}"
            assert "" not in names, f"{path.name}:{call.lineno}: a place without a name"
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Call(func=ast.Name(id="_" | "plural"), args=said), attr="format"),
                keywords=given,
            ) if all(each.arg for each in given):
                texts = [str(text.value) for text in said[:2] if isinstance(text, ast.Constant)]
                missing = {name for text in texts for name in places(text)} - {each.arg for each in given}
                assert not missing, f"{path.name}:{node.lineno} {missing}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_part_of_a_sentence_is_looked_up(path: Path) -> None:
    """A text with a space at an end is glued to another one, which other languages order otherwise."""
    for call, texts in looked_up(ast.parse(path.read_text())):
        for text in texts:
            said = ast.literal_eval(text)
            assert said == said.strip(), f"{path.name}:{call.lineno} {said!r}"


def filled_twice(function: ast.FunctionDef) -> list[str]:
    """Sentences that are filled although they were, or may have been: braces in somebody's words would be places."""
    done = {
        ast.unparse(target)
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and ".format(" in ast.unparse(node.value)
        for target in node.targets
    }
    texts = [
        ast.unparse(node.func.value)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
    ]
    return [text for text in texts if text in done or ".format(" in text]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_nothing_is_filled_twice(path: Path) -> None:
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    assert {function.name: found for function in functions if (found := filled_twice(function))} == {}


@pytest.mark.parametrize(
    ("body", "twice"),
    [
        ("return _('{a}').format(a=a)", False),
        ("said = _('{a}') if a else _('b')\n    return said.format(a=a)", False),
        ("said = _('{a}').format(a=a)\n    return said.format(b=b)", True),
        ("return _('{a} {{b}}').format(a=a).format(b=b)", True),
    ],
)
def test_the_rule_about_filling(body: str, twice: bool) -> None:
    (function,) = ast.parse(f"def text(a, b):\n    {body}\n").body
    assert isinstance(function, ast.FunctionDef)
    assert bool(filled_twice(function)) is twice


def test_what_is_kept_is_there() -> None:
    for name, kept in KEPT.items():
        tree = ast.parse((TEXTS / name).read_text())
        assert set(kept) <= {each.value for each in strings(tree)}, name


@pytest.mark.parametrize(
    ("code", "bare"),
    [
        ('def f(n): return f"{n} alerts"', True),
        ('X = "somebody"', True),
        ('def f(a): return "It is over." if a else _("It goes on.")', True),
        ('def f(a): return _("It goes on.").format(who=a or "nobody")', True),
        ('X = {"high": _("High")}\ndef f(a): return X["high"] if a == "fraud" else ""', False),
        ('X = "https://learn.microsoft.com/x"', False),
        ('def f(n): return f"{n}: {n}"', False),
    ],
)
def test_the_rule_itself(code: str, bare: bool) -> None:
    tree = ast.parse(code)
    wrapped = {id(part) for _, texts in looked_up(tree) for text in texts for part in ast.walk(text)}
    assert any(id(each) not in wrapped and is_said(str(each.value)) for each in strings(tree)) is bare
