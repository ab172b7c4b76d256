"""Names of saved filters, and what becomes of `@name` among other words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.saved_filters import LONGEST_NAME, expanded, is_name, used

KNOWN = {"urgent": "unresolved severity:high", "big-one": 'customer:"Contoso Ltd"'}


@pytest.mark.parametrize("name", ["a", "urgent", "Überfällig", "7d", "big-one", "a_b", "x" * LONGEST_NAME])
def test_good_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "-a", "_a", "@a", "a b", "a.b", "a:b", 'a"', "a\n", "x" * (LONGEST_NAME + 1)])
def test_bad_names(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("@urgent", "unresolved severity:high"),
        ("@URGENT since:7d", "unresolved severity:high since:7d"),
        ("since:7d @big-one @urgent", 'since:7d customer:"Contoso Ltd" unresolved severity:high'),
        ("@nobody", "@nobody"),
        ('customer:"a @urgent b"', 'customer:"a @urgent b"'),
        ("customer:a@urgent", "customer:a@urgent"),
        ("", ""),
    ],
)
def test_a_name_stands_for_its_words(words: str, meant: str) -> None:
    assert expanded(words, KNOWN) == meant


def test_the_names_that_are_used() -> None:
    assert used('@Urgent "@not" x@y @urgent @two') == ("urgent", "two")


@given(st.text(max_size=60))
def test_words_without_names_stay_as_they_are(words: str) -> None:
    if not used(words):
        assert expanded(words, KNOWN) == words.strip()
