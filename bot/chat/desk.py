"""The front desk: every turn and event comes through here. Does nothing twice, and turns each error into a sentence."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.chat.acting import ANSWER_SECONDS
from bot.chat.commands import Commands
from bot.chat.exporting import Exporting
from bot.chat.redelivery import Redelivery
from bot.chat.replies import as_message
from bot.chat.searching import Searching
from bot.chat.signing_in import SigningIn
from bot.chat.turn import (
    SPOKEN,
    AskToken,
    Attach,
    BadCode,
    CloseDialog,
    Nothing,
    OpenDialog,
    Refuse,
    Reply,
    ShowCard,
    TokenRefused,
    Turn,
    TurnKind,
    WentOn,
)
from bot.chat.verbs import Verbs
from bot.errors import AlertDeskError, NoAccount, NotAssigned, NotChecked, SignInNeeded, Transient, UserError
from bot.ports import Channel, Environment, Message
from bot.services.adoption import Adoption
from bot.services.answers import Answers
from bot.services.conversations import Conversations
from bot.telemetry import metrics
from bot.telemetry.log import About, get_logger
from bot.texts import en as texts
from bot.texts import signing_in as sign_in_texts
from bot.texts.searching import SIGNED_IN_SEARCH
from cards import actions
from cards.actions import PAYLOADS

log = get_logger("desk")

_READING = frozenset(
    {
        actions.ALERT_REFRESH,
        actions.ALERT_DETAILS,
        actions.CANCELLATION_SHOW,
        actions.REFUNDS_LIST,
        actions.LIST_PAGE,
    }
)
"""Verbs that change nothing: a redelivery may simply be answered again."""


class Desk:
    def __init__(
        self,
        env: Environment,
        conversations: Conversations,
        adoption: Adoption,
        commands: Commands,
        verbs: Verbs,
        exporting: Exporting,
        signing_in: SigningIn,
        channel: Channel,
        answers: Answers,
        searching: Searching,
    ) -> None:
        self._env, self._conversations, self._adoption = env, conversations, adoption
        self._commands, self._verbs, self._exporting = commands, verbs, exporting
        self._signing_in, self._searching = signing_in, searching
        self._channel, self._answers = channel, answers
        self.redelivery = Redelivery(env)

    async def turn(self, turn: Turn) -> Reply:
        """The answer to a verified activity. Never raises, except when it is cancelled."""
        turn = replace(turn, began=self._env.clock.monotonic())
        with About(activity=turn.activity_id):
            reply = await self._answered(turn)
            if turn.automatic and isinstance(reply, Refuse):
                reply = Nothing()  # nobody pressed anything: the card stays as it is
            metrics.turns(turn.kind, turn.verb if turn.verb in PAYLOADS else "", _end(reply)).inc()
            return reply

    async def go_on(self, turn: Turn) -> WentOn:
        """Do what waited for a sign-in, now that it is done. Returns what the person's browser tells; what was said in
        the conversation is answered there. Never raises, except when it is cancelled."""
        if turn.kind == TurnKind.SEARCH:
            return WentOn(SIGNED_IN_SEARCH)  # what was typed meanwhile only they know
        if turn.kind == TurnKind.DIALOG_SUBMIT:
            turn = replace(turn, kind=TurnKind.EXECUTE)  # its form is closed by now, and cannot be shown again
        reply = await self.turn(turn)
        if isinstance(reply, AskToken):
            return WentOn(sign_in_texts.WANTS_STILL_MORE, self._signing_in.link(reply.exchange_id))
        if isinstance(reply, ShowCard) and reply.sign_in:
            return WentOn(sign_in_texts.WANTS_STILL_MORE, reply.sign_in)
        if isinstance(reply, OpenDialog):
            return WentOn(sign_in_texts.PRESS_AGAIN)  # a form opens only in front of the one who pressed
        said = as_message(reply)
        told = reply.said if isinstance(reply, ShowCard) else said.text if said is not None else ""
        if said is not None and (turn.kind in SPOKEN or _only_a_message_shows(turn, reply)):
            try:
                await self._answers.say(turn.conversation, said, turn.thread)
            except AlertDeskError as problem:
                log.warning("answer_not_posted", verb=turn.verb, code=problem.code, problem=problem.message)
                return WentOn(told or sign_in_texts.NOT_SHOWN)
        return WentOn(told or sign_in_texts.WENT_ON)

    async def _answered(self, turn: Turn) -> Reply:
        try:
            return await self._once(turn)
        except UserError as problem:
            return Refuse(problem.message, problem.code or "refused")
        except Transient as problem:
            log.warning("turn_put_off", kind=turn.kind, verb=turn.verb, code=problem.code, problem=problem.message)
            return Refuse(problem.message if isinstance(problem, NotChecked) else texts.TRY_AGAIN, "try_again")
        except AlertDeskError as problem:
            reference, about = self._reference(), problem.message
            log.error(
                "turn_failed", reference=reference, kind=turn.kind, verb=turn.verb, code=problem.code, problem=about
            )
            return Refuse(texts.not_possible(reference), problem.code or "failed")
        except Exception:  # nobody may see a stack trace, and nothing may be retried blindly
            reference = self._reference()
            log.exception("turn_broken", reference=reference, kind=turn.kind, verb=turn.verb)
            return Refuse(texts.broken(reference), "internal")

    def _reference(self) -> str:
        """By which the log's line is found again."""
        return self._env.ids.guid()[:8]

    async def _once(self, turn: Turn) -> Reply:
        if not turn.person.aad_id:
            return Refuse(texts.BOT_UNKNOWN_PERSON, "nobody")
        if turn.automatic:
            # A client redraws a card by itself: nothing else may come of it, and nobody outside is asked. What may be
            # read in a personal chat takes asking.
            quiet = turn.verb == actions.ALERT_REFRESH and not turn.is_personal
            return await self._act(turn) if quiet else Nothing()
        # Both come from where the bot need not be: nothing of such a conversation is remembered.
        if turn.kind == TurnKind.SEARCH:
            return await self._searching.find(turn)
        if turn.verb == actions.ALERT_SHARED:
            return await self._signed_in(await self._searching.introduced(turn))
        await self._conversations.heard(turn.conversation, turn.person)
        if turn.kind == TurnKind.SIGN_IN_FAILED:
            # The client shows its sign-in button, or nothing: what is wrong is the operator's to mend.
            log.warning("client_sign_in_failed", code=turn.code, person=turn.person.aad_id)
            return Nothing()
        if turn.kind == TurnKind.VERIFY_STATE:
            return BadCode()  # our sign-in page ends by itself: it gives nobody a code to hand over
        if turn.kind == TurnKind.TOKEN_EXCHANGE:
            return await self._exchanged(turn)
        if turn.verb in _READING or turn.kind == TurnKind.DIALOG_OPEN:
            return await self._signed_in(turn)
        return await self.redelivery.once(turn, self._signed_in, self._left(turn))

    def _left(self, turn: Turn) -> float:
        return ANSWER_SECONDS - turn.spent(self._env.clock.monotonic())

    async def _signed_in(self, turn: Turn) -> Reply:
        """The act, with the token that came with it; or what the person must do first."""
        try:
            await self._signing_in.take(turn)
            return await self._act(turn)
        except SignInNeeded as need:
            if turn.kind == TurnKind.DIALOG_SUBMIT and not need.interactive and await self._posted_button(turn):
                return CloseDialog(sign_in_texts.GO_ON_BY_BUTTON)
            return await self._signing_in.needed(turn, need, asked=bool(turn.token))

    async def _posted_button(self, turn: Turn) -> bool:
        """Post what a form held as a button, with which Teams hands over its token, where it hands over none with the
        form. False where that did not work in time: then a link serves."""
        button = as_message(self._signing_in.button(turn))
        try:
            async with asyncio.timeout(self._left(turn)):
                await self._channel.send(turn.conversation, button or Message(), turn.thread)
        except (AlertDeskError, TimeoutError) as problem:
            log.warning("button_not_posted", verb=turn.verb, problem=str(problem))
            return False
        return True

    async def _exchanged(self, turn: Turn) -> Reply:
        """Teams handed over a token that an OAuth card asked for: what waited for it goes on, once. It is kept until
        its answer is written down, so that who is sent the same exchange again, after a death, does it or tells."""
        reply = await self.redelivery.once(turn, self._handed_over, self._left(turn))
        if not isinstance(reply, TokenRefused | Nothing):
            await self._signing_in.over(turn)
        return reply

    async def _handed_over(self, turn: Turn) -> Reply:
        problem: UserError | None = None
        try:
            await self._signing_in.take(turn)
        except (SignInNeeded, NoAccount, NotAssigned) as found:
            problem = found
        except UserError as found:
            return TokenRefused(found.message)  # another one may do
        waiting = await self._signing_in.waiting(turn)
        if waiting is None:
            return Nothing()

        async def go_on(waiting: Turn) -> Reply:
            try:
                if problem is not None:
                    raise problem
                return await self._act(waiting)
            except SignInNeeded as need:  # the token that was asked for has come: now a page must help
                return await self._signing_in.needed(waiting, need, asked=True)

        # Another of the person's clients may have it in hand, which then answers.
        return await self.redelivery.once(replace(waiting, began=turn.began), go_on, None)

    async def _act(self, turn: Turn) -> Reply:
        if turn.kind == TurnKind.MESSAGE:
            if turn.thread:
                await self._adoption.replied(turn.conversation, turn.thread)
            return await self._commands.run(turn)
        if turn.kind == TurnKind.FILE_CONSENT:
            return await self._exporting.consent(turn)
        card_id = turn.data.get("card")
        if isinstance(card_id, str) and card_id and turn.reply_to:
            await self._adoption.seen(card_id[:64], turn.conversation.id, turn.reply_to)
        return await self._verbs.run(turn, turn.verb, turn.data)


def _only_a_message_shows(turn: Turn, reply: Reply) -> bool:
    """Whether the answer to a press needs a message once nobody waits for it: a file does; and in somebody's own chat
    a card, as the pressed one gave its place to the sign-in. Elsewhere the cards that all see tell it."""
    return isinstance(reply, Attach) or (isinstance(reply, ShowCard) and turn.is_personal and not reply.said)


def _end(reply: Reply) -> str:
    """How a turn ended, in few words: a refusal's own code can come from anywhere, and labels must stay few."""
    if not isinstance(reply, Refuse):
        return type(reply).__name__.lower()
    return reply.code if reply.code in ("try_again", "internal") else "refused"
