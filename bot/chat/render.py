"""Draws outbox items when they are sent, from the newest state: ten changes while a card waits are one drawing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.chat.board import Board
from bot.chat.bulk import BulkBoard
from bot.chat.digest_board import DigestBoard
from bot.chat.escalation_board import EscalationBoard
from bot.chat.request_board import RequestBoard
from bot.chat.rollup_board import RollUpBoard
from bot.domain.alerts import AlertKey, AlertRecord
from bot.domain.delivery import ItemKind, OutboxItem, called
from bot.domain.filters import AlertQuery
from bot.errors import Permanent
from bot.ports import Environment, Message
from bot.services.filtering import route_query
from bot.texts import delivery as delivery_texts
from bot.texts import en as texts
from bot.texts import welcome
from bot.texts import working as work_texts
from cards import actions
from cards.info import info_card
from cards.views import Button, Fact, InfoView, Line

_TEXT_LENGTHS = (16_000, 4_000, 1_000, 200)
"""Characters of a plain text, by how many times Teams said that it is too large."""


class CardRenderer:
    def __init__(
        self, env: Environment, board: Board, requests: RequestBoard, rollups: RollUpBoard, bulk: BulkBoard
    ) -> None:
        self._env, self._board, self._requests, self._rollups, self._bulk = env, board, requests, rollups, bulk
        self._escalations = EscalationBoard(env, board)
        self._digests = DigestBoard(env, board.place)

    async def render(self, item: OutboxItem) -> Message | None:
        """Raises Permanent where the alert that the item is about is unknown."""
        if item.kind in (ItemKind.THREAD_LINE, ItemKind.REQUEST_LINE, ItemKind.BULK_LINE, ItemKind.NOTICE):
            return Message(text=_text(item), mentions=called(item.payload))
        if item.kind == ItemKind.ESCALATION_LINE:
            return await self._escalations.line(item)
        if item.kind == ItemKind.ESCALATION_MESSAGE:
            return await self._escalations.message(item)
        if item.kind == ItemKind.SNOOZE_LINE:
            return await self._snooze_over(item)
        if item.kind == ItemKind.ANSWER:
            return _answer(item)
        if item.kind == ItemKind.DIGEST_CARD:
            return await self._digests.message(item)
        if item.kind == ItemKind.SUMMARY_CARD:
            return await self._summary(item)
        if item.kind in (ItemKind.ROLLUP_CARD, ItemKind.ROLLUP_UPDATE):
            return await self._rollups.message(item.card_id, item.shorter)
        if item.kind == ItemKind.ROLLUP_LINE:
            return await self._rollups.line(item.card_id, datetime.fromisoformat(str(item.payload.get("since"))))
        if item.kind in (ItemKind.BULK_CARD, ItemKind.BULK_UPDATE):
            return await self._bulk.message(item.card_id, repeat=item.repeat, shorter=item.shorter)
        if item.kind in (ItemKind.REQUEST_CARD, ItemKind.REQUEST_UPDATE):
            return await self._request(item)
        record = await self._record(item)
        if item.kind == ItemKind.CARD_POINTER:
            title = delivery_texts.pointer_title(record.label)
            lines = (Line(delivery_texts.POINTER),)
            return Message(card=info_card(InfoView(title, lines, fallback_text=title)), summary=title)
        if item.kind == ItemKind.ALERT_UPDATE and item.payload.get("clock") and not record.alert.is_open:
            return None  # the clock stopped when it was decided, and that has its own update
        if item.kind == ItemKind.ALERT_UPDATE and not _ends(item, record):
            return None
        card = await self._board.card(record, item.card_id, shorter=item.shorter)
        return Message(card=card, summary=self._board.summary(record))

    async def _snooze_over(self, item: OutboxItem) -> Message | None:
        record = await (self._rolled_up(item) if item.payload.get("in_rollup") else self._record(item))
        if record is None or not _ends(item, record):
            return None
        return Message(text=work_texts.snooze_over_line(record.label))

    async def _rolled_up(self, item: OutboxItem) -> AlertRecord | None:
        """The alert of a line under a roll-up; None where it has a card of its own by now, under which that is said."""
        key = AlertKey(*item.payload["alert"])
        async with self._env.store.read() as tx:
            rolled_up = {each.rollup.id for each in await tx.rollups.of_alert(key) if not each.left}
            return await tx.alerts.get(key) if item.card_id in rolled_up else None

    async def _request(self, item: OutboxItem) -> Message:
        async with self._env.store.read() as tx:
            post = await tx.request_cards.get(item.card_id)
            c = await tx.cancellations.get(post.number) if post is not None else None
        if c is None:
            raise Permanent("the request of this card is not in the store", code="no_request")
        return Message(card=await self._requests.card(c, post, shorter=item.shorter), summary=self._requests.summary(c))

    async def _record(self, item: OutboxItem) -> AlertRecord:
        async with self._env.store.read() as tx:
            card = await tx.cards.get(item.card_id)
            record = await tx.alerts.get(card.alert) if card is not None else None
        if record is None:
            raise Permanent("the alert of this card is not in the store", code="no_alert")
        return record

    async def _summary(self, item: OutboxItem) -> Message:
        partner = str(item.payload.get("partner", ""))
        posted = int(item.payload.get("posted", 0))
        name = self._board.place.partner_names.get(partner, partner)
        now = self._env.clock.now()
        async with self._env.store.read() as tx:
            routes = await tx.conversations.routes(item.conversation_id, partner)
            wanted = AlertQuery(frozenset({partner}), now=now)
            if routes:
                wanted = route_query(routes[0], self._env.partners, now)
            wanted = replace(wanted, unresolved=True)
            total = await tx.alerts.count(wanted)
            by_severity = [
                (severity, await tx.alerts.count(replace(wanted, severities=frozenset({severity}))))
                for severity in texts.SEVERITIES
                if not wanted.severities or severity in wanted.severities
            ]
            unknown = total - sum(count for _, count in by_severity)
            late = await tx.alerts.count(replace(wanted, sla_breached=True)) if wanted.sla_breached is not False else 0
        view = InfoView(
            title=welcome.summary_title(name),
            lines=(Line(welcome.summary_posted(min(posted, total), total)),),
            facts=(
                *(Fact(texts.SEVERITIES[severity], f"{count:,}") for severity, count in by_severity if count),
                *((Fact(texts.OTHER_SEVERITY, f"{unknown:,}"),) if unknown > 0 else ()),
                *((Fact(texts.OVER_AN_HOUR, f"{late:,}", tone="attention"),) if late else ()),
            ),
            buttons=(Button(texts.SHOW_UNRESOLVED, verb=actions.LIST_PAGE, data={"words": "unresolved"}),),
            fallback_text=welcome.summary_title(name),
        )
        return Message(card=info_card(view, item.shorter), summary=view.title)


def _ends(item: OutboxItem, record: AlertRecord) -> bool:
    """Whether a snooze that the item waited for is still that of the alert. Items that waited for none always count."""
    waited_for, until = item.payload.get("snooze"), record.work.snoozed_until
    return not waited_for or (until is not None and until.isoformat() == waited_for)


def _text(item: OutboxItem) -> str:
    text = str(item.payload.get("text", ""))
    longest = _TEXT_LENGTHS[min(item.shorter, len(_TEXT_LENGTHS) - 1)]
    return text if len(text) <= longest else f"{text[:longest].rstrip()} {delivery_texts.CUT}"


def _answer(item: OutboxItem) -> Message:
    kept = item.payload
    return Message(_text(item), kept.get("card"), str(kept.get("summary", "")), tuple(kept.get("attachments", ())))
