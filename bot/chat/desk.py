"""The front desk: every turn and event comes through here. Does nothing twice, and turns each error into a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from bot.chat.commands import Commands
from bot.chat.exporting import Exporting
from bot.chat.turn import (
    Attach,
    CloseDialog,
    NotHere,
    Nothing,
    OpenDialog,
    Refuse,
    Reply,
    Say,
    ShowCard,
    Turn,
    TurnKind,
)
from bot.chat.verbs import Verbs
from bot.errors import AlertDeskError, NotChecked, Transient, UserError
from bot.ports import Environment
from bot.services.adoption import Adoption
from bot.services.conversations import Conversations
from bot.telemetry import metrics
from bot.telemetry.log import About, get_logger
from bot.texts import en as texts
from cards import actions
from cards.actions import PAYLOADS

log = get_logger("desk")

_READING = frozenset({actions.ALERT_REFRESH, actions.ALERT_DETAILS, actions.LIST_PAGE})
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
    ) -> None:
        self._env, self._conversations, self._adoption = env, conversations, adoption
        self._commands, self._verbs, self._exporting = commands, verbs, exporting

    async def turn(self, turn: Turn) -> Reply:
        """The answer to a verified activity. Never raises, except when it is cancelled."""
        with About(activity=turn.activity_id):
            reply = await self._answered(turn)
            if turn.automatic and isinstance(reply, Refuse):
                reply = Nothing()  # nobody pressed anything: the card stays as it is
            metrics.turns(turn.kind, turn.verb if turn.verb in PAYLOADS else "", _end(reply)).inc()
            return reply

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
        await self._conversations.heard(turn.conversation, turn.person)
        if turn.verb in _READING or turn.kind == TurnKind.DIALOG_OPEN:
            return await self._act(turn)
        key = f"{turn.conversation.id}|{turn.kind}|{turn.activity_id}"
        async with self._env.store.write() as tx:
            first, answer = await tx.inbox.begin(key, self._env.clock.now())
        if not first:
            log.info("turn_repeated", key=key)
            return decode(answer) if answer is not None else Say(texts.STILL_AT_IT) if turn.verb else Nothing()
        reply: Reply = Nothing()
        try:
            reply = await self._act(turn)
        except UserError as problem:
            reply = Refuse(problem.message, problem.code or "refused")
        except Transient as problem:
            async with self._env.store.write() as tx:
                await tx.inbox.forget(key)  # nothing was done: the same activity may be tried again
            raise problem
        async with self._env.store.write() as tx:
            await tx.inbox.finish(key, encode(reply))
        return reply

    async def _act(self, turn: Turn) -> Reply:
        if turn.kind == TurnKind.MESSAGE:
            return await self._commands.run(turn)
        if turn.kind == TurnKind.FILE_CONSENT:
            return await self._exporting.consent(turn)
        handler, model = self._verbs.handlers.get(turn.verb), PAYLOADS.get(turn.verb)
        if handler is None or model is None:
            if turn.verb:
                log.warning("verb_unknown", verb=turn.verb)
            return Refuse(texts.UNREADABLE_ACTION, "unknown_action")
        try:
            payload = model.model_validate(turn.data)
        except ValidationError as problem:
            log.warning("payload_unreadable", verb=turn.verb, errors=problem.error_count())
            return Refuse(_payload_problem(turn, problem), "bad_payload")
        card_id = getattr(payload, "card", "")
        if card_id and turn.reply_to:
            await self._adoption.seen(card_id, turn.conversation.id, turn.reply_to)
        return await handler(turn, payload)


def _payload_problem(turn: Turn, problem: ValidationError) -> str:
    """A form's own mistakes are told as such; anything else means that the button is not of this version."""
    too_long = [error for error in problem.errors() if error["type"] == "string_too_long"]
    if turn.kind in (TurnKind.DIALOG_SUBMIT, TurnKind.SUBMIT) and too_long:
        return texts.note_too_long(len(str(too_long[0]["input"])), int(too_long[0]["ctx"]["max_length"]))
    return texts.UNREADABLE_ACTION


_NAMES: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (Say, ShowCard, Refuse, OpenDialog, CloseDialog, Attach, Nothing, NotHere)
}


def encode(reply: Reply) -> Mapping[str, Any]:
    """A reply as JSON, so that a redelivered activity gets the same answer from any replica."""
    fields = {name: getattr(reply, name) for name in reply.__slots__ if name != "raw"}
    return {"reply": type(reply).__name__, **fields}


def decode(answer: Mapping[str, Any]) -> Reply:
    fields = {name: value for name, value in answer.items() if name != "reply"}
    reply: Reply = _NAMES[answer["reply"]](**fields)
    return reply


def _end(reply: Reply) -> str:
    """How a turn ended, in few words: a refusal's own code can come from anywhere, and labels must stay few."""
    if not isinstance(reply, Refuse):
        return type(reply).__name__.lower()
    return reply.code if reply.code in ("try_again", "internal") else "refused"
