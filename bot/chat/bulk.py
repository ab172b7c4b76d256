"""One verdict for many alerts, as people press and type it: the buttons, the form, the answer, and the run's card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.chat.acting import Acting
from bot.chat.bulk_views import form_view, run_view, set_button
from bot.chat.presenter import Place
from bot.chat.turn import CloseDialog, OpenDialog, Reply, Say, Turn, TurnKind
from bot.domain.alerts import AlertRecord, Verdict
from bot.domain.bulk import MOST, STATUSES, sets_of, tally
from bot.domain.filters import AlertQuery
from bot.domain.policy import Act
from bot.domain.storms import RollUp
from bot.errors import Permanent, Transient, UserError
from bot.ports import Environment, Message, Transaction
from bot.services.access import Access
from bot.services.bulk import Bulk, labels_of
from bot.services.rollups import RollUps
from bot.telemetry.log import get_logger
from bot.texts import bulk as texts
from cards.actions import BulkAct
from cards.form import form_card
from cards.info import info_card
from cards.views import Button

_NEEDS_A_NOTE = frozenset({Verdict.FRAUD, Verdict.IGNORE})

log = get_logger("bulk")


class BulkButtons:
    """What a list or a roll-up card puts on, so that all its alerts can be marked at once."""

    def __init__(self, env: Environment, bulk: Bulk, rollups: RollUps, place: Place) -> None:
        self._env, self._bulk, self._rollups, self._place = env, bulk, rollups, place

    async def buttons(self, conversation_id: str, records: Sequence[AlertRecord]) -> tuple[Button, ...]:
        """One for each partner and status of which there are enough, the largest first. Pins what they stand for; where
        that cannot be kept there are none, for a button must mean exactly what was seen."""
        sets = sets_of(conversation_id, records, self._env.clock.now())
        try:
            await self._bulk.pin(sets)
        except Transient as problem:
            log.warning("set_not_pinned", problem=problem.message)
            return ()
        largest_first = sorted(sets, key=lambda each: -len(each.alerts))
        several = len({each.partner for each in sets}) > 1
        names = self._place.partner_names if several else {}
        return tuple(set_button(each, names.get(each.partner, "")) for each in largest_first)

    async def of_rollup(self, rollup: RollUp) -> tuple[Button, ...]:
        """For its unresolved alerts, the worst fifty of each status."""
        records: list[AlertRecord] = []
        async with self._env.store.read() as tx:
            for status in STATUSES:
                records += await self._rollups.members(tx, rollup.id, status)
        return await self.buttons(rollup.conversation_id, records)

    async def selected(self, tx: Transaction, query: AlertQuery) -> tuple[AlertRecord, ...]:
        """The alerts of a list that may be marked together: the first fifty of each status."""
        found: list[AlertRecord] = []
        for status in STATUSES:
            if (not query.statuses or status in query.statuses) and query.test is not True:
                wanted = replace(query, unresolved=True, statuses=frozenset({status.value}), test=False)
                found += await tx.alerts.first(wanted, MOST)
        return tuple(found)


def hint(buttons: Sequence[Button]) -> str:
    """What to type where buttons fail, for the first of them; empty where there is none."""
    return texts.hint(str(buttons[0].data["set"])) if buttons else ""


class Bulking:
    """The verb `alerts.bulk` and the command `bulk`."""

    def __init__(self, env: Environment, acting: Acting, access: Access, bulk: Bulk) -> None:
        self._env, self._acting, self._access, self._bulk = env, acting, access, bulk

    async def mark(self, turn: Turn, act: BulkAct) -> Reply:
        """Opens the form while no verdict is chosen; else marks the set."""
        readable = await self._acting.readable(turn)
        pinned, records = await self._bulk.pinned(act.set, turn.conversation.id, readable)
        partner = self._env.partners[pinned.partner]
        person = await self._access.require(Act.BULK, turn.person, partner, turn.conversation, f"set {pinned.id}")
        note = act.note.strip()
        problem = texts.NOTE_NEEDED if act.verdict in _NEEDS_A_NOTE and not note else ""
        if turn.kind == TurnKind.DIALOG_OPEN or not act.verdict or problem:
            if turn.kind == TurnKind.MESSAGE:
                raise UserError(problem or texts.USAGE, code="no_note" if problem else "bad_verdict")
            shown = problem if turn.kind != TurnKind.DIALOG_OPEN else ""
            form = form_view(pinned, records, act, self._acting.board.place, shown)
            return OpenDialog(texts.TITLE, form_card(form))
        patience = self._acting.patience(turn)
        started = await self._bulk.start(pinned, act.verdict, note, person, turn.thread, patience)
        said = texts.started(started.run) if started.run is not None else texts.nothing_left(started.left_out)
        return CloseDialog(said) if turn.kind == TurnKind.DIALOG_SUBMIT else Say(said)


class BulkBoard:
    """Draws the card of a run, from the newest state."""

    def __init__(self, env: Environment) -> None:
        self._env = env

    async def message(self, run_id: str, *, repeat: bool, shorter: int = 0) -> Message | None:
        """None where nobody is to see it. `shorter` as of cards.size.fit."""
        async with self._env.store.read() as tx:
            run = await tx.bulk.run(run_id)
            counted = tally(await tx.intents.of_bulk(run_id))
            labels = await labels_of(tx, counted)
        if run is None:
            raise Permanent("the run of this card is not in the store", code="no_run")
        if run.silent:
            return None
        view = run_view(run, counted, labels, repeat=repeat)
        return Message(card=info_card(view, shorter), summary=view.title)
