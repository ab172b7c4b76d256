"""Credit requests, as people press and type it: the list, and that a ticket is filed."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.acting import Acting
from bot.chat.feature import CommandHandler, Typed, VerbHandler
from bot.chat.refund_views import refunds_view, ticket_view
from bot.chat.turn import CloseDialog, OpenDialog, Reply, Say, ShowCard, Turn, TurnKind
from bot.domain.people import Person
from bot.domain.policy import Act
from bot.domain.refund import RefundClock
from bot.errors import UserError
from bot.ports import Environment
from bot.services.access import Access
from bot.services.refunds import Refunds
from bot.texts import refund as texts
from cards import actions
from cards.actions import RefundAct, RefundsList
from cards.form import form_card
from cards.refund import refunds_card

_DONE, _UNDO = ("done", "filed"), ("undo", "reopen")


class Refunding:
    """The verbs `refunds.list`, `refund.filed`, `refund.reopen`, and the command `refunds` with all three."""

    def __init__(self, env: Environment, acting: Acting, access: Access, refunds: Refunds) -> None:
        self._env, self._acting, self._access, self._refunds = env, acting, access, refunds

    def verbs(self) -> Mapping[str, VerbHandler]:
        return {
            actions.REFUNDS_LIST: self.list,
            actions.REFUND_FILED: self.file,
            actions.REFUND_REOPEN: self.reopen,
        }

    def commands(self, typed: Typed) -> Mapping[str, CommandHandler]:
        async def refunds(turn: Turn, rest: str) -> Reply:
            words = rest.split()
            if not words:
                return await typed(turn, actions.REFUNDS_LIST, {})
            what, subject, ticket = words[0].lower(), "".join(words[1:2]), " ".join(words[2:])
            if what in _UNDO and subject and not ticket:
                return await typed(turn, actions.REFUND_REOPEN, {"subscription": await self._named(turn, subject)})
            if what in _DONE and ticket:
                data = {"subscription": await self._named(turn, subject), "ticket": ticket}
                return await typed(turn, actions.REFUND_FILED, data)
            raise UserError(texts.USAGE, code="refunds_usage")

        return {"refunds": refunds}

    async def list(self, turn: Turn, _act: RefundsList) -> Reply:
        found = await self._refunds.open(await self._acting.readable(turn))
        view = refunds_view(found.clocks, found.total, self._acting.board.place, self._env.clock.now())
        return ShowCard(refunds_card(view), summary=texts.TITLE)

    async def file(self, turn: Turn, act: RefundAct) -> Reply:
        """Without a ticket its form opens."""
        clock = await self._clock(turn, act)
        person = await self._checked(turn, clock)
        ticket = " ".join(act.ticket.split())
        if turn.kind == TurnKind.DIALOG_OPEN or not ticket:
            if turn.kind == TurnKind.MESSAGE:
                raise UserError(texts.USAGE, code="refunds_usage")
            problem = texts.FORM_REQUIRED if turn.kind == TurnKind.DIALOG_SUBMIT else ""
            return OpenDialog(texts.FORM_TITLE, form_card(ticket_view(clock, act, self._env.clock.now(), problem)))
        await self._refunds.file(clock, ticket, person)
        return _told(turn, texts.filed(clock, ticket))

    async def reopen(self, turn: Turn, act: RefundAct) -> Reply:
        clock = await self._clock(turn, act)
        person = await self._checked(turn, clock)
        undone = await self._refunds.reopen(clock, person)
        return _told(turn, texts.reopened(clock) if undone else texts.not_filed(clock))

    async def _clock(self, turn: Turn, act: RefundAct) -> RefundClock:
        return await self._refunds.meant(act.subscription, await self._acting.readable(turn))

    async def _named(self, turn: Turn, reference: str) -> str:
        """The subscription itself, so that a button which asks for a sign-in carries what was meant."""
        clock = await self._refunds.meant(reference, await self._acting.readable(turn))
        return clock.subscription_id

    async def _checked(self, turn: Turn, clock: RefundClock) -> Person:
        partner = self._env.partners[clock.partner]
        return await self._access.require(
            Act.REFUND, turn.person, partner, turn.conversation, clock.subscription_id, turn.activity_id
        )


def _told(turn: Turn, text: str) -> Reply:
    return CloseDialog(text) if turn.kind == TurnKind.DIALOG_SUBMIT else Say(text)
