"""What a roll-up's card says, and where its buttons lead."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.chat.presenter import Place
from bot.chat.rollup_views import SHOWN, rollup_view, subject, words
from bot.domain import filter_grammar
from bot.domain.storms import EVERYTHING, Count, News, RollUpState, Scope, ScopeKind
from bot.texts import storms as texts
from cards import rollup_card
from cards.views import Button
from tests.factories import CUSTOMER, NORTHWIND, NOW, SUBSCRIPTION
from tests.factories_storms import OF_CUSTOMER, OF_SUBSCRIPTION, census, rollup, worst

PLACE = Place("https://portal.azure.com", {NORTHWIND: "Northwind"})
SINCE = "since:2026-03-01T12:13Z"


@pytest.mark.parametrize(
    ("scope", "selects"),
    [
        (OF_SUBSCRIPTION, f"subscription:{SUBSCRIPTION} {SINCE}"),
        (OF_CUSTOMER, f"customer:{CUSTOMER} {SINCE}"),
        (EVERYTHING, SINCE),
        (Scope(ScopeKind.SUBSCRIPTION, 'a" all, b'), SINCE),
        (Scope(ScopeKind.CUSTOMER, "x" * 600), SINCE),
    ],
)
def test_its_words_are_a_filter_that_leaves_none_of_its_alerts_out(scope: Scope, selects: str) -> None:
    found = words(rollup(scope), census())
    assert found == selects
    wanted = filter_grammar.parse(f"all {found}")
    first = census().first_detected_at
    assert first is not None
    assert wanted.since is not None
    assert not isinstance(wanted.since, timedelta)
    assert wanted.since <= first
    assert all(scope.id.startswith(word) for word in (*wanted.subscriptions, *wanted.customers))


def test_whose_alerts_they_are() -> None:
    assert subject(rollup(OF_SUBSCRIPTION), census()) == "Alerts of one subscription"
    assert subject(rollup(OF_CUSTOMER), census()) == "Alerts of Contoso Ltd"
    assert subject(rollup(OF_CUSTOMER), census(by_customer=(Count(CUSTOMER, 9),))) == f"Alerts of {CUSTOMER}"
    assert subject(rollup(EVERYTHING), census()) == "Alerts of this conversation"


def test_it_lists_at_most_ten_and_says_how_many_more() -> None:
    view = rollup_view(rollup(), census(), worst(30), PLACE, NOW)
    assert len(view.rows) == SHOWN
    assert view.more == "and 4,690 more"
    assert rollup_view(rollup(), census(unresolved=3), worst(3), PLACE, NOW).more == ""


def test_what_else_may_be_pressed_stands_beside_the_lists() -> None:
    bulk = Button("Mark these 50 active…", "dialog", "alerts.bulk", {"set": "x"})
    view = rollup_view(rollup(), census(), worst(), PLACE, NOW, buttons=[bulk])
    titles = [button.title for button in view.buttons]
    assert titles == ["Unresolved since 12:13 UTC", "All since 12:13 UTC", bulk.title]
    assert view.buttons[0].data == {"card": rollup().id, "words": f"unresolved subscription:{SUBSCRIPTION} {SINCE}"}


@pytest.mark.parametrize("state", RollUpState)
def test_how_it_stands(state: RollUpState) -> None:
    closed = None if state is RollUpState.OPEN else NOW
    view = rollup_view(rollup(state=state, closed_at=closed), census(), worst(), PLACE, NOW)
    assert view.status.text == ("Storm since 12:18 UTC" if closed is None else "Calm since 12:30 UTC")
    (line,) = view.lines
    assert line.text == {"open": texts.STORM_LINE, "calming": texts.CALMING_LINE, "closed": texts.CLOSED_LINE}[state]


def test_a_storm_of_the_lowest_severity_is_no_red_card() -> None:
    assert rollup_view(rollup(rank=1), census(), worst(), PLACE, NOW).status.tone == "warning"
    assert rollup_view(rollup(rank=4), census(), worst(), PLACE, NOW).status.tone == "attention"


def test_a_card_that_is_too_large_for_teams_all_the_same_is_shortened_step_by_step() -> None:
    view = rollup_view(rollup(), census(), worst(), PLACE, NOW)
    sizes = [len(str(rollup_card(view, shorter))) for shorter in range(6)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < sizes[0] / 3


def test_lines_of_a_minute_are_merged() -> None:
    assert texts.merged(News(1, "Ada marked A-1 as fraud.")) == "Ada marked A-1 as fraud."
    assert texts.merged(News(1_200, "Ada marked A-1 as fraud.")).startswith("1,200 of these alerts were decided")
