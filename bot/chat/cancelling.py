"""What people press and type about cancelling: the form, the question, the decisions, and the list of what waits."""

from __future__ import annotations

from bot.chat.acting import Acting
from bot.chat.forms import ask_form, reject_form
from bot.chat.grammar import is_guid
from bot.chat.request_board import RequestBoard
from bot.chat.turn import CloseDialog, OpenDialog, Reply, Say, ShowCard, Turn, TurnKind
from bot.domain.alerts import AlertRecord
from bot.domain.cancellations import Cancellation, Kind
from bot.errors import Incomplete, NotChecked, Unknown, UserError
from bot.services.asking import Asking, Wanted
from bot.services.deciding import Answer, Deciding, How
from bot.services.plan_progress import Where
from bot.texts import cancelling as texts
from cards.actions import AskAct, RequestAct, ShowRequest, SubscriptionAct

LIST_MOST = 25


class Requests:
    """The verbs of bot/chat/verbs.py and the commands of bot/chat/commands.py that are about cancelling."""

    def __init__(self, acting: Acting, asking: Asking, deciding: Deciding, board: RequestBoard) -> None:
        self._acting, self._board = acting, board
        self._asking, self._deciding = asking, deciding

    async def cancel_form(self, turn: Turn, act: SubscriptionAct) -> Reply:
        return await self._form(turn, act, Kind.CANCEL)

    async def reactivate_form(self, turn: Turn, act: SubscriptionAct) -> Reply:
        return await self._form(turn, act, Kind.REACTIVATE)

    async def _form(self, turn: Turn, act: SubscriptionAct, kind: Kind) -> Reply:
        origin = await self._origin(turn, act)
        _, subject = await self._asking.subject(kind, origin, turn.person, _where(turn))
        form = ask_form(kind, subject.found, subject.origin, subject.alerts, act, self._acting.board.place)
        return OpenDialog(texts.form_title(kind, origin.label), form)

    async def ask(self, turn: Turn, act: AskAct) -> Reply:
        origin = await self._origin(turn, act)
        wanted = Wanted(act.kind, act.reason, act.consent, act.consent_note, act.confirm)
        try:
            c = await self._asking.ask(wanted, origin, turn.person, _where(turn), self._acting.patience(turn))
        except (Incomplete, NotChecked) as problem:
            if turn.kind != TurnKind.DIALOG_SUBMIT:
                raise
            return await self._form_again(origin, act, problem.message)
        return CloseDialog(texts.asked(c)) if turn.kind == TurnKind.DIALOG_SUBMIT else Say(texts.asked(c))

    async def _form_again(self, origin: AlertRecord, act: AskAct, problem: str) -> Reply:
        """A dialog closes on any other answer, and what was typed would be gone."""
        alert = origin.alert
        records = await self._asking.records(frozenset({alert.partner}), alert.subscription_id)
        form = ask_form(act.kind, None, origin, records, act, self._acting.board.place, problem)
        return OpenDialog(texts.form_title(act.kind, origin.label), form)

    async def show(self, turn: Turn, act: ShowRequest) -> Reply:
        c = await self._request(turn, act.request)
        return ShowCard(await self._board.posted(c, act.card), summary=self._board.summary(c))

    async def approve(self, turn: Turn, act: RequestAct) -> Reply:
        c = await self._request(turn, act.request)
        answer = await self._deciding.approve(
            c,
            turn.person,
            _where(turn),
            digest=act.plan,
            patience=self._acting.patience(turn),
            new=act.new,
            seen=act.seen,
        )
        return await self._told(turn, act, answer)

    async def reject(self, turn: Turn, act: RequestAct) -> Reply:
        c = await self._request(turn, act.request)
        if turn.kind == TurnKind.DIALOG_OPEN:
            if not c.is_decidable:
                return CloseDialog(texts.already(c, me=False))
            return OpenDialog(texts.reject_title(c), reject_form(c, act))
        try:
            answer = await self._deciding.reject(c, turn.person, _where(turn), act.reason)
        except (Incomplete, NotChecked) as problem:
            if turn.kind != TurnKind.DIALOG_SUBMIT:
                raise
            return OpenDialog(texts.reject_title(c), reject_form(c, act, problem.message))
        return await self._told(turn, act, answer)

    async def withdraw(self, turn: Turn, act: RequestAct) -> Reply:
        c = await self._request(turn, act.request)
        return await self._told(turn, act, await self._deciding.withdraw(c, turn.person, _where(turn), act.reason))

    async def approvals(self, turn: Turn) -> Reply:
        readable = await self._acting.readable(turn)
        requests = await self._deciding.latest(readable, LIST_MOST)
        return ShowCard(self._board.list(requests), summary=texts.APPROVALS)

    async def meant(self, turn: Turn, reference: str) -> SubscriptionAct:
        """The alert or subscription that was named, or the alert in whose own thread this was said."""
        if is_guid(reference):
            records = await self._asking.records(await self._acting.readable(turn), reference)
            if records:
                return SubscriptionAct(subscription=reference.lower())
        record = await self._acting.meant(turn, reference, whole=True)
        return SubscriptionAct(alert=record.number)

    async def named(self, turn: Turn, label: str, reason: str = "") -> tuple[int, str]:
        """The number of the request that is meant, and the reason. R-12, or 12; nothing in the own thread of an alert
        about whose subscription a request waits. Nowhere else: the one that waits may be another by now than the one
        that was meant. There a number that is of none that waits begins the reason: `reject 2 VMs are production`; one
        of another that waits may be either, and is asked back."""
        number = int(label.lower().lstrip("#").removeprefix("r-")) if label else 0
        if label and not (label.isdecimal() and reason):
            return number, reason
        waiting = [
            c for c in await self._deciding.latest(await self._acting.readable(turn), LIST_MOST) if c.is_decidable
        ]
        record = await self._acting.of_thread(turn)
        meant = [c for c in waiting if record is not None and c.plan.is_about(record.alert)]
        if label:
            if len(meant) != 1 or meant[0].number == number:
                return number, reason
            if others := [c.label for c in waiting if c.number == number]:
                raise UserError(texts.which_of_two(others[0], meant[0].label), code="which_request")
            return meant[0].number, f"{label} {reason}"
        if len(meant) != 1:
            raise UserError(texts.which_request([c.label for c in waiting]), code="which_request")
        return meant[0].number, reason

    async def _origin(self, turn: Turn, act: SubscriptionAct) -> AlertRecord:
        """The alert that stands for the subscription: the one named, or the worst open one that is no test."""
        if act.alert:
            return await self._acting.by_number(turn, act.alert)
        records = await self._asking.records(await self._acting.readable(turn), act.subscription)
        if not records:
            raise Unknown(texts.no_such_subscription(act.subscription), code="unknown_subscription")
        real = [record for record in records if not record.alert.is_test]
        return (real or list(records))[0]

    async def _request(self, turn: Turn, number: int) -> Cancellation:
        c = await self._deciding.get(number, await self._acting.readable(turn))
        if c is None:
            raise Unknown(texts.no_such_request(f"R-{number}"), code="unknown_request")
        return c

    async def _told(self, turn: Turn, act: RequestAct, answer: Answer) -> Reply:
        c = answer.cancellation
        said = _said(turn, answer, self._board.approve(c))
        if turn.kind == TurnKind.EXECUTE:
            return ShowCard(await self._board.posted(c, act.card), summary=self._board.summary(c), said=said)
        return CloseDialog(said) if turn.kind == TurnKind.DIALOG_SUBMIT else Say(said)


def _said(turn: Turn, answer: Answer, approve: str) -> str:
    """`approve` is what its card's button to approve says."""
    c = answer.cancellation
    match answer.how:
        case How.UNSEEN:
            unseen, new = ([record.label for record in records] for records in (answer.unseen, answer.new))
            return texts.new_alerts(c, unseen, new, approve)
        case How.STALE:
            return texts.stale(c)
        case How.ALREADY:
            return texts.already(c, me=bool(c.approver_id) and c.approver_id == turn.person.aad_id)
        case How.LATE:
            return texts.late(c)
    return texts.line(c)


def _where(turn: Turn) -> Where:
    return Where(turn.conversation, turn.activity_id)
