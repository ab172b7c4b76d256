"""In a language made of accents nothing of ours stays English, on the answers and cards that people get."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.texts.help import COMMANDS
from tests.support import pseudo_language

ROOT = Path(__file__).resolve().parents[3]
FOREIGN = {
    *("Northwind", "Contoso", "Ltd", "Ada", "ada", "example", "Admin", "Agent"),  # names
    *("Crypto", "mining", "suspected", "Azure", "Usage", "usageAnomalyDetected", "quantumReadiness", "pending"),
    *("alerts", "csv", "urgent", "severity", "high"),  # a file's name, and what was typed
    *("UTC", "Jan", "Feb", "Mar"),  # the language's own dates
}
"""Words that come from elsewhere, or are the same in every language."""
WHOLE = {
    *("Unusual compute usage", "alert-one", "Medium", "2026-Mar-01 12:30 UTC: active → resolved (alert-desk)"),
    *("5ab00000-0000-4000-8000-000000000001", "cccccccc-0000-4000-8000-000000000001"),
}
"""Texts that are shown as Partner Center gave them: a confidence, a step of its history, ids."""
USAGES = {text for command in COMMANDS for text in (command.usage, command.example)}
_INNER = re.compile(r"⟦[^⟦⟧]*⟧")
_WORD = re.compile(r"[A-Za-z]{2,}")
_HASH = re.compile(r"\b[0-9a-f]{32,}\b")


def left_over(text: str) -> set[str]:
    """Words outside of all brackets that nobody else can have written."""
    if text.replace("‹", "<").replace("›", ">") in USAGES | WHOLE:
        return set()
    while (shorter := _INNER.sub(" ", text)) != text:
        text = shorter
    return set(_WORD.findall(_HASH.sub(" ", text))) - FOREIGN


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, list[str]]]:
    """(command, kind of the answer, its texts), from a bot that speaks the language from its start."""
    folder = tmp_path_factory.mktemp("pseudo")
    ran = run("-m", "tests.support.pseudo_language", str(folder))
    assert ran.returncode == 0, ran.stderr[-2000:]
    return [tuple(json.loads(line)) for line in ran.stdout.splitlines() if line.startswith("[")]


def test_every_command_is_answered(answers: list[tuple[str, str, list[str]]]) -> None:
    assert [command for command, _, _ in answers] == list(pseudo_language.COMMANDS)
    assert {kind for _, kind, _ in answers} >= {"Say", "Refuse", "ShowCard"}
    assert sum("⟦" in "".join(found) for _, _, found in answers) > 30


def test_nothing_of_ours_stays_english(answers: list[tuple[str, str, list[str]]]) -> None:
    said = [(command, text) for command, _, found in answers for text in found]
    bare = [(command, text[:90], words) for command, text in said if (words := left_over(text))]
    assert bare == []


def test_places_stay_as_they_are() -> None:
    assert pseudo_language.pseudo("Nothing of {name!r} at {minutes:02}") == "⟦Nóthíng óf {name!r} át {minutes:02}⟧"
    assert left_over("⟦Nóthíng óf ⟦fráúd⟧ hére⟧ by Ada") == {"by"}


def test_a_bot_that_was_told_too_late_does_not_start() -> None:
    code = "from bot.texts import catalogue, en\ncatalogue.speak('de')"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 1
    assert "before the language was set" in ran.stderr


def test_the_command_line_imports_no_text_before_the_settings() -> None:
    code = "import bot.__main__\nfrom bot.texts import catalogue\nassert not catalogue._speech.used"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
