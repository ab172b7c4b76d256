"""The roster in chat, where scenarios do not reach: limits, troubles, and people who are hard to name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chat.turn import Refuse, Reply, ShowCard
from bot.domain.duty import EXCEPTIONS_MOST, Duty, Member, Week
from bot.domain.people import Person
from bot.errors import Transient
from tests.factories import ADA, CHANNEL, FABRIKAM, MAX, NORA, NORTHWIND, conversation, guid, personal, pressed, said
from tests.support.house import House


@pytest.fixture
async def ready(house: House) -> House:
    await house.baseline()
    await house.route()
    return house


async def say(house: House, text: str, *mentioned: Person, by: Person = ADA) -> Reply:
    return await house.desk.turn(said(text, by, mentioned=mentioned))


async def roster(house: House) -> Duty:
    return await house.duty_rosters.of(CHANNEL)


def refused(reply: Reply) -> str:
    assert isinstance(reply, Refuse), reply
    return reply.text


async def test_a_mention_that_teams_gives_without_an_object_id_is_looked_up(ready: House) -> None:
    reply = await say(ready, "duty add @Max", replace(MAX, aad_id=""))
    assert isinstance(reply, ShowCard)
    assert (await roster(ready)).rotation == (Member(MAX.aad_id, MAX.mri, "Max"),)


async def test_names_with_spaces_and_several_people_at_once(ready: House) -> None:
    nora = replace(NORA, name="Nora van der Meer")
    ready.channel.join(conversation(), nora, NORTHWIND)
    await say(ready, "duty week next @Nora van der Meer @Max", nora, MAX)
    now = ready.clock.now()
    assert [each.name for each in (await roster(ready)).of_week(Week.at(now, "UTC").plus(1))] == [
        "Nora van der Meer",
        "Max",
    ]


async def test_a_roster_stays_small(ready: House) -> None:
    for number in range(21):
        ready.channel.join(conversation(), Person(guid(500 + number), f"29:{number}", f"P{number}"), NORTHWIND)
    crowd = [Person(guid(500 + number), f"29:{number}", f"P{number}") for number in range(21)]
    await say(ready, "duty add", *crowd[:20])
    assert len((await roster(ready)).rotation) == 20
    assert "too many" in refused(await say(ready, "duty add", crowd[20]))
    assert "too many" in refused(await say(ready, "duty week next", *crowd[:6]))
    for ahead in range(EXCEPTIONS_MOST):
        week = Week.at(ready.clock.now(), "UTC").plus(ahead).label
        assert isinstance(await say(ready, f"duty week {week}", MAX), ShowCard)
    week = Week.at(ready.clock.now(), "UTC").plus(EXCEPTIONS_MOST).label
    assert "too many" in refused(await say(ready, f"duty week {week}", MAX))
    assert len((await roster(ready)).rotation) == 20


async def test_what_cannot_be_checked_changes_nothing(ready: House) -> None:
    ready.channel.roster_away = Transient("503")
    assert "Nothing was done" in refused(await say(ready, "duty add me"))
    ready.channel.roster_away = None
    ready.directory.away = Transient("503")
    assert "Nothing was done" in refused(await say(ready, "duty add me"))
    assert (await roster(ready)).people == ()


async def test_who_is_hard_to_name_is_asked_for(ready: House) -> None:
    await say(ready, "duty add", ADA, MAX)
    assert "Nobody called 'zoe'" in refused(await say(ready, "duty remove zoe"))
    assert "Several people" in refused(await say(ready, "duty remove a"))
    assert "not in this roster" in refused(await say(ready, "duty remove", NORA))
    assert "Whom?" in refused(await say(ready, "duty remove"))
    assert isinstance(await say(ready, "duty remove @max"), ShowCard)
    assert [each.name for each in (await roster(ready)).rotation] == ["Ada"]


async def test_a_change_that_lost_a_race_is_done_on_what_the_other_left(ready: House) -> None:
    await say(ready, "duty add me")
    await say(ready, "duty add me", by=MAX)
    assert [each.name for each in (await roster(ready)).rotation] == ["Ada", "Max"]


async def test_a_button_of_an_old_card_is_checked_like_a_fresh_one(ready: House) -> None:
    reply = await ready.desk.turn(pressed("duty.set", NORA, data={"do": "escalate", "word": "off"}))
    assert "Admin Agent" in refused(reply)
    assert (await roster(ready)).escalates
    reply = await ready.desk.turn(pressed("duty.set", data={"do": "zone", "word": "../x"}))
    assert "no time zone" in refused(reply)
    reply = await ready.desk.turn(pressed("duty.set", data={"do": "explode"}))
    assert refused(reply)


async def test_an_agent_of_any_partner_routed_here_may_change_it(ready: House) -> None:
    await ready.route(FABRIKAM)
    assert isinstance(await say(ready, "duty add me"), ShowCard)
    assert [row[0] for row in await ready.audited(NORTHWIND)] == ["duty roster"]
    assert await ready.audited(FABRIKAM) == []


async def test_weeks_are_listed_as_soon_as_somebody_has_one(ready: House) -> None:
    assert "2026-W" not in str(await say(ready, "duty"))
    assert "2026-W" not in str(await say(ready, "duty manager @Max", MAX))
    assert "2026-W" in str(await say(ready, "duty week next @Max", MAX))


async def test_in_a_personal_chat_one_only_looks(ready: House) -> None:
    await say(ready, "duty add me")
    await ready.know(personal(ADA))
    ready.channel.join(personal(ADA), ADA, NORTHWIND)
    shown = await ready.desk.turn(said("duty", conversation=personal(ADA)))
    assert isinstance(shown, ShowCard)
    assert "Security Operations > Alerts" in str(shown.card)
    assert "Say this there" in refused(await ready.desk.turn(said("duty clear", conversation=personal(ADA))))
