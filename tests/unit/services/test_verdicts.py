"""One verdict per decision, whatever the other side does: written down, then done, then looked at."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.alerts import AlertKey, AlertRecord
from bot.domain.decisions import Intent
from bot.domain.delivery import ItemKind
from bot.errors import Missing, Permanent, Refused, SignInNeeded, Transient
from bot.services.verdicts import LEASE_SECONDS, End, Outcome, Wish
from tests.factories import ADA, CHANNEL, MAX, NORTHWIND, NOW, alert, resolved
from tests.fakes import DROPPED_AFTER, DROPPED_BEFORE, LOST_BEFORE, Trouble
from tests.support.house import House
from tests.support.until import until

FRAUD = Wish("resolved", "fraud", "mining")
LEGITIMATE = Wish("resolved", "legitimate")
INVESTIGATE = Wish("investigating")
PATIENT = 10.0
ONE = alert()
AWAY = Trouble(Transient("503", code="503"))


async def decided(house: House, wish: Wish = FRAUD, who: Any = ADA, record: AlertRecord | None = None) -> Outcome:
    seen = record or await house.record(ONE)
    return await house.verdicts.decide(seen, wish, who, CHANNEL, PATIENT)


async def intents(house: House) -> Intent | None:
    async with house.store.read() as tx:
        return await tx.intents.open_on(ONE.key)


async def stands(house: House) -> tuple[str, str]:
    now = (await house.record(ONE)).alert
    return now.status, now.resolved_reason


@pytest.fixture
async def taken_in(house: House) -> House:
    """A house that knows one open alert, with a card of it in the channel."""
    await house.route()
    (record,) = await house.take_in(ONE)
    async with house.store.write() as tx:
        await house.cards.announce(tx, record)
    await house.waiting()
    return house


async def test_a_verdict_reaches_partner_center_once_and_is_read_back(taken_in: House) -> None:
    house = taken_in
    outcome = await decided(house)
    assert (outcome.end, outcome.by_name) == (End.DONE, "Ada")
    assert house.source.changes == [(ONE.id, "resolved", "fraud")]
    assert await stands(house) == ("resolved", "fraud")
    kept = (await house.record(ONE)).decision
    assert kept is not None
    assert (kept.verdict, kept.by_id, kept.note, kept.via) == ("fraud", ADA.aad_id, "mining", "teams")
    assert await house.audited() == [("mark fraud", "asked", "Ada"), ("mark fraud", "done", "Ada")]
    assert await intents(house) is None


async def test_the_card_is_redrawn_and_the_decision_leaves_a_line(taken_in: House) -> None:
    await decided(taken_in)
    assert [item.kind for item in await taken_in.waiting()] == [ItemKind.ALERT_UPDATE, ItemKind.THREAD_LINE]


async def test_investigating_is_a_change_too_and_no_decision(taken_in: House) -> None:
    assert (await decided(taken_in, INVESTIGATE)).end is End.DONE
    assert taken_in.source.changes == [(ONE.id, "investigating", "")]
    assert (await taken_in.record(ONE)).decision is None
    assert [act for act, *_ in await taken_in.audited()] == ["investigate", "investigate"]


async def test_who_has_taken_it_is_named_by_their_own_name(taken_in: House) -> None:
    """Partner Center may know them by the name of our application alone."""
    await decided(taken_in, INVESTIGATE)
    again = await decided(taken_in, INVESTIGATE)
    assert (again.end, again.by_name) == (End.ALREADY, "Ada")


async def test_the_intent_is_on_disk_before_anything_is_sent(taken_in: House) -> None:
    house = taken_in
    house.source.slow.clear()
    deciding = asyncio.create_task(decided(house))
    await house.source.arrived.wait()
    written = await intents(house)
    assert written is not None
    assert (written.by_id, written.reason, written.attempts) == (ADA.aad_id, "fraud", 1)
    house.source.slow.set()
    assert (await deciding).end is End.DONE


# Nothing to send ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stood", "wish"),
    [
        (resolved(reason="legitimate"), FRAUD),
        (resolved(reason="fraud"), FRAUD),
        (resolved(reason="fraud"), INVESTIGATE),
        (resolved(reason="fraud"), replace(FRAUD, may_replace=True)),
        (alert(status="investigating"), INVESTIGATE),
        (alert(status="Investigating", resolved_reason="stale"), INVESTIGATE),
    ],
)
async def test_what_stands_already_sends_nothing(house: House, stood: Any, wish: Wish) -> None:
    (record,) = await house.take_in(stood)
    outcome = await decided(house, wish, record=record)
    assert outcome.end is End.ALREADY
    assert house.source.changes == []
    assert await house.audit() == []


async def test_what_was_decided_in_the_portal_meanwhile_is_not_overwritten(taken_in: House) -> None:
    house = taken_in
    house.source.in_the_portal(ONE.key, "resolved", "legitimate")
    outcome = await decided(house)
    assert (outcome.end, outcome.by_name) == (End.ALREADY, "kim@northwind.example")
    assert house.source.changes == []
    assert await stands(house) == ("resolved", "legitimate")
    assert [outcome for _, outcome, _ in await house.audited()] == ["asked", "overtaken"]


async def test_the_same_verdict_given_in_the_portal_stays_that_persons(taken_in: House) -> None:
    house = taken_in
    house.source.in_the_portal(ONE.key, "resolved", "fraud")
    assert (await decided(house)).end is End.ALREADY
    kept = (await house.record(ONE)).decision
    assert kept is not None
    assert (kept.by_name, kept.via) == ("kim@northwind.example", "partner_center")


async def test_a_verdict_may_be_changed_where_that_is_asked_for(house: House) -> None:
    (record,) = await house.take_in(resolved(reason="fraud"))
    outcome = await decided(house, replace(LEGITIMATE, note="a test", may_replace=True), record=record)
    assert outcome.end is End.DONE
    assert house.source.changes == [(ONE.id, "resolved", "legitimate")]
    assert (await house.record(ONE)).decision.note == "a test"  # type: ignore[union-attr]


async def test_what_the_caller_saw_may_be_old_the_store_counts(taken_in: House) -> None:
    house = taken_in
    old = await house.record(ONE)
    await decided(house)
    assert (await decided(house, LEGITIMATE, MAX, record=old)).end is End.ALREADY
    assert len(house.source.changes) == 1


# Doubt -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "reached"),
    [([DROPPED_BEFORE], 1), ([DROPPED_AFTER], 1), ([LOST_BEFORE], 1), ([AWAY], 1), ([AWAY, DROPPED_AFTER], 1)],
    ids=["dropped-before", "dropped-after", "lost", "503", "503-then-dropped"],
)
async def test_after_trouble_one_verdict_stands_and_it_is_ours(
    taken_in: House, trouble: list[Trouble], reached: int
) -> None:
    house = taken_in
    house.source.troubles.extend(trouble)
    assert (await decided(house)).end is End.DONE
    assert house.source.changes == [(ONE.id, "resolved", "fraud")] * reached
    assert (await house.record(ONE)).decision.by_name == "Ada"  # type: ignore[union-attr]


async def test_a_stale_echo_and_stale_reads_are_not_believed(taken_in: House) -> None:
    taken_in.source.stale_reads = 1
    assert (await decided(taken_in)).end is End.DONE
    assert taken_in.source.changes == [(ONE.id, "resolved", "fraud")]


async def test_where_the_change_does_not_show_the_same_body_is_sent_and_it_stays_open(taken_in: House) -> None:
    house = taken_in
    house.source.stale_reads = 99
    outcome = await decided(house)
    assert outcome.end is End.LATE
    assert set(house.source.changes) == {(ONE.id, "resolved", "fraud")}
    assert await intents(house) is not None
    assert (await house.record(ONE)).alert.is_open  # nothing is claimed that was not seen


async def test_a_decision_in_the_portal_during_doubt_stops_ours(taken_in: House) -> None:
    house = taken_in
    house.source.troubles.append(LOST_BEFORE)
    real_sleep = house.clock.sleep

    async def meanwhile(seconds: float) -> None:
        house.source.in_the_portal(ONE.key, "resolved", "legitimate")
        await real_sleep(seconds)

    house.clock.sleep = meanwhile  # type: ignore[method-assign]
    assert (await decided(house)).end is End.ALREADY
    assert house.source.changes == []


async def test_what_was_the_same_long_before_we_began_is_not_ours_even_after_doubt(taken_in: House) -> None:
    house = taken_in
    house.source.in_the_portal(ONE.key, "resolved", "fraud")
    house.clock.forward(600)
    started = Intent("i", ONE.key, "resolved", "fraud", "", ADA.aad_id, "Ada", house.clock.now(), CHANNEL)
    async with house.store.write() as tx:
        await tx.intents.open(started)
        await tx.intents.claim("i", "a dead replica", house.clock.now(), 1)
    house.clock.forward(60)
    await house.verdicts.resume()
    assert (await house.record(ONE)).decision.by_name == "kim@northwind.example"  # type: ignore[union-attr]


async def test_a_refusal_after_doubt_is_checked_by_reading(taken_in: House) -> None:
    """The first try had arrived; the second is refused because of that."""
    house = taken_in
    house.source.troubles.extend([DROPPED_AFTER, Trouble(Permanent("already resolved", code="Conflict"))])
    house.source.stale_reads = 1
    assert (await decided(house)).end is End.DONE
    assert house.source.changes == [(ONE.id, "resolved", "fraud")]


@pytest.mark.parametrize(
    "problem", [Refused("no role", code="Forbidden"), Permanent("bad", code="BadRequest")], ids=["403", "400"]
)
async def test_a_refusal_for_good_ends_it_and_is_told_and_kept(taken_in: House, problem: Permanent) -> None:
    house = taken_in
    house.source.troubles.append(Trouble(problem))
    outcome = await decided(house)
    assert (outcome.end, outcome.problem) == (End.FAILED, problem.message)
    assert await intents(house) is None
    assert await stands(house) == ("active", "")
    rows = await house.audit()
    assert (rows[-1].entry.outcome, rows[-1].entry.detail["problem"]["code"]) == ("failed", problem.code)
    (update, line) = await house.waiting()
    assert (update.kind, line.kind) == (ItemKind.ALERT_UPDATE, ItemKind.THREAD_LINE)
    assert "nothing was changed" in line.payload["text"]


async def test_an_alert_that_partner_center_does_not_know_any_more_fails(taken_in: House) -> None:
    taken_in.source.read_troubles.append(Missing("gone"))
    assert (await decided(taken_in)).end is End.FAILED


async def test_a_429_is_waited_for_as_long_as_it_says(taken_in: House) -> None:
    house = taken_in
    house.source.troubles.append(Trouble(Transient("slow down", retry_after=4.0)))
    before = house.clock.monotonic()
    assert (await decided(house)).end is End.DONE
    assert house.clock.monotonic() - before == 4.0


@pytest.mark.parametrize(
    ("says", "waited"), [(30.0, 30.0), (4000.0, 3600.0)], ids=["longer than a turn can bear", "longer than believed"]
)
async def test_a_429_that_says_longer_is_left_until_that_is_over(taken_in: House, says: float, waited: float) -> None:
    house = taken_in
    house.source.troubles.append(Trouble(Transient("slow down", retry_after=says)))
    before = house.clock.monotonic()
    outcome = await decided(house)
    assert (outcome.end, house.clock.monotonic() - before) == (End.LATE, 0.0)
    house.clock.forward(waited - 1)
    assert await house.verdicts.resume() == 0
    house.clock.forward(1 + waited * 0.3)
    assert await house.verdicts.resume() == 1
    assert await stands(house) == ("resolved", "fraud")


# Late, resumed, two at once ------------------------------------------------------------------------------------------


async def test_what_takes_longer_than_patience_is_late_and_shows_afterwards(taken_in: House) -> None:
    house = taken_in
    house.source.slow.clear()
    outcome = await house.verdicts.decide(await house.record(ONE), FRAUD, ADA, CHANNEL, 0.05)
    assert (outcome.end, outcome.by_name) == (End.LATE, "Ada")
    (pending,) = await house.waiting()
    assert pending.kind == ItemKind.ALERT_UPDATE  # everybody sees that it is on its way
    house.source.slow.set()
    await house.settle()
    assert await stands(house) == ("resolved", "fraud")
    assert [item.kind for item in await house.waiting()] == [ItemKind.ALERT_UPDATE, ItemKind.THREAD_LINE]


async def test_while_partner_center_is_away_it_stays_open_and_is_taken_up_again(taken_in: House) -> None:
    house = taken_in
    house.source.away[NORTHWIND] = Transient("503")
    outcome = await decided(house)
    assert outcome.end is End.LATE
    version = (await house.record(ONE)).version
    assert await house.verdicts.resume() == 0  # not before its time
    house.clock.forward(2)
    assert await house.verdicts.resume() == 1
    assert (await house.record(ONE)).version > version
    assert (await intents(house)).attempts == 2  # type: ignore[union-attr]
    house.clock.forward(2)
    assert await house.verdicts.resume() == 0  # the second pause is longer
    del house.source.away[NORTHWIND]
    house.clock.forward(3)
    assert await house.verdicts.resume() == 1
    assert house.source.changes == [(ONE.id, "resolved", "fraud")]
    assert [outcome for _, outcome, _ in await house.audited()] == ["asked", "done"]


async def test_an_intent_whose_process_died_before_sending_is_carried_out_once(taken_in: House) -> None:
    house = taken_in
    died = Intent("i", ONE.key, "resolved", "fraud", "why", ADA.aad_id, "Ada", house.clock.now(), CHANNEL)
    async with house.store.write() as tx:
        await tx.intents.open(died)
    assert await house.verdicts.resume() == 0  # whoever opened it has a head start
    house.clock.forward(11)
    await asyncio.gather(house.verdicts.resume(), house.replica("two").resume())
    assert house.source.changes == [(ONE.id, "resolved", "fraud")]
    assert (await house.record(ONE)).decision.note == "why"  # type: ignore[union-attr]


async def test_an_intent_whose_process_died_after_sending_is_not_sent_again(taken_in: House) -> None:
    house = taken_in
    died = Intent("i", ONE.key, "resolved", "fraud", "", ADA.aad_id, "Ada", house.clock.now(), CHANNEL)
    async with house.store.write() as tx:
        await tx.intents.open(died)
        await tx.intents.claim("i", "the dead one", house.clock.now(), 10)
    house.source.in_the_portal(ONE.key, "resolved", "fraud", by="alert-desk")
    house.clock.forward(11)
    await house.verdicts.resume()
    assert house.source.changes == []
    assert (await house.record(ONE)).decision.by_name == "Ada"  # type: ignore[union-attr]


async def test_two_people_at_once_make_one_change_and_the_second_is_told_who_was_first(taken_in: House) -> None:
    house = taken_in
    house.source.slow.clear()
    first = asyncio.create_task(decided(house))
    await house.source.arrived.wait()
    second = await decided(house, LEGITIMATE, MAX)
    assert (second.end, second.by_name) == (End.BUSY, "Ada")
    house.source.slow.set()
    assert (await first).end is End.DONE
    assert house.source.changes == [(ONE.id, "resolved", "fraud")]


async def test_the_same_person_pressing_twice_is_not_told_that_somebody_was_first(taken_in: House) -> None:
    house = taken_in
    house.source.slow.clear()
    first = asyncio.create_task(decided(house))
    await house.source.arrived.wait()
    assert (await decided(house)).end is End.LATE
    assert (await decided(house, LEGITIMATE)).end is End.BUSY  # another verdict is another wish
    house.source.slow.set()
    await first
    assert len(house.source.changes) == 1


async def test_a_verdict_waits_for_an_investigation_that_is_being_written(taken_in: House) -> None:
    """In that moment it would be told to come again, although nobody decided anything."""
    house = taken_in
    house.source.slow.clear()
    first = asyncio.create_task(decided(house, INVESTIGATE))
    await house.source.arrived.wait()
    house.clock.held = True
    second = asyncio.create_task(decided(house, FRAUD, MAX))
    await until(lambda: bool(house.clock.pauses))
    house.clock.held = False
    house.source.slow.set()
    assert (await first).end is End.DONE
    house.clock.forward(0.3)
    assert (await second).end is End.DONE
    assert house.source.changes == [(ONE.id, "investigating", ""), (ONE.id, "resolved", "fraud")]


async def test_where_an_investigation_is_not_confirmed_in_time_the_verdict_was_not_sent(taken_in: House) -> None:
    house = taken_in
    house.source.slow.clear()
    first = asyncio.create_task(decided(house, INVESTIGATE))
    await house.source.arrived.wait()
    began = house.clock.monotonic()
    outcome = await decided(house, FRAUD, MAX)
    assert outcome.end is End.BUSY
    assert outcome.intent is not None
    assert outcome.intent.by_name == "Ada"
    assert house.clock.monotonic() - began == pytest.approx(PATIENT, abs=0.3)
    assert (await decided(house, INVESTIGATE, MAX)).end is End.BUSY
    assert house.clock.monotonic() - began == pytest.approx(PATIENT, abs=0.3), (
        "no verdict: there is nothing to wait for"
    )
    house.source.slow.set()
    await first
    assert len(house.source.changes) == 1


async def test_a_verdict_takes_the_place_of_an_investigation_that_was_put_off(taken_in: House) -> None:
    """For half an hour, say: nobody should have to wait for that, and "in a moment" would not be true."""
    house = taken_in
    house.source.troubles.append(Trouble(Transient("429", retry_after=1800.0)))
    assert (await decided(house, INVESTIGATE)).end is End.LATE
    house.clock.forward(120)
    assert (await decided(house, INVESTIGATE, MAX)).end is End.BUSY
    assert (await decided(house, FRAUD, MAX)).end is End.DONE
    assert house.source.changes == [(ONE.id, "resolved", "fraud")]
    assert [row[:2] for row in await house.audited()] == [
        ("investigate", "asked"),
        ("investigate", "overtaken"),
        ("mark fraud", "asked"),
        ("mark fraud", "done"),
    ]
    house.clock.forward(3600)
    await house.verdicts.resume()
    assert len(house.source.changes) == 1


async def test_where_reading_it_takes_a_sign_in_they_are_led_there_and_nobody_is_locked_out(taken_in: House) -> None:
    """The reader is refused, and Graph wants more of the person's own token, before anything was sent."""
    house = taken_in
    house.set_up(act_as="user")
    wants = SignInNeeded("multi-factor authentication", code="Unauthorized_MissingMFA", interactive=True)
    house.source.read_troubles += [Refused("the reader's sign-in has ended", code="invalid_grant"), wants]
    with pytest.raises(SignInNeeded):
        await decided(house)
    assert await intents(house) is None
    assert (await decided(house, LEGITIMATE, MAX)).end is End.DONE


async def test_a_verdict_that_was_put_off_keeps_its_place(taken_in: House) -> None:
    house = taken_in
    house.source.troubles.append(Trouble(Transient("429", retry_after=1800.0)))
    assert (await decided(house)).end is End.LATE
    assert (await decided(house, LEGITIMATE, MAX)).end is End.BUSY


@pytest.mark.parametrize("seen", ["legitimate", "fraud"])
async def test_what_the_portal_decided_while_a_verdict_is_put_off_shows_at_once(taken_in: House, seen: str) -> None:
    house = taken_in
    house.source.troubles.append(Trouble(Transient("429", retry_after=3600.0)))
    assert (await decided(house)).end is End.LATE
    house.clock.forward(60)
    await house.intake.poll(house.northwind)
    assert (await stands(house)) == ("active", ""), "it is put off: nothing of it is sent meanwhile"
    house.source.in_the_portal(ONE.key, "resolved", seen)
    house.clock.forward(60)
    await house.intake.poll(house.northwind)
    await house.verdicts.resume()
    assert await stands(house) == ("resolved", seen)
    assert await intents(house) is None
    assert house.source.changes == []


async def test_two_in_the_same_moment_make_one_change(taken_in: House) -> None:
    house = taken_in
    other = house.replica("two")
    record = await house.record(ONE)
    outcomes = await asyncio.gather(
        house.verdicts.decide(record, FRAUD, ADA, CHANNEL, PATIENT),
        other.decide(record, LEGITIMATE, MAX, CHANNEL, PATIENT),
    )
    assert len(house.source.changes) == 1
    assert sorted(outcome.end for outcome in outcomes) in ([End.BUSY, End.DONE], [End.ALREADY, End.DONE])


async def test_a_claim_that_another_replica_holds_is_left_alone(taken_in: House) -> None:
    house = taken_in
    held = Intent("i", ONE.key, "resolved", "fraud", "", ADA.aad_id, "Ada", house.clock.now(), CHANNEL)
    async with house.store.write() as tx:
        await tx.intents.open(held)
        await tx.intents.claim("i", "two", house.clock.now(), LEASE_SECONDS)
    assert await house.verdicts.carry_out(held) is None
    assert house.source.changes == []


@pytest.mark.parametrize("fails", [False, True], ids=["done", "failed"])
async def test_whoever_lost_the_lease_meanwhile_writes_nothing_twice(taken_in: House, fails: bool) -> None:
    """The first replica stalls in its PATCH until another has carried the intent out."""
    house = taken_in
    house.source.slow.clear()
    if fails:
        house.source.troubles.append(Trouble(Permanent("refused"), after=True))
    slow = asyncio.create_task(decided(house))
    await house.source.arrived.wait()
    house.clock.forward(LEASE_SECONDS + 1)
    await house.replica("two").resume()
    house.source.slow.set()
    outcome = await slow
    assert outcome.end is End.DONE
    assert [outcome for _, outcome, _ in await house.audited()] == ["asked", "done"]
    lines = [item for item in await house.waiting() if item.kind == ItemKind.THREAD_LINE]
    assert len(lines) == 1


async def test_an_intent_of_a_partner_that_is_not_set_up_any_more_waits_and_holds_up_no_other(taken_in: House) -> None:
    house = taken_in
    orphan = alert("other", partner="44444444-4444-4444-8444-444444444444")
    await house.take_in(orphan, at_partner_center=False)
    async with house.store.write() as tx:
        for name, key in (("a", orphan.key), ("b", ONE.key)):
            await tx.intents.open(
                Intent(name, key, "resolved", "fraud", "", ADA.aad_id, "Ada", house.clock.now(), CHANNEL)
            )
        stood = await tx.alerts.get(orphan.key)
    house.clock.forward(11)
    assert await house.verdicts.resume() == 2
    assert house.source.changes == [(ONE.id, "resolved", "fraud")]
    house.clock.forward(590)
    assert await house.verdicts.resume() == 0
    house.clock.forward(60)
    assert await house.verdicts.resume() == 1, "it may be set up again"
    assert await house.record(orphan) == stood, "and meanwhile its card is not drawn anew"
    async with house.store.read() as tx:
        assert await tx.intents.open_on(AlertKey(orphan.partner, orphan.id)) is not None


async def test_pauses_before_another_try_grow_to_a_minute(taken_in: House) -> None:
    house = taken_in
    house.source.away[NORTHWIND] = Transient("503")
    await decided(house)
    pauses = []
    for _ in range(7):
        seconds = 0.0
        while not await house.verdicts.resume():
            house.clock.forward(0.5)
            seconds += 0.5
        pauses.append(seconds)
    assert pauses == [2.0, 5.0, 15.0, 30.0, 60.0, 60.0, 60.0]


async def test_the_decision_carries_partner_centers_time(taken_in: House) -> None:
    taken_in.clock.forward(30)
    await decided(taken_in)
    assert (await taken_in.record(ONE)).decision.at == NOW + timedelta(seconds=30)  # type: ignore[union-attr]
