from __future__ import annotations

from bisect import bisect_left
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.delivery import PastCall
from bot.errors import ConfigError
from bot.teams.limits import CREATE, DOCUMENTED, MEMBERS, MOST_KEYS, SendLimits


def sent_as_fast_as_allowed(limits: SendLimits, count: int, conversation: str = "c", tenant: str = "t") -> list[float]:
    now, times = 0.0, []
    for _ in range(count):
        now += limits.delay(conversation, tenant, now)
        limits.spend(conversation, tenant, now)
        times.append(now)
    return times


def most_within(times: list[float], seconds: float) -> int:
    return max(bisect_left(times, start + seconds) - index for index, start in enumerate(times))


def test_no_window_is_ever_passed() -> None:
    times = sent_as_fast_as_allowed(SendLimits.from_mapping(DOCUMENTED), 4000)
    for calls, seconds in ((7, 1), (8, 2), (60, 30), (1800, 3600)):
        assert most_within(times, seconds) == calls  # kept, and used up


def test_a_tenant_shares_its_limit() -> None:
    limits = SendLimits.from_mapping(DOCUMENTED)
    now, times = 0.0, []
    for number in range(500):
        now += limits.delay(f"c{number}", "t", now)
        limits.spend(f"c{number}", "t", now)
        times.append(now)
    assert most_within(times, 1.0) == 50
    assert limits.delay("c", "another", now) == 0


def test_conversations_do_not_hold_each_other_up() -> None:
    limits = SendLimits.from_mapping(DOCUMENTED)
    sent_as_fast_as_allowed(limits, 60)
    now = 15.0
    assert limits.delay("c", "t", now) > 5
    assert limits.delay("d", "t", now) == 0
    assert limits.delay("", "t", now) == 0


def test_asking_spends_nothing() -> None:
    limits = SendLimits.from_mapping(DOCUMENTED)
    for _ in range(100):
        assert limits.delay("c", "t", 0.0) == 0


def test_a_slow_call_counts_from_its_end() -> None:
    limits = SendLimits.from_mapping({"conversation": [[1, 1]]})
    limits.spend("c", "t", 0.0)
    assert limits.delay("c", "t", 1.1) == 0
    limits.settle("c", "t", 0.0, 0.9)
    assert 0 < limits.delay("c", "t", 1.1) < 1


def test_settling_what_is_forgotten_is_harmless() -> None:
    limits = SendLimits.from_mapping(DOCUMENTED)
    limits.settle("c", "t", 0.0, 1.0)
    assert limits.delay("c", "t", 1.0) == 0


def test_nothing_is_limited_by_an_empty_setting() -> None:
    limits = SendLimits.from_mapping({})
    assert sent_as_fast_as_allowed(limits, 5000)[-1] == 0


def test_memory_is_bounded() -> None:
    limits = SendLimits.from_mapping(DOCUMENTED)
    for number in range(MOST_KEYS + 100):
        limits.spend(f"c{number}", "t", float(number))
    sent_as_fast_as_allowed(limits, 10_000, tenant="")
    assert len(limits._ledgers["conversation"]._calls) == MOST_KEYS
    assert max(map(len, limits._ledgers["conversation"]._calls.values())) <= 2 * 1800


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 0.5)), min_size=1, max_size=80))
def test_whenever_calls_arrive_within_their_span_the_windows_hold(calls: list[tuple[float, float]]) -> None:
    """Teams may count a call at any moment of it: here at its start, its end, or now this and now that."""
    limits = SendLimits.from_mapping({"conversation": [[3, 1], [5, 4]]})
    now, starts, ends = 0.0, [], []
    for pause, taken in calls:
        now += pause
        now += limits.delay("c", "t", now)
        limits.spend("c", "t", now)
        starts.append(now)
        limits.settle("c", "t", now, now + taken)
        now += taken
        ends.append(now)
    mixed = sorted(
        end if index % 2 == 0 else start for index, (start, end) in enumerate(zip(starts, ends, strict=True))
    )
    for times in (starts, ends, mixed):
        assert most_within(times, 1.0) <= 3
        assert most_within(times, 4.0) <= 5


@pytest.mark.parametrize(
    "value",
    [
        {"channel": [[1, 1]]},
        {"conversation": 7},
        {"conversation": "71"},
        {"conversation": [7, 1]},
        {"conversation": [[7]]},
        {"conversation": [[0, 1]]},
        {"conversation": [[7, 0]]},
        {"conversation": [[7.5, 1]]},
        {"conversation": [[True, 1]]},
        {"tenant": [["50", 1]]},
        {"tenant": None},
        {"members": 14},
        {"create": [[0, 1]]},
    ],
)
def test_a_bad_setting_is_named(value: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="SEND_LIMITS"):
        SendLimits.from_mapping(value)


@pytest.mark.parametrize(
    ("kind", "windows"),
    [
        (MEMBERS, ((14, 1), (16, 2), (120, 30), (3600, 3600))),
        (CREATE, ((7, 1), (8, 2), (60, 30), (1800, 3600))),
    ],
)
def test_members_and_new_conversations_have_windows_of_their_own(
    kind: str, windows: tuple[tuple[int, float], ...]
) -> None:
    limits = SendLimits.from_mapping({"conversation": [[1, 1000]], "tenant": [[50, 1]]})  # the others as documented
    now, times = 0.0, []
    for _ in range(4000):
        now += limits.delay("c", "t", now, kind)
        limits.spend("c", "t", now, kind)
        times.append(now)
    for calls, seconds in windows:
        assert most_within(times, seconds) == calls
    assert limits.delay("c", "another", now) == 0, "messages are counted apart"


def test_it_says_which_conversations_and_tenants_are_full_and_until_when() -> None:
    limits = SendLimits.from_mapping(DOCUMENTED)
    assert (limits.full(0.0).conversations, limits.full(0.0).seconds) == (frozenset(), float("inf"))
    for _ in range(7):
        limits.spend("c", "t", 0.0)
    full = limits.full(0.5)
    assert (full.conversations, full.tenants) == ({"c"}, frozenset())
    assert full.seconds == pytest.approx(limits.delay("c", "t", 0.5))
    for number in range(43):
        limits.spend(f"d{number}", "t", 0.5)
    assert limits.full(0.6).tenants == {"t"}
    assert limits.full(5.0).conversations == limits.full(5.0).tenants == frozenset()


def test_what_another_sent_counts_for_who_takes_over() -> None:
    limits = SendLimits.from_mapping(DOCUMENTED)
    limits.carry([PastCall("hour", "t", 10 + 1.9 * number) for number in range(1800)], 1000.0)
    limits.carry([PastCall("burst", "t", 20.0 + number / 100) for number in range(60)], 1000.0)
    assert limits.delay("hour", "t", 1000.0) == pytest.approx(3600 - 10 - 1.9 * 1799 + 0.05)
    assert limits.delay("burst", "t", 1000.0) == pytest.approx(30 - 20.59 + 0.05)
    assert limits.delay("quiet", "t", 1000.0) == 0


def test_where_a_call_may_still_be_on_its_way_nothing_goes_for_a_whole_short_window() -> None:
    limits = SendLimits.from_mapping(DOCUMENTED)
    limits.carry([PastCall("c", "t", 0.0, ended=False)], 1000.0)
    assert limits.delay("c", "t", 1000.0) == pytest.approx(30.05)
    assert limits.full(1029.0).conversations == {"c"}
    assert limits.delay("d", "t", 1001.1) == 0
    assert limits.delay("c", "t", 1030.1) == 0


def test_who_takes_over_twice_does_not_count_what_it_sent_itself_twice() -> None:
    limits = SendLimits.from_mapping({"conversation": [[10, 100]], "tenant": [[50, 1]]})
    for second in range(6):
        limits.spend("c", "t", float(second))
    limits.carry([PastCall("c", "t", 200.0 - second) for second in range(6)], 200.0)
    assert len(limits._ledgers["conversation"]._calls["c"]) == 6


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(0.01, 4), min_size=1, max_size=120),
    st.lists(st.integers(0, 119), max_size=4),
)
def test_no_window_is_passed_across_restarts(pauses: list[float], restarts: list[int]) -> None:
    """Each process forgets all, and is told what the outbox knows."""
    windows = {"conversation": [[3, 1], [5, 4], [20, 200]], "tenant": [[50, 1]]}
    limits, now, times = SendLimits.from_mapping(windows), 0.0, []
    for index, pause in enumerate(pauses):
        if index in restarts:
            limits = SendLimits.from_mapping(windows)
            limits.carry([PastCall("c", "t", now - at) for at in times], now)
        now += pause / 4
        now += limits.delay("c", "t", now)
        limits.spend("c", "t", now)
        times.append(now)
    for calls, seconds in ((3, 1.0), (5, 4.0), (20, 200.0)):
        assert most_within(times, seconds) <= calls
