"""What came before on a subscription: counted by hand, and for anything at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.recurrence import MOST, Count, Earlier, recurrence
from tests.factories import NOW, alert

ALERT = alert(detected_at=NOW)


def earlier(number: int = 1, verdict: str = "legitimate", by: str = "Ada", days: float = 4, **changes: Any) -> Earlier:
    values: dict[str, Any] = {"alert_type": ALERT.alert_type, "name": "Mining"} | changes
    at = NOW - timedelta(days=days)
    return Earlier(number, values["name"], values["alert_type"], at - timedelta(hours=1), verdict, by, at)


def test_nothing_before_is_nothing_to_say() -> None:
    assert recurrence(ALERT, []) is None


def test_the_third_time_twice_legitimate_by_one_person() -> None:
    found = recurrence(ALERT, [earlier(1, days=9), earlier(2, days=4)])
    assert found is not None
    assert (found.same_type, found.times, found.at_least) == (True, 2, False)
    assert found.counts == (Count("legitimate", 2, "Ada"),)
    assert (found.last.number, found.before) == (2, timedelta(days=4))


def test_of_several_people_none_is_named_and_the_most_frequent_verdict_comes_first() -> None:
    found = recurrence(
        ALERT, [earlier(1, "fraud", "Max", 1), earlier(2, by="Ada", days=2), earlier(3, "Legitimate", "Max", 3)]
    )
    assert found is not None
    assert found.counts == (Count("legitimate", 2, ""), Count("fraud", 1, "Max"))
    assert found.last.number == 1


def test_of_equally_frequent_verdicts_the_later_comes_first() -> None:
    found = recurrence(ALERT, [earlier(1, "legitimate", days=3), earlier(2, "fraud", days=2)])
    assert found is not None
    assert [count.verdict for count in found.counts] == ["fraud", "legitimate"]


def test_other_kinds_count_only_where_there_are_none_of_its_own() -> None:
    other = earlier(2, "fraud", days=1, alert_type="somethingElse")
    same = recurrence(ALERT, [earlier(1), other])
    assert same is not None
    assert (same.same_type, same.times, same.last.number) == (True, 1, 1)
    without = recurrence(ALERT, [other])
    assert without is not None
    assert (without.same_type, without.times) == (False, 1)


def test_a_decision_that_came_after_this_alert_is_before_it_by_less_than_nothing() -> None:
    found = recurrence(ALERT, [earlier(days=-1)])
    assert found is not None
    assert found.before == timedelta(days=-1)


EARLIER = st.builds(
    earlier,
    st.integers(1, 99),
    st.sampled_from(["legitimate", "fraud", "ignore", "", "Fraud", "new"]),
    st.sampled_from(["Ada", "Max", ""]),
    st.floats(-9, 400),
    alert_type=st.sampled_from([ALERT.alert_type, ALERT.alert_type.upper(), "other"]),
)


@given(st.lists(EARLIER, max_size=MOST))
def test_the_counts_are_those_of_the_list(history: list[Earlier]) -> None:
    found = recurrence(ALERT, history)
    if found is None:
        assert not history
        return
    alike = [each for each in history if (each.alert_type.lower() == ALERT.alert_type.lower()) == found.same_type]
    assert found.times == len(alike) == sum(count.times for count in found.counts)
    assert list(found.counts) == sorted(found.counts, key=lambda count: -count.times)
    assert found.last.at == max(each.at for each in alike)
    assert found.at_least is (len(history) == MOST)
    assert recurrence(ALERT, reversed(history)) is not None
