"""`score`, typed and pressed: numbers without a chart, links to Microsoft alone, pages, and what is said on trouble."""

from __future__ import annotations

from typing import Any

import pytest

from bot.chat import scoring
from bot.chat.scoring import Scoring
from bot.chat.turn import Refuse, Reply, Say, ShowCard
from bot.domain.people import Person
from bot.domain.scores import CustomerMfa
from bot.errors import Refused, Transient
from bot.services.scores import Scores
from bot.texts import scores as texts
from cards import actions
from tests.factories import ADA, CHANNEL, FABRIKAM, GUS, NORA, NORTHWIND, guid, pressed, said
from tests.fake_scores import customer, history, score
from tests.support.house import House
from tests.support.seen import Card, checked


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "PATIENCE", 10.0)


@pytest.fixture
async def desk(house: House) -> House:
    await house.baseline()
    await house.route()
    async with house.store.write() as tx:
        await tx.names.learn(NORTHWIND, {guid(7001): "Contoso Ltd"}, house.clock.now())
    return house


async def answer(house: House, text: str, by: Person = ADA) -> Reply:
    return await house.desk.turn(said(text, by))


def card(reply: Reply) -> Card:
    assert isinstance(reply, ShowCard), reply
    assert reply.card is not None
    return checked(reply.card)


async def press(house: House, of: Card, title: str) -> Card:
    button = of.button(title)
    return card(await house.desk.turn(pressed(button["verb"], data=button["data"])))


async def test_the_card_says_in_words_what_the_chart_draws(desk: House) -> None:
    text = card(await answer(desk, "score")).text
    for line in (
        "25 of 60",
        "1 requirement missed",
        "Microsoft refreshed it 01 Mar 2026, 03:30 UTC.",
        "Multi-factor authentication for your own administrators",
        "Met · 20 of 20",
        "Missed · 0 of 10 · average of 30 days: 26.4 h",
        "Missed · 0 of 20 · preview, does not count yet",
        "quantumReadiness",
        "pending · 5 of 10",
        "15 · 0 of 4 requirements met",
        "25 · 1 of 4 requirements met",
        "3 of 3 customers; 54 users have none.",
        "Contoso Ltd",
        "18 of 50 users have none",
        "Security defaults off, conditional access on, per-user MFA off",
    ):
        assert line in text, (line, text)
    assert "Chart.Line" in str(card(await answer(desk, "score")).json)


async def test_only_microsofts_pages_are_opened(desk: House) -> None:
    shown = card(await answer(desk, "score"))
    urls = [button["url"] for button in shown.buttons.values() if button["type"] == "Action.OpenUrl"]
    assert "https://aka.ms/partner-center-security-alerts" in urls
    assert [url for url in urls if "evil" in url] == []


@pytest.mark.parametrize("words", ["score", "score northwind", "score partner:North", 'Score "Northwind"'])
async def test_ways_to_name_a_partner(desk: House, words: str) -> None:
    assert texts.title("Northwind") in card(await answer(desk, words)).text


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("score fabrikam", "unknown_partner"),
        ("score severity:high", "bad_filter"),
        ("score partner:Northwind all", "bad_filter"),
    ],
)
async def test_what_makes_no_sense_is_told(desk: House, words: str, code: str) -> None:
    reply = await answer(desk, words)
    assert isinstance(reply, Refuse)
    assert reply.code == code


async def test_who_may_read_nothing_sees_no_score(house: House) -> None:
    assert isinstance(await answer(house, "score", NORA), Refuse)
    assert isinstance(await answer(house, "score", GUS), Refuse)
    act: dict[str, Any] = {"partner": FABRIKAM}
    await house.baseline()
    await house.route()
    reply = await house.desk.turn(pressed(actions.SCORE_SHOW, data=act))
    assert isinstance(reply, Refuse)
    assert reply.code == "unknown_partner"
    assert not house.score_source.asked


async def test_several_partners_are_an_overview_whose_rows_open(desk: House) -> None:
    await desk.route(FABRIKAM, CHANNEL)
    desk.score_source.away[FABRIKAM] = Refused("Nobody consented.")
    overview = card(await answer(desk, "score"))
    assert "25 of 60" in overview.text
    assert "Nobody consented." in overview.text
    rows = [each for each in str(overview.json).split("'verb': 'score.show'") if NORTHWIND in each]
    assert rows
    one = card(await desk.desk.turn(pressed(actions.SCORE_SHOW, data={"partner": NORTHWIND})))
    assert texts.title("Northwind") in one.text
    back = await press(desk, one, texts.ALL_PARTNERS)
    assert texts.TITLE in back.text
    other = card(await answer(desk, "score fabrikam"))
    assert "could not be read. Nobody consented." in other.text


async def test_customers_are_paged_in_place_and_asked_for_once(desk: House) -> None:
    desk.score_source.pages = [tuple(customer(n, users=50 - n, total=60) for n in range(20))]
    first = card(await answer(desk, "score"))
    assert "1–8 of 20, the worst first" in first.text
    second = await press(desk, first, "Next")
    third = await press(desk, second, "Next")
    assert "17–20 of 20, the worst first" in third.text
    assert "Next" not in third.buttons
    assert (await press(desk, third, "Previous")).text == second.text
    assert desk.score_source.asked["customers"] == 1
    beyond = card(await desk.desk.turn(pressed(actions.SCORE_SHOW, data={"partner": NORTHWIND, "page": 99})))
    assert beyond.text == first.text


async def test_unprotected_administrators_come_first(desk: House) -> None:
    desk.score_source.pages = [(customer(1), customer(2, admins=0, users=49), customer(3, users=None))]
    text = card(await answer(desk, "score")).text
    assert text.index("no administrator has it") < text.index("18 of 50 users have none")
    assert "Of 1 customers Microsoft does not say." in text


async def test_trouble_is_told_with_what_to_do(desk: House) -> None:
    desk.score_source.away[NORTHWIND] = Refused("An administrator must consent.")
    text = card(await answer(desk, "score")).text
    assert "The score of Northwind could not be read. An administrator must consent." in text
    del desk.score_source.away[NORTHWIND]
    desk.clock.forward(61)
    fresh = await press(desk, card(await answer(desk, "score")), texts.REFRESH)
    desk.score_source.away[NORTHWIND] = Transient("Graph is away.")
    desk.clock.forward(61)
    again = await press(desk, fresh, texts.REFRESH)
    assert "25 of 60" in again.text
    assert "it could not be read again. Graph is away." in again.text


async def test_a_slow_answer_is_not_waited_for(desk: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "PATIENCE", 0.01)
    desk.score_source.slow.clear()
    assert texts.READING_LINE in card(await answer(desk, "score")).text
    desk.score_source.slow.set()
    await desk.settle()
    assert "25 of 60" in card(await answer(desk, "score")).text


@pytest.mark.parametrize(
    ("requirements", "points", "customers"),
    [((), (), ()), ((), history(1), (CustomerMfa(guid(1), 5, 5, 5),))],
)
async def test_nothing_to_show_is_said(desk: House, requirements: Any, points: Any, customers: Any) -> None:
    source = desk.score_source
    source.score = score(current=None, maximum=None, refreshed_at=None, requirements=requirements)
    source.points, source.pages = points, [customers]
    text = card(await answer(desk, "score")).text
    assert "Microsoft says no score" in text
    assert texts.NO_REQUIREMENTS in text
    assert texts.CUSTOMERS_NONE in text


async def test_the_government_cloud_has_none(desk: House) -> None:
    scores = Scores(desk.env, desk.score_source, desk.names, spawn=desk.spawn, offered=False)
    feature = Scoring(desk.env, desk.acting, scores)
    turn = said("score")
    typed = desk.verbs.typed
    assert await feature.commands(typed)["score"](turn, "") == Say(texts.NOT_OFFERED)
    assert await feature.verbs()[actions.SCORE_SHOW](turn, actions.ScoreAct()) == Say(texts.NOT_OFFERED)
