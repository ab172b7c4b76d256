"""What happens when an act needs the person's own token and there is none, or a better one is wanted.

A button press: Teams is asked for its SSO token and sends the press again. A message in a personal chat: the same by
an OAuth card, and the message is kept meanwhile. Where silence cannot mend it (consent, multi-factor authentication,
conditional access): a card with one link to a sign-in page, after which the act goes on by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from bot.chat import grammar
from bot.chat.turn import SPOKEN, AskToken, Reply, ShowCard, Turn, TurnKind
from bot.domain.audit import AuditEntry
from bot.domain.people import Conversation, Person
from bot.errors import NotAllowed, NotChecked, SignInNeeded, Transient, UserError
from bot.ports import Environment, SignIn, UserTokens
from bot.services.access import Access
from bot.services.exports import token_hash
from bot.services.memory import Memory
from bot.telemetry.log import get_logger
from bot.texts import en as texts
from bot.texts import signing_in
from cards.actions import ALERT_REFRESH, ALERT_SHARED, CANCELLATION_SHOW, PAYLOADS, AlertAct, SharedAct, ShowRequest
from cards.info import info_card
from cards.views import Button, InfoView, Line

PENDING_LIFE = timedelta(minutes=15)
PENDING = "act"
EXCHANGE_SECONDS = 1.5
"""Of a turn's three seconds, by when Entra must have taken Teams' token: the check and the answer take the rest."""
_OFFER_SECONDS = 600.0
"""A link that is handed out again is still good for some minutes."""
log = get_logger("signing_in")


class SigningIn:
    """`tokens` is None where the bot acts as nobody but itself; then nothing ever needs a sign-in."""

    def __init__(self, env: Environment, access: Access, tokens: UserTokens | None, *, public_url: str) -> None:
        self._env, self._access, self._tokens, self._public_url = env, access, tokens, public_url
        self._offered: Memory[str, str] = Memory(_OFFER_SECONDS)

    async def take(self, turn: Turn) -> None:
        """Take the SSO token that came with a turn. Raises NotAllowed (audited) where it is not this person's,
        SignInNeeded where it does not suffice, NotChecked where Entra is away or slow: what it gives late is kept."""
        if not turn.token or self._tokens is None:
            return
        person = await self._access.account(turn.person, turn.conversation)
        try:
            async with asyncio.timeout(EXCHANGE_SECONDS - turn.spent(self._env.clock.monotonic())):
                await self._tokens.exchange(person, turn.token)
        except TimeoutError:
            raise NotChecked(signing_in.SIGN_IN_SLOW, code="exchange_timeout") from None
        except Transient as problem:
            raise NotChecked(signing_in.SIGN_IN_SLOW, code=problem.code) from problem
        except NotAllowed as problem:
            await self._denied(person, turn, problem)
            raise

    async def needed(self, turn: Turn, need: SignInNeeded, *, asked: bool) -> Reply:
        """The answer to a turn that failed for want of a token. `asked`: Teams gave its own already."""
        if not need.interactive and not asked:
            # Kept even where Teams sends the press again by itself: a client that has no token offers a page instead.
            if (turn.is_personal and turn.kind in SPOKEN) or turn.kind == TurnKind.EXECUTE:
                return AskToken(_title(turn), await self._keep(turn, need))
            if turn.kind == TurnKind.SUBMIT:
                return self.button(turn)
        if not self._public_url:
            raise UserError(signing_in.SIGN_IN_NOWHERE, code="no_public_url")
        link = self.link(await self._keep(turn, need))
        title = _title(turn)
        view = InfoView(
            title,
            (Line(need.message), Line(signing_in.SIGN_IN_LINK, "subtle")),
            buttons=(Button(signing_in.SIGN_IN, "url", url=link), *_way_back(turn)),
            fallback_text=title,
        )
        return ShowCard(info_card(view), summary=title, sign_in=link)

    @staticmethod
    def button(turn: Turn) -> ShowCard:
        """A card with one button that carries what was submitted. What else came with it is not handed on, nor is the
        card that it came from: the button stands in another message."""
        data = PAYLOADS[turn.verb].model_validate(turn.data)
        return by_button(turn.verb, data.model_dump(mode="json", exclude_unset=True, exclude={"card"}))

    async def offered(self, turn: Turn, need: SignInNeeded) -> str:
        """A link to the sign-in page for somebody who searches: the same one for a while, so that not each letter of a
        search leaves something behind. Raises UserError where there is no such page."""
        if not self._public_url:
            raise UserError(signing_in.SIGN_IN_NOWHERE, code="no_public_url")
        at = self._env.clock.monotonic()
        key = f"{turn.person.aad_id}|{need.claims}|{need.scope}"
        token = self._offered.get(key, at)
        if token is None or await self.peek(token) is None:
            token = await self._keep(turn, need)
            self._offered.put(key, token, at)
        return self.link(token)

    def link(self, token: str) -> str:
        """The address of the sign-in page behind which the turn waits that was kept under this token."""
        return f"{self._public_url}/auth/start?act={token}"

    async def waiting(self, exchange: Turn) -> Turn | None:
        """The turn that waits for this token exchange. None: another of the person's clients was faster, or it is
        somebody else's."""
        async with self._env.store.read() as tx:
            pending = await tx.sign_ins.get(_state(exchange), self._env.clock.now())
        if pending is None or pending.after != PENDING or pending.person_id != exchange.person.aad_id:
            return None
        return self.restored(pending)

    async def over(self, exchange: Turn) -> None:
        """What waited for this token exchange, and was theirs, is answered."""
        async with self._env.store.write() as tx:
            await tx.sign_ins.take(_state(exchange), self._env.clock.now())

    async def peek(self, token: str) -> SignIn | None:
        """What waits behind a sign-in link."""
        async with self._env.store.read() as tx:
            pending = await tx.sign_ins.get(token_hash(token), self._env.clock.now())
        return pending if pending is not None and pending.after == PENDING else None

    async def finish(self, token: str) -> Turn | None:
        """Consume what waited behind a sign-in link: the act may go on, once."""
        async with self._env.store.write() as tx:
            pending = await tx.sign_ins.take(token_hash(token), self._env.clock.now())
        return self.restored(pending) if pending is not None else None

    @staticmethod
    def restored(pending: SignIn) -> Turn:
        """The turn as it was, under an id of its own: the activity itself was answered with the way to sign in."""
        kept = dict(pending.flow["turn"])
        people = {
            "conversation": Conversation(**kept["conversation"]),
            "person": Person(**kept["person"]),
            "mentioned": tuple(Person(**each) for each in kept["mentioned"]),
        }
        return Turn(**{**kept, **people, "activity_id": f"signed-in:{pending.state}"})

    async def _keep(self, turn: Turn, need: SignInNeeded) -> str:
        token = self._env.ids.token()
        person = await self._access.account(turn.person, turn.conversation)
        flow: Mapping[str, Any] = {
            "turn": _written(turn),
            "claims": need.claims,
            "scope": need.scope,
            "name": person.name,
            "upn": "" if person.guest else person.upn,  # a guest's names the account as no sign-in page knows it
        }
        expires = self._env.clock.now() + PENDING_LIFE
        async with self._env.store.write() as tx:
            await tx.sign_ins.add(SignIn(token_hash(token), person.aad_id, person.tenant_id, PENDING, flow, expires))
        return token

    async def _denied(self, person: Person, turn: Turn, problem: UserError) -> None:
        detail = {
            "code": problem.code,
            "tenant": person.tenant_id,
            "verb": turn.verb,
            "conversation": turn.conversation.id,
        }
        entry = AuditEntry("", "sign in", "denied", person.aad_id, person.name, turn.conversation.id, detail)
        async with self._env.store.write() as tx:
            await tx.audit.append(entry, self._env.clock.now())
        log.warning("token_refused", person=person.aad_id, code=problem.code)


def by_button(verb: str, data: Mapping[str, Any]) -> ShowCard:
    """What was typed or submitted where Teams gives no token with it, as a button, with which Teams does."""
    view = InfoView(
        signing_in.SIGN_IN_TITLE,
        (Line(signing_in.SIGN_IN_BY_BUTTON),),
        buttons=(Button(signing_in.GO_ON_AS_ME, verb=verb, data=data),),
        fallback_text=signing_in.SIGN_IN_BY_BUTTON,
    )
    return ShowCard(info_card(view), summary=signing_in.SIGN_IN_TITLE)


def _title(turn: Turn) -> str:
    """With what it is about, for other messages can stand between this and what was pressed or written."""
    request, alert = turn.data.get("request"), turn.data.get("alert")
    if isinstance(request, int):
        label = f"R-{request}"
    else:
        label = f"A-{alert}" if isinstance(alert, int) else grammar.subject(turn.text)
    return signing_in.sign_in_for(label) if label else signing_in.SIGN_IN_TITLE


def _way_back(turn: Turn) -> tuple[Button, ...]:
    """The pressed card gives its place to the sign-in: whoever does not want to, or comes too late, gets it back. Where
    no verb draws it again, the press itself can be repeated."""
    if turn.kind != TurnKind.EXECUTE or turn.verb not in PAYLOADS:
        return ()
    if turn.verb == ALERT_SHARED:
        return (Button(texts.BACK_TO_CARD, verb=ALERT_SHARED, data={**_carried(turn, SharedAct), "hide": True}),)
    if "alert" in turn.data:
        return (Button(texts.BACK_TO_CARD, verb=ALERT_REFRESH, data=_carried(turn, AlertAct)),)
    if "request" in turn.data:
        return (Button(signing_in.BACK_TO_REQUEST, verb=CANCELLATION_SHOW, data=_carried(turn, ShowRequest)),)
    return (Button(signing_in.PRESS_ANEW, verb=turn.verb, data=_carried(turn, PAYLOADS[turn.verb])),)


def _carried(turn: Turn, model: type[BaseModel]) -> dict[str, Any]:
    """What of the pressed button's data such a button carries."""
    return {name: turn.data[name] for name in model.model_fields if name in turn.data}


def _state(exchange: Turn) -> str:
    return token_hash(str(exchange.data.get("id") or ""))


def _written(turn: Turn) -> dict[str, Any]:
    """A turn as JSON, without its token and code: what is kept must not be worth stealing. It begins anew."""
    return {name: value for name, value in asdict(turn).items() if name not in ("token", "code", "began")}
