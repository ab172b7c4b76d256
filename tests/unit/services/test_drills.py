"""Drills on a real store: begun, found by the ordinary reading, decided or given up, and reported once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.domain.alerts import AlertRecord, Status, Verdict
from bot.domain.decisions import Intent
from bot.domain.delivery import ItemKind
from bot.domain.drills import A_DAY, Drill
from bot.errors import Missing, Transient, UserError
from bot.services.verdicts import End, Wish
from tests.factories import ADA, CHANNEL, ELSEWHERE, FABRIKAM, NORTHWIND, alert, conversation, minutes
from tests.support.house import House

FRAUD = Wish(Status.RESOLVED, Verdict.FRAUD)
PATIENCE = 10.0


@pytest.fixture
async def desk(house: House) -> House:
    await house.baseline()
    await house.route()
    return house


async def begin(house: House, severity: str = "high", where: str = CHANNEL) -> Drill:
    ada = house.as_known(ADA)
    return await house.drills.begin(house.northwind, severity, ada, conversation(where))


async def taken_in(house: House) -> tuple[Drill, AlertRecord]:
    """A drill that has begun and was read with the other alerts, its card in Teams."""
    drill = await begin(house)
    house.clock.forward(12)
    await house.intake.poll(house.northwind)
    house.clock.forward(2)
    await house.deliver()
    return drill, await found(house, drill)


async def found(house: House, drill: Drill) -> AlertRecord:
    async with house.store.read() as tx:
        record = await tx.alerts.get(drill.key)
    assert record is not None
    return record


async def as_kept(house: House, drill: Drill) -> Drill:
    async with house.store.read() as tx:
        kept = await tx.drills.get(drill.id)
    assert kept is not None
    return kept


async def decide(house: House, record: AlertRecord, wish: Wish = FRAUD) -> End:
    outcome = await house.verdicts.decide(record, wish, house.as_known(ADA), CHANNEL, PATIENCE)
    return outcome.end


async def lines(house: House) -> list[str]:
    """What is on its way to threads."""
    return [item.payload["text"] for item in await house.waiting() if item.kind == ItemKind.THREAD_LINE]


async def test_a_drill_goes_the_way_of_an_alert_and_is_reported_with_its_times(desk: House) -> None:
    drill, record = await taken_in(desk)
    assert desk.woken == [NORTHWIND]
    assert (record.alert.is_drill, record.alert.is_test, record.alert.severity) == (True, True, "high")
    desk.clock.forward(166)
    assert await decide(desk, record, Wish(Status.INVESTIGATING)) is End.DONE
    await desk.drills.step()
    assert (await as_kept(desk, drill)).acknowledged_by == "Ada"
    desk.clock.forward(240)
    assert await decide(desk, await found(desk, drill)) is End.DONE
    await desk.waiting()
    assert await desk.drills.step() == 1
    assert await lines(desk) == [
        (
            f"Drill {record.label} is over. Recorded after 12 s, card in Teams after 14 s, taken up after 3 min by Ada "
            "(within the 15 min to aim at), decided after 7 min as fraud by Ada (within the 1 h to aim at)."
        )
    ]
    assert desk.source.changes == []
    assert desk.source.reads == []  # Partner Center never heard of it
    assert await desk.drills.step() == 0
    audited = [(act, outcome) for act, outcome, _ in await desk.audited() if act == "drill"]
    assert audited == [("drill", "asked"), ("drill", "done")]
    kept = await as_kept(desk, drill)
    assert (kept.verdict, kept.decided_by, kept.reported_at) == ("fraud", "Ada", desk.clock.now())


async def test_it_is_never_looked_for_at_partner_center(desk: House) -> None:
    _, record = await taken_in(desk)
    for _ in range(3):
        await desk.intake.poll(desk.northwind)
    assert desk.source.reads == []
    assert (await found(desk, (await desk.drills.latest(frozenset({NORTHWIND})))[0][0])) == record


async def test_it_comes_even_while_partner_center_is_away(desk: House) -> None:
    drill = await begin(desk)
    desk.source.away[NORTHWIND] = Transient("away")
    with pytest.raises(Transient):
        await desk.intake.poll(desk.northwind)
    assert (await found(desk, drill)).alert.is_drill


async def test_a_changed_verdict_stays_in_the_house_too(desk: House) -> None:
    drill, record = await taken_in(desk)
    await decide(desk, record)
    again = Wish(Status.RESOLVED, Verdict.LEGITIMATE, "was a drill", may_replace=True)
    assert await decide(desk, await found(desk, drill), again) is End.DONE
    assert (await found(desk, drill)).alert.resolved_reason == "legitimate"
    assert desk.source.changes == []


async def test_two_who_decide_at_once_are_one_decision(desk: House) -> None:
    drill, record = await taken_in(desk)
    ends = await asyncio.gather(*(decide(desk, record) for _ in range(5)))
    assert ends.count(End.DONE) >= 1
    entries = [entry for entry in (await found(desk, drill)).alert.activity_log if entry.status_to == "resolved"]
    assert len(entries) == 1


async def test_what_died_between_the_change_and_its_end_goes_on(desk: House) -> None:
    drill, record = await taken_in(desk)
    ada = desk.as_known(ADA)
    opened = await desk.verdicts._write_down(record, FRAUD, ada, CHANNEL)
    assert isinstance(opened, Intent)
    async with desk.store.write() as tx:
        assert await tx.intents.claim(opened.id, "dead", desk.clock.now(), 45)
    await desk.alerts.set_status(desk.northwind, drill.id, "resolved", "fraud", ada)
    desk.clock.forward(60)
    await desk.drills.step()
    assert (await as_kept(desk, drill)).decided_at is None
    assert await desk.replica("two").resume() == 1
    decision = (await found(desk, drill)).decision
    assert decision is not None
    assert (decision.by_id, decision.verdict) == (ADA.aad_id, "fraud")


async def test_nobody_answers(desk: House) -> None:
    drill, record = await taken_in(desk)
    desk.clock.forward(3585)
    assert await desk.drills.step() == 1  # recorded and on its card
    desk.clock.forward(1)
    await desk.waiting()
    assert await desk.drills.step() == 1
    closed = await found(desk, drill)
    assert (closed.alert.is_open, closed.decision and closed.decision.by_name) == (False, "nobody")
    assert await lines(desk) == [
        (
            f"Drill {record.label} is over: nobody decided on it within 1 h. Recorded after 12 s, card in Teams after "
            "14 s, taken up by nobody, decided by nobody."
        )
    ]
    assert (await desk.audited())[-1] == ("drill", "failed", "Ada")
    await begin(desk)  # the next one may begin


async def test_it_is_not_given_up_while_somebody_decides(desk: House) -> None:
    drill, record = await taken_in(desk)
    desk.clock.forward(3600)
    await desk.verdicts._write_down(record, FRAUD, desk.as_known(ADA), CHANNEL)
    await desk.drills.step()
    assert (await as_kept(desk, drill)).reported_at is None
    await desk.verdicts.resume()
    desk.clock.forward(60)
    await desk.verdicts.resume()
    await desk.drills.step()
    assert (await as_kept(desk, drill)).verdict == "fraud"


async def test_one_that_was_never_read_is_told_where_it_began(desk: House) -> None:
    await begin(desk)
    desk.clock.forward(3600)
    assert await desk.drills.step() == 1
    (item,) = await desk.waiting()
    assert (item.kind, item.conversation_id) == (ItemKind.NOTICE, CHANNEL)
    assert "was never recorded" in item.payload["text"]


async def test_decided_before_teams_confirmed_its_card(desk: House) -> None:
    drill = await begin(desk)
    await desk.intake.poll(desk.northwind)
    await decide(desk, await found(desk, drill))
    await desk.drills.step()
    assert (await as_kept(desk, drill)).reported_at is None
    desk.clock.forward(120)
    await desk.drills.step()
    assert "no card of its own confirmed" in "".join(await lines(desk))


async def test_one_at_a_time_and_four_a_day(desk: House) -> None:
    for _ in range(A_DAY):
        drill, record = await taken_in(desk)
        with pytest.raises(UserError, match="still open"):
            await begin(desk)
        await decide(desk, record)
        await desk.drills.step()
        assert (await as_kept(desk, drill)).reported_at is not None
    with pytest.raises(UserError, match="4 in the last 24 hours"):
        await begin(desk)
    desk.clock.forward(timedelta(hours=24).total_seconds())
    await begin(desk)


async def test_it_begins_only_where_it_will_be_seen(house: House) -> None:
    await house.know(conversation())
    with pytest.raises(UserError, match="do not come here"):
        await begin(house)
    await house.route()
    with pytest.raises(UserError, match="not been read yet"):
        await begin(house)
    await house.baseline()
    await house.route(words="severity:high test:no")
    with pytest.raises(UserError, match="filter"):
        await begin(house)
    await house.route(words="severity:high")
    with pytest.raises(UserError, match="filter"):
        await begin(house, "low")
    with pytest.raises(UserError, match="do not come here"):
        await begin(house, "high", ELSEWHERE)
    assert (await begin(house)).severity == "high"
    assert [row for row in await house.audited() if row[0] == "drill"] == [("drill", "asked", "Ada")]


async def test_the_last_ten_with_labels_of_ones_own_partners(desk: House) -> None:
    drill, record = await taken_in(desk)
    assert await desk.drills.latest(frozenset({NORTHWIND, FABRIKAM})) == ((await as_kept(desk, drill), record.label),)
    assert await desk.drills.latest(frozenset({FABRIKAM})) == ()
    assert await desk.drills.latest(frozenset()) == ()


async def test_everything_that_is_no_drill_is_asked_of_partner_center(desk: House) -> None:
    real = alert("real-one")
    await desk.take_in(real)
    desk.source.remarks[NORTHWIND] = "as somebody"
    assert (await desk.alerts.get(desk.northwind, "real-one")) == real
    await desk.alerts.set_status(desk.northwind, "real-one", "resolved", "fraud")
    assert desk.source.changes == [("real-one", "resolved", "fraud")]
    assert desk.alerts.remark(desk.northwind) == "as somebody"
    await taken_in(desk)
    since = [page async for page in desk.alerts.alerts_since(desk.northwind, desk.clock.now() - minutes(600))]
    assert not [each for page in since for each in page.alerts if each.is_drill]
    with pytest.raises(Missing):
        await desk.alerts.get(desk.northwind, "drill-unknown")
    with pytest.raises(Missing):
        await desk.alerts.set_status(desk.northwind, "drill-unknown", "resolved", "fraud")
    with pytest.raises(Missing):
        await desk.alerts.get(desk.fabrikam, (await desk.drills.latest(frozenset({NORTHWIND})))[0][0].id)
