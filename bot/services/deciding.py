"""Deciding on a request: approve, reject, withdraw. Each act is authorised here, live, when it happens.

What the approver had before them is named by the plan's digest and each new alert on their card: what was decided is
exactly what is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from bot.domain.alerts import AlertRecord
from bot.domain.audit import AuditEntry
from bot.domain.cancellations import MOST_ALERTS, Cancellation, Event, State, news, objections, other_status
from bot.domain.people import Partner, Person
from bot.domain.policy import Act
from bot.errors import AlertDeskError, Incomplete, NotAllowed, NotChecked, Permanent, UserError
from bot.ports import Environment, Subscriptions
from bot.services.access import Access, actor
from bot.services.carrying_out import CarryingOut
from bot.services.plan_check import PlanCheck
from bot.services.plan_progress import PlanProgress, Where, entry, noted
from bot.services.sending import LEASE_SECONDS, Sending
from bot.telemetry.log import get_logger
from bot.texts import cancelling as texts

CHECK_SECONDS = 4.0
"""The last check before a cancel may take longer: a wrong one destroys servers."""

log = get_logger("deciding")


class How(StrEnum):
    DECIDED = "decided"  # by this very act; the request's state says what became of it
    LATE = "late"  # decided, and still at it
    ALREADY = "already"  # somebody, or time, was faster
    UNSEEN = "unseen"  # there are alerts which this person has not seen; nothing was done
    STALE = "stale"  # their card showed something else; nothing was done


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one that is UNSEEN: the new alerts, and those of them which this person has not seen."""

    how: How
    cancellation: Cancellation
    new: tuple[AlertRecord, ...] = ()
    unseen: tuple[AlertRecord, ...] = ()


class Deciding:
    """`two_person`: who asks may not approve. `spawn` starts a task that the program waits for when it stops."""

    def __init__(
        self,
        env: Environment,
        access: Access,
        subscriptions: Subscriptions,
        check: PlanCheck,
        progress: PlanProgress,
        carrying_out: CarryingOut,
        sending: Sending,
        *,
        two_person: bool,
        spawn: Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]],
    ) -> None:
        self._env, self._access, self._subscriptions = env, access, subscriptions
        self._check, self._progress = check, progress
        self._carrying_out, self._sending = carrying_out, sending
        self._two_person, self._spawn = two_person, spawn

    async def get(self, number: int, partners: frozenset[str]) -> Cancellation | None:
        """None: there is no such request here."""
        async with self._env.store.read() as tx:
            c = await tx.cancellations.get(number)
        return c if c is not None and c.plan.partner in partners else None

    async def latest(self, partners: frozenset[str], limit: int) -> tuple[Cancellation, ...]:
        async with self._env.store.read() as tx:
            return await tx.cancellations.latest(partners, limit)

    async def withdraw(self, c: Cancellation, person: Person, where: Where, reason: str) -> Answer:
        """Only who asked may. Raises NotAllowed."""
        known = await self._access.known(person, where.conversation)
        if person.aad_id != c.plan.by_id:
            await self._deny(c, "withdraw", known, where, "not the requester")
            raise NotAllowed(texts.not_yours(c), code="not_yours")
        return await self._end(c, Event.WITHDRAW, "withdrawn", known, where, reason)

    async def reject(self, c: Cancellation, person: Person, where: Where, reason: str) -> Answer:
        """Raises NotAllowed, SignInNeeded or NotChecked; Incomplete where there is no reason."""
        if texts.is_blank(reason):
            raise Incomplete(texts.no_reject_reason(c), code="no_reason")
        await self._not_their_own(c, "reject", person, where)
        known = await self._decider(c, "reject", person, where)
        return await self._end(c, Event.REJECT, "rejected", known, where, reason)

    async def approve(
        self,
        c: Cancellation,
        person: Person,
        where: Where,
        *,
        digest: str,
        patience: float,
        new: Collection[int] = (),
        seen: int = 0,
    ) -> Answer:
        """Verify everything once more, write the approval down, and send it.

        `digest` and `new` (or of an earlier card `seen`), as of RequestAct, say what the approver had before them.
        Raises NotAllowed, SignInNeeded (before, or in the place of, the cancel: nothing was done), NotChecked.
        """
        began = self._env.clock.monotonic()
        partner = self._env.partners[c.plan.partner]
        await self._not_their_own(c, "approve", person, where)
        await self._ready(partner, actor(await self._access.known(person, where.conversation), partner))
        known = await self._decider(c, "approve", person, where)
        if c.state != State.ASKED:
            return Answer(How.ALREADY, c)
        if self._env.clock.now() >= c.plan.expires_at:
            expired = await self._carrying_out.expire(c)
            return Answer(How.ALREADY, expired or await self._progress.now(c))
        if digest and digest != c.plan.digest:
            return Answer(How.STALE, c)
        if partner.act_as == "app" and not partner.app_may_cancel:
            raise UserError(texts.in_portal(c.plan.kind, c.label, ""), code="cancel_in_portal")
        now_new = await self._news(c)
        if unseen := tuple(record for record in now_new if record.number not in new and record.number > seen):
            return Answer(How.UNSEEN, c, now_new, unseen)
        as_whom = actor(known, partner)
        again = partial(self.approve, person=person, where=where, digest=digest, patience=patience, new=new, seen=seen)
        if (void := await self._verified(c, partner, as_whom, known, where)) is not None:
            return Answer(How.DECIDED, void) if void.state == State.VOID else await self._overtaken(c, again)
        now = self._env.clock.now()
        approved = replace(
            c.after(Event.APPROVE),
            approver_id=known.aad_id,
            approver_name=known.name,
            approved_at=now,
            outcome="",
            attempts=0,
            due_at=now + timedelta(seconds=LEASE_SECONDS),
        )
        stands = await self._progress.move(
            c,
            approved,
            "approve",
            "done",
            by=(known.aad_id, known.name),
            detail={"new": [record.number for record in now_new], **where.noted},
        )
        if stands is None:
            return await self._overtaken(c, again)
        return await self._send(stands, patience - (self._env.clock.monotonic() - began))

    async def _send(self, c: Cancellation, patience: float) -> Answer:
        gone = asyncio.Event()
        task = self._spawn(self._sending.send(c, verified=True, waits=lambda: not gone.is_set()))
        done, _ = await asyncio.wait({task}, timeout=max(patience, 0.05))
        if not done:
            gone.set()
            return Answer(How.LATE, c)
        try:
            sent = task.result()
        except AlertDeskError as problem:  # it may have been sent: whoever takes it up next finds out
            log.warning("sending_unfinished", request=c.label, code=problem.code, problem=problem.message)
            return Answer(How.LATE, await self._progress.now(c))
        if sent.sign_in is not None:
            await self._sending.answered(c)
            raise sent.sign_in
        late = sent.cancellation.state == State.APPROVED
        return Answer(How.LATE if late else How.DECIDED, sent.cancellation)

    async def _not_their_own(self, c: Cancellation, act: str, person: Person, where: Where) -> None:
        """Raises NotAllowed, on record, where a second person has to decide."""
        if self._two_person and person.aad_id == c.plan.by_id:
            known = await self._access.known(person, where.conversation)
            await self._deny(c, act, known, where, "the requester")
            raise NotAllowed(texts.own_request(c), code="own_request")

    async def _ready(self, partner: Partner, account: Person | None) -> None:
        """Partner Center's sign-in is asked for first, so that one serves all that follows. Of those who have no
        account there nothing is asked: they are refused for that."""
        if account is None or not account.may_stand_in(partner.roles_in):
            return
        if (need := self._sending.need_of(account.aad_id, partner)) is not None:
            raise need  # it came when they did not wait for it any more
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._subscriptions.ready(partner, account)
        except TimeoutError:
            raise NotChecked(texts.NOT_VERIFIED, code="check_timeout") from None
        except UserError:
            raise
        except AlertDeskError as problem:
            raise NotChecked(texts.NOT_VERIFIED, code=problem.code or "check_failed") from problem

    async def _decider(self, c: Cancellation, act: str, person: Person, where: Where) -> Person:
        """Whoever may decide, identified. Denials are on record."""
        partner = self._env.partners[c.plan.partner]
        about = {"request": c.label, "plan": c.plan.digest, "wanted": act}
        return await self._access.require(
            Act.DECIDE_CANCEL, person, partner, where.conversation, c.label, where.activity_id, about
        )

    async def _news(self, c: Cancellation) -> tuple[AlertRecord, ...]:
        async with self._env.store.read() as tx:
            records = await tx.alerts.of_subscription(c.plan.partner, c.plan.entitlement_id, MOST_ALERTS)
        return news(c.plan, records)

    async def _verified(
        self, c: Cancellation, partner: Partner, as_whom: Person | None, person: Person, where: Where
    ) -> Cancellation | None:
        """None where everything stands as it was asked; else the request, void."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                seen = await self._check.seen(partner, c.plan, as_whom)
        except TimeoutError:
            raise NotChecked(texts.NOT_VERIFIED, code="check_timeout") from None
        except (UserError, NotChecked):
            raise
        except Permanent as problem:
            raise UserError(
                texts.cannot_verify(texts.problem(problem.code, problem.message, app=as_whom is None)),
                code=problem.code or "not_verified",
            ) from problem
        except AlertDeskError as problem:
            raise NotChecked(texts.NOT_VERIFIED, code=problem.code or "check_failed") from problem
        found = objections(c.plan, seen)
        detail = {**noted(seen), **where.noted}
        by = (person.aad_id, person.name)
        if not found:
            await self._progress.note(entry(c.plan, "verify", "unchanged", by, detail))
            return None
        changed = texts.what_changed(found)
        status, now = other_status(found), self._env.clock.now()
        void = replace(c.after(Event.CHANGE), ended_at=now, due_at=None, outcome=changed, seen_status=status)
        stands = await self._progress.move(c, void, "verify", "void", by=by, detail={"changed": changed, **detail})
        return stands or await self._progress.now(c)

    async def _end(
        self, c: Cancellation, event: Event, outcome: str, person: Person, where: Where, reason: str
    ) -> Answer:
        if c.state != State.ASKED:
            return Answer(How.ALREADY, c)
        now = self._env.clock.now()
        if now >= c.plan.expires_at:
            expired = await self._carrying_out.expire(c)
            return Answer(How.ALREADY, expired or await self._progress.now(c))
        ended = replace(c.after(event), ended_at=now, due_at=None, outcome=reason.strip(), code="")
        if event is Event.REJECT:
            ended = replace(ended, approver_id=person.aad_id, approver_name=person.name)
        stands = await self._progress.move(
            c, ended, str(event), outcome, by=(person.aad_id, person.name), detail={"reason": reason, **where.noted}
        )
        if stands is None:
            return await self._overtaken(c, lambda now_: self._end(now_, event, outcome, person, where, reason))
        return Answer(How.DECIDED, stands)

    async def _overtaken(self, c: Cancellation, again: Callable[[Cancellation], Coroutine[Any, Any, Answer]]) -> Answer:
        """Somebody else wrote meanwhile. Where that was no decision (approvers were called, say), try anew."""
        now = await self._progress.now(c)
        if now.state == State.ASKED and now.version > c.version:
            return await again(now)
        return Answer(How.ALREADY, now)

    async def _deny(self, c: Cancellation, act: str, person: Person, where: Where, why: str) -> None:
        detail = {"request": c.label, "plan": c.plan.digest, "why": why, **where.noted}
        await self._progress.note(
            AuditEntry(c.plan.partner, act, "denied", person.aad_id, person.name, c.label, detail)
        )
