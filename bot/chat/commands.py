"""What typed commands do: one handler a command. Their names and usage are in bot/texts/help.py."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable

from bot.chat import grammar
from bot.chat.acting import Acting
from bot.chat.exporting import Exporting
from bot.chat.lists import Lists
from bot.chat.turn import Reply, Say, ShowCard, Turn
from bot.domain.alerts import Status
from bot.domain.policy import Act, Role, lacking
from bot.errors import AlertDeskError, UserError
from bot.ports import Environment
from bot.services.access import Access
from bot.services.notes import Notes
from bot.services.routes import Routes
from bot.services.verdicts import Wish
from bot.texts import en as texts
from bot.texts.help import COMMANDS, FILTER_HELP
from cards.help import help_card
from cards.info import info_card
from cards.views import Command, Fact, HelpView, InfoView, Line

Handler = Callable[[Turn, str], Awaitable[Reply]]


class Commands:
    """`handlers` is complete: one for each command that `help` names, which a test compares."""

    def __init__(
        self,
        env: Environment,
        acting: Acting,
        access: Access,
        lists: Lists,
        notes: Notes,
        routes: Routes,
        exporting: Exporting,
    ) -> None:
        self._env, self._acting, self._access, self._lists = env, acting, access, lists
        self._notes, self._routes, self._exporting = notes, routes, exporting
        self.handlers: dict[str, Handler] = {
            "help": self._help,
            "whoami": self._whoami,
            "show": self._show,
            "search": self._search,
            "mark": self._mark,
            "reverdict": self._reverdict,
            "investigate": self._investigate,
            "note": self._note,
            "cancel": self._cancel,
            "export": self._export,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
        }

    async def run(self, turn: Turn) -> Reply:
        """Raises UserError for what is no command, with the nearest one."""
        command = grammar.parse(turn.text)
        return await self.handlers[command.name](turn, command.rest)

    async def _help(self, _turn: Turn, rest: str) -> Reply:
        word = rest.strip().lower()
        about = [command for command in COMMANDS if not word or command.name.split(" ", 1)[0] == word]
        if not about:
            near = difflib.get_close_matches(word, self.handlers, n=1, cutoff=0.6)
            raise UserError(texts.no_help(rest, near[0] if near else ""), code="no_help")
        shown = [Command(command.usage, command.meaning) for command in about]
        if word:
            shown += [Command(command.example, texts.FOR_EXAMPLE) for command in about if command.example]
        filters = FILTER_HELP if word in ("show", "export", "search", "subscribe") else ()
        view = HelpView(
            texts.HELP_TITLE, texts.HELP_INTRO, tuple(shown), (*filters, *texts.HELP_ROLES), texts.EMPTY_MESSAGE
        )
        return ShowCard(help_card(view), summary=texts.HELP_TITLE)

    async def _whoami(self, turn: Turn, rest: str) -> Reply:
        _nothing_more("whoami", rest)
        try:
            person = await self._access.known(turn.person, turn.conversation)
        except AlertDeskError:
            person = turn.person
        facts = [
            Fact(texts.NAME, person.name or texts.UNKNOWN),
            *((Fact(texts.ACCOUNT, person.upn),) if person.upn else ()),
            Fact(texts.OBJECT_ID, person.aad_id or texts.UNKNOWN, monospace=True),
            Fact(texts.TENANT, person.tenant_id or texts.UNKNOWN, monospace=True),
        ]
        lines = []
        for partner in self._env.partners.values():
            if not person.tenant_id or partner.roles_in != person.tenant_id:
                continue
            try:
                roles = await self._access.roles(person, partner)
            except AlertDeskError:
                facts.append(Fact(texts.roles_in(partner.name), texts.ROLES_UNCHECKED, tone="warning"))
                continue
            held = [
                str(role)
                for role, has in (
                    (Role.ADMIN_AGENT, roles.admin_agent),
                    (Role.GLOBAL_ADMINISTRATOR, roles.global_administrator),
                )
                if has
            ]
            facts.append(Fact(texts.roles_in(partner.name), ", ".join(held) or texts.ROLES_NONE))
            lines += [
                Line(texts.MAY_DECIDE if not lacking(Act.MARK, roles) else texts.MAY_NOT_DECIDE),
                Line(texts.acts_as_app(partner.name), "subtle"),
            ]
        view = InfoView(
            texts.WHOAMI, tuple(lines or [Line(texts.MAY_NOT_DECIDE)]), tuple(facts), fallback_text=texts.WHOAMI
        )
        return ShowCard(info_card(view), summary=texts.WHOAMI)

    async def _show(self, turn: Turn, rest: str) -> Reply:
        if grammar.looks_like_alert(rest):
            record = await self._acting.meant(turn, rest, whole=False)
            return ShowCard(await self._acting.board.details(record, ""), summary=self._acting.board.summary(record))
        readable = await self._acting.readable(turn)
        return ShowCard(await self._lists.page(rest, readable), summary=texts.list_title(rest))

    async def _search(self, turn: Turn, rest: str) -> Reply:
        readable = await self._acting.readable(turn)
        return ShowCard(await self._lists.search(_unquoted(rest), readable), summary=texts.search_title(rest))

    async def _mark(self, turn: Turn, rest: str) -> Reply:
        said = grammar.marking(rest, texts.MARK_USAGE)
        record = await self._acting.meant(turn, said.alert, whole=True)
        wish = Wish(Status.RESOLVED, said.verdict, said.note)
        return await self._acting.decide(turn, record, wish, act=Act.MARK, pressed=False)

    async def _reverdict(self, turn: Turn, rest: str) -> Reply:
        said = grammar.marking(rest, texts.REVERDICT_USAGE)
        record = await self._acting.meant(turn, said.alert, whole=True)
        if not said.note:
            raise UserError(texts.REVERDICT_USAGE, code="no_reason")
        wish = Wish(Status.RESOLVED, said.verdict, said.note, may_replace=True)
        return await self._acting.decide(turn, record, wish, act=Act.REVERDICT, pressed=False)

    async def _investigate(self, turn: Turn, rest: str) -> Reply:
        record = await self._acting.meant(turn, rest, whole=True)
        return await self._acting.decide(turn, record, Wish(Status.INVESTIGATING), act=Act.INVESTIGATE, pressed=False)

    async def _note(self, turn: Turn, rest: str) -> Reply:
        said = grammar.remark(rest, in_thread=await self._acting.of_thread(turn) is not None)
        if not said.text:
            raise UserError(texts.NOTE_EMPTY, code="note_empty")
        record = await self._acting.meant(turn, said.alert, whole=True)
        await self._acting.check(turn, record, Act.NOTE)
        await self._notes.add(record, said.text, turn.person)
        return Say(texts.note_added(record.label))

    async def _cancel(self, turn: Turn, rest: str) -> Reply:
        return await self._acting.cancel(turn, await self._acting.meant(turn, rest, whole=True))

    async def _export(self, turn: Turn, rest: str) -> Reply:
        return await self._exporting.ask(turn, rest)

    async def _subscribe(self, turn: Turn, rest: str) -> Reply:
        return Say(texts.subscribed(await self._routes.subscribe(turn.person, turn.conversation, rest), rest))

    async def _unsubscribe(self, turn: Turn, rest: str) -> Reply:
        _nothing_more("unsubscribe", rest)
        return Say(texts.unsubscribed(await self._routes.unsubscribe(turn.person, turn.conversation)))


def _nothing_more(name: str, rest: str) -> None:
    if rest:
        raise UserError(texts.takes_nothing(name, rest), code="too_much")


def _unquoted(text: str) -> str:
    return text.strip().strip('"').strip()
