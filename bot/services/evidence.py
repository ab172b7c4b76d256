"""The audit trail handed out: a partner's whole chain as a file, and the heads by which a cut tail shows later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping

from bot.domain.audit import AuditRow, Head
from bot.domain.audit_lines import head_line, row_lines
from bot.domain.filters import Filter
from bot.domain.people import Partner
from bot.errors import UserError
from bot.ports import Environment
from bot.services import filter_words
from bot.texts import exports

_BATCH = 500
ROW_BYTES = 600
"""What a row takes on the average, for the size that Teams shows before the file exists."""


async def heads(env: Environment, partners: Iterable[str]) -> tuple[Head, ...]:
    """Of these partners' chains, as they stand now."""
    async with env.store.read() as tx:
        return tuple([Head(partner, *await tx.audit.head(partner)) for partner in partners])


async def all_heads(env: Environment) -> tuple[Head, ...]:
    """Of every chain: the configured partners', those of partners of former times, and that of no partner."""
    async with env.store.read() as tx:
        known = await tx.audit.partners()
    return await heads(env, sorted({"", *env.partners, *known}))


def told(found: Iterable[Head], partners: Mapping[str, Partner]) -> tuple[str, ...]:
    """Each head as `audit verify --head` takes it, with the partner's name where it is known."""
    return tuple(head.told(partners[head.partner].name if head.partner in partners else head.partner) for head in found)


async def stream(env: Environment, partner: str) -> AsyncIterator[bytes]:
    """The chain as it stands when this begins, as JSON Lines, in constant memory. The last line is the head."""
    (head,) = await heads(env, [partner])
    waiting: list[AuditRow] = []
    async with env.store.read() as tx:
        async for row in tx.audit.rows(partner):
            if row.seq <= head.count:
                waiting.append(row)
            if len(waiting) == _BATCH:
                yield await asyncio.to_thread(row_lines, waiting)
                waiting = []
    yield await asyncio.to_thread(row_lines, waiting) + head_line(head)


def chosen_partner(words: str, readable: Collection[str], partners: Mapping[str, Partner]) -> Partner:
    """The one partner whose trail `export audit <words>` names. Raises UserError where that is not exactly one."""
    wanted = filter_words.parse(words, default="all")
    if wanted != Filter(partners=wanted.partners):
        raise UserError(exports.AUDIT_WORDS, code="audit_words")
    among = sorted((partners[tenant] for tenant in readable), key=lambda partner: partner.name)
    named = [word.casefold() for word in wanted.partners]
    exact = [each for each in among if each.name.casefold() in named or each.tenant_id in named]
    fitting = exact or [each for each in among if not named or any(word in each.name.casefold() for word in named)]
    if len(fitting) != 1:
        raise UserError(exports.which_audit([each.name for each in fitting or among]), code="which_partner")
    return fitting[0]
