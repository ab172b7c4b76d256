"""`score`, typed in a channel and pressed on its card, with the sandbox's Graph well, slow, refusing and away."""

from __future__ import annotations

import pytest

import bot.chat.scoring
from bot.texts import scores as texts
from tests.support.desk import Desk
from tests.support.seen import Card


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.chat.scoring, "PATIENCE", 15.0)


async def test_a_reader_sees_the_score_and_pages_through_the_customers(desk: Desk) -> None:
    desk.cloud.faults.switches.page_size = 3
    post = await desk.ask("nora", "score")
    for said in (
        "Security score · Northwind",
        texts.REQUIREMENTS,
        texts.HISTORY,
        texts.CUSTOMERS,
        "Microsoft refreshed",
    ):
        assert said in post.text, said
    assert "Alerts answered within 24 hours on average" in post.text
    names = [customer.name for customer in desk.cloud.world.customers_of(desk.partner().tenant_id)]
    before = desk.mark()
    second = (await desk.press("nora", post, "Next")).card
    assert "9–" in second.text
    assert desk.requests("graph", path="customerInsights", since=before) == []
    shown = post.text + second.text
    assert sum(name in shown for name in names) >= 1
    assert texts.title(desk.partner().name) in (await desk.press("nora", post, "Previous", card=second)).card.text


async def test_several_partners_in_one_channel(desk: Desk) -> None:
    await desk.lifecycle("addMember", "joint", person="fay")
    await desk.say("fay", "subscribe", "joint")
    await desk.say("ada", "subscribe", "joint")
    await desk.settle()
    overview = await desk.ask("ada", "score", "joint")
    assert all(partner.name in overview.text for partner in desk.parts.env.partners.values())
    one = await desk.ask("ada", "score fabrikam", "joint")
    assert texts.title(desk.partner("fabrikam").name) in one.text
    back = (await desk.press("ada", one, texts.ALL_PARTNERS)).card
    assert texts.TITLE in back.text


async def test_graph_refuses_and_is_away(desk: Desk) -> None:
    await desk.fault(
        "graph",
        match="securityScore",
        times=None,
        status=403,
        body={"error": {"code": "Authorization_RequestDenied", "message": "no"}},
    )
    refused = await desk.ask("nora", "score")
    assert texts.unread(desk.partner().name, "") in refused.text
    assert "consent" in refused.text
    await desk.heal()
    desk.clock.forward(61)
    well = await _refreshed(desk, refused.card)
    assert texts.REQUIREMENTS in well.text
    await desk.fault("graph", match="securityScore", times=None, status=503)
    desk.clock.forward(61)
    away = await _refreshed(desk, well)
    assert texts.REQUIREMENTS in away.text
    assert "it could not be read again" in away.text


async def _refreshed(desk: Desk, card: Card) -> Card:
    (post,) = [post for post in await desk.posts(person="nora") if post.has_card and "Security score" in post.text]
    return (await desk.press("nora", post, texts.REFRESH, card=card)).card


async def test_who_may_not_read_sees_none(desk: Desk) -> None:
    before = desk.mark()
    refused = await desk.ask("fay", "score northwind", "fay")
    assert "No partner whose alerts you may read here" in refused.text
    assert desk.requests("graph", path="securityScore", since=before) == []
