"""Lists of alerts: one page as a card, paged in place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.chat.bulk import BulkButtons, hint
from bot.chat.presenter import Place, row
from bot.domain.filters import Cursor
from bot.errors import UserError
from bot.ports import Environment, Page
from bot.services.filtering import words_query
from bot.texts import en as texts
from cards import actions
from cards.actions import TRAIL_MOST
from cards.listing import list_card
from cards.views import Button, ListView

PAGE = 8
SEARCH_MOST = 15
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"(\d)\.(-?\d{1,16})\.(\d{1,12})", re.ASCII)


class Lists:
    def __init__(self, env: Environment, place: Place, bulk: BulkButtons) -> None:
        self._env, self._place, self._bulk = env, place, bulk

    async def page(
        self,
        words: str,
        readable: frozenset[str],
        conversation_id: str,
        number: int = 1,
        trail: Sequence[str] = (),
    ) -> Mapping[str, Any]:
        """The page after the last cursor of the trail, as it is shown in that conversation. Raises UserError for words
        or cursors that make no sense."""
        now = self._env.clock.now()
        wanted = words_query(words, readable, self._env.partners, now)
        after = decode_cursor(trail[-1]) if trail else None
        async with self._env.store.read() as tx:
            page = await tx.alerts.page(wanted, after, PAGE)
            markable = await self._bulk.selected(tx, wanted) if page.total > 1 else ()
        bulk = await self._bulk.buttons(conversation_id, markable)
        if trail and not page.records:
            return await self.page(words, readable, conversation_id)  # what stood here was decided meanwhile
        number = max(number, len(trail) + 1) if trail else 1
        last = min(number * PAGE, page.total) if page.next is not None else page.total
        first = last - len(page.records) + 1
        view = ListView(
            title=texts.list_title("" if words in ("", "unresolved") else words),
            subtitle=texts.list_page(first, last, page.total),
            rows=tuple(row(record, now, self._place) for record in page.records),
            empty=texts.LIST_EMPTY_UNRESOLVED if words in ("", "unresolved") else texts.LIST_EMPTY,
            buttons=_buttons(words, number, list(trail), page, bulk),
            hint=hint(bulk),
            fallback_text=texts.list_fallback(page.total),
        )
        return list_card(view)

    async def search(self, text: str, readable: frozenset[str]) -> Mapping[str, Any]:
        """What fits a part of a name or the start of an id, newest first."""
        if not text.strip():
            raise UserError(texts.SEARCH_USAGE)
        now = self._env.clock.now()
        async with self._env.store.read() as tx:
            records = await tx.alerts.search(text.strip(), readable, SEARCH_MOST)
        view = ListView(
            title=texts.search_title(text.strip()),
            subtitle=texts.search_count(len(records), SEARCH_MOST),
            rows=tuple(row(record, now, self._place) for record in records),
            empty=texts.SEARCH_EMPTY,
            buttons=(),
            fallback_text=texts.list_fallback(len(records)),
        )
        return list_card(view)


def _buttons(words: str, number: int, trail: list[str], page: Page, bulk: Sequence[Button]) -> tuple[Button, ...]:
    """Where the trail does not reach further back than this page, Previous leads to the first."""
    buttons = []
    if trail:
        back = {"words": words, "page": number - 1, "trail": trail[:-1]} if len(trail) > 1 else {"words": words}
        buttons.append(Button(texts.PREVIOUS, verb=actions.LIST_PAGE, data=back))
    if page.next is not None:
        on = [*trail, encode_cursor(page.next)][-TRAIL_MOST:]
        buttons.append(
            Button(texts.NEXT, verb=actions.LIST_PAGE, data={"words": words, "page": number + 1, "trail": on})
        )
    buttons += bulk
    if page.total:
        buttons.append(Button(texts.EXPORT_THESE, verb=actions.EXPORT_RUN, data={"words": words}))
    return tuple(buttons)


def encode_cursor(cursor: Cursor) -> str:
    micros = (cursor.detected_at - _EPOCH) // timedelta(microseconds=1)
    return f"{cursor.severity_rank}.{micros}.{cursor.number}"


def decode_cursor(text: str) -> Cursor:
    """Raises UserError where the text is no cursor of ours."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise UserError(texts.UNREADABLE_ACTION, code="bad_cursor")
    rank, micros, number = map(int, found.groups())
    return Cursor(rank, _EPOCH + timedelta(microseconds=micros), number)
