"""Decisions left open are taken up, old rows forgotten, gauges kept true."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.delivery import ItemKind, NewItem
from bot.ports import SignIn
from bot.sealing import SealedVault, Sealer
from bot.telemetry import metrics
from bot.workers.upkeep import Resumer, Upkeep
from tests.factories import ADA, CHANNEL, NORTHWIND, alert, conversation, intent
from tests.support.house import House

DAY = 86_400.0
WEEK = timedelta(days=7).total_seconds()


async def test_an_open_decision_is_carried_out(house: House) -> None:
    await house.take_in(alert())
    async with house.store.write() as tx:
        await tx.intents.open(intent(at=house.clock.now()))
    house.clock.forward(11)
    await Resumer(house.env, house.verdicts, house.bulk).run()
    assert house.source.changes == [("alert-one", "resolved", "fraud")]


async def test_the_gauges_say_what_waits_and_how_old_the_reading_is(house: House) -> None:
    await house.know(conversation())
    await house.baseline()
    async with house.store.write() as tx:
        await tx.outbox.add([NewItem(CHANNEL, ItemKind.NOTICE)] * 2, house.clock.now())
    house.clock.forward(30)
    await Upkeep(house.env).run()
    assert metrics.REGISTRY.get_sample_value("alertdesk_outbox_items", {"state": "pending"}) == 2
    assert metrics.REGISTRY.get_sample_value("alertdesk_outbox_items", {"state": "sending"}) == 0
    assert metrics.REGISTRY.get_sample_value("alertdesk_outbox_oldest_seconds") == 30
    assert metrics.REGISTRY.get_sample_value("alertdesk_sync_age_seconds", {"partner": NORTHWIND}) == 30


async def test_sign_ins_that_nobody_used_for_90_days_are_forgotten(house: House) -> None:
    async def kept() -> set[str]:
        async with house.store.read() as tx:
            return {owner for owner in ("ada", "max") if await tx.vault.get("user", owner) is not None}

    async def sign_in(owner: str) -> None:
        async with house.store.write() as tx:
            await tx.vault.put("user", owner, b"sealed", "k1", 0, house.clock.now())
            await tx.vault.put("reader", NORTHWIND, b"sealed", "k1", 0, house.clock.now())

    await sign_in("ada")
    house.clock.forward(DAY)
    await sign_in("max")
    house.clock.forward(89 * DAY)
    await Upkeep(house.env).run()
    assert await kept() == {"ada", "max"}
    house.clock.forward(1)
    upkeep = Upkeep(house.env)
    await upkeep.run()
    assert await kept() == {"max"}
    async with house.store.read() as tx:
        assert await tx.vault.get("reader", NORTHWIND) is not None, "how a reader's ends is told, not hidden"
    house.clock.forward(DAY)
    for _ in range(238):
        await upkeep.run()
    assert await kept() == {"max"}, "once an hour"
    for _ in range(2):
        await upkeep.run()
    assert await kept() == set()


async def test_presses_that_waited_for_a_sign_in_in_vain_are_forgotten(house: House) -> None:
    """What somebody wrote stands in them. Where Teams signs everybody in silently, nobody else ever takes one away."""
    async with house.store.write() as tx:
        for state, minutes in (("over", 15), ("under way", 16)):
            expires = house.clock.now() + timedelta(minutes=minutes)
            await tx.sign_ins.add(SignIn(state, ADA.aad_id, NORTHWIND, "act", {"turn": {}}, expires))
    house.clock.forward(timedelta(minutes=15).total_seconds())
    await Upkeep(house.env).run()
    async with house.store.write() as tx:
        assert await tx.sign_ins.prune(house.clock.now()) == 0, "gone already"
        assert await tx.sign_ins.get("under way", house.clock.now()) is not None


async def test_what_was_sent_and_handled_long_ago_is_forgotten_and_nothing_else(house: House) -> None:
    await house.know(conversation())
    upkeep = Upkeep(house.env)
    async with house.store.write() as tx:
        await tx.outbox.add([NewItem(CHANNEL, ItemKind.NOTICE)], house.clock.now())
        (item,) = await tx.outbox.claim("one", house.clock.now(), 60, 1)
        await tx.outbox.sent(item, "x", house.clock.now())
        await tx.inbox.begin("old", house.clock.now())
        await tx.inbox.finish("old", {})
    house.clock.forward(WEEK + 1)
    async with house.store.write() as tx:
        await tx.outbox.add([NewItem(CHANNEL, ItemKind.NOTICE)], house.clock.now())
        await tx.inbox.begin("new", house.clock.now())
        await tx.inbox.finish("new", {})
    await upkeep.run()
    async with house.store.write() as tx:
        assert {state: count for state, count in (await tx.outbox.counts()).items() if count} == {"pending": 1}
        assert (await tx.inbox.begin("old", house.clock.now()))[0]
        assert not (await tx.inbox.begin("new", house.clock.now()))[0]


async def test_the_sign_in_of_a_reader_without_a_partner_is_forgotten_after_a_week(house: House) -> None:
    async def kept() -> set[str]:
        async with house.store.read() as tx:
            return {owner for owner in (NORTHWIND, "gone") if await tx.vault.get("reader", owner) is not None}

    async with house.store.write() as tx:
        for owner in (NORTHWIND, "gone"):
            await tx.vault.put("reader", owner, b"sealed", "k1", 0, house.clock.now())
    house.clock.forward(WEEK)
    await Upkeep(house.env).run()
    assert await kept() == {NORTHWIND, "gone"}, "it may come back, or another replica know its partner"
    house.clock.forward(1)
    await Upkeep(house.env).run()
    assert await kept() == {NORTHWIND}


async def test_what_an_old_key_sealed_is_sealed_anew_within_two_hours(house: House) -> None:
    old, new = Sealer([b"o" * 32]), Sealer([b"n" * 32, b"o" * 32])
    await SealedVault(house.store, old, house.clock).save("user", "ada", "token", 0)
    upkeep = Upkeep(house.env, SealedVault(house.store, new, house.clock))
    await upkeep.run()
    async with house.store.read() as tx:
        assert await tx.vault.key_ids() == {old.key_id: 1}, "other replicas may have to be restarted yet"
    for _ in range(240):
        await upkeep.run()
    async with house.store.read() as tx:
        assert await tx.vault.key_ids() == {new.key_id: 1}
