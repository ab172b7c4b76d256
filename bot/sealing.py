"""Encryption at rest, with AES-256-GCM: seals small secrets such as tokens, and knows by key id what sealed them.

A blob is: version (1 byte), key id (8), nonce (12), ciphertext with tag. What it is for and whose it is goes in as
associated data, so that a blob copied to another row does not open there. Nothing in here logs or keeps what it opens.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.errors import ConfigError, Permanent, Transient
from bot.ports import Clock, Store

KEY_BYTES = 32
_VERSION = b"\x01"
_ID_BYTES = 8
_NONCE_BYTES = 12
_HEAD = len(_VERSION) + _ID_BYTES + _NONCE_BYTES
_SETTING = "ALERTDESK_ENCRYPTION_KEY"


class SealBroken(Permanent):
    """A blob was changed, cut, or belongs to somebody else."""


def key_id_of(key: bytes) -> str:
    """The name of a key: 16 hex digits that tell nothing about it."""
    return hashlib.sha256(key).digest()[:_ID_BYTES].hex()


class Sealer:
    """`keys` are 32 bytes each, newest first: that one seals, all of them open."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ConfigError(f"{_SETTING} is needed to keep tokens: openssl rand -base64 32")
        if any(len(key) != KEY_BYTES for key in keys):
            raise ConfigError(f"{_SETTING}: a key has {KEY_BYTES} bytes")
        self.key_id = key_id_of(keys[0])
        self._keys = {key_id_of(key): AESGCM(key) for key in keys}

    def knows(self, key_id: str) -> bool:
        return key_id in self._keys

    def seal(self, plain: bytes, context: str) -> tuple[bytes, str]:
        """(blob, id of the key that sealed it). `context` says what it is and whose."""
        head = _VERSION + bytes.fromhex(self.key_id)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return head + nonce + self._keys[self.key_id].encrypt(nonce, plain, head + context.encode()), self.key_id

    def open(self, blob: bytes, context: str) -> bytes:
        """Raises SealBroken where it is not intact, and Transient where none of the keys sealed it: the start saw to it
        that all keys are here (`check_keys`), so another replica has a newer one, and this one will."""
        if len(blob) <= _HEAD or not blob.startswith(_VERSION):
            raise SealBroken("A sealed value has an unknown form.", code="SealBroken")
        head, nonce = blob[: _HEAD - _NONCE_BYTES], blob[_HEAD - _NONCE_BYTES : _HEAD]
        key_id = head[len(_VERSION) :].hex()
        if key_id not in self._keys:
            raise Transient(
                f"{_SETTING} does not have the key {key_id}, with which another replica sealed what is to be opened: "
                "restart this one with it.",
                code="NewerKey",
            )
        try:
            return self._keys[key_id].decrypt(nonce, blob[_HEAD:], head + context.encode())
        except InvalidTag:
            raise SealBroken("A sealed value was changed, or belongs to somebody else.", code="SealBroken") from None


@dataclass(frozen=True, slots=True)
class Opened:
    """What was kept. `version` goes back into `SealedVault.save`; `old_key`: a newer key should seal it again."""

    text: str = field(repr=False)
    version: int
    old_key: bool


class SealedVault:
    """The vault as its users see it: texts, sealed on the way in and opened on the way out."""

    def __init__(self, store: Store, sealer: Sealer, clock: Clock) -> None:
        self._store, self._sealer, self._clock = store, sealer, clock

    async def load(self, kind: str, owner: str) -> Opened | None:
        """Raises SealBroken, or Transient for a key that only others have yet, as `Sealer.open` does."""
        async with self._store.read() as tx:
            sealed = await tx.vault.get(kind, owner)
        if sealed is None:
            return None
        text = self._sealer.open(sealed.blob, _context(kind, owner)).decode()
        return Opened(text, sealed.version, sealed.key_id != self._sealer.key_id)

    async def save(self, kind: str, owner: str, text: str, version: int) -> bool:
        """Replace what `load` gave with that version (0: there was nothing). False: somebody was faster."""
        blob, key_id = self._sealer.seal(text.encode(), _context(kind, owner))
        async with self._store.write() as tx:
            return await tx.vault.put(kind, owner, blob, key_id, version, self._clock.now())

    async def version(self, kind: str, owner: str) -> int:
        """Of what is kept, 0 where nothing is; without opening it."""
        async with self._store.read() as tx:
            sealed = await tx.vault.get(kind, owner)
        return sealed.version if sealed is not None else 0

    async def seal_anew(self, most: int) -> int:
        """Seal with the newest key what older ones sealed, at most so much. How much was. What somebody writes
        meanwhile is theirs; what does not open stays, and is told to whoever uses it."""
        async with self._store.read() as tx:
            rows = await tx.vault.not_under(self._sealer.key_id, most)
        done = 0
        for row in rows:
            context = _context(row.kind, row.owner)
            try:
                blob, key_id = self._sealer.seal(self._sealer.open(row.sealed.blob, context), context)
            except (Transient, SealBroken):
                continue
            async with self._store.write() as tx:  # it counts as written when it was: unused, it dies as before
                done += await tx.vault.put(row.kind, row.owner, blob, key_id, row.sealed.version, row.changed_at)
        return done

    async def remove(self, kind: str, owner: str) -> bool:
        """False: there was nothing."""
        async with self._store.write() as tx:
            return await tx.vault.remove(kind, owner)


def _context(kind: str, owner: str) -> str:
    return f"{kind}\n{owner}"


async def check_keys(store: Store, sealer: Sealer) -> None:
    """Raises ConfigError where the database holds something that none of the keys opens. For the start."""
    async with store.read() as tx:
        kept = await tx.vault.key_ids()
    for key_id, count in sorted(kept.items()):
        if not sealer.knows(key_id):
            raise ConfigError(
                f"The database holds tokens sealed with a key that {_SETTING} does not have (key id {key_id}, {count} "
                f"token{'s' if count != 1 else ''}): add it to the list, or, if it is lost, run python -m bot login "
                f"--discard-key {key_id}; whoever they belong to signs in again."
            )
