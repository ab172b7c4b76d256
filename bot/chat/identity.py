"""Who somebody is to the bot: `whoami` and `signout`."""

from __future__ import annotations

import asyncio

from bot.chat.turn import Reply, Say, ShowCard, Turn
from bot.domain.people import Partner, Person, Roles
from bot.domain.policy import Act, Role, lacking
from bot.errors import AlertDeskError, SignInNeeded
from bot.ports import Environment, UserTokens
from bot.services.access import Access
from bot.texts import en as texts
from bot.texts import identity
from cards.info import info_card
from cards.views import Fact, InfoView, Line


class Identity:
    """`tokens` is None where the bot acts as nobody but itself."""

    def __init__(self, env: Environment, access: Access, tokens: UserTokens | None) -> None:
        self._env, self._access, self._tokens = env, access, tokens

    async def whoami(self, turn: Turn) -> Reply:
        person, nothing_more = turn.person, identity.MAY_NOT_DECIDE
        try:
            person = await self._access.known(turn.person, turn.conversation)
        except AlertDeskError:
            nothing_more = identity.NOT_CHECKED
        facts = [
            Fact(identity.NAME, person.name or texts.UNKNOWN),
            *((Fact(identity.ACCOUNT, person.upn),) if person.upn else ()),
            Fact(identity.OBJECT_ID, person.aad_id or texts.UNKNOWN, monospace=True),
            Fact(identity.TENANT, person.tenant_id or texts.UNKNOWN, monospace=True),
        ]
        lines: list[Line] = []
        partners = [each for each in self._env.partners.values() if person.may_stand_in(each.roles_in)]
        for fact, said in await asyncio.gather(*(self._at(person, partner) for partner in partners)):
            facts.append(fact)
            lines += said
        view = InfoView(
            identity.WHOAMI,
            tuple(lines or [Line(nothing_more)]),
            tuple(facts),
            fallback_text=identity.WHOAMI,
        )
        return ShowCard(info_card(view), summary=identity.WHOAMI)

    async def signout(self, turn: Turn) -> Reply:
        """Forget every token with which the bot could act as this person."""
        if self._tokens is None:
            return Say(identity.SIGNOUT_NOTHING)
        held = await self._tokens.forget(await self._access.account(turn.person, turn.conversation))
        return Say(identity.SIGNED_OUT if held else identity.SIGNOUT_NOTHING)

    async def _at(self, person: Person, partner: Partner) -> tuple[Fact, list[Line]]:
        how = identity.acts_as_you(partner.name) if partner.act_as == "user" else identity.acts_as_app(partner.name)
        name = identity.roles_in(partner.name)
        try:
            roles = await self._access.roles_now(person, partner)
        except SignInNeeded:
            return Fact(name, identity.ROLES_NOT_SIGNED_IN, tone="warning"), [
                Line(how, "subtle"),
                Line(identity.NOT_SIGNED_IN),
            ]
        except AlertDeskError:
            return Fact(name, identity.ROLES_UNCHECKED, tone="warning"), [Line(how, "subtle")]
        may = identity.MAY_DECIDE if not lacking(Act.MARK, roles) else identity.MAY_NOT_DECIDE
        if len(self._env.partners) > 1:
            may = identity.at_partner(partner.name, may)
        return Fact(name, ", ".join(_held(roles)) or identity.ROLES_NONE), [Line(may), Line(how, "subtle")]


def _held(roles: Roles) -> list[str]:
    held = ((Role.ADMIN_AGENT, roles.admin_agent), (Role.GLOBAL_ADMINISTRATOR, roles.global_administrator))
    return [str(role) for role, has in held if has]
