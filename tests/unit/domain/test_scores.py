"""Scores: what is met and missed, who lacks multi-factor authentication, and counting page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.links import microsoft_link
from bot.domain.scores import (
    WORST_KEPT,
    Census,
    CustomerMfa,
    Requirement,
    ScorePoint,
    SecurityScore,
    corners,
    trend,
    turns,
)
from tests.factories import NOW, guid

COUNTS = st.none() | st.integers(0, 500)
CUSTOMERS = st.lists(
    st.builds(CustomerMfa, st.integers(1, 10**6).map(guid), COUNTS, COUNTS, COUNTS),
    max_size=40,
    unique_by=lambda customer: customer.tenant_id,
)


@pytest.mark.parametrize(
    ("word", "met"),
    [("compliant", True), ("noncomplaint", False), ("nonCompliant", False), ("unknownFutureValue", None), ("", None)],
)
def test_microsofts_words_for_met_its_misspelling_included(word: str, met: bool | None) -> None:
    assert Requirement("mfaEnforcedForAdmins", word, "active", 0, 20).met is met


def test_previews_do_not_count_as_missed_and_one_requirement_carries_the_average() -> None:
    missed = Requirement("a", "noncomplaint", "active", 0, 10, average_response_hours=26.4)
    preview = Requirement("b", "noncomplaint", "preview", 0, 10)
    score = SecurityScore(0, 20, NOW, NOW, (preview, missed))
    assert score.missed == (missed,)
    assert score.average_response_hours == 26.4
    assert SecurityScore(None, None, None, None).average_response_hours is None


def test_who_lacks_it() -> None:
    assert CustomerMfa(guid(1), 2, 30, 50).lacking == 18
    assert CustomerMfa(guid(1), None, 30, 50).lacking == 20
    assert CustomerMfa(guid(1), 2, 60, 50).lacking == 0  # Microsoft's counts need not be of one moment
    assert CustomerMfa(guid(1), 2, None, 50).lacking is None
    assert CustomerMfa(guid(1), 0, 50, 50).no_admin
    assert not CustomerMfa(guid(1), 0, 0, 0).no_admin


@given(CUSTOMERS, st.integers(1, 7))
def test_counting_by_pages_is_counting_all_at_once(customers: list[CustomerMfa], size: int) -> None:
    whole, paged = Census().plus(customers), Census()
    for start in range(0, len(customers), size):
        paged = paged.plus(customers[start : start + size])
    assert paged == whole
    assert whole.customers == len(customers)
    assert len(whole.worst) == whole.lacking <= whole.customers
    assert whole.users_lacking == sum(each.lacking or 0 for each in customers)
    assert list(whole.worst) == sorted(whole.worst, key=lambda each: each.badness)
    assert all(each.lacking or each.no_admin for each in whole.worst)


def test_the_worst_are_kept_and_the_others_counted() -> None:
    census = Census()
    for page in range(20):
        census = census.plus(CustomerMfa(guid(page * 100 + n), 1, 0, page * 100 + n + 1) for n in range(100))
    assert (census.customers, len(census.worst)) == (2000, WORST_KEPT)
    assert census.worst[0].users_total == 2000
    assert min(each.users_total or 0 for each in census.worst) == 2000 - WORST_KEPT + 1


def point(days_ago: float, score: float) -> ScorePoint:
    return ScorePoint(NOW - timedelta(days=days_ago), score, 1, 5)


def test_the_trend_has_the_latest_point_of_each_day_in_order() -> None:
    late, early = point(0, 30), point(0.1, 20)
    assert trend([late, point(2, 10), early]) == (point(2, 10), late)
    assert trend([]) == ()


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(0, 5))
def test_turns_are_where_it_became_another_score(scores: list[int], most: int) -> None:
    points = trend(point(100 - day, score) for day, score in enumerate(scores))
    found = turns(points, most)
    assert found[:1] == points[:1]
    assert len(found) <= most + 1
    for each in found[1:]:
        assert points[points.index(each) - 1].score != each.score


@given(st.lists(st.integers(0, 2), max_size=30))
def test_a_line_through_the_corners_is_the_line_through_all(scores: list[int]) -> None:
    points = trend(point(100 - day, score) for day, score in enumerate(scores))
    kept = corners(points)
    assert (kept[:1], kept[-1:]) == (points[:1], points[-1:])
    for place, each in enumerate(points):
        if each not in kept:
            before = max((corner for corner in kept if corner.at < each.at), key=lambda corner: corner.at)
            after = min((corner for corner in kept if corner.at > each.at), key=lambda corner: corner.at)
            assert before.score == each.score == after.score, place


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://aka.ms/partner-mfa", True),
        ("https://partner.microsoft.com/dashboard?a=b#c", True),
        ("https://portal.azure.com/#home", True),
        ("https://learn.microsoft.com:443/x", True),
        ("http://aka.ms/partner-mfa", False),
        ("https://evil.example.com/?aka.ms", False),
        ("https://microsoft.com.evil.example", False),
        ("https://evilmicrosoft.com/", False),
        ("https://mine.eastus.cloudapp.azure.com/", False),
        ("https://partner.microsoft.com@evil.example/", False),
        ("https://partner.microsoft.com\\@evil.example/", False),
        ("https://aka.ms:8443/", False),
        ("https://aka.ms:port/", False),
        ("https://[aka.ms/", False),
        ("javascript:alert(1)//aka.ms", False),
        ("https://aka.ms/a b", False),
        ("https://aka.ms/\u202e", False),
        ("", False),
    ],
)
def test_only_microsofts_own_pages_are_linked(url: str, good: bool) -> None:
    assert microsoft_link(url) == (url if good else "")
