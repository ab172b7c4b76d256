"""Search from the box that people write in, in any chat, and the cards that they share so.

A message extension works where the bot is not, for people of whom that conversation tells us nothing. So what they may
read is their own right, as in a personal chat, wherever they ask; what is found shows to them alone; and what they
share tells everybody no more than a number and a severity. Nothing is written down at a letter.
https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/search-commands/respond-to-search
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.chat.feature import CommandHandler, Typed, VerbHandler
from bot.chat.presenter import Place, alert_view, row, severity_view
from bot.chat.signing_in import SigningIn
from bot.chat.turn import (
    SEARCH_COMMAND,
    Found,
    OfferSignIn,
    Refuse,
    Reply,
    Result,
    Say,
    ShowCard,
    Turn,
    TurnKind,
)
from bot.domain.alerts import AlertRecord
from bot.errors import SignInNeeded, Transient, Unknown
from bot.ports import Environment
from bot.services.access import Access
from bot.services.filtering import words_query
from bot.services.lookup import Lookup
from bot.services.memory import Memory
from bot.texts import en, searching
from cards import actions
from cards.actions import SharedAct
from cards.alert import alert_card
from cards.shared import SharedView, shared_card
from cards.text import label
from cards.views import Button

QUERY_SECONDS = 3.5
"""Teams waits for 5 s. https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/search-commands/respond-to-search"""
MOST = 15
"""Alerts in one answer."""
SKIP_MOST = 150
"""Whoever scrolls further types more instead."""
READ_SECONDS = 30.0
"""How long is remembered what somebody may read: a search is a row of questions, one for each letter."""
_NUMBER = re.compile(r"(?:a-)?(\d{1,12})", re.IGNORECASE | re.ASCII)
_LINE = 120


class Searching:
    def __init__(self, env: Environment, access: Access, lookup: Lookup, signing_in: SigningIn, place: Place) -> None:
        self._env, self._access, self._lookup = env, access, lookup
        self._signing_in, self._place = signing_in, place
        self._readable: Memory[tuple[str, str], frozenset[str]] = Memory(READ_SECONDS)

    def commands(self, _typed: Typed) -> Mapping[str, CommandHandler]:
        """None: `search` and `show` are what is typed."""
        return {}

    def verbs(self) -> Mapping[str, VerbHandler]:
        return {actions.ALERT_SHARED: self._shared}

    async def introduced(self, turn: Turn) -> Turn:
        """The turn with the person as we know them from where the bot is. Raises NotChecked."""
        return replace(turn, person=await self._access.introduced(turn.person, turn.conversation))

    # A search -------------------------------------------------------------------------------------------------------

    async def find(self, turn: Turn) -> Reply:
        """What fits the words of a search, in time or not at all."""
        if turn.verb != SEARCH_COMMAND:
            return Refuse(searching.OTHER_VERSION, "unknown_command")
        try:
            async with asyncio.timeout(QUERY_SECONDS):
                return await self._find(turn)
        except (TimeoutError, Transient):
            return Say(searching.NOT_NOW)

    async def _find(self, turn: Turn) -> Reply:
        try:
            readable = await self._own(turn)
        except SignInNeeded as need:
            link = await self._signing_in.offered(turn, need)
            # A token of Teams' own is asked for once; where that did not do, the person must come along.
            return OfferSignIn(link, silent=not (need.interactive or turn.token))
        if not readable:
            return Say(searching.NOTHING_READABLE)
        skip, count = int(turn.data["skip"]), min(int(turn.data["count"]) or MOST, MOST)
        records = await self._records(turn.text.strip(), readable, skip, count)
        if not records and not skip:
            return Say(en.SEARCH_EMPTY)
        return Found(tuple(map(self._result, records)))

    async def _own(self, turn: Turn) -> frozenset[str]:
        """What the person may read wherever they are. Raises SignInNeeded, NotChecked."""
        key, at = (turn.person.aad_id, turn.person.mri), self._env.clock.monotonic()
        if (known := self._readable.get(key, at)) is not None:
            return known
        turn = await self.introduced(turn)
        if not turn.person.is_known:
            return frozenset()
        await self._signing_in.take(turn)
        readable = await self._access.own(turn.person)
        self._readable.put(key, readable, at)
        return readable

    async def _records(self, text: str, readable: frozenset[str], skip: int, count: int) -> list[AlertRecord]:
        """Without words the list of what is unresolved, as `show` begins it."""
        if skip > SKIP_MOST:
            return []
        most = skip + count
        async with self._env.store.read() as tx:
            if not text:
                wanted = words_query("", readable, self._env.partners, self._env.clock.now())
                return list((await tx.alerts.first(wanted, most))[skip:])
            number = _NUMBER.fullmatch(text)
            named = await tx.alerts.by_number(int(number[1]), readable) if number else None
            found = await tx.alerts.search(text, readable, most)
        others = [record for record in found if named is None or record.number != named.number]
        return ([named, *others] if named is not None else others)[skip:most]

    def _result(self, record: AlertRecord) -> Result:
        """A line for the one who searches, and the card for everybody."""
        line = row(record, self._env.clock.now(), self._place)
        return Result(
            card=_card(record.number, record.alert.severity),
            title=label(f"{line.label} \u00b7 {line.severity.word} \u00b7 {line.status.text}", _LINE),
            subtitle=label(line.title, _LINE),
            text=label(line.detail, _LINE),
        )

    # A shared card --------------------------------------------------------------------------------------------------

    async def _shared(self, turn: Turn, act: SharedAct) -> Reply:
        """The alert, for the eyes of the one who pressed. Whoever may not read it cannot tell it from none."""
        if turn.kind != TurnKind.EXECUTE:
            return Say(searching.BY_BUTTON_ONLY)  # anything but the answer to a press would show to all
        if act.hide:
            return ShowCard(_card(act.alert, act.severity))
        try:
            record = await self._readable_one(turn, act.alert)
        except Unknown:
            return Refuse(searching.NOT_FOR_YOU, "nothing_here")
        async with self._env.store.read() as tx:
            pending = await tx.intents.open_on(record.alert.key)
        view = alert_view(record, self._place, self._env.clock.now(), pending=pending, reader=True)
        links = tuple(button for button in view.buttons if button.kind == "url")
        data = {**_data(record.number, record.alert.severity), "hide": True}
        hide = Button(searching.BACK_TO_SHARED, verb=actions.ALERT_SHARED, data=data)
        view = replace(view, buttons=(hide, *links), refresh=None, hint=searching.only_you(record.label))
        return ShowCard(alert_card(view), summary=record.label, said=searching.SIGNED_IN_SHOW)

    async def _readable_one(self, turn: Turn, number: int) -> AlertRecord:
        """Raises Unknown, SignInNeeded, NotChecked. What is sent to this conversation all of it may read, as ever."""
        routed = await self._access.routed(turn.conversation.id)
        if routed:
            try:
                return await self._lookup.number(number, routed)
            except Unknown:
                pass  # then it is for those who may read it elsewhere
        own = await self._access.own(turn.person) if turn.person.is_known else frozenset[str]()
        return await self._lookup.number(number, own)


def _data(number: int, severity: str) -> dict[str, Any]:
    """The severity is for drawing the card again, and for nothing else."""
    return {"alert": number, "severity": severity[:32]}


def _card(number: int, severity: str) -> Mapping[str, Any]:
    """What everybody sees."""
    name, shown = f"A-{number}", severity_view(severity)
    return shared_card(
        SharedView(
            name,
            shown,
            searching.SHARED_LEAD,
            (Button(en.SHOW, verb=actions.ALERT_SHARED, data=_data(number, severity)),),
            searching.shared_summary(name, shown.word),
        )
    )
