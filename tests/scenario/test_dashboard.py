"""The dashboard over HTTP: typed, pressed, and true after what people do to alerts."""

from __future__ import annotations

import pytest

from tests.support.desk import Desk

SOON = 4.5
"""Below what the hanging side takes; the answer itself is due within 3 s."""


async def test_the_dashboard_follows_a_verdict(desk: Desk) -> None:
    _, post = await desk.posted()
    before = await desk.ask("nora", "dashboard")
    assert "If " in before.card.text
    assert "open until" in before.card.text
    unresolved = tile(before.card.text, "unresolved")
    resolved = tile(before.card.text, "resolved with a reason, 30 days")
    await desk.press("ada", post, "Mark as fraud")
    after = (await desk.press("nora", before, "Refresh")).card
    assert tile(after.text, "unresolved") == unresolved - 1
    assert tile(after.text, "resolved with a reason, 30 days") == resolved + 1
    assert tile(after.text, "new in 7 days") == tile(before.card.text, "new in 7 days")


async def test_its_list_shows_as_many_as_it_counts_and_it_works_in_a_personal_chat(desk: Desk) -> None:
    await desk.posted(isTest=True)
    await desk.posted()
    board = await desk.ask("ada", "dashboard until:2d", "ada")
    count = tile(board.card.text, "unresolved")
    listed = (await desk.press("ada", board, "Show unresolved")).card.text
    assert f"of {count}" in listed or f"{count} alert" in listed
    assert "Microsoft's own average" in board.card.text


async def test_what_it_is_not_for_is_refused_in_words(desk: Desk) -> None:
    assert "partner:<name>" in (await desk.ask("nora", "dashboard severity:high")).text
    assert "within the next 7 days" in (await desk.ask("nora", "dashboard until:yesterday")).text


@pytest.mark.usefixtures("product_seconds")
async def test_where_graph_hangs_it_comes_in_time_without_microsofts_figure(desk: Desk) -> None:
    await desk.fault("graph", match="securityScore", times=None, latency=6)
    board = await desk.ask("nora", "dashboard")
    assert tile(board.card.text, "unresolved") >= 0
    assert "Microsoft's own average" in board.card.text, "what is missing is said"
    pressed = await desk.press("nora", board, "Refresh")
    assert pressed.seconds < SOON
    assert pressed.kind == "card"


def tile(text: str, label: str) -> int:
    lines = text.splitlines()
    return int(lines[lines.index(label) - 1].replace(",", ""))
