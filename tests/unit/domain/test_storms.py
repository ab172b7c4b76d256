"""When alerts make a storm, and which roll-up stands for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.storms import (
    CALM,
    EVERYTHING,
    LIMITS,
    OWN_MOST,
    POSTS_MOST,
    RELEASED_MOST,
    ROLLUPS_MOST,
    WINDOW,
    Arrivals,
    Scope,
    ScopeKind,
    covering,
    is_hot,
    may_release,
    placed,
    scope_of,
    scopes,
)
from tests.factories import CUSTOMER, SUBSCRIPTION, alert

MINE, CUSTOMERS = Scope(ScopeKind.SUBSCRIPTION, SUBSCRIPTION), Scope(ScopeKind.CUSTOMER, CUSTOMER)
OTHER = Scope(ScopeKind.SUBSCRIPTION, "other")
FALLS_INTO = (MINE, CUSTOMERS, EVERYTHING)
NOTHING: frozenset[Scope] = frozenset()

any_arrivals = st.builds(Arrivals, st.integers(0, 6), st.integers(0, 16), st.integers(0, 31))
any_scope = st.one_of(
    st.sampled_from([*FALLS_INTO, OTHER]),
    st.builds(Scope, st.sampled_from([ScopeKind.SUBSCRIPTION, ScopeKind.CUSTOMER]), st.sampled_from("abcdefgh")),
)
any_open = st.frozensets(any_scope, max_size=7)
any_alert_scopes = st.sampled_from([FALLS_INTO, (MINE, EVERYTHING), (CUSTOMERS, EVERYTHING), (EVERYTHING,)])


def test_the_scopes_of_an_alert_from_narrow_to_wide() -> None:
    assert scopes(alert(subscription_id=SUBSCRIPTION.upper())) == FALLS_INTO
    assert scopes(alert(subscription_id="")) == (CUSTOMERS, EVERYTHING)
    assert scopes(alert(subscription_id="", customer_tenant_id="")) == (EVERYTHING,)


@given(any_scope)
def test_a_scope_comes_back_from_its_key(scope: Scope) -> None:
    assert scope_of(scope.key) == scope


@pytest.mark.parametrize(
    ("arrivals", "stands_for_it"),
    [
        (Arrivals(5, 15, 30), None),
        (Arrivals(6, 6, 6), MINE),
        (Arrivals(5, 16, 16), CUSTOMERS),
        (Arrivals(5, 15, 31), EVERYTHING),
        (Arrivals(6, 16, 31), MINE),
    ],
)
def test_the_limits(arrivals: Arrivals, stands_for_it: Scope | None) -> None:
    assert placed(FALLS_INTO, arrivals, NOTHING, 0) == stands_for_it


@given(any_alert_scopes, any_arrivals, st.integers(0, 1000))
def test_without_a_storm_every_alert_has_its_own_card(
    falls_into: tuple[Scope, ...], arrivals: Arrivals, posts: int
) -> None:
    storm = is_hot(falls_into, arrivals)
    assert (placed(falls_into, arrivals, NOTHING, posts) is not None) is storm


@given(any_alert_scopes, any_arrivals, any_open, st.integers(0, 40))
def test_what_stands_for_an_alert_covers_it(
    falls_into: tuple[Scope, ...], arrivals: Arrivals, open_scopes: frozenset[Scope], posts: int
) -> None:
    found = placed(falls_into, arrivals, open_scopes, posts)
    assert found is None or found in falls_into


@given(any_alert_scopes, any_arrivals, any_open, st.integers(0, 40))
def test_an_open_roll_up_takes_in_what_it_covers_the_narrowest_first(
    falls_into: tuple[Scope, ...], arrivals: Arrivals, open_scopes: frozenset[Scope], posts: int
) -> None:
    taken = covering(falls_into, open_scopes)
    if taken is not None:
        assert placed(falls_into, arrivals, open_scopes, posts) == taken
        assert not any(scope in open_scopes for scope in falls_into[: falls_into.index(taken)])
    else:
        assert not open_scopes & set(falls_into)


@given(any_alert_scopes, any_arrivals, any_open, st.integers(0, 40))
def test_a_storm_is_never_drawn_as_single_cards(
    falls_into: tuple[Scope, ...], arrivals: Arrivals, open_scopes: frozenset[Scope], posts: int
) -> None:
    if is_hot(falls_into, arrivals):
        assert placed(falls_into, arrivals, open_scopes, posts) is not None


@given(st.lists(st.tuples(any_alert_scopes, any_arrivals), max_size=200))
def test_whatever_comes_a_conversation_gets_no_more_than_twenty_posts_in_a_window(
    coming: list[tuple[tuple[Scope, ...], Arrivals]],
) -> None:
    """All within one window, after a storm has begun: a roll-up that is opened stays open for as long."""
    open_scopes, posts = {OTHER}, 1
    for falls_into, arrivals in coming:
        found = placed(falls_into, arrivals, frozenset(open_scopes), posts)
        posts += found is None or found not in open_scopes
        open_scopes |= {found} if found is not None else set()
    assert posts <= POSTS_MOST
    assert len(open_scopes) <= ROLLUPS_MOST + 1


def test_a_roll_up_outlives_the_window_in_which_it_was_posted() -> None:
    assert CALM >= WINDOW
    assert OWN_MOST + ROLLUPS_MOST + 1 == POSTS_MOST
    assert LIMITS == {ScopeKind.SUBSCRIPTION: 5, ScopeKind.CUSTOMER: 15, ScopeKind.CONVERSATION: 30}


@given(st.integers(0, 100), st.integers(0, 100), st.booleans())
def test_cards_come_back_a_few_at_a_time(released: int, posts: int, storm: bool) -> None:
    may = may_release(released, posts, storm=storm)
    assert 0 <= may <= RELEASED_MOST
    assert released + may <= max(RELEASED_MOST, released)
    if storm:
        assert posts + may <= max(OWN_MOST, posts)
