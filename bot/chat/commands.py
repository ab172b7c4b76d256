"""What typed commands do: one handler a command. Their names and usage are in bot/texts/help.py."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from bot.chat import grammar
from bot.chat.acting import Acting
from bot.chat.cancelling import Requests
from bot.chat.exporting import Exporting
from bot.chat.feature import CommandHandler, Feature
from bot.chat.identity import Identity
from bot.chat.lists import Lists
from bot.chat.turn import Reply, ShowCard, Turn
from bot.chat.verbs import Verbs
from bot.errors import UserError
from bot.services.filtering import check_export_words
from bot.services.saved_filters import SavedFilters
from bot.texts import bulk, cancelling
from bot.texts import en as texts
from bot.texts import lists as list_texts
from bot.texts.help import COMMANDS, FILTER_HELP
from cards import actions
from cards.help import help_card
from cards.views import Command, HelpView

_SET_LONGEST = 64


class Commands:
    """`handlers` is complete: one for each command that `help` names, which a test compares."""

    def __init__(
        self,
        acting: Acting,
        lists: Lists,
        verbs: Verbs,
        exporting: Exporting,
        identity: Identity,
        requests: Requests,
        saved: SavedFilters,
        features: Iterable[Feature] = (),
    ) -> None:
        self._acting, self._lists, self._verbs = acting, lists, verbs
        self._exporting, self._identity, self._requests = exporting, identity, requests
        self._saved = saved
        self.handlers: dict[str, CommandHandler] = {
            "help": self._help,
            "whoami": self._whoami,
            "signout": self._signout,
            "show": self._show,
            "search": self._search,
            "mark": self._mark,
            "reverdict": self._reverdict,
            "investigate": self._investigate,
            "bulk": self._bulk,
            "note": self._note,
            "cancel": self._cancel,
            "reactivate": self._reactivate,
            "approve": self._approve,
            "reject": self._reject,
            "withdraw": self._withdraw,
            "approvals": self._approvals,
            "export": self._export,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
        }
        for feature in features:
            self.handlers |= feature.commands(verbs.typed)

    async def run(self, turn: Turn) -> Reply:
        """Raises UserError for what is no command, with the nearest one."""
        command = grammar.parse(turn.text)
        return await self.handlers[command.name](turn, command.rest)

    async def _help(self, _turn: Turn, rest: str) -> Reply:
        word = " ".join(rest.lower().split())
        if word not in (command.name for command in COMMANDS) and (first := word.split(" ", 1)[0]) in self.handlers:
            word = first
        about = [command for command in COMMANDS if not word or word in (command.name, command.name.split(" ", 1)[0])]
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
        return await self._identity.whoami(turn)

    async def _signout(self, turn: Turn, rest: str) -> Reply:
        _nothing_more("signout", rest)
        return await self._identity.signout(turn)

    async def _show(self, turn: Turn, rest: str) -> Reply:
        if grammar.looks_like_alert(rest):
            record = await self._acting.meant(turn, rest, whole=False)
            return ShowCard(await self._acting.board.details(record, ""), summary=self._acting.board.summary(record))
        readable = await self._acting.readable(turn)
        words = await self._saved.expand(rest, turn.person, turn.conversation)
        card = await self._lists.page(words, readable, turn.conversation.id, asker=turn.person.aad_id)
        return ShowCard(card, summary=texts.list_title(rest))

    async def _search(self, turn: Turn, rest: str) -> Reply:
        said = grammar.searching(rest)
        if grammar.is_label(said.text):
            return await self._show(turn, said.text)
        readable = await self._acting.readable(turn)
        where, asker = turn.conversation.id, turn.person.aad_id
        filters = await self._saved.expand(said.filters, turn.person, turn.conversation)
        card = await self._lists.search(said.text, filters, readable, where, asker=asker)
        return ShowCard(card, summary=list_texts.search_title(said.text))

    async def _mark(self, turn: Turn, rest: str) -> Reply:
        said = grammar.marking(rest, texts.MARK_USAGE)
        record = await self._acting.meant(turn, said.alert, whole=True)
        return await self._verbs.typed(turn, f"alert.{said.verdict}", {"alert": record.number, "note": said.note})

    async def _reverdict(self, turn: Turn, rest: str) -> Reply:
        said = grammar.marking(rest, texts.REVERDICT_USAGE)
        record = await self._acting.meant(turn, said.alert, whole=True)
        if not said.note:
            raise UserError(texts.REVERDICT_USAGE, code="no_reason")
        data = {"alert": record.number, "verdict": said.verdict, "reason": said.note}
        return await self._verbs.typed(turn, actions.ALERT_REVERDICT, data)

    async def _investigate(self, turn: Turn, rest: str) -> Reply:
        record = await self._acting.meant(turn, rest, whole=True)
        return await self._verbs.typed(turn, actions.ALERT_INVESTIGATE, {"alert": record.number})

    async def _bulk(self, turn: Turn, rest: str) -> Reply:
        said = grammar.marking(rest, bulk.USAGE)
        if not said.alert:
            raise UserError(bulk.USAGE, code="no_set")
        data = {"set": said.alert.lower()[:_SET_LONGEST], "verdict": said.verdict, "note": said.note}
        return await self._verbs.typed(turn, actions.ALERTS_BULK, data)

    async def _note(self, turn: Turn, rest: str) -> Reply:
        said = grammar.remark(rest, in_thread=await self._acting.of_thread(turn) is not None)
        if not said.text:
            raise UserError(texts.NOTE_EMPTY, code="note_empty")
        record = await self._acting.meant(turn, said.alert, whole=True)
        return await self._verbs.typed(turn, actions.ALERT_NOTE, {"alert": record.number, "text": said.text})

    async def _cancel(self, turn: Turn, rest: str) -> Reply:
        return await self._ask(turn, "cancel", rest)

    async def _reactivate(self, turn: Turn, rest: str) -> Reply:
        return await self._ask(turn, "reactivate", rest)

    async def _ask(self, turn: Turn, kind: str, rest: str) -> Reply:
        """The form, or (for clients without forms) the question itself where its answers were typed along."""
        said = grammar.asking(rest)
        act = await self._requests.meant(turn, said.subject)
        about = act.model_dump(exclude_defaults=True)
        if not said.filled_in:
            verb = actions.SUBSCRIPTION_CANCEL if kind == "cancel" else actions.SUBSCRIPTION_REACTIVATE
            return await self._verbs.typed(turn, verb, about)
        answers = {"reason": said.reason, "consent": said.consent, "consent_note": said.note, "confirm": said.confirm}
        return await self._verbs.typed(turn, actions.CANCELLATION_ASK, {"kind": kind, **about, **answers})

    async def _approve(self, turn: Turn, rest: str) -> Reply:
        said = grammar.deciding(rest, "approve")
        if said.reason:
            raise UserError(cancelling.approve_takes_no_reason(said.reason), code="too_much")
        number, _ = await self._requests.named(turn, said.request)
        return await self._verbs.typed(turn, actions.CANCELLATION_APPROVE, {"request": number, "new": list(said.seen)})

    async def _reject(self, turn: Turn, rest: str) -> Reply:
        said = grammar.deciding(rest, "reject")
        number, reason = await self._requests.named(turn, said.request, said.reason)
        return await self._verbs.typed(turn, actions.CANCELLATION_REJECT, {"request": number, "reason": reason})

    async def _withdraw(self, turn: Turn, rest: str) -> Reply:
        said = grammar.deciding(rest, "withdraw")
        number, reason = await self._requests.named(turn, said.request, said.reason)
        return await self._verbs.typed(turn, actions.CANCELLATION_WITHDRAW, {"request": number, "reason": reason})

    async def _approvals(self, turn: Turn, rest: str) -> Reply:
        _nothing_more("approvals", rest)
        return await self._requests.approvals(turn)

    async def _export(self, turn: Turn, rest: str) -> Reply:
        check_export_words(rest)
        return await self._exporting.ask(turn, await self._saved.expand(rest, turn.person, turn.conversation))

    async def _subscribe(self, turn: Turn, rest: str) -> Reply:
        words = await self._saved.expand(rest, turn.person, turn.conversation)
        return await self._verbs.typed(turn, actions.ROUTE_ON, {"words": words})

    async def _unsubscribe(self, turn: Turn, rest: str) -> Reply:
        _nothing_more("unsubscribe", rest)
        return await self._verbs.typed(turn, actions.ROUTE_OFF, {})


def _nothing_more(name: str, rest: str) -> None:
    if rest:
        raise UserError(texts.takes_nothing(name, rest), code="too_much")
