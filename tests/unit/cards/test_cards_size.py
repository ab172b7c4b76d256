"""Sizes as Teams counts them, and shortening in steps."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from cards.elements import Json
from cards.size import LIMIT, fit, utf16_bytes


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_card_is_as_large_as_its_json_in_utf16(text: str) -> None:
    card = {"text": text}
    written = json.dumps(card, ensure_ascii=False, separators=(",", ":"))
    control_characters = sum(letter < " " or letter == "\x7f" for letter in text)
    assert abs(utf16_bytes(card) - len(written.encode("utf-16-le"))) <= 12 * control_characters


def test_a_card_that_fits_is_built_once() -> None:
    seen: list[int] = []

    def build(size: int) -> Json:
        seen.append(size)
        return {"text": "x" * size}

    fit(build, 10, [lambda size: size // 2])
    assert seen == [10]


def test_no_more_is_left_out_than_has_to_be() -> None:
    def build(size: int) -> Json:
        return {"text": "x" * size}

    card = fit(build, LIMIT, [lambda size: size // 2, lambda size: size // 2, lambda size: 0])
    assert card == {"text": "x" * (LIMIT // 4)}


def test_three_byte_letters_are_not_counted_twice() -> None:
    text = "長" * (LIMIT // 2 - 20)
    assert fit(lambda view: {"text": view}, text, [lambda view: ""]) == {"text": text}


def test_steps_that_were_taken_before_are_taken_whatever_fits() -> None:
    def build(size: int) -> Json:
        return {"text": "x" * size}

    steps = [lambda size: size // 2, lambda size: size // 2, lambda size: 1]
    lengths = [len(fit(build, 800, steps, shorter)["text"]) for shorter in range(5)]
    assert lengths == [800, 400, 200, 1, 1]
    assert fit(build, LIMIT * 3, steps, 1) == {"text": "x"}, "and no fewer than make it fit"
