"""bot.sealing: what is sealed opens with any key of the list, for its own purpose and owner, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ConfigError, Transient
from bot.sealing import SealBroken, Sealer, key_id_of

OLD, NEW, OTHER = (bytes([n]) * 32 for n in range(3))


@given(plain=st.binary(max_size=2000), context=st.text(max_size=60))
def test_it_opens_as_it_was(plain: bytes, context: str) -> None:
    sealer = Sealer([NEW, OLD])
    blob, key_id = sealer.seal(plain, context)
    assert sealer.open(blob, context) == plain
    assert key_id == key_id_of(NEW) == sealer.key_id
    assert len(plain) < 4 or plain not in blob


def test_the_newest_key_seals_and_any_opens() -> None:
    blob, key_id = Sealer([OLD]).seal(b"token", "user\nada")
    both = Sealer([NEW, OLD])
    assert both.open(blob, "user\nada") == b"token"
    assert both.knows(key_id)
    assert both.seal(b"token", "user\nada")[1] == key_id_of(NEW) != key_id
    with pytest.raises(Transient, match=f"ALERTDESK_ENCRYPTION_KEY does not have the key {key_id_of(OLD)}"):
        Sealer([NEW]).open(blob, "user\nada")


def test_no_two_blobs_are_alike() -> None:
    sealer = Sealer([NEW])
    assert len({sealer.seal(b"token", "x")[0] for _ in range(100)}) == 100


def test_it_cannot_be_moved_to_another_person_or_purpose() -> None:
    sealer = Sealer([NEW])
    blob, _ = sealer.seal(b"token", "user\nada")
    for context in ("user\nmax", "reader\nada", "user\nAda", ""):
        with pytest.raises(SealBroken):
            sealer.open(blob, context)


def test_every_changed_byte_is_noticed() -> None:
    sealer = Sealer([NEW, OLD])
    blob, _ = sealer.seal(b"token", "x")
    for position in range(len(blob)):
        changed = bytearray(blob)
        changed[position] ^= 1
        with pytest.raises((SealBroken, Transient)):
            sealer.open(bytes(changed), "x")
    for size in range(len(blob)):
        with pytest.raises(SealBroken):
            sealer.open(blob[:size], "x")


def test_keys_are_needed_and_have_a_size() -> None:
    with pytest.raises(ConfigError, match="ALERTDESK_ENCRYPTION_KEY"):
        Sealer([])
    with pytest.raises(ConfigError, match="32 bytes"):
        Sealer([NEW, b"short"])


def test_the_name_of_a_key_tells_nothing_of_it() -> None:
    assert len(key_id_of(OTHER)) == 16
    assert OTHER.hex()[:8] not in key_id_of(OTHER)
    assert "\\x02" not in repr(Sealer([OTHER]))
