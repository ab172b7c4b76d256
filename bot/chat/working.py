"""Assigning and snoozing alerts, as people press and type it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.chat.acting import Acting
from bot.chat.feature import CommandHandler, Typed, VerbHandler
from bot.chat.mentions import unmentioned
from bot.chat.turn import CloseDialog, Nothing, OpenDialog, Reply, Say, ShowCard, Turn, TurnKind
from bot.chat.work_views import ME, NOBODY, assign_form, snooze_form
from bot.domain.alerts import AlertRecord
from bot.domain.people import Person
from bot.domain.policy import Act
from bot.domain.snoozes import ends_at, is_off
from bot.errors import NotChecked, UserError
from bot.ports import Environment
from bot.services.access import Access
from bot.services.working import Working
from bot.texts import working as texts
from cards import actions
from cards.actions import AssignAct, SnoozeAct

CHOICES_MOST = 40
"""People whom the form offers; anybody else can be mentioned in the typed command."""
_TO = frozenset({"to", "->", "="})
_NOBODY = frozenset({NOBODY, "none", "noone", "no-one", "unassigned"})
_ME = frozenset({ME, "myself"})


class AlertWork:
    """The verbs `alert.assign` and `alert.snooze`, and the commands that are their twins."""

    def __init__(self, env: Environment, acting: Acting, access: Access, working: Working) -> None:
        self._env, self._acting, self._access, self._working = env, acting, access, working

    def verbs(self) -> Mapping[str, VerbHandler]:
        return {actions.ALERT_ASSIGN: self.assign, actions.ALERT_SNOOZE: self.snooze}

    def commands(self, typed: Typed) -> Mapping[str, CommandHandler]:
        async def assign(turn: Turn, rest: str) -> Reply:
            reference, to = _assigning(rest, turn.mentioned)
            record = await self._acting.meant(turn, reference, whole=True)
            return await typed(turn, actions.ALERT_ASSIGN, {"alert": record.number, "to": to})

        async def snooze(turn: Turn, rest: str) -> Reply:
            reference, time = _snoozing(rest, self._env.clock.now())
            record = await self._acting.meant(turn, reference, whole=True)
            return await typed(turn, actions.ALERT_SNOOZE, {"alert": record.number, "time": time})

        return {"assign": assign, "snooze": snooze}

    async def assign(self, turn: Turn, act: AssignAct) -> Reply:
        """Without `to` its form opens."""
        record = await self._acting.by_number(turn, act.alert)
        person = await self._checked(turn, record, Act.ASSIGN)
        if turn.kind == TurnKind.DIALOG_OPEN or not act.to:
            if turn.kind == TurnKind.MESSAGE:
                raise UserError(texts.ASSIGN_USAGE, code="nobody_named")
            async with self._env.store.read() as tx:
                people = await tx.people.known_in(turn.conversation.id, CHOICES_MOST)
            form = assign_form(record, act, () if turn.is_personal else people, person.aad_id)
            return OpenDialog(texts.ASSIGN_TITLE, form)
        to = await self._assignee(turn, record, person, act.to)
        changed = await self._working.assign(record, to, person, turn.conversation)
        to_self = to is not None and to.aad_id == person.aad_id
        said = texts.assigned_line(record.label, person.name, to.name if to else "", to_self=to_self)
        return await self._told(turn, changed, act.card, said)

    async def snooze(self, turn: Turn, act: SnoozeAct) -> Reply:
        """Without a time its form opens."""
        record = await self._acting.by_number(turn, act.alert)
        person = await self._checked(turn, record, Act.SNOOZE)
        now = self._env.clock.now()
        if turn.kind == TurnKind.DIALOG_OPEN or not act.time:
            if turn.kind == TurnKind.MESSAGE:
                raise UserError(texts.SNOOZE_USAGE, code="no_time")
            return OpenDialog(texts.SNOOZE_TITLE, snooze_form(record, act, now))
        until = ends_at(act.time, now)
        if until is None and not is_off(act.time):
            raise UserError(texts.SNOOZE_USAGE, code="bad_time")
        changed = await self._working.snooze(record, until, person)
        return await self._told(turn, changed, act.card, texts.snoozed_line(record, person.name, until, now))

    async def _assignee(self, turn: Turn, record: AlertRecord, person: Person, to: str) -> Person | None:
        """Raises UserError where they are not of this conversation, NotChecked where that could not be asked."""
        if to.lower() in _NOBODY:
            return None
        if to.lower() in _ME or to in (person.aad_id, person.mri):
            return person
        if turn.is_personal:
            raise UserError(texts.only_in_a_channel(record.label), code="only_you_here")
        try:
            member = await self._access.on_roster(turn.conversation, to)
        except NotChecked as problem:
            raise NotChecked(texts.ROSTER_AWAY, code=problem.code) from problem
        if member is None:
            named = [each.name for each in turn.mentioned if each.mri == to]
            raise UserError(texts.not_a_member(named[0] if named else ""), code="not_a_member")
        return member

    async def _checked(self, turn: Turn, record: AlertRecord, act: Act) -> Person:
        partner = self._env.partners[record.alert.partner]
        return await self._access.require(act, turn.person, partner, turn.conversation, record.label, turn.activity_id)

    async def _told(self, turn: Turn, record: AlertRecord, card_id: str, said: str) -> Reply:
        if turn.kind == TurnKind.EXECUTE:
            board = self._acting.board
            return ShowCard(await board.personal(record, card_id, turn.person), summary=board.summary(record))
        if turn.kind == TurnKind.DIALOG_SUBMIT:
            return CloseDialog()
        here = await self._acting.of_thread(turn)
        # In the alert's own thread the line that everybody sees says it already.
        return Nothing() if here is not None and here.alert.key == record.alert.key else Say(said)


def _assigning(rest: str, mentioned: tuple[Person, ...]) -> tuple[str, str]:
    """The alert (empty: that of the thread) and whose it is to be. Raises UserError that shows the usage."""
    if len(mentioned) > 1:
        raise UserError(texts.ONE_PERSON, code="several_people")
    words = unmentioned(rest, mentioned).split()
    if mentioned:
        to = mentioned[0].mri
    elif words and (word := words.pop().lower().rstrip(".!")) in _ME | _NOBODY:
        to = ME if word in _ME else NOBODY
    else:
        raise UserError(texts.ASSIGN_USAGE, code="nobody_named")
    words = [word for word in words if word.lower() not in _TO]
    if len(words) > 1:
        raise UserError(texts.ASSIGN_USAGE, code="too_much")
    return (words[0] if words else ""), to


def _snoozing(rest: str, now: datetime) -> tuple[str, str]:
    """The alert (empty: that of the thread) and the time as it was said. Raises UserError that shows the usage."""
    first, _, time = rest.partition(" ")
    for reference, said in (("", rest), (first, time.strip())):
        if is_off(said) or ends_at(said, now) is not None:
            return reference, said
    raise UserError(texts.SNOOZE_USAGE, code="bad_time")
