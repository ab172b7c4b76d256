"""What card buttons do: one handler a verb. The payload's model is in cards/actions.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from bot.chat.acting import Acting
from bot.chat.bulk import Bulking
from bot.chat.cancelling import Requests
from bot.chat.exporting import Exporting
from bot.chat.feature import Feature, VerbHandler
from bot.chat.forms import note_form, reverdict_form
from bot.chat.lists import Lists
from bot.chat.signing_in import by_button
from bot.chat.turn import CloseDialog, OpenDialog, Refuse, Reply, Say, ShowCard, Turn, TurnKind
from bot.domain.alerts import Status, Verdict
from bot.domain.policy import Act
from bot.errors import SignInNeeded, UserError
from bot.ports import Environment
from bot.services.access import Access
from bot.services.notes import Notes
from bot.services.routes import Routes
from bot.services.verdicts import Wish
from bot.texts import en as texts
from bot.texts import welcome
from cards import actions
from cards.actions import PAYLOADS, AlertAct, ExportRun, ListPage, MarkAct, NoteAct, ReverdictAct, RouteAct


class Verbs:
    """`handlers` is complete: one for each verb of cards/actions.py, which a test compares."""

    def __init__(
        self,
        env: Environment,
        acting: Acting,
        access: Access,
        lists: Lists,
        notes: Notes,
        routes: Routes,
        exporting: Exporting,
        requests: Requests,
        bulking: Bulking,
        features: Iterable[Feature] = (),
    ) -> None:
        self._env, self._acting, self._access, self._lists = env, acting, access, lists
        self._notes, self._routes, self._exporting = notes, routes, exporting
        self.handlers: dict[str, VerbHandler] = {
            actions.ALERT_REFRESH: self._refresh,
            actions.ALERT_LEGITIMATE: self._marks(Verdict.LEGITIMATE),
            actions.ALERT_FRAUD: self._marks(Verdict.FRAUD),
            actions.ALERT_IGNORE: self._marks(Verdict.IGNORE),
            actions.ALERT_INVESTIGATE: self._investigate,
            actions.ALERT_DETAILS: self._details,
            actions.ALERT_NOTE: self._note,
            actions.ALERT_REVERDICT: self._reverdict,
            actions.ALERTS_BULK: bulking.mark,
            actions.SUBSCRIPTION_CANCEL: requests.cancel_form,
            actions.SUBSCRIPTION_REACTIVATE: requests.reactivate_form,
            actions.CANCELLATION_ASK: requests.ask,
            actions.CANCELLATION_SHOW: requests.show,
            actions.CANCELLATION_APPROVE: requests.approve,
            actions.CANCELLATION_REJECT: requests.reject,
            actions.CANCELLATION_WITHDRAW: requests.withdraw,
            actions.ROUTE_ON: self._route_on,
            actions.ROUTE_OFF: self._route_off,
            actions.LIST_PAGE: self._page,
            actions.EXPORT_RUN: self._export,
        }
        for feature in features:
            self.handlers |= feature.verbs()

    async def run(self, turn: Turn, verb: str, data: Mapping[str, Any]) -> Reply:
        """Do what a button says, whether it was pressed or its twin typed."""
        handler, model = self.handlers.get(verb), PAYLOADS.get(verb)
        if handler is None or model is None:
            return Refuse(texts.UNREADABLE_ACTION, "unknown_action")
        try:
            payload = model.model_validate(data)
        except ValidationError as problem:
            return Refuse(_payload_problem(turn, problem), "bad_payload")
        return await handler(turn, payload)

    async def typed(self, turn: Turn, verb: str, data: Mapping[str, Any]) -> Reply:
        """The typed twin of a button. Teams gives no token for what is typed in a channel: where one is needed, the
        answer is a button that carries the act. https://learn.microsoft.com/microsoftteams/platform/bots/how-to/authentication/bot-sso-overview"""
        try:
            return await self.run(turn, verb, data)
        except SignInNeeded:
            if turn.is_personal:
                raise
        return by_button(verb, data)

    async def _refresh(self, turn: Turn, act: AlertAct) -> Reply:
        readable = await self._acting.readable(turn)
        return ShowCard(raw=await self._acting.board.raw(act.alert, act.card, readable, turn.person))

    def _marks(self, verdict: Verdict) -> VerbHandler:
        async def mark(turn: Turn, act: MarkAct) -> Reply:
            record = await self._acting.by_number(turn, act.alert)
            wish = Wish(Status.RESOLVED, verdict, act.note.strip())
            return await self._acting.decide(turn, record, wish, act=Act.MARK, card_id=act.card)

        return mark

    async def _investigate(self, turn: Turn, act: AlertAct) -> Reply:
        record = await self._acting.by_number(turn, act.alert)
        return await self._acting.decide(
            turn, record, Wish(Status.INVESTIGATING), act=Act.INVESTIGATE, card_id=act.card
        )

    async def _details(self, turn: Turn, act: AlertAct) -> Reply:
        record = await self._acting.by_number(turn, act.alert)
        viewer = turn.person if turn.kind == TurnKind.EXECUTE else None
        card = await self._acting.board.details(record, act.card, viewer)
        return ShowCard(card, summary=self._acting.board.summary(record))

    async def _note(self, turn: Turn, act: NoteAct) -> Reply:
        record = await self._acting.by_number(turn, act.alert)
        if turn.kind == TurnKind.DIALOG_OPEN:
            await self._acting.check(turn, record, Act.NOTE)
            return OpenDialog(record.label, note_form(record, act))
        await self._acting.check(turn, record, Act.NOTE)
        await self._notes.add(record, act.text, turn.person)
        return CloseDialog() if turn.kind == TurnKind.DIALOG_SUBMIT else Say(texts.note_added(record.label))

    async def _reverdict(self, turn: Turn, act: ReverdictAct) -> Reply:
        record = await self._acting.by_number(turn, act.alert)
        if turn.kind == TurnKind.DIALOG_OPEN:
            await self._acting.check(turn, record, Act.REVERDICT)
            if record.alert.is_open:
                raise UserError(texts.NOT_DECIDED, code="not_decided")
            return OpenDialog(record.label, reverdict_form(record, act))
        if not act.verdict or not act.reason.strip():
            raise UserError(texts.REASON_NEEDED, code="no_reason")
        wish = Wish(Status.RESOLVED, act.verdict, act.reason.strip(), may_replace=True)
        reply = await self._acting.decide(turn, record, wish, act=Act.REVERDICT, card_id=act.card)
        if turn.kind != TurnKind.DIALOG_SUBMIT:
            return reply
        return CloseDialog(reply.text) if isinstance(reply, Say | Refuse) else CloseDialog()

    async def _route_on(self, turn: Turn, act: RouteAct) -> Reply:
        if turn.private:
            raise UserError(welcome.PRIVATE_CHANNEL, code="private_channel")
        partners = await self._routes.subscribe(turn.person, turn.conversation, act.words)
        return Say(welcome.subscribed(partners, act.words))

    async def _route_off(self, turn: Turn, _act: RouteAct) -> Reply:
        return Say(welcome.unsubscribed(await self._routes.unsubscribe(turn.person, turn.conversation)))

    async def _page(self, turn: Turn, act: ListPage) -> Reply:
        readable = await self._acting.readable(turn)
        where, asker = turn.conversation.id, turn.person.aad_id
        return ShowCard(await self._lists.page(act.words, readable, where, act.page, act.trail, asker=asker))

    async def _export(self, turn: Turn, act: ExportRun) -> Reply:
        return await self._exporting.ask(turn, act.words)


def _payload_problem(turn: Turn, problem: ValidationError) -> str:
    """What somebody wrote too long is told as such; anything else means that the button is not of this version."""
    too_long = [error for error in problem.errors() if error["type"] == "string_too_long"]
    if turn.kind in (TurnKind.DIALOG_SUBMIT, TurnKind.SUBMIT, TurnKind.MESSAGE) and too_long:
        return texts.note_too_long(len(str(too_long[0]["input"])), int(too_long[0]["ctx"]["max_length"]))
    return texts.UNREADABLE_ACTION
