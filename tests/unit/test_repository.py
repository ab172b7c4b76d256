"""What the repository promises about itself: nothing of one machine in it, lists that agree, commands explained."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import bot

ROOT = Path(__file__).resolve().parents[2]
MADE_HERE = {".git", ".venv", ".cache", "node_modules", "dist", "__pycache__", ".hypothesis", ".env"} | {
    f".{tool}_cache" for tool in ("pytest", "mypy", "ruff", "import_linter")
}

# Written in pieces, so that this file does not match itself.
REGISTRY_HOST = re.compile(
    "|".join(
        (
            "files.python" + "hosted",
            "pypi" + r"\.(org|io|python)",
            "registry" + r"\.(npmjs|yarnpkg)",
            "npm" + r"js\.(org|com)",
        )
    )
)
MACHINE_PATH = re.compile(
    r"(?<![\w.~<$})])/(?:"
    + "|".join(("wo" + "rk", "ro" + "ot", "fa" + "rm", "Us" + "ers", "ho" + r"me/(?!(?:nonroot|app|alertdesk)\b)\w+"))
    + r")/[\w.]"
)


@cache
def _files() -> tuple[Path, ...]:
    """Every file that is, or would be, committed; without git, every file that set-up did not make."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        return tuple(
            path for path in ROOT.rglob("*") if path.is_file() and not MADE_HERE & set(path.relative_to(ROOT).parts)
        )
    git = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(git, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


@cache
def _texts() -> tuple[tuple[str, str], ...]:
    texts = []
    for path in _files():
        content = path.read_bytes()
        if b"\0" not in content:
            texts.append((str(path.relative_to(ROOT)), content.decode()))
    return tuple(texts)


def _matches(pattern: re.Pattern[str]) -> list[str]:
    return [f"{name}: {match[0]}" for name, text in _texts() for match in pattern.finditer(text)]


def _declared(*, extras: bool = True) -> list[str]:
    """Every requirement of pyproject.toml, with or without those of development and benchmark."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    further = [each for extra in project["optional-dependencies"].values() for each in extra]
    return [*project["dependencies"], *(further if extras else [])]


def _imported(path: Path) -> set[str]:
    """The absolute names of the modules that a file imports, also those inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def _name(requirement: str) -> str:
    """The requirement's package in the spelling of lock files: lower case, hyphens."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def test_no_registry_host_is_named() -> None:
    assert _matches(REGISTRY_HOST) == []


def test_no_path_of_a_machine_is_named() -> None:
    assert _matches(MACHINE_PATH) == []


def test_the_search_for_hosts_and_paths_can_find() -> None:
    assert REGISTRY_HOST.search("https://pypi" + ".org/simple")
    assert MACHINE_PATH.search('open("/ro' + 'ot/x")')


def test_no_file_is_large_or_left_unmerged() -> None:
    large = [str(path) for path in _files() if path.stat().st_size > 2_000_000]
    unmerged = [name for name, text in _texts() if re.search(r"^(<{7}|>{7}) ", text, re.MULTILINE)]
    assert (large, unmerged) == ([], [])


def test_the_version_agrees_with_the_changelog() -> None:
    headings = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    released = [heading for heading in headings if heading != "Unreleased"]
    assert headings[0] == "Unreleased"
    assert re.fullmatch(r"\d+\.\d+\.\d+", bot.__version__)
    assert released[:1] in ([], [bot.__version__])  # nothing is released yet, or the newest release is this version


def test_every_make_target_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    explained = set(re.findall(r"^([a-z][a-z-]*):.* ## \S", makefile, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    assert targets == explained == set(phony[1].split())


def test_the_lock_covers_every_dependency_with_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.MULTILINE))
    assert [each for each in _declared() if _name(each) not in pinned] == []
    without_hash = [
        block.split("==")[0]
        for block in re.split(r"^(?=[a-z0-9-]+==)", lock, flags=re.MULTILINE)[1:]
        if "--hash=sha256:" not in block
    ]
    assert without_hash == []


def test_every_dependency_has_its_reason() -> None:
    reasons = (ROOT / "docs" / "decisions" / "0001-dependencies.md").read_text()
    explained = {_name(each) for each in re.findall(r"^\| ([A-Za-z0-9][^ |]*) \| \S", reasons, re.MULTILINE)}
    assert [each for each in _declared() if _name(each) not in explained] == []
    packages = json.loads((ROOT / "bot" / "sandbox" / "node" / "package.json").read_text())
    declared = [*packages.get("dependencies", {}), *packages.get("devDependencies", {})]
    assert [each for each in declared if f"| {each} |" not in reasons] == []


@pytest.mark.parametrize("path", sorted((ROOT / "bot" / "domain").rglob("*.py")), ids=lambda path: path.stem)
def test_the_domain_needs_nothing_but_the_standard_library_and_our_errors(path: Path) -> None:
    ours = ("bot.domain.", "bot.errors.")
    foreign = [name for name in _imported(path) if name.split(".")[0] not in sys.stdlib_module_names]
    assert [name for name in foreign if not f"{name}.".startswith(ours)] == []


@pytest.mark.parametrize("folder", ["bot", "cards", "bot/sandbox", "tests", "tools"])
def test_what_is_imported_is_declared_and_not_there_by_chance(folder: str) -> None:
    """The product may use its own dependencies alone; sandbox, tests and tools those of development too."""
    declared = {_name(each) for each in _declared(extras=folder not in {"bot", "cards"})}
    known = {*sys.stdlib_module_names, "bot", "cards", "tests", "tools"}
    known |= {module for module, owners in packages_distributions().items() if declared & set(map(_name, owners))}
    sources = [path for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts]
    if folder == "bot":
        sources = [path for path in sources if not path.is_relative_to(ROOT / "bot" / "sandbox")]
    stray = [f"{path.name}: {name}" for path in sources for name in _imported(path) if name.split(".")[0] not in known]
    assert stray == []


def test_every_decision_and_document_that_is_linked_exists() -> None:
    links = [
        (name, target)
        for name, text in _texts()
        if name.endswith(".md")
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text)
    ]
    broken = [f"{name}: {target}" for name, target in links if not ((ROOT / name).parent / target).exists()]
    assert broken == []
