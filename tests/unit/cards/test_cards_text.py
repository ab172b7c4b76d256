"""Hostile text: nothing invisible, no link, no mention, no template; and usual text stays as it is."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.text import ELLIPSIS, MOST_LINES, cut, defuse, heading, label, paragraphs

FRAGMENTS = [
    *(
        "http://",
        "https://",
        "HTTPS://",
        "hxxp://",
        "ftp://",
        "mailto:",
        "javascript:",
        "www.",
        "evil.com",
        "пример.рф",
        ".co",
    ),
    *("[", "](", ")", "!", "`", "**", "__", "~~", "\\", "#", "- ", "1. ", "> ", "&lt;", "&#91;", "{{", "{", "}}", "${"),
    *(
        "<at>",
        "</at>",
        "<a",
        "<at",
        "t>",
        ">",
        "<",
        "DATE(",
        "\n",
        "\r\n",
        "\t",
        "\u2028",
        "\x00",
        "\x1b[0m",
        "\x85",
        " ",
    ),
    *(
        "\u202e",
        "\u200b",
        "\u200d",
        "\ufeff",
        "\u2066",
        "\ud800",
        "\U000e0041",
        "\ue000",
        "\u0301",
        "\ufe0f",
        "🇩🇪",
        "👍🏽",
        "한",
    ),
]
hostile = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=4)), max_size=30).map("".join)

UNSEEN = {"Cc", "Cs", "Co"}
LIVE = re.compile(
    r"(?i)(?<!hxxp)(?<!hxxps)://|https?:|\bmailto:\S|\bjavascript:\S|<at\b|</at\b|\{\{|\$\{|\w\.(com|рф|co)\b|\bwww\.\w"
)


def is_tame(text: str) -> bool:
    return not LIVE.search(text) and not any(
        unicodedata.category(letter) in UNSEEN or letter in "\u200b\u200d\u202e\u2066\ufeff\u2028" for letter in text
    )


@given(hostile, st.integers(1, 60))
def test_nothing_comes_alive(text: str, limit: int) -> None:
    safe = defuse(text, limit)
    assert is_tame(safe)
    assert len(safe) <= limit
    assert safe == safe.strip()


@given(hostile)
def test_defusing_twice_changes_nothing_more(text: str) -> None:
    once = defuse(text, 500)
    assert defuse(once, 500) == once


@given(hostile)
def test_labels_hold_no_link_of_markdown(text: str) -> None:
    assert not re.search(r"[\[\]`]", label(text, 200))


@given(hostile)
def test_headings_hold_no_markdown_that_is_not_escaped(text: str) -> None:
    shown = heading(text, 200)
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_~]", shown)
    assert not re.match(r"\s*([-+>#=|]|\d+[.)])", shown)
    assert not re.search(r"[\[\]`]|&#?\w+;", shown)


@given(hostile, st.integers(1, 80))
def test_paragraphs_together_keep_to_the_limit(text: str, limit: int) -> None:
    parts = paragraphs(text, limit)
    assert all(parts)
    assert all(map(is_tame, parts))
    assert sum(len(part) for part in parts if part != ELLIPSIS) <= limit


@pytest.mark.parametrize(
    "text",
    [
        "Azure plan – production",
        "21 Nov 2026, 12:41 UTC",
        "b44bb1fb-c595-45b0-9e0e-d657365580fc",
        "“Nobody knows these machines.”",
        "Größe: 3.5 GB, 80 %",
        "Microsoft.Compute/virtualMachines",
        "日本語の顧客",
        "שלום Contoso",
        "a * b = c_d ~ e [f] (g) #h",
        "C:\\Windows",
        "cores: 10 → 350",
        "👍🏽 🇩🇪",
    ],
)
def test_usual_text_stays_as_it_is(text: str) -> None:
    assert defuse(text, 300) == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("https://evil.com/a?b=c", "hxxps://evil[.]com/a?b=c"),
        ("HTTP://EVIL.COM", "hxxp://EVIL[.]COM"),
        ("http://10.0.0.4/x", "hxxp://10.0.0.4/x"),
        ("ftp://evil.example", "ftp[:]//evil.example"),
        ("see www.evil.example now", "see www[.]evil.example now"),
        ("evil.com/login", "evil[.]com/login"),
        ("login.contoso.co.uk", "login.contoso[.]co[.]uk"),
        ("ada@contoso.com", "ada@contoso[.]com"),
        ("mailto:ada", "mailto[:]ada"),
        ("javascript:alert(1)", "javascript[:]alert(1)"),
        ("ht\u200btp://e\u00advil.com", "hxxp://evil[.]com"),
        ("<at>Ada</at> hello", "Ada hello"),
        ("<a<at>t>Ada", "\u2039at\u203aAda"),
        ("<b>bold</b>", "\u2039b\u203abold\u2039/b\u203a"),
        ("CPU < 5 > 3", "CPU < 5 > 3"),
        ("{{DATE(2026-01-02T03:04:05Z)}}", "{ {DATE(2026-01-02T03:04:05Z)}}"),
        ("{{{x", "{ { {x"),
        ("${user}", "$ {user}"),
        ("one\r\n\ttwo\u2028three", "one two three"),
        ("\u202egnp.exe", "gnp.exe"),
        ("\x1b[31mred", "[31mred"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("a" + "\u0301" * 50 + "b", "a" + "\u0301" * 4 + "b"),
        ("   ", ""),
    ],
)
def test_what_becomes_of_hostile_text(text: str, safe: str) -> None:
    assert defuse(text, 300) == safe


@pytest.mark.parametrize(
    ("text", "limit", "left"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("abcd efgh", 6, "abcd…"),
        ("abcde\u0301f", 6, "abcd…"),  # the accent stays with its letter, and both go
        ("abcd👍🏽f", 6, "abcd…"),
        ("ab🇩🇪🇫🇷x", 6, "ab🇩🇪…"),
        ("ab🇩🇪🇫🇷x", 4, "ab…"),
        ("abcde\ufe0fg", 6, "abcd…"),
        ("\u0301\u0301\u0301", 2, "…"),
    ],
)
def test_a_cut_leaves_whole_letters(text: str, limit: int, left: str) -> None:
    assert cut(text, limit) == left


def test_headings_show_what_is_written() -> None:
    assert heading("A-1042", 20) == "A-1042"
    assert heading("- *a* [b](c) &lt;", 40) == "\\- \\*a\\* (b)(c) +lt;"
    assert heading("1. first", 40) == "1\\. first"


def test_many_lines_are_cut_with_an_ellipsis() -> None:
    assert paragraphs("a\n\nb\r\nc", 100) == ["a", "b", "c"]
    assert paragraphs("abc\ndef\nghi", 4) == ["abc", "…", "…"]
    assert paragraphs("x\n" * 100, 1000) == ["x"] * MOST_LINES + [ELLIPSIS]


@pytest.mark.parametrize(
    "piece", ["a.", "{", "<", "<at", "://", "[", ".co", "\u0301", "www.", "http:", "🇩", "a:", "\u200b", "&#", " "]
)
def test_no_text_takes_long(piece: str) -> None:
    started = time.perf_counter()
    for shown in (defuse, label, heading):
        shown(piece * 200_000, 2000)
    assert time.perf_counter() - started < 2
