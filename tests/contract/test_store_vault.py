"""ports.Vault on both databases: bytes come back as they went in, and of two writers one is told to look again."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.errors import ConfigError
from bot.sealing import SealedVault, Sealer, check_keys
from bot.store import SqlStore
from tests.contract.store_samples import NOW, at
from tests.fakes import FakeClock

OWNER = "tenant:person"
BLOB = bytes(range(256))


async def put(store: SqlStore, version: int, blob: bytes = BLOB, owner: str = OWNER, key_id: str = "k1") -> bool:
    async with store.write() as tx:
        return await tx.vault.put("user", owner, blob, key_id, version, NOW)


async def version(store: SqlStore) -> int:
    async with store.read() as tx:
        sealed = await tx.vault.get("user", OWNER)
    return sealed.version if sealed else 0


async def test_it_comes_back_as_it_went_in(store: SqlStore, other_store: SqlStore) -> None:
    assert await put(store, 0)
    async with other_store.read() as tx:
        sealed = await tx.vault.get("user", OWNER)
        assert sealed is not None
        assert (sealed.blob, sealed.key_id) == (BLOB, "k1")
        assert type(sealed.blob) is bytes
        assert await tx.vault.get("reader", OWNER) is None
        assert await tx.vault.get("user", "somebody else") is None


async def test_only_what_is_still_the_stored_version_is_replaced(store: SqlStore) -> None:
    assert await put(store, 0, b"first")
    assert not await put(store, 0, b"also first")
    first = await version(store)
    assert await put(store, first, b"second")
    assert not await put(store, first, b"late")
    assert await version(store) == first + 1
    async with store.read() as tx:
        sealed = await tx.vault.get("user", OWNER)
    assert sealed is not None
    assert sealed.blob == b"second"


async def test_of_many_writers_at_once_one_wins(store: SqlStore, other_store: SqlStore) -> None:
    stores = (store, other_store)
    assert sum(await asyncio.gather(*(put(stores[n % 2], 0, bytes([n])) for n in range(8)))) == 1
    for _ in range(3):
        before = await version(store)
        won = await asyncio.gather(*(put(stores[n % 2], before, bytes([n])) for n in range(8)))
        assert sum(won) == 1
        async with store.read() as tx:
            sealed = await tx.vault.get("user", OWNER)
        assert sealed is not None
        assert (sealed.version, sealed.blob) == (before + 1, bytes([won.index(True)]))


async def test_counting_up_by_compare_and_swap_loses_nothing(store: SqlStore, other_store: SqlStore) -> None:
    await put(store, 0, b"0")

    async def count(mine: SqlStore) -> None:
        done = 0
        while done < 5:
            async with mine.read() as tx:
                sealed = await tx.vault.get("user", OWNER)
            assert sealed is not None
            done += await put(mine, sealed.version, str(int(sealed.blob) + 1).encode())

    await asyncio.gather(count(store), count(other_store), count(store), count(other_store))
    async with store.read() as tx:
        sealed = await tx.vault.get("user", OWNER)
    assert sealed is not None
    assert sealed.blob == b"20"


async def test_what_was_removed_is_not_written_back_nor_mistaken_for_what_came_after(store: SqlStore) -> None:
    await put(store, 0)
    before = await version(store)
    async with store.write() as tx:
        await tx.vault.remove("user", OWNER)
        await tx.vault.remove("user", OWNER)
    assert not await put(store, before)
    async with store.write() as tx:
        assert await tx.vault.put("user", OWNER, b"anew", "k1", 0, at(1))
    assert not await put(store, before)


async def test_keys_are_counted_and_what_a_lost_one_sealed_can_go(store: SqlStore) -> None:
    for owner, key_id in (("a", "k1"), ("b", "k2"), ("c", "k2")):
        await put(store, 0, owner=owner, key_id=key_id)
    async with store.write() as tx:
        assert await tx.vault.key_ids() == {"k1": 1, "k2": 2}
        assert await tx.vault.discard("k2") == 2
        assert await tx.vault.discard("k2") == 0
        assert await tx.vault.key_ids() == {"k1": 1}


async def test_a_start_without_a_key_that_is_needed_is_refused(store: SqlStore) -> None:
    old, new = Sealer([b"o" * 32]), Sealer([b"n" * 32])
    await check_keys(store, new)
    blob, key_id = old.seal(b"token", "x")
    await put(store, 0, blob, "a", key_id)
    await put(store, 0, blob, "b", key_id)
    await check_keys(store, old)
    await check_keys(store, Sealer([b"n" * 32, b"o" * 32]))
    with pytest.raises(ConfigError, match=rf"ENCRYPTION_KEY does not have \(key id {old.key_id}, 2 tokens\)"):
        await check_keys(store, new)


async def test_what_was_not_written_for_long_is_pruned_by_kind(store: SqlStore) -> None:
    async with store.write() as tx:
        for kind, owner, written in (("user", "old", NOW), ("user", "new", at(60)), ("reader", "old", NOW)):
            assert await tx.vault.put(kind, owner, BLOB, "k1", 0, written)
        assert await tx.vault.prune("user", at(60)) == 1
        assert await tx.vault.get("user", "old") is None
        assert await tx.vault.get("user", "new") is not None
        assert await tx.vault.get("reader", "old") is not None


async def test_what_is_to_be_kept_is_not_pruned(store: SqlStore) -> None:
    async with store.write() as tx:
        for owner in ("a", "b"):
            assert await tx.vault.put("reader", owner, BLOB, "k1", 0, NOW)
        assert await tx.vault.prune("reader", at(60), keep={"a", "c"}) == 1
        assert await tx.vault.get("reader", "a") is not None
        assert await tx.vault.get("reader", "b") is None


async def test_what_old_keys_sealed_is_sealed_anew_and_nothing_else_changes(
    store: SqlStore, other_store: SqlStore
) -> None:
    clock = FakeClock()
    old, new = Sealer([b"o" * 32]), Sealer([b"n" * 32, b"o" * 32])
    before, after = SealedVault(store, old, clock), SealedVault(store, new, clock)
    for owner in ("a", "b", "c"):
        assert await before.save("user", owner, f"token of {owner}", 0)
        clock.forward(1)
    async with store.write() as tx:
        assert await tx.vault.put("user", "broken", b"\x01", old.key_id, 0, clock.now())
    assert await after.seal_anew(2) == 2
    written = (await after.load("user", "c")).version  # type: ignore[union-attr]
    assert await after.seal_anew(10) == 1
    assert not await before.save("user", "c", "late", written)
    async with store.read() as tx:
        assert await tx.vault.key_ids() == {new.key_id: 3, old.key_id: 1}
        (left,) = await tx.vault.not_under(new.key_id, 10)
    assert (left.kind, left.owner) == ("user", "broken")
    for owner in ("a", "b", "c"):
        opened = await SealedVault(other_store, Sealer([b"n" * 32]), clock).load("user", owner)
        assert opened is not None
        assert (opened.text, opened.old_key) == (f"token of {owner}", False)
    clock.forward(-3)
    async with store.write() as tx:
        assert await tx.vault.prune("user", clock.now() + timedelta(seconds=1)) == 1, "sealed anew is not used"
        assert await tx.vault.get("user", "a") is None
