"""ports.Intents and ports.Cards on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from bot.domain.alerts import AlertKey
from bot.domain.decisions import IntentState
from bot.store import SqlStore
from bot.store.intents import HEAD_START
from tests.contract.store_samples import CONTOSO, FABRIKAM, NOW, a_card, add_alerts, an_alert, an_intent, at

KEY = AlertKey(CONTOSO, "alert-1")
READY = HEAD_START.total_seconds() / 60
"""Minutes after which a new intent is offered to all."""


@pytest.fixture
async def with_alerts(store: SqlStore) -> SqlStore:
    await add_alerts(store, *(an_alert(f"alert-{n}") for n in range(1, 4)), an_alert("alert-1", partner=FABRIKAM))
    return store


async def claim(store: SqlStore, owner: str, minutes: float, intent_id: str = "intent-1") -> bool:
    async with store.write() as tx:
        return await tx.intents.claim(intent_id, owner, at(minutes), 60.0)


async def due(store: SqlStore, minutes: float, limit: int = 10) -> list[str]:
    async with store.read() as tx:
        return [intent.id for intent in await tx.intents.due(at(minutes), limit)]


async def test_an_intent_comes_back_as_it_went_in(with_alerts: SqlStore) -> None:
    intent = an_intent(may_replace=True, note="naïve 😀")
    async with with_alerts.write() as tx:
        assert await tx.intents.open(intent) is None
    async with with_alerts.read() as tx:
        assert await tx.intents.get("intent-1") == intent
        assert await tx.intents.open_on(KEY) == intent
        assert await tx.intents.get("nope") is None
        assert await tx.intents.open_on(AlertKey(FABRIKAM, "alert-1")) is None


async def test_an_alert_has_one_open_intent(with_alerts: SqlStore) -> None:
    first, second = an_intent("first", by_name="Ada"), an_intent("second", by_name="Bo")
    async with with_alerts.write() as tx:
        assert await tx.intents.open(first) is None
        assert await tx.intents.open(second) == first
        assert await tx.intents.get("second") is None
        await tx.intents.close("first", IntentState.DONE)
        assert await tx.intents.open(second) is None
        assert await tx.intents.open(an_intent("third", "alert-2")) is None
        theirs = replace(an_intent("theirs"), alert=AlertKey(FABRIKAM, "alert-1"))
        assert await tx.intents.open(theirs) is None


async def test_of_concurrent_openers_one_wins_and_the_others_learn_who(
    with_alerts: SqlStore, other_store: SqlStore
) -> None:
    async def press(n: int) -> str:
        async with (with_alerts, other_store)[n % 2].write() as tx:
            standing = await tx.intents.open(an_intent(f"intent-{n}"))
            return standing.id if standing else "opened"

    results = await asyncio.gather(*(press(n) for n in range(10)))
    assert results.count("opened") == 1
    winner = f"intent-{results.index('opened')}"
    assert {result for result in results if result != "opened"} == {winner}


async def test_an_intent_that_was_rolled_back_leaves_the_alert_free(with_alerts: SqlStore) -> None:
    async def fail() -> None:
        async with with_alerts.write() as tx:
            await tx.intents.open(an_intent("lost"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with with_alerts.write() as tx:
        assert await tx.intents.open(an_intent("next")) is None


async def test_an_intent_without_its_alert_is_a_bug_that_shows(store: SqlStore) -> None:
    with pytest.raises(IntegrityError):
        async with store.write() as tx:
            await tx.intents.open(an_intent())


async def test_what_was_resolved_through_intents_of_a_time_on(with_alerts: SqlStore) -> None:
    async with with_alerts.write() as tx:
        for number, (minutes, status, end) in enumerate(
            [
                (0, "resolved", IntentState.DONE),
                (1, "resolved", IntentState.DONE),
                (1, "investigating", IntentState.DONE),
                (1, "resolved", IntentState.OVERTAKEN),
                (1, "resolved", IntentState.FAILED),
            ]
        ):
            await tx.intents.open(an_intent(f"{number}", f"alert-{number % 3 + 1}", at=at(minutes), status=status))
            await tx.intents.close(f"{number}", end)
        await tx.intents.open(an_intent("open", "alert-3", at=at(1)))
        await tx.intents.open(replace(an_intent("theirs", at=at(1)), alert=AlertKey(FABRIKAM, "alert-1")))
        await tx.intents.close("theirs", IntentState.DONE)
    async with with_alerts.read() as tx:
        assert await tx.intents.resolved_since(CONTOSO, at(0)) == {"alert-1", "alert-2"}
        assert await tx.intents.resolved_since(CONTOSO, at(1)) == {"alert-2"}
        assert await tx.intents.resolved_since(CONTOSO, at(1.01)) == frozenset()


async def test_claims_hold_until_the_lease_runs_out(with_alerts: SqlStore) -> None:
    async with with_alerts.write() as tx:
        await tx.intents.open(an_intent())
    assert await claim(with_alerts, "one", 0)
    assert not await claim(with_alerts, "two", 0.99)
    assert await claim(with_alerts, "one", 0.99)  # its own: renewed until 1.99
    assert not await claim(with_alerts, "two", 1.98)
    assert await claim(with_alerts, "two", 1.99)
    assert not await claim(with_alerts, "one", 2)
    assert not await claim(with_alerts, "one", 2, "nope")
    async with with_alerts.read() as tx:
        intent = await tx.intents.get("intent-1")
    assert intent is not None
    assert intent.attempts == 3


async def test_of_concurrent_claimers_one_gets_it(with_alerts: SqlStore, other_store: SqlStore) -> None:
    async with with_alerts.write() as tx:
        await tx.intents.open(an_intent())
    results = await asyncio.gather(*(claim((with_alerts, other_store)[n % 2], f"owner-{n}", 0) for n in range(8)))
    assert sorted(results) == [False] * 7 + [True]


async def test_due_are_open_intents_whose_lease_ran_out_oldest_first(with_alerts: SqlStore) -> None:
    async with with_alerts.write() as tx:
        await tx.intents.open(an_intent("c", "alert-1", at=at(2)))
        await tx.intents.open(an_intent("b", "alert-2", at=at(1)))
        await tx.intents.open(an_intent("a", "alert-3", at=at(0)))
    assert await due(with_alerts, READY - 0.01) == []  # whoever opened it comes first
    assert await due(with_alerts, 2 + READY) == ["a", "b", "c"]
    assert await due(with_alerts, 2 + READY, limit=2) == ["a", "b"]
    assert await claim(with_alerts, "one", 3, "a")
    async with with_alerts.write() as tx:
        await tx.intents.close("b", IntentState.FAILED, "refused")
    assert await due(with_alerts, 3.99) == ["c"]
    assert await due(with_alerts, 4) == ["a", "c"]


async def test_later_gives_the_claim_back_until_then(with_alerts: SqlStore) -> None:
    async with with_alerts.write() as tx:
        await tx.intents.open(an_intent())
        assert await tx.intents.claim("intent-1", "one", NOW, 60.0)
        await tx.intents.later("intent-1", at(5), "e" * 900)
    assert await due(with_alerts, 4.99) == []
    assert not await claim(with_alerts, "two", 4.99)
    assert not await claim(with_alerts, "one", 4.99)
    assert await due(with_alerts, 5) == ["intent-1"]
    assert await claim(with_alerts, "two", 5)
    async with with_alerts.read() as tx:
        intent = await tx.intents.open_on(KEY)
    assert intent is not None
    assert intent.error == "e" * 500


@pytest.mark.parametrize("state", ["new", "carried", "due", "ended"])
async def test_only_one_that_waits_is_woken_or_set_aside(with_alerts: SqlStore, state: str) -> None:
    """Of one that is new, is being carried, is due or has ended, somebody may be sending something."""
    async with with_alerts.write() as tx:
        await tx.intents.open(an_intent())
        if state != "new":
            assert await tx.intents.claim("intent-1", "one", NOW, 600.0)
        if state == "due":
            await tx.intents.later("intent-1", at(1), "429")
        if state == "ended":
            await tx.intents.close("intent-1", IntentState.DONE)
        assert not await tx.intents.wake("intent-1", at(2))
        assert not await tx.intents.set_aside("intent-1", at(2), "a verdict")


async def test_one_that_waits_is_woken_or_set_aside(with_alerts: SqlStore) -> None:
    async with with_alerts.write() as tx:
        for number in (1, 2):
            await tx.intents.open(an_intent(f"intent-{number}", f"alert-{number}"))
            assert await tx.intents.claim(f"intent-{number}", "one", NOW, 600.0)
            await tx.intents.later(f"intent-{number}", at(50), "429")
        assert await tx.intents.wake("intent-1", at(2))
        assert await tx.intents.set_aside("intent-2", at(2), "e" * 900)
        assert not await tx.intents.set_aside("intent-2", at(2), "again")
        gone = await tx.intents.get("intent-2")
    assert gone is not None
    assert (gone.state, gone.error) == (IntentState.OVERTAKEN, "e" * 500)
    assert await due(with_alerts, 2) == ["intent-1"]


async def test_a_closed_intent_stays_closed(with_alerts: SqlStore) -> None:
    async with with_alerts.write() as tx:
        await tx.intents.open(an_intent())
        await tx.intents.close("intent-1", IntentState.OVERTAKEN, "Bo was first")
        await tx.intents.close("intent-1", IntentState.DONE)
        await tx.intents.later("intent-1", at(1), "again")
        assert not await tx.intents.claim("intent-1", "one", at(99), 60.0)
        intent = await tx.intents.get("intent-1")
        assert await tx.intents.open_on(KEY) is None
    assert intent is not None
    assert (intent.state, intent.error) == (IntentState.OVERTAKEN, "Bo was first")


async def test_cards_of_an_alert_and_by_activity(with_alerts: SqlStore) -> None:
    late, early = a_card("late", created_at=at(1)), a_card("early", conversation_id="channel-2")
    async with with_alerts.write() as tx:
        await tx.cards.add(late)
        await tx.cards.add(early)
        await tx.cards.add(a_card("other", "alert-2"))
        assert await tx.cards.of_alert(KEY) == (early, late)
        assert await tx.cards.of_alert(AlertKey(FABRIKAM, "alert-1")) == ()
        assert await tx.cards.get("late") == late
        assert await tx.cards.get("nope") is None
        assert await tx.cards.by_activity("channel-1", "") is None
        await tx.cards.posted("late", "activity-1")
        assert await tx.cards.by_activity("channel-1", "activity-1") == replace(late, activity_id="activity-1")
        assert await tx.cards.by_activity("channel-2", "activity-1") is None


async def test_what_a_card_shows_never_grows_older(with_alerts: SqlStore) -> None:
    async with with_alerts.write() as tx:
        await tx.cards.add(a_card())
        await tx.cards.repeated("card-1")
        await tx.cards.replaced("card-1", "card-2")
        card = await tx.cards.get("card-1")
    assert card == a_card(repeat=True, replaced_by="card-2")
