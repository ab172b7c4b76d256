"""Lists of alerts: one page as a card, paged in place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.chat.presenter import Place, row
from bot.domain.filters import Cursor
from bot.errors import UserError
from bot.ports import Environment
from bot.services.filtering import words_query
from bot.texts import en as texts
from cards import actions
from cards.listing import list_card
from cards.views import Button, ListView

PAGE = 8
SEARCH_MOST = 15
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Lists:
    def __init__(self, env: Environment, place: Place) -> None:
        self._env, self._place = env, place

    async def page(self, words: str, trail: list[str], readable: frozenset[str]) -> Mapping[str, Any]:
        """The page after the last cursor of the trail. Raises UserError for words or cursors that make no sense."""
        now = self._env.clock.now()
        wanted = words_query(words, readable, self._env.partners, now)
        after = decode_cursor(trail[-1]) if trail else None
        async with self._env.store.read() as tx:
            page = await tx.alerts.page(wanted, after, PAGE)
        first = len(trail) * PAGE + 1
        buttons = []
        if trail:
            buttons.append(Button(texts.PREVIOUS, verb=actions.LIST_PAGE, data={"words": words, "trail": trail[:-1]}))
        if page.next is not None:
            buttons.append(
                Button(
                    texts.NEXT,
                    verb=actions.LIST_PAGE,
                    data={"words": words, "trail": [*trail, encode_cursor(page.next)]},
                )
            )
        if page.total:
            buttons.append(Button(texts.EXPORT_THESE, verb=actions.EXPORT_RUN, data={"words": words}))
        view = ListView(
            title=texts.list_title("" if words in ("", "unresolved") else words),
            subtitle=texts.list_page(first, first + len(page.records) - 1, page.total),
            rows=tuple(row(record, now, self._place) for record in page.records),
            empty=texts.LIST_EMPTY_UNRESOLVED if words in ("", "unresolved") else texts.LIST_EMPTY,
            buttons=tuple(buttons),
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


def encode_cursor(cursor: Cursor) -> str:
    micros = (cursor.detected_at - _EPOCH) // timedelta(microseconds=1)
    return f"{cursor.severity_rank}.{micros}.{cursor.number}"


def decode_cursor(text: str) -> Cursor:
    """Raises UserError where the text is no cursor of ours."""
    parts = text.split(".")
    try:
        rank, micros, number = (int(part) for part in parts)
        return Cursor(rank, _EPOCH + timedelta(microseconds=micros), number)
    except (ValueError, OverflowError):
        raise UserError(texts.UNREADABLE_ACTION, code="bad_cursor") from None
