"""Whose an alert is and until when it waits: kept, told, on record, and ended by what ends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alerts import Alert, AlertRecord, Status, Verdict, Work
from bot.domain.delivery import ItemKind, Mention, OutboxItem, called
from bot.domain.people import Person
from bot.errors import UserError
from bot.services.verdicts import End, Wish
from bot.texts import working as texts
from tests.factories import ADA, CHANNEL, GENERAL, MAX, NORTHWIND, alert, conversation, personal
from tests.factories_storms import rollup
from tests.support.house import House

ONE = alert(severity="low")
TWO_HOURS = timedelta(hours=2)


@pytest.fixture
async def carded(house: House) -> AlertRecord:
    """The alert, with a card in the channel and in another one."""
    await house.baseline()
    await house.route()
    await house.route(where=GENERAL)
    return await announced(house, ONE)


async def announced(house: House, of: Alert) -> AlertRecord:
    (record,) = await house.take_in(of)
    async with house.store.write() as tx:
        await house.cards.announce(tx, record)
    await house.deliver()
    return record


async def lines(house: House) -> list[OutboxItem]:
    return [item for item in await house.waiting() if item.kind in (ItemKind.THREAD_LINE, ItemKind.NOTICE)]


async def asleep(house: House, record: AlertRecord, by: Person = ADA) -> AlertRecord:
    return await house.working.snooze(record, house.clock.now() + TWO_HOURS, by)


# Whose it is --------------------------------------------------------------------------------------------------------


async def test_it_is_kept_told_and_on_record(house: House, carded: AlertRecord) -> None:
    changed = await house.working.assign(carded, MAX, ADA, conversation())
    assert changed.version > carded.version
    assert (changed.work.assigned_id, changed.work.assigned_name) == (MAX.aad_id, "Max")
    (row,) = await house.audit()
    assert (row.entry.act, row.entry.actor_name, row.entry.detail["name"]) == ("assign", "Ada", "Max")
    said = {item.conversation_id: item for item in await lines(house)}
    assert {item.payload["text"] for item in said.values()} == {f"Ada assigned {carded.label} to Max."}
    assert called(said[CHANNEL].payload) == (Mention(MAX.mri, "Max"),)
    assert called(said[GENERAL].payload) == ()  # they need not be there


async def test_the_mention_is_sent_with_the_line_in_the_alerts_thread(house: House, carded: AlertRecord) -> None:
    await house.working.assign(carded, MAX, ADA, conversation())
    await house.deliver()
    (post,) = [post for post in house.channel.posts if post.message.mentions]
    assert (post.conversation, post.message.mentions) == (CHANNEL, (Mention(MAX.mri, "Max"),))
    assert post.thread


async def test_who_takes_it_or_works_alone_is_not_called(house: House, carded: AlertRecord) -> None:
    await house.working.assign(carded, ADA, ADA, conversation())
    await house.working.assign(carded, None, ADA, conversation())
    await house.working.assign(carded, MAX, ADA, personal(ADA))
    assert not any(called(item.payload) for item in await lines(house))
    assert (await house.record(ONE)).work.assigned_name == "Max"


async def test_without_a_card_there_the_call_stands_in_the_conversation(house: House) -> None:
    await house.know(conversation())
    (record,) = await house.take_in(ONE)
    await house.working.assign(record, MAX, ADA, conversation())
    (notice,) = await lines(house)
    assert (notice.kind, notice.conversation_id) == (ItemKind.NOTICE, CHANNEL)
    assert called(notice.payload) == (Mention(MAX.mri, "Max"),)


async def test_twice_the_same_and_what_is_decided_change_nothing(house: House, carded: AlertRecord) -> None:
    await house.working.assign(carded, MAX, ADA, conversation())
    with pytest.raises(UserError, match="assigned to Max already"):
        await house.working.assign(carded, MAX, ADA, conversation())
    await house.working.assign(carded, None, ADA, conversation())
    with pytest.raises(UserError, match="nobody"):
        await house.working.assign(carded, None, ADA, conversation())
    await house.verdicts.decide(carded, Wish(Status.RESOLVED, Verdict.FRAUD), ADA, CHANNEL, 9)
    for act in (house.working.assign(carded, MAX, ADA, conversation()), asleep(house, carded)):
        with pytest.raises(UserError, match="decided already"):
            await act
    assert [act for act, *_ in await house.audited()].count("assign") == 2


async def test_a_verdict_keeps_whose_it_was(house: House, carded: AlertRecord) -> None:
    await house.working.assign(carded, MAX, ADA, conversation())
    await asleep(house, carded)
    outcome = await house.verdicts.decide(carded, Wish(Status.RESOLVED, Verdict.FRAUD), ADA, CHANNEL, 9)
    assert outcome.end is End.DONE
    assert outcome.record.work == Work(MAX.aad_id, "Max")


async def test_somebody_without_an_entra_account_is_known_by_their_mri(house: House, carded: AlertRecord) -> None:
    changed = await house.working.assign(carded, replace(MAX, aad_id=""), ADA, conversation())
    assert changed.work.assigned_id == MAX.mri


# Who looks into it --------------------------------------------------------------------------------------------------


async def test_who_took_it_into_investigation_here_is_known_by_name(house: House, carded: AlertRecord) -> None:
    outcome = await house.verdicts.decide(carded, Wish(Status.INVESTIGATING), ADA, CHANNEL, 9)
    assert house.source.changes == [(ONE.id, "investigating", "")]  # at Partner Center, too
    assert outcome.record.work.taken_by == "Ada"


async def test_news_from_elsewhere_leave_that_to_partner_centers_log(house: House, carded: AlertRecord) -> None:
    await house.verdicts.decide(carded, Wish(Status.INVESTIGATING), ADA, CHANNEL, 9)
    house.clock.forward(60)
    now_says = replace((await house.record(ONE)).alert, status="active")
    house.source.put(now_says)
    await house.intake.poll(house.northwind)
    assert (await house.record(ONE)).work.taken_by == ""


# Until when it waits ------------------------------------------------------------------------------------------------


async def test_a_snooze_is_kept_told_and_on_record(house: House, carded: AlertRecord) -> None:
    until = house.clock.now() + TWO_HOURS
    changed = await asleep(house, carded)
    assert (changed.work.snoozed_until, changed.work.snoozed_by) == (until, "Ada")
    assert changed.work.sleeps(house.clock.now())
    (row,) = await house.audit()
    assert (row.entry.act, row.entry.detail["until"]) == ("snooze", until.isoformat())
    assert {item.payload["text"] for item in await lines(house)} == {
        texts.snoozed_line(changed, "Ada", until, house.clock.now())
    }


async def test_when_it_ends_each_thread_hears_it_once_and_the_card_is_drawn(house: House, carded: AlertRecord) -> None:
    await asleep(house, carded)
    await house.deliver()
    drawn = {post.id: len(post.versions) for post in house.channel.cards()}
    house.clock.forward(TWO_HOURS.total_seconds() - 1)
    await house.deliver()
    assert texts.snooze_over_line(carded.label) not in house.channel.texts()
    house.clock.forward(1)
    await house.deliver()
    assert house.channel.texts(CHANNEL)[-1] == texts.snooze_over_line(carded.label)
    assert house.channel.texts().count(texts.snooze_over_line(carded.label)) == 2  # one in each channel
    assert all(len(post.versions) > drawn[post.id] for post in house.channel.cards())


@pytest.mark.parametrize("meanwhile", ["nothing", "a card of its own", "another end", "verdict"])
async def test_a_snooze_of_an_alert_in_a_roll_up_ends_with_a_line_there(house: House, meanwhile: str) -> None:
    await house.know(conversation())
    (record,) = await house.take_in(ONE)
    async with house.store.write() as tx:
        storm = await tx.rollups.open(rollup())
        await tx.rollups.posted(storm.id, "root")
        assert await tx.rollups.join(storm, record.number, 1, house.clock.now(), hot=True)
    record = await asleep(house, record)
    if meanwhile == "another end":
        await house.working.snooze(record, None, ADA)
    elif meanwhile == "verdict":
        await house.verdicts.decide(record, Wish(Status.RESOLVED, Verdict.FRAUD), ADA, CHANNEL, 5.0)
    elif meanwhile == "a card of its own":
        async with house.store.write() as tx:
            assert await tx.rollups.close(storm.id, house.clock.now() + TWO_HOURS, house.clock.now())
            await tx.rollups.left(CHANNEL, record.number, house.clock.now())
    house.clock.forward(TWO_HOURS.total_seconds())
    await house.deliver()
    said = [post.thread for post in house.channel.posts if post.message.text == texts.snooze_over_line(record.label)]
    assert said == (["root"] if meanwhile == "nothing" else [])


@pytest.mark.parametrize("how", ["longer", "off", "verdict"])
async def test_a_snooze_that_was_changed_meanwhile_says_nothing_at_its_old_end(
    house: House, carded: AlertRecord, how: str
) -> None:
    await asleep(house, carded)
    house.clock.forward(60)
    if how == "longer":
        await house.working.snooze(carded, house.clock.now() + timedelta(hours=8), MAX)
    elif how == "off":
        await house.working.snooze(carded, None, MAX)
    else:
        await house.verdicts.decide(carded, Wish(Status.RESOLVED, Verdict.FRAUD), ADA, CHANNEL, 9)
    house.clock.forward(TWO_HOURS.total_seconds())
    await house.deliver()
    assert texts.snooze_over_line(carded.label) not in house.channel.texts()
    house.clock.forward(timedelta(hours=8).total_seconds())
    await house.deliver()
    assert (texts.snooze_over_line(carded.label) in house.channel.texts()) is (how == "longer")


async def test_what_does_not_sleep_cannot_be_woken(house: House, carded: AlertRecord) -> None:
    with pytest.raises(UserError, match="not snoozed"):
        await house.working.snooze(carded, None, ADA)
    await asleep(house, carded)
    house.clock.forward(TWO_HOURS.total_seconds())
    with pytest.raises(UserError, match="not snoozed"):
        await house.working.snooze(carded, None, ADA)


async def test_a_higher_severity_ends_it_and_everybody_hears_why(house: House, carded: AlertRecord) -> None:
    await asleep(house, carded)
    await house.deliver()
    house.clock.forward(60)
    house.source.put(replace(ONE, severity="high"))
    await house.intake.poll(house.northwind)
    woken = await house.record(ONE)
    assert not woken.work.sleeps(house.clock.now())
    await house.deliver()
    assert house.channel.texts().count(texts.worse_line(woken)) == 2  # one in each channel


@pytest.mark.parametrize("changes", [{"severity": "informational"}, {"confidence": "high"}])
async def test_other_news_do_not(house: House, carded: AlertRecord, changes: dict[str, str]) -> None:
    await asleep(house, carded)
    house.clock.forward(60)
    house.source.put(replace(ONE, **changes))
    await house.intake.poll(house.northwind)
    assert (await house.record(ONE)).work.sleeps(house.clock.now())


async def test_a_verdict_in_the_portal_ends_it(house: House, carded: AlertRecord) -> None:
    await asleep(house, carded)
    house.clock.forward(60)
    house.source.put(replace(ONE, status="resolved", resolved_reason="ignore"))
    await house.intake.poll(house.northwind)
    assert (await house.record(ONE)).work == Work()


async def test_a_card_that_takes_anothers_place_hears_the_end_too(house: House, carded: AlertRecord) -> None:
    await asleep(house, carded)
    async with house.store.write() as tx:
        record = await tx.alerts.get(ONE.key)
        assert record is not None
        (old,) = [card for card in await tx.cards.of_alert(ONE.key) if card.conversation_id == CHANNEL]
        await house.cards.replace(tx, old, record)
    house.clock.forward(TWO_HOURS.total_seconds())
    await house.deliver()
    assert texts.snooze_over_line(carded.label) in house.channel.texts(CHANNEL)


async def test_both_stand_in_the_store_of_the_partner_alone(house: House, carded: AlertRecord) -> None:
    await house.working.assign(carded, MAX, ADA, conversation())
    assert {row.entry.partner for row in await house.audit()} == {NORTHWIND}
