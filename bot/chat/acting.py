"""What buttons and typed commands have in common: find the alert, check the person, decide, and say how it ended."""

from __future__ import annotations

from bot.chat.board import Board
from bot.chat.turn import Nothing, Refuse, Reply, Say, ShowCard, Turn, TurnKind
from bot.domain.alerts import AlertRecord, Status
from bot.domain.people import ConversationKind
from bot.domain.policy import Act
from bot.errors import Unknown, UserError
from bot.ports import Environment
from bot.services.access import Access
from bot.services.lookup import Lookup
from bot.services.verdicts import End, Outcome, Verdicts, Wish
from bot.texts import en as texts

ANSWER_SECONDS = 2.6
"""A click is answered within 3 s; what is not done by then goes on and shows on the shared card."""


class Acting:
    def __init__(self, env: Environment, access: Access, lookup: Lookup, verdicts: Verdicts, board: Board) -> None:
        self._env, self._access, self._lookup, self._verdicts, self.board = env, access, lookup, verdicts, board

    def patience(self, turn: Turn) -> float:
        """How long the answer to a turn may still take; what went before, such as a sign-in, is taken off."""
        return ANSWER_SECONDS - turn.spent(self._env.clock.monotonic())

    async def readable(self, turn: Turn) -> frozenset[str]:
        """Partners whose alerts may be read in this turn. Raises Unknown, with what to do, where there are none."""
        partners = await self._access.readable(turn.person, turn.conversation)
        if not partners:
            personal = turn.conversation.kind == ConversationKind.PERSONAL
            raise Unknown(texts.NOT_READABLE if personal else texts.NOT_ROUTED, code="nothing_here")
        return partners

    async def by_number(self, turn: Turn, number: int) -> AlertRecord:
        return await self._lookup.number(number, await self.readable(turn))

    async def meant(self, turn: Turn, reference: str, *, whole: bool) -> AlertRecord:
        """The alert that was named, or the one in whose own thread this was said."""
        readable = await self.readable(turn)
        if reference:
            return await self._lookup.reference(reference, readable, whole=whole)
        record = await self.of_thread(turn)
        if record is None or record.alert.partner not in readable:
            raise UserError(texts.NO_ALERT_NAMED, code="no_alert_named")
        return record

    async def of_thread(self, turn: Turn) -> AlertRecord | None:
        """The alert whose card is the root of the thread in which this was said."""
        if not turn.thread:
            return None
        async with self._env.store.read() as tx:
            card = await tx.cards.by_activity(turn.conversation.id, turn.thread)
            return await tx.alerts.get(card.alert) if card is not None else None

    async def decide(self, turn: Turn, record: AlertRecord, wish: Wish, *, act: Act, card_id: str = "") -> Reply:
        """Check the person live, write the wish down, carry it out, answer."""
        if wish.may_replace and record.alert.is_open:
            raise UserError(texts.NOT_DECIDED, code="not_decided")
        partner = self._env.partners[record.alert.partner]
        person = await self._access.require(
            act, turn.person, partner, turn.conversation, record.label, turn.activity_id
        )
        outcome = await self._verdicts.decide(record, wish, person, turn.conversation.id, self.patience(turn))
        return await self._told(turn, outcome, wish, card_id)

    async def _told(self, turn: Turn, outcome: Outcome, wish: Wish, card_id: str) -> Reply:
        record = outcome.record
        pressed = turn.kind in (
            TurnKind.EXECUTE,
            TurnKind.DIALOG_SUBMIT,
        )  # then a card can take the pressed one's place
        if outcome.end is End.DONE:
            if pressed:
                return ShowCard(
                    await self.board.personal(record, card_id, turn.person), summary=self.board.summary(record)
                )
            thread_alert = await self.of_thread(turn)
            if thread_alert is not None and thread_alert.alert.key == record.alert.key:
                return Nothing()  # the line that everybody sees says it already
            return Say(texts.done(record, _outcome_word(wish)))
        if outcome.end is End.FAILED:
            return Refuse(texts.failed(record, outcome.problem), code="refused_by_partner_center")
        if outcome.end is End.BUSY and outcome.intent is not None:
            return Say(texts.busy(record, outcome.intent, turn.person.aad_id))
        if outcome.end is End.LATE:
            return Say(texts.late(record))
        mine = bool(record.decision and record.decision.by_id and record.decision.by_id == turn.person.aad_id)
        if mine and pressed and not wish.may_replace:
            return ShowCard(await self.board.personal(record, card_id, turn.person), summary=self.board.summary(record))
        return Say(texts.SAME_VERDICT if wish.may_replace else texts.already(record, outcome.by_name, mine))

    async def check(self, turn: Turn, record: AlertRecord, act: Act) -> None:
        """Raises NotAllowed before somebody writes a form in vain."""
        await self._access.require(
            act,
            turn.person,
            self._env.partners[record.alert.partner],
            turn.conversation,
            record.label,
            turn.activity_id,
        )


def _outcome_word(wish: Wish) -> str:
    return (
        texts.status_word(wish.status).lower()
        if wish.status != Status.RESOLVED
        else texts.verdict_word(wish.reason).lower()
    )
