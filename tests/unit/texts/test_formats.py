"""How things are written: English as ever, others by their own rules, and a locale that is none is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.texts import en, formats

AT = datetime(2026, 3, 1, 14, 5, 15, tzinfo=UTC)
NARROW = "\u202f"


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    formats.use(formats.ENGLISH)


def test_english_is_written_as_it_always_was() -> None:
    assert formats.moment(AT) == "01 Mar 2026, 14:05 UTC"
    assert (formats.day(date(2026, 3, 1)), formats.time(AT)) == ("01 Mar 2026", "14:05 UTC")
    assert [formats.number(value) for value in (0, 999, 12_345, 1_234_567)] == ["0", "999", "12,345", "1,234,567"]
    assert (formats.hours(26.06), formats.hours(24), formats.minutes(45.4)) == ("26.1 h", "24.0 h", "45 min")
    assert formats.number(1234.5, 2) == "1,234.50"
    assert formats.number(1234.5, 0) == "1,234"
    assert [formats.both(list("ABC"[:count])) for count in (1, 2, 3)] == ["A", "A and B", "A, B and C"]
    assert [formats.either(list("ABC"[:count])) for count in (1, 2, 3)] == ["A", "A or B", "A, B or C"]


@given(st.datetimes(AT.replace(year=1970, tzinfo=None), AT.replace(year=2100, tzinfo=None)), st.integers(0, 10**12))
def test_english_is_the_same_for_all_moments_and_numbers(moment: datetime, count: int) -> None:
    assert formats.moment(moment) == f"{moment:%d %b %Y, %H:%M} UTC"
    assert formats.number(count) == f"{count:,}"


@pytest.mark.parametrize(
    ("name", "moment", "number", "listed"),
    [
        ("de", "01.03.2026, 14:05 UTC", "1.234.567,5", "A, B und C"),
        ("pt-BR", "1 de mar. de 2026 14:05 UTC", "1.234.567,5", "A, B e C"),
        ("en-US", f"Mar 1, 2026, 2:05{NARROW}PM UTC", "1,234,567.5", "A, B, and C"),
        ("ja", "2026/03/01 14:05 UTC", "1,234,567.5", "A、B、C"),
    ],
)
def test_others_by_their_own_rules(name: str, moment: str, number: str, listed: str) -> None:
    formats.use(name)
    assert formats.moment(AT) == moment
    assert formats.number(1_234_567.5, 1) == number
    assert formats.both(["A", "B", "C"]) == listed


@pytest.mark.parametrize("name", ["de-DE", "de_DE", "zh-Hans-CN", "EN"])
def test_however_it_is_spelt(name: str) -> None:
    formats.Formats(name)


@pytest.mark.parametrize("name", ["", "xx", "english", "../../etc", "de-DE-x-y", "de DE", "de\n", "*"])
def test_what_is_no_locale_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no locale that is known here; use one such as en, de or pt-BR"):
        formats.Formats(name)


def test_the_texts_follow() -> None:
    formats.use("de")
    assert en.when(AT) == "01.03.2026, 14:05 UTC"
    assert en.clock(AT, AT) == "14:05 UTC"
    assert "12.345" in en.more(12_345)
