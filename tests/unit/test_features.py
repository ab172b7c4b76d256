"""docs/features.md names what there is: every module and every test on it exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "features.md"
NAMED = re.compile(r"`([\w./]+?)(?:::(\w+))?`")


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] not in ("Feature", "What", "---")]


def _written_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_each_feature_is_where_it_says_and_has_a_test(row: list[str]) -> None:
    _feature, where, shown = row
    modules = [path for path, _ in NAMED.findall(where) if "/" in path or path == "LICENSE"]
    assert modules, where
    assert all((ROOT / path).exists() for path in modules), where
    tests = NAMED.findall(shown)
    assert tests, shown
    for path, name in tests:
        assert path.startswith("tests/"), path
        assert (ROOT / path).is_file(), path
        assert not name or name in _written_in(ROOT / path), f"{path}::{name}"
