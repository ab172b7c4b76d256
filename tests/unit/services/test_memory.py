"""Answers that grow old, and never too many of them."""

from __future__ import annotations

from bot.services.memory import Memory


def test_an_answer_is_kept_for_its_seconds() -> None:
    memory: Memory[str, int] = Memory(60)
    memory.put("a", 1, at=100)
    assert memory.get("a", at=159.9) == 1
    assert memory.get("a", at=160) is None
    assert memory.get("b", at=100) is None
    memory.put("a", 2, at=170)
    assert memory.get("a", at=171) == 2


def test_the_oldest_go_when_there_are_too_many() -> None:
    memory: Memory[int, int] = Memory(60, most=3)
    for number in range(5):
        memory.put(number, number, at=0)
    memory.put(2, 22, at=0)  # said again: among the youngest now
    memory.put(9, 9, at=0)
    assert [memory.get(number, at=1) for number in (0, 1, 2, 3, 4, 9)] == [None, None, 22, None, 4, 9]


def test_all_can_be_forgotten() -> None:
    memory: Memory[str, int] = Memory(60)
    memory.put("a", 1, at=0)
    memory.clear()
    assert memory.get("a", at=0) is None
