"""Log lines: nothing that a stranger sent can forge one, and none is endless."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from bot.telemetry.log import About, _about, _clean


def test_control_characters_and_length_are_taken_off() -> None:
    event = {"event": "turn", "text": 'a\n{"event":"forged"}\x1b[31m\u2028\x85b', "long": "x" * 10_000, "count": 7}
    cleaned = _clean(None, "", event)
    assert cleaned["text"] == 'a {"event":"forged"} [31m  b'
    assert len(str(cleaned["long"])) == 500
    assert cleaned["count"] == 7


async def test_lines_of_a_turn_and_of_what_it_begins_say_which_turn() -> None:
    async def line() -> Mapping[str, Any]:
        return _about(None, "", {"event": "done"})

    with About(activity="f:1"):
        begun = asyncio.create_task(line())
        with About(activity="f:2"):
            assert (await line())["activity"] == "f:2"
        assert _about(None, "", {"event": "done", "activity": "said itself"})["activity"] == "said itself"
    assert await begun == {"event": "done", "activity": "f:1"}
    assert await line() == {"event": "done"}
