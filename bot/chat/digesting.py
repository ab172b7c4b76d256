"""Digests, as people press and type it: which are set, to set one, to stop it, to send one now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.chat.acting import Acting
from bot.chat.digest_views import settings_view
from bot.chat.feature import CommandHandler, Typed, VerbHandler
from bot.chat.turn import Reply, Say, ShowCard, Turn
from bot.domain.digest import DigestKind, Schedule, minute_of, weekday_of
from bot.errors import UserError
from bot.services.digests import Digests
from bot.texts import digest as texts
from cards import actions
from cards.actions import DigestOff, DigestSend, DigestSet
from cards.info import info_card

_NOW = ("now", "send")
_OFF = ("off", "stop", "none")


class Digesting:
    """The verbs `digest.set`, `digest.off`, `digest.send`, and the command `digest` with all three."""

    def __init__(self, acting: Acting, digests: Digests) -> None:
        self._acting, self._digests = acting, digests

    def verbs(self) -> Mapping[str, VerbHandler]:
        return {actions.DIGEST_SET: self.set, actions.DIGEST_OFF: self.off, actions.DIGEST_SEND: self.send}

    def commands(self, typed: Typed) -> Mapping[str, CommandHandler]:
        async def digest(turn: Turn, rest: str) -> Reply:
            words = rest.split()
            if not words:
                return await self.show(turn)
            first, others = words[0].lower(), words[1:]
            if first in _NOW and not others:
                return await typed(turn, actions.DIGEST_SEND, {})
            if first in _OFF and len(others) <= 1:
                kind = others[0].lower() if others else ""
                if kind in ("", *DigestKind):
                    return await typed(turn, actions.DIGEST_OFF, {"kind": kind})
            if first in tuple(DigestKind):
                return await typed(turn, actions.DIGEST_SET, await self._wanted(turn, first, others))
            raise UserError(texts.USAGE, code="digest_usage")

        return {"digest": digest}

    async def show(self, turn: Turn) -> Reply:
        await self._acting.readable(turn)
        here = turn.conversation.id
        view = settings_view(await self._digests.of(here), routed=await self._digests.routed(here))
        return ShowCard(info_card(view), summary=texts.TITLE)

    async def set(self, turn: Turn, act: DigestSet) -> Reply:
        schedule = Schedule(act.kind, act.zone, act.minute, act.weekday if act.kind == "weekly" else 0)
        digest = await self._digests.set(turn.person, turn.conversation, schedule, turn.activity_id)
        return Say(texts.set_to(digest))

    async def off(self, turn: Turn, act: DigestOff) -> Reply:
        return Say(texts.removed(await self._digests.off(turn.person, turn.conversation, act.kind, turn.activity_id)))

    async def send(self, turn: Turn, _act: DigestSend) -> Reply:
        await self._digests.send_now(turn.person, turn.conversation, turn.activity_id)
        return Say(texts.ON_ITS_WAY)

    async def _wanted(self, turn: Turn, kind: str, words: Sequence[str]) -> dict[str, object]:
        """`08:00 Europe/Stockholm` after `daily`, `monday 08:00 Europe/Stockholm` after `weekly`."""
        rest, weekday = list(words), 0
        if kind == DigestKind.WEEKLY:
            found = weekday_of(rest.pop(0)) if rest else None
            if found is None:
                raise UserError(texts.USAGE, code="digest_usage")
            weekday = found
        minute = minute_of(rest.pop(0)) if rest else None
        if minute is None:
            raise UserError(texts.USAGE, code="digest_usage")
        zone = await self._digests.zone(" ".join(rest), turn.conversation.id)
        return {"kind": kind, "minute": minute, "zone": zone, "weekday": weekday}
