"""What an operator does from the command line beside a running bot: export, collect evidence, verify the audit
chains."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bot.clock import SystemClock, SystemIds
from bot.domain.audit import GENESIS, NO_PARTNER, Fault, Head, Walk
from bot.domain.audit_lines import read_head, read_row
from bot.domain.people import Partner
from bot.errors import UserError
from bot.ports import Environment
from bot.services import evidence, evidence_pack
from bot.services.exports import Exports
from bot.services.filtering import check_export_words, widened, words_query
from bot.settings import Settings
from bot.store import SqlStore, open_store

_HASH = re.compile(r"[0-9a-f]{64}")
_LAST_LINE = 1 << 16
"""Bytes. A head is far shorter."""


@asynccontextmanager
async def _environment(settings: Settings) -> AsyncIterator[tuple[Environment, SqlStore]]:
    ids = SystemIds()
    url = settings.database_url.get_secret_value()
    store = await open_store(url, audit_key=settings.audit_key_bytes, ids=ids, migrate=False)
    try:
        yield Environment(store, SystemClock(), ids, settings.partner_values()), store
    finally:
        await store.close()


# Exports ------------------------------------------------------------------------------------------------------------


async def export(settings: Settings, words: str, out: Path | None) -> int:
    """All configured partners' alerts that the words select, to a file or standard output."""
    async with _environment(settings) as (env, _):
        check_export_words(words)
        wanted = words_query(words, frozenset(env.partners), env.partners, env.clock.now())
        async with env.store.read() as tx:
            wanted = await widened(tx, wanted)
        await _write(Exports(env).stream(wanted), out)
        await _tell_heads(env, sorted(wanted.partners))
    return 0


async def export_audit(settings: Settings, words: str, name: str | None, out: Path | None) -> int:
    """One chain, to a file or standard output: of the partner that `name` says exactly, else of the one that `words`
    choose as in the chat."""
    async with _environment(settings) as (env, _):
        if name is None:
            partner = evidence.chosen_partner(words, frozenset(env.partners), env.partners).tenant_id
        elif words:
            raise UserError(f"Give the partner once: --partner, or {words}")
        else:
            known = {head.partner for head in await evidence.all_heads(env)}
            partner = _tenant(name, env.partners, known, "--partner")
        await _write(evidence.stream(env, partner), out)
        await _tell_heads(env, [partner])
    return 0


async def export_evidence(settings: Settings, reference: str, name: str | None, out: Path | None) -> int:
    """The evidence pack about a subscription or an alert of all configured partners, or of the one named, to a file or
    standard output."""
    async with _environment(settings) as (env, _):
        readable = frozenset(env.partners)
        if name is not None:
            readable = frozenset({_tenant(name, env.partners, (), "--partner")}) & readable
        subject = await evidence_pack.find(env, reference, readable)
        await _write(evidence_pack.stream(env, subject.partner, subject.name), out)
        await _tell_heads(env, [subject.partner])
    return 0


async def _write(parts: AsyncIterator[bytes], out: Path | None) -> None:
    file = sys.stdout.buffer if out is None else await asyncio.to_thread(out.open, "wb")
    try:
        async for part in parts:
            await asyncio.to_thread(file.write, part)
        await asyncio.to_thread(file.flush)
    finally:
        if out is not None:
            file.close()


async def _tell_heads(env: Environment, partners: Sequence[str]) -> None:
    for head in evidence.told(await evidence.heads(env, partners), env.partners):
        print(f"Head of the audit trail: {head}", file=sys.stderr)


# Verification -------------------------------------------------------------------------------------------------------


async def verify_audit(settings: Settings, heads: Sequence[str] = (), files: Sequence[Path] = ()) -> int:
    """Says for each chain of the database whether it is whole, and its head; 1 where one is not.

    `heads` and the heads of the exported `files` were kept elsewhere: the chains must still go through them.
    """
    key, faults = settings.audit_key_bytes, 0
    async with _environment(settings) as (env, store):
        recorded = {head.partner: head for head in await evidence.all_heads(env)}
        kept = [_head(text, env.partners, recorded) for text in heads]
        for file in files:
            trail = await asyncio.to_thread(_look_into, key, file)
            print(f"{file}: {trail.said}")
            faults += not trail.whole
            kept += [trail.head] if trail.head is not None else []
        for partner in sorted({*recorded, *(head.partner for head in kept)}):
            own = recorded.get(partner, Head(partner, 0, GENESIS))
            theirs = [head for head in kept if head.partner == partner]
            walk = Walk(key, [head.count for head in (own, *theirs)])
            async with store.read() as tx:
                async for row in tx.audit.rows(partner):
                    if not walk.take(row):
                        break
            problem = _fault_said(walk) or _cut_said(walk, theirs, "the head that was kept elsewhere")
            problem = problem or _cut_said(walk, [own], "the database's own count")
            (counted,) = await evidence.heads(env, [partner])  # again: a bot may have added rows since
            problem = problem or _uncounted_said(walk, counted)
            (now,) = evidence.told([walk.head(partner)], env.partners)
            name = f"{env.partners[partner].name} ({partner})" if partner in env.partners else partner or "(no partner)"
            print(f"{name}: {problem or f'whole, {_rows(walk.count)}. Head: {now}'}")
            faults += bool(problem)
            if not theirs and not problem:
                print(
                    "  Not known: whether rows were cut off at the end together with the database's own count of them."
                )
    print(
        "Rows cut off after the newest head that was kept elsewhere (--head, --head-file) cannot be told. "
        "Without such a head, neither can a chain that somebody with AUDIT_KEY wrote anew."
    )
    return 1 if faults else 0


def verify_files(key: bytes, files: Sequence[Path], heads: Sequence[str] = ()) -> int:
    """The same for exported files alone, without a database. A head names its partner by tenant id; where there is one
    file, every head is meant for it."""
    kept = [_split_head(text) for text in heads]
    trails = [_look_into(key, file, [count for _, count, _ in kept]) for file in files]
    faults, used = 0, 0
    for file, trail in zip(files, trails, strict=True):
        partner = trail.head.partner if trail.head else ""
        meant = [each for each in kept if len(files) == 1 or (each[0] == (partner or NO_PARTNER) and trail.head)]
        used += len(meant)
        theirs = [Head(partner, count, value) for _, count, value in meant]
        cut = _cut_said(trail.walk, theirs, "the head that was kept elsewhere") if trail.whole else ""
        print(f"{file}: {cut or trail.said}")
        faults += bool(cut) or not trail.whole
    if used < len(kept):
        raise UserError(
            "With several files --head names the partner by the tenant id that stands in the file's last line."
        )
    print(
        "Not known: what the database says now, and without --head whether a file's end was cut off and its last line "
        "written anew."
    )
    return 1 if faults else 0


@dataclass(frozen=True, slots=True)
class _Trail:
    """What an exported file holds. `head` is that of its last line."""

    head: Head | None
    walk: Walk
    whole: bool
    said: str


def _look_into(key: bytes, path: Path, counts: Collection[int] = ()) -> _Trail:
    """Raises UserError where the file cannot be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LAST_LINE))
            tail = file.read()
            last = tail.rstrip(b"\r\n").rpartition(b"\n")[2]
            begins = size - len(tail) + tail.rfind(last)
            try:
                head = read_head(last)
            except ValueError:
                said = "its last line is no head: the end was cut off, or this is not an exported audit trail"
                return _Trail(None, Walk(key), False, said)
            file.seek(0)
            walk = Walk(key, [head.count, *counts])
            problem = _walk_file(walk, file, begins, head.partner)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    problem = problem or _fault_said(walk) or _cut_said(walk, [head], "its last line")
    if not problem and walk.count > head.count:
        problem = f"its last line counts {_rows(head.count)}, but there are {walk.count:,}"
    return _Trail(head, walk, not problem, problem or f"whole, {_rows(walk.count)}. Head: {head.told(head.partner)}")


def _walk_file(walk: Walk, file: BinaryIO, end: int, partner: str) -> str:
    """Up to the byte `end`, where the last line begins. Returns what is wrong with the form of a line."""
    position = 0
    for number, line in enumerate(file, 1):
        if position >= end:
            break
        position += len(line)
        try:
            row = read_row(partner, line)
        except ValueError as error:
            return f"line {number} is not a row as it was exported ({error})"
        if not walk.take(row):
            break
    return ""


def _fault_said(walk: Walk) -> str:
    """What is wrong with the first row at fault; empty where there is none."""
    row, before = walk.at_fault, walk.last
    if row is None or walk.fault is None:
        return ""
    expected = walk.count + 1
    after = f"row {before.seq}" if before else "the beginning"
    if walk.fault is Fault.MISSING:
        which = f"row {expected} is" if row.seq == expected + 1 else f"rows {expected} to {row.seq - 1} are"
        return f"{which} missing: after {after} comes row {row.seq}"
    if walk.fault is Fault.MOVED:
        return f"row {row.seq} comes after {after}: rows were reordered or put in"
    if walk.fault is Fault.UNLINKED:
        return f"row {row.seq} does not follow from {after}: rows were removed, reordered or replaced there"
    key = "" if before else ", or AUDIT_KEY is not the key that it was written with"
    return f"row {row.seq} was changed{key}"


def _cut_said(walk: Walk, heads: Sequence[Head], what: str) -> str:
    """Whether the good rows go through these heads; empty where they do."""
    for head in heads:
        if head.count > walk.count:
            return f"{_rows(walk.count)}, but {what} says {head.count:,}: rows were cut off at the end"
        if not walk.goes_through(head):
            return f"by itself whole, but after {_rows(head.count)} it is not the chain of {what}: it was written anew"
    return ""


def _uncounted_said(walk: Walk, own: Head) -> str:
    """Whether the database counts fewer rows than there are; empty where it does not."""
    if walk.count <= own.count:
        return ""
    return f"{_rows(walk.count)}, but the database's own count says {own.count:,}: that count was removed or changed"


def _head(text: str, partners: Mapping[str, Partner], known: Collection[str]) -> Head:
    name, count, value = _split_head(text)
    return Head(_tenant(name, partners, known, "--head"), count, value)


def _split_head(text: str) -> tuple[str, int, str]:
    name, _, rest = text.strip().rpartition("=")
    count, _, value = rest.partition(":")
    if not (count.isascii() and count.isdigit() and _HASH.fullmatch(value)):
        raise UserError("--head is PARTNER=COUNT:HASH, as exports and `audit verify` tell it.")
    return name.strip(), int(count), value


def _tenant(name: str, partners: Mapping[str, Partner], known: Collection[str], option: str) -> str:
    """The tenant id of a partner by its name or that id; empty for `none`."""
    wanted = name.strip().casefold()
    for partner in partners.values():
        if wanted in (partner.name.casefold(), partner.tenant_id):
            return partner.tenant_id
    if wanted in ("", NO_PARTNER):
        return ""
    if wanted in known:
        return wanted
    names = ", ".join(sorted(partner.name for partner in partners.values()))
    raise UserError(f"{option} names {name}, which is none of the partners: {names}; or {NO_PARTNER}.")


def _rows(count: int) -> str:
    return f"{count:,} row{'s' if count != 1 else ''}"
