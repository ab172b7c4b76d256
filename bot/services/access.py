"""Who is speaking, what they may read here, and whether they may do what they ask. Fails closed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from bot.domain.audit import AuditEntry
from bot.domain.people import NO_ROLES, Conversation, ConversationKind, ConversationState, Partner, Person, Roles
from bot.domain.policy import Act, lacking
from bot.errors import AlertDeskError, NotAllowed, NotChecked, SignInNeeded, Unknown, UserError
from bot.ports import Channel, Directory, Environment
from bot.services.memory import Memory
from bot.texts import en as texts

T = TypeVar("T")

CHECK_SECONDS = 1.2
"""A question that takes longer is given up: a click asks two and is answered within 3 s whatever the backends do."""
ASKED_AT_ONCE = 8
"""Rosters that are asked about one person at the same time."""
HEAD_START_SECONDS = 0.2
"""For so long the first roster is asked alone: mostly it knows the person, and no other need be asked."""


class Access:
    """Answers from the roster and the directory. Of what it remembers for a minute, acting uses only who somebody is;
    what they may do is asked live."""

    def __init__(
        self,
        env: Environment,
        directory: Directory,
        channel: Channel,
        role_changed: Callable[[str], object] = lambda _partner: None,
    ) -> None:
        """`role_changed` is told of a partner for whom somebody may decide now who could not before, or no longer may.
        It must not take time: somebody waits."""
        self._env, self._directory, self._channel = env, directory, channel
        self._role_changed = role_changed
        self._rosters: Memory[tuple[str, str], Person] = Memory(60.0)
        self._strangers: Memory[tuple[str, str], bool] = Memory(60.0)
        self._agents: Memory[tuple[str, str], bool] = Memory(60.0)
        self._drawn: Memory[tuple[str, str], tuple[Roles | None]] = Memory(60.0)
        self._routed: Memory[str, frozenset[str]] = Memory(2.0)

    async def known(self, person: Person, conversation: Conversation) -> Person:
        """The person with the tenant that the conversation's roster reports, and whether they are a guest; as they came
        where it does not know them.

        Raises NotChecked where the roster cannot be asked in time.
        """
        return person if person.is_known else await _checked(self._identify(person, conversation))

    async def introduced(self, person: Person, conversation: Conversation) -> Person:
        """As `known`, for a turn from where the bot need not be, and where Teams then tells it nothing of who is there:
        the person as the roster of their own chat with the bot knows them, or of a conversation that gets alerts, or
        of this one; as they came where none does.

        Raises NotChecked where that cannot be asked in time.
        """
        return person if person.is_known else await _checked(self._introduced(person, conversation))

    async def _introduced(self, person: Person, conversation: Conversation) -> Person:
        async with self._env.store.read() as tx:
            routes = await tx.conversations.routes()
            ids = dict.fromkeys([conversation.id, *(route.conversation_id for route in routes if route.on)])
            places = [await tx.conversations.personal_of(person.aad_id)] if person.aad_id else []
            places += [await tx.conversations.get(each) for each in ids]
        active = [place for place in places if place is not None and place.state == ConversationState.ACTIVE]
        return _as_recorded(person, await self._found(person, active, person.mri))

    async def account(
        self, person: Person, conversation: Conversation, partners: Collection[str] | None = None
    ) -> Person:
        """The known person as the account they sign in with: a guest's is of the role tenant of the partners for whom
        the bot acts as people, else of another of these `partners` (all).

        Raises NotChecked where the roster cannot be asked in time.
        """
        among = [each for each in self._env.partners.values() if partners is None or each.tenant_id in partners]
        among.sort(key=lambda partner: partner.act_as != "user")
        return (await self.known(person, conversation)).as_of(among[0].roles_in if among else "")

    async def _identify(self, person: Person, conversation: Conversation) -> Person:
        return _as_recorded(person, await self._member(conversation, person, person.mri))

    async def _member(self, conversation: Conversation, person: Person, asked_by: str) -> Person | None:
        """The roster's record, if it is of that very person."""
        key, at = (conversation.id, person.aad_id), self._env.clock.monotonic()
        if (known := self._rosters.get(key, at)) is not None:
            return known
        member = await self._channel.member(conversation, asked_by)
        if member is None:
            self._strangers.put((conversation.id, asked_by), True, at)
        if member is None or not person.aad_id or member.aad_id.lower() != person.aad_id.lower():
            return None
        self._rosters.put(key, member, at)
        return member

    async def _found(self, person: Person, places: Collection[Conversation], asked_by: str) -> Person | None:
        """The record of a roster that knows the person; they are asked side by side, and not again within a minute
        where one did not. Where none does, raises what kept one from answering that should have."""
        at = self._env.clock.monotonic()
        for place in places:
            if (known := self._rosters.get((place.id, person.aad_id), at)) is not None:
                return known

        async def ask(place: Conversation) -> Person | AlertDeskError | None:
            try:
                return await self._member(place, person, asked_by)
            except AlertDeskError as problem:
                return problem if place.state == ConversationState.ACTIVE else None

        waiting = deque(place for place in places if not self._strangers.get((place.id, asked_by), at))
        running: set[asyncio.Task[Person | AlertDeskError | None]] = set()
        at_once = 1
        trouble: AlertDeskError | None = None
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    running.add(asyncio.create_task(ask(waiting.popleft())))
                wait = HEAD_START_SECONDS if at_once == 1 else None
                answered, running = await asyncio.wait(running, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
                at_once = ASKED_AT_ONCE
                for answer in (task.result() for task in answered):
                    if isinstance(answer, Person):
                        return answer
                    trouble = answer or trouble
        finally:
            for task in running:
                task.cancel()
        if trouble is not None:
            raise trouble
        return None

    async def on_roster(self, conversation: Conversation, person_id: str) -> Person | None:
        """The conversation's own record of a person by MRI or Entra object id; None where they are no member.

        Raises NotChecked where the roster cannot be asked in time.
        """
        return await _checked(self._channel.member(conversation, person_id))

    async def roles(self, person: Person, partner: Partner) -> Roles:
        """Live, and asked as that person where the bot acts as people. Someone who is unknown, or at home in another
        tenant than the partner's role tenant and no guest, has none; a guest has those of the object in that tenant.
        Raises SignInNeeded where we hold no token of theirs."""
        if not person.is_known:
            return NO_ROLES
        if not person.may_stand_in(partner.roles_in):
            await self._remember(person, partner, NO_ROLES)
            return NO_ROLES
        roles = await self._directory.roles(partner, person.aad_id, actor(person, partner))
        await self._remember(person, partner, roles)
        return roles

    async def roles_now(self, person: Person, partner: Partner) -> Roles:
        """As `roles`, for somebody who waits. Raises NotChecked where they cannot be asked for in time."""
        return await _checked(self.roles(person, partner))

    async def remembered(self, person: Person, partner: str) -> Roles | None:
        """The roles as last found, here or by another replica, for drawing only. None where nobody ever looked."""
        key, at = (partner, person.aad_id), self._env.clock.monotonic()
        if (known := self._drawn.get(key, at)) is not None:
            return known[0]  # None too is remembered: most who look on never press anything
        async with self._env.store.read() as tx:
            roles = await tx.people.roles(person.aad_id, partner)
        self._drawn.put(key, (roles,), at)
        return roles

    async def _remember(self, person: Person, partner: Partner, roles: Roles) -> None:
        async with self._env.store.read() as tx:  # what is remembered here another replica may have overwritten
            before = await tx.people.roles(person.aad_id, partner.tenant_id)
        key, at = (partner.tenant_id, person.aad_id), self._env.clock.monotonic()
        self._drawn.put(key, (roles,), at)
        self._agents.put(key, roles.admin_agent, at)
        if before != roles:
            async with self._env.store.write() as tx:
                await tx.people.remember_roles(person.aad_id, partner.tenant_id, roles, self._env.clock.now())
        # Where nobody had looked before, nothing was taken away or given: the press itself tells them.
        if before is not None and bool(lacking(Act.MARK, before)) != bool(lacking(Act.MARK, roles)):
            self._role_changed(partner.tenant_id)

    async def require(
        self,
        act: Act,
        person: Person,
        partner: Partner,
        conversation: Conversation,
        subject: str,
        activity_id: str = "",
        about: Mapping[str, str] | None = None,
    ) -> Person:
        """The identified person, if they may do this now. A denial is audited before it is raised, with what it was
        `about`.

        Raises NotAllowed, SignInNeeded where we hold no token of theirs, or NotChecked where it could not be checked.
        Then nothing was done.
        """
        known = await self.known(person, conversation)
        roles = await self.roles_now(known, partner)
        missing = lacking(act, roles)
        if not missing:
            return known
        entry = AuditEntry(
            partner.tenant_id,
            act,
            "denied",
            person.aad_id,
            known.name,
            subject,
            {
                "lacks": sorted(missing),
                "tenant": known.tenant_id,
                "guest": known.guest,
                "conversation": conversation.id,
                "activity": activity_id,
                **(about or {}),
            },
        )
        async with self._env.store.write() as tx:
            await tx.audit.append(entry, self._env.clock.now())
        if not known.may_stand_in(partner.roles_in):
            told = texts.OTHER_TENANT if known.is_known else texts.TENANT_UNKNOWN
            raise NotAllowed(told, code="other_tenant")
        raise NotAllowed(texts.lacks_roles(act, sorted(missing)), code="lacks_role")

    async def require_here(
        self, act: Act, who: Person, conversation: Conversation, activity_id: str = ""
    ) -> tuple[Person, str]:
        """The identified person, and a partner routed to this conversation for whom they may do this now.

        Raises as `require`, where there is no such partner; and Unknown where none is routed here.
        """
        routed = await self.routed(conversation.id)
        if not routed:
            raise Unknown(texts.NOT_ROUTED, code="not_routed")
        known = await self.known(who, conversation)
        partners = [self._env.partners[tenant] for tenant in sorted(routed)]
        partners.sort(key=lambda partner: not known.may_stand_in(partner.roles_in))
        refused: NotAllowed | NotChecked | None = None
        for partner in partners:
            try:
                person = await self.require(act, known, partner, conversation, conversation.id, activity_id)
                return person, partner.tenant_id
            except (NotAllowed, NotChecked) as problem:
                refused = refused or problem
        assert refused is not None  # noqa: S101 there was at least one
        raise refused

    async def readable(self, person: Person, conversation: Conversation) -> frozenset[str]:
        """The partner tenants whose alerts this person may read in this conversation.

        In a channel or group chat: those routed to it. In a personal chat: those whose Admin Agent the person is, and
        those routed to a conversation on whose roster they stand.
        """
        if conversation.kind != ConversationKind.PERSONAL:
            return await self.routed(conversation.id)
        return await self.own(await self.known(person, conversation))

    async def own(self, known: Person) -> frozenset[str]:
        """What somebody may read where the answer shows to them alone: the partner tenants whose Admin Agent they are,
        and those routed to a conversation on whose roster they stand. Raises as `_those_where`."""
        return await _those_where(lambda partner: self._reads_in_person(known, partner), self._env.partners.values())

    async def agent_of(self, person: Person, conversation: Conversation) -> frozenset[str]:
        """The partners whose Admin Agent the person is, asked live. Raises as `_those_where`."""
        known = await self.known(person, conversation)

        async def is_agent(partner: Partner) -> bool:
            return (await self.roles(known, partner)).admin_agent

        return await _those_where(
            is_agent, [each for each in self._env.partners.values() if known.may_stand_in(each.roles_in)]
        )

    async def routed(self, conversation_id: str) -> frozenset[str]:
        """The partners whose alerts go to a conversation."""
        at = self._env.clock.monotonic()
        if (known := self._routed.get(conversation_id, at)) is not None:
            return known
        async with self._env.store.read() as tx:
            routes = await tx.conversations.routes(conversation_id)
        partners = frozenset(route.partner for route in routes if route.on and route.partner in self._env.partners)
        self._routed.put(conversation_id, partners, at)
        return partners

    def left(self, people: Collection[str], conversation_ids: Collection[str]) -> None:
        """These people (object ids, MRIs) are no longer there: what a roster said of them is not remembered here."""
        self._rosters.drop(
            lambda key, member: (
                key[0] in conversation_ids and not {key[1], member.aad_id, member.mri}.isdisjoint(people)
            )
        )

    def routes_changed(self) -> None:
        self._routed.clear()

    async def _reads_in_person(self, person: Person, partner: Partner) -> bool:
        """Raises what kept it from being told, where nothing says that they do."""
        key, at = (partner.tenant_id, person.aad_id), self._env.clock.monotonic()
        if self._agents.get(key, at):
            return True
        trouble: AlertDeskError | None = None
        try:
            if (await self.roles(person, partner)).admin_agent:
                return True
        except AlertDeskError as problem:
            trouble = problem  # a roster may still say that they read along in a channel
        try:
            if await self._is_on_a_roster(person, partner):
                return True
        except AlertDeskError as problem:
            trouble = trouble or problem
        if trouble is not None:
            raise trouble
        return False

    async def _is_on_a_roster(self, person: Person, partner: Partner) -> bool:
        async with self._env.store.read() as tx:
            routes = [route for route in await tx.conversations.routes(partner=partner.tenant_id) if route.on]
            places = [await tx.conversations.get(route.conversation_id) for route in routes]
        shared = [place for place in places if place is not None and place.kind != ConversationKind.PERSONAL]
        return await self._found(person, shared, person.aad_id) is not None


def _as_recorded(person: Person, member: Person | None) -> Person:
    """The person with what a roster says of them; as they came where it does not know them."""
    if member is None:
        return person
    return replace(
        person,
        tenant_id=member.tenant_id.lower(),
        upn=member.upn,
        name=member.name or person.name,
        guest=member.guest,
    )


async def _those_where(question: Callable[[Partner], Awaitable[bool]], partners: Iterable[Partner]) -> frozenset[str]:
    """The partners for which the answer is yes. One that gives none in time takes nothing from the others; where there
    is no yes, raises SignInNeeded if it can only be told with a token of the person's, else what kept it back."""

    async def ask(partner: Partner) -> AlertDeskError | str:
        try:
            return partner.tenant_id if await _checked(question(partner)) else ""
        except AlertDeskError as problem:
            return problem

    answers = await asyncio.gather(*map(ask, partners))
    yes = frozenset(answer for answer in answers if isinstance(answer, str) and answer)
    troubles = [answer for answer in answers if isinstance(answer, AlertDeskError)]
    if troubles and not yes:
        raise min(troubles, key=lambda trouble: not isinstance(trouble, SignInNeeded))
    return yes


async def _checked(question: Awaitable[T]) -> T:
    """The answer, or NotChecked that says: nothing was done, press again."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await question
    except TimeoutError:
        raise NotChecked(texts.COULD_NOT_CHECK, code="check_timeout") from None
    except UserError:
        raise  # it speaks for itself: they must sign in first
    except AlertDeskError as problem:
        raise NotChecked(texts.COULD_NOT_CHECK, code=problem.code or "check_failed") from problem


def actor(person: Person, partner: Partner) -> Person | None:
    """As whom the bot calls Microsoft for this partner: the person, or (None) itself."""
    return person.as_of(partner.roles_in) if partner.act_as == "user" else None
