"""Nobody sleeps through an alert: who is called when, what stops it, and that nothing is told twice or to nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.alerts import Alert, AlertRecord, Work
from bot.domain.delivery import ItemKind
from bot.domain.duty import Duty, Member, Week
from bot.domain.people import ConversationState, Person
from bot.errors import Missing, Transient, Unreachable
from bot.services.escalations import ACT
from tests.factories import (
    ADA,
    CHANNEL,
    FABRIKAM,
    MAX,
    NORA,
    NOW,
    alert,
    conversation,
    intent,
    minutes,
    personal,
)
from tests.fakes import Trouble
from tests.support.house import House


def member(of: Person) -> Member:
    return Member(of.aad_id, of.mri, of.name)


@pytest.fixture
async def ready(house: House) -> House:
    """The channel gets Northwind's alerts; Ada and Max can be written to in person."""
    await house.baseline()
    await house.route()
    for someone in (ADA, MAX):
        house.channel.chats[someone.aad_id] = personal(someone)
    return house


async def duty(house: House, *rotation: Person, where: str = CHANNEL, **changes: Any) -> None:
    roster = Duty(tuple(map(member, rotation)), Week.at(house.clock.now(), "UTC"), **changes)
    async with house.store.write() as tx:
        _, version = await tx.duties.get(where)
        assert await tx.duties.put(where, roster, version, house.clock.now())


async def arrive(house: House, *alerts: Alert) -> list[AlertRecord]:
    """New alerts, detected now, with what is posted for them."""
    alerts = tuple(replace(each, detected_at=house.clock.now()) for each in alerts)
    records = await house.take_in(*alerts)
    for record in records:
        async with house.store.write() as tx:
            await house.cards.announce(tx, record)
    await house.deliver()
    return records


async def after(house: House, count: float) -> int:
    """So many minutes later everything that is due has been taken and sent. How many steps."""
    house.clock.forward(count * 60)
    taken = await house.escalations.step()
    await house.deliver()
    return taken


def lines(house: House, where: str = CHANNEL) -> list[str]:
    return [
        text
        for text in house.channel.texts(where)
        if "no answer" in text or "wait for an answer" in text or "could not write" in text
    ]


async def test_nobody_answers_and_three_steps_follow(ready: House) -> None:
    await duty(ready, ADA, managers=(member(MAX),))
    (it,) = await arrive(ready, alert())
    assert await after(ready, 14) == 0
    assert await after(ready, 1) == 1
    first = ready.channel.posts[-1]
    assert [each.id for each in first.message.mentions] == [ADA.mri]
    assert f"{it.label} High: Crypto mining suspected" in first.message.text
    assert "15 minutes" in first.message.text
    assert "Respond by" in first.message.text
    root = next(post for post in ready.channel.cards(CHANNEL))
    assert first.thread == root.id
    assert await after(ready, 14.5) == 0
    assert await after(ready, 0.5) == 1
    (told,) = ready.channel.cards("a:ada")
    assert "on duty" in str(told.message.card)
    assert "Investigate" in str(told.message.card)
    assert told.message.summary.startswith(it.label)
    assert "I wrote to Ada in person." in lines(ready)[-1]
    assert await after(ready, 20) == 1
    assert "a manager there" in str(ready.channel.cards("a:max")[0].message.card)
    assert len(ready.channel.cards("a:ada")) == 2
    last = next(post for post in reversed(ready.channel.posts) if post.conversation == CHANNEL)
    assert {each.name for each in last.message.mentions} == {"Ada", "Max"}
    assert [await after(ready, 30) for _ in range(4)] == [0, 0, 0, 0]
    assert len(lines(ready)) == 3
    rows = [row.entry for row in await ready.audit() if row.entry.act == ACT]
    assert [(row.subject, row.detail["step"]) for row in rows] == [(it.label, 1), (it.label, 2), (it.label, 3)]
    assert rows[2].detail["written"] == ["Max", "Ada"]


@pytest.mark.parametrize("stopper", ["investigate", "assign", "decide", "test", "severity", "intent", "snooze"])
async def test_an_answer_stops_it(ready: House, stopper: str) -> None:
    await duty(ready, ADA)
    it = alert(severity="medium" if stopper == "snooze" else "high", is_test=stopper == "test")
    (record,) = await arrive(ready, replace(it, severity="low") if stopper == "severity" else it)
    expected = 0 if stopper in ("test", "severity") else 1
    assert await after(ready, 15) == expected
    async with ready.store.write() as tx:
        now = ready.clock.now()
        if stopper == "investigate":
            await tx.alerts.change(record.alert.key, replace(record.alert, status="investigating"), now, None)
        elif stopper == "decide":
            await tx.alerts.change(
                record.alert.key, replace(record.alert, status="resolved", resolved_at=now), now, None
            )
        elif stopper == "assign":
            await tx.alerts.set_work(record.alert.key, Work("nora", "Nora"), now)
        elif stopper == "snooze":
            await tx.alerts.set_work(record.alert.key, Work(snoozed_until=now + minutes(120), snoozed_by="Ada"), now)
        elif stopper == "intent":
            await tx.intents.open(intent())
    assert [await after(ready, 20), await after(ready, 30), await after(ready, 60)] == [0, 0, 0]
    assert ready.channel.cards("a:ada") == []
    assert await after(ready, 30) == (1 if stopper == "snooze" else 0), "a snooze only holds it back"


async def test_high_severity_cannot_be_snoozed_away(ready: House) -> None:
    await duty(ready, ADA)
    (record,) = await arrive(ready, alert())
    async with ready.store.write() as tx:
        until = ready.clock.now() + minutes(600)
        await tx.alerts.set_work(record.alert.key, Work(snoozed_until=until, snoozed_by="Ada"), ready.clock.now())
    assert await after(ready, 15) == 1


async def test_a_drill_escalates_and_says_so(ready: House) -> None:
    await duty(ready, ADA)
    await arrive(ready, alert("drill-one", is_test=True))
    assert await after(ready, 15) == 1
    assert lines(ready)[0].startswith("DRILL: ")
    assert await after(ready, 15) == 1
    assert "DRILL: No answer" in str(ready.channel.cards("a:ada")[0].message.card)


async def test_what_is_answered_while_its_message_waits_is_not_told(ready: House) -> None:
    await duty(ready, ADA)
    (record,) = await arrive(ready, alert())
    ready.clock.forward(15 * 60)
    assert await ready.escalations.step() == 1
    async with ready.store.write() as tx:
        await tx.alerts.set_work(record.alert.key, Work("nora", "Nora"), ready.clock.now())
    await ready.deliver()
    assert lines(ready) == []


async def test_where_nobody_is_on_duty_it_says_so_and_ends_with_the_approvers(ready: House) -> None:
    ready.directory.group = (MAX,)
    ready.set_up(approvers_group_id="group")
    await arrive(ready, alert())
    assert await after(ready, 15) == 1
    assert "Nobody is on duty here" in lines(ready)[0]
    assert "duty add" in lines(ready)[0]
    assert ready.channel.posts[-1].message.mentions == ()
    assert await after(ready, 15) == 1
    assert ready.channel.cards("a:max") == []
    assert await after(ready, 20) == 1
    assert "you may approve" in str(ready.channel.cards("a:max")[0].message.card)
    assert "No managers are set here" in lines(ready)[-1]


async def test_where_the_directory_is_away_the_known_approvers_are_called(ready: House) -> None:
    ready.set_up(approvers_group_id="group")
    ready.directory.away = Transient("503")
    await arrive(ready, alert())
    for wait in (15, 15, 20):
        assert await after(ready, wait) == 1
    assert "There is nobody else whom I could call" in lines(ready)[-1]


async def test_who_has_no_app_is_named_in_the_thread(ready: House) -> None:
    await duty(ready, NORA)
    await arrive(ready, alert())
    await after(ready, 15)
    await after(ready, 15)
    assert "I could not write to Nora in person. They must add Alert Desk" in lines(ready)[-1]


async def test_who_blocked_the_bot_meanwhile_is_named_in_the_thread(ready: House) -> None:
    await duty(ready, ADA)
    await arrive(ready, alert())
    await after(ready, 15)
    await ready.know(personal(ADA))
    ready.clock.forward(15 * 60)
    assert await ready.escalations.step() == 1
    items = {item.conversation_id: item for item in await ready.delivery.claim(10)}
    await ready.delivery.deliver(items[CHANNEL])
    ready.channel.troubles.append(Trouble(Unreachable("blocked", code="ConversationBlockedByUser")))
    await ready.delivery.deliver(items["a:ada"])
    await ready.deliver()
    assert "I could not write to Ada in person." in lines(ready)[-1]
    assert "Press" not in lines(ready)[-1]


async def test_who_left_the_conversation_is_not_mentioned(ready: House) -> None:
    await duty(ready, ADA)
    await arrive(ready, alert())
    del ready.channel.rosters[CHANNEL][ADA.aad_id]
    await after(ready, 15)
    assert ready.channel.posts[-1].message.mentions == ()
    assert "Not in this conversation any more: Ada." in lines(ready)[-1]


async def test_a_roster_that_cannot_be_read_keeps_nobody_from_being_called(ready: House) -> None:
    await duty(ready, ADA)
    await arrive(ready, alert())
    ready.channel.roster_away = Transient("503")
    await after(ready, 15)
    assert [each.id for each in ready.channel.posts[-1].message.mentions] == [ADA.mri]


async def test_a_tag_is_mentioned_in_the_place_of_people(ready: House) -> None:
    await duty(ready, ADA, tag="dGFn")
    await arrive(ready, alert())
    await after(ready, 15)
    (mention,) = ready.channel.posts[-1].message.mentions
    assert (mention.id, mention.tag) == ("dGFn", True)


async def test_many_at_once_are_one_message_to_each(ready: House) -> None:
    await duty(ready, ADA, managers=(member(MAX),))
    many = [alert(f"a-{number}", subscription_id=f"sub-{number}", severity="medium") for number in range(11)]
    records = await arrive(ready, *many, alert("worst", subscription_id="other"))
    assert await after(ready, 15) == 12
    (line,) = lines(ready)
    assert line.startswith(f"12 alerts wait for an answer, the worst: {records[-1].label}, A-")
    assert await after(ready, 15) == 12
    (card,) = ready.channel.cards("a:ada")
    assert "12 alerts wait for an answer" in str(card.message.card)
    assert "and 4 more" in str(card.message.card)
    assert await after(ready, 20) == 12
    assert len(ready.channel.cards("a:max")) == 1
    assert len(lines(ready)) == 3


async def test_three_at_once_have_a_line_each_under_their_cards(ready: House) -> None:
    await duty(ready, ADA)
    await arrive(ready, *(alert(f"a-{number}", subscription_id=f"s-{number}") for number in range(3)))
    assert await after(ready, 15) == 3
    assert len(lines(ready)) == 3
    assert len({post.thread for post in ready.channel.posts if post.message.text in lines(ready)}) == 3


async def test_a_stream_of_alerts_is_told_in_few_messages(ready: House) -> None:
    """Eight alerts a minute for ten minutes: whoever is on duty is not rung eighty times."""
    await duty(ready, ADA)
    taken = 0
    for number in range(40):
        await arrive(ready, alert(f"a-{number}", subscription_id=f"s-{number}", customer_tenant_id=f"c-{number}"))
        taken += await after(ready, 0.25)
    for _ in range(120):
        taken += await after(ready, 0.25)
    assert taken >= 40
    assert len(lines(ready)) < 20


async def test_alerts_of_a_roll_up_are_told_under_it(ready: House) -> None:
    await duty(ready, ADA)
    await arrive(ready, *(alert(f"a-{number}") for number in range(12)))
    await after(ready, 15)
    rollup = next(post for post in ready.channel.cards(CHANNEL) if "Many alerts at once" in str(post.message.card))
    merged = [post for post in ready.channel.posts if "wait for an answer" in post.message.text]
    assert len(merged) == 1
    assert merged[0].thread in ("", rollup.id)


async def test_a_deleted_card_does_not_swallow_the_call(ready: House) -> None:
    await duty(ready, ADA)
    await arrive(ready, alert())
    ready.clock.forward(15 * 60)
    await ready.escalations.step()
    ready.channel.troubles.append(Trouble(Missing("no such message", code="ConversationNotFound")))
    await ready.deliver()
    (post,) = [post for post in ready.channel.posts if "no answer" in post.message.text]
    assert post.thread == ""


async def test_two_replicas_take_each_step_once(ready: House) -> None:
    await duty(ready, ADA)
    await arrive(ready, alert())
    ready.clock.forward(15 * 60)
    other = ready.escalator()
    assert [await ready.escalations.step(), await other.step()] == [1, 0]
    items = [item for item in await ready.waiting() if item.kind == ItemKind.ESCALATION_LINE]
    assert len(items) == 1


async def test_who_looks_late_takes_one_step_after_the_other(ready: House) -> None:
    await duty(ready, ADA, managers=(member(MAX),))
    await arrive(ready, alert())
    taken = [await after(ready, 300), await after(ready, 1), await after(ready, 4), await after(ready, 5)]
    assert taken == [1, 0, 1, 1]


async def test_an_alert_that_the_route_does_not_want_is_not_escalated_there(ready: House) -> None:
    await ready.route(words="severity:high")
    await arrive(ready, alert(severity="medium"))
    assert await after(ready, 20) == 0


async def test_where_it_is_off_or_silent_nothing_happens(ready: House) -> None:
    await duty(ready, ADA, escalates=False)
    await arrive(ready, alert())
    assert await after(ready, 20) == 0
    await duty(ready, ADA)
    await ready.know(conversation(state=ConversationState.REMOVED))
    assert await after(ready, 1) == 0
    await ready.know(conversation())
    assert await after(ready, 1) == 1
    await ready.route(FABRIKAM)
    async with ready.store.write() as tx:
        for route in await tx.conversations.routes(CHANNEL):
            await tx.conversations.put_route(replace(route, on=False))
    assert await after(ready, 30) == 0


async def test_an_alert_that_was_there_when_the_route_began_counts_from_then(house: House) -> None:
    await house.baseline()
    await house.know(conversation())
    house.channel.chats[ADA.aad_id] = personal(ADA)
    await house.take_in(*(alert(f"a-{number}", detected_at=NOW - minutes(300)) for number in range(12)))
    await house.routes.subscribe(ADA, conversation(), "")
    await house.deliver()
    assert await after(house, 14) == 0
    assert await after(house, 1) == 12, "with a card or only counted in the summary"
    assert len(lines(house)) == 1


async def test_a_personal_chat_is_reminded_without_names(house: House) -> None:
    await house.baseline()
    chat = personal(ADA)
    await house.know(chat)
    await house.routes.subscribe(house.as_known(ADA), chat, "")
    house.channel.rosters[chat.id][ADA.aad_id] = house.as_known(ADA)
    await arrive(house, alert())
    for wait in (15, 15, 20):
        assert await after(house, wait) == 1
    said = lines(house, chat.id)
    assert len(said) == 3
    assert not any("duty" in text or "managers" in text for text in said)
