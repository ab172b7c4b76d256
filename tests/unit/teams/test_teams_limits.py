from __future__ import annotations

from bisect import bisect_left
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import ConfigError
from bot.teams.limits import DOCUMENTED, MOST_KEYS, SendLimits


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
    assert len(limits._conversations._calls) == MOST_KEYS
    assert max(map(len, limits._conversations._calls.values())) <= 2 * 1800


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
    ],
)
def test_a_bad_setting_is_named(value: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="SEND_LIMITS"):
        SendLimits.from_mapping(value)
