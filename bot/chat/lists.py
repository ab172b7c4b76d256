"""Lists of alerts: one page as a card, paged and sorted in place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.chat.bulk import BulkButtons, hint
from bot.chat.presenter import Place, row
from bot.chat.saving import save_button
from bot.domain.filter_grammar import without_find, without_sort
from bot.domain.filters import COUNTED_MOST, AlertQuery, Cursor, Sort
from bot.errors import UserError
from bot.ports import Environment, Page
from bot.services.filter_words import with_status
from bot.services.filtering import words_query
from bot.texts import en as texts
from bot.texts import lists as words_of
from cards import actions
from cards.actions import TRAIL_MOST
from cards.listing import list_card
from cards.views import Button, ListView

PAGE = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"([0-9a-z])\.(-?\d{1,16})\.(\d{1,12})", re.ASCII)
_LETTERS = {Sort.NEWEST: "n", Sort.OLDEST: "o", Sort.DEADLINE: "d", Sort.CUSTOMER: "c"}
_ENDED = "e"
"""How cursors begin that are not in the order of severity: `d` among the open alerts of a list by deadline, `e` past
them."""


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
        *,
        asker: str = "",
    ) -> Mapping[str, Any]:
        """The page after the last cursor of the trail, as it is shown in that conversation to the `asker` (an object
        id). Raises UserError for words or cursors that make no sense."""
        now = self._env.clock.now()
        wanted = words_query(words, readable, self._env.partners, now, asker=asker)
        after = decode_cursor(trail[-1], wanted.sort) if trail else None
        async with self._env.store.read() as tx:
            page = await tx.alerts.page(wanted, after, PAGE)
            if wanted.find and not page.total:
                wanted = replace(wanted, anywhere=True)
                page = await tx.alerts.page(wanted, after, PAGE)
            markable = await self._bulk.selected(tx, wanted) if page.total > 1 else ()
        bulk = await self._bulk.buttons(conversation_id, markable)
        if trail and not page.records:
            return await self.page(words, readable, conversation_id, asker=asker)  # what stood here was decided since
        number = max(number, len(trail) + 1) if trail else 1
        first, last = _range(page, number)
        return list_card(
            ListView(
                title=_title(words, wanted),
                subtitle=words_of.page(first, last, page.total, wanted.sort),
                rows=tuple(row(record, now, self._place) for record in page.records),
                empty=_empty(words, wanted),
                buttons=_buttons(words, wanted.sort, number, list(trail), page, bulk),
                hint=hint(bulk),
                fallback_text=words_of.fallback(page.total),
            )
        )

    async def search(
        self, text: str, filters: str, readable: frozenset[str], conversation_id: str, *, asker: str = ""
    ) -> Mapping[str, Any]:
        """What has this text in an id or its customer's name, newest first: a list as any other, of any status
        unless the filters name one."""
        text = " ".join(text.replace('"', " ").split())
        if not text:
            raise UserError(words_of.SEARCH_USAGE)
        words = f'find:"{text}" sort:newest {with_status(filters, "all")}'
        return await self.page(words, readable, conversation_id, asker=asker)


def _title(words: str, wanted: AlertQuery) -> str:
    """What was asked for, and the status that is meant where none was named: nobody shall take these for all."""
    filters = with_status(without_find(without_sort(words)), "unresolved")
    if wanted.find:
        return words_of.search_title(wanted.find if filters == "all" else f"{wanted.find} · {filters}")
    return texts.list_title("" if filters == "unresolved" else filters)


def _empty(words: str, wanted: AlertQuery) -> str:
    if wanted.find:
        return texts.SEARCH_EMPTY
    return texts.LIST_EMPTY_UNRESOLVED if without_sort(words) in ("", "unresolved") else texts.LIST_EMPTY


def _range(page: Page, number: int) -> tuple[int, int]:
    """Which ones these are. At the end of a list that was counted, its end is known better than its beginning."""
    if page.next is None and page.total <= COUNTED_MOST:
        return page.total - len(page.records) + 1, page.total
    last = (number - 1) * PAGE + len(page.records)
    if page.total <= COUNTED_MOST:
        last = min(last, page.total)
    return last - len(page.records) + 1, last


def _buttons(
    words: str, sort: Sort, number: int, trail: list[str], page: Page, bulk: Sequence[Button]
) -> tuple[Button, ...]:
    """Where the trail does not reach further back than this page, Previous leads to the first."""
    buttons = []
    if trail:
        back = {"words": words, "page": number - 1, "trail": trail[:-1]} if len(trail) > 1 else {"words": words}
        buttons.append(Button(texts.PREVIOUS, verb=actions.LIST_PAGE, data=back))
    if page.next is not None:
        on = [*trail, encode_cursor(page.next, sort)][-TRAIL_MOST:]
        buttons.append(
            Button(texts.NEXT, verb=actions.LIST_PAGE, data={"words": words, "page": number + 1, "trail": on})
        )
    buttons += bulk
    if page.total:
        buttons.append(Button(texts.EXPORT_THESE, verb=actions.EXPORT_RUN, data={"words": without_sort(words)}))
    if page.total > 1:
        buttons += _orders(words, sort)
    if page.total and words.strip():
        buttons.append(save_button(words))
    return tuple(buttons)


def _orders(words: str, sort: Sort) -> list[Button]:
    """The same list in another order."""
    selected = without_sort(words)
    return [
        Button(
            words_of.SORT_BY[other],
            verb=actions.LIST_PAGE,
            data={"words": f"{selected} sort:{other}".strip()},
            secondary=True,
        )
        for other in Sort
        if other is not sort
    ]


def encode_cursor(cursor: Cursor, sort: Sort = Sort.SEVERITY) -> str:
    micros = (cursor.detected_at - _EPOCH) // timedelta(microseconds=1)
    start = _LETTERS.get(sort, str(cursor.severity_rank))
    if sort is Sort.DEADLINE and not cursor.is_open:
        start = _ENDED
    return f"{start}.{micros}.{cursor.number}"


def decode_cursor(text: str, sort: Sort = Sort.SEVERITY) -> Cursor:
    """Raises UserError where the text is no cursor of ours, or of a list in another order."""
    found = _CURSOR.fullmatch(text)
    start = found[1] if found else ""
    expected = {_LETTERS[sort]} | ({_ENDED} if sort is Sort.DEADLINE else set()) if sort in _LETTERS else set()
    if found is None or (start not in expected if expected else not start.isdigit()):
        raise UserError(texts.UNREADABLE_ACTION, code="bad_cursor")
    try:
        detected_at = _EPOCH + timedelta(microseconds=int(found[2]))
    except OverflowError:
        raise UserError(texts.UNREADABLE_ACTION, code="bad_cursor") from None
    return Cursor(int(start) if start.isdigit() else 0, detected_at, int(found[3]), start != _ENDED)
