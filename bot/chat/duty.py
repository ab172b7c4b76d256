"""What people type and press about who is on duty, and the card that shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.chat.acting import Acting
from bot.chat.duty_views import duty_view, elsewhere_view
from bot.chat.feature import CommandHandler, Typed, VerbHandler
from bot.chat.mentions import unmentioned
from bot.chat.turn import Reply, ShowCard, Turn
from bot.domain.duty import Duty, Member, is_zone, read_week
from bot.domain.escalation import Plan
from bot.domain.people import Conversation, ConversationKind
from bot.errors import Unknown, UserError
from bot.ports import Environment
from bot.services.duty import Change, DutyRosters, Wanted
from bot.texts import duty as texts
from cards import actions
from cards.actions import DutyAct
from cards.info import info_card

ELSEWHERE_MOST = 25
"""Conversations that one answer in a personal chat tells of."""
_ME = frozenset({"me", "myself"})
_OFF = frozenset({"off", "none", "no"})
_AS_USUAL = frozenset({"rotation", "usual", "off", "nobody"})
_SWITCH = {"on": True, "off": False}
_LONGEST_TAG = 200


class OnDuty:
    def __init__(self, env: Environment, acting: Acting, rosters: DutyRosters, plan: Plan) -> None:
        self._env, self._acting, self._rosters, self._plan = env, acting, rosters, plan

    def verbs(self) -> Mapping[str, VerbHandler]:
        return {actions.DUTY_SET: self.set}

    def commands(self, typed: Typed) -> Mapping[str, CommandHandler]:
        async def duty(turn: Turn, rest: str) -> Reply:
            if not rest:
                return await self.show(turn)
            act = await self._act(turn, rest)
            return await typed(turn, actions.DUTY_SET, act.model_dump(exclude_defaults=True))

        return {"duty": duty}

    async def show(self, turn: Turn) -> Reply:
        readable = await self._acting.readable(turn)
        if not turn.is_personal:
            return self._card(await self._rosters.of(turn.conversation.id))
        found = [(each, await self._rosters.of(each.id)) for each in await self._routed(readable)]
        view = elsewhere_view(found, self._env.clock.now())
        return ShowCard(info_card(view), summary=view.title)

    async def set(self, turn: Turn, act: DutyAct) -> Reply:
        person, partner = await self._rosters.may(turn.person, turn.conversation, turn.activity_id)
        before = await self._rosters.of(turn.conversation.id)
        change, say, wanted = await self._change(turn, act, before)
        after = await self._rosters.change(turn.conversation, change, wanted, person, partner)
        return self._card(after, say(after))

    def _card(self, roster: Duty, said: str = "") -> ShowCard:
        view = duty_view(roster, self._plan, self._env.clock.now(), said)
        return ShowCard(info_card(view), summary=said or view.title, said=said)

    async def _routed(self, partners: frozenset[str]) -> list[Conversation]:
        """The channels and group chats that these partners' alerts go to."""
        async with self._env.store.read() as tx:
            ids = [
                route.conversation_id
                for partner in sorted(partners)
                for route in await tx.conversations.routes(partner=partner)
                if route.on
            ]
            found = [await tx.conversations.get(each) for each in list(dict.fromkeys(ids))[:ELSEWHERE_MOST]]
        return [each for each in found if each is not None and each.kind != ConversationKind.PERSONAL]

    # From words to a change ------------------------------------------------------------------------------------------

    async def _act(self, turn: Turn, rest: str) -> DutyAct:
        """Raises UserError for words that make no change."""
        first, _, more = unmentioned(rest, turn.mentioned).partition(" ")
        do, words = first.lower(), more.split()
        ids = [each.mri or each.aad_id for each in turn.mentioned]
        if do in ("add", "remove", "manager", "week"):
            ids += [turn.person.mri for word in words if word.lower() in _ME]
            words = [word for word in words if word.lower() not in _ME]
        if do == "remove" and words and not ids:
            ids = [await self._called(turn, " ".join(words))]
        if do in ("add", "manager", "remove"):
            return DutyAct(do=do, people=ids[:20])
        if do in ("week", "tag", "zone", "escalate"):
            return DutyAct(do=do, people=ids[:20], word=" ".join(words)[:_LONGEST_TAG])
        if do == "clear" and not words:
            return DutyAct(do=do)
        raise UserError(texts.USAGE, code="bad_duty")

    async def _called(self, turn: Turn, name: str) -> str:
        """Somebody of the roster by name: who has left cannot be mentioned any more."""
        roster = await self._rosters.of(turn.conversation.id)
        fitting = [each for each in roster.people if name.lower().lstrip("@") in each.name.lower()]
        exact = [each for each in fitting if each.name.lower() == name.lower().lstrip("@")]
        if not fitting:
            raise Unknown(texts.unknown_name(name), code="unknown_name")
        if len(fitting) > 1 and len(exact) != 1:
            raise UserError(texts.several_named(name), code="several_named")
        return (exact or fitting)[0].id

    async def _change(self, turn: Turn, act: DutyAct, before: Duty) -> tuple[Change, Callable[[Duty], str], Wanted]:
        """What becomes of a roster, how that is said, and how it is recorded."""
        if act.do == "remove":
            return self._removal(act, before)
        if act.do == "week":
            return await self._week(turn, act, before)
        if act.do in ("add", "manager"):
            people = await self._members(turn, act.people)
            names = tuple(each.name for each in people)
            if act.do == "manager":
                return (
                    lambda roster, _: roster.managed_by(people),
                    lambda _: texts.managers_added(names),
                    Wanted("manager", names),
                )
            return (
                lambda roster, at: roster.adding(people, at),
                lambda _: texts.added(names),
                Wanted("add", names),
            )
        if act.do == "clear":
            return (
                lambda roster, _: Duty(zone=roster.zone, escalates=roster.escalates),
                _says(texts.CLEARED),
                Wanted("clear"),
            )
        return _setting(act)

    def _removal(self, act: DutyAct, before: Duty) -> tuple[Change, Callable[[Duty], str], Wanted]:
        meant = set(act.people)
        gone = [each for each in before.people if each.id in meant or each.mri in meant]
        if not gone:
            raise UserError(texts.NOBODY_NAMED if not meant else texts.NOT_IN_IT, code="nobody_named")
        ids, names = [each.id for each in gone], tuple(each.name for each in gone)
        return (
            lambda roster, at: roster.without(ids, at),
            lambda _: texts.removed(names),
            Wanted("remove", names),
        )

    async def _week(self, turn: Turn, act: DutyAct, before: Duty) -> tuple[Change, Callable[[Duty], str], Wanted]:
        this = before.week(self._env.clock.now())
        name, _, rest = act.word.partition(" ")
        week = read_week(name, this)
        if not name:
            raise UserError(texts.USAGE, code="bad_duty")
        if week is None:
            raise UserError(texts.bad_week(name, this), code="bad_week")
        if rest.lower() in _AS_USUAL and not act.people:
            return (
                lambda roster, at: roster.standing_in(week, (), at),
                lambda roster: texts.week_as_usual(week, roster.of_week(week)),
                Wanted("week", word=week.label),
            )
        if rest:
            raise UserError(texts.USAGE, code="bad_duty")
        people = await self._members(turn, act.people)
        names = tuple(each.name for each in people)
        return (
            lambda roster, at: roster.standing_in(week, people, at),
            lambda _: texts.week_given(week, names),
            Wanted("week", names, week.label),
        )

    async def _members(self, turn: Turn, ids: Sequence[str]) -> tuple[Member, ...]:
        if not ids:
            raise UserError(texts.NOBODY_NAMED, code="nobody_named")
        known = {each.mri: each.name for each in turn.mentioned}
        return await self._rosters.members(turn.conversation, ids, [known.get(each, "") for each in ids])


def _setting(act: DutyAct) -> tuple[Change, Callable[[Duty], str], Wanted]:
    word, wanted = act.word.strip(), Wanted(act.do, word=act.word.strip())
    if act.do == "escalate":
        if word.lower() not in _SWITCH:
            raise UserError(texts.BAD_SWITCH, code="bad_switch")
        on = _SWITCH[word.lower()]
        return lambda roster, _: replace(roster, escalates=on), _says(texts.ESCALATES if on else texts.SILENT), wanted
    if act.do == "zone":
        if not is_zone(word):
            raise UserError(texts.bad_zone(word), code="bad_zone")
        return lambda roster, _: replace(roster, zone=word), _says(texts.zone_set(word)), wanted
    if not word or not word.isprintable() or " " in word:
        raise UserError(texts.BAD_TAG, code="bad_tag")
    tag = "" if word.lower() in _OFF else word
    return lambda roster, _: replace(roster, tag=tag), _says(texts.TAG_SET if tag else texts.TAG_OFF), wanted


def _says(text: str) -> Callable[[Duty], str]:
    return lambda _: text
