"""From Partner Center into the store, and the card work that news cause."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.domain.alerts import Alert, AlertRecord
from bot.domain.delivery import ItemKind
from bot.domain.people import Conversation, Partner
from bot.errors import Refused, Transient
from bot.ports import AlertPage, SyncState, UnreadableAlert
from bot.services.intake import Round
from bot.services.verdicts import Wish
from tests.factories import (
    ADA,
    CHANNEL,
    CUSTOMER,
    FABRIKAM,
    GENERAL,
    NORTHWIND,
    NOW,
    alert,
    conversation,
    intent,
    minutes,
    resolved,
)
from tests.support.house import OPERATORS, House

ONE = alert()


@pytest.fixture
async def watched(house: House) -> House:
    """Past its first sync, with Northwind's alerts going to the channel."""
    await house.baseline()
    await house.route()
    return house


async def poll(house: House) -> Round:
    house.clock.forward(60)
    return await house.intake.poll(house.northwind)


async def kinds(house: House) -> list[str]:
    return [str(item.kind) for item in await house.waiting()]


async def lines(house: House) -> list[str]:
    return [item.payload["text"] for item in await house.waiting() if item.kind == ItemKind.THREAD_LINE]


async def known(house: House, of: Alert = ONE) -> AlertRecord:
    """Taken in by a poll, with its card posted."""
    house.source.put(of)
    await poll(house)
    await house.waiting()
    return await house.record(of)


async def test_the_first_sync_records_everything_and_announces_nothing(house: House) -> None:
    await house.route()
    house.source.put(ONE, resolved("old"), alert("other", partner=FABRIKAM))
    found = await poll(house)
    assert (found.new, found.changed) == (2, 0)
    assert await house.waiting() == []
    async with house.store.read() as tx:
        state = await tx.syncs.get(NORTHWIND)
    assert (state.baseline, state.last_full_at, state.error) == (True, house.clock.now(), "")


async def test_a_first_sync_that_broke_off_stays_quiet_the_next_time(house: House) -> None:
    await house.route()
    house.source.put(ONE)
    house.source.away[NORTHWIND] = Transient("503")
    with pytest.raises(Transient):
        await poll(house)
    async with house.store.read() as tx:
        assert await tx.syncs.get(NORTHWIND) == SyncState(NORTHWIND, error="503")
    del house.source.away[NORTHWIND]
    await poll(house)
    assert await house.waiting() == []


async def test_a_new_alert_gets_a_card_where_it_is_routed(watched: House) -> None:
    watched.source.put(ONE)
    assert (await poll(watched)).new == 1
    (card,) = await watched.waiting()
    assert (card.kind, card.conversation_id) == (ItemKind.ALERT_CARD, CHANNEL)
    assert (await poll(watched)).new == 0
    assert await watched.waiting() == []


async def test_a_new_alert_that_is_resolved_already_gets_none(watched: House) -> None:
    watched.source.put(resolved())
    watched.clock.forward(6 * 3600)  # a full walk
    assert (await poll(watched)).new == 1
    assert await watched.waiting() == []
    kept = (await watched.record(ONE)).decision
    assert kept is not None
    assert kept.via == "partner_center"


async def test_a_card_waits_for_its_names(watched: House) -> None:
    watched.directory.customers[CUSTOMER] = "Contoso Ltd"
    watched.source.put(ONE)
    await poll(watched)
    assert (await watched.record(ONE)).customer_name == "Contoso Ltd"


async def test_an_unchanged_alert_causes_nothing(watched: House) -> None:
    before = await known(watched)
    assert (await poll(watched)).changed == 0
    assert await watched.record(ONE) == before
    assert await watched.waiting() == []


PORTAL_CHANGES = [
    (ONE, resolved(), "A was marked as fraud in Partner Center by kim@northwind.example."),
    (ONE, replace(ONE, status="investigating"), "A was taken into investigation in Partner Center."),
    (resolved(), ONE, "A was reopened in Partner Center."),
    (resolved(), resolved(reason="ignore"), "The verdict of A was changed to ignore in Partner Center by kim"),
    (ONE, replace(ONE, status="dismissed"), "The status of A was changed to dismissed in Partner Center."),
]


@pytest.mark.parametrize(("was", "becomes", "line"), PORTAL_CHANGES, ids=[line[:40] for *_, line in PORTAL_CHANGES])
async def test_a_change_in_the_portal_is_told_in_the_thread_and_kept(
    watched: House, was: Alert, becomes: Alert, line: str
) -> None:
    house = watched
    await known(house, ONE)
    if was != ONE:
        house.source.put(was)
        await poll(house)
        await house.waiting()
    house.source.put(becomes)
    house.clock.forward(6 * 3600)
    assert (await poll(house)).changed == 1
    label = (await house.record(ONE)).label
    assert [text.replace(label, "A").startswith(line) for text in await lines(house)] == [True]
    row = (await house.audit())[-1].entry
    assert (row.act.startswith("portal: "), row.outcome) == (True, "seen")
    assert (await house.record(ONE)).alert == becomes


async def test_changed_facts_redraw_the_card_and_say_nothing(watched: House) -> None:
    await known(watched)
    watched.source.put(replace(ONE, last_observed_at=NOW, severity="low"))
    assert (await poll(watched)).changed == 1
    assert await kinds(watched) == [ItemKind.ALERT_UPDATE]
    assert await watched.audit() == []


async def test_a_reopened_alert_without_a_card_gets_one(watched: House) -> None:
    house = watched
    await house.take_in(resolved())
    house.source.put(ONE)
    house.clock.forward(60)
    await poll(house)
    assert ItemKind.ALERT_CARD in await kinds(house)


async def test_our_decision_stays_ours_while_partner_center_says_the_same(watched: House) -> None:
    house = watched
    record = await known(house)
    await house.verdicts.decide(record, Wish("resolved", "fraud"), ADA, CHANNEL, 5)
    house.clock.forward(6 * 3600)
    await house.waiting()
    later = replace(house.source.alerts[ONE.key], last_observed_at=NOW + minutes(9))
    house.source.put(later)
    await poll(house)
    assert (await house.record(ONE)).decision.by_name == "Ada"  # type: ignore[union-attr]
    assert await kinds(house) == [ItemKind.ALERT_UPDATE]


async def test_what_was_read_before_we_knew_better_is_not_taken(watched: House) -> None:
    """Between the request for the page and its recording somebody added a note, or decided."""
    house = watched
    record = await known(house)
    house.source.put(replace(ONE, severity="low"))

    pages = house.source.open_alerts

    async def slow(partner: Partner) -> AsyncIterator[AlertPage]:
        async for page in pages(partner):
            house.clock.forward(1)
            async with house.store.write() as tx:
                await tx.alerts.touch([record.alert.key], house.clock.now())
            yield page

    house.source.open_alerts = slow  # type: ignore[method-assign]
    assert (await poll(house)).changed == 0
    house.source.open_alerts = pages  # type: ignore[method-assign]
    assert (await poll(house)).changed == 1


async def test_while_a_verdict_of_ours_is_on_its_way_nothing_is_taken(watched: House) -> None:
    house = watched
    await known(house)
    async with house.store.write() as tx:
        await tx.intents.open(intent())
    house.source.put(resolved())
    assert (await poll(house)).changed == 0
    assert (await house.record(ONE)).alert.is_open
    async with house.store.write() as tx:
        await tx.intents.close("intent-one", "failed")
    assert (await poll(house)).changed == 1
    assert not (await house.record(ONE)).alert.is_open


# Absence -----------------------------------------------------------------------------------------------------------


async def test_absence_resolves_nothing(watched: House) -> None:
    await known(watched)
    watched.source.left_out.add(ONE.id)
    await poll(watched)
    assert (await watched.record(ONE)).alert.is_open
    assert await watched.waiting() == []


async def test_what_is_absent_is_read_by_its_id(watched: House) -> None:
    await known(watched)
    watched.source.put(resolved())  # left out of the list of open ones
    await poll(watched)
    assert (await watched.record(ONE)).alert.resolved_reason == "fraud"
    assert await lines(watched) != []


async def test_what_partner_center_does_not_know_any_more_stays_as_it_was(watched: House) -> None:
    await known(watched)
    del watched.source.alerts[ONE.key]
    await poll(watched)
    assert (await watched.record(ONE)).alert.is_open


async def test_one_that_cannot_be_read_by_id_holds_up_no_other(watched: House) -> None:
    house = watched
    two = alert("alert-two")
    house.source.put(two)
    await known(house)
    house.source.put(resolved(), resolved("alert-two"))
    house.source.read_troubles.append(Refused("not now"))
    await poll(house)
    assert [(await house.record(each)).alert.is_open for each in (ONE, two)] == [True, False]


# Trouble -----------------------------------------------------------------------------------------------------------


async def test_an_unreadable_alert_is_counted_and_blocks_none(watched: House) -> None:
    house = watched
    house.source.put(ONE)
    house.source.unreadable = [UnreadableAlert("bad", "it has no id"), UnreadableAlert("worse", "no time")]
    found = await poll(house)
    assert (found.new, len(found.unreadable)) == (1, 2)
    async with house.store.read() as tx:
        assert (await tx.syncs.get(NORTHWIND)).error == "2 alerts could not be read; the first: it has no id"
    house.source.unreadable = []
    await poll(house)
    async with house.store.read() as tx:
        assert (await tx.syncs.get(NORTHWIND)).error == ""


async def test_an_alert_that_a_page_shows_twice_is_taken_in_once(
    watched: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def open_alerts(_: Partner) -> AsyncIterator[AlertPage]:
        yield AlertPage((ONE, replace(ONE, description="seen once more"), alert("other")))

    monkeypatch.setattr(watched.source, "open_alerts", open_alerts)
    assert (await poll(watched)).new == 2
    assert (await watched.record(ONE)).alert.description == "seen once more"
    assert await kinds(watched) == [ItemKind.ALERT_CARD] * 2


async def test_a_thousand_unreadable_ones_are_bounded(watched: House) -> None:
    watched.source.unreadable = [UnreadableAlert(str(n), "bad") for n in range(1000)]
    assert len((await poll(watched)).unreadable) == 100


async def test_a_failed_reading_keeps_what_was_known_of_the_partner(watched: House) -> None:
    await poll(watched)
    watched.source.away[NORTHWIND] = Refused("consent is missing " + "x" * 1000)
    with pytest.raises(Refused):
        await poll(watched)
    async with watched.store.read() as tx:
        state = await tx.syncs.get(NORTHWIND)
    assert state.baseline
    assert state.error.startswith("consent is missing")
    assert len(state.error) == 500


async def test_a_failing_reader_is_told_once_whatever_else_the_words_hold(watched: House) -> None:
    """Microsoft's answer has another request id each time."""
    for request in ("one", "two", "three"):
        watched.source.away[NORTHWIND] = Refused(f"refused, request {request}", code="Authorization_RequestDenied")
        with pytest.raises(Refused):
            await poll(watched)
    watched.source.away[NORTHWIND] = Refused("another thing", code="AADSTS70000")
    with pytest.raises(Refused):
        await poll(watched)
    async with watched.store.read() as tx:
        assert await tx.outbox.waiting_in(OPERATORS) == 2


async def test_one_partners_alerts_never_reach_anothers_channel(watched: House) -> None:
    house = watched
    await house.baseline(FABRIKAM)
    await house.route(FABRIKAM, GENERAL)
    house.source.put(ONE, alert("theirs", partner=FABRIKAM))
    await poll(house)
    await house.intake.poll(house.fabrikam)
    assert {(item.conversation_id, item.kind) for item in await house.waiting()} == {
        (CHANNEL, ItemKind.ALERT_CARD),
        (GENERAL, ItemKind.ALERT_CARD),
    }
    async with house.store.read() as tx:
        assert [card.conversation_id for card in await tx.cards.of_alert(ONE.key)] == [CHANNEL]


async def test_all_alerts_are_walked_as_often_as_is_set_and_else_the_open_ones(watched: House) -> None:
    house = watched
    house.source.put(resolved("old"))
    assert (await poll(house)).new == 0
    house.clock.forward(6 * 3600)
    assert (await poll(house)).new == 1


# Filters of routes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "posted"),
    [
        ("", True),
        ("severity:high", True),
        ("severity:low", False),
        ("customer:contoso", True),
        ("customer:fabrikam", False),
        ("type:notification", False),
        ("partner:northwind", True),
        ("partner:fabrikam", False),
        ("since:1d", True),
        ("age:>1h", False),
    ],
)
async def test_a_route_lets_through_what_its_filter_says(house: House, words: str, posted: bool) -> None:
    await house.baseline()
    await house.route(words=words)
    house.directory.customers[CUSTOMER] = "Contoso Ltd"
    house.source.put(ONE)
    await poll(house)
    assert (await kinds(house) == [ItemKind.ALERT_CARD]) is posted


async def test_each_conversation_that_wants_it_gets_one_card(watched: House) -> None:
    await watched.route(NORTHWIND, GENERAL)
    await known(watched)
    async with watched.store.read() as tx:
        assert sorted(card.conversation_id for card in await tx.cards.of_alert(ONE.key)) == sorted([CHANNEL, GENERAL])


async def test_an_open_alerts_card_is_redrawn_when_its_phases_begin(watched: House) -> None:
    house = watched
    detected = house.clock.now() + minutes(1)
    house.source.put(replace(ONE, detected_at=detected))
    await poll(house)
    await house.waiting()
    for gone in (30, 50, 60):
        house.clock.forward((detected + minutes(gone) - house.clock.now()).total_seconds() - 1)
        assert await house.waiting() == []
        house.clock.forward(1)
        assert await kinds(house) == [ItemKind.ALERT_UPDATE]


async def test_a_conversation_that_nobody_knows_yet_keeps_its_work(house: House) -> None:
    await house.baseline()
    await house.route()
    where: Conversation = conversation("19:unknown@thread.tacv2")
    async with house.store.write() as tx:
        (route,) = await tx.conversations.routes(CHANNEL)
        await tx.conversations.put_route(replace(route, conversation_id=where.id))
    house.source.put(ONE)
    await poll(house)
    assert [item.conversation_id for item in await house.waiting()] == [CHANNEL]
    await house.know(where)
    assert [item.conversation_id for item in await house.waiting()] == [where.id]
